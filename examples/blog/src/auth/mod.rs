//! Registering, logging in, and knowing who asks.

mod dto;
mod handlers;
mod roles;
pub(crate) mod routes;
pub(crate) mod store;
pub(crate) mod tokens;
