//! What is held, and by whom: the service that was ready, the places, the request in flight.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use portcullis::rate_limit::{Beyond, Key, Quota, RateLimitLayer};
use portcullis::shutdown::Shutdown;
use portcullis::stack::Stack;
use portcullis::throttle::ThrottleLayer;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_test::{assert_request_eq, mock};

type Answer = Response<Full<Bytes>>;

const HOUR: Duration = Duration::from_secs(3600);

/// Readiness is of one instance and for one call, also where the request waits in between.
#[tokio::test(start_paused = true)]
async fn the_ready_service_is_the_one_called_after_a_wait_too() {
    let limit = RateLimitLayer::builder()
        .quota(Quota::new(1, HOUR))
        .key(Key::everyone())
        .beyond(Beyond::Delay { step: HOUR, max: HOUR });
    let stack = Stack::builder().rate_limit(limit).build().unwrap();
    let (service, mut handle) = mock::pair::<&str, Answer>();
    let service = service.map_request(|request: Request<&'static str>| *request.body());
    let mut gate = mock::Spawn::new(stack.layer(service));
    handle.allow(0);
    assert!(gate.poll_ready().is_pending());
    for (request, wait) in [("at once", Duration::ZERO), ("later", HOUR)] {
        handle.allow(1);
        assert!(gate.poll_ready().is_ready());
        let begun = tokio::time::Instant::now();
        let answer = tokio::spawn(gate.call(Request::new(request)));
        if !wait.is_zero() {
            handle.allow(0);
            assert!(gate.poll_ready().is_pending(), "the clone that was left is not ready");
        }
        assert_request_eq!(handle, request).send_response(Answer::default());
        assert_eq!(answer.await.unwrap().unwrap().status(), 200);
        assert!(begun.elapsed() >= wait);
    }
}

#[tokio::test]
async fn a_place_and_the_count_last_until_the_body_has_ended() {
    let shutdown = Shutdown::builder().trigger(std::future::pending()).build().unwrap();
    let throttle = ThrottleLayer::builder().max_concurrent(1).max_queued(0);
    let stack = Stack::builder()
        .throttle(throttle)
        .shutdown(shutdown.layer())
        .build()
        .unwrap();
    let gate = stack.layer(service_fn(async |_: Request<()>| {
        Ok::<_, std::io::Error>(Answer::default())
    }));
    let send = || gate.clone().oneshot(Request::new(()));
    let first = send().await.unwrap();
    assert_eq!((first.status().as_u16(), shutdown.handle().in_flight()), (200, 1));
    assert_eq!(send().await.unwrap().status(), 503);
    drop(first);
    assert_eq!(send().await.unwrap().status(), 200);
    assert_eq!(shutdown.handle().in_flight(), 0);
    // Dropped before it is polled, the request leaves nothing behind.
    let mut unpolled = gate.clone();
    let unpolled = unpolled.ready().await.unwrap().call(Request::new(()));
    assert_eq!(shutdown.handle().in_flight(), 1);
    assert_eq!(send().await.unwrap().status(), 503);
    drop(unpolled);
    assert_eq!(send().await.unwrap().status(), 200);
    assert_eq!(shutdown.handle().in_flight(), 0);
}

/// For servers of one thread: nothing asks that a service, its future or its body can be sent to another.
#[tokio::test]
async fn a_service_may_be_bound_to_its_thread() {
    struct Local(
        Full<Bytes>,
        #[expect(dead_code, reason = "what binds the body")] Option<Rc<()>>,
    );

    impl http_body::Body for Local {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
            std::pin::Pin::new(&mut self.0).poll_frame(cx)
        }
    }

    impl portcullis::RejectBody for Local {
        fn reject(bytes: Bytes) -> Self {
            Self(Full::new(bytes), None)
        }
    }

    let bound = Rc::new(());
    let service = service_fn(move |_: Request<Rc<()>>| {
        let bound = Rc::clone(&bound);
        async { Ok::<_, std::io::Error>(Response::new(Local(Full::default(), Some(bound)))) }
    });
    let stack = Stack::builder().build().unwrap();
    let response = stack.layer(service).oneshot(Request::new(Rc::new(()))).await.unwrap();
    assert_eq!(response.status(), 200);
}
