use tower_layer::Layer;

use super::service::CatchError;
use crate::problem::Renderer;

/// Applies [`CatchError`]. See the [module page](super).
#[derive(Debug, Clone, Default)]
pub struct CatchErrorLayer {
    renderer: Option<Renderer>,
}

impl CatchErrorLayer {
    /// Problems as `application/problem+json`, with the standard members.
    pub fn new() -> Self {
        Self::default()
    }

    /// Renders every problem that passes, from any layer or handler within. Default: as the problem renders itself.
    ///
    /// A renderer that panics is logged, and the client gets a plain `500`.
    #[must_use]
    pub fn renderer(mut self, renderer: Renderer) -> Self {
        self.renderer = Some(renderer);
        self
    }
}

impl CatchErrorLayer {
    /// How problems look, for a stack.
    pub(crate) fn rendered_by(&self) -> Option<&Renderer> {
        self.renderer.as_ref()
    }
}

impl<S> Layer<S> for CatchErrorLayer {
    type Service = CatchError<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CatchError::new(inner, self.renderer.clone())
    }
}
