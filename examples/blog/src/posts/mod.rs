//! Posts.

mod dto;
mod handlers;
pub(crate) mod model;
mod policy;
pub(crate) mod routes;
pub(crate) mod store;
mod version;

pub(crate) use self::handlers::find as visible;
