//! A secret that is ready to verify with. jsonwebtoken makes it ready anew for every token, which takes as long as the rest.

use super::algorithm::Algorithm;

#[cfg(feature = "aws-lc")]
pub(super) use self::aws_lc::Secret;
#[cfg(not(any(feature = "aws-lc", feature = "rust-crypto")))]
pub(super) use self::none::Secret;
#[cfg(all(feature = "rust-crypto", not(feature = "aws-lc")))]
pub(super) use self::rust_crypto::Secret;

/// The longest tag in bytes, and what the decoder of base64 takes for its length.
#[cfg(any(feature = "aws-lc", feature = "rust-crypto"))]
const LONGEST_TAG: usize = 64 + 8;

impl Secret {
    /// Whether `signature`, in base64url, is the tag of `message`. The time that it takes says nothing of the tag.
    #[cfg(any(feature = "aws-lc", feature = "rust-crypto"))]
    pub(super) fn verify(&self, signature: &str, message: &[u8]) -> bool {
        use base64::Engine;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;

        let mut decoded = [0; LONGEST_TAG];
        let tag = URL_SAFE_NO_PAD
            .decode_slice(signature, &mut decoded)
            .ok()
            .and_then(|length| decoded.get(..length));
        tag.is_some_and(|tag| self.is_tag(message, tag))
    }
}

#[cfg(feature = "aws-lc")]
mod aws_lc {
    use aws_lc_rs::hmac;

    use super::Algorithm;

    #[derive(Clone)]
    pub(in super::super) struct Secret(hmac::Key);

    impl Secret {
        /// `None` where the algorithm has no secrets.
        pub(in super::super) fn new(algorithm: Algorithm, secret: &[u8]) -> Option<Self> {
            let hash = match algorithm {
                Algorithm::HS256 => hmac::HMAC_SHA256,
                Algorithm::HS384 => hmac::HMAC_SHA384,
                Algorithm::HS512 => hmac::HMAC_SHA512,
                _ => return None,
            };
            Some(Self(hmac::Key::new(hash, secret)))
        }

        pub(super) fn is_tag(&self, message: &[u8], tag: &[u8]) -> bool {
            hmac::verify(&self.0, message, tag).is_ok()
        }
    }
}

#[cfg(all(feature = "rust-crypto", not(feature = "aws-lc")))]
mod rust_crypto {
    use hmac::{Hmac, KeyInit, Mac};
    use sha2::{Sha256, Sha384, Sha512};

    use super::Algorithm;

    #[derive(Clone)]
    pub(in super::super) enum Secret {
        Sha256(Hmac<Sha256>),
        Sha384(Hmac<Sha384>),
        Sha512(Hmac<Sha512>),
    }

    impl Secret {
        /// `None` where the algorithm has no secrets.
        pub(in super::super) fn new(algorithm: Algorithm, secret: &[u8]) -> Option<Self> {
            match algorithm {
                Algorithm::HS256 => Hmac::new_from_slice(secret).ok().map(Self::Sha256),
                Algorithm::HS384 => Hmac::new_from_slice(secret).ok().map(Self::Sha384),
                Algorithm::HS512 => Hmac::new_from_slice(secret).ok().map(Self::Sha512),
                _ => None,
            }
        }

        pub(super) fn is_tag(&self, message: &[u8], tag: &[u8]) -> bool {
            match self {
                Self::Sha256(ready) => ready.clone().chain_update(message).verify_slice(tag).is_ok(),
                Self::Sha384(ready) => ready.clone().chain_update(message).verify_slice(tag).is_ok(),
                Self::Sha512(ready) => ready.clone().chain_update(message).verify_slice(tag).is_ok(),
            }
        }
    }
}

#[cfg(not(any(feature = "aws-lc", feature = "rust-crypto")))]
mod none {
    use super::Algorithm;

    /// A library that the app has brought makes its own ready.
    #[derive(Clone)]
    pub(in super::super) enum Secret {}

    impl Secret {
        pub(in super::super) fn new(_: Algorithm, _: &[u8]) -> Option<Self> {
            None
        }

        pub(in super::super) fn verify(&self, _: &str, _: &[u8]) -> bool {
            match *self {}
        }
    }
}
