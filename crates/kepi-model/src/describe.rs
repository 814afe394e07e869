//! Measures in plain English and as short formulas, for people who read a KPI's page.

pub use crate::lexical::type_text;
use crate::{
    calendar::{Begins, FiscalCalendar},
    definitions::{Month, Weekday},
    measure::{Design, Words},
    project::{Kpi, Project},
    word::Word,
};

/// How days make weeks, months and years: `years of weeks by 4-4-5 from February, weeks from Sunday`.
pub fn fiscal(of: FiscalCalendar) -> String {
    let word = |words: &[&str], place: u8| {
        let word = words.get(usize::from(place)).copied().unwrap_or_default();
        let (first, rest) = word.split_at(word.len().min(1));
        format!("{}{rest}", first.to_uppercase())
    };
    let years = of.weeks.map_or_else(String::new, |weeks| {
        let last = if weeks.begins == Begins::Last { ", begun by the last" } else { "" };
        format!(" of weeks by {}{last}", weeks.pattern.word())
    });
    let month = word(Month::WORDS, of.fiscal_year_start.saturating_sub(1));
    format!("years{years} from {month}, weeks from {}", word(Weekday::WORDS, of.week_start))
}

/// What a KPI measures, in one sentence without full stop.
pub fn measure(kpi: &Kpi, project: &Project) -> String {
    let words = Words { entities: &project.entities };
    let mut text = kpi.measure.kind().words(&words);
    if let (Some(weight), Some(base)) = (&kpi.weight, kpi.measure.bases().first()) {
        text.push_str(&format!("; rows are weighted by {}", words.value(weight, base)));
    }
    text.extend(kpi.design.as_ref().map(Design::words));
    if let Some(over) = kpi.over {
        text.push_str(&format!("; over {}", over.words()));
    }
    for (dimension, crosswalk) in &kpi.bridged {
        let (name, day) = (dimension.as_str().replace('_', " "), crosswalk.day);
        text.push_str(&format!(
            "; {name} bridged by {}: by the codes from {day} on, also before",
            crosswalk.name
        ));
    }
    text
}

/// The formula of a KPI, in short.
pub fn formula(kpi: &Kpi, project: &Project) -> String {
    let mut text = kpi
        .measure
        .kind()
        .formula(&Words { entities: &project.entities }, kpi.weight.is_some() || kpi.design.is_some());
    if let Some(over) = kpi.over {
        text.push_str(&format!(", {}", over.label()));
    }
    text
}
