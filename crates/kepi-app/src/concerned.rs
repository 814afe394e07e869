//! Who answers for a figure that people say: they do not decide on it. It is looked up when it is proposed and again with every vote,
//! because somebody else may answer for it by then.

use std::collections::BTreeSet;

use jiff::civil::Date;
use kepi_govern::{
    Content, Evidence, Organisation, Principal,
    laws::{self, Violation},
};
use kepi_model::{
    governance::Mode,
    id::{DimensionId, PersonId, UnitId},
    project::{Kpi, Measure, Project, Unit},
};
use kepi_query::{state::Member, value::Segment};
use kepi_store::{Store, Violations};

use crate::{archive, deciding::Deciding, error::AppError, picture::project_of};

/// Who answers for the figure of an item, by what is in force.
pub(crate) async fn answering(
    store: &Store,
    organisation: &Organisation,
    content: &Content,
) -> Result<Evidence, AppError> {
    let project = project_of(&archive::of(store, &organisation.register).await?.0)?;
    let text = match content {
        Content::Override(of) => of.figure.segment,
        Content::Entry(of) => of.part,
        _ => None,
    };
    let text = match text {
        Some(text) => store.read().await?.text(&text).await?,
        None => None,
    };
    let people = match content {
        Content::Override(of) => {
            let segment = text.and_then(|text| text.parse().ok()).unwrap_or_default();
            project.kpis.get(&of.figure.kpi).map(|kpi| of_segment(&project, kpi, &segment))
        }
        Content::Entry(of) => of_entry(&project, of.figure.as_str(), text.as_deref().unwrap_or_default()),
        _ => None,
    };
    let people = match people {
        Some(people) => Some(numbers(store, &people).await?),
        None => None,
    };
    Ok(Evidence::Answering { register: organisation.register.position(), people })
}

/// Who answers for a KPI over a segment: who is accountable or was, the seat for that, and who manages a unit whose rows these are.
pub(crate) fn of_segment<'a>(
    project: &'a Project,
    kpi: &'a Kpi,
    segment: &Segment,
) -> BTreeSet<&'a PersonId> {
    let is_of = |unit: &Unit| {
        segment.0.iter().any(|(dimension, member)| {
            matches!(member, Member::Value(text) if **text == *unit.member)
                && cascades(project, unit, dimension)
        })
    };
    people(project, kpi, is_of)
}

/// Who answers for the figures of a KPI in a unit; none: over all rows.
pub(crate) fn of_unit<'a>(
    project: &'a Project,
    kpi: &'a Kpi,
    unit: Option<&UnitId>,
) -> BTreeSet<&'a PersonId> {
    people(project, kpi, |of| Some(&of.id) == unit)
}

/// Who answers for any figure of a KPI, in whichever unit.
pub(crate) fn of_any<'a>(project: &'a Project, kpi: &'a Kpi) -> BTreeSet<&'a PersonId> {
    people(project, kpi, |_| true)
}

/// Refuses what somebody does about what she answers for herself; where a project is open, nobody else has to agree to anything.
///
/// # Errors
/// She does, or the database refuses.
pub(crate) async fn by_another(
    deciding: &Deciding<'_>,
    organisation: &Organisation,
    actor: &str,
    people: &BTreeSet<&PersonId>,
    message: impl FnOnce() -> String,
) -> Result<(), AppError> {
    if organisation.governance.mode == Mode::Open {
        return Ok(());
    }
    let Principal::Person(by) = deciding.0.person(actor).await? else { return Ok(()) };
    if numbers(deciding.0, people).await?.contains(&by) {
        let violation = Violation { code: laws::CONCERNED, message: message() };
        return Err(AppError::Forbidden(Violations(vec![violation])));
    }
    Ok(())
}

/// The same for a figure that is entered, of a part or the whole; none: no KPI is measured by it.
pub(crate) fn of_entry<'a>(project: &'a Project, figure: &str, part: &str) -> Option<BTreeSet<&'a PersonId>> {
    let measured = |kpi: &Kpi| matches!(&kpi.measure, Measure::Entered(of) if of.figure == figure);
    let mut kpis = project.kpis.values().filter(|kpi| kpi.wordings().any(measured)).peekable();
    kpis.peek()?;
    Some(kpis.flat_map(|kpi| people(project, kpi, |unit| unit.member == part)).collect())
}

/// Persons by number.
pub(crate) async fn numbers(store: &Store, people: &BTreeSet<&PersonId>) -> Result<BTreeSet<u64>, AppError> {
    let mut found = BTreeSet::new();
    for person in people {
        if let Principal::Person(number) = store.person(person.as_str()).await? {
            found.insert(number);
        }
    }
    Ok(found)
}

/// Whether a scorecard takes the rows of a member of a dimension for those of a unit.
fn cascades(project: &Project, unit: &Unit, dimension: &DimensionId) -> bool {
    let Some(level) = &unit.level else { return false };
    let cards = project.scorecards.values().filter_map(|card| card.cascade.as_ref());
    cards.into_iter().any(|cascade| cascade.levels.get(level) == Some(dimension))
}

fn people<'a>(project: &'a Project, kpi: &'a Kpi, is_of: impl Fn(&Unit) -> bool) -> BTreeSet<&'a PersonId> {
    let accountable: BTreeSet<&PersonId> =
        kpi.wordings().filter_map(|wording| wording.accountable.as_ref()).collect();
    let mut units: Vec<&Unit> = project.units.values().filter(|unit| is_of(unit)).collect();
    let mut found: BTreeSet<&PersonId> =
        accountable.iter().filter_map(|who| project.answering(who, None, None)).collect();
    // Also who was, and who will be: whoever is concerned with any of it decides none of it.
    found.extend(units.iter().flat_map(|unit| unit.wordings()).filter_map(|unit| unit.manager.as_ref()));
    if units.is_empty() {
        units.extend(project.units.values().find(|unit| unit.parent.is_none()));
    }
    for unit in units {
        // The seat in the unit, or in the nearest above it, by every tree that the unit is or was part of.
        for tree in unit
            .wordings()
            .map(|of| project.tree(Some(of.from.unwrap_or(Date::MIN))))
            .chain([project.tree(None)])
        {
            let upwards = || tree.upwards(&unit.id).filter_map(|id| tree.unit(id));
            let seat = |person: &&PersonId| upwards().find_map(|unit| unit.seats.get(*person));
            found.extend(accountable.iter().filter_map(seat));
        }
    }
    found
}
