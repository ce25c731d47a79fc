use std::error::Error as StdError;
use std::mem;
use std::pin::Pin;

use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::kept::Kept;
use super::layers::{Checkpoints, Layers};
use crate::body::RejectBody;
use crate::catch_error::{Fault, guarded};
use crate::checkpoint::{Checkpoint, Entry, Moment, Room};
use crate::cors::Preflight;
use crate::shutdown::Counted;

pin_project! {
    /// How far a request has come.
    #[project = WorkProj]
    pub(super) enum Work<S, F, C, Q, A> {
        Preflight { asked: Option<Preflight> },
        // Boxed, so that the many requests that do not wait need not have room for it.
        Waiting { waiting: Option<Box<Waiting<S, C, Q>>> },
        Serving { #[pin] future: F },
        // Until all layers have marked it.
        Answered { response: Option<Response<A>> },
        Done,
    }
}

impl<S, F, C, Q, A> Work<S, F, C, Q, A> {
    pub(super) fn answered(response: Response<A>) -> Self {
        Self::Answered {
            response: Some(response),
        }
    }

    /// The answer, where there is one already.
    pub(super) fn answer(self: Pin<&mut Self>) -> Option<&mut Response<A>> {
        match self.project() {
            WorkProj::Answered { response } => response.as_mut(),
            _ => None,
        }
    }

    pub(super) fn take_answer(self: Pin<&mut Self>) -> Option<Response<A>> {
        match self.project() {
            WorkProj::Answered { response } => response.take(),
            _ => None,
        }
    }
}

/// A request that waits at a checkpoint, and the service that was ready for it.
pub(super) struct Waiting<S, C, Q> {
    pub(super) wait: <Checkpoints<C> as Room>::Wait,
    pub(super) service: S,
    pub(super) request: Request<Q>,
}

impl<S, F, C, Q, A> Work<S, F, C, Q, A>
where
    S: Service<Request<Q>, Response = Response<A>, Future = F> + Clone,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    C: Send + Sync + 'static,
    A: RejectBody + Body,
{
    /// From within `catch_error` as far as the request comes without waiting.
    pub(super) fn begin(
        &mut self,
        layers: &Layers<C>,
        kept: &mut Kept<C>,
        service: &mut S,
        unready: &mut Option<Box<Fault>>,
        mut request: Request<Q>,
        moment: &Moment,
    ) {
        kept.counted = Counted::enter(layers.shutdown.as_ref(), &request);
        kept.promised = layers.security_headers.enter(&mut request);
        if let Some(cors) = &layers.cors {
            kept.verdict = cors.judge(request.headers());
            if let Some(asked) = Preflight::of(request.method(), request.headers()) {
                *self = Self::Preflight { asked: Some(asked) };
                return;
            }
        }
        // Caught here and not by `catch_error`, so that the answer to a crash passes the layers in between.
        let fault = match unready.take() {
            Some(fault) => *fault,
            None => match guarded(|| self.enter(layers, kept, service, request, moment)) {
                Ok(()) => return,
                Err(message) => Fault::Panicked(message),
            },
        };
        *self = Self::answered(kept.fault(&fault));
    }

    fn enter(
        &mut self,
        layers: &Layers<C>,
        kept: &mut Kept<C>,
        service: &mut S,
        mut request: Request<Q>,
        moment: &Moment,
    ) {
        *self = match layers.checkpoints.enter(&mut request, &mut kept.checkpoints, moment) {
            Entry::Pass => Self::Serving {
                future: service.call(request),
            },
            Entry::Refuse(response) => Self::answered(response),
            Entry::Wait(wait) => {
                let clone = service.clone();
                let service = mem::replace(service, clone);
                Self::Waiting {
                    waiting: Some(Box::new(Waiting { wait, service, request })),
                }
            }
        };
    }
}
