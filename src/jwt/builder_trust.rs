//! What the builder of the layer is told of whose tokens are good.

use std::time::Duration;

use super::algorithm::Algorithm;
use super::builder::{JwtLayerBuilder, LAYER};
#[cfg(feature = "key-sets")]
use super::jwks::Jwks;
use super::key::Key;
use super::trusted::Trusted;

const LONGEST_LEEWAY: Duration = Duration::from_secs(60);

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
    #[cfg(feature = "key-sets")]
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

    /// The only algorithms that tokens may have. Default: those of the keys, of which each has one. With a key
    /// set this says what the issuer may add to it.
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
}
