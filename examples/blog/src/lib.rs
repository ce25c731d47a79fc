//! A blog behind Portcullis: accounts, posts and comments over `SQLite`, one folder a feature.
//!
//! `main` reads the [`config`], opens the [`state`] and serves the router that [`app`] builds from it.

pub mod app;
pub mod config;
pub mod metrics;
pub mod operations;
pub mod state;
pub mod telemetry;

mod admin;
mod auth;
mod comments;
mod database;
mod demo;
mod error;
mod extract;
mod health;
mod middleware;
mod migration;
mod page;
mod pages;
mod posts;
mod seed;
mod text;
mod users;
mod validation;
