//! `soliplex upload` over TLS, with an authority that the test makes up.

use std::path::PathBuf;
use std::sync::Arc;

use assert_cmd::assert::Assert;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::fault_server::FaultServer;
use crate::support::{Home, Ran};
use crate::upload::{home_with, pending};

/// An authority, and a server with a certificate that it signed.
struct Scene {
    authority: String,
    server: FaultServer,
}

impl Scene {
    /// A server whose certificate is made out to `host`, changed as the test
    /// likes.
    fn new(host: &str, change: impl Fn(&mut CertificateParams)) -> Scene {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate().unwrap();
        let root = authority.self_signed(&authority_key).unwrap();
        let issuer = Issuer::new(authority, authority_key);
        let mut leaf = CertificateParams::new([host.to_owned()]).unwrap();
        change(&mut leaf);
        let leaf_key = KeyPair::generate().unwrap();
        let certificate = leaf.signed_by(&leaf_key, &issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(leaf_key.serialize_der().into());
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        Scene {
            authority: root.pem(),
            server: FaultServer::start_tls(config),
        }
    }

    /// Uploads with only this authority trusted.
    fn upload(&self, home: &Home, trusted: &str) -> Assert {
        self.run(home, trusted, &["upload", "--attempts", "1"])
    }

    /// Runs a command against the server with only this authority trusted.
    fn run(&self, home: &Home, trusted: &str, args: &[&str]) -> Assert {
        let file: PathBuf = home.file("authority.pem", trusted);
        let mut command = home.soliplex();
        command
            .args(args)
            .arg("--endpoint")
            .arg(self.server.url())
            .env("SSL_CERT_FILE", file);
        assert_cmd::Command::from_std(command).assert()
    }
}

#[test]
fn a_certificate_of_a_trusted_authority_is_good() {
    let home = home_with(3);
    let scene = Scene::new("127.0.0.1", |_| {});
    scene.upload(&home, &scene.authority).succeeds();
    assert_eq!(scene.server.messages().len(), 3);
}

#[test]
fn a_certificate_that_cannot_be_trusted_is_exit_7_in_one_line_and_nothing_is_sent() {
    let good = Scene::new("127.0.0.1", |_| {});
    let other = Scene::new("127.0.0.1", |_| {});
    let expired = Scene::new("127.0.0.1", |leaf| {
        leaf.not_before = rcgen::date_time_ymd(2019, 1, 1);
        leaf.not_after = rcgen::date_time_ymd(2020, 1, 1);
    });
    let elsewhere = Scene::new("elsewhere.example", |_| {});
    for (scene, trusted, says) in [
        (&good, &other.authority, "BadSignature"),
        (&expired, &expired.authority, "expired"),
        (&elsewhere, &elsewhere.authority, "not valid for name"),
    ] {
        let home = home_with(3);
        scene
            .upload(&home, trusted)
            .exits(7)
            .says_in_one_line(&["certificate", says]);
        assert!(scene.server.requests().is_empty());
        assert_eq!(pending(&home), 3);
        let found = scene
            .run(&home, trusted, &["doctor"])
            .exits(1)
            .stdout_text();
        assert!(found.contains("problem"), "{found}");
        assert!(found.contains("certificate"), "{found}");
    }
}
