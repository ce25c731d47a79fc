//! Which series a request belongs to.

use http::{Method, StatusCode, Version};

use crate::trail::Failure;

/// All that tells series of one route apart. Each member has few values, whatever a client sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Labels {
    pub(super) method: Verb,
    pub(super) secure: bool,
    pub(super) version: &'static str,
    pub(super) status: Option<StatusCode>,
    pub(super) fault: Option<Fault>,
}

/// A method by its place in [`Verb::NAMES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verb(u8);

/// Why a request counts as failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Its status is a server's error.
    Status(StatusCode),
    Panicked,
    TimedOut,
    Failed,
    /// The client has gone, or an outer layer gave up.
    Aborted,
}

/// How the work on a request came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Ended,
    Failed,
    Dropped,
}

impl Verb {
    /// The methods of RFC 9110 and RFC 5789, and what stands for all others, since a client can make up as many as it likes.
    pub(super) const NAMES: [&'static str; 10] = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "_OTHER",
    ];

    pub(super) fn of(method: &Method) -> Self {
        let known = Self::NAMES.iter().take(9).position(|name| *name == method.as_str());
        Self(known.and_then(|place| place.try_into().ok()).unwrap_or(9))
    }

    pub(super) fn place(self) -> usize {
        self.0.into()
    }

    pub(super) fn as_str(self) -> &'static str {
        Self::NAMES.get(self.place()).copied().unwrap_or("_OTHER")
    }
}

impl Fault {
    /// `expected` and `sent` are bytes of the body: hyper stops to ask for more at the `Content-Length`.
    pub(super) fn of(
        end: End,
        status: Option<StatusCode>,
        failure: Option<&Failure>,
        sent: u64,
        expected: Option<u64>,
    ) -> Option<Self> {
        let whole = expected.is_some_and(|expected| sent >= expected);
        match (failure, end) {
            (Some(Failure::Panicked), _) => Some(Self::Panicked),
            (Some(Failure::TimedOut), _) => Some(Self::TimedOut),
            (Some(Failure::Error), _) | (None, End::Failed) => Some(Self::Failed),
            (None, End::Dropped) if status.is_none() || !whole => Some(Self::Aborted),
            (None, End::Ended | End::Dropped) => status.filter(StatusCode::is_server_error).map(Self::Status),
        }
    }

    /// The value of `error.type`.
    pub(super) fn name(self) -> String {
        match self {
            Self::Status(status) => status.as_str().to_owned(),
            Self::Panicked => "panicked".to_owned(),
            Self::TimedOut => "timed_out".to_owned(),
            Self::Failed => "failed".to_owned(),
            Self::Aborted => "aborted".to_owned(),
        }
    }
}

pub(super) fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "0.9",
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        _ => "1.1",
    }
}
