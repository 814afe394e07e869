//! What speaks for a point of an agenda that is about a journey or a source, as it is published now.

use kepi_insight::stages;
use kepi_model::{calendar::Period, id::EntityId, project::Source};
use kepi_query::landing::{LoadOutcome, RowCounts};

use super::Reporter;
use crate::{
    decided::About,
    format,
    say::Say,
    view::{AboutView, Named, SourceState},
};

impl<'a> Reporter<'a> {
    /// What a point is about, by its shown name.
    pub(super) fn about_point(self, of: &About) -> AboutView {
        let project = self.project();
        match of {
            About::Kpi(id) => AboutView::Kpi(self.kpi_named(id)),
            About::Journey(id) => {
                let known = id.parse().ok().and_then(|id: EntityId| project.entities.get(&id));
                AboutView::Journey(Named::new(id, known.map_or(id.as_str(), |of| of.name.as_str())))
            }
            About::Source(id) => {
                let known = id.parse().ok().and_then(|id| project.sources.get(&id));
                AboutView::Source(Named::new(id, known.map_or(id.as_str(), |of| of.name.as_str())))
            }
        }
    }

    /// What is unusual at the stages of a journey, each under its stage.
    pub(super) fn evidence_of_journey(self, id: &str, within: Period) -> Vec<(String, String)> {
        let Ok(journey) = id.parse() else { return Vec::new() };
        let departed = stages::departed(&journey, within, &self);
        let said = departed.into_iter().map(|of| {
            let say = Say::of(of.kpi, None, self.project().calendar_of(of.kpi));
            let now = say.number(of.now).text;
            (of.stage.to_owned(), format!("{}: {now}, {}.", of.kpi.name, say.judged(&Ok(of.usual))))
        });
        let mut said: Vec<_> = said.collect();
        if said.is_empty() {
            said.push((
                "Stages".to_owned(),
                "By what is published now nothing is unusual at any of them.".to_owned(),
            ));
        }
        said
    }

    /// How a source delivered in a period and since, and what became of its rows.
    pub(super) fn evidence_of_source(self, source: &'a Source, within: Period) -> Vec<(String, String)> {
        let mut said = Vec::new();
        let mut say = |about: &str, words: String| said.push((about.to_owned(), words));
        let delivery = self.delivery(source);
        let expected = delivery.expected.as_ref().map_or(String::new(), |of| format!(", expected {of}"));
        let of = match (delivery.state, delivery.late) {
            (SourceState::Late, Some(late)) => format!("The next is {} late{expected}.", format::time(late)),
            (SourceState::Nothing, _) => format!("Nothing of it has landed yet{expected}."),
            (SourceState::Landed, _) => "It has landed; nobody said when it is to deliver.".to_owned(),
            (state, _) => format!("It is {}{expected}.", state.word()),
        };
        say("Deliveries", of);
        if let Ok(bounds) = self.project().calendar.bounds(within) {
            let due = self.promised(source).into_iter();
            let due: Vec<_> = due.filter(|of| of.due > bounds.start && of.due <= bounds.end).collect();
            if !due.is_empty() {
                let kept = due.iter().filter(|of| of.is_kept()).count();
                let late =
                    due.iter().filter(|of| of.is_overdue || of.came.is_some() && !of.is_kept()).count();
                say(
                    "Promised",
                    format!(
                        "Of {} that were due in {} {kept} came in time, {late} late and {} not at all.",
                        due.len(),
                        self.label(within),
                        due.len() - kept - late
                    ),
                );
            }
            let own = self.facts.loads().iter().filter(|load| load.source == source.id);
            let landed = own.filter(|load| load.at >= bounds.start && load.outcome == LoadOutcome::Landed);
            let rows: RowCounts = landed.map(|load| load.counts).sum();
            if rows.landed() + rows.quarantined > 0 {
                let since = self.project().calendar.label(within);
                say(
                    "Rows",
                    format!(
                        "Since {since} began {} landed, of which {} were set aside and {} correct others.",
                        format::count(rows.landed()),
                        format::count(rows.quarantined),
                        format::count(rows.superseding)
                    ),
                );
            }
        }
        let reliability = self.reliability_of(source, &self.facts.published_runs());
        if let Some(score) = reliability.score {
            say("Reliability", format!("{score:.0} of 100 over the last year."));
        }
        let n = self
            .project()
            .kpis
            .values()
            .filter(|kpi| self.sources_of(kpi).any(|of| of.id == source.id))
            .count();
        say("Feeds", if n == 1 { "1 KPI.".to_owned() } else { format!("{n} KPIs.") });
        said
    }
}
