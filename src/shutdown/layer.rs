use tower_layer::Layer;

use super::handle::Handle;
use super::service::InFlight;

/// Applies [`InFlight`]; from [`Shutdown::layer`](super::Shutdown::layer) or [`Handle::layer`].
#[derive(Debug, Clone)]
pub struct ShutdownLayer {
    /// `None` where nobody is to hear of it.
    handle: Option<Handle>,
}

impl Handle {
    /// The layer that counts what is in flight.
    pub fn layer(&self) -> ShutdownLayer {
        ShutdownLayer {
            handle: Some(self.clone()),
        }
    }
}

impl ShutdownLayer {
    /// Who counts, for a stack.
    pub(crate) fn handle(&self) -> Option<Handle> {
        self.handle.clone()
    }
}

impl Default for ShutdownLayer {
    /// Counts for nobody: the layer of a shutdown that never begins.
    fn default() -> Self {
        Self { handle: None }
    }
}

impl<S> Layer<S> for ShutdownLayer {
    type Service = InFlight<S>;

    fn layer(&self, inner: S) -> Self::Service {
        InFlight::new(inner, self.handle())
    }
}
