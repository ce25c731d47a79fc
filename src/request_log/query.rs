use std::borrow::Cow;

/// Parameters that carry secrets by a standard or by custom: RFC 6750 section 2.3, RFC 6749, and the signed addresses of object
/// stores, which OpenTelemetry names at `url.query`.
const SECRET: [&str; 15] = [
    "access_token",
    "api_key",
    "awsaccesskeyid",
    "client_secret",
    "code",
    "id_token",
    "password",
    "refresh_token",
    "secret",
    "sig",
    "signature",
    "token",
    "x-amz-security-token",
    "x-amz-signature",
    "x-goog-signature",
];
/// What OpenTelemetry puts in the place of a secret.
const REDACTED: &str = "REDACTED";

/// What a record shows of the query.
#[derive(Debug, Clone, Default)]
pub(super) struct Query {
    pub(super) shown: bool,
    /// Parameters whose values are not shown, beside those that never are.
    pub(super) redacted: Vec<String>,
}

impl Query {
    /// The query as it may be shown; `None` where there is nothing to show.
    pub(super) fn show<'a>(&self, query: Option<&'a str>) -> Option<Cow<'a, str>> {
        let query = query.filter(|query| self.shown && !query.is_empty())?;
        if !query.split('&').any(|pair| self.before_secret(pair).is_some()) {
            return Some(Cow::Borrowed(query));
        }
        let mut shown = String::with_capacity(query.len());
        for (nth, pair) in query.split('&').enumerate() {
            if nth > 0 {
                shown.push('&');
            }
            match self.before_secret(pair) {
                Some(before) => shown.extend([before, REDACTED]),
                None => shown.push_str(pair),
            }
        }
        Some(Cow::Owned(shown))
    }

    /// What stands in a pair before a secret value. The value lasts to the pair's end: a `;` separates for some servers (HTML 4.01
    /// appendix B.2.2) and is a part of the value for all others.
    fn before_secret<'a>(&self, pair: &'a str) -> Option<&'a str> {
        let mut at = 0;
        for part in pair.split(';') {
            if let Some((name, _)) = part.split_once('=')
                && self.hides(name)
            {
                return pair.get(..=at + name.len());
            }
            at += part.len() + 1;
        }
        None
    }

    /// An address, such as that of `Referer`, with no more of its query than may be shown.
    pub(super) fn show_address<'a>(&self, address: &'a [u8]) -> Cow<'a, [u8]> {
        let mut parts = address.splitn(2, |byte| *byte == b'?');
        let (Some(bare), Some(query)) = (parts.next(), parts.next()) else {
            return Cow::Borrowed(address);
        };
        match self.show(std::str::from_utf8(query).ok()) {
            Some(Cow::Borrowed(_)) => Cow::Borrowed(address),
            Some(Cow::Owned(shown)) => Cow::Owned([bare, b"?", shown.as_bytes()].concat()),
            None => Cow::Borrowed(bare),
        }
    }

    fn hides(&self, name: &str) -> bool {
        let own = self.redacted.iter().map(String::as_str);
        SECRET.into_iter().chain(own).any(|secret| is_name(name, secret))
    }
}

/// Whether a parameter's name, percent-encoded or not, is this one; upper and lower case are the same.
fn is_name(encoded: &str, name: &str) -> bool {
    let mut rest = encoded.as_bytes();
    let mut wanted = name.bytes();
    while let Some((byte, tail)) = first(rest) {
        if !wanted.next().is_some_and(|wanted| wanted.eq_ignore_ascii_case(&byte)) {
            return false;
        }
        rest = tail;
    }
    wanted.next().is_none()
}

/// The first byte that is meant, and the rest as it is written.
fn first(bytes: &[u8]) -> Option<(u8, &[u8])> {
    if let [b'%', high, low, rest @ ..] = bytes
        && let (Some(high), Some(low)) = (hex(*high), hex(*low))
    {
        return Some((high << 4 | low, rest));
    }
    let (byte, rest) = bytes.split_first()?;
    Some((if *byte == b'+' { b' ' } else { *byte }, rest))
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
