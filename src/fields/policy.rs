//! The pure decision: which member may this caller read or set.

use std::fmt::{self, Display, Write};
use std::sync::Arc;

use crate::identity::Identity;

type Rule<T> = dyn Fn(&Identity, &T) -> bool + Send + Sync;

/// Who may do one thing to one member.
pub(super) enum Grant<T> {
    Nobody,
    Everyone,
    Where(Arc<Rule<T>>),
}

impl<T> Grant<T> {
    fn allows(&self, caller: &Identity, item: &T) -> bool {
        match self {
            Self::Nobody => false,
            Self::Everyone => true,
            Self::Where(rule) => rule(caller, item),
        }
    }
}

// Derived, these would ask `Clone` of the item.
impl<T> Clone for Grant<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Nobody => Self::Nobody,
            Self::Everyone => Self::Everyone,
            Self::Where(rule) => Self::Where(Arc::clone(rule)),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Read,
    Write,
}

/// A member that is named, or that holds one that is.
pub(super) struct Node<T> {
    name: String,
    /// A list of objects stands here, as `[]` says.
    list: bool,
    read: Option<Grant<T>>,
    write: Option<Grant<T>>,
    pub(super) members: Vec<Node<T>>,
}

impl<T> Node<T> {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            list: false,
            read: None,
            write: None,
            members: Vec::new(),
        }
    }

    /// Named itself, so that the default has no say.
    fn is_named(&self) -> bool {
        self.read.is_some() || self.write.is_some()
    }

    fn said(&self, side: Side) -> Option<&Grant<T>> {
        match side {
            Side::Read => self.read.as_ref(),
            Side::Write => self.write.as_ref(),
        }
    }

    /// Says who may do one thing to the member at `path`; false where that has been said already.
    ///
    /// `comments[].email` is where `comments.email` is, and says more of `comments`.
    pub(super) fn grant(&mut self, path: &str, side: Side, grant: Grant<T>) -> bool {
        let (first, rest) = match path.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (path, None),
        };
        let name = first.strip_suffix("[]");
        let (first, list) = (name.unwrap_or(first), name.is_some());
        if self.members.iter().all(|member| member.name != first) {
            self.members.push(Self::new(first));
        }
        let Some(member) = self.members.iter_mut().find(|member| member.name == first) else {
            return false;
        };
        member.list |= list;
        if let Some(rest) = rest {
            return member.grant(rest, side, grant);
        }
        let place = match side {
            Side::Read => &mut member.read,
            Side::Write => &mut member.write,
        };
        place.replace(grant).is_none()
    }
}

/// What becomes of one member.
pub(super) enum Verdict<'a, T> {
    Denied,
    /// With all that it holds.
    Granted,
    /// Some of what it holds has rules of its own.
    Within(Scope<'a, T>),
}

/// A place in a value, and what holds there for this caller.
pub(super) struct Scope<'a, T> {
    node: &'a Node<T>,
    caller: &'a Identity,
    item: &'a T,
    side: Side,
    /// What is not named here is granted.
    pub(super) open: bool,
}

impl<T> Clone for Scope<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Scope<'_, T> {}

impl<'a, T> Scope<'a, T> {
    pub(super) fn root(node: &'a Node<T>, open: bool, side: Side, caller: &'a Identity, item: &'a T) -> Self {
        Self {
            node,
            caller,
            item,
            side,
            open,
        }
    }

    pub(super) fn member(self, name: &str) -> Verdict<'a, T> {
        self.judge(self.node.members.iter().find(|member| member.name == name))
    }

    /// As [`member`](Self::member), for a name that is not yet text.
    pub(super) fn displayed(self, name: &impl Display) -> Verdict<'a, T> {
        self.judge(self.node.members.iter().find(|member| reads(&member.name, name)))
    }

    pub(super) fn unlisted(self) -> Verdict<'a, T> {
        self.judge(None)
    }

    /// Whether a list may be sent here, whose elements then are here too.
    pub(super) fn takes_list(self) -> bool {
        self.open && self.node.list
    }

    fn judge(self, member: Option<&'a Node<T>>) -> Verdict<'a, T> {
        let Some(node) = member else {
            return if self.open { Verdict::Granted } else { Verdict::Denied };
        };
        let open = match node.said(self.side) {
            Some(grant) if grant.allows(self.caller, self.item) => true,
            Some(_) => return Verdict::Denied,
            // Named for the other side only.
            None if node.is_named() => false,
            None => self.open,
        };
        let within = Self { node, open, ..self };
        if node.members.is_empty() {
            return if open { Verdict::Granted } else { Verdict::Denied };
        }
        // An object of which nothing may be read would only say that it is there. One that is sent is judged member by member.
        if self.side == Side::Read && !open && !within.shows_something() {
            return Verdict::Denied;
        }
        Verdict::Within(within)
    }

    fn shows_something(self) -> bool {
        self.node.members.iter().any(|node| match node.said(self.side) {
            Some(grant) => grant.allows(self.caller, self.item),
            None => Self { node, ..self }.shows_something(),
        })
    }
}

/// Whether `value` is displayed as `text`, without a buffer.
fn reads(text: &str, value: &impl Display) -> bool {
    struct Rest<'a>(&'a str);

    impl Write for Rest<'_> {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
            Ok(())
        }
    }

    let mut rest = Rest(text);
    write!(rest, "{value}").is_ok() && rest.0.is_empty()
}

impl<T> fmt::Debug for Grant<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nobody => "nobody",
            Self::Everyone => "everyone",
            Self::Where(_) => "where",
        })
    }
}

impl<T> fmt::Debug for Node<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(&self.name)
            .field("list", &self.list)
            .field("read", &self.read)
            .field("write", &self.write)
            .field("members", &self.members)
            .finish()
    }
}
