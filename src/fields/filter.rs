use std::fmt::Display;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::compound::{Elements, Members, Record, Variant};
use super::policy::{Scope, Verdict};

/// A serializer that passes on what the caller may read.
pub(super) struct Filter<'a, S, T> {
    inner: S,
    scope: Scope<'a, T>,
}

/// A value of which some members have rules.
pub(super) struct Within<'a, V: ?Sized, T> {
    pub(super) value: &'a V,
    pub(super) scope: Scope<'a, T>,
}

impl<V: Serialize + ?Sized, T> Serialize for Within<'_, V, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Filter {
            inner: serializer,
            scope: self.scope,
        })
    }
}

/// What has no members, where members were expected: it is all or nothing.
macro_rules! whole {
    ($($method:ident($($value:ident: $type:ty),*);)*) => {
        $(fn $method(self, $($value: $type),*) -> Result<S::Ok, S::Error> {
            if self.scope.open {
                self.inner.$method($($value),*)
            } else {
                self.inner.serialize_unit()
            }
        })*
    };
}

impl<'a, S: Serializer, T> Serializer for Filter<'a, S, T> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Elements<'a, S::SerializeSeq, T>;
    type SerializeTuple = Elements<'a, S::SerializeTuple, T>;
    type SerializeTupleStruct = Elements<'a, S::SerializeTupleStruct, T>;
    type SerializeTupleVariant = Variant<'a, S::SerializeTupleVariant, S::SerializeMap, T>;
    type SerializeMap = Members<'a, S::SerializeMap, T>;
    type SerializeStruct = Record<'a, S, T>;
    type SerializeStructVariant = Variant<'a, S::SerializeStructVariant, S::SerializeMap, T>;

    whole! {
        serialize_bool(value: bool);
        serialize_i8(value: i8);
        serialize_i16(value: i16);
        serialize_i32(value: i32);
        serialize_i64(value: i64);
        serialize_i128(value: i128);
        serialize_u8(value: u8);
        serialize_u16(value: u16);
        serialize_u32(value: u32);
        serialize_u64(value: u64);
        serialize_u128(value: u128);
        serialize_f32(value: f32);
        serialize_f64(value: f64);
        serialize_char(value: char);
        serialize_str(value: &str);
        serialize_bytes(value: &[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(name: &'static str);
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str);
    }

    fn collect_str<D: Display + ?Sized>(self, value: &D) -> Result<S::Ok, S::Error> {
        if self.scope.open {
            self.inner.collect_str(value)
        } else {
            self.inner.serialize_unit()
        }
    }

    fn serialize_some<V: Serialize + ?Sized>(self, value: &V) -> Result<S::Ok, S::Error> {
        let scope = self.scope;
        self.inner.serialize_some(&Within { value, scope })
    }

    fn serialize_newtype_struct<V: Serialize + ?Sized>(self, name: &'static str, value: &V) -> Result<S::Ok, S::Error> {
        let scope = self.scope;
        self.inner.serialize_newtype_struct(name, &Within { value, scope })
    }

    fn serialize_newtype_variant<V: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &V,
    ) -> Result<S::Ok, S::Error> {
        match self.scope.member(variant) {
            Verdict::Denied => self.inner.serialize_map(Some(0))?.end(),
            Verdict::Granted => self.inner.serialize_newtype_variant(name, index, variant, value),
            Verdict::Within(scope) => {
                self.inner
                    .serialize_newtype_variant(name, index, variant, &Within { value, scope })
            }
        }
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        Ok(Elements::new(self.inner.serialize_seq(length)?, self.scope))
    }

    fn serialize_tuple(self, length: usize) -> Result<Self::SerializeTuple, S::Error> {
        Ok(Elements::new(self.inner.serialize_tuple(length)?, self.scope))
    }

    fn serialize_tuple_struct(self, name: &'static str, length: usize) -> Result<Self::SerializeTupleStruct, S::Error> {
        Ok(Elements::new(
            self.inner.serialize_tuple_struct(name, length)?,
            self.scope,
        ))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        let inner = self.inner;
        Ok(match self.scope.member(variant) {
            Verdict::Denied => Variant::Empty(inner.serialize_map(Some(0))?),
            Verdict::Granted => Variant::Whole(inner.serialize_tuple_variant(name, index, variant, length)?),
            Verdict::Within(scope) => {
                Variant::Within(inner.serialize_tuple_variant(name, index, variant, length)?, scope)
            }
        })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        // How many members will be left is not known beforehand.
        Ok(Members::new(self.inner.serialize_map(None)?, self.scope))
    }

    fn serialize_struct(self, name: &'static str, length: usize) -> Result<Self::SerializeStruct, S::Error> {
        Ok(if !name.starts_with('$') {
            Record::Members(self.inner.serialize_map(None)?, self.scope)
        } else if self.scope.open {
            // Formats pass values of their own (numbers, raw text, dates) under such names; only as a struct do they know them.
            Record::Whole(self.inner.serialize_struct(name, length)?)
        } else {
            Record::Hidden(self.inner)
        })
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        let inner = self.inner;
        Ok(match self.scope.member(variant) {
            Verdict::Denied => Variant::Empty(inner.serialize_map(Some(0))?),
            Verdict::Granted => Variant::Whole(inner.serialize_struct_variant(name, index, variant, length)?),
            Verdict::Within(scope) => {
                Variant::Within(inner.serialize_struct_variant(name, index, variant, length)?, scope)
            }
        })
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}
