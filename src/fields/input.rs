use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::error::Found;
use super::policy::{Scope, Verdict};

/// Reads a body to its end and notes every member that the caller may not set; what has no rules inside is skipped.
pub(super) struct Inspect<'a, 's, T> {
    /// Of a list that has been let in.
    pub(super) element: bool,
    pub(super) scope: Scope<'a, T>,
    pub(super) path: &'s mut String,
    pub(super) found: &'s mut Found,
}

impl<T> Inspect<'_, '_, T> {
    /// What has no members sets the whole.
    fn whole(self) {
        if !self.scope.open {
            self.found.note(self.path);
        }
    }
}

impl<'de, T> DeserializeSeed<'de> for Inspect<'_, '_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<(), D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de, T> Visitor<'de> for Inspect<'_, '_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let here = self.path.len();
        loop {
            let name = Name {
                scope: self.scope,
                path: &mut *self.path,
                found: &mut *self.found,
            };
            match map.next_key_seed(name)? {
                None => return Ok(()),
                Some(Verdict::Denied | Verdict::Granted) => {
                    map.next_value::<IgnoredAny>()?;
                }
                Some(Verdict::Within(scope)) => map.next_value_seed(Inspect {
                    element: false,
                    scope,
                    path: &mut *self.path,
                    found: &mut *self.found,
                })?,
            }
            self.path.truncate(here);
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        // A derived `Deserialize` takes a list for a struct, its members by position: only where the rules speak of a list is it
        // one. What is not sent of that is gone, so that it is set as a whole.
        if self.element || !self.scope.takes_list() {
            self.found.note(self.path);
            while list.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        while list
            .next_element_seed(Inspect {
                element: true,
                scope: self.scope,
                path: &mut *self.path,
                found: &mut *self.found,
            })?
            .is_some()
        {}
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.whole();
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.whole();
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.whole();
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.whole();
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        self.whole();
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.whole();
        Ok(())
    }
}

/// Reads a member's name, notes it where it is denied, and leaves the path at it.
struct Name<'a, 's, T> {
    scope: Scope<'a, T>,
    path: &'s mut String,
    found: &'s mut Found,
}

impl<'de, 'a, T> DeserializeSeed<'de> for Name<'a, '_, T> {
    type Value = Verdict<'a, T>;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Verdict<'a, T>, D::Error> {
        input.deserialize_str(self)
    }
}

impl<'a, T> Visitor<'_> for Name<'a, '_, T> {
    type Value = Verdict<'a, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Verdict<'a, T>, E> {
        let verdict = self.scope.member(name);
        if matches!(verdict, Verdict::Granted) {
            return Ok(verdict);
        }
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(name);
        if matches!(verdict, Verdict::Denied) {
            self.found.note(self.path);
        }
        Ok(verdict)
    }
}
