use std::fmt;
use std::future::Future;
use std::sync::Mutex;

use portcullis::password::Passwords;
use sea_orm::DbErr;
use uuid::Uuid;

tokio::task_local! {
    static CONTEXT: Context;
}

/// Who saves rows, for which request, and what the hooks need for it.
///
/// It accompanies a task, since a hook is given nothing but the row and the connection. A row that is saved outside of one is
/// refused: a trail with holes is none.
pub struct Context {
    actor: Actor,
    request_id: Option<String>,
    passwords: Passwords,
    /// The columns that the save under way changes, from the hook before it to the hook after it.
    changed: Mutex<Vec<&'static str>>,
}

/// Who does something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A caller without an account.
    Anonymous,
    /// An account, by its public id.
    User(Uuid),
    /// The blog itself, in a part of this name.
    System(&'static str),
}

impl Context {
    /// For what one request, command or job saves.
    pub fn new(actor: Actor, request_id: Option<String>, passwords: Passwords) -> Self {
        Self {
            actor,
            request_id,
            passwords,
            changed: Mutex::default(),
        }
    }

    /// Runs `work` within this context.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        CONTEXT.scope(self, work).await
    }

    /// Hashes by the task's own means.
    pub(crate) async fn hash(password: String) -> Result<String, DbErr> {
        let passwords = Self::with(|context| context.passwords.clone())?;
        let hash = passwords.hash(password).await;
        hash.map_err(|error| DbErr::Custom(error.to_string()))
    }

    /// Reads the task's context.
    pub(crate) fn with<T>(read: impl FnOnce(&Self) -> T) -> Result<T, DbErr> {
        CONTEXT
            .try_with(read)
            .map_err(|_| DbErr::Custom("a row was saved outside of a context that says who does it".into()))
    }

    pub(crate) fn actor(&self) -> String {
        self.actor.to_string()
    }

    pub(crate) fn request_id(&self) -> Option<String> {
        self.request_id.clone()
    }

    /// Keeps what the save under way changes, and gives what was kept before.
    pub(crate) fn exchange_changed(&self, columns: Vec<&'static str>) -> Vec<&'static str> {
        let mut changed = self.changed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        std::mem::replace(&mut changed, columns)
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("anonymous"),
            Self::User(id) => write!(f, "user:{id}"),
            Self::System(part) => write!(f, "system:{part}"),
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("actor", &self.actor)
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}
