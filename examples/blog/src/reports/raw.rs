//! The reports in plain SQL. What comes from outside is a parameter, also here.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement, Value};

use super::dto::{AuthorRow, MonthRow, ROWS};

/// See [`authors`](super::orm::authors).
pub(super) async fn authors(db: &impl ConnectionTrait, min_posts: i64) -> Result<Vec<AuthorRow>, DbErr> {
    let (integer, float, length) = match db.get_database_backend() {
        DbBackend::MySql => ("signed", "double", "char_length(posts.body)"),
        DbBackend::Postgres => ("bigint", "double precision", "char_length(posts.body)"),
        _ => ("integer", "real", "length(posts.body)"),
    };
    let sql = format!(
        "SELECT users.public_id AS id, users.name AS name, COUNT(posts.id) AS posts,
                CAST(SUM((SELECT COUNT(*) FROM comments
                           WHERE comments.post_id = posts.id AND comments.deleted_key = 0)) AS {integer}) AS comments,
                CAST(SUM({length}) AS {integer}) AS characters,
                AVG(CAST({length} AS {float})) AS average
           FROM posts
           JOIN users ON users.id = posts.author_id AND users.deleted_key = 0
          WHERE posts.deleted_key = 0 AND posts.published
          GROUP BY users.id, users.public_id, users.name
         HAVING COUNT(posts.id) >= $1
          ORDER BY COUNT(posts.id) DESC, users.id
          LIMIT {ROWS}"
    );
    rows(db, &sql, [min_posts.into()]).await
}

/// See [`months`](super::orm::months).
pub(super) async fn months(db: &impl ConnectionTrait) -> Result<Vec<MonthRow>, DbErr> {
    let month = match db.get_database_backend() {
        DbBackend::MySql => "DATE_FORMAT(created_at, '%Y-%m')",
        DbBackend::Postgres => "to_char(created_at, 'YYYY-MM')",
        _ => "strftime('%Y-%m', created_at)",
    };
    let sql = format!(
        "SELECT {month} AS month, COUNT(*) AS posts
           FROM posts
          WHERE deleted_key = 0 AND published
          GROUP BY {month}
          ORDER BY {month} DESC
          LIMIT {ROWS}"
    );
    rows(db, &sql, []).await
}

/// `PostgreSQL` and `SQLite` number their parameters, `MariaDB` takes them as they come.
async fn rows<T: FromQueryResult, const N: usize>(
    db: &impl ConnectionTrait,
    sql: &str,
    values: [Value; N],
) -> Result<Vec<T>, DbErr> {
    let backend = db.get_database_backend();
    let sql = match backend {
        DbBackend::MySql => sql.replace("$1", "?"),
        _ => sql.to_owned(),
    };
    let statement = Statement::from_sql_and_values(backend, sql, values);
    T::find_by_statement(statement).all(db).await
}
