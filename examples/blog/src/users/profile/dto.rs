use blog_entity::profile;
use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serialize};

use super::store::{Change, Content};
use crate::validation::Faults;

const BIO: usize = 2_000;
const WEBSITE: usize = 200;

/// A profile.
#[derive(Serialize)]
pub(crate) struct ProfileView {
    bio: String,
    website: Option<String>,
    birthday: Option<NaiveDate>,
    version: i64,
}

impl From<profile::Model> for ProfileView {
    fn from(profile: profile::Model) -> Self {
        Self {
            bio: profile.bio,
            website: profile.website,
            birthday: profile.birthday,
            version: profile.version,
        }
    }
}

/// A profile as it was sent; of what can be taken away, `null` is something else than nothing.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ProfileRequest {
    bio: Option<String>,
    #[serde(default, deserialize_with = "said")]
    website: Option<Option<String>>,
    #[serde(default, deserialize_with = "said")]
    birthday: Option<Option<String>>,
    pub(crate) version: Option<i64>,
}

impl ProfileRequest {
    /// The whole profile: what is not said is empty. Faults are added to those of whatever it is part of.
    pub(crate) fn content(&self) -> (Content, Faults) {
        let (change, faults) = self.change();
        let content = Content {
            bio: change.bio.unwrap_or_default(),
            website: change.website.flatten(),
            birthday: change.birthday.flatten(),
        };
        (content, faults)
    }

    /// What is said alone.
    pub(crate) fn change(&self) -> (Change, Faults) {
        let mut faults = Faults::default();
        let change = Change {
            bio: self.bio.as_deref().map(|bio| match bio {
                "" => String::new(),
                bio => faults.text("bio", Some(bio), 1, BIO),
            }),
            website: self
                .website
                .as_ref()
                .map(|website| website.as_deref().map(|text| faults.website("website", text, WEBSITE))),
            birthday: self
                .birthday
                .as_ref()
                .map(|birthday| birthday.as_deref().and_then(|text| faults.day("birthday", text))),
        };
        (change, faults)
    }
}

fn said<'de, D, T>(input: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(input).map(Some)
}
