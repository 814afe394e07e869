//! Pieces that several pages show in the same way.

use std::collections::BTreeSet;

use kepi_report::{
    format, svg,
    view::{
        Bridge, BridgePart, Change, Choice, Freshness, ItemRow, KpiRow, Measured, Outcome, Person, Points,
        Status, UnitChoice, signed_parts,
    },
};
use maud::{Markup, html};

/// A status: shape and word.
pub(crate) fn status(status: Status) -> Markup {
    html! { span class={ "status " (status.code()) } { span.shape aria-hidden="true" { (status.shape()) } " " (status.label()) } }
}

/// A score with one decimal, or why there is none.
pub(crate) fn score(score: &Outcome<Points>) -> Markup {
    match score {
        Outcome::Value(points) => html! { span.num { (points.text) } },
        Outcome::Reason(reason) => html! { span.reason { (reason.text) } },
    }
}

/// A value with its interval, or why there is none.
pub(crate) fn value(value: &Outcome<Measured>) -> Markup {
    match value {
        Outcome::Value(measured) => html! {
            span {
                strong.num { (measured.value.text) }
                @if let Some(interval) = measured.interval.value() { " " span.plusminus { (interval.text) } }
                (mark(measured))
            }
        },
        Outcome::Reason(reason) => html! { span.reason { (reason.text) } },
    }
}

/// That people said it in place of what was computed.
pub(crate) fn mark(measured: &Measured) -> Markup {
    html! { @if let Some(mark) = &measured.mark { " " span.finality { (mark) } } }
}

/// A change with what it means, or why there is none.
pub(crate) fn change(change: &Outcome<Change>) -> Markup {
    match change {
        Outcome::Value(change) => html! {
            span.num { (change.difference.text) }
            span.verdict { (change.said) " since " (change.since) }
        },
        Outcome::Reason(reason) => html! { span.reason { (reason.text) } },
    }
}

/// A person with the role.
pub(crate) fn person(person: &Person) -> Markup {
    html! { (person.name) @if let Some(role) = &person.role { span.role { (role) } } }
}

/// A person, or that there is none.
pub(crate) fn accountable(who: Option<&Person>) -> Markup {
    match who {
        Some(who) => person(who),
        None => html! { span.reason { "nobody is accountable" } },
    }
}

/// The value against its target, or why there is no picture of it.
pub(crate) fn against_target(row: &KpiRow) -> Markup {
    match (&row.value, &row.target) {
        (Outcome::Value(measured), Some(target)) => html! {
            (svg::bullet(&row.kpi.name, measured, row.status, target, &row.measured_in))
            span.target-text { "target " (target.target) }
        },
        (Outcome::Value(_), None) => html! { span.reason { "no target" } },
        (Outcome::Reason(_), Some(target)) => html! { span.target-text { "target " (target.target) } },
        (Outcome::Reason(_), None) => html! { span.reason { "no target" } },
    }
}

/// More rows than this hide what matters; the smallest are counted together.
const MOST_STEPS: usize = 12;

/// What moved a score, as a table of steps that lead from one to the other.
pub(crate) fn bridge(of: &Bridge) -> Markup {
    let parts = few(&of.parts);
    let scale = svg::step_scale(&of.from, &parts);
    let bars = svg::steps(&of.from, &parts, &scale);
    let only_performance = parts.iter().all(|part| part.effect == "performance");
    html! {
        table.bridge {
            thead.sr { tr { th scope="col" { "Part" } th scope="col" { "Picture" } th scope="col" { "Points" } } }
            tbody {
                tr.end { th scope="row" { (of.from_label) } td {} td.num { (of.from.text) } }
                @for (part, bar) in parts.iter().zip(bars) {
                    tr {
                        th scope="row" {
                            (part.name)
                            @if !only_performance { " " span.detail { (part.effect) } }
                            @if !part.said.is_empty() { span.said { (part.said) } }
                        }
                        td { (bar) }
                        td.num { (part.points.text) }
                    }
                }
                tr.end { th scope="row" { (of.to_label) } td {} td.num { (of.to.text) } }
            }
        }
        @if of.parts.is_empty() { p.note { "Nothing has moved it." } }
    }
}

/// The largest parts in their order, and all others as one.
fn few(parts: &[BridgePart]) -> Vec<BridgePart> {
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|i| std::cmp::Reverse(parts.get(*i).map_or(0, |p| p.points.micro.abs())));
    let kept: BTreeSet<usize> = if parts.len() > MOST_STEPS {
        order.into_iter().take(MOST_STEPS - 1).collect()
    } else {
        (0..parts.len()).collect()
    };
    let (kept, others): (Vec<_>, Vec<_>) = parts.iter().enumerate().partition(|(i, _)| kept.contains(i));
    let (mut few, others): (Vec<BridgePart>, Vec<&BridgePart>) = (
        kept.into_iter().map(|(_, part)| part.clone()).collect(),
        others.into_iter().map(|(_, part)| part).collect(),
    );
    if !others.is_empty() {
        let sums: Vec<i64> =
            few.iter().map(|p| p.points.micro).chain([others.iter().map(|p| p.points.micro).sum()]).collect();
        few.push(BridgePart {
            name: format!("{} smaller ones", others.len()),
            effect: "together",
            points: Points::new(0),
            said: String::new(),
            kpis: Vec::new(),
        });
        // Rounded anew, so that what is shown still adds up.
        for (part, points) in few.iter_mut().zip(signed_parts(&sums)) {
            part.points = points;
        }
    }
    few
}

/// How current a value is, where it deserves a word.
pub(crate) fn freshness(freshness: &Freshness) -> Markup {
    html! {
        (freshness.text)
        @if let Some(remark) = freshness.remark() { " · " span.finality { (remark) } }
    }
}

/// Period and unit to choose, as a plain form, with links to the neighbouring periods.
pub(crate) fn chooser(path: &str, periods: &[Choice], units: &[UnitChoice], keep: &[(&str, &str)]) -> Markup {
    let chosen = periods.iter().position(|p| p.chosen);
    let unit = units.iter().find(|u| u.chosen && u.depth > 0).map(|u| u.id.as_str());
    let link = |period: &Choice| {
        let mut query: Vec<(&str, &str)> = vec![("period", &period.id)];
        query.extend(unit.map(|u| ("unit", u)));
        query.extend(keep.iter().copied());
        href(path, &query)
    };
    let earlier = chosen.and_then(|i| periods.get(i + 1));
    let later = chosen.and_then(|i| periods.get(i.checked_sub(1)?));
    html! {
        @if !periods.is_empty() || !units.is_empty() {
            form.chooser method="get" action=(path) {
                @for (name, value) in keep { input type="hidden" name=(name) value=(value); }
                @if !periods.is_empty() {
                    label { span { "Period" }
                        select name="period" {
                            @for p in periods { option value=(p.id) selected[p.chosen] { (p.name) } }
                        }
                    }
                }
                @if units.len() > 1 {
                    label { span { "Unit" }
                        select name="unit" {
                            @for u in units {
                                option value=(u.id) selected[u.chosen] {
                                    @for _ in 0..u.depth { "\u{a0}\u{a0}" }
                                    (u.status.shape()) " " (u.name)
                                    @if let Some(points) = u.score.value() { " · " (points.text) }
                                }
                            }
                        }
                    }
                }
                button type="submit" { "Show" }
                @if let Some(period) = earlier { a.step href=(link(period)) rel="prev" { "← " (period.id) } }
                @if let Some(period) = later { a.step href=(link(period)) rel="next" { (period.id) " →" } }
            }
        }
    }
}

/// The way to a table as a file.
pub(crate) fn download(path: &str, query: &[(&str, &str)], what: &str) -> Markup {
    html! { p.download { a href=(href(path, query)) download { (what) " as CSV" } } }
}

/// A path with a query, everything escaped that must be.
pub(crate) fn href(path: &str, query: &[(&str, &str)]) -> String {
    let mut out = path.to_owned();
    for (i, (key, value)) in query.iter().enumerate() {
        out.push(if i == 0 { '?' } else { '&' });
        out.push_str(key);
        out.push('=');
        out.push_str(&escape(value));
    }
    out
}

/// Percent-encodes all but the unreserved characters of RFC 3986.
pub(crate) fn escape(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A time as people read it, `22 November 2026, 10:08 (UTC−08:00)`; what is not RFC 3339 stays as it is.
pub(crate) fn time(text: &str) -> Markup {
    html! { time datetime=(text) { (readable(text).unwrap_or_else(|| text.to_owned())) } }
}

fn readable(text: &str) -> Option<String> {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let (date, time) = text.split_once('T')?;
    let [year, month, day] = date.split('-').collect::<Vec<_>>().try_into().ok()?;
    let month = MONTHS.get(month.parse::<usize>().ok()?.checked_sub(1)?)?;
    let day: u8 = day.parse().ok()?;
    let zone = match time.get(8..)? {
        "Z" | "+00:00" => "UTC".to_owned(),
        offset => format!("UTC{}", offset.replace('-', "−")),
    };
    Some(format!("{day} {month} {year}, {} ({zone})", time.get(..5)?))
}

/// The day of a time, `22 November 2026`; what is not RFC 3339 stays as it is.
pub(crate) fn day(text: &str) -> Markup {
    let whole = readable(text);
    let day = whole.as_deref().and_then(|whole| whole.split(',').next()).unwrap_or(text);
    html! { time datetime=(text) { (day) } }
}

/// Who wants it, and why.
pub(crate) fn asks(row: &ItemRow) -> Markup {
    html! {
        p.asks {
            (row.by.join(", "))
            @match &row.why { Some(why) => { ": “" (why) "”" } None => { " (the reason was erased)" } }
        }
    }
}

/// A count with groups.
pub(crate) fn count(n: u64) -> Markup {
    html! { span.num { (format::count(n)) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_readable() {
        let shown = |text| readable(text).unwrap_or_default();
        assert_eq!(shown("2026-11-22T10:08:59-08:00"), "22 November 2026, 10:08 (UTC−08:00)");
        assert_eq!(shown("2026-01-05T00:00:00Z"), "5 January 2026, 00:00 (UTC)");
        for text in ["", "yesterday", "2026-13-01T00:00:00Z", "2026-01-01T00"] {
            assert_eq!(readable(text), None, "{text}");
        }
    }

    #[test]
    fn queries_cannot_break_out() {
        assert_eq!(
            href("/kpis/x", &[("segment", "tier=A&B \"é\"")]),
            "/kpis/x?segment=tier%3DA%26B%20%22%C3%A9%22"
        );
    }
}
