//! What a run says: its figures as rows, and what it vouches for.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use kepi_model::{
    calendar::{Calendar, Grain, Period, ordinal_of_day},
    id::{EntityId, Hash, KpiId},
    project::Project,
};
use kepi_query::{
    finish,
    port::SnapshotId,
    published::{
        SCORE, Scored, Subject, Table, TableBuilder, VALUE, Vouched, figure, push_score, push_value,
        states_of,
    },
    value::{Finality, Segment, Value},
};
use kepi_score::{
    card::{Card, KpiValues},
    tree::Observed,
};

use crate::{
    error::AppError,
    picture::{day_of, period_of},
    plan,
    run::Computed,
};

/// Values by KPI, grain and segment, as scoring reads them.
pub(crate) struct Known<'a>(BTreeMap<(&'a KpiId, Grain, &'a Segment), BTreeMap<i32, &'a Value>>);

impl<'a> Known<'a> {
    pub(crate) fn of(values: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut by: BTreeMap<_, BTreeMap<i32, &Value>> = BTreeMap::new();
        for value in values {
            let series = by.entry((&value.kpi, value.period.grain, &value.segment)).or_default();
            series.insert(value.period.ordinal, value);
        }
        Self(by)
    }
}

impl KpiValues for Known<'_> {
    fn observed(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Option<Observed> {
        Some(self.0.get(&(kpi, period.grain, segment))?.get(&period.ordinal)?.estimate.clone())
    }
    fn periods(&self, kpi: &KpiId, grain: Grain, segment: &Segment) -> Vec<(i32, bool)> {
        let series = self.0.get(&(kpi, grain, segment)).into_iter().flatten();
        series.map(|(ordinal, value)| (*ordinal, value.finality == Finality::Final)).collect()
    }
}

/// All values of a run as rows.
pub(crate) fn value_rows(run: i64, project: &Project, values: &[Value]) -> Result<Table, AppError> {
    let mut rows = TableBuilder::new(&VALUE);
    let mut days: BTreeMap<Period, Date> = BTreeMap::new();
    for value in values {
        let day = match days.get(&value.period) {
            Some(day) => *day,
            None => *days.entry(value.period).or_insert(first_day(project, value.period)?),
        };
        push_value(&mut rows, run, day, value);
    }
    Ok(rows.finish().sorted(|run| run))
}

fn first_day(project: &Project, period: Period) -> Result<Date, AppError> {
    project.calendar.first_day(period).map_err(|e| AppError::Finish(e.into()))
}

/// The scores of every scorecard, for all its periods and units: those that pages show.
pub(crate) fn score_rows<'a>(
    run: i64,
    project: &Project,
    values: impl IntoIterator<Item = &'a Value>,
) -> Result<Table, AppError> {
    let values = Known::of(values);
    let mut rows = TableBuilder::new(&SCORE);
    for scorecard in project.scorecards.values() {
        let card = Card { project, scorecard, values: &values };
        for ordinal in card.periods().all {
            let period = card.period(ordinal);
            let day = first_day(project, period)?;
            for of in card.scores(period) {
                let reason = |why| serde_json::to_string(&why).unwrap_or_default();
                let scored = Scored { score: of.score.map_err(reason), coverage: of.coverage };
                let unit = of.unit.as_ref().map_or("", |unit| unit.as_str());
                push_score(&mut rows, run, (scorecard.id.as_str(), period.grain, day, unit), &scored);
            }
        }
    }
    Ok(rows.finish().sorted(|run| run))
}

/// The current values in published rows; those that are withdrawn are left out.
pub fn values_in(rows: &Table, project: &Project) -> Result<Vec<Value>, AppError> {
    let corrupt = |reason: String| AppError::Corrupt { what: "a published value", reason };
    (0..rows.rows())
        .filter(|row| rows.withdrawn(*row).is_empty())
        .map(|row| {
            let said = figure(rows, row).map_err(|e| corrupt(e.to_string()))?;
            let grain =
                Vouched::read_grain(rows.grain(row)).ok_or_else(|| corrupt(rows.grain(row).to_owned()))?;
            Ok(Value {
                kpi: rows.subject(row).parse().map_err(|_| corrupt(rows.subject(row).to_owned()))?,
                period: period_of(rows, row, grain, project.calendar_of_kpi(rows.subject(row))),
                segment: rows.segment(row).parse().map_err(|_| corrupt(rows.segment(row).to_owned()))?,
                estimate: said.estimate,
                coverage: said.coverage,
                finality: said.finality,
                states: states_of(rows, row).into(),
            })
        })
        .collect()
}

/// First days of the first and the last period of each subject and grain in rows.
fn spans(rows: &Table) -> BTreeMap<(&str, &str), (Date, Date)> {
    let mut spans: BTreeMap<(&str, &str), (Date, Date)> = BTreeMap::new();
    for row in 0..rows.rows() {
        let day = day_of(rows, row);
        let span = spans.entry((rows.subject(row), rows.grain(row))).or_insert((day, day));
        *span = (span.0.min(day), span.1.max(day));
    }
    spans
}

/// What a run says of each KPI and scorecard at each grain.
pub(crate) fn vouched(
    project: &Project,
    computed: &Computed,
    (values, scores): (&Table, &Table),
    changed: &BTreeMap<EntityId, SnapshotId>,
) -> Result<Vec<Vouched>, AppError> {
    let mut all = Vec::new();
    let mut of_kpi: BTreeMap<&KpiId, (Hash, SnapshotId)> = BTreeMap::new();
    let spans_of_values = spans(values);
    for kpi in project.kpis.values() {
        let basis = finish::basis(kpi, project);
        let newest = basis.entities.iter().filter_map(|entity| changed.get(entity)).max();
        let newest = newest.copied().unwrap_or(SnapshotId(0));
        of_kpi.insert(&kpi.id, (basis.mapping, newest));
        for grain in plan::grains_of(kpi, project) {
            let mut of = Vouched {
                subject: Subject::Kpi(kpi.id.clone()),
                grain,
                definition: kpi.hash,
                mapping: basis.mapping,
                span: None,
                changed: newest,
                not_renewed: computed.not_renewed.get(&kpi.id).cloned(),
            };
            of.span = spans_of_values.get(&(kpi.id.as_str(), of.grain_text())).copied();
            all.push(of);
        }
    }
    let spans_of_scores = spans(scores);
    for scorecard in project.scorecards.values() {
        let kpis: BTreeSet<&KpiId> = scorecard.reads().collect();
        let mut text = String::from("score 1");
        let mut newest = SnapshotId(0);
        for kpi in kpis {
            let Some((mapping, changed)) = of_kpi.get(kpi) else { continue };
            let hash = project.kpis.get(kpi).map(|k| k.hash.to_string()).unwrap_or_default();
            text.push_str(&format!("\n{kpi} {hash} {mapping}"));
            newest = newest.max(*changed);
        }
        let mut of = Vouched {
            subject: Subject::Score(scorecard.id.clone()),
            grain: scorecard.period,
            definition: scorecard.hash,
            mapping: Hash::of(text.as_bytes()),
            span: None,
            changed: newest,
            not_renewed: None,
        };
        of.span = spans_of_scores.get(&(scorecard.id.as_str(), of.grain_text())).copied();
        all.push(of);
    }
    Ok(all)
}

/// Days since 1970-01-01 of the first day of a period that is written as a label.
pub(crate) fn day_of_label(calendar: &Calendar, label: &str) -> Option<(Grain, i32)> {
    let period = calendar.parse(label).ok()?;
    Some((period.grain, ordinal_of_day(calendar.first_day(period).ok()?)))
}
