//! The header that a key's tokens have. An issuer gives all of them the same, which need not be read for each.

use std::sync::OnceLock;

use super::token::Header;

/// A longer one is read each time.
const LONGEST: usize = 256;

/// What was read from the header of the first token that a key has verified. It stays with the key, so that other keys have another,
/// and nobody can put one here who cannot sign.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen(OnceLock<Remembered>);

#[derive(Debug, Clone)]
pub(super) struct Remembered {
    /// As it stands in the token.
    text: Box<str>,
    typ: Option<Box<str>>,
}

impl Seen {
    pub(super) fn remember(&self, text: &str, header: &Header<'_>) {
        if text.len() <= LONGEST {
            self.0.get_or_init(|| Remembered {
                text: text.into(),
                typ: header.typ.as_deref().map(Into::into),
            });
        }
    }

    /// What is known of this very header.
    pub(super) fn recall(&self, text: &str) -> Option<&Remembered> {
        self.0.get().filter(|known| *known.text == *text)
    }
}

impl Remembered {
    pub(super) fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }
}
