//! What a user tells of themselves.

#![expect(
    clippy::option_option,
    reason = "of a change, `null` takes away what nothing leaves as it is"
)]

mod dto;
pub(super) mod handlers;
pub(crate) mod store;

pub(crate) use self::dto::{ProfileRequest, ProfileView};
