//! What waits for somebody, what is in force, which periods are frozen or closed.

use kepi_model::project::ValueUnit;

use super::{CommentaryView, InsightView, KpiRow, LinkEvidence, Named, ProjectView};
use crate::{decided, difference::Difference, dual};

/// What waits, for whom it waits first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxView {
    /// The project.
    pub project: ProjectView,
    /// As whom it is looked at, by name; none: nobody who could be asked.
    pub me: Option<String>,
    /// Whether what has ended is shown.
    pub all: bool,
    /// What is one's own turn.
    pub turn: Vec<ItemRow>,
    /// Where one takes part and others are to act.
    pub part: Vec<ItemRow>,
    /// What waits for others.
    pub others: Vec<ItemRow>,
    /// What has ended.
    pub ended: Vec<ItemRow>,
    /// What alerts ask nobody about.
    pub silences: Vec<SilenceView>,
}

/// What alerts ask nobody about, until a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilenceView {
    /// As it is known of the log.
    pub of: decided::Silence,
    /// What it is about, in words.
    pub what: String,
    /// Until when, RFC 3339.
    pub until: String,
}

/// An item in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRow {
    /// Its number.
    pub number: u64,
    /// Its kind, as people say it: `change request`.
    pub kind: String,
    /// The step that it is in, or how it ended, as people say it.
    pub state: String,
    /// What it is about, in a line.
    pub title: String,
    /// Who wrote it.
    pub by: Vec<String>,
    /// Why.
    pub why: Option<String>,
    /// What it has to do with who looks.
    pub why_me: Option<String>,
    /// For whom it waits.
    pub waits: Vec<String>,
    /// When it was opened, RFC 3339.
    pub opened: String,
    /// Until when its step is to be done, RFC 3339.
    pub due: Option<String>,
    /// When it ended, RFC 3339.
    pub ended: Option<String>,
    /// In which respects definitions differ.
    pub aspects: Vec<String>,
}

/// An item.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemView {
    /// The project.
    pub project: ProjectView,
    /// As in a list.
    pub row: ItemRow,
    /// What its kind is.
    pub about: &'static str,
    /// The hash of what it proposes.
    pub content: String,
    /// Its steps.
    pub steps: Vec<decided::Step>,
    /// What it is about where that is no definition.
    pub subject: Vec<String>,
    /// What it touches: shown name, path if there is a page of it, and from when on.
    pub touches: Vec<TouchView>,
    /// Where it says something else than what was adopted since it was written, while it is its author's turn.
    pub contradicts: Vec<String>,
    /// How definitions differ.
    pub documents: Vec<DocumentView>,
    /// Scorecards whose scores come about otherwise.
    pub scorecards: Vec<Named>,
    /// KPIs that follow.
    pub follow: Vec<Named>,
    /// Alerts, closed loops, playbooks and incentive plans that go by what differs.
    pub watched_by: Vec<String>,
    /// Who answers for any of it: name, and for what.
    pub people: Vec<(String, Vec<String>)>,
    /// Whom it touches so that they cannot decide on it.
    pub concerned: Vec<String>,
    /// Whose pay it touches: they decide on nothing of it.
    pub paid: Vec<String>,
    /// What was said of it.
    pub ballots: Vec<BallotView>,
    /// What was said of it beside.
    pub remarks: Vec<RemarkView>,
    /// What it said in each round, where there is more than what it says now.
    pub rounds: Vec<RoundView>,
    /// What became of it.
    pub history: Vec<HappenedView>,
    /// Who works on it, and what became of that.
    pub work: decided::Work,
    /// What was learnt before about something like it, what is most alike first.
    pub learnt: Vec<decided::Learnt>,
    /// Figures by both definitions.
    pub dual: Option<DualView>,
    /// What is known of it because it is a case.
    pub case: Option<CaseView>,
    /// What is known of it because it is a review.
    pub review: Option<ReviewView>,
    /// When its owner said to have seen it, RFC 3339.
    pub acknowledged: Option<String>,
    /// Until when its owner does not want to see it, RFC 3339.
    pub snoozed: Option<String>,
    /// Persons to whom it can be given, by id and name.
    pub persons: Vec<Named>,
    /// What who looks may try: the forms that stand on the page.
    pub forms: Forms,
}

/// Figures by both definitions.
#[derive(Debug, Clone, PartialEq)]
pub struct DualView {
    /// When they were computed, RFC 3339.
    pub at: String,
    /// Whether what is proposed is in force since: then it is before and since, not is and would be.
    pub since: bool,
    /// Of each KPI and scorecard.
    pub both: Vec<BothView>,
    /// What figures say of KPIs that are new: the KPI, and in words.
    pub vetted: Vec<(Named, dual::Vetted)>,
    /// Why there are none by what is proposed.
    pub not_run: Option<String>,
    /// As it was found.
    pub run: dual::DualRun,
}

/// A period, a part of it or the whole, and what is said there before and after.
pub type BothRow = (String, Option<String>, Option<dual::Said>, Option<dual::Said>);

/// Figures of one KPI or scorecard by both.
#[derive(Debug, Clone, PartialEq)]
pub struct BothView {
    /// Which, and the path of its page; none: it is not in force yet.
    pub of: (Named, Option<String>),
    /// How many of all periods and parts differ.
    pub counts: Option<String>,
    /// The newest periods over all rows, then the parts of the newest period that differ.
    pub rows: Vec<BothRow>,
}

/// A review, with the evidence of each point.
#[derive(Debug, Clone, PartialEq)]
pub struct ReviewView {
    /// Its shown name.
    pub name: String,
    /// The scorecard.
    pub scorecard: Named,
    /// The unit whose figures they are; none: that of the scorecard.
    pub unit: Option<Named>,
    /// The period.
    pub period: String,
    /// Who leads it.
    pub chair: String,
    /// Who takes part beside.
    pub participants: Vec<String>,
    /// Who was there; none: nobody has said so.
    pub present: Option<Vec<String>>,
    /// The run whose figures the agenda was made of.
    pub run: Option<u64>,
    /// The agenda, the gravest first.
    pub points: Vec<PointView>,
    /// KPIs of the scorecard that lag, each beside what is believed to lead it.
    pub led: Vec<LedView>,
}

/// A KPI that lags, beside what is believed to lead it.
#[derive(Debug, Clone, PartialEq)]
pub struct LedView {
    /// The KPI.
    pub kpi: Named,
    /// Its perspective.
    pub perspective: Option<Named>,
    /// Its figure against its target, in the period.
    pub row: KpiRow,
    /// The period.
    pub period: String,
    /// What is to be expected of it, in sentences; empty of a unit, or where nothing can be said.
    pub ahead: Vec<String>,
    /// What is believed to lead it.
    pub leading: Vec<LeadingView>,
}

/// A KPI that is believed to lead another.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadingView {
    /// The KPI.
    pub kpi: Named,
    /// Its figure against its target, in the period.
    pub row: KpiRow,
    /// The period.
    pub period: String,
    /// What the data say about it.
    pub evidence: LinkEvidence,
}

/// What a point of an agenda is about.
#[derive(Debug, Clone, PartialEq)]
pub enum AboutView {
    /// A KPI: its figure, or its definition.
    Kpi(Named),
    /// A journey, by the entity whose rows are its stages.
    Journey(Named),
    /// A source.
    Source(Named),
}

impl AboutView {
    /// Its name.
    pub fn named(&self) -> &Named {
        match self {
            Self::Kpi(of) | Self::Journey(of) | Self::Source(of) => of,
        }
    }

    /// Whether a plan can say what it is to come to.
    pub fn is_kpi(&self) -> bool {
        matches!(self, Self::Kpi(_))
    }
}

/// A point of an agenda.
#[derive(Debug, Clone, PartialEq)]
pub struct PointView {
    /// Its number, from 1.
    pub number: usize,
    /// What it is about.
    pub about: AboutView,
    /// The unit; none: of all rows.
    pub unit: Option<Named>,
    /// Why it is on the agenda.
    pub why: Vec<&'static str>,
    /// Whether it cannot be accepted as it is, because somebody owes a plan.
    pub plan_owed: bool,
    /// Whether it is about the definition.
    pub of_definition: bool,
    /// The period of its figure.
    pub period: String,
    /// The figure against its target; none: the KPI is not there any more, or not seen.
    pub row: Option<KpiRow>,
    /// What is indicated.
    pub insight: Option<InsightView>,
    /// What is to be expected of it, in sentences; empty of a unit, or where nothing can be said.
    pub ahead: Vec<String>,
    /// What was said of it.
    pub commentary: Option<CommentaryView>,
    /// Open items about it when the agenda was made: number, kind, and what has become of it.
    pub items: Vec<(u64, String, String)>,
    /// Of a definition, a journey or a source: what speaks for it and against it, each under what it is about.
    pub evidence: Vec<(String, String)>,
    /// What was decided; none: nothing yet.
    pub decided: Option<decided::PointDecided>,
}

/// A list of reviews.
#[derive(Debug, Clone, PartialEq)]
pub struct ReviewsView {
    /// The project.
    pub project: ProjectView,
    /// Those that are open, what is due first first.
    pub open: Vec<ItemRow>,
    /// Those that were held, the newest first.
    pub held: Vec<ItemRow>,
}

/// A customer who is followed up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseView {
    /// The closed loop: its name in definitions and the one that is shown.
    pub rule: (String, String),
    /// Whose row it is: its name in definitions and the one that is shown.
    pub of: (String, String),
    /// The parts of its key; none: it is personal, was erased, or rows are not seen.
    pub row: Vec<String>,
    /// When that was, RFC 3339.
    pub since: String,
    /// Whether the customer may be contacted, in words.
    pub permission: &'static str,
    /// Where she is asked once more; none: nobody asks, or she may not be contacted.
    pub again: Option<String>,
    /// The root cause that was named, in words.
    pub cause: Option<String>,
    /// Attempts to contact her, oldest first: when, by which way, whether she was reached, what was said.
    pub contacts: Vec<(String, &'static str, bool, Option<String>)>,
    /// What she said, oldest first: when, whether it is settled, in her words.
    pub answers: Vec<(String, bool, Option<String>)>,
    /// Whether it was closed although nobody had reached her who may be contacted.
    pub closed_without_contact: bool,
}

/// What somebody may try with an item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forms {
    /// To say yes, no or neither.
    pub vote: bool,
    /// To abstain only: it touches oneself.
    pub abstain: bool,
    /// To say something of it beside.
    pub remark: bool,
    /// To object to it.
    pub object: bool,
    /// To say what became of these objections, by number.
    pub resolve: Vec<u16>,
    /// To write it anew.
    pub counter: bool,
    /// To give it up.
    pub withdraw: bool,
    /// To say to have seen it.
    pub acknowledge: bool,
    /// To say that it is somebody else's.
    pub refuse: bool,
    /// To see it again later.
    pub snooze: bool,
    /// To give it to somebody.
    pub assign: bool,
    /// To end it without doing anything.
    pub dismiss: bool,
    /// To say what came of it: one of these.
    pub finish: Vec<&'static str>,
    /// To file a plan.
    pub plan: bool,
    /// To write what was learnt.
    pub learn: bool,
    /// To say that one tried to contact the customer.
    pub contact: bool,
    /// To close a case with a root cause: word and words.
    pub close: Vec<(String, String)>,
    /// To say whether it is settled for the customer.
    pub answer: bool,
    /// To decide on points of a review.
    pub decide: bool,
    /// To take back what was entered and agreed to.
    pub take_back: bool,
}

impl Forms {
    /// Whether it is with who looks, or with somebody below.
    pub fn works(&self) -> bool {
        self.assign || self.learn || self.answer
    }
}

/// What is touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TouchView {
    /// Kind and name.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// The page of it.
    pub path: Option<String>,
    /// From when on: a day, or `ever`.
    pub from: String,
}

/// How a definition differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentView {
    /// What it is.
    pub touch: TouchView,
    /// What becomes of it: `new`, `changed`, `gone`.
    pub how: &'static str,
    /// The differences.
    pub difference: Difference,
    /// Each with what it was and will be, where it can be said so.
    pub said: Vec<SaidView>,
}

/// One difference in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaidView {
    /// What differs; all of it where there is no before and after.
    pub what: String,
    /// What it was, and what it is to be.
    pub change: Option<(String, String)>,
}

/// What somebody said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BallotView {
    /// Who.
    pub by: String,
    /// `yes`, `no` or `abstain`.
    pub stance: &'static str,
    /// As people say it.
    pub said: &'static str,
    /// When, RFC 3339.
    pub at: String,
    /// Why.
    pub why: Option<String>,
}

/// What somebody said beside a ballot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemarkView {
    /// As it is known of the log.
    pub of: decided::Remark,
    /// When, RFC 3339.
    pub at: String,
}

/// What a change said from one writing to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoundView {
    /// As it is known of the log.
    pub of: decided::Round,
    /// When, RFC 3339.
    pub at: String,
    /// Whether it is what it says now.
    pub now: bool,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HappenedView {
    /// Its position in the log.
    pub event: u64,
    /// When, RFC 3339.
    pub at: String,
    /// Who.
    pub by: String,
    /// Its kind.
    pub kind: String,
    /// What it says.
    pub said: String,
}

/// A definition to be written anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditorView {
    /// The project.
    pub project: ProjectView,
    /// What it is, and from when on this wording holds.
    pub touch: TouchView,
    /// Its text.
    pub text: String,
    /// The item whose proposal is written anew; none: what is in force.
    pub item: Option<u64>,
    /// Values that a small form changes.
    pub fields: Vec<FieldView>,
}

/// A value that a small form changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldView {
    /// Where it stands: `targets/0/target`.
    pub path: String,
    /// What it is, for people.
    pub label: String,
    /// What it is now.
    pub value: String,
}

/// What would come of a definition written anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftView {
    /// Its text.
    pub text: String,
    /// What is wrong with it.
    pub findings: Vec<decided::DraftFinding>,
    /// How definitions would differ.
    pub documents: Vec<DocumentView>,
    /// Scorecards whose scores would come about otherwise.
    pub scorecards: Vec<Named>,
    /// KPIs that would follow.
    pub follow: Vec<Named>,
}

/// What is, was or will be in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterView {
    /// The project.
    pub project: ProjectView,
    /// What was asked for.
    pub asked: decided::RegisterAsked,
    /// Definitions by kind and name, each wording a row.
    pub held: Vec<HeldView>,
}

/// A definition in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldView {
    /// What it is, and from when on it holds.
    pub touch: TouchView,
    /// Position of the adoption.
    pub event: u64,
    /// When it was adopted, RFC 3339.
    pub at: String,
    /// By whom.
    pub by: String,
    /// Its text, where one definition is asked for.
    pub text: Option<String>,
}

/// Periods: open, frozen, closed, restated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodsView {
    /// The project.
    pub project: ProjectView,
    /// What is frozen.
    pub frozen: Vec<decided::Frozen>,
    /// Periods with figures, the newest first of each length, and those that are closed.
    pub periods: Vec<PeriodView>,
    /// Closes to come, the next first.
    pub coming: Vec<ComingView>,
}

/// A close to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComingView {
    /// The period.
    pub period: String,
    /// The day after its last.
    pub until: String,
    /// The cut-off of the first of those who attest its data, RFC 3339.
    pub first: String,
    /// The cut-off of the last of them.
    pub last: String,
    /// Whose data.
    pub sources: Vec<String>,
    /// How many statements there are to be.
    pub statements: usize,
}

/// A period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodView {
    /// As it is written.
    pub period: String,
    /// How long it is: `month`.
    pub grain: &'static str,
    /// Its first day.
    pub from: String,
    /// The day after its last.
    pub until: String,
    /// Its closes, the newest first.
    pub closed: Vec<ClosedView>,
    /// In which respects any of its days are frozen, and by which items.
    pub frozen: Vec<(u64, Vec<&'static str>)>,
}

/// A close.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedView {
    /// The how-manieth.
    pub version: usize,
    /// When, RFC 3339.
    pub at: String,
    /// Position of the event that says so.
    pub event: u64,
    /// Official figures, and those computed otherwise since.
    pub figures: Option<(usize, usize)>,
}

/// The official figures of a period.
#[derive(Debug, Clone, PartialEq)]
pub struct OfficialView {
    /// The project.
    pub project: ProjectView,
    /// The period.
    pub period: String,
    /// Its figures.
    pub figures: Vec<OfficialFigure>,
}

/// An official figure.
#[derive(Debug, Clone, PartialEq)]
pub struct OfficialFigure {
    /// The KPI, or the scorecard.
    pub kpi: Named,
    /// The segment, or the unit; empty: all rows, or no unit.
    pub segment: String,
    /// The segment, or the unit, as shown.
    pub segment_name: String,
    /// Whether it is the score of a scorecard.
    pub is_score: bool,
    /// What is official.
    pub official: Option<String>,
    /// What was computed since.
    pub restated: Option<Option<String>>,
    /// What is official as a number.
    pub official_value: Option<f64>,
    /// What was computed since as a number.
    pub restated_value: Option<f64>,
    /// Whether people say what stands since.
    pub overridden: bool,
    /// Where a unit was late with its data, what the close made of the figure, in words.
    pub late: Option<String>,
    /// What the numbers are measured in, as programs are told.
    pub measured_in: Option<ValueUnit>,
}
