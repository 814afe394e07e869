//! The forms in which something is said of a figure. Each is a value with typed slots; what cannot be true cannot be formed.

use kepi_model::{
    calendar::{Grain, Period},
    project::{BasisKind, Better, Demand, Indicator, TargetLines, ValueUnit},
};
use kepi_score::{band::Band, tree::NoScore};
use kepi_stats::estimate::Estimate;

use crate::{
    advice::{Action, Course},
    ahead::{Ahead, Kept, NoOutlook, Outlook},
    association,
    change::{Change, Judgement, Usual},
    doubt::Suspicion,
    policy::Ambition,
    trend::Trend,
    verdict::Verdict,
};

/// One sentence about a KPI in a period.
#[derive(Debug, Clone, PartialEq)]
pub enum Sentence {
    /// There is no value.
    NoValue(NoScore),
    /// There is a value and no target to hold it against.
    NoTarget,
    /// How far the value is from its target.
    Distance(Distance),
    /// What has changed, and whether by more than is usual.
    Changed {
        /// The value, in the KPI's unit.
        value: f64,
        /// The difference.
        by: f64,
        /// The period compared with.
        since: Period,
        /// Which way, and whether beyond what is usual.
        course: Course,
        /// What is usual of the value, or why nobody can say.
        judged: Judgement,
        /// The period of the value.
        period: Period,
    },
    /// A value that is not called out, and beyond all before it.
    Extreme {
        /// Whether it is the lowest, else the highest.
        lowest: bool,
        /// Of how many, itself included.
        of: usize,
    },
    /// The last moves all went the same way.
    Trend(Trend),
    /// Where a change is: which members are beyond what is usual of themselves.
    Where {
        /// How many were compared.
        compared: usize,
        /// How many of them are beyond.
        called_out: usize,
        /// The one that is farthest, in words, with its value and what is usual of it.
        most: Option<(String, f64, Usual)>,
    },
    /// How a value lies to what is usual of it.
    Usual {
        /// The value.
        value: f64,
        /// What is usual of it, or why nobody can say.
        judged: Judgement,
    },
    /// The row that moves a value most.
    RestsOn {
        /// The row.
        name: String,
        /// By how much; none: without it there would be no value.
        moves: Option<f64>,
        /// Of so many rows.
        rows: u64,
        /// What the value usually varies by, either way, where that is known.
        usual: Option<f64>,
        /// Whether that one row moves it by as much.
        verdict: Verdict,
    },
    /// Of the rows that move it most more stand in one file than its size lets expect.
    FromOneFile {
        /// The file.
        file: String,
        /// So many of them.
        of_most: usize,
        /// Of so many that move it most.
        most: usize,
        /// The share of all rows that the file has.
        share: f64,
    },
    /// Whether the rows that move it most look like errors.
    RowsLook(RowsLook),
    /// What a value is without a row cannot be told: its states do not add up.
    NotOfRows,
    /// It is called out since some period without a break, the same way: one signal, not one a period.
    Lasts {
        /// The first of them.
        since: Period,
        /// How many periods.
        periods: u32,
    },
    /// It was called out until the period before, and is no longer.
    Faded {
        /// The first period of the signal.
        since: Period,
        /// The last.
        until: Period,
        /// Whether the value lies in what was usual before; else what it went to has become usual.
        back: bool,
    },
    /// What puts the data of a value in doubt.
    InDoubt(Suspicion),
    /// Its definition is another than in the period before.
    Redefined {
        /// The period before.
        since: Period,
    },
    /// Nothing does that was looked at.
    NotInDoubt {
        /// Earlier periods whose rows were compared; none where they could not be.
        periods: Option<usize>,
        /// Deliveries that were held against those before them.
        deliveries: usize,
    },
    /// Too little is known to doubt anything.
    DoubtUntold {
        /// Earlier periods whose rows are known.
        have: usize,
        /// So many are needed, or as many earlier deliveries.
        need: usize,
    },
    /// Without these members the rest is within what is usual, or beyond it the other way.
    SitsIn {
        /// They, in words.
        members: Vec<String>,
        /// How many members were compared.
        compared: usize,
        /// The value of the rest.
        rest: f64,
        /// Whether the rest went the other way, farther than it usually does.
        other_way: bool,
    },
    /// No few members make a change: it is everywhere.
    NothingStandsOut {
        /// How many were compared.
        compared: usize,
    },
    /// Members do not make up the whole, so nothing can be said of parts.
    NotAdditive,
    /// What a change is made of, by one dimension; both add up to it.
    MadeOf {
        /// The dimension, in words.
        dimension: String,
        /// Changed values of members.
        values: f64,
        /// Another mix of members.
        mix: f64,
    },
    /// The total moved one way, its members at a common mix the other.
    Turns {
        /// The dimension, in words.
        dimension: String,
        /// How the total moved.
        total: f64,
        /// How members moved, their mix held.
        held: f64,
    },
    /// By no dimension do members move the other way than the total.
    NothingTurns {
        /// How many dimensions were looked at.
        dimensions: usize,
        /// How many gaps between a member and the rest.
        gaps: usize,
    },
    /// A member lies on one side of the rest, and held at one mix of another dimension on the other.
    GapTurns {
        /// The member, in words.
        member: String,
        /// The other dimension, in words.
        dimension: String,
        /// Its gap to the rest.
        crude: f64,
        /// The gap, both held at one mix.
        held: f64,
    },
    /// A member differs from the rest for long.
    StandsApart {
        /// The member that does most, in words.
        name: String,
        /// Its value.
        value: f64,
        /// That of the rest.
        rest: f64,
        /// In how many of the last periods.
        times: usize,
        /// How many of them were looked at.
        of: usize,
        /// How many more members stand apart.
        others: usize,
        /// How many were compared.
        compared: usize,
    },
    /// How a KPI goes with what is believed to move it.
    Linked {
        /// The cause, by name.
        cause: String,
        /// After how long: so many of a grain.
        lag: Option<(u32, Grain)>,
        /// What was found.
        found: association::Found,
    },
    /// Of what is believed to move it nothing can be said.
    Untold {
        /// The causes, by name.
        causes: Vec<String>,
        /// Why.
        why: association::Untold,
    },
    /// What is expected of a period if nothing changes.
    Outlook(Outlook),
    /// The newest value was called out and lies outside of what is expected next.
    IfItLasts {
        /// That value.
        value: f64,
    },
    /// How often values held back lay in the range that would have been said a period before.
    Backtest {
        /// So many did.
        within: usize,
        /// Of so many.
        of: usize,
    },
    /// Nothing can be expected.
    NoOutlook(NoOutlook),
    /// What the target asks of the KPI's own past.
    Ambition {
        /// Whether it comes by itself, stretches, or is out of reach.
        ambition: Ambition,
        /// The probability that the next period meets it if nothing changes.
        chance: f64,
        /// How many of the last periods met it.
        met: usize,
        /// Of how many.
        of: usize,
        /// How many of all periods of its past met it, and of how many.
        ever: (usize, usize),
    },
    /// What its basis says of a target, and its own past does not bear out.
    Arbitrary {
        /// What it is said to rest on.
        basis: BasisKind,
        /// Whether it is out of reach; else it comes by itself.
        out_of_reach: bool,
        /// How many of all periods of its past met it, and of how many.
        ever: (usize, usize),
    },
    /// Another KPI bears its name and measures something else.
    OtherMeaning {
        /// Its name.
        name: String,
        /// Who answers for it.
        of: Option<String>,
        /// Whether its values are of another kind, too.
        unit: bool,
    },
    /// None does.
    OneMeaning {
        /// KPIs that were compared.
        compared: usize,
    },
    /// Whether the KPIs of an index hang together.
    Reliable {
        /// How many.
        parts: usize,
        /// Cronbach's alpha.
        alpha: f64,
        /// Ends of its interval.
        range: (f64, f64),
        /// The share of what they do that one component says.
        component: f64,
        /// Members or periods that were compared.
        rows: usize,
        /// Whether they were members.
        of_members: bool,
        /// Whether alpha is enough.
        verdict: Verdict,
    },
    /// That cannot be told.
    NotReliable {
        /// There are so many periods or members.
        have: usize,
        /// So many members are needed.
        members: usize,
        /// Or so many periods.
        periods: usize,
        /// Whether they would be enough, and nothing moved.
        moved: bool,
    },
    /// The next period betters this by itself in one case of six.
    Suggested {
        /// The value.
        value: f64,
    },
    /// Whoever alerts about it ask has room for so many at once.
    Room {
        /// So many.
        capacity: usize,
    },
    /// Another KPI says the same.
    SaysTheSame(Alike),
    /// None does.
    NothingAlike {
        /// KPIs that were compared.
        compared: usize,
        /// Of them, those of which it cannot be told.
        open: usize,
    },
    /// It met its target in all of the last periods.
    AlwaysMet {
        /// So many.
        of: usize,
    },
    /// A total that never went the worse way in the last periods.
    OnlyGrows {
        /// So many.
        of: usize,
    },
    /// It serves no objective.
    ServesNothing,
    /// Neither is so.
    CanDisappoint {
        /// Of so many periods.
        of: usize,
    },
    /// It gets worse where another gets better.
    InTension {
        /// The other, by name.
        other: String,
        /// The objective that the other serves, by name, where it is another one.
        serves: Option<String>,
        /// After how long, where that is later.
        after: Option<(u32, Grain)>,
        /// What was found.
        association: association::Association,
        /// Ends of its interval.
        range: (f64, f64),
    },
    /// It does not, as far as can be told.
    NoTension {
        /// KPIs that could be compared.
        compared: usize,
        /// KPIs of its objective and its scorecard beside it.
        of: usize,
        /// Whether it can be ruled out of all of them.
        excluded: bool,
    },
    /// Whether it predicts what it is believed to move.
    Predicts {
        /// The effect, by name.
        effect: String,
        /// What was found.
        found: association::Found,
    },
    /// It predicted that, and does no longer.
    NoLonger {
        /// The effect, by name.
        effect: String,
        /// The first period in which it does not.
        since: Period,
        /// What went with a typical move before.
        before: f64,
        /// What goes with one since then.
        after: f64,
        /// In how many periods.
        periods: usize,
    },
    /// These beliefs about it are not borne out; others are, or may be.
    DropBelief {
        /// The effects, by name.
        effects: Vec<String>,
    },
    /// Nothing that it is believed to move follows it, and forecasts do not gain by it.
    Retire,
    /// Of these nothing can be said.
    PredictsUntold {
        /// By name.
        effects: Vec<String>,
    },
    /// A member's gap, beside its other figures of the same rows.
    Style {
        /// The member.
        name: String,
        /// Its gap to the rest.
        raw: f64,
        /// What is left of that beside its other figures.
        adjusted: f64,
        /// Whether what is left is beyond how these differ.
        own: bool,
        /// How many others lie the same way.
        alike: usize,
        /// Of how many.
        others: usize,
    },
    /// A member's gap on a question, and what is left of it once its way of answering is taken off.
    Answering {
        /// The member.
        name: String,
        /// Its gap to the rest.
        raw: f64,
        /// The same without its way of answering.
        adjusted: f64,
        /// By how much more it agrees, whatever is asked.
        agrees: f64,
        /// How many times as far from each other its answers lie.
        stretch: f64,
        /// Whether what is left is beyond chance.
        own: bool,
    },
    /// A guardrail of which a demand does not hold, or is not known to.
    Guarded(Guarded),
    /// A guardrail that is kept.
    Kept {
        /// By name.
        guardrail: String,
    },
    /// What of a change each of the KPIs made that it is computed of, those that made most first.
    DrivenBy {
        /// The change.
        by: f64,
        /// The period compared with.
        since: Period,
        /// By name; they add up to it.
        parts: Vec<(String, f64)>,
    },
    /// That cannot be told.
    DriversUntold(NoDrivers),
    /// What its control chart shows.
    Charted {
        /// Points that its limits rest on.
        points: usize,
        /// The lower limit of the last of them.
        low: f64,
        /// The upper.
        high: f64,
        /// Periods in which it signals.
        signalling: Vec<Period>,
        /// Whether the season was taken off.
        without_season: bool,
        /// What its points vary by.
        spreading: Spreading,
        /// One in so many signals by chance.
        one_in: f64,
    },
    /// How much of what members do goes with each of its drivers.
    Importance {
        /// Drivers by name with their share and its interval, those with most first.
        shares: Vec<(String, f64, (f64, f64))>,
        /// What goes with none of them.
        rest: f64,
        /// Members.
        units: usize,
        /// Periods.
        periods: usize,
    },
    /// That cannot be told.
    ImportanceUntold {
        /// Drivers.
        drivers: usize,
        /// Members of which it and all of them are known long enough.
        have: usize,
        /// So many are needed.
        need: usize,
    },
    /// Which of the suspects could have made a change; the test of each is told behind it.
    Diagnosed {
        /// Those for which their test speaks.
        stand: Vec<Suspect>,
        /// So many are spoken against.
        cleared: usize,
        /// Of so many it cannot be told.
        untold: usize,
    },
    /// From which stages of a journey a change comes.
    FromStages {
        /// The change.
        by: f64,
        /// The period compared with.
        since: Period,
        /// Those that made most first; they add up to it.
        parts: Vec<(StagePart, f64)>,
    },
    /// A stage into which nobody came in one of two periods, by name: of what follows there is no ratio.
    StageEmpty {
        /// The stage.
        stage: String,
    },
    /// What speaks for what could have made a change.
    Suspected {
        /// What.
        suspect: Suspect,
        /// Whether its test speaks for it.
        verdict: Verdict,
    },
    /// How members lie, each drawn to its peers.
    Peers {
        /// How many.
        members: usize,
        /// Their mean.
        mean: f64,
        /// Of what they differ by, the share that is more than chance.
        real: f64,
        /// Whether they differ for certain.
        differ: bool,
    },
    /// People did something about it within a year.
    ActedOn {
        /// So often.
        acts: usize,
    },
    /// Nobody did.
    Ignored {
        /// So often something was done about other KPIs.
        others: usize,
        /// Whether it cannot disappoint, either.
        idle: bool,
    },
    /// Too little is done about any KPI to say so of one.
    ActsUntold {
        /// So much would have to be.
        need: usize,
    },
    /// Its level changed.
    LevelChanged {
        /// For the last time with this period.
        since: Period,
        /// The level before.
        before: f64,
        /// The level since.
        now: f64,
        /// How many changes there were.
        changes: usize,
        /// It has lasted for so few periods that a change is not looked for among them alone: it may have begun a period sooner or later.
        lately: bool,
        /// Where it has lasted for too few periods to have limits of its own: how many of them, and on how many points limits rest instead.
        limits_of: Option<(usize, usize)>,
    },
    /// It did not.
    OneLevel {
        /// In so many periods.
        points: usize,
    },
    /// What of its movement is its season.
    Season {
        /// The share of what is not trend that is.
        strength: f64,
        /// The period of the last round in which it is highest.
        most: Period,
        /// In which it is lowest.
        least: Period,
    },
    /// There is no chart.
    NoChart(NoChart),
    /// What is expected of the next period beside a leading indicator.
    WithLeader {
        /// The indicator, by name.
        leader: String,
        /// What is expected.
        ahead: Ahead,
        /// Of the squared errors made without it, the share that is saved with it; below zero it made more.
        saved: f64,
        /// In so many periods that were held back.
        of: usize,
    },
    /// How outlooks came out as they were published.
    Followed {
        /// Those from its own past.
        alone: Kept,
        /// Of the periods that had one beside a leading indicator: without it, and with it.
        both: Option<[Kept; 2]>,
    },
    /// Whether it can lead what it is believed to move.
    Role(Role),
    /// Nothing says what it moves, and after how long.
    NoLag {
        /// Whether it is said to lead.
        said: Option<Indicator>,
    },
    /// Whether the leading indicators of a scorecard predict.
    Relies {
        /// The scorecard.
        scorecard: String,
        /// Leading KPIs.
        leading: usize,
        /// Of them, those that predict what they are believed to move.
        predict: usize,
        /// Those that do not, by name.
        not: Vec<String>,
        /// Those of which nothing says what they move.
        unlinked: usize,
    },
    /// Whether forecasts gain by it.
    Gains(Gain),
    /// Of these it cannot be told.
    GainUntold {
        /// By name.
        effects: Vec<String>,
        /// Why.
        why: NoGain,
    },
    /// What is out of balance in a scorecard.
    Imbalance(Imbalance),
    /// Nothing is.
    Balanced {
        /// The scorecard.
        scorecard: String,
    },
    /// A scorecard has too few KPIs to ask for its balance.
    TooSmallToBalance {
        /// Its name.
        scorecard: String,
        /// So many it has.
        kpis: usize,
        /// So many it takes.
        need: usize,
    },
    /// Nobody does.
    NobodyStandsApart {
        /// How many were compared.
        compared: usize,
    },
    /// The value is where it is, but the true one may lie in another band.
    ColourOpen {
        /// The band of the value.
        band: Band,
        /// The probability that the true value lies in it.
        probability: f64,
        /// The worst band that the interval reaches.
        worst: Band,
        /// The best band that it reaches.
        best: Band,
    },
    /// What is indicated.
    Advised(Action),
}

impl Sentence {
    /// What has changed, to a value in a period.
    pub fn changed(change: &Change, value: f64, period: Period) -> Self {
        Self::Changed {
            value,
            by: change.difference,
            since: change.since,
            course: Course::of(change),
            judged: change.judged,
            period,
        }
    }
}

/// Why it cannot be said whether a demand holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untold {
    /// There is no value.
    NoValue,
    /// The value is provisional.
    NotFinal,
    /// The bound lies within its interval.
    TooClose,
    /// Nobody can say what is usual of it.
    NotJudged,
}

/// What is known of one demand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Held {
    /// It holds.
    Yes,
    /// It does not, with the value.
    No(f64),
    /// It is not known.
    Unknown(Untold),
}

/// What is known of a demand of a guardrail.
#[derive(Debug, Clone, PartialEq)]
pub struct Guarded {
    /// The guardrail, by name.
    pub guardrail: String,
    /// The KPI, by name.
    pub kpi: String,
    /// The unit of its values.
    pub unit: ValueUnit,
    /// What is demanded of it.
    pub demand: Demand,
    /// What is known of that.
    pub held: Held,
}

/// Why it cannot be told what drove a KPI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoDrivers {
    /// One of those that it is computed of has no value.
    NoValue {
        /// Its name.
        of: String,
    },
    /// It was computed in another way in the period before.
    Redefined,
    /// Those that it is computed of have other values by now.
    Restated,
    /// Too many.
    TooMany {
        /// There are so many.
        have: usize,
        /// At most so many can be told apart.
        most: usize,
    },
    /// It has no value while some of them are as before and the others as now.
    Undefined,
}

/// What the points of a control chart are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charting {
    /// Values, each as it is (XmR).
    Individuals,
    /// Cases out of so many (p).
    Shares,
    /// Events among so many, or in so many days (u).
    Events,
}

/// What the points of a control chart vary by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spreading {
    /// What they are.
    pub of: Charting,
    /// How many times as much as by chance alone, where they are counted; else 1.
    pub factor: f64,
    /// Whether that is more than chance makes of so many points.
    pub beyond: bool,
    /// Whether the limits are as much wider (p′, u′).
    pub widened: bool,
}

/// What speaks for errors in the rows that move a value most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowsLook {
    /// Rows that were looked at.
    pub of: usize,
    /// Of them, those that are another row once more but for the key, where that is rare.
    pub doubled: usize,
    /// Those that lie far off all others, and among them once multiplied or divided by a factor.
    pub slipped: usize,
    /// The factor, where it is one and the same.
    pub times: Option<u32>,
    /// Whether they lie too high; else too low, or both.
    pub high: bool,
    /// Whether each has a number that could be held against the others.
    pub measured: bool,
}

/// What of a change at a journey is told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StagePart {
    /// How many came into the first stage.
    Entries(String),
    /// Which part of them came into the second of two that follow each other.
    Step(String, String),
    /// Changed values in a stage.
    Values(String),
    /// Another mix of stages.
    Mix,
}

/// What could have made a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Suspect {
    /// The data, or another definition.
    Data,
    /// Another mix of rows.
    Mix,
    /// Few members.
    Members,
    /// Members that left or came: those who stayed did not move as much.
    Left,
    /// Another share of those who could have entered did.
    Answered,
    /// What it is computed of: those that are beyond what is usual, by name.
    Inputs(Vec<String>),
    /// What is believed to move it, by name.
    Believed(String),
}

/// Why there is no control chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoChart {
    /// Too few periods in a row.
    TooFew {
        /// There are so many.
        have: usize,
        /// So many are needed.
        need: usize,
    },
    /// Neighbouring periods share rows.
    Overlapping,
    /// It never moved.
    NeverMoved,
}

/// What lies between the end of a period of a KPI and what it is believed to move.
#[derive(Debug, Clone, PartialEq)]
pub struct Role {
    /// What it is believed to move, by name.
    pub effect: String,
    /// After how long.
    pub lag: (u32, Grain),
    /// Its own period.
    pub period: Grain,
    /// How long a decision takes.
    pub decides: (u32, Grain),
    /// Days that are left when it is known and a decision is made; below zero it comes too late.
    pub left: f64,
    /// Whether the lag is longer than a cycle of the business.
    pub beyond_cycle: bool,
    /// Whether it is said to lead or to lag.
    pub said: Option<Indicator>,
}

/// By how much forecasts of an effect miss less with a KPI than without.
#[derive(Debug, Clone, PartialEq)]
pub struct Gain {
    /// The effect, by name.
    pub effect: String,
    /// The share of squared error that is saved.
    pub share: f64,
    /// Ends of its interval.
    pub range: (f64, f64),
    /// Periods that were forecast.
    pub periods: u64,
    /// Members; none where it is the total.
    pub members: Option<usize>,
    /// Whether it gains.
    pub verdict: Verdict,
}

/// Why it cannot be said whether forecasts gain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoGain {
    /// Nothing can be said of the pair at all.
    Untold(association::Untold),
    /// It is believed to move it in the same period: that is no forecast.
    NotAhead,
    /// Too few periods can be forecast.
    TooFew {
        /// There are so many periods.
        have: usize,
        /// So many are needed.
        need: usize,
    },
}

/// A KPI that says the same as another.
#[derive(Debug, Clone, PartialEq)]
pub struct Alike {
    /// By name.
    pub name: String,
    /// How what both do beyond their own past goes together; none: they measure the same by definition.
    pub correlation: Option<f64>,
}

/// What is out of balance in a scorecard.
#[derive(Debug, Clone, PartialEq)]
pub enum Imbalance {
    /// Hardly anything leads, or hardly anything lags.
    Indicators {
        /// KPIs that lead.
        leading: usize,
        /// KPIs that lag.
        lagging: usize,
        /// At least this share should do either.
        least: f64,
    },
    /// Hardly anything drives, or hardly anything comes of it.
    Drivers {
        /// KPIs of objectives that move others.
        drivers: usize,
        /// KPIs of objectives that move none.
        outcomes: usize,
        /// At least this share should do either.
        least: f64,
    },
    /// Nothing tells whether a long-term goal is reached.
    NoGoal {
        /// So many KPIs would.
        goals: usize,
    },
    /// Nothing is known before several decisions could have been taken.
    Slow {
        /// The shortest period.
        soonest: Grain,
        /// How long a decision takes.
        decides: (u32, Grain),
    },
    /// A perspective of the strategy without a KPI.
    Unmeasured {
        /// Its name.
        perspective: String,
    },
    /// A perspective that weighs more than one should.
    Heavy {
        /// Its name.
        perspective: String,
        /// Its weight in parts of 10 000.
        weight: u32,
        /// The share that one should weigh at most.
        most: f64,
    },
    /// Too many KPIs.
    Many {
        /// Of an objective, a person or the scorecard, by name.
        of: String,
        /// So many.
        kpis: usize,
        /// At most so many can be looked after.
        most: usize,
    },
    /// Hardly anything is what people judge, or hardly anything is counted or timed.
    Evidence {
        /// KPIs of what people judge on a scale.
        judged: usize,
        /// All others.
        counted: usize,
        /// At least this share should be of either.
        least: f64,
    },
}

/// On which side of a line a value lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Smaller.
    Below,
    /// Larger.
    Above,
}

/// The line that a value is held against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Line {
    /// The target.
    Target(f64),
    /// The lower end of the range that is good.
    LowerEnd(f64),
    /// The upper end of it.
    UpperEnd(f64),
}

/// How far a value is from the target. Nothing is so and so far away by an amount that shows as nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Distance {
    /// By so much, in the KPI's unit; at least what is shown.
    By {
        /// How much, above zero.
        amount: f64,
        /// On which side of the line.
        side: Side,
        /// The line.
        line: Line,
    },
    /// By less than the smallest difference that is shown.
    ByLessThan {
        /// The smallest difference that is shown.
        step: f64,
        /// On which side of the line.
        side: Side,
        /// The line.
        line: Line,
    },
    /// Not at all: the value is the line.
    None {
        /// The line.
        line: Line,
    },
    /// Within the range that is good.
    Within {
        /// The range.
        range: (f64, f64),
    },
}

impl Distance {
    /// The distance of a value from its target. `step` is the smallest difference that is shown, one in the last digit.
    pub fn of(value: f64, lines: &TargetLines, step: f64) -> Self {
        let (at, line) = match *lines {
            TargetLines::OneSided { target, .. } => (target, Line::Target(target)),
            TargetLines::InRange { target: (low, _), .. } if value < low => (low, Line::LowerEnd(low)),
            TargetLines::InRange { target: (_, high), .. } if value > high => (high, Line::UpperEnd(high)),
            TargetLines::InRange { target, .. } => return Self::Within { range: target },
        };
        let amount = (value - at).abs();
        let side = if value < at { Side::Below } else { Side::Above };
        if amount == 0.0 {
            Self::None { line }
        // A hair more than half a step, so that rounding cannot make it nothing.
        } else if amount < 0.51 * step {
            Self::ByLessThan { step, side, line }
        } else {
            Self::By { amount, side, line }
        }
    }
}

/// The bands that an interval reaches, worst and best, with that of the point among them.
pub fn bands_reached(of: &Estimate, lines: &TargetLines, better: Better) -> Option<(Band, Band)> {
    let interval = of.interval.as_ref().ok()?;
    let ends = [interval.low, of.point, interval.high].map(|v| kepi_score::band::band(v, lines, better));
    Some((ends.into_iter().min()?, ends.into_iter().max()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(target: f64) -> TargetLines {
        TargetLines::OneSided { floor: None, threshold: target - 1.0, target, stretch: None }
    }

    #[test]
    fn nothing_is_away_by_nothing() {
        assert_eq!(Distance::of(0.75, &one(0.75), 0.001), Distance::None { line: Line::Target(0.75) });
        assert_eq!(
            Distance::of(0.74999, &one(0.75), 0.001),
            Distance::ByLessThan { step: 0.001, side: Side::Below, line: Line::Target(0.75) }
        );
        assert!(matches!(Distance::of(0.605, &one(0.75), 0.001), Distance::By { side: Side::Below, .. }));
        let range =
            TargetLines::InRange { floor: None, threshold: (1.0, 9.0), target: (4.0, 6.0), stretch: None };
        assert_eq!(Distance::of(5.0, &range, 0.1), Distance::Within { range: (4.0, 6.0) });
        assert!(matches!(
            Distance::of(3.0, &range, 0.1),
            Distance::By { side: Side::Below, line: Line::LowerEnd(4.0), .. }
        ));
        assert!(matches!(
            Distance::of(7.0, &range, 0.1),
            Distance::By { side: Side::Above, line: Line::UpperEnd(6.0), .. }
        ));
    }

    proptest! {
        #[test]
        fn an_amount_never_rounds_to_nothing(value in -10.0..10.0f64, target in -10.0..10.0f64, decimals in 0..4i32) {
            let step = 10f64.powi(-decimals);
            if let Distance::By { amount, .. } = Distance::of(value, &one(target), step) {
                let shown = format!("{:.*}", decimals as usize, amount);
                prop_assert!(shown.bytes().any(|b| (b'1'..=b'9').contains(&b)), "{}", shown);
            }
        }
    }
}
