//! The people who write.

pub(crate) mod dto;
mod handlers;
mod include;
pub(crate) mod routes;
pub(crate) mod store;
