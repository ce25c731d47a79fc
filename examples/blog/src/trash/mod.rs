//! What is deleted and can still come back: listed, restored, removed for good.
//!
//! What goes with what is said by each feature's `removal`.

mod dto;
mod handlers;
pub(crate) mod policy;
mod purge;
pub(crate) mod routes;
mod store;
mod tags;
