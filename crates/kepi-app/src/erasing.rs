//! Erasing rows: everything that Kepi keeps of them goes, and published figures stand. What a figure was published as, and what it comes
//! to without the rows, is computed right before they go and held on to by digests, so that `reproduce` has something to hold it against
//! afterwards, and a run can tell a figure that is another for that reason alone.

use std::collections::{BTreeMap, BTreeSet};

use kepi_govern::{
    Command, Event, Evidence, Facts, Permit, Situation, decide,
    erasing::{Erase, Reached},
};
use kepi_model::{
    calendar::Grain,
    id::{EntityId, Hash},
    project::Project,
};
use kepi_proof::{Commitment, Digest, canonical};
use kepi_query::{
    landing::{Erasing, Holding, Ordered},
    port::SnapshotId,
    published::{Run, Subject, VALUE, Vouched, grain_text},
    value::{Value, wire::EstimateV1},
};
use kepi_store::{EventFilter, StoreError, Violations};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    archive,
    deciding::{Acting, Deciding, words},
    error::AppError,
    open::App,
    picture::project_of,
    publishing::values_in,
    run::{Basis, RunProgress},
};

/// How often it is begun anew because something has landed or was published meanwhile.
const ATTEMPTS: u32 = 5;
/// The form of what figures are held against; nothing else is believed.
const FORM: u32 = 1;
/// The kind of the events.
const KIND: &str = "rows.erased";

/// Which rows are to be erased.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Whose.
    pub entity: EntityId,
    /// Their keys, part by part.
    pub keys: Vec<Vec<String>>,
    /// Entities whose rows go, too, where they refer to one of them.
    pub with: BTreeSet<EntityId>,
    /// Why.
    pub why: String,
    /// Whether it is only to be said what would go.
    pub dry: bool,
}

/// What was erased, or would be.
#[derive(Debug, Clone, Serialize)]
pub struct Erasure {
    /// Whose rows.
    pub entity: EntityId,
    /// How many keys.
    pub keys: usize,
    /// What held them.
    pub holding: Holding,
    /// Published figures that rest on them and stand.
    pub figures: u64,
    /// Of them, those that could not be reproduced before the rows went, so that nothing vouches for them afterwards.
    pub unproven: u64,
    /// Published figures whose segment is named after a key: they stand, and are of one row.
    pub named: u64,
    /// The event by which another owner is asked to do the same; none: nobody is, or it is only looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<u64>,
    /// The event that says so; none: nothing was erased.
    pub event: Option<u64>,
    /// Whether nothing of them is left on the disk.
    pub gone: bool,
}

/// What the log says of an erasure.
#[derive(Debug, Clone, Serialize)]
pub struct Certificate {
    /// Its position in the log.
    pub event: u64,
    /// When, µs UTC.
    pub at: i64,
    /// Who.
    pub by: String,
    /// Why; none: the text was erased.
    pub why: Option<String>,
    /// Whose rows.
    pub entity: EntityId,
    /// Entities whose rows went with them.
    pub with: BTreeSet<EntityId>,
    /// What stands for each key in the log: nothing to whoever lacks its secret.
    pub keys: BTreeSet<Digest>,
    /// What was reached.
    pub reached: Reached,
    /// How many data files were written anew.
    pub files: u64,
    /// The root over their checksums.
    pub files_root: Digest,
    /// The log.
    pub log: String,
    /// How many events it has.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
}

/// What a figure is held against that rests on rows that were erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stands {
    /// Which figure: a keyed digest, for a segment may name somebody.
    of: Digest,
    /// What is published of it; none: nothing was, and it is only there because rows went.
    published: Option<Digest>,
    /// What it comes to without the rows; none: nothing.
    rest: Option<Digest>,
    /// Whether what is published came out the same before the rows went.
    proven: bool,
    /// So many rows fewer it is made of.
    rows: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StandsV1 {
    form: u32,
    figures: Vec<Stands>,
}

/// Every figure that rests on rows that were erased.
pub(crate) struct Standing {
    secret: [u8; 32],
    figures: BTreeMap<Digest, Stands>,
    /// Rows that were erased in all.
    pub rows: u64,
}

/// What came of holding figures against what they stand on.
pub(crate) struct Kept {
    /// The values, published ones in the place of those that differ for erased rows alone.
    pub values: Vec<Value>,
    /// Which of them stand so, by KPI, grain, first day and segment, and by how many rows they are made of fewer.
    pub stand: BTreeMap<Figure, u64>,
}

/// A figure: KPI, grain, first day, segment.
pub(crate) type Figure = (String, String, String, String);

pub(crate) fn figure_of(project: &Project, value: &Value) -> Result<Figure, AppError> {
    let day = project.calendar_of_kpi(value.kpi.as_str()).first_day(value.period);
    let day = day.map_err(|e| AppError::Finish(e.into()))?;
    let grain = grain_text(value.period.grain).to_owned();
    Ok((value.kpi.to_string(), grain, day.to_string(), value.segment.to_string()))
}

impl Standing {
    fn keyed(&self, text: &str) -> Digest {
        Digest::of(&[&self.secret[..], text.as_bytes()].concat())
    }

    /// What stands for a figure by a definition.
    fn digest_of(&self, project: &Project, figure: &Figure) -> Digest {
        let definition = project.kpis.values().find(|kpi| kpi.id.as_str() == figure.0).map(|kpi| kpi.hash);
        self.keyed(&json!(["figure", figure, definition]).to_string())
    }

    /// What stands for what a value says, but for how final it is.
    fn said(&self, value: &Value) -> Result<Digest, AppError> {
        let estimate = value.estimate.as_ref().map(EstimateV1::from).map_err(Clone::clone);
        let states = Hash::of(&value.states);
        let corrupt = |reason: String| AppError::Corrupt { what: "a value", reason };
        let of =
            serde_json::to_value((&estimate, &value.coverage, states)).map_err(|e| corrupt(e.to_string()))?;
        Ok(self.keyed(&canonical(&of).map_err(|e| corrupt(e.to_string()))?))
    }

    /// Whether a figure rests on rows that were erased, by this definition.
    pub fn touches(&self, project: &Project, figure: &Figure) -> bool {
        self.figures.contains_key(&self.digest_of(project, figure))
    }

    /// Of how many rows fewer a published value is made that rests on erased ones, and is what all rows came to; none: it is another.
    pub fn rests(&self, project: &Project, published: &Value) -> Result<Option<u64>, AppError> {
        let said = self.said(published)?;
        let of = self.figures.get(&self.digest_of(project, &figure_of(project, published)?));
        Ok(of.filter(|of| of.proven && of.published == Some(said)).map(|of| of.rows))
    }

    /// Whether nothing was erased that a figure rests on.
    pub fn is_nothing(&self) -> bool {
        self.figures.is_empty()
    }

    /// Puts what is published in the place of what differs from it because rows were erased, and for no other reason. `proves`:
    /// only where what is published is what it was shown to be before they went.
    pub fn keep(
        &self,
        project: &Project,
        computed: Vec<Value>,
        published: &[Value],
        proves: bool,
    ) -> Result<Kept, AppError> {
        if self.is_nothing() {
            return Ok(Kept { values: computed, stand: BTreeMap::new() });
        }
        let known = |figure: &Figure| {
            let of = self.figures.get(&self.digest_of(project, figure))?;
            (of.proven || !proves).then_some(of)
        };
        let mut standing: BTreeMap<Figure, &Value> = BTreeMap::new();
        for value in published {
            let figure = figure_of(project, value)?;
            if let Some(of) = known(&figure)
                && of.published == Some(self.said(value)?)
            {
                standing.insert(figure, value);
            }
        }
        let mut kept = Kept { values: Vec::with_capacity(computed.len()), stand: BTreeMap::new() };
        for value in computed {
            let figure = figure_of(project, &value)?;
            let of = match known(&figure) {
                Some(of) if of.rest == Some(self.said(&value)?) => of,
                _ => {
                    standing.remove(&figure);
                    kept.values.push(value);
                    continue;
                }
            };
            match (of.published, standing.remove(&figure)) {
                (Some(_), Some(before)) => {
                    kept.values.push(Value { finality: value.finality, ..before.clone() });
                    kept.stand.insert(figure, of.rows);
                }
                // It is there only because rows went.
                (None, _) => drop(kept.stand.insert(figure, of.rows)),
                (Some(_), None) => kept.values.push(value),
            }
        }
        for (figure, before) in standing {
            if let Some(of) = known(&figure)
                && of.rest.is_none()
            {
                kept.values.push(before.clone());
                kept.stand.insert(figure, of.rows);
            }
        }
        Ok(kept)
    }
}

/// A run whose figures are looked at, with its definitions.
struct OfRun {
    run: Run,
    project: Project,
    vouched: BTreeSet<(String, String)>,
}

impl App {
    /// Every figure that rests on rows that were erased, by the last erasure that touched it.
    pub(crate) async fn standing(&self) -> Result<Standing, AppError> {
        let mut standing = Standing { secret: self.store.secret(), figures: BTreeMap::new(), rows: 0 };
        let filter = EventFilter { kind: Some(KIND.to_owned()), ..EventFilter::default() };
        let corrupt = |reason: String| AppError::Corrupt { what: "what was erased", reason };
        let mut said = Vec::new();
        for recorded in self.store.events(&filter).await? {
            let event = recorded.event().map_err(|e| corrupt(e.to_string()))?;
            if let Event::RowsErased(of) = event {
                standing.rows += of.reached.rows.values().sum::<u64>();
                said.push(of.stand);
            }
        }
        if said.is_empty() {
            return Ok(standing);
        }
        let texts = self.store.read().await?.texts(&said).await?;
        for commitment in &said {
            // Gone: then nothing vouches for these figures any more.
            let Some(text) = texts.get(commitment) else { continue };
            let of: StandsV1 = serde_json::from_str(text).map_err(|e| corrupt(e.to_string()))?;
            if of.form != FORM {
                return Err(corrupt(format!("its form is {}, this version knows {FORM}", of.form)));
            }
            standing.figures.extend(of.figures.into_iter().map(|of| (of.of, of)));
        }
        Ok(standing)
    }

    /// Values that a run computed, with published ones in the place of those that are others for erased rows alone.
    pub(crate) async fn as_they_stand(
        &self,
        project: &Project,
        computed: Vec<Value>,
    ) -> Result<Vec<Value>, AppError> {
        let standing = self.standing().await?;
        if standing.is_nothing() {
            return Ok(computed);
        }
        let published = self.values.newest(&VALUE, None).await.map_err(AppError::Lake)?;
        let published = values_in(&published, project)?;
        Ok(standing.keep(project, computed, &published, false)?.values)
    }

    /// Erases rows, or says what would go.
    ///
    /// # Errors
    /// Nothing holds them, a law forbids it, or the lake or the database fails. Nothing has changed then.
    pub async fn erase(
        &self,
        asked: &Asked,
        acting: Acting<'_>,
        progress: &dyn RunProgress,
    ) -> Result<Erasure, AppError> {
        let why = words("the reason", &asked.why)?;
        let permit = self.permit(acting.actor).await?;
        self.is_allowed(asked, &permit, acting.at).await?;
        let (key, by) = (acting.key("erase"), permit.by().to_string());
        let mut project = self.in_force().await?;
        for _ in 0..ATTEMPTS {
            let erasing = Erasing { entity: &asked.entity, keys: &asked.keys, with: &asked.with };
            let mut erasure = self.lake.to_erase(&project, erasing).await.map_err(AppError::Erase)?;
            let holding = erasure.holding().clone();
            if holding.is_empty() {
                return Err(AppError::NotFound(format!(
                    "nothing is kept of {} of `{}`: `kepi trace {0} KEY` shows a row that is",
                    if asked.keys.len() == 1 { "that row" } else { "those rows" },
                    asked.entity
                )));
            }
            if !asked.dry {
                let (why, at) = (why.text(), acting.at);
                let order = Ordered { actor: &by, key: &key, at, why, stand: "", figures: 0 };
                if let Some(event) = erasure.ask(order).await.map_err(AppError::Erase)? {
                    return Ok(Erasure {
                        entity: asked.entity.clone(),
                        keys: asked.keys.len(),
                        figures: 0,
                        unproven: 0,
                        named: 0,
                        holding,
                        asked: Some(event),
                        event: None,
                        gone: false,
                    });
                }
            }
            let standing = self.standing().await?;
            let runs = self.runs_that_vouch().await?;
            let at: Vec<(&Project, SnapshotId)> =
                runs.iter().map(|of| (&of.project, of.run.pins.snapshot)).collect();
            let without = erasure.without(&at).await.map_err(AppError::Erase)?;
            let mut figures: Vec<Stands> = Vec::new();
            for (of, without) in runs.iter().zip(without) {
                figures.extend(self.stands(of, &standing, &without, progress).await?);
            }
            let count = |of: &dyn Fn(&Stands) -> bool| figures.iter().filter(|one| of(one)).count() as u64;
            let mut report = Erasure {
                entity: asked.entity.clone(),
                keys: asked.keys.len(),
                figures: count(&|of| of.published.is_some()),
                unproven: count(&|of| of.published.is_some() && !of.proven),
                named: self.named_after(asked).await?,
                holding: holding.clone(),
                asked: None,
                event: None,
                gone: false,
            };
            if asked.dry {
                return Ok(report);
            }
            let stand = serde_json::to_string(&StandsV1 { form: FORM, figures })
                .map_err(|e| AppError::Corrupt { what: "figures that stand", reason: e.to_string() })?;
            let order = Ordered {
                actor: &by,
                key: &key,
                at: acting.at,
                why: why.text(),
                stand: &stand,
                figures: report.figures,
            };
            if let Some(done) = erasure.carry_out(order).await.map_err(AppError::Erase)? {
                report.event = Some(done.event);
                report.gone = done.gone;
                return Ok(report);
            }
            drop(erasure);
            project = self.in_force().await?;
        }
        Err(AppError::Busy)
    }

    /// Whether laws allow somebody to erase.
    async fn is_allowed(&self, asked: &Asked, by: &Permit, at: i64) -> Result<(), AppError> {
        let organisation = self.store.organisation().await?;
        let none = Commitment([0; 32]);
        let keys = (0..asked.keys.len()).map(|n| Digest::of(&n.to_le_bytes())).collect();
        let erase = Erase { of: asked.entity.clone(), keys, with: asked.with.clone(), why: none };
        let situation = Situation { organisation: &organisation };
        // Whoever may ask may do it, once another one asks.
        let command = Command::AskErase(erase);
        match decide(situation, &command, Facts { at, by: by.by(), evidence: &Evidence::None }) {
            Ok(_) => Ok(()),
            Err(violations) => {
                let error = StoreError::Forbidden(Violations(violations));
                Err(Deciding(&self.store).refused(error, by, &command, at).await)
            }
        }
    }

    /// The runs that vouch for what is published.
    async fn runs_that_vouch(&self) -> Result<Vec<OfRun>, AppError> {
        let mut by_run: BTreeMap<i64, BTreeSet<(String, String)>> = BTreeMap::new();
        for (by, of) in self.values.vouched(None).await.map_err(AppError::Lake)? {
            if let Subject::Kpi(kpi) = &of.subject {
                by_run.entry(by).or_default().insert((kpi.to_string(), of.grain_text().to_owned()));
            }
        }
        let mut all = Vec::new();
        for run in self.values.runs(None).await.map_err(AppError::Lake)? {
            let Some(vouched) = by_run.remove(&run.number) else { continue };
            let files = archive::find(&self.store, run.pins.register, &run.pins.definition).await?;
            all.push(OfRun { project: project_of(&files)?, run, vouched });
        }
        Ok(all)
    }

    /// What figures of a run are held against that are others without the rows.
    async fn stands(
        &self,
        of: &OfRun,
        standing: &Standing,
        without: &kepi_query::port::PinnedInputs,
        progress: &dyn RunProgress,
    ) -> Result<Vec<Stands>, AppError> {
        let OfRun { run, project, vouched } = of;
        let with = self.lake.pin(project, Some(run.pins.snapshot)).await.map_err(AppError::Lake)?;
        if files(&with) == files(without) {
            return Ok(Vec::new());
        }
        let basis = || Basis { watermarks: Some(&run.pins.watermarks), at: run.at, ..Basis::default() };
        let before = self.compute(project, &with, basis(), progress).await?.values;
        let after = self.compute(project, without, basis(), progress).await?.values;
        let ids: BTreeSet<String> = vouched.iter().map(|(kpi, _)| kpi.clone()).collect();
        let ids: Vec<String> = ids.into_iter().collect();
        let published = self.values.newest(&VALUE, Some(&ids)).await.map_err(AppError::Lake)?;
        let published = published.filter(|row| {
            let grain = Vouched::read_grain(published.grain(row)).map(grain_of);
            let of = (published.subject(row).to_owned(), grain.unwrap_or_default());
            published.withdrawn(row).is_empty() && vouched.contains(&of)
        });
        let published = values_in(&published, project)?;
        let kept = standing.keep(project, before.clone(), &published, true)?.values;
        let by_figure = |values: Vec<Value>| -> Result<BTreeMap<Figure, Value>, AppError> {
            let mut all = BTreeMap::new();
            for value in values {
                let figure = figure_of(project, &value)?;
                if vouched.contains(&(figure.0.clone(), figure.1.clone())) {
                    all.insert(figure, value);
                }
            }
            Ok(all)
        };
        let (before, after) = (by_figure(before)?, by_figure(after)?);
        let (kept, published) = (by_figure(kept)?, by_figure(published)?);
        let said = |value: Option<&Value>| value.map(|value| standing.said(value)).transpose();
        let mut all = Vec::new();
        for figure in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
            let rest = said(after.get(figure))?;
            if said(before.get(figure))? == rest {
                continue;
            }
            let is = said(published.get(figure))?;
            let eligible = |of: Option<&Value>| of.map_or(0, |value| value.coverage.eligible);
            all.push(Stands {
                of: standing.digest_of(project, figure),
                proven: is == said(kept.get(figure))?,
                published: is,
                rest,
                rows: eligible(published.get(figure)).saturating_sub(eligible(after.get(figure))),
            });
        }
        Ok(all)
    }

    /// Published figures whose segment is named after a key.
    async fn named_after(&self, asked: &Asked) -> Result<u64, AppError> {
        let published = self.values.newest(&VALUE, None).await.map_err(AppError::Lake)?;
        let keys: BTreeSet<&str> = asked.keys.iter().flatten().map(String::as_str).collect();
        let is_named = |row: &usize| {
            let segment = published.segment(*row).parse::<kepi_query::value::Segment>();
            segment.is_ok_and(|segment| {
                segment.0.iter().any(|(_, member)| match member {
                    kepi_query::state::Member::Value(text) => keys.contains(&**text),
                    kepi_query::state::Member::Unknown => false,
                })
            })
        };
        Ok((0..published.rows()).filter(is_named).count() as u64)
    }

    /// What the log says of an erasure, by its position; of the newest one if none is named.
    ///
    /// # Errors
    /// There is no such erasure, or the database refuses.
    pub async fn certificate(&self, event: Option<u64>) -> Result<Certificate, AppError> {
        let filter = EventFilter { kind: Some(KIND.to_owned()), ..EventFilter::default() };
        let all = self.store.events(&filter).await?;
        let known = || {
            let all: Vec<String> = all.iter().map(|of| of.seq.to_string()).collect();
            match all.as_slice() {
                [] => "nothing was erased yet".to_owned(),
                all => format!("erasures are events {}", all.join(", ")),
            }
        };
        let found = match event {
            Some(event) => all.iter().find(|of| of.seq == event),
            None => all.last(),
        };
        let found = found.ok_or_else(|| AppError::NotFound(known()))?;
        let corrupt = |reason: String| AppError::Corrupt { what: "what was erased", reason };
        let Event::RowsErased(of) = found.event().map_err(|e| corrupt(e.to_string()))? else {
            return Err(corrupt("it is another event".to_owned()));
        };
        let now = self.store.checkpoint().await?;
        Ok(Certificate {
            event: found.seq,
            at: found.at,
            by: self.store.name_of(&found.by).await?,
            why: self.store.read().await?.text(&of.erase.why).await?,
            entity: of.erase.of,
            with: of.erase.with,
            keys: of.erase.keys,
            reached: of.reached,
            files: of.files.rows,
            files_root: of.files.root,
            log: now.origin,
            size: now.size,
            root: now.root,
        })
    }
}

fn grain_of(grain: Grain) -> String {
    grain_text(grain).to_owned()
}

/// The files that tables are made of.
fn files(inputs: &kepi_query::port::PinnedInputs) -> BTreeSet<String> {
    let of = |table: &kepi_query::port::PinnedTable| match &table.data {
        kepi_query::port::TableData::Files(files) => files.iter().map(|file| file.names()).collect(),
        kepi_query::port::TableData::Memory(rows) => vec![format!("{rows:?}")],
    };
    inputs.tables.values().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use kepi_model::{
        calendar::Grain,
        source_text::{SourceFile, SourceMap},
    };
    use kepi_query::value::{Coverage, Finality, Segment};
    use kepi_stats::estimate::{Estimate, Interval, Method};

    use super::*;

    const PROJECT: &str = "project: shop
name: Shop
language: 1
time_zone: UTC
---
person: ann
name: Ann
---
kpi: answers
name: Answers
better: higher
accountable: ann
measure: {count: {of: survey_response}}
period: month
";

    fn project() -> Project {
        let file = SourceFile { path: "kepi.yml".to_owned(), text: PROJECT.into() };
        project_of(&SourceMap::new(vec![file])).unwrap()
    }

    fn value(project: &Project, ordinal: i32, point: f64, states: u8) -> Value {
        let interval = Interval { low: point - 1.0, high: point + 1.0, level: 0.95 };
        let estimate =
            Estimate { point, interval: Ok(interval), n: 9, effective_n: 9.0, method: Method::Exact };
        Value {
            kpi: "answers".parse().unwrap(),
            period: project.calendar.period(Grain::Month, ordinal),
            segment: Segment::total(),
            estimate: Ok(estimate),
            coverage: Coverage { counted: 9, eligible: 9, cases: 9 },
            finality: Finality::Final,
            states: Box::new([states]),
        }
    }

    /// A figure of which so much was published, and of which so much is left.
    fn standing(
        project: &Project,
        published: Option<&Value>,
        rest: Option<&Value>,
        proven: bool,
    ) -> Standing {
        let mut standing = Standing { secret: [7; 32], figures: BTreeMap::new(), rows: 3 };
        let figure = figure_of(project, published.or(rest).unwrap()).unwrap();
        let said = |value: Option<&Value>| value.map(|value| standing.said(value).unwrap());
        let of = standing.digest_of(project, &figure);
        let one = Stands { of, published: said(published), rest: said(rest), proven, rows: 3 };
        standing.figures.insert(of, one);
        standing
    }

    /// What is kept of values that were computed, as points, and how many stand for erased rows.
    fn keep(of: &Standing, computed: &[&Value], published: &[&Value], proves: bool) -> (Vec<f64>, usize) {
        let values = |all: &[&Value]| all.iter().map(|value| (*value).clone()).collect::<Vec<_>>();
        let kept = of.keep(&project(), values(computed), &values(published), proves).unwrap();
        (kept.values.iter().map(|value| value.point().unwrap()).collect(), kept.stand.len())
    }

    #[test]
    fn a_figure_stands_if_both_sides_are_what_they_were_and_nothing_else_does() {
        let project = project();
        let [was, rest] = [(20.0, 1), (17.0, 2)].map(|(point, states)| value(&project, 600, point, states));
        let of = standing(&project, Some(&was), Some(&rest), true);
        assert_eq!(keep(&of, &[&rest], &[&was], true), (vec![20.0], 1), "as published");
        // What is published was changed: its point alone, its states alone, or both.
        for changed in [(21.0, 1), (20.0, 3), (21.0, 3)].map(|(p, s)| value(&project, 600, p, s)) {
            assert_eq!(keep(&of, &[&rest], &[&changed], true), (vec![17.0], 0), "{changed:?}");
            assert_eq!(of.rests(&project, &changed).unwrap(), None);
        }
        assert_eq!(of.rests(&project, &was).unwrap(), Some(3));
        // What is left is another for a further reason: it is restated, from the rest.
        for changed in [(18.0, 2), (17.0, 4)].map(|(p, s)| value(&project, 600, p, s)) {
            assert_eq!(keep(&of, &[&changed], &[&was], true).1, 0, "{changed:?}");
        }
        let other = value(&project, 601, 17.0, 2);
        assert_eq!(keep(&of, &[&rest, &other], &[&was], true), (vec![20.0, 17.0], 1), "of another month");
        // How final it is may change.
        let open = Finality::Provisional { data_until: None, final_at: 5 };
        let provisional = Value { finality: open, ..rest.clone() };
        let kept = of.keep(&project, vec![provisional], std::slice::from_ref(&was), true).unwrap();
        assert_eq!((kept.values[0].point(), kept.values[0].finality), (Some(20.0), open));
        // What nobody could reproduce before stands for readers, and is not vouched for.
        let unproven = standing(&project, Some(&was), Some(&rest), false);
        assert_eq!(keep(&unproven, &[&rest], &[&was], false), (vec![20.0], 1));
        assert_eq!(keep(&unproven, &[&rest], &[&was], true), (vec![17.0], 0));
    }

    #[test]
    fn what_has_no_rows_left_stands_and_what_is_there_only_because_rows_went_is_not_published() {
        let project = project();
        let [was, rest] = [(20.0, 1), (17.0, 2)].map(|(point, states)| value(&project, 600, point, states));
        let emptied = standing(&project, Some(&was), None, true);
        assert_eq!(keep(&emptied, &[], &[&was], true), (vec![20.0], 1));
        // Rows have come since.
        assert_eq!(keep(&emptied, &[&rest], &[&was], true), (vec![17.0], 0));
        let new = standing(&project, None, Some(&rest), true);
        assert_eq!(keep(&new, &[&rest], &[], true), (vec![], 1));
        assert_eq!(keep(&new, &[&was], &[], true), (vec![20.0], 0));
    }
}
