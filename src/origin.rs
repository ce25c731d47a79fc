//! What an origin looks like (RFC 6454), and patterns for several.

use http::HeaderValue;

/// `scheme://host[:port]`, as a browser serialises it (RFC 6454 section 6.2), or a pattern for such values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    Exact(HeaderValue),
    Pattern(Pattern),
}

/// `https://*.example.com`, `http://localhost:*`, or both at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// With its `://`.
    scheme: String,
    /// With its leading dot where any sub-domain may stand before it.
    host: String,
    subdomains: bool,
    port: Port,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Port {
    Default,
    Exact(u16),
    Any,
}

impl Origin {
    /// Reads an origin or pattern; the error says what would be right.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Err("`*` is said by `any_origin()`".into());
        }
        if text == "null" {
            return Err(
                "`null` is the origin of every sandboxed frame and local file; allowing it allows them all".into(),
            );
        }
        let lower = text.to_ascii_lowercase();
        let Some((scheme, authority)) = lower.split_once("://") else {
            return Err(format!("`{text}` has no scheme; write `https://{text}`"));
        };
        if scheme.is_empty()
            || !scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        {
            return Err(format!("`{text}` has no valid scheme"));
        }
        if let Some(end) = authority.find(['/', '?', '#']) {
            let (origin, _) = authority.split_at(end);
            return Err(format!(
                "`{text}` has a path, which an origin never has; write `{scheme}://{origin}`"
            ));
        }
        if authority.contains('@') {
            return Err(format!("`{text}` has user information, which an origin never has"));
        }
        let (host, port) = split_port(authority).ok_or_else(|| format!("`{text}` has no valid port"))?;
        let port = match (scheme, port) {
            ("https", Port::Exact(443)) | ("http", Port::Exact(80)) => Port::Default,
            (_, port) => port,
        };
        let (host, subdomains) = match host.strip_prefix("*.") {
            Some(rest) if !rest.contains('.') && rest != "localhost" => {
                return Err(format!("`{text}` would match every domain under `.{rest}`"));
            }
            Some(rest) => (format!(".{rest}"), true),
            None => (host.to_owned(), false),
        };
        if !is_host(host.strip_prefix('.').unwrap_or(&host)) {
            return Err(format!(
                "`{text}` has no valid host; `*` may only be the whole first label or the port, and other alphabets are written in Punycode"
            ));
        }
        if subdomains || port == Port::Any {
            return Ok(Self::Pattern(Pattern {
                scheme: format!("{scheme}://"),
                host,
                subdomains,
                port,
            }));
        }
        let canonical = match port {
            Port::Exact(port) => format!("{scheme}://{host}:{port}"),
            Port::Default | Port::Any => format!("{scheme}://{host}"),
        };
        HeaderValue::try_from(canonical)
            .map(Self::Exact)
            .map_err(|_| format!("`{text}` cannot be a header's value"))
    }
}

impl Pattern {
    /// Whether a browser's `Origin` value fits.
    pub(crate) fn matches(&self, origin: &str) -> bool {
        let Some((host, port)) = origin.strip_prefix(&self.scheme).and_then(split_port) else {
            return false;
        };
        let port_fits = match self.port {
            Port::Any => true,
            Port::Default => port == Port::Default,
            Port::Exact(own) => port == Port::Exact(own),
        };
        let host_fits = if self.subdomains {
            host.strip_suffix(&self.host).is_some_and(is_host)
        } else {
            host == self.host
        };
        port_fits && host_fits
    }
}

fn split_port(authority: &str) -> Option<(&str, Port)> {
    // The last colon of `[::1]` belongs to the address.
    let after_address = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    let Some(colon) = authority.get(after_address..)?.rfind(':') else {
        return Some((authority, Port::Default));
    };
    let (host, port) = authority.split_at(after_address + colon);
    let digits = port.strip_prefix(':')?;
    if digits == "*" {
        return Some((host, Port::Any));
    }
    if digits.starts_with('0') || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().map(|port| (host, Port::Exact(port)))
}

/// Lower-case names and IPv4 as labels, IPv6 in brackets.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    host.len() <= 253
        && host.split('.').all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn origins_parse_to_what_a_browser_sends_or_say_what_is_wrong() {
        fn check(text: &str, expect: Result<&str, &str>) {
            match (Origin::parse(text), expect) {
                (Ok(Origin::Exact(value)), Ok(expected)) => assert_eq!(value, expected, "{text}"),
                (Err(reason), Err(part)) => assert!(reason.contains(part), "{text}: {reason}"),
                (other, _) => panic!("{text}: {other:?}"),
            }
        }
        check("https://example.com", Ok("https://example.com"));
        check("HTTPS://Example.COM", Ok("https://example.com"));
        check("https://example.com:443", Ok("https://example.com"));
        check("http://example.com:80", Ok("http://example.com"));
        check("https://example.com:80", Ok("https://example.com:80"));
        check("http://[::1]:3000", Ok("http://[::1]:3000"));
        check("chrome-extension://abcdef", Ok("chrome-extension://abcdef"));
        check("example.com", Err("https://example.com"));
        check("https://example.com/", Err("write `https://example.com`"));
        check("https://a@example.com", Err("user information"));
        check("https://example.com:port", Err("port"));
        check("https://example.com:99999", Err("port"));
        check("https://münchen.de", Err("Punycode"));
        check("https://", Err("host"));
        check("https://a..b", Err("host"));
        check("https://exa*mple.com", Err("host"));
        check("https://*.com", Err("every domain"));
        check("*", Err("any_origin"));
        check("null", Err("sandboxed"));
    }

    #[test]
    fn patterns_match_whole_labels_and_ports() {
        fn check(pattern: &str, origin: &str, expect: bool) {
            let Ok(Origin::Pattern(pattern)) = Origin::parse(pattern) else {
                panic!("{pattern} is no pattern");
            };
            assert_eq!(pattern.matches(origin), expect, "{pattern:?} {origin}");
        }
        check("https://*.example.com", "https://a.example.com", true);
        check("https://*.example.com", "https://a.b.example.com", true);
        check("https://*.example.com", "https://example.com", false);
        check("https://*.example.com", "https://.example.com", false);
        check("https://*.example.com", "https://evilexample.com", false);
        check("https://*.example.com", "https://a.example.com.evil.com", false);
        check("https://*.example.com", "http://a.example.com", false);
        check("https://*.example.com", "https://a.example.com:8443", false);
        check("https://*.example.com", "https://evil.com/.example.com", false);
        check("https://*.example.com", "https://evil.com#.example.com", false);
        check("https://*.example.com:8443", "https://a.example.com:8443", true);
        check("http://localhost:*", "http://localhost:5173", true);
        check("http://localhost:*", "http://localhost", true);
        check("http://localhost:*", "http://localhost.evil.com:5173", false);
        check("http://localhost:*", "http://localhost:*", true);
    }

    proptest! {
        #[test]
        fn a_pattern_never_matches_outside_its_domain(origin in "(https?://)?[a-z0-9.:/@#*-]{0,40}") {
            let Ok(Origin::Pattern(pattern)) = Origin::parse("https://*.example.com") else { unreachable!() };
            if pattern.matches(&origin) {
                let host = origin.strip_prefix("https://").unwrap();
                prop_assert!(host.ends_with(".example.com"));
                prop_assert!(!host.contains(['/', '@', '#', ':', '*']));
            }
        }

        #[test]
        fn parsing_is_total_and_stable(text in "\\PC{0,60}") {
            if let Ok(Origin::Exact(value)) = Origin::parse(&text) {
                let again = Origin::parse(value.to_str().unwrap());
                prop_assert_eq!(again, Ok(Origin::Exact(value)));
            }
        }
    }
}
