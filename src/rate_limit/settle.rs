use std::sync::Arc;

use super::builder::RateLimitLayerBuilder;
use super::clock::Ticks;
use super::dry_run::Tally;
use super::headers::{Headers, Stamp};
use super::layer::RateLimitLayer;
use super::limit::Limit;
use super::limiter::{LAYER, Limiter};
use super::memory::{Memory, WAYS};
use super::policy::Pace;
use super::refusals::Refusals;
use super::rule::Rule;
use super::store::{Callers, MOST_QUOTAS, Store, Terms};
use crate::caller::{Key, Reports, Salt};
use crate::config_error::ConfigError;

const MOST_KEYS: usize = 100_000_000;
/// 365 days, which is a quota's longest.
const LONGEST: u64 = 365 * 24 * 3600 * 1_000_000_000;

impl RateLimitLayerBuilder {
    /// Checks all settings.
    ///
    /// # Errors
    /// Lists a missing quota and everything that is wrong with those given, two of one name, more than eight, a header that
    /// is none, an IPv6 prefix, a delay or a number of keys out of bounds.
    pub fn build(mut self) -> Result<RateLimitLayer, ConfigError> {
        if self.limits.is_empty() {
            let reason = "no quota is set; parse one like `100 per 15 minutes`";
            self.faults.add(LAYER, "quota", reason);
        }
        if self.limits.len() > MOST_QUOTAS {
            let reason = format!("a layer has at most {MOST_QUOTAS} quotas; stack two layers");
            self.faults.add(LAYER, "quota", reason);
        }
        if !(WAYS..=MOST_KEYS).contains(&self.max_keys) {
            let reason = format!("must be {WAYS} to {MOST_KEYS}, not {}", self.max_keys);
            self.faults.add(LAYER, "max_keys", reason);
        }
        self.check_defaults();
        let callers = match self.limits.as_slice() {
            [_] => Callers::Same,
            limits if limits.iter().all(|limit| limit.key.is_none()) => Callers::Same,
            _ => Callers::Several,
        };
        let rules: Box<[Rule]> = std::mem::take(&mut self.limits)
            .into_iter()
            .map(|limit| self.settle(limit))
            .collect();
        for (place, rule) in rules.iter().enumerate() {
            let name = &rule.quota.name;
            if rules.iter().take(place).any(|earlier| earlier.quota.name == *name) {
                let reason = format!("two quotas bear the name `{name}`; give each its own by `name`");
                self.faults.add(LAYER, "quota", reason);
            }
        }
        let shared = self.store.take().and_then(|make| {
            let quotas = rules.iter().map(|rule| (rule.quota.name.clone(), rule.pace));
            let made = make(Terms {
                quotas: quotas.collect(),
                callers,
                max_keys: self.max_keys,
            });
            let faults = made.as_ref().err().into_iter().flatten();
            faults.for_each(|fault| self.faults.add(LAYER, "store", fault.clone()));
            made.ok()
        });
        self.faults.finish()?;
        #[cfg(any(test, feature = "redis"))]
        let salt = shared.as_ref().map_or_else(Salt::secret, |_| Salt::Shared);
        #[cfg(not(any(test, feature = "redis")))]
        let salt = Salt::secret();
        let store = shared.map_or_else(
            || Store::Memory(Memory::new(rules.iter().map(|rule| rule.pace), self.max_keys)),
            Store::Shared,
        );
        Ok(RateLimitLayer {
            limiter: Arc::new(Limiter {
                dry_run: self.dry_run.then(|| rules.iter().map(|_| Tally::default()).collect()),
                rules,
                store,
                ticks: Ticks::new(),
                salt,
                skip: self.skip,
                expose_state: self.expose_state,
                reports: Reports::default(),
            }),
        })
    }

    /// The builder's own rules once, and those of each limit.
    fn check_defaults(&mut self) {
        let keys = self.limits.iter().filter_map(|limit| limit.key.as_ref());
        for fault in keys.chain([&self.key]).flat_map(Key::faults) {
            self.faults.add(LAYER, "key", fault);
        }
        let beyond = self.limits.iter().filter_map(|limit| limit.beyond);
        for fault in beyond.chain([self.beyond]).filter_map(|beyond| beyond.extra().err()) {
            self.faults.add(LAYER, "beyond", fault);
        }
    }

    /// The limit with the builder's rules where it has none. What is wrong is a fault, and the rule is then never served.
    fn settle(&mut self, limit: Limit) -> Rule {
        let pace = limit.quota.pace().unwrap_or_else(|faults| {
            for fault in faults {
                self.faults.add(LAYER, "quota", fault);
            }
            Pace::PLACEHOLDER
        });
        let beyond = limit.beyond.unwrap_or(self.beyond);
        let extra = beyond.extra().unwrap_or(0);
        let widened = pace.widened(extra).unwrap_or_else(|| {
            self.faults.add(LAYER, "beyond", "the steps of the delay are too small");
            pace
        });
        // What suits one key does not suit another.
        let on_missing_key = match (limit.on_missing_key, &limit.key) {
            (None, None) => self.on_missing_key,
            (own, _) => own,
        };
        let key = limit.key.unwrap_or_else(|| self.key.clone());
        if widened.window() > LONGEST {
            let reason = "so many may wait that it would take more than 365 days to come back; use a larger step";
            self.faults.add(LAYER, "beyond", reason);
        }
        let headers = if self.dry_run { Headers::None } else { self.headers };
        Rule {
            stamp: Stamp::new(headers, &limit.quota, pace),
            refusals: Refusals::new(&limit.quota.name),
            pace: widened,
            extra: widened.burst() - pace.burst(),
            step: beyond.step(),
            on_missing_key: on_missing_key.unwrap_or(key.on_missing()),
            key,
            when: limit.when,
            weight: limit.weight.or_else(|| self.weight.clone()),
            counts: limit.counts.unwrap_or_else(|| self.counts.clone()),
            quota: limit.quota,
        }
    }
}
