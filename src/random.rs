//! Ids that nobody else has, and secrets that nobody can guess.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

/// `SipHash` of 0, 1, 2, … under a key of 128 bits that each thread has from the operating system.
struct Ids {
    key: RandomState,
    given: Cell<u64>,
}

thread_local! {
    static IDS: Ids = Ids {
        key: RandomState::new(),
        given: Cell::new(0),
    };
}

/// 64 bits for an id. They are spread as random ones are, and cost no system call: some 8 ns. Not for secrets: the function was made
/// for tables of hashes. A process that forks gives both halves the same ids from then on.
pub(crate) fn id64() -> u64 {
    numbered().1
}

/// The number of an id among those of this thread, and the id; see [`id64`].
pub(crate) fn numbered() -> (u64, u64) {
    IDS.with(|ids| {
        let number = ids.given.get();
        ids.given.set(number.wrapping_add(1));
        (number, ids.key.hash_one(number))
    })
}

/// 128 bits for an id; see [`id64`].
pub(crate) fn id128() -> u128 {
    (u128::from(id64()) << 64) | u128::from(id64())
}

/// Bytes that nobody can guess, from the operating system: a system call, some 0.5 µs.
pub(crate) fn secret<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::thread;

    use super::{id64, id128, secret};

    #[test]
    fn no_id_is_given_twice() {
        let ids = || (0..1000).map(|_| id64()).collect::<Vec<_>>();
        let threads = [(); 4].map(|()| thread::spawn(ids));
        let given = threads.into_iter().flat_map(|thread| thread.join().unwrap());
        assert_eq!(given.chain(ids()).collect::<HashSet<_>>().len(), 5000);
    }

    #[test]
    fn every_bit_of_an_id_is_used() {
        let ids = [(); 100].map(|()| id128());
        assert_eq!(ids.iter().fold(0, |seen, id| seen | id), u128::MAX);
        assert_eq!(ids.iter().fold(u128::MAX, |seen, id| seen & id), 0);
    }

    #[test]
    fn secrets_differ() {
        assert_ne!(secret::<16>(), secret::<16>());
    }
}
