use std::fmt;
use std::sync::Arc;

use super::policy::{Grant, Node, Side};
use super::rules::Fields;
use crate::config_error::{ConfigError, Faults};
use crate::identity::Identity;

const ROOM: &str = "fields";

/// Collects the rules of a [`Fields`]. Default: no member is named.
///
/// A path names a member as it is called in JSON, and members of members after a dot: `author.email`. A variant that has fields is
/// a member of its enum. `comments[].email` is the email of every comment; for reading the brackets may be left out, for writing
/// they say that a list may be sent at all.
///
/// A member that is named has what is said of it and nothing else, whatever the default: one that is only readable may not be set,
/// and one that is only writable is not shown. All that it holds goes with it, but for what is named in turn.
#[must_use = "call `build`"]
pub struct FieldsBuilder<T> {
    faults: Faults,
    root: Node<T>,
    open: bool,
}

impl<T> FieldsBuilder<T> {
    pub(super) fn new(open: bool) -> Self {
        Self {
            faults: ConfigError::collector(),
            root: Node::new(""),
            open,
        }
    }

    /// Members that everyone may read, also the anonymous.
    pub fn readable<I: IntoIterator<Item: AsRef<str>>>(self, paths: I) -> Self {
        self.grant("readable", Side::Read, paths, &Grant::Everyone)
    }

    /// Members that a caller may read where the closure answers true for the caller and the item: `caller.has_role("admin")`, or
    /// that the item is the caller's own. Callers may be anonymous. It may be asked several times for one item.
    pub fn readable_if<I, F>(self, paths: I, rule: F) -> Self
    where
        I: IntoIterator<Item: AsRef<str>>,
        F: Fn(&Identity, &T) -> bool + Send + Sync + 'static,
    {
        self.grant("readable_if", Side::Read, paths, &Grant::Where(Arc::new(rule)))
    }

    /// Members that everyone may set who may make the request at all.
    pub fn writable<I: IntoIterator<Item: AsRef<str>>>(self, paths: I) -> Self {
        self.grant("writable", Side::Write, paths, &Grant::Everyone)
    }

    /// Members that a caller may set where the closure answers true for the caller and the item as it is before.
    pub fn writable_if<I, F>(self, paths: I, rule: F) -> Self
    where
        I: IntoIterator<Item: AsRef<str>>,
        F: Fn(&Identity, &T) -> bool + Send + Sync + 'static,
    {
        self.grant("writable_if", Side::Write, paths, &Grant::Where(Arc::new(rule)))
    }

    /// Members that nobody may read or set.
    pub fn hidden<I: IntoIterator<Item: AsRef<str>>>(self, paths: I) -> Self {
        let paths: Vec<_> = paths.into_iter().collect();
        self.grant("hidden", Side::Read, &paths, &Grant::Nobody)
            .grant("hidden", Side::Write, &paths, &Grant::Nobody)
    }

    /// Checks all paths.
    ///
    /// # Errors
    /// Lists every path that is none, and every member of which one thing is said twice.
    pub fn build(self) -> Result<Fields<T>, ConfigError> {
        self.faults.finish()?;
        Ok(Fields::new(self.root, self.open))
    }

    fn grant<I>(mut self, setting: &'static str, side: Side, paths: I, grant: &Grant<T>) -> Self
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        for path in paths {
            let path = path.as_ref();
            let is_name = |segment: &str| {
                let name = segment.strip_suffix("[]").unwrap_or(segment);
                !name.is_empty() && !name.ends_with("[]")
            };
            if !path.split('.').all(is_name) {
                let reason =
                    format!("`{path}` is no path; write one like `email`, `author.email` or `comments[].email`");
                self.faults.add(ROOM, setting, reason);
                continue;
            }
            if !self.root.grant(path, side, grant.clone()) {
                // Which of the two should hold is not for us to guess.
                let word = match side {
                    Side::Read => "reading",
                    Side::Write => "writing",
                };
                let reason = format!("`{path}` has a rule for {word} already");
                self.faults.add(ROOM, setting, reason);
            }
        }
        self
    }
}

impl<T> fmt::Debug for FieldsBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldsBuilder")
            .field("faults", &self.faults)
            .field("members", &self.root.members)
            .field("open", &self.open)
            .finish()
    }
}
