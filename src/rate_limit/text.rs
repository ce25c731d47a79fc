//! Quotas as people write them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::error::ParseQuotaError;
use super::quota::Quota;

/// Units of time by name, abbreviations and nanoseconds, longest first.
const UNITS: &[(&str, &[&str], u64)] = &[
    ("day", &["d"], 86_400_000_000_000),
    ("hour", &["h"], 3_600_000_000_000),
    ("minute", &["m", "min", "mins"], 60_000_000_000),
    ("second", &["s", "sec", "secs"], 1_000_000_000),
    ("millisecond", &["ms"], 1_000_000),
    ("nanosecond", &["ns"], 1),
];

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let window = self.window.as_nanos();
        let (unit, length) = UNITS
            .iter()
            .map(|(unit, _, length)| (*unit, u128::from(*length)))
            .find(|(_, length)| window >= *length && window.is_multiple_of(*length))
            .unwrap_or(("second", 1_000_000_000));
        match window / length {
            1 => write!(f, "{} per {unit}", self.requests)?,
            count => write!(f, "{} per {count} {unit}s", self.requests)?,
        }
        if self.burst != self.requests {
            write!(f, ", burst {}", self.burst)?;
        }
        if self.fixed {
            f.write_str(", fixed")?;
        }
        Ok(())
    }
}

impl FromStr for Quota {
    type Err = ParseQuotaError;

    fn from_str(text: &str) -> Result<Self, ParseQuotaError> {
        let lower = text.to_ascii_lowercase();
        let mut parts = lower.split(',');
        let rate = parts.next().unwrap_or_default();
        let unlike = || ParseQuotaError::new(format!("`{text}` is no quota; write one like `100 per 15 minutes`"));
        let (requests, window) = rate
            .split_once(" per ")
            .or_else(|| rate.split_once('/'))
            .ok_or_else(unlike)?;
        let requests = number(requests)?;
        let mut quota = Self::new(requests, parse_window(window)?);
        for part in parts.map(str::trim) {
            quota = match part.strip_prefix("burst ") {
                Some(burst) => quota.burst(number(burst)?),
                None if part == "fixed" => quota.fixed_window(),
                None => return Err(unlike()),
            };
        }
        quota
            .pace()
            .map_err(|faults| ParseQuotaError::new(format!("`{text}`: {}", faults.join("; "))))?;
        Ok(quota)
    }
}

fn number(text: &str) -> Result<u32, ParseQuotaError> {
    let text = text.trim();
    text.parse()
        .ok()
        .filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
        .ok_or_else(|| ParseQuotaError::new(format!("`{text}` is no count; write a whole number up to {}", u32::MAX)))
}

/// `15 minutes`, `minute` or `15m`.
fn parse_window(text: &str) -> Result<Duration, ParseQuotaError> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at_checked(digits).unwrap_or((text, ""));
    let count = if count.is_empty() { 1 } else { number(count)? };
    let unit = unit.trim();
    let length = UNITS
        .iter()
        .find(|(name, short, _)| short.contains(&unit) || unit == *name || unit.strip_suffix('s') == Some(name))
        .map(|(_, _, length)| *length);
    let length = length.ok_or_else(|| {
        let what = match unit {
            "" => "the window has no unit".to_owned(),
            other => format!("`{other}` is no unit"),
        };
        ParseQuotaError::new(format!("{what}; use seconds, minutes, hours or days"))
    })?;
    Ok(Duration::from_nanos(length).saturating_mul(count))
}
