//! Which stage of a journey does a change come from? Of a KPI that counts how many came into each stage: how many came into the first, and at each step which
//! part of them came into the next. Of any other by stage: what changed in each, and another mix of stages. The parts add up to the change.

use kepi_model::{
    calendar::Period,
    derived::{Derivation, Rows, Stages},
    expression::Node,
    id::{DimensionId, EntityId},
    measure::{Aggregate, Measure},
    project::{Better, Kpi, Project},
};
use kepi_query::{state::Member, value::Segment};
use kepi_stats::decomposition::{
    lmdi::lmdi,
    mix_rate::{Interaction, Segment as Cell, mix_rate},
};

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Shown, Verdict},
    change::{self, Usual},
    sentence::{Sentence, StagePart},
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "stages",
    version: 1,
    question: "Which stage of the journey does the change come from?",
    cadence: Cadence::Standing,
    // It only adds up.
    family: None,
    answer,
};

/// The dimension of a KPI that is the stage of a journey, be it of the stages' own rows or gathered from them.
#[must_use]
pub fn stage_of<'a>(kpi: &'a Kpi, journey: &EntityId, project: &Project) -> Option<&'a DimensionId> {
    let is_stage = |base: &EntityId, node: &Node| {
        let Node::Path(path) = node else { return false };
        let of = path.references.last().map_or(base, |(_, entity)| entity);
        if of == journey {
            return path.attribute.as_str() == "stage";
        }
        let made = project.entities.get(of).and_then(|e| e.derivation(&path.attribute));
        let Some(Derivation::Gathered(gathered)) = made else { return false };
        let value = gathered.value.as_ref().map(|value| &value.node);
        gathered.of == *journey
            && matches!(value, Some(Node::Path(path)) if path.attribute.as_str() == "stage")
    };
    let stage = kpi.by.iter().find(|d| d.ways.iter().any(|(base, way)| is_stage(base, &way.node)))?;
    Some(&stage.id)
}

/// The stages by which a KPI is shown: the entity whose rows they are, and the dimension; of several journeys the first.
fn of_kpi<'a>(kpi: &'a Kpi, project: &'a Project) -> Option<(&'a EntityId, &'a Stages, &'a DimensionId)> {
    project.entities.values().find_map(|entity| {
        let Some(Rows::Stages(stages)) = &entity.rows else { return None };
        Some((&entity.id, stages, stage_of(kpi, &entity.id, project)?))
    })
}

/// Whether a KPI counts those who come into stages of an entity.
#[must_use]
pub fn counts(kpi: &Kpi, journey: &EntityId) -> bool {
    let own = kpi.measure.bases().first().is_some_and(|base| *base == journey);
    own && matches!(&kpi.measure, Measure::Total(total) if matches!(total.aggregate, Aggregate::Count))
}

/// What is unusual at a stage of a journey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Departure {
    /// Fewer go on from it.
    DropOff,
    /// More or fewer come into it.
    Volume,
    /// Another KPI is worse there.
    Worse,
}

/// A stage at which a KPI is called out.
#[derive(Debug, Clone)]
pub struct Departed<'a> {
    /// What it is.
    pub what: Departure,
    /// The stage.
    pub stage: &'a str,
    /// The KPI by stage.
    pub kpi: &'a Kpi,
    /// What the KPI is at it.
    pub now: f64,
    /// What is usual of it there.
    pub usual: Usual,
}

/// What is unusual of a journey, stage by stage, in the last period of each KPI by stage within one. What gets better is unusual only of how many come into a
/// stage: that may be good or bad.
#[must_use]
pub fn departed<'a>(journey: &'a EntityId, within: Period, frames: &'a dyn Frames) -> Vec<Departed<'a>> {
    let project = frames.project();
    let stages = match project.entities.get(journey).map(|entity| &entity.rows) {
        Some(Some(Rows::Stages(stages))) => &stages.stages,
        _ => return Vec::new(),
    };
    let Ok(last) = project.calendar.last_day(within) else { return Vec::new() };
    let mut found = Vec::new();
    for kpi in project.kpis.values().filter(|kpi| kpi.period <= within.grain) {
        let Some(dimension) = stage_of(kpi, journey, project) else { continue };
        let period = project.calendar_of(kpi).period_of_day(kpi.period, last);
        let own = kpi.measure.bases().first().is_some_and(|base| *base == journey);
        for stage in stages {
            let member = Member::Value(stage.name.as_str().into());
            let segment = Segment::new(vec![(dimension.clone(), member)]);
            let Ok(usual) = frames.judged(kpi, period, &segment) else { continue };
            let worse = if kpi.better == Better::Lower { usual.above } else { !usual.above };
            let what = match (counts(kpi, journey), own && matches!(kpi.measure, Measure::Share(_))) {
                (true, _) => Departure::Volume,
                (false, _) if !worse || kpi.better == Better::InRange => continue,
                (false, true) => Departure::DropOff,
                (false, false) => Departure::Worse,
            };
            let is_called_out = matches!(usual.verdict, change::Verdict::Beyond | change::Verdict::Drifting);
            let figure = frames.figure(kpi, period, &segment).filter(|of| of.is_final && is_called_out);
            found.extend(figure.map(|of| Departed { what, stage: &stage.name, kpi, now: of.point, usual }));
        }
    }
    found.sort_by_key(|of| of.what);
    found
}

/// What is split, in two periods.
struct Sides<'a> {
    ask: &'a Ask<'a>,
    before: Period,
    frames: &'a dyn Frames,
    dimension: &'a DimensionId,
}

impl Sides<'_> {
    /// Cases and value of a stage, before and now; nobody where it has no figure.
    fn cells(&self, member: &Member) -> [Cell; 2] {
        [self.before, self.ask.period].map(|period| {
            let segment = Segment::new(vec![(self.dimension.clone(), member.clone())]);
            let figure = self.frames.figure(self.ask.kpi, period, &segment);
            figure
                .map_or(Cell { weight: 0.0, rate: 0.0 }, |of| Cell { weight: of.effective_n, rate: of.point })
        })
    }

    fn totals(&self) -> Option<[f64; 2]> {
        let of = |period| Some(self.frames.figure(self.ask.kpi, period, &Segment::total())?.point);
        Some([of(self.before)?, of(self.ask.period)?])
    }
}

/// Parts that add up, with a table of them; else why not.
type Split = Result<(Vec<(StagePart, f64)>, Exhibit), NotSplit>;

/// Why nothing is shared out.
enum NotSplit {
    /// Into this stage nobody came in one of the two periods.
    Empty(String),
    /// The stages do not make up the whole.
    NotAdditive,
}

/// Of entries: the stage s has n₁ r₂ … r_s of them, where n₁ came into the first and r is how many came into a stage by one that came into that before it.
/// The logarithmic mean Divisia index splits the change of their sum without remainder.
fn entries(sides: &Sides<'_>, names: &[String]) -> Split {
    let cells: Vec<[f64; 2]> = names
        .iter()
        .map(|name| sides.cells(&Member::Value(name.as_str().into())).map(|cell| cell.rate))
        .collect();
    if let Some((name, _)) = names.iter().zip(&cells).find(|(_, of)| of.iter().any(|n| *n <= 0.0)) {
        return Err(NotSplit::Empty(name.clone()));
    }
    let side = |at: usize| -> Vec<Vec<f64>> {
        let n: Vec<f64> = cells.iter().filter_map(|of| of.get(at).copied()).collect();
        let ratios: Vec<f64> = n
            .first()
            .copied()
            .into_iter()
            .chain(n.windows(2).filter_map(|of| Some(of.last()? / of.first()?)))
            .collect();
        // Of a stage the steps behind it are none of its factors.
        let factor =
            |stage: usize, of: usize| if of <= stage { ratios.get(of).copied().unwrap_or(1.0) } else { 1.0 };
        (0..n.len()).map(|stage| (0..n.len()).map(|of| factor(stage, of)).collect()).collect()
    };
    let split = lmdi(&side(0), &side(1)).map_err(|_| NotSplit::NotAdditive)?;
    let whole: Vec<f64> = [0, 1].map(|at| cells.iter().filter_map(|of| of.get(at)).sum()).into();
    if sides.totals().is_none_or(|totals| totals.iter().zip(&whole).any(|(a, b)| (a - b).abs() > 0.5)) {
        return Err(NotSplit::NotAdditive);
    }
    let first = names.first().map(|name| StagePart::Entries(name.clone()));
    let steps =
        names.windows(2).filter_map(|of| Some(StagePart::Step(of.first()?.clone(), of.last()?.clone())));
    let parts: Vec<(StagePart, f64)> = first.into_iter().chain(steps).zip(split.effects).collect();
    let rows = names.iter().zip(&cells).zip(&parts).map(|((name, [before, now]), (_, part))| {
        (name.clone(), vec![Shown::Value(*before), Shown::Value(*now), Shown::Part(*part)])
    });
    let columns = vec!["before", "now", "makes of the change"];
    let rows = rows.collect();
    Ok((parts, Exhibit { columns, rows }))
}

/// Of values by stage: changed values and another mix (Kitagawa), the mix of a stage as far as its value lies off the whole's.
fn values(sides: &Sides<'_>, names: &[String]) -> Split {
    let members = names.iter().map(|name| (name.clone(), Member::Value(name.as_str().into())));
    let members: Vec<(String, Member)> =
        members.chain(std::iter::once(("in no stage".to_owned(), Member::Unknown))).collect();
    let cells: Vec<[Cell; 2]> = members.iter().map(|(_, member)| sides.cells(member)).collect();
    let [before, now] =
        [0, 1].map(|at| cells.iter().filter_map(|of| of.get(at).copied()).collect::<Vec<Cell>>());
    let parts = mix_rate(&before, &now, Interaction::Midpoint).map_err(|_| NotSplit::NotAdditive)?;
    let whole = |side: &[Cell]| {
        let cases: f64 = side.iter().map(|cell| cell.weight).sum();
        side.iter().map(|cell| cell.weight * cell.rate).sum::<f64>() / cases
    };
    let made = [whole(&before), whole(&now)];
    let is_whole = sides.totals().is_some_and(|totals| {
        totals
            .iter()
            .zip(made)
            .all(|(total, of)| (total - of).abs() <= 1e-9 * total.abs().max(1e-9) * cells.len() as f64)
    });
    if !is_whole {
        return Err(NotSplit::NotAdditive);
    }
    let sums = [&before, &now].map(|side| side.iter().map(|cell| cell.weight).sum::<f64>());
    let level = (made[0] + made[1]) / 2.0;
    let mix =
        |[old, new]: &[Cell; 2], part: f64| part - level * (new.weight / sums[1] - old.weight / sums[0]);
    let told: Vec<(&String, f64, f64)> = members
        .iter()
        .zip(&cells)
        .zip(parts.rate.iter().zip(&parts.mix))
        .filter(|((_, cells), _)| cells.iter().any(|cell| cell.weight > 0.0))
        .map(|(((name, _), cells), (rate, part))| (name, *rate, mix(cells, *part)))
        .collect();
    let rows = told.iter().map(|(name, rate, mix)| {
        ((*name).clone(), vec![Shown::Difference(*rate), Shown::Difference(*mix), Shown::Part(rate + mix)])
    });
    let exhibit =
        Exhibit { columns: vec!["changed values", "another mix", "together"], rows: rows.collect() };
    let all = told.iter().map(|(name, rate, _)| (StagePart::Values((*name).clone()), *rate));
    Ok((all.chain(std::iter::once((StagePart::Mix, parts.mix_total()))).collect(), exhibit))
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let project = frames.project();
    let (journey, stages, dimension) = of_kpi(ask.kpi, project)?;
    let before = frames.before(ask.kpi, ask.period)?;
    let sides = Sides { ask, before, frames, dimension };
    let [then, now] = sides.totals()?;
    let names: Vec<String> = stages.stages.iter().map(|stage| stage.name.clone()).collect();
    let split = if counts(ask.kpi, journey) { entries(&sides, &names) } else { values(&sides, &names) };
    let checks = vec![Check { name: "stages make up the whole", holds: split.is_ok() }];
    let looked_at = names.len();
    let (mut parts, exhibit) = match split {
        Ok(split) => split,
        Err(why) => {
            let says = vec![match why {
                NotSplit::Empty(stage) => Sentence::StageEmpty { stage },
                NotSplit::NotAdditive => Sentence::NotAdditive,
            }];
            return Some(Insight { verdict: Verdict::Unknown, says, exhibit: None, checks, looked_at });
        }
    };
    let all: f64 = parts.iter().map(|(_, part)| part.abs()).sum();
    parts.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    // One stage has done it where it has moved more than all others together.
    let most = parts.first().filter(|(part, _)| *part != StagePart::Mix).map_or(0.0, |(_, part)| part.abs());
    let verdict = if most > all / 2.0 { Verdict::Yes } else { Verdict::No };
    let says = vec![Sentence::FromStages { by: now - then, since: before, parts }];
    Some(Insight { verdict, says, exhibit: Some(exhibit), checks, looked_at })
}
