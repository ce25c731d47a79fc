use std::fmt;

/// Why a request was refused, in the extensions of its response. The client learns less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// No credentials, where they are required: `401`.
    NoCredentials,
    /// An `Authorization` that is not by RFC 9110 and RFC 6750, or a cookie that holds no token: `400`.
    MalformedCredentials,
    /// Several `Authorization` lines, several cookies of the name, or a token in both places: `400`.
    SeveralCredentials,
    /// A token that is not valid here: `401`.
    InvalidToken(TokenError),
    /// The keys of the token's issuer cannot be fetched, so that nobody knows whether the token is good: `503`.
    KeysUnavailable,
}

/// What is wrong with a token: the first check that failed. The header is judged before the signature, and the claims after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenError {
    /// Longer than the limit.
    TooLong,
    /// Not three segments of unpadded, canonical base64url.
    Form,
    /// The header is not a JSON object of unique names, or a member that matters is no string.
    Header,
    /// It has a `crit`: none of the extensions that it could name is understood here (RFC 7515 section 4.1.11). Or its `b64` says
    /// that the payload is not encoded, which that of a token always is (RFC 7797 section 7).
    Critical,
    /// Its `alg` is none of those known here, or none of its issuer's; `none` is never known.
    Algorithm,
    /// Its `typ` is that of another kind of token (RFC 8725 section 3.11).
    Type,
    /// No key has this `kid` and this `alg`, or several could be meant.
    Key,
    /// The signature is not by the key.
    Signature,
    /// The payload is not a JSON object of unique names, a registered claim has a wrong type, or the claims are not those of
    /// the application's type.
    Claims,
    /// The issuer is missing or another.
    Issuer,
    /// The audience is missing or another.
    Audience,
    /// There is no expiry.
    NoExpiry,
    /// It has expired.
    Expired,
    /// It is not valid yet.
    NotYetValid,
    /// It does not say who the caller is.
    Subject,
    /// Our own clock stands before 1970, so that nothing is in time.
    Clock,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCredentials => f.write_str("no credentials"),
            Self::MalformedCredentials => f.write_str("the credentials are malformed"),
            Self::SeveralCredentials => f.write_str("more than one token was sent"),
            Self::InvalidToken(error) => error.fmt(f),
            Self::KeysUnavailable => f.write_str("the issuer's keys cannot be fetched"),
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the token is too long",
            Self::Form => "the token is not three segments of base64url",
            Self::Header => "the token's header is malformed",
            Self::Critical => "the token demands an extension",
            Self::Type => "the token is of another type",
            Self::Algorithm => "the token's algorithm is unknown",
            Self::Key => "the token's key is unknown",
            Self::Signature => "the token's signature is wrong",
            Self::Claims => "the token's claims are malformed",
            Self::Issuer => "the token is from another issuer",
            Self::Audience => "the token is for another audience",
            Self::NoExpiry => "the token has no expiry",
            Self::Expired => "the token has expired",
            Self::NotYetValid => "the token is not valid yet",
            Self::Subject => "the token has no subject",
            Self::Clock => "the clock of this machine stands before 1970",
        })
    }
}

impl std::error::Error for Refusal {}

impl std::error::Error for TokenError {}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        Self::InvalidToken(error)
    }
}
