//! Two KPIs of which a strategy says that one moves the other a month later, with and without members, where that is so and where not.

use kepi_model::calendar::Grain;
use kepi_query::value::{Coverage, Segment};
use kepi_stats::random::Random;

use super::{Published, Tally, asked::says, world::defined};
use crate::{
    analysis::Verdict,
    frame::{Figure, Frame},
    link,
};

/// The definitions: `cause` serves one objective, `effect` the next.
const DEFINITIONS: &str = "project: world\nname: World\nlanguage: 1\ntime_zone: UTC\n---\nperson: owner\nname: Owner\n---\n\
entity: answer\nname: Answer\nkey: [id]\ntime: at\nattributes:\n  id: {type: text}\n  at: {type: date}\n  good: {type: boolean}\n  unit: {type: text}\n---\n\
strategy: plan\nmission: More.\nperspectives:\n  all: {name: All}\nobjectives:\n  before: {name: Before, perspective: all, owner: owner}\n  after: {name: After, perspective: all, owner: owner}\nlinks:\n  - {from: before, to: after, sign: positive, lag: 1 month}\n---\n\
kpi: cause\nname: Cause\nobjective: before\nindicator: leading\nbetter: higher\nmeasure: {share: {of: answer, which: good}}\nperiod: month\nby: [unit]\naccountable: owner\n---\n\
kpi: effect\nname: Effect\nobjective: after\nindicator: lagging\nbetter: higher\nmeasure: {share: {of: answer, which: good}}\nperiod: month\nby: [unit]\naccountable: owner\n\
targets:\n  - {from: 2020-01-01, threshold: 40%, target: 60%, basis: {capability: example}}\n";

/// What a value varies by from month to month in a member.
const SPREAD: f64 = 0.03;
/// January 2023.
const FIRST: i32 = (2023 - 1970) * 12;

/// Published figures of both, in so many members and months.
#[derive(Debug, Clone)]
pub struct Linked(pub Published);

impl Linked {
    /// Both KPIs have levels and slow trends of their own in each member, months that hang together, a season and shocks that all
    /// members share. `strength` is by how many spreads the effect moves where the cause moved by one the month before.
    #[must_use]
    pub fn new(seed: u64, members: usize, months: usize, strength: f64) -> Self {
        Self::ending(seed, members, (months, months), strength)
    }

    /// The same, where the cause stops to move the effect after so many months.
    #[must_use]
    pub fn ending(seed: u64, members: usize, (months, until): (usize, usize), strength: f64) -> Self {
        let project = defined(DEFINITIONS);
        let mut random = Random::seeded(seed.wrapping_mul(0x9e37_79b9).wrapping_add(29));
        let mut frame = Frame::new(Grain::Month);
        let shocks: Vec<[f64; 2]> = (0..months).map(|_| [random.normal(), random.normal()]).collect();
        let phases = [random.below(12) as f64, random.below(12) as f64];
        let mut sums = vec![[0.0; 2]; months];
        // Without members there is one series, which is the total.
        let series = members.max(1);
        for member in 0..series {
            let level = [0, 1].map(|_| 0.5 + 2.0 * SPREAD * random.normal());
            let trend = [0, 1].map(|_| 0.02 * random.normal());
            let mut state = [random.normal(), random.normal()];
            let mut before = state[0];
            for (month, (shock, sum)) in shocks.iter().zip(&mut sums).enumerate() {
                let now = month as f64;
                let season = |at: usize| {
                    let phase = phases.get(at).copied().unwrap_or(0.0);
                    libm::cos(2.0 * std::f64::consts::PI * (now + phase) / 12.0)
                };
                let caused = [0.0, if month < until { strength * before } else { 0.0 }];
                before = state[0];
                let mut values = [0.0; 2];
                for (at, value) in values.iter_mut().enumerate() {
                    let of = |all: &[f64; 2]| all.get(at).copied().unwrap_or(0.0);
                    let moved = of(&state) + of(&trend) * now + season(at) + 0.5 * of(shock) + of(&caused);
                    *value = (of(&level) + SPREAD * moved).clamp(0.0, 1.0);
                }
                state = state.map(|was| 0.5 * was + 0.75_f64.sqrt() * random.normal());
                for (sum, value) in sum.iter_mut().zip(values) {
                    *sum += value / series as f64;
                }
                if members > 0 {
                    let Ok(unit) = "unit".parse() else { continue };
                    push(&mut frame, &Segment::one(unit, &format!("u{member:03}")), month, values);
                }
            }
        }
        for (month, values) in sums.into_iter().enumerate() {
            push(&mut frame, &Segment::total(), month, values);
        }
        Self(Published::new(project, frame))
    }

    /// The same with a scorecard of both.
    #[must_use]
    pub fn on_a_scorecard(self) -> Self {
        let card = "---\nscorecard: card\nname: Card\nperiod: month\nperspectives:\n  all:\n    weight: 100%\n    objectives:\n      \
            before: {weight: 50%, kpis: {cause: 100%}}\n      after: {weight: 50%, kpis: {effect: 100%}}\n";
        Self(Published { project: defined(&format!("{DEFINITIONS}{card}")), ..self.0 })
    }

    /// What the link's only pair is found to be, in the last month.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let of = &self.0;
        let found = |pair| link::found(pair, of.last(), of).map_or(Verdict::Unknown, |found| found.verdict);
        link::together(link::pairs(&of.project).iter().map(found))
    }
}

fn push(frame: &mut Frame, segment: &Segment, month: usize, values: [f64; 2]) {
    for (kpi, point) in ["cause", "effect"].into_iter().zip(values) {
        let Ok(kpi) = kpi.parse() else { continue };
        let ordinal = FIRST + month as i32;
        let figure = Figure {
            ordinal,
            point,
            interval: None,
            degrees: None,
            effective_n: 1_000.0,
            exact: false,
            is_final: true,
            coverage: Coverage::default(),
        };
        frame.push(&kpi, segment, figure);
    }
}

/// What was found over many such worlds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Links {
    /// An effect of .2 spreads in 50 members over 36 months that was supported.
    pub panel: Tally,
    /// Clean panels of which anything but *no* or *unknown* was said.
    pub panel_false: Tally,
    /// Clean panels of which *no* was said: an effect worth having could be ruled out.
    pub panel_no: Tally,
    /// An effect of .4 spreads in a total over 36 months of which rightly nothing was said: too little is known.
    pub total_untold: Tally,
    /// Clean totals of which anything but *no* or *unknown* was said.
    pub total_false: Tally,
    /// An effect of .3 spreads in 50 members by which forecasts were said to gain.
    pub gain: Tally,
    /// Clean panels by which they were said to.
    pub gain_false: Tally,
    /// Clean totals over five years by which they were said to.
    pub gain_total_false: Tally,
}

/// Runs so many worlds of each.
#[must_use]
pub fn links(seeds: std::ops::Range<u64>) -> Links {
    let mut found = Links::default();
    let said = |verdict| matches!(verdict, Verdict::Yes | Verdict::Contrary);
    for seed in seeds {
        found.panel.add(Linked::new(seed, 50, 36, 0.2).verdict() == Verdict::Yes);
        let clean = Linked::new(seed, 50, 36, 0.0).verdict();
        found.panel_false.add(said(clean));
        found.panel_no.add(clean == Verdict::No);
        found.total_untold.add(Linked::new(seed, 0, 36, 0.4).verdict() == Verdict::Unknown);
        found.total_false.add(said(Linked::new(seed, 0, 36, 0.0).verdict()));
        let gains = |of: Linked| says("gain", "cause", &of.0).map(|of| of.verdict) == Some(Verdict::Yes);
        found.gain.add(gains(Linked::new(seed, 50, 36, 0.3)));
        found.gain_false.add(gains(Linked::new(seed, 50, 36, 0.0)));
        found.gain_total_false.add(gains(Linked::new(seed, 0, 60, 0.0)));
    }
    found
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::{policy, sentence::Sentence};

    #[test]
    fn what_is_believed_of_kpis_stands_for_the_link_between_their_objectives() {
        let more = "---\nkpi: other\nname: Other\nobjective: after\nindicator: lagging\nbetter: lower\nmeasure: {share: {of: answer, which: good}}\nperiod: month\naccountable: owner\n";
        let pairs = |moves: &str| -> Vec<(String, String, Option<f64>)> {
            let text = DEFINITIONS.replacen("kpi: cause\n", &format!("kpi: cause\n{moves}"), 1) + more;
            let project = defined(&text);
            let of = link::pairs(&project).into_iter();
            of.map(|pair| (pair.cause.id.to_string(), pair.effect.id.to_string(), pair.worth)).collect()
        };
        let pair = |effect: &str, worth| ("cause".to_owned(), effect.to_owned(), worth);
        assert_eq!(pairs(""), [pair("effect", None), pair("other", None)]);
        let moves = "moves: {other: {sign: positive, lag: 2 months, worth: 0.5%}}\n";
        assert_eq!(pairs(moves), [pair("other", Some(0.005))]);
        // Of KPIs whose objectives no link joins, too.
        let text =
            DEFINITIONS.replace("links:\n  - {from: before, to: after, sign: positive, lag: 1 month}\n", "");
        let text = text.replacen("kpi: cause\n", "kpi: cause\nmoves: {effect: {sign: negative}}\n", 1);
        let project = defined(&text);
        let [found] = &link::pairs(&project)[..] else { panic!("{:?}", link::pairs(&project)) };
        assert_eq!((found.effect.id.as_str(), link::expected_sign(found)), ("effect", -1.0));
    }

    #[test]
    fn what_comes_too_late_to_act_on_cannot_lead() {
        let role = |decides: &str, lag: &str, indicator: &str| {
            let text = DEFINITIONS
                .replace("time_zone: UTC", &format!("time_zone: UTC\nbalance: {{decides: {decides}}}"))
                .replace("lag: 1 month", &format!("lag: {lag}"))
                .replace("indicator: leading", &format!("indicator: {indicator}"));
            let of = Published::new(defined(&text), Frame::new(Grain::Month));
            says("role", "cause", &of).map(|of| (of.verdict, of.says))
        };
        let left = |of: Option<(Verdict, Vec<Sentence>)>| match of {
            Some((verdict, says)) => match &says[..] {
                [Sentence::Role(role)] => (verdict, role.left.round(), role.beyond_cycle),
                _ => panic!("{says:?}"),
            },
            None => panic!("nothing is said"),
        };
        // A quarter after a month that is known at its end: a week is enough, two months are not quite too much, a quarter is.
        assert_eq!(left(role("1 week", "1 quarter", "leading")), (Verdict::Yes, 54.0, false));
        assert_eq!(left(role("2 months", "1 quarter", "leading")), (Verdict::Yes, 0.0, false));
        assert_eq!(left(role("1 quarter", "1 quarter", "leading")), (Verdict::Contrary, -30.0, false));
        assert_eq!(left(role("1 month", "1 month", "lagging")), (Verdict::No, -30.0, false));
        assert_eq!(left(role("1 month", "2 years", "leading")), (Verdict::Yes, 670.0, true));
    }

    #[test]
    fn a_scorecard_that_leans_on_what_does_not_predict_is_told() {
        let relies = |strength| {
            let found =
                says("reliance", "effect", &Linked::new(4, 50, 60, strength).on_a_scorecard().0).unwrap();
            let [Sentence::Relies { leading: 1, predict, not, unlinked: 0, .. }] = &found.says[..] else {
                panic!("{found:?}")
            };
            (found.verdict, *predict, not.len())
        };
        assert_eq!(relies(0.3), (Verdict::Yes, 1, 0));
        assert_eq!(relies(0.0), (Verdict::No, 0, 1));
    }

    #[test]
    fn what_counts_is_the_scorecard_in_force() {
        let card = |from: &str, objective: &str, kpi: &str| {
            format!(
                "---\nscorecard: card\nname: Card\n{from}period: month\nperspectives:\n  all:\n    weight: 100%\n    objectives:\n      \
                 {objective}: {{weight: 100%, kpis: {{{kpi}: 100%}}}}\n"
            )
        };
        let text = format!(
            "{DEFINITIONS}{}{}",
            card("", "before", "cause"),
            card("from: 2026-01-01\n", "after", "effect")
        );
        let project = defined(&text);
        let weight = |kpi: &str, ordinal| {
            let kpi = project.kpis.values().find(|known| known.id.as_str() == kpi).unwrap();
            policy::weight(&project, kpi, project.period(kpi, Grain::Month, ordinal))
        };
        let january = (2026 - 1970) * 12;
        assert_eq!((weight("cause", january - 1), weight("effect", january - 1)), (20.0, 5.0));
        assert_eq!((weight("cause", january), weight("effect", january)), (1.0, 20.0));
    }
}
