//! Who may write and who may read.
//!
//! A device shows a JWT. Which algorithm verifies it is decided by the key,
//! never by the token; nothing a token names is ever fetched. An operator
//! shows one of the tokens in a file, or a JWT with an agreed claim. What is
//! wrong with a token goes to the server's own log; the caller is told its
//! class alone.

mod jwks;
mod keys;
mod secret;
#[cfg(test)]
mod tests;

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use chrono::Utc;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Validation, decode, decode_header};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::problem::Problem;

pub use jwks::{Jwks, JwksError, Source};
pub use keys::{Key, KeyError};
pub use secret::Secret;

/// The longest token that is looked at. Those of real identity providers are
/// far below it.
const MAX_TOKEN_BYTES: usize = 7 << 10;

/// The shortest token of an operator.
const MIN_TOKEN_BYTES: usize = 16;

/// How callers are told apart.
#[derive(Debug)]
pub enum Auth {
    /// Not at all: anyone may write and read.
    Open,
    /// By what they show.
    Tokens(Box<Tokens>),
}

/// What a token is checked against.
#[derive(Debug, Default)]
pub struct Tokens {
    /// The keys that sign the tokens of devices.
    pub keys: Vec<Key>,
    /// More such keys, in a set that the issuer publishes.
    pub jwks: Option<Jwks>,
    /// Who must have issued a token, if it matters.
    pub issuer: Option<String>,
    /// For whom a token must be, if it matters.
    pub audience: Option<String>,
    /// How far clocks may differ.
    pub leeway: Duration,
    /// The tokens of operators.
    pub operators: OperatorTokens,
    /// The claim that makes a device's token an operator's, and its value.
    pub operator_claim: Option<(String, String)>,
}

/// A caller who may write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Device {
    /// For whom it speaks: the token's subject.
    pub(super) subject: Option<String>,
}

impl Auth {
    /// The set of keys that is published elsewhere, if there is one.
    pub(super) fn jwks(&self) -> Option<&Jwks> {
        match self {
            Auth::Open => None,
            Auth::Tokens(tokens) => tokens.jwks.as_ref(),
        }
    }

    /// Whether there is a key that a device's token may be signed with.
    pub(super) fn check(&self) -> Result<(), Problem> {
        match self {
            Auth::Tokens(tokens) if tokens.keys.is_empty() => match &tokens.jwks {
                Some(jwks) if jwks.is_empty() => Err(Problem::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    format!("the keys of {} cannot be fetched", jwks.place()),
                )),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Says who wants to write.
    pub(super) async fn device(&self, headers: &HeaderMap) -> Result<Device, Problem> {
        let tokens = match self {
            Auth::Open => return Ok(Device::default()),
            Auth::Tokens(tokens) => tokens,
        };
        let token = bearer(headers).map_err(Refusal::into_problem)?;
        let claims = tokens.verify(token).await;
        let claims = claims.map_err(Refusal::into_problem)?;
        let subject = claims.get("sub").and_then(Value::as_str);
        Ok(Device {
            subject: subject
                .filter(|subject| !subject.is_empty())
                .map(str::to_owned),
        })
    }

    /// Checks that an operator wants to read.
    pub(super) async fn operator(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let tokens = match self {
            Auth::Open => return Ok(()),
            Auth::Tokens(tokens) => tokens,
        };
        let token = bearer(headers).map_err(Refusal::into_problem)?;
        if tokens.operators.contains(token) {
            return Ok(());
        }
        let claims = tokens.verify(token).await;
        let claims = claims.map_err(Refusal::into_problem)?;
        match &tokens.operator_claim {
            Some((name, value)) if has_claim(&claims, name, value) => Ok(()),
            _ => Err(Problem::new(
                StatusCode::FORBIDDEN,
                "reading takes an operator's token",
            )),
        }
    }
}

impl Tokens {
    async fn verify(&self, token: &str) -> Result<Map<String, Value>, Refusal> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Refusal::invalid("too long"));
        }
        let header = decode_header(token).map_err(|error| Refusal::of(&error))?;
        if header.crit.is_some() {
            // A token that must not be accepted unless something we do not
            // know is understood (RFC 7515, 4.1.11).
            return Err(Refusal::invalid("a critical header"));
        }
        let published = match &self.jwks {
            Some(jwks) => jwks.candidates(header.kid.as_deref()).await,
            None => Vec::new(),
        };
        let mut refusal = Refusal::invalid("no key for it");
        for key in self.keys.iter().chain(&published) {
            if !key.verifies(header.alg) {
                continue;
            }
            match decode(token, key.decoding(), &self.validation(key)) {
                Ok(token) => {
                    self.check(&token.claims, Utc::now().timestamp())?;
                    return Ok(token.claims);
                }
                Err(error) => refusal = Refusal::of(&error),
            }
        }
        Err(refusal)
    }

    /// Checks what a token that is signed says of its time and its subject.
    ///
    /// Times are numbers that may have a fraction (RFC 7519, 2), as those of
    /// issuers written in Python have, which the library takes for none.
    fn check(&self, claims: &Map<String, Value>, now: i64) -> Result<(), Refusal> {
        let claim = |name: &str| claims.get(name).filter(|value| !value.is_null());
        let time = |name: &str| match claim(name) {
            None => Ok(None),
            Some(value) => match value.as_f64() {
                Some(seconds) if seconds >= 0.0 => Ok(Some(seconds)),
                _ => Err(Refusal::invalid(&format!("`{name}` is no time"))),
            },
        };
        let (now, leeway) = (now as f64, self.leeway.as_secs_f64());
        let expiry = time("exp")?.ok_or_else(|| Refusal::invalid("`exp` is missing"))?;
        if time("nbf")?.is_some_and(|start| start > now + leeway) {
            return Err(Refusal::invalid("not valid yet"));
        }
        if claim("sub").is_some_and(|subject| !subject.is_string()) {
            return Err(Refusal::invalid("`sub` is no text"));
        }
        match expiry > now - leeway {
            true => Ok(()),
            false => Err(Refusal {
                class: Class::Expired,
                reason: "expired".to_owned(),
            }),
        }
    }

    fn validation(&self, key: &Key) -> Validation {
        let mut validation = Validation::new(key.algorithms()[0]);
        validation.algorithms = key.algorithms().to_vec();
        // Times are checked behind this.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = self.audience.is_some();
        let mut required = Vec::new();
        if let Some(issuer) = &self.issuer {
            validation.set_issuer(&[issuer]);
            required.push("iss");
        }
        if let Some(audience) = &self.audience {
            validation.set_audience(&[audience]);
            required.push("aud");
        }
        validation.set_required_spec_claims(&required);
        validation
    }
}

/// Why a list of operators' tokens cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperatorTokensError {
    /// Nobody could read.
    #[error("it holds no token; make one with `head -c 32 /dev/urandom | base64`, one a line")]
    Empty,
    /// A token could be guessed.
    #[error(
        "the token in line {line} has fewer than {MIN_TOKEN_BYTES} bytes; make one with `head -c 32 /dev/urandom | base64`"
    )]
    Short {
        /// Which line, from 1.
        line: usize,
    },
}

/// The tokens of operators, of which only hashes are kept.
#[derive(Clone, Default)]
pub struct OperatorTokens(Vec<[u8; 32]>);

impl OperatorTokens {
    /// Reads one token a line; blank lines and lines that start with `#` are
    /// no tokens.
    ///
    /// # Errors
    ///
    /// No token, or one that could be guessed.
    pub fn from_lines(lines: &str) -> Result<OperatorTokens, OperatorTokensError> {
        let lines = lines.lines().map(str::trim).enumerate();
        let tokens = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let hashes: Vec<_> = tokens
            .map(|(index, token)| match token.len() {
                MIN_TOKEN_BYTES.. => Ok(hash(token)),
                _ => Err(OperatorTokensError::Short { line: index + 1 }),
            })
            .collect::<Result<_, _>>()?;
        match hashes.is_empty() {
            true => Err(OperatorTokensError::Empty),
            false => Ok(OperatorTokens(hashes)),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Comparing hashes takes a time that tells nothing of the tokens.
    fn contains(&self, token: &str) -> bool {
        let hash = hash(token);
        self.0.contains(&hash)
    }
}

impl std::fmt::Debug for OperatorTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OperatorTokens({} redacted)", self.0.len())
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Why a token is refused.
#[derive(Debug)]
struct Refusal {
    class: Class,
    reason: String,
}

/// What the caller is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Expired,
    Invalid,
}

impl Refusal {
    fn invalid(reason: &str) -> Refusal {
        Refusal {
            class: Class::Invalid,
            reason: reason.to_owned(),
        }
    }

    fn of(error: &jsonwebtoken::errors::Error) -> Refusal {
        // The kind alone: the rest of an error may quote the token.
        let reason = match error.kind() {
            ErrorKind::MissingRequiredClaim(claim) => format!("`{claim}` is missing"),
            ErrorKind::Json(_) => "not JSON".to_owned(),
            ErrorKind::Base64(_) | ErrorKind::Utf8(_) => "not encoded as a token".to_owned(),
            other => format!("{other:?}"),
        };
        Refusal {
            class: Class::Invalid,
            reason,
        }
    }

    fn into_problem(self) -> Problem {
        tracing::info!(reason = %self.reason, "token refused");
        let class = match self.class {
            Class::Expired => "expired",
            Class::Invalid => "invalid",
        };
        Problem::new(StatusCode::UNAUTHORIZED, class)
    }
}

fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, more) = (values.next(), values.next());
    let value = value.ok_or_else(|| Refusal::invalid("no token"))?;
    if more.is_some() {
        return Err(Refusal::invalid("more than one token"));
    }
    let value = value.to_str().map_err(|_| Refusal::invalid("not text"))?;
    let (scheme, token) = value
        .split_once(' ')
        .ok_or_else(|| Refusal::invalid("no bearer token"))?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::invalid("no bearer token"));
    }
    Ok(token.trim())
}

/// Whether a claim is, or lists, a value: a text of words as in `scope`, or
/// an array as in `roles`.
fn has_claim(claims: &Map<String, Value>, name: &str, value: &str) -> bool {
    match claims.get(name) {
        Some(Value::String(words)) => words.split(' ').any(|word| word == value),
        Some(Value::Array(items)) => items.iter().any(|item| item.as_str() == Some(value)),
        Some(Value::Bool(flag)) => flag.to_string() == value,
        _ => false,
    }
}
