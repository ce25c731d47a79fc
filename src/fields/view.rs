use std::borrow::Borrow;
use std::fmt;

use serde::ser::{Serialize, SerializeSeq, Serializer};

use super::rules::Fields;
use crate::identity::Identity;

/// What one caller may read of one item. Made by [`Fields::view`].
pub struct View<T, I = T> {
    fields: Fields<T>,
    caller: Identity,
    item: I,
}

impl<T, I> View<T, I> {
    pub(super) fn new(fields: Fields<T>, caller: Identity, item: I) -> Self {
        Self { fields, caller, item }
    }
}

impl<T: Serialize, I: Borrow<T>> Serialize for View<T, I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.fields
            .within(self.item.borrow(), &self.caller)
            .serialize(serializer)
    }
}

/// What one caller may read of several items, as a list. Made by [`Fields::views`].
pub struct Views<T, I = Vec<T>> {
    fields: Fields<T>,
    caller: Identity,
    items: I,
}

impl<T, I> Views<T, I> {
    pub(super) fn new(fields: Fields<T>, caller: Identity, items: I) -> Self {
        Self { fields, caller, items }
    }
}

impl<T: Serialize, I: AsRef<[T]>> Serialize for Views<T, I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let items = self.items.as_ref();
        let mut list = serializer.serialize_seq(Some(items.len()))?;
        for item in items {
            list.serialize_element(&self.fields.within(item, &self.caller))?;
        }
        list.end()
    }
}

// What may not be shown to the caller has no place in a log either.
impl<T, I> fmt::Debug for View<T, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View")
            .field("caller", &self.caller)
            .finish_non_exhaustive()
    }
}

impl<T, I> fmt::Debug for Views<T, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Views")
            .field("caller", &self.caller)
            .finish_non_exhaustive()
    }
}

impl<T, I: Clone> Clone for View<T, I> {
    fn clone(&self) -> Self {
        Self::new(self.fields.clone(), self.caller.clone(), self.item.clone())
    }
}

impl<T, I: Clone> Clone for Views<T, I> {
    fn clone(&self) -> Self {
        Self::new(self.fields.clone(), self.caller.clone(), self.items.clone())
    }
}
