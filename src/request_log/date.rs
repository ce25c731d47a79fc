use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const DAY: u64 = 24 * 60 * 60;

/// A time as Apache writes it, in UTC: `25/Nov/2026:02:05:00 +0000`. Times before 1970 are written as its beginning.
#[derive(Debug, Clone, Copy)]
pub(super) struct ApacheDate(pub(super) SystemTime);

impl fmt::Display for ApacheDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let (year, month, day) = civil(seconds / DAY);
        let name = MONTHS
            .iter()
            .zip(1..)
            .find_map(|(name, at)| (at == month).then_some(*name));
        let (hour, minute, second) = (seconds % DAY / 3600, seconds % 3600 / 60, seconds % 60);
        write!(
            f,
            "{day:02}/{}/{year:04}:{hour:02}:{minute:02}:{second:02} +0000",
            name.unwrap_or("???")
        )
    }
}

/// Year, month and day of the Gregorian calendar, so many days after 1 January 1970.
///
/// Years are counted from March, so that the leap day is a year's last, in eras of 400 years, which are all alike: see
/// "chrono-Compatible Low-Level Date Algorithms" by Howard Hinnant, `civil_from_days`.
fn civil(days: u64) -> (u64, u64, u64) {
    let from_march = days + 719_468;
    let (era, of_era) = (from_march / 146_097, from_march % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}
