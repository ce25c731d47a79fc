use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::error::StoreError;
use super::memory_part::{Ban, Banned, Part};
use super::policy::{Exchange, Exchanged, Question, Standing};
use super::record::Family;
use super::token::{Fingerprint, SessionId};

/// Below this a part is so small that chance alone would fill it.
const SMALLEST_PART: usize = 1024;
const MOST_PARTS: usize = 64;

/// Sessions in this process, in parts with a lock each; all that belongs to one user lies in one part.
///
/// What is past its time is removed when something is written to its part: there is no task. Parts fill by a hash that nobody outside
/// can aim.
pub(super) struct MemoryStore {
    parts: Box<[Mutex<Part>]>,
    hasher: RandomState,
}

impl MemoryStore {
    pub(super) fn new(sessions: usize, bans: usize) -> Self {
        let count = (sessions.min(bans) / SMALLEST_PART).clamp(1, MOST_PARTS);
        let share = |all: usize, index: usize| all / count + usize::from(index < all % count);
        let parts = (0..count).map(|index| Mutex::new(Part::new(share(sessions, index), share(bans, index))));
        Self {
            parts: parts.collect(),
            hasher: RandomState::new(),
        }
    }

    pub(super) fn start(&self, id: SessionId, family: Family, most: usize) {
        let now = family.started;
        self.change(id.user(), now, (), |part| part.start(id, family, most));
    }

    pub(super) fn exchange(&self, asked: &Exchange) -> Exchanged {
        self.change(asked.id.user(), asked.now, Exchanged::Unknown, |part| {
            part.exchange(asked)
        })
    }

    pub(super) fn standing(&self, question: &Question) -> Standing {
        let Some(part) = self.part(question.user) else {
            return Standing::default();
        };
        let live = |banned: &&Banned| banned.until > question.now;
        let session = question.session.and_then(|id| part.sessions.get(&id));
        let token = question.token.map(|token| Ban::Token(question.user, token));
        let before = part.bans.get(&Ban::Before(question.user)).filter(live);
        Standing {
            session: session.map(|family| (family.started, family.expires)),
            revoked: token.is_some_and(|token| part.bans.get(&token).as_ref().is_some_and(live)),
            not_before: before.map(|banned| banned.not_before),
        }
    }

    pub(super) fn end(&self, id: SessionId, now: u64) -> bool {
        self.change(id.user(), now, false, |part| part.remove(id).is_some())
    }

    pub(super) fn end_all(&self, user: Fingerprint, now: u64) -> usize {
        self.change(user, now, 0, |part| part.end_before(user, u64::MAX))
    }

    pub(super) fn list(&self, user: Fingerprint, now: u64) -> Vec<(SessionId, Family)> {
        self.change(user, now, Vec::new(), |part| {
            let before = part.before(user);
            let ids = part.users.get(&user).into_iter().flatten();
            let known = ids.filter_map(|id| Some((*id, part.sessions.get(id)?)));
            let live = known.filter(|(_, family)| family.started >= before);
            live.map(|(id, family)| (id, family.clone())).collect()
        })
    }

    pub(super) fn revoke_token(
        &self,
        user: Fingerprint,
        token: Fingerprint,
        until: u64,
        now: u64,
    ) -> Result<(), StoreError> {
        let banned = Banned { until, not_before: 0 };
        self.change(user, now, Ok(()), |part| part.ban(Ban::Token(user, token), banned))
    }

    pub(super) fn end_before(&self, user: Fingerprint, time: u64, until: u64, now: u64) -> Result<(), StoreError> {
        let banned = Banned {
            until,
            not_before: time,
        };
        self.change(user, now, Ok(()), |part| {
            part.end_before(user, time);
            part.ban(Ban::Before(user), banned)
        })
    }

    /// Changes the user's part, once all is gone that is past its time. There always is a part; `none` is never the answer.
    fn change<T>(&self, user: Fingerprint, now: u64, none: T, change: impl FnOnce(&mut Part) -> T) -> T {
        match self.part(user) {
            Some(mut part) => {
                part.sweep(now);
                change(&mut part)
            }
            None => none,
        }
    }

    fn part(&self, user: Fingerprint) -> Option<MutexGuard<'_, Part>> {
        // The upper half of the product is below the number of parts, whatever that is.
        let scaled = (u128::from(self.hasher.hash_one(user)) * self.parts.len() as u128) >> 64;
        let part = self.parts.get(usize::try_from(scaled).ok()?)?;
        Some(part.lock().unwrap_or_else(PoisonError::into_inner))
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> (usize, usize) {
        let mut held = (0, 0);
        for part in &self.parts {
            let part = part.lock().unwrap();
            assert_eq!(part.sessions.len(), part.ends.len());
            assert_eq!(part.sessions.len(), part.users.values().map(Vec::len).sum::<usize>());
            assert_eq!(part.bans.len(), part.lapses.len());
            assert!(part.users.values().all(|ids| !ids.is_empty()));
            held = (held.0 + part.sessions.len(), held.1 + part.bans.len());
        }
        held
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("parts", &self.parts.len())
            .finish_non_exhaustive()
    }
}
