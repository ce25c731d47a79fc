use std::pin::Pin;
use std::sync::LazyLock;

use redis::aio::ConnectionLike;
use redis::{RedisError, Script};

static TAKE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/take.lua")));
static GIVE_BACK: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/give_back.lua")));

pub(super) type Answer = Pin<Box<dyn Future<Output = Result<Vec<u64>, RedisError>> + Send>>;

/// What the server is asked to do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Errand {
    Take,
    GiveBack,
}

/// A connection of whatever type.
pub(super) trait Link: Send + Sync {
    fn run(&self, errand: Errand, keys: Vec<String>, args: Vec<u64>) -> Answer;
}

/// To a server that speaks the protocol of Redis.
pub(super) struct RedisLink<C>(pub(super) C);

impl<C> Link for RedisLink<C>
where
    C: ConnectionLike + Clone + Send + Sync + 'static,
{
    /// A script is sent by its hash; only one that the server does not have yet costs more than one round trip.
    fn run(&self, errand: Errand, keys: Vec<String>, args: Vec<u64>) -> Answer {
        let mut connection = self.0.clone();
        let script = match errand {
            Errand::Take => &TAKE,
            Errand::GiveBack => &GIVE_BACK,
        };
        Box::pin(async move {
            let mut call = script.key(keys);
            call.arg(args);
            call.invoke_async(&mut connection).await
        })
    }
}
