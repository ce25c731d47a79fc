//! Hashes of an older system, such as those of Node's `bcrypt` and `bcryptjs`: verified, and replaced at the first login.

use std::error::Error as StdError;

/// 2^16 rounds: some seconds. Whoever can write into the database may not take the service's time.
const MOST_COST: u32 = 16;

/// A stored hash of the form `$2b$12$` and 53 characters of bcrypt's own base64.
#[derive(Debug, Clone)]
pub(super) struct Bcrypt {
    text: String,
}

impl Bcrypt {
    /// Whether a text means to be one.
    pub(super) fn is_meant(text: &str) -> bool {
        ["$2a$", "$2b$", "$2x$", "$2y$"]
            .iter()
            .any(|prefix| text.starts_with(prefix))
    }

    /// Checks the form before the crate sees it: RUSTSEC-2026-0199 was a panic on characters of several bytes.
    pub(super) fn read(text: &str) -> Result<Self, Box<dyn StdError + Send + Sync>> {
        let (cost, rest) = text
            .get(4..)
            .and_then(|after| after.split_once('$'))
            .ok_or("it is no bcrypt hash")?;
        let in_alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/');
        if cost.len() != 2 || rest.len() != 53 || !rest.bytes().all(in_alphabet) {
            return Err("it is no bcrypt hash".into());
        }
        match cost.parse() {
            Ok(4..=MOST_COST) => Ok(Self { text: text.to_owned() }),
            _ => Err("its cost exceeds every bound".into()),
        }
    }

    /// As the older system did: only the first 72 bytes of a password count.
    pub(super) fn matches(&self, password: &str) -> Result<bool, Box<dyn StdError + Send + Sync>> {
        Ok(bcrypt::verify(password, &self.text)?)
    }
}
