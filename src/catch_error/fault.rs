use std::any::Any;
use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};

use http::StatusCode;

use crate::problem::Problem;

/// What went wrong before there was a response.
#[derive(Debug)]
pub(super) enum Fault {
    Error(Box<dyn StdError + Send + Sync>),
    Unready(Box<dyn StdError + Send + Sync>),
    Panicked(String),
}

impl Fault {
    pub(super) fn problem(&self) -> Problem {
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
/// What a panic leaves half done is never used again: the callers drop it.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let message = message(&*payload);
        // The payload's own `Drop` may panic, and that panic would escape.
        std::mem::forget(payload);
        message
    })
}

fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic whose payload is not text".to_owned()
    }
}
