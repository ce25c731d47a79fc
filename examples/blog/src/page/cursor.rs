//! Where a page begins or ends: after or before a row, by the values that the list is sorted by.
//!
//! A token is for the client to keep and send back. It holds nothing that the answer did not show, and is checked like all other
//! input: whoever makes one up reads from another place of the same list.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error;

/// Bytes of the longest token: a title of 200 characters, each of four bytes, and room for the rest.
const LONGEST: usize = 2048;

/// A row's place in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Token {
    /// The list's order; the token of another says nothing about this one.
    #[serde(rename = "s")]
    pub(crate) sort: String,
    /// The row's values of it.
    #[serde(rename = "v")]
    pub(crate) values: Vec<String>,
    /// The row itself, among those of equal values.
    #[serde(rename = "i")]
    pub(crate) id: Uuid,
}

impl Token {
    /// For an address.
    pub(crate) fn encode(&self) -> portcullis::Result<String> {
        Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(self)?))
    }

    /// What [`encode`](Self::encode) made; `400` for anything else.
    pub(crate) fn decode(text: &str) -> portcullis::Result<Self> {
        let bytes = (text.len() <= LONGEST)
            .then(|| URL_SAFE_NO_PAD.decode(text).ok())
            .flatten();
        let token = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        token.ok_or_else(|| error::bad_request("this is no token of `page[after]` or `page[before]`").into())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::Token;

    #[test]
    fn a_token_comes_back_as_it_went() {
        let token = Token {
            sort: "-title".into(),
            values: vec!["Über \"Rust\" \u{1f980}".into()],
            id: Uuid::now_v7(),
        };
        assert_eq!(Token::decode(&token.encode().unwrap()).unwrap(), token);
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let check = |text: &str| assert!(Token::decode(text).is_err(), "{text}");
        check("");
        check("x");
        check("....");
        check("e30");
        check("bnVsbA");
        check(&"A".repeat(10_000));
    }
}
