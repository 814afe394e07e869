//! What rests on the log: projections, texts by commitment, runs.

use std::collections::BTreeSet;

use kepi_govern::{event::RunPublished, plain::Engine};
use kepi_proof::{Commitment, Digest, Salt, canonical};

use super::finding::{Findings, PROJECTION, RUN, TEXT};
use crate::{
    error::StoreError,
    projection::{self, InForceRows},
    sql::{Row, common::audit as sql, stored},
    store::Reading,
};

/// How many texts are read at once.
const CHUNK: i64 = 500;

/// Holds the projections against what folding the log gave.
pub(super) async fn projections(
    tx: &mut Reading,
    folded: InForceRows,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let standing = projection::in_force_as_stored(tx).await?;
    let expected: BTreeSet<_> = folded.rows().collect();
    for row in standing.difference(&expected) {
        findings.add(PROJECTION, "kepi_in_force", format!("the log does not say the row of `{}`", row.id));
    }
    for row in expected.difference(&standing) {
        findings.add(
            PROJECTION,
            "kepi_in_force",
            format!("the row of `{}` that the log says is not there", row.id),
        );
    }
    Ok(())
}

/// Holds texts against their commitments; returns how many there are, and how many that events name were erased.
pub(super) async fn texts(
    tx: &mut Reading,
    committed: &BTreeSet<Commitment>,
    findings: &mut Findings,
) -> Result<(u64, u64), StoreError> {
    let (mut seen, mut whole, mut there) = (String::new(), 0, 0);
    loop {
        let rows = tx.query(sql::TEXTS).bind(seen.clone()).bind(CHUNK).all().await?;
        let Some(last) = rows.last() else { break };
        seen = last.get("commitment")?;
        for row in &rows {
            let commitment: String = row.get("commitment")?;
            let salt: Option<Salt> = row.get::<String>("salt")?.parse().ok();
            let parsed: Option<Commitment> = commitment.parse().ok();
            let text: String = row.get("text")?;
            match parsed.zip(salt) {
                Some((commitment, salt)) if commitment.is_to(&salt, &text) => {
                    whole += 1;
                    there += u64::from(committed.contains(&commitment));
                }
                _ => findings.add(
                    TEXT,
                    format!("kepi_text {commitment}"),
                    "it is not the text that was committed to",
                ),
            }
        }
    }
    Ok((whole, committed.len() as u64 - there))
}

/// Holds the rows of runs against their events; returns how many there are.
pub(super) async fn runs(
    tx: &mut Reading,
    published: &[(u64, RunPublished)],
    findings: &mut Findings,
) -> Result<u64, StoreError> {
    for (seq, run) in published {
        let row = tx.query(sql::RUN).bind(stored(run.run)).bind(stored(*seq)).first().await?;
        let said = row.as_ref().map(|row| differs(row, run)).transpose()?;
        let what = match said {
            None => "is not there",
            Some(Some(what)) => what,
            Some(None) => continue,
        };
        findings.add(RUN, format!("event {seq}"), format!("in kepi_run of run {}: {what}", run.run));
    }
    let rows = tx.query(sql::PUBLISHED_RUNS).value::<i64>().await?.unsigned_abs();
    if rows != published.len() as u64 {
        let message = format!("it has {rows} published runs, the log {}", published.len());
        findings.add(RUN, "kepi_run", message);
    }
    Ok(published.len() as u64)
}

/// What of the row of a run is not what its event says.
fn differs(row: &Row, run: &RunPublished) -> Result<Option<&'static str>, StoreError> {
    let text = |column: &'static str| row.get::<Option<String>>(column);
    let watermarks = text("watermarks")?.and_then(|text| {
        let value = serde_json::from_str(&text).ok()?;
        Some(Digest::of(canonical(&value).ok()?.as_bytes()))
    });
    let engine = text("engine")?.and_then(|engine| Engine::named(&engine).ok());
    let number = |column: &'static str| row.get::<Option<i64>>(column);
    let same = [
        ("another position of the register", number("register")? == Some(stored(run.register))),
        (
            "another pin of definitions",
            text("definition")?.as_deref() == Some(run.definitions.to_string().as_str()),
        ),
        ("another lake", text("lake")?.as_deref() == Some(run.lake.as_str())),
        ("another snapshot", number("snapshot")? == Some(stored(run.snapshot))),
        ("another engine", engine.as_ref() == Some(&run.engine)),
        ("other watermarks", watermarks == Some(run.watermarks)),
    ];
    Ok(same.into_iter().find(|(_, same)| !same).map(|(what, _)| what))
}
