//! The texts that sessions are known by, and what is kept of them.
//!
//! A session's id is the fingerprint of its user and 144 random bits. A refresh token is that id, the secret of its family and a secret
//! of its own. All are base64url without padding, of fixed lengths, and compared as texts.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use super::error::StoreError;
use crate::random::secret;

/// 120 bits.
const FINGERPRINT: usize = 20;
/// The fingerprint of the user, and 144 bits that are the session's own.
const ID: usize = FINGERPRINT + 24;
/// 144 bits.
const FAMILY: usize = 24;
/// 256 bits.
const SECRET: usize = 43;
const TOKEN: usize = ID + FAMILY + SECRET;

/// The public name of a session, as an access token's `sid`. It opens nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId([u8; ID]);

/// What stands for a text that is not kept: of a user or of a token's `jti`, the first 120 bits of its SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; FINGERPRINT]);

/// The SHA-256 of a secret of 144 bits or more, which nobody finds by guessing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; SECRET]);

/// 256 random bits that lead from a spent refresh token to its successor, and without the spent token nowhere.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Seed([u8; SECRET]);

/// A refresh token, to be handed to the client and kept nowhere else. `Debug` shows stars.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken(String);

impl SessionId {
    /// The id as text: 44 characters of base64url.
    pub fn as_str(&self) -> &str {
        text(&self.0)
    }

    /// The fingerprint of the user whose session it is.
    pub fn user(&self) -> Fingerprint {
        Fingerprint(prefix(&self.0))
    }

    pub(super) fn random(user: Fingerprint) -> Result<Self, StoreError> {
        let mut id = [0; ID];
        let (whose, own) = id.split_at_mut(FINGERPRINT);
        whose.copy_from_slice(&user.0);
        encode(&random::<18>()?, own);
        Ok(Self(id))
    }
}

impl FromStr for SessionId {
    type Err = NoSessionId;

    fn from_str(id: &str) -> Result<Self, NoSessionId> {
        read(id).map(Self).ok_or(NoSessionId)
    }
}

/// A text that is no [`SessionId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoSessionId;

impl fmt::Display for NoSessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a session's id")
    }
}

impl std::error::Error for NoSessionId {}

impl Serialize for SessionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_str().serialize(serializer)
    }
}

impl Fingerprint {
    /// Of a user's id, or of a token's `jti`.
    pub fn of(text: &str) -> Self {
        Self(prefix(&Digest::of(&[text.as_bytes()]).0))
    }

    /// The fingerprint as text: 20 characters of base64url.
    pub fn as_str(&self) -> &str {
        text(&self.0)
    }
}

impl Digest {
    fn of(parts: &[&[u8]]) -> Self {
        let mut sha = Sha256::new();
        for part in parts {
            sha.update(part);
        }
        let mut own = [0; SECRET];
        encode(&sha.finalize(), &mut own);
        Self(own)
    }

    /// The digest as text: 43 characters of base64url.
    pub fn as_str(&self) -> &str {
        text(&self.0)
    }
}

impl Seed {
    pub(super) fn random() -> Result<Self, StoreError> {
        let mut own = [0; SECRET];
        encode(&random::<32>()?, &mut own);
        Ok(Self(own))
    }

    /// The seed as text: 43 characters of base64url.
    pub fn as_str(&self) -> &str {
        text(&self.0)
    }
}

impl RefreshToken {
    /// The token as text, for the client: 111 characters of base64url.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn random(id: SessionId) -> Result<Self, StoreError> {
        let mut token = String::with_capacity(TOKEN);
        token.push_str(id.as_str());
        URL_SAFE_NO_PAD.encode_string(random::<18>()?, &mut token);
        URL_SAFE_NO_PAD.encode_string(random::<32>()?, &mut token);
        Ok(Self(token))
    }

    pub(super) fn parse(token: &str) -> Option<Self> {
        read::<TOKEN>(token).map(|_| Self(token.to_owned()))
    }

    pub(super) fn id(&self) -> SessionId {
        SessionId(prefix(self.0.as_bytes()))
    }

    /// Of the part that all tokens of a family share, and no other has.
    pub(super) fn family(&self) -> Digest {
        Digest::of(&[b"family", self.0.as_bytes().get(ID..ID + FAMILY).unwrap_or_default()])
    }

    pub(super) fn digest(&self) -> Digest {
        Digest::of(&[b"token", self.0.as_bytes()])
    }

    /// The same for everyone who has this token and this seed. All parts have fixed lengths, so that the hash alone is a
    /// pseudorandom function of the two secrets.
    pub(super) fn successor(&self, seed: Seed) -> Self {
        let secret = Digest::of(&[b"successor", &seed.0, self.0.as_bytes()]);
        let mut token = String::with_capacity(TOKEN);
        token.push_str(self.0.get(..ID + FAMILY).unwrap_or_default());
        token.push_str(secret.as_str());
        Self(token)
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(***)")
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(***)")
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(***)")
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({})", self.as_str())
    }
}

impl FromStr for Digest {
    type Err = ();

    fn from_str(digest: &str) -> Result<Self, ()> {
        read(digest).map(Self).ok_or(())
    }
}

impl FromStr for Seed {
    type Err = ();

    fn from_str(seed: &str) -> Result<Self, ()> {
        read(seed).map(Self).ok_or(())
    }
}

fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    secret().map_err(|error| StoreError::Failed(error.into()))
}

/// The callers' buffers have the length of the text.
fn encode(bytes: &[u8], into: &mut [u8]) {
    let _ = URL_SAFE_NO_PAD.encode_slice(bytes, into);
}

/// A text of exactly this length in the alphabet of base64url.
fn read<const N: usize>(text: &str) -> Option<[u8; N]> {
    let bytes: [u8; N] = text.as_bytes().try_into().ok()?;
    let known = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    bytes.iter().all(known).then_some(bytes)
}

fn prefix<const N: usize>(text: &[u8]) -> [u8; N] {
    text.first_chunk().copied().unwrap_or([b'A'; N])
}

/// Base64url is text; there is no other way to make one.
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}
