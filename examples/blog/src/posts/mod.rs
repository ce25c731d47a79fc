//! Posts.

pub(crate) mod bulk;
pub(crate) mod dto;
pub(crate) mod fields;
mod handlers;
pub(crate) mod item;
pub(crate) mod list;
pub(crate) mod page;
mod policy;
pub(crate) mod removal;
pub(crate) mod request;
pub(crate) mod routes;
mod search;
pub(crate) mod sort;
pub(crate) mod store;
mod version;

pub(crate) use self::handlers::{find as visible, reader};
