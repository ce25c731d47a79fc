use std::fmt;

/// Why a token could not be issued.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum IssueError {
    /// The subject is empty.
    EmptySubject,
    /// The claim is one that the issuer sets itself, or `nbf`, which it never sets.
    Reserved(String),
    /// The value of this claim does not serialise to JSON, or, where none is named, the claims not to a JSON object.
    NotJson(Option<String>),
    /// The text is no scope: visible ASCII without spaces, quotes and backslashes (RFC 6749 section 3.3).
    NotAScope(String),
    /// The clock stands before 1970 or beyond the year 9999.
    Clock,
    /// The operating system has no randomness for the token's id.
    Randomness,
    /// The backend could not sign.
    Signature,
}

impl fmt::Display for IssueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptySubject => f.write_str("the subject is empty"),
            Self::Reserved(name) => write!(f, "the claim `{name}` is the issuer's to set"),
            Self::NotJson(Some(name)) => write!(f, "the claim `{name}` is not JSON"),
            Self::NotJson(None) => f.write_str("the claims are not a JSON object"),
            Self::NotAScope(text) => write!(f, "`{text}` is no scope (RFC 6749 section 3.3)"),
            Self::Clock => f.write_str("the clock stands before 1970 or beyond the year 9999"),
            Self::Randomness => f.write_str("the operating system has no randomness"),
            Self::Signature => f.write_str("the backend could not sign"),
        }
    }
}

impl std::error::Error for IssueError {}
