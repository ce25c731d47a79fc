//! One error for every layer that was configured wrongly, listing all faults at once.

use std::fmt;

/// A configuration that cannot be served, with every fault found in it.
///
/// Builders collect faults instead of stopping at the first, so that one run shows all there is to mend.
///
/// ```
/// use portcullis::ConfigError;
///
/// let mut faults = ConfigError::collector();
/// faults.add("cors", "origin", "`example.com` has no scheme");
/// faults.add("cors", "max_age", "must not exceed 24 h");
/// let error = faults.finish().unwrap_err();
/// assert_eq!(error.faults().len(), 2);
/// assert_eq!(
///     error.to_string(),
///     "2 faults: cors.origin: `example.com` has no scheme; cors.max_age: must not exceed 24 h",
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    faults: Vec<Fault>,
}

/// One fault of a [`ConfigError`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    layer: &'static str,
    setting: &'static str,
    reason: String,
}

impl ConfigError {
    /// An empty list of faults to add to while a builder checks its settings.
    pub fn collector() -> Faults {
        Faults { found: Vec::new() }
    }

    /// Every fault, in the order found; never empty.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl Fault {
    /// The module of the layer, such as `cors`.
    pub fn layer(&self) -> &'static str {
        self.layer
    }

    /// The builder's method that was given the faulty value.
    pub fn setting(&self) -> &'static str {
        self.setting
    }

    /// What is wrong and what would be right.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}: {}", self.layer, self.setting, self.reason)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.faults.len() > 1 {
            write!(f, "{} faults: ", self.faults.len())?;
        }
        for (i, fault) in self.faults.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// Faults collected while a builder checks its settings; see [`ConfigError::collector`].
#[derive(Debug, Default)]
#[must_use = "call `finish` to turn the faults into an error"]
pub struct Faults {
    found: Vec<Fault>,
}

impl Faults {
    /// Notes one fault of `layer`'s `setting`.
    pub fn add(&mut self, layer: &'static str, setting: &'static str, reason: impl Into<String>) {
        self.found.push(Fault {
            layer,
            setting,
            reason: reason.into(),
        });
    }

    /// Takes over the faults of another builder; its value is returned where it had none.
    pub fn absorb<T>(&mut self, built: Result<T, ConfigError>) -> Option<T> {
        match built {
            Ok(value) => Some(value),
            Err(error) => {
                self.found.extend(error.faults);
                None
            }
        }
    }

    /// Adds a last fault, without which there is nothing to build, and ends the collection.
    pub fn end_with(mut self, layer: &'static str, setting: &'static str, reason: impl Into<String>) -> ConfigError {
        self.add(layer, setting, reason);
        ConfigError { faults: self.found }
    }

    /// `Ok` where nothing was added.
    pub fn finish(self) -> Result<(), ConfigError> {
        if self.found.is_empty() {
            Ok(())
        } else {
            Err(ConfigError { faults: self.found })
        }
    }
}
