use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

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
    /// The columns that each save under way changes, by the row, from the hook before it to the hook after it.
    changed: Mutex<HashMap<Uuid, Vec<&'static str>>>,
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

    /// Keeps what the save under way changes. By the row, since a task may save several at once.
    pub(crate) fn keep_changed(&self, row: Uuid, columns: Vec<&'static str>) {
        self.changed().insert(row, columns);
    }

    /// What was kept of this row.
    pub(crate) fn take_changed(&self, row: Uuid) -> Vec<&'static str> {
        self.changed().remove(&row).unwrap_or_default()
    }

    fn changed(&self) -> MutexGuard<'_, HashMap<Uuid, Vec<&'static str>>> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
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
