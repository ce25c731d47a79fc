//! A browser as far as cookies go: RFC 6265bis sections 5.6 to 5.8, and `Clear-Site-Data`.

use axum::body::Body;
use http::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use http::{HeaderMap, Method, Request};
use serde_json::Value;

use crate::support::{Answer, TestApp};

/// The cookies of one origin.
pub(crate) struct Browser<'a> {
    app: &'a TestApp,
    https: bool,
    cookies: Vec<Cookie>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Cookie {
    name: String,
    value: String,
    path: String,
    secure: bool,
    http_only: bool,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(app: &'a TestApp, https: bool) -> Self {
        Self {
            app,
            https,
            cookies: Vec::new(),
        }
    }

    /// With the cookies that go there, and those that come back kept. The token stands in for what a page holds in memory.
    pub(crate) async fn fetch(
        &mut self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("sec-fetch-site", "same-origin");
        if let Some(cookies) = self.header(path) {
            request = request.header(COOKIE, cookies);
        }
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = match body {
            Some(value) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Body::from(value.to_string())
            }
            None => Body::empty(),
        };
        let answer = self.app.send(request.body(body).unwrap()).await;
        self.keep(&answer.headers, path);
        answer
    }

    /// What scripts of the page can read.
    pub(crate) fn document_cookie(&self) -> String {
        let seen = self.cookies.iter().filter(|cookie| !cookie.http_only);
        seen.map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect::<Vec<_>>()
            .join("; ")
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let found = self.cookies.iter().find(|cookie| cookie.name == name)?;
        Some(&found.value)
    }

    /// As if another copy of the page had been open all along.
    pub(crate) fn another_tab(&self) -> Self {
        Self {
            app: self.app,
            https: self.https,
            cookies: self.cookies.clone(),
        }
    }

    fn header(&self, path: &str) -> Option<String> {
        let sent = self
            .cookies
            .iter()
            .filter(|cookie| (self.https || !cookie.secure) && matches(path, &cookie.path));
        let pairs: Vec<_> = sent.map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    fn keep(&mut self, headers: &HeaderMap, path: &str) {
        let clears = headers
            .get("clear-site-data")
            .is_some_and(|value| value.to_str().unwrap().contains("\"cookies\""));
        if clears && self.https {
            self.cookies.clear();
        }
        for line in headers.get_all(SET_COOKIE) {
            self.set(line.to_str().unwrap(), path);
        }
    }

    /// What a browser does not take it drops without a word.
    pub(crate) fn set(&mut self, line: &str, path: &str) {
        let mut parts = line.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
            return;
        };
        let default_path = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut cookie = Cookie {
            name: name.to_owned(),
            value: value.to_owned(),
            path: if default_path.is_empty() { "/" } else { default_path }.to_owned(),
            secure: false,
            http_only: false,
        };
        let (mut domain, mut age) = (false, None);
        for attribute in parts {
            let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            match name.to_ascii_lowercase().as_str() {
                "secure" => cookie.secure = true,
                "httponly" => cookie.http_only = true,
                "domain" => domain = true,
                "max-age" => age = value.parse::<i64>().ok(),
                "path" if value.starts_with('/') => value.clone_into(&mut cookie.path),
                _ => {}
            }
        }
        let lower = cookie.name.to_ascii_lowercase();
        let prefixed = lower.starts_with("__host-");
        if (prefixed || lower.starts_with("__secure-")) && !cookie.secure
            || prefixed && (domain || cookie.path != "/")
            || cookie.secure && !self.https
        {
            return;
        }
        let same = |own: &Cookie| own.name == cookie.name && own.path == cookie.path;
        // What is not secure does not take the place of what is.
        if !self.https && self.cookies.iter().any(|own| own.secure && own.name == cookie.name) {
            return;
        }
        self.cookies.retain(|own| !same(own));
        if age.is_none_or(|age| age > 0) {
            self.cookies.push(cookie);
        }
    }
}

/// RFC 6265bis section 5.1.4.
fn matches(path: &str, own: &str) -> bool {
    let path = path.split('?').next().unwrap_or(path);
    let rest = path.strip_prefix(own);
    rest.is_some_and(|rest| rest.is_empty() || own.ends_with('/') || rest.starts_with('/'))
}

/// A jar that takes anything would prove nothing.
#[tokio::test]
async fn the_browser_is_as_strict_as_browsers_are() {
    let app = TestApp::new().await;
    let check = |https: bool, line: &str, asked: &str, expect: Option<&str>| {
        let mut browser = Browser::new(&app, https);
        browser.set(line, "/a/b");
        assert_eq!(browser.header(asked).as_deref(), expect, "{line} at {asked}");
    };
    check(true, "a=1", "/a/c", Some("a=1"));
    check(true, "a=1", "/b", None);
    check(true, "a=1; Path=/", "/b", Some("a=1"));
    check(true, "a=1; Path=/x", "/xy", None);
    check(true, "a=1; Path=/x", "/x/y?z", Some("a=1"));
    check(true, "a=1; Path=/; Max-Age=0", "/", None);
    check(true, "__Host-a=1; Path=/; Secure", "/", Some("__Host-a=1"));
    check(true, "__Host-a=1; Path=/", "/", None);
    check(true, "__Host-a=1; Path=/x; Secure", "/x", None);
    check(true, "__Host-a=1; Path=/; Secure; Domain=example.com", "/", None);
    check(true, "__Secure-a=1; Path=/", "/", None);
    check(false, "a=1; Path=/; Secure", "/", None);
    check(false, "__Host-a=1; Path=/; Secure", "/", None);
}
