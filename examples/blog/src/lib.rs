//! A blog behind Portcullis: accounts, posts and comments over `SQLite`, `MariaDB` or `PostgreSQL`, one folder a feature.
//!
//! `main` reads the [`config`], opens the [`state`] and serves the router that [`app`] builds from it.

pub mod app;
pub mod cli;
pub mod config;
pub mod database;
pub mod housekeeping;
pub mod metrics;
pub mod operations;
pub mod seed;
pub mod state;
pub mod telemetry;

mod admin;
mod audit;
mod auth;
mod comments;
mod demo;
mod error;
mod extract;
mod health;
mod middleware;
mod page;
mod pages;
mod posts;
mod private;
mod query;
mod reports;
mod tags;
mod trash;
mod users;
mod validation;
