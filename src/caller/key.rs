use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderName;

use super::fingerprint::{Fingerprint, Salt};
use super::missing::{Missing, MissingKey};
use super::value::{credentials, single, with_route};
use crate::client_ip::ClientIp;
use crate::identity::Identity;
use crate::request_view::RequestView;

type Closure = dyn Fn(RequestView<'_>, &Salt) -> Option<Fingerprint> + Send + Sync;

/// By what callers are told apart. Only a hash of it is kept.
#[derive(Clone)]
#[must_use = "a key does nothing until a layer counts by it"]
pub struct Key {
    source: Source,
    ipv6_prefix: u8,
}

#[derive(Clone)]
enum Source {
    Address,
    User,
    Header(HeaderName),
    /// What was named is no header.
    NoHeader(String),
    /// The credentials of `Authorization` under this scheme.
    Credentials(Cow<'static, str>),
    /// The template of the matched route. It tells no callers apart.
    Route,
    Everyone,
    Closure(Arc<Closure>),
    All(Arc<[Key]>),
}

/// Hashed before the key, so that what a closure makes of a header is never the quota of an address.
#[derive(Clone, Copy)]
enum Kind {
    Address,
    User,
    Header,
    Credentials,
    Route,
    Everyone,
    Closure,
    All,
}

impl Hash for Kind {
    /// In a byte, where the derived one takes eight: of an address most of the work would be this.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u8(*self as u8);
    }
}

/// An address in as few bytes as it has. Those of the two families differ in their number.
struct Bits(IpAddr);

impl Hash for Bits {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.0 {
            IpAddr::V4(address) => state.write_u32(address.to_bits()),
            IpAddr::V6(address) => state.write_u128(address.to_bits()),
        }
    }
}

impl Key {
    /// The client's address: as the `client_ip` layer resolved it, or else the peer's. IPv6 counts by its first 64 bits.
    ///
    /// Without either the request gets a `500` and the log says what is missing.
    pub fn client_address() -> Self {
        Source::Address.into()
    }

    /// The verified caller's id, from the [`Identity`] that `jwt` or a layer of yours has put on the request.
    ///
    /// The anonymous have no key and are admitted by default: a limit by address stands further out. A request without any
    /// `Identity` has passed no such layer; it gets a `500` and the log says so.
    pub fn user() -> Self {
        Source::User.into()
    }

    /// A header such as `x-api-key`, compared byte for byte. Without it, empty or on several lines, a request has no key.
    ///
    /// Only for a header that something further out has verified: a caller who may choose the value has a new quota with each.
    pub fn header(name: impl AsRef<str>) -> Self {
        let name = name.as_ref();
        match HeaderName::try_from(name) {
            Ok(name) => Source::Header(name),
            Err(_) => Source::NoHeader(name.to_owned()),
        }
        .into()
    }

    /// An API key in `Authorization`, under a scheme such as `Bearer` or `ApiKey` (RFC 9110 section 11.6.2), whose case does not
    /// matter. Without it, with another scheme or on several lines, a request has no key.
    ///
    /// As [`header`](Self::header), only for credentials that something further out has verified.
    pub fn credentials(scheme: impl Into<Cow<'static, str>>) -> Self {
        Source::Credentials(scheme.into()).into()
    }

    /// The template of the matched route, such as `/posts/{id}`, so that each route has a quota of its own: axum's `MatchedPath`,
    /// or else what a router further out has noted in the request's [`Trail`](crate::Trail).
    ///
    /// It tells no callers apart, and is no key without one that does: `Key::client_address().and(Key::route())`. Requests
    /// without a route, such as those that end in a fallback, count as one route of their own. Within axum the layer goes onto the
    /// `Router`; around it no request has a route, and all of a caller's count as one.
    pub fn route() -> Self {
        Source::Route.into()
    }

    /// Nobody is told apart: one quota that all callers share, and that one of them can use up for all. For the protection of
    /// something within, such as a paid service, beside a quota by caller.
    pub fn everyone() -> Self {
        Source::Everyone.into()
    }

    /// Both together: a caller has a quota of its own with each value of the other. Where either is missing a request has no key.
    pub fn and(self, other: Self) -> Self {
        let ipv6_prefix = self.ipv6_prefix;
        let mut parts: Vec<Self> = Vec::new();
        for key in [self, other] {
            match &key.source {
                Source::All(own) => parts.extend(own.iter().cloned()),
                _ => parts.push(key),
            }
        }
        Self {
            source: Source::All(parts.into()),
            ipv6_prefix,
        }
    }

    /// What the closure makes of the request: an owned value of any type with a hash. `None` is no key.
    pub fn from_fn<F, K>(key: F) -> Self
    where
        F: Fn(RequestView<'_>) -> Option<K> + Send + Sync + 'static,
        K: Hash,
    {
        let closure =
            move |request: RequestView<'_>, salt: &Salt| key(request).map(|key| salt.fingerprint((Kind::Closure, key)));
        Source::Closure(Arc::new(closure)).into()
    }

    /// How many leading bits of an IPv6 address make one caller. Default 64, since a subscriber chooses the rest; 56 or 48
    /// where providers give more. From 32, which is a whole provider, to 128.
    pub fn ipv6_prefix(mut self, bits: u8) -> Self {
        self.ipv6_prefix = bits;
        if let Source::All(parts) = &self.source {
            let parts = parts.iter().cloned().map(|part| part.ipv6_prefix(bits));
            self.source = Source::All(parts.collect());
        }
        self
    }

    pub(crate) fn is_address(&self) -> bool {
        matches!(self.source, Source::Address)
    }

    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = self.own_faults();
        if !self.tells_apart() {
            let reason = "a route alone tells no callers apart; write `Key::client_address().and(Key::route())`";
            faults.push(reason.to_owned());
        }
        faults
    }

    fn own_faults(&self) -> Vec<String> {
        let mut faults = match &self.source {
            Source::NoHeader(name) => vec![format!("`{}` is not a header's name", name.escape_debug())],
            // RFC 9110 section 11.1: a token, as the names of headers are.
            Source::Credentials(scheme) if HeaderName::try_from(&**scheme).is_err() => {
                vec![format!("`{}` is no scheme of `Authorization`", scheme.escape_debug())]
            }
            Source::All(parts) => parts.iter().flat_map(Self::own_faults).collect(),
            _ => Vec::new(),
        };
        if !(32..=128).contains(&self.ipv6_prefix) {
            faults.push(format!("an IPv6 prefix has 32 to 128 bits, not {}", self.ipv6_prefix));
        }
        // The prefix of several is that of each.
        faults.sort();
        faults.dedup();
        faults
    }

    fn tells_apart(&self) -> bool {
        match &self.source {
            Source::Route => false,
            Source::All(parts) => parts.iter().any(Self::tells_apart),
            _ => true,
        }
    }

    /// What is done about a missing key where the builder was not told.
    pub(crate) fn on_missing(&self) -> MissingKey {
        match &self.source {
            Source::User => MissingKey::Admit,
            // Where it is the user that is missing, and nothing else can be.
            Source::All(parts)
                if parts.iter().any(|part| matches!(part.source, Source::User))
                    && parts.iter().all(|part| {
                        matches!(
                            part.source,
                            Source::User | Source::Address | Source::Route | Source::Everyone
                        )
                    }) =>
            {
                MissingKey::Admit
            }
            _ => MissingKey::ByAddress,
        }
    }

    /// The hash of whom to count the request for, or `None` where it has no key.
    pub(crate) fn caller(&self, request: &RequestView<'_>, salt: &Salt) -> Result<Option<Fingerprint>, Missing> {
        Ok(match &self.source {
            Source::Address => Some(self.address(request, salt)?),
            Source::User => {
                let identity = request.extensions().get::<Identity>().ok_or(Missing::Identity)?;
                identity.subject().map(|user| salt.fingerprint((Kind::User, user)))
            }
            Source::Header(name) => {
                single(request.headers(), name).map(|value| salt.fingerprint((Kind::Header, value)))
            }
            Source::Credentials(scheme) => {
                credentials(request.headers(), scheme).map(|key| salt.fingerprint((Kind::Credentials, key)))
            }
            Source::NoHeader(_) => None,
            Source::Route => Some(with_route(request.extensions(), |route| {
                salt.fingerprint((Kind::Route, route))
            })),
            Source::Everyone => Some(salt.fingerprint(Kind::Everyone)),
            Source::Closure(key) => key(*request, salt),
            Source::All(parts) => {
                let mut all = salt.fingerprint((Kind::All, parts.len()));
                for part in parts.iter() {
                    let Some(caller) = part.caller(request, salt)? else {
                        return Ok(None);
                    };
                    all = salt.fingerprint((Kind::All, all, caller));
                }
                Some(all)
            }
        })
    }

    /// The hash of the client's address.
    pub(crate) fn address(&self, request: &RequestView<'_>, salt: &Salt) -> Result<Fingerprint, Missing> {
        let client = ClientIp::of(request.extensions()).ok_or(Missing::Address)?;
        Ok(salt.fingerprint((Kind::Address, Bits(client.key(self.ipv6_prefix)))))
    }
}

impl From<Source> for Key {
    fn from(source: Source) -> Self {
        Self {
            source,
            ipv6_prefix: 64,
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Address => write!(f, "Key(client address, IPv6 by /{})", self.ipv6_prefix),
            Source::User => f.write_str("Key(user)"),
            Source::Header(name) => write!(f, "Key(header {name})"),
            Source::NoHeader(name) => write!(f, "Key(no header {name:?})"),
            Source::Credentials(scheme) => write!(f, "Key(credentials {scheme})"),
            Source::Route => f.write_str("Key(route)"),
            Source::Everyone => f.write_str("Key(everyone)"),
            Source::Closure(_) => f.write_str("Key(closure)"),
            Source::All(parts) => f.debug_tuple("Key").field(parts).finish(),
        }
    }
}
