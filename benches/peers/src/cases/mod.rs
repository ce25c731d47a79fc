//! The work, by room of the library.

mod catch_error;
mod cors;
mod gate;
mod jwt;
mod not_found;
mod rate_limit;
mod request_id;
mod request_log;
mod roles;
mod security_headers;
mod timeout;

use crate::case::Case;

type Cases = Result<Vec<Case>, String>;

/// Half the time of whoever does the same.
const HALF: f64 = 0.5;
const PROBLEM: &str = "application/problem+json";

/// How much of it: a smoke run needs no table that outgrows a cache.
#[derive(Clone, Copy)]
pub(crate) struct Scale {
    pub(crate) addresses: u32,
}

type Room = fn(Scale) -> Cases;

/// Before anybody listens to the log.
pub(crate) const QUIET: &[Room] = &[
    cors::cases,
    request_log::quiet,
    request_id::cases,
    catch_error::cases,
    timeout::cases,
    security_headers::cases,
    rate_limit::cases,
    jwt::cases,
    roles::cases,
    not_found::cases,
    gate::quiet,
];

/// With each record written as JSON.
pub(crate) const LOGGED: &[Room] = &[request_log::logged, gate::logged];

/// Whatever a constructor complains of.
fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}
