//! What is logged, and its change at run time.

use std::fmt;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::{EnvFilter, Registry, reload};

/// What is logged. All clones are one.
#[derive(Clone)]
pub struct LogLevel {
    handle: reload::Handle<EnvFilter, Registry>,
}

impl LogLevel {
    /// What is logged at first, for the subscriber, and what changes it for as long as that lives.
    pub fn reloadable(directives: &str) -> Result<(reload::Layer<EnvFilter, Registry>, Self), String> {
        let (filter, handle) = reload::Layer::new(parse(directives)?);
        Ok((filter, Self { handle }))
    }

    /// The directives in force.
    pub fn current(&self) -> String {
        self.handle.with_current(ToString::to_string).unwrap_or_default()
    }

    /// Logs by these directives from now on. The error says what is wrong with them; then all stays as it was.
    pub fn change(&self, directives: &str) -> Result<(), String> {
        let filter = parse(directives)?;
        self.handle.reload(filter).map_err(|error| error.to_string())
    }
}

/// Directives such as `info,portcullis=debug`.
///
/// `EnvFilter` takes a bare word that is no level for the name of a module: `inof` would switch everything else off.
pub(crate) fn parse(directives: &str) -> Result<EnvFilter, String> {
    let directives = directives.trim();
    if directives.is_empty() {
        return Err("is empty; `off` logs nothing".into());
    }
    for part in directives.split(',') {
        if part.is_empty() || (!part.contains('=') && part.parse::<LevelFilter>().is_err()) {
            return Err(format!("{part:?} is no level: trace, debug, info, warn, error or off"));
        }
    }
    directives.parse::<EnvFilter>().map_err(|error| error.to_string())
}

impl fmt::Debug for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LogLevel").field(&self.current()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_misspelt_level_is_no_module() {
        for good in [
            "info",
            "INFO",
            "off",
            "info,portcullis=debug",
            " warn,blog=trace\n",
            "info,[request{request_id=7}]=debug",
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in ["", " ", "inof", "info,blog", "blog=loud", "info,,warn", "info;warn"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
