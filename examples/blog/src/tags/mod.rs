//! What posts are about.

pub(crate) mod dto;
mod handlers;
pub(crate) mod routes;
pub(crate) mod store;
