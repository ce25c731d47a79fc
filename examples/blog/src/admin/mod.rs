//! What only admins may see.

mod handlers;
pub(crate) mod routes;
