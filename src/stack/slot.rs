/// A layer that every stack has in its type, open where it was left out.
///
/// [`Maybe`](super::maybe::Maybe) names the service within it twice, and each that is around it doubles what the compiler has to
/// look at; this names it once.
#[derive(Debug, Clone)]
pub(super) struct Slot<L> {
    layer: L,
    in_use: bool,
}

impl<L> Slot<L> {
    /// `open` lets everything pass.
    pub(super) fn or(layer: Option<L>, open: L) -> Self {
        let in_use = layer.is_some();
        Self {
            layer: layer.unwrap_or(open),
            in_use,
        }
    }

    pub(super) fn layer(&self) -> &L {
        &self.layer
    }

    pub(super) fn is_in_use(&self) -> bool {
        self.in_use
    }
}
