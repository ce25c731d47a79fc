use http::HeaderName;

use super::algorithm::Algorithm;
use super::jwks::Jwks;
use super::key::Key;
use super::key_source::KeySource;
use super::keys::Keys;
use super::token::{Types, media_type};
use super::trust::Trust;
use crate::config_error::Faults;

const LAYER: &str = "jwt";

/// An issuer beside others in one layer: its keys, and what its tokens must say. See [`JwtLayerBuilder::trust`].
///
/// [`JwtLayerBuilder::trust`]: super::JwtLayerBuilder::trust
#[derive(Debug, Clone)]
#[must_use = "give it to `JwtLayerBuilder::trust`"]
pub struct Trusted {
    pub(super) issuer: Option<String>,
    keys: Vec<Key>,
    jwks: Vec<Jwks>,
    audiences: Vec<String>,
    any_audience: bool,
    types: Option<Types>,
    algorithms: Option<Vec<Algorithm>>,
}

impl Trusted {
    /// The `iss` of its tokens, compared byte for byte.
    pub fn issuer(issuer: impl Into<String>) -> Self {
        Self {
            issuer: Some(issuer.into()),
            ..Self::nobody()
        }
    }

    pub(super) const fn nobody() -> Self {
        Self {
            issuer: None,
            keys: Vec::new(),
            jwks: Vec::new(),
            audiences: Vec::new(),
            any_audience: false,
            types: None,
            algorithms: None,
        }
    }

    /// Adds a key of this issuer; see [`JwtLayerBuilder::key`](super::JwtLayerBuilder::key).
    pub fn key(mut self, key: Key) -> Self {
        self.keys.push(key);
        self
    }

    /// Adds each of these keys.
    pub fn keys<I: IntoIterator<Item = Key>>(mut self, keys: I) -> Self {
        self.keys.extend(keys);
        self
    }

    /// The keys that this issuer publishes; see [`JwtLayerBuilder::jwks`](super::JwtLayerBuilder::jwks).
    #[cfg(feature = "key-sets")]
    pub fn jwks(mut self, jwks: Jwks) -> Self {
        self.jwks.push(jwks);
        self
    }

    /// An `aud` that is meant to be us; see [`JwtLayerBuilder::audience`](super::JwtLayerBuilder::audience).
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Takes tokens for any audience, and without one. Default: the audience must be stated.
    pub fn without_audience(mut self) -> Self {
        self.any_audience = true;
        self
    }

    /// The only algorithms of this issuer's tokens. Default: those of its keys; see
    /// [`JwtLayerBuilder::algorithms`](super::JwtLayerBuilder::algorithms).
    pub fn algorithms<I: IntoIterator<Item = Algorithm>>(mut self, algorithms: I) -> Self {
        self.algorithms.get_or_insert_default().extend(algorithms);
        self
    }

    /// The only `typ` of this issuer's tokens. Default: that of the layer; see
    /// [`JwtLayerBuilder::token_type`](super::JwtLayerBuilder::token_type).
    pub fn token_type(mut self, typ: &str) -> Self {
        self.types = Some(Types::Only(media_type(typ).to_owned()));
        self
    }

    /// Whether nothing at all was stated.
    fn is_nobody(&self) -> bool {
        self.issuer.is_none() && self.keys.is_empty() && self.jwks.is_empty() && self.audiences.is_empty()
    }

    /// Notes all that is wrong with it.
    fn check(self, any_issuer: bool, types: &Types, faults: &mut Faults) -> Trust {
        self.check_statements(any_issuer, faults);
        if let Some(Types::Only(typ)) = &self.types
            && HeaderName::from_bytes(typ.as_bytes()).is_err()
        {
            let reason = format!("`{typ}` is not the name of a type, such as `at+jwt`");
            faults.add(LAYER, "token_type", reason);
        }
        if self.algorithms.as_ref().is_some_and(Vec::is_empty) {
            faults.add(LAYER, "algorithms", "names none, so that no token could be verified");
        }
        let mut jwks = self.jwks.into_iter();
        let keys = match (jwks.next(), jwks.next()) {
            (None, _) => {
                let keys = Keys::collect(self.keys, faults);
                for (_, key) in &keys.own {
                    let algorithm = key.algorithm;
                    if self
                        .algorithms
                        .as_ref()
                        .is_some_and(|own| !own.is_empty() && !own.contains(&algorithm))
                    {
                        let reason = format!("leave out {algorithm}, which is that of a key");
                        faults.add(LAYER, "algorithms", reason);
                    }
                }
                KeySource::Own(keys)
            }
            (Some(jwks), second) => {
                if second.is_some() || !self.keys.is_empty() {
                    let reason = "stands beside other keys; an issuer has one key set, or keys of its own";
                    faults.add(LAYER, "jwks", reason);
                }
                match (jwks.issuer(), &self.issuer) {
                    (Some(found), Some(stated)) if found != stated => {
                        faults.add(LAYER, "jwks", format!("is that of `{found}`, not of `{stated}`"));
                    }
                    _ => {}
                }
                KeySource::Fetched(jwks)
            }
        };
        Trust {
            issuer: self.issuer.map(Into::into),
            audiences: self.audiences,
            types: self.types.unwrap_or_else(|| types.clone()),
            algorithms: self.algorithms,
            keys,
        }
    }

    fn check_statements(&self, any_issuer: bool, faults: &mut Faults) {
        match (&self.issuer, any_issuer) {
            (None, false) => faults.add(
                LAYER,
                "issuer",
                "is missing: state it, or waive it with `without_issuer`",
            ),
            (Some(_), true) => faults.add(LAYER, "issuer", "is both stated and waived"),
            (Some(issuer), false) if issuer.is_empty() => faults.add(LAYER, "issuer", "is empty"),
            _ => {}
        }
        match (self.audiences.is_empty(), self.any_audience) {
            (true, false) => {
                let of = match &self.issuer {
                    Some(issuer) => format!(" for `{issuer}`"),
                    None => String::new(),
                };
                let reason = format!("is missing{of}: state it, or waive it with `without_audience`");
                faults.add(LAYER, "audience", reason);
            }
            (false, true) => faults.add(LAYER, "audience", "is both stated and waived"),
            (false, false) if self.audiences.iter().any(String::is_empty) => faults.add(LAYER, "audience", "is empty"),
            _ => {}
        }
    }
}

/// The issuers of a layer: its own, and those whom it trusts beside.
pub(super) fn settle(own: Trusted, others: Vec<Trusted>, any_issuer: bool, faults: &mut Faults) -> Vec<Trust> {
    if any_issuer && !others.is_empty() {
        let reason = "is waived, and others are trusted: their `iss` could not tell them apart";
        faults.add(LAYER, "trust", reason);
    }
    let types = own.types.clone().unwrap_or(Types::AnyAccessToken);
    let mut trusted: Vec<Trust> = Vec::new();
    // A layer that trusts others need not have an issuer of its own.
    if others.is_empty() || any_issuer || !own.is_nobody() {
        trusted.push(own.check(any_issuer, &types, faults));
    }
    for other in others {
        let trust = other.check(false, &types, faults);
        if let Some(issuer) = trust
            .issuer
            .as_ref()
            .filter(|_| trusted.iter().any(|known| known.issuer == trust.issuer))
        {
            faults.add(LAYER, "trust", format!("names `{issuer}` twice"));
        }
        trusted.push(trust);
    }
    trusted
}
