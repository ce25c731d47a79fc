//! What the routes of reports do.

use axum::extract::State;
use portcullis::axum::{Json, Query};

use super::dto::{AuthorRow, AuthorsQuery, Engine, MonthRow, MonthsQuery, Report};
use super::{orm, raw};
use crate::state::AppState;

pub(super) async fn authors(
    State(state): State<AppState>,
    Query(query): Query<AuthorsQuery>,
) -> portcullis::Result<Json<Report<AuthorRow>>> {
    let db = state.db().read();
    let items = match query.engine {
        Engine::Orm => orm::authors(db, query.min_posts).await?,
        Engine::Raw => raw::authors(db, query.min_posts).await?,
    };
    Ok(Json(Report { items }))
}

pub(super) async fn months(
    State(state): State<AppState>,
    Query(query): Query<MonthsQuery>,
) -> portcullis::Result<Json<Report<MonthRow>>> {
    let db = state.db().read();
    let items = match query.engine {
        Engine::Orm => orm::months(db).await?,
        Engine::Raw => raw::months(db).await?,
    };
    Ok(Json(Report { items }))
}
