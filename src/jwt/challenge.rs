//! What the client is told (RFC 6750 section 3, RFC 9110 section 11.6.1).

use std::time::Duration;

use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use super::refusal::{Refusal, TokenError};
use crate::problem::Problem;

/// One refusal for each thing that a client may learn, made and rendered once.
#[derive(Debug)]
pub(super) struct Challenges {
    none: Problem,
    malformed: Problem,
    several: Problem,
    invalid: Problem,
    expired: Problem,
    not_yet: Problem,
    unavailable: Problem,
}

const NONE: &str = "this needs a token";
const MALFORMED: &str = "the credentials are malformed";
const SEVERAL: &str = "more than one token was sent";
const INVALID: &str = "the token is not valid here";
const EXPIRED: &str = "the token has expired";
const NOT_YET: &str = "the token is not valid yet";

const UNAVAILABLE: &str = "tokens cannot be verified at present";

impl Challenges {
    /// `retry` is the longest time after which keys that are missing are fetched again.
    pub(super) fn new(realm: Option<&str>, retry: Duration) -> Self {
        let realm = realm.map(|realm| format!("realm=\"{realm}\""));
        let refuse = |status, code: Option<&str>, detail: &'static str| {
            let error = code.map(|code| format!("error=\"{code}\", error_description=\"{detail}\""));
            let members: Vec<_> = realm.iter().cloned().chain(error).collect();
            let challenge = format!("Bearer {}", members.join(", "));
            // What the builder lets through always is a header's value.
            let challenge = HeaderValue::from_str(challenge.trim_end()).unwrap_or(HeaderValue::from_static("Bearer"));
            Problem::new(status)
                .with_detail(detail)
                .with_header(WWW_AUTHENTICATE, challenge)
        };
        let invalid = |detail| refuse(StatusCode::UNAUTHORIZED, Some("invalid_token"), detail);
        let request = |detail| refuse(StatusCode::BAD_REQUEST, Some("invalid_request"), detail);
        let seconds = retry.as_secs() + u64::from(retry.subsec_nanos() > 0);
        Self {
            none: refuse(StatusCode::UNAUTHORIZED, None, NONE),
            malformed: request(MALFORMED),
            several: request(SEVERAL),
            invalid: invalid(INVALID),
            expired: invalid(EXPIRED),
            not_yet: invalid(NOT_YET),
            unavailable: Problem::new(StatusCode::SERVICE_UNAVAILABLE)
                .with_detail(UNAVAILABLE)
                .with_header(RETRY_AFTER, seconds.into()),
        }
    }

    /// Only a token of ours is told that its time is not now; of any other the client learns nothing.
    pub(super) fn problem(&self, refusal: Refusal) -> Problem {
        let problem = match refusal {
            Refusal::NoCredentials => &self.none,
            Refusal::MalformedCredentials => &self.malformed,
            Refusal::SeveralCredentials => &self.several,
            Refusal::InvalidToken(TokenError::Expired) => &self.expired,
            Refusal::InvalidToken(TokenError::NotYetValid) => &self.not_yet,
            Refusal::InvalidToken(_) => &self.invalid,
            Refusal::KeysUnavailable => &self.unavailable,
        };
        problem.clone()
    }
}

/// Whether a quoted string can hold the realm as it is.
pub(super) fn is_realm(realm: &str) -> bool {
    let plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    !realm.is_empty() && realm.bytes().all(plain)
}
