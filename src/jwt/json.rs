//! Reads JSON more strictly than `serde_json`: every name once, and not deeper than needed.
//!
//! RFC 8259 section 4 leaves the meaning of a repeated name open, and two readers of one token must not differ (RFC 7515
//! section 4, RFC 7519 section 4).

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The deepest nesting of objects and arrays.
const DEEPEST: u8 = 32;

/// 9999-12-31T23:59:59Z. What lies beyond is milliseconds taken for seconds.
const LATEST: Duration = Duration::from_secs(253_402_300_799);

/// Takes the members of the outermost object that matter.
pub(super) trait Members<'de> {
    /// Reads the value of `name`, or hands it on to [`skip`].
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<Member, A::Error>;
}

/// Which member was read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Member {
    /// One of up to 64 that the reader knows, by a number that it alone has: its name need not be kept to know it again.
    Known(u8),
    Other,
}

/// Reads one object, whole.
pub(super) fn read_object<'de, M: Members<'de>>(json: &'de str, members: &mut M) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    deserializer.deserialize_map(Object(members))?;
    deserializer.end()
}

/// Passes over a value of the outermost object, as strictly as over all.
pub(super) fn skip<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Member, A::Error> {
    map.next_value_seed(Skip { depth: 1 })?;
    Ok(Member::Other)
}

pub(super) struct Object<'m, M>(pub(super) &'m mut M);

impl<'de, M: Members<'de>> Visitor<'de> for Object<'_, M> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut known = 0_u64;
        // Most objects have none but known ones.
        let mut names: Option<Names<'de>> = None;
        while let Some(Text(name)) = map.next_key()? {
            match self.0.member(&name, &mut map)? {
                Member::Other => names.get_or_insert_default().add(name)?,
                Member::Known(number) => {
                    let bit = 1 << number;
                    if known & bit != 0 {
                        return Err(A::Error::custom(TWICE));
                    }
                    known |= bit;
                }
            }
        }
        names.map_or(Ok(()), Names::check)
    }
}

pub(super) fn deeper<E: Error>(depth: u8) -> Result<u8, E> {
    if depth >= DEEPEST {
        return Err(E::custom("nested too deeply"));
    }
    Ok(depth + 1)
}

#[derive(Clone, Copy)]
struct Skip {
    depth: u8,
}

impl<'de> DeserializeSeed<'de> for Skip {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Skip {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let inner = Self {
            depth: deeper(self.depth)?,
        };
        let mut names = Names::default();
        while let Some(Text(name)) = map.next_key()? {
            names.add(name)?;
            map.next_value_seed(inner)?;
        }
        names.check()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let inner = Self {
            depth: deeper(self.depth)?,
        };
        while seq.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

pub(super) const TWICE: &str = "a name occurs twice";

/// So many names are compared each with each. Those of a longer object are sorted, since it would cost their square.
const FEW: usize = 16;

#[derive(Default)]
struct Names<'de> {
    few: [&'de str; FEW],
    count: usize,
    /// Those beyond, and those with escapes, which no token has that is not made to deceive.
    more: Vec<Cow<'de, str>>,
}

impl<'de> Names<'de> {
    fn add<E: Error>(&mut self, name: Cow<'de, str>) -> Result<(), E> {
        if self.few.iter().take(self.count).any(|other| *other == name) {
            return Err(E::custom(TWICE));
        }
        match (self.few.get_mut(self.count), name) {
            (Some(place), Cow::Borrowed(name)) => {
                *place = name;
                self.count += 1;
            }
            (_, name) => self.more.push(name),
        }
        Ok(())
    }

    fn check<E: Error>(mut self) -> Result<(), E> {
        if self.more.is_empty() {
            return Ok(());
        }
        // One with escapes may have come before its like.
        self.more
            .extend(self.few.iter().take(self.count).map(|name| Cow::Borrowed(*name)));
        self.more.sort_unstable();
        let twice = self
            .more
            .iter()
            .zip(self.more.iter().skip(1))
            .any(|(one, next)| one == next);
        if twice { Err(E::custom(TWICE)) } else { Ok(()) }
    }
}

/// A string, borrowed where it has no escapes.
pub(super) struct Text<'de>(pub(super) Cow<'de, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrow;
        impl<'de> Visitor<'de> for Borrow {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Borrow)
    }
}

/// Seconds since 1970, whole or not (RFC 7519 section 2), up to the year 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NumericDate(pub(super) Duration);

impl NumericDate {
    pub(super) fn new(since_1970: Duration) -> Option<Self> {
        (since_1970 <= LATEST).then_some(Self(since_1970))
    }
}

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seconds;
        impl Visitor<'_> for Seconds {
            type Value = NumericDate;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("seconds between 1970 and the year 9999")
            }

            fn visit_u64<E: Error>(self, seconds: u64) -> Result<NumericDate, E> {
                NumericDate::new(Duration::from_secs(seconds)).ok_or_else(|| E::custom("beyond the year 9999"))
            }

            fn visit_f64<E: Error>(self, seconds: f64) -> Result<NumericDate, E> {
                let date = Duration::try_from_secs_f64(seconds).ok().and_then(NumericDate::new);
                date.ok_or_else(|| E::custom("before 1970 or beyond the year 9999"))
            }
        }
        deserializer.deserialize_f64(Seconds)
    }
}

/// A string, or an array of strings (RFC 7519 section 4.1.3): whether one of them is in a list.
pub(super) struct AnyOf<'l>(pub(super) &'l [String]);

impl<'de> DeserializeSeed<'de> for AnyOf<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnyOf<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an array of strings")
    }

    fn visit_str<E>(self, text: &str) -> Result<bool, E> {
        Ok(self.0.iter().any(|own| own == text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        let mut found = false;
        while let Some(text) = seq.next_element::<Text<'de>>()? {
            found |= self.0.iter().any(|own| *own == text.0);
        }
        Ok(found)
    }
}

/// Anything at all, for a member that is refused whatever it holds.
pub(super) type Anything = IgnoredAny;
