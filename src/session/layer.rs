use tower_layer::Layer;

use super::service::CheckSession;
use super::sessions::Sessions;

/// Refuses access tokens that do not count any more. See the [module page](crate::session).
#[derive(Debug, Clone)]
#[must_use = "layers do nothing until they wrap a service"]
pub struct SessionLayer {
    sessions: Sessions,
}

impl SessionLayer {
    /// Checks against these sessions, with the settings that they were built with.
    pub fn new(sessions: &Sessions) -> Self {
        let sessions = sessions.clone();
        Self { sessions }
    }
}

impl SessionLayer {
    /// What is asked, for a stack.
    pub(crate) fn checkpoint(&self) -> Sessions {
        self.sessions.clone()
    }
}

impl Sessions {
    /// The layer that refuses what was ended or revoked here; the same as [`SessionLayer::new`].
    pub fn layer(&self) -> SessionLayer {
        SessionLayer::new(self)
    }
}

impl<S> Layer<S> for SessionLayer {
    type Service = CheckSession<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CheckSession::new(inner, self.checkpoint())
    }
}
