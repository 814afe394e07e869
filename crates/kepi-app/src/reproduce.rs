//! Recomputing what is published from its pins, and comparing to the bit.

use std::collections::BTreeMap;

use kepi_model::id::Hash;
use kepi_query::{port::SnapshotId, value::Value};
use kepi_store::{NewPublication, ValueFilter};
use serde::Serialize;

use crate::{
    archive,
    error::AppError,
    open::App,
    picture::{self, Picture},
    run::{KPI, RunBody, RunProgress},
};

/// What is to be reproduced; the default is everything published.
#[derive(Debug, Clone, Default)]
pub struct Which {
    /// Only this KPI.
    pub kpi: Option<String>,
    /// Only this period.
    pub period: Option<String>,
}

/// How one value came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The same bits.
    Identical,
    /// Another value or other states.
    Different,
    /// The recomputation has no such value.
    Absent,
}

/// One value that did not come out the same.
#[derive(Debug, Clone, Serialize)]
pub struct Difference {
    /// KPI.
    pub kpi: String,
    /// Period.
    pub period: String,
    /// Segment.
    pub segment: String,
    /// How it came out.
    pub verdict: Verdict,
    /// As published.
    pub published: serde_json::Value,
    /// As recomputed.
    pub recomputed: Option<serde_json::Value>,
}

/// What a reproduction found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Reproduction {
    /// Values compared.
    pub compared: u64,
    /// Of them, the same to the bit, states included.
    pub identical: u64,
    /// Computed by another version of the engine than now: compared all the same.
    pub other_engine: u64,
    /// What differs.
    pub differences: Vec<Difference>,
}

impl App {
    /// Recomputes published values from the definitions and the snapshot they are pinned to.
    ///
    /// # Errors
    /// Nothing matches, or the pinned definitions or tables cannot be read.
    pub async fn reproduce(
        &self,
        which: &Which,
        progress: &dyn RunProgress,
    ) -> Result<Reproduction, AppError> {
        let filter = ValueFilter {
            kind: Some(KPI.to_owned()),
            subject: which.kpi.clone(),
            period: which.period.clone(),
            segment: None,
        };
        let published = self.store.latest_values(&filter).await?;
        if published.is_empty() {
            let what = which.kpi.as_deref().map_or("nothing is published".to_owned(), |kpi| {
                format!("nothing is published for `{kpi}` in that period")
            });
            return Err(AppError::NotFound(format!("{what}; `kepi run` publishes")));
        }
        let runs: BTreeMap<String, _> =
            self.store.runs().await?.into_iter().map(|r| (r.run.clone(), r)).collect();
        // Values of one run share definitions and snapshot: they are recomputed together.
        let mut by_pins: BTreeMap<(u64, String, i64), Vec<NewPublication>> = BTreeMap::new();
        for value in published {
            let run = runs.get(&value.run).ok_or_else(|| AppError::Corrupt {
                what: "a published value",
                reason: format!("run `{}` is not there", value.run),
            })?;
            let body: RunBody = serde_json::from_value(run.body.clone())
                .map_err(|e| AppError::Corrupt { what: "a run", reason: e.to_string() })?;
            let pins = (body.register, run.definition.clone(), run.snapshot);
            by_pins.entry(pins).or_default().push(value.publication);
        }
        let mut found = Reproduction::default();
        for ((register, definition, snapshot), published) in by_pins {
            let corrupt = |reason: String| AppError::Corrupt { what: "a run", reason };
            let hash = Hash::try_from(definition).map_err(corrupt)?;
            let files = archive::find(&self.store, register, &hash).await?;
            let mut project = Picture::project_of(&files)?;
            if let Some(kpi) = &which.kpi {
                project.kpis.retain(|id, _| id.as_str() == kpi);
            }
            let pinned = self.lake.pin(&project, Some(SnapshotId(snapshot))).await.map_err(AppError::Lake)?;
            let computed = self.compute(&project, &pinned, progress).await?;
            let again: BTreeMap<_, &Value> =
                computed.values.iter().map(|v| ((v.kpi.clone(), v.period, v.segment.clone()), v)).collect();
            for publication in &published {
                let value = picture::read(publication)?;
                let key = (value.kpi.clone(), value.period, value.segment.clone());
                compare(&mut found, publication, &value, again.get(&key).copied());
            }
        }
        Ok(found)
    }
}

fn compare(found: &mut Reproduction, publication: &NewPublication, published: &Value, again: Option<&Value>) {
    found.compared += 1;
    let estimates = |value: &Value| format!("{:?}", value.estimate);
    let verdict = match again {
        None => Verdict::Absent,
        // `Debug` writes the shortest text that reads back to the same bits, so equal texts are equal bits.
        Some(again)
            if estimates(again) == estimates(published)
                && again.coverage == published.coverage
                && again.pins.states == published.pins.states =>
        {
            Verdict::Identical
        }
        Some(_) => Verdict::Different,
    };
    if again.is_some_and(|a| a.pins.engine != published.pins.engine) {
        found.other_engine += 1;
    }
    if verdict == Verdict::Identical {
        found.identical += 1;
        return;
    }
    found.differences.push(Difference {
        kpi: publication.key.subject.clone(),
        period: publication.key.period.clone(),
        segment: publication.key.segment.clone(),
        verdict,
        published: publication.value.clone(),
        recomputed: again
            .and_then(|a| serde_json::to_value(kepi_query::value::wire::WireValue::from(a)).ok()),
    });
}
