//! Posts by their words, by each database's own index.
//!
//! All of them find the posts in whose title and text every word occurs, in whatever place and case. What a caller sends is cut
//! into words of letters and digits first, so that no operator of a search's language is left in it. The databases differ in how
//! they rank, and `MariaDB` has no index of words of one or two characters: those are looked for in the posts that the other words
//! have found, and some word must be longer.

use blog_entity::post::{Column, Entity};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Order, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select};

use super::fields::Fields;
use super::page::{Row, columns};
use crate::error;
use crate::page::Paging;

/// Characters of the longest query, and its most words.
const LONGEST: usize = 200;
const MOST: usize = 10;
/// Characters of the words that `MariaDB` has in its index (`innodb_ft_min_token_size`, `innodb_ft_max_token_size`).
const INDEXED: std::ops::RangeInclusive<usize> = 3..=84;

/// What is looked for: words of letters and digits, lower-cased, each once.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Words(Vec<String>);

impl Words {
    /// `400` where there is nothing to look for, or too much.
    pub(crate) fn parse(text: &str) -> portcullis::Result<Self> {
        let mut words: Vec<String> = Vec::new();
        let lower = text.to_lowercase();
        for word in lower
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
        {
            if words.iter().all(|known| known != word) {
                words.push(word.to_owned());
            }
        }
        let indexed = words.iter().any(|word| is_indexed(word));
        if text.chars().count() > LONGEST || words.len() > MOST || !indexed {
            let detail = format!(
                "`q` is at most {LONGEST} characters and {MOST} words, of which one has {} to {} letters or digits",
                INDEXED.start(),
                INDEXED.end()
            );
            return Err(error::bad_request(detail).into());
        }
        Ok(Self(words))
    }

    /// Those of the posts in which every word occurs.
    pub(crate) fn of(&self, posts: Select<Entity>, backend: DbBackend) -> Select<Entity> {
        match backend {
            DbBackend::MySql => self.of_mariadb(posts),
            DbBackend::Postgres => self.of_postgres(posts),
            _ => self.of_sqlite(posts),
        }
    }

    fn of_sqlite(&self, mut posts: Select<Entity>) -> Select<Entity> {
        let query: Vec<_> = self.0.iter().map(|word| format!("\"{word}\"")).collect();
        QueryTrait::query(&mut posts).inner_join(
            "posts_words",
            Expr::col(("posts_words", "rowid")).equals((Entity, Column::Id)),
        );
        posts.filter(Expr::cust_with_values("posts_words MATCH ?", [query.join(" ")]))
    }

    fn of_mariadb(&self, posts: Select<Entity>) -> Select<Entity> {
        let short = self.0.iter().filter(|word| !is_indexed(word));
        let posts = posts.filter(Expr::cust_with_values(
            "MATCH (posts.words) AGAINST (? IN BOOLEAN MODE)",
            [self.for_mariadb()],
        ));
        short.fold(posts, |posts, word| {
            let pattern = format!("(?<![[:alnum:]]){word}(?![[:alnum:]])");
            posts.filter(Expr::cust_with_values("posts.words REGEXP ?", [pattern]))
        })
    }

    fn of_postgres(&self, posts: Select<Entity>) -> Select<Entity> {
        posts.filter(Expr::cust_with_values(
            "posts.words @@ plainto_tsquery('simple', $1)",
            [self.0.join(" ")],
        ))
    }

    fn for_mariadb(&self) -> String {
        let words = self.0.iter().filter(|word| is_indexed(word));
        words.map(|word| format!("+{word}")).collect::<Vec<_>>().join(" ")
    }

    /// The best first, the newest of equals first.
    fn rank(&self, posts: Select<Entity>, backend: DbBackend) -> Select<Entity> {
        let (rank, order) = match backend {
            DbBackend::MySql => {
                let rank = "MATCH (posts.words) AGAINST (? IN BOOLEAN MODE)";
                (Expr::cust_with_values(rank, [self.for_mariadb()]), Order::Desc)
            }
            DbBackend::Postgres => {
                let rank = "ts_rank(posts.words, plainto_tsquery('simple', $1))";
                (Expr::cust_with_values(rank, [self.0.join(" ")]), Order::Desc)
            }
            // The better, the smaller.
            _ => (Expr::cust("bm25(posts_words)"), Order::Asc),
        };
        posts.order_by(rank, order).order_by_desc(Column::PublicId)
    }
}

fn is_indexed(word: &str) -> bool {
    INDEXED.contains(&word.chars().count())
}

/// The rows of a page, and one beyond it where there is more.
pub(crate) async fn rows(
    db: &impl ConnectionTrait,
    posts: Select<Entity>,
    words: &Words,
    paging: &Paging,
    fields: &Fields,
) -> Result<Vec<Row>, DbErr> {
    let posts = words.rank(posts, db.get_database_backend());
    let posts = posts.offset(paging.offset()).limit(paging.size + 1);
    columns(posts, fields, &[]).into_model().all(db).await
}

#[cfg(test)]
mod tests {
    use super::Words;

    #[test]
    fn queries_become_words() {
        let check = |text: &str, expect: Option<&[&str]>| {
            let words = Words::parse(text).ok().map(|Words(words)| words);
            assert_eq!(
                words.as_deref(),
                expect
                    .map(|words| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
                    .as_deref(),
                "{text:?}"
            );
        };
        check("Rust", Some(&["rust"]));
        check("  rust, RUST and_axum ", Some(&["rust", "and", "axum"]));
        check("\"rust\" NOT (a OR b*) ^-+~<>@", Some(&["rust", "not", "a", "or", "b"]));
        check("über", Some(&["über"]));
        check("", None);
        check("*", None);
        check("a b", None);
        check("\"\"\" OR 1=1 --", None);
        check("one two three four five six seven eight nine ten eleven", None);
        check(&"x".repeat(85), None);
        check(&"xxxx ".repeat(50), None);
    }
}
