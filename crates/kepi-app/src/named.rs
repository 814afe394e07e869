//! What people name by the words of definitions.

use kepi_model::{
    id::UnitId,
    project::{Kpi, Project},
};

use crate::error::AppError;

/// The KPI of a name.
///
/// # Errors
/// There is none.
pub(crate) fn kpi<'a>(project: &'a Project, name: &str) -> Result<&'a Kpi, AppError> {
    let found = name.parse().ok().and_then(|id| project.kpis.get(&id));
    found.ok_or_else(|| AppError::NotFound(format!("there is no KPI `{name}`")))
}

/// The unit of a name; none where none is named.
///
/// # Errors
/// There is none of that name.
pub(crate) fn unit(project: &Project, name: Option<&str>) -> Result<Option<UnitId>, AppError> {
    let Some(name) = name else { return Ok(None) };
    let found = name.parse().ok().and_then(|id| project.units.get(&id));
    let found = found.ok_or_else(|| AppError::NotFound(format!("there is no unit `{name}`")))?;
    Ok(Some(found.id.clone()))
}
