//! Tokens and requests made to deceive, over sockets, at the gate of `examples/jwt_gate.rs`. Each has one exact answer: none is
//! let in, none is a `500`, and no answer says more than it may.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail by panicking")]

mod claims;
mod form;
mod gate;
mod header;
#[expect(dead_code, reason = "its `main` is for those who run it")]
#[path = "../../examples/jwt_gate.rs"]
mod jwt_gate;
mod signature;
mod signer;
mod transport;
mod typ;

use self::gate::{Case, Expect, Gate};
use self::signer::{Signer, signers};

/// All that is signed by any of the keys, at the gate that has it.
fn cases(signer: &Signer) -> Vec<Case> {
    let mut cases = form::cases(signer);
    cases.extend(header::cases(signer));
    cases.extend(typ::cases(signer));
    cases.extend(claims::cases(signer));
    cases.extend(signature::cases(signer));
    cases
}

#[tokio::test]
async fn every_token_has_the_answer_that_it_deserves() {
    let (mut hostile, mut good) = (0, 0);
    for signer in signers() {
        let gate = Gate::of(&signer, None).await;
        for case in cases(&signer) {
            gate.check(&case).await;
            *(if case.expect == Expect::Claims {
                &mut good
            } else {
                &mut hostile
            }) += 1;
        }
    }
    assert!(hostile > 200 && good > 24, "{hostile} hostile, {good} good");
}

#[tokio::test]
async fn a_gate_for_access_tokens_takes_no_other_type() {
    for signer in signers() {
        let gate = Gate::of(&signer, Some("at+jwt")).await;
        for case in typ::cases_of_one_type(&signer) {
            gate.check(&case).await;
        }
    }
}

#[tokio::test]
async fn every_request_has_the_answer_that_it_deserves() {
    for signer in signers() {
        let gate = Gate::of(&signer, None).await;
        for case in transport::cases(&signer) {
            gate.check(&case).await;
        }
    }
}
