//! The rules of the page, in memory.

use std::time::Duration;

use portcullis::session::{RefreshError, RefreshToken, Sessions, StoreError};
use proptest::prelude::*;

use super::log::Log;
use super::model::{Clock, follow, steps};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn memory_does_what_the_model_does((grace, steps) in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(follow(Sessions::builder().memory(), grace, &steps));
    }
}

/// Fifty clients present one token at once, each of them several times over, and go on with what they got.
pub(super) async fn fifty_clients_at_once(sessions: [Sessions; 2]) {
    let session = sessions[0].start("42", "").await.unwrap();
    let clients = (0..50).map(|client| {
        let (sessions, mut token) = (sessions[client % 2].clone(), session.refresh_token.clone());
        tokio::spawn(async move {
            for _ in 0..3 {
                let renewed = sessions.refresh(token.as_str()).await.expect("nobody is signed out");
                token = renewed.refresh_token;
            }
            token
        })
    });
    let clients: Vec<_> = clients.collect();
    let mut tokens = Vec::new();
    for client in clients {
        tokens.push(client.await.unwrap());
    }
    let mut current = Vec::new();
    for token in &tokens {
        current.push(sessions[1].refresh(token.as_str()).await.unwrap());
    }
    assert!(current.iter().all(|renewed| renewed.id == session.id));
    assert_eq!(sessions[0].list("42").await.unwrap().len(), 1, "one family");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_clients_at_once_nobody_is_signed_out() {
    let sessions = Sessions::builder().build().unwrap();
    fifty_clients_at_once([sessions.clone(), sessions]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_losers_of_a_race_get_the_winners_token() {
    let sessions = Sessions::builder().build().unwrap();
    let session = sessions.start("42", "").await.unwrap();
    let clients = (0..50).map(|_| {
        let (sessions, token) = (sessions.clone(), session.refresh_token.clone());
        tokio::spawn(async move { sessions.refresh(token.as_str()).await.unwrap().refresh_token })
    });
    let clients: Vec<_> = clients.collect();
    let mut tokens = Vec::new();
    for client in clients {
        tokens.push(client.await.unwrap());
    }
    assert!(
        tokens
            .iter()
            .all(|token| *token == tokens[0] && *token != session.refresh_token)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_a_grace_a_race_has_one_winner_and_ends_the_session() {
    let sessions = Sessions::builder().grace(Duration::ZERO).build().unwrap();
    let session = sessions.start("42", "").await.unwrap();
    let clients = (0..50).map(|_| {
        let (sessions, token) = (sessions.clone(), session.refresh_token.clone());
        tokio::spawn(async move { sessions.refresh(token.as_str()).await })
    });
    let clients: Vec<_> = clients.collect();
    let (mut won, mut reused) = (0, 0);
    for client in clients {
        match client.await.unwrap() {
            Ok(_) => won += 1,
            Err(RefreshError::Reused) => reused += 1,
            Err(RefreshError::Invalid) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!((won, reused), (1, 1));
    assert!(sessions.list("42").await.unwrap().is_empty());
}

#[tokio::test]
async fn reuse_ends_the_session_and_is_logged_once_without_the_token() {
    let log = Log::default();
    let _listening = log.listen();
    let clock = Clock::new();
    let sessions = clock.built(Sessions::builder());
    let session = sessions.start("42", "").await.unwrap();
    let other = sessions.start("42", "").await.unwrap();
    let spent = session.refresh_token;
    let current = sessions.refresh(spent.as_str()).await.unwrap().refresh_token;
    clock.advance(Duration::from_secs(10));
    assert!(matches!(
        sessions.refresh(spent.as_str()).await,
        Err(RefreshError::Reused)
    ));
    for token in [&spent, &current, &spent] {
        assert!(matches!(
            sessions.refresh(token.as_str()).await,
            Err(RefreshError::Invalid)
        ));
    }
    sessions.refresh(other.refresh_token.as_str()).await.unwrap();
    let text = log.text();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(
        text.contains("WARN portcullis::session") && text.contains(session.id.as_str()),
        "{text}"
    );
    let secrets = [&spent.as_str()[44..], &current.as_str()[44..]];
    assert!(secrets.iter().all(|secret| !text.contains(secret)), "{text}");
}

/// To the millisecond, whatever the use.
pub(super) async fn lasts_as_long_as_it_may(clock: &Clock, sessions: &Sessions) {
    let day = Duration::from_secs(24 * 60 * 60);
    let idle = sessions.start("42", "").await.unwrap();
    let mut used = sessions.start("42", "").await.unwrap().refresh_token;
    assert_eq!(idle.expires_in, 7 * day);
    for left in [7, 7, 7, 6] {
        clock.advance(6 * day);
        let renewed = sessions.refresh(used.as_str()).await.unwrap();
        assert_eq!(renewed.expires_in, left * day);
        used = renewed.refresh_token;
    }
    let over = |result: Result<_, _>| matches!(result, Err(RefreshError::Expired | RefreshError::Invalid));
    assert!(
        over(sessions.refresh(idle.refresh_token.as_str()).await),
        "7 days without use"
    );
    clock.advance(6 * day);
    clock.step_back(Duration::from_millis(1));
    let renewed = sessions.refresh(used.as_str()).await.unwrap();
    assert_eq!(renewed.expires_in, Duration::from_millis(1));
    clock.advance(Duration::from_millis(1));
    assert!(over(sessions.refresh(renewed.refresh_token.as_str()).await), "30 days");
    assert!(sessions.list("42").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_session_in_memory_lasts_as_long_as_it_may() {
    let clock = Clock::new();
    lasts_as_long_as_it_may(&clock, &clock.built(Sessions::builder())).await;
}

/// A chain of successors is forgotten from its old end, whatever the clocks say.
pub(super) async fn clocks_may_differ(clock: &Clock, sessions: &Sessions) {
    let first = sessions.start("42", "").await.unwrap().refresh_token;
    let second = sessions.refresh(first.as_str()).await.unwrap().refresh_token;
    clock.step_back(Duration::from_secs(5));
    let third = sessions.refresh(second.as_str()).await.unwrap().refresh_token;
    clock.advance(Duration::from_secs(12));
    for token in [&first, &second] {
        assert_eq!(sessions.refresh(token.as_str()).await.unwrap().refresh_token, third);
    }
}

#[tokio::test]
async fn clocks_may_differ_in_memory() {
    let clock = Clock::new();
    clocks_may_differ(&clock, &clock.built(Sessions::builder())).await;
}

/// Whoever asks without a pause is neither signed out nor remembered without a bound.
pub(super) async fn exchanges_without_a_pause(clock: &Clock, sessions: &Sessions) {
    let first = sessions.start("42", "").await.unwrap().refresh_token;
    let exchange = async |token: &RefreshToken| sessions.refresh(token.as_str()).await.unwrap().refresh_token;
    let mut tokens = vec![first.clone()];
    for _ in 0..32 {
        let next = exchange(tokens.last().unwrap()).await;
        assert!(!tokens.contains(&next));
        tokens.push(next);
    }
    let current = tokens.last().unwrap();
    for token in tokens.iter().chain([current, &first]) {
        assert_eq!(exchange(token).await, *current);
    }
    clock.advance(Duration::from_secs(10));
    let next = exchange(current).await;
    assert!(!tokens.contains(&next));
    assert_eq!(exchange(current).await, next);
    assert!(matches!(
        sessions.refresh(first.as_str()).await,
        Err(RefreshError::Reused)
    ));
}

#[tokio::test]
async fn exchanges_without_a_pause_in_memory() {
    let clock = Clock::new();
    exchanges_without_a_pause(&clock, &clock.built(Sessions::builder())).await;
}

#[tokio::test]
async fn what_is_no_token_is_invalid() {
    let sessions = Sessions::builder().build().unwrap();
    let session = sessions.start("42", "").await.unwrap();
    let good = session.refresh_token.as_str();
    let swapped = {
        let mut bytes = good.as_bytes().to_vec();
        bytes[50] = if bytes[50] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    for bad in [
        "",
        "a",
        session.id.as_str(),
        &good[1..],
        &good[..110],
        &format!("{good}="),
        &format!("{good} "),
        &format!(" {}", &good[1..]),
        &format!("{}é", &good[..109]),
        &swapped,
        &"x".repeat(1_000_000),
    ] {
        let result = sessions.refresh(bad).await;
        assert!(matches!(result, Err(RefreshError::Invalid)), "{bad:.120}");
    }
    sessions
        .refresh(good)
        .await
        .expect("none of these has ended the session");
}

#[tokio::test]
async fn an_errors_source_is_what_the_client_is_told() {
    let sessions = Sessions::builder().build().unwrap();
    let error = sessions.refresh("nonsense").await.unwrap_err();
    assert!(error.is_final());
    let error = portcullis::Error::from(error);
    assert_eq!(error.status(), 401);
    let store = RefreshError::from(StoreError::TimedOut);
    assert!(!store.is_final());
    assert_eq!(portcullis::Error::from(store).status(), 503);
}

#[tokio::test]
async fn nothing_shows_a_token() {
    let sessions = Sessions::builder().build().unwrap();
    let session = sessions.start("42", "").await.unwrap();
    let renewed = sessions.refresh(session.refresh_token.as_str()).await.unwrap();
    let shown = format!(
        "{session:?} {renewed:?} {sessions:?} {:?}",
        sessions.list("42").await.unwrap()
    );
    assert!(shown.contains("***") && shown.contains(session.id.as_str()), "{shown}");
    for token in [session.refresh_token, renewed.refresh_token] {
        assert!(!shown.contains(&token.as_str()[44..]), "{shown}");
    }
}

#[tokio::test]
async fn a_label_is_cut_between_characters() {
    let sessions = Sessions::builder().build().unwrap();
    sessions.start("42", &format!("{}é", "x".repeat(255))).await.unwrap();
    assert_eq!(sessions.list("42").await.unwrap()[0].label.len(), 255);
}

#[tokio::test]
async fn a_full_memory_ends_the_session_that_would_expire_first() {
    let clock = Clock::new();
    let sessions = clock.built(Sessions::builder().max_sessions(3));
    let mut started = Vec::new();
    for user in ["a", "b", "c"] {
        clock.advance(Duration::from_secs(1));
        started.push(sessions.start(user, "").await.unwrap());
    }
    clock.advance(Duration::from_secs(1));
    sessions.refresh(started[0].refresh_token.as_str()).await.unwrap();
    sessions.start("d", "").await.unwrap();
    let count = async |user| sessions.list(user).await.unwrap().len();
    assert_eq!(
        [count("a").await, count("b").await, count("c").await, count("d").await],
        [1, 0, 1, 1]
    );
}

#[tokio::test]
async fn a_full_memory_forgets_no_revocation() {
    let clock = Clock::new();
    let sessions = clock.built(Sessions::builder().max_revocations(2));
    let expires = clock.now() + Duration::from_secs(900);
    sessions.revoke_token("42", "a", expires).await.unwrap();
    sessions.end_before("42", clock.now()).await.unwrap();
    sessions
        .end_before("42", clock.now())
        .await
        .expect("it takes no other place");
    let full = sessions.revoke_token("43", "b", expires).await;
    assert!(matches!(full, Err(StoreError::Full)), "{full:?}");
    // A token that has expired needs no place; one that a verifier may still take does.
    sessions
        .revoke_token("43", "b", clock.now() - Duration::from_secs(61))
        .await
        .unwrap();
    clock.advance(Duration::from_secs(961));
    sessions
        .revoke_token("43", "b", clock.now())
        .await
        .expect("the first has lapsed");
}
