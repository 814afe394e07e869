//! The rows behind a value, and how a row came about.

use kepi_query::value::Segment;

use super::{KpiAsked, Reporter, not_found, words};
use crate::{
    reader::{KpiQuery, ViewError},
    view::{EntityRowsView, Named, RowsView},
};

impl Reporter<'_> {
    /// The rows behind a value, of each term at most so many.
    ///
    /// # Errors
    /// There is no such KPI, unit, segment or period, or the rows cannot be read.
    pub fn rows_behind(self, id: &str, query: &KpiQuery, most: usize) -> Result<RowsView, ViewError> {
        let asked = self.kpi_asked(id, query)?;
        let place = self.place_asked(&asked, query);
        let KpiAsked { kpi, period, .. } = asked;
        let reading = self.read(kpi, &place, period);
        let segment: &Segment = place.segment.as_ref().ok_or_else(|| ViewError::Unavailable {
            reason: format!("`{}` has no rows of its own for this unit", kpi.id),
        })?;
        let inputs = self.inputs(&reading, Some(segment));
        let traced = match reading.kpi.measure.kind().inputs().is_empty() {
            true => Some(self.facts.rows_behind(&kpi.id, period, segment, most)?),
            false => None,
        };
        Ok(RowsView {
            project: self.project_view(),
            kpi: Named::new(&kpi.id, &reading.kpi.name),
            period: self.label(period),
            segment: (!segment.is_total()).then(|| Named::new(segment, words::segment(segment))),
            inputs,
            traced,
        })
    }

    /// The rows of an entity whose key begins with these parts, and how they came about.
    ///
    /// # Errors
    /// There is no such entity or row, or its rows cannot be read.
    pub fn entity_rows(self, id: &str, key: &[String], most: usize) -> Result<EntityRowsView, ViewError> {
        let all = &self.project().entities;
        if !all.values().any(|entity| entity.id.as_str() == id) {
            let known = all.values().map(|entity| (entity.id.as_str(), entity.id.as_str()));
            return Err(not_found(format!("entity `{id}`"), id, known, |id| format!("/data#{id}")));
        }
        if key.is_empty() {
            return Err(ViewError::NotFound {
                what: format!("row of `{id}` without a key"),
                suggestions: Vec::new(),
            });
        }
        Ok(EntityRowsView {
            project: self.project_view(),
            entity: id.to_owned(),
            key: key.to_vec(),
            rows: self.facts.entity_rows(id, key, most)?,
        })
    }
}
