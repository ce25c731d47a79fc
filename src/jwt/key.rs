use std::fmt;

use jsonwebtoken::DecodingKey;
use serde_json::Value;

use super::algorithm::{Algorithm, Family};
use super::der::{self, Curve, PublicKey, RsaNumbers};
use super::jwk;
use super::secret::Secret;
use super::seen::Seen;

/// How every block of PEM begins; text may stand before it.
const PEM: &[u8] = b"-----BEGIN ";

/// A key that verifies tokens of exactly one algorithm.
///
/// A faulty key is a fault of [`JwtLayerBuilder::build`](super::JwtLayerBuilder::build), which lists all of them. `Debug` shows the
/// algorithm and the id, never the key.
///
/// ```
/// use portcullis::jwt::{Algorithm, Key};
///
/// let key = Key::hmac(Algorithm::HS256, b"thirty-two bytes are the minimum").id("2026-11");
/// assert_eq!(format!("{key:?}"), r#"Key { algorithm: Some(HS256), id: Some("2026-11"), .. }"#);
/// ```
#[derive(Clone)]
pub struct Key {
    id: Option<String>,
    material: Result<Material, String>,
}

/// What verifies, and by which algorithm alone.
#[derive(Clone)]
pub(super) struct Material {
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
    /// The same, made ready, where it is a secret and the backend can.
    pub(super) secret: Option<Secret>,
    pub(super) seen: Seen,
}

impl Key {
    /// A secret that issuer and verifier share: `HS256`, `HS384` or `HS512`. At least as long as the hash: 32, 48 or 64 bytes of
    /// randomness (RFC 7518 section 3.2).
    pub fn hmac(algorithm: Algorithm, secret: impl AsRef<[u8]>) -> Self {
        Self::from_material(secret_material(algorithm, secret.as_ref()))
    }

    /// An RSA public key of 2048 to 4096 bits in PEM, as `openssl pkey -pubout` writes it, for one of `RS256` to `RS512` or `PS256`
    /// to `PS512`.
    pub fn rsa_pem(algorithm: Algorithm, pem: impl AsRef<[u8]>) -> Self {
        Self::from_pem(algorithm, Family::Rsa, pem.as_ref())
    }

    /// An RSA public key in DER, as SPKI or PKCS#1; see [`rsa_pem`](Self::rsa_pem).
    pub fn rsa_der(algorithm: Algorithm, der: impl AsRef<[u8]>) -> Self {
        Self::from_material(public_material(algorithm, Family::Rsa, der.as_ref()))
    }

    /// A public key in PEM on P-256 for `ES256`, or on P-384 for `ES384`.
    pub fn ec_pem(algorithm: Algorithm, pem: impl AsRef<[u8]>) -> Self {
        Self::from_pem(algorithm, Family::Ec, pem.as_ref())
    }

    /// A public key in DER (SPKI); see [`ec_pem`](Self::ec_pem).
    pub fn ec_der(algorithm: Algorithm, der: impl AsRef<[u8]>) -> Self {
        Self::from_material(public_material(algorithm, Family::Ec, der.as_ref()))
    }

    /// An Ed25519 public key in PEM, for `EdDSA`.
    pub fn ed_pem(pem: impl AsRef<[u8]>) -> Self {
        Self::from_pem(Algorithm::EdDSA, Family::Ed, pem.as_ref())
    }

    /// An Ed25519 public key in DER (SPKI).
    pub fn ed_der(der: impl AsRef<[u8]>) -> Self {
        Self::from_material(public_material(Algorithm::EdDSA, Family::Ed, der.as_ref()))
    }

    /// A JSON Web Key (RFC 7517). Its `use`, `key_ops`, `alg` and `crv` must allow verification, and its `kid` becomes the id.
    /// RSA keys and secrets must name their `alg`; for those that do not see [`jwk_for`](Self::jwk_for).
    pub fn jwk(json: impl AsRef<[u8]>) -> Self {
        let (id, material) = jwk::read(json.as_ref(), None);
        Self { id, material }
    }

    /// A JSON Web Key whose algorithm is known from elsewhere. One that names another is a fault.
    pub fn jwk_for(algorithm: Algorithm, json: impl AsRef<[u8]>) -> Self {
        let (id, material) = jwk::read(json.as_ref(), Some(algorithm));
        Self { id, material }
    }

    /// The id that tokens name in their `kid`. Default none, or a JWK's own `kid`.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The key's one algorithm; `None` for a faulty key.
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.material.as_ref().ok().map(|material| material.algorithm)
    }

    pub(super) fn from_material(material: Result<Material, String>) -> Self {
        Self { id: None, material }
    }

    pub(super) fn public_jwk(&self) -> Option<Value> {
        jwk::write(self.id.as_deref(), self.material.as_ref().ok()?)
    }

    pub(super) fn into_parts(self) -> (Option<String>, Result<Material, String>) {
        (self.id, self.material)
    }

    fn from_pem(algorithm: Algorithm, family: Family, pem: &[u8]) -> Self {
        let der = der::from_pem(pem).map_err(str::to_owned);
        Self::from_material(der.and_then(|der| public_material(algorithm, family, &der)))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("algorithm", &self.algorithm())
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Material {
    pub(super) fn public(algorithm: Algorithm, key: DecodingKey) -> Self {
        Self {
            algorithm,
            key,
            secret: None,
            seen: Seen::default(),
        }
    }

    pub(super) fn rsa(algorithm: Algorithm, numbers: &RsaNumbers<'_>) -> Result<Self, String> {
        check_family(algorithm, Family::Rsa)?;
        check_rsa(numbers)?;
        let key = DecodingKey::from_rsa_raw_components(numbers.modulus, numbers.exponent);
        Ok(Self::public(algorithm, key))
    }

    pub(super) fn ec(algorithm: Algorithm, curve: Curve, point: &[u8]) -> Result<Self, String> {
        check_curve(algorithm, curve)?;
        let key = DecodingKey::from_ec_der(point);
        Ok(Self::public(algorithm, key))
    }

    pub(super) fn ed(algorithm: Algorithm, point: &[u8]) -> Result<Self, String> {
        check_family(algorithm, Family::Ed)?;
        let key = DecodingKey::from_ed_der(point);
        Ok(Self::public(algorithm, key))
    }
}

pub(super) fn secret_material(algorithm: Algorithm, secret: &[u8]) -> Result<Material, String> {
    check_secret(algorithm, secret)?;
    let key = DecodingKey::from_secret(secret);
    Ok(Material {
        algorithm,
        key,
        secret: Secret::new(algorithm, secret),
        seen: Seen::default(),
    })
}

fn public_material(algorithm: Algorithm, family: Family, der: &[u8]) -> Result<Material, String> {
    check_family(algorithm, family)?;
    match der::public_key(der)? {
        PublicKey::Rsa(numbers) => Material::rsa(algorithm, &numbers),
        PublicKey::Ec(curve, point) => Material::ec(algorithm, curve, point),
        PublicKey::Ed(point) => Material::ed(algorithm, point),
    }
}

pub(super) fn check_family(algorithm: Algorithm, family: Family) -> Result<(), String> {
    if algorithm.family() == family {
        return Ok(());
    }
    let kind = match family {
        Family::Hmac => "a secret",
        Family::Rsa => "an RSA key",
        Family::Ec => "an EC key",
        Family::Ed => "an Ed25519 key",
    };
    Err(format!("is {kind}, which {algorithm} cannot use"))
}

pub(super) fn check_secret(algorithm: Algorithm, secret: &[u8]) -> Result<(), String> {
    check_family(algorithm, Family::Hmac)?;
    let shortest = algorithm.shortest_secret();
    if secret.len() < shortest {
        let length = secret.len();
        return Err(format!(
            "has {length} bytes, and {algorithm} needs at least {shortest} (RFC 7518 section 3.2)"
        ));
    }
    // A public key is no secret: whoever has it could sign.
    if secret.windows(PEM.len()).any(|window| window == PEM) {
        return Err("is PEM, which is no shared secret".to_owned());
    }
    if der::public_key(secret).is_ok() {
        return Err("is a public key in DER, which is no shared secret".to_owned());
    }
    Ok(())
}

pub(super) fn check_curve(algorithm: Algorithm, curve: Curve) -> Result<(), String> {
    match (algorithm, curve) {
        (Algorithm::ES256, Curve::P256) | (Algorithm::ES384, Curve::P384) => Ok(()),
        (Algorithm::ES256, Curve::P384) => Err("is on P-384, and ES256 needs P-256".to_owned()),
        (Algorithm::ES384, Curve::P256) => Err("is on P-256, and ES384 needs P-384".to_owned()),
        _ => check_family(algorithm, Family::Ec),
    }
}

/// The limits within which every backend verifies.
pub(super) fn check_rsa(numbers: &RsaNumbers<'_>) -> Result<(), String> {
    let unused = numbers.modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = numbers.modulus.len() * 8 - unused;
    if !(2048..=4096).contains(&bits) {
        return Err(format!(
            "has {bits} bits; RSA keys have 2048 to 4096 (RFC 7518 section 3.3)"
        ));
    }
    // With the exponent 1 every message is its own signature.
    let odd = numbers.exponent.last().is_some_and(|byte| byte % 2 == 1);
    if !odd || numbers.exponent == [1] || numbers.exponent.len() > 4 {
        return Err("has an exponent that is even, 1 or longer than 32 bits".to_owned());
    }
    Ok(())
}
