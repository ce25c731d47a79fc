//! Which bytes a token may have, as a table: a token is long, and each of its bytes is looked at before anything else is done.

pub(super) struct Alphabet([bool; 256]);

impl Alphabet {
    /// The letters and digits of ASCII, and these.
    pub(super) const fn alphanumeric_and(others: &[u8]) -> Self {
        let mut table = [false; 256];
        let mut byte = 0;
        while byte < table.len() {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::indexing_slicing,
                reason = "below 256, at compile time"
            )]
            {
                table[byte] = (byte as u8).is_ascii_alphanumeric();
            }
            byte += 1;
        }
        let mut rest = others;
        while let [byte, more @ ..] = rest {
            #[expect(
                clippy::indexing_slicing,
                reason = "a byte is below 256, and this is computed at compile time"
            )]
            {
                table[*byte as usize] = true;
            }
            rest = more;
        }
        Self(table)
    }

    /// Whether all bytes are of it. Without an early end, which the rare bad token would gain and every good one pay for.
    pub(super) fn hold(&self, bytes: &[u8]) -> bool {
        bytes.iter().fold(true, |all, byte| all & self.has(*byte))
    }

    fn has(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte)).copied().unwrap_or_default()
    }
}
