//! Without a gate: what all others are measured against.

use std::convert::Infallible;
use std::mem;

use axum::response::Response;
use e2e_contract::{ORIGIN, Settings};
use http::{HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tower::ServiceBuilder;

use crate::Served;
use crate::routes::{answer, router};

/// What a gate adds to an answer, as Express and its packages have it.
const HEADERS: [(&str, &str); 18] = [
    (
        "content-security-policy",
        "default-src 'self';base-uri 'self';font-src 'self' https: data:;form-action 'self';frame-ancestors 'self';\
         img-src 'self' data:;object-src 'none';script-src 'self';script-src-attr 'none';\
         style-src 'self' https: 'unsafe-inline';upgrade-insecure-requests",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("origin-agent-cluster", "?1"),
    ("referrer-policy", "no-referrer"),
    ("strict-transport-security", "max-age=31536000; includeSubDomains"),
    ("x-content-type-options", "nosniff"),
    ("x-dns-prefetch-control", "off"),
    ("x-download-options", "noopen"),
    ("x-frame-options", "SAMEORIGIN"),
    ("x-permitted-cross-domain-policies", "none"),
    ("x-xss-protection", "0"),
    ("access-control-allow-origin", ORIGIN),
    ("access-control-allow-credentials", "true"),
    ("vary", "Origin"),
    ("ratelimit-policy", "\"default\";q=1000000000;w=3600"),
    ("ratelimit", "\"default\";r=999999999;t=1"),
    ("x-request-id", "01a210a3-dd6d-7583-baf1-36f9c5deff2f"),
];

pub(crate) async fn listener(settings: &Settings) -> std::io::Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", settings.port)).await
}

pub(crate) async fn hyper(settings: Settings) -> Served {
    let listener = listener(&settings).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = service_fn(async |request| Ok::<_, Infallible>(answer(&request)));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        // A client that goes away in the middle of something is no fault of ours.
        tokio::spawn(async { drop(connection.await) });
    }
}

pub(crate) async fn axum(settings: Settings) -> Served {
    let listener = listener(&settings).await?;
    Ok(axum::serve(listener, router()).await?)
}

/// No gate, but an answer as long as behind one: what is left is what a gate does.
pub(crate) async fn axum_with_headers(settings: Settings) -> Served {
    let pair = |(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
    let headers: HeaderMap = HEADERS.into_iter().map(pair).collect();
    // The answer's two into a copy of the many: the other way round each of the many would be hashed.
    let add = move |mut response: Response| {
        let own = mem::replace(response.headers_mut(), headers.clone());
        response.headers_mut().extend(own);
        response
    };
    let app = router().layer(ServiceBuilder::new().map_response(add));
    Ok(axum::serve(listener(&settings).await?, app).await?)
}
