use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;

use super::flight::{Opened, Settings};
use super::policy::Timing;
use super::source::{Fetch, OnDisk, Own};
use super::store::Jwks;
use crate::config_error::{ConfigError, Faults};
use crate::jwt::algorithm::{Algorithm, Family};

#[cfg(feature = "jwks")]
use super::client::{Fixed, Network};
#[cfg(feature = "jwks")]
use super::discovery::{Discovered, metadata_url};

const LAYER: &str = "jwt";

/// Collects the settings of a [`Jwks`].
#[must_use = "call `build`"]
pub struct JwksBuilder {
    faults: Faults,
    source: Source,
    settings: Settings,
    #[cfg(feature = "jwks")]
    network: Network,
}

enum Source {
    Own(Box<dyn Fetch>),
    OnDisk(PathBuf),
    #[cfg(feature = "jwks")]
    Url(String),
    #[cfg(feature = "jwks")]
    Issuer(String),
}

impl Jwks {
    /// The key set at this URL, `https`, or `http` to this machine.
    #[cfg(feature = "jwks")]
    pub fn url(url: impl Into<String>) -> JwksBuilder {
        JwksBuilder::new(Source::Url(url.into()))
    }

    /// The key set that this issuer names in its metadata, which stand at its URL and `/.well-known/openid-configuration` (OpenID
    /// Connect Discovery, RFC 8414). They must name the very same issuer, byte for byte.
    #[cfg(feature = "jwks")]
    pub fn discover(issuer: impl Into<String>) -> JwksBuilder {
        JwksBuilder::new(Source::Issuer(issuer.into()))
    }

    /// The key set in this file, which may be replaced while the server runs.
    pub fn file(path: impl Into<PathBuf>) -> JwksBuilder {
        JwksBuilder::new(Source::OnDisk(path.into()))
    }

    /// The key set that a function of yours fetches, by a client of your own or from a store.
    ///
    /// ```
    /// # use std::convert::Infallible;
    /// use portcullis::jwt::Jwks;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let keys = Jwks::fetch_with(async || Ok::<_, Infallible>(r#"{"keys": []}"#)).build()?;
    /// keys.preload().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn fetch_with<F, Fut, B, E>(fetch: F) -> JwksBuilder
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<B, E>> + Send + 'static,
        B: Into<Bytes>,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        JwksBuilder::new(Source::Own(Box::new(Own(fetch))))
    }
}

impl JwksBuilder {
    fn new(source: Source) -> Self {
        Self {
            faults: ConfigError::collector(),
            source,
            settings: Settings {
                timeout: Duration::from_secs(5),
                most: 1024 * 1024,
                rsa: Algorithm::RS256,
                timing: Timing {
                    every: Duration::from_secs(10 * 60),
                    cooldown: Duration::from_secs(30),
                    max_stale: Duration::from_secs(24 * 60 * 60),
                },
            },
            #[cfg(feature = "jwks")]
            network: Network::default(),
        }
    }

    /// After how long the set is fetched again, whatever its server says of caching. Default 10 minutes, at least a second. A key
    /// that the issuer has withdrawn serves for so long at most.
    pub fn refresh_every(mut self, interval: Duration) -> Self {
        if interval < Duration::from_secs(1) {
            self.faults.add(LAYER, "refresh_every", "is shorter than a second");
        }
        self.settings.timing.every = interval;
        self
    }

    /// How long a fetch may take as a whole, and a request with an unknown key wait for it. Default 5 seconds; from a millisecond
    /// to a minute.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        if !(Duration::from_millis(1)..=Duration::from_secs(60)).contains(&timeout) {
            self.faults
                .add(LAYER, "timeout", "lies between a millisecond and a minute");
        }
        self.settings.timeout = timeout;
        self
    }

    /// How long after a search for an unknown key no other is begun. Default 30 seconds, at least one: whoever invents keys brings
    /// the server of the key set so many requests and no more.
    pub fn cooldown(mut self, cooldown: Duration) -> Self {
        if cooldown < Duration::from_secs(1) {
            self.faults.add(LAYER, "cooldown", "is shorter than a second");
        }
        self.settings.timing.cooldown = cooldown;
        self
    }

    /// For how long keys serve on that cannot be refreshed. Default 24 hours, and never shorter than
    /// [`refresh_every`](Self::refresh_every). After that every token is answered with `503`.
    pub fn max_stale(mut self, max_stale: Duration) -> Self {
        self.settings.timing.max_stale = max_stale;
        self
    }

    /// The longest key set that is read, in bytes. Default 1 MiB, from 1 byte to 16 MiB.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        if !(1..=16 * 1024 * 1024).contains(&bytes) {
            self.faults.add(LAYER, "max_bytes", "lies between 1 byte and 16 MiB");
        }
        self.settings.most = bytes;
        self
    }

    /// The algorithm of RSA keys that name none (RFC 7517 section 4.4 lets them). Default `RS256`, which OpenID Connect demands
    /// of every issuer. A key that names one has that one.
    pub fn rsa_algorithm(mut self, algorithm: Algorithm) -> Self {
        if algorithm.family() != Family::Rsa {
            let reason = format!("{algorithm} is none of RSA");
            self.faults.add(LAYER, "rsa_algorithm", reason);
        }
        self.settings.rsa = algorithm;
        self
    }

    /// Lets keys come by `http` from other machines. Default: only from this one. Whoever can touch the network on the way can then
    /// add a key, and sign what tokens he likes.
    #[cfg(feature = "jwks")]
    pub fn insecure_http(mut self) -> Self {
        self.network.insecure = true;
        self
    }

    /// Trusts servers with a certificate by this authority, in PEM, too. Default: those that the system trusts.
    #[cfg(feature = "jwks")]
    pub fn trust_certificate(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.network.certificates.extend_from_slice(pem.as_ref());
        self.network.certificates.push(b'\n');
        self
    }

    /// Checks all settings. Nothing is fetched yet: see [`Jwks::preload`].
    ///
    /// # Errors
    /// Lists a URL that may not be fetched, certificates that are none, a system without any, and every value outside its range.
    pub fn build(mut self) -> Result<Jwks, ConfigError> {
        let timing = &self.settings.timing;
        if timing.max_stale < timing.every {
            self.faults.add(LAYER, "max_stale", "is shorter than `refresh_every`");
        }
        #[cfg(feature = "jwks")]
        let opened = self.source.open(&self.network);
        #[cfg(not(feature = "jwks"))]
        let opened = self.source.open();
        match opened {
            Ok(opened) => {
                self.faults.finish()?;
                Ok(Jwks::new(opened, self.settings))
            }
            Err((setting, reason)) => Err(self.faults.end_with(LAYER, setting, reason)),
        }
    }
}

impl Source {
    /// Or the setting that was faulty, and why.
    #[cfg_attr(
        not(feature = "jwks"),
        expect(clippy::unnecessary_wraps, reason = "only an address can be wrong")
    )]
    fn open(self, #[cfg(feature = "jwks")] network: &Network) -> Result<Opened, (&'static str, String)> {
        let (name, issuer, fetch): (_, _, Box<dyn Fetch>) = match self {
            Self::Own(fetch) => ("a fetch of the application's".to_owned(), None, fetch),
            Self::OnDisk(path) => (path.display().to_string(), None, Box::new(OnDisk(path))),
            #[cfg(feature = "jwks")]
            Self::Url(url) => {
                let (client, uri) = network.reach(&url).map_err(|reason| ("url", reason))?;
                (url, None, Box::new(Fixed { client, url: uri }))
            }
            #[cfg(feature = "jwks")]
            Self::Issuer(issuer) => {
                let reached = network.reach(&metadata_url(&issuer));
                let (client, metadata) = reached.map_err(|reason| ("discover", reason))?;
                let discovered = Discovered {
                    client,
                    issuer: issuer.clone(),
                    metadata,
                    insecure: network.insecure,
                };
                (issuer.clone(), Some(issuer), Box::new(discovered))
            }
        };
        Ok(Opened { name, issuer, fetch })
    }
}

impl fmt::Debug for JwksBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwksBuilder")
            .field("faults", &self.faults)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
