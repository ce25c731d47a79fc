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

/// A time as RFC 3339 has it, in UTC and to the microsecond: `2026-11-25T02:05:00.000000Z`. Times before 1970 are written as its
/// beginning.
#[derive(Debug, Clone, Copy)]
pub(super) struct InternetDate(pub(super) SystemTime);

impl fmt::Display for InternetDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.0.duration_since(UNIX_EPOCH).unwrap_or_default();
        let (year, month, day) = civil(since.as_secs() / DAY);
        let second = since.as_secs() % DAY;
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        for (end, mut number) in [
            (4, year),
            (7, month),
            (10, day),
            (13, second / 3600),
            (16, second % 3600 / 60),
            (19, second % 60),
            (26, since.subsec_micros().into()),
        ] {
            // From the last digit to the first, as far as the zeros go.
            for place in text.iter_mut().take(end).rev() {
                if number == 0 {
                    break;
                }
                *place = b'0' + u8::try_from(number % 10).unwrap_or_default();
                number /= 10;
            }
        }
        f.write_str(str::from_utf8(&text).unwrap_or_default())
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
