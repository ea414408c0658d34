//! Tokens as an attacker would make them.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
};
use axum::http::HeaderValue;
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::json;

use super::*;

const SECRET: &str = "an obviously made-up secret of enough length";

/// A key pair in PEM, made when the tests run.
struct Pair {
    private: String,
    public: String,
}

static RSA: LazyLock<Pair> = LazyLock::new(rsa_pair);
static OTHER_RSA: LazyLock<Pair> = LazyLock::new(rsa_pair);

fn rsa_pair() -> Pair {
    let key = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
    pair(
        AsDer::<Pkcs8V1Der<'_>>::as_der(&key).unwrap().as_ref(),
        AsDer::<PublicKeyX509Der<'_>>::as_der(key.public_key())
            .unwrap()
            .as_ref(),
    )
}

static EC: LazyLock<(Pair, Vec<u8>)> = LazyLock::new(|| {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let point = key.public_key().as_ref().to_vec();
    let private = key.to_pkcs8v1().unwrap();
    let public = AsDer::<PublicKeyX509Der<'_>>::as_der(key.public_key()).unwrap();
    (pair(private.as_ref(), public.as_ref()), point)
});

static ED: LazyLock<Pair> = LazyLock::new(|| {
    let key = Ed25519KeyPair::generate().unwrap();
    let public = AsDer::<PublicKeyX509Der<'_>>::as_der(key.public_key()).unwrap();
    pair(key.to_pkcs8v1().unwrap().as_ref(), public.as_ref())
});

fn pair(private: &[u8], public: &[u8]) -> Pair {
    let pem = |kind: &str, der: &[u8]| {
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        let lines: Vec<&str> = (0..text.len())
            .step_by(64)
            .map(|start| &text[start..text.len().min(start + 64)])
            .collect();
        format!(
            "-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n",
            lines.join("\n")
        )
    };
    Pair {
        private: pem("PRIVATE KEY", private),
        public: pem("PUBLIC KEY", public),
    }
}

fn now() -> i64 {
    chrono::Utc::now().timestamp()
}

fn claims() -> Value {
    json!({ "sub": "u1", "exp": now() + 600, "iss": "https://issuer.example", "aud": "soliplex" })
}

/// The claims with one changed, or taken away with null.
fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    claims
}

fn tokens(keys: Vec<Key>) -> Tokens {
    Tokens {
        keys,
        issuer: Some("https://issuer.example".to_owned()),
        audience: Some("soliplex".to_owned()),
        leeway: Duration::from_secs(30),
        ..Tokens::default()
    }
}

fn hs() -> Tokens {
    tokens(vec![Key::hs256(&Secret::new(SECRET)).unwrap()])
}

fn rsa() -> Tokens {
    tokens(vec![Key::from_pem(&RSA.public).unwrap()])
}

fn sign(algorithm: Algorithm, key: &EncodingKey, claims: &Value) -> String {
    encode(&Header::new(algorithm), claims, key).unwrap()
}

fn sign_hs(claims: &Value) -> String {
    sign(
        Algorithm::HS256,
        &EncodingKey::from_secret(SECRET.as_bytes()),
        claims,
    )
}

/// A token of any header, signed with HMAC over it.
fn forge(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let part = |json: &Value| BASE64.encode(json.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let key = EncodingKey::from_secret(secret);
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{signed}.{signature}")
}

async fn device(tokens: Tokens, token: &str) -> Result<Device, (u16, String)> {
    let mut headers = HeaderMap::new();
    let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
    headers.insert(header::AUTHORIZATION, value);
    answer(Auth::Tokens(Box::new(tokens)).device(&headers).await).await
}

async fn answer<T>(result: Result<T, Problem>) -> Result<T, (u16, String)> {
    match result {
        Ok(value) => Ok(value),
        Err(problem) => {
            let response = problem.into_response();
            let status = response.status().as_u16();
            let body = axum::body::to_bytes(response.into_body(), 10_000)
                .await
                .unwrap();
            Err((status, String::from_utf8(body.to_vec()).unwrap()))
        }
    }
}

#[track_caller]
fn assert_invalid<T: std::fmt::Debug>(result: Result<T, (u16, String)>, case: &str) {
    let invalid = (401, r#"{"error":"invalid"}"#.to_owned());
    assert_eq!(result.map(|_| ()).unwrap_err(), invalid, "{case}");
}

#[tokio::test]
async fn a_good_token_of_each_kind_speaks_for_its_subject() {
    let expected = Device {
        subject: Some("u1".to_owned()),
    };
    let token = sign_hs(&claims());
    assert_eq!(device(hs(), &token).await, Ok(expected.clone()));

    let rsa_key = EncodingKey::from_rsa_pem(RSA.private.as_bytes()).unwrap();
    for algorithm in [Algorithm::RS256, Algorithm::RS512, Algorithm::PS384] {
        let token = sign(algorithm, &rsa_key, &claims());
        assert_eq!(device(rsa(), &token).await, Ok(expected.clone()));
    }
    let ec_key = EncodingKey::from_ec_pem(EC.0.private.as_bytes()).unwrap();
    let token = sign(Algorithm::ES256, &ec_key, &claims());
    let ec = tokens(vec![Key::from_pem(&EC.0.public).unwrap()]);
    assert_eq!(device(ec, &token).await, Ok(expected.clone()));

    let ed_key = EncodingKey::from_ed_pem(ED.private.as_bytes()).unwrap();
    let token = sign(Algorithm::EdDSA, &ed_key, &claims());
    let ed = tokens(vec![Key::from_pem(&ED.public).unwrap()]);
    assert_eq!(device(ed, &token).await, Ok(expected));
}

#[tokio::test]
async fn no_algorithm_is_no_signature() {
    for name in ["none", "None", "NONE", "nOnE", ""] {
        for tokens in [hs(), rsa()] {
            let token = forge(&json!({ "alg": name, "typ": "JWT" }), &claims(), b"");
            assert_invalid(device(tokens, &token).await, name);
        }
        let unsigned = token_without_signature(name);
        assert_invalid(device(hs(), &unsigned).await, name);
    }
}

fn token_without_signature(algorithm: &str) -> String {
    let token = forge(&json!({ "alg": algorithm }), &claims(), b"");
    let end = token.rfind('.').unwrap();
    token[..=end].to_owned()
}

#[tokio::test]
async fn a_public_key_is_never_a_secret() {
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    for secret in [RSA.public.as_str(), RSA.public.trim_end()] {
        let token = forge(&header, &claims(), secret.as_bytes());
        assert_invalid(device(rsa(), &token).await, "RS to HS");
    }
}

#[tokio::test]
async fn a_foreign_key_is_refused_whatever_the_header_says() {
    let foreign = EncodingKey::from_rsa_pem(OTHER_RSA.private.as_bytes()).unwrap();
    let mut header = Header::new(Algorithm::RS256);
    for kid in ["known", "../../etc/passwd", "' OR 1=1 --", "/dev/null"] {
        header.kid = Some(kid.to_owned());
        let token = encode(&header, &claims(), &foreign).unwrap();
        assert_invalid(device(rsa(), &token).await, kid);
    }
    header.jku = Some("http://127.0.0.1:1/keys".to_owned());
    header.x5u = Some("http://127.0.0.1:1/cert".to_owned());
    let token = encode(&header, &claims(), &foreign).unwrap();
    assert_invalid(device(rsa(), &token).await, "jku");
}

#[tokio::test]
async fn claims_must_hold() {
    let far = now() + 10_000;
    let cases = [
        ("aud", json!("another")),
        ("aud", json!(["another", "third"])),
        ("aud", Value::Null),
        ("iss", json!("https://evil.example")),
        ("iss", Value::Null),
        ("nbf", json!(far)),
        ("nbf", json!("soon")),
        ("exp", Value::Null),
        ("exp", json!(far.to_string())),
        ("exp", json!(true)),
        ("exp", json!([far])),
        ("exp", json!(-1)),
        ("exp", serde_json::from_str("1e999").unwrap()),
        ("nbf", json!(far as f64 + 0.5)),
        ("sub", json!(7)),
        ("sub", json!({ "id": "u1" })),
    ];
    for (name, value) in cases {
        let token = sign_hs(&claims_with(name, value.clone()));
        assert_invalid(device(hs(), &token).await, &format!("{name}: {value}"));
    }
    let listed = sign_hs(&claims_with("aud", json!(["other", "soliplex"])));
    assert!(device(hs(), &listed).await.is_ok());
    for (name, value) in [
        ("exp", json!(far as f64 + 0.5)),
        ("nbf", json!(now() as f64 - 0.25)),
        ("nbf", json!(now() + 20)),
        ("sub", Value::Null),
    ] {
        let mut claims = claims();
        claims[name] = value;
        let token = sign_hs(&claims);
        assert!(device(hs(), &token).await.is_ok(), "{claims}");
    }
}

#[tokio::test]
async fn an_expired_token_is_called_so_and_the_leeway_counts() {
    let expired = sign_hs(&claims_with("exp", json!(now() - 31)));
    let body = r#"{"error":"expired"}"#.to_owned();
    assert_eq!(device(hs(), &expired).await, Err((401, body)));
    let within = sign_hs(&claims_with("exp", json!(now() - 20)));
    assert!(device(hs(), &within).await.is_ok());
    // That a token is expired is told only to whoever could sign one.
    let secret = EncodingKey::from_secret(b"another secret of some length, made up");
    let forged = sign(Algorithm::HS256, &secret, &claims_with("exp", json!(1)));
    assert_invalid(device(hs(), &forged).await, "forged and expired");
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    for token in [
        "",
        ".",
        "..",
        "a.b.c",
        "e30.e30.",
        "\u{7f}",
        &"x".repeat(8000),
    ] {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_bytes(format!("Bearer {token}").as_bytes());
        let Ok(value) = value else { continue };
        headers.insert(header::AUTHORIZATION, value);
        let result = Auth::Tokens(Box::new(hs())).device(&headers).await;
        assert_invalid(answer(result).await, token);
    }
    let long = sign_hs(&claims_with("pad", json!("x".repeat(6000))));
    assert!(long.len() > 8000);
    assert_invalid(device(hs(), &long).await, "8 KB");
    let headers = HeaderMap::new();
    assert_invalid(
        answer(Auth::Tokens(Box::new(hs())).device(&headers).await).await,
        "none",
    );
}

#[tokio::test]
async fn critical_headers_and_changed_signatures_are_refused() {
    let header = json!({ "alg": "HS256", "crit": ["b64"], "b64": false });
    let token = forge(&header, &claims(), SECRET.as_bytes());
    assert_invalid(device(hs(), &token).await, "crit");
    let token = sign_hs(&claims());
    let (signed, signature) = token.rsplit_once('.').unwrap();
    for changed in [
        String::new(),
        "A".repeat(signature.len()),
        format!("{signature}A"),
    ] {
        assert_invalid(device(hs(), &format!("{signed}.{changed}")).await, &changed);
    }
}

#[tokio::test]
async fn operators_read_by_token_or_claim_and_devices_do_not() {
    let with_operators = || Tokens {
        operators: OperatorTokens::from_lines(
            "# operators\n\n  made-up-op-one-x \nmade-up-op-two-x\n",
        )
        .unwrap(),
        operator_claim: Some(("scope".to_owned(), "soliplex:read".to_owned())),
        ..hs()
    };
    let read = async |token: &str| {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_str(&format!("bearer {token}")).unwrap();
        headers.insert(header::AUTHORIZATION, value);
        let auth = Auth::Tokens(Box::new(with_operators()));
        answer(auth.operator(&headers).await)
            .await
            .map_err(|(status, _)| status)
    };
    assert_eq!(read("made-up-op-one-x").await, Ok(()));
    assert_eq!(read("made-up-op-two-x").await, Ok(()));
    assert_eq!(read("# operators").await, Err(401));
    assert_eq!(read("made-up-op-three").await, Err(401));
    assert_eq!(read(&sign_hs(&claims())).await, Err(403));
    let scoped = claims_with("scope", json!("openid soliplex:read"));
    assert_eq!(read(&sign_hs(&scoped)).await, Ok(()));
    let roles = claims_with("scope", json!(["soliplex:read"]));
    assert_eq!(read(&sign_hs(&roles)).await, Ok(()));
    let near = claims_with("scope", json!("soliplex:readx xsoliplex:read"));
    assert_eq!(read(&sign_hs(&near)).await, Err(403));
    assert!(device(with_operators(), "made-up-op-one-x").await.is_err());
}

#[test]
fn a_list_of_operators_without_a_token_or_with_one_to_guess_is_refused() {
    let refused = |lines: &str| OperatorTokens::from_lines(lines).unwrap_err();
    assert_eq!(refused("# nobody\n\n"), OperatorTokensError::Empty);
    let guessed = refused("# operators\nsixteen-bytes-ok\nfifteen-bytes--\n");
    assert_eq!(guessed, OperatorTokensError::Short { line: 3 });
}

#[test]
fn secrets_do_not_show() {
    let shown = format!(
        "{:?} {:?}",
        Secret::new(SECRET),
        Tokens {
            operators: OperatorTokens::from_lines("made-up-op-one-x").unwrap(),
            ..hs()
        }
    );
    assert!(
        !shown.contains("made-up") && !shown.contains("op-one"),
        "{shown}"
    );
    assert!(matches!(
        Key::hs256(&Secret::new("short\n")),
        Err(KeyError::ShortSecret(5))
    ));
    assert_eq!(Key::from_pem("nonsense").unwrap_err(), KeyError::BadPem);
}

/// A set with one key under a name, as an issuer publishes it, and a secret
/// that must be passed over.
fn key_set(kid: &str) -> String {
    let [x, y] = [&EC.1[1..33], &EC.1[33..]].map(|half| BASE64.encode(half));
    json!({ "keys": [
        { "kty": "oct", "k": "AAAA", "kid": kid },
        { "kty": "EC", "crv": "P-256", "use": "sig", "kid": kid, "x": x, "y": y },
    ]})
    .to_string()
}

fn with_key_set(path: &std::path::Path) -> Tokens {
    Tokens {
        jwks: Some(Jwks::new(Source::File(path.to_owned())).unwrap()),
        ..tokens(Vec::new())
    }
}

fn named(kid: &str) -> String {
    let mut header = Header::new(Algorithm::ES256);
    header.kid = Some(kid.to_owned());
    let key = EncodingKey::from_ec_pem(EC.0.private.as_bytes()).unwrap();
    encode(&header, &claims(), &key).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_key_set_rotates_within_a_minute_and_outlives_an_outage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    std::fs::write(&path, key_set("one")).unwrap();
    let auth = Auth::Tokens(Box::new(with_key_set(&path)));
    let accepts = async |kid: &str| {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_str(&format!("Bearer {}", named(kid))).unwrap();
        headers.insert(header::AUTHORIZATION, value);
        auth.device(&headers).await.is_ok()
    };
    assert!(accepts("one").await);
    std::fs::write(&path, key_set("two")).unwrap();
    assert!(!accepts("two").await, "at most one look a minute");
    tokio::time::advance(Duration::from_secs(60)).await;
    assert!(accepts("two").await);
    assert!(!accepts("one").await, "the old key is withdrawn");

    std::fs::remove_file(&path).unwrap();
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert!(accepts("two").await, "the last good set is kept");
    for kid in 0..1000 {
        assert!(!accepts(&format!("unknown-{kid}")).await);
    }
    assert!(accepts("two").await);
}
