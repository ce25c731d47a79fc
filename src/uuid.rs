//! UUIDs (RFC 9562) as text.

/// 32 digits and four hyphens.
pub(crate) const LENGTH: usize = 36;

/// The digits between hyphens.
const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];

/// Version 7 (section 5.7): the milliseconds since 1970 and 74 of the bits.
pub(crate) fn v7(millis: u64, bits: u128) -> [u8; LENGTH] {
    text(7, (u128::from(millis) << 80) | (bits >> 48))
}

/// Version 4 (section 5.4): 122 of the bits.
pub(crate) fn v4(bits: u128) -> [u8; LENGTH] {
    text(4, bits)
}

/// Version and variant replace six of the bits (sections 4.1 and 4.2).
fn text(version: u128, bits: u128) -> [u8; LENGTH] {
    let bits = (bits & !(0xF << 76)) | (version << 76);
    let bits = (bits & !(0b11 << 62)) | (0b10 << 62);
    let mut digits = [[0; 2]; 16];
    for (pair, byte) in digits.iter_mut().zip(bits.to_be_bytes()) {
        *pair = [digit(byte >> 4), digit(byte & 0xF)];
    }
    let mut text = [b'-'; LENGTH];
    let (mut from, mut into) = (digits.as_flattened(), &mut text[..]);
    for length in GROUPS {
        let (group, rest) = from.split_at(length);
        let (place, left) = into.split_at_mut(length);
        place.copy_from_slice(group);
        from = rest;
        into = left.get_mut(1..).unwrap_or_default();
    }
    text
}

fn digit(half: u8) -> u8 {
    half + if half < 10 { b'0' } else { b'a' - 10 }
}

#[cfg(test)]
mod tests {
    use super::{v4, v7};

    #[test]
    fn the_vectors_of_rfc_9562() {
        let check = |text: [u8; 36], expect: &str| assert_eq!(str::from_utf8(&text), Ok(expect));
        // Appendix A.3.
        check(
            v4(0x919108F7_52D1_0320_5BAC_F847DB4148A8),
            "919108f7-52d1-4320-9bac-f847db4148a8",
        );
        // Appendix A.6, whose rand_a is 0xCC3 and rand_b 0x18C4DC0C0C07398F.
        check(
            v7(0x017F_22E2_79B0, (0x0CC3_u128 << 112) | (0x18C4_DC0C_0C07_398F << 48)),
            "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
        );
    }

    #[test]
    fn what_is_too_much_is_cut() {
        assert_eq!(&v7(u64::MAX, u128::MAX), b"ffffffff-ffff-7fff-bfff-ffffffffffff");
        assert_eq!(&v4(u128::MAX), b"ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(&v4(0), b"00000000-0000-4000-8000-000000000000");
    }
}
