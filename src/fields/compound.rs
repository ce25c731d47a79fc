use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple, SerializeTupleStruct,
    SerializeTupleVariant, Serializer,
};

use super::filter::Within;
use super::key::Key;
use super::policy::{Scope, Verdict};

/// The elements of a list, each of which is where the list is.
pub(super) struct Elements<'a, C, T> {
    inner: C,
    scope: Scope<'a, T>,
}

impl<'a, C, T> Elements<'a, C, T> {
    pub(super) fn new(inner: C, scope: Scope<'a, T>) -> Self {
        Self { inner, scope }
    }
}

impl<C: SerializeSeq, T> SerializeSeq for Elements<'_, C, T> {
    type Ok = C::Ok;
    type Error = C::Error;

    fn serialize_element<V: Serialize + ?Sized>(&mut self, value: &V) -> Result<(), C::Error> {
        let scope = self.scope;
        self.inner.serialize_element(&Within { value, scope })
    }

    fn end(self) -> Result<C::Ok, C::Error> {
        self.inner.end()
    }
}

impl<C: SerializeTuple, T> SerializeTuple for Elements<'_, C, T> {
    type Ok = C::Ok;
    type Error = C::Error;

    fn serialize_element<V: Serialize + ?Sized>(&mut self, value: &V) -> Result<(), C::Error> {
        let scope = self.scope;
        self.inner.serialize_element(&Within { value, scope })
    }

    fn end(self) -> Result<C::Ok, C::Error> {
        self.inner.end()
    }
}

impl<C: SerializeTupleStruct, T> SerializeTupleStruct for Elements<'_, C, T> {
    type Ok = C::Ok;
    type Error = C::Error;

    fn serialize_field<V: Serialize + ?Sized>(&mut self, value: &V) -> Result<(), C::Error> {
        let scope = self.scope;
        self.inner.serialize_field(&Within { value, scope })
    }

    fn end(self) -> Result<C::Ok, C::Error> {
        self.inner.end()
    }
}

/// The members of a map, or of a struct with `#[serde(flatten)]`.
pub(super) struct Members<'a, C, T> {
    inner: C,
    scope: Scope<'a, T>,
    /// What becomes of the value that follows.
    next: Verdict<'a, T>,
}

impl<'a, C, T> Members<'a, C, T> {
    pub(super) fn new(inner: C, scope: Scope<'a, T>) -> Self {
        let next = Verdict::Denied;
        Self { inner, scope, next }
    }
}

impl<C: SerializeMap, T> SerializeMap for Members<'_, C, T> {
    type Ok = C::Ok;
    type Error = C::Error;

    fn serialize_key<K: Serialize + ?Sized>(&mut self, key: &K) -> Result<(), C::Error> {
        self.next = Key(self.scope).judge(key);
        match self.next {
            Verdict::Denied => Ok(()),
            Verdict::Granted | Verdict::Within(_) => self.inner.serialize_key(key),
        }
    }

    fn serialize_value<V: Serialize + ?Sized>(&mut self, value: &V) -> Result<(), C::Error> {
        match std::mem::replace(&mut self.next, Verdict::Denied) {
            Verdict::Denied => Ok(()),
            Verdict::Granted => self.inner.serialize_value(value),
            Verdict::Within(scope) => self.inner.serialize_value(&Within { value, scope }),
        }
    }

    fn serialize_entry<K, V>(&mut self, key: &K, value: &V) -> Result<(), C::Error>
    where
        K: Serialize + ?Sized,
        V: Serialize + ?Sized,
    {
        match Key(self.scope).judge(key) {
            Verdict::Denied => Ok(()),
            Verdict::Granted => self.inner.serialize_entry(key, value),
            Verdict::Within(scope) => self.inner.serialize_entry(key, &Within { value, scope }),
        }
    }

    fn end(self) -> Result<C::Ok, C::Error> {
        self.inner.end()
    }
}

/// The members of a struct.
pub(super) enum Record<'a, S: Serializer, T> {
    /// As a map, since a struct's length would have to be known beforehand.
    Members(S::SerializeMap, Scope<'a, T>),
    /// A format's own value.
    Whole(S::SerializeStruct),
    Hidden(S),
}

impl<S: Serializer, T> SerializeStruct for Record<'_, S, T> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_field<V: Serialize + ?Sized>(&mut self, name: &'static str, value: &V) -> Result<(), S::Error> {
        match self {
            Self::Members(inner, scope) => match scope.member(name) {
                Verdict::Denied => Ok(()),
                Verdict::Granted => inner.serialize_entry(name, value),
                Verdict::Within(scope) => inner.serialize_entry(name, &Within { value, scope }),
            },
            Self::Whole(inner) => inner.serialize_field(name, value),
            Self::Hidden(_) => Ok(()),
        }
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        match self {
            Self::Members(inner, _) => inner.end(),
            Self::Whole(inner) => inner.end(),
            Self::Hidden(inner) => inner.serialize_unit(),
        }
    }
}

/// A variant with fields: an object with one member, its name.
pub(super) enum Variant<'a, C, M, T> {
    Empty(M),
    Whole(C),
    Within(C, Scope<'a, T>),
}

impl<C, M, T> SerializeTupleVariant for Variant<'_, C, M, T>
where
    C: SerializeTupleVariant,
    M: SerializeMap<Ok = C::Ok, Error = C::Error>,
{
    type Ok = C::Ok;
    type Error = C::Error;

    fn serialize_field<V: Serialize + ?Sized>(&mut self, value: &V) -> Result<(), C::Error> {
        match self {
            Self::Empty(_) => Ok(()),
            Self::Whole(inner) => inner.serialize_field(value),
            Self::Within(inner, scope) => inner.serialize_field(&Within { value, scope: *scope }),
        }
    }

    fn end(self) -> Result<C::Ok, C::Error> {
        match self {
            Self::Empty(inner) => inner.end(),
            Self::Whole(inner) | Self::Within(inner, _) => inner.end(),
        }
    }
}

impl<C, M, T> SerializeStructVariant for Variant<'_, C, M, T>
where
    C: SerializeStructVariant,
    M: SerializeMap<Ok = C::Ok, Error = C::Error>,
{
    type Ok = C::Ok;
    type Error = C::Error;

    fn serialize_field<V: Serialize + ?Sized>(&mut self, name: &'static str, value: &V) -> Result<(), C::Error> {
        match self {
            Self::Empty(_) => Ok(()),
            Self::Whole(inner) => inner.serialize_field(name, value),
            Self::Within(inner, scope) => match scope.member(name) {
                Verdict::Denied => inner.skip_field(name),
                Verdict::Granted => inner.serialize_field(name, value),
                Verdict::Within(scope) => inner.serialize_field(name, &Within { value, scope }),
            },
        }
    }

    fn skip_field(&mut self, name: &'static str) -> Result<(), C::Error> {
        match self {
            Self::Empty(_) => Ok(()),
            Self::Whole(inner) | Self::Within(inner, _) => inner.skip_field(name),
        }
    }

    fn end(self) -> Result<C::Ok, C::Error> {
        match self {
            Self::Empty(inner) => inner.end(),
            Self::Whole(inner) | Self::Within(inner, _) => inner.end(),
        }
    }
}
