//! Sessions as the page describes them, kept as simply as can be, beside the real ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use portcullis::session::{RefreshError, RefreshToken, SessionId, Sessions, SessionsBuilder};
use proptest::prelude::*;

const USERS: [&str; 2] = ["ada", "böb 7 {x}"];
const IDLE: u64 = 100_000;
const ABSOLUTE: u64 = 300_000;
const MOST: usize = 3;

/// A clock that stands still between two steps.
#[derive(Clone)]
pub(super) struct Clock(Arc<AtomicU64>);

impl Clock {
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicU64::new(1_764_000_000_000)))
    }

    pub(super) fn advance(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap();
        self.0.fetch_add(millis, Ordering::Relaxed);
    }

    /// As where another process asks, whose clock is behind.
    pub(super) fn step_back(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap();
        self.0.fetch_sub(millis, Ordering::Relaxed);
    }

    pub(super) fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(self.0.load(Ordering::Relaxed))
    }

    pub(super) fn built(&self, builder: SessionsBuilder) -> Sessions {
        let clock = self.clone();
        builder.clock(move || clock.now()).build().unwrap()
    }
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    Start {
        user: usize,
    },
    /// The `age`th youngest token of the session.
    Refresh {
        session: usize,
        age: usize,
    },
    /// A token with the session's id and secrets of the caller's own.
    Forge {
        session: usize,
    },
    End {
        session: usize,
        by: usize,
    },
    EndAll {
        user: usize,
    },
    EndBefore {
        user: usize,
        ago: u64,
    },
    List {
        user: usize,
    },
    Wait {
        millis: u64,
    },
}

pub(super) fn steps() -> impl Strategy<Value = (u64, Vec<Step>)> {
    let (user, session) = (0..USERS.len(), 0..6_usize);
    let step = prop_oneof![
        2 => user.clone().prop_map(|user| Step::Start { user }),
        8 => (session.clone(), prop_oneof![6 => Just(0), 3 => Just(1), 1 => 2..5_usize])
            .prop_map(|(session, age)| Step::Refresh { session, age }),
        1 => session.clone().prop_map(|session| Step::Forge { session }),
        1 => (session, user.clone()).prop_map(|(session, by)| Step::End { session, by }),
        1 => user.clone().prop_map(|user| Step::EndAll { user }),
        1 => (user.clone(), 0..20_000_u64).prop_map(|(user, ago)| Step::EndBefore { user, ago }),
        2 => user.prop_map(|user| Step::List { user }),
        5 => prop_oneof![4 => 0..3_000_u64, 1 => 0..12_000_u64, 1 => Just(IDLE - 2), 1 => 0..IDLE].prop_map(|millis| Step::Wait { millis }),
    ];
    (
        prop_oneof![Just(0), Just(1), Just(5_000)],
        prop::collection::vec(step, 1..60),
    )
}

/// One session, as if nothing were ever forgotten.
struct Known {
    user: usize,
    id: SessionId,
    tokens: Vec<RefreshToken>,
    /// When each but the last was spent.
    spent: Vec<u64>,
    started: u64,
    used: u64,
    ended: bool,
}

impl Known {
    fn live(&self, now: u64) -> bool {
        !self.ended && now < self.used + IDLE && now < self.started + ABSOLUTE
    }
}

#[derive(Debug, PartialEq)]
enum Expect {
    Fresh,
    Token(RefreshToken),
    Invalid,
    InvalidOrExpired,
    Reused,
}

pub(super) async fn follow(builder: SessionsBuilder, grace: u64, steps: &[Step]) {
    let clock = Clock::new();
    let sessions = clock.built(
        builder
            .idle(Duration::from_millis(IDLE))
            .absolute(Duration::from_millis(ABSOLUTE))
            .grace(Duration::from_millis(grace))
            .max_per_user(MOST),
    );
    let mut known: Vec<Known> = Vec::new();
    for step in steps {
        // No two steps at one time, so that of two sessions one was used before the other.
        clock.advance(Duration::from_millis(1));
        let now = clock.0.load(Ordering::Relaxed);
        match *step {
            Step::Start { user } => {
                let started = sessions
                    .start(USERS[user], "a label, with: all, 7 kinds\n")
                    .await
                    .unwrap();
                let mut live: Vec<_> = known
                    .iter_mut()
                    .filter(|own| own.user == user && own.live(now))
                    .collect();
                live.sort_by_key(|own| own.used);
                let surplus = (live.len() + 1).saturating_sub(MOST);
                live.into_iter().take(surplus).for_each(|own| own.ended = true);
                known.push(Known {
                    user,
                    id: started.id,
                    tokens: vec![started.refresh_token],
                    spent: Vec::new(),
                    started: now,
                    used: now,
                    ended: false,
                });
            }
            Step::Refresh { session, age } => {
                let count = known.len();
                let Some(own) = known.get_mut(count.wrapping_sub(1 + session)) else {
                    continue;
                };
                refresh(&sessions, own, age, now, grace).await;
            }
            Step::Forge { session } => {
                let Some(own) = known.get(known.len().wrapping_sub(1 + session)) else {
                    continue;
                };
                let forged = format!("{}{}", own.id, "A".repeat(67));
                let result = sessions.refresh(&forged).await;
                assert!(matches!(result, Err(RefreshError::Invalid)), "{result:?}");
            }
            Step::End { session, by } => {
                let count = known.len();
                let Some(own) = known.get_mut(count.wrapping_sub(1 + session)) else {
                    continue;
                };
                let ended = sessions.end(USERS[by], own.id.as_str()).await.unwrap();
                if own.user != by {
                    assert!(!ended, "ended another user's session");
                } else if own.live(now) {
                    assert!(ended);
                    own.ended = true;
                }
            }
            Step::EndAll { user } => {
                sessions.end_all(USERS[user]).await.unwrap();
                known
                    .iter_mut()
                    .filter(|own| own.user == user)
                    .for_each(|own| own.ended = true);
            }
            Step::EndBefore { user, ago } => {
                let time = clock.now() - Duration::from_millis(ago);
                sessions.end_before(USERS[user], time).await.unwrap();
                let earlier = known
                    .iter_mut()
                    .filter(|own| own.user == user && own.started < now - ago);
                earlier.for_each(|own| own.ended = true);
            }
            Step::List { user } => {
                let listed: Vec<_> = sessions.list(USERS[user]).await.unwrap();
                assert!(
                    listed
                        .iter()
                        .all(|info| &*info.label == "a label, with: all, 7 kinds\n")
                );
                let mut live: Vec<_> = known.iter().filter(|own| own.user == user && own.live(now)).collect();
                live.sort_by_key(|own| std::cmp::Reverse(own.used));
                assert_eq!(
                    listed.iter().map(|info| info.id).collect::<Vec<_>>(),
                    live.iter().map(|own| own.id).collect::<Vec<_>>()
                );
                assert!(live.len() <= MOST);
            }
            Step::Wait { millis } => clock.advance(Duration::from_millis(millis)),
        }
    }
}

/// Presents the `age`th youngest token.
async fn refresh(sessions: &Sessions, own: &mut Known, age: usize, now: u64, grace: u64) {
    let index = own.tokens.len().saturating_sub(1 + age);
    let expect = expected(own, index, now, grace);
    let result = sessions.refresh(own.tokens[index].as_str()).await;
    match (&expect, result) {
        (Expect::Fresh, Ok(renewed)) => {
            assert!(!own.tokens.contains(&renewed.refresh_token));
            assert_eq!((renewed.id, &*renewed.user), (own.id, USERS[own.user]));
            own.tokens.push(renewed.refresh_token);
            own.spent.push(now);
            own.used = now;
            let left = (own.used + IDLE).min(own.started + ABSOLUTE) - now;
            assert_eq!(renewed.expires_in, Duration::from_millis(left));
        }
        (Expect::Token(token), Ok(renewed)) => assert_eq!(renewed.refresh_token, *token),
        (Expect::Invalid | Expect::InvalidOrExpired, Err(RefreshError::Invalid))
        | (Expect::InvalidOrExpired, Err(RefreshError::Expired)) => {}
        (Expect::Reused, Err(RefreshError::Reused)) => own.ended = true,
        (expect, result) => panic!("{expect:?}, not {result:?}"),
    }
}

fn expected(own: &Known, index: usize, now: u64, grace: u64) -> Expect {
    let remembered = own.spent.iter().filter(|spent| *spent + grace > now).count();
    match own.spent.get(index) {
        _ if own.ended => Expect::Invalid,
        // A store may have let it lapse already.
        _ if !own.live(now) => Expect::InvalidOrExpired,
        None if remembered < 32 => Expect::Fresh,
        Some(spent) if *spent + grace <= now => Expect::Reused,
        _ => Expect::Token(own.tokens.last().unwrap().clone()),
    }
}
