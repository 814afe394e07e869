//! What people name by the words of definitions.

use kepi_model::{
    id::UnitId,
    project::{Kpi, Project},
};

use crate::error::AppError;

/// That there is no such KPI of a unit or of another part, in the same words whether there is none or it is not seen.
#[must_use]
pub fn no_such(kpi: &str, part: Option<&str>) -> AppError {
    let part = part.filter(|part| !part.is_empty()).map_or(String::new(), |part| format!(" of `{part}`"));
    AppError::NotFound(format!("there is no KPI `{kpi}`{part}"))
}

/// The units whose rows those of a part are, by what it is called in data.
pub fn units_of<'a>(project: &'a Project, part: &str) -> impl Iterator<Item = &'a UnitId> {
    project.units.values().filter(move |unit| unit.member == part).map(|unit| &unit.id)
}

/// The KPI of a name.
///
/// # Errors
/// There is none.
pub(crate) fn kpi<'a>(project: &'a Project, name: &str) -> Result<&'a Kpi, AppError> {
    let found = name.parse().ok().and_then(|id| project.kpis.get(&id));
    found.ok_or_else(|| no_such(name, None))
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
