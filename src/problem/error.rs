use std::error::Error as StdError;
use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::{Response, StatusCode};

use super::Problem;
use crate::body::RejectBody;

/// What a handler returns so that `?` works on any error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error, on its way to be a response: the log gets the cause, the client a [`Problem`].
///
/// An error that is a [`Problem`], or has one among its [sources](StdError::source), becomes that problem; every other becomes a
/// `500` that says nothing of its cause.
///
/// ```
/// use http::StatusCode;
/// use portcullis::{Error, Problem};
///
/// fn find(id: u32) -> portcullis::Result<&'static str> {
///     if id == 7 { Ok("seven") } else { Err(Problem::new(StatusCode::NOT_FOUND).into()) }
/// }
/// assert_eq!(find(8).unwrap_err().status(), 404);
/// let other: Error = std::io::Error::other("disk on fire").into();
/// assert_eq!(other.status(), 500);
/// ```
pub struct Error {
    cause: Box<dyn StdError + Send + Sync>,
}

impl Error {
    /// The status that the response will have.
    pub fn status(&self) -> StatusCode {
        Problem::behind(&*self.cause).map_or(StatusCode::INTERNAL_SERVER_ERROR, Problem::status)
    }

    /// The error that `?` was used on.
    pub fn cause(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.cause
    }

    /// The response: the problem, and for an unexpected error its [`Cause`] in the extensions.
    pub fn into_response<B: RejectBody>(self) -> Response<B> {
        let cause = match self.cause.downcast::<Problem>() {
            Ok(problem) => return problem.into_response(),
            Err(cause) => cause,
        };
        if let Some(problem) = Problem::behind(&*cause) {
            return problem.clone().into_response();
        }
        let mut response = Problem::new(StatusCode::INTERNAL_SERVER_ERROR).into_response();
        response.extensions_mut().insert(Cause::new(cause));
        response
    }
}

impl<E: Into<Box<dyn StdError + Send + Sync>>> From<E> for Error {
    fn from(cause: E) -> Self {
        Self { cause: cause.into() }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.cause, f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.cause, f)
    }
}

/// The error behind a `500`, in the response's extensions for the log; never for the client.
///
/// `catch_error` logs it with the request's id. Where no layer does, it is logged when the response is dropped: a cause is
/// never lost.
#[derive(Clone)]
pub struct Cause {
    inner: Arc<Inner>,
}

struct Inner {
    error: Box<dyn StdError + Send + Sync>,
    taken: AtomicBool,
}

impl Cause {
    /// Wraps the error that made a response fail.
    pub fn new(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            inner: Arc::new(Inner {
                error: error.into(),
                taken: AtomicBool::new(false),
            }),
        }
    }

    /// The error, for a layer that answers some errors otherwise. It does not count as logged.
    pub fn error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.inner.error
    }

    /// The error, for the first who asks, and who then logs it. `None` for all others.
    pub fn take(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        let taken = self.inner.taken.swap(true, Ordering::Relaxed);
        (!taken).then_some(&*self.inner.error)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if !*self.taken.get_mut() {
            tracing::error!(cause = %Chain(&*self.error), "request failed");
        }
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cause").field(&self.inner.error).finish()
    }
}

/// An error and all its sources on one line, for a log record.
pub(crate) struct Chain<'a>(pub(crate) &'a (dyn StdError + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = Escaped(f);
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

/// A text on one line, for a log record: it may quote what a client sent, and subscribers write it as it is.
pub(crate) struct OneLine<T>(pub(crate) T);

impl<T: fmt::Display> fmt::Display for OneLine<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaped(f), "{}", self.0)
    }
}

/// Escapes what would begin another line, speak to a terminal, or turn the text around.
struct Escaped<'f, 'b>(&'f mut fmt::Formatter<'b>);

impl fmt::Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|character| match character {
            '"' | '\'' | '\\' => self.0.write_char(character),
            _ => write!(self.0, "{}", character.escape_debug()),
        })
    }
}
