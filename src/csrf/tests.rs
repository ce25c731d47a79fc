use std::convert::Infallible;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::Full;
use proptest::prelude::*;
use tower::{Layer, Service, ServiceExt, service_fn};

use super::layer::{CsrfLayer, CsrfLayerBuilder};
use super::policy::{Policy, Refusal};
use crate::origin::Origin;
use crate::request_view::RequestView;

fn policy() -> Policy {
    let mut policy = Policy {
        paths: vec!["/hook".into()],
        prefixes: vec!["/hooks".into()],
        closures: vec![std::sync::Arc::new(|request| request.method() == Method::PATCH)],
        ..Policy::default()
    };
    for origin in ["https://trusted.example", "https://*.tenants.example"] {
        policy.trust(Origin::parse(origin).unwrap());
    }
    policy
}

fn judge(method: &str, uri: &str, headers: &[(&'static str, &str)]) -> Result<(), Refusal> {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    policy().check(RequestView::of(&request.body(()).unwrap()))
}

#[test]
fn rules_in_their_order() {
    fn check(request: &str, headers: &[(&'static str, &str)], expect: Result<(), Refusal>) {
        let (method, uri) = request.split_once(' ').unwrap();
        assert_eq!(judge(method, uri, headers), expect, "{request} {headers:?}");
    }
    const CROSS: Result<(), Refusal> = Err(Refusal::CrossOrigin);
    const OLD: Result<(), Refusal> = Err(Refusal::CrossOriginFromOldBrowser);
    let site = |value| ("sec-fetch-site", value);
    let origin = |value| ("origin", value);
    let host = ("host", "own.example");

    check("GET /", &[site("cross-site")], Ok(()));
    check("HEAD /", &[site("cross-site")], Ok(()));
    check("OPTIONS /", &[site("cross-site")], Ok(()));
    check("TRACE /", &[site("cross-site")], CROSS);
    check("POST /", &[], Ok(()));
    check("POST /", &[site("same-origin")], Ok(()));
    check("POST /", &[site("none")], Ok(()));
    check("POST /", &[site("same-site")], CROSS);
    check("POST /", &[site("cross-site")], CROSS);
    check("POST /", &[site("Same-Origin")], CROSS);
    check("POST /", &[site("")], Ok(()));
    check(
        "POST /",
        &[site("cross-site"), origin("https://trusted.example")],
        Ok(()),
    );
    check(
        "POST /",
        &[site("cross-site"), origin("https://a.tenants.example")],
        Ok(()),
    );
    check(
        "POST /",
        &[site("cross-site"), origin("https://trusted.example.evil")],
        CROSS,
    );
    check("POST /", &[origin("https://own.example"), host], Ok(()));
    check("POST /", &[origin("http://own.example"), host], Ok(()));
    check("POST /", &[origin("https://own.example:444"), host], OLD);
    check("POST /", &[origin("https://evil.example"), host], OLD);
    check("POST /", &[origin("null"), host], OLD);
    check("POST /", &[origin("null"), ("host", "null")], OLD);
    check("POST /", &[origin("https://"), ("host", "")], OLD);
    check("POST /", &[origin(""), host], Ok(()));
    check(
        "POST https://own.example/",
        &[origin("https://own.example"), ("host", "other")],
        Ok(()),
    );
    check("POST https://other/", &[origin("https://own.example"), host], OLD);
    check("POST /hook", &[site("cross-site")], Ok(()));
    check("POST /hook/", &[site("cross-site")], CROSS);
    check("POST /hooks/a", &[site("cross-site")], Ok(()));
    check("POST /hooks-of-mine", &[site("cross-site")], CROSS);
    check("POST /hooks/../transfer", &[site("cross-site")], CROSS);
    check("POST /hooks/%2e%2e/transfer", &[site("cross-site")], CROSS);
    check("PATCH /", &[site("cross-site")], Ok(()));
    check("GET /", &[("upgrade", "websocket"), site("cross-site")], CROSS);
    check(
        "GET /",
        &[("upgrade", "h2c, WebSocket"), origin("https://evil.example"), host],
        OLD,
    );
    check(
        "GET /",
        &[("upgrade", "websocket"), origin("https://own.example"), host],
        Ok(()),
    );
    check("GET /", &[("upgrade", "h2c"), site("cross-site")], Ok(()));
}

#[test]
fn every_fault_is_listed() {
    fn check(builder: CsrfLayerBuilder, expect: &[&str]) {
        let error = builder.build().unwrap_err();
        let found: Vec<_> = error.faults().iter().map(crate::config_error::Fault::setting).collect();
        assert_eq!(found, expect, "{error}");
    }
    check(
        CsrfLayer::builder()
            .trust_origins(["a", "https://a/"])
            .exempt("a")
            .exempt("/a%20b")
            .exempt_below("/a?b")
            .exempt_below("/a%20b")
            .exempt_below("/a/../b"),
        &[
            "trust_origin",
            "trust_origin",
            "exempt",
            "exempt_below",
            "exempt_below",
            "exempt_below",
        ],
    );
}

#[tokio::test]
async fn refusals_are_problems_and_reports_are_none() {
    async fn check(layer: CsrfLayer, expect: (u16, Option<Refusal>)) {
        let service = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())));
        let request = Request::post("/")
            .header("sec-fetch-site", "cross-site")
            .body(())
            .unwrap();
        let response = layer.layer(service).oneshot(request).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), response.extensions().get().copied()),
            expect
        );
    }
    check(CsrfLayer::default(), (403, Some(Refusal::CrossOrigin))).await;
    check(CsrfLayer::builder().report_only(true).build().unwrap(), (200, None)).await;
}

fn headers() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let site = prop_oneof![
        Just("same-origin"),
        Just("same-site"),
        Just("cross-site"),
        Just("none"),
        Just(""),
        Just("x")
    ];
    let origin = prop_oneof![
        Just("https://own.example"),
        Just("http://own.example"),
        Just("https://own.example:8443"),
        Just("https://evil.example"),
        Just("https://trusted.example"),
        Just("null"),
        Just(""),
        Just("own.example"),
        Just("ftp://own.example"),
    ];
    let host = prop_oneof![Just("own.example"), Just("own.example:8443"), Just("null")];
    (
        proptest::option::of(site.prop_map(|value| ("sec-fetch-site", value))),
        proptest::option::of(origin.prop_map(|value| ("origin", value))),
        proptest::option::of(host.prop_map(|value| ("host", value))),
    )
        .prop_map(|(site, origin, host)| site.into_iter().chain(origin).chain(host).collect())
}

proptest! {
    #[test]
    fn decides_as_tower_http_does(
        method in prop_oneof![Just("GET"), Just("HEAD"), Just("POST"), Just("DELETE"), Just("TRACE"), Just("X")],
        uri in prop_oneof![Just("/"), Just("https://own.example/a"), Just("http://other.example/")],
        headers in headers(),
    ) {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in &headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).unwrap();
        let mut policy = Policy::default();
        policy.trust(Origin::parse("https://trusted.example").unwrap());
        let ours = policy.check(RequestView::of(&request));

        let bare = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())));
        let rival = tower_http::csrf::CsrfLayer::new().add_trusted_origin("https://trusted.example").unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let theirs = runtime.block_on(rival.layer(bare).call(request)).unwrap().status();
        prop_assert_eq!(ours.is_ok(), theirs == 200, "{} {} {:?}", method, uri, headers);
    }
}
