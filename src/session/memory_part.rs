use std::collections::{BTreeSet, HashMap};

use super::error::StoreError;
use super::policy::{Exchange, Exchanged};
use super::record::Family;
use super::token::{Fingerprint, SessionId};

/// The sessions and revocations of some of the users.
pub(super) struct Part {
    pub(super) sessions: HashMap<SessionId, Family>,
    pub(super) users: HashMap<Fingerprint, Vec<SessionId>>,
    /// By when they end, the first first.
    pub(super) ends: BTreeSet<(u64, SessionId)>,
    pub(super) bans: HashMap<Ban, Banned>,
    pub(super) lapses: BTreeSet<(u64, Ban)>,
    pub(super) most_sessions: usize,
    pub(super) most_bans: usize,
}

/// What was revoked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Ban {
    Token(Fingerprint, Fingerprint),
    Before(Fingerprint),
}

#[derive(Clone, Copy)]
pub(super) struct Banned {
    /// When it lapses.
    pub(super) until: u64,
    /// The time before which nothing counts; 0 for a token.
    pub(super) not_before: u64,
}

impl Part {
    pub(super) fn new(most_sessions: usize, most_bans: usize) -> Self {
        Self {
            sessions: HashMap::new(),
            users: HashMap::new(),
            ends: BTreeSet::new(),
            bans: HashMap::new(),
            lapses: BTreeSet::new(),
            most_sessions,
            most_bans,
        }
    }

    pub(super) fn sweep(&mut self, now: u64) {
        while let Some((_, id)) = self.ends.first().copied().filter(|(when, _)| *when <= now) {
            self.remove(id);
        }
        while let Some((_, ban)) = self.lapses.first().copied().filter(|(when, _)| *when <= now) {
            self.lapses.pop_first();
            self.bans.remove(&ban);
        }
    }

    pub(super) fn start(&mut self, id: SessionId, family: Family, most: usize) {
        loop {
            let own = self.users.get(&id.user()).map_or(&[][..], Vec::as_slice);
            let used = |id: &&SessionId| self.sessions.get(id).map(|family| family.used);
            let victim = if own.len() >= most {
                own.iter().min_by_key(used).copied()
            } else if self.sessions.len() >= self.most_sessions {
                self.ends.first().map(|(_, id)| *id)
            } else {
                None
            };
            // A removal that removes nothing cannot make room either.
            if victim.and_then(|id| self.remove(id)).is_none() {
                break;
            }
        }
        self.users.entry(id.user()).or_default().push(id);
        self.ends.insert((family.expires, id));
        self.sessions.insert(id, family);
    }

    pub(super) fn exchange(&mut self, asked: &Exchange) -> Exchanged {
        let id = asked.id;
        let before = self.before(id.user());
        let Some(family) = self.sessions.get_mut(&id).filter(|family| family.started >= before) else {
            return Exchanged::Unknown;
        };
        let due = (family.expires, id);
        let exchanged = family.exchange(asked);
        match exchanged {
            Exchanged::Renewed { expires, .. } => {
                self.ends.remove(&due);
                self.ends.insert((expires, id));
            }
            Exchanged::Expired | Exchanged::Reused => {
                self.remove(id);
            }
            Exchanged::Unknown => {}
        }
        exchanged
    }

    pub(super) fn before(&self, user: Fingerprint) -> u64 {
        self.bans.get(&Ban::Before(user)).map_or(0, |banned| banned.not_before)
    }

    pub(super) fn remove(&mut self, id: SessionId) -> Option<Family> {
        let family = self.sessions.remove(&id)?;
        self.ends.remove(&(family.expires, id));
        if let Some(own) = self.users.get_mut(&id.user()) {
            own.retain(|other| *other != id);
            if own.is_empty() {
                self.users.remove(&id.user());
            }
        }
        Some(family)
    }

    pub(super) fn end_before(&mut self, user: Fingerprint, time: u64) -> usize {
        let mut earlier = self.users.get(&user).cloned().unwrap_or_default();
        earlier.retain(|id| self.sessions.get(id).is_some_and(|family| family.started < time));
        earlier.into_iter().filter(|id| self.remove(*id).is_some()).count()
    }

    pub(super) fn ban(&mut self, ban: Ban, mut banned: Banned) -> Result<(), StoreError> {
        if let Some(earlier) = self.bans.get(&ban) {
            banned.until = banned.until.max(earlier.until);
            banned.not_before = banned.not_before.max(earlier.not_before);
            self.lapses.remove(&(earlier.until, ban));
        } else if self.bans.len() >= self.most_bans {
            return Err(StoreError::Full);
        }
        self.bans.insert(ban, banned);
        self.lapses.insert((banned.until, ban));
        Ok(())
    }
}
