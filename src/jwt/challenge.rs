//! What the client is told (RFC 6750 section 3, RFC 9110 section 11.6.1).

use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};

use super::refusal::{Refusal, TokenError};
use crate::problem::Problem;

/// One challenge for each thing that a client may learn, rendered once.
#[derive(Debug)]
pub(super) struct Challenges {
    plain: HeaderValue,
    malformed: HeaderValue,
    several: HeaderValue,
    invalid: HeaderValue,
    expired: HeaderValue,
    not_yet: HeaderValue,
}

const MALFORMED: &str = "the credentials are malformed";
const SEVERAL: &str = "more than one token was sent";
const INVALID: &str = "the token is not valid here";
const EXPIRED: &str = "the token has expired";
const NOT_YET: &str = "the token is not valid yet";

impl Challenges {
    pub(super) fn new(realm: Option<&str>) -> Self {
        let realm = realm.map(|realm| format!("realm=\"{realm}\""));
        let render = |error: Option<(&str, &str)>| {
            let error = error.map(|(code, text)| format!("error=\"{code}\", error_description=\"{text}\""));
            let members: Vec<_> = realm.iter().cloned().chain(error).collect();
            let challenge = format!("Bearer {}", members.join(", "));
            // What the builder lets through always is a header's value.
            HeaderValue::from_str(challenge.trim_end()).unwrap_or(HeaderValue::from_static("Bearer"))
        };
        Self {
            plain: render(None),
            malformed: render(Some(("invalid_request", MALFORMED))),
            several: render(Some(("invalid_request", SEVERAL))),
            invalid: render(Some(("invalid_token", INVALID))),
            expired: render(Some(("invalid_token", EXPIRED))),
            not_yet: render(Some(("invalid_token", NOT_YET))),
        }
    }

    /// Only a token of ours is told that its time is not now; of any other the client learns nothing.
    pub(super) fn problem(&self, refusal: Refusal) -> Problem {
        let (status, challenge, detail) = match refusal {
            Refusal::NoCredentials => (StatusCode::UNAUTHORIZED, &self.plain, "this needs a token"),
            Refusal::MalformedCredentials => (StatusCode::BAD_REQUEST, &self.malformed, MALFORMED),
            Refusal::SeveralCredentials => (StatusCode::BAD_REQUEST, &self.several, SEVERAL),
            Refusal::InvalidToken(error) => {
                let (challenge, detail) = match error {
                    TokenError::Expired => (&self.expired, EXPIRED),
                    TokenError::NotYetValid => (&self.not_yet, NOT_YET),
                    _ => (&self.invalid, INVALID),
                };
                (StatusCode::UNAUTHORIZED, challenge, detail)
            }
        };
        Problem::new(status)
            .with_detail(detail)
            .with_header(WWW_AUTHENTICATE, challenge.clone())
    }
}

/// Whether a quoted string can hold the realm as it is.
pub(super) fn is_realm(realm: &str) -> bool {
    let plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    !realm.is_empty() && realm.bytes().all(plain)
}
