//! The scorecard as a view: rows, scores, what moved it, what deviates.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use jiff::civil::Date;
use kepi_insight::analysis::named;
use kepi_model::{
    calendar::Period,
    describe,
    id::{KpiId, UnitId},
    project::{
        BasisPoints, Kpi, OutOfDate, Scorecard, ScorecardObjective, ScorecardPerspective, Target, WhenLate,
    },
    wording::some_of,
};
use kepi_query::{
    published::grain_text,
    state::Member,
    value::{Finality, Segment},
};
use kepi_score::{
    band::Band,
    bridge,
    card::{ByRule, Moved, members_named},
    tree::{NoScore, NodeId, ScoreNode},
};

use super::{
    Asked, Reporter,
    kpi::disputes,
    reading::{Place, Reading},
    score_outcome, words,
};
use crate::{
    benchmarks,
    decided::LateUnit,
    format,
    people::PeopleAsked,
    reader::{ScorecardQuery, ViewError},
    reason::{Absence, Reason},
    say::{Say, usual_of},
    view::{
        Change, Coverage, Deviation, Freshness, KpiRow, Named, ObjectiveView, OfficialFigureView, Outcome,
        PartialView, PerspectiveView, Points, Recent, RecentEnd, ScoreView, ScorecardView, SegmentScoreView,
        SeriesPoint, TargetView, UnitMove, Weight,
    },
};

/// How many periods a sparkline shows.
const SPARKLINE: usize = 24;

/// Of a scorecard that changed with time, the first day of what it says here.
pub(crate) fn in_force_from(scorecard: &Scorecard, wording: &Scorecard) -> Option<String> {
    let dated = scorecard.from.is_some() || !scorecard.earlier.is_empty();
    dated.then(|| wording.from.map_or_else(|| "ever".to_owned(), |day| day.to_string()))
}

impl<'a> Reporter<'a> {
    pub(super) fn scorecard_view(self, query: &ScorecardQuery) -> Result<ScorecardView, ViewError> {
        let asked = self.asked(query)?;
        let scored = self.scored(&asked);
        let scorecard = asked.card.in_force(asked.period).unwrap_or(asked.card.scorecard);
        let perspectives: Vec<PerspectiveView> =
            scorecard.perspectives.iter().map(|p| self.perspective(p, &scored)).collect();
        let perspectives = self.with_disputes(perspectives, &scored)?;
        let freshness = self.overall_freshness(&scored);
        Ok(ScorecardView {
            project: self.project_view(),
            scorecard: Named::new(&scorecard.id, &scorecard.name),
            unit: self.unit(asked.unit),
            units: self.unit_choices(&asked),
            period: self.label(asked.period),
            named: self.project().name_of(asked.period),
            time_zone: scorecard.time_zone.clone(),
            calendar: scorecard.fiscal.map(describe::fiscal),
            in_force_from: in_force_from(asked.card.scorecard, scorecard),
            moves: self.moves(&asked),
            complete: !matches!(freshness.finality, Some(Finality::Provisional { .. })),
            periods: self.period_choices(&asked.known, asked.period),
            freshness,
            overall: score_view(Some(&scored.tree)),
            mean_of: scored.own.as_ref().map(|_| scored.tree.children.len()),
            official: self.official_score(&asked, &scored)?,
            partial: self.partial(&asked),
            plan: self.plan_beside(&asked, &scored)?,
            bridge: scored.bridge.as_ref().map(|b| self.bridge_view(b, asked.period)),
            missing_rule: words::missing_rule(scorecard),
            floors: self.floors(scorecard),
            deviations: self.deviations(&scored),
            perspectives,
        })
    }

    /// The same with what is disputed of the figures shown: who reads a score sees that somebody says that it rests on a wrong one.
    fn with_disputes(
        self,
        mut of: Vec<PerspectiveView>,
        scored: &Scored<'a>,
    ) -> Result<Vec<PerspectiveView>, ViewError> {
        // Read once: a scorecard has many KPIs and few disputes.
        let mut open = self.facts.items(false)?;
        open.retain(|item| item.disputes.is_some());
        if open.is_empty() {
            return Ok(of);
        }
        let mut disputed: BTreeMap<(String, String), u64> = BTreeMap::new();
        for ((kpi, part), (reading, place)) in &scored.readings {
            let about = format!("kpi/{kpi}");
            let of_kpi = open.iter().filter(|item| item.touches.iter().any(|touch| touch.id == about));
            if let Some(item) = of_kpi.into_iter().find(|item| disputes(item, place, reading.period)) {
                disputed.insert((kpi.to_string(), part.to_string()), item.number);
            }
        }
        for row in of.iter_mut().flat_map(|of| &mut of.objectives).flat_map(|of| &mut of.kpis) {
            let part = row.segment.as_ref().map_or(String::new(), |of| of.id.clone());
            let item = disputed.get(&(row.kpi.id.clone(), part));
            if let (Some(item), Outcome::Value(measured)) = (item, &mut row.value) {
                let own = measured.mark.take().map_or(String::new(), |own| format!("{own}; "));
                measured.mark = Some(format!("{own}disputed (item {item})"));
            }
        }
        Ok(of)
    }

    /// What is official of the score shown, beside the one that stands now.
    fn official_score(
        self,
        asked: &Asked<'a>,
        scored: &Scored<'a>,
    ) -> Result<Option<OfficialFigureView>, ViewError> {
        let id = &asked.card.scorecard.id;
        let Some(of) = self.facts.official_score(id, asked.unit, asked.period)? else { return Ok(None) };
        let now = scored.tree.score.as_ref().ok().copied();
        let same = of.score == Some(now);
        // Two scores that differ are not shown as the same.
        let finer = !same
            && of
                .score
                .flatten()
                .zip(now)
                .is_some_and(|(then, now)| Points::new(then).text == Points::new(now).text);
        let text = |score: Option<i64>| match score {
            Some(micro) if finer => format!("a score of {}", Points::exact(micro).text),
            Some(micro) => format!("a score of {}", Points::new(micro).text),
            None => "no score".to_owned(),
        };
        Ok(Some(OfficialFigureView {
            period: self.project().name_of(asked.period),
            version: of.version,
            at: self.instant(of.at),
            figure: of.score.map(text),
            by_rule: !same && of.published == Some(now),
            now: (!same).then(|| text(now)),
        }))
    }

    /// What protects weights, and how much there is.
    fn floors(self, scorecard: &Scorecard) -> Vec<String> {
        let one = |(kpi, floor): (&KpiId, &u32)| {
            let name = self.project().kpis.get(kpi).map_or(kpi.as_str(), |kpi| kpi.name.as_str());
            format!("{name} never weighs less than {} of the whole", format::weight(*floor))
        };
        scorecard.floors.iter().map(one).collect()
    }

    /// Units that moved within the period.
    pub(crate) fn moves(self, asked: &Asked<'a>) -> Vec<UnitMove> {
        let named = |id: &UnitId| Named::new(id, self.unit_name(id));
        let one = |of: Moved<'a>| UnitMove {
            unit: named(of.unit),
            since: of.since,
            from: of.from.map(named),
            to: of.to.map(named),
        };
        asked.card.moves(asked.unit, asked.period).into_iter().map(one).collect()
    }

    /// Units whose data nobody attested in time, with what the score is without them; none: all are there.
    pub(crate) fn partial(self, asked: &Asked<'a>) -> Option<PartialView> {
        let late = self.facts.late(asked.period);
        let known: BTreeSet<&UnitId> =
            asked.card.units(asked.period).into_iter().filter_map(|(unit, _)| unit).collect();
        let concerns = |of: &LateUnit| {
            known.contains(&of.unit) && asked.card.concerns(asked.unit, &of.unit, asked.period)
        };
        let late: Vec<_> = late.into_iter().filter(concerns).collect();
        let closed = late.first()?.closed;
        let how: BTreeMap<_, _> = late.iter().map(|of| (of.unit.clone(), of.how)).collect();
        let made = asked.card.by_rule(asked.unit, asked.period, &how);
        // Of what is computed from rows the parts are asked for; once it is closed, what is official says it.
        let id = &asked.card.scorecard.id;
        let made = match made {
            None if !closed => self.facts.score_by_rule(id, asked.unit, asked.period, &how).ok().flatten(),
            made => made,
        };
        let without = made.map(|of| match of {
            ByRule::LeftOut => ScoreView {
                score: Outcome::Reason(Reason { code: "left_out", text: "it is left out".to_owned() }),
                ..score_view(None)
            },
            ByRule::Made(tree) => score_view(Some(tree.as_ref())),
        });
        let named = |of: &LateUnit| {
            let unit = self.project().units.get(&of.unit);
            let says = match of.how {
                WhenLate::Exclude => "left out",
                WhenLate::Carry => "stands as in the period before",
                WhenLate::Block => "the close waits",
                WhenLate::Warn => "goes in as it is",
            };
            (
                Named::new(&of.unit, unit.map_or(of.unit.as_str(), |unit| unit.name.as_str())),
                of.how.as_str(),
                says,
            )
        };
        Some(PartialView { late: late.iter().map(named).collect(), closed, without })
    }

    /// Everything computed of a scorecard, for one unit and period.
    pub(crate) fn scored(self, asked: &Asked<'a>) -> Scored<'a> {
        let tree = asked.card.tree(asked.unit, asked.period);
        let place = self.place(asked.card, asked.unit);
        let readings = asked.card.scorecard.placed().filter_map(|of| {
            let kpi = self.project().kpis.get(of.kpi)?;
            let place = self.part_place(asked.card, asked.unit, Segment::of(of.members));
            let reading = self.read(kpi, &place, asked.card.period_of(kpi, asked.period));
            Some(((&kpi.id, place.part.clone()), (reading, place)))
        });
        let readings = readings.collect();
        // A mean over units has no perspectives of its own: they are those of the unit's own rows.
        let averaged = tree.children.iter().any(|c| matches!(c.id, NodeId::Unit(_)));
        let own = averaged.then(|| asked.card.measured(asked.unit, asked.period));
        let bridge = asked.card.bridge(asked.unit, asked.period, &tree);
        Scored { bridge, tree, own, place, readings }
    }

    fn perspective(self, of: &ScorecardPerspective, scored: &Scored<'a>) -> PerspectiveView {
        let node = scored.rows().find(&NodeId::Perspective(of.id.clone()));
        PerspectiveView {
            perspective: Named::new(&of.id, node.map_or(of.id.as_str(), |n| n.name.as_str())),
            weight: Weight::new(of.weight),
            score: score_view(node),
            contribution: node.and_then(|n| scored.contribution(n)).map(Points::new),
            objectives: of.objectives.iter().map(|o| self.objective(o, node, scored)).collect(),
        }
    }

    fn objective(
        self,
        of: &ScorecardObjective,
        perspective: Option<&ScoreNode>,
        scored: &Scored<'a>,
    ) -> ObjectiveView {
        let node = perspective.and_then(|n| n.find(&NodeId::Objective(of.id.clone())));
        let strategy = self.project().strategy.as_ref();
        let defined = strategy.and_then(|s| s.objectives.iter().find(|o| o.id == of.id));
        let rows = scored.placed(of, node).into_iter().filter_map(|placed| {
            let (reading, place) = scored.readings.get(&(placed.kpi, placed.part))?;
            let as_of = self.as_of(reading, place);
            let row = KpiRow { weight: placed.weight.map(Weight::new), as_of, ..self.row(reading, place) };
            Some(row.of_part(place))
        });
        let segments = of.segments.iter().filter_map(|segment| {
            let part = Segment::of(&segment.members);
            let objective = node?;
            let node = objective.find(&NodeId::Segment(part.clone()))?;
            Some(SegmentScoreView {
                segment: Named::new(&part, &node.name),
                weight: objective.knows_weights().then(|| Weight::new(node.weight)),
                score: score_view(Some(node)),
                contribution: node.score.is_ok().then(|| Points::new(node.contribution)),
            })
        });
        ObjectiveView {
            objective: Named::new(&of.id, node.map_or(of.id.as_str(), |n| n.name.as_str())),
            weight: Weight::new(of.weight),
            score: score_view(node),
            owner: self.person(defined.and_then(|o| o.owner.as_ref())),
            kpis: rows.collect(),
            segments: segments.collect(),
            not_judged: self.not_judged(of, scored),
        }
    }

    /// Members with figures in the period that no segment of an objective is of, where one dimension tells its segments apart: what
    /// the score says nothing about.
    pub(crate) fn not_judged(self, of: &ScorecardObjective, scored: &Scored<'a>) -> Option<String> {
        let [(dimension, _)] = of.segments.first()?.members.as_slice() else { return None };
        let named = of.segments.iter().map(|of| match of.members.as_slice() {
            [(own, member)] if own == dimension => Some(member.as_str()),
            _ => None,
        });
        let named: BTreeSet<&str> = named.collect::<Option<_>>()?;
        let known = of.placed().next()?;
        let (reading, place) = scored.readings.get(&(known.kpi, Segment::of(known.members)))?;
        // Of what judges the unit's rows: a member beside its own.
        let within = |segment: &Segment| {
            let (unit, part) = place.card.map_or((None, segment.clone()), |card| card.within(segment));
            let own = place.card.and_then(|card| card.scorecard.unit.as_ref());
            (unit == place.unit.or(own)).then_some(part)
        };
        let all = self.facts.segments(&reading.kpi.id, reading.period.grain);
        let members = all.iter().filter_map(|segment| {
            let part = within(segment)?;
            let [(own, Member::Value(member))] = part.0.as_slice() else { return None };
            let has = || self.facts.observed(&reading.kpi.id, reading.period, segment);
            (own == dimension && !named.contains(member.as_ref()) && has()?.is_ok())
                .then(|| member.to_string())
        });
        let members: BTreeSet<String> = members.collect();
        let list = some_of(members.iter().map(String::as_str));
        (!members.is_empty())
            .then(|| format!("{} {list} is judged by no KPI here", dimension.as_str().replace('_', " ")))
    }

    /// Of a KPI on a scorecard of shorter periods, as of when it is: the last of its own that has ended.
    pub(crate) fn as_of(self, of: &Reading<'a>, place: &Place<'a>) -> Option<String> {
        let card = place.card.as_ref()?;
        (of.period.grain > card.scorecard.period).then(|| self.label(of.period))
    }

    /// One KPI in one period, over one segment, with its recent course.
    pub(crate) fn row(self, of: &Reading<'a>, place: &Place<'a>) -> KpiRow {
        KpiRow { recent: self.recent_course(of.kpi, place, of.period), ..self.bare_row(of, place) }
    }

    fn recent_course(self, kpi: &'a Kpi, place: &Place<'a>, upto: Period) -> Recent {
        let Some(from) = self.recent_from(kpi, place, upto, SPARKLINE) else { return Recent::default() };
        let Some(segment) = &place.segment else { return Recent::default() };
        let known = self.facts.points(&kpi.id, upto.grain, segment, from..=upto.ordinal);
        // Where nothing was computed there is nothing that could change.
        let mut points = vec![(None, true); usize::try_from(upto.ordinal - from + 1).unwrap_or(0)];
        for (ordinal, point, is_final) in &known {
            let place = usize::try_from(ordinal - from).ok().and_then(|i| points.get_mut(i));
            if let Some(place) = place {
                *place = (*point, *is_final);
            }
        }
        let end = |ordinal: i32| {
            let reading = self.read(kpi, place, Period { ordinal, ..upto });
            let text = reading.measured().value().map(|m| m.value.text.clone());
            RecentEnd {
                period: self.label(reading.period),
                text: text.unwrap_or_default(),
                status: (&reading.standing).into(),
            }
        };
        let mut valued = known.iter().filter(|(_, point, _)| point.is_some()).map(|(ordinal, ..)| *ordinal);
        let first = valued.next();
        let last = valued.next_back().or(first);
        Recent { points, ends: first.zip(last).map(|(first, last)| [end(first), end(last)]) }
    }

    /// The same without its course.
    fn bare_row(self, of: &Reading<'a>, place: &Place<'a>) -> KpiRow {
        let kpi = of.kpi;
        let change = self.change(of, place);
        KpiRow {
            kpi: Named::new(&kpi.id, &kpi.name),
            segment: None,
            measured_in: kpi.unit.clone(),
            better: kpi.better,
            indicator: kpi.indicator,
            weight: None,
            as_of: None,
            status: (&of.standing).into(),
            status_probability: of.probability(),
            value: of.measured(),
            target: of.standing.target.as_ref().map(|t| self.target_view(kpi, t)),
            score: score_outcome(&of.standing.score),
            recent: Recent::default(),
            change: match (change, of.observed()) {
                (Ok(change), Some(Ok(now))) => Outcome::Value(Change::new(
                    &change,
                    now,
                    &Say::of(kpi, of.observed(), &self.project().calendar),
                )),
                (Err(absence), _) => Outcome::none(absence),
                (Ok(_), _) => Outcome::none(Absence::NothingToCompare),
            },
            coverage: of.coverage().map(Coverage::new),
            freshness: self.freshness(of),
            accountable: self.person(kpi.accountable.as_ref()),
        }
    }

    pub(crate) fn point(self, of: &Reading<'a>, place: &Place<'a>) -> SeriesPoint {
        let judged = place.segment.as_ref().map(|segment| self.facts.judged(&of.kpi.id, of.period, segment));
        SeriesPoint {
            usual: judged.and_then(Result::ok).map(|usual| usual_of(&usual, of.kpi.possible())),
            period: self.label(of.period),
            value: of.measured(),
            status: (&of.standing).into(),
            complete: of.is_final(),
            lines: of.standing.target.as_ref().map(|t| t.lines),
        }
    }

    /// From when on a target is out of date by the plan that it was planned with; that a plan will be over one day is no news.
    pub(crate) fn out_of_date(self, kpi: &Kpi, target: &Target) -> Option<OutOfDate<'a>> {
        let late = self.project().out_of_date(&kpi.id, target)?;
        let today = self.facts.day_asked(&PeopleAsked::default()).ok();
        (late.by.is_some() || today.is_some_and(|today| late.day <= today)).then_some(late)
    }

    pub(crate) fn target_view(self, kpi: &Kpi, target: &Target) -> TargetView {
        let unit = target.unit.iter().map(|u| match self.project().units.get(u) {
            Some(unit) => unit.name.clone(),
            None => u.to_string(),
        });
        let members =
            target.segment.iter().map(|(dimension, member)| named(&Segment::one(dimension.clone(), member)));
        let whom: Vec<String> = unit.chain(members).collect();
        TargetView {
            whom: (!whom.is_empty()).then(|| whom.join(", ")),
            attached: target.evidence.as_ref().map(benchmarks::attached),
            plan: target.plan.as_ref().map(|with| {
                let plan = self.project().operating_plans.get(&with.plan);
                let name = plan.map_or_else(|| with.plan.to_string(), |plan| plan.name.clone());
                format!("{name}, {}", with.version)
            }),
            out_of_date: self.out_of_date(kpi, target).map(|late| late.words()),
            period: Some(grain_text(target.period).replace('_', " ")),
            basis: target.basis.as_ref().map(|b| b.kind),
            evidence: benchmarks::evidence(target, self.project(), self.today()),
            ..TargetView::new(target.from.to_string(), target.lines, kpi.better, &kpi.unit)
        }
    }

    fn freshness(self, of: &Reading<'a>) -> Freshness {
        let mut text = data_text(self.data_of(of.kpi));
        if !self.late_sources(of.kpi).is_empty() {
            text.push_str(", a source is late");
        }
        Freshness { text, finality: of.finality(), restated: of.restated() }
    }

    /// Over several KPIs the oldest data and the least final value decide.
    fn overall_freshness(self, scored: &Scored<'a>) -> Freshness {
        let readings = || scored.readings.values().map(|(reading, _)| reading);
        let oldest = readings().filter_map(|r| self.data_of(r.kpi)).min();
        let known = || readings().filter_map(Reading::finality);
        let provisional = known().find(|f| *f != Finality::Final);
        Freshness {
            text: data_text(oldest),
            finality: provisional.or_else(|| known().next()),
            restated: readings().any(Reading::restated),
        }
    }

    /// KPIs that are red or amber, worst first, by points lost; then those that should have a value and do not: a target is
    /// in force and the data reach, or there were values before.
    pub(crate) fn deviations(self, scored: &Scored<'a>) -> Vec<Deviation> {
        let commented = self.facts.commented();
        let mut all: Vec<_> = scored
            .readings
            .iter()
            .filter(|(_, (reading, place))| off_target(reading) || self.lacks_value(reading, place))
            .map(|((id, part), (reading, place))| {
                let row = self.bare_row(reading, place).of_part(place);
                let lost = scored.tree.points_lost(id, part);
                let insight = self.insight(reading, place);
                let deviation = Deviation {
                    cause: commented
                        .contains(*id)
                        .then(|| self.said_cause(reading.kpi, reading.period, scored.place.unit))
                        .flatten(),
                    what: insight.what,
                    why: insight.why.into_iter().chain(insight.located).collect(),
                    action: insight.action,
                    advice: insight.advice,
                    points_lost: lost.map(Points::new),
                    kpi: row.kpi,
                    segment: row.segment,
                    status: row.status,
                    value: row.value,
                    target: row.target.map(|t| t.target),
                    accountable: row.accountable,
                };
                ((deviation.status, Reverse(lost.unwrap_or(0)), id), deviation)
            })
            .collect();
        // Statuses are in this order: red, amber, …, grey.
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all.into_iter().map(|(_, deviation)| deviation).collect()
    }

    /// Whether a KPI should have a value here and does not.
    fn lacks_value(self, of: &Reading<'a>, place: &Place<'a>) -> bool {
        if of.standing.target.is_none() {
            return false;
        }
        match (&of.entry, of.observed()) {
            (Some(entry), Some(Err(_))) => entry.is_final(),
            // Its values ended before this period, or it was not measured yet.
            (None, _) => {
                let first = self.span(of.kpi, place, of.period.grain).map(|(first, _)| first);
                first.is_some_and(|first| first < of.period.ordinal)
            }
            _ => false,
        }
    }
}

/// What was computed of a scorecard for a unit and a period.
pub(crate) struct Scored<'a> {
    pub tree: ScoreNode,
    /// The tree over the unit's own rows, where its score is a mean over units.
    pub own: Option<ScoreNode>,
    pub bridge: Option<bridge::Bridge>,
    pub place: Place<'a>,
    /// Its KPIs, each over all rows or over a segment that it judges, with where it is read.
    pub readings: BTreeMap<(&'a KpiId, Segment), (Reading<'a>, Place<'a>)>,
}

/// A KPI in an objective, with what it weighs in it in the period.
pub(crate) struct Weighed<'s> {
    pub kpi: &'s KpiId,
    /// The segment that it judges; the total: all rows.
    pub part: Segment,
    /// None where it is not known what the segment weighs.
    pub weight: Option<BasisPoints>,
}

impl Scored<'_> {
    /// The KPIs of an objective, whose node is given, with their weights in it: within a segment in this.
    pub(crate) fn placed<'s>(
        &self,
        of: &'s ScorecardObjective,
        node: Option<&ScoreNode>,
    ) -> Vec<Weighed<'s>> {
        let whole = of.kpis.iter().map(|(kpi, weight)| Weighed {
            kpi,
            part: Segment::total(),
            weight: Some(*weight),
        });
        let knows = node.is_none_or(ScoreNode::knows_weights);
        let apart = of.segments.iter().flat_map(|segment| {
            let part = Segment::of(&segment.members);
            // What it is worth in the period.
            let found = node.and_then(|n| n.find(&NodeId::Segment(part.clone())));
            let above = u64::from(found.map_or(segment.weight, |node| node.weight));
            segment.kpis.iter().map(move |(kpi, weight)| {
                let weight = (u64::from(*weight) * above / 10_000) as BasisPoints;
                Weighed { kpi, part: part.clone(), weight: knows.then_some(weight) }
            })
        });
        whole.chain(apart).collect()
    }

    /// The tree whose perspectives and objectives are shown.
    pub(crate) fn rows(&self) -> &ScoreNode {
        self.own.as_ref().unwrap_or(&self.tree)
    }

    /// What a perspective adds to the whole; none where the whole is a mean over units.
    pub(crate) fn contribution(&self, of: &ScoreNode) -> Option<i64> {
        (self.own.is_none() && of.score.is_ok()).then_some(of.contribution)
    }
}

impl KpiRow {
    /// With the segment that it judges on the scorecard.
    fn of_part(self, place: &Place<'_>) -> Self {
        let Some(segment) = place.segment.as_ref().filter(|_| !place.part.is_total()) else { return self };
        let part = members_named(&place.part);
        let name = format!("{} ({part})", self.kpi.name);
        Self { segment: Some(Named::new(segment, part)), kpi: Named { name, ..self.kpi }, ..self }
    }
}

fn off_target(of: &Reading<'_>) -> bool {
    matches!(of.standing.band, Some(Band::Red | Band::Amber))
}

fn data_text(until: Option<Date>) -> String {
    until.map_or("no data".to_owned(), |day| format!("data to {}", day.strftime("%-d %B %Y")))
}

pub(super) fn score_view(node: Option<&ScoreNode>) -> ScoreView {
    match node {
        Some(node) => ScoreView {
            score: score_outcome(&node.score),
            status: node.band.into(),
            coverage: Coverage::new(f64::from(node.coverage) / 1e6),
        },
        None => ScoreView {
            score: Outcome::none(&NoScore::NoValue),
            status: None.into(),
            coverage: Coverage::new(0.0),
        },
    }
}
