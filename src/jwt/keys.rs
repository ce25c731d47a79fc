//! Which key a token is verified with.

use super::algorithm::{Algorithm, Family};
use super::key::{Key, Material};
use super::seen::Remembered;
use crate::config_error::Faults;

/// The keys of one issuer. Ids are unique, and of the keys without an id each has an algorithm of its own.
#[derive(Default)]
pub(super) struct Keys {
    pub(super) own: Vec<(Option<String>, Material)>,
}

impl Keys {
    /// Notes every key that is faulty, or that cannot be told from another.
    pub(super) fn collect(keys: Vec<Key>, faults: &mut Faults) -> Self {
        let mut fault = |reason: String| faults.add("jwt", "key", reason);
        if keys.is_empty() {
            fault("is missing: no token could be verified".to_owned());
        }
        let mut own: Vec<(Option<String>, Material)> = Vec::new();
        for (place, key) in keys.into_iter().enumerate() {
            let (id, material) = key.into_parts();
            let name = id.clone().unwrap_or_else(|| format!("number {}", place + 1));
            let material = match material {
                Ok(material) => material,
                Err(reason) => {
                    fault(format!("`{name}` {reason}"));
                    continue;
                }
            };
            if own.iter().any(|other| alike(other, id.as_deref(), &material)) {
                fault(match id {
                    Some(_) => format!("`{name}` occurs twice"),
                    None => format!(
                        "`{name}` is the second of {} without an id; give each an id",
                        material.algorithm
                    ),
                });
            }
            own.push((id, material));
        }
        let secrets = own
            .iter()
            .filter(|(_, key)| key.algorithm.family() == Family::Hmac)
            .count();
        if secrets != 0 && secrets != own.len() {
            fault("secrets and public keys stand together; give each kind a layer of its own".to_owned());
        }
        Self { own }
    }

    /// Those that can be told from all others, and what is wrong with the rest: of two keys with one id, either could be meant.
    #[cfg(feature = "key-sets")]
    pub(super) fn distinct(keys: Vec<(Option<String>, Material)>) -> (Self, Vec<String>) {
        let mut ambiguous = Vec::new();
        let twice: Vec<bool> = keys
            .iter()
            .map(|(id, material)| {
                keys.iter()
                    .filter(|other| alike(other, id.as_deref(), material))
                    .count()
                    > 1
            })
            .collect();
        let mut own = Vec::new();
        for (key, twice) in keys.into_iter().zip(twice) {
            match &key {
                (Some(id), _) if twice => ambiguous.push(format!("`{id}` occurs twice")),
                (None, material) if twice => {
                    ambiguous.push(format!("one of several of {} without an id", material.algorithm));
                }
                _ => own.push(key),
            }
        }
        (Self { own }, ambiguous)
    }

    /// A `kid` names the key with that id; where no key has an id, it says nothing. Without it: the key without an id, or else
    /// the only key, of the token's algorithm. A key of another algorithm is never the one.
    pub(super) fn find(&self, algorithm: Algorithm, kid: Option<&str>) -> Option<&Material> {
        let fitting = || self.own.iter().filter(|(_, material)| material.algorithm == algorithm);
        if let Some(kid) = kid.filter(|_| self.have_ids()) {
            return fitting().find(|(id, _)| id.as_deref() == Some(kid)).map(|(_, key)| key);
        }
        if let Some((_, key)) = fitting().find(|(id, _)| id.is_none()) {
            return Some(key);
        }
        let mut fitting = fitting();
        match (fitting.next(), fitting.next()) {
            (Some((_, only)), None) => Some(only),
            _ => None,
        }
    }

    /// The key that has verified a token with this very header, and what was read there. It is the one that [`find`](Self::find) would
    /// find, since these keys never change.
    pub(super) fn recall(&self, header: &str) -> Option<(&Material, &Remembered)> {
        self.own
            .iter()
            .find_map(|(_, key)| key.seen.recall(header).map(|known| (key, known)))
    }

    pub(super) fn have_ids(&self) -> bool {
        self.own.iter().any(|(id, _)| id.is_some())
    }

    /// Whether a key has this id, be it for another algorithm: fetching the set again would not make it one of the token's.
    pub(super) fn names(&self, kid: Option<&str>) -> bool {
        kid.is_some() && self.own.iter().any(|(id, _)| id.as_deref() == kid)
    }
}

/// The same id, or none and the same algorithm.
fn alike((other_id, other): &(Option<String>, Material), id: Option<&str>, material: &Material) -> bool {
    other_id.as_deref() == id && (id.is_some() || other.algorithm == material.algorithm)
}
