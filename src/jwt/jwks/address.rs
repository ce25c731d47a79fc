//! Which addresses keys may come from: whoever answers there says who may come in.

use std::net::IpAddr;

use http::Uri;

/// A URL without a fragment that is `https`, or `http` to this machine, or `http` anywhere where the builder says so.
pub(super) fn check(url: &str, insecure: bool) -> Result<Uri, &'static str> {
    let uri: Uri = url.parse().map_err(|_| "is not a URL")?;
    let Some(authority) = uri.authority() else {
        return Err("is not a URL with a host");
    };
    // A password in a URL would stand in the log.
    if authority.as_str().contains('@') {
        return Err("has user information; fetch it yourself with `Jwks::fetch_with`");
    }
    match uri.scheme_str() {
        Some("https") => Ok(uri),
        Some("http") if insecure || is_loopback(authority.host()) => Ok(uri),
        Some("http") => Err("is not `https`; without it anybody on the way can add a key"),
        _ => Err("is neither `https` nor `http`"),
    }
}

/// An address is meant, not a name: what a name stands for, others decide. `localhost` stands for nothing else (RFC 6761
/// section 6.3).
fn is_loopback(host: &str) -> bool {
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    host.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
