//! Screening: what is found of answers of which the truth is known, and what becomes of them.
//!
//! `KEPI_COUNT` says how many worlds of 20,000 answers (one by default), `KEPI_SEED` which first.

use std::collections::BTreeMap;

use kepi_model::{
    expression::Physical,
    screening::{Screen, Then},
    source_text::{SourceFile, SourceMap},
};
use kepi_query::{
    port::{MemoryColumn, MemoryTable, PinnedColumn},
    screen::{CutOffs, Found, Known, Rows, Said, State, changed, screen, tally},
    texts::Texts,
};
use kepi_stats::{estimate::Level, estimation::proportion::clopper_pearson};
use kepi_testkit::arbitrary::Chance;

const DEFINITIONS: &str = "project: panel
name: Panel
language: 1
time_zone: UTC
---
entity: survey_response
attributes:
  q1: {type: integer}
  q2: {type: integer}
  q3: {type: integer}
  q4: {type: integer}
  q5: {type: integer}
  q6: {type: integer}
  began_at: {type: timestamp}
  email: {type: text, personal: true}
  trap: {type: text}
screen:
  instrument: survey
  straight_lining: {items: [q1, q2, q3, q4, q5, q6], run: 5}
  speeding: {took: responded_at - began_at, below: 33%, at_least: 10 seconds}
  duplicates: {same: [invitation], within: 2 days, then: exclude}
  flags:
    internal: {where: \"email like '%@acme.example'\", then: exclude}
    bots: {where: trap is not null, then: exclude}
    late: {where: responded_at > invited_at + interval '30 days', then: count}
";

fn declared(text: &str) -> Screen {
    let file = SourceFile { path: "kepi.yml".into(), text: text.into() };
    let checked =
        kepi_model::check::check(&SourceMap::new(vec![file]), &kepi_model::check::Options::default());
    let project = checked.value.unwrap_or_else(|| panic!("{:#?}", checked.findings));
    project.entities[&"survey_response".parse().unwrap()].screen.clone().unwrap()
}

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// An answer.
#[derive(Debug, Clone, Default)]
struct Answer {
    key: String,
    survey: &'static str,
    invitation: Option<String>,
    invited: i64,
    began: Option<i64>,
    done: i64,
    items: [Option<i64>; 6],
    email: String,
    trap: Option<&'static str>,
}

/// Answers as a table.
fn table(answers: &[Answer]) -> (Vec<PinnedColumn>, MemoryTable) {
    let text = |of: &dyn Fn(&Answer) -> Option<String>| {
        let mut texts = Texts::default();
        answers.iter().for_each(|answer| texts.push(of(answer).as_deref()));
        MemoryColumn::Text(texts)
    };
    let instant =
        |of: &dyn Fn(&Answer) -> Option<i64>| MemoryColumn::Instant(answers.iter().map(of).collect());
    let mut columns = vec![
        ("id", Physical::Text, text(&|a| Some(a.key.clone()))),
        ("survey", Physical::Text, text(&|a| Some(a.survey.to_owned()))),
        ("invitation", Physical::Text, text(&|a| a.invitation.clone())),
        ("email", Physical::Text, text(&|a| Some(a.email.clone()))),
        ("trap", Physical::Text, text(&|a| a.trap.map(str::to_owned))),
        ("invited_at", Physical::Instant, instant(&|a| Some(a.invited))),
        ("began_at", Physical::Instant, instant(&|a| a.began)),
        ("responded_at", Physical::Instant, instant(&|a| Some(a.done))),
        ("_valid_to", Physical::Instant, instant(&|_| None)),
    ];
    for (item, name) in ["q1", "q2", "q3", "q4", "q5", "q6"].into_iter().enumerate() {
        let values = answers.iter().map(|answer| answer.items[item]).collect();
        columns.push((name, Physical::Integer, MemoryColumn::Integer(values)));
    }
    let (names, values): (Vec<_>, Vec<_>) = columns
        .into_iter()
        .map(|(name, physical, values)| {
            (PinnedColumn { name: name.into(), physical, bounds: None, is_empty: false }, values)
        })
        .unzip();
    (names, MemoryTable { rows: answers.len(), columns: values })
}

fn found_of(of: &Screen, answers: &[Answer], cut_offs: &mut CutOffs) -> Vec<Found> {
    let (columns, table) = table(answers);
    screen(of, Rows { columns: &columns, table: &table }, cut_offs)
}

fn flags_of(of: &Screen, found: &Found) -> Vec<String> {
    of.rules
        .iter()
        .zip(&found.flags)
        .filter(|(_, flag)| **flag)
        .map(|(rule, _)| rule.id.to_string())
        .collect()
}

/// An answer that is in order, so many seconds long.
fn honest(number: u64, seconds: i64) -> Answer {
    let done = number as i64 * 60 * SECOND + 40 * DAY;
    Answer {
        key: format!("r{number:05}"),
        survey: "v1",
        invitation: Some(format!("i{number}")),
        invited: done - DAY,
        began: Some(done - seconds * SECOND),
        done,
        items: [Some(4), Some(2), Some(5), Some(1), Some(3), Some(2)],
        email: format!("c{number}@x.example"),
        trap: None,
    }
}

#[test]
fn each_sign_flags_what_it_is_of_and_no_other() {
    let of = declared(DEFINITIONS);
    let mut answers: Vec<Answer> = (0..8).map(|n| honest(n, 60)).collect();
    answers[0].items = [Some(2), Some(5), Some(5), Some(5), Some(5), Some(5)];
    // A question that was left out ends a run.
    answers[1].items = [Some(5), Some(5), Some(5), None, Some(5), Some(5)];
    answers[2].invitation = Some("i1".into());
    answers[3].email = "me@acme.example".into();
    answers[4].trap = Some("x");
    answers[5].invited -= 40 * DAY;
    answers[6].began = Some(answers[6].done - 9 * SECOND);
    // A clock that ran backwards says nothing of how long it took.
    answers[7].began = Some(answers[7].done + SECOND);
    let found = found_of(&of, &answers, &mut CutOffs::new());
    let flags: Vec<String> = found.iter().map(|found| flags_of(&of, found).join("+")).collect();
    assert_eq!(flags, ["straight_lining", "", "duplicates", "internal", "bots", "late", "speeding", ""]);
    // Three days later it is no duplicate; without an invitation nothing is.
    answers[2].done += 3 * DAY;
    answers[0].invitation = None;
    answers[1].invitation = None;
    let found = found_of(&of, &answers, &mut CutOffs::new());
    assert!(found.iter().all(|found| !flags_of(&of, found).contains(&"duplicates".to_owned())));
}

#[test]
fn a_cut_off_is_frozen_by_instrument_and_never_moves_by_itself() {
    let of = declared(DEFINITIONS);
    let mut cut_offs = CutOffs::new();
    let mut answers: Vec<Answer> = (0..199).map(|n| honest(n, 90)).collect();
    found_of(&of, &answers, &mut cut_offs);
    assert!(cut_offs.is_empty(), "199 are too few");
    answers.push(honest(199, 90));
    found_of(&of, &answers, &mut cut_offs);
    // 33 % of 90 seconds.
    assert_eq!(cut_offs["v1"].micros, 29_700_000);
    assert_eq!((cut_offs["v1"].median, cut_offs["v1"].answers), (90 * SECOND, 200));
    // Later ones are much faster, and late ones even before the first: it stands.
    answers.extend((200..2000).map(|n| honest(n, 20)));
    answers.iter_mut().for_each(|answer| answer.done -= i64::from(answer.key.as_str() > "r01000") * 30 * DAY);
    let found = found_of(&of, &answers, &mut cut_offs);
    assert_eq!(cut_offs["v1"].micros, 29_700_000);
    assert_eq!(found.iter().filter(|found| flags_of(&of, found) == ["speeding"]).count(), 1800 - 999);
    // Another version of the questionnaire has its own.
    answers.extend((2000..2200).map(|n| Answer { survey: "v2", ..honest(n, 30) }));
    found_of(&of, &answers, &mut cut_offs);
    assert_eq!((cut_offs["v1"].micros, cut_offs["v2"].micros), (29_700_000, 9_900_000));
}

#[test]
fn what_is_declared_and_what_is_said_decide_together() {
    let of = declared(DEFINITIONS);
    let with = |flagged: &[Then]| Found {
        key: "r1".into(),
        answered_at: None,
        instrument: None,
        flags: of.rules.iter().map(|rule| flagged.contains(&rule.then)).collect(),
    };
    use Then::{Count, Exclude, Review};
    for (then, said, state) in [
        (&[][..], None, State::Clean),
        (&[], Some(Said::Confirmed), State::Clean),
        (&[Count], None, State::Counted),
        (&[Count, Review], None, State::Review),
        (&[Count, Review, Exclude], None, State::Excluded),
        (&[Exclude], Some(Said::Dismissed), State::Dismissed),
        (&[Count], Some(Said::Confirmed), State::Confirmed),
    ] {
        assert_eq!(with(then).state(&of, said), state, "{then:?} {said:?}");
    }
    // Only what differs is written; of a row that was not there before that it is in order, so that shares are of all.
    let found = [with(&[]), Found { key: "r2".into(), ..with(&[Exclude]) }];
    let known = Known::from([("r2".to_owned(), (State::Excluded, found[1].flags.clone()))]);
    let of_keys = |changes: &[(&Found, State)]| {
        changes.iter().map(|(of, state)| (of.key.clone(), *state)).collect::<Vec<_>>()
    };
    let new = changed(&of, &found, &|_| None, &known);
    assert_eq!(of_keys(&new), [("r1".to_owned(), State::Clean)]);
    let known =
        Known::from([("r1".to_owned(), (State::Clean, found[0].flags.clone()))]).into_iter().chain(known);
    let known: Known = known.collect();
    assert!(changed(&of, &found, &|_| None, &known).is_empty());
    assert_eq!(tally(&of, &known).states, [(State::Excluded, 1)].into());
    let said = |key: &str| (key == "r2").then_some(Said::Dismissed);
    let changes = changed(&of, &found, &said, &known);
    assert_eq!(
        changes.iter().map(|(of, state)| (of.key.as_str(), *state)).collect::<Vec<_>>(),
        [("r2", State::Dismissed)]
    );
}

/// What an answer was made to be.
const KINDS: [&str; 6] = ["straight_lining", "speeding", "duplicates", "internal", "bots", "late"];

fn logarithmic(chance: &mut Chance, median: f64, spread: f64) -> f64 {
    // The sum of twelve is normal enough.
    let normal: f64 = (0..12).map(|_| chance.below(1_000_000) as f64 / 1e6).sum::<f64>() - 6.0;
    median * (normal * spread).exp()
}

/// Answers of a panel, each with what was planted in it: five of a hundred are of each kind that people are flagged for.
fn world(seed: u64) -> Vec<(Answer, Option<&'static str>)> {
    let mut chance = Chance::new(seed);
    let mut answers: Vec<(Answer, Option<&'static str>)> = Vec::new();
    for number in 0..20_000u64 {
        let mut answer = honest(number, logarithmic(&mut chance, 180.0, 0.5) as i64);
        // What somebody thinks, and questions of which two are turned round; two of a hundred are all for it, honestly.
        let mood = if chance.below(50) == 0 { 5 } else { 1 + chance.below(5) as i64 };
        for (item, value) in answer.items.iter_mut().enumerate() {
            let own = (mood + chance.below(3) as i64 - 1).clamp(1, 5);
            *value = Some(if [2, 4].contains(&item) { 6 - own } else { own });
        }
        let planted = KINDS.get(chance.below(120)).copied();
        match planted {
            Some("straight_lining") => {
                let same = 1 + chance.below(5) as i64;
                answer.items = [Some(same); 6];
                // A third vary one answer, somewhere.
                if chance.below(3) == 0 {
                    answer.items[chance.below(6)] = Some(6 - same);
                }
            }
            Some("speeding") => {
                let seconds = logarithmic(&mut chance, 30.0, 0.4);
                answer.began = Some(answer.done - (seconds * SECOND as f64) as i64);
            }
            Some("duplicates") if number > 0 => {
                answer.invitation = answers[number as usize - 1].0.invitation.clone()
            }
            Some("internal") => answer.email = "tester@acme.example".into(),
            // One of five knows of the trap.
            Some("bots") => answer.trap = (chance.below(5) > 0).then_some("http://x"),
            Some("late") => answer.invited = answer.done - (31 + chance.below(20) as i64) * DAY,
            _ => {}
        }
        answers.push((answer, planted));
    }
    answers
}

#[test]
fn planted_faults_of_answers_are_found() {
    let of = declared(DEFINITIONS);
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |text| text.parse().unwrap());
    let (count, first) = (number("KEPI_COUNT", 1), number("KEPI_SEED", 1));
    // Planted, flagged, and both, by kind.
    let mut tally: BTreeMap<&str, [u64; 3]> = BTreeMap::new();
    for seed in first..first + count {
        let world = world(seed);
        let answers: Vec<Answer> = world.iter().map(|(answer, _)| answer.clone()).collect();
        let planted: BTreeMap<&str, Option<&str>> =
            world.iter().map(|(answer, planted)| (answer.key.as_str(), *planted)).collect();
        for found in found_of(&of, &answers, &mut CutOffs::new()) {
            let flags = flags_of(&of, &found);
            for kind in KINDS {
                let (is, flagged) =
                    (planted[found.key.as_str()] == Some(kind), flags.iter().any(|f| f == kind));
                let [of_kind, hits, both] = tally.entry(kind).or_default();
                *of_kind += u64::from(is);
                *hits += u64::from(flagged);
                *both += u64::from(is && flagged);
            }
        }
    }
    println!(
        "data: screening: {count} worlds of 20,000 answers from seed {first}; shares with 95 % intervals"
    );
    let share = |hits: u64, of: u64| {
        let level = Level::new(0.95).unwrap();
        let interval = clopper_pearson(hits, of, level).unwrap().interval.unwrap();
        let (low, high) = (interval.low, interval.high);
        (
            format!("{:.3} ({low:.3} – {high:.3})", hits as f64 / of.max(1) as f64),
            hits as f64 / of.max(1) as f64,
        )
    };
    for (kind, precision_floor, recall_floor) in [
        // Whoever thinks so-so answers so, honestly, whatever is turned round; and a third of those who do not read vary one.
        ("straight_lining", 0.4, 0.75),
        ("speeding", 0.3, 0.85),
        ("duplicates", 0.99, 0.99),
        ("internal", 1.0, 1.0),
        ("bots", 1.0, 0.7),
        ("late", 1.0, 1.0),
    ] {
        let [planted, flagged, both] = tally[kind];
        let ((precision, p), (recall, r)) = (share(both, flagged), share(both, planted));
        println!(
            "data: {kind}: planted {planted}, flagged {flagged}, precision {precision}, recall {recall}"
        );
        assert!(p >= precision_floor && r >= recall_floor, "{kind}: precision {p}, recall {r}");
    }
}
