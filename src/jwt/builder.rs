use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;

use super::backend;
use super::challenge::{Challenges, is_realm};
use super::claims::Claims;
use super::key::Key;
use super::keys::Keys;
use super::layer::JwtLayer;
use super::policy::{Identify, Policy};
use super::token::{Types, media_type};
use crate::config_error::{ConfigError, Faults};
use crate::identity::Identity;

const LAYER: &str = "jwt";
const LONGEST_LEEWAY: Duration = Duration::from_secs(60);
const LONGEST_TOKEN: usize = 64 * 1024;

/// Collects the settings of a [`JwtLayer`].
#[must_use = "call `build`"]
pub struct JwtLayerBuilder<C = Claims> {
    faults: Faults,
    keys: Vec<Key>,
    issuer: Option<String>,
    audiences: Vec<String>,
    waived: Waived,
    leeway: Duration,
    types: Types,
    longest: usize,
    cookie: Option<String>,
    optional: bool,
    realm: Option<String>,
    identify: Option<Identify<C>>,
}

#[derive(Debug, Default)]
struct Waived {
    issuer: bool,
    audience: bool,
    expiry: bool,
}

impl Default for JwtLayerBuilder {
    fn default() -> Self {
        Self {
            faults: ConfigError::collector(),
            keys: Vec::new(),
            issuer: None,
            audiences: Vec::new(),
            waived: Waived::default(),
            leeway: Duration::from_secs(30),
            types: Types::AnyAccessToken,
            longest: 8 * 1024,
            cookie: None,
            optional: false,
            realm: None,
            identify: Some(Arc::new(Claims::identity)),
        }
    }
}

impl<C> fmt::Debug for JwtLayerBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtLayerBuilder")
            .field("faults", &self.faults)
            .field("keys", &self.keys)
            .field("issuer", &self.issuer)
            .field("audiences", &self.audiences)
            .field("waived", &self.waived)
            .finish_non_exhaustive()
    }
}

impl<C> JwtLayerBuilder<C> {
    /// Adds a key of the issuer. A secret and a public key cannot stand in one layer: nothing that is public may ever serve as a
    /// secret (RFC 8725 section 3.1).
    pub fn key(mut self, key: Key) -> Self {
        self.keys.push(key);
        self
    }

    /// Adds each of these keys; see [`key`](Self::key).
    pub fn keys<I: IntoIterator<Item = Key>>(mut self, keys: I) -> Self {
        self.keys.extend(keys);
        self
    }

    /// The `iss` that tokens must have, compared byte for byte. One layer has one issuer, since the keys are its own: another that
    /// shared them could speak in its name.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        let issuer = issuer.into();
        if self.issuer.as_ref().is_some_and(|stated| *stated != issuer) {
            self.faults
                .add(LAYER, "issuer", "is stated twice; a layer has one issuer");
        }
        self.issuer = Some(issuer);
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
        self.audiences.push(audience.into());
        self
    }

    /// Takes tokens for any audience, and without one. Default: the audience must be stated.
    pub fn without_audience(mut self) -> Self {
        self.waived.audience = true;
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
    /// issuer types its tokens, say so here.
    pub fn token_type(mut self, typ: &str) -> Self {
        let typ = media_type(typ);
        if HeaderName::from_bytes(typ.as_bytes()).is_err() {
            let reason = format!("`{typ}` is not the name of a type, such as `at+jwt`");
            self.faults.add(LAYER, "token_type", reason);
        }
        self.types = Types::Only(typ.to_owned());
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
    pub fn claims<Own>(self) -> JwtLayerBuilder<Own> {
        JwtLayerBuilder {
            faults: self.faults,
            keys: self.keys,
            issuer: self.issuer,
            audiences: self.audiences,
            waived: self.waived,
            leeway: self.leeway,
            types: self.types,
            longest: self.longest,
            cookie: self.cookie,
            optional: self.optional,
            realm: self.realm,
            identify: None,
        }
    }

    /// Says who is calling, from verified claims. Default for [`Claims`]: subject, roles, permissions and scopes as they are, and a
    /// token without a subject is refused.
    pub fn identity<F>(mut self, identify: F) -> Self
    where
        F: Fn(&C) -> Identity + Send + Sync + 'static,
    {
        self.identify = Some(Arc::new(move |claims| Some(identify(claims))));
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
        self.check_statements();
        let keys = Keys::collect(self.keys, &mut self.faults);
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
            keys,
            issuer: self.issuer,
            audiences: self.audiences,
            needs_expiry: !self.waived.expiry,
            leeway: self.leeway,
            types: self.types,
            longest: self.longest,
            cookie: self.cookie,
            optional: self.optional,
            identify,
        };
        Ok(JwtLayer::new(policy, Challenges::new(self.realm.as_deref())))
    }

    fn check_statements(&mut self) {
        let faults = &mut self.faults;
        match (&self.issuer, self.waived.issuer) {
            (None, false) => faults.add(
                LAYER,
                "issuer",
                "is missing: state it, or waive it with `without_issuer`",
            ),
            (Some(_), true) => faults.add(LAYER, "issuer", "is both stated and waived"),
            (Some(issuer), false) if issuer.is_empty() => faults.add(LAYER, "issuer", "is empty"),
            _ => {}
        }
        match (self.audiences.is_empty(), self.waived.audience) {
            (true, false) => {
                let reason = "is missing: state it, or waive it with `without_audience`";
                faults.add(LAYER, "audience", reason);
            }
            (false, true) => faults.add(LAYER, "audience", "is both stated and waived"),
            (false, false) if self.audiences.iter().any(String::is_empty) => faults.add(LAYER, "audience", "is empty"),
            _ => {}
        }
    }
}
