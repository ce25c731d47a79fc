//! The front page, where everything can be tried.

mod handlers;
pub(crate) mod routes;
