use std::time::Duration;

use http::header::COOKIE;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::token::RefreshToken;
use crate::config_error::ConfigError;

/// Keeps the refresh token in a cookie that no script can read and no other site can make the browser send.
///
/// `Set-Cookie` has `HttpOnly`, `SameSite=Strict`, `Path=/`, and with the name's prefix `__Host-` also `Secure` and no `Domain`, so that
/// no other host of the domain can set it (RFC 6265bis section 4.1.3.2).
///
/// ```
/// use http::HeaderMap;
/// use portcullis::session::{RefreshCookie, Sessions};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cookie = RefreshCookie::new();
/// let session = Sessions::builder().build()?.start("42", "Firefox on Linux").await?;
/// let set = cookie.set(&session.refresh_token, session.expires_in);
/// assert!(set.to_str()?.ends_with("; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=604800"));
/// assert!(set.is_sensitive());
///
/// let mut request = HeaderMap::new();
/// let sent = set.to_str()?.split(';').next().unwrap_or_default();
/// request.insert("cookie", format!("theme=dark; {sent}").parse()?);
/// assert_eq!(cookie.read(&request), Some(session.refresh_token.as_str()));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct RefreshCookie {
    name: String,
    attributes: &'static str,
}

const SECURE: &str = "; Path=/; Secure; HttpOnly; SameSite=Strict";
const INSECURE: &str = "; Path=/; HttpOnly; SameSite=Strict";

impl RefreshCookie {
    /// `__Host-refresh`.
    pub fn new() -> Self {
        Self {
            name: "__Host-refresh".to_owned(),
            attributes: SECURE,
        }
    }

    /// `__Host-` and this name, for two applications on one host.
    ///
    /// # Errors
    /// The name has other characters than a cookie's may have, or has the prefix already.
    pub fn named(name: &str) -> Result<Self, ConfigError> {
        let mut faults = ConfigError::collector();
        // RFC 6265 section 4.1.1: the same characters as in a header's name. Prefixes count without regard to case.
        if HeaderName::from_bytes(name.as_bytes()).is_err() || name.starts_with("__") {
            let reason = format!("`{name}` is not a cookie's name, or has a prefix; `__Host-` is put before it");
            faults.add("session", "named", reason);
        }
        faults.finish()?;
        Ok(Self {
            name: format!("__Host-{name}"),
            attributes: SECURE,
        })
    }

    /// `refresh`, without `Secure`: for development at `http://localhost` with a browser that keeps no secure cookie there. Whoever
    /// listens on the way can read it.
    pub fn insecure_for_localhost() -> Self {
        Self {
            name: "refresh".to_owned(),
            attributes: INSECURE,
        }
    }

    /// The cookie's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A `Set-Cookie` that keeps the token for as long as it is good, in whole seconds.
    pub fn set(&self, token: &RefreshToken, expires_in: Duration) -> HeaderValue {
        self.value(token.as_str(), expires_in.as_secs())
    }

    /// A `Set-Cookie` that makes the browser forget the token.
    pub fn clear(&self) -> HeaderValue {
        self.value("", 0)
    }

    /// The token of a request. Two cookies of the name are none: the browser has sent one that somebody else has set.
    pub fn read<'a>(&self, request: &'a HeaderMap) -> Option<&'a str> {
        // HTTP/2 may send each cookie on a line of its own (RFC 9113 section 8.2.3).
        let lines = request.get_all(COOKIE).iter();
        let cookies = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
        let mut own = cookies.filter_map(|cookie| {
            let cookie = cookie.trim_ascii();
            cookie.strip_prefix(self.name.as_bytes())?.strip_prefix(b"=")
        });
        match (own.next(), own.next()) {
            (Some(only), None) => std::str::from_utf8(only).ok().filter(|token| !token.is_empty()),
            _ => None,
        }
    }

    fn value(&self, token: &str, seconds: u64) -> HeaderValue {
        let text = format!("{}={token}{}; Max-Age={seconds}", self.name, self.attributes);
        // The name was checked, and a token is base64url.
        let mut value = HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""));
        value.set_sensitive(true);
        value
    }
}

impl Default for RefreshCookie {
    fn default() -> Self {
        Self::new()
    }
}
