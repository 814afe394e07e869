//! When a source is expected to deliver, and when runs look at it.

use crate::{
    calendar::Grain,
    codes,
    decode::Field,
    definitions as written,
    expectation::{Expectation, Rhythm, Schedule},
    findings::Findings,
    lexical,
};

/// Reads `load`.
pub(super) fn schedule(field: &Field<written::Load>, findings: &mut Findings) -> Option<Schedule> {
    let written = field.get()?;
    if !written.every.is_written() && !written.window.is_written() {
        findings
            .report(codes::EXPECTATION, field.key, "it says nothing of when the source is looked at")
            .expected("`every`, a `window`, or both")
            .fix("leave `load` out: it is looked at by every run");
        return None;
    }
    Some(Schedule { every: written.every.get().map(|of| of.0), window: written.window.cloned() })
}

/// Reads `expect`.
pub(super) fn read(
    field: &Field<written::Expect>,
    project_zone: &str,
    findings: &mut Findings,
) -> Option<Expectation> {
    let written = field.get()?;
    let hours = written.business_hours.cloned();
    let published = written.published.get().map(|of| of.0);
    let kept_at_least = written.kept_at_least.get().map(|of| of.0.to_f64());
    match (written.every.is_written(), written.within.is_written()) {
        (true, false) => {}
        (false, true) => {
            let clock = ["by", "on_day", "time_zone"];
            for (name, key, _) in written.written().filter(|(name, ..)| clock.contains(name)) {
                findings
                    .report(codes::EXPECTATION, key, format!("`{name}` does nothing beside `within`"))
                    .fix("leave it out, or write `every` for `within`");
            }
            return Some(Expectation {
                how: Rhythm::Within(written.within.get()?.0),
                hours,
                published,
                kept_at_least,
            });
        }
        (both, _) => {
            let said = match both {
                true => "`every` and `within` say when it is late, each something else",
                false => "it is not said how often it is expected",
            };
            findings.report(codes::EXPECTATION, field.key, said);
            return None;
        }
    }
    let grain = written.every.cloned()?;
    if written.on_day.is_written() && grain == Grain::Day {
        findings
            .report(codes::EXPECTATION, written.on_day.key, "a day has one day")
            .fix("leave `on_day` out");
    }
    let day = written.on_day.get().and_then(|day| u32::try_from(day.0).ok());
    let (day, minute) = match written.by.get() {
        None => (day, 24 * 60),
        Some(text) => match lexical::minute(text) {
            Some(minute) => (day.or(Some(1)), minute),
            None => {
                findings
                    .report(codes::EXPECTATION, written.by.span, format!("`{text}` is no time of a day"))
                    .expected("hours and minutes, such as `\"06:00\"`")
                    .fix("write it in quotes: `by: \"06:00\"`");
                return None;
            }
        },
    };
    let zone = written.time_zone.get().map_or_else(|| project_zone.to_owned(), |zone| zone.0.clone());
    Some(Expectation { how: Rhythm::Every { grain, day, minute, zone }, hours, published, kept_at_least })
}
