//! Who may use a fleet's NATS, and whom a server trusts.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use super::{record, serve, serve_command};
use crate::ingest::{batch, messages, post};
use crate::support::nats::{Nats, has_nats};
use crate::support::{Home, Ran};

#[test]
fn credentials_come_from_a_file_and_are_shown_nowhere() {
    if !has_nats("credentials_come_from_a_file_and_are_shown_nowhere") {
        return;
    }
    let password = ["made", "up", "password"].join("-");
    let settings = format!("authorization {{ user: ops, password: \"{password}\" }}");
    let nats = Nats::start_with(1, &settings);
    let home = Home::new();
    let good = home.file("good", format!("ops:{password}\n"));
    let bad = home.file("bad", "ops:something-else");
    let empty = home.file("empty", "");
    let good = good.to_str().expect("a path");

    let server = serve(&home, &nats.url(), &["--nats-credentials", good]);
    assert_eq!(post(&server, None, batch(&[&record("s", 1)])).0, 200);
    assert_eq!(messages(&server), ["s 1"]);

    let refused = |file: Option<&std::path::Path>| {
        let mut command = serve_command(&home, &nats.url(), &[]);
        command.args(file.map(|_| "--nats-credentials")).args(file);
        assert_cmd::Command::from_std(command).assert()
    };
    refused(Some(&bad))
        .exits(6)
        .says_in_one_line(&["refused the credentials"]);
    refused(None)
        .exits(6)
        .says_in_one_line(&["--nats-credentials"]);
    refused(Some(&empty))
        .exits(2)
        .says_in_one_line(&["empty", "USER:PASSWORD"]);
    refused(Some(&home.path("none")))
        .exits(2)
        .says_in_one_line(&["none"]);
    let with_password = format!("nats://ops:{password}@127.0.0.1:4222");
    let ran = home.run(&["ingest", "serve", "--no-auth", "--store", &with_password]);
    let told = ran.exits(2).stderr_text();
    assert!(told.contains("--nats-credentials"), "{told}");

    // Readers take the same file from the environment.
    let tail = |file: &str| {
        let mut command = home.soliplex();
        command
            .args(["tail", &nats.url(), "--no-follow", "--output", "json"])
            .env("SOLIPLEX_NATS_CREDENTIALS", file);
        assert_cmd::Command::from_std(command).assert()
    };
    let lines = tail(good).succeeds().json_lines();
    assert_eq!(lines[0]["message"], "s 1");
    let told = tail(bad.to_str().expect("a path")).exits(6).stderr_text();
    assert!(!told.contains("something-else"), "{told}");
}

#[test]
fn nats_is_spoken_to_over_tls_with_the_authority_that_is_named() {
    if !has_nats("nats_is_spoken_to_over_tls_with_the_authority_that_is_named") {
        return;
    }
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().expect("a key");
    let root = authority.self_signed(&authority_key).expect("a root");
    let issuer = Issuer::new(authority, authority_key);
    let leaf = CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
    let leaf_key = KeyPair::generate().expect("a key");
    let certificate = leaf.signed_by(&leaf_key, &issuer).expect("a certificate");

    let home = Home::new();
    let ca = home.file("ca.pem", root.pem());
    let cert = home.file("cert.pem", certificate.pem());
    let key = home.file("key.pem", leaf_key.serialize_pem());
    let settings = format!(
        "tls {{ cert_file: \"{}\", key_file: \"{}\" }}",
        cert.display(),
        key.display()
    );
    let nats = Nats::start_with(1, &settings);
    let ca = ca.to_str().expect("a path");
    let server = serve(&home, &nats.url(), &["--nats-ca", ca]);
    assert_eq!(post(&server, None, batch(&[&record("s", 1)])).0, 200);
    // Without the authority nobody is trusted, and nothing is taken in.
    let wary = super::serve_at_once(&home, &nats.url(), &[]);
    assert_eq!(post(&wary, None, batch(&[&record("s", 2)])).0, 503);
    assert_eq!(messages(&server), ["s 1"]);
}
