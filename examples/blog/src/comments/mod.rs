//! Comments under posts.

mod dto;
mod handlers;
pub(crate) mod removal;
pub(crate) mod routes;
pub(crate) mod store;
mod thread;
