//! Figures that were stored before figures were files: imported once, run by run, with what they rest on.

use std::collections::BTreeMap;

use kepi_model::calendar::{Grain, Period};
use kepi_model::{
    id::{EntityId, Hash},
    meaning,
};
use kepi_query::{
    port::{EngineVersion, SnapshotId},
    published::{
        NewRun, RunPins, SCORE, Scored, Subject, TableBuilder, VALUE, Vouched, push_score, push_value,
    },
    value::{Pins, Value, wire::WireValue},
};
use kepi_store::publication::{LegacyFigure, LegacyRun};
use serde::Deserialize;

use crate::{archive, error::AppError, open::App, picture::project_of};

/// Who imports, in events.
const ACTOR: &str = "kepi";

/// What was kept of a run beside its pins.
#[derive(Debug, Default, Deserialize)]
struct Body {
    #[serde(default)]
    register: u64,
    #[serde(default)]
    watermarks: BTreeMap<EntityId, i64>,
}

#[derive(Deserialize)]
struct LegacyScore {
    score_micro: Option<i64>,
    reason: Option<String>,
    coverage_millionths: u32,
}

/// What stood after a run, by key in its old spelling.
#[derive(Default)]
struct Standing {
    values: BTreeMap<(String, String, String), (Value, Pins)>,
    scores: BTreeMap<(String, String, String), (Scored, Hash)>,
}

impl App {
    /// Imports what an earlier version of Kepi stored, if there is anything of it. Broken off, it goes on where it was.
    ///
    /// # Errors
    /// Something of it cannot be read; then it stays as it is.
    pub async fn import_published(&self) -> Result<(), AppError> {
        let Some((runs, figures)) = self.store.legacy().await? else { return Ok(()) };
        let done = self.values.runs(None).await.map_err(AppError::Lake)?.len();
        let mut standing = Standing::default();
        let mut figures = figures.into_iter().peekable();
        for (nth, run) in runs.iter().enumerate() {
            while let Some(figure) = figures.next_if(|figure| figure.run == run.run) {
                standing.take(figure)?;
            }
            if nth >= done {
                self.import_run(run, &standing).await?;
            }
        }
        Ok(self.store.drop_legacy().await?)
    }

    async fn import_run(&self, run: &LegacyRun, standing: &Standing) -> Result<(), AppError> {
        let corrupt = |reason: String| AppError::Corrupt { what: "a run of an earlier version", reason };
        let definition = Hash::try_from(run.definition.clone()).map_err(corrupt)?;
        let body: Body = serde_json::from_str(&run.body).map_err(|e| corrupt(e.to_string()))?;
        let files = archive::find(&self.store, body.register, &definition).await?;
        let project = project_of(&files)?;
        // What it computed by stands in the register from now on, like what any run computes by.
        let permit = self.permit(ACTOR).await?;
        let definitions = archive::adopt(&self.store, &files, &project, &permit, run.at).await?;
        let number = self.values.begin(run.at).await.map_err(AppError::Lake)?;
        let pins = RunPins {
            register: definitions.register,
            definition: definitions.pin,
            lake: self.lake.id(),
            snapshot: SnapshotId(run.snapshot),
            engine: EngineVersion(run.engine.clone()),
            calendar: meaning::calendar(&project.calendar),
            // It was not recorded.
            zones: String::new(),
            watermarks: body.watermarks,
        };
        let mut vouched: BTreeMap<(Subject, Grain), Vouched> = BTreeMap::new();
        let mut vouch = |subject: Subject, grain, definition, mapping, day: jiff::civil::Date| {
            let of = vouched.entry((subject.clone(), grain)).or_insert(Vouched {
                subject,
                grain,
                definition,
                mapping,
                span: Some((day, day)),
                changed: SnapshotId(run.snapshot),
                not_renewed: None,
            });
            of.span = of.span.map(|(first, last)| (first.min(day), last.max(day)));
        };
        let first_day = |period| project.calendar.first_day(period).map_err(|e| corrupt(e.to_string()));
        let mut values = TableBuilder::new(&VALUE);
        for (value, pins) in standing.values.values() {
            // There was one calendar then.
            let Period { grain, ordinal, .. } = value.period;
            let day = first_day(project.calendar.period(grain, ordinal))?;
            push_value(&mut values, number, day, value);
            vouch(Subject::Kpi(value.kpi.clone()), value.period.grain, pins.definition, pins.mapping, day);
        }
        let mut scores = TableBuilder::new(&SCORE);
        for ((scorecard, label, unit), (scored, hash)) in &standing.scores {
            let period = project.calendar.parse(label).map_err(|e| corrupt(e.to_string()))?;
            let day = first_day(period)?;
            push_score(&mut scores, number, (scorecard, period.grain, day, unit), scored);
            let id = scorecard.parse().map_err(|_| corrupt(format!("`{scorecard}` is no scorecard")))?;
            vouch(Subject::Score(id), period.grain, *hash, Hash::of(b""), day);
        }
        let vouched: Vec<Vouched> = vouched.into_values().collect();
        let figures = [values.finish(), scores.finish()];
        let new = NewRun {
            number,
            actor: &permit.by().to_string(),
            at: run.at,
            pins: &pins,
            vouched: &vouched,
            figures: &figures,
        };
        self.values.publish(new).await?;
        Ok(())
    }
}

impl Standing {
    fn take(&mut self, figure: LegacyFigure) -> Result<(), AppError> {
        let corrupt = |reason: String| AppError::Corrupt { what: "a value of an earlier version", reason };
        let json =
            |text: &str| serde_json::from_str::<serde_json::Value>(text).map_err(|e| corrupt(e.to_string()));
        let (mut said, pins) = (json(&figure.value)?, json(&figure.pins)?);
        let key = (figure.subject, figure.period, figure.segment);
        if figure.kind == "score" {
            let score: LegacyScore = serde_json::from_value(said).map_err(|e| corrupt(e.to_string()))?;
            let reason = score.reason.unwrap_or_default();
            let scored =
                Scored { score: score.score_micro.ok_or(reason), coverage: score.coverage_millionths };
            let hash = pins.get("scorecard").and_then(|h| h.as_str()).unwrap_or_default().to_owned();
            self.scores.insert(key, (scored, Hash::try_from(hash).map_err(corrupt)?));
        } else {
            if let Some(object) = said.as_object_mut() {
                object.insert("pins".to_owned(), pins);
            }
            let wire: WireValue = serde_json::from_value(said).map_err(|e| corrupt(e.to_string()))?;
            let value = <(Value, Pins)>::try_from(wire).map_err(|e| corrupt(e.to_string()))?;
            self.values.insert(key, value);
        }
        Ok(())
    }
}
