//! What the layer lets through.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use portcullis::identity::Token;
use portcullis::jwt::{Algorithm, Issuer, JwtLayer, SigningKey};
use portcullis::session::{
    Exchange, Exchanged, Family, Fingerprint, Question, Refusal, SessionId, SessionStore, Sessions, Standing,
    StoreError, StoreFailure, StoreFuture,
};
use portcullis::{Identity, Problem, RequestId};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};

use super::log::Log;
use super::model::Clock;

type Answer = Response<Full<Bytes>>;

pub(super) fn request(identity: Option<Identity>) -> Request<()> {
    let mut request = Request::new(());
    let id = RequestId::parse(&HeaderValue::from_static("id-7")).unwrap();
    request.extensions_mut().insert(id);
    if let Some(identity) = identity {
        request.extensions_mut().insert(identity);
    }
    request
}

pub(super) async fn send(sessions: &Sessions, identity: impl Into<Option<Identity>>) -> Answer {
    let hello = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Answer::default()));
    let service = sessions.layer().layer(hello);
    service.oneshot(request(identity.into())).await.unwrap()
}

pub(super) fn with_token(user: &str, token: Token) -> Identity {
    Identity::user(user).with_token(token)
}

/// Every rule about tokens, on any store that is empty.
pub(super) async fn refuses_what_is_over(clock: &Clock, sessions: &Sessions) {
    let check = async |user: &str, token: Token, expect: Option<Refusal>| {
        let response = send(sessions, with_token(user, token.clone())).await;
        assert_eq!(response.extensions().get(), expect.as_ref(), "{token:?}");
        assert_eq!(response.status(), if expect.is_some() { 401 } else { 200 }, "{token:?}");
    };
    let seconds = |time: std::time::SystemTime| time.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    // The clock begins at a whole second.
    let second = seconds(clock.now());
    let ada = sessions.start("ada", "").await.unwrap().id;
    let bob = sessions.start("bob", "").await.unwrap().id;
    let within = |id: SessionId| Token::new().with_session(id.as_str()).with_issued_at(second);

    check("ada", within(ada), None).await;
    check("ada", Token::new(), None).await;
    check("ada", within(bob), Some(Refusal::SessionOver)).await;
    check(
        "ada",
        Token::new().with_session("of another issuer"),
        Some(Refusal::SessionOver),
    )
    .await;
    check("ada", Token::new().with_session(""), Some(Refusal::SessionOver)).await;

    assert!(!sessions.end("bob", ada.as_str()).await.unwrap());
    check("ada", within(ada), None).await;
    assert!(sessions.end("ada", ada.as_str()).await.unwrap());
    check("ada", within(ada), Some(Refusal::SessionOver)).await;
    check("bob", within(bob), None).await;

    let expires = clock.now() + Duration::from_secs(900);
    sessions.revoke_token("bob", "jti-1", expires).await.unwrap();
    check("bob", within(bob).with_id("jti-1"), Some(Refusal::TokenRevoked)).await;
    check("bob", Token::new().with_id("jti-1"), Some(Refusal::TokenRevoked)).await;
    check("bob", within(bob).with_id("jti-2"), None).await;
    check("ada", Token::new().with_id("jti-1"), None).await;

    clock.advance(Duration::from_millis(1_500));
    sessions.end_before("bob", clock.now()).await.unwrap();
    check("bob", within(bob), Some(Refusal::SessionOver)).await;
    for (issued, expect) in [
        (second, Some(Refusal::IssuedTooEarly)),
        (second + 1, Some(Refusal::IssuedTooEarly)),
        (second + 2, None),
    ] {
        check("bob", Token::new().with_issued_at(issued), expect).await;
    }
    check("bob", Token::new(), Some(Refusal::IssuedTooEarly)).await;
    check("ada", Token::new().with_issued_at(second), None).await;
    // Signed in again within the same second.
    let again = sessions.start("bob", "").await.unwrap().id;
    let token = Token::new().with_session(again.as_str());
    check("bob", token.clone().with_issued_at(second + 1), None).await;
    check("bob", token.clone(), None).await;
    check(
        "bob",
        token.clone().with_issued_at(second),
        Some(Refusal::IssuedTooEarly),
    )
    .await;
    // Begun at the very time, it is not from before.
    sessions.end_before("bob", clock.now()).await.unwrap();
    check("bob", token.clone(), None).await;
    // An earlier time takes nothing back.
    sessions
        .end_before("bob", clock.now() - Duration::from_secs(60))
        .await
        .unwrap();
    check(
        "bob",
        Token::new().with_issued_at(second),
        Some(Refusal::IssuedTooEarly),
    )
    .await;

    // Nothing counts until then, whenever it began.
    sessions
        .end_before("dave", clock.now() + Duration::from_secs(60))
        .await
        .unwrap();
    let dave = sessions.start("dave", "").await.unwrap();
    check(
        "dave",
        Token::new().with_session(dave.id.as_str()),
        Some(Refusal::SessionOver),
    )
    .await;
    assert!(sessions.refresh(dave.refresh_token.as_str()).await.is_err());
    assert!(sessions.list("dave").await.unwrap().is_empty());
    clock.advance(Duration::from_secs(60));
    let dave = sessions.start("dave", "").await.unwrap();
    check("dave", Token::new().with_session(dave.id.as_str()), None).await;
    assert_eq!(sessions.list("dave").await.unwrap().len(), 1);

    let carol = sessions.start("carol", "").await.unwrap().id;
    clock.advance(Duration::from_secs(7 * 24 * 60 * 60) - Duration::from_millis(1));
    check("carol", within(carol), None).await;
    clock.advance(Duration::from_millis(1));
    check("carol", within(carol), Some(Refusal::SessionOver)).await;
}

#[tokio::test]
async fn memory_refuses_what_is_over() {
    let clock = Clock::new();
    refuses_what_is_over(&clock, &clock.built(Sessions::builder())).await;
}

#[tokio::test]
async fn callers_without_a_token_pass() {
    let sessions = Sessions::builder().build().unwrap();
    sessions.end_before("42", std::time::SystemTime::now()).await.unwrap();
    assert_eq!(send(&sessions, Identity::anonymous()).await.status(), 200);
    assert_eq!(send(&sessions, Identity::user("42")).await.status(), 200);
}

#[tokio::test]
async fn without_an_identity_layer_nothing_passes() {
    let log = Log::default();
    let _listening = log.listen();
    let sessions = Sessions::builder().build().unwrap();
    for _ in 0..3 {
        let response = send(&sessions, None).await;
        assert_eq!(response.status(), 500);
        assert!(response.extensions().get::<Problem>().unwrap().request_id().is_some());
    }
    let text = log.text();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("put the jwt layer"), "{text}");
}

#[tokio::test]
async fn a_refusal_says_no_more_than_that_it_is_over() {
    let sessions = Sessions::builder().build().unwrap();
    let response = send(&sessions, with_token("42", Token::new().with_session("x"))).await;
    assert_eq!(
        response.headers()["www-authenticate"],
        "Bearer error=\"invalid_token\", error_description=\"the session is over\""
    );
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body = std::str::from_utf8(&body).unwrap();
    assert!(
        body.contains("the session is over; sign in again") && body.contains("id-7"),
        "{body}"
    );
}

#[tokio::test]
async fn an_issued_token_lives_as_long_as_its_session() {
    let key = SigningKey::hmac(Algorithm::HS256, [7; 32]);
    let issuer = Issuer::builder()
        .key(key.clone())
        .issuer("us")
        .audience("us")
        .build()
        .unwrap();
    let jwt = JwtLayer::builder()
        .key(key.verifying_key())
        .issuer("us")
        .audience("us")
        .build()
        .unwrap();
    let sessions = Sessions::builder().build().unwrap();
    let session = sessions.start("42", "").await.unwrap();
    let token = issuer.token("42").session(session.id.as_str()).sign().unwrap();
    let hello = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Answer::default()));
    let service = ServiceBuilder::new().layer(jwt).layer(sessions.layer()).service(hello);
    let send = async || {
        let request = Request::get("/").header("authorization", format!("Bearer {token}"));
        service
            .clone()
            .oneshot(request.body(()).unwrap())
            .await
            .unwrap()
            .status()
    };
    assert_eq!(send().await, 200);
    assert_eq!(sessions.end_all("42").await.unwrap(), 1);
    assert_eq!(send().await, 401);
}

#[tokio::test]
async fn an_identity_of_the_apps_own_making_has_its_token_too() {
    #[derive(serde::Deserialize)]
    struct Own {
        sub: String,
    }

    let key = SigningKey::hmac(Algorithm::HS256, [7; 32]);
    let issuer = Issuer::builder().key(key.clone()).issuer("us").audience("us");
    let jwt = JwtLayer::builder()
        .key(key.verifying_key())
        .issuer("us")
        .audience("us")
        .claims::<Own>()
        .identity(|claims: &Own| Identity::user(claims.sub.as_str()))
        .build()
        .unwrap();
    let sessions = Sessions::builder().build().unwrap();
    let session = sessions.start("42", "").await.unwrap();
    let token = issuer.build().unwrap().token("42").session(session.id.as_str()).sign();
    let bearer = format!("Bearer {}", token.unwrap());
    let hello = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Answer::default()));
    let service = ServiceBuilder::new().layer(jwt).layer(sessions.layer()).service(hello);
    let send = async || {
        let request = Request::get("/").header("authorization", &bearer).body(()).unwrap();
        service.clone().oneshot(request).await.unwrap().status()
    };
    assert_eq!(send().await, 200);
    sessions.end_all("42").await.unwrap();
    assert_eq!(send().await, 401);
}

/// A store that answers, fails or hangs, as it is told.
#[derive(Clone, Default)]
struct Moody(Arc<AtomicU8>);

const WELL: u8 = 0;
const FAILING: u8 = 1;
const HANGING: u8 = 2;

impl Moody {
    fn answer<T: Send + 'static>(&self, answer: T) -> StoreFuture<T> {
        let mood = self.0.load(Ordering::Relaxed);
        Box::pin(async move {
            match mood {
                WELL => Ok(answer),
                FAILING => Err(StoreError::Failed("cable cut".into())),
                _ => pending().await,
            }
        })
    }
}

impl SessionStore for Moody {
    fn start(&self, _: SessionId, _: Family, _: usize) -> StoreFuture<()> {
        self.answer(())
    }

    fn exchange(&self, _: Exchange) -> StoreFuture<Exchanged> {
        self.answer(Exchanged::Unknown)
    }

    fn standing(&self, question: Question) -> StoreFuture<Standing> {
        self.answer(Standing {
            session: Some((question.now, question.now + 1)),
            ..Standing::default()
        })
    }

    fn end(&self, _: SessionId) -> StoreFuture<bool> {
        self.answer(true)
    }

    fn end_all(&self, _: Fingerprint) -> StoreFuture<usize> {
        self.answer(0)
    }

    fn list(&self, _: Fingerprint, _: u64) -> StoreFuture<Vec<(SessionId, Family)>> {
        self.answer(Vec::new())
    }

    fn revoke_token(&self, _: Fingerprint, _: Fingerprint, _: u64, _: u64) -> StoreFuture<()> {
        self.answer(())
    }

    fn end_before(&self, _: Fingerprint, _: u64, _: u64, _: u64) -> StoreFuture<()> {
        self.answer(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_down_is_answered_as_was_chosen_and_logged_at_each_change() {
    async fn check(choice: StoreFailure, expect: u16) {
        let log = Log::default();
        let _listening = log.listen();
        let store = Moody::default();
        let sessions = Sessions::builder()
            .store(store.clone())
            .on_store_failure(choice)
            .build()
            .unwrap();
        let identity = with_token("42", Token::new().with_id("jti"));
        for (mood, expect) in [
            (WELL, 200),
            (FAILING, expect),
            (HANGING, expect),
            (FAILING, expect),
            (WELL, 200),
        ] {
            store.0.store(mood, Ordering::Relaxed);
            for _ in 0..3 {
                let before = tokio::time::Instant::now();
                let response = send(&sessions, identity.clone()).await;
                assert_eq!(response.status(), expect, "{choice:?} {mood}");
                if expect == 503 {
                    assert_eq!(response.headers()["retry-after"], "1");
                    assert!(response.extensions().get::<Problem>().unwrap().request_id().is_some());
                }
                // On the paused clock, to the tick: the deadline and nothing else was waited for.
                let waited = if mood == HANGING { 50..=51 } else { 0..=0 };
                assert!(waited.contains(&before.elapsed().as_millis()), "{mood}");
            }
        }
        let text = log.text();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(lines[0].contains("ERROR") && lines[0].contains("cable cut"), "{text}");
        assert!(
            lines[1].contains("INFO") && lines[1].contains("answers again"),
            "{text}"
        );
    }
    check(StoreFailure::Refuse, 503).await;
    check(StoreFailure::Admit, 200).await;
}

#[tokio::test(start_paused = true)]
async fn whatever_else_is_asked_of_a_hanging_store_times_out() {
    let store = Moody::default();
    store.0.store(HANGING, Ordering::Relaxed);
    let sessions = Sessions::builder().store(store).build().unwrap();
    assert!(matches!(sessions.start("42", "").await, Err(StoreError::TimedOut)));
    assert!(matches!(sessions.end_all("42").await, Err(StoreError::TimedOut)));
    assert!(matches!(sessions.list("42").await, Err(StoreError::TimedOut)));
}

#[tokio::test]
async fn the_service_that_was_ready_is_the_one_called() {
    let sessions = Sessions::builder().store(Moody::default()).build().unwrap();
    let (mut service, mut handle) = tower_test::mock::spawn_layer::<Request<()>, Answer, _>(sessions.layer());
    handle.allow(1);
    assert!(matches!(service.poll_ready(), Poll::Ready(Ok(()))));
    // A clone of the mock is not ready, and panics when it is called.
    let answer = service.call(request(Some(with_token("42", Token::new()))));
    let (answer, ()) = tokio::join!(answer, async {
        let (_, respond) = handle.next_request().await.unwrap();
        respond.send_response(Answer::default());
    });
    assert_eq!(answer.unwrap().status(), 200);
    assert!(
        service.poll_ready().is_pending(),
        "the clone that stays behind asks anew"
    );
}
