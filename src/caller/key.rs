use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::{HeaderMap, HeaderName};

use super::fingerprint::{Fingerprint, Salt};
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
    Closure(Arc<Closure>),
}

/// What becomes of a request that has no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MissingKey {
    /// It is admitted and not counted.
    Admit,
    /// It is refused with a `400`.
    Refuse,
    /// It is counted by the client's address, apart from all that have a key.
    ByAddress,
}

/// The extension that a layer further out should have inserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    Address,
    Identity,
}

/// Each missing layer is reported once, not once a request.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    address: AtomicBool,
    identity: AtomicBool,
}

/// Hashed before the key, so that what a closure makes of a header is never the quota of an address.
#[derive(Hash)]
enum Kind {
    Address,
    User,
    Header,
    Closure,
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
        self
    }

    pub(crate) fn is_address(&self) -> bool {
        matches!(self.source, Source::Address)
    }

    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if let Source::NoHeader(name) = &self.source {
            faults.push(format!("`{}` is not a header's name", name.escape_debug()));
        }
        if !(32..=128).contains(&self.ipv6_prefix) {
            faults.push(format!("an IPv6 prefix has 32 to 128 bits, not {}", self.ipv6_prefix));
        }
        faults
    }

    /// What is done about a missing key where the builder was not told.
    pub(crate) fn on_missing(&self) -> MissingKey {
        match self.source {
            Source::User => MissingKey::Admit,
            _ => MissingKey::ByAddress,
        }
    }

    /// The hash of whom to count the request for, or `None` where it has no key.
    pub(crate) fn caller(&self, request: RequestView<'_>, salt: &Salt) -> Result<Option<Fingerprint>, Missing> {
        Ok(match &self.source {
            Source::Address => Some(self.address(request, salt)?),
            Source::User => {
                let identity = request.extensions().get::<Identity>().ok_or(Missing::Identity)?;
                identity.subject().map(|user| salt.fingerprint((Kind::User, user)))
            }
            Source::Header(name) => {
                single(request.headers(), name).map(|value| salt.fingerprint((Kind::Header, value)))
            }
            Source::NoHeader(_) => None,
            Source::Closure(key) => key(request, salt),
        })
    }

    /// The hash of the client's address.
    pub(crate) fn address(&self, request: RequestView<'_>, salt: &Salt) -> Result<Fingerprint, Missing> {
        let client = ClientIp::of(request.extensions()).ok_or(Missing::Address)?;
        Ok(salt.fingerprint((Kind::Address, client.key(self.ipv6_prefix))))
    }
}

impl Reports {
    pub(crate) fn report(&self, layer: &str, missing: Missing) {
        let (reported, text) = match missing {
            Missing::Address => (
                &self.address,
                "the client's address is unknown: put the client_ip layer outside it, and serve with peer addresses as its \
                 page says",
            ),
            Missing::Identity => (
                &self.identity,
                "no Identity on the request: put the jwt layer, or another that inserts one, outside it",
            ),
        };
        // No `Once`: it holds all requests up while the log is written, and panics for good after a subscriber that did.
        if !reported.swap(true, Ordering::Relaxed) {
            tracing::error!(target: "portcullis::caller", layer, "{text}");
        }
    }
}

/// The value of a header that stands on one line: of several, others may read another than is counted here.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut lines = headers.get_all(name).iter();
    match (lines.next(), lines.next()) {
        (Some(only), None) if !only.is_empty() => Some(only.as_bytes()),
        _ => None,
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
            Source::Closure(_) => f.write_str("Key(closure)"),
        }
    }
}
