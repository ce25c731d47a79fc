//! The rows of the blog: how they belong together, what happens whenever one is saved, and which of them a reader may see.
//!
//! Rules that hold for every table:
//!
//! - A row's key is an `i64` that never leaves the process; outside it is known by its `public_id`, a `UUIDv7`.
//! - Times are naive, UTC, and of whole microseconds, which is what all three databases keep ([`clock`]).
//! - A row is deleted by its mark, and comes back by taking the mark off ([`soft_delete`]).
//! - A row is saved through its active model, within a [`Context`] that says who does it: only so do the hooks run, which hash,
//!   name, stamp, and write the [`audit_entry`]. Many rows at once go through [`bulk`], which runs them too.
//! - A change of a row that others may change meanwhile goes through [`versioned`].

// The entities' parts are named by what their derives make, and the tables' columns by the migrations.
#![allow(missing_docs, reason = "the members of a row are its columns")]

pub mod attachment;
pub mod audit_entry;
pub mod bulk;
pub mod clock;
pub mod comment;
mod context;
mod hook;
mod password;
pub mod post;
pub mod post_tag;
pub mod profile;
pub mod session;
mod slug;
pub mod soft_delete;
pub mod tag;
pub mod upsert;
pub mod user;
pub mod versioned;

pub use self::context::{Actor, Context};
pub use self::hook::Audited;
pub use self::password::Password;
pub use self::slug::slug;
pub use self::soft_delete::SoftDelete;
