use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};
use tower_layer::Layer;

use super::policy::{List, Origins, Policy};
use super::service::Cors;
use crate::config_error::{ConfigError, Faults};
use crate::origin::Origin;

const LAYER: &str = "cors";

/// Lets web pages of chosen origins read the service's answers. See the [module page](crate::cors).
#[derive(Debug, Clone)]
#[must_use = "layers do nothing until they wrap a service"]
pub struct CorsLayer {
    policy: Arc<Policy>,
}

impl CorsLayer {
    /// No origin allowed yet, no credentials, the methods `GET, HEAD, POST, PUT, PATCH, DELETE`, the headers
    /// `authorization, content-type`, a preflight kept for 10 minutes.
    pub fn builder() -> CorsLayerBuilder {
        CorsLayerBuilder::default()
    }
}

impl CorsLayer {
    /// What judges, for a stack.
    pub(crate) fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.policy)
    }
}

impl<S> Layer<S> for CorsLayer {
    type Service = Cors<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Cors::new(inner, self.policy())
    }
}

/// Collects the settings of a [`CorsLayer`].
#[derive(Debug)]
#[must_use = "call `build`"]
pub struct CorsLayerBuilder {
    faults: Faults,
    origins: Origins,
    credentials: bool,
    methods: Option<Vec<Method>>,
    headers: Option<Vec<HeaderName>>,
    expose: Vec<HeaderName>,
    max_age: Option<Duration>,
}

impl Default for CorsLayerBuilder {
    fn default() -> Self {
        Self {
            faults: ConfigError::collector(),
            origins: Origins::default(),
            credentials: false,
            methods: Some(vec![
                Method::GET,
                Method::HEAD,
                Method::POST,
                Method::PUT,
                Method::PATCH,
                Method::DELETE,
            ]),
            headers: Some(vec![http::header::AUTHORIZATION, http::header::CONTENT_TYPE]),
            expose: Vec::new(),
            max_age: Some(Duration::from_secs(600)),
        }
    }
}

impl CorsLayerBuilder {
    /// Allows one origin such as `https://app.example.com`, or a pattern: `https://*.example.com` for every sub-domain
    /// (not for `example.com` itself), `http://localhost:*` for every port. May be called repeatedly.
    pub fn origin(mut self, origin: &str) -> Self {
        match Origin::parse(origin) {
            Ok(origin) => self.origins.add(origin),
            Err(reason) => self.faults.add(LAYER, "origin", reason),
        }
        self
    }

    /// Allows each of these origins or patterns; see [`origin`](Self::origin).
    pub fn origins<I: IntoIterator<Item: AsRef<str>>>(self, origins: I) -> Self {
        origins
            .into_iter()
            .fold(self, |builder, origin| builder.origin(origin.as_ref()))
    }

    /// Allows every origin, `null` too, with the literal `*` on every response. Only for answers that anybody may read.
    pub fn any_origin(mut self) -> Self {
        self.origins.any = true;
        self
    }

    /// Allows the origins for which the closure answers true. It is not asked about `null`.
    pub fn origin_fn<F>(mut self, allows: F) -> Self
    where
        F: Fn(&str) -> bool + Send + Sync + 'static,
    {
        self.origins.closures.push(Arc::new(allows));
        self
    }

    /// Allows the origins for which the future answers true, such as those in a table of tenants. It is asked last, about
    /// origins that nothing else allows, and runs beside the service; a later call replaces an earlier one.
    ///
    /// Anybody can send any `Origin`, and no limit stands before this layer: what is slow to ask should be remembered, the
    /// origins that are not allowed too.
    pub fn origin_async<F, Fut>(mut self, ask: F) -> Self
    where
        F: Fn(&str) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        self.origins.asked = Some(Arc::new(move |origin| Box::pin(ask(origin))));
        self
    }

    /// Whether pages may send cookies and client certificates. Default false. With any wildcard it is a fault.
    pub fn credentials(mut self, allowed: bool) -> Self {
        self.credentials = allowed;
        self
    }

    /// The methods that a preflight may ask for. Default `GET, HEAD, POST, PUT, PATCH, DELETE`.
    pub fn methods<I: IntoIterator<Item = Method>>(mut self, methods: I) -> Self {
        self.methods = Some(methods.into_iter().collect());
        self
    }

    /// Allows the method that is asked for, whatever it is.
    pub fn any_method(mut self) -> Self {
        self.methods = None;
        self
    }

    /// The request headers that a preflight may ask for. Default `authorization, content-type`.
    pub fn headers<I: IntoIterator<Item: AsRef<str>>>(mut self, names: I) -> Self {
        self.headers = Some(parse_names(names, "headers", &mut self.faults));
        self
    }

    /// Allows the request headers that are asked for, up to 1024 bytes of them.
    pub fn any_header(mut self) -> Self {
        self.headers = None;
        self
    }

    /// The response headers that a page may read beside the safelisted ones. Default none.
    pub fn expose<I: IntoIterator<Item: AsRef<str>>>(mut self, names: I) -> Self {
        self.expose = parse_names(names, "expose", &mut self.faults);
        self
    }

    /// How long a browser may keep a preflight's answer, in whole seconds, 24 hours at most. Default 10 minutes; browsers
    /// cut it to limits of their own (2 hours in Chromium).
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Checks all settings.
    ///
    /// # Errors
    /// Lists every origin or header name that does not parse, a missing origin, credentials with a wildcard, no methods or one
    /// named `*`, and a `max_age` above 24 hours.
    pub fn build(mut self) -> Result<CorsLayer, ConfigError> {
        if self.origins.is_empty() {
            self.faults.add(
                LAYER,
                "origin",
                "no origin is allowed; name one, or leave the layer out",
            );
        }
        if self.credentials {
            for (wild, what) in [
                (self.origins.any, "any_origin()"),
                (self.methods.is_none(), "any_method()"),
                (self.headers.is_none(), "any_header()"),
            ] {
                if wild {
                    let reason =
                        format!("cannot be combined with `{what}`: every site could act with the user's cookies");
                    self.faults.add(LAYER, "credentials", reason);
                }
            }
        }
        if self.methods.as_ref().is_some_and(Vec::is_empty) {
            self.faults.add(LAYER, "methods", "must not be empty");
        }
        let is_star = |method: &Method| method.as_str() == "*";
        if self.methods.as_ref().is_some_and(|methods| methods.iter().any(is_star)) {
            self.faults
                .add(LAYER, "methods", "`*` is not a method; see `any_method()`");
        }
        if self.max_age.is_some_and(|age| age > Duration::from_secs(24 * 3600)) {
            self.faults.add(LAYER, "max_age", "must not exceed 24 h");
        }
        let methods = list(self.methods.as_deref().map(|own| own.iter().map(Method::as_str)));
        let headers = list(self.headers.as_deref().map(|own| own.iter().map(HeaderName::as_str)));
        let expose = join(self.expose.iter().map(HeaderName::as_str));
        self.faults.finish()?;
        Ok(CorsLayer {
            policy: Arc::new(Policy {
                origins: self.origins,
                credentials: self.credentials,
                methods,
                headers,
                expose: (!expose.is_empty()).then_some(expose),
                max_age: self.max_age.map(|age| HeaderValue::from(age.as_secs())),
            }),
        })
    }
}

fn parse_names<I: IntoIterator<Item: AsRef<str>>>(
    names: I,
    setting: &'static str,
    faults: &mut Faults,
) -> Vec<HeaderName> {
    let mut parsed = Vec::new();
    for name in names {
        let name = name.as_ref();
        match HeaderName::try_from(name) {
            Ok(_) if name == "*" => faults.add(LAYER, setting, "`*` is not a header's name; see `any_header()`"),
            Ok(name) => parsed.push(name),
            Err(_) => faults.add(LAYER, setting, format!("`{name}` is not a header's name")),
        }
    }
    parsed
}

fn list<'a>(names: Option<impl Iterator<Item = &'a str>>) -> List {
    names.map_or(List::Mirrored, |names| List::Fixed(join(names)))
}

/// Methods and header names are tokens: joined they are always a valid value.
fn join<'a>(names: impl Iterator<Item = &'a str>) -> HeaderValue {
    let joined = names.collect::<Vec<_>>().join(", ");
    HeaderValue::try_from(joined).unwrap_or(HeaderValue::from_static(""))
}
