//! Commentary: what happened to a KPI in a period, why, what is done, what is to be expected, and what is not sure of that. It is whole or not filed, and it
//! does not name only what speaks for it.

use kepi_govern::{
    Content,
    items::{self, Named},
    periods::PeriodId,
};
use kepi_model::{
    calendar::Period,
    project::{Better, Kpi, Project},
};
use kepi_query::{state::Member, value::Segment};
use kepi_store::NewText;

use crate::{
    acting::{Figures, whole},
    deciding::{Acting, Deciding},
    error::AppError,
    named,
    open::App,
};

/// What is said.
#[derive(Debug, Clone, Copy)]
pub struct Commenting<'a> {
    /// The KPI.
    pub kpi: &'a str,
    /// The period.
    pub period: &'a str,
    /// The unit; none: of all rows.
    pub unit: Option<&'a str>,
    /// What happened.
    pub what: &'a str,
    /// Why.
    pub why: &'a str,
    /// What is done about it.
    pub done: &'a str,
    /// What is to be expected.
    pub outlook: &'a str,
    /// What is not sure of that, and what speaks against it.
    pub unsure: &'a str,
}

impl App {
    /// Files a commentary on a published figure, which one other reads unless the project is open.
    ///
    /// # Errors
    /// A part says nothing, the KPI has no figure there, only segments are named that are better than before although others are not, or
    /// the database refuses.
    pub async fn comment(&self, of: Commenting<'_>, acting: Acting<'_>) -> Result<u64, AppError> {
        let parts = [
            ("what", of.what),
            ("why", of.why),
            ("done", of.done),
            ("outlook", of.outlook),
            ("unsure", of.unsure),
        ];
        whole(&parts)?;
        let (project, period, first, _) = self.period_of(of.kpi, of.period).await?;
        let (kpi, unit) = (named::kpi(&project, of.kpi)?, named::unit(&project, of.unit)?);
        let figures = Figures::of(self, &project).await?;
        if figures.change(kpi, period, &Segment::total()).is_none() {
            let why = format!("no figure of `{}` is published in {}", kpi.id, of.period);
            return Err(AppError::NotFound(why));
        }
        let runs = self.values.runs(None).await.map_err(AppError::Lake)?;
        let run = runs.last().map_or(0, |run| run.number.unsigned_abs());
        let named = segments_named(&figures, (&project, kpi, period), &parts.map(|(_, text)| text), run);
        let texts: Vec<NewText> = parts.iter().map(|(_, text)| NewText::new((*text).to_owned())).collect();
        let [what, why, done, outlook, unsure] = &texts[..] else { return Err(AppError::Busy) };
        let content = Content::Commentary(items::Commentary {
            kpi: kpi.id.clone(),
            unit,
            period: PeriodId { grain: period.grain, first },
            what: what.commitment,
            why: why.commitment,
            done: done.commitment,
            outlook: outlook.commitment,
            unsure: Some(unsure.commitment),
            named,
        });
        Deciding(&self.store).ask_with(content, texts, acting, of.what).await
    }
}

/// Segments that texts name, by whether they are better than before.
fn segments_named(
    figures: &Figures,
    (project, kpi, period): (&Project, &Kpi, Period),
    texts: &[&str],
    run: u64,
) -> Named {
    let said = texts.join(" \u{0} ").to_lowercase();
    let mut counted = Named { run, ..Named::default() };
    for segment in figures.segments(kpi, period) {
        let Some(Some(change)) = figures.change(kpi, period, &segment) else { continue };
        let better = match kpi.better {
            Better::Higher => change > 0.0,
            Better::Lower => change < 0.0,
            // Where both ends are bad, a change says nothing by itself.
            Better::InRange => continue,
        };
        let known = segment
            .0
            .iter()
            .filter_map(|(_, member)| match member {
                Member::Value(name) => Some(&**name),
                Member::Unknown => None,
            })
            .flat_map(|member| {
                let units = project.units.values().filter(move |unit| unit.member == member);
                units.map(|unit| unit.name.clone()).chain([member.to_owned()])
            });
        let is_named = known.into_iter().any(|name| has_word(&said, &name.to_lowercase()));
        counted.favourable += u32::from(better && is_named);
        counted.other += u32::from(!better && is_named);
        counted.all_other += u32::from(!better);
    }
    counted
}

/// Whether a text has a name in it, not as a part of a longer word.
fn has_word(text: &str, name: &str) -> bool {
    let is_edge = |of: Option<char>| of.is_none_or(|of| !of.is_alphanumeric());
    text.match_indices(name).any(|(at, found)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + found.len()..).and_then(|after| after.chars().next());
        !name.is_empty() && is_edge(before) && is_edge(after)
    })
}

#[cfg(test)]
mod tests {
    use super::has_word;

    #[test]
    fn a_name_is_a_word_of_its_own() {
        for (text, name, has) in [
            ("emea is worse", "emea", true),
            ("in emea, and", "emea", true),
            ("the north-east fell", "north", true),
            ("northern accounts", "north", false),
            ("überall", "all", false),
            ("", "", false),
        ] {
            assert_eq!(has_word(text, name), has, "{text} {name}");
        }
    }
}
