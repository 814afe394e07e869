//! What items are shown with beside what the log holds: names of persons and texts, read at once for however many items there are.

use std::collections::{BTreeMap, BTreeSet};

use kepi_govern::{Content, Item, Organisation, Principal, plain::Number};
use kepi_model::{
    id::KpiId,
    project::{Measure, Project, ValueUnit},
};
use kepi_proof::Commitment;
use kepi_report::format;
use kepi_store::Store;

use crate::error::AppError;

/// Names, texts and what belongs together.
pub(crate) struct Told {
    names: BTreeMap<u64, String>,
    texts: BTreeMap<Commitment, String>,
    children: BTreeMap<u64, Vec<u64>>,
    units: BTreeMap<KpiId, ValueUnit>,
    entered: BTreeMap<String, ValueUnit>,
    clock: format::Clock,
}

impl Told {
    /// Of these items: so many queries as there are hundreds of texts, and one.
    pub async fn of(
        store: &Store,
        organisation: &Organisation,
        items: impl IntoIterator<Item = &Item>,
    ) -> Result<Self, AppError> {
        let texts = items.into_iter().flat_map(|item| {
            let ballots = item.ballots.values().filter_map(|ballot| ballot.why);
            let notes = item.work.contacts.iter().filter_map(|of| of.note);
            let notes = notes.chain(item.work.answers.iter().filter_map(|of| of.note));
            let decided = item.work.decided.values().map(|of| of.why);
            let restored = match &item.content {
                Content::Restore(of) => organisation.overrides.get(*of).and_then(|of| of.figure.segment),
                _ => None,
            };
            let remarks = item.remarks.iter().map(|of| of.text);
            let stepped = item.work.stepped.iter().filter_map(|of| of.why);
            ballots
                .chain(remarks)
                .chain(stepped)
                .chain([item.why])
                .chain(item.content.texts())
                .chain(notes)
                .chain(decided)
                .chain(restored)
        });
        let texts: Vec<Commitment> = texts.collect::<BTreeSet<_>>().into_iter().collect();
        let mut children: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for item in organisation.items.all() {
            if let Some(parent) = item.content.parent() {
                children.entry(parent).or_default().push(item.number);
            }
        }
        Ok(Self {
            names: store.names().await?,
            texts: store.read().await?.texts(&texts).await?,
            children,
            units: BTreeMap::new(),
            entered: BTreeMap::new(),
            clock: format::Clock::utc(),
        })
    }

    /// The same, with figures as the KPIs of a project are read.
    pub fn measured_by(mut self, project: &Project) -> Self {
        self.units = project.kpis.values().map(|kpi| (kpi.id.clone(), kpi.unit.clone())).collect();
        let entered = project.kpis.values().filter_map(|kpi| match &kpi.measure {
            Measure::Entered(of) => Some((of.figure.clone(), kpi.unit.clone())),
            _ => None,
        });
        self.entered = entered.collect();
        self.clock = format::Clock::new(&project.calendar);
        self
    }

    /// A figure of a KPI as people read it; as it is kept, where it is not known what it is measured in.
    pub fn figure(&self, kpi: &KpiId, figure: &Number) -> String {
        of_unit(self.units.get(kpi), figure)
    }

    /// A figure that is entered, as people read it.
    pub fn entered(&self, name: &str, figure: &Number) -> String {
        match self.entered.get(name) {
            // It is kept in seconds.
            Some(unit @ ValueUnit::Duration) => {
                of_unit(Some(unit), &Number::new(figure.get() * 1e6).unwrap_or_else(|| figure.clone()))
            }
            unit => of_unit(unit, figure),
        }
    }

    /// The day of an instant, µs UTC, where the project is: `day/2026-05-20`.
    pub fn day(&self, at: i64) -> String {
        format!("day/{}", self.clock.date(at))
    }

    /// By how much a KPI differs, as people read it.
    pub fn difference(&self, kpi: &KpiId, of: &Number) -> String {
        match self.units.get(kpi) {
            Some(unit) => format::difference(of.get(), unit, format::decimals(of.get(), None, unit)),
            None => of.to_string(),
        }
    }

    /// What to call somebody.
    pub fn name(&self, of: &Principal) -> String {
        match of {
            Principal::Person(number) => self.person(*number),
            Principal::Job(_) => of.to_string(),
        }
    }

    /// The name of a person, or the number of one whose name was erased.
    pub fn person(&self, number: u64) -> String {
        self.names
            .get(&number)
            .cloned()
            .unwrap_or_else(|| format!("somebody whose name was erased (number {number})"))
    }

    /// A text in which persons stand by number, as events do: with their names.
    pub fn with_names(&self, text: &str) -> String {
        with_names(text, &self.names)
    }

    /// The names of persons, in their order.
    pub fn people(&self, of: &BTreeSet<u64>) -> Vec<String> {
        let mut names: Vec<String> = of.iter().map(|number| self.person(*number)).collect();
        names.sort();
        names
    }

    /// A text; none: it was erased.
    pub fn text(&self, of: &Commitment) -> Option<String> {
        self.texts.get(of).cloned()
    }

    /// The numbers of the items that belong to another.
    pub fn children(&self, of: u64) -> &[u64] {
        self.children.get(&of).map_or(&[], Vec::as_slice)
    }
}

/// A text with the names of the persons that it names by number: `now with person/2 (seat)` is `now with Ben (seat)`.
pub(crate) fn with_names(text: &str, names: &BTreeMap<u64, String>) -> String {
    let mut parts = text.split("person/");
    let mut found = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = part.split_at(digits);
        match number.parse().ok().and_then(|number| names.get(&number)) {
            Some(name) => found.push_str(name),
            None => found.extend(["person/", number]),
        }
        found.push_str(rest);
    }
    found
}

fn of_unit(unit: Option<&ValueUnit>, figure: &Number) -> String {
    match unit {
        Some(unit) => format::said(figure.get(), unit),
        None => figure.to_string(),
    }
}
