use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::Poll;

use proptest::prelude::*;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::builder::PasswordsBuilder;
use super::error::PasswordError;
use super::passwords::Passwords;
use super::policy::{Cost, Stored};
use super::queue::Queue;
use super::scheme::Scheme;

const SALT: &str = "AAAAAAAAAAAAAAAAAAAAAA";
const HASH: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[test]
fn every_fault_is_listed() {
    fn check(builder: PasswordsBuilder, expect: &[&str]) {
        let found = match builder.build() {
            Ok(_) => Vec::new(),
            Err(error) => error.faults().iter().map(crate::config_error::Fault::setting).collect(),
        };
        assert_eq!(found, expect);
    }
    let new = Passwords::builder;
    check(new(), &[]);
    // OWASP's equivalents, and a step below each of them.
    for (kib, passes) in [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)] {
        check(new().memory_kib(kib).passes(passes), &[]);
        check(new().memory_kib(kib - 1).passes(passes), &["memory_kib"]);
        check(new().memory_kib(kib - 1).passes(passes).weak_for_tests(), &[]);
    }
    check(new().passes(1), &["memory_kib"]);
    check(new().memory_kib(7_168).passes(64), &[]);
    check(new().weak_for_tests(), &[]);
    check(new().weak_for_tests().memory_kib(7), &["memory_kib"]);
    check(new().memory_kib(u32::MAX), &["memory_kib"]);
    check(new().lanes(0), &["lanes"]);
    check(new().lanes(u32::MAX), &["lanes"]);
    check(new().weak_for_tests().lanes(2), &["memory_kib"]);
    check(new().weak_for_tests().lanes(2).memory_kib(16), &[]);
    check(new().concurrency(0), &["concurrency"]);
    check(new().concurrency(usize::MAX), &["concurrency"]);
    check(new().queue(0), &[]);
    check(new().queue(usize::MAX), &["queue"]);
    check(new().max_bytes(63), &["max_bytes"]);
    check(new().pepper(""), &["pepper"]);
    check(new().pepper([7; 15]), &["pepper"]);
    check(new().pepper([7; 16]), &[]);
    check(
        new()
            .lanes(0)
            .passes(0)
            .memory_kib(u32::MAX)
            .concurrency(0)
            .queue(usize::MAX)
            .max_bytes(0)
            .pepper("x"),
        &[
            "lanes",
            "memory_kib",
            "passes",
            "concurrency",
            "queue",
            "max_bytes",
            "pepper",
        ],
    );
}

#[test]
fn stored_hashes_are_read_or_refused() {
    const CURRENT: Option<bool> = Some(false);
    const OUTDATED: Option<bool> = Some(true);
    fn check(text: &str, expect: Option<bool>) {
        let read = Stored::read(text, Cost::OWASP);
        assert_eq!(read.ok().map(|stored| stored.outdated), expect, "{text}");
    }
    let phc = |head: &str| format!("${head}${SALT}${HASH}");
    check(&phc("argon2id$v=19$m=19456,t=2,p=1"), CURRENT);
    check(&phc("argon2id$v=19$p=1,t=2,m=19456"), CURRENT);
    check(&phc("argon2id$v=19$m=19455,t=2,p=1"), OUTDATED);
    check(&phc("argon2id$v=19$m=65536,t=2,p=1"), OUTDATED);
    check(&phc("argon2id$v=19$m=19456,t=3,p=1"), OUTDATED);
    check(&phc("argon2id$v=19$m=19456,t=2,p=2"), OUTDATED);
    check(&phc("argon2id$v=16$m=19456,t=2,p=1"), OUTDATED);
    check(&phc("argon2id$m=19456,t=2,p=1"), OUTDATED);
    check(&phc("argon2i$v=19$m=19456,t=2,p=1"), OUTDATED);
    check(&phc("argon2d$v=19$m=19456,t=2,p=1"), OUTDATED);
    check(&phc("argon2id$v=19$m=19456,t=2,p=1,keyid=8PDw8A"), OUTDATED);
    check(&phc("argon2id$v=19$m=19456,t=2,p=1,data=Dw8PDw8P"), OUTDATED);
    check(&format!("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ${HASH}"), OUTDATED);
    check(
        &format!("$argon2id$v=19$m=19456,t=2,p=1${SALT}$AAAAAAAAAAAAAAAAAAAAAA"),
        OUTDATED,
    );

    check("", None);
    check("secret", None);
    check("$", None);
    check("$argon2id", None);
    check("$argon2id$v=19$m=19456,t=2,p=1", None);
    check(&format!("$argon2id$v=19$m=19456,t=2,p=1${SALT}"), None);
    check(&format!("$argon2id$v=19${SALT}${HASH}"), None);
    check(&phc("argon2id$v=19$m=19456,t=2"), None);
    check(&phc("argon2id$v=19$t=2,p=1"), None);
    check(&phc("argon2id$v=19$m=19456,p=1"), None);
    check(&phc("argon2id$v=20$m=19456,t=2,p=1"), None);
    check(&phc("argon2id$v=19$m=19456,t=2,p=1,x=1"), None);
    check(&phc("argon2x$v=19$m=19456,t=2,p=1"), None);
    check(&phc("scrypt$ln=15,r=8,p=1"), None);
    check("$2b$12$LQv3c1yqBWVHxkd0LHAkCOYz6TtxMQJqhN8/LewdBPj4J/HS.iK8i", None);
    check(&format!(" {}", phc("argon2id$v=19$m=19456,t=2,p=1")), None);
    check(&format!("{}$x", phc("argon2id$v=19$m=19456,t=2,p=1")), None);

    // No allocation, and no time, that only the database asks for.
    check(&phc("argon2id$v=19$m=262144,t=4,p=1"), OUTDATED);
    check(&phc("argon2id$v=19$m=262145,t=1,p=1"), None);
    check(&phc("argon2id$v=19$m=4194304,t=1,p=1"), None);
    check(&phc("argon2id$v=19$m=4294967295,t=4294967295,p=1"), None);
    check(&phc("argon2id$v=19$m=262144,t=5,p=1"), None);
    check(&phc("argon2id$v=19$m=8,t=4294967295,p=1"), None);
    check(&phc("argon2id$v=19$m=8,t=1,p=4294967295"), None);
    check(&phc("argon2id$v=19$m=8,t=1,p=2"), None);
    check(&phc("argon2id$v=19$m=8,t=0,p=1"), None);
    check(&phc("argon2id$v=19$m=8,t=1,p=0"), None);
}

#[test]
fn a_cost_that_was_chosen_is_never_too_high() {
    let chosen = Cost {
        memory_kib: 512 * 1024,
        passes: 3,
        lanes: 1,
    };
    let text = format!("$argon2id$v=19$m=524288,t=3,p=1${SALT}${HASH}");
    assert!(!Stored::read(&text, chosen).unwrap().outdated);
    assert!(Stored::read(&text, Cost::OWASP).is_err());
}

/// Vectors of others: RFC 9106 section 5.3, and the tests of the reference implementation.
#[test]
fn the_algorithm_is_argon2() {
    fn check(pepper: Option<&[u8]>, password: &str, stored: &str) {
        let scheme = Scheme::new(Cost::WEAKEST, pepper.map(Into::into));
        let stored = Stored::read(stored, Cost::WEAKEST).unwrap();
        assert!(scheme.matches(password, &stored).unwrap(), "{stored:?}");
        assert!(!scheme.matches("sassword", &stored).unwrap(), "{stored:?}");
        let other = Scheme::new(Cost::WEAKEST, Some(b"another pepper".as_slice().into()));
        assert!(!other.matches(password, &stored).unwrap(), "{stored:?}");
    }
    check(
        Some(&[3; 8]),
        &"\u{1}".repeat(32),
        "$argon2id$v=19$m=32,t=3,p=4,data=BAQEBAQEBAQEBAQE$AgICAgICAgICAgICAgICAg\
         $DWQN9Y14dmwIwDejSotTydAe8EUtdbZetSUg6WsB5lk",
    );
    check(
        None,
        "password",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    );
    check(
        None,
        "password",
        "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
    );
    // The first version, named and unnamed.
    for version in ["v=16$", ""] {
        check(
            None,
            "password",
            &format!("$argon2i${version}m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY"),
        );
    }
}

#[test]
fn an_unknown_user_costs_what_a_known_one_costs() {
    let cost = Cost {
        memory_kib: 1024,
        passes: 2,
        lanes: 1,
    };
    let scheme = Scheme::new(cost, None);
    let stored = Stored::read(&scheme.hash("secret").unwrap(), cost).unwrap();
    let known = allocation_counter::measure(|| assert!(!scheme.matches("guess", &stored).unwrap()));
    let mut pretended = None;
    let unknown = allocation_counter::measure(|| pretended = scheme.pretend("guess").ok());
    let pretended = pretended.unwrap();
    assert_eq!(
        (pretended.algorithm, pretended.version, pretended.params),
        (stored.hash.algorithm, stored.hash.version, stored.hash.params),
    );
    assert!(unknown.bytes_max >= 1024 * 1024, "{unknown:?}");
    assert_eq!(known.bytes_max, unknown.bytes_max);
}

async fn once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

/// Jobs that say when they begin and end when they are told to.
struct Jobs {
    begun: UnboundedReceiver<()>,
    begin: UnboundedSender<()>,
    end: mpsc::Sender<()>,
    told: Arc<Mutex<mpsc::Receiver<()>>>,
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Jobs {
    fn new() -> Self {
        let (begin, first_words) = unbounded_channel();
        let (end, told) = mpsc::channel();
        Self {
            begun: first_words,
            begin,
            end,
            told: Arc::new(Mutex::new(told)),
            now: Arc::default(),
            most: Arc::default(),
        }
    }

    fn job(&self) -> impl FnOnce() + Send + 'static {
        let (begin, told) = (self.begin.clone(), Arc::clone(&self.told));
        let (now, most) = (Arc::clone(&self.now), Arc::clone(&self.most));
        move || {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            begin.send(()).unwrap();
            // One after the other, each takes one word.
            told.lock().unwrap().recv().unwrap();
            now.fetch_sub(1, Ordering::SeqCst);
        }
    }

    async fn begun(&mut self, jobs: usize) {
        for _ in 0..jobs {
            self.begun.recv().await.unwrap();
        }
    }

    fn end(&self, jobs: usize) {
        for _ in 0..jobs {
            self.end.send(()).unwrap();
        }
    }
}

#[tokio::test]
async fn no_more_run_and_wait_than_may() {
    let queue = Queue::new(2, 3);
    let mut jobs = Jobs::new();
    let mut callers: Vec<_> = (0..5).map(|_| Box::pin(queue.run(jobs.job()))).collect();
    for caller in &mut callers {
        assert!(once(caller.as_mut()).await.is_pending());
    }
    jobs.begun(2).await;
    assert_eq!((queue.running(), queue.waiting()), (2, 3));
    assert!(matches!(queue.run(|| ()).await, Err(PasswordError::Busy)));

    jobs.end(5);
    for caller in callers {
        caller.await.unwrap();
    }
    assert_eq!(jobs.most.load(Ordering::SeqCst), 2);
    assert_eq!((queue.running(), queue.waiting()), (0, 0));
    queue.run(|| ()).await.unwrap();
}

#[tokio::test]
async fn who_leaves_the_queue_makes_room() {
    let queue = Queue::new(1, 1);
    let mut jobs = Jobs::new();
    let mut running = pin!(queue.run(jobs.job()));
    assert!(once(running.as_mut()).await.is_pending());
    jobs.begun(1).await;
    {
        let mut waiting = pin!(queue.run(|| panic!("nobody waits for this any more")));
        assert!(once(waiting.as_mut()).await.is_pending());
        assert!(matches!(queue.run(|| ()).await, Err(PasswordError::Busy)));
    }
    assert_eq!((queue.running(), queue.waiting()), (1, 0));
    let mut next = pin!(queue.run(|| 7));
    assert!(once(next.as_mut()).await.is_pending());
    jobs.end(1);
    assert_eq!(next.await.unwrap(), 7);
    running.await.unwrap();
}

#[tokio::test]
async fn a_job_keeps_its_place_when_its_caller_has_gone() {
    let queue = Queue::new(1, 1);
    let mut jobs = Jobs::new();
    {
        let mut caller = pin!(queue.run(jobs.job()));
        assert!(once(caller.as_mut()).await.is_pending());
        jobs.begun(1).await;
    }
    assert_eq!(queue.running(), 1);
    let mut next = pin!(queue.run(jobs.job()));
    assert!(once(next.as_mut()).await.is_pending());
    assert_eq!(queue.waiting(), 1, "the job that nobody wants still runs");
    jobs.end(2);
    next.await.unwrap();
    assert_eq!(jobs.most.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_panic_is_an_error_and_frees_its_place() {
    let queue = Queue::new(1, 0);
    for _ in 0..3 {
        let lost = queue.run(|| panic!("in the job")).await;
        assert!(matches!(lost, Err(PasswordError::Internal(_))), "{lost:?}");
    }
    queue.run(|| ()).await.unwrap();
}

proptest! {
    #[test]
    fn no_stored_text_panics(text in "(\\$?argon2(id|i|d)?(\\$v=[0-9]{1,3})?\\$)?[mtp=,0-9]{0,24}[$A-Za-z0-9+/]{0,80}") {
        let _ = Stored::read(&text, Cost::OWASP);
    }

    #[test]
    fn what_is_verified_has_a_bounded_cost(m in 8..600_000_u32, t in 1..200_u32, p in 0..4_u32) {
        let text = format!("$argon2id$v=19$m={m},t={t},p={p}${SALT}${HASH}");
        let bounded = m <= 256 * 1024 && m * t <= 1024 * 1024;
        let computable = p > 0 && m >= 8 * p;
        prop_assert_eq!(Stored::read(&text, Cost::OWASP).is_ok(), bounded && computable);
    }
}
