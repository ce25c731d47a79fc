use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use serde::de::DeserializeOwned;

use super::algorithm::Algorithm;
use super::backend;
use super::cache::{Cache, TokenCache};
use super::challenge::{Challenges, is_realm};
use super::claims::Claims;
use super::jwks::Jwks;
use super::key::Key;
use super::layer::JwtLayer;
use super::payload::Reader;
use super::policy::{Identify, Policy};
use super::trusted::{self, Trusted};
use super::verifier::Verifier;
use crate::config_error::{ConfigError, Faults};
use crate::identity::Identity;

const LAYER: &str = "jwt";
const LONGEST_LEEWAY: Duration = Duration::from_secs(60);
const LONGEST_TOKEN: usize = 64 * 1024;

/// Collects the settings of a [`JwtLayer`].
#[must_use = "call `build`"]
pub struct JwtLayerBuilder<C = Claims> {
    faults: Faults,
    own: Trusted,
    others: Vec<Trusted>,
    waived: Waived,
    leeway: Duration,
    longest: usize,
    cache: Option<TokenCache>,
    cookie: Option<String>,
    optional: bool,
    realm: Option<String>,
    reader: Reader<C>,
    identify: Option<Identify<C>>,
}

#[derive(Debug, Default)]
struct Waived {
    issuer: bool,
    expiry: bool,
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
    /// Adds a key of the issuer. A secret and a public key cannot stand in one layer: nothing that is public may ever serve as a
    /// secret (RFC 8725 section 3.1).
    pub fn key(mut self, key: Key) -> Self {
        self.own = self.own.key(key);
        self
    }

    /// Adds each of these keys; see [`key`](Self::key).
    pub fn keys<I: IntoIterator<Item = Key>>(mut self, keys: I) -> Self {
        self.own = self.own.keys(keys);
        self
    }

    /// The keys that the issuer publishes, instead of keys of your own; see [key sets](crate::jwt#key-sets).
    pub fn jwks(mut self, jwks: Jwks) -> Self {
        self.own = self.own.jwks(jwks);
        self
    }

    /// The `iss` that tokens must have, compared byte for byte. The keys are this issuer's own: another that shared them could speak
    /// in its name. Other issuers, with other keys, are [`trust`](Self::trust)ed.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        let issuer = issuer.into();
        if self.own.issuer.as_ref().is_some_and(|stated| *stated != issuer) {
            self.faults
                .add(LAYER, "issuer", "is stated twice; add another issuer with `trust`");
        }
        self.own.issuer = Some(issuer);
        self
    }

    /// Takes the tokens of this issuer too, by its own keys and for its own audience. The token's `iss` chooses among the issuers
    /// before its signature is verified; that of an issuer whom nobody trusts is refused, and causes no fetch. A layer may have
    /// trusted issuers only.
    ///
    /// ```
    /// use portcullis::jwt::{Algorithm, JwtLayer, Key, Trusted};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let layer = JwtLayer::builder()
    ///     .trust(Trusted::issuer("https://staff.example").key(Key::hmac(Algorithm::HS256, [1; 32])).audience("blog"))
    ///     .trust(Trusted::issuer("https://id.example").key(Key::hmac(Algorithm::HS512, [2; 64])).audience("readers"))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn trust(mut self, issuer: Trusted) -> Self {
        self.others.push(issuer);
        self
    }

    /// Takes tokens of any issuer, and without one. Default: the issuer must be stated.
    pub fn without_issuer(mut self) -> Self {
        self.waived.issuer = true;
        self
    }

    /// An `aud` that is meant to be us, compared byte for byte; a token must name one of those stated. Without it a token for another
    /// service of the same issuer would be good here.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.own = self.own.audience(audience);
        self
    }

    /// Takes tokens for any audience, and without one. Default: the audience must be stated.
    pub fn without_audience(mut self) -> Self {
        self.own = self.own.without_audience();
        self
    }

    /// The only algorithms that tokens may have. Default: those of the keys, of which each has one. With a [key
    /// set](Self::jwks) this says what the issuer may add to it.
    pub fn algorithms<I: IntoIterator<Item = Algorithm>>(mut self, algorithms: I) -> Self {
        self.own = self.own.algorithms(algorithms);
        self
    }

    /// Takes tokens that never expire. One that has an `exp` still expires. Default: `exp` is required.
    pub fn without_expiry(mut self) -> Self {
        self.waived.expiry = true;
        self
    }

    /// By how much the clocks of issuer and verifier may differ, for `exp` and `nbf`. Default 30 seconds; at most 60, since it
    /// prolongs every token.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        if leeway > LONGEST_LEEWAY {
            self.faults.add(LAYER, "leeway", "exceeds 60 seconds");
        }
        self.leeway = leeway;
        self
    }

    /// The only `typ` that tokens may have, such as `at+jwt` (RFC 9068), without regard to case and with or without
    /// `application/`. Default: none, `JWT` or `at+jwt`. An identity token of the same issuer often has `JWT` too: where an
    /// issuer types its tokens, say so here. It is that of every trusted issuer that has none of its own.
    pub fn token_type(mut self, typ: &str) -> Self {
        self.own = self.own.token_type(typ);
        self
    }

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
