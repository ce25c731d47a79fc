//! Where the log goes, where there is one: to a file, a JSON record at a time.

use std::io;
use std::sync::Arc;

use e2e_contract::Settings;

pub(crate) fn listen(settings: &Settings) -> io::Result<()> {
    if let Some(file) = settings.log_file()? {
        tracing_subscriber::fmt()
            .json()
            .with_max_level(tracing::Level::INFO)
            .with_writer(Arc::new(file))
            .init();
    }
    Ok(())
}
