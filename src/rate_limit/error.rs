use std::fmt;

/// A text that is no quota. It says what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseQuotaError {
    reason: String,
}

impl ParseQuotaError {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

impl fmt::Display for ParseQuotaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for ParseQuotaError {}
