use std::sync::{Arc, LazyLock};

use redis::aio::ConnectionLike;
use redis::{ErrorKind, FromRedisValue, RedisError, Script};

use super::error::StoreError;
use super::policy::{Next, Question, Settlement, Subject, Verdict};
use super::record::{Charge, Rule};
use super::store::{LockoutStore, StoreFuture};

static BEGIN: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/begin.lua")));
static SETTLE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/settle.lua")));

/// Failures in Redis or Valkey, by the server's clock.
///
/// A subject is one text, `{prefix}pair:hash` and so on, with its [`Record`](super::Record) as four numbers, which Redis itself lets
/// lapse. The prefix in braces decides the slot.
#[derive(Debug)]
pub(super) struct RedisStore<C> {
    connection: C,
    prefix: Arc<str>,
    /// The time, where it is not the server's.
    now: Option<u64>,
}

impl<C> RedisStore<C> {
    pub(super) fn new(connection: C, prefix: &str) -> Self {
        Self {
            connection,
            prefix: prefix.into(),
            now: None,
        }
    }

    /// At a time of the test's.
    #[cfg(test)]
    pub(super) fn at(&mut self, now: u64) -> &Self {
        self.now = Some(now);
        self
    }

    fn key(&self, subject: Subject, hash: u128) -> String {
        let kind = match subject {
            Subject::Pair => "pair",
            Subject::Address => "address",
            Subject::Account => "account",
        };
        format!("{{{}}}{kind}:{hash:032x}", self.prefix)
    }
}

impl<C> RedisStore<C>
where
    C: ConnectionLike + Clone + Send + Sync + 'static,
{
    /// A script is sent by its hash; only one that the server does not have yet costs more than one round trip.
    fn run<T>(&self, script: &'static Script, keys: [u128; 3], rules: [Option<Rule>; 3], more: &[u64]) -> StoreFuture<T>
    where
        T: FromRedisValue + Send + 'static,
    {
        let mut connection = self.connection.clone();
        let mut call = script.prepare_invoke();
        for (subject, hash) in Subject::ALL.into_iter().zip(keys) {
            call.key(self.key(subject, hash));
        }
        call.arg(self.now.map_or(String::new(), |now| now.to_string()));
        for rule in rules {
            // A subject without a rule has one that allows none.
            let (max, captcha, within) = rule.map_or((0, 0, 0), |rule| (rule.max, rule.captcha, rule.within));
            let delay = rule.and_then(|rule| rule.delay);
            let (first, factor, longest) = delay.map_or((0, 0, 0), |delay| (delay.first, delay.factor, delay.longest));
            call.arg((max, captcha, within)).arg((first, factor, longest));
        }
        call.arg(more);
        Box::pin(async move { Ok(call.invoke_async(&mut connection).await?) })
    }
}

impl<C> LockoutStore for RedisStore<C>
where
    C: ConnectionLike + Clone + Send + Sync + 'static,
{
    fn begin(&self, question: Question) -> StoreFuture<Verdict> {
        let solved = u64::from(question.solved);
        let answer = self.run::<Vec<u64>>(&BEGIN, question.keys, question.rules, &[solved]);
        Box::pin(async move { read(&answer.await?).ok_or_else(unreadable) })
    }

    fn settle(&self, settlement: Settlement) -> StoreFuture<()> {
        let mut more = vec![
            u64::from(settlement.succeeded.is_some()),
            settlement.succeeded.unwrap_or(0),
        ];
        for charge in settlement.charges {
            more.extend([charge.since, charge.failures.into(), charge.blocked]);
        }
        self.run(&SETTLE, settlement.keys, settlement.rules, &more)
    }
}

/// 0, the subject and its wait; 1 and the subject; or 2, what is locked next with its wait, whether a CAPTCHA is needed, and charges.
fn read(answer: &[u64]) -> Option<Verdict> {
    let subject = |place: u64| {
        let place = usize::try_from(place).ok()?.checked_sub(1)?;
        Subject::ALL.get(place).copied()
    };
    match *answer {
        [0, place, wait] => Some(Verdict::Locked {
            subject: subject(place)?,
            wait,
        }),
        [1, place] => Some(Verdict::Captcha {
            subject: subject(place)?,
        }),
        [2, place, wait, captcha, ref numbers @ ..] => {
            let mut charges = [Charge::default(); 3];
            for (charge, three) in charges.iter_mut().zip(numbers.chunks(3)) {
                let [since, failures, blocked] = *three else {
                    return None;
                };
                let failures = failures.try_into().ok()?;
                *charge = Charge {
                    since,
                    failures,
                    blocked,
                };
            }
            let locked = subject(place).map(|subject| (subject, wait));
            let captcha = captcha == 1;
            Some(Verdict::Begun {
                charges,
                next: Next { locked, captcha },
            })
        }
        _ => None,
    }
}

fn unreadable() -> StoreError {
    RedisError::from((ErrorKind::Parse, "not what the script answers")).into()
}

impl From<RedisError> for StoreError {
    fn from(error: RedisError) -> Self {
        if error.is_timeout() {
            Self::TimedOut
        } else {
            Self::Failed(error.into())
        }
    }
}
