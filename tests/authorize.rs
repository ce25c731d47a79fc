//! What `authorize` promises beside its decisions: a misplaced layer is told to the log, and readiness is the service's.

mod log;

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use portcullis::authorize::{AuthorizeLayer, Policy};
use portcullis::{Identity, Problem, RequestId};
use tower::{Layer, Service, ServiceExt, service_fn};

use self::log::Log;

type Answer = Response<Full<Bytes>>;

async fn hello(_: Request<()>) -> Result<Answer, Infallible> {
    Ok(Answer::default())
}

#[tokio::test]
async fn a_missing_identity_layer_is_named_in_the_log_once() {
    let log = Log::default();
    let _listening = log.listen();
    let layer = AuthorizeLayer::new(Policy::role("admin"));
    for _ in 0..2 {
        let mut request = Request::new(());
        let id = RequestId::parse(&HeaderValue::from_static("id-7")).unwrap();
        request.extensions_mut().insert(id);
        let response = layer.layer(service_fn(hello)).oneshot(request).await.unwrap();
        assert_eq!(response.status(), 500);
        let problem = response.extensions().get::<Problem>().unwrap();
        assert_eq!(
            (problem.detail(), problem.request_id().map(RequestId::as_str)),
            (None, Some("id-7"))
        );
    }
    let record = log.text();
    assert_eq!(record.lines().count(), 1, "{record}");
    for part in ["ERROR", "portcullis::authorize", "role admin", "put the jwt layer"] {
        assert!(record.contains(part), "{part} in {record}");
    }
}

#[tokio::test]
async fn a_log_that_panics_spoils_no_later_request() {
    let layer = AuthorizeLayer::new(Policy::role("admin"));
    let full = tracing_subscriber::fmt().with_writer(|| -> std::io::Sink { panic!("the disk is full") });
    let listening = log::listen(full.finish());
    let mut service = layer.layer(service_fn(hello));
    let first = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(service.call(Request::new(())))));
    assert!(first.is_err(), "the log was not asked");
    drop(listening);
    let response = layer.layer(service_fn(hello)).oneshot(Request::new(())).await.unwrap();
    assert_eq!(response.status(), 500);
}

#[tokio::test]
async fn the_ready_service_is_the_one_called() {
    let layer = AuthorizeLayer::new(Policy::authenticated());
    let (mut service, mut handle) = tower_test::mock::spawn_layer::<Request<()>, Answer, _>(layer);
    let request = |identity: Identity| {
        let mut request = Request::new(());
        request.extensions_mut().insert(identity);
        request
    };
    handle.allow(0);
    assert!(service.poll_ready().is_pending());
    handle.allow(1);
    assert!(service.poll_ready().is_ready());
    let pending = tokio::spawn(service.call(request(Identity::user("42"))));
    let (_, answer) = handle.next_request().await.unwrap();
    answer.send_response(Answer::default());
    assert_eq!(pending.await.unwrap().unwrap().status(), 200);
    // A refusal uses the readiness that was granted, and does not call.
    handle.allow(1);
    assert!(service.poll_ready().is_ready());
    let refused = service.call(request(Identity::anonymous())).await.unwrap();
    assert_eq!(refused.status(), 401);
}
