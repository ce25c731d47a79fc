//! What the routes of transactions do. All that they store is gone when they answer.

use axum::Json;
use axum::extract::State;
use blog_entity::{soft_delete, tag};
use portcullis::axum::Query;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::isolation::{self, Level, Seen};
use super::store;
use super::transfer::{self, Transfers};
use crate::database::savepoint;
use crate::error;
use crate::state::AppState;

#[derive(Deserialize)]
pub(in crate::demo) struct FailAt {
    fail_at: u8,
}

/// Four rows in four tables, of which one step fails: none is there.
pub(in crate::demo) async fn transaction(
    State(state): State<AppState>,
    Query(FailAt { fail_at }): Query<FailAt>,
) -> portcullis::Result<Json<Value>> {
    if !(1..=4).contains(&fail_at) {
        return Err(error::bad_request("`fail_at` is 1 to 4").into());
    }
    let id = Uuid::now_v7();
    let done = state
        .db()
        .transaction(|db| async move { store::four_models(&db, id, fail_at).await })
        .await;
    let error = done.err().map(|error| error.to_string());
    let remained = store::remained(state.db().primary(), id).await?;
    Ok(Json(
        json!({ "fail_at": fail_at, "error": error, "remained": remained }),
    ))
}

/// The inner part fails and is undone, the outer one goes on and is kept.
pub(in crate::demo) async fn nested(State(state): State<AppState>) -> portcullis::Result<Json<Value>> {
    let id = Uuid::now_v7().simple();
    let (before, inside, after) = (&format!("a-{id}"), &format!("b-{id}"), &format!("c-{id}"));
    let kept = state
        .db()
        .transaction(|db| async move {
            let first = store::add_tag(&db, before).await?;
            let inner = savepoint(&db, |db| async move {
                store::add_tag(&db, inside).await?;
                Err::<(), _>("the inner part failed, as asked".into())
            });
            let error = inner.await.err().map(|error| error.to_string());
            Ok((error, [first, store::add_tag(&db, after).await?]))
        })
        .await?;
    let db = state.db();
    let answer = json!({
        "error": kept.0,
        "remained": {
            "before": store::tags(db.primary(), before).await?,
            "inside": store::tags(db.primary(), inside).await?,
            "after": store::tags(db.primary(), after).await?,
        },
    });
    let rows = &kept.1;
    db.transaction(|db| async move {
        for row in rows {
            soft_delete::purge::<tag::ActiveModel>(row.clone(), &*db).await?;
        }
        Ok(())
    })
    .await?;
    Ok(Json(answer))
}

#[derive(Deserialize)]
pub(in crate::demo) struct IsolationQuery {
    level: Level,
}

/// What a transaction of this level sees of another that commits meanwhile.
pub(in crate::demo) async fn isolation(
    State(state): State<AppState>,
    Query(query): Query<IsolationQuery>,
) -> portcullis::Result<Json<Seen>> {
    let name = Uuid::now_v7().simple().to_string();
    Ok(Json(isolation::look(&state, query.level, &name).await?))
}

/// Two transfers that would wait for each other for ever: the database ends one, which is tried again.
pub(in crate::demo) async fn transfers(State(state): State<AppState>) -> portcullis::Result<Json<Transfers>> {
    Ok(Json(Box::pin(transfer::run(&state)).await?))
}
