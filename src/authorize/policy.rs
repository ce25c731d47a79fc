//! The pure decision: may this identity make this request?

use std::fmt;
use std::ops::{BitAnd, BitOr, Not};
use std::sync::Arc;

use crate::identity::Identity;
use crate::request_view::RequestView;

/// What a caller must be or have. See the [module page](crate::authorize).
#[derive(Clone)]
#[must_use = "a policy does nothing until a layer applies it"]
pub struct Policy {
    rule: Rule,
}

#[derive(Clone)]
enum Rule {
    Anyone,
    Nobody,
    Known,
    Role(Arc<str>),
    Permission(Arc<str>),
    Scope(Arc<str>),
    Check(Arc<str>, Arc<Check>),
    Request(Arc<str>, Arc<Admits>),
    All(Vec<Rule>),
    Any(Vec<Rule>),
    Not(Box<Rule>),
}

type Check = dyn Fn(&Identity, RequestView<'_>) -> bool + Send + Sync;
type Admits = dyn Fn(RequestView<'_>) -> bool + Send + Sync;

/// The outcome for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    Allow,
    /// Credentials might help.
    Unauthenticated,
    Forbidden,
    /// All that is missing is this scope.
    InsufficientScope(Arc<str>),
}

impl Policy {
    /// Everyone, also the anonymous.
    pub fn anyone() -> Self {
        Rule::Anyone.into()
    }

    /// Nobody.
    pub fn nobody() -> Self {
        Rule::Nobody.into()
    }

    /// Every caller whose identity is verified.
    pub fn authenticated() -> Self {
        Rule::Known.into()
    }

    /// Callers with this role.
    pub fn role(name: impl Into<Arc<str>>) -> Self {
        Rule::Role(name.into()).into()
    }

    /// Callers with this permission.
    pub fn permission(name: impl Into<Arc<str>>) -> Self {
        Rule::Permission(name.into()).into()
    }

    /// Callers whose token was granted this scope.
    pub fn scope(name: impl Into<Arc<str>>) -> Self {
        Rule::Scope(name.into()).into()
    }

    /// Known callers for whom the closure answers true; `name` stands for it where the policy is printed.
    pub fn check<F>(name: impl Into<Arc<str>>, allows: F) -> Self
    where
        F: Fn(&Identity, RequestView<'_>) -> bool + Send + Sync + 'static,
    {
        Rule::Check(name.into(), Arc::new(allows)).into()
    }

    /// Everyone, also the anonymous, where the closure answers true for the request: for services without routes to put a layer
    /// on. Compare whole paths, as the service does. `name` stands for it where the policy is printed.
    pub fn request<F>(name: impl Into<Arc<str>>, admits: F) -> Self
    where
        F: Fn(RequestView<'_>) -> bool + Send + Sync + 'static,
    {
        Rule::Request(name.into(), Arc::new(admits)).into()
    }

    /// Callers whom all of these allow; with none of them, nobody.
    pub fn all_of<I: IntoIterator<Item = Policy>>(policies: I) -> Self {
        let rules: Vec<_> = policies.into_iter().map(|policy| policy.rule).collect();
        // An empty list is more likely a mistake than an open gate.
        if rules.is_empty() {
            Rule::Nobody
        } else {
            Rule::All(rules)
        }
        .into()
    }

    /// Callers whom any of these allows; with none of them, nobody.
    pub fn any_of<I: IntoIterator<Item = Policy>>(policies: I) -> Self {
        Rule::Any(policies.into_iter().map(|policy| policy.rule).collect()).into()
    }

    /// Callers whom both allow.
    pub fn and(self, other: Policy) -> Self {
        match (self.rule, other.rule) {
            (Rule::All(mut rules), rule) => {
                rules.push(rule);
                Rule::All(rules)
            }
            (own, rule) => Rule::All(vec![own, rule]),
        }
        .into()
    }

    /// Callers whom either allows.
    pub fn or(self, other: Policy) -> Self {
        match (self.rule, other.rule) {
            (Rule::Any(mut rules), rule) => {
                rules.push(rule);
                Rule::Any(rules)
            }
            (own, rule) => Rule::Any(vec![own, rule]),
        }
        .into()
    }

    /// Known callers whom this does not allow.
    pub fn negate(self) -> Self {
        Rule::Not(Box::new(self.rule)).into()
    }

    pub(super) fn needs_identity(&self) -> bool {
        !matches!(self.rule, Rule::Anyone)
    }

    pub(super) fn decide(&self, identity: &Identity, request: RequestView<'_>) -> Decision {
        if self.rule.allows(identity, request) {
            return Decision::Allow;
        }
        if identity.is_anonymous() {
            return Decision::Unauthenticated;
        }
        match self.rule.missing_scope(identity, request) {
            Some(scope) => Decision::InsufficientScope(scope),
            None => Decision::Forbidden,
        }
    }
}

impl Rule {
    fn allows(&self, identity: &Identity, request: RequestView<'_>) -> bool {
        let known = !identity.is_anonymous();
        match self {
            Self::Anyone => true,
            Self::Nobody => false,
            Self::Known => known,
            Self::Role(name) => identity.has_role(name),
            Self::Permission(name) => identity.has_permission(name),
            Self::Scope(name) => identity.has_scope(name),
            Self::Check(_, allows) => known && allows(identity, request),
            Self::Request(_, admits) => admits(request),
            Self::All(rules) => rules.iter().all(|rule| rule.allows(identity, request)),
            Self::Any(rules) => rules.iter().any(|rule| rule.allows(identity, request)),
            Self::Not(rule) => known && !rule.allows(identity, request),
        }
    }

    /// The one scope with which this would allow.
    fn missing_scope(&self, identity: &Identity, request: RequestView<'_>) -> Option<Arc<str>> {
        match self {
            Self::Scope(name) => Some(Arc::clone(name)),
            Self::All(rules) => {
                let mut denying = rules.iter().filter(|rule| !rule.allows(identity, request));
                match (denying.next(), denying.next()) {
                    (Some(only), None) => only.missing_scope(identity, request),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, nested: bool) -> fmt::Result {
        let (rules, word) = match self {
            Self::Anyone => return f.write_str("anyone"),
            Self::Nobody => return f.write_str("nobody"),
            Self::Known => return f.write_str("authenticated"),
            Self::Role(name) => return write!(f, "role {name}"),
            Self::Permission(name) => return write!(f, "permission {name}"),
            Self::Scope(name) => return write!(f, "scope {name}"),
            Self::Check(name, _) => return write!(f, "check {name}"),
            Self::Request(name, _) => return write!(f, "request {name}"),
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

impl From<Rule> for Policy {
    fn from(rule: Rule) -> Self {
        Self { rule }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rule.write(f, false)
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Policy({self})")
    }
}

impl BitAnd for Policy {
    type Output = Policy;

    fn bitand(self, other: Policy) -> Policy {
        self.and(other)
    }
}

impl BitOr for Policy {
    type Output = Policy;

    fn bitor(self, other: Policy) -> Policy {
        self.or(other)
    }
}

impl Not for Policy {
    type Output = Policy;

    fn not(self) -> Policy {
        self.negate()
    }
}
