//! What a user tells of themselves.

mod dto;
pub(super) mod handlers;
pub(crate) mod store;

pub(crate) use self::dto::{ProfileRequest, ProfileView};
