//! Feeds the parsers of outside input with what nobody would send, through the public interface of portcullis.
//!
//! As it is, it replays the corpus and some thousand mutations of it, the same ones each time: `cargo run`. Under `cargo fuzz` it is a
//! target of libFuzzer, which of them says the variable `FUZZ_TARGET`.

#![cfg_attr(fuzzing, no_main)]
// The entry point of libFuzzer is a symbol without a mangled name.
#![cfg_attr(not(fuzzing), forbid(unsafe_code))]

mod drive;
#[cfg(not(fuzzing))]
mod replay;
mod targets;

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    replay::all()
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    use std::sync::LazyLock;

    static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
        let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
        let target = targets::ALL.iter().find(|(known, _)| *known == name);
        target
            .unwrap_or_else(|| panic!("FUZZ_TARGET is none of {:?}", targets::ALL.map(|(name, _)| name)))
            .1
    });
    TARGET(data);
});
