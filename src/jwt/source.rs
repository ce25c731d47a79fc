//! Where a request carries its token.

use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, HeaderValue};

use super::alphabet::Alphabet;
use super::refusal::Refusal;
use crate::identity::TokenSource;

/// The only token of a request, or `None` where there is none. Of what characters it is made is for the caller to find out.
pub(super) fn find<'h>(
    headers: &'h HeaderMap,
    cookie: Option<&str>,
) -> Result<Option<(&'h str, TokenSource)>, Refusal> {
    let bearer = bearer(headers)?;
    let cookie = match cookie {
        Some(name) => in_cookie(headers, name)?,
        None => None,
    };
    match (bearer, cookie) {
        (Some(_), Some(_)) => Err(Refusal::SeveralCredentials),
        (Some(token), None) => Ok(Some((token, TokenSource::Bearer))),
        (None, Some(token)) => Ok(Some((token, TokenSource::Cookie))),
        (None, None) => Ok(None),
    }
}

/// RFC 9110 section 11.4: a scheme without regard to case, then spaces, then a `token68`.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let Some(line) = lines.next() else {
        return Ok(None);
    };
    if lines.next().is_some() {
        return Err(Refusal::SeveralCredentials);
    }
    let line = line.as_bytes();
    let end = line
        .iter()
        .position(|byte| matches!(byte, b' ' | b'\t'))
        .unwrap_or(line.len());
    let (scheme, rest) = line.split_at_checked(end).unwrap_or((line, &[]));
    if scheme.is_empty() {
        return Err(Refusal::MalformedCredentials);
    }
    // The credentials of another scheme are none here.
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Ok(None);
    }
    let start = rest.iter().position(|byte| *byte != b' ').unwrap_or(rest.len());
    let token = rest.get(start..).unwrap_or_default();
    text(token).map(Some)
}

/// The cookie's value over all lines: HTTP/2 may split them (RFC 9113 section 8.2.3). An empty one has been deleted.
fn in_cookie<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Refusal> {
    let mut values = headers
        .get_all(COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .flat_map(|line| line.split(|byte| *byte == b';'))
        .filter_map(|pair| {
            let value = pair.trim_ascii().strip_prefix(name.as_bytes())?;
            value.strip_prefix(b"=")
        });
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(Refusal::SeveralCredentials),
        (None | Some(b""), None) => Ok(None),
        (Some(value), None) => text(value).map(Some),
    }
}

/// RFC 9110 section 11.2, without the padding.
const TOKEN68: Alphabet<6> = Alphabet(*b"-._~+/");

/// Whether these are credentials by RFC 9110 section 11.2.
pub(super) fn is_token68(token: &str) -> bool {
    let unpadded = token.trim_end_matches('=');
    !unpadded.is_empty() && TOKEN68.hold(unpadded.as_bytes())
}

/// What could be a token; see [`is_token68`].
fn text(token: &[u8]) -> Result<&str, Refusal> {
    match str::from_utf8(token) {
        Ok(token) if !token.is_empty() => Ok(token),
        _ => Err(Refusal::MalformedCredentials),
    }
}
