use std::time::Duration;

use axum_governor::{BodyPreset, PeerIp, nz};
use portcullis::rate_limit::{Headers, Quota, RateLimitLayer};
use tower::Layer;
use tower_governor::GovernorLayer;
use tower_governor::governor::GovernorConfigBuilder;

use super::{Cases, HALF, Scale, told};
use crate::bare::Bare;
use crate::case::{Agreement, Case};
use crate::harness::{Model, Subject};
use crate::model::plain;

/// The admission of a limit is a look-up and a compare-and-swap: there is little to win.
const NO_SLOWER: f64 = 1.0;
const HOUR: Duration = Duration::from_hours(1);

/// A quota that nobody uses up, or one of a single request.
#[derive(Clone, Copy)]
enum Measure {
    Generous,
    Spent,
}

use Measure::{Generous, Spent};

impl Measure {
    fn burst(self) -> u32 {
        match self {
            Generous => u32::MAX,
            Spent => 1,
        }
    }

    fn interval(self) -> Duration {
        HOUR / self.burst()
    }
}

fn ours(name: &'static str, measure: Measure, headers: Headers, model: &Model) -> Result<Subject, String> {
    let layer = RateLimitLayer::builder()
        .quota(Quota::new(measure.burst(), HOUR))
        .headers(headers)
        // The rivals' tables have no bound. Twice as many places as callers, so that ours has no need to forget anybody.
        .max_keys(200_000)
        .build()
        .map_err(told)?;
    Ok(Subject::new(name, layer.layer(Bare::OK), model))
}

/// Without headers.
fn tower_governor(measure: Measure, model: &Model) -> Result<Subject, String> {
    let config = GovernorConfigBuilder::default()
        .period(measure.interval())
        .burst_size(measure.burst())
        .finish()
        .ok_or("tower_governor takes no such quota")?;
    let service = GovernorLayer::new(config).layer(Bare::OK);
    Ok(Subject::new("tower_governor", service, model))
}

fn tower_governor_with_headers(measure: Measure, model: &Model) -> Result<Subject, String> {
    let config = GovernorConfigBuilder::default()
        .period(measure.interval())
        .burst_size(measure.burst())
        .use_headers()
        .finish()
        .ok_or("tower_governor takes no such quota")?;
    let service = GovernorLayer::new(config).layer(Bare::OK);
    Ok(Subject::new("tower_governor", service, model))
}

/// It has no answer without headers.
fn axum_governor(measure: Measure, model: &Model) -> Result<Subject, String> {
    let quota = match measure {
        Generous => axum_governor::Quota::requests_per_hour(nz!(u32::MAX)),
        Spent => axum_governor::Quota::seconds_per_request(nz!(3600u32)),
    };
    let config = axum_governor::GovernorConfigBuilder::default()
        .with_extractor(PeerIp::default())
        .expect_connect_info()
        .quota_default(quota)
        .body_preset(BodyPreset::ProblemJson)
        .finish()
        .map_err(told)?;
    let service = axum_governor::GovernorLayer::new(config).layer(Bare::OK);
    Ok(Subject::new("axum-governor", service, model))
}

pub(super) fn cases(scale: Scale) -> Cases {
    let one = plain();
    let many = Model {
        addresses: scale.addresses,
        ..one.clone()
    };
    let mut cases = Vec::new();
    for (model, [admits, told, refuses]) in [
        (&one, ["admits, 1 key", "admits, 1 key, headers", "refuses, 1 key"]),
        (
            &many,
            [
                "admits, 100 000 keys",
                "admits, 100 000 keys, headers",
                "refuses, 100 000 keys",
            ],
        ),
    ] {
        let admitted = Agreement {
            status: &[200],
            equal: &["content-type"],
            ..Agreement::default()
        };
        let refused = Agreement {
            status: &[429],
            present: &["retry-after"],
            ..Agreement::default()
        };
        cases.push(
            Case::new(
                "rate_limit",
                admits,
                model,
                ours("portcullis", Generous, Headers::None, model)?,
            )
            .agreement(admitted)
            .rival(NO_SLOWER, tower_governor(Generous, model)?),
        );
        cases.push(
            Case::new(
                "rate_limit",
                told,
                model,
                ours("portcullis", Generous, Headers::Draft, model)?,
            )
            .agreement(admitted)
            .rival(NO_SLOWER, tower_governor_with_headers(Generous, model)?)
            .rival(NO_SLOWER, axum_governor(Generous, model)?),
        );
        cases.push(
            Case::new(
                "rate_limit",
                refuses,
                model,
                ours("portcullis", Spent, Headers::Draft, model)?,
            )
            .agreement(refused)
            .rival(HALF, tower_governor_with_headers(Spent, model)?)
            .rival(HALF, axum_governor(Spent, model)?)
            .admission(ours("its own admission", Generous, Headers::Draft, model)?),
        );
    }
    Ok(cases)
}
