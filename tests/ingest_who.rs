//! Whom `ingest serve` lets in, how much of it, and what it says of that.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::fault_server::{Fault, FaultServer};
use crate::ingest::{answer, batch, block_on, get, in_an_hour, jwt, post, serve};
use crate::support::{Home, Ran, SECRET, Server, json_lines, record_line, wait_until};

/// A key that signs tokens, and how a key set tells its public half.
struct Issuer {
    private: EncodingKey,
    public: Value,
}

impl Issuer {
    fn new(kid: &str) -> Issuer {
        let key = Ed25519KeyPair::generate().expect("a key");
        let x = URL_SAFE_NO_PAD.encode(key.public_key().as_ref());
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&key).expect("der");
        Issuer {
            private: EncodingKey::from_ed_der(der.as_ref()),
            public: json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": x}),
        }
    }

    fn token(&self, kid: &str) -> String {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(kid.to_owned());
        let claims = json!({"sub": "u-1", "exp": in_an_hour()});
        encode(&header, &claims, &self.private).expect("a token")
    }
}

#[test]
fn a_key_set_is_fetched_once_however_many_unknown_keys_are_named() {
    let first = Issuer::new("first");
    let set = Arc::new(Mutex::new(json!({"keys": [first.public]}).to_string()));
    let fetched = Arc::new(AtomicUsize::new(0));
    let (served, counted) = (Arc::clone(&set), Arc::clone(&fetched));
    let keys = FaultServer::start(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        Fault::Answer(200, served.lock().unwrap().clone())
    });
    let home = Home::new();
    let url = format!("{}/jwks.json", keys.url());
    let server = Server::start(&home, &["--jwks-url", &url]);
    let body = batch(&[&record_line(1)]);
    assert_eq!(post(&server, Some(&first.token("first")), &*body).0, 200);
    assert_eq!(fetched.load(Ordering::SeqCst), 1);

    for kid in ["second", "../../etc/passwd", "' OR 1=1 --", "third"] {
        let (status, reply) = post(&server, Some(&first.token(kid)), &*body);
        assert_eq!((status, &reply["error"]), (401, &json!("invalid")), "{kid}");
    }
    // An outage of the issuer locks nobody out.
    *set.lock().unwrap() = "this is no key set".to_owned();
    assert_eq!(post(&server, Some(&first.token("first")), &*body).0, 200);
    // At most once a minute, and the first time was just now.
    assert_eq!(fetched.load(Ordering::SeqCst), 1);
}

#[test]
fn keys_that_cannot_be_fetched_are_told_at_the_start_and_make_the_server_unready() {
    let home = Home::new();
    let down = FaultServer::start(|_| Fault::status(500));
    let url = format!("{}/jwks.json", down.url());
    let server = Server::start(&home, &["--jwks-url", &url]);
    let said = server.running.says("cannot use the keys of ");
    assert!(said.contains(&url) && said.contains("500"), "{said}");
    let (status, reply) = get(&server, "/readyz", None);
    let reply = reply.to_string();
    assert_eq!(status, 503, "{reply}");
    assert!(
        reply.contains(&url) && reply.contains("cannot be fetched"),
        "{reply}"
    );
    assert_eq!(get(&server, "/healthz", None).0, 200);
    assert!(down.was_asked_for("/jwks.json"));
    // Other keys do without them.
    let secret = home.file("secret", SECRET);
    let secret = secret.to_str().unwrap();
    let server = Server::start(&home, &["--jwks-url", &url, "--jwt-secret-file", secret]);
    server.running.says("cannot use the keys of ");
    assert_eq!(get(&server, "/readyz", None).0, 200);
}

#[test]
fn a_key_that_a_token_brings_along_is_not_looked_at() {
    let home = Home::new();
    let trusted = home.file("jwks.json", {
        let issuer = Issuer::new("first");
        json!({"keys": [issuer.public]}).to_string()
    });
    let fetched = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&fetched);
    let elsewhere = FaultServer::start(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        Fault::status(404)
    });
    let server = Server::start(&home, &["--jwks-file", trusted.to_str().unwrap()]);
    let attacker = Issuer::new("first");
    let jku = format!("{}/jwks.json", elsewhere.url());
    for (name, value) in [
        ("jwk", attacker.public.clone()),
        ("jku", json!(jku)),
        ("x5u", json!(jku)),
    ] {
        let mut header = json!({"alg": "EdDSA", "typ": "JWT", "kid": "first"});
        header[name] = value;
        let claims = json!({"sub": "u-1", "exp": in_an_hour()});
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature =
            jsonwebtoken::crypto::sign(signed.as_bytes(), &attacker.private, Algorithm::EdDSA)
                .expect("a signature");
        let token = format!("{signed}.{signature}");
        let (status, reply) = post(&server, Some(&token), batch(&[&record_line(1)]));
        assert_eq!(
            (status, &reply["error"]),
            (401, &json!("invalid")),
            "{name}"
        );
    }
    assert_eq!(fetched.load(Ordering::SeqCst), 0);
}

#[test]
fn too_much_is_429_whatever_address_the_client_claims() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth", "--rate-address", "10/h"]);
    let send = |claimed: &str| {
        let request = reqwest::Client::new()
            .post(server.endpoint())
            .header("X-Forwarded-For", claimed)
            .header("Forwarded", format!("for={claimed}"))
            .body(batch(&[&record_line(1)]));
        block_on(async {
            let reply = request.send().await.expect("an answer");
            let wait = reply.headers().get("retry-after").cloned();
            (reply.status().as_u16(), wait)
        })
    };
    assert_eq!(send("192.0.2.1").0, 200);
    for claimed in ["192.0.2.1", "192.0.2.2", "2001:db8::1"] {
        let (status, wait) = send(claimed);
        assert_eq!(status, 429, "{claimed}");
        let wait: u64 = wait
            .expect("Retry-After")
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!((1..=360).contains(&wait), "{wait}");
    }
}

#[test]
fn a_users_rate_holds_across_fresh_tokens_and_spares_others() {
    let home = Home::new();
    let secret = home.file("secret", SECRET);
    let flags = [
        "--jwt-secret-file",
        secret.to_str().unwrap(),
        "--rate-user",
        "10/h",
    ];
    let server = Server::start(&home, &flags);
    let send = |user: &str, n: i64| {
        let token = jwt(&json!({"sub": user, "exp": in_an_hour() + n}));
        post(&server, Some(&token), batch(&[&record_line(1)])).0
    };
    assert_eq!(send("u-1", 0), 200);
    assert_eq!((send("u-1", 1), send("u-1", 2)), (429, 429));
    assert_eq!(send("u-2", 0), 200);
}

#[test]
fn a_list_of_operators_that_lets_nobody_or_anybody_in_is_refused() {
    let home = Home::new();
    let secret = home.file("secret", SECRET);
    for (tokens, fault) in [
        ("# none\n", "holds no token"),
        ("short\n", "line 1 has fewer than 16"),
    ] {
        home.file("operators", tokens);
        home.run(&[
            "ingest",
            "serve",
            "--jwt-secret-file",
            secret.to_str().unwrap(),
            "--operator-token-file",
            "operators",
        ])
        .exits(2)
        .says_in_one_line(&["operators", fault, "head -c 32 /dev/urandom"]);
    }
}

#[test]
fn the_access_log_and_the_servers_own_log_hold_no_secret() {
    let home = Home::new();
    let secret = home.file("secret", SECRET);
    let operators = home.file("operators", "operator-token-of-the-test\n");
    let log = home.path("access.jsonl");
    let flags = [
        "--jwt-secret-file",
        secret.to_str().unwrap(),
        "--operator-token-file",
        operators.to_str().unwrap(),
        "--access-log",
        log.to_str().unwrap(),
    ];
    let mut server = serve(&home, &flags, &[("SOLIPLEX_LOG", "trace")]);
    let token = jwt(&json!({"sub": "u-1", "exp": in_an_hour()}));
    let foreign = "eyJhbGciOiJub25lIn0.e30.made-up";
    let body = batch(&[&record_line(1)]);
    assert_eq!(post(&server, Some(&token), &*body).0, 200);
    assert_eq!(post(&server, Some(foreign), &*body).0, 401);
    let operator = Some("operator-token-of-the-test");
    let path = format!("/api/v1/logs?grep={token}");
    assert_eq!(get(&server, &path, operator).0, 200);
    let path = format!("/{token}");
    assert_eq!(get(&server, &path, operator).0, 404);
    let (_, metrics) = block_on(async {
        let reply = reqwest::get(format!("{}/metrics", server.url))
            .await
            .unwrap();
        (reply.status(), reply.text().await.unwrap())
    });
    let made_up = reqwest::Method::from_bytes(b"MADE-UP-METHOD").unwrap();
    let request = reqwest::Client::new().request(made_up, server.endpoint());
    assert_eq!(answer(request).0, 405);

    let lines = wait_until("all are logged", || {
        let lines = json_lines(&fs::read_to_string(&log).unwrap_or_default());
        (lines.len() >= 6).then_some(lines)
    });
    assert_eq!(lines[5]["method"], "other");
    assert_eq!(
        (&lines[0]["method"], &lines[0]["route"], &lines[0]["status"]),
        (&json!("POST"), &json!("/api/v1/logs"), &json!(200))
    );
    assert_eq!(lines[0]["client"], "127.0.0.1");
    assert_eq!(lines[3]["route"], "other");

    server.running.signal("TERM");
    server.running.ends();
    let mut told = fs::read_to_string(&log).unwrap() + &metrics;
    told.extend(server.running.said());
    for secret in [SECRET, "operator-token-of-the-test", &token, foreign] {
        assert!(!told.contains(secret), "{secret} shows");
    }
}

#[test]
fn the_interface_tells_every_route_that_is_served() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    let (status, document) = get(&server, "/openapi.json", None);
    assert_eq!(status, 200);
    let paths = document["paths"].as_object().expect("paths");
    for (path, operations) in paths {
        for method in operations.as_object().expect("operations").keys() {
            let url = format!("{}{}", server.url, path.replace("{id}", "none"));
            let method = method.to_uppercase().parse().expect("a method");
            let request = reqwest::Client::new().request(method, url);
            if path.ends_with("/stream") {
                continue;
            }
            let (status, reply) = answer(request);
            let is_route = reply["error"] != "no such route" && status != 405;
            assert!(is_route, "{path} is told and not served: {status} {reply}");
        }
    }
    for path in [
        "/api/v1/logs",
        "/api/v1/logs/stream",
        "/api/v1/sessions",
        "/api/v1/sessions/{id}",
        "/api/v1/fingerprints",
        "/api/v1/status",
        "/api/v1/config/logging",
        "/api/v1/screenshots",
        "/api/v1/screenshots/{id}",
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/",
        "/assets/{name}",
    ] {
        assert!(paths.contains_key(path), "{path} is not told");
    }
}
