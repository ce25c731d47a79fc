use super::super::super::store::{Callers, Terms};
use super::server::Node;
use super::{SECOND, bound, charge, gcra, outcome, patient, terms, window};

/// A node of a cluster refuses whatever would need two slots.
#[tokio::test]
async fn every_request_stays_within_a_slot() {
    let Some(node) = Node::start().await else {
        return;
    };
    let connection = node.connection().await;
    let store = patient(&connection, "cluster:");
    let quotas = [
        ("paced", gcra(5, 3600 * SECOND)),
        ("windowed", window(5, 3600 * SECOND)),
    ];
    let same = bound(&store, &quotas);
    let of = |first: &str, second: &str| [charge(first, 0), charge(second, 1)];
    assert_eq!(outcome(&*same, &of("a", "a")).await, Ok(vec![4, 4]));
    // What the two kinds of layers are told apart for.
    assert!(same.take(of("a", "b").to_vec()).await.is_err());

    let callers = Callers::Several;
    let several = patient(&connection, "cluster:")
        .bind(Terms {
            callers,
            ..terms(&quotas)
        })
        .unwrap();
    assert_eq!(outcome(&*several, &of("a", "b")).await, Ok(vec![4, 4]));
    assert_eq!(
        outcome(&*several, &of("a", "c")).await,
        Ok(vec![3, 4]),
        "whatever else is counted"
    );
    assert_eq!(outcome(&*several, &of("c", "b")).await, Ok(vec![4, 3]));
}
