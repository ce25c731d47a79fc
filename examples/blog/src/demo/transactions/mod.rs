//! Transactions to look at: what a failure leaves behind, what a savepoint keeps, what others see meanwhile, and who is tried again.

pub(super) mod handlers;
mod isolation;
mod store;
mod transfer;
