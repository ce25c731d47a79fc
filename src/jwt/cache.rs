//! Tokens that were verified, so that they need not be verified again.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};
use std::sync::{Mutex, PoisonError};

use super::outcome::Validity;
use crate::identity::Identity;

/// No more locks than this, and none for fewer entries than these.
const MOST_SHARDS: usize = 16;
const LEAST_ENTRIES: usize = 64;

/// How much the verified tokens of a layer may take. See [the cache](crate::jwt#the-cache).
#[derive(Debug, Clone, Copy)]
pub struct TokenCache {
    entries: usize,
    bytes: usize,
}

impl TokenCache {
    /// At most so many tokens, that weigh at most so many bytes. A token weighs ten times its length and a KiB: beside it are kept
    /// the claims and the identity, and a hundred roles of a letter each really take as much. Claims of a type of yours that take
    /// more are yours to bound.
    pub const fn new(entries: usize, bytes: usize) -> Self {
        Self { entries, bytes }
    }

    pub(super) fn check(self) -> Result<(), String> {
        if self.entries == 0 || u32::try_from(self.entries).is_err() {
            return Err("has room for no entry, or for more than 4 294 967 295".to_owned());
        }
        let least = weight(1024);
        if self.bytes / self.shards() < least {
            return Err(format!(
                "has fewer than {least} bytes for each of {} parts, too few for a token",
                self.shards()
            ));
        }
        Ok(())
    }

    fn shards(self) -> usize {
        (self.entries / LEAST_ENTRIES).clamp(1, MOST_SHARDS)
    }
}

/// What a token of so many bytes takes, with all that is read from it.
pub(super) const fn weight(token: usize) -> usize {
    token.saturating_mul(10).saturating_add(1024)
}

/// The verified tokens of one layer. Another layer has another cache, so that a token that is good for one is never good for the
/// other unseen.
pub(super) struct Cache {
    hasher: RandomState,
    shards: Vec<Mutex<Shard>>,
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("shards", &self.shards.len())
            .finish_non_exhaustive()
    }
}

impl Cache {
    pub(super) fn new(size: TokenCache) -> Self {
        let shards = size.shards();
        let shard = || {
            Mutex::new(Shard {
                index: HashMap::default(),
                slots: Vec::new(),
                free: Vec::new(),
                hand: 0,
                bytes: 0,
                most: size.entries / shards,
                most_bytes: size.bytes / shards,
            })
        };
        Self {
            hasher: RandomState::new(),
            shards: std::iter::repeat_with(shard).take(shards).collect(),
        }
    }

    /// By the end of its signature, in which hardly two good tokens are alike. Nobody knows the hash's key.
    fn hash(&self, token: &str) -> u64 {
        let token = token.as_bytes();
        match token.last_chunk::<16>() {
            Some(end) => self.hasher.hash_one(u128::from_ne_bytes(*end)),
            None => self.hasher.hash_one(token),
        }
    }

    /// The whole token is compared: the hash only finds the place.
    pub(super) fn get(&self, token: &str, still: impl FnOnce(&Validity) -> bool) -> Option<Identity> {
        let hash = self.hash(token);
        self.with(hash, |shard| {
            let place = *shard.index.get(&hash)?;
            let entry = shard.slots.get_mut(place)?.as_mut()?;
            if *entry.token != *token {
                return None;
            }
            if !still(&entry.validity) {
                shard.remove(place);
                return None;
            }
            entry.used = true;
            Some(entry.identity.clone())
        })
    }

    pub(super) fn insert(&self, token: &str, identity: &Identity, validity: Validity) {
        let hash = self.hash(token);
        let entry = Entry {
            hash,
            token: token.into(),
            identity: identity.clone(),
            validity,
            used: false,
        };
        self.with(hash, |shard| {
            shard.insert(entry);
            Some(())
        });
    }

    fn with<T>(&self, hash: u64, work: impl FnOnce(&mut Shard) -> Option<T>) -> Option<T> {
        // The low bits place the entry within the shard.
        let place = usize::try_from(hash >> 48).unwrap_or_default() % self.shards.len().max(1);
        let shard = self.shards.get(place)?;
        work(&mut shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Entry {
    hash: u64,
    token: Box<str>,
    identity: Identity,
    validity: Validity,
    /// Since the hand passed it last.
    used: bool,
}

/// Entries in slots, and a hand that goes round: it throws out what was not used since its last round.
struct Shard {
    index: HashMap<u64, usize, BuildHasherDefault<AsItIs>>,
    slots: Vec<Option<Entry>>,
    free: Vec<usize>,
    hand: usize,
    bytes: usize,
    most: usize,
    most_bytes: usize,
}

impl Shard {
    fn insert(&mut self, entry: Entry) {
        if let Some(place) = self.index.get(&entry.hash).copied() {
            self.remove(place);
        }
        let bytes = weight(entry.token.len());
        if bytes > self.most_bytes {
            return;
        }
        while self.bytes + bytes > self.most_bytes || self.index.len() >= self.most {
            self.evict();
        }
        self.bytes += bytes;
        let hash = entry.hash;
        let place = self.free.pop().unwrap_or(self.slots.len());
        match self.slots.get_mut(place) {
            Some(slot) => *slot = Some(entry),
            None => self.slots.push(Some(entry)),
        }
        self.index.insert(hash, place);
    }

    fn remove(&mut self, place: usize) {
        if let Some(entry) = self.slots.get_mut(place).and_then(Option::take) {
            self.index.remove(&entry.hash);
            self.bytes -= weight(entry.token.len());
            self.free.push(place);
        }
    }

    /// Moves the hand by one. Whoever asks again until there is room comes to an end, since the second round finds none in use.
    fn evict(&mut self) {
        let place = self.hand;
        self.hand = (place + 1) % self.slots.len().max(1);
        match self.slots.get_mut(place) {
            Some(Some(entry)) if entry.used => entry.used = false,
            Some(Some(_)) => self.remove(place),
            _ => {}
        }
    }
}

/// The keys are hashes already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
impl Cache {
    /// Entries and their weight.
    pub(super) fn size(&self) -> (usize, usize) {
        let shards = self.shards.iter().map(|shard| shard.lock().unwrap());
        shards.fold((0, 0), |(entries, bytes), shard| {
            (entries + shard.index.len(), bytes + shard.bytes)
        })
    }
}
