//! A post's version as an entity tag (RFC 9110 section 8.8.3).

use axum::extract::FromRequestParts;
use http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use portcullis::Problem;

use crate::error;

/// The header that names this version.
pub(super) fn tag(version: i64) -> (HeaderName, String) {
    (ETAG, format!("\"{version}\""))
}

/// What the caller said about versions.
pub(super) struct Preconditions {
    if_match: Option<String>,
    if_none_match: Option<String>,
}

impl Preconditions {
    /// `412` where the caller's copy, by header or by the body's `version`, is not the newest.
    pub(super) fn check(&self, current: i64, version: Option<i64>) -> portcullis::Result<()> {
        let by_header = self.if_match.as_deref().is_none_or(|tags| lists(tags, current, false));
        let by_member = version.is_none_or(|version| version == current);
        if by_header && by_member {
            Ok(())
        } else {
            Err(error::stale().into())
        }
    }

    /// Whether the caller already has this version (RFC 9110 section 13.1.2).
    pub(super) fn has(&self, current: i64) -> bool {
        self.if_none_match
            .as_deref()
            .is_some_and(|tags| lists(tags, current, true))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Preconditions {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self {
            if_match: joined(&parts.headers, &IF_MATCH),
            if_none_match: joined(&parts.headers, &IF_NONE_MATCH),
        })
    }
}

fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let mut values = headers.get_all(name).iter().peekable();
    values.peek()?;
    let texts: Vec<_> = values.map(|value| value.to_str().unwrap_or_default()).collect();
    Some(texts.join(","))
}

fn lists(tags: &str, current: i64, weak_counts: bool) -> bool {
    tags.split(',').map(str::trim).any(|tag| {
        let tag = if weak_counts {
            tag.strip_prefix("W/").unwrap_or(tag)
        } else {
            tag
        };
        tag == "*" || tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')) == Some(&current.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::lists;

    #[test]
    fn tags() {
        let check = |tags: &str, weak: bool, expect: bool| assert_eq!(lists(tags, 3, weak), expect, "{tags}");
        check("\"3\"", false, true);
        check("\"2\", \"3\"", false, true);
        check("*", false, true);
        check("\"2\"", false, false);
        check("3", false, false);
        check("W/\"3\"", false, false);
        check("W/\"3\"", true, true);
        check("", false, false);
    }
}
