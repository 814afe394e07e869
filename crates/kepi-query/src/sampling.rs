//! Whom a survey asks next: how many it takes for a margin of error, and how many the caps on contacts leave. Nothing is read here.

use std::collections::BTreeMap;

use kepi_model::sampling::{ContactCap, Sampling};
use kepi_stats::{
    estimate::{Level, NotComputable},
    survey::planning::{lot, margin_of_mean, size_for_mean},
};
use serde::Serialize;

use crate::state::Member;

/// A day in µs.
const DAY: i64 = 86_400_000_000;
/// After how many days it is looked who may be asked again.
const LATER: [u16; 3] = [30, 60, 90];
/// What of the wanted margin it is said what it would cost.
const MARGINS: [f64; 5] = [2.0, 1.5, 1.0, 0.75, 0.5];

/// Somebody who may be asked, unless a cap forbids it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The key.
    pub key: Box<str>,
    /// The stratum; none where all are one.
    pub stratum: Option<Member>,
}

/// When whom invitations asked, of whatever survey.
pub type Asked = BTreeMap<Box<str>, Vec<i64>>;

/// A plan of a sample.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// In the order of members for people.
    pub strata: Vec<Stratum>,
    /// What the figure of all strata together may be off by then, each weighing as many as its people; none where one of them has no margin.
    pub reached: Option<f64>,
    /// Invitations to people who are not, or no longer, among those who may be asked.
    pub of_others: u64,
}

/// One stratum of a plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stratum {
    /// Its name; none where all are one.
    pub member: Option<String>,
    /// People.
    pub people: u64,
    /// How many of them each cap holds back, in the order of the caps; each counts at the first that does.
    pub held_back: Vec<u64>,
    /// The others: who may be asked.
    pub may_be_asked: u64,
    /// Answers that the margin takes.
    pub answers_needed: u64,
    /// Invitations that these take.
    pub to_ask: u64,
    /// As many of them as may be asked.
    pub asked: u64,
    /// Answers to be expected of these.
    pub answers_expected: f64,
    /// How far the figure may be off then; none: too few answers.
    pub reached: Option<f64>,
    /// How many may be asked after so many days if nobody is asked until then.
    pub later: Vec<(u16, u64)>,
    /// What other margins would cost.
    pub costs: Vec<Cost>,
    /// Who is asked: drawn by lot.
    #[serde(skip)]
    pub drawn: Vec<Box<str>>,
}

/// What a margin costs in contacts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    /// The margin, in the unit of the KPI.
    pub margin: f64,
    /// Answers that it takes.
    pub answers: u64,
    /// Invitations that these take.
    pub to_ask: u64,
    /// Whether so many may be asked.
    pub within_caps: bool,
}

/// What answers are expected to be like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The standard deviation of one answer, in the unit of the KPI.
    pub deviation: f64,
    /// The level of the margin.
    pub level: Level,
}

/// The cap that holds somebody back at an instant: the first of which no more invitations are left within its time.
fn holds_back(caps: &[ContactCap], asked: &[i64], at: i64) -> Option<usize> {
    caps.iter().position(|cap| {
        let since = at.saturating_sub(cap.within);
        asked.iter().filter(|then| since < **then && **then <= at).count() >= usize::from(cap.at_most)
    })
}

/// The plan as of an instant, drawn by a seed.
///
/// # Errors
/// The spread is none.
pub fn plan(
    of: &Sampling,
    people: &[Person],
    asked: &Asked,
    spread: Spread,
    (at, seed): (i64, u64),
) -> Result<Plan, NotComputable> {
    let mut strata: BTreeMap<Option<&Member>, Vec<&Person>> = BTreeMap::new();
    for person in people {
        strata.entry(person.stratum.as_ref()).or_default().push(person);
    }
    let mut members: Vec<Option<&Member>> = strata.keys().copied().collect();
    members.sort_by(|a, b| match (a, b) {
        (Some(a), Some(b)) => a.natural(b),
        _ => a.cmp(b),
    });
    let mut found = Vec::new();
    for member in members {
        let people = strata.get(&member).map(Vec::as_slice).unwrap_or_default();
        found.push(stratum(of, member, people, asked, spread, (at, seed))?);
    }
    let all: u64 = found.iter().map(|of| of.people).sum();
    let each = found.iter().map(|of| Some((of.people as f64 / all as f64 * of.reached?).powi(2)));
    let reached = each.sum::<Option<f64>>().filter(|_| all > 0).map(f64::sqrt);
    let known: std::collections::BTreeSet<&str> = people.iter().map(|person| &*person.key).collect();
    let others = asked.iter().filter(|(person, _)| !known.contains(&***person));
    let of_others = others.map(|(_, all)| all.len() as u64).sum();
    Ok(Plan { strata: found, reached, of_others })
}

fn stratum(
    of: &Sampling,
    member: Option<&Member>,
    people: &[&Person],
    asked: &Asked,
    spread: Spread,
    (at, seed): (i64, u64),
) -> Result<Stratum, NotComputable> {
    let of_whom = |person: &Person| asked.get(&person.key).map(Vec::as_slice).unwrap_or_default();
    let mut held_back = vec![0; of.caps.len()];
    let mut free: Vec<&Person> = Vec::new();
    for person in people {
        match holds_back(&of.caps, of_whom(person), at).and_then(|cap| held_back.get_mut(cap)) {
            Some(held) => *held += 1,
            None => free.push(person),
        }
    }
    let (n, may_be_asked) = (people.len() as u64, free.len() as u64);
    let cost = |margin: f64| -> Result<Cost, NotComputable> {
        let size = size_for_mean(spread.deviation, margin, Some(n), spread.level)?;
        let answers = (size.ceil() as u64).clamp(1, n);
        let to_ask = (answers as f64 / of.response).ceil() as u64;
        Ok(Cost { margin, answers, to_ask, within_caps: to_ask <= may_be_asked })
    };
    let wanted = cost(of.margin)?;
    let to_be_asked = wanted.to_ask.min(may_be_asked);
    let answers_expected = to_be_asked as f64 * of.response;
    let reached = (answers_expected >= 2.0)
        .then(|| margin_of_mean(spread.deviation, answers_expected, Some(n), spread.level))
        .transpose()?;
    let later = LATER.map(|days| {
        let then = at.saturating_add(i64::from(days) * DAY);
        let may = people.iter().filter(|person| holds_back(&of.caps, of_whom(person), then).is_none());
        (days, may.count() as u64)
    });
    // By lot, and of equal lots by key: the same whoever draws, and in whatever order rows came.
    free.sort_by(|a, b| lot(seed, &a.key).total_cmp(&lot(seed, &b.key)).then_with(|| a.key.cmp(&b.key)));
    Ok(Stratum {
        member: member.map(|member| match member {
            Member::Value(name) => name.to_string(),
            Member::Unknown => "unknown".to_owned(),
        }),
        people: n,
        held_back,
        may_be_asked,
        answers_needed: wanted.answers,
        to_ask: wanted.to_ask,
        asked: to_be_asked,
        answers_expected,
        reached,
        later: later.to_vec(),
        costs: MARGINS.iter().map(|by| cost(by * of.margin)).collect::<Result<_, _>>()?,
        drawn: free.iter().take(to_be_asked as usize).map(|person| person.key.clone()).collect(),
    })
}
