//! Where figures come from, column by column: read from the definitions, whether or not anything was computed.

use super::Reporter;
use crate::{
    lineage,
    reader::ViewError,
    view::{LineageView, LineagesView},
};

/// The page of one thing.
pub(crate) fn path(id: &str) -> String {
    format!("/lineage/thing?of={id}")
}

impl Reporter<'_> {
    /// Where every KPI comes from.
    pub fn lineages(self) -> LineagesView {
        LineagesView { project: self.project_view(), kpis: lineage::origins(self.project()) }
    }

    /// What one thing is made of, and what is made of it.
    ///
    /// # Errors
    /// Nothing is called so.
    pub fn lineage(self, of: &str) -> Result<LineageView, ViewError> {
        match lineage::traced(self.project(), of) {
            Ok(traced) => Ok(LineageView { project: self.project_view(), traced }),
            Err(near) => Err(ViewError::NotFound {
                what: format!("`{of}` that data pass"),
                suggestions: near.into_iter().map(|near| (near.clone(), path(&near))).collect(),
            }),
        }
    }
}
