use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

const STANDARD: [&str; 6] = ["type", "title", "status", "detail", "instance", "request_id"];

/// All of a problem but the request's id, which is the one thing that no two requests share.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) status: StatusCode,
    pub(super) kind: Cow<'static, str>,
    pub(super) title: Cow<'static, str>,
    pub(super) detail: Option<Cow<'static, str>>,
    pub(super) instance: Option<Cow<'static, str>>,
    pub(super) headers: HeaderMap,
    pub(super) members: Map<String, Value>,
    /// The JSON object without the request's id.
    rendered: OnceLock<Bytes>,
}

impl Shared {
    fn new(status: StatusCode) -> Self {
        Self {
            status,
            kind: Cow::Borrowed("about:blank"),
            title: Cow::Borrowed(status.canonical_reason().unwrap_or("Error")),
            detail: None,
            instance: None,
            headers: HeaderMap::new(),
            members: Map::new(),
            rendered: OnceLock::new(),
        }
    }

    /// One that says nothing but its status, made and rendered once: whoever looks for holes asks for much that is not there.
    pub(super) fn of_status(status: StatusCode) -> Arc<Self> {
        static ERRORS: [OnceLock<Arc<Shared>>; 200] = [const { OnceLock::new() }; 200];
        let make = || Arc::new(Self::new(status));
        let number = usize::from(status.as_u16()).checked_sub(400);
        match number.and_then(|number| ERRORS.get(number)) {
            Some(place) => Arc::clone(place.get_or_init(make)),
            None => make(),
        }
    }

    /// To be changed: not that of others, and not rendered yet.
    pub(super) fn edit(shared: &mut Arc<Self>) -> &mut Self {
        let own = Arc::make_mut(shared);
        own.rendered = OnceLock::new();
        own
    }

    pub(super) fn rendered(&self) -> &Bytes {
        self.rendered.get_or_init(|| self.render())
    }

    fn render(&self) -> Bytes {
        // Strings and JSON values only: serialisation has no way to fail.
        let json = serde_json::to_vec(self);
        json.map_or(Bytes::from_static(b"{\"type\":\"about:blank\"}"), Bytes::from)
    }

    pub(super) fn members<S: SerializeMap>(&self, map: &mut S) -> Result<(), S::Error> {
        map.serialize_entry("type", &self.kind)?;
        map.serialize_entry("title", &self.title)?;
        map.serialize_entry("status", &self.status.as_u16())?;
        if let Some(detail) = &self.detail {
            map.serialize_entry("detail", detail)?;
        }
        if let Some(instance) = &self.instance {
            map.serialize_entry("instance", instance)?;
        }
        for (name, value) in &self.members {
            // RFC 9457 section 3.2: an extension cannot redefine a standard member.
            if !STANDARD.contains(&name.as_str()) {
                map.serialize_entry(name, value)?;
            }
        }
        Ok(())
    }
}

impl Serialize for Shared {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.members(&mut map)?;
        map.end()
    }
}
