//! Which bytes a token may have. A token is long, and each of its bytes is looked at before anything else is done: by arithmetic
//! without branches, which the compiler does for many bytes at a time.

pub(super) struct Alphabet<const N: usize>(pub(super) [u8; N]);

impl<const N: usize> Alphabet<N> {
    /// Whether all bytes are letters or digits of ASCII, or of these. Without an early end, which the rare bad token would gain and
    /// every good one pay for.
    #[inline]
    pub(super) fn hold(&self, bytes: &[u8]) -> bool {
        bytes.iter().fold(true, |all, byte| all & self.has(*byte))
    }

    #[inline]
    #[expect(
        clippy::needless_bitwise_bool,
        reason = "a branch keeps the compiler from doing many at a time"
    )]
    fn has(&self, byte: u8) -> bool {
        let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
        let digit = byte.wrapping_sub(b'0') < 10;
        self.0.iter().fold(letter | digit, |any, other| any | (byte == *other))
    }
}
