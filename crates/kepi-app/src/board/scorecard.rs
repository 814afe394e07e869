//! The scorecard: rows, scores, what deviates.

use kepi_model::{
    calendar::{Grain, Period},
    id::{KpiId, UnitId},
    measure::Carry,
    project::{CascadeTargets, Kpi, MissingRule, Scorecard, Target},
};
use kepi_query::value::{Coverage as Cases, Finality as Final, Segment};
use kepi_report::{
    reader::{ScorecardQuery, ViewError},
    view::{
        Bridge, BridgePart, Change, Coverage, Finality, Freshness, KpiRow, Measured, Named, ObjectiveView,
        Outcome, PerspectiveView, Points, Reason, ScoreView, ScorecardView, SeriesPoint, Status, TargetView,
        UnitChoice, Weight, signed_parts,
    },
};
use kepi_score::{
    AT_TARGET,
    band::{Band, band},
    target::in_force,
    tree::{NoScore, Node, Observed, Of},
};
use kepi_stats::estimate::NotComputable;

use crate::picture::{Entry, Picture, Series};

/// How many periods a sparkline shows.
const SPARKLINE: usize = 24;

/// What a scorecard question resolves to.
pub(super) struct Asked<'a> {
    pub scorecard: &'a Scorecard,
    pub unit: Option<UnitId>,
    pub period: Period,
    pub known: Vec<i32>,
}

impl Picture {
    pub(super) fn asked(&self, query: &ScorecardQuery) -> Result<Asked<'_>, ViewError> {
        let scorecard = self.scorecard_asked(query.scorecard.as_deref())?;
        let unit = self.unit_asked(scorecard, query.unit.as_deref())?;
        let known = self.periods(kpis_of(scorecard), scorecard.period);
        let period = self.period_asked(query.period.as_deref(), scorecard.period, &known)?;
        Ok(Asked { scorecard, unit, period, known: known.0 })
    }

    pub(super) fn tree(&self, scorecard: &Scorecard, unit: Option<&UnitId>, period: Period) -> Node {
        self.scored(scorecard, period, |scoring| scoring.tree(unit))
    }

    pub(super) fn scorecard_view(&self, query: &ScorecardQuery) -> Result<ScorecardView, ViewError> {
        let Asked { scorecard, unit, period, known } = self.asked(query)?;
        let tree = self.tree(scorecard, unit.as_ref(), period);
        let segment = self.segment_for(scorecard, unit.as_ref());
        let perspectives: Vec<PerspectiveView> = scorecard
            .perspectives
            .iter()
            .map(|perspective| {
                let node = find(&tree, &Of::Perspective(perspective.id.clone()));
                PerspectiveView {
                    perspective: Named::new(
                        perspective.id.to_string(),
                        node.map_or(perspective.id.as_str(), |n| n.name.as_str()),
                    ),
                    weight: Weight::new(perspective.weight),
                    score: score_view(node),
                    contribution: node.filter(|n| n.score.is_ok()).map(|n| Points::new(n.contribution)),
                    objectives: perspective
                        .objectives
                        .iter()
                        .map(|objective| {
                            let node = node.and_then(|n| find(n, &Of::Objective(objective.id.clone())));
                            let owner = self.project().strategy.as_ref().and_then(|s| {
                                s.objectives
                                    .iter()
                                    .find(|o| o.id == objective.id)
                                    .and_then(|o| o.owner.as_ref())
                            });
                            ObjectiveView {
                                objective: Named::new(
                                    objective.id.to_string(),
                                    node.map_or(objective.id.as_str(), |n| n.name.as_str()),
                                ),
                                weight: Weight::new(objective.weight),
                                score: score_view(node),
                                owner: self.person(owner),
                                kpis: objective
                                    .kpis
                                    .iter()
                                    .filter_map(|(id, weight)| {
                                        let kpi = self.project().kpis.get(id)?;
                                        let leaf = node.and_then(|n| find(n, &Of::Kpi(id.clone())));
                                        let mut row =
                                            self.row(kpi, &segment, period, unit.as_ref(), Some(scorecard));
                                        row.weight = Some(Weight::new(*weight));
                                        if let Some(leaf) = leaf {
                                            row.score = score_outcome(&leaf.score, false);
                                        }
                                        Some(row)
                                    })
                                    .collect(),
                            }
                        })
                        .collect(),
                }
            })
            .collect();
        let rows: Vec<&KpiRow> =
            perspectives.iter().flat_map(|p| &p.objectives).flat_map(|o| &o.kpis).collect();
        let freshness = overall_freshness(&rows);
        let complete = freshness.finality != Finality::Running;
        let deviations = self.deviations(scorecard, &tree, &rows, &segment, period);
        Ok(ScorecardView {
            project: self.project_view(),
            scorecard: Named::new(scorecard.id.to_string(), &scorecard.name),
            unit: unit.as_ref().map(|u| Named::new(u.to_string(), self.unit_name(u))),
            units: self.unit_choices(scorecard, unit.as_ref(), period),
            period: self.project().calendar.label(period),
            complete,
            periods: self.period_choices(&known, period),
            freshness,
            overall: score_view(Some(&tree)),
            bridge: self.bridge(scorecard, unit.as_ref(), period, &tree),
            missing_rule: missing_words(scorecard),
            deviations,
            perspectives,
        })
    }

    /// The segment of the unit shown; the scorecard's own unit is all rows.
    pub(super) fn segment_for(&self, scorecard: &Scorecard, unit: Option<&UnitId>) -> Segment {
        let below = unit.filter(|u| scorecard.unit.as_ref() != Some(*u));
        // A unit that no dimension stands for has no rows of its own: an impossible segment, so no value is found.
        self.segment_of(scorecard.cascade.as_ref(), below).unwrap_or_else(Segment::total)
    }

    pub(super) fn unit_choices(
        &self,
        scorecard: &Scorecard,
        chosen: Option<&UnitId>,
        period: Period,
    ) -> Vec<UnitChoice> {
        let Some(own) = scorecard.unit.as_ref().filter(|_| scorecard.cascade.is_some()) else {
            return Vec::new();
        };
        let mut all = vec![(own.clone(), 0)];
        all.extend(self.units_below(scorecard));
        all.into_iter()
            .map(|(unit, depth)| {
                let node = self.tree(scorecard, Some(&unit), period);
                UnitChoice {
                    id: unit.to_string(),
                    name: self.unit_name(&unit).to_owned(),
                    depth,
                    chosen: chosen == Some(&unit),
                    status: node_status(&node),
                    score: score_outcome(&node.score, false),
                }
            })
            .collect()
    }

    /// From the previous period's score to this one, by perspective: the difference of what each adds. With the same
    /// weights in both periods that is performance alone; the parts add up because contributions do.
    fn bridge(
        &self,
        scorecard: &Scorecard,
        unit: Option<&UnitId>,
        period: Period,
        now: &Node,
    ) -> Option<Bridge> {
        let before_period = period.offset(-1);
        let before = self.tree(scorecard, unit, before_period);
        let (from, to) = (*before.score.as_ref().ok()?, *now.score.as_ref().ok()?);
        let parts: Vec<(String, i64)> = now
            .children
            .iter()
            .map(|child| {
                let then = find(&before, &child.of).map_or(0, |c| c.contribution);
                (child.name.clone(), child.contribution - then)
            })
            .collect();
        let points = signed_parts(&parts.iter().map(|p| p.1).collect::<Vec<_>>());
        Some(Bridge {
            from_label: self.project().calendar.label(before_period),
            from: Points::new(from),
            parts: parts
                .into_iter()
                .zip(points)
                .map(|((name, _), points)| BridgePart { name, points })
                .collect(),
            to_label: self.project().calendar.label(period),
            to: Points::new(to),
        })
    }

    /// One KPI in one period, for one segment.
    pub(super) fn row(
        &self,
        kpi: &Kpi,
        segment: &Segment,
        period: Period,
        unit: Option<&UnitId>,
        scorecard: Option<&Scorecard>,
    ) -> KpiRow {
        let entry = self.entry(&kpi.id, period, segment);
        let entry = entry.as_ref();
        let value = measured(entry.map(|e| &e.value.estimate), kpi);
        let target = self.target(kpi, segment, unit, scorecard, period);
        let series = self.series_points(kpi, segment, period.grain, unit, scorecard);
        let until = series.iter().position(|p| p.period == self.project().calendar.label(period));
        let upto: Vec<SeriesPoint> = series.into_iter().take(until.map_or(0, |i| i + 1)).collect();
        let status = status(entry.map(|e| &e.value.estimate), target.as_ref(), kpi);
        let probability = entry.and_then(|e| {
            let estimate = e.value.estimate.as_ref().ok()?;
            let target = target.as_ref()?;
            let at = band(estimate.point, &target.lines, kpi.better);
            kepi_score::band::probability(estimate, &target.lines, kpi.better, at).ok()
        });
        let score = match (entry.map(|e| &e.value.estimate), &target) {
            (Some(Ok(estimate)), Some(target)) => Outcome::Value(Points::new(kepi_score::band::score(
                estimate.point,
                &target.lines,
                kpi.better,
            ))),
            (Some(Err(reason)), _) => Outcome::Reason(reason_of(reason)),
            (None, _) => Outcome::none("no_value", NoScore::NoValue.to_string()),
            (_, None) => Outcome::none("no_target", NoScore::NoTarget.to_string()),
        };
        KpiRow {
            kpi: Named::new(kpi.id.to_string(), &kpi.name),
            measured_in: kpi.unit.clone(),
            better: kpi.better,
            indicator: kpi.indicator,
            weight: None,
            status,
            status_probability: probability,
            change: self.change(kpi, &value, &upto),
            value,
            target: target.as_ref().map(|t| self.target_view(kpi, t)),
            score,
            coverage: coverage(entry.map(|e| &e.value.coverage)),
            freshness: self.freshness(kpi, entry),
            series: upto.into_iter().rev().take(SPARKLINE).rev().collect(),
            accountable: self.person(kpi.accountable.as_ref()),
        }
    }

    /// The target that a value of a segment is held against: that of the unit it stands for, else that of the whole,
    /// where what holds for the whole holds for its parts.
    pub(super) fn target(
        &self,
        kpi: &Kpi,
        segment: &Segment,
        unit: Option<&UnitId>,
        scorecard: Option<&Scorecard>,
        period: Period,
    ) -> Option<Target> {
        let is_part = unit.is_none() && !segment.is_total();
        if is_part && kpi.measure.kind().over_units() != Carry::Stays {
            return None;
        }
        let rule = scorecard.and_then(|s| s.cascade.as_ref()).map_or(CascadeTargets::Inherit, |c| c.targets);
        let top = scorecard.and_then(|s| s.unit.as_ref());
        in_force(kpi, self.project(), unit, top, rule, period)
    }

    pub(super) fn target_view(&self, kpi: &Kpi, target: &Target) -> TargetView {
        let mut view = TargetView::new(target.from.to_string(), target.lines, kpi.better, &kpi.unit);
        view.unit = target.unit.as_ref().map(|u| self.unit_name(u).to_owned());
        view.basis = target.basis.as_ref().map(|b| b.kind);
        view.evidence = target.basis.as_ref().map(|b| b.text.clone());
        view
    }

    /// All periods of a KPI and segment, oldest first; gaps between the first and the last are shown as such.
    pub(super) fn series_points(
        &self,
        kpi: &Kpi,
        segment: &Segment,
        grain: Grain,
        unit: Option<&UnitId>,
        scorecard: Option<&Scorecard>,
    ) -> Vec<SeriesPoint> {
        let all = self.series(&kpi.id, grain, segment);
        let Some((first, last)) = all.and_then(Series::span) else { return Vec::new() };
        (first..=last)
            .map(|ordinal| {
                let period = Period { grain, ordinal };
                let entry = all.and_then(|s| s.at(ordinal));
                let target = self.target(kpi, segment, unit, scorecard, period);
                let observed = entry.as_ref().map(|e| &e.value.estimate);
                SeriesPoint {
                    period: self.project().calendar.label(period),
                    value: measured(observed, kpi),
                    status: status(observed, target.as_ref(), kpi),
                    complete: entry.as_ref().is_none_or(|e| e.value.finality == Final::Final),
                    lines: target.map(|t| t.lines),
                }
            })
            .collect()
    }

    fn change(&self, kpi: &Kpi, value: &Outcome<Measured>, upto: &[SeriesPoint]) -> Outcome<Change> {
        let Outcome::Value(current) = value else {
            return Outcome::none("no_value", "no value to compare");
        };
        let mut earlier = upto.iter().rev();
        if earlier.next().is_some_and(|now| !now.complete) {
            return Outcome::none("running", "the period is still running");
        }
        match earlier.find_map(|p| p.value.value().filter(|_| p.complete).map(|m| (m, &p.period))) {
            Some((previous, since)) => {
                Outcome::Value(Change::between(previous, current, since, &kpi.unit, kpi.better))
            }
            None => Outcome::none("no_earlier", "no earlier value"),
        }
    }

    pub(super) fn freshness(&self, kpi: &Kpi, entry: Option<&Entry>) -> Freshness {
        let day = crate::plan::entities_of(kpi).filter_map(|e| self.data_until(e)).min();
        let finality = match entry {
            Some(e) if e.value.finality != Final::Final => Finality::Running,
            Some(e) if e.before.is_some() => Finality::Restated,
            Some(_) => Finality::Published,
            None => Finality::Provisional,
        };
        Freshness {
            data_until: day.map(|d| d.to_string()),
            text: day.map_or("no data".to_owned(), |d| format!("data to {}", d.strftime("%-d %B %Y"))),
            finality,
        }
    }
}

pub(super) fn kpis_of(scorecard: &Scorecard) -> impl Iterator<Item = KpiId> {
    scorecard
        .perspectives
        .iter()
        .flat_map(|p| &p.objectives)
        .flat_map(|o| &o.kpis)
        .map(|(kpi, _)| kpi.clone())
}

/// The first node below (or at) `node` that stands for `of`.
pub(super) fn find<'a>(node: &'a Node, of: &Of) -> Option<&'a Node> {
    if &node.of == of { Some(node) } else { node.children.iter().find_map(|child| find(child, of)) }
}

pub(super) fn measured(observed: Option<&Observed>, kpi: &Kpi) -> Outcome<Measured> {
    match observed {
        None => Outcome::none("no_value", "no rows in this period"),
        Some(Err(reason)) => Outcome::Reason(reason_of(reason)),
        Some(Ok(estimate)) => {
            let interval = estimate.interval.as_ref().map(|i| (i.low, i.high)).map_err(reason_of);
            let effective = Some(estimate.effective_n).filter(|e| *e < estimate.n as f64);
            Outcome::Value(Measured::new(estimate.point, interval, estimate.n, effective, &kpi.unit))
        }
    }
}

pub(super) fn reason_of(reason: &NotComputable) -> Reason {
    // The code is the variant's own name as it is written in JSON.
    let code = match serde_json::to_value(reason) {
        Ok(serde_json::Value::String(code)) => code,
        Ok(serde_json::Value::Object(map)) => map.keys().next().cloned().unwrap_or_default(),
        _ => String::new(),
    };
    Reason { code, text: reason.to_string() }
}

pub(super) fn status(observed: Option<&Observed>, target: Option<&Target>, kpi: &Kpi) -> Status {
    match (observed, target) {
        (Some(Ok(estimate)), Some(target)) => {
            band_status(Some(band(estimate.point, &target.lines, kpi.better)))
        }
        _ => Status::Grey,
    }
}

pub(super) fn band_status(band: Option<Band>) -> Status {
    match band {
        Some(Band::Red) => Status::Red,
        Some(Band::Amber) => Status::Amber,
        Some(Band::Green) => Status::Green,
        Some(Band::Blue) => Status::Blue,
        None => Status::Grey,
    }
}

pub(super) fn node_status(node: &Node) -> Status {
    band_status(node.band)
}

pub(super) fn score_outcome(score: &Result<i64, NoScore>, exact: bool) -> Outcome<Points> {
    match score {
        Ok(micro) => Outcome::Value(if exact { Points::exact(*micro) } else { Points::new(*micro) }),
        Err(NoScore::NotComputable(reason)) => Outcome::Reason(reason_of(reason)),
        Err(reason) => Outcome::none("no_score", reason.to_string()),
    }
}

pub(super) fn score_view(node: Option<&Node>) -> ScoreView {
    match node {
        Some(node) => ScoreView {
            score: score_outcome(&node.score, false),
            status: node_status(node),
            coverage: Coverage::new(f64::from(node.coverage) / 1e6),
        },
        None => ScoreView {
            score: Outcome::none("no_score", NoScore::NoValue.to_string()),
            status: Status::Grey,
            coverage: Coverage::new(0.0),
        },
    }
}

fn coverage(cases: Option<&Cases>) -> Coverage {
    Coverage::new(cases.and_then(|c| c.share()).unwrap_or(0.0))
}

/// The oldest data and the least final value decide.
fn overall_freshness(rows: &[&KpiRow]) -> Freshness {
    let known = rows.iter().map(|r| &r.freshness).filter(|f| f.data_until.is_some());
    let oldest = known.min_by(|a, b| a.data_until.cmp(&b.data_until)).cloned();
    let rank = |f: Finality| match f {
        Finality::Running => 0,
        Finality::Restated => 1,
        Finality::Published => 2,
        Finality::Provisional => 3,
    };
    let least = rows.iter().map(|r| r.freshness.finality).min_by_key(|f| rank(*f));
    let mut freshness = oldest.unwrap_or(Freshness {
        data_until: None,
        text: "no data".to_owned(),
        finality: Finality::Provisional,
    });
    freshness.finality = least.unwrap_or(Finality::Provisional);
    freshness
}

pub(super) fn missing_words(scorecard: &Scorecard) -> String {
    let minimum = kepi_report::format::coverage(scorecard.minimum_coverage);
    match scorecard.missing {
        MissingRule::Ignore => format!(
            "A part without a value is left out and the others count in proportion; below {minimum} of weight there is \
             no score."
        ),
        MissingRule::Block => "A part without a value leaves the whole without a score.".to_owned(),
        MissingRule::WorstCase => "A part without a value counts as 0 points.".to_owned(),
    }
}

/// Points that a node loses against its target: how much more its root would score, had it 100 points.
pub(super) fn points_lost(root: &Node, leaf: &Of) -> Option<i64> {
    fn walk(node: &Node, leaf: &Of, weight: f64) -> Option<i64> {
        if &node.of == leaf {
            let score = *node.score.as_ref().ok()?;
            return Some(((AT_TARGET - score) as f64 * weight) as i64);
        }
        node.children.iter().find_map(|c| walk(c, leaf, weight * f64::from(c.effective_weight) / 1e6))
    }
    walk(root, leaf, 1.0)
}
