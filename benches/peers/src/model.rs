//! Requests as browsers send them, and the token that some of them bear.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::body::Body;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Method};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use portcullis::Identity;
use serde::{Deserialize, Serialize};

use crate::harness::{Model, Request};

pub(crate) const ISSUER: &str = "https://id.example.com";
pub(crate) const AUDIENCE: &str = "shop";
pub(crate) const KEY_ID: &str = "k1";
pub(crate) const SECRET: [u8; 32] = [7; 32];

pub(crate) const ORIGINS: [&str; 3] = [
    "https://app.example.com",
    "https://b.example.com",
    "https://c.example.com",
];

/// What the rivals read from a token.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    pub(crate) aud: String,
    pub(crate) sub: String,
    pub(crate) exp: u64,
    pub(crate) nbf: u64,
    pub(crate) roles: Vec<String>,
}

/// Who the caller is, for layers that are measured without the one that finds it out: as a user of `from_fn` would keep it.
#[derive(Clone)]
pub(crate) struct Roles(pub(crate) Arc<Vec<String>>);

pub(crate) fn plain() -> Model {
    model(&[])
}

pub(crate) fn from_page() -> Model {
    model(&[("origin", ORIGINS[0]), ("sec-fetch-site", "same-site")])
}

pub(crate) fn preflight() -> Model {
    let mut model = model(&[
        ("origin", ORIGINS[0]),
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "content-type"),
    ]);
    model.parts.method = Method::OPTIONS;
    model
}

/// From an allowed page, with a token of an editor.
pub(crate) fn signed() -> Result<Model, String> {
    with_token(&sign("editor")?)
}

/// Verified, and not allowed.
pub(crate) fn signed_by_reader() -> Result<Model, String> {
    with_token(&sign("reader")?)
}

/// All is right but the signature.
pub(crate) fn tampered() -> Result<Model, String> {
    let mut token = sign("editor")?;
    let end = token.len() - 8;
    let change = if token.ends_with("AAAAAAAA") {
        "BBBBBBBA"
    } else {
        "AAAAAAAA"
    };
    token.replace_range(end.., change);
    with_token(&token)
}

/// No token at all, though something is there that calls itself one.
pub(crate) fn garbage() -> Result<Model, String> {
    with_token("forged")
}

/// As a layer outside has left it: the caller is known.
pub(crate) fn known(role: &str) -> Model {
    let mut model = plain();
    let extensions = &mut model.parts.extensions;
    extensions.insert(Identity::user("42").with_roles([role]));
    extensions.insert(Roles(Arc::new(vec![role.to_owned()])));
    model
}

fn model(headers: &[(&'static str, &'static str)]) -> Model {
    let mut parts = Request::new(Body::empty()).into_parts().0;
    parts.uri = http::Uri::from_static("/posts/7?draft=1");
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
        parts.headers.append(*name, HeaderValue::from_static(value));
    }
    Model { parts, addresses: 1 }
}

fn with_token(token: &str) -> Result<Model, String> {
    let mut model = from_page();
    let bearer = HeaderValue::try_from(format!("Bearer {token}")).map_err(|error| error.to_string())?;
    model.parts.headers.insert(AUTHORIZATION, bearer);
    Ok(model)
}

fn sign(role: &str) -> Result<String, String> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.unwrap_or(Duration::ZERO).as_secs();
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: "42".to_owned(),
        exp: now + 3600,
        nbf: now - 60,
        roles: vec![role.to_owned()],
    };
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some(KEY_ID.to_owned());
    jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&SECRET)).map_err(|error| error.to_string())
}
