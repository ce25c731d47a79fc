//! The orders that a list of posts may have.

use blog_entity::post::{Column, Entity};
use sea_orm::sea_query::SimpleExpr;
use sea_orm::{ColumnTrait, Condition, Order, QueryOrder, Select, Value};

use super::page::Row;
use crate::error;
use crate::page::Token;
use crate::query;

/// Columns that posts may be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    CreatedAt,
    UpdatedAt,
    Title,
}

impl Key {
    const ALL: [Self; 3] = [Self::CreatedAt, Self::UpdatedAt, Self::Title];

    fn name(self) -> &'static str {
        match self {
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::Title => "title",
        }
    }

    pub(crate) fn column(self) -> Column {
        match self {
            Self::CreatedAt => Column::CreatedAt,
            Self::UpdatedAt => Column::UpdatedAt,
            Self::Title => Column::Title,
        }
    }

    /// The row's value as a token holds it.
    fn text(self, row: &Row) -> Option<String> {
        let time = |time: chrono::NaiveDateTime| time.and_utc().to_rfc3339();
        match self {
            Self::CreatedAt => row.created_at.map(time),
            Self::UpdatedAt => row.updated_at.map(time),
            Self::Title => row.title.clone(),
        }
    }

    /// The value of a token, where it can be one of this column.
    fn value(self, text: &str) -> Option<Value> {
        match self {
            Self::CreatedAt | Self::UpdatedAt => query::time(text).map(Value::from),
            Self::Title => (!text.contains('\0')).then(|| Value::from(text)),
        }
    }
}

/// An order: by one column or several, and by the public id among equals, so that no page repeats or loses a post.
#[derive(Debug, Clone)]
pub(crate) struct Sort(Vec<(Key, Order)>);

impl Sort {
    /// Newest first where nothing is asked for; `400` for a column that may not be sorted by.
    pub(crate) fn parse(keys: &[String]) -> portcullis::Result<Self> {
        let mut sort = Vec::new();
        for key in keys {
            let (name, order) = match key.strip_prefix('-') {
                Some(name) => (name, Order::Desc),
                None => (&**key, Order::Asc),
            };
            let key = Key::ALL.into_iter().find(|key| key.name() == name);
            match key {
                Some(key) if sort.iter().all(|(other, _)| *other != key) => sort.push((key, order)),
                _ => {
                    let names = Key::ALL.map(Key::name).join("`, `");
                    let detail = format!("`sort` is one or several of `{names}`, each once and descending after `-`");
                    return Err(error::bad_request(detail).into());
                }
            }
        }
        if sort.is_empty() {
            sort.push((Key::CreatedAt, Order::Desc));
        }
        Ok(Self(sort))
    }

    /// As a client writes it.
    fn name(&self) -> String {
        let keys = self.0.iter().map(|(key, order)| match order {
            Order::Desc => format!("-{}", key.name()),
            _ => key.name().to_owned(),
        });
        keys.collect::<Vec<_>>().join(",")
    }

    /// The columns that a token of this order needs.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        self.0.iter().map(|(key, _)| *key)
    }

    /// The columns with their directions, the public id last.
    pub(crate) fn columns(&self) -> Vec<(Column, Order)> {
        let mut columns: Vec<_> = self
            .0
            .iter()
            .map(|(key, order)| (key.column(), order.clone()))
            .collect();
        let last = columns.last().map_or(Order::Asc, |(_, order)| order.clone());
        columns.push((Column::PublicId, last));
        columns
    }

    /// Puts the posts in this order, or in its reverse.
    pub(crate) fn apply(&self, posts: Select<Entity>, reverse: bool) -> Select<Entity> {
        let columns = self.columns().into_iter();
        columns.fold(posts, |posts, (column, order)| {
            posts.order_by(column, direction(order, reverse))
        })
    }

    /// Where this row stands.
    pub(crate) fn token(&self, row: &Row) -> Option<Token> {
        let values: Option<_> = self.0.iter().map(|(key, _)| key.text(row)).collect();
        Some(Token {
            sort: self.name(),
            values: values?,
            id: row.public_id,
        })
    }

    /// The posts after the token's, or before it; `400` for a token of another order.
    pub(crate) fn beyond(&self, token: &Token, reverse: bool) -> portcullis::Result<Condition> {
        let wrong = || error::bad_request("this token is of a list with another `sort`");
        if token.sort != self.name() || token.values.len() != self.0.len() {
            return Err(wrong().into());
        }
        let values = self.0.iter().zip(&token.values).map(|((key, _), text)| key.value(text));
        let mut values: Vec<Value> = values.collect::<Option<_>>().ok_or_else(wrong)?;
        values.push(token.id.into());
        let columns: Vec<_> = self.columns().into_iter().zip(values).collect();

        let mut beyond = Condition::any();
        for (place, ((column, order), value)) in columns.iter().enumerate() {
            let mut step = Condition::all();
            for ((column, _), value) in columns.iter().take(place) {
                step = step.add(column.eq(value.clone()));
            }
            beyond = beyond.add(step.add(past(*column, &direction(order.clone(), reverse), value.clone())));
        }
        // Follows from the rest. None of the databases sees that, and only by this one do they begin at the right place of the index.
        let bound = columns.first().map(|((column, order), value)| {
            let value = value.clone();
            match direction(order.clone(), reverse) {
                Order::Desc => column.lte(value),
                _ => column.gte(value),
            }
        });
        Ok(Condition::all().add_option(bound).add(beyond))
    }
}

fn past(column: Column, order: &Order, value: Value) -> SimpleExpr {
    match order {
        Order::Desc => column.lt(value),
        _ => column.gt(value),
    }
}

fn direction(order: Order, reverse: bool) -> Order {
    match (order, reverse) {
        (Order::Desc, false) | (Order::Asc, true) => Order::Desc,
        _ => Order::Asc,
    }
}
