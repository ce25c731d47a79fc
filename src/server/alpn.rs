use std::io;

/// What a client of HTTP/2 sends first (RFC 9113 section 3.4). No request of HTTP/1 begins so.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The version agreed upon in a TLS handshake, to which the client's first bytes are held (RFC 9113 section 3.2).
///
/// To serve what they look like instead is to serve what a proxy that reads ALPN has not looked at.
#[derive(Debug)]
pub(super) struct Agreed {
    http2: bool,
    /// How much of the preface has come; `None` once the question is settled.
    come: Option<usize>,
}

impl Agreed {
    /// Without a protocol in the handshake it is HTTP/1: HTTP/2 over TLS is not to be had by prior knowledge (section 3.3).
    pub(super) fn upon(protocol: Option<&[u8]>) -> Self {
        Self {
            http2: protocol == Some(b"h2"),
            come: Some(0),
        }
    }

    /// Whether the client keeps to it with the next bytes; none are the end of what it sends.
    pub(super) fn admit(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(come) = self.come else {
            return Ok(());
        };
        let broken = |why| Err(io::Error::new(io::ErrorKind::InvalidData, why));
        let awaited = PREFACE.get(come..).unwrap_or_default();
        let alike = bytes
            .iter()
            .zip(awaited)
            .take_while(|(byte, expect)| byte == expect)
            .count();
        let whole = alike == awaited.len();
        if bytes.is_empty() || (alike < bytes.len() && !whole) {
            self.come = None;
            return if self.http2 {
                broken("HTTP/2 was agreed upon and not spoken")
            } else {
                Ok(())
            };
        }
        if whole {
            self.come = None;
            return if self.http2 {
                Ok(())
            } else {
                broken("HTTP/2 was spoken and not agreed upon")
            };
        }
        self.come = Some(come + alike);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Agreed, PREFACE};

    #[test]
    fn what_was_agreed_upon_is_spoken() {
        fn check(protocol: Option<&[u8]>, bytes: &[u8], expect: bool) {
            // At once, and with every cut there is.
            for cut in 0..bytes.len() {
                let mut agreed = Agreed::upon(protocol);
                let (first, rest) = bytes.split_at(cut);
                let admitted = (first.is_empty() || agreed.admit(first).is_ok()) && agreed.admit(rest).is_ok();
                assert_eq!(admitted, expect, "{protocol:?}, cut at {cut}: {}", bytes.escape_ascii());
            }
        }
        let h2 = Some(&b"h2"[..]);
        let with_frames = [PREFACE, &b"\0\0\0\x04\0\0\0\0\0"[..]].concat();
        for http1 in [None, Some(&b"http/1.1"[..]), Some(b"acme-tls/1")] {
            check(http1, b"GET / HTTP/1.1\r\n\r\n", true);
            check(http1, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r", true);
            check(http1, b"POST /", true);
            check(http1, PREFACE, false);
            check(http1, &with_frames, false);
        }
        check(h2, PREFACE, true);
        check(h2, &with_frames, true);
        check(h2, b"PRI * HTTP/2.0\r\n", true);
        check(h2, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r", false);
        check(h2, b"GET / HTTP/1.1\r\n\r\n", false);
        check(h2, b"\0", false);
        // Settled: what follows is hyper's.
        let mut agreed = Agreed::upon(h2);
        assert!(agreed.admit(PREFACE).is_ok() && agreed.admit(b"anything").is_ok() && agreed.admit(b"").is_ok());
        // An end where the preface should be.
        assert!(Agreed::upon(h2).admit(b"").is_err());
        assert!(Agreed::upon(None).admit(b"").is_ok());
    }
}
