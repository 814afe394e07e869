//! What is indicated, by a truth table over everything that is known of a KPI in a period.
//!
//! What is proven goes first: a change beyond its usual variation, then a miss that is certain. That the *colour* is in doubt never
//! speaks against either. Each [`Action`] says nothing that is not true of every [`Situation`] it is given for; a test walks
//! over all of them.

use kepi_model::project::{Better, TargetLines};
use kepi_score::band::{Band, band, probability};
use kepi_stats::estimate::{Estimate, Method};

use crate::{
    change::{Change, Verdict},
    trend::Trend,
};

/// The true value lies in the band with at least this probability, or the colour is in doubt.
pub const SURE: f64 = 0.8;

/// What is known of a KPI in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Situation {
    /// Whether the figure can be relied on.
    pub data: Data,
    /// What has changed since the period before.
    pub course: Course,
    /// Whether the target is met.
    pub reach: Reach,
    /// The band, and how sure it is; none without a target.
    pub colour: Option<(Colour, Doubt)>,
    /// The last periods together.
    pub trend: Trend,
}

/// Whether a figure can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Data {
    /// It is there, and only late rows can change it.
    Final,
    /// More data may still change it.
    Provisional,
    /// What it is made of is not as usual.
    InDoubt,
    /// The newest run could not renew it.
    NotRenewed,
    /// There is none.
    Missing,
}

/// What has changed, and whether by more than is usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Course {
    /// For the worse, beyond its usual variation.
    Worse,
    /// For the better, beyond its usual variation.
    Better,
    /// Beyond its usual variation, and neither for the better nor for the worse.
    Moved,
    /// Within its usual variation.
    Within,
    /// Nothing to compare with, or nothing to judge it by.
    Unknown,
}

impl Course {
    /// The course that a change shows.
    pub fn of(change: &Change) -> Self {
        match (change.verdict(), change.favourable) {
            (Verdict::Unknown, _) => Self::Unknown,
            (Verdict::Within, _) => Self::Within,
            (Verdict::Beyond | Verdict::Drifting, Some(true)) => Self::Better,
            (Verdict::Beyond | Verdict::Drifting, Some(false)) => Self::Worse,
            (Verdict::Beyond | Verdict::Drifting, None) => Self::Moved,
        }
    }
}

/// How surely something is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Certainty {
    /// All of the interval says so, or what was counted in full.
    Certain,
    /// With a probability of at least [`SURE`], and not for certain.
    Likely,
    /// The value says so; nothing says how surely.
    Unsaid,
}

/// Whether the target is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// It is missed.
    Missed(Certainty),
    /// It is met.
    Met(Certainty),
    /// Neither is likely enough.
    Open,
    /// No target is in force.
    NoTarget,
}

impl Reach {
    /// Whether an estimate has reached the target of its lines.
    pub fn of(estimate: &Estimate, lines: Option<&TargetLines>, better: Better) -> Self {
        let Some(lines) = lines else { return Self::NoTarget };
        let of = |met, how| if met { Self::Met(how) } else { Self::Missed(how) };
        let met = band(estimate.point, lines, better) >= Band::Green;
        let (low, high) = match &estimate.interval {
            Ok(interval) => (interval.low, interval.high),
            Err(_) if estimate.method == Method::Exact => return of(met, Certainty::Certain),
            Err(_) => return of(met, Certainty::Unsaid),
        };
        let (from, to) = match *lines {
            TargetLines::OneSided { target, .. } if better == Better::Lower => (f64::NEG_INFINITY, target),
            TargetLines::OneSided { target, .. } => (target, f64::INFINITY),
            TargetLines::InRange { target, .. } => target,
        };
        if high < from || low > to {
            return Self::Missed(Certainty::Certain);
        }
        if from <= low && high <= to {
            return Self::Met(Certainty::Certain);
        }
        let within = |band| probability(estimate, lines, better, band).unwrap_or(0.0);
        match within(Band::Green) + within(Band::Blue) {
            p if p >= SURE && met => Self::Met(Certainty::Likely),
            p if p <= 1.0 - SURE && !met => Self::Missed(Certainty::Likely),
            _ => Self::Open,
        }
    }
}

/// The band of the value, as far as advice tells bands apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Colour {
    /// Beyond the threshold.
    Red,
    /// Between threshold and target.
    Amber,
    /// At the target or better.
    Met,
}

impl From<Band> for Colour {
    fn from(band: Band) -> Self {
        match band {
            Band::Red => Self::Red,
            Band::Amber => Self::Amber,
            Band::Green | Band::Blue => Self::Met,
        }
    }
}

/// How sure a band is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// The true value lies in it with a probability of at least [`SURE`], or was counted in full.
    Sure,
    /// With a smaller one.
    Open,
    /// Nothing says how sure.
    Unknown,
}

impl Doubt {
    /// How sure the band of an estimate is, given the probability that it is the true one.
    pub fn of(estimate: &Estimate, probability: Option<f64>) -> Self {
        match probability {
            Some(probability) if probability < SURE => Self::Open,
            Some(_) => Self::Sure,
            None if estimate.method == Method::Exact => Self::Sure,
            None => Self::Unknown,
        }
    }
}

/// What is indicated, and the reason that is said with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// There is no value: look at the data.
    LookAtData,
    /// The newest run could not renew it: look at the data first.
    RenewFirst,
    /// What it is made of is not as usual: check the data first.
    CheckData,
    /// The period is not over: wait.
    AwaitEnd,
    /// It is getting worse, beyond its usual variation: find the cause.
    FindCause {
        /// How surely the target is met even so, if it is.
        met: Option<Certainty>,
    },
    /// It has got worse [`crate::trend::TREND`] times in a row: find the cause.
    FindCauseOfTrend,
    /// It has moved beyond its usual variation, neither way being good: find out what did.
    FindOut,
    /// It is getting better, beyond its usual variation, and is not there yet or perhaps not: keep the course.
    KeepCourse {
        /// How surely the target is missed; none where that is open.
        missed: Option<Certainty>,
    },
    /// It has got better [`crate::trend::TREND`] times in a row, and is not there yet or perhaps not: keep the course.
    KeepCourseOfTrend {
        /// How surely the target is missed; none where that is open.
        missed: Option<Certainty>,
    },
    /// Beyond the threshold, and not recovering: a plan.
    Plan {
        /// How surely it is off target.
        how: Certainty,
        /// Whether the change is within its usual variation; else nothing is known of it.
        still: bool,
    },
    /// Short of the target, and whether beyond the threshold is too close to call: watch.
    WatchColour {
        /// How surely it is short of the target.
        how: Certainty,
        /// Whether the change is within its usual variation; else nothing is known of it.
        still: bool,
    },
    /// Between threshold and target: watch.
    Watch {
        /// How surely it is short of the target.
        how: Certainty,
        /// Whether the change is within its usual variation; else nothing is known of it.
        still: bool,
    },
    /// Whether the target is met is too close to call: nothing on this figure alone.
    TooClose,
    /// Getting better, beyond its usual variation, where nothing has to be reached any more: nothing.
    NothingRising {
        /// How surely a target is met; none where there is none.
        met: Option<Certainty>,
    },
    /// On target: nothing.
    NothingOnTarget {
        /// How surely.
        how: Certainty,
    },
    /// No target, and within its usual variation: nothing.
    NothingWithin,
    /// No target, and no verdict on its change: there is nothing to hold it against.
    NothingKnown,
}

impl Action {
    /// The name used in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::LookAtData | Self::RenewFirst | Self::CheckData => "look_at_data",
            Self::AwaitEnd => "wait",
            Self::FindCause { .. } | Self::FindCauseOfTrend | Self::FindOut => "find_cause",
            Self::KeepCourse { .. } | Self::KeepCourseOfTrend { .. } => "keep_course",
            Self::Plan { .. } => "plan",
            Self::WatchColour { .. } | Self::Watch { .. } => "watch",
            Self::TooClose
            | Self::NothingRising { .. }
            | Self::NothingOnTarget { .. }
            | Self::NothingWithin
            | Self::NothingKnown => "none",
        }
    }
}

/// What is indicated in a situation.
pub fn advise(of: Situation) -> Action {
    match of.data {
        Data::Missing => return Action::LookAtData,
        Data::NotRenewed => return Action::RenewFirst,
        Data::Provisional => return Action::AwaitEnd,
        Data::InDoubt => return Action::CheckData,
        Data::Final => {}
    }
    // What is proven.
    match (of.course, of.reach) {
        (Course::Worse, Reach::Met(how)) => return Action::FindCause { met: Some(how) },
        (Course::Worse, _) => return Action::FindCause { met: None },
        (Course::Better, Reach::Missed(how)) => return Action::KeepCourse { missed: Some(how) },
        (Course::Better, Reach::Open) => return Action::KeepCourse { missed: None },
        (Course::Better, Reach::Met(how)) => return Action::NothingRising { met: Some(how) },
        (Course::Better, Reach::NoTarget) => return Action::NothingRising { met: None },
        (Course::Moved, _) => return Action::FindOut,
        (Course::Within | Course::Unknown, _) => {}
    }
    // What has crept up.
    match (of.trend, of.reach) {
        (Trend::Worsening, _) => return Action::FindCauseOfTrend,
        (Trend::Improving, Reach::Missed(how)) => return Action::KeepCourseOfTrend { missed: Some(how) },
        (Trend::Improving, Reach::Open) => return Action::KeepCourseOfTrend { missed: None },
        (Trend::Improving | Trend::None, _) => {}
    }
    // Where it stands.
    let still = of.course == Course::Within;
    match (of.reach, of.colour) {
        (Reach::NoTarget, _) if still => Action::NothingWithin,
        (Reach::NoTarget, _) => Action::NothingKnown,
        (Reach::Met(how), _) => Action::NothingOnTarget { how },
        (Reach::Open, _) => Action::TooClose,
        (Reach::Missed(how), Some((_, Doubt::Open))) => Action::WatchColour { how, still },
        (Reach::Missed(how), Some((Colour::Red, _))) => Action::Plan { how, still },
        (Reach::Missed(how), _) => Action::Watch { how, still },
    }
}

#[cfg(test)]
mod tests {
    use kepi_stats::estimate::{Interval, Level};

    use super::*;

    /// Every situation that can occur.
    fn all() -> Vec<Situation> {
        let mut all = Vec::new();
        for data in [Data::Final, Data::Provisional, Data::InDoubt, Data::NotRenewed, Data::Missing] {
            for course in [Course::Worse, Course::Better, Course::Moved, Course::Within, Course::Unknown] {
                for trend in [Trend::Worsening, Trend::Improving, Trend::None] {
                    for (reach, colour) in standings() {
                        all.push(Situation { data, course, reach, colour, trend });
                    }
                }
            }
        }
        all
    }

    /// Reach and colour that go together: what is missed is red or amber, what is met is neither; without an interval nothing
    /// says how sure either is.
    fn standings() -> Vec<(Reach, Option<(Colour, Doubt)>)> {
        let mut all = vec![(Reach::NoTarget, None)];
        for how in [Certainty::Certain, Certainty::Likely, Certainty::Unsaid] {
            let doubts: &[Doubt] =
                if how == Certainty::Unsaid { &[Doubt::Unknown] } else { &[Doubt::Sure, Doubt::Open] };
            for doubt in doubts {
                all.push((Reach::Missed(how), Some((Colour::Red, *doubt))));
                all.push((Reach::Missed(how), Some((Colour::Amber, *doubt))));
                all.push((Reach::Met(how), Some((Colour::Met, *doubt))));
            }
        }
        // Where it is open whether the target is met, no band is sure.
        all.extend([Colour::Red, Colour::Amber, Colour::Met].map(|c| (Reach::Open, Some((c, Doubt::Open)))));
        all
    }

    /// Whether all that an action says is true.
    fn holds(action: Action, of: &Situation) -> bool {
        let is_final = of.data == Data::Final;
        let unproven = matches!(of.course, Course::Within | Course::Unknown);
        let still = |said: bool| unproven && said == (of.course == Course::Within);
        let missed = |said: Option<Certainty>| of.reach == said.map_or(Reach::Open, Reach::Missed);
        let colour = |wanted| of.colour.is_some_and(|(c, doubt)| c == wanted && doubt != Doubt::Open);
        let open = of.colour.is_some_and(|(_, doubt)| doubt == Doubt::Open);
        match action {
            Action::LookAtData => of.data == Data::Missing,
            Action::RenewFirst => of.data == Data::NotRenewed,
            Action::AwaitEnd => of.data == Data::Provisional,
            Action::CheckData => of.data == Data::InDoubt,
            Action::FindCause { met } => {
                let met = met.map_or(!matches!(of.reach, Reach::Met(_)), |how| of.reach == Reach::Met(how));
                is_final && of.course == Course::Worse && met
            }
            Action::FindCauseOfTrend => is_final && unproven && of.trend == Trend::Worsening,
            Action::FindOut => is_final && of.course == Course::Moved,
            Action::KeepCourse { missed: said } => is_final && of.course == Course::Better && missed(said),
            Action::KeepCourseOfTrend { missed: said } => {
                is_final && unproven && of.trend == Trend::Improving && missed(said)
            }
            Action::Plan { how, still: said } => {
                is_final && still(said) && missed(Some(how)) && colour(Colour::Red)
            }
            Action::WatchColour { how, still: said } => is_final && still(said) && missed(Some(how)) && open,
            Action::Watch { how, still: said } => {
                is_final && still(said) && missed(Some(how)) && colour(Colour::Amber)
            }
            Action::TooClose => is_final && unproven && of.reach == Reach::Open,
            Action::NothingRising { met } => {
                is_final && of.course == Course::Better && of.reach == met.map_or(Reach::NoTarget, Reach::Met)
            }
            Action::NothingOnTarget { how } => is_final && unproven && of.reach == Reach::Met(how),
            Action::NothingWithin => is_final && of.course == Course::Within && of.reach == Reach::NoTarget,
            Action::NothingKnown => is_final && of.course == Course::Unknown && of.reach == Reach::NoTarget,
        }
    }

    #[test]
    fn every_action_is_true_of_every_situation_it_is_given_for() {
        let all = all();
        assert_eq!(all.len(), 5 * 5 * 3 * 19);
        for situation in all {
            let action = advise(situation);
            assert!(holds(action, &situation), "{situation:?}: {action:?}");
        }
    }

    #[test]
    fn doubt_about_the_colour_overrides_neither_a_proven_change_nor_a_certain_miss() {
        for situation in all().into_iter().filter(|s| s.data == Data::Final) {
            let action = advise(situation);
            if situation.course == Course::Worse {
                assert!(matches!(action, Action::FindCause { .. }), "{situation:?}: {action:?}");
            }
            if situation.course == Course::Better {
                assert!(
                    matches!(action, Action::KeepCourse { .. } | Action::NothingRising { .. }),
                    "{situation:?}: {action:?}"
                );
            }
            if matches!(situation.reach, Reach::Missed(_)) {
                assert!(action != Action::TooClose && action.code() != "none", "{situation:?}: {action:?}");
            }
            // Whatever the colour's doubt, a proven change is told the same way.
            let Some((colour, _)) = situation.colour else { continue };
            let proven = matches!(situation.course, Course::Worse | Course::Better | Course::Moved);
            for doubt in [Doubt::Sure, Doubt::Open, Doubt::Unknown] {
                let other = advise(Situation { colour: Some((colour, doubt)), ..situation });
                assert!(!proven || other == action, "{situation:?}: {action:?}, {other:?}");
            }
        }
    }

    #[test]
    fn every_action_occurs() {
        let found: std::collections::HashSet<Action> = all().into_iter().map(advise).collect();
        // Of data 4; causes 4 + 1 + 1; courses 4 + 4; plans, watching and colours (the last only with an interval) 6 + 6 + 4; too
        // close 1; nothing 4 + 3 + 1 + 1.
        assert_eq!(found.len(), 4 + 6 + 8 + 16 + 1 + 9, "{found:?}");
    }

    #[test]
    fn a_target_is_missed_or_met_for_certain_when_all_of_the_interval_is() {
        let of = |low: f64, high: f64| Estimate {
            point: (low + high) / 2.0,
            interval: Ok(Interval::new(low, high, Level::NINETY_FIVE)),
            n: 100,
            effective_n: 100.0,
            method: Method::StudentMean,
        };
        let one = TargetLines::OneSided { floor: None, threshold: 0.6, target: 0.75, stretch: None };
        let reach = |low, high, better| Reach::of(&of(low, high), Some(&one), better);
        assert_eq!(reach(0.56, 0.65, Better::Higher), Reach::Missed(Certainty::Certain));
        assert_eq!(reach(0.72, 0.77, Better::Higher), Reach::Open);
        assert_eq!(reach(0.75, 0.80, Better::Higher), Reach::Met(Certainty::Certain));
        assert_eq!(reach(0.56, 0.75, Better::Lower), Reach::Met(Certainty::Certain));
        assert_eq!(reach(0.76, 0.80, Better::Lower), Reach::Missed(Certainty::Certain));
        // The interval just holds the target, as one of 90 % would not.
        assert_eq!(reach(0.60, 0.755, Better::Higher), Reach::Missed(Certainty::Likely));
        assert_eq!(reach(0.745, 0.90, Better::Higher), Reach::Met(Certainty::Likely));
        let range =
            TargetLines::InRange { floor: None, threshold: (0.0, 9.0), target: (4.0, 6.0), stretch: None };
        let reach = |low, high| Reach::of(&of(low, high), Some(&range), Better::InRange);
        assert_eq!([reach(1.0, 3.0), reach(7.0, 8.0)], [Reach::Missed(Certainty::Certain); 2]);
        assert_eq!([reach(3.0, 5.0), reach(3.0, 7.0)], [Reach::Open; 2]);
        // 1.2 are 1.96 standard deviations, 1 is 1.63: 90 % within.
        assert_eq!(reach(3.8, 6.2), Reach::Met(Certainty::Likely));
        assert_eq!(reach(4.0, 6.0), Reach::Met(Certainty::Certain));
        // What was counted in full is what it is; of what merely has no interval nothing says how surely.
        let counted = Estimate::exact(0.7, 7, "counted in full");
        assert_eq!(Reach::of(&counted, Some(&one), Better::Higher), Reach::Missed(Certainty::Certain));
        let unknown = Estimate { method: Method::RatioAcrossEntities, ..counted };
        assert_eq!(Reach::of(&unknown, Some(&one), Better::Higher), Reach::Missed(Certainty::Unsaid));
        assert_eq!(Reach::of(&unknown, None, Better::Higher), Reach::NoTarget);
    }
}
