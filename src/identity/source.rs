/// Where a token was found. A form or a query is never read: logs and histories keep those (RFC 9700 section 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenSource {
    /// `Authorization: Bearer` (RFC 6750 section 2.1).
    Bearer,
    /// The cookie that the builder named. Browsers send it unasked, hence `csrf` belongs in front.
    Cookie,
}
