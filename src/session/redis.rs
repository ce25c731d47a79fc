use std::sync::{Arc, LazyLock};

use redis::aio::ConnectionLike;
use redis::{Cmd, ErrorKind, FromRedisValue, RedisError, Script};

use super::error::StoreError;
use super::policy::{Exchange, Exchanged, MOST_SPENT, Question, Standing};
use super::record::Family;
use super::store::{SessionStore, StoreFuture};
use super::token::{Fingerprint, Seed, SessionId};

static START: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/start.lua")));
static EXCHANGE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/exchange.lua")));
static END_BEFORE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/end_before.lua")));

/// Sessions in Redis or Valkey.
///
/// A user is one hash, `prefix{fingerprint}`: a field for each session with its [`Family`] as text, and `before`. A revoked token is a key
/// of its own beside it, `prefix{fingerprint}:jti`, which Redis itself lets lapse. What stands in braces decides the slot, so that
/// every operation stays within one.
#[derive(Debug)]
pub(super) struct RedisStore<C> {
    connection: C,
    prefix: Arc<str>,
}

impl<C> RedisStore<C> {
    pub(super) fn new(connection: C, prefix: &str) -> Self {
        let prefix = prefix.into();
        Self { connection, prefix }
    }

    fn user(&self, user: Fingerprint) -> String {
        format!("{}{{{}}}", self.prefix, user.as_str())
    }

    fn token(&self, user: Fingerprint, token: Fingerprint) -> String {
        format!("{}:{}", self.user(user), token.as_str())
    }
}

impl<C> RedisStore<C>
where
    C: ConnectionLike + Clone + Send + Sync + 'static,
{
    /// A script is sent by its hash; only one that the server does not have yet costs more than one round trip.
    fn run<T>(&self, script: &'static Script, user: Fingerprint, args: Vec<String>) -> StoreFuture<T>
    where
        T: FromRedisValue + Send + 'static,
    {
        let mut connection = self.connection.clone();
        let key = self.user(user);
        Box::pin(async move {
            let mut call = script.key(key);
            call.arg(args);
            Ok(call.invoke_async(&mut connection).await?)
        })
    }

    fn send<T>(&self, command: Cmd) -> StoreFuture<T>
    where
        T: FromRedisValue + Send + 'static,
    {
        let mut connection = self.connection.clone();
        Box::pin(async move { Ok(command.query_async(&mut connection).await?) })
    }
}

impl<C> SessionStore for RedisStore<C>
where
    C: ConnectionLike + Clone + Send + Sync + 'static,
{
    fn start(&self, id: SessionId, family: Family, most: usize) -> StoreFuture<()> {
        let args = vec![
            id.as_str().to_owned(),
            family.to_string(),
            family.started.to_string(),
            family.ends.to_string(),
            most.to_string(),
        ];
        self.run(&START, id.user(), args)
    }

    fn exchange(&self, asked: Exchange) -> StoreFuture<Exchanged> {
        let args = vec![
            asked.id.as_str().to_owned(),
            asked.family.as_str().to_owned(),
            asked.token.as_str().to_owned(),
            asked.next.as_str().to_owned(),
            asked.seed.as_str().to_owned(),
            asked.now.to_string(),
            asked.idle.to_string(),
            asked.grace.to_string(),
            MOST_SPENT.to_string(),
        ];
        let answer = self.run::<Vec<String>>(&EXCHANGE, asked.id.user(), args);
        Box::pin(async move { read_exchanged(&answer.await?) })
    }

    fn standing(&self, question: Question) -> StoreFuture<Standing> {
        let mut known = redis::cmd("HMGET");
        known.arg(self.user(question.user)).arg("before");
        if let Some(id) = &question.session {
            known.arg(id.as_str());
        }
        let mut asked = redis::pipe();
        asked.add_command(known);
        if let Some(token) = question.token {
            asked.cmd("EXISTS").arg(self.token(question.user, token));
        }
        let mut connection = self.connection.clone();
        Box::pin(async move {
            // Two commands that are written, and answered, as one.
            let (fields, revoked): (Vec<Option<String>>, bool) = if question.token.is_some() {
                asked.query_async(&mut connection).await?
            } else {
                let (fields,) = asked.query_async(&mut connection).await?;
                (fields, false)
            };
            let mut fields = fields.into_iter();
            let not_before = fields.next().flatten().map(|time| number(&time)).transpose()?;
            let session = fields.next().flatten().map(|family| times(&family)).transpose()?;
            Ok(Standing {
                session,
                revoked,
                not_before,
            })
        })
    }

    fn end(&self, id: SessionId) -> StoreFuture<bool> {
        let mut command = redis::cmd("HDEL");
        command.arg(self.user(id.user())).arg(id.as_str());
        self.send(command)
    }

    fn end_all(&self, user: Fingerprint) -> StoreFuture<usize> {
        self.run(&END_BEFORE, user, Vec::new())
    }

    fn list(&self, user: Fingerprint, now: u64) -> StoreFuture<Vec<(SessionId, Family)>> {
        let mut command = redis::cmd("HGETALL");
        command.arg(self.user(user));
        let answer = self.send::<Vec<(String, String)>>(command);
        Box::pin(async move {
            let mut before = 0;
            let mut sessions = Vec::new();
            for (name, value) in answer.await? {
                match name.parse() {
                    Ok(id) => sessions.push((id, value.parse::<Family>().map_err(failed)?)),
                    Err(_) => before = number(&value)?,
                }
            }
            sessions.retain(|(_, family)| family.started >= before && !family.is_over(now));
            Ok(sessions)
        })
    }

    fn revoke_token(&self, user: Fingerprint, token: Fingerprint, until: u64, now: u64) -> StoreFuture<()> {
        let mut command = redis::cmd("SET");
        let lasts = until.saturating_sub(now).max(1);
        command.arg(self.token(user, token)).arg(1).arg("PX").arg(lasts);
        self.send(command)
    }

    fn end_before(&self, user: Fingerprint, time: u64, until: u64, now: u64) -> StoreFuture<()> {
        let lasts = until.saturating_sub(now).max(1);
        self.run(&END_BEFORE, user, vec![time.to_string(), lasts.to_string()])
    }
}

/// `renewed`, the family as it is now, and the seeds; or one word.
fn read_exchanged(answer: &[String]) -> Result<Exchanged, StoreError> {
    match answer {
        [word, family, seeds @ ..] if word == "renewed" => {
            let family: Family = family.parse().map_err(failed)?;
            let seeds = seeds.iter().map(|seed| seed.parse::<Seed>().map_err(|()| unreadable()));
            Ok(Exchanged::Renewed {
                expires: family.expires,
                user: family.user,
                seeds: seeds.collect::<Result<_, _>>()?,
            })
        }
        [word] if word == "unknown" => Ok(Exchanged::Unknown),
        [word] if word == "expired" => Ok(Exchanged::Expired),
        [word] if word == "reused" => Ok(Exchanged::Reused),
        _ => Err(unreadable()),
    }
}

/// When a session started and when it expires, without a look at the rest of it.
fn times(family: &str) -> Result<(u64, u64), StoreError> {
    let mut parts = family.split(' ');
    let (Some(started), Some(expires)) = (parts.next(), parts.nth(2)) else {
        return Err(unreadable());
    };
    Ok((number(started)?, number(expires)?))
}

fn number(text: &str) -> Result<u64, StoreError> {
    text.parse().map_err(failed)
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Failed(error.into())
}

fn unreadable() -> StoreError {
    failed(RedisError::from((ErrorKind::Parse, "not what this store has written")))
}

impl From<RedisError> for StoreError {
    fn from(error: RedisError) -> Self {
        if error.is_timeout() {
            Self::TimedOut
        } else {
            failed(error)
        }
    }
}
