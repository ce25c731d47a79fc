use std::any::Any;
use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use http::StatusCode;

use crate::problem::Problem;

/// What went wrong before there was a response.
#[derive(Debug)]
pub(crate) enum Fault {
    Error(Box<dyn StdError + Send + Sync>),
    Unready(Box<dyn StdError + Send + Sync>),
    Panicked(Cow<'static, str>),
}

impl Fault {
    pub(crate) fn problem(&self) -> Problem {
        let (Self::Error(error) | Self::Unready(error)) = self else {
            return Problem::new(StatusCode::INTERNAL_SERVER_ERROR);
        };
        match Problem::behind(&**error) {
            Some(problem) => problem.clone(),
            None if matches!(self, Self::Unready(_)) => Problem::new(StatusCode::SERVICE_UNAVAILABLE),
            None => Problem::new(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

/// Runs `work`; a panic becomes its message.
///
/// What a panic leaves half done is not used again: the callers drop futures and bodies, and a service is asked anew whether
/// it is ready.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Cow<'static, str>> {
    catch_unwind(AssertUnwindSafe(work)).map_err(message)
}

fn message(payload: Box<dyn Any + Send>) -> Cow<'static, str> {
    let payload = match payload.downcast::<String>() {
        Ok(text) => return Cow::Owned(*text),
        Err(other) => other,
    };
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        return Cow::Borrowed(text);
    }
    // The payload's own `Drop` may panic, and so may that of the payload which comes of it.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(payload);
    }
    Cow::Borrowed("a panic whose payload is not text")
}

/// The readiness of a service, as one that cannot fail: what keeps it from being ready is the answer to its next request.
pub(crate) fn readiness<E>(
    unready: &mut Option<Box<Fault>>,
    poll: impl FnOnce() -> Poll<Result<(), E>>,
) -> Poll<Result<(), Infallible>>
where
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    if unready.is_none() {
        match guarded(poll) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(Ok(()))) => {}
            Ok(Poll::Ready(Err(error))) => *unready = Some(Box::new(Fault::Unready(error.into()))),
            Err(message) => *unready = Some(Box::new(Fault::Panicked(message))),
        }
    }
    Poll::Ready(Ok(()))
}
