//! Where the log goes: readable lines in development, JSON elsewhere.

use tracing_subscriber::EnvFilter;

use crate::config::{Config, Stage};

/// Installs the process's subscriber. A second call changes nothing.
pub fn init(config: &Config) {
    let filter = EnvFilter::new(&config.log);
    let builder = tracing_subscriber::fmt().with_env_filter(filter);
    let installed = match config.stage {
        Stage::Development => builder.try_init(),
        Stage::Staging | Stage::Production => builder.json().flatten_event(true).try_init(),
    };
    if installed.is_err() {
        tracing::debug!("a subscriber is already installed");
    }
}
