//! Keys that verify tokens, each with the algorithms it may be used for.

use std::fmt;

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};

use super::Secret;

/// The fewest bytes that a secret for HS256 may have: as many as its hash.
const MIN_SECRET_BYTES: usize = 32;

/// A key that verifies tokens.
///
/// The algorithms belong to the key, so that no token can choose to have a
/// public key used as a secret.
#[derive(Clone)]
pub struct Key {
    decoding: DecodingKey,
    algorithms: &'static [Algorithm],
    kid: Option<String>,
}

/// Why a text is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The secret is too short to be safe.
    #[error("the secret has {0} bytes; HS256 takes at least {MIN_SECRET_BYTES}")]
    ShortSecret(usize),
    /// The text is no PEM of a public key of RSA, EC (P-256, P-384) or Ed25519.
    #[error("not a PEM of a public key of RSA, EC (P-256 or P-384) or Ed25519")]
    BadPem,
}

impl Key {
    /// A secret shared with the issuer, for HS256.
    ///
    /// # Errors
    ///
    /// The secret is too short.
    pub fn hs256(secret: &Secret) -> Result<Key, KeyError> {
        let secret = secret.expose().as_bytes();
        if secret.len() < MIN_SECRET_BYTES {
            return Err(KeyError::ShortSecret(secret.len()));
        }
        Ok(Key {
            decoding: DecodingKey::from_secret(secret),
            algorithms: &[Algorithm::HS256],
            kid: None,
        })
    }

    /// The issuer's public key, in PEM.
    ///
    /// # Errors
    ///
    /// The text is none, or of a kind that is not supported.
    pub fn from_pem(pem: &str) -> Result<Key, KeyError> {
        let pem = pem.as_bytes();
        let rsa = || DecodingKey::from_rsa_pem(pem).ok().map(|key| (key, RSA));
        let ec = || DecodingKey::from_ec_pem(pem).ok().map(|key| (key, EC));
        let ed = || DecodingKey::from_ed_pem(pem).ok().map(|key| (key, ED));
        let (decoding, algorithms) = rsa().or_else(ec).or_else(ed).ok_or(KeyError::BadPem)?;
        Ok(Key {
            decoding,
            algorithms,
            kid: None,
        })
    }

    /// A public key of a set; `None` for a secret, a key for another use, or
    /// one of a kind that is not supported.
    pub(super) fn from_jwk(jwk: &Jwk) -> Option<Key> {
        if matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption)) {
            return None;
        }
        let algorithms = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => RSA,
            AlgorithmParameters::EllipticCurve(_) => EC,
            AlgorithmParameters::OctetKeyPair(_) => ED,
            _ => return None,
        };
        Some(Key {
            decoding: DecodingKey::from_jwk(jwk).ok()?,
            algorithms,
            kid: jwk.common.key_id.clone(),
        })
    }

    pub(super) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    pub(super) fn verifies(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }

    pub(super) fn decoding(&self) -> &DecodingKey {
        &self.decoding
    }

    pub(super) fn algorithms(&self) -> &'static [Algorithm] {
        self.algorithms
    }
}

const RSA: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];
const EC: &[Algorithm] = &[Algorithm::ES256, Algorithm::ES384];
const ED: &[Algorithm] = &[Algorithm::EdDSA];

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?})", self.algorithms)
    }
}
