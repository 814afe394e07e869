//! Facts as somebody sees them: what is not seen is not there, in no list, figure, choice or count.
//!
//! The project lacks KPIs, scorecards and sources of which nothing is seen; figures are given for the units that are. Which
//! periods there are is no figure and is not hidden.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
    sync::Arc,
};

use jiff::civil::Date;
use kepi_insight::{
    analysis::Acts,
    change::{Judgement, Refusal},
    foretold::Foretold,
    stages,
};
use kepi_model::{
    calendar::{Grain, Period},
    id::{DimensionId, EntityId, Hash, KpiId, LevelId, SamplingId, ScorecardId, SourceId, UnitId},
    project::{Kpi, Project, WhenLate},
    source_text::SourceMap,
};
use kepi_query::{
    landing::{Delivered, LoadReport, NotLanded, Posted, QuarantinedRow, Stranded},
    port::SnapshotId,
    published::{Run, RunTime},
    state::Member,
    value::Segment,
};
use kepi_score::{
    card::{ByRule, Card, KpiValues, UnitScore},
    tree::Observed,
};

use crate::{
    budget::BudgetLine,
    correction::Correction,
    decided::{
        Attested, Commentary, Heard, Held, Item, ItemInFull, LateUnit, Learnt, Methodology, Official,
        Periods, Played, RegisterAsked, Rows, Silence, Timed, Touch, Tuned, UnitReadiness,
    },
    dual::DualRun,
    facts::{
        AgreedTo, Discrepancies, Entry, Facts, OfficialFigure, OfficialScore, Said, ScreenedAnswers, Standing,
    },
    logged::{LogAsked, Logged, Proven},
    people::{Directory, PeopleAsked},
    reader::ViewError,
    sampling::Behind,
    trace::{FoundRow, TracedEntityRow, TracedValue},
    view::Viewer,
};

/// What somebody may see.
pub trait Sight: Send + Sync {
    /// The figures of a KPI for a unit; none: over all rows.
    fn kpi(&self, kpi: &KpiId, unit: Option<&UnitId>) -> bool;
    /// What they are made of: segments other than units, and rows behind.
    fn explained(&self, kpi: &KpiId, unit: Option<&UnitId>) -> bool;
    /// The scores of a scorecard for a unit; none: its own. It is seen only together with all KPIs that it is made of.
    fn scorecard(&self, scorecard: &ScorecardId, unit: Option<&UnitId>) -> bool;
    /// How deliveries of a source went.
    fn data(&self, source: &SourceId) -> bool;
    /// Rejected rows of a source.
    fn rows(&self, source: &SourceId) -> bool;
    /// Why not, in words: by which policies, or that none grants it; of rejected rows, else of deliveries.
    fn why_not(&self, source: &SourceId, rows: bool) -> String;
    /// Whether what is decided, in force, frozen and closed is seen.
    fn decisions(&self) -> bool;
    /// Whether to take part in decisions: whoever is asked by the governance, and proposes.
    fn decides(&self) -> bool;
    /// Why not, in words: to take part in decisions, else to see them.
    fn why_no_decisions(&self, part: bool) -> String;
    /// Who somebody is and can ask, in words: ``you are here as viewer; `ana` can change that``.
    fn whom(&self) -> String;
}

/// Facts with who sees them.
pub struct Seen {
    facts: Arc<dyn Facts>,
    viewer: Viewer,
    /// None: everything is seen.
    part: Option<Part>,
}

/// What is seen of the facts.
struct Part {
    sight: Arc<dyn Sight>,
    /// The project without what is not seen; none: nothing of it is hidden.
    project: Option<Project>,
    loads: Vec<LoadReport>,
    /// Units by dimension and member.
    units: BTreeMap<DimensionId, BTreeMap<String, BTreeSet<UnitId>>>,
}

impl Seen {
    /// The facts as this viewer sees them; without a sight all of them.
    pub fn by(viewer: Viewer, sight: Option<Arc<dyn Sight>>, facts: Arc<dyn Facts>) -> Self {
        let part = sight.map(|sight| Part::of(sight, facts.as_ref()));
        Self { facts, viewer, part }
    }

    /// Rows of a source, or of what is made of all of them: then every source must be seen.
    fn may_see_rows(&self, source: Option<&SourceId>) -> Result<(), ViewError> {
        let Some(part) = &self.part else { return Ok(()) };
        let mut asked =
            self.facts.project().sources.keys().filter(|id| source.is_none_or(|asked| asked == *id));
        let Some(unseen) = asked.find(|id| !part.sight.rows(id)) else { return Ok(()) };
        let (why, whom) = (part.sight.why_not(unseen, true), part.sight.whom());
        Err(ViewError::Refused { reason: format!("rows of `{unseen}`: {why}; {whom}") })
    }

    /// Whether a definition is seen: as its figures or deliveries are. What has none is no secret.
    fn shows_definition(&self, id: &str) -> bool {
        let Some(part) = &self.part else { return true };
        let units = &self.facts.project().units;
        let anywhere =
            |seen: &dyn Fn(Option<&UnitId>) -> bool| seen(None) || units.keys().any(|u| seen(Some(u)));
        let Some((kind, name)) = id.split_once('/') else { return true };
        let project = self.facts.project();
        let kpi = |kpi: &KpiId| anywhere(&|unit| part.sight.kpi(kpi, unit));
        match kind {
            "kpi" => name.parse().is_ok_and(|of| kpi(&of)),
            // What says something of KPIs, and stands in the register with its text. Of one that is gone it is not known of which.
            "rule" => name.parse().is_ok_and(|of| project.rules.get(&of).is_some_and(|of| kpi(&of.kpi))),
            "guardrail" => name.parse().is_ok_and(|of| {
                project.guardrails.get(&of).is_some_and(|of| of.demands().all(|(of, _)| kpi(of)))
            }),
            "alert" => {
                name.parse().is_ok_and(|of| project.alerts.get(&of).is_some_and(|of| of.kpis.iter().all(kpi)))
            }
            "playbook" => {
                name.parse().is_ok_and(|of| project.playbooks.get(&of).is_some_and(|of| kpi(&of.kpi)))
            }
            "incentive_plan" => name.parse().is_ok_and(|of| {
                project.incentive_plans.get(&of).is_some_and(|of| of.weights.keys().all(kpi))
            }),
            "enterprise_event" => name.parse().is_ok_and(|of| {
                let known = project.enterprise_events.get(&of);
                known.is_some_and(|of| {
                    project.kpis.values().filter(|kpi| of.touches(kpi)).all(|own| kpi(&own.id))
                })
            }),
            "initiative" => name.parse().is_ok_and(|of| {
                let known = project.initiatives.get(&of);
                known.is_some_and(|of| of.kpis().all(|kpi| part.sight.kpi(kpi, of.unit.as_ref())))
            }),
            "feedback" => {
                name.parse().is_ok_and(|of| project.feedback.get(&of).is_some_and(|of| kpi(&of.kpi)))
            }
            "sampling" => name.parse().is_ok_and(|of| {
                let of = project.samplings.get(&of);
                of.is_some_and(|of| [&of.kpi, &of.people, &of.invitations].into_iter().all(kpi))
            }),
            "closed_loop" => {
                name.parse().is_ok_and(|of| project.closed_loops.get(&of).is_some_and(|of| kpi(&of.kpi)))
            }
            "scorecard" => name.parse().is_ok_and(|card| anywhere(&|unit| part.sight.scorecard(&card, unit))),
            "source" => name.parse().is_ok_and(|source| part.sight.data(&source)),
            // Stages are of all rows.
            "journey" => name.parse().is_ok_and(|of| {
                let mut by_stage =
                    project.kpis.values().filter(|kpi| stages::stage_of(kpi, &of, project).is_some());
                by_stage.all(|kpi| part.sight.kpi(&kpi.id, None))
            }),
            _ => true,
        }
    }

    /// Whether nothing is hidden: no figure of any unit, and no delivery.
    fn sees_everything(&self) -> bool {
        let Some(part) = &self.part else { return true };
        let project = self.facts.project();
        let everywhere = |seen: &dyn Fn(Option<&UnitId>) -> bool| {
            seen(None) && project.units.keys().all(|unit| seen(Some(unit)))
        };
        project.kpis.keys().all(|kpi| everywhere(&|unit| part.sight.explained(kpi, unit)))
            && project.scorecards.keys().all(|card| everywhere(&|unit| part.sight.scorecard(card, unit)))
            && project.sources.keys().all(|source| part.sight.data(source))
    }

    /// The log names whatever there is, of all that is hidden, too.
    fn may_read_the_log(&self) -> Result<(), ViewError> {
        if self.sees_everything() {
            return Ok(());
        }
        let reason = "the log says of everything, and you do not see all of it".to_owned();
        Err(ViewError::Refused { reason })
    }

    /// Whether an item is seen: by whoever takes part in it, and by whoever sees all that it touches.
    fn shows_item(&self, item: &Item) -> bool {
        item.has_part(self.viewer.acts_as.as_deref())
            || (self.part.is_none() || !item.secret)
                && item.touches.iter().all(|touch| self.shows_touch(touch))
    }

    /// Leaves of a dual run what is seen. What it says of new KPIs names others, too.
    fn hide_in(&self, run: &mut DualRun) {
        if self.sees_everything() {
            return;
        }
        let project = self.facts.project();
        run.vetted.clear();
        run.figures.retain(|of| self.shows_definition(&format!("kpi/{}", of.id)));
        for of in &mut run.figures {
            let Ok(kpi) = of.id.parse::<KpiId>() else { continue };
            let whole = project.units.keys().all(|unit| self.sees_kpi(&kpi, Some(unit)));
            let whole = whole && self.sees_kpi(&kpi, None);
            of.seen(whole, |part| part.parse().is_ok_and(|segment| self.shows(&kpi, &segment)));
        }
        run.scores.retain(|of| self.shows_definition(&format!("scorecard/{}", of.id)));
        for of in &mut run.scores {
            let Ok(card) = of.id.parse::<ScorecardId>() else { continue };
            let own = project.scorecards.get(&card).and_then(|card| card.unit.clone());
            let whole = project.units.keys().all(|unit| self.sees_scorecard(&card, Some(unit)));
            of.seen(whole && self.sees_scorecard(&card, None), |part| {
                let unit = part.parse::<UnitId>().ok().filter(|unit| own.as_ref() != Some(unit));
                self.sees_scorecard(&card, unit.as_ref())
            });
        }
    }

    /// Whether what was learnt is seen: by whoever sees the figures that it is about.
    fn shows_learnt(&self, of: &Learnt) -> bool {
        let unit = of.unit.as_ref().and_then(|unit| unit.parse().ok());
        self.shows_touch(&Touch::new(format!("kpi/{}", of.kpi), "ever").of(Rows::Unit(unit)))
    }

    /// Whether what an item touches is seen: of a KPI the rows that it is about.
    fn shows_touch(&self, touch: &Touch) -> bool {
        let kpi = touch.id.strip_prefix("kpi/").and_then(|name| name.parse().ok());
        match (&touch.rows, kpi, &self.part) {
            (Rows::Unit(unit), Some(kpi), Some(part)) => part.sight.kpi(&kpi, unit.as_ref()),
            (Rows::Segment(segment), Some(kpi), Some(part)) => part.shows(&kpi, segment),
            _ => self.shows_definition(&touch.id),
        }
    }

    /// Whether the figures of a KPI over a segment are seen.
    fn shows(&self, kpi: &KpiId, segment: &Segment) -> bool {
        self.part.as_ref().is_none_or(|part| part.shows(kpi, segment))
    }
}

impl Part {
    fn of(sight: Arc<dyn Sight>, facts: &dyn Facts) -> Self {
        let project = facts.project();
        let anywhere = |seen: &dyn Fn(Option<&UnitId>) -> bool| {
            seen(None) || project.units.keys().any(|u| seen(Some(u)))
        };
        let no_kpi = |kpi: &&KpiId| !anywhere(&|unit| sight.kpi(kpi, unit));
        let no_card = |card: &&ScorecardId| !anywhere(&|unit| sight.scorecard(card, unit));
        let kpis: BTreeSet<KpiId> = project.kpis.keys().filter(no_kpi).cloned().collect();
        let cards: BTreeSet<ScorecardId> = project.scorecards.keys().filter(no_card).cloned().collect();
        let sources: BTreeSet<SourceId> =
            project.sources.keys().filter(|source| !sight.data(source)).cloned().collect();
        let hidden = !(kpis.is_empty() && cards.is_empty() && sources.is_empty());
        let seen = hidden.then(|| {
            let mut seen = project.clone();
            seen.kpis.retain(|id, _| !kpis.contains(id));
            seen.scorecards.retain(|id, _| !cards.contains(id));
            seen.sources.retain(|id, _| !sources.contains(id));
            for goal in seen.strategy.iter_mut().flat_map(|strategy| &mut strategy.goals) {
                goal.measured_by = goal.measured_by.take().filter(|kpi| !kpis.contains(kpi));
            }
            seen
        });
        let loads = facts.loads().iter().filter(|load| !sources.contains(&load.source)).cloned().collect();
        Self { units: units_of(project), project: seen, loads, sight }
    }

    /// A segment belongs to the units that its members stand for; one that names none, to the top. One that says more than that is part of
    /// what the figures are made of.
    fn shows(&self, kpi: &KpiId, segment: &Segment) -> bool {
        let of = |(dimension, member): &(DimensionId, Member)| match member {
            Member::Value(member) => self.units.get(dimension)?.get(&**member),
            Member::Unknown => None,
        };
        let below = segment.0.iter().any(|part| of(part).is_none());
        self.of_units(segment, &|unit| match below {
            true => self.sight.explained(kpi, unit),
            false => self.sight.kpi(kpi, unit),
        })
    }

    /// Whether what a segment is made of is seen: rows behind it.
    fn explains(&self, kpi: &KpiId, segment: &Segment) -> bool {
        self.of_units(segment, &|unit| self.sight.explained(kpi, unit))
    }

    /// Whether something holds of all units that a segment belongs to.
    fn of_units(&self, segment: &Segment, seen: &dyn Fn(Option<&UnitId>) -> bool) -> bool {
        let mut units = segment.0.iter().filter_map(|(dimension, member)| match member {
            Member::Value(member) => self.units.get(dimension)?.get(&**member),
            Member::Unknown => None,
        });
        match units.next() {
            None => seen(None),
            Some(first) => std::iter::once(first).chain(units).flatten().all(|unit| seen(Some(unit))),
        }
    }
}

/// Which units the members of dimensions stand for, by what scorecards match.
fn units_of(project: &Project) -> BTreeMap<DimensionId, BTreeMap<String, BTreeSet<UnitId>>> {
    let cascades = project.scorecards.values().filter_map(|card| card.cascade.as_ref());
    let matched: BTreeSet<(&LevelId, &DimensionId)> = cascades.flat_map(|cascade| &cascade.levels).collect();
    let mut all: BTreeMap<DimensionId, BTreeMap<String, BTreeSet<UnitId>>> = BTreeMap::new();
    for (level, dimension) in matched {
        for unit in project.units.values().filter(|unit| unit.level.as_ref() == Some(level)) {
            let members = all.entry(dimension.clone()).or_default();
            members.entry(unit.member.clone()).or_default().insert(unit.id.clone());
        }
    }
    all
}

impl KpiValues for Seen {
    fn observed(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Option<Observed> {
        self.shows(kpi, segment).then(|| self.facts.observed(kpi, period, segment)).flatten()
    }
    fn periods(&self, kpi: &KpiId, grain: Grain, segment: &Segment) -> Vec<(i32, bool)> {
        self.facts.periods(kpi, grain, segment)
    }
    fn definition(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Option<Hash> {
        self.facts.definition(kpi, period, segment)
    }
}

impl Facts for Seen {
    fn project(&self) -> &Project {
        self.part.as_ref().and_then(|part| part.project.as_ref()).unwrap_or_else(|| self.facts.project())
    }
    fn files(&self) -> &SourceMap {
        self.facts.files()
    }
    fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }
    fn has(&self, kpi: &KpiId, grain: Grain) -> bool {
        self.facts.has(kpi, grain)
    }
    fn sum_up(&self, kpi: &Kpi, grain: Grain) -> Result<(), String> {
        self.facts.sum_up(kpi, grain)
    }
    fn segments(&self, kpi: &KpiId, grain: Grain) -> Vec<Segment> {
        let mut all = self.facts.segments(kpi, grain);
        all.retain(|segment| self.shows(kpi, segment));
        all
    }
    fn span(&self, kpi: &KpiId, grain: Grain, segment: &Segment) -> Option<(i32, i32)> {
        self.facts.span(kpi, grain, segment)
    }
    fn entry(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Option<Entry> {
        self.shows(kpi, segment).then(|| self.facts.entry(kpi, period, segment)).flatten()
    }
    fn points(
        &self,
        kpi: &KpiId,
        grain: Grain,
        segment: &Segment,
        within: RangeInclusive<i32>,
    ) -> Vec<(i32, Option<f64>, bool)> {
        if self.shows(kpi, segment) { self.facts.points(kpi, grain, segment, within) } else { Vec::new() }
    }
    fn as_computed(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Option<Observed> {
        self.shows(kpi, segment).then(|| self.facts.as_computed(kpi, period, segment)).flatten()
    }
    fn computed(
        &self,
        kpi: &KpiId,
        grain: Grain,
        segment: &Segment,
        within: RangeInclusive<i32>,
    ) -> Vec<(i32, Option<f64>, bool)> {
        if self.shows(kpi, segment) { self.facts.computed(kpi, grain, segment, within) } else { Vec::new() }
    }
    fn want(&self, kpis: &[&KpiId]) -> Result<(), ViewError> {
        self.facts.want(kpis)
    }
    fn before(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Result<Option<Said>, ViewError> {
        if self.shows(kpi, segment) { self.facts.before(kpi, period, segment) } else { Ok(None) }
    }
    fn restated_because(
        &self,
        kpi: &KpiId,
        period: Period,
        segment: &Segment,
    ) -> Result<Vec<String>, ViewError> {
        if !self.shows(kpi, segment) {
            return Ok(Vec::new());
        }
        self.facts.restated_because(kpi, period, segment)
    }
    fn not_renewed(&self, kpi: &KpiId, grain: Grain) -> bool {
        self.facts.not_renewed(kpi, grain)
    }
    fn restated(&self, kpi: &KpiId, grain: Grain) -> Vec<(Period, Segment)> {
        let mut all = self.facts.restated(kpi, grain);
        all.retain(|(_, segment)| self.shows(kpi, segment));
        all
    }
    fn overridden(&self, kpi: &KpiId, grain: Grain) -> Vec<(Period, Segment)> {
        let mut all = self.facts.overridden(kpi, grain);
        all.retain(|(_, segment)| self.shows(kpi, segment));
        all
    }
    fn standing(&self, kpi: &Kpi, grain: Grain) -> Result<Standing, ViewError> {
        let mut standing = self.facts.standing(kpi, grain)?;
        standing.withdrawn.retain(|withdrawal| self.shows(&kpi.id, &withdrawal.segment));
        Ok(standing)
    }
    fn unit_scores(&self, card: &Card<'_, dyn Facts + '_>, period: Period) -> Vec<UnitScore> {
        // What is kept of scores is kept for everybody, so it is never made of what somebody sees.
        let whole: Card<'_, dyn Facts + '_> =
            Card { project: self.facts.project(), scorecard: card.scorecard, values: self.facts.as_ref() };
        let mut all = self.facts.unit_scores(&whole, period);
        all.retain(|score| self.sees_scorecard(&card.scorecard.id, score.unit.as_ref()));
        all
    }
    fn judged(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Judgement {
        if self.shows(kpi, segment) {
            self.facts.judged(kpi, period, segment)
        } else {
            Err(Refusal::NotLooked)
        }
    }
    fn members_judged(&self, kpi: &KpiId, period: Period) -> Vec<(Segment, Judgement)> {
        let mut all = self.facts.members_judged(kpi, period);
        all.retain(|(segment, _)| self.shows(kpi, segment));
        all
    }
    fn foretold(&self, kpi: &KpiId, grain: Grain) -> Vec<Foretold> {
        if !self.shows(kpi, &Segment::total()) {
            return Vec::new();
        }
        let mut all = self.facts.foretold(kpi, grain);
        // Beside a KPI that is not seen nothing is said.
        let sees = |id: &str| id.parse().is_ok_and(|id| self.sees_kpi(&id, None));
        all.iter_mut().for_each(|of| of.beside = of.beside.take().filter(|(leader, _)| sees(leader)));
        all
    }
    fn viewer(&self) -> Option<&Viewer> {
        Some(&self.viewer)
    }
    fn sees_all(&self) -> bool {
        self.sees_everything()
    }
    fn sees_kpi(&self, kpi: &KpiId, unit: Option<&UnitId>) -> bool {
        self.part.as_ref().is_none_or(|part| part.sight.kpi(kpi, unit))
    }
    fn sees_scorecard(&self, scorecard: &ScorecardId, unit: Option<&UnitId>) -> bool {
        self.part.as_ref().is_none_or(|part| part.sight.scorecard(scorecard, unit))
    }
    fn watermark(&self, entity: &EntityId) -> Option<i64> {
        self.facts.watermark(entity)
    }
    fn loads(&self) -> &[LoadReport] {
        self.part.as_ref().map_or_else(|| self.facts.loads(), |part| &part.loads)
    }
    fn delivered(&self, source: &SourceId) -> Option<&Delivered> {
        let hidden = self.part.as_ref().is_some_and(|part| !part.sight.data(source));
        self.facts.delivered(source).filter(|_| !hidden)
    }
    fn posted(&self, source: &SourceId) -> Option<Posted> {
        let hidden = self.part.as_ref().is_some_and(|part| !part.sight.data(source));
        self.facts.posted(source).filter(|_| !hidden)
    }
    fn stranded(&self) -> Vec<Stranded> {
        if self.sees_everything() { self.facts.stranded() } else { Vec::new() }
    }
    fn now(&self) -> Option<i64> {
        self.facts.now()
    }
    fn snapshot(&self) -> Option<SnapshotId> {
        self.facts.snapshot()
    }
    fn published_runs(&self) -> Vec<(i64, SnapshotId)> {
        self.facts.published_runs()
    }
    fn newest_run(&self) -> Option<&Run> {
        self.facts.newest_run()
    }
    fn times(&self) -> &[RunTime] {
        // What looking at a source costs is for who sees its deliveries: the reporter asks for those of its project alone.
        self.facts.times()
    }
    fn not_landed(&self) -> &[(i64, NotLanded)] {
        // As times: those of sources that are seen alone are asked for.
        self.facts.not_landed()
    }
    fn attested(&self) -> Result<Vec<Attested>, ViewError> {
        let mut all = self.facts.attested()?;
        let Some(part) = &self.part else { return Ok(all) };
        // Of a unit to whoever sees figures of it that rest on the source.
        let project = self.facts.project();
        all.retain(|of| {
            let rests = |kpi: &&Kpi| {
                project.sources.get(&of.source).is_some_and(|source| kpi.reads.contains(&source.into))
            };
            part.sight.data(&of.source)
                && project.kpis.values().filter(rests).any(|kpi| part.sight.kpi(&kpi.id, of.unit.as_ref()))
        });
        Ok(all)
    }
    fn rejected(
        &self,
        source: Option<&SourceId>,
        offset: u64,
        limit: u64,
    ) -> Result<(Vec<QuarantinedRow>, u64), ViewError> {
        self.may_see_rows(source)?;
        self.facts.rejected(source, offset, limit)
    }
    fn corrections(&self, source: Option<&SourceId>) -> Result<Vec<Correction>, ViewError> {
        self.may_see_rows(source)?;
        self.facts.corrections(source)
    }
    fn rows_behind(
        &self,
        kpi: &KpiId,
        period: Period,
        segment: &Segment,
        most: usize,
    ) -> Result<TracedValue, ViewError> {
        self.may_see_rows(None)?;
        if !self.shows(kpi, segment) {
            let suggestions = Vec::new();
            return Err(ViewError::NotFound { what: format!("segment `{segment}` of `{kpi}`"), suggestions });
        }
        if let Some(part) = self.part.as_ref().filter(|part| !part.explains(kpi, segment)) {
            let reason = format!(
                "what figures of `{kpi}` are made of is for those who answer for it; {}",
                part.sight.whom()
            );
            return Err(ViewError::Refused { reason });
        }
        self.facts.rows_behind(kpi, period, segment, most)
    }
    fn entity_rows(
        &self,
        entity: &str,
        key: &[String],
        most: usize,
    ) -> Result<Vec<TracedEntityRow>, ViewError> {
        self.may_see_rows(None)?;
        self.facts.entity_rows(entity, key, most)
    }
    fn commentary(&self, kpi: &KpiId) -> Result<Vec<Commentary>, ViewError> {
        let mut all = self.facts.commentary(kpi)?;
        let unit = |of: &Commentary| of.unit.as_ref().and_then(|unit| unit.parse().ok());
        all.retain(|of| self.part.as_ref().is_none_or(|part| part.sight.kpi(kpi, unit(of).as_ref())));
        Ok(all)
    }
    fn commented(&self) -> BTreeSet<KpiId> {
        self.facts.commented()
    }
    fn acts(&self, kpi: &KpiId, within: std::ops::Range<i64>) -> Option<Acts> {
        self.facts.acts(kpi, within).filter(|_| self.part.is_none())
    }
    fn open_about(&self, kpi: &KpiId) -> Result<Vec<Item>, ViewError> {
        let mut all = self.facts.open_about(kpi)?;
        all.retain(|item| self.shows_item(item));
        Ok(all)
    }
    fn items(&self, all: bool) -> Result<Vec<Item>, ViewError> {
        let mut items = self.facts.items(all)?;
        items.retain(|item| self.shows_item(item));
        Ok(items)
    }
    fn screened(&self) -> Result<Vec<ScreenedAnswers>, ViewError> {
        self.facts.screened()
    }
    fn sampled(&self, of: &SamplingId) -> Result<Behind, ViewError> {
        self.facts.sampled(of)
    }
    fn discrepancies(&self) -> Result<Arc<[Discrepancies]>, ViewError> {
        let all = self.facts.discrepancies()?;
        let Some(part) = &self.part else { return Ok(all) };
        // How many there are is for who sees the deliveries of both; which rows they are of for who sees rows of both.
        let source = |name: &str| name.parse().ok();
        let data = |name: &str| source(name).is_some_and(|id| part.sight.data(&id));
        let rows = |row: &FoundRow| {
            row.source
                .as_deref()
                .and_then(source)
                .is_some_and(|id| part.sight.data(&id) && part.sight.rows(&id))
        };
        let seen = |of: &Discrepancies| {
            let counts = of.counts.iter().filter(|((_, believed, other), _)| data(believed) && data(other));
            let all = of.all.iter().filter(|of| rows(&of.believed) && rows(&of.overruled));
            Discrepancies {
                counts: counts.map(|(who, n)| (who.clone(), *n)).collect(),
                all: all.cloned().collect(),
                ..of.clone()
            }
        };
        Ok(all.iter().map(seen).collect())
    }
    fn budget_lines(&self) -> Result<Arc<[BudgetLine]>, ViewError> {
        // Of some of them nothing could be said that is true of all.
        let mut into =
            self.facts.project().sources.values().filter(|source| source.into.as_str() == "budget_line");
        let mut sees =
            |part: &Part| into.all(|source| part.sight.data(&source.id) && part.sight.rows(&source.id));
        match &self.part {
            Some(part) if !sees(part) => Ok(Arc::from([])),
            _ => self.facts.budget_lines(),
        }
    }
    fn silences(&self) -> Result<Vec<Silence>, ViewError> {
        let mut all = self.facts.silences()?;
        let shows = |kind: &str, of: &Option<String>| {
            of.as_ref().is_none_or(|name| self.shows_definition(&format!("{kind}/{name}")))
        };
        all.retain(|of| shows("kpi", &of.kpi) && shows("alert", &of.alert));
        Ok(all)
    }
    fn timed(&self) -> Result<Vec<Timed>, ViewError> {
        let mut all = self.facts.timed()?;
        if self.part.is_some() {
            let seen: BTreeSet<u64> = self.items(true)?.iter().map(|item| item.number).collect();
            all.retain(|of| seen.contains(&of.item));
        }
        Ok(all)
    }
    fn tuned(&self) -> Result<Vec<Tuned>, ViewError> {
        // It counts items of all that the alert looks at.
        if self.sees_everything() { self.facts.tuned() } else { Ok(Vec::new()) }
    }
    fn played(&self) -> Result<Vec<Played>, ViewError> {
        let mut all = self.facts.played()?;
        all.retain(|of| {
            let unit = of.unit.as_ref().and_then(|unit| unit.parse().ok());
            self.shows_touch(&Touch::new(format!("kpi/{}", of.kpi), "ever").of(Rows::Unit(unit)))
        });
        Ok(all)
    }
    fn feedback(&self) -> Result<Heard, ViewError> {
        let mut heard = self.facts.feedback()?;
        // What is said of one customer is for those who see rows; what is said at the front line for whoever sees the figure.
        let rows = self.may_see_rows(None).is_ok();
        if !rows {
            heard.unread.clear();
        }
        heard.said.retain(|of| {
            let unit = of.unit.as_ref().and_then(|unit| unit.parse().ok());
            let touch = Touch::new(format!("kpi/{}", of.kpi), "ever").of(Rows::Unit(unit));
            (rows || of.what == "at the front line") && self.shows_touch(&touch)
        });
        Ok(heard)
    }
    fn learnt(&self) -> Result<Vec<Learnt>, ViewError> {
        let mut all = self.facts.learnt()?;
        all.retain(|of| self.shows_learnt(of));
        Ok(all)
    }
    fn waiting(&self, name: &str) -> usize {
        // Whose turn something is takes part in it, and sees it.
        self.facts.waiting(name)
    }
    fn unratified(&self) -> Vec<Item> {
        let mut items = self.facts.unratified();
        items.retain(|item| self.shows_item(item));
        items
    }
    fn item(&self, number: u64) -> Result<Option<ItemInFull>, ViewError> {
        let item = self.facts.item(number)?.filter(|of| self.shows_item(&of.item));
        Ok(item.map(|mut of| {
            // Who takes part sees what is decided; what follows from it may be none of their business.
            of.scorecards.retain(|id| self.shows_definition(&format!("scorecard/{id}")));
            of.follow.retain(|id| self.shows_definition(&format!("kpi/{id}")));
            of.watched_by.retain(|id| self.shows_definition(id));
            of.learnt.retain(|learnt| self.shows_learnt(learnt));
            if let Some(run) = &mut of.dual {
                self.hide_in(run);
            }
            let me = self.viewer.acts_as.as_deref();
            // Whoever leads a review sees its points; who takes part, those whose figures she sees.
            let turn = me.is_some_and(|me| of.item.turn.iter().any(|name| name == me));
            if let Some(review) = of.work.review.as_mut().filter(|_| !turn) {
                of.item.touches.retain(|touch| self.shows_touch(touch));
                review.points.retain(|point| {
                    let unit = point.unit.as_ref().and_then(|unit| unit.parse().ok());
                    let touch = Touch::new(point.about.to_string(), "ever").of(Rows::Unit(unit));
                    self.shows_touch(&touch)
                });
            }
            // Which customer it is and what she said is for whoever has the case or had it, and who sees rows.
            if let Some(case) = &mut of.work.case
                && !of.item.has_part(me)
                && (me.is_none() || me != case.had_by.as_deref())
                && self.may_see_rows(None).is_err()
            {
                case.row.clear();
                case.contacts.iter_mut().for_each(|contact| contact.note = None);
                case.answers.iter_mut().for_each(|answer| answer.note = None);
            }
            of
        }))
    }
    fn day_asked(&self, asked: &PeopleAsked) -> Result<Date, ViewError> {
        self.facts.day_asked(asked)
    }
    fn directory(&self, asked: &PeopleAsked) -> Result<Directory, ViewError> {
        let mut directory = self.facts.directory(asked)?;
        directory.duties.retain(|duty| self.shows_definition(&duty.of));
        if !self.sees_everything() {
            // What waits for whom counts items of what is not seen, too.
            directory.loads.clear();
        }
        Ok(directory)
    }
    fn register(&self, asked: &RegisterAsked) -> Result<Vec<Held>, ViewError> {
        let mut held = self.facts.register(asked)?;
        held.retain(|of| self.shows_definition(&of.id));
        Ok(held)
    }
    fn said_since(&self, kind: &str, keys: &[&str]) -> Result<BTreeMap<String, i64>, ViewError> {
        let mut said = self.facts.said_since(kind, keys)?;
        said.retain(|id, _| self.shows_definition(id));
        Ok(said)
    }
    fn agreed_to(&self, id: &str) -> Result<Vec<AgreedTo>, ViewError> {
        match self.shows_definition(id) {
            true => self.facts.agreed_to(id),
            false => Ok(Vec::new()),
        }
    }
    fn readiness(&self, period: &str) -> Result<Vec<UnitReadiness>, ViewError> {
        let mut all = self.facts.readiness(period)?;
        for unit in &mut all {
            unit.statements.retain(|of| self.shows_definition(&format!("source/{}", of.source)));
            if self.part.is_some() && !self.sees_everything() {
                (unit.figures, unit.provisional) = (None, None);
            }
        }
        Ok(all)
    }
    fn late(&self, period: Period) -> Vec<LateUnit> {
        self.facts.late(period)
    }
    fn methodology(&self, asked: &RegisterAsked) -> Result<Methodology, ViewError> {
        // It has figures over all rows, with texts of what they are made of.
        let of = asked.of.as_deref().unwrap_or_default();
        let seen = match of.split_once('/') {
            Some(("kpi", name)) => name.parse().is_ok_and(|kpi| self.sees_kpi(&kpi, None)),
            Some(("scorecard", name)) => name.parse().is_ok_and(|card| self.sees_scorecard(&card, None)),
            _ => true,
        };
        if !seen {
            return Err(ViewError::NotFound {
                what: format!("methodology of `{of}`"),
                suggestions: Vec::new(),
            });
        }
        self.facts.methodology(asked)
    }
    fn log(&self, asked: &LogAsked) -> Result<Logged, ViewError> {
        self.may_read_the_log()?;
        self.facts.log(asked)
    }
    fn proof(&self, event: u64) -> Result<Option<Proven>, ViewError> {
        self.may_read_the_log()?;
        self.facts.proof(event)
    }
    fn decided_periods(&self) -> Result<Periods, ViewError> {
        let mut periods = self.facts.decided_periods()?;
        if self.part.as_ref().is_some_and(|part| part.project.is_some()) {
            periods.closed.iter_mut().for_each(|closed| closed.figures = None);
        }
        for coming in &mut periods.coming {
            coming.sources.retain(|source| self.shows_definition(&format!("source/{source}")));
        }
        Ok(periods)
    }
    fn official_figure(
        &self,
        kpi: &KpiId,
        period: Period,
        segment: &Segment,
    ) -> Result<Option<OfficialFigure>, ViewError> {
        if self.shows(kpi, segment) { self.facts.official_figure(kpi, period, segment) } else { Ok(None) }
    }
    fn score_by_rule(
        &self,
        scorecard: &ScorecardId,
        unit: Option<&UnitId>,
        period: Period,
        late: &BTreeMap<UnitId, WhenLate>,
    ) -> Result<Option<ByRule>, ViewError> {
        match self.sees_scorecard(scorecard, unit) {
            true => self.facts.score_by_rule(scorecard, unit, period, late),
            false => Ok(None),
        }
    }
    fn official_score(
        &self,
        scorecard: &ScorecardId,
        unit: Option<&UnitId>,
        period: Period,
    ) -> Result<Option<OfficialScore>, ViewError> {
        if self.sees_scorecard(scorecard, unit) {
            self.facts.official_score(scorecard, unit, period)
        } else {
            Ok(None)
        }
    }
    fn official(&self, period: &str) -> Result<Option<Vec<Official>>, ViewError> {
        let seen = |of: &Official| {
            if of.is_score {
                let unit = (!of.segment.is_empty()).then(|| of.segment.parse().ok());
                let unit: Option<Option<UnitId>> = unit;
                let scorecard = of.kpi.parse::<ScorecardId>();
                return scorecard.is_ok_and(|of| match &unit {
                    None => self.sees_scorecard(&of, None),
                    Some(unit) => unit.as_ref().is_some_and(|unit| self.sees_scorecard(&of, Some(unit))),
                });
            }
            let kpi = of.kpi.parse();
            let segment: Result<Segment, _> =
                if of.segment.is_empty() { Ok(Segment::total()) } else { of.segment.parse() };
            kpi.is_ok_and(|kpi| segment.is_ok_and(|segment| self.shows(&kpi, &segment)))
        };
        let figures = self.facts.official(period)?;
        Ok(figures.map(|all| all.into_iter().filter(|of| seen(of)).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    /// Sees figures of one unit, of one KPI what they are made of, and what is decided.
    struct Only(UnitId);

    impl Sight for Only {
        fn kpi(&self, _: &KpiId, unit: Option<&UnitId>) -> bool {
            unit == Some(&self.0)
        }
        fn explained(&self, kpi: &KpiId, unit: Option<&UnitId>) -> bool {
            kpi.as_str() == "overall_satisfaction" && self.kpi(kpi, unit)
        }
        fn scorecard(&self, _: &ScorecardId, unit: Option<&UnitId>) -> bool {
            unit == Some(&self.0)
        }
        fn data(&self, _: &SourceId) -> bool {
            false
        }
        fn rows(&self, _: &SourceId) -> bool {
            false
        }
        fn why_not(&self, _: &SourceId, _: bool) -> String {
            String::new()
        }
        fn decisions(&self) -> bool {
            true
        }
        fn decides(&self) -> bool {
            true
        }
        fn why_no_decisions(&self, _: bool) -> String {
            String::new()
        }
        fn whom(&self) -> String {
            String::new()
        }
    }

    #[test]
    fn an_item_is_seen_by_who_sees_the_rows_that_it_is_about() {
        let viewer = Viewer {
            name: "vic".to_owned(),
            signed_in: true,
            form_key: None,
            acts_as: Some("vic".to_owned()),
            decides: false,
            request_key: String::new(),
        };
        let unit = |name: &str| -> UnitId { name.parse().unwrap() };
        let seen = Seen::by(viewer, Some(Arc::new(Only(unit("area_f")))), Arc::new(fixture::airport()));
        let about = |rows: Rows| Item {
            touches: vec![Touch::new("kpi/restroom_cleanliness", "ever").of(rows)],
            authors: vec!["ana".to_owned()],
            ..Item::default()
        };
        assert!(seen.shows_item(&about(Rows::Unit(Some(unit("area_f"))))));
        assert!(!seen.shows_item(&about(Rows::Unit(Some(unit("area_a"))))), "of another unit");
        assert!(!seen.shows_item(&about(Rows::Unit(None))), "of all rows");
        assert!(!seen.shows_item(&about(Rows::Segment(Segment::total()))));
        assert!(seen.shows_item(&about(Rows::Any)), "a definition, of which she sees some figures");
        // Whoever takes part sees it all the same.
        let asked = Item { turn: vec!["vic".to_owned()], ..about(Rows::Unit(None)) };
        assert!(seen.shows_item(&asked));
        // Figures of a unit are seen; a segment of it is part of what they are made of, and seen where that is.
        let kpi = |name: &str| -> KpiId { name.parse().unwrap() };
        let segment = |text: &str| -> Segment { text.parse().unwrap() };
        for (of, parts) in [("overall_satisfaction", true), ("restroom_cleanliness", false)] {
            let of = kpi(of);
            assert!(seen.shows(&of, &segment("boarding_area=F")));
            assert_eq!(seen.shows(&of, &segment("boarding_area=F;class=business")), parts, "{of}");
            assert!(!seen.shows(&of, &segment("boarding_area=A;class=business")), "of another unit");
        }
        // What waits for whom counts what she does not see, so nobody is told.
        let directory = seen.directory(&PeopleAsked::default()).unwrap();
        assert!(
            directory.loads.is_empty() && directory.duties.iter().all(|duty| duty.of.starts_with("kpi/"))
        );
    }
}
