//! Recomputing what is published from its pins, and comparing to the bit.

use std::collections::BTreeMap;

use kepi_model::{
    calendar::{Calendar, Grain},
    id::KpiId,
    project::Project,
};
use kepi_query::published::{
    INSIGHT, SCORE, Subject, Table, USUAL, VALUE, Vouched, figure, insight_row, scored, states_of, usual_row,
};
use kepi_query::value::wire::{EstimateV1, is_hash_only};
use serde::Serialize;
use serde_json::json;

use crate::{
    archive,
    erasing::Figure,
    error::AppError,
    open::App,
    picture::{day_of, period_of, project_of},
    publishing::{day_of_label, score_rows, value_rows, values_in},
    run::{Basis, RunProgress},
};

/// What is to be reproduced; the default is everything published.
#[derive(Debug, Clone, Default)]
pub struct Which {
    /// Only this: `kpi/…`, `score/…`, `insight/…`, or the bare id of a KPI.
    pub subject: Option<String>,
    /// Only this period.
    pub period: Option<String>,
}

/// How one figure came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The same bits.
    Identical,
    /// Another figure or other states.
    Different,
    /// The recomputation has no such figure.
    Absent,
    /// It did not come out the same, and another engine or an earlier Kepi had computed it: its forms are not
    /// reproducible here.
    OtherEngine,
}

/// One figure that did not come out the same.
#[derive(Debug, Clone, Serialize)]
pub struct Difference {
    /// `kpi/…` or `score/…`.
    pub subject: Subject,
    /// Period.
    pub period: String,
    /// Segment or unit.
    pub segment: String,
    /// How it came out.
    pub verdict: Verdict,
    /// The engine that it was published by.
    pub engine: String,
    /// As published.
    pub published: serde_json::Value,
    /// As recomputed.
    pub recomputed: Option<serde_json::Value>,
}

/// What a reproduction found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Reproduction {
    /// Figures compared.
    pub compared: u64,
    /// Of them, the same to the bit, states included.
    pub identical: u64,
    /// Of them, computed by another engine than this one, and not the same: not reproducible here.
    pub other_engine: u64,
    /// Of those that are identical, the ones that rest on rows that were erased: what is left comes to what it came to right after that, and
    /// what is published is what came out of all rows right before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub erased: Vec<ErasedFrom>,
    /// What is not the same.
    pub differences: Vec<Difference>,
}

/// A figure that rests on rows that were erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErasedFrom {
    /// `kpi/…`.
    pub subject: Subject,
    /// Period.
    pub period: String,
    /// Segment.
    pub segment: String,
    /// So many rows of it were erased; 0: rows that it walks to were.
    pub rows: u64,
}

impl Reproduction {
    /// Whether all came out the same that this engine can reproduce.
    pub fn holds(&self) -> bool {
        self.differences.iter().all(|d| d.verdict == Verdict::OtherEngine)
    }
}

impl App {
    /// Recomputes published figures from the definitions and the snapshot that the run which vouches for them is
    /// pinned to.
    ///
    /// # Errors
    /// Nothing matches, or the pinned definitions or tables cannot be read.
    pub async fn reproduce(
        &self,
        which: &Which,
        progress: &dyn RunProgress,
    ) -> Result<Reproduction, AppError> {
        if let Some(kpi) = which.subject.as_deref().and_then(|subject| subject.strip_prefix("insight/")) {
            return self.reproduce_insights(kpi, which.period.as_deref()).await;
        }
        let asked = which.subject.as_deref().map(subject).transpose()?;
        let standing = self.values.vouched(None).await.map_err(AppError::Lake)?;
        let runs: BTreeMap<i64, _> = self
            .values
            .runs(None)
            .await
            .map_err(AppError::Lake)?
            .into_iter()
            .map(|r| (r.number, r))
            .collect();
        // What one run vouches for shares definitions and snapshot: it is recomputed together.
        let mut by_run: BTreeMap<i64, Vec<(Subject, Grain)>> = BTreeMap::new();
        for (by, of) in standing {
            if asked.as_ref().is_none_or(|asked| *asked == of.subject) {
                by_run.entry(by).or_default().push((of.subject, of.grain));
            }
        }
        let mut found = Reproduction::default();
        let standing_on = self.standing().await?;
        for (number, subjects) in by_run {
            let corrupt = |reason: String| AppError::Corrupt { what: "a run", reason };
            let run = runs.get(&number).ok_or_else(|| corrupt(format!("run {number} is not there")))?;
            let files = archive::find(&self.store, run.pins.register, &run.pins.definition).await?;
            let mut project = project_of(&files)?;
            narrow(&mut project, asked.as_ref());
            let period = which.period.as_deref().map(|label| {
                day_of_label(calendar_of(&project, asked.as_ref()), label)
                    .ok_or_else(|| AppError::NotFound(format!("`{label}` is no period")))
            });
            let period = period.transpose()?;
            let pinned = self.lake.pin(&project, Some(run.pins.snapshot)).await.map_err(AppError::Lake)?;
            let basis = Basis { watermarks: Some(&run.pins.watermarks), at: run.at, ..Basis::default() };
            let mut computed = self.compute(&project, &pinned, basis, progress).await?;
            let mut stand = BTreeMap::new();
            if !standing_on.is_nothing() {
                let published = self.values.newest(&VALUE, None).await.map_err(AppError::Lake)?;
                let published = published.filter(|row| {
                    published.withdrawn(row).is_empty()
                        && project.kpis.values().any(|kpi| kpi.id.as_str() == published.subject(row))
                });
                let published = values_in(&published, &project)?;
                let kept = standing_on.keep(&project, computed.values, &published, true)?;
                (computed.values, stand) = (kept.values, kept.stand);
            }
            let values = value_rows(number, &project, &computed.values)?;
            let mut kept = Vec::new();
            if subjects.iter().any(|(subject, _)| matches!(subject, Subject::Score(_))) {
                // Scores of this run stand on what others vouched for where it could not renew it.
                kept = self.kept(&project, run.seq, number).await?;
            }
            let own = computed
                .values
                .iter()
                .filter(|v| !kept.iter().any(|k: &kepi_query::value::Value| k.kpi == v.kpi));
            let scores = score_rows(number, &project, own.chain(&kept))?;
            for (form, again) in [(&VALUE, values), (&SCORE, scores)] {
                let ids: Vec<String> = subjects
                    .iter()
                    .filter(|(subject, _)| std::ptr::eq(subject.form(), form))
                    .map(|(subject, _)| subject.id().to_owned())
                    .collect();
                if ids.is_empty() {
                    continue;
                }
                let published = self.values.newest(form, Some(&ids)).await.map_err(AppError::Lake)?;
                let wanted = published.filter(|row| {
                    let of = (published.subject(row), published.grain(row));
                    published.withdrawn(row).is_empty()
                        && subjects
                            .iter()
                            .any(|(s, g)| (s.id(), Vouched::read_grain(of.1)) == (of.0, Some(*g)))
                        && period.is_none_or(|(grain, day)| {
                            Vouched::read_grain(of.1) == Some(grain) && published.period(row) == day
                        })
                });
                let here = run.pins.engine == self.evaluator.version();
                compare(&mut found, &project, &wanted, &again, (&run.pins.engine.0, here));
                if std::ptr::eq(form, &VALUE) && !stand.is_empty() {
                    found.erased.extend(erased_from(&project, &wanted, &again, &stand));
                }
            }
        }
        if found.compared == 0 {
            let what = asked.map_or("nothing is published".to_owned(), |subject| {
                format!("nothing is published for `{subject}` in that period")
            });
            return Err(AppError::NotFound(format!("{what}; `kepi run` publishes")));
        }
        Ok(found)
    }

    /// Judges the figures of a KPI once more, among all of the project, and compares with what was published as usual of them.
    async fn reproduce_insights(&self, kpi: &str, period: Option<&str>) -> Result<Reproduction, AppError> {
        let (published, again, here) = self.judged_again().await?;
        let runs = self.values.runs(None).await.map_err(AppError::Lake)?;
        let newest = runs.last().ok_or_else(|| AppError::NotFound("nothing is published".to_owned()))?;
        let files = archive::find(&self.store, newest.pins.register, &newest.pins.definition).await?;
        let project = project_of(&files)?;
        let period = period.map(|label| {
            day_of_label(project.calendar_of_kpi(kpi), label)
                .ok_or_else(|| AppError::NotFound(format!("`{label}` is no period")))
        });
        let period = period.transpose()?;
        let wanted = |published: &Table| {
            published.filter(|row| {
                published.withdrawn(row).is_empty()
                    && published.subject(row) == kpi
                    && period.is_none_or(|(grain, day)| {
                        Vouched::read_grain(published.grain(row)) == Some(grain)
                            && published.period(row) == day
                    })
            })
        };
        let mut found = Reproduction::default();
        compare(&mut found, &project, &wanted(&published), &again, ("insights of another version", here));
        let (published, again, here) = self.foretold_again(kpi).await?;
        compare(&mut found, &project, &wanted(&published), &again, ("outlooks of another version", here));
        match found.compared {
            0 => Err(AppError::NotFound(format!("nothing was judged of `{kpi}` in that period"))),
            _ => Ok(found),
        }
    }

    /// Values of KPIs that a run could not renew, as they stood when it was published.
    async fn kept(
        &self,
        project: &Project,
        seq: i64,
        run: i64,
    ) -> Result<Vec<kepi_query::value::Value>, AppError> {
        let standing = self.values.vouched(Some(seq)).await.map_err(AppError::Lake)?;
        let kept = standing.iter().filter(|(by, _)| *by != run).filter_map(|(_, of)| match &of.subject {
            Subject::Kpi(kpi) => Some(kpi.to_string()),
            Subject::Score(_) => None,
        });
        let kept: Vec<String> = kept.collect();
        if kept.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.values.as_of(&VALUE, seq, Some(&kept)).await.map_err(AppError::Lake)?;
        values_in(&rows, project)
    }
}

/// What is asked for: with its kind, or the bare id of a KPI.
fn subject(text: &str) -> Result<Subject, AppError> {
    let with_kind = if text.contains('/') { text.to_owned() } else { format!("kpi/{text}") };
    with_kind
        .parse()
        .map_err(|_| AppError::NotFound(format!("`{text}` is neither `kpi/…` nor `score/…` nor `insight/…`")))
}

/// Leaves only what is needed for a subject.
pub(crate) fn narrow(project: &mut Project, asked: Option<&Subject>) {
    let keep: Vec<KpiId> = match asked {
        None => return,
        Some(Subject::Kpi(kpi)) => vec![kpi.clone()],
        Some(Subject::Score(scorecard)) => {
            let of = project.scorecards.get(scorecard);
            of.into_iter().flat_map(|s| s.kpis()).cloned().collect()
        }
    };
    // Rules decide whether a figure is said, so what measures them is computed, too.
    let rules = &project.rules;
    project.kpis.retain(|id, _| keep.contains(id) || rules.values().any(|rule| rule.kpi == *id));
}

/// The calendar of which the periods of what is published are.
fn calendar_of<'a>(project: &'a Project, subject: Option<&Subject>) -> &'a Calendar {
    match subject {
        Some(Subject::Kpi(kpi)) => project.calendar_of_kpi(kpi.as_str()),
        Some(Subject::Score(scorecard)) => project.calendar_of_scorecard(scorecard.as_str()),
        None => &project.calendar,
    }
}

fn compare(
    found: &mut Reproduction,
    project: &Project,
    published: &Table,
    again: &Table,
    (engine, here): (&str, bool),
) {
    let mut at = 0;
    for row in 0..published.rows() {
        let key = published.key(row);
        at += (at..again.rows()).take_while(|row| again.key(*row) < key).count();
        let same_key = (at < again.rows() && again.key(at) == key).then_some(at);
        let verdict = match same_key {
            Some(other) if published.says_the_same(row, again, other) => Verdict::Identical,
            _ if !here || is_of_earlier_form(published, row) => Verdict::OtherEngine,
            Some(_) => Verdict::Different,
            None => Verdict::Absent,
        };
        found.compared += 1;
        match verdict {
            Verdict::Identical => {
                found.identical += 1;
                continue;
            }
            Verdict::OtherEngine => found.other_engine += 1,
            Verdict::Different | Verdict::Absent => {}
        }
        let (Some(subject), Some(grain)) =
            (subject_of(published, row), Vouched::read_grain(published.grain(row)))
        else {
            continue;
        };
        let calendar = calendar_of(project, Some(&subject));
        found.differences.push(Difference {
            period: calendar.label(period_of(published, row, grain, calendar)),
            subject,
            segment: published.segment(row).to_owned(),
            verdict,
            engine: engine.to_owned(),
            published: in_words(published, row),
            recomputed: same_key.map(|row| in_words(again, row)),
        });
    }
}

/// Figures that came out the same and rest on rows that were erased.
fn erased_from(
    project: &Project,
    published: &Table,
    again: &Table,
    stand: &BTreeMap<Figure, u64>,
) -> Vec<ErasedFrom> {
    let same: BTreeMap<_, usize> = (0..again.rows()).map(|row| (again.key(row), row)).collect();
    let of = |row: usize| {
        let day = day_of(published, row).to_string();
        let figure = (published.subject(row), published.grain(row), day, published.segment(row));
        let figure = (figure.0.to_owned(), figure.1.to_owned(), figure.2, figure.3.to_owned());
        let rows = *stand.get(&figure)?;
        let other = *same.get(&published.key(row))?;
        let subject = subject_of(published, row)?;
        let grain = Vouched::read_grain(published.grain(row))?;
        let calendar = calendar_of(project, Some(&subject));
        let period = calendar.label(period_of(published, row, grain, calendar));
        let segment = published.segment(row).to_owned();
        published.says_the_same(row, again, other).then_some(ErasedFrom { subject, period, segment, rows })
    };
    (0..published.rows()).filter_map(of).collect()
}

/// Of figures that earlier versions left only the hash of their states is known, in a form that is not made any more.
fn is_of_earlier_form(rows: &Table, row: usize) -> bool {
    std::ptr::eq(rows.form(), &VALUE) && is_hash_only(states_of(rows, row))
}

fn subject_of(rows: &Table, row: usize) -> Option<Subject> {
    let kind = if std::ptr::eq(rows.form(), &SCORE) { "score" } else { "kpi" };
    format!("{kind}/{}", rows.subject(row)).parse().ok()
}

/// What a row says, for people and programs.
fn in_words(rows: &Table, row: usize) -> serde_json::Value {
    if std::ptr::eq(rows.form(), &SCORE) {
        return scored(rows, row).map_or(json!(null), |said| {
            json!({ "score_micro": said.score.as_ref().ok(), "reason": said.score.as_ref().err(), "coverage_millionths": said.coverage })
        });
    }
    if std::ptr::eq(rows.form(), &INSIGHT) {
        return insight_row(rows, row)
            .ok()
            .and_then(|said| serde_json::from_str(&said.insight).ok())
            .unwrap_or(json!(null));
    }
    if std::ptr::eq(rows.form(), &USUAL) {
        return usual_row(rows, row).map_or(json!(null), |said| {
            json!({ "verdict": said.verdict, "no_verdict": said.no_verdict, "above": said.above, "numbers": said.numbers, "look": said.look })
        });
    }
    figure(rows, row).map_or(json!(null), |said| {
        json!({
            "estimate": said.estimate.as_ref().map(EstimateV1::from),
            "coverage": said.coverage,
            "finality": said.finality,
            "states": kepi_model::id::Hash::of(states_of(rows, row)),
        })
    })
}
