use std::any::Any;
use std::error::Error as StdError;

use http::StatusCode;

use super::error::BodyError;
use super::fault::{Fault, guarded};
use crate::problem::Problem;

#[test]
fn a_fault_has_the_status_of_its_kind() {
    fn check(fault: &Fault, expect: u16) {
        assert_eq!(fault.problem().status().as_u16(), expect, "{fault:?}");
    }
    let problem = || Box::new(Problem::new(StatusCode::CONFLICT));
    check(&Fault::Error("boom".into()), 500);
    check(&Fault::Error(problem()), 409);
    check(&Fault::Unready("closed".into()), 503);
    check(&Fault::Unready(problem()), 409);
    check(&Fault::Panicked("boom".into()), 500);
}

#[test]
fn a_panic_becomes_its_message() {
    fn check(payload: Box<dyn Any + Send>, expect: &str) {
        let caught = guarded(|| std::panic::resume_unwind(payload)).unwrap_err();
        assert_eq!(caught, expect);
    }
    check(Box::new("static"), "static");
    check(Box::new(String::from("owned")), "owned");
    check(Box::new(7), "a panic whose payload is not text");
    assert_eq!(guarded(|| 7), Ok(7));
}

#[test]
fn a_payload_that_panics_when_dropped_does_not_escape() {
    struct Spiteful;
    impl Drop for Spiteful {
        fn drop(&mut self) {
            panic!("again");
        }
    }
    assert!(guarded(|| std::panic::resume_unwind(Box::new(Spiteful))).is_err());
}

#[test]
fn a_body_error_keeps_its_source() {
    assert!(BodyError::Panicked.source().is_none());
    assert_eq!(BodyError::Inner("disk".into()).source().unwrap().to_string(), "disk");
}
