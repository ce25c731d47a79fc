//! Async rules of `authorize`: when they are asked, what becomes of those that fail, and what waits meanwhile.

mod log;

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use portcullis::authorize::{AuthorizeLayer, Policy};
use portcullis::trail::Failure;
use portcullis::{Identity, Problem, RequestId, Trail};
use tower::{Layer, ServiceExt, service_fn};

use self::log::Log;

type Answer = Response<Full<Bytes>>;

fn request(identity: Identity) -> Request<&'static str> {
    let mut request = Request::post("/posts/7?token=secret").body("the body").unwrap();
    let id = RequestId::parse(&HeaderValue::from_static("id-7")).unwrap();
    request.extensions_mut().insert(id);
    request.extensions_mut().insert(Trail::default());
    request.extensions_mut().insert(identity);
    request
}

/// Sends a request and says what came of it and whether the service was called.
async fn send(layer: impl Into<AuthorizeLayer>, request: Request<&'static str>) -> (Answer, bool) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let service = service_fn(move |request: Request<&'static str>| {
        counted.fetch_add(1, Ordering::Relaxed);
        assert_eq!((*request.body(), request.uri().path()), ("the body", "/posts/7"));
        assert!(request.extensions().get::<Identity>().is_some());
        async { Ok::<_, Infallible>(Answer::default()) }
    });
    let response = layer.into().layer(service).oneshot(request).await.unwrap();
    (response, calls.load(Ordering::Relaxed) == 1)
}

async fn check(policy: Policy, identity: Identity, expect: u16) {
    let named = format!("{policy} {identity:?}");
    let (response, called) = send(policy, request(identity)).await;
    assert_eq!(response.status(), expect, "{named}");
    assert_eq!(called, expect == 200, "{named}");
    if expect != 200 {
        let problem = response.extensions().get::<Problem>().unwrap();
        assert_eq!(problem.request_id().map(RequestId::as_str), Some("id-7"), "{named}");
    }
}

fn says(answer: bool) -> Policy {
    Policy::ask(if answer { "yes" } else { "no" }, move |_, _| async move {
        tokio::task::yield_now().await;
        Ok(answer)
    })
}

fn fails() -> Policy {
    Policy::ask("fails", |_, _| async {
        tokio::task::yield_now().await;
        Err(io::Error::other("the pool is closed\nand forged").into())
    })
}

fn hangs() -> Policy {
    Policy::ask("hangs", |_, _| std::future::pending())
}

#[tokio::test(start_paused = true)]
async fn answers_decide_and_failures_never_allow() {
    let user = || Identity::user("42");
    check(says(true), user(), 200).await;
    check(says(false), user(), 403).await;
    check(!says(false), user(), 200).await;
    check(says(true) & says(true) & !says(false), user(), 200).await;
    check(says(true), Identity::anonymous(), 401).await;
    check(!says(false), Identity::anonymous(), 401).await;
    for broken in [fails(), hangs()] {
        check(broken.clone(), user(), 503).await;
        check(!broken.clone(), user(), 503).await;
        check(!!broken.clone(), user(), 503).await;
        check(!(broken.clone() & says(true)), user(), 503).await;
        check(!(broken.clone() | says(false)), user(), 503).await;
        check(says(true) & broken.clone(), user(), 503).await;
        check(says(false) | broken.clone(), user(), 503).await;
        check(says(true) | broken.clone(), user(), 200).await;
        check(says(false) & broken.clone(), user(), 403).await;
        check(broken.clone() | Policy::authenticated(), user(), 200).await;
        check(broken & Policy::role("admin"), user(), 403).await;
    }
    // The pool may be closed for one rule and not for the other; time is out for both.
    check(fails() | says(true), user(), 200).await;
    check(hangs() | says(true), user(), 503).await;
}

#[tokio::test]
async fn the_log_has_the_cause_and_the_client_has_not() {
    let log = Log::default();
    let _listening = log.listen();
    let sent = request(Identity::user("42"));
    let trail = sent.extensions().get::<Trail>().cloned().unwrap();
    let (response, _) = send(!fails() & Policy::authenticated(), sent).await;
    let problem = response.extensions().get::<Problem>().unwrap();
    assert_eq!((problem.status().as_u16(), problem.detail()), (503, None));
    assert_eq!(trail.failure(), Some(Failure::Error));
    let record = log.text();
    for part in [
        "ERROR",
        "portcullis::authorize",
        "id-7",
        "not ask fails and authenticated",
        "the pool is closed",
    ] {
        assert!(record.contains(part), "{part} in {record}");
    }
    assert!(!record.contains("secret"), "{record}");
    assert_eq!(record.lines().count(), 1, "{record}");
}

#[tokio::test]
async fn an_error_that_is_a_problem_is_that_problem_and_no_record() {
    let log = Log::default();
    let _listening = log.listen();
    let missing = Policy::ask("owner", async |_, _| {
        Err(Problem::new(StatusCode::NOT_FOUND).with_detail("no such post").into())
    });
    check(missing.clone(), Identity::user("42"), 404).await;
    check(!missing.clone(), Identity::user("42"), 404).await;
    check(missing | says(true), Identity::user("42"), 200).await;
    assert_eq!(log.text(), "");
}

#[tokio::test(start_paused = true)]
async fn all_questions_of_a_request_share_one_deadline() {
    async fn slow() -> portcullis::Result<bool> {
        tokio::time::sleep(Duration::from_millis(600)).await;
        Ok(true)
    }
    let twice = || Policy::ask("a", |_, _| slow()) & Policy::ask("b", |_, _| slow());
    let log = Log::default();
    let _listening = log.listen();
    let sent = request(Identity::user("42"));
    let trail = sent.extensions().get::<Trail>().cloned().unwrap();
    let start = tokio::time::Instant::now();
    let (response, called) = send(twice(), sent).await;
    assert_eq!((response.status().as_u16(), called), (503, false));
    assert_eq!(start.elapsed().as_millis() / 10, 100);
    assert_eq!(trail.failure(), Some(Failure::TimedOut));
    assert!(
        log.text().contains("rule=\"b\"") && log.text().contains("deadline_ms=1000"),
        "{}",
        log.text()
    );

    let patient = AuthorizeLayer::new(twice()).deadline(Duration::from_millis(1300));
    assert_eq!(send(patient, request(Identity::user("42"))).await.0.status(), 200);
    // What is answered at once needs no time.
    let hasty = |policy| AuthorizeLayer::new(policy).deadline(Duration::ZERO);
    let at_once = Policy::ask("at once", async |_, _| Ok(true));
    assert_eq!(
        send(hasty(at_once), request(Identity::user("42"))).await.0.status(),
        200
    );
    assert_eq!(
        send(hasty(twice()), request(Identity::user("42"))).await.0.status(),
        503
    );
}

#[tokio::test]
async fn a_question_is_asked_once_of_one_request_and_anew_of_the_next() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let owner = Policy::ask("owner", move |identity, parts| {
        counter.fetch_add(1, Ordering::Relaxed);
        async move {
            assert_eq!(
                (parts.method.as_str(), parts.uri.query()),
                ("POST", Some("token=secret"))
            );
            Ok(identity.subject() == Some("42") && parts.extensions.get::<RequestId>().is_some())
        }
    });
    let layer = AuthorizeLayer::new((Policy::role("admin") & owner.clone()) | (owner.clone() & !!owner));
    for round in 1..3 {
        let (response, called) = send(layer.clone(), request(Identity::user("42"))).await;
        assert!(called && response.status() == 200);
        assert_eq!(asked.load(Ordering::Relaxed), round);
    }
    send(layer, request(Identity::anonymous())).await;
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn the_service_that_was_ready_is_the_one_called_when_the_answer_comes() {
    let (answer, wait) = tokio::sync::watch::channel(false);
    let policy = Policy::ask("later", move |_, _| {
        let mut wait = wait.clone();
        async move { Ok(wait.wait_for(|answered| *answered).await.is_ok()) }
    });
    let (mut service, mut handle) =
        tower_test::mock::spawn_layer::<Request<&'static str>, Answer, _>(AuthorizeLayer::new(policy));
    handle.allow(1);
    assert!(service.poll_ready().is_ready());
    // The mock panics where a clone is called that has not been ready.
    let mut asking = tokio::spawn(service.call(request(Identity::user("42"))));
    tokio::task::yield_now().await;
    assert!(handle.poll_request().is_pending(), "called before it was allowed");
    answer.send_replace(true);
    let (_, respond) = tokio::select! {
        ended = &mut asking => panic!("not the service that was ready: {ended:?}"),
        called = handle.next_request() => called.unwrap(),
    };
    respond.send_response(Answer::default());
    assert_eq!(asking.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_question_along() {
    let held = Arc::new(());
    let token = Arc::clone(&held);
    let policy = Policy::ask("long", move |_, _| {
        let token = Arc::clone(&token);
        async move {
            std::future::pending::<()>().await;
            Ok(Arc::strong_count(&token) > 0)
        }
    });
    let before = Arc::strong_count(&held);
    let mut asking = Box::pin(send(policy, request(Identity::user("42"))));
    assert!(is_pending(&mut asking).await);
    assert_eq!(Arc::strong_count(&held), before + 1);
    drop(asking);
    assert_eq!(
        Arc::strong_count(&held),
        before - 1,
        "the policy is gone with its layer, and so is the question"
    );
}

async fn is_pending<F: Future + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|cx| Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx).is_pending())).await
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn on_axum_a_question_knows_the_parameters_of_the_route() {
    use axum::RequestPartsExt;
    use axum::body::Body;
    use axum::routing::put;
    use portcullis::axum::Path;

    let owner = Policy::ask("owner", async |identity, mut parts| {
        let Path(id) = parts.extract::<Path<u64>>().await?;
        Ok(id == 7 && identity.subject() == Some("42"))
    });
    let posts = axum::Router::new().route("/{id}", put("written").layer(AuthorizeLayer::new(owner)));
    let app = axum::Router::new().nest("/posts", posts);
    let status = async |path: &str, user: &'static str| {
        let mut request = Request::put(path).body(Body::empty()).unwrap();
        request.extensions_mut().insert(Identity::user(user));
        app.clone().oneshot(request).await.unwrap().status().as_u16()
    };
    assert_eq!(status("/posts/7", "42").await, 200);
    assert_eq!(status("/posts/7", "43").await, 403);
    assert_eq!(status("/posts/8", "42").await, 403);
    assert_eq!(status("/posts/eight", "42").await, 404);
}
