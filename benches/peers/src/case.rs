//! A piece of work, who does it, and what they must agree on before anybody's time is taken.

use crate::harness::{Model, Subject};
use crate::report::{Report, Row};

/// Many short ones: what interrupts a few of them does not reach the median.
const ROUNDS: usize = 401;

/// What all answers must have in common.
#[derive(Clone, Copy, Default)]
pub(crate) struct Agreement {
    /// Any of these: 200 and 204 both mean that a preflight passed.
    pub(crate) status: &'static [u16],
    /// Headers with the same value as ours.
    pub(crate) equal: &'static [&'static str],
    /// Headers whose value is each one's own: an id, seconds, the voice of a refusal.
    pub(crate) present: &'static [&'static str],
    /// Lines in the log.
    pub(crate) lines: usize,
}

pub(crate) struct Rival {
    subject: Subject,
    goal: f64,
    /// Another path of our own, with an answer of its own.
    own: bool,
}

pub(crate) struct Case {
    name: &'static str,
    path: &'static str,
    agreement: Agreement,
    addresses: u32,
    ours: Subject,
    rivals: Vec<Rival>,
}

impl Case {
    pub(crate) fn new(name: &'static str, path: &'static str, model: &Model, ours: Subject) -> Self {
        Self {
            name,
            path,
            agreement: Agreement::default(),
            addresses: model.addresses,
            ours,
            rivals: Vec::new(),
        }
    }

    pub(crate) fn agreement(mut self, agreement: Agreement) -> Self {
        self.agreement = agreement;
        self
    }

    pub(crate) fn rival(mut self, goal: f64, subject: Subject) -> Self {
        let own = false;
        self.rivals.push(Rival { subject, goal, own });
        self
    }

    /// A refusal beside the admission of the same layers.
    pub(crate) fn admission(mut self, subject: Subject) -> Self {
        let (goal, own) = (1.5, true);
        self.rivals.push(Rival { subject, goal, own });
        self
    }

    pub(crate) fn title(&self) -> String {
        format!("{}: {}", self.name, self.path)
    }

    /// Each does what it is measured for, from every address. Panics where somebody does not.
    pub(crate) fn check(&self) {
        let rivals = self.rivals.iter().map(|rival| &rival.subject);
        for subject in rivals.chain([&self.ours]) {
            subject.warm_up(self.addresses);
        }
        let ours = self.ours.answer();
        self.agree(&self.ours, &self.ours.answer().head.headers);
        for rival in self.rivals.iter().filter(|rival| !rival.own) {
            self.agree(&rival.subject, &ours.head.headers);
        }
    }

    fn agree(&self, subject: &Subject, ours: &http::HeaderMap) {
        let (case, name, agreement) = (self.title(), subject.name, self.agreement);
        let answer = subject.answer();
        let status = answer.head.status.as_u16();
        let headers = &answer.head.headers;
        assert!(agreement.status.contains(&status), "{case}: {name} answers {status}");
        for header in agreement.equal {
            assert!(headers.contains_key(*header), "{case}: {name} has no {header}");
            let [theirs, ours] = [headers, ours].map(|map| words(map, header));
            assert_eq!(theirs, ours, "{case}: {header} of {name}");
        }
        for header in agreement.present {
            assert!(headers.contains_key(*header), "{case}: {name} has no {header}");
        }
        assert_eq!(answer.lines, agreement.lines, "{case}: lines in the log of {name}");
    }

    pub(crate) fn measure(&self, report: &mut Report) {
        let subjects: Vec<&Subject> = [&self.ours]
            .into_iter()
            .chain(self.rivals.iter().map(|rival| &rival.subject))
            .collect();
        let calls: Vec<u32> = subjects.iter().map(|subject| subject.calibrate()).collect();
        let mut added = vec![Vec::with_capacity(ROUNDS); subjects.len()];
        for round in 0..ROUNDS {
            for turn in 0..subjects.len() {
                // Nobody always goes first.
                let place = (turn + round) % subjects.len();
                added[place].push(subjects[place].added(calls[place]));
            }
        }
        let ours = &added[0];
        for (rival, theirs) in self.rivals.iter().zip(&added[1..]) {
            let ratios = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
            let [ratio_low, _, ratio_high] = spread(ratios);
            let [ns_low, ns, ns_high] = spread(ours.clone());
            let [_, rival_ns, _] = spread(theirs.clone());
            report.add(Row {
                name: self.name,
                rival: rival.subject.name,
                path: self.path,
                goal: rival.goal,
                ratio: ns / rival_ns,
                ratio_low,
                ratio_high,
                ns,
                ns_low,
                ns_high,
                rival_ns,
                allocations: self.ours.allocations(),
                rival_allocations: rival.subject.allocations(),
                own: rival.own,
            });
        }
    }
}

/// A header's lines as a list, in any order and case.
fn words(headers: &http::HeaderMap, name: &str) -> Vec<String> {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    let mut words: Vec<String> = lines
        .flat_map(|line| line.split(','))
        .map(|word| word.trim().to_ascii_lowercase())
        .collect();
    words.sort();
    words
}

/// The tenth, the middle and the ninetieth of a hundred.
fn spread(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [values.len() / 10, values.len() / 2, values.len() * 9 / 10].map(|place| values[place])
}
