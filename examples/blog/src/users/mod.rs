//! The people who write.

pub(crate) mod account;
pub(crate) mod dto;
mod handlers;
mod include;
pub(crate) mod profile;
pub(crate) mod removal;
pub(crate) mod routes;
pub(crate) mod store;
