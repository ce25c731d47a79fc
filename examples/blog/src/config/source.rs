use std::fmt;

/// Where variables are read from, and what was wrong with them.
pub(super) struct Source<L> {
    pub(super) lookup: L,
    pub(super) faults: Vec<Fault>,
}

impl<L: Fn(&str) -> Option<String>> Source<L> {
    pub(super) fn parse<T>(
        &mut self,
        variable: &'static str,
        default: T,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> T {
        let Some(text) = (self.lookup)(variable) else {
            return default;
        };
        let text = text.trim();
        if text.is_empty() {
            return default;
        }
        match parse(text) {
            Ok(value) => value,
            Err(reason) => {
                self.fault(variable, reason);
                default
            }
        }
    }

    pub(super) fn is_absent(&self, variable: &str) -> bool {
        (self.lookup)(variable).is_none_or(|text| text.trim().is_empty())
    }

    pub(super) fn fault(&mut self, variable: &'static str, reason: impl Into<String>) {
        self.faults.push(Fault {
            variable,
            reason: reason.into(),
        });
    }
}

/// One wrong variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its name.
    pub variable: &'static str,
    /// What is wrong with its value.
    pub reason: String,
}

/// Every wrong variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFaults(pub Vec<Fault>);

impl fmt::Display for ConfigFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is wrong")?;
        for fault in &self.0 {
            write!(f, "\n  {}: {}", fault.variable, fault.reason)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigFaults {}

/// A number from 1.
pub(super) fn positive<N: std::str::FromStr + PartialOrd + From<u8>>(text: &str) -> Result<N, String> {
    let number = text.parse::<N>().ok().filter(|number| *number >= N::from(1));
    number.ok_or_else(|| format!("{text:?} is not a number from 1"))
}
