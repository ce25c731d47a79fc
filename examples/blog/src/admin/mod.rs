//! What only admins may see.

mod accounts;
mod handlers;
pub(crate) mod routes;
