//! The parameters of a request's query, taken by name; what nobody takes is refused.

use std::str::FromStr;

use axum::extract::{FromRequestParts, OriginalUri};
use chrono::{DateTime, Datelike, NaiveDateTime, SubsecRound};
use http::request::Parts;
use portcullis::Error;

use crate::error;

/// The parameters as they were sent.
///
/// A form's deserialiser knows neither `page[after]` as a member of `page`, nor a name that comes twice, nor can it say which
/// names there are; and a name with a slip in it would pass unnoticed.
#[derive(Debug)]
pub(crate) struct Parameters {
    path: String,
    pairs: Vec<(String, String)>,
    known: Vec<&'static str>,
}

impl Parameters {
    /// The one value of this name, where it is not empty.
    pub(crate) fn text(&mut self, name: &'static str) -> portcullis::Result<Option<String>> {
        self.known.push(name);
        let mut values = self.pairs.iter().filter(|(key, _)| key == name);
        let value = values.next().map(|(_, value)| value.clone());
        if values.next().is_some() {
            return Err(error::bad_request(format!("`{name}` may be given once")).into());
        }
        Ok(value.filter(|value| !value.is_empty()))
    }

    /// All values of this name, also those joined by commas.
    pub(crate) fn list(&mut self, name: &'static str) -> Vec<String> {
        self.known.push(name);
        let values = self.pairs.iter().filter(|(key, _)| key == name);
        let values = values.flat_map(|(_, value)| value.split(',')).map(str::trim);
        values.filter(|value| !value.is_empty()).map(str::to_owned).collect()
    }

    /// The value of this name, which is `what`.
    pub(crate) fn parsed<T: FromStr>(&mut self, name: &'static str, what: &str) -> portcullis::Result<Option<T>> {
        let value = self.text(name)?.map(|value| value.parse());
        value
            .transpose()
            .map_err(|_| error::bad_request(format!("`{name}` is {what}")).into())
    }

    pub(crate) fn flag(&mut self, name: &'static str) -> portcullis::Result<Option<bool>> {
        self.parsed(name, "true or false")
    }

    /// A time of RFC 3339, in the years that all databases know.
    pub(crate) fn time(&mut self, name: &'static str) -> portcullis::Result<Option<NaiveDateTime>> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let time =
            time(&text).ok_or_else(|| error::bad_request(format!("`{name}` is a time as 2026-01-31T12:00:00Z")))?;
        Ok(Some(time))
    }

    /// Whether a name begins so.
    pub(crate) fn any(&self, prefix: &str) -> bool {
        self.pairs.iter().any(|(name, _)| name.starts_with(prefix))
    }

    /// `400` where there is a parameter that was not asked for.
    pub(crate) fn finish(&self) -> portcullis::Result<()> {
        if self.pairs.iter().all(|(name, _)| self.known.contains(&&**name)) {
            return Ok(());
        }
        let known = self.known.join("`, `");
        Err(error::bad_request(format!("the parameters here are `{known}`")).into())
    }

    /// Where the request went, for links to its neighbours.
    pub(crate) fn address(self) -> Address {
        Address {
            path: self.path,
            pairs: self.pairs,
        }
    }
}

/// A time of RFC 3339 as the databases keep it.
pub(crate) fn time(text: &str) -> Option<NaiveDateTime> {
    let time = DateTime::parse_from_rfc3339(text).ok()?.naive_utc().trunc_subsecs(6);
    (1970..=9999).contains(&time.year()).then_some(time)
}

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let uri = parts
            .extensions
            .get::<OriginalUri>()
            .map_or(&parts.uri, |OriginalUri(uri)| uri);
        let query = uri.query().unwrap_or_default();
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        // No text of PostgreSQL can hold one.
        if pairs.iter().any(|(_, value)| value.contains('\0')) {
            return Err(error::bad_request("the query must not contain NUL").into());
        }
        Ok(Self {
            path: uri.path().to_owned(),
            pairs,
            known: Vec::new(),
        })
    }
}

/// A path with the parameters of its query.
#[derive(Debug)]
pub(crate) struct Address {
    path: String,
    pairs: Vec<(String, String)>,
}

impl Address {
    /// The same list at another place.
    pub(crate) fn with(&self, name: &str, value: &str) -> String {
        let rest = self.pairs.iter().filter(|(key, _)| {
            let place = ["page", "page[after]", "page[before]"];
            !place.contains(&&**key)
        });
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(rest)
            .append_pair(name, value)
            .finish();
        format!("{}?{query}", self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn times() {
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(time(text).map(|time| time.to_string()).as_deref(), expect, "{text}");
        };
        check("2026-01-31T12:00:00Z", Some("2026-01-31 12:00:00"));
        check("2026-01-31T12:00:00.1234567+02:00", Some("2026-01-31 10:00:00.123456"));
        check("2026-01-31", None);
        check("0001-01-01T00:00:00Z", None);
        check("9999-12-31T23:59:59-01:00", None);
        check("+262000-01-01T00:00:00Z", None);
        check("now", None);
    }
}
