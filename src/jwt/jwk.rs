//! Reads and writes one JSON Web Key (RFC 7517, RFC 7518 section 6, RFC 8037 section 2).
//!
//! jsonwebtoken ignores `use`, `key_ops` and `alg`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::algorithm::{Algorithm, Family};
use super::der::{Curve, RsaNumbers, without_leading_zeros};
use super::key::{Material, secret_material};

#[derive(Deserialize)]
struct Members {
    kty: String,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    kid: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    k: Option<String>,
    d: Option<IgnoredAny>,
}

/// The id and what verifies; `known` is the algorithm where the caller knows it.
pub(super) fn read(json: &[u8], known: Option<Algorithm>) -> (Option<String>, Result<Material, String>) {
    checked(serde_json::from_slice(json), known)
}

/// The same of a key that stands in a set.
#[cfg(feature = "key-sets")]
pub(super) fn read_value(json: Value, known: Option<Algorithm>) -> (Option<String>, Result<Material, String>) {
    checked(serde_json::from_value(json), known)
}

fn checked(
    members: serde_json::Result<Members>,
    known: Option<Algorithm>,
) -> (Option<String>, Result<Material, String>) {
    // What serde says of it could quote a secret.
    let Ok(members) = members else {
        let reason = "is not a JWK: a JSON object with members of the right types";
        return (None, Err(reason.to_owned()));
    };
    let material = members.material(known);
    (members.kid, material)
}

impl Members {
    fn material(&self, known: Option<Algorithm>) -> Result<Material, String> {
        self.check_purpose()?;
        if self.d.is_some() {
            return Err("is a private JWK; a verifier needs the public one only".to_owned());
        }
        match self.kty.as_str() {
            "oct" => secret_material(self.algorithm(known, None)?, &bytes("k", self.k.as_deref())?),
            "RSA" => {
                let algorithm = self.algorithm(known, None)?;
                let (n, e) = (bytes("n", self.n.as_deref())?, bytes("e", self.e.as_deref())?);
                let numbers = RsaNumbers {
                    modulus: without_leading_zeros(&n),
                    exponent: without_leading_zeros(&e),
                };
                Material::rsa(algorithm, &numbers)
            }
            "EC" => self.elliptic(known),
            "OKP" if self.crv.as_deref() == Some("Ed25519") => {
                let algorithm = self.algorithm(known, Some(Algorithm::EdDSA))?;
                let x = bytes("x", self.x.as_deref())?;
                if x.len() != 32 {
                    return Err("has an `x` of another length than 32 bytes".to_owned());
                }
                Material::ed(algorithm, &x)
            }
            "OKP" => Err("has another `crv` than `Ed25519`".to_owned()),
            _ => Err("has another `kty` than `oct`, `RSA`, `EC` and `OKP`".to_owned()),
        }
    }

    fn elliptic(&self, known: Option<Algorithm>) -> Result<Material, String> {
        let (curve, algorithm) = match self.crv.as_deref() {
            Some("P-256") => (Curve::P256, Algorithm::ES256),
            Some("P-384") => (Curve::P384, Algorithm::ES384),
            _ => return Err("has another `crv` than `P-256` and `P-384`".to_owned()),
        };
        let algorithm = self.algorithm(known, Some(algorithm))?;
        let mut point = vec![4];
        for (name, member) in [("x", &self.x), ("y", &self.y)] {
            let coordinate = bytes(name, member.as_deref())?;
            // RFC 7518 section 6.2.1.2: the full length, leading zeros included.
            if coordinate.len() != curve.coordinate() {
                return Err(format!(
                    "has an `{name}` of another length than {} bytes",
                    curve.coordinate()
                ));
            }
            point.extend(coordinate);
        }
        Material::ec(algorithm, curve, &point)
    }

    fn check_purpose(&self) -> Result<(), String> {
        if self.purpose.as_deref().is_some_and(|purpose| purpose != "sig") {
            return Err("has another `use` than `sig`".to_owned());
        }
        if let Some(operations) = &self.key_ops {
            if !operations.iter().any(|operation| operation == "verify") {
                return Err("has `key_ops` without `verify`".to_owned());
            }
            let mut sorted: Vec<_> = operations.iter().collect();
            sorted.sort_unstable();
            sorted.dedup();
            if sorted.len() != operations.len() {
                return Err("names an operation twice in `key_ops` (RFC 7517 section 4.3)".to_owned());
            }
        }
        Ok(())
    }

    /// The one algorithm: the key's own, the caller's, or the only one of its curve.
    fn algorithm(&self, known: Option<Algorithm>, only: Option<Algorithm>) -> Result<Algorithm, String> {
        let own = match &self.alg {
            Some(name) => Some(Algorithm::from_name(name).ok_or("has an `alg` that is not known here")?),
            None => None,
        };
        match (own, known) {
            (Some(own), Some(known)) if own != known => Err(format!("has the `alg` {own}, not {known}")),
            (own, known) => own
                .or(known)
                .or(only)
                .ok_or_else(|| "names no `alg`; say which with `Key::jwk_for`".to_owned()),
        }
    }
}

fn bytes(name: &str, member: Option<&str>) -> Result<Vec<u8>, String> {
    let member = member.ok_or_else(|| format!("has no `{name}`"))?;
    URL_SAFE_NO_PAD
        .decode(member)
        .map_err(|_| format!("has an `{name}` that is not base64url"))
}

/// The public JWK of a key; `None` for a secret, which nobody may publish.
pub(super) fn write(id: Option<&str>, material: &Material) -> Option<Value> {
    if material.algorithm.family() == Family::Hmac {
        return None;
    }
    let jwk = Jwk::from_decoding_key(&material.key, None).ok()?;
    let mut jwk = serde_json::to_value(jwk).ok()?;
    let members = jwk.as_object_mut()?;
    members.insert("use".to_owned(), json!("sig"));
    members.insert("alg".to_owned(), json!(material.algorithm.name()));
    if let Some(id) = id {
        members.insert("kid".to_owned(), json!(id));
    }
    Some(jwk)
}
