//! Many posts by one request, and what is in the trash brought back.

mod dto;
mod handlers;
pub(crate) mod routes;
mod store;
