//! The headers that all answers get, in a map that is copied: their names are hashed once, which takes longer than all else.

use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, header};

use super::policy::tells_too_much;

/// Of an answer's own headers each has to be hashed. With more of them than this nothing is won.
const FEW: usize = 4;
/// Room in the index of names, for the answer and the layers outside. That of the values is not copied.
const MORE: usize = 12;

#[derive(Debug)]
pub(super) struct Prepared {
    headers: HeaderMap,
    /// Whether they have a place for the type of the content, which nearly every answer has. So most copies need not grow.
    has_place: bool,
}

impl Prepared {
    pub(super) fn new(fixed: &[(HeaderName, HeaderValue)], hsts: Option<&HeaderValue>) -> Self {
        let mut headers = HeaderMap::with_capacity(fixed.len() + MORE);
        headers.extend(fixed.iter().cloned());
        if let Some(hsts) = hsts {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, hsts.clone());
        }
        let has_place = !headers.contains_key(CONTENT_TYPE);
        if has_place {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(""));
        }
        Self { headers, has_place }
    }

    /// Whether a copy is worth it.
    pub(super) fn suits(own: &HeaderMap) -> bool {
        own.len() <= FEW && own.keys_len() == own.len()
    }

    /// A copy that has the answer's own headers too, which win. Each has one line.
    pub(super) fn around(&self, own: HeaderMap) -> HeaderMap {
        let mut all = self.headers.clone();
        let mut vacant = self.has_place;
        for (name, value) in own {
            let Some(name) = name.filter(|name| !tells_too_much(name)) else {
                continue;
            };
            vacant &= name != CONTENT_TYPE;
            all.insert(name, value);
        }
        if vacant {
            all.remove(CONTENT_TYPE);
        }
        all
    }
}
