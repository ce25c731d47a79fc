//! Tries the tokens of any issuer: `/` answers with their claims, or with the challenge.
//!
//! `cargo run --example jwt_gate --features jwks,server -- --jwks keys.json --issuer https://id.example.com --audience shop --port 3000`,
//! with `--hs256-secret` and base64url instead of `--jwks`, and `--typ at+jwt` where that is the only type to take. Then
//! `curl -i -H "authorization: Bearer $TOKEN" http://127.0.0.1:3000/`

use std::collections::HashMap;
use std::convert::Infallible;
use std::error::Error;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use portcullis::Identity;
use portcullis::jwt::{Algorithm, Jwks, JwtLayer, Key, Verified};
use portcullis::server::{self, RequestBody};
use serde_json::{Map, Value};
use tower::{Layer, service_fn};

pub(crate) type Claims = Map<String, Value>;

/// Answers with the claims of the caller's token.
pub(crate) async fn claims(request: Request<RequestBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    let claims = Verified::<Claims>::of(request.extensions()).map(|claims| Value::from((*claims).clone()));
    let mut response = Response::new(Full::from(claims.unwrap_or_default().to_string()));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// Who is calling, where the token says so: a token for a machine need not.
fn caller(claims: &Claims) -> Identity {
    match claims.get("sub").and_then(Value::as_str) {
        Some(subject) if !subject.is_empty() => Identity::user(subject),
        _ => Identity::anonymous(),
    }
}

/// The gate that these settings describe. `--jwks` is a file.
pub(crate) fn gate(settings: &HashMap<&str, &str>) -> Result<JwtLayer<Claims>, Box<dyn Error>> {
    let setting = |name: &'static str| settings.get(name).copied().ok_or(format!("{name} is missing"));
    let (issuer, audience) = (setting("--issuer")?, setting("--audience")?);
    let builder = JwtLayer::builder().issuer(issuer).audience(audience);
    let mut builder = match setting("--hs256-secret") {
        Ok(secret) => builder.key(Key::hmac(
            Algorithm::HS256,
            URL_SAFE_NO_PAD.decode(secret.trim_end_matches('='))?,
        )),
        Err(_) => builder.jwks(Jwks::file(setting("--jwks")?).build()?),
    };
    if let Ok(typ) = setting("--typ") {
        builder = builder.token_type(typ);
    }
    Ok(builder.claims::<Claims>().identity(caller).build()?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt::init();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let settings: HashMap<&str, &str> = arguments
        .chunks(2)
        .filter_map(|pair| Some((&*pair[0], &**pair.get(1)?)))
        .collect();
    let layer = gate(&settings)?;
    layer.preload().await?;
    let port = settings.get("--port").ok_or("--port is missing")?;
    let server = server::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on http://{}/", server.local_addr()?);
    server.serve(layer.layer(service_fn(claims))).await;
    Ok(())
}
