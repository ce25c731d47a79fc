//! Posts.

mod dto;
mod handlers;
mod policy;
pub(crate) mod routes;
pub(crate) mod store;
mod version;

pub(crate) use self::handlers::find as visible;
