//! KPIs: what surrounds a measure.

use jiff::civil::Date;

use super::benchmark::Measured;
use crate::{
    calendar::Grain,
    decode::{
        AmountText, Either, ExpressionText, Lag, List, Map, Name, PathText, PersonOrRole, Share, Stretch,
        Whole, one_of, table,
    },
    id::{CrosswalkId, DimensionId, EntityId, KpiId, ObjectiveId, PurposeId, UnitId},
    measure::{Weights, Written as Measure, WrittenResponse, WrittenWithoutData},
    project::{AsOf, Better, Indicator, Publication, Sensitivity, Sign},
};

table! {
    Gates = "publish_if", "What must hold for a value to be shown.";
    n: Whole<1, 1_000_000_000>, optional, "At least so many cases.", "50";
    effective_n: Whole<1, 1_000_000_000>, optional, "At least so many, as weights and clusters leave of them.", "30";
    response_rate: Share, optional, "At least such a share of those who were asked, with `response`.", "20%";
    cells: Whole<2, 1_000_000>, optional,
        "Of no segment with fewer cases anything is shown, nor so much of others that it could be worked out.", "5";
    representative: Share, optional,
        "At least such an indicator of representativity, 1 − 2·S of the rates of response by margin, with margins.", "70%";
}

one_of! {
    Basis = "basis", "What a target rests on.";
    History "history": String, "Own past.", "median of 24 months";
    Benchmark "benchmark": String, "Others' figures: the name of a `benchmark:` on record, which is held against the KPI, or a description.", "airport_asq_2025";
    Expectation "expectation": String, "Research into what customers expect: the name of a `benchmark:` on record that holds it, which is held against the KPI, or a description.", "diary study 2025";
    Capability "capability": String, "What the process can do.", "staffing model";
    Negotiated "negotiated": String, "Agreement.", "EMEA plan 2026, 12 January";
}

/// An amount, or the two ends of a range.
pub(crate) type Line = Either<AmountText, List<AmountText>>;

table! {
    Attachment = "attachment", "The file that a target rests on, held to what it was when the target was set.";
    file: String, required, "Its path in the project's folder.", "evidence/diary_study.pdf";
    sha256: String, optional, "SHA-256 of the file, as `sha256sum` prints it; `kepi check` says it where it is not written.",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
}

table! {
    PlannedWith = "planned_with", "What a target was planned with. Once that plan says something else, the target is out of date until it is agreed on anew.";
    of: String, required, "The operating plan.", "year_2026";
    version: String, required, "Which of its versions.", "budget";
}

table! {
    Target = "target", "A target from a date on, until the next for the same unit and segment.";
    from: Date, required, "First day it holds.", "2026-01-01";
    unit: UnitId, optional, "The unit it is for; default all.", "emea";
    segment: Map<String, String>, optional,
        "The segment it is for, a member for each of its dimensions; default all rows.", "{tier: enterprise}";
    period: Grain, optional, "The periods it is for; default the KPI's.", "quarter";
    floor: Line, optional, "Score 0.", "5";
    threshold: Line, required, "Score 50.", "20";
    target: Line, required, "Score 100.", "40";
    stretch: Line, optional, "Score 120.", "55";
    basis: Basis, optional, "What it rests on.", "{history: median of 24 months}";
    evidence: Attachment, optional, "The file in which that is to be read.", "{file: evidence/diary_study.pdf}";
    plan: PlannedWith, optional, "The version of an operating plan that it was planned with.", "{of: year_2026, version: budget}";
}

/// A path, or one for each entity.
pub(crate) type DimensionPaths = Either<PathText, Map<EntityId, PathText>>;
/// Paths that name their dimensions, or named dimensions.
pub(crate) type By = Either<List<PathText>, Map<Name<DimensionId>, DimensionPaths>>;

table! {
    ToDate = "over", "A window from the beginning of a longer period on.";
    to_date: Grain, required, "Of which: the year, the quarter … in which the period ends.", "year";
}

table! {
    Life = "life", "How a KPI comes to its end: announced, then used no longer, then measured no longer.";
    sunset: Date, required, "First day on which nothing is to use it any more. Until then every use is pointed out.", "2027-12-31";
    retired: Date, optional,
        "First day of which it has no figures any more; to be written once nothing uses it from then on. Its figures until then stay.",
        "2028-01-01";
}

table! {
    Moves = "moves", "How a KPI is believed to move another.";
    sign: Sign, required, "Whether better here leads to better or to worse there.", "positive";
    lag: Lag, optional, "After how long.", "1 quarter";
    worth: AmountText, optional,
        "The smallest move of it worth having, in its unit; default a tenth of the way from its threshold to its target.", "0.5";
    why: String, optional, "Why it is believed.", "Who calls twice leaves";
}

table! {
    InLibrary = "extends", "A KPI of the library that is built into Kepi.";
    library: String, required, "Its name.", "renewal_rate";
    version: String, required,
        "Which wording of it: the first digits of the digest of its text, as `kepi check` says it. A newer Kepi knows it, too.",
        "3f2a91bc";
}

/// Another KPI of the project, or one of the library.
pub(crate) type Extends = Either<KpiId, InLibrary>;

/// One length of periods, or several.
pub(crate) type Periods = Either<Grain, List<Grain>>;

/// So long, or from the beginning of something.
pub(crate) type Window = Either<Stretch, ToDate>;

/// A number attribute that weights rows, or how weights are made.
pub(crate) type Weight = Either<ExpressionText, Weights>;

table! {
    Kpi = "kpi",
    "A key performance indicator: what is measured, of whom, how often, against which target, and who answers.";
    kpi: Name<KpiId>, required, "The KPI's name in definitions.", "relationship_nps";
    name: String, required;
    description: String, optional;
    from: Date, optional,
        "First day it holds. The same KPI may stand several times, each from another day; default from ever.",
        "2026-01-01";
    extends: Extends, optional,
        "Another KPI of the project, or one of Kepi's library: what is not written here is as that says it, of a measure of the same kind option by option.",
        "renewal_rate";
    objective: ObjectiveId, optional, "The objective it serves.", "customers_recommend_us";
    proposed_by: UnitId, optional, "The unit that proposed it; default it is derived from the strategy of the whole.", "emea";
    indicator: Indicator, optional, "Ahead of the outcome, or stating it.", "lagging";
    better: Better, required, "Which direction is good.", "higher";
    measure: Measure, required, "How it is computed.", "{nps: {of: survey_response, answer: score}}";
    period: Periods, required, "Its natural period, or several: it has values at each.", "month";
    over: Window, optional,
        "From which rows a value is made, where not from those of its period: those of the window that ends with it.",
        "12 months";
    by: By, optional,
        "Segments, each on its own: paths, or a map from a name to a path, or to a path for each entity.",
        "[account.region]";
    bridged: Map<String, CrosswalkId>, optional,
        "Dimensions of `by` that are read by the codes of a new version of their classification, also in what is dated before it, each with its crosswalk.",
        "{tier: tiers_2026}";
    cross: List<List<String>>, optional, "Combinations of segments.", "[[region, tier]]";
    as_of: AsOf, default "event", "Which version of referenced rows counts.", "event";
    final_after: Lag, optional,
        "How long after the end of a period its rows may still change, where that does not follow from what is read.", "3 months";
    weight: Weight, optional, "How much each row counts: a number or an amount of money, or weights that are made.", "base_weight";
    cluster: PathText, optional,
        "What rows have in common that are not independent of each other, such as the account of an answer.", "account";
    response: WrittenResponse, optional, "What became of the rows of the measure, where they are invitations.",
        "{bounced: not delivered, complete: answer is not null}";
    publish_if: Gates, optional, "Fewer cases are shown as insufficient.", "{n: 50}";
    coverage_at_least: Share, optional, "Below it the value is shown as insufficient.", "60%";
    without_data: WrittenWithoutData, default "exclude",
        "What is said of a period of which there are no data: nothing (`exclude`), that it is `zero`, nothing and nothing of what rests on it either (`block`), the last measured value, or an imputed one.",
        "{carry: {at_most: 3 months}}";
    targets: List<Target>, optional, "Targets over time, by unit and by segment.", "[{from: 2026-01-01, …}]";
    moves: Map<KpiId, Moves>, optional, "KPIs that it is believed to move; each belief is held against published figures.",
        "{renewal_rate: {sign: positive, lag: 1 quarter}}";
    beside: List<KpiId>, optional,
        "KPIs that are shown beside its values, of the same period and segment: the same otherwise weighted, such as each customer once or by revenue, and whom it leaves out.",
        "[nps_by_account, nps_by_revenue, silent_revenue]";
    accountable: PersonOrRole, optional, "The one who answers for it: a person, or whoever holds a role.", "vp_customer";
    responsible: List<PersonOrRole>, optional, "Who does the work.", "[terminal_lead]";
    consulted: List<PersonOrRole>, optional, "Who is asked.", "[terminal_lead]";
    informed: List<PersonOrRole>, optional, "Who is told.", "[terminal_lead]";
    purpose: PurposeId, optional, "What the data are used for.", "service_improvement";
    sensitivity: Sensitivity, default "internal", "Whose eyes its figures are for; policies say who that is.", "confidential";
    publication: Publication, default "explained",
        "How much of it is seen by whoever sees its figures and does not answer for it: with what they are made of, or `figures` of the whole and of units alone; policies say what follows.",
        "figures";
    life: Life, optional, "That it comes to its end, and when.", "{sunset: 2027-12-31}";
    successor: KpiId, optional, "The KPI that is to be used instead; both are shown side by side as long as there are both.",
        "weekly_active";
    measured: Measured, optional, "How and where its figures come about, to be held against those of others on which targets rest.",
        "{mode: web, region: EMEA, counted: respondent}";
    assumptions: List<String>, optional, "What is taken for granted.",
        "[Answers are not corrected for non-response.]";
}
