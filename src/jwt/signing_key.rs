use std::fmt;

use jsonwebtoken::EncodingKey;

use super::algorithm::{Algorithm, Family};
use super::backend;
use super::der::{self, PrivateKey};
use super::key::{Key, Material, check_curve, check_family, check_rsa, check_secret, secret_material};

/// A key that signs tokens by exactly one algorithm.
///
/// A faulty key is a fault of [`IssuerBuilder::build`](super::IssuerBuilder::build). `Debug` shows the algorithm and the id, never
/// the key.
#[derive(Clone)]
pub struct SigningKey {
    id: Option<String>,
    material: Result<SigningMaterial, String>,
}

#[derive(Clone)]
pub(super) struct SigningMaterial {
    pub(super) algorithm: Algorithm,
    pub(super) key: EncodingKey,
}

impl SigningKey {
    /// A secret that issuer and verifier share; see [`Key::hmac`].
    pub fn hmac(algorithm: Algorithm, secret: impl AsRef<[u8]>) -> Self {
        let secret = secret.as_ref();
        let checked = check_secret(algorithm, secret);
        Self::from_material(checked.map(|()| SigningMaterial {
            algorithm,
            key: EncodingKey::from_secret(secret),
        }))
    }

    /// An RSA private key of 2048 to 4096 bits in PEM, as PKCS#8 or PKCS#1.
    pub fn rsa_pem(algorithm: Algorithm, pem: impl AsRef<[u8]>) -> Self {
        Self::from_material(private_material(algorithm, Family::Rsa, pem.as_ref()))
    }

    /// A private key in PEM (PKCS#8) on P-256 for `ES256`, or on P-384 for `ES384`.
    pub fn ec_pem(algorithm: Algorithm, pem: impl AsRef<[u8]>) -> Self {
        Self::from_material(private_material(algorithm, Family::Ec, pem.as_ref()))
    }

    /// An Ed25519 private key in PEM (PKCS#8), for `EdDSA`.
    pub fn ed_pem(pem: impl AsRef<[u8]>) -> Self {
        Self::from_material(private_material(Algorithm::EdDSA, Family::Ed, pem.as_ref()))
    }

    /// The `kid` of the tokens that are signed. Default none.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The key's one algorithm; `None` for a faulty key.
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.material.as_ref().ok().map(|material| material.algorithm)
    }

    /// The key, with the same id, that verifies what this one signs: the same secret, or the public half.
    ///
    /// The fault of a faulty key is passed on.
    pub fn verifying_key(&self) -> Key {
        let material = self.material.as_ref().map_err(Clone::clone);
        let key = Key::from_material(material.and_then(SigningMaterial::public_half));
        match &self.id {
            Some(id) => key.id(id),
            None => key,
        }
    }

    pub(super) fn into_parts(self) -> (Option<String>, Result<SigningMaterial, String>) {
        (self.id, self.material)
    }

    fn from_material(material: Result<SigningMaterial, String>) -> Self {
        Self { id: None, material }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm())
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl SigningMaterial {
    fn public_half(&self) -> Result<Material, String> {
        let algorithm = self.algorithm;
        if algorithm.family() == Family::Hmac {
            return secret_material(algorithm, self.key.as_bytes());
        }
        let key = backend::public_half(&self.key, algorithm)
            .ok_or("does not show its public half; give the verifier that as a key of its own")?;
        Ok(Material::public(algorithm, key))
    }
}

fn private_material(algorithm: Algorithm, family: Family, pem: &[u8]) -> Result<SigningMaterial, String> {
    check_family(algorithm, family)?;
    let der = der::from_pem(pem)?;
    let key = match der::private_key(&der)? {
        PrivateKey::Rsa { pkcs1, numbers } => {
            check_family(algorithm, Family::Rsa)?;
            check_rsa(&numbers)?;
            EncodingKey::from_rsa_der(pkcs1)
        }
        PrivateKey::Ec(curve) => {
            check_curve(algorithm, curve)?;
            EncodingKey::from_ec_der(&der)
        }
        PrivateKey::Ed => {
            check_family(algorithm, Family::Ed)?;
            EncodingKey::from_ed_der(&der)
        }
    };
    Ok(SigningMaterial { algorithm, key })
}
