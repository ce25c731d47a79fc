use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::names::{Names, TWICE};
use super::text::Text;

/// The deepest nesting of objects and arrays.
const DEEPEST: u8 = 32;

/// Takes the members of the outermost object that matter.
pub(in crate::jwt) trait Members<'de> {
    /// Reads the value of `name`, or hands it on to [`skip`].
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<Member, A::Error>;
}

/// Which member was read.
#[derive(Debug, Clone, Copy)]
pub(in crate::jwt) enum Member {
    /// One of up to 64 that the reader knows, by a number that it alone has: its name need not be kept to know it again.
    Known(u8),
    Other,
}

/// Reads one object, whole.
pub(in crate::jwt) fn read_object<'de, M: Members<'de>>(
    json: &'de str,
    members: &mut M,
) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    deserializer.deserialize_map(Object(members))?;
    deserializer.end()
}

/// Passes over a value of the outermost object, as strictly as over all.
pub(in crate::jwt) fn skip<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Member, A::Error> {
    map.next_value_seed(Skip { depth: 1 })?;
    Ok(Member::Other)
}

pub(in crate::jwt) struct Object<'m, M>(pub(in crate::jwt) &'m mut M);

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
