//! The rows of the seed. Each is made from its number alone, its public id and times too, so that a second run makes the same.

use blog_entity::{Password, attachment, comment, post, profile, slug, user};
use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, TimeDelta};
use fastrand::Rng;
use sea_orm::ActiveValue::Set;
use uuid::{Builder, Uuid};

use super::words::{self, TAGS};

/// 2024-01-01, when the first of the users came.
const BEGINNING: i64 = 1_704_067_200;
/// A week later they began to write.
const FIRST_POST: i64 = BEGINNING + 7 * 86_400;

/// What is seeded; each kind has random numbers of its own.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    User = 1,
    Profile,
    Post,
    Comment,
    Attachment,
}

/// A post with what belongs to it.
pub(super) struct Post {
    pub(super) public_id: Uuid,
    /// The number of its author.
    pub(super) author: u32,
    pub(super) row: post::ActiveModel,
    /// Positions in [`TAGS`].
    pub(super) tags: Vec<usize>,
    pub(super) comments: Vec<Comment>,
    pub(super) attachment: Option<attachment::ActiveModel>,
}

/// A comment, whose author is a number, too.
pub(super) struct Comment {
    pub(super) public_id: Uuid,
    pub(super) author: u32,
    /// The comment that it replies to.
    pub(super) parent: Option<Uuid>,
    pub(super) row: comment::ActiveModel,
}

/// The public id of a row.
pub(super) fn public_id(kind: Kind, number: u32) -> Uuid {
    let mut random = [0; 10];
    rng(kind, number).fill(&mut random);
    let millis = u64::try_from(seconds(kind, number) * 1000).unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

pub(super) fn user(number: u32) -> user::ActiveModel {
    let mut rng = rng(Kind::User, number);
    let at = time(seconds(Kind::User, number));
    user::ActiveModel {
        public_id: Set(public_id(Kind::User, number)),
        email: Set(format!("user{number}@seed.example")),
        name: Set(format!("{} {number}", words::phrase(&mut rng, 1..2))),
        role: Set(if number.is_multiple_of(10) { "editor" } else { "reader" }.to_owned()),
        // Wherever the seed was sown, nobody signs in as one of its users.
        password_hash: Set(Password::none()),
        active: Set(number % 50 != 49),
        version: Set(1),
        created_at: Set(at),
        updated_at: Set(at),
        ..Default::default()
    }
}

pub(super) fn profile(number: u32, user: i64) -> profile::ActiveModel {
    let mut rng = rng(Kind::Profile, number);
    let at = time(seconds(Kind::Profile, number));
    let birthday =
        NaiveDate::from_ymd_opt(1940, 1, 1).and_then(|day| day.checked_add_days(Days::new(rng.u64(..25_000))));
    profile::ActiveModel {
        public_id: Set(public_id(Kind::Profile, number)),
        user_id: Set(user),
        bio: Set(words::text(&mut rng, 1..4)),
        website: Set(number
            .is_multiple_of(3)
            .then(|| format!("https://seed.example/{number}"))),
        birthday: Set(birthday.filter(|_| !number.is_multiple_of(4))),
        version: Set(1),
        created_at: Set(at),
        updated_at: Set(at),
        ..Default::default()
    }
}

/// By one of so many users, and commented by them.
pub(super) fn post(number: u32, users: u32) -> Post {
    let mut rng = rng(Kind::Post, number);
    let public_id = public_id(Kind::Post, number);
    let at = seconds(Kind::Post, number);
    let title = words::phrase(&mut rng, 3..8);
    let row = post::ActiveModel {
        public_id: Set(public_id),
        slug: Set(format!("{}-s{number}", slug(&title))),
        title: Set(title),
        body: Set(words::text(&mut rng, 3..9)),
        published: Set(rng.u32(..10) > 0),
        version: Set(1),
        created_at: Set(time(at)),
        updated_at: Set(time(at)),
        ..Default::default()
    };
    let author = popular(&mut rng, users);
    let mut tags = Vec::new();
    for _ in 0..rng.usize(1..5) {
        let tag = rng.usize(..TAGS.len());
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    Post {
        public_id,
        author,
        row,
        tags,
        comments: comments(&mut rng, number, at, users),
        attachment: number.is_multiple_of(20).then(|| attachment(&mut rng, number, at)),
    }
}

/// Most posts have none, some have a few, and a few have many.
fn comments(rng: &mut Rng, post: u32, at: i64, users: u32) -> Vec<Comment> {
    let count = match rng.u32(..100) {
        0..80 => 0,
        80..95 => rng.u32(1..3),
        _ => rng.u32(3..9),
    };
    let mut comments: Vec<Comment> = Vec::new();
    for position in 0..count {
        let at = at + i64::from(rng.u32(60..3_600)) + i64::from(position) * 3_600;
        // Sixteen of them at most under one post.
        let public_id = public_id(Kind::Comment, post * 16 + position);
        let parent = comments.iter().find(|comment| comment.parent.is_none());
        let parent = parent.map(|comment| comment.public_id).filter(|_| rng.u32(..3) == 0);
        comments.push(Comment {
            public_id,
            author: popular(rng, users),
            parent,
            row: comment::ActiveModel {
                public_id: Set(public_id),
                body: Set(words::text(rng, 1..3)),
                version: Set(1),
                created_at: Set(time(at)),
                updated_at: Set(time(at)),
                ..Default::default()
            },
        });
    }
    comments
}

fn attachment(rng: &mut Rng, post: u32, at: i64) -> attachment::ActiveModel {
    let public_id = public_id(Kind::Attachment, post);
    attachment::ActiveModel {
        public_id: Set(public_id),
        file_name: Set(format!("{}.txt", words::phrase(rng, 1..2))),
        media_type: Set("text/plain".into()),
        bytes: Set(rng.i64(1..100_000)),
        storage_key: Set(format!("seed/{public_id}")),
        created_at: Set(time(at)),
        updated_at: Set(time(at)),
        ..Default::default()
    }
}

/// One of so many, the first ones more often.
fn popular(rng: &mut Rng, of: u32) -> u32 {
    rng.u32(..of).min(rng.u32(..of))
}

fn rng(kind: Kind, number: u32) -> Rng {
    Rng::with_seed((kind as u64) << 32 | u64::from(number))
}

/// When a row was made: a user each second, a post each minute.
fn seconds(kind: Kind, number: u32) -> i64 {
    let number = i64::from(number);
    match kind {
        Kind::User | Kind::Profile => BEGINNING + number,
        Kind::Post | Kind::Attachment => FIRST_POST + number * 60,
        Kind::Comment => FIRST_POST + number / 16 * 60,
    }
}

fn time(seconds: i64) -> NaiveDateTime {
    let beginning = DateTime::UNIX_EPOCH.naive_utc();
    beginning + TimeDelta::seconds(seconds)
}
