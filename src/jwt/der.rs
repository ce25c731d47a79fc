//! Reads the containers of keys: PEM (RFC 7468), SPKI (RFC 5280), PKCS#1 (RFC 8017) and PKCS#8 (RFC 5958).
//!
//! Read here rather than by jsonwebtoken, which looks neither at the curve nor at the length, and takes a private key for a
//! public one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

const UNREADABLE: &str = "is not a key in DER (SPKI, PKCS#1 or PKCS#8)";

/// A curve that has an algorithm here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
}

impl Curve {
    /// The length of a coordinate in bytes.
    pub(super) const fn coordinate(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
        }
    }
}

/// Numbers without leading zeros.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RsaNumbers<'a> {
    pub(super) modulus: &'a [u8],
    pub(super) exponent: &'a [u8],
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum PublicKey<'a> {
    Rsa(RsaNumbers<'a>),
    /// The uncompressed point (SEC 1 section 2.3.3).
    Ec(Curve, &'a [u8]),
    Ed(&'a [u8]),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum PrivateKey<'a> {
    /// As PKCS#1, whatever it came in.
    Rsa {
        pkcs1: &'a [u8],
        numbers: RsaNumbers<'a>,
    },
    Ec(Curve),
    Ed,
}

/// The DER inside the first block.
pub(super) fn from_pem(pem: &[u8]) -> Result<Vec<u8>, &'static str> {
    const NO_PEM: &str = "is not PEM";
    let text = str::from_utf8(pem).map_err(|_| NO_PEM)?;
    let (_, block) = text.split_once("-----BEGIN ").ok_or(NO_PEM)?;
    let (label, block) = block.split_once("-----").ok_or(NO_PEM)?;
    let (inside, _) = block.split_once("-----END ").ok_or(NO_PEM)?;
    match label {
        "PUBLIC KEY" | "RSA PUBLIC KEY" | "PRIVATE KEY" | "RSA PRIVATE KEY" => {}
        "CERTIFICATE" => return Err("is a certificate; take its public key: `openssl x509 -pubkey -noout`"),
        "EC PARAMETERS" | "EC PRIVATE KEY" => return Err("is not PKCS#8; convert it: `openssl pkcs8 -topk8 -nocrypt`"),
        "ENCRYPTED PRIVATE KEY" => return Err("is encrypted; decrypt it first"),
        _ => return Err("is PEM, but not of a key"),
    }
    let base64: String = inside.split_ascii_whitespace().collect();
    STANDARD.decode(base64).map_err(|_| NO_PEM)
}

/// Reads an SPKI, or a PKCS#1 public key.
pub(super) fn public_key(der: &[u8]) -> Result<PublicKey<'_>, &'static str> {
    let mut key = Reader(Reader(der).read(SEQUENCE).ok_or(UNREADABLE)?);
    let Some(algorithm) = key.read(SEQUENCE) else {
        let modulus = key.number().ok_or(UNREADABLE)?;
        // Every private key begins with its version, 0 or 1.
        if modulus.len() <= 1 {
            return Err("is a private key; a verifier needs the public one only");
        }
        let exponent = key.number().ok_or(UNREADABLE)?;
        return Ok(PublicKey::Rsa(RsaNumbers { modulus, exponent }));
    };
    // The first byte counts unused bits; keys have none.
    let Some((0, bits)) = key
        .read(BIT_STRING)
        .and_then(<[u8]>::split_first)
        .map(|(n, bits)| (*n, bits))
    else {
        return Err(UNREADABLE);
    };
    match kind(algorithm)? {
        Kind::Rsa => {
            let mut numbers = Reader(Reader(bits).read(SEQUENCE).ok_or(UNREADABLE)?);
            let modulus = numbers.number().ok_or(UNREADABLE)?;
            let exponent = numbers.number().ok_or(UNREADABLE)?;
            Ok(PublicKey::Rsa(RsaNumbers { modulus, exponent }))
        }
        Kind::Ec(curve) if bits.len() == 1 + 2 * curve.coordinate() && bits.first() == Some(&4) => {
            Ok(PublicKey::Ec(curve, bits))
        }
        Kind::Ec(_) => Err("is not an uncompressed point"),
        Kind::Ed if bits.len() == 32 => Ok(PublicKey::Ed(bits)),
        Kind::Ed => Err(UNREADABLE),
    }
}

/// Reads a PKCS#8, or a PKCS#1 private key.
pub(super) fn private_key(der: &[u8]) -> Result<PrivateKey<'_>, &'static str> {
    let mut key = Reader(Reader(der).read(SEQUENCE).ok_or(UNREADABLE)?);
    let version = key.number().ok_or("is a public key; signing needs the private one")?;
    if version.len() > 1 {
        return Err("is a public key; signing needs the private one");
    }
    let Some(algorithm) = key.read(SEQUENCE) else {
        return rsa_private_key(der);
    };
    let inner = key.read(OCTET_STRING).ok_or(UNREADABLE)?;
    match kind(algorithm)? {
        Kind::Rsa => rsa_private_key(inner),
        Kind::Ec(curve) => Ok(PrivateKey::Ec(curve)),
        Kind::Ed => Ok(PrivateKey::Ed),
    }
}

fn rsa_private_key(pkcs1: &[u8]) -> Result<PrivateKey<'_>, &'static str> {
    let mut key = Reader(Reader(pkcs1).read(SEQUENCE).ok_or(UNREADABLE)?);
    let _version = key.number().ok_or(UNREADABLE)?;
    let modulus = key.number().ok_or(UNREADABLE)?;
    let exponent = key.number().ok_or(UNREADABLE)?;
    let numbers = RsaNumbers { modulus, exponent };
    Ok(PrivateKey::Rsa { pkcs1, numbers })
}

enum Kind {
    Rsa,
    Ec(Curve),
    Ed,
}

fn kind(algorithm: &[u8]) -> Result<Kind, &'static str> {
    let mut algorithm = Reader(algorithm);
    match algorithm.read(OBJECT_IDENTIFIER) {
        Some(RSA) => Ok(Kind::Rsa),
        Some(ED25519) => Ok(Kind::Ed),
        Some(EC) => match algorithm.read(OBJECT_IDENTIFIER) {
            Some(P256) => Ok(Kind::Ec(Curve::P256)),
            Some(P384) => Ok(Kind::Ec(Curve::P384)),
            _ => Err("is on another curve than P-256 and P-384"),
        },
        _ => Err("is neither RSA nor EC nor Ed25519"),
    }
}

/// Reads one element after another.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The content of the next element, where it has this tag.
    fn read(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (&found, rest) = self.0.split_first()?;
        if found != tag {
            return None;
        }
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81 => {
                let (&length, rest) = rest.split_first()?;
                (usize::from(length), rest)
            }
            0x82 => {
                let (length, rest) = rest.split_first_chunk::<2>()?;
                (usize::from(u16::from_be_bytes(*length)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(content)
    }

    /// A number that is not negative, without leading zeros.
    fn number(&mut self) -> Option<&'a [u8]> {
        let bytes = self.read(INTEGER)?;
        (bytes.first()? & 0x80 == 0).then(|| without_leading_zeros(bytes))
    }
}

pub(super) fn without_leading_zeros(mut bytes: &[u8]) -> &[u8] {
    while let Some((0, rest)) = bytes.split_first() {
        bytes = rest;
    }
    bytes
}
