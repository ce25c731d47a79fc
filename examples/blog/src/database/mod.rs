//! The one database behind all stores: how it is reached, kept, watched and changed.
//!
//! | file | what |
//! |---|---|
//! | [`settings`] | what a deployment may set |
//! | [`pool`] | connections: opened, awaited at start, closed |
//! | [`migrate`] | the schema's history, on a connection of its own |
//! | [`transaction`] | all or nothing, nested, repeated where the database asks for it |
//! | [`per_parent`] | the first rows of each parent, in one statement |
//! | [`cache`] | answers to dear questions, kept until something is written |
//! | [`fault`] | which errors mean that it is away, or that another try may help |
//! | [`watch`] | statements counted by request, slow ones logged |
//! | [`backup`] | a copy of the embedded database while it serves |

pub mod backup;
pub(crate) mod cache;
pub(crate) mod fault;
pub mod migrate;
pub(crate) mod per_parent;
mod pool;
pub mod settings;
mod transaction;
pub mod watch;

pub use self::pool::Db;
pub use self::transaction::{Transaction, savepoint};
