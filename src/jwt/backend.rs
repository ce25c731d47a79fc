//! Which library computes the signatures.
//!
//! jsonwebtoken takes the one that the process has installed, or the only one that it is compiled with; with none or with two it
//! panics at the first signature, and stays broken (jsonwebtoken#540). Features are unified over the whole tree, so that another
//! crate can bring this about. Hence every `build` installs one first and tries it.

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicBool, Ordering};

use jsonwebtoken::crypto;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{DecodingKey, EncodingKey};

use super::algorithm::Algorithm;
use super::key::Material;

#[cfg(feature = "aws-lc")]
const OURS: Option<&crypto::CryptoProvider> = Some(&crypto::aws_lc::DEFAULT_PROVIDER);
#[cfg(all(feature = "rust-crypto", not(feature = "aws-lc")))]
const OURS: Option<&crypto::CryptoProvider> = Some(&crypto::rust_crypto::DEFAULT_PROVIDER);
#[cfg(not(any(feature = "aws-lc", feature = "rust-crypto")))]
const OURS: Option<&crypto::CryptoProvider> = None;

/// Whether the library that this crate has installed computes them, and not one of the app's.
static INSTALLED: AtomicBool = AtomicBool::new(false);

/// Makes sure that signatures can be computed. What the app has installed before stays.
pub(super) fn ready() -> Result<(), &'static str> {
    if OURS.is_some_and(|ours| ours.install_default().is_ok()) {
        INSTALLED.store(true, Ordering::Relaxed);
        return Ok(());
    }
    if works() {
        return Ok(());
    }
    Err(if OURS.is_some() {
        "jsonwebtoken was used in this process before it could know its backend, and stays unusable; build the gate first, or \
         call `CryptoProvider::install_default` at the start of `main`"
    } else {
        "no library computes signatures: enable the feature `aws-lc` or `rust-crypto`, or install a `CryptoProvider` of \
         jsonwebtoken before"
    })
}

/// Where nothing is installed and nothing can be chosen, jsonwebtoken has no other way to say so than a panic.
fn works() -> bool {
    catch_unwind(|| {
        let key = DecodingKey::from_secret(&[0; 32]);
        let _ = crypto::verify("", b"", &key, jsonwebtoken::Algorithm::HS256);
    })
    .is_ok()
}

/// Whether `signature`, in base64url, is one of `message` by `key`.
pub(super) fn verify(signature: &str, message: &[u8], key: &Material) -> bool {
    match &key.secret {
        Some(secret) if INSTALLED.load(Ordering::Relaxed) => secret.verify(signature, message),
        _ => crypto::verify(signature, message, &key.key, key.algorithm.backend()).unwrap_or(false),
    }
}

/// The signature in base64url.
pub(super) fn sign(message: &[u8], key: &EncodingKey, algorithm: Algorithm) -> Option<String> {
    crypto::sign(message, key, algorithm.backend()).ok()
}

/// The public half of a private key. A backend that the app has brought may not be able to tell, and says so by a panic.
pub(super) fn public_half(key: &EncodingKey, algorithm: Algorithm) -> Option<DecodingKey> {
    ready().ok()?;
    let jwk = catch_unwind(|| Jwk::from_encoding_key(key, algorithm.backend()))
        .ok()?
        .ok()?;
    DecodingKey::from_jwk(&jwk).ok()
}
