//! Version 1: answers written from what was computed.

mod acting;
mod customers;
mod data;
mod decided;
mod disclosure;
mod lineage;
mod logged;
mod people;
mod rows;
mod types;
mod what_if;

pub use acting::{alerts, feedback, latency, playbooks, priorities};
pub use customers::{cohorts, flow, journey};
pub use data::{quarantine, sources};
pub use decided::{gate, inbox, item, official, periods, register, reviews};
pub use disclosure::{disclosure, methodology, readiness};
use jiff::civil::Date;
use kepi_model::{
    calendar::Period,
    describe,
    id::{DimensionId, PersonId, UnitId},
    project::{self, BasisKind, Better, Indicator, Sign, Strength, TargetLines, ValueUnit},
};
use kepi_query::{
    published::grain_text,
    state,
    value::{Finality, Segment},
};
use kepi_score::{
    band::Band,
    bridge::{Bridge as ScoreBridge, Step},
    card::{Periods, UnitScore as ScoredUnit},
    tree::{NoScore, NodeId, ScoreNode},
};
pub use lineage::{lineage, lineages};
pub use logged::log;
pub use people::{ownership, people};
pub use rows::rows_behind;
pub use types::*;
pub use what_if::{WhatIf, WhatIfStep, WhatIfWeight, what_if};

use crate::{
    benchmarks,
    facts::Facts,
    reader::{KpiQuery, ScorecardQuery, ViewError},
    reason,
    reporter::{
        Asked, Reporter, bridge,
        explain::{Beneath, named, share_of_siblings},
        insights::Which,
        reading::{Place, Reading},
        scorecard::{Scored, in_force_from},
        words,
    },
    say::usual_of,
    view::{self, Points, Status},
};

fn unit_move(of: view::UnitMove) -> UnitMove {
    UnitMove {
        unit: from_named(of.unit),
        since: of.since.to_string(),
        from: of.from.map(from_named),
        to: of.to.map(from_named),
    }
}

/// A scorecard; with `history`, so many periods of each KPI up to the one shown.
///
/// # Errors
/// What is asked for is not there, or nothing has been computed.
pub fn scorecard(
    facts: &dyn Facts,
    query: &ScorecardQuery,
    history: Option<usize>,
) -> Result<Scorecard, ViewError> {
    let at = Api(Reporter::new(facts));
    let asked = at.0.asked(query)?;
    let scored = at.0.scored(&asked);
    let of = asked.card.in_force(asked.period).unwrap_or(asked.card.scorecard);
    let values = || scored.readings.values().map(|(reading, _)| reading);
    Ok(Scorecard {
        project: at.project(),
        scorecard: Named { id: of.id.to_string(), name: of.name.clone() },
        unit: at.unit(asked.unit),
        period: at.0.label(asked.period),
        time_zone: of.time_zone.clone(),
        calendar: of.fiscal.map(describe::fiscal),
        in_force_from: in_force_from(asked.card.scorecard, of),
        moves: at.0.moves(&asked).into_iter().map(unit_move).collect(),
        complete: values().all(Reading::is_final),
        periods: at.periods(&asked.known, asked.period),
        data_until: values().filter_map(|r| at.0.data_of(r.kpi)).min().map(|d| d.to_string()),
        score: score(&scored.tree),
        partial: at.0.partial(&asked).map(|of| Partial {
            late: of
                .late
                .into_iter()
                .map(|(unit, how, _)| LateUnit { id: unit.id, name: unit.name, how: how.to_owned() })
                .collect(),
            closed: of.closed,
            without: of.without.as_ref().and_then(|of| of.score.value()).map(Points::as_f64),
        }),
        plan: at.0.plan_beside(&asked, &scored)?,
        bridge: scored.bridge.as_ref().map(|b| at.bridge(b, asked.period)),
        missing: missing(of),
        units: at.units(&asked),
        deviations: at.0.deviations(&scored).into_iter().map(deviation).collect(),
        perspectives: of.perspectives.iter().map(|p| at.perspective(p, &scored, history)).collect(),
    })
}

/// How a scorecard's score came about.
///
/// # Errors
/// As of [`scorecard`].
pub fn explain(facts: &dyn Facts, query: &ScorecardQuery) -> Result<Explanation, ViewError> {
    let at = Api(Reporter::new(facts));
    let asked = at.0.asked(query)?;
    let of = asked.card.scorecard;
    let tree = asked.card.tree(asked.unit, asked.period);
    Ok(Explanation {
        project: at.project(),
        scorecard: Named { id: of.id.to_string(), name: of.name.clone() },
        unit: at.unit(asked.unit),
        period: at.0.label(asked.period),
        periods: at.periods(&asked.known, asked.period),
        missing: missing(of),
        bridge: asked.card.bridge(asked.unit, asked.period, &tree).map(|b| at.bridge(&b, asked.period)),
        root: at.node(&tree, None, &asked, Beneath::unit(asked.unit)),
    })
}

/// All KPIs.
///
/// # Errors
/// None now; a later reader may have some.
pub fn kpis(facts: &dyn Facts) -> Result<KpiList, ViewError> {
    let at = Api(Reporter::new(facts));
    let kpis = at.0.newest_readings().into_iter().map(|(reading, place)| {
        let (perspective, objective) = at.0.place_of(reading.kpi);
        ListedKpi {
            perspective: perspective.map(|p| p.id),
            objective: objective.map(|o| o.id),
            period: at.0.label(reading.period),
            kpi: at.kpi(&reading, &place, None),
        }
    });
    Ok(KpiList { project: at.project(), kpis: kpis.collect() })
}

/// One KPI.
///
/// # Errors
/// What is asked for is not there, or nothing has been computed.
pub fn kpi(facts: &dyn Facts, id: &str, query: &KpiQuery) -> Result<KpiInFull, ViewError> {
    let at = Api(Reporter::new(facts));
    let asked = at.0.kpi_asked(id, query)?;
    let place = at.0.place_asked(&asked, query);
    let reading = at.0.read(asked.kpi, &place, asked.period);
    let of = reading.kpi;
    let (perspective, objective) = at.0.place_of(of);
    let course = at.0.course(of, &place, asked.period.grain);
    let segment = asked.segment.as_ref().filter(|_| query.segment.is_some());
    let quality = at.0.quality(&reading);
    let standing = at.0.standing(of, &place, asked.period)?;
    let definition = at.0.definition(of);
    let breaks = at.0.breaks(of, &place, asked.period.grain);
    let (open, disputed) = at.0.open_about(of, &place, asked.period)?;
    let mut targets: Vec<_> = of.targets.iter().collect();
    targets.sort_by_key(|t| std::cmp::Reverse(t.from));
    Ok(KpiInFull {
        project: at.project(),
        description: of.description.clone(),
        perspective: perspective.map(from_named),
        objective: objective.map(from_named),
        scorecards: asked.uses.iter().map(|s| Named { id: s.id.to_string(), name: s.name.clone() }).collect(),
        unit: at.unit(asked.unit),
        segment: segment.map(|s| Named { id: s.to_string(), name: words::segment(s) }),
        period: at.0.label(asked.period),
        periods: at.periods(&asked.known, asked.period),
        insights: match &place.segment {
            Some(segment) if segment.is_total() => {
                at.0.analyses(of, asked.period, Which::Standing).into_iter().map(insight).collect()
            }
            _ => Vec::new(),
        },
        kpi: Kpi {
            history: Some(course.iter().map(|r| at.history_point(r)).collect()),
            ..at.kpi(&reading, &place, None)
        },
        dimensions: at
            .0
            .members(of, &place, asked.period)
            .into_iter()
            .map(|(ids, members)| {
                let ids: Vec<&str> = ids.iter().map(DimensionId::as_str).collect();
                (
                    ids.join(";"),
                    members
                        .iter()
                        .map(|(s, reading)| member(s, reading, at.0.project(), at.0.today()))
                        .collect(),
                )
            })
            .collect(),
        inputs: at.0.inputs(&reading, place.segment.as_ref()).into_iter().map(input).collect(),
        beside: at.0.beside(&reading, &place).into_iter().map(beside).collect(),
        definition: Definition {
            words: definition.words,
            formula: definition.formula,
            window: definition.window,
            code: definition.code,
            place: definition.place,
            hash: definition.hash,
            in_force_from: definition.in_force_from,
            breaks: breaks.into_iter().map(broken).collect(),
            gates: definition.gates,
            without_data: definition.without_data,
            publication: definition.publication.map(str::to_owned),
            purpose: definition.purpose,
        },
        pins: reading.entry.as_ref().map(|entry| {
            let pins = at.0.pins(of, asked.period, entry);
            Pins {
                definition: pins.definition,
                snapshot: pins.snapshot,
                engine: pins.engine,
                states: pins.states,
                computed_at: pins.computed_at,
                reproduce: pins.reproduce,
            }
        }),
        quality: Quality {
            n: quality.n,
            effective_n: quality.effective_n,
            left_out: quality
                .left_out
                .into_iter()
                .map(|l| LeftOut { reason: l.reason, count: l.count })
                .collect(),
            quarantined: quality.quarantined,
            sources: quality.sources.into_iter().map(from_named).collect(),
        },
        people: People {
            accountable: at.person(of.accountable.as_ref()),
            responsible: at.persons(&of.responsible),
            consulted: at.persons(&of.consulted),
            informed: at.persons(&of.informed),
        },
        assumptions: of.assumptions.clone(),
        targets: targets
            .into_iter()
            .map(|target| self::target((of, target), at.0.project(), at.0.today()))
            .collect(),
        restatements: at
            .0
            .restatements(of, &place, asked.period)?
            .into_iter()
            .map(|r| Restatement {
                period: r.period,
                segment: r.segment,
                published: r.published,
                now: r.now,
                noticed_at: r.noticed_at,
                reason: r.reason,
            })
            .collect(),
        overrides: at.0.overrides(of, &place, asked.period).into_iter().map(overriding).collect(),
        commentary: at.0.commentary(of)?.into_iter().map(commentary).collect(),
        open: open
            .into_iter()
            .map(|of| ItemChild {
                item: of.number,
                kind: of.kind.replace(' ', "_"),
                state: of.state.replace(' ', "_"),
            })
            .collect(),
        disputed,
        ending: at.0.ending(of).map(|of| Ending {
            state: of.state.to_owned(),
            sunset: of.sunset,
            retired: of.retired,
            successor: of.successor.map(from_named),
            bridged: of.bridge.as_ref().map(bridged),
            bridge: of.bridge.map(|bridge| bridge.said),
        }),
        succeeds: at
            .0
            .succeeds(of)
            .into_iter()
            .map(|(kpi, bridge)| Succeeds {
                kpi: from_named(kpi),
                bridged: bridged(&bridge),
                bridge: bridge.said,
            })
            .collect(),
        withdrawn: standing
            .withdrawn
            .into_iter()
            .map(|gone| Withdrawal {
                period: gone.period,
                segment: gone.segment,
                was: gone.was,
                withdrawn_at: gone.withdrawn_at,
                reason: Reason { code: gone.code.into(), text: gone.reason },
            })
            .collect(),
        moved_on: standing.moved_on,
        not_renewed: standing.not_renewed,
        late: standing.late,
    })
}

/// What analyses say of a KPI: all of them, or the one of this name.
///
/// # Errors
/// What is asked for is not there, or nothing has been computed.
pub fn insights(
    facts: &dyn Facts,
    kpi: &str,
    query: &KpiQuery,
    only: Option<&str>,
) -> Result<Insights, ViewError> {
    let (period, all) = Reporter::new(facts).analyse(kpi, query, only)?;
    Ok(Insights { kpi: kpi.to_owned(), period, insights: all.into_iter().map(insight).collect() })
}

/// What one analysis says of every KPI, each in its newest period.
///
/// # Errors
/// The project is not seen whole.
pub fn insights_of_all(facts: &dyn Facts, name: &str) -> Result<Vec<Insights>, ViewError> {
    let all = Reporter::new(facts).analyse_all(name)?.into_iter();
    Ok(all.map(|(kpi, period, of)| Insights { kpi: kpi.id, period, insights: vec![insight(of)] }).collect())
}

fn insight(of: view::AnalysisView) -> Insight {
    let row = |(of, figures): (String, Vec<(String, f64)>)| ExhibitRow {
        of,
        figures: figures.into_iter().map(|(_, raw)| raw).collect(),
    };
    Insight {
        analysis: of.name.to_owned(),
        version: of.version,
        question: of.question.to_owned(),
        verdict: of.verdict.into(),
        says: of.says,
        looked_at: of.looked_at as u64,
        checks: of
            .checks
            .into_iter()
            .map(|(check, holds)| Check { check: check.to_owned(), holds })
            .collect(),
        exhibit: of.exhibit.map(|exhibit| Exhibit {
            columns: exhibit.columns.into_iter().map(str::to_owned).collect(),
            rows: exhibit.rows.into_iter().map(row).collect(),
        }),
    }
}

/// The strategy map with the scores of a scorecard.
///
/// # Errors
/// The project has no strategy, or what is asked for is not there.
pub fn strategy_map(facts: &dyn Facts, query: &ScorecardQuery) -> Result<StrategyMap, ViewError> {
    let at = Api(Reporter::new(facts));
    let (strategy, asked) = at.0.map_asked(query)?;
    let tree = asked.as_ref().map(|a| a.card.measured(a.unit, a.period));
    let objective = |of: &project::Objective| {
        let node = tree.as_ref().and_then(|t| t.find(&NodeId::Objective(of.id.clone())));
        let kpis = at.0.project().kpis.values().filter(|k| k.objective.as_ref() == Some(&of.id));
        MapObjective {
            id: of.id.to_string(),
            name: of.name.clone(),
            description: of.description.clone(),
            score: node.map(score),
            kpis: kpis.map(|k| k.id.to_string()).collect(),
            owner: at.person(of.owner.as_ref()),
        }
    };
    let pillar = |of: &project::Pillar| {
        let themes = of.themes.iter().filter_map(|id| strategy.themes.iter().find(|t| &t.id == id));
        Pillar {
            id: of.id.to_string(),
            name: of.name.clone(),
            themes: themes.map(|t| Named { id: t.id.to_string(), name: t.name.clone() }).collect(),
        }
    };
    Ok(StrategyMap {
        project: at.project(),
        mission: strategy.mission.clone(),
        pillars: strategy.pillars.iter().map(pillar).collect(),
        goals: strategy
            .goals
            .iter()
            .map(|goal| Goal {
                id: goal.id.to_string(),
                name: goal.name.clone(),
                measured_by: goal.measured_by.as_ref().map(ToString::to_string),
            })
            .collect(),
        scorecard: asked
            .as_ref()
            .map(|a| Named { id: a.card.scorecard.id.to_string(), name: a.card.scorecard.name.clone() }),
        unit: asked.as_ref().and_then(|a| at.unit(a.unit)),
        period: asked.as_ref().map(|a| at.0.label(a.period)),
        perspectives: strategy
            .perspectives
            .iter()
            .map(|p| MapPerspective {
                id: p.id.to_string(),
                name: p.name.clone(),
                objectives: strategy
                    .objectives
                    .iter()
                    .filter(|o| o.perspective == p.id)
                    .map(objective)
                    .collect(),
            })
            .collect(),
        links: strategy
            .links
            .iter()
            .map(|link| Link {
                from: link.from.to_string(),
                to: link.to.to_string(),
                sign: match link.sign {
                    Sign::Positive => "positive".into(),
                    Sign::Negative => "negative".into(),
                },
                lag: link.lag.map(words::lag),
                strength: link.strength.map(|strength| match strength {
                    Strength::Weak => "weak".into(),
                    Strength::Moderate => "moderate".into(),
                    Strength::Strong => "strong".into(),
                }),
                why: link.why.clone(),
                evidence: at.0.link_evidence(link, asked.as_ref().map(|a| a.period)).code().into(),
            })
            .collect(),
    })
}

/// Writes answers.
#[derive(Clone, Copy)]
struct Api<'a>(Reporter<'a>);

impl<'a> Api<'a> {
    fn project(self) -> Project {
        let of = self.0.project();
        Project {
            id: of.id.to_string(),
            name: of.name.clone(),
            confidence: of.confidence,
            scorecards: of
                .scorecards
                .values()
                .map(|s| Named { id: s.id.to_string(), name: s.name.clone() })
                .collect(),
        }
    }

    fn bridge(self, of: &ScoreBridge, period: Period) -> Bridge {
        Bridge {
            from_period: self.0.label(period.offset(-1)),
            from: points(of.from),
            steps: bridge::by_part(of).into_iter().filter_map(bridge_step).collect(),
            to_period: self.0.label(period),
            to: points(of.to),
        }
    }

    fn unit(self, id: Option<&'a UnitId>) -> Option<Named> {
        id.map(|id| Named { id: id.to_string(), name: self.0.unit_name(id).to_owned() })
    }

    fn person(self, id: Option<&PersonId>) -> Option<Person> {
        let view::Person { id, name, role } = self.0.person(id)?;
        Some(Person { id, name, role })
    }

    fn persons(self, ids: &[PersonId]) -> Vec<Person> {
        ids.iter().filter_map(|id| self.person(Some(id))).collect()
    }

    fn periods(self, known: &Periods, period: Period) -> Vec<String> {
        known.all.iter().rev().map(|ordinal| self.0.label(Period { ordinal: *ordinal, ..period })).collect()
    }

    fn units(self, asked: &Asked<'a>) -> Vec<UnitScore> {
        if asked.card.scorecard.cascade.is_none() {
            return Vec::new();
        }
        let units = &self.0.project().units;
        let one = |of: ScoredUnit| {
            let unit = units.get(of.unit.as_ref()?)?;
            Some(UnitScore {
                id: unit.id.to_string(),
                name: unit.name.clone(),
                depth: of.depth,
                score: parts_of_score(&of.score, of.band, of.coverage),
            })
        };
        self.0.facts.unit_scores(&asked.card, asked.period).into_iter().filter_map(one).collect()
    }

    fn perspective(
        self,
        of: &project::ScorecardPerspective,
        scored: &Scored<'a>,
        history: Option<usize>,
    ) -> Perspective {
        let node = scored.rows().find(&NodeId::Perspective(of.id.clone()));
        let objective = |of: &project::ScorecardObjective| {
            let node = node.and_then(|n| n.find(&NodeId::Objective(of.id.clone())));
            let strategy = self.0.project().strategy.as_ref();
            let defined = strategy.and_then(|s| s.objectives.iter().find(|o| o.id == of.id));
            let kpis = scored.placed(of, node).into_iter().filter_map(|placed| {
                let (reading, place) = scored.readings.get(&(placed.kpi, placed.part))?;
                let as_of = self.0.as_of(reading, place);
                let apart = place.segment.as_ref().filter(|_| !place.part.is_total());
                Some(Kpi {
                    weight: placed.weight.map(share),
                    segment: apart.map(ToString::to_string),
                    as_of,
                    ..self.kpi(reading, place, history)
                })
            });
            let segments = of.segments.iter().filter_map(|segment| {
                let part = Segment::of(&segment.members);
                let objective = node?;
                let node = objective.find(&NodeId::Segment(part.clone()))?;
                Some(ObjectiveSegment {
                    segment: part.to_string(),
                    weight: objective.knows_weights().then(|| share(node.weight)),
                    score: score(node),
                    contribution: node.score.is_ok().then(|| points(node.contribution)),
                })
            });
            Objective {
                id: of.id.to_string(),
                name: node.map_or(of.id.to_string(), |n| n.name.clone()),
                weight: share(of.weight),
                score: node.map_or_else(no_node, score),
                owner: self.person(defined.and_then(|o| o.owner.as_ref())),
                kpis: kpis.collect(),
                segments: segments.collect(),
                not_judged: self.0.not_judged(of, scored),
            }
        };
        Perspective {
            id: of.id.to_string(),
            name: node.map_or(of.id.to_string(), |n| n.name.clone()),
            weight: share(of.weight),
            score: node.map_or_else(no_node, score),
            contribution: node.and_then(|n| scored.contribution(n)).map(points),
            objectives: of.objectives.iter().map(objective).collect(),
        }
    }

    fn kpi(self, of: &Reading<'a>, place: &Place<'a>, history: Option<usize>) -> Kpi {
        let kpi = of.kpi;
        let (value, no_value) = value(of);
        let change = value.as_ref().map(|_| self.0.change(of, place));
        let recent = history.map(|most| self.0.recent(kpi, place, of.period, most));
        Kpi {
            id: kpi.id.to_string(),
            name: kpi.name.clone(),
            measured_in: measured_in(&kpi.unit),
            better: better(kpi.better),
            indicator: kpi.indicator.map(|i| match i {
                Indicator::Leading => "leading".into(),
                Indicator::Lagging => "lagging".into(),
            }),
            weight: None,
            segment: None,
            as_of: None,
            status: status(of.standing.band),
            probability: of.probability(),
            score: of.standing.score.as_ref().ok().map(|s| points(*s)),
            no_score: of.standing.score.as_ref().err().filter(|_| value.is_some()).map(reason),
            target: of
                .standing
                .target
                .as_ref()
                .map(|target| self::target((kpi, target), self.0.project(), self.0.today())),
            change: change.and_then(Result::ok).map(|c| Change {
                difference: c.difference,
                since: self.0.label(c.since),
                verdict: c.verdict().code().into(),
                usual: c.judged.ok().map(|usual| {
                    let (low, high) = usual_of(&usual, kpi.possible());
                    let (expected, look, periods) = (usual.expected, usual.look, usual.periods);
                    Usual { expected, low, high, look, periods }
                }),
                no_verdict: c.judged.err().map(|why| why.code().into()),
                favourable: c.favourable,
            }),
            no_change: change.and_then(Result::err).map(reason),
            coverage: of.coverage(),
            finality: of.finality().map(finality),
            restated: of.restated(),
            overridden: of.overridden(),
            data_until: self.0.data_of(kpi).map(|d| d.to_string()),
            accountable: self.person(kpi.accountable.as_ref()),
            history: recent.map(|all| all.iter().map(|r| self.history_point(r)).collect()),
            value,
            no_value,
        }
    }

    fn history_point(self, of: &Reading<'a>) -> HistoryPoint {
        let estimate = of.observed().and_then(|o| o.as_ref().ok());
        let interval = estimate.and_then(|e| e.interval.as_ref().ok());
        let no_value = match of.observed() {
            None => Some(NoScore::NoValue.code()),
            Some(Err(reason)) => Some(reason.code()),
            Some(Ok(_)) => None,
        };
        HistoryPoint {
            period: self.0.label(of.period),
            point: estimate.map(|e| e.point),
            exact: of.measured().value().and_then(|measured| measured.value.exact.clone()),
            low: interval.map(|i| i.low),
            high: interval.map(|i| i.high),
            n: estimate.map(|e| e.n),
            not_measured: estimate.is_some_and(|of| of.not_measured().is_some()),
            no_value: no_value.map(Code::from),
            status: status(of.standing.band),
            finality: of.finality().map(finality),
            overridden: of.overridden(),
        }
    }

    fn node(self, of: &ScoreNode, siblings: Option<u32>, asked: &Asked<'a>, rows: Beneath<'_>) -> Node {
        let (kind, id) = named(&of.id);
        let rows = rows.beneath(&of.id);
        let all = of.children.iter().map(|c| c.weight).sum();
        Node {
            kind: kind.code().into(),
            id,
            name: of.name.clone(),
            score: score(of),
            weight: share_of_siblings(of, siblings).map(share),
            effective_weight: siblings.map(|_| f64::from(of.effective_weight) / 1e6),
            contribution: siblings.and(of.score.as_ref().ok()).map(|_| points(of.contribution)),
            bounds: [points(of.bounds.0), points(of.bounds.1)],
            steps: self.0.steps(of, asked, rows),
            children: of.children.iter().map(|c| self.node(c, Some(all), asked, rows)).collect(),
        }
    }
}

/// Points from millionths; six decimals are exact.
fn points(micro: i64) -> f64 {
    micro as f64 / 1e6
}

/// A share of 1 from parts of 10 000.
fn share(basis_points: u32) -> f64 {
    f64::from(basis_points) / 1e4
}

fn status(band: Option<Band>) -> Code {
    Status::from(band).code().into()
}

fn finality(of: Finality) -> Code {
    match of {
        Finality::Final => "final".into(),
        Finality::Provisional { .. } => "provisional".into(),
    }
}

fn better(of: Better) -> Code {
    match of {
        Better::Higher => "higher".into(),
        Better::Lower => "lower".into(),
        Better::InRange => "in_range".into(),
    }
}

fn reason(of: impl Into<reason::Reason>) -> Reason {
    let of = of.into();
    Reason { code: of.code.into(), text: of.text }
}

fn from_named(of: view::Named) -> Named {
    Named { id: of.id, name: of.name }
}

fn parts_of_score(of: &Result<i64, NoScore>, band: Option<Band>, coverage: u32) -> Score {
    Score {
        score: of.as_ref().ok().map(|micro| points(*micro)),
        no_score: of.as_ref().err().map(reason),
        status: status(band),
        coverage: f64::from(coverage) / 1e6,
    }
}

fn score(of: &ScoreNode) -> Score {
    parts_of_score(&of.score, of.band, of.coverage)
}

fn no_node() -> Score {
    parts_of_score(&Err(NoScore::NoValue), None, 0)
}

fn missing(of: &project::Scorecard) -> MissingRule {
    MissingRule {
        rule: match of.missing {
            project::MissingRule::Ignore => "ignore".into(),
            project::MissingRule::Block => "block".into(),
            project::MissingRule::WorstCase => "worst_case".into(),
        },
        minimum_coverage: of.minimum_coverage,
    }
}

/// One effect on one part, with the KPIs behind it.
fn bridge_step(steps: &[Step]) -> Option<BridgeStep> {
    let first = steps.first()?;
    let (kind, id) = named(&first.part);
    Some(BridgeStep {
        kind: kind.code().into(),
        id,
        effect: first.effect.code().into(),
        points: points(bridge::sum(steps)),
        kpis: steps
            .iter()
            .map(|step| BridgeKpi {
                kpi: step.kpi.to_string(),
                unit: step.unit.as_ref().map(ToString::to_string),
                segment: (!step.segment.is_total()).then(|| step.segment.to_string()),
                points: points(step.points),
                score_before: step.before.map(points),
                score_after: step.after.map(points),
            })
            .collect(),
    })
}

fn deviation(of: view::Deviation) -> Deviation {
    Deviation {
        kpi: of.kpi.id,
        segment: of.segment.map(|of| of.id),
        status: of.status.code().into(),
        what: of.what,
        why: of.why,
        cause: of.cause.map(|of| Cause { item: of.item, text: of.text, by: of.by, confirmed: of.confirmed }),
        action: of.action,
        advice: of.advice.into(),
        points_lost: of.points_lost.map(|p| points(p.micro)),
    }
}

fn measured_in(of: &ValueUnit) -> MeasuredIn {
    match of {
        ValueUnit::Count => MeasuredIn::Count,
        ValueUnit::Number { decimals } => MeasuredIn::Number { decimals: *decimals },
        ValueUnit::Share => MeasuredIn::Share,
        ValueUnit::NetPromoter => MeasuredIn::NetPromoter,
        ValueUnit::Rating { low, high } => MeasuredIn::Rating { low: *low, high: *high },
        ValueUnit::Money { currency } => MeasuredIn::Money { currency: currency.clone() },
        ValueUnit::Duration => MeasuredIn::Duration,
        ValueUnit::Rate { per } => MeasuredIn::Rate { per: *per },
    }
}

/// A bridge in figures.
fn bridged(of: &view::BridgedView) -> Bridged {
    let value = |of: &view::Measured| measured(view::Outcome::Value(of.clone())).0;
    let moved = |row: &view::BridgedRow| {
        Some(Moved { period: row.period.clone(), value: value(row.moved.as_ref()?)? })
    };
    Bridged {
        by: of.by.as_ref().and_then(value),
        varies: of.varies,
        moved: of.rows.iter().filter_map(moved).collect(),
    }
}

/// A value, or why there is none.
fn value(of: &Reading<'_>) -> (Option<Value>, Option<Reason>) {
    let estimate = match of.observed() {
        None => return (None, Some(reason(&NoScore::NoValue))),
        Some(Err(why)) => return (None, Some(reason(why))),
        Some(Ok(estimate)) => estimate,
    };
    let interval = estimate.interval.as_ref();
    let shown = of.measured();
    let shown = shown.value().map(|measured| &measured.value);
    let value = Value {
        point: estimate.point,
        exact: shown.and_then(|number| number.exact.clone()),
        text: shown.map(|number| number.text.clone()).unwrap_or_default(),
        low: interval.ok().map(|i| i.low),
        high: interval.ok().map(|i| i.high),
        no_interval: interval.err().map(reason),
        n: estimate.n,
        effective_n: view::effective_n(estimate),
        mark: of.measured().value().and_then(|measured| measured.mark.clone()),
    };
    (Some(value), None)
}

/// What people said in place of a computed value.
fn commentary(of: view::CommentaryView) -> Commentary {
    let part = |(part, text): (&str, Option<String>)| ItemPart { part: part.to_owned(), text };
    Commentary {
        item: of.item,
        period: of.period,
        unit: of.unit,
        by: of.by,
        at: of.at,
        parts: of.parts.into_iter().map(part).collect(),
        read: of.read,
    }
}

fn overriding(of: view::OverrideView) -> Override {
    let (over_at, over) = of.over.unzip();
    Override {
        item: of.item,
        period: of.period,
        segment: of.segment,
        said: of.said,
        computed: of.computed,
        since: of.since,
        expires: of.expires,
        over: over.map(Code::from),
        over_at,
        why: of.why,
        evidence: of.evidence,
        by: of.by,
        agreed: of.agreed,
    }
}

/// A break in a series.
fn broken(of: view::BreakView) -> Break {
    let view::BreakView { period, from, before, after } = of;
    Break { period, from, before, after }
}

/// A figure as shown, or why there is none.
fn measured(of: view::Outcome<view::Measured>) -> (Option<Value>, Option<Reason>) {
    match of {
        view::Outcome::Reason(why) => (None, Some(reason(why))),
        view::Outcome::Value(measured) => {
            let (interval, no_interval) = match measured.interval {
                view::Outcome::Value(interval) => (Some(interval), None),
                view::Outcome::Reason(why) => (None, Some(reason(why))),
            };
            let value = Value {
                point: measured.value.raw,
                exact: measured.value.exact,
                text: measured.value.text,
                low: interval.as_ref().map(|i| i.low.raw),
                high: interval.as_ref().map(|i| i.high.raw),
                no_interval,
                n: measured.n,
                effective_n: measured.effective_n,
                mark: measured.mark,
            };
            (Some(value), None)
        }
    }
}

/// A KPI that another one is computed of.
fn beside(of: view::BesideView) -> Beside {
    let (value, no_value) = measured(of.value);
    Beside { kpi: from_named(of.kpi), value, no_value, coverage: of.coverage.map(|of| of.share) }
}

fn input(of: view::InputView) -> Input {
    let (value, no_value) = measured(of.value);
    let points = |of: &view::Points| of.as_f64();
    Input {
        name: of.name,
        kpi: from_named(of.kpi),
        period: of.period,
        segment: of.segment,
        value,
        no_value,
        part: of.part.map(|part| Part {
            weight: f64::from(part.weight.basis_points) / 10_000.0,
            points: part.points.value().map(points),
            adds: part.adds.as_ref().map(points),
        }),
    }
}

fn target(
    (kpi, of): (&project::Kpi, &project::Target),
    project: &project::Project,
    today: Option<Date>,
) -> Target {
    let (floor, threshold, goal, stretch) = match of.lines {
        TargetLines::OneSided { floor, threshold, target, stretch } => {
            (floor.map(Line::One), Line::One(threshold), Line::One(target), stretch.map(Line::One))
        }
        TargetLines::InRange { floor, threshold, target, stretch } => {
            let range = |(low, high): (f64, f64)| Line::Range([low, high]);
            (floor.map(range), range(threshold), range(target), stretch.map(range))
        }
    };
    let segment = Segment::new(
        of.segment
            .iter()
            .map(|(of, member)| (of.clone(), state::Member::Value(member.as_str().into())))
            .collect(),
    );
    Target {
        from: of.from.to_string(),
        unit: of.unit.as_ref().map(ToString::to_string),
        segment: (!segment.is_total()).then(|| segment.to_string()),
        period: grain_text(of.period).to_owned(),
        floor,
        threshold,
        target: goal,
        stretch,
        basis: of.basis.as_ref().map(|b| match b.kind {
            BasisKind::History => "history".into(),
            BasisKind::Benchmark => "benchmark".into(),
            BasisKind::Expectation => "expectation".into(),
            BasisKind::Capability => "capability".into(),
            BasisKind::Negotiated => "negotiated".into(),
        }),
        evidence: benchmarks::evidence(of, project, today),
        attached: of
            .evidence
            .as_ref()
            .map(|of| Attached { file: of.file.clone(), sha256: of.sha256.clone() }),
        plan: of.plan.as_ref().map(|with| {
            let late = project.out_of_date(&kpi.id, of);
            PlannedWith {
                id: with.plan.to_string(),
                version: with.version.to_string(),
                out_of_date_from: late.map(|late| late.day.to_string()),
                by: late.and_then(|late| late.by).map(|of| of.id.to_string()),
            }
        }),
    }
}

fn member(
    segment: &Segment,
    reading: &Reading<'_>,
    project: &project::Project,
    today: Option<Date>,
) -> Member {
    let (value, no_value) = value(reading);
    let own = reading.standing.target.as_ref().filter(|of| !of.segment.is_empty());
    Member {
        segment: segment.to_string(),
        name: words::segment(segment),
        value,
        no_value,
        status: status(reading.standing.band),
        target: own.map(|of| target((reading.kpi, of), project, today)),
    }
}
