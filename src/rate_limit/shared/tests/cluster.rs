use std::time::Duration;

use redis::aio::ConnectionManager;

use super::super::super::store::{Callers, Terms};
use super::server::Private;
use super::{SECOND, bound, charge, gcra, outcome, patient, terms, window};

/// A node of a cluster refuses whatever would need two slots.
#[tokio::test]
async fn every_request_stays_within_a_slot() {
    let folder = std::env::temp_dir().join(format!("portcullis-limits-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let alone = ["--cluster-enabled", "yes", "--dir", folder.to_str().unwrap()];
    let Some(server) = Private::start(&alone) else {
        return;
    };
    let mut connection = server.connection().await;
    for slots in 0..16 {
        let mut command = redis::cmd("CLUSTER");
        command
            .arg("ADDSLOTS")
            .arg((slots * 1024..(slots + 1) * 1024).collect::<Vec<_>>());
        let _: () = command.query_async(&mut connection).await.unwrap();
    }
    let state = async |connection: &mut ConnectionManager| -> String {
        redis::cmd("CLUSTER").arg("INFO").query_async(connection).await.unwrap()
    };
    while !state(&mut connection).await.contains("cluster_state:ok") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
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
    drop(server);
    std::fs::remove_dir_all(folder).unwrap();
}
