use std::io::{self, Write as _};
use std::net::IpAddr;

/// The longest is an IPv6 address that ends in an IPv4 one.
const LONGEST: usize = 45;

/// Room for an address as text. Subscribers take a text as it is; what is only `Display` they format piece by piece, which costs
/// more than the rest of the record's field.
#[derive(Debug)]
pub(super) struct AddressText {
    room: [u8; LONGEST],
}

impl Default for AddressText {
    fn default() -> Self {
        Self { room: [0; LONGEST] }
    }
}

impl AddressText {
    pub(super) fn write(&mut self, address: IpAddr) -> Option<&str> {
        let mut rest = self.room.as_mut_slice();
        match address {
            IpAddr::V4(address) => write_octets(&mut rest, address.octets()),
            IpAddr::V6(address) => write!(rest, "{address}").ok()?,
        }
        let unused = rest.len();
        str::from_utf8(self.room.get(..LONGEST - unused)?).ok()
    }
}

/// As `Display` writes them, without its detours.
fn write_octets(mut room: impl io::Write, octets: [u8; 4]) {
    for (place, octet) in octets.into_iter().enumerate() {
        let [hundreds, tens, ones] = [octet / 100, octet / 10 % 10, octet % 10].map(|digit| digit + b'0');
        let written = match (place, octet) {
            (0, 100..) => room.write_all(&[hundreds, tens, ones]),
            (0, 10..) => room.write_all(&[tens, ones]),
            (0, _) => room.write_all(&[ones]),
            (_, 100..) => room.write_all(&[b'.', hundreds, tens, ones]),
            (_, 10..) => room.write_all(&[b'.', tens, ones]),
            (_, _) => room.write_all(&[b'.', ones]),
        };
        // Four octets always have room.
        let _ = written;
    }
}
