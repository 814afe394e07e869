//! A checked project: every name resolved, every expression typed, every default written out.
//!
//! Only [`check`](crate) makes these, so what they say can be relied upon: references point to something, weights
//! sum to one, targets stand on the right side, expressions are typed.

mod connection;
mod enterprise_event;
mod guardrail;
mod incentive_plan;
mod rule;
mod scorecard;
mod source;
mod strategy;
mod withholding;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::{
    acting::{Alert, Channel, ClosedLoop, Ladder, Playbook},
    benchmark::Benchmark,
    business_hours::NamedHours,
    calendar::{Calendar, CalendarError, Grain, Period},
    derived::last_by,
    engine::Engine,
    feedback::Feedback,
    governance::Governance,
    id::{
        AlertId, BenchmarkId, BusinessHoursId, ChannelId, ConnectionId, EnterpriseEventId, EntityId,
        FeedbackId, GuardrailId, IncentivePlanId, InitiativeId, KpiId, LadderId, LoopId, OperatingPlanId,
        PersonId, PlaybookId, PolicyId, ProjectId, PurposeId, ReviewId, RuleId, SamplingId, ScorecardId,
        SourceId, StageGateId, UnitId, WithholdingId,
    },
    initiative::{Initiative, QuickWins},
    operating_plan::OperatingPlan,
    review::Review,
    sampling::Sampling,
};

pub use crate::bound::Bound;
pub use crate::entity::{Attribute, Entity};
pub use crate::measure::{
    Aggregate, AsOf, Attachment, Basis, BasisKind, BasisPoints, Belief, Better, Bins, Design, Dimension,
    Disposition, Duration, DurationSummary, Elsewhere, Indicator, Kpi, Life, MARGIN_SCALE, Margin, MarginTo,
    Mean, Measure, MissingRule, Nps, OutOfDate, PlannedWith, Population, Publication, Quantile, Rating,
    RatingKind, RatingSummary, Ratio, Response, Sensitivity, Share, Sign, Spacing, SurveyGates, Target,
    TargetLines, Total, Trim, Unmatched, ValueUnit, WithoutData,
};
pub use crate::secret::{Secret, Setting};
pub use crate::unit::{Unit, UnitTree};
pub use connection::{Auth, Connection, Database, S3, S3Keys, Sftp, SftpLogin, Tls, To};
pub use enterprise_event::EnterpriseEvent;
pub use guardrail::{Demand, Guardrail, StageGate, Still};
pub use incentive_plan::{IncentivePlan, Weighed, weighed, weight_said};
pub use rule::{ByMember, Consequence, DataRule};
pub use scorecard::{
    Cascade, CascadeAsOf, CascadeTargets, CascadeValue, Placed, Scorecard, ScorecardObjective,
    ScorecardPerspective, ScorecardSegment, WHOLE,
};
pub use source::{
    Ambiguous, Attest, Clean, Clock, Connector, Dates, EnumElse, Epoch, Excess, Fetch, FileOrder, HttpGet,
    HttpJob, Identical, Mapping, MappingFrom, Merges, MissingLocal, Mode, Otherwise, Pages, Parse,
    PercentSign, PostedAs, Proof, Relation, Requirement, Rule, Signature, SignatureDigits, SignatureHash,
    SignedBy, Since, Source, SourceZone, Unpivot, Webhook, WhenLate,
};
pub use strategy::{CauseEffect, Goal, Objective, Perspective, Pillar, Strategy, Strength, Theme};
pub use withholding::{Section, Withholding};

/// A whole project.
#[derive(Debug, Clone)]
pub struct Project {
    /// Its name.
    pub id: ProjectId,
    /// Shown name.
    pub name: String,
    /// In plain words.
    pub description: Option<String>,
    /// Version of the definition language: 1.
    pub language: u32,
    /// Reporting zone, week start and fiscal year.
    pub calendar: Calendar,
    /// Confidence level of every interval, such as 0.95.
    pub confidence: f64,
    /// How often something may be called out although nothing is going on.
    pub attention: Attention,
    /// What a balanced scorecard is held against.
    pub balance: Balance,
    /// Which initiatives are quick wins.
    pub quick_wins: QuickWins,
    /// Where scans are computed; none: where the run is.
    pub engine: Option<Engine>,
    /// What data may be used for.
    pub purposes: BTreeMap<PurposeId, String>,
    /// People.
    pub persons: BTreeMap<PersonId, Person>,
    /// Who may see and do what, in Cedar, by name; empty: files of the folder say it, or what comes with Kepi.
    pub policies: BTreeMap<PolicyId, String>,
    /// Roles, each of which stands for whoever holds it; no person has the same id.
    pub roles: BTreeMap<PersonId, Role>,
    /// How it is decided what is in force; none: whoever runs the project decides.
    pub governance: Option<Governance>,
    /// Who gets what nobody else can take.
    pub last_resort: Option<PersonId>,
    /// When somebody is asked to act.
    pub alerts: BTreeMap<AlertId, Alert>,
    /// Which rows somebody follows up, one by one.
    pub closed_loops: BTreeMap<LoopId, ClosedLoop>,
    /// What customers write, and its themes.
    pub feedback: BTreeMap<FeedbackId, Feedback>,
    /// Who is told if nobody acts in time.
    pub ladders: BTreeMap<LadderId, Ladder>,
    /// What is done wherever something is so.
    pub playbooks: BTreeMap<PlaybookId, Playbook>,
    /// What people set out to do.
    pub initiatives: BTreeMap<InitiativeId, Initiative>,
    /// What is to be spent in a time.
    pub operating_plans: BTreeMap<OperatingPlanId, OperatingPlan>,
    /// Which KPIs the pay of whom hangs on.
    pub incentive_plans: BTreeMap<IncentivePlanId, IncentivePlan>,
    /// What happens to the enterprise.
    pub enterprise_events: BTreeMap<EnterpriseEventId, EnterpriseEvent>,
    /// When people meet over figures, and who.
    pub reviews: BTreeMap<ReviewId, Review>,
    /// Whom surveys ask next.
    pub samplings: BTreeMap<SamplingId, Sampling>,
    /// What other systems ask before they go on.
    pub stage_gates: BTreeMap<StageGateId, StageGate>,
    /// Where messages leave to.
    pub channels: BTreeMap<ChannelId, Channel>,
    /// The tree of units.
    pub units: BTreeMap<UnitId, Unit>,
    /// Built-in and own entities, with all attributes.
    pub entities: BTreeMap<EntityId, Entity>,
    /// When work is done.
    pub business_hours: BTreeMap<BusinessHoursId, NamedHours>,
    /// Ways to other systems.
    pub connections: BTreeMap<ConnectionId, Connection>,
    /// Sources.
    pub sources: BTreeMap<SourceId, Source>,
    /// Strategy, if one is written.
    pub strategy: Option<Strategy>,
    /// KPIs.
    pub kpis: BTreeMap<KpiId, Kpi>,
    /// Rules about data sets.
    pub rules: BTreeMap<RuleId, DataRule>,
    /// Trade-offs that were agreed on.
    pub guardrails: BTreeMap<GuardrailId, Guardrail>,
    /// Figures of others on record.
    pub benchmarks: BTreeMap<BenchmarkId, Benchmark>,
    /// Scorecards.
    pub scorecards: BTreeMap<ScorecardId, Scorecard>,
    /// What legal duties keep out of disclosures.
    pub withholdings: BTreeMap<WithholdingId, Withholding>,
}

/// How often something may be called out although nothing is going on, and what goes first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attention {
    /// The share of months without news that may show something, and of call-outs that may be false.
    pub false_call_outs: f64,
    /// What a KPI on a scorecard counts beside others.
    pub scorecards: f64,
    /// What a KPI with a target counts.
    pub targets: f64,
}

impl Default for Attention {
    fn default() -> Self {
        Self { false_call_outs: 0.1, scorecards: 20.0, targets: 5.0 }
    }
}

/// What a balanced scorecard is held against, and how fast the business goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Balance {
    /// How long it takes until what is done shows in money: so many of a grain.
    pub cycle: (u32, Grain),
    /// How long it takes to decide something and to get it done.
    pub decides: (u32, Grain),
    /// At least this share leads, and at least this share lags.
    pub either: f64,
    /// At least this share is what people judge, and at least this share is counted or timed.
    pub judged: f64,
    /// At most this weight lies on one perspective; a share of 1.
    pub heaviest: f64,
    /// At most so many KPIs an objective.
    pub per_objective: usize,
    /// A person.
    pub per_person: usize,
    /// A scorecard.
    pub per_scorecard: usize,
}

impl Default for Balance {
    fn default() -> Self {
        Self {
            cycle: (1, Grain::Year),
            decides: (1, Grain::Month),
            either: 0.2,
            judged: 0.1,
            heaviest: 0.6,
            per_objective: 5,
            per_person: 7,
            per_scorecard: 30,
        }
    }
}

impl Project {
    /// The tree of units on a day; without one that of the wordings that come into force last.
    pub fn tree(&self, day: Option<Date>) -> UnitTree<'_> {
        UnitTree::of(&self.units, day)
    }

    /// Who answers where a person or a role is named, in a unit on a day: whoever holds the seat there or in the nearest unit above it, else
    /// the person. For the whole a role is held in the unit at the top. None: nobody holds the role.
    pub fn answering<'a>(
        &'a self,
        who: &'a PersonId,
        unit: Option<&UnitId>,
        day: Option<Date>,
    ) -> Option<&'a PersonId> {
        let tree = self.tree(day);
        let is_role = self.roles.contains_key(who);
        let unit = unit.and_then(|unit| self.units.get_key_value(unit)).map(|(id, _)| id);
        let from = unit.or_else(|| tree.root().map(|root| &root.id).filter(|_| is_role));
        let seat = |above: &UnitId| tree.unit(above)?.seats.get(who);
        // Who answers goes by the parent alone, as whoever gets an item does.
        let seat = std::iter::successors(from, |unit| tree.above(unit)).find_map(seat);
        seat.or(Some(who).filter(|_| !is_role))
    }

    /// Everybody who holds or will hold a role, or held it, in whichever unit; a person is herself.
    pub fn holders<'a>(&'a self, who: &'a PersonId) -> BTreeSet<&'a PersonId> {
        if !self.roles.contains_key(who) {
            return BTreeSet::from([who]);
        }
        let units = self.units.values().flat_map(Unit::wordings);
        units.filter_map(|unit| unit.seats.get(who)).collect()
    }

    /// Somebody as shown, on a day: a role with whoever holds it for the whole.
    pub fn shown(&self, who: &PersonId, day: Option<Date>) -> String {
        let called = self.called(who);
        if !self.roles.contains_key(who) {
            return called.to_owned();
        }
        let holder = self.answering(who, None, day).map_or("nobody", |holder| self.called(holder));
        format!("{holder} ({called})")
    }

    /// What a person or a role is called.
    pub fn called<'a>(&'a self, who: &'a PersonId) -> &'a str {
        let person = self.persons.get(who).map(|person| person.name.as_str());
        person.or_else(|| self.roles.get(who).map(|role| role.name.as_str())).unwrap_or(who.as_str())
    }

    /// The tree of units as it stands at an instant, µs UTC.
    pub fn tree_at(&self, at: i64) -> UnitTree<'_> {
        let day = self.calendar.period_at(Grain::Day, at).and_then(|day| self.calendar.first_day(day));
        self.tree(day.ok())
    }

    /// The calendars by which its KPIs are computed, its own first.
    pub fn calendars(&self) -> Vec<Calendar> {
        let mut all = vec![self.calendar.clone()];
        for elsewhere in self.kpis.values().filter_map(|kpi| kpi.elsewhere.as_ref()) {
            if !all.contains(&elsewhere.calendar) {
                all.push(elsewhere.calendar.clone());
            }
        }
        all
    }

    /// Whether a KPI was rotated out by a day: nothing is to use it by then and nothing does, nothing takes its place, and it goes on being measured.
    pub fn runs_in_shadow(&self, kpi: &Kpi, on: Date) -> bool {
        let over = kpi.life.is_some_and(|life| life.retired.is_none() && life.sunset <= on);
        // As it is defined, or by the calendar of a scorecard.
        let is_it = |id: &KpiId| {
            *id == kpi.id
                || self.kpis.get(id).and_then(|of| of.elsewhere.as_ref()).is_some_and(|of| of.of == kpi.id)
        };
        over && kpi.successor.is_none()
            && kpi.elsewhere.is_none()
            && !self.scorecards.values().any(|card| card.kpis().any(is_it))
            && !self.incentive_plans.values().any(|plan| plan.weights.keys().any(is_it))
            && !self.guardrails.values().any(|of| of.kpis.keys().chain(of.meanwhile.keys()).any(is_it))
    }

    /// The calendar by which a KPI is computed, and of which its periods are.
    pub fn calendar_of<'a>(&'a self, kpi: &'a Kpi) -> &'a Calendar {
        kpi.elsewhere.as_ref().map_or(&self.calendar, |of| &of.calendar)
    }

    /// The same by its name; the project's own of one that is gone.
    pub fn calendar_of_kpi(&self, kpi: &str) -> &Calendar {
        // Mostly there is one, and this is asked of every row.
        if self.scorecards.values().all(|of| of.calendar == self.calendar) {
            return &self.calendar;
        }
        let kpi = kpi.parse().ok().and_then(|id: KpiId| self.kpis.get(&id));
        kpi.map_or(&self.calendar, |kpi| self.calendar_of(kpi))
    }

    /// The calendar of which the periods of a scorecard are; the project's own of one that is gone.
    pub fn calendar_of_scorecard(&self, scorecard: &str) -> &Calendar {
        let scorecard = scorecard.parse().ok().and_then(|id: ScorecardId| self.scorecards.get(&id));
        scorecard.map_or(&self.calendar, |of| &of.calendar)
    }

    /// What a KPI is computed of, as its calendar reads it, if that stands on a scorecard as well.
    pub fn input_of<'a>(&'a self, kpi: &Kpi, input: &'a Kpi) -> &'a Kpi {
        let Some(own) = &kpi.elsewhere else { return input };
        let is = |of: &&Kpi| {
            of.elsewhere.as_ref().is_some_and(|of| of.of == input.id && of.calendar == own.calendar)
        };
        self.kpis.values().find(is).unwrap_or(input)
    }

    /// A period of a KPI.
    pub fn period(&self, kpi: &Kpi, grain: Grain, ordinal: i32) -> Period {
        self.calendar_of(kpi).period(grain, ordinal)
    }

    /// The period that a text names: one of the project's, or, as `SCORECARD:PERIOD`, one of a scorecard's calendar.
    ///
    /// # Errors
    /// It names none.
    pub fn period_named(&self, text: &str) -> Result<Period, CalendarError> {
        let Some((card, label)) = text.split_once(':') else { return self.calendar.parse(text) };
        let card = card.parse().ok().and_then(|id: ScorecardId| self.scorecards.get(&id));
        card.ok_or_else(|| CalendarError::NotAPeriod(text.to_owned()))?.calendar.parse(label)
    }

    /// The label of a period that may be written with a scorecard of its calendar before it, as where periods of several stand in one list.
    pub fn without_card<'t>(&self, text: &'t str, calendar: &Calendar) -> &'t str {
        let named = text.split_once(':').filter(|(card, _)| {
            self.scorecards.values().any(|of| of.id.as_str() == *card && of.calendar == *calendar)
        });
        named.map_or(text, |(_, label)| label)
    }

    /// What a period is called beside those of the project: its label, of one that the project has not with a scorecard that has it.
    pub fn name_of(&self, period: Period) -> String {
        let label = self.calendar.label(period);
        if self.calendar.fiscal().of(period.grain) == period.fiscal {
            return label;
        }
        let card = self.scorecards.values().find(|of| of.calendar.fiscal().of(period.grain) == period.fiscal);
        card.map_or(label.clone(), |card| format!("{}:{label}", card.id))
    }

    /// The same where its days begin in the zone of a calendar.
    pub fn name_in(&self, period: Period, calendar: &Calendar) -> String {
        match self.scorecards.values().find(|of| of.calendar == *calendar) {
            Some(card) if *calendar != self.calendar => format!("{}:{}", card.id, calendar.label(period)),
            _ => self.name_of(period),
        }
    }

    /// The period of a length that begins on a day: that of the project if one does, else that of a scorecard.
    pub fn begun_on(&self, grain: Grain, first: Date) -> Period {
        let of = |calendar: &Calendar| calendar.period_of_day(grain, first);
        let begins = |period: &Period| self.calendar.first_day(*period) == Ok(first);
        let mut of_cards = self.scorecards.values().map(|card| of(&card.calendar));
        let own = of(&self.calendar);
        if begins(&own) { own } else { of_cards.find(begins).unwrap_or(own) }
    }

    /// From when on a target of a KPI is out of date by the plan that it was planned with.
    pub fn out_of_date(&self, kpi: &KpiId, target: &Target) -> Option<OutOfDate<'_>> {
        let plan = self.operating_plans.get(&target.plan.as_ref()?.plan)?;
        self.kpis.get(kpi)?.out_of_date(target, plan)
    }

    /// The project with the KPIs alone that are computed by a calendar, which is its own.
    #[must_use]
    pub fn in_calendar(&self, calendar: &Calendar) -> Self {
        let mut part = self.clone();
        part.kpis.retain(|_, kpi| self.calendar_of(kpi) == calendar);
        calendar.clone_into(&mut part.calendar);
        last_by(calendar, &mut part.entities);
        part
    }
}

/// What somebody is in a unit, whoever that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Id, which stands where a person's can.
    pub id: PersonId,
    /// Shown name.
    pub name: String,
    /// Where it is defined.
    pub span: crate::source_text::Span,
}

/// A person.
#[derive(Debug, Clone)]
pub struct Person {
    /// Id.
    pub id: PersonId,
    /// Shown name.
    pub name: String,
    /// What the person does.
    pub role: Option<String>,
    /// Address.
    pub email: Option<String>,
    /// What a provider by which people sign in calls the person.
    pub subject: Option<String>,
    /// The superior, on each day at most one.
    pub reports_to: Vec<ReportingLine>,
    /// To whom she reports in another matter, on each day at most one.
    pub dotted_to: Vec<ReportingLine>,
    /// Who acts for her while she is away.
    pub substitute: Option<PersonId>,
    /// When she is away: the first day, and the first day back.
    pub away: Vec<(Date, Date)>,
}

/// To whom somebody reports, for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportingLine {
    /// To whom.
    pub to: PersonId,
    /// The first day; none: from ever.
    pub from: Option<Date>,
    /// The first day on which it is no more; none: for good.
    pub until: Option<Date>,
}

impl Person {
    /// The superior on a day.
    pub fn reports_to(&self, day: Date) -> Option<&PersonId> {
        self.reports_to.iter().find(|line| line.holds(day)).map(|line| &line.to)
    }

    /// To whom she reports in another matter on a day.
    pub fn dotted_to(&self, day: Date) -> Option<&PersonId> {
        self.dotted_to.iter().find(|line| line.holds(day)).map(|line| &line.to)
    }
}

impl ReportingLine {
    /// Whether it holds on a day.
    pub fn holds(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day < until)
    }
}
