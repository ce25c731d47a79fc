//! What a policy is made of, and what it comes to for one request.

use std::fmt;
use std::sync::Arc;

use super::question::{Answer, Answers, Question};
use crate::identity::Identity;
use crate::request_view::RequestView;

#[derive(Clone)]
pub(super) enum Rule {
    Anyone,
    Nobody,
    Known,
    Role(Arc<str>),
    Permission(Arc<str>),
    Scope(Arc<str>),
    Claim(Arc<str>, Arc<Claim>),
    Check(Arc<str>, Arc<Check>),
    Request(Arc<str>, Arc<Admits>),
    Ask(Arc<Question>),
    All(Vec<Rule>),
    Any(Vec<Rule>),
    Not(Box<Rule>),
}

/// `None` where the caller has no such claims.
pub(super) type Claim = dyn Fn(&Identity) -> Option<bool> + Send + Sync;
pub(super) type Check = dyn Fn(&Identity, RequestView<'_>) -> bool + Send + Sync;
pub(super) type Admits = dyn Fn(RequestView<'_>) -> bool + Send + Sync;

/// All that a decision may depend on.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) identity: &'a Identity,
    pub(super) request: RequestView<'a>,
    pub(super) answers: &'a Answers,
}

/// What a rule comes to, as far as is known.
#[derive(Clone, Copy)]
pub(super) enum Truth<'a> {
    Yes,
    No,
    /// That depends on this question, which has not been asked yet.
    Open(&'a Arc<Question>),
    /// That depends on something that failed, and so is nothing to build on: neither it nor its negation allows anything.
    Broken(Fault<'a>),
}

#[derive(Clone, Copy)]
pub(super) enum Fault<'a> {
    /// There are none of the claims that the rule of this name looks at.
    NoClaims(&'a Arc<str>),
    /// The answer at this place is a failure.
    Unanswered(usize),
}

impl From<bool> for Truth<'_> {
    fn from(truth: bool) -> Self {
        if truth { Self::Yes } else { Self::No }
    }
}

impl Rule {
    pub(super) fn weigh<'a>(&'a self, seen: Seen<'_>) -> Truth<'a> {
        let Seen { identity, request, .. } = seen;
        let known = !identity.is_anonymous();
        match self {
            Self::Anyone => Truth::Yes,
            Self::Request(_, admits) => admits(request).into(),
            Self::All(rules) => settle(rules, seen, false),
            Self::Any(rules) => settle(rules, seen, true),
            // Whatever else is said is said of known callers.
            _ if !known => Truth::No,
            Self::Nobody => Truth::No,
            Self::Known => Truth::Yes,
            Self::Role(name) => identity.has_role(name).into(),
            Self::Permission(name) => identity.has_permission(name).into(),
            Self::Scope(name) => identity.has_scope(name).into(),
            Self::Claim(name, allows) => allows(identity).map_or(Truth::Broken(Fault::NoClaims(name)), Truth::from),
            Self::Check(_, allows) => allows(identity, request).into(),
            Self::Ask(question) => match seen.answers.to(question) {
                None => Truth::Open(question),
                Some((_, Answer::Yes)) => Truth::Yes,
                Some((_, Answer::No)) => Truth::No,
                Some((place, Answer::Failed(_))) => Truth::Broken(Fault::Unanswered(place)),
            },
            Self::Not(rule) => match rule.weigh(seen) {
                Truth::Yes => Truth::No,
                Truth::No => Truth::Yes,
                unknown => unknown,
            },
        }
    }

    /// The one scope with which this would allow, as far as is known.
    pub(super) fn missing_scope(&self, seen: Seen<'_>) -> Option<Arc<str>> {
        match self {
            Self::Scope(name) => Some(Arc::clone(name)),
            Self::All(rules) => {
                let mut denying = rules.iter().filter(|rule| matches!(rule.weigh(seen), Truth::No));
                match (denying.next(), denying.next()) {
                    (Some(only), None) => only.missing_scope(seen),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// All that [`missing_scope`](Self::missing_scope) may answer.
    pub(super) fn collect_scopes(&self, scopes: &mut Vec<Arc<str>>) {
        match self {
            Self::Scope(name) => scopes.push(Arc::clone(name)),
            Self::All(rules) => rules.iter().for_each(|rule| rule.collect_scopes(scopes)),
            _ => {}
        }
    }

    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, nested: bool) -> fmt::Result {
        let (rules, word) = match self {
            Self::Anyone => return f.write_str("anyone"),
            Self::Nobody => return f.write_str("nobody"),
            Self::Known => return f.write_str("authenticated"),
            Self::Role(name) => return write!(f, "role {name}"),
            Self::Permission(name) => return write!(f, "permission {name}"),
            Self::Scope(name) => return write!(f, "scope {name}"),
            Self::Claim(name, _) => return write!(f, "claim {name}"),
            Self::Check(name, _) => return write!(f, "check {name}"),
            Self::Request(name, _) => return write!(f, "request {name}"),
            Self::Ask(question) => return write!(f, "ask {}", question.name),
            Self::Not(rule) => {
                f.write_str("not ")?;
                return rule.write(f, true);
            }
            Self::All(rules) => (rules, " and "),
            Self::Any(rules) if rules.is_empty() => return f.write_str("nobody"),
            Self::Any(rules) => (rules, " or "),
        };
        if nested {
            f.write_str("(")?;
        }
        for (i, rule) in rules.iter().enumerate() {
            if i > 0 {
                f.write_str(word)?;
            }
            rule.write(f, true)?;
        }
        if nested { f.write_str(")") } else { Ok(()) }
    }
}

/// Kleene's `and`, which `false` decides, or `or`, which `true` does, whatever the others come to.
///
/// All that is known is looked at before anything is asked, and all is asked, from left to right, before a failure counts.
fn settle<'a>(rules: &'a [Rule], seen: Seen<'_>, deciding: bool) -> Truth<'a> {
    let mut open = None;
    let mut broken = None;
    for rule in rules {
        match (rule.weigh(seen), deciding) {
            (Truth::Yes, true) => return Truth::Yes,
            (Truth::No, false) => return Truth::No,
            (Truth::Yes, false) | (Truth::No, true) => {}
            (Truth::Open(question), _) => open = open.or(Some(question)),
            (Truth::Broken(fault), _) => broken = broken.or(Some(fault)),
        }
    }
    match (open, broken) {
        (Some(question), _) => Truth::Open(question),
        (None, Some(fault)) => Truth::Broken(fault),
        (None, None) => Truth::from(!deciding),
    }
}
