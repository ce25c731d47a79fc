use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use serde::de::DeserializeOwned;

use super::backend;
use super::cache::{Cache, TokenCache};
use super::challenge::{Challenges, is_realm};
use super::claims::Claims;
use super::jwks::Jwks;
use super::layer::JwtLayer;
use super::payload::Reader;
use super::policy::{Identify, Policy};
use super::trusted::{self, Trusted};
use super::verifier::Verifier;
use crate::config_error::{ConfigError, Faults};
use crate::identity::Identity;

pub(super) const LAYER: &str = "jwt";
const LONGEST_TOKEN: usize = 64 * 1024;

/// Collects the settings of a [`JwtLayer`].
#[must_use = "call `build`"]
pub struct JwtLayerBuilder<C = Claims> {
    pub(super) faults: Faults,
    pub(super) own: Trusted,
    pub(super) others: Vec<Trusted>,
    pub(super) waived: Waived,
    pub(super) leeway: Duration,
    longest: usize,
    cache: Option<TokenCache>,
    cookie: Option<String>,
    optional: bool,
    realm: Option<String>,
    reader: Reader<C>,
    identify: Option<Identify<C>>,
}

#[derive(Debug, Default)]
pub(super) struct Waived {
    pub(super) issuer: bool,
    pub(super) expiry: bool,
}

impl Default for JwtLayerBuilder {
    fn default() -> Self {
        Self {
            faults: ConfigError::collector(),
            own: Trusted::nobody(),
            others: Vec::new(),
            waived: Waived::default(),
            leeway: Duration::from_secs(30),
            longest: 8 * 1024,
            cache: None,
            cookie: None,
            optional: false,
            realm: None,
            reader: Reader::CLAIMS,
            identify: Some(Arc::new(Claims::identity)),
        }
    }
}

impl<C> fmt::Debug for JwtLayerBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtLayerBuilder")
            .field("faults", &self.faults)
            .field("own", &self.own)
            .field("others", &self.others)
            .field("waived", &self.waived)
            .finish_non_exhaustive()
    }
}

impl<C> JwtLayerBuilder<C> {
    /// The longest token that is looked at, in bytes. Default 8 KiB, at most 64 KiB.
    pub fn max_token_bytes(mut self, bytes: usize) -> Self {
        if !(1..=LONGEST_TOKEN).contains(&bytes) {
            self.faults.add(LAYER, "max_token_bytes", "lies between 1 and 65536");
        }
        self.longest = bytes;
        self
    }

    /// Keeps tokens that were verified, so that they need not be verified again. Default: none are kept. See
    /// [the cache](crate::jwt#the-cache).
    pub fn cache(mut self, cache: TokenCache) -> Self {
        if let Err(reason) = cache.check() {
            self.faults.add(LAYER, "cache", reason);
        }
        self.cache = Some(cache);
        self
    }

    /// Looks for the token in this cookie too. Default: only in `Authorization`. Browsers send cookies unasked: put `csrf` in
    /// front.
    pub fn cookie(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        // RFC 6265 section 4.1.1: the same characters as in a header's name.
        if HeaderName::from_bytes(name.as_bytes()).is_err() {
            let reason = format!("`{name}` is not the name of a cookie");
            self.faults.add(LAYER, "cookie", reason);
        }
        self.cookie = Some(name);
        self
    }

    /// Lets requests without credentials pass, as [`Identity::anonymous`] where no other layer has verified the caller. Credentials
    /// that are wrong are still refused. Default: credentials are required.
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// The `realm` of the challenges: visible ASCII and spaces, without quotes and backslashes. Default none.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Reads the claims as a type of the application's own. A token whose claims are not such is refused. The type says nothing of
    /// who is calling: [`identity`](Self::identity) must follow.
    pub fn claims<Own: DeserializeOwned>(self) -> JwtLayerBuilder<Own> {
        JwtLayerBuilder {
            faults: self.faults,
            own: self.own,
            others: self.others,
            waived: self.waived,
            leeway: self.leeway,
            longest: self.longest,
            cache: self.cache,
            cookie: self.cookie,
            optional: self.optional,
            realm: self.realm,
            reader: Reader::of_any_type(),
            identify: None,
        }
    }

    /// Says who is calling, from verified claims. Default for [`Claims`]: subject, roles, permissions, scopes and
    /// [token](Identity::token) as they are, and a token without a subject is refused. With a [`cache`](Self::cache) it is asked
    /// once for a token, and not once for a request.
    pub fn identity<F>(mut self, identify: F) -> Self
    where
        F: Fn(&C) -> Identity + Send + Sync + 'static,
    {
        self.identify = Some(Arc::new(move |claims: &Arc<C>| Some(identify(claims))));
        self
    }

    /// Checks all settings, and that signatures can be computed: see [backends](crate::jwt#backends).
    ///
    /// # Errors
    /// Lists every faulty key, keys that cannot be told apart, an issuer or audience that is neither stated nor waived (or both),
    /// claims of your own without `identity`, and every value outside its range.
    pub fn build(mut self) -> Result<JwtLayer<C>, ConfigError> {
        if let Err(reason) = backend::ready() {
            self.faults.add(LAYER, "build", reason);
        }
        let trusted = trusted::settle(self.own, self.others, self.waived.issuer, &mut self.faults);
        if self.realm.as_deref().is_some_and(|realm| !is_realm(realm)) {
            let reason = "is empty or has quotes, backslashes or characters beyond ASCII";
            self.faults.add(LAYER, "realm", reason);
        }
        let Some(identify) = self.identify else {
            let reason = "is missing: claims of your own do not say who is calling";
            return Err(self.faults.end_with(LAYER, "identity", reason));
        };
        self.faults.finish()?;
        let policy = Policy {
            trusted,
            needs_expiry: !self.waived.expiry,
            leeway: self.leeway,
            longest: self.longest,
            reader: self.reader,
            identify,
        };
        let retry = policy.jwks().map(Jwks::cooldown).max();
        Ok(JwtLayer::new(Verifier {
            fetches: retry.is_some(),
            policy,
            cookie: self.cookie,
            optional: self.optional,
            cache: self.cache.map(Cache::new),
            challenges: Challenges::new(self.realm.as_deref(), retry.unwrap_or_default()),
        }))
    }
}
