use std::fmt::{self, Display};

use serde::Serialize;
use serde::ser::{Impossible, Serializer};

use super::policy::{Scope, Verdict};

/// Judges a map's key by the name that it has in JSON, without making that name.
pub(super) struct Key<'a, T>(pub(super) Scope<'a, T>);

impl<'a, T> Key<'a, T> {
    /// What no rule can name is what no rule names.
    pub(super) fn judge<K: Serialize + ?Sized>(self, key: &K) -> Verdict<'a, T> {
        let scope = self.0;
        key.serialize(self).unwrap_or_else(|_| scope.unlisted())
    }
}

type Judged<'a, T> = Result<Verdict<'a, T>, fmt::Error>;

/// Numbers and truths as JSON writes them between quotes.
macro_rules! displayed {
    ($($method:ident: $type:ty,)*) => {
        $(fn $method(self, value: $type) -> Judged<'a, T> {
            Ok(self.0.displayed(&value))
        })*
    };
}

impl<'a, T> Serializer for Key<'a, T> {
    type Ok = Verdict<'a, T>;
    type Error = fmt::Error;
    type SerializeSeq = Impossible<Self::Ok, fmt::Error>;
    type SerializeTuple = Impossible<Self::Ok, fmt::Error>;
    type SerializeTupleStruct = Impossible<Self::Ok, fmt::Error>;
    type SerializeTupleVariant = Impossible<Self::Ok, fmt::Error>;
    type SerializeMap = Impossible<Self::Ok, fmt::Error>;
    type SerializeStruct = Impossible<Self::Ok, fmt::Error>;
    type SerializeStructVariant = Impossible<Self::Ok, fmt::Error>;

    displayed! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_i128: i128,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_u128: u128,
        serialize_char: char,
    }

    fn serialize_f32(self, _: f32) -> Judged<'a, T> {
        Err(fmt::Error)
    }

    fn serialize_f64(self, _: f64) -> Judged<'a, T> {
        Err(fmt::Error)
    }

    fn serialize_str(self, name: &str) -> Judged<'a, T> {
        Ok(self.0.member(name))
    }

    fn collect_str<D: Display + ?Sized>(self, name: &D) -> Judged<'a, T> {
        Ok(self.0.displayed(&name))
    }

    fn serialize_bytes(self, _: &[u8]) -> Judged<'a, T> {
        Err(fmt::Error)
    }

    fn serialize_none(self) -> Judged<'a, T> {
        Err(fmt::Error)
    }

    fn serialize_some<V: Serialize + ?Sized>(self, value: &V) -> Judged<'a, T> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Judged<'a, T> {
        Err(fmt::Error)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Judged<'a, T> {
        Err(fmt::Error)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Judged<'a, T> {
        Ok(self.0.member(variant))
    }

    fn serialize_newtype_struct<V: Serialize + ?Sized>(self, _: &'static str, value: &V) -> Judged<'a, T> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<V: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &V,
    ) -> Judged<'a, T> {
        Err(fmt::Error)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, fmt::Error> {
        Err(fmt::Error)
    }
}
