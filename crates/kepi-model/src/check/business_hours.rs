//! Business hours: the openings of a day follow each other, and no day is otherwise twice.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::Context;
use crate::{
    business_hours::{NamedHours, Opened, Opening},
    calendar::ordinal_of_day,
    codes,
    decode::{Field, List, OpeningText, Placed},
    definitions as written,
    id::BusinessHoursId,
    source_text::Span,
};

/// Reads all business hours.
pub(super) fn read(
    written: &[Placed<written::BusinessHours>],
    zone: &str,
    context: &mut Context<'_>,
) -> BTreeMap<BusinessHoursId, NamedHours> {
    written.iter().filter_map(|document| one(&document.value, zone, context)).collect()
}

fn one(
    written: &written::BusinessHours,
    zone: &str,
    context: &mut Context<'_>,
) -> Option<(BusinessHoursId, NamedHours)> {
    let week = written.week.get()?;
    let weekdays = openings(&week.weekdays, context);
    let mut of = |day: &Field<List<OpeningText>>, weekday: bool| match day.is_written() {
        true => openings(day, context),
        false if weekday => weekdays.clone(),
        false => Vec::new(),
    };
    let opened = Opened {
        zone: match written.time_zone.is_written() {
            true => written.time_zone.get()?.0.clone(),
            false => zone.to_owned(),
        },
        week: [
            of(&week.monday, true),
            of(&week.tuesday, true),
            of(&week.wednesday, true),
            of(&week.thursday, true),
            of(&week.friday, true),
            of(&week.saturday, false),
            of(&week.sunday, false),
        ],
        days: days(written, context),
    };
    if opened.week.iter().all(Vec::is_empty) {
        // Hours that could not be read have their own finding.
        if context.findings.any(&[codes::BAD_OPENING]) {
            return None;
        }
        context
            .report(codes::NEVER_OPEN, written.week.span, "no day of the week is open")
            .expected("at least one stretch of a day, such as `weekdays: [\"09:00-17:00\"]`");
        return None;
    }
    let id = written.business_hours.get()?.id.clone()?;
    Some((id, NamedHours { name: written.name.cloned()?, hours: opened.into() }))
}

fn days(written: &written::BusinessHours, context: &mut Context<'_>) -> BTreeMap<i32, Vec<Opening>> {
    let mut days: BTreeMap<i32, (Span, Vec<Opening>)> = BTreeMap::new();
    let mut add = |day: Date, at: Span, open: Vec<Opening>, context: &mut Context<'_>| match days
        .get(&ordinal_of_day(day))
    {
        Some((first, _)) => {
            context
                .report(codes::DAY_TWICE, at, format!("{day} is written twice"))
                .related(*first, "first written here")
                .fix("keep one of them: a holiday is closed, a special day says when it is open");
        }
        None => {
            days.insert(ordinal_of_day(day), (at, open));
        }
    };
    for holiday in written.holidays.items() {
        add(holiday.value, holiday.span, Vec::new(), context);
    }
    for Placed { value: special, .. } in written.special_days.items() {
        if let Some(day) = special.on.get() {
            let open = openings(&special.open, context);
            add(*day, special.on.span, open, context);
        }
    }
    days.into_iter().map(|(day, (_, open))| (day, open)).collect()
}

/// The openings of a day in order; ones that overlap are a finding.
fn openings(written: &Field<List<OpeningText>>, context: &mut Context<'_>) -> Vec<Opening> {
    let mut all: Vec<(Opening, Span)> = written.items().iter().map(|p| (p.value.0, p.span)).collect();
    all.sort_by_key(|(opening, _)| *opening);
    for pair in all.windows(2) {
        if let [(one, first), (next, second)] = pair
            && next.from < one.until
        {
            context
                .report(codes::OVERLAPPING_HOURS, *second, "these hours overlap")
                .related(*first, "with these")
                .fix("write one stretch, or let the second begin when the first ends");
        }
    }
    all.into_iter().map(|(opening, _)| opening).collect()
}
