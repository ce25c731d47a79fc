//! The trail that the hooks write: who did what to which row, for which request.

mod dto;
mod handlers;
pub(crate) mod routes;
pub(crate) mod store;
