//! The blog from outside: requests through the whole router, each test on a database of its own.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod browser;
mod mariadb;
mod process;
mod redis;
mod support;

mod accounts;
mod aggregates;
mod backup;
mod bulk;
mod comments;
mod database;
mod dialects;
mod endings;
mod faults;
#[cfg(unix)]
mod files;
mod gate;
mod hooks;
mod hostile;
mod include;
mod injection;
mod lists;
mod lockout;
mod migrations;
mod operations;
mod pool;
mod posts;
mod profiles;
mod removal;
mod search;
mod seeds;
mod servers;
mod sessions;
mod socket;
mod tags;
mod threads;
mod transactions;
