//! Signatures that are cut, changed, in another form, or made of nothing.

use serde_json::json;

use super::gate::{Case, Expect};
use super::signer::{Signer, b64, claims, claims_with, unb64};

pub(crate) fn cases(signer: &Signer) -> Vec<Case> {
    let good = signer.good();
    let (message, signature) = good.rsplit_once('.').unwrap();
    let bytes = unb64(signature);
    let length = bytes.len();
    let mut cases = Vec::new();
    let mut refuse = |name: &str, token: &str| cases.push(Case::with_token(name, token, Expect::Invalid));
    let with = |signature: &[u8]| format!("{message}.{}", b64(signature));

    for kept in [0, 1, length / 2, length - 1] {
        refuse(&format!("of {kept} bytes"), &with(&bytes[..kept]));
    }
    refuse("a character fewer", &good[..good.len() - 1]);
    refuse("a character more", &format!("{good}A"));
    refuse("four characters more", &format!("{good}AAAA"));
    for more in [1, 2, 32, length] {
        refuse(
            &format!("{more} bytes more"),
            &with(&[bytes.clone(), vec![0; more]].concat()),
        );
        refuse(
            &format!("{more} bytes before"),
            &with(&[vec![0; more], bytes.clone()].concat()),
        );
    }
    refuse("twice", &with(&bytes.repeat(2)));
    refuse("reversed", &with(&bytes.iter().rev().copied().collect::<Vec<_>>()));
    for place in [0, 1, length / 2, length - 1] {
        for bit in [0, 7] {
            let mut changed = bytes.clone();
            changed[place] ^= 1 << bit;
            refuse(&format!("bit {bit} of byte {place}"), &with(&changed));
        }
    }
    refuse("zeros", &with(&vec![0; length]));
    refuse("ones", &with(&vec![1; length]));
    refuse("all bits", &with(&vec![0xff; length]));
    refuse("in hexadecimal", &with(format!("{bytes:02x?}").as_bytes()));
    refuse("in base64 twice", &with(b64(&bytes).as_bytes()));
    refuse("with bits that no byte needs", &uncanonical(&good));

    let admin = claims_with(json!({ "sub": "1" }));
    let header = b64(signer.header().to_string());
    refuse("of another payload", &format!("{header}.{}.{signature}", b64(&admin)));
    let other = b64(signer.header_with(json!({ "kid": null })));
    refuse(
        "of another header",
        &format!("{other}.{}.{signature}", b64(claims().to_string())),
    );
    let admins = signer.sign_claims(admin);
    refuse(
        "of another token",
        &format!("{message}.{}", admins.rsplit_once('.').unwrap().1),
    );

    match signer.name {
        "ES256" => elliptic(&bytes, &with, &mut refuse),
        "EdDSA" => refuse("a greater S", &with(&plus_order(&bytes))),
        _ => {}
    }
    if signer.name == "ES256" {
        // The other of the two signatures that ECDSA has for each message: whoever revokes tokens must not go by their text.
        let twin = with(&[&bytes[..32], &minus(&bytes[32..])].concat());
        cases.push(Case::with_token("the twin", &twin, Expect::Claims));
    }
    cases
}

/// The order of P-256.
const N: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

fn elliptic(bytes: &[u8], with: &dyn Fn(&[u8]) -> String, refuse: &mut dyn FnMut(&str, &str)) {
    let (r, s) = bytes.split_at(32);
    let zero = [0; 32];
    let mut one = zero;
    one[31] = 1;
    for (name, r, s) in [
        ("r 0", &zero[..], s),
        ("s 0", r, &zero[..]),
        ("r and s 1", &one[..], &one[..]),
        ("r the order", &N[..], s),
        ("s the order", r, &N[..]),
        ("both the order", &N[..], &N[..]),
        ("r and s swapped", s, r),
    ] {
        refuse(name, &with(&[r, s].concat()));
    }
    refuse("in DER", &with(&der(r, s)));
    refuse("zeros in DER", &with(&[0x30, 6, 2, 1, 0, 2, 1, 0]));
}

/// As X.509 has it (RFC 3279 section 2.2.3).
fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let start = number.iter().position(|byte| *byte != 0).unwrap();
        let mut bytes = number[start..].to_vec();
        if bytes[0] >= 0x80 {
            bytes.insert(0, 0);
        }
        [vec![2, u8::try_from(bytes.len()).unwrap()], bytes].concat()
    };
    let both = [integer(r), integer(s)].concat();
    [vec![0x30, u8::try_from(both.len()).unwrap()], both].concat()
}

/// The order less this.
fn minus(s: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    let mut difference: Vec<u8> = N
        .iter()
        .zip(s)
        .rev()
        .map(|(order, byte)| {
            let value = i16::from(*order) - i16::from(*byte) - borrow;
            borrow = i16::from(value < 0);
            u8::try_from(value.rem_euclid(256)).unwrap()
        })
        .collect();
    difference.reverse();
    difference
}

/// The signature of Ed25519 whose S is greater by the order of the group (RFC 8032 section 5.1.7 says that it is none).
fn plus_order(bytes: &[u8]) -> Vec<u8> {
    const L: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0;
    let sum = bytes[32..].iter().zip(L).map(|(byte, order)| {
        let value = u16::from(*byte) + u16::from(order) + carry;
        carry = value / 256;
        u8::try_from(value % 256).unwrap()
    });
    bytes[..32].iter().copied().chain(sum).collect()
}

/// The same bytes, by other characters: every signature here has a length with spare bits.
fn uncanonical(token: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = token.split_at(token.len() - 1);
    let place = ALPHABET.find(last).unwrap();
    format!("{rest}{}", &ALPHABET[place + 1..=place + 1])
}
