//! Requests as browsers send them and servers hand them over, tokens, and a log that goes nowhere.

use std::sync::Once;

use http::header::{AUTHORIZATION, HeaderValue};
use http::{Method, Request, Uri};
use portcullis::client_ip::PeerAddr;
use portcullis::jwt::{Algorithm, Issuer, JwtLayer, JwtLayerBuilder, SigningKey};
use portcullis::{ConfigError, Identity};

use crate::measure::{Body, Model};

pub(crate) const ORIGINS: [&str; 3] = [
    "https://app.example.com",
    "https://b.example.com",
    "https://c.example.com",
];
const ISSUER: &str = "https://id.example.com";
const AUDIENCE: &str = "shop";

/// Known to everyone, and long enough.
pub(crate) const SECRET: [u8; 32] = [7; 32];

pub(crate) fn plain() -> Model {
    request(&[])
}

/// From a page of an allowed origin.
pub(crate) fn from_page() -> Model {
    request(&[("origin", ORIGINS[0]), ("sec-fetch-site", "same-site")])
}

pub(crate) fn preflight(origin: &'static str) -> Model {
    let mut request = request(&[("origin", origin), ("access-control-request-method", "PUT")]);
    *request.method_mut() = Method::OPTIONS;
    request
}

/// A form of another site.
pub(crate) fn forged() -> Model {
    let mut request = request(&[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")]);
    *request.method_mut() = Method::POST;
    request
}

/// The caller is known, as a layer outside has left it.
pub(crate) fn known(role: &str) -> Model {
    let mut request = plain();
    request.extensions_mut().insert(Identity::user("42").with_roles([role]));
    request
}

pub(crate) fn bearing(token: &str) -> Model {
    let mut request = from_page();
    if let Ok(bearer) = HeaderValue::try_from(format!("Bearer {token}")) {
        request.headers_mut().insert(AUTHORIZATION, bearer);
    }
    request
}

pub(crate) fn jwt() -> JwtLayerBuilder {
    let key = key().verifying_key();
    JwtLayer::builder().key(key).issuer(ISSUER).audience(AUDIENCE)
}

/// A token of an editor, of a reader, and one whose signature is not right.
pub(crate) fn tokens() -> Result<[String; 3], ConfigError> {
    let issuer = Issuer::builder().key(key()).issuer(ISSUER).audience(AUDIENCE).build()?;
    let sign = |role| issuer.token("42").roles([role]).sign().unwrap_or_default();
    let mut tampered = sign("editor");
    let start = tampered.rfind('.').map_or(0, |dot| dot + 1);
    let change = if tampered[start..].starts_with('A') { "B" } else { "A" };
    tampered.replace_range(start..=start, change);
    Ok([sign("editor"), sign("reader"), tampered])
}

fn key() -> SigningKey {
    SigningKey::hmac(Algorithm::HS256, SECRET)
}

fn request(headers: &[(&'static str, &'static str)]) -> Model {
    let mut request = Request::new(Body::default());
    *request.uri_mut() = Uri::from_static("/posts/7?draft=1");
    let browser = [
        ("host", "shop.example.com"),
        (
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        ),
        ("accept", "application/json"),
        ("accept-language", "en-US,en;q=0.5"),
        ("accept-encoding", "gzip, deflate, br"),
    ];
    for (name, value) in browser.iter().chain(headers) {
        request.headers_mut().append(*name, HeaderValue::from_static(value));
    }
    let peer = PeerAddr(([198, 51, 100, 7], 4711).into());
    request.extensions_mut().insert(peer);
    request
}

/// From here on every record of `INFO` and above is written as JSON, and thrown away.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_max_level(tracing::Level::INFO)
            .with_writer(std::io::sink);
        // Fails only where there is one already, and here there is none.
        let _ = tracing::subscriber::set_global_default(subscriber.finish());
    });
}
