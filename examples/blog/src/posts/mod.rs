//! Posts.

pub(crate) mod bulk;
mod dto;
mod handlers;
mod policy;
pub(crate) mod removal;
pub(crate) mod routes;
pub(crate) mod store;
mod version;

pub(crate) use self::handlers::find as visible;
