//! What sources of one entity say against each other, and whom a row was taken from.

use std::collections::BTreeMap;

use kepi_model::{
    entity::precedence::Precedence,
    project::{Entity, Project},
};
use kepi_query::{
    compose::{Composer, Statement, Statements},
    landing::Uncomposed,
    port::SnapshotId,
    row::Cell,
};
use kepi_report::{
    facts::{Discrepancies, Discrepancy},
    trace::{FoundRow, Said},
};

use crate::{error::AppError, open::App, trace::Shown};

impl App {
    /// What sources say against each other, of each entity that says whom it believes.
    ///
    /// # Errors
    /// The lake cannot be read.
    pub async fn discrepancies(&self, project: &Project) -> Result<Vec<Discrepancies>, AppError> {
        let mut all = Vec::new();
        for entity in project.entities.values() {
            let Some(precedence) = &entity.precedence else { continue };
            let found = self.lake.uncomposed(project, &entity.id, None).await.map_err(AppError::Lake)?;
            let Some(rows) = found else { continue };
            all.push(of_entity(&Shown::new(&project.calendar)?, entity, precedence, &rows));
        }
        Ok(all)
    }

    /// What sources say of each attribute of a row, at an instant or now; nothing of an entity that says no precedence.
    pub(crate) async fn said(
        &self,
        project: &Project,
        entity: &Entity,
        (key, at): (&[Cell], Option<i64>),
        snapshot: SnapshotId,
    ) -> Result<Vec<Said>, AppError> {
        let Some(precedence) = &entity.precedence else { return Ok(Vec::new()) };
        let found =
            self.lake.uncomposed(project, &entity.id, Some(snapshot)).await.map_err(AppError::Lake)?;
        let Some(Uncomposed { columns, rows }) = found else { return Ok(Vec::new()) };
        let shown = Shown::new(&project.calendar)?;
        let composer = Composer::new(&columns, &rows, &entity.key, precedence);
        let said = composer.statements(Some(key), at).into_iter().map(|of| Said {
            attribute: of.attribute.to_string(),
            by: of.by.iter().map(|by| stated(&shown, entity, &of, by)).collect(),
        });
        Ok(said.collect())
    }
}

fn of_entity(
    shown: &Shown<'_>,
    entity: &Entity,
    precedence: &Precedence,
    Uncomposed { columns, rows }: &Uncomposed,
) -> Discrepancies {
    let composer = Composer::new(columns, rows, &entity.key, precedence);
    let mut counts: BTreeMap<_, u64> = BTreeMap::new();
    let mut all = Vec::new();
    for of in composer.discrepancies(precedence) {
        let Some(believed) = of.by.first() else { continue };
        for other in of.others() {
            let who = (of.attribute.clone(), believed.source.clone(), other.source.clone());
            *counts.entry(who).or_default() += 1;
            let believed = stated(shown, entity, &of, believed);
            all.push(Discrepancy {
                key: believed.key.clone(),
                attribute: of.attribute.clone(),
                believed,
                overruled: stated(shown, entity, &of, other),
            });
        }
    }
    Discrepancies { entity: entity.id.clone(), shared: composer.shared(), counts, all }
}

/// A row of a source with what it says; what is personal is not told.
fn stated(shown: &Shown<'_>, entity: &Entity, of: &Statements, by: &Statement) -> FoundRow {
    let value = |id, cell: &Cell| match entity.attribute(id) {
        Some(attribute) if attribute.personal => serde_json::json!("(personal)"),
        Some(attribute) => shown.cell(cell, &attribute.type_),
        None => serde_json::Value::Null,
    };
    let parts: Vec<String> = entity
        .key
        .iter()
        .zip(&of.key)
        .map(|(id, cell)| kepi_report::trace::plain(&value(id, cell)))
        .collect();
    let is_personal = entity.key.iter().any(|id| entity.attribute(id).is_some_and(|of| of.personal));
    FoundRow {
        key: parts.join(" "),
        parts: if is_personal { Vec::new() } else { parts },
        date: by.since.map(|at| shown.instant(at)),
        value: value(&of.attribute, &by.value),
        source: Some(by.source.clone()),
        file: Some(by.file.clone()),
        row: by.row,
    }
}
