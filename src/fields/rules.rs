use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeSeed;

use super::builder::FieldsBuilder;
use super::error::{Found, Refusal};
use super::filter::Within;
use super::input::Inspect;
use super::policy::{Node, Scope, Side};
use super::view::{View, Views};
use crate::identity::Identity;

/// Which members of a `T` a caller may read and set. See the [module page](crate::fields). Cloning costs one reference count.
pub struct Fields<T> {
    rules: Arc<Rules<T>>,
}

pub(super) struct Rules<T> {
    pub(super) root: Node<T>,
    pub(super) open: bool,
}

impl<T> Fields<T> {
    /// What is not named may be neither read nor set: a member that is added to `T` later stays hidden until it is named.
    pub fn deny_unlisted() -> FieldsBuilder<T> {
        FieldsBuilder::new(false)
    }

    /// What is not named may be read and set by everyone. A member that is added to `T` later, or an alias under which `T` takes
    /// one, is open until it is named.
    pub fn allow_unlisted() -> FieldsBuilder<T> {
        FieldsBuilder::new(true)
    }

    pub(super) fn new(root: Node<T>, open: bool) -> Self {
        Self {
            rules: Arc::new(Rules { root, open }),
        }
    }

    /// What `caller` may read of `item`, which is serialised through this view. The item is owned, borrowed or shared: `T`, `&T`,
    /// `Box<T>`, `Arc<T>`.
    pub fn view<I: Borrow<T>>(&self, item: I, caller: &Identity) -> View<T, I> {
        View::new(self.clone(), caller.clone(), item)
    }

    /// What `caller` may read of each of `items`, as a list: rules are asked for every item anew. The items are a `Vec<T>`, a slice
    /// or an array.
    pub fn views<I: AsRef<[T]>>(&self, items: I, caller: &Identity) -> Views<T, I> {
        Views::new(self.clone(), caller.clone(), items)
    }

    /// Whether `caller` may set on `item` all that the JSON in `body` would set.
    ///
    /// The names are those of the JSON, before any type takes them. An item that is yet to be made has rules of its own: those of a
    /// `Fields<()>`, or of one over what they depend on, such as the item's parent.
    ///
    /// # Errors
    /// Names every member that the caller may not set. A body that is no JSON is refused as such.
    pub fn check_json(&self, body: &[u8], caller: &Identity, item: &T) -> Result<(), Refusal> {
        let mut found = Found::default();
        let mut input = serde_json::Deserializer::from_slice(body);
        let inspect = Inspect {
            element: false,
            scope: self.scope(Side::Write, item, caller),
            path: &mut String::new(),
            found: &mut found,
        };
        inspect
            .deserialize(&mut input)
            .and_then(|()| input.end())
            .map_err(|error| Refusal::malformed(&error))?;
        found.finish()
    }

    pub(super) fn within<'a>(&'a self, item: &'a T, caller: &'a Identity) -> Within<'a, T, T> {
        let scope = self.scope(Side::Read, item, caller);
        Within { value: item, scope }
    }

    fn scope<'a>(&'a self, side: Side, item: &'a T, caller: &'a Identity) -> Scope<'a, T> {
        Scope::root(&self.rules.root, self.rules.open, side, caller, item)
    }
}

impl<T> Clone for Fields<T> {
    fn clone(&self) -> Self {
        Self {
            rules: Arc::clone(&self.rules),
        }
    }
}

impl<T> fmt::Debug for Fields<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unlisted = if self.rules.open { "allow" } else { "deny" };
        f.debug_struct("Fields")
            .field("unlisted", &unlisted)
            .field("members", &self.rules.root.members)
            .finish()
    }
}
