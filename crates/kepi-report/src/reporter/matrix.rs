//! Which objective is measured by which KPI in which unit: from definitions as they hold on a day.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use kepi_model::{
    id::{KpiId, ObjectiveId, UnitId},
    project::{BasisKind, Kpi, Target, TargetLines, UnitTree},
};

use super::Reporter;
use crate::{
    budget::Reconciled,
    format,
    matrix::{Matrix, MatrixCell, MatrixGap, MatrixKpi, MatrixObjective, MatrixUnit},
    people::PeopleAsked,
    reader::ViewError,
    view::MatrixView,
};

/// KPIs in units: the target that holds there, if any does.
type Measured = BTreeMap<(KpiId, UnitId), Option<Target>>;

impl Reporter<'_> {
    /// The matrix of objectives, KPIs and units, as far as it is seen.
    ///
    /// # Errors
    /// Nobody knows what day it is.
    pub fn matrix(self) -> Result<MatrixView, ViewError> {
        let project = self.project();
        let today = self.facts.day_asked(&PeopleAsked::default())?;
        let tree = project.tree(Some(today));
        let mut units = Vec::new();
        walk(tree, None, 0, &mut units);
        let measured = self.in_units(today);
        let mut serves: BTreeMap<Option<&ObjectiveId>, BTreeSet<&KpiId>> = BTreeMap::new();
        for kpi in project.kpis.values() {
            let by_card =
                project.scorecards.values().filter_map(|card| card.in_force(today)).flat_map(|card| {
                    let objectives = card.perspectives.iter().flat_map(|of| &of.objectives);
                    objectives.filter(|of| of.kpis().any(|id| *id == kpi.id)).map(|of| &of.id)
                });
            let all: BTreeSet<&ObjectiveId> = by_card.chain(kpi.objective.as_ref()).collect();
            let all = if all.is_empty() { vec![None] } else { all.into_iter().map(Some).collect() };
            for of in all {
                serves.entry(of).or_default().insert(&kpi.id);
            }
        }
        let rows = |of: Option<&ObjectiveId>| -> Vec<MatrixKpi> {
            let kpis = serves.get(&of).into_iter().flatten().filter_map(|id| project.kpis.get(*id));
            kpis.map(|kpi| self.matrix_kpi(kpi, (&units, today), &measured)).collect()
        };
        let declared = project.strategy.iter().flat_map(|strategy| &strategy.objectives);
        let mut objectives: Vec<MatrixObjective> = declared
            .map(|of| MatrixObjective {
                id: Some(of.id.to_string()),
                name: of.name.clone(),
                kpis: rows(Some(&of.id)),
            })
            .collect();
        let none = rows(None);
        if !none.is_empty() {
            objectives.push(MatrixObjective { id: None, name: "No objective".to_owned(), kpis: none });
        }
        let mut of = Matrix { day: today.to_string(), units, objectives, gaps: Vec::new() };
        let budgets = self.budgets()?;
        of.gaps = self.matrix_gaps(&of, &budgets);
        Ok(MatrixView { project: self.project_view(), of })
    }

    /// In which units each KPI is measured on a day, and by which target.
    fn in_units(self, today: Date) -> Measured {
        let project = self.project();
        let mut found = Measured::new();
        for card in project.scorecards.values() {
            let card = self.card(card);
            let period = card.scorecard.calendar.period_of_day(card.scorecard.period, today);
            let Some(said) = card.in_force(period) else { continue };
            let kpis: BTreeSet<&KpiId> =
                said.perspectives.iter().flat_map(|of| &of.objectives).flat_map(|of| of.kpis()).collect();
            for (unit, _) in card.units(period) {
                let Some(unit) = unit else { continue };
                for kpi in kpis.iter().filter_map(|id| project.kpis.get(*id)) {
                    if self.facts.sees_kpi(&kpi.id, Some(unit)) {
                        let target = card.target(kpi, Some(unit), period);
                        let cell = found.entry((kpi.id.clone(), unit.clone())).or_default();
                        *cell = cell.take().or(target);
                    }
                }
            }
        }
        found
    }

    fn matrix_kpi(self, kpi: &Kpi, (units, today): (&[MatrixUnit], Date), measured: &Measured) -> MatrixKpi {
        let project = self.project();
        let cells = units.iter().filter_map(|unit| {
            let id: UnitId = unit.id.parse().ok()?;
            let target = measured.get(&(kpi.id.clone(), id.clone()))?;
            let of = target.as_ref().map(|target| match &target.unit {
                Some(own) if *own == id => "own",
                Some(_) => "above",
                None => "all",
            });
            let answers = kpi.accountable.as_ref();
            let seat = answers.and_then(|who| project.answering(who, Some(&id), Some(today)));
            Some(MatrixCell {
                unit: unit.id.clone(),
                target: target.as_ref().map(|target| shown(kpi, target)),
                target_of: of.map(str::to_owned),
                basis: target
                    .as_ref()
                    .and_then(|of| of.basis.as_ref())
                    .map(|basis| basis_word(basis.kind).to_owned()),
                out_of_date: target
                    .as_ref()
                    .and_then(|of| self.out_of_date(kpi, of))
                    .filter(|late| late.day <= today)
                    .map(|late| late.words()),
                answers: seat.map(|id| project.called(id).to_owned()),
            })
        });
        MatrixKpi {
            id: kpi.id.to_string(),
            name: kpi.name.clone(),
            origin: if kpi.proposed_by.is_some() { "unit" } else { "corporate" }.to_owned(),
            proposed_by: kpi.proposed_by.as_ref().map(ToString::to_string),
            cells: cells.collect(),
        }
    }

    /// What is missing. What hangs on what is not seen is not said.
    fn matrix_gaps(self, of: &Matrix, budgets: &[Reconciled]) -> Vec<MatrixGap> {
        let mut gaps = Vec::new();
        let whole = self.facts.sees_all();
        let mut say = |gap: &str, text: String, at: (Option<&String>, Option<&String>, Option<&String>)| {
            gaps.push(MatrixGap {
                gap: gap.to_owned(),
                text,
                objective: at.0.cloned(),
                kpi: at.1.cloned(),
                unit: at.2.cloned(),
            });
        };
        // By objective, and of a plan as a whole what is of several or none.
        for (name, found) in budgets
            .iter()
            .flat_map(|of| of.findings.iter().map(move |found| (of.name.as_ref().unwrap_or(&of.plan), found)))
        {
            let text = format!("{name}: what landed of its budget: {}", found.text);
            say("budget_differs", text, (found.objective.as_ref(), None, None));
        }
        let cascaded: BTreeSet<&String> = of
            .objectives
            .iter()
            .flat_map(|o| &o.kpis)
            .flat_map(|kpi| &kpi.cells)
            .map(|cell| &cell.unit)
            .collect();
        for objective in &of.objectives {
            let id = objective.id.as_ref();
            if id.is_some() && objective.kpis.is_empty() && whole {
                say(
                    "objective_without_kpi",
                    format!("{}: no KPI measures it", objective.name),
                    (id, None, None),
                );
            }
            let reached: BTreeSet<&String> =
                objective.kpis.iter().flat_map(|kpi| &kpi.cells).map(|cell| &cell.unit).collect();
            for unit in of.units.iter().filter(|unit| cascaded.contains(&unit.id)) {
                if id.is_some() && whole && !objective.kpis.is_empty() && !reached.contains(&unit.id) {
                    let text = format!("{}: none of its KPIs is measured in {}", objective.name, unit.name);
                    say("objective_not_in_unit", text, (id, None, Some(&unit.id)));
                }
            }
            for kpi in &objective.kpis {
                if id.is_none() {
                    say(
                        "kpi_without_objective",
                        format!("{}: it serves no objective", kpi.name),
                        (None, Some(&kpi.id), None),
                    );
                }
                if kpi.cells.is_empty() && whole && !of.units.is_empty() {
                    say(
                        "kpi_nowhere",
                        format!("{}: no scorecard has it in any unit", kpi.name),
                        (id, Some(&kpi.id), None),
                    );
                }
                for cell in &kpi.cells {
                    let unit = of.units.iter().find(|unit| unit.id == cell.unit);
                    let name = unit.map_or(cell.unit.as_str(), |unit| unit.name.as_str());
                    if cell.target.is_none() {
                        say(
                            "no_target",
                            format!("{} in {name}: no target holds", kpi.name),
                            (id, Some(&kpi.id), Some(&cell.unit)),
                        );
                    }
                    if let Some(late) = &cell.out_of_date {
                        say(
                            "old_target",
                            format!("{} in {name}: its target is {late}", kpi.name),
                            (id, Some(&kpi.id), Some(&cell.unit)),
                        );
                    }
                    if cell.answers.is_none() {
                        say(
                            "nobody_answers",
                            format!("{} in {name}: nobody answers for it", kpi.name),
                            (id, Some(&kpi.id), Some(&cell.unit)),
                        );
                    }
                }
            }
        }
        gaps
    }
}

/// Units, each after the one above it.
fn walk(tree: UnitTree<'_>, above: Option<&UnitId>, depth: usize, all: &mut Vec<MatrixUnit>) {
    for unit in tree.units().filter(|unit| unit.parent.as_ref() == above) {
        if all.iter().any(|known| known.id == unit.id.as_str()) {
            continue;
        }
        all.push(MatrixUnit { id: unit.id.to_string(), name: unit.name.clone(), depth });
        walk(tree, Some(&unit.id), depth + 1, all);
    }
}

/// What a target rests on, as definitions say it.
fn basis_word(of: BasisKind) -> &'static str {
    match of {
        BasisKind::History => "history",
        BasisKind::Benchmark => "benchmark",
        BasisKind::Expectation => "expectation",
        BasisKind::Capability => "capability",
        BasisKind::Negotiated => "negotiated",
    }
}

/// What is to be reached, as it is shown.
fn shown(kpi: &Kpi, target: &Target) -> String {
    let text = |of: f64| format::value(of, &kpi.unit, format::decimals(of, None, &kpi.unit));
    match target.lines {
        TargetLines::OneSided { target, .. } => text(target),
        TargetLines::InRange { target: (low, high), .. } => format!("{} to {}", text(low), text(high)),
    }
}
