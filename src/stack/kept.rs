use std::mem;
use std::pin::Pin;

use http::{HeaderValue, Response};
use tokio::time::Sleep;

use super::layers::Checkpoints;
use crate::body::RejectBody;
use crate::catch_error::{self, Fault, guarded};
use crate::checkpoint::Room;
use crate::cors::Verdict;
use crate::request_id::RequestId;
use crate::security_headers::Promised;
use crate::shutdown::Counted;
use crate::throttle::Permits;
use crate::trail::Trail;

/// What the layers keep of a request until its answer.
pub(super) struct Kept<C> {
    /// For the header of the answer.
    pub(super) id: Option<HeaderValue>,
    /// Until the answer's body has it.
    pub(super) context: Option<catch_error::Context>,
    pub(super) counted: Counted,
    pub(super) promised: Promised,
    /// Whether the answer has what was promised, and what the checkpoints say of it.
    pub(super) marked: bool,
    pub(super) verdict: Verdict,
    pub(super) checkpoints: <Checkpoints<C> as Room>::Kept,
    /// Not before there is something to wait for: most answers and all refusals need no clock.
    pub(super) sleep: Option<Pin<Box<Sleep>>>,
}

impl<C> Kept<C> {
    pub(super) fn new(id: HeaderValue, context: catch_error::Context) -> Self {
        Self {
            id: Some(id),
            context: Some(context),
            counted: Counted::default(),
            promised: Promised::default(),
            marked: false,
            verdict: Verdict::Refused,
            checkpoints: Default::default(),
            sleep: None,
        }
    }

    /// Until the body has ended.
    pub(super) fn permits(&mut self) -> Option<Permits> {
        let ((), (_, (permits, ()))) = &mut self.checkpoints.0;
        permits.take()
    }

    pub(super) fn request_id(&self) -> Option<&RequestId> {
        self.context.as_ref().and_then(catch_error::Context::id)
    }

    pub(super) fn trail(&self) -> Option<&Trail> {
        self.context.as_ref().and_then(catch_error::Context::trail)
    }

    /// Tells the log, and says what the client is told.
    pub(super) fn fault<A: RejectBody>(&self, fault: &Fault) -> Response<A> {
        if let Some(context) = &self.context {
            context.report(fault);
        }
        fault.problem().into_response()
    }

    /// Asks no longer whether the origin is allowed. What asks is the app's, as the service's future is.
    pub(super) fn stop_asking(&mut self) {
        if let Verdict::Asked(..) = self.verdict {
            let asked = mem::replace(&mut self.verdict, Verdict::Refused);
            self.guard("dropping the future", || drop(asked));
        }
    }

    /// Runs `work`, whose panic is told to the log and to nobody else.
    pub(super) fn guard(&self, place: &'static str, work: impl FnOnce()) {
        if let (Err(message), Some(context)) = (guarded(work), &self.context) {
            context.panicked(place, &message);
        }
    }
}
