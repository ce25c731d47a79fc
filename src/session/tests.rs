use std::time::Duration;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;

use super::builder::SessionsBuilder;
use super::cookie::RefreshCookie;
use super::policy::{Question, Refusal, Standing};
use super::record::{Family, Spent};
use super::sessions::Sessions;
use super::token::{Fingerprint, RefreshToken, Seed, SessionId};
use crate::config_error::Fault;

#[test]
fn every_fault_is_listed() {
    fn check(builder: SessionsBuilder, expect: &[&str]) {
        let found = builder.build().map(|_| ()).unwrap_err();
        let found: Vec<_> = found.faults().iter().map(Fault::setting).collect();
        assert_eq!(found, expect);
    }
    let (zero, day) = (Duration::ZERO, Duration::from_secs(24 * 60 * 60));
    check(Sessions::builder().idle(zero), &["idle"]);
    check(Sessions::builder().idle(31 * day), &["idle"]);
    check(Sessions::builder().absolute(zero), &["absolute", "idle"]);
    check(Sessions::builder().absolute(401 * day), &["absolute"]);
    check(Sessions::builder().grace(Duration::from_secs(61)), &["grace"]);
    check(
        Sessions::builder().max_per_user(0).max_sessions(0).max_revocations(0),
        &["max_per_user", "max_sessions", "max_revocations"],
    );
    check(
        Sessions::builder().check_deadline(zero).store_deadline(day),
        &["check_deadline", "store_deadline"],
    );
    let bounds = Sessions::builder()
        .absolute(400 * day)
        .idle(400 * day)
        .grace(Duration::from_secs(60))
        .max_per_user(1000);
    assert!(bounds.build().is_ok());
    let one = Duration::from_secs(1);
    assert!(
        Sessions::builder()
            .absolute(one)
            .idle(one)
            .grace(zero)
            .max_per_user(1)
            .build()
            .is_ok()
    );
}

#[test]
fn an_id_is_a_text_of_its_own_alphabet_and_length() {
    fn check(text: &str, expect: bool) {
        assert_eq!(text.parse::<SessionId>().is_ok(), expect, "{text}");
    }
    let id = SessionId::random(Fingerprint::of("42")).unwrap();
    assert_eq!(id.user(), Fingerprint::of("42"));
    assert_eq!(id.as_str().parse(), Ok(id));
    assert_eq!(serde_json::to_value(id).unwrap(), id.as_str());
    check(&"a".repeat(44), true);
    check(&"a".repeat(43), false);
    check(&"a".repeat(45), false);
    check(&format!("{}+", "a".repeat(43)), false);
    check(&format!("{}é", "a".repeat(42)), false);
    check("", false);
}

#[test]
fn a_token_says_its_session_and_its_family_and_no_two_are_alike() {
    let id = SessionId::random(Fingerprint::of("42")).unwrap();
    let token = RefreshToken::random(id).unwrap();
    assert_eq!(token.as_str().len(), 111);
    assert_eq!(RefreshToken::parse(token.as_str()), Some(token.clone()));
    let (one, other) = (Seed::random().unwrap(), Seed::random().unwrap());
    let successor = token.successor(one);
    assert_eq!(successor, token.successor(one));
    assert_ne!(successor, token.successor(other));
    assert_eq!((successor.id(), successor.family()), (id, token.family()));
    assert_ne!(successor.digest(), token.digest());
    assert_eq!(RefreshToken::parse(successor.as_str()), Some(successor));
    assert_ne!(RefreshToken::random(id).unwrap().family(), token.family());
}

fn family(whose: &str, label: &str, times: [u64; 4], spent: &[u64]) -> Family {
    let token = RefreshToken::random(SessionId::random(Fingerprint::of(whose)).unwrap()).unwrap();
    let [started, used, ends, expires] = times;
    let spent = spent.iter().map(|until| Spent {
        token: token.digest(),
        seed: Seed::random().unwrap(),
        until: *until,
    });
    Family {
        user: whose.into(),
        label: label.into(),
        started,
        used,
        ends,
        expires,
        shared: token.family(),
        current: token.digest(),
        spent: spent.collect(),
    }
}

proptest! {
    #[test]
    fn a_record_is_read_as_it_was_written(
        user in ".*", label in ".*", times in any::<[u64; 4]>(), spent in prop::collection::vec(any::<u64>(), 0..4)
    ) {
        let family = family(&user, &label, times, &spent);
        prop_assert_eq!(family.to_string().parse(), Ok(family));
    }

    #[test]
    fn no_text_breaks_the_reader(
        text in ".*", cut in any::<prop::sample::Index>(), by in ".?"
    ) {
        let _ = text.parse::<Family>();
        let mut record = family("böb", "é", [1, 2, 3, 4], &[5]).to_string();
        let mut at = cut.index(record.len());
        while !record.is_char_boundary(at) {
            at -= 1;
        }
        record.replace_range(at..at + record[at..].chars().next().map_or(0, char::len_utf8), &by);
        let _ = record.parse::<Family>();
    }
}

#[test]
fn a_token_is_judged_by_the_whole_second_it_was_issued_in() {
    fn check(
        session: Option<(u64, u64)>,
        issued_at: Option<u64>,
        not_before: Option<u64>,
        expect: Result<(), Refusal>,
    ) {
        let id = SessionId::random(Fingerprint::of("42")).unwrap();
        let question = Question {
            user: id.user(),
            session: session.map(|_| id),
            token: None,
            issued_at,
            now: 100_000,
        };
        let standing = Standing {
            session,
            revoked: false,
            not_before,
        };
        assert_eq!(standing.judge(&question), expect, "{standing:?} {issued_at:?}");
        let revoked = Standing {
            revoked: true,
            ..standing
        };
        assert_eq!(revoked.judge(&question), Err(Refusal::TokenRevoked));
    }
    let (over, early) = (Err(Refusal::SessionOver), Err(Refusal::IssuedTooEarly));
    check(None, None, None, Ok(()));
    check(None, Some(0), None, Ok(()));
    check(None, Some(49), Some(50_000), early);
    check(None, Some(50), Some(50_000), Ok(()));
    check(None, Some(50), Some(50_001), early);
    check(None, Some(51), Some(50_001), Ok(()));
    check(None, Some(u64::MAX), Some(50_001), Ok(()));
    check(None, None, Some(1), early);
    check(Some((50_000, 100_001)), Some(50), Some(50_000), Ok(()));
    check(Some((49_999, 100_001)), Some(50), Some(50_000), over);
    check(Some((50_001, 100_001)), Some(50), Some(50_001), Ok(()));
    check(Some((50_001, 100_001)), Some(49), Some(50_001), early);
    check(Some((50_001, 100_001)), None, Some(50_001), Ok(()));
    check(Some((50_000, 100_000)), Some(50), None, over);
}

#[test]
fn a_session_that_the_store_does_not_know_is_over() {
    let id = SessionId::random(Fingerprint::of("42")).unwrap();
    let question = Question {
        user: id.user(),
        session: Some(id),
        token: None,
        issued_at: None,
        now: 1,
    };
    assert_eq!(Standing::default().judge(&question), Err(Refusal::SessionOver));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn memory_never_holds_more_than_its_bound(
        bound in 1..40_usize, most in 1..5_usize, starts in prop::collection::vec((0..30_u8, 0..4_u64), 1..200)
    ) {
        use std::sync::Arc;
        use std::sync::atomic::{AtomicU64, Ordering};
        let hours = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&hours);
        let sessions = Sessions::builder()
            .max_sessions(bound)
            .max_revocations(bound)
            .max_per_user(most)
            .clock(move || std::time::UNIX_EPOCH + Duration::from_secs(3600 * clock.load(Ordering::Relaxed)))
            .build()
            .unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            for (user, wait) in starts {
                hours.fetch_add(wait, Ordering::Relaxed);
                let user = user.to_string();
                let session = sessions.start(&user, "").await.unwrap();
                let in_an_hour = Duration::from_secs(3600 * (hours.load(Ordering::Relaxed) + 1));
                // Full or not: what is asked is how many it holds.
                let _ = sessions.revoke_token(&user, session.id.as_str(), std::time::UNIX_EPOCH + in_an_hour).await;
                // Checks its own indices, too.
                let held = sessions.memory().unwrap().held();
                assert!(held.0 <= bound && held.1 <= bound, "{held:?}");
                assert!(sessions.list(&user).await.unwrap().len() <= most);
                sessions.refresh(session.refresh_token.as_str()).await.expect("the newest is never the one to go");
            }
            hours.fetch_add(24 * 40, Ordering::Relaxed);
            // A bound below a thousand is one part, which a write to it sweeps.
            sessions.end_all("nobody").await.unwrap();
            assert_eq!(sessions.memory().unwrap().held(), (0, 0));
        });
    }
}

#[test]
fn a_cookie_is_read_only_where_it_is_the_only_one() {
    fn check(lines: &[&'static str], expect: Option<&str>) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        assert_eq!(RefreshCookie::new().read(&headers), expect, "{lines:?}");
    }
    check(&[], None);
    check(&["__Host-refresh=a"], Some("a"));
    check(&["x=1;__Host-refresh=a ;y=2"], Some("a"));
    check(&["x=1", "__Host-refresh=a"], Some("a"));
    check(&["__Host-refresh=a; __Host-refresh=b"], None);
    check(&["__Host-refresh=a; __Host-refresh=a"], None);
    check(&["__Host-refresh=a", "__Host-refresh=b"], None);
    check(&["__Host-refresh=a; __Host-refresh="], None);
    check(&["__Host-refresh="], None);
    check(&["__Host-refresh"], None);
    check(&["__host-refresh=a"], None);
    check(&["x__Host-refresh=a"], None);
    check(&["__Host-refresh-2=a"], None);
    check(&["__Host-refresh=é"], Some("é"));
}

#[test]
fn a_cookie_is_set_and_cleared_with_the_same_attributes() {
    fn check(cookie: &RefreshCookie, expect: &str) {
        let token = RefreshToken::parse(&"a".repeat(111)).unwrap();
        let set = cookie.set(&token, Duration::from_millis(60_999));
        assert!(set.is_sensitive());
        assert_eq!(
            set.to_str().unwrap(),
            expect.replace("{}", token.as_str()).replace("{age}", "60")
        );
        let cleared = cookie.clear();
        assert_eq!(
            cleared.to_str().unwrap(),
            expect.replace("{}", "").replace("{age}", "0")
        );
    }
    check(
        &RefreshCookie::new(),
        "__Host-refresh={}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={age}",
    );
    check(
        &RefreshCookie::named("blog").unwrap(),
        "__Host-blog={}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={age}",
    );
    check(
        &RefreshCookie::insecure_for_localhost(),
        "refresh={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}",
    );
    for bad in ["", "a b", "a;b", "a=b", "__Host-a", "__secure-a", "é"] {
        assert!(RefreshCookie::named(bad).is_err(), "{bad}");
    }
}
