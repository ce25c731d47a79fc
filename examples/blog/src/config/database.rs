use std::num::NonZeroU32;
use std::time::Duration;

use super::source::{Source, positive};
use crate::database::settings::{Settings, Url};

/// Every variable about the database.
pub(super) fn settings<L: Fn(&str) -> Option<String>>(source: &mut Source<L>) -> Settings {
    let url = source.parse("DATABASE_URL", Url::default(), Url::parse);
    let replica = source.parse("DATABASE_REPLICA_URL", None, |text| Url::parse(text).map(Some));
    if replica
        .as_ref()
        .is_some_and(|replica| replica.backend() != url.backend())
    {
        source.fault("DATABASE_REPLICA_URL", "must be of the same kind as DATABASE_URL");
    }
    Settings {
        url,
        replica,
        connections: source.parse("DATABASE_POOL", NonZeroU32::MIN.saturating_add(9), |text| {
            let number = text.parse().ok().filter(|number: &NonZeroU32| number.get() <= 1000);
            number.ok_or_else(|| format!("{text:?} is not a number from 1 to 1000"))
        }),
        acquire: seconds(source, "DATABASE_ACQUIRE_SECONDS", 3),
        lock: source.parse("DATABASE_LOCK_SECONDS", Duration::from_secs(5), |text| {
            let number = text.parse().ok().filter(|number| (1..=3600).contains(number));
            let seconds = number.ok_or_else(|| format!("{text:?} is not a number from 1 to 3600"))?;
            Ok(Duration::from_secs(seconds))
        }),
        idle: seconds(source, "DATABASE_IDLE_SECONDS", 600),
        lifetime: seconds(source, "DATABASE_LIFETIME_SECONDS", 1800),
        statements: source.parse("DATABASE_STATEMENTS", 100, |text| {
            text.parse().map_err(|_| format!("{text:?} is not a number"))
        }),
        wait: source.parse("DATABASE_WAIT_SECONDS", Duration::from_mins(1), |text| {
            let seconds = text
                .parse()
                .map_err(|_| format!("{text:?} is not a number of seconds"))?;
            Ok(Duration::from_secs(seconds))
        }),
        slow: source.parse("SLOW_STATEMENT_MS", Duration::from_millis(200), |text| {
            let millis = text
                .parse()
                .map_err(|_| format!("{text:?} is not a number of milliseconds"))?;
            Ok(Duration::from_millis(millis))
        }),
    }
}

fn seconds<L: Fn(&str) -> Option<String>>(source: &mut Source<L>, variable: &'static str, default: u32) -> Duration {
    Duration::from_secs(u64::from(source.parse(variable, default, positive)))
}
