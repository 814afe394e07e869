//! The scorecard page.

use kepi_model::project::{Better, Indicator, ValueUnit};

use jiff::civil::Date;

use crate::operating_plan::PlanBeside;

use super::{
    bridge::Bridge,
    kpi::OfficialFigureView,
    names::{Choice, Named, Person, ProjectView, UnitChoice},
    quantity::{Change, Coverage, Freshness, Measured, Outcome, Points, Recent, Status, TargetView, Weight},
};

/// A score with its status.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreView {
    /// 0 to 120 points, or why there is no score.
    pub score: Outcome<Points>,
    /// Red below 50, amber below 100, green below 120, blue at 120.
    pub status: Status,
    /// Share of weight that has a score.
    pub coverage: Coverage,
}

/// That a score is without some units, whose data nobody attested in time.
#[derive(Debug, Clone, PartialEq)]
pub struct PartialView {
    /// Units, what becomes of each: `exclude`, `carry`, `block`, `warn`; and that in words.
    pub late: Vec<(Named, &'static str, &'static str)>,
    /// Whether the period was closed so.
    pub closed: bool,
    /// What the score is by the rule about them: of a mean of units, and before the close of what is computed from rows whose parts add up to it; none: it
    /// has what landed of them.
    pub without: Option<ScoreView>,
}

/// What people say made a figure what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CauseView {
    /// The item that says it.
    pub item: u64,
    /// Why, in their words.
    pub text: String,
    /// Who said it.
    pub by: Vec<String>,
    /// Whether whoever answers for the KPI said it, or others have read it; else it is proposed.
    pub confirmed: bool,
}

/// A KPI that needs attention, in words.
#[derive(Debug, Clone, PartialEq)]
pub struct Deviation {
    /// The KPI.
    pub kpi: Named,
    /// The segment that it judges; none: all of the unit's rows.
    pub segment: Option<Named>,
    /// Its status.
    pub status: Status,
    /// Its value, or why there is none.
    pub value: Outcome<Measured>,
    /// The target as shown: `4.00`.
    pub target: Option<String>,
    /// What is off, in one sentence.
    pub what: String,
    /// What the data say about why: one sentence each, the strongest first; may be empty.
    pub why: Vec<String>,
    /// What people say made it; none: nobody said anything of this period.
    pub cause: Option<CauseView>,
    /// What is indicated; "no action indicated" is said aloud.
    pub action: String,
    /// The same for programs: `find_cause`.
    pub advice: &'static str,
    /// Points that the scorecard loses against all on target; orders the list.
    pub points_lost: Option<Points>,
    /// Who acts.
    pub accountable: Option<Person>,
}

/// What a figure says, in sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsightView {
    /// How it stands against its target.
    pub what: String,
    /// What has changed, whether that has gone on for long, and whether the colour is open.
    pub why: Vec<String>,
    /// Where that is: the members that are beyond what is usual of themselves.
    pub located: Option<String>,
    /// What is indicated.
    pub action: String,
    /// The same for programs.
    pub advice: &'static str,
}

/// A KPI in a scorecard.
#[derive(Debug, Clone, PartialEq)]
pub struct KpiRow {
    /// The KPI.
    pub kpi: Named,
    /// The segment that it judges on the scorecard, of the unit's rows, and what it is called; none: all of them.
    pub segment: Option<Named>,
    /// What its value is.
    pub measured_in: ValueUnit,
    /// Which direction is good.
    pub better: Better,
    /// Leading or lagging.
    pub indicator: Option<Indicator>,
    /// Weight within its objective; none outside a scorecard.
    pub weight: Option<Weight>,
    /// On a scorecard of shorter periods the period that the value is of: the last of its own that has ended.
    pub as_of: Option<String>,
    /// Where the value stands.
    pub status: Status,
    /// Probability (0 to 1) that the true value lies in the band of the status, if the interval tells.
    pub status_probability: Option<f64>,
    /// The value, or why there is none.
    pub value: Outcome<Measured>,
    /// The target that holds in the period.
    pub target: Option<TargetView>,
    /// Its score, or why there is none.
    pub score: Outcome<Points>,
    /// Its recent course.
    pub recent: Recent,
    /// Against the previous comparable period, or why there is nothing to compare.
    pub change: Outcome<Change>,
    /// How complete the cases are; none where there are none, as behind a count of zero.
    pub coverage: Option<Coverage>,
    /// How current it is.
    pub freshness: Freshness,
    /// Exactly one person.
    pub accountable: Option<Person>,
}

/// A segment in an objective, with the score of what it is judged by.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentScoreView {
    /// Which.
    pub segment: Named,
    /// Weight within its objective, in the period; none where it is not known.
    pub weight: Option<Weight>,
    /// Its score.
    pub score: ScoreView,
    /// What it adds to the objective's score.
    pub contribution: Option<Points>,
}

/// An objective in a scorecard.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectiveView {
    /// The objective.
    pub objective: Named,
    /// Weight within its perspective.
    pub weight: Weight,
    /// Its score.
    pub score: ScoreView,
    /// Who answers for it.
    pub owner: Option<Person>,
    /// Its KPIs.
    pub kpis: Vec<KpiRow>,
    /// Segments that are judged by KPIs of their own, with what each adds to the objective's score.
    pub segments: Vec<SegmentScoreView>,
    /// What no segment is of, in words.
    pub not_judged: Option<String>,
}

/// A perspective in a scorecard.
#[derive(Debug, Clone, PartialEq)]
pub struct PerspectiveView {
    /// The perspective.
    pub perspective: Named,
    /// Weight in the scorecard.
    pub weight: Weight,
    /// Its score.
    pub score: ScoreView,
    /// Points it adds to the overall score; these add up exactly. None without a score.
    pub contribution: Option<Points>,
    /// Its objectives.
    pub objectives: Vec<ObjectiveView>,
}

/// A scorecard for a unit and a period.
#[derive(Debug, Clone, PartialEq)]
pub struct ScorecardView {
    /// The project.
    pub project: ProjectView,
    /// The scorecard.
    pub scorecard: Named,
    /// The unit shown, if the scorecard is for one.
    pub unit: Option<Named>,
    /// Units to choose, in tree order; empty without a cascade.
    pub units: Vec<UnitChoice>,
    /// The period shown, as the interface takes it.
    pub period: String,
    /// What the period is called beside those of the project.
    pub named: String,
    /// The zone in which its days and periods begin, where it says so.
    pub time_zone: Option<String>,
    /// How its days make weeks, months and years, where it says so.
    pub calendar: Option<String>,
    /// Of a scorecard that changed with time, the first day of the weights and KPIs shown, or *ever*.
    pub in_force_from: Option<String>,
    /// Units that moved within the period, and so changed whose rows are whose.
    pub moves: Vec<UnitMove>,
    /// Whether every value is final; provisional ones may still change.
    pub complete: bool,
    /// Periods to choose, newest first.
    pub periods: Vec<Choice>,
    /// How current the data are, over all KPIs shown.
    pub freshness: Freshness,
    /// The overall score.
    pub overall: ScoreView,
    /// Of how many units the score is the mean, where it is; perspectives are then of the unit's own rows, and do not add up to it.
    pub mean_of: Option<usize>,
    /// What is official of the score, if the period is closed.
    pub official: Option<OfficialFigureView>,
    /// Units that are late, if any are.
    pub partial: Option<PartialView>,
    /// What was planned and spent for its objectives, if an operating plan says so.
    pub plan: Option<PlanBeside>,
    /// How the score came about since the previous period, if both have one.
    pub bridge: Option<Bridge>,
    /// What a missing child does, in words.
    pub missing_rule: String,
    /// Of which KPIs the weight in the whole never falls below what share, in words.
    pub floors: Vec<String>,
    /// What needs attention, worst first.
    pub deviations: Vec<Deviation>,
    /// Perspectives in the strategy's order.
    pub perspectives: Vec<PerspectiveView>,
}

/// A unit that came to stand below another.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitMove {
    /// The unit.
    pub unit: Named,
    /// Its first day there.
    pub since: Date,
    /// The unit above it before, if there was one.
    pub from: Option<Named>,
    /// The unit above it since, if there is one.
    pub to: Option<Named>,
}

impl UnitMove {
    /// What happened, as a sentence.
    pub fn words(&self) -> String {
        let name = |of: &Option<Named>| of.as_ref().map_or("none", |of| of.name.as_str()).to_owned();
        format!(
            "{} stands below {} since {}, before that below {}: its rows moved along.",
            self.unit.name,
            name(&self.to),
            self.since.strftime("%-d %B %Y"),
            name(&self.from)
        )
    }
}

impl ScorecardView {
    /// All KPI rows in order.
    pub fn rows(&self) -> impl Iterator<Item = &KpiRow> {
        self.perspectives.iter().flat_map(|p| &p.objectives).flat_map(|o| &o.kpis)
    }
}
