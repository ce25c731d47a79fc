//! The gate of portcullis: on axum, on hyper, and with workers.

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;

use e2e_contract::{AUDIENCE, HOUR, ISSUER, ORIGIN, ROLE, SECRET, Settings};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request};
use portcullis::authorize::Policy;
use portcullis::cors::CorsLayer;
use portcullis::jwt::{Algorithm, JwtLayer, Key, TokenCache};
use portcullis::rate_limit::{Quota, RateLimitLayer};
use portcullis::security_headers::SecurityHeadersLayer;
use portcullis::server::{self, RequestBody};
use portcullis::stack::Stack;
use tower::{Layer, service_fn};

use crate::Served;
use crate::bare::listener;
use crate::routes::{answer, router};

/// Held connections count.
const CONNECTIONS: usize = 20_000;

fn gate(settings: &Settings, cache: Option<TokenCache>) -> Result<Stack, Box<dyn Error>> {
    let key = Key::hmac(Algorithm::HS256, SECRET);
    let mut jwt = JwtLayer::builder().key(key).issuer(ISSUER).audience(AUDIENCE);
    if let Some(cache) = cache {
        jwt = jwt.cache(cache);
    }
    let cors = CorsLayer::builder()
        .origin(ORIGIN)
        .credentials(true)
        .methods([Method::GET, Method::PUT])
        .headers([AUTHORIZATION.as_str(), CONTENT_TYPE.as_str()])
        .max_age(HOUR);
    let stack = Stack::builder()
        // The others send HSTS over plain HTTP, too.
        .security_headers(SecurityHeadersLayer::builder().hsts_always())
        .cors(cors)
        .rate_limit(RateLimitLayer::builder().quota(Quota::new(settings.quota, HOUR)))
        .jwt(jwt)
        .authorize(Policy::role(ROLE));
    Ok(stack.build()?)
}

/// On axum's own server, as bare axum is: the difference is the gate.
pub(crate) async fn axum(settings: Settings) -> Served {
    on_axum(settings, None).await
}

/// Tokens that were verified once are looked up.
pub(crate) async fn axum_cached(settings: Settings) -> Served {
    on_axum(settings, Some(TokenCache::new(1000, 16 << 20))).await
}

async fn on_axum(settings: Settings, cache: Option<TokenCache>) -> Served {
    let app = router().layer(gate(&settings, cache)?);
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener(&settings).await?, service).await?)
}

/// As the README has it: on the server of portcullis, with its deadlines and bounds.
pub(crate) async fn axum_on_own_server(settings: Settings) -> Served {
    let app = router().layer(gate(&settings, None)?);
    let server = server::bind(("127.0.0.1", settings.port)).await?;
    server.max_connections(CONNECTIONS).serve(app).await;
    Ok(())
}

pub(crate) async fn hyper(settings: Settings) -> Served {
    let app = gate(&settings, None)?.layer(service_fn(async |request: Request<RequestBody>| {
        Ok::<_, Infallible>(answer(&request))
    }));
    let server = server::bind(("127.0.0.1", settings.port)).await?;
    server.max_connections(CONNECTIONS).serve(app).await;
    Ok(())
}

pub(crate) async fn workers(settings: Settings) -> Served {
    let gate = gate(&settings, None)?;
    let count = std::thread::available_parallelism()?.get();
    let server = server::bind_reuse_port(("127.0.0.1", settings.port), count).await?;
    let service = move || {
        gate.layer(service_fn(async |request: Request<RequestBody>| {
            Ok::<_, Infallible>(answer(&request))
        }))
    };
    Ok(server
        .max_connections(CONNECTIONS)
        .workers(count)
        .serve(service)
        .await?)
}
