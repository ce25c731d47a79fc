//! Where the three databases differ, and the blog does not.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use blog::database::migrate::{self, Direction};
use blog_entity::{SoftDelete, attachment, audit_entry, bulk, post, post_tag, tag, user, versioned};
use chrono::{NaiveDate, NaiveDateTime};
use http::Method;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QuerySelect, Statement, TransactionTrait,
};
use serde_json::json;
use tokio::sync::Notify;

use crate::faults::{create, in_context, write};
use crate::support::TestApp;

/// 1: what MariaDB's `timestamp` would round, lose or turn into now.
#[tokio::test]
async fn times_are_kept_to_the_microsecond_in_any_year() {
    let app = TestApp::new().await;
    let db = app.state().db();
    let at = |year, micros| -> NaiveDateTime {
        let day = NaiveDate::from_ymd_opt(year, 2, 28).unwrap();
        day.and_hms_micro_opt(23, 59, 59, micros).unwrap()
    };
    for at in [
        at(1960, 1),
        at(1969, 999_999),
        at(2026, 123_456),
        at(2040, 999_999),
        at(9999, 0),
    ] {
        let written = db.transaction(|db| async move {
            let post = create(&db, &at.to_string()).await?;
            let key = post.id;
            let mut row = post.into_active_model();
            row.created_at = Set(at);
            row.deleted_at = Set(Some(at));
            row.deleted_key = Set(key);
            Ok(row.update(&*db).await?)
        });
        let written = in_context(written).await.unwrap();
        let found = post::Entity::deleted()
            .filter(post::Column::CreatedAt.eq(at))
            .all(db.primary())
            .await
            .unwrap();
        assert_eq!(found, [written], "{at}");
        assert_eq!((found[0].created_at, found[0].deleted_at), (at, Some(at)));
    }
}

/// 2: sums are decimals for MariaDB and PostgreSQL; a cast makes them what is decoded.
#[tokio::test]
async fn sums_and_means_are_read_as_numbers() {
    let app = TestApp::new().await;
    let db = app.state().db();
    let rows = |post: i64| {
        let row = |bytes| attachment::ActiveModel {
            post_id: Set(post),
            file_name: Set("a".into()),
            media_type: Set("text/plain".into()),
            bytes: Set(bytes),
            storage_key: Set("a".into()),
            ..Default::default()
        };
        vec![row(1), row(2), row(i64::from(u32::MAX))]
    };
    let written = db.transaction(|db| async move {
        let post = create(&db, "files").await?;
        Ok(bulk::insert::<attachment::ActiveModel>(rows(post.id), &*db).await?)
    });
    in_context(written).await.unwrap();
    let (whole, real) = match db.backend() {
        DbBackend::MySql => ("SIGNED", "DOUBLE"),
        DbBackend::Postgres => ("BIGINT", "DOUBLE PRECISION"),
        _ => ("INTEGER", "REAL"),
    };
    let bytes = || Expr::col(attachment::Column::Bytes);
    let found: Option<(i64, f64)> = attachment::Entity::live()
        .select_only()
        .expr(bytes().sum().cast_as(whole))
        .expr(bytes().avg().cast_as(real))
        .into_tuple()
        .one(db.primary())
        .await
        .unwrap();
    let (sum, mean) = found.unwrap();
    assert_eq!(sum, 4_294_967_298);
    assert!((mean - 1_431_655_766.0).abs() < 0.001, "{mean}");
}

/// 3: the last key of many is the first one for MariaDB. Rows are found by the ids that they were given.
#[tokio::test]
async fn many_rows_keep_their_ids_and_have_their_entries() {
    let app = TestApp::new().await;
    let db = app.state().db();
    // More than one statement takes.
    let names: Vec<String> = (0..5_000).map(|number| format!("tag {number}")).collect();
    let ids: Vec<_> = names.iter().map(|_| uuid::Uuid::now_v7()).collect();
    let (names, ids) = (&names, &ids);
    let written = db.transaction(|db| async move {
        let rows = names.iter().zip(ids).map(|(name, id)| tag::ActiveModel {
            public_id: Set(*id),
            name: Set(name.clone()),
            ..Default::default()
        });
        Ok(bulk::insert::<tag::ActiveModel>(rows.collect(), &*db).await?)
    });
    in_context(written).await.unwrap();
    let found = tag::Entity::live().all(db.primary()).await.unwrap();
    assert_eq!(found.len(), 5_000);
    for row in &found {
        let position = ids.iter().position(|id| *id == row.public_id).unwrap();
        assert_eq!(row.name, names[position]);
    }
    #[expect(clippy::disallowed_methods, reason = "the trail is not deleted by marks")]
    let entries = audit_entry::Entity::find().filter(audit_entry::Column::Entity.eq("tag"));
    assert_eq!(entries.count(db.primary()).await.unwrap(), 5_000);
}

/// 4: without RETURNING a row is read again, and is the same.
#[tokio::test]
async fn what_was_stored_comes_back_whole() {
    let app = TestApp::new().await;
    let written = write(&app, "Whole again").await.unwrap();
    assert!(written.id > 0 && written.slug == "whole-again");
    let read = post::Entity::live()
        .filter(post::Column::Id.eq(written.id))
        .one(app.state().db().primary())
        .await;
    assert_eq!(read.unwrap(), Some(written));
}

/// 5: MariaDB counts rows that change, unless it is asked for those that match.
#[tokio::test]
async fn a_write_that_changes_nothing_has_not_failed() {
    let app = TestApp::new().await;
    let post = &write(&app, "unchanged").await.unwrap();
    let changed = app.state().db().transaction(|db| async move {
        let mut row = post.clone().into_active_model();
        row.title = Set(post.title.clone());
        let row = versioned::update(row, &*db).await?;
        bulk::insert::<tag::ActiveModel>(
            vec![tag::ActiveModel {
                name: Set("twice".into()),
                ..Default::default()
            }],
            &*db,
        )
        .await?;
        let tag = tag::Entity::live().one(&*db).await?.unwrap();
        for _ in 0..2 {
            let pair = post_tag::ActiveModel {
                post_id: Set(post.id),
                tag_id: Set(tag.id),
            };
            #[expect(clippy::disallowed_methods, reason = "a pair has no hooks")]
            post_tag::Entity::insert(pair)
                .on_conflict(
                    OnConflict::columns([post_tag::Column::PostId, post_tag::Column::TagId])
                        .do_nothing_on([post_tag::Column::PostId])
                        .to_owned(),
                )
                .exec_without_returning(&*db)
                .await?;
        }
        Ok(row)
    });
    let changed = Box::pin(in_context(changed)).await.unwrap();
    assert!(changed.is_some(), "the row that was written is the one that was read");
    #[expect(clippy::disallowed_methods, reason = "a pair has no mark")]
    let pairs = post_tag::Entity::find()
        .count(app.state().db().primary())
        .await
        .unwrap();
    assert_eq!(pairs, 1);
}

/// 6: by default MariaDB takes `Rust` for `rust`, and only MariaDB and PostgreSQL know how long a text may be.
#[tokio::test]
async fn texts_are_compared_by_their_bytes_and_bounded_before_they_are_stored() {
    let app = TestApp::new().await;
    let db = app.state().db();
    let names = ["rust", "RUST", "r\u{fc}st", "ru\u{308}st"];
    let written = db.transaction(|db| async move {
        let rows = names.map(|name| tag::ActiveModel {
            name: Set(name.into()),
            ..Default::default()
        });
        Ok(bulk::insert::<tag::ActiveModel>(rows.into(), &*db).await?)
    });
    in_context(written).await.unwrap();
    for name in names {
        let found = tag::Entity::live()
            .filter(tag::Column::Name.eq(name))
            .all(db.primary())
            .await
            .unwrap();
        assert_eq!(found.iter().map(|tag| &tag.name).collect::<Vec<_>>(), [name]);
    }

    let token = &app.login("editor").await;
    let post = |title: String| {
        app.call(
            Method::POST,
            "/api/v1/posts",
            Some(token),
            Some(json!({ "title": title, "body": "text" })),
        )
    };
    let register = |email: String, name: String| {
        let body = json!({ "email": email, "name": name, "password": "a long password" });
        app.call(Method::POST, "/api/v1/auth/register", None, Some(body))
    };
    let email = |length: usize| format!("{}@{}.example", "a".repeat(60), "b".repeat(length - 69));
    for text in ["a", "\u{1f980}", "\u{fc}"] {
        assert_eq!(post(text.repeat(200)).await.status, 201, "{text}");
        assert_eq!(post(text.repeat(201)).await.status, 422, "{text}");
        let name = format!("{text}{}@example.com", text.len());
        let name = name.replace(text, "n");
        assert_eq!(register(name.clone(), text.repeat(80)).await.status, 201, "{text}");
        assert_eq!(register(name, text.repeat(81)).await.status, 422, "{text}");
    }
    let long = register(email(255), "N".into()).await;
    assert_eq!(long.status, 422, "{long:?}");
    assert_eq!(register("Case@Example.com".into(), "N".into()).await.status, 201);
    assert_eq!(register("cASE@example.com".into(), "N".into()).await.status, 409);
    for blank in ["case@example.com ", " case@example.com"] {
        let status = register(blank.into(), "N".into()).await.status;
        assert!(status == 409 || status == 422, "{blank:?}: {status}");
    }
}

// 7: a change of the schema ends MariaDB's transaction. `migrations::one_that_fails_half_way_…` shows what that leaves; nothing but
// a migration changes the schema.

/// 8: a migration leaves one connection of a pool without its foreign keys, were it run on the pool.
#[tokio::test]
async fn references_hold_on_every_connection_after_a_fresh_start() {
    let app = TestApp::new().await;
    migrate::run(&app.state().config().database, Direction::Fresh)
        .await
        .unwrap();
    let db = app.state().db();
    let mut held = vec![db.primary().begin().await.unwrap()];
    if db.backend() == DbBackend::Sqlite {
        for _ in 0..10 {
            held.push(db.read().begin().await.unwrap());
        }
        for connection in &held {
            let pragma = Statement::from_string(DbBackend::Sqlite, "PRAGMA foreign_keys");
            let row = connection.query_one_raw(pragma).await.unwrap().unwrap();
            assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 1);
        }
    } else {
        for _ in 1..10 {
            held.push(db.primary().begin().await.unwrap());
        }
    }
    let orphan = attachment::ActiveModel {
        post_id: Set(4711),
        file_name: Set("a".into()),
        media_type: Set("a".into()),
        bytes: Set(1),
        storage_key: Set("a".into()),
        ..Default::default()
    };
    for connection in held {
        assert!(in_context(orphan.clone().insert(&connection)).await.is_err());
        connection.rollback().await.unwrap();
    }
}

// 9: of four processes that migrate at once three would fail. `migrations::four_processes_…` shows that they do not.

/// 10: of 40 that read and then write, SQLite would turn most away.
#[tokio::test(flavor = "multi_thread")]
async fn forty_writers_are_all_served() {
    let app = Arc::new(TestApp::new().await);
    let token = app.login("editor").await;
    let writers: Vec<_> = (0..40)
        .map(|_| {
            let (app, token) = (Arc::clone(&app), token.clone());
            // One title, so that they race for one slug.
            tokio::spawn(async move { app.post(&token, "the same").await })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let posts = post::Entity::live()
        .filter(post::Column::Title.eq("the same"))
        .all(app.state().db().primary())
        .await
        .unwrap();
    let slugs: std::collections::BTreeSet<_> = posts.iter().map(|post| &post.slug).collect();
    assert_eq!((posts.len(), slugs.len()), (40, 40));
}

/// 11: an id is sixteen bytes, or a type of its own, and never a text.
#[tokio::test]
async fn ids_are_bound_as_ids_in_raw_statements() {
    let app = TestApp::new().await;
    let post = write(&app, "by its id").await.unwrap();
    let db = app.state().db().primary();
    let mark = if db.get_database_backend() == DbBackend::Postgres {
        "$1"
    } else {
        "?"
    };
    let sql = format!("SELECT title FROM posts WHERE public_id = {mark}");
    let query = Statement::from_sql_and_values(db.get_database_backend(), sql, [post.public_id.into()]);
    let row = db.query_one_raw(query).await.unwrap().unwrap();
    assert_eq!(row.try_get_by_index::<String>(0).unwrap(), "by its id");
}

/// 12: a lock that is taken, and a deadlock, have many names; each is another try.
#[tokio::test(flavor = "multi_thread")]
async fn who_finds_a_row_locked_tries_again() {
    let app = TestApp::new().await;
    let db = app.state().db();
    let post = &write(&app, "locked").await.unwrap();
    let (held, lost) = (&Notify::new(), &Notify::new());
    let tries = &AtomicU32::new(0);
    let lock = |behaviour: Option<LockBehavior>| {
        let query = post::Entity::live().filter(post::Column::Id.eq(post.id));
        match behaviour {
            Some(behaviour) => query.lock_with_behavior(LockType::Update, behaviour),
            None => query.lock(LockType::Update),
        }
    };
    let holder = db.transaction(|db| async move {
        lock(None).one(&*db).await?;
        held.notify_one();
        // SQLite has no locks of rows: there the other one waits for this one's end.
        if db.get_database_backend() != DbBackend::Sqlite {
            lost.notified().await;
        }
        Ok(())
    });
    let other = async {
        held.notified().await;
        db.transaction(|db| async move {
            tries.fetch_add(1, Ordering::Relaxed);
            let found = lock(Some(LockBehavior::Nowait)).one(&*db).await;
            lost.notify_one();
            Ok(found?)
        })
        .await
    };
    let (holder, other) = tokio::join!(holder, other);
    holder.unwrap();
    assert!(other.unwrap().is_some());
    if db.backend() != DbBackend::Sqlite {
        assert!(tries.load(Ordering::Relaxed) > 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_wait_for_one_another_both_succeed() {
    let app = TestApp::new().await;
    let (one, two) = (write(&app, "one").await.unwrap(), write(&app, "two").await.unwrap());
    let db = app.state().db();
    let both = |first: i64, second: i64| {
        db.transaction(move |db| async move {
            for id in [first, second] {
                let row = user::Entity::live().one(&*db).await?;
                assert!(row.is_some());
                #[expect(clippy::disallowed_methods, reason = "the trail is not what is tested")]
                post::Entity::update_many()
                    .col_expr(post::Column::Version, Expr::col(post::Column::Version).add(1))
                    .filter(post::Column::Id.eq(id))
                    .exec(&*db)
                    .await?;
                tokio::task::yield_now().await;
            }
            Ok(())
        })
    };
    for _ in 0..20 {
        let (a, b) = tokio::join!(both(one.id, two.id), both(two.id, one.id));
        a.unwrap();
        b.unwrap();
    }
    let posts = post::Entity::live()
        .filter(post::Column::Id.is_in([one.id, two.id]))
        .all(db.primary())
        .await
        .unwrap();
    assert!(posts.iter().all(|post| post.version == 41), "{posts:?}");
}
