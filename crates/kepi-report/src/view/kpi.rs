//! The page of one KPI, and the list of all.

use crate::format;

use super::{
    benchmarks::BenchmarkView,
    decided::ItemRow,
    insight::{AnalysisView, ControlView},
    names::{Choice, Named, Person, ProjectView, UnitChoice},
    quantity::{Coverage, Measured, Outcome, Points, SeriesPoint, Status, TargetView, Weight},
    scorecard::{InsightView, KpiRow},
};

/// All KPIs.
#[derive(Debug, Clone, PartialEq)]
pub struct KpiListView {
    /// The project.
    pub project: ProjectView,
    /// In the order of perspectives and objectives, then of ids. Each with its own natural period, the last one
    /// that has data.
    pub kpis: Vec<KpiListRow>,
    /// Stage gates that ask for KPIs.
    pub gates: Vec<Named>,
}

/// A KPI of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct KpiListRow {
    /// The perspective of its objective.
    pub perspective: Option<Named>,
    /// The objective it serves.
    pub objective: Option<Named>,
    /// The period of the value.
    pub period: String,
    /// Whether the value is final; a provisional one may still change.
    pub complete: bool,
    /// Value, status, target and change.
    pub row: KpiRow,
}

/// A KPI in full.
#[derive(Debug, Clone, PartialEq)]
pub struct KpiView {
    /// The project.
    pub project: ProjectView,
    /// In plain words.
    pub description: Option<String>,
    /// The perspective of its objective.
    pub perspective: Option<Named>,
    /// The objective it serves.
    pub objective: Option<Named>,
    /// Scorecards that use it.
    pub scorecards: Vec<Named>,
    /// The unit shown, if one is chosen.
    pub unit: Option<Named>,
    /// Units to choose.
    pub units: Vec<UnitChoice>,
    /// The segment shown, if one is chosen: `boarding_area=A`.
    pub segment: Option<Named>,
    /// The period shown, as the interface takes it.
    pub period: String,
    /// Periods to choose, newest first.
    pub periods: Vec<Choice>,
    /// Of a combination: each of its members alone.
    pub wider: Vec<Named>,
    /// Value, status, target and change in the period shown.
    pub current: KpiRow,
    /// What that says.
    pub insight: InsightView,
    /// What analyses say of the period, over all rows; empty for a segment.
    pub analyses: Vec<AnalysisView>,
    /// Its control chart up to the period, over all rows; none for a segment, or where there is none.
    pub control: Option<ControlView>,
    /// The series around the period shown, oldest first.
    pub trend: Vec<SeriesPoint>,
    /// How many further periods it has.
    pub further: usize,
    /// The period shown, by segment.
    pub dimensions: Vec<DimensionView>,
    /// Whether it is by the age of customers, and so has cohorts.
    pub has_cohorts: bool,
    /// Whether it is a stock, and so has what came and went.
    pub has_flow: bool,
    /// Whether a sample is planned for it.
    pub has_sample: bool,
    /// The KPIs that it is computed of, instead of rows.
    pub inputs: Vec<InputView>,
    /// KPIs that it says are to be shown beside its values, of the period and rows shown.
    pub beside: Vec<BesideView>,
    /// What the value is.
    pub definition: DefinitionView,
    /// Where its values begin to mean something else, the newest first.
    pub breaks: Vec<BreakView>,
    /// What the value was computed from, or why nothing is pinned.
    pub pins: Outcome<PinsView>,
    /// What entered and what did not.
    pub quality: QualityView,
    /// Who does what.
    pub people: PeopleView,
    /// What is taken for granted.
    pub assumptions: Vec<String>,
    /// What it weighs, side by side: on scorecards, and there in pay and of the money.
    pub weights: Vec<WeighedView>,
    /// Figures of others that its targets rest on.
    pub benchmarks: Vec<BenchmarkView>,
    /// All targets, newest first.
    pub targets: Vec<TargetView>,
    /// Published values that later data would change.
    pub restatements: Vec<Restatement>,
    /// What is official of the figure shown, if its period is closed.
    pub official: Option<OfficialFigureView>,
    /// What people said in place of computed values, or did.
    pub overrides: Vec<OverrideView>,
    /// What was said of it, the newest period first.
    pub commentary: Vec<CommentaryView>,
    /// What is open about its figures: alerts, plans, post-mortems, disputes.
    pub open: Vec<ItemRow>,
    /// Items that say that the figure shown is not right, and have no answer yet.
    pub disputed: Vec<u64>,
    /// What its figures do not show by themselves.
    pub standing: StandingView,
    /// That it comes to its end, or did.
    pub ending: Option<EndingView>,
    /// Whether people enter its figures.
    pub is_entered: bool,
    /// KPIs that it is to be used instead of, each beside it.
    pub succeeds: Vec<(Named, BridgedView)>,
    /// What its course continues.
    pub earlier: Option<EarlierView>,
}

/// Figures of the KPI before, on the level of the one that takes its place: the periods right before that one's first.
#[derive(Debug, Clone, PartialEq)]
pub struct EarlierView {
    /// The KPI before.
    pub of: Named,
    /// Period and figure, oldest first.
    pub points: Vec<(String, Measured)>,
}

/// What a KPI weighs on a scorecard, and beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeighedView {
    /// The scorecard.
    pub card: Named,
    /// Its weight there.
    pub weight: String,
    /// In pay: plan and weight.
    pub pay: Vec<(Named, String)>,
    /// Of money: plan with its version, and share.
    pub money: Vec<(Named, String)>,
    /// Incentive plans by which they lie too far apart.
    pub apart: Vec<String>,
}

/// That a KPI comes to its end, or did.
#[derive(Debug, Clone, PartialEq)]
pub struct EndingView {
    /// `deprecated`, `sunset`, `shadow` (nothing takes its place) or `retired`.
    pub state: &'static str,
    /// First day on which it is not to be used.
    pub sunset: String,
    /// First day of which it has no figures.
    pub retired: Option<String>,
    /// What is to be used instead.
    pub successor: Option<Named>,
    /// Both side by side.
    pub bridge: Option<BridgedView>,
}

impl EndingView {
    /// In words.
    pub fn words(&self) -> String {
        match (self.state, &self.retired) {
            ("retired", Some(day)) => {
                format!("retired: it has no figures from {day} on, and those until then stay")
            }
            ("sunset", Some(day)) => {
                format!("not to be used since {}; it has figures until {day}", self.sunset)
            }
            ("shadow", _) => {
                format!("runs in shadow since {}: measured and watched, and used by nothing", self.sunset)
            }
            ("sunset", None) => format!("not to be used since {}", self.sunset),
            (_, Some(day)) => {
                format!("deprecated: not to be used from {} on, without figures from {day} on", self.sunset)
            }
            (_, None) => format!("deprecated: not to be used from {} on", self.sunset),
        }
    }
}

/// So many periods of a KPI and its successor are put side by side, the newest.
pub const MOST_BRIDGED: usize = 12;

/// The figures of a KPI and of that which succeeds it.
#[derive(Debug, Clone, PartialEq)]
pub struct BridgedView {
    /// How they lie to each other, in words.
    pub said: String,
    /// By how much the new lies from the old on average where both have figures.
    pub by: Option<Measured>,
    /// By how much that differs from period to period besides chance, as a standard deviation; none where chance explains it.
    pub varies: Option<f64>,
    /// The newest period first.
    pub rows: Vec<BridgedRow>,
}

impl BridgedView {
    /// Whether figures of the one are on the level of the other.
    pub fn is_moved(&self) -> bool {
        self.rows.iter().any(|row| row.moved.is_some())
    }
}

/// A period of [`BridgedView`].
#[derive(Debug, Clone, PartialEq)]
pub struct BridgedRow {
    /// The period.
    pub period: String,
    /// Its number: neighbours follow one another.
    pub ordinal: i32,
    /// The old one's value.
    pub old: Option<String>,
    /// The new one's.
    pub new: Option<String>,
    /// New less old.
    pub difference: Option<String>,
    /// What the old one's is on the level of the new, where there is no new one.
    pub moved: Option<Measured>,
}

/// What was said of a KPI in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentaryView {
    /// The item.
    pub item: u64,
    /// The period.
    pub period: String,
    /// The name of the unit; none: of all rows.
    pub unit: Option<String>,
    /// Who said it.
    pub by: Vec<String>,
    /// When, RFC 3339.
    pub at: String,
    /// Its parts: name and text; a text that was erased is none.
    pub parts: Vec<(&'static str, Option<String>)>,
    /// Whether others have read it.
    pub read: bool,
}

/// A place in a series from which on its values mean something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakView {
    /// The first period that is computed otherwise.
    pub period: String,
    /// The first day of the new wording.
    pub from: String,
    /// What was measured before, in words.
    pub before: String,
    /// What is measured since.
    pub after: String,
}

/// A KPI that another one is computed of, as it entered the value shown.
#[derive(Debug, Clone, PartialEq)]
pub struct InputView {
    /// Its name in the formula.
    pub name: String,
    /// The KPI.
    pub kpi: Named,
    /// Its period: the one shown, or an earlier one.
    pub period: String,
    /// Its rows, as the interface takes them; empty for all.
    pub segment: String,
    /// Its value there.
    pub value: Outcome<Measured>,
    /// In an index: its points and what it adds.
    pub part: Option<PartView>,
}

/// A KPI that is shown beside another one.
#[derive(Debug, Clone, PartialEq)]
pub struct BesideView {
    /// The KPI.
    pub kpi: Named,
    /// Its rows, as the interface takes them; empty for all.
    pub segment: String,
    /// Its value in the period shown.
    pub value: Outcome<Measured>,
    /// The share of its rows, or of their weights, that entered.
    pub coverage: Option<Coverage>,
}

/// What a KPI adds to an index.
#[derive(Debug, Clone, PartialEq)]
pub struct PartView {
    /// The amount that comes to 0 points.
    pub zero: String,
    /// The amount that comes to 100 points.
    pub hundred: String,
    /// Its share of the index.
    pub weight: Weight,
    /// Its points.
    pub points: Outcome<Points>,
    /// What it adds: those of all parts sum to the index. None where there is no index.
    pub adds: Option<Points>,
}

/// What the figures of a KPI do not show by themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StandingView {
    /// Figures that are no longer computed.
    pub withdrawn: Vec<WithdrawalView>,
    /// What they rest on and is not so any more, in words.
    pub moved_on: Vec<String>,
    /// Why the newest run could not renew them.
    pub not_renewed: Option<String>,
    /// Sources that feed it and are late, in words.
    pub late: Vec<String>,
}

/// A figure that is no longer computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithdrawalView {
    /// The period.
    pub period: String,
    /// The segment as the interface takes it; empty for the total.
    pub segment: String,
    /// What it was, and when that was published.
    pub was: Option<String>,
    /// When it was withdrawn, RFC 3339.
    pub withdrawn_at: String,
    /// Why, for programs: `rows_gone`.
    pub code: String,
    /// Why.
    pub reason: String,
}

/// The period shown, by one dimension, or by several together.
#[derive(Debug, Clone, PartialEq)]
pub struct DimensionView {
    /// The dimension; of several their ids joined by `-` and their names.
    pub dimension: Named,
    /// How many dimensions it combines.
    pub combines: usize,
    /// Members in a stable order.
    pub members: Vec<SegmentPoint>,
    /// What must be said about them, such as how many are too small to show.
    pub note: Option<String>,
}

/// One member of a dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentPoint {
    /// The segment as the interface takes it: `boarding_area=A`.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// Its value, or why there is none.
    pub value: Outcome<Measured>,
    /// Against the target that holds for it.
    pub status: Status,
    /// That target: its own, or one of more rows that holds for it, too.
    pub target: Option<TargetView>,
    /// Whether that is for a segment.
    pub has_own: bool,
    /// What became of those of it who were invited, where it is told.
    pub response: Option<ResponseView>,
}

/// What a value is: in words, as written, as a formula.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinitionView {
    /// In words.
    pub words: String,
    /// As a formula.
    pub formula: String,
    /// The window that a value is made from, where it is not the period: `12 months`. Neighbouring values then share rows, so
    /// that they are not independent.
    pub window: Option<String>,
    /// As written in its file.
    pub code: String,
    /// The id that it has there; of a KPI by the calendar of a scorecard that of the KPI which is defined.
    pub defined_as: String,
    /// File and line: `kpis/restrooms.yml:12`.
    pub place: String,
    /// Hash of its meaning, in full.
    pub hash: String,
    /// Of a KPI that changed with time: the first day of the wording in force in the period, or `ever`.
    pub in_force_from: Option<String>,
    /// When it is published: `at least 100 answers`.
    pub gates: Vec<String>,
    /// What is said of periods without data, where that is anything.
    pub without_data: Option<String>,
    /// What is seen of it by whoever does not answer for it, where that is not all.
    pub publication: Option<&'static str>,
    /// What the data may be used for.
    pub purpose: Option<String>,
}

/// What a value was computed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinsView {
    /// Hash of the definition.
    pub definition: String,
    /// Snapshot of the lake.
    pub snapshot: String,
    /// Engine and its version.
    pub engine: String,
    /// Hash of the additive states.
    pub states: String,
    /// When it was computed, RFC 3339.
    pub computed_at: String,
    /// The command that recomputes and compares it.
    pub reproduce: String,
}

/// So many, for a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedReason {
    /// The reason.
    pub reason: String,
    /// How many rows.
    pub count: u64,
}

/// What became of invitations.
#[derive(Debug, Clone, PartialEq)]
pub struct ResponseView {
    /// All.
    pub invited: u64,
    /// Those that did not arrive, where this is told apart.
    pub bounced: Option<u64>,
    /// Those that reached whom they were not meant for, where this is told apart.
    pub ineligible: Option<u64>,
    /// Those who could have answered: the denominator of the rate.
    pub asked: u64,
    /// Answered in full.
    pub complete: u64,
    /// Answered in part, where this is told apart.
    pub partial: Option<u64>,
    /// The rate of response; none where nobody was asked.
    pub rate: Option<Coverage>,
}

impl ResponseView {
    /// The rate and of how many: `40 % of 120 answered`.
    pub fn short(&self) -> String {
        let asked = format::count(self.asked);
        self.rate
            .as_ref()
            .map_or("nobody was asked".to_owned(), |rate| format!("{} of {asked} answered", rate.text))
    }

    /// In words: how many were invited, asked and answered, with the denominator of the rate.
    pub fn words(&self) -> String {
        let but = [(self.bounced, "did not arrive"), (self.ineligible, "were not meant")];
        let but: Vec<String> =
            but.into_iter().filter_map(|(n, what)| Some(format!("{} {what}", format::count(n?)))).collect();
        let but = if but.is_empty() { String::new() } else { format!(" ({})", but.join(", ")) };
        let partial = self.partial.map_or(String::new(), |n| format!(", {} in part", format::count(n)));
        let rate = self.rate.as_ref().map_or("nobody was asked".to_owned(), |rate| {
            format!("{} of {} asked", rate.text, format::count(self.asked))
        });
        format!(
            "{} invited{but}, {} answered{partial}: {rate}",
            format::count(self.invited),
            format::count(self.complete)
        )
    }
}

/// What a value would be if no row were screened out.
#[derive(Debug, Clone, PartialEq)]
pub struct UnscreenedView {
    /// The figure, or why there is none.
    pub value: Outcome<Measured>,
    /// Rows that are screened out.
    pub screened_out: u64,
}

impl UnscreenedView {
    /// In words: the figure, its interval and how many rows it has more.
    pub fn words(&self) -> String {
        let rows = format::count(self.screened_out);
        let more = match self.screened_out {
            0 => "no row is screened out".to_owned(),
            1 => "1 row is screened out".to_owned(),
            _ => format!("{rows} rows are screened out"),
        };
        match &self.value {
            Outcome::Value(of) => {
                let interval = of.interval.value().map_or(String::new(), |of| format!(" ({})", of.text));
                format!("{}{interval}, n {}; {more}", of.value.text, format::count(of.n))
            }
            Outcome::Reason(reason) => format!("{}; {more}", reason.text),
        }
    }
}

/// What entered a value and what did not.
#[derive(Debug, Clone, PartialEq)]
pub struct QualityView {
    /// What became of the invitations, where the KPI says so.
    pub response: Option<ResponseView>,
    /// How far those who answered stand for those who were asked, where rows are weighted to margins.
    pub representativity: Option<Coverage>,
    /// What it would be if no row were screened out, where rows are.
    pub unscreened: Option<UnscreenedView>,
    /// Cases that entered.
    pub n: u64,
    /// Effective number where weights make it smaller.
    pub effective_n: Option<f64>,
    /// Rows of the population that did not enter, by reason.
    pub left_out: Vec<CountedReason>,
    /// Rows in quarantine of the sources behind it.
    pub quarantined: u64,
    /// The sources behind it.
    pub sources: Vec<Named>,
}

/// Who does what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PeopleView {
    /// Exactly one.
    pub accountable: Option<Person>,
    /// Who does the work.
    pub responsible: Vec<Person>,
    /// Who is asked.
    pub consulted: Vec<Person>,
    /// Who is told.
    pub informed: Vec<Person>,
}

/// What people said in place of a computed value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverrideView {
    /// The item that decided it.
    pub item: u64,
    /// The period.
    pub period: String,
    /// The segment as the interface takes it; empty for the total.
    pub segment: String,
    /// Its shown name.
    pub name: String,
    /// What was said.
    pub said: String,
    /// What is computed now.
    pub computed: String,
    /// Since when, RFC 3339.
    pub since: String,
    /// The day on which it is over.
    pub expires: Option<String>,
    /// Why it is over, and when; none: it is in force.
    pub over: Option<(String, &'static str)>,
    /// Why; none: the text was erased.
    pub why: Option<String>,
    /// What it rests on.
    pub evidence: Option<String>,
    /// Who proposed it.
    pub by: Vec<String>,
    /// Who agreed to it.
    pub agreed: Vec<String>,
}

impl OverrideView {
    /// In one sentence.
    pub fn words(&self) -> String {
        let name = if self.name.is_empty() { String::new() } else { format!(", {}", self.name) };
        let erased = || "erased".to_owned();
        let who = match self.agreed.is_empty() {
            true => self.by.join(", "),
            false => format!("{}, agreed to by {}", self.by.join(", "), self.agreed.join(", ")),
        };
        let until = match (&self.over, &self.expires) {
            (Some((at, why)), _) => format!(", {why} {at}"),
            (None, Some(day)) => format!(", until {day}"),
            (None, None) => String::new(),
        };
        format!(
            "{}{name}: said {} by {who} since {}{until}; computed {}; why: {}; evidence: {} (item {})",
            self.period,
            self.said,
            self.since,
            self.computed,
            self.why.clone().unwrap_or_else(erased),
            self.evidence.clone().unwrap_or_else(erased),
            self.item
        )
    }
}

/// What is official of a figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficialFigureView {
    /// The period.
    pub period: String,
    /// The how-manieth close of it.
    pub version: usize,
    /// When it was closed, RFC 3339.
    pub at: String,
    /// What is official; none: nothing was published of it then.
    pub figure: Option<String>,
    /// What stands now, where that is something else.
    pub now: Option<String>,
    /// Whether that is what was published then, and official is what the rule about units that were late made of it.
    pub by_rule: bool,
}

impl OfficialFigureView {
    /// In words, but for when.
    pub fn words(&self) -> String {
        let version = if self.version > 1 { format!(" (version {})", self.version) } else { String::new() };
        let official = match &self.figure {
            Some(figure) => format!("{figure} is official{version}"),
            None => format!("nothing is official{version}: nothing was published of it when it was closed"),
        };
        match &self.now {
            Some(now) if self.by_rule => {
                format!("{official}, by the rule about units that were late; published was and is {now}")
            }
            Some(now) => format!("{official}; it is {now} since, and both stand"),
            None => format!("{official}, and nothing was computed otherwise since"),
        }
    }
}

/// A published value that later data change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restatement {
    /// The period.
    pub period: String,
    /// The segment as the interface takes it; empty for the total.
    pub segment: String,
    /// Its shown name.
    pub name: String,
    /// As published.
    pub published: String,
    /// As it would be now.
    pub now: String,
    /// When it was noticed, RFC 3339.
    pub noticed_at: String,
    /// Why.
    pub reason: String,
}
