//! What the routes of transactions do. All that they store is gone when they answer.

use axum::Json;
use axum::extract::State;
use portcullis::axum::Query;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::isolation::{self, Level, Seen};
use super::store::{self, AsAsked};
use super::transfer::{self, Transfers};
use crate::database::{Db, savepoint};
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
    let error = AsAsked::told(done)?;
    let remained = store::remained(state.db().primary(), id).await?;
    Ok(Json(
        json!({ "fail_at": fail_at, "error": error, "remained": remained }),
    ))
}

/// The inner part fails and is undone, the outer one goes on and is kept.
pub(in crate::demo) async fn nested(State(state): State<AppState>) -> portcullis::Result<Json<Value>> {
    let id = Uuid::now_v7().simple();
    let names = ["a", "b", "c"].map(|part| format!("{part}-{id}"));
    let names = names.each_ref().map(String::as_str);
    let seen = half_undone(state.db(), names).await;
    store::forget_tags(state.db(), &names).await?;
    Ok(Json(seen?))
}

async fn half_undone(db: &Db, [before, inside, after]: [&str; 3]) -> portcullis::Result<Value> {
    let error = db
        .transaction(|db| async move {
            store::add_tag(&db, before).await?;
            let inner = savepoint(&db, |db| async move {
                store::add_tag(&db, inside).await?;
                Err::<(), _>(AsAsked::InnerPart.into())
            });
            let error = AsAsked::told(inner.await)?;
            store::add_tag(&db, after).await?;
            Ok(error)
        })
        .await?;
    Ok(json!({
        "error": error,
        "remained": {
            "before": store::tags(db.primary(), before).await?,
            "inside": store::tags(db.primary(), inside).await?,
            "after": store::tags(db.primary(), after).await?,
        },
    }))
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
    let seen = isolation::look(&state, query.level, &name).await;
    store::forget_tags(state.db(), &[&name]).await?;
    Ok(Json(seen?))
}

/// Two transfers that would wait for each other for ever: the database ends one, which is tried again.
pub(in crate::demo) async fn transfers(State(state): State<AppState>) -> portcullis::Result<Json<Transfers>> {
    Ok(Json(Box::pin(transfer::run(&state)).await?))
}
