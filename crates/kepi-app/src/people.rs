//! Who is there and who answers for what, as of a day: from the definitions in force then, and from what waits for whom.

use std::collections::BTreeMap;

use jiff::{civil::Date, tz::TimeZone};
use kepi_govern::{Organisation, directory::Duty};
use kepi_model::project::Project;
use kepi_report::people::{Directory, Left, Load};
use kepi_store::Store;

use crate::{archive, error::AppError, picture::project_of, told::Told};

/// So long it is remembered that something went up from somebody, in µs: ninety days.
const REMEMBERED: i64 = 90 * 86_400_000_000;

/// The directory of a day, as it stood when that ended, or as it stands at an instant of it.
pub(crate) async fn directory(
    store: &Store,
    published: &Project,
    (day, past): (Date, bool),
    now: i64,
) -> Result<Directory, AppError> {
    let zone = TimeZone::get(&published.calendar.zone).unwrap_or(TimeZone::UTC);
    let ends = day.tomorrow().ok().and_then(|next| next.to_zoned(zone).ok());
    let ends = ends.map_or(i64::MAX, |at| at.timestamp().as_microsecond());
    let head = store.newest_event().await?;
    let position = if past { store.position_before(ends).await? } else { head };
    if position == head {
        let organisation = store.organisation().await?;
        if organisation.register.position() == 0 {
            return Ok(Directory::of(published, day));
        }
        return at(store, &organisation, day, now.min(ends)).await;
    }
    let organisation = store.organisation_at(position).await?;
    if organisation.register.position() == 0 {
        return Err(AppError::NotFound(format!("nothing was in force yet on {day}")));
    }
    at(store, &organisation, day, now.min(ends)).await
}

async fn at(store: &Store, organisation: &Organisation, day: Date, at: i64) -> Result<Directory, AppError> {
    let project = project_of(&archive::of(store, &organisation.register).await?.0)?;
    let told = Told::of(store, organisation, []).await?;
    let mut directory = Directory::of(&project, day);
    // Everybody has a load, if only of nothing.
    let mut loads: BTreeMap<String, Load> =
        project.persons.keys().map(|id| (id.to_string(), Load::default())).collect();
    for item in organisation.items.open() {
        let Some(owner) = item.owner() else { continue };
        let load = loads.entry(told.person(owner.person)).or_default();
        load.open += 1;
        load.overdue += usize::from(owner.due <= at);
    }
    for (person, when) in organisation.items.all().flat_map(|item| &item.work.missed) {
        if *when > at - REMEMBERED {
            loads.entry(told.person(*person)).or_default().missed += 1;
        }
    }
    for (duty, item) in organisation.items.unaccepted() {
        let kpi = match duty {
            Duty::Kpi(kpi) => format!("kpi/{kpi}"),
            Duty::Seat { .. } | Duty::Unit(_) => continue,
        };
        if let Some(duty) = directory.duties.iter_mut().find(|duty| duty.of == kpi) {
            duty.handover = Some(item);
        }
    }
    directory.loads = loads;
    let left = organisation.left.iter().map(|(person, at)| Left { id: told.person(*person), at: *at });
    directory.left = left.collect();
    directory.left.sort_by_key(|left| std::cmp::Reverse(left.at));
    Ok(directory)
}
