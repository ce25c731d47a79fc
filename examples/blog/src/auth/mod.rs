//! Registering, logging in, and knowing who asks.

mod dto;
mod handlers;
pub(crate) mod routes;
pub(crate) mod tokens;
