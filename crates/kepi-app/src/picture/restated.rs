//! Why a final figure is another now: what changed of all that it rests on between the two runs that said it.

use kepi_model::{
    id::{EntityId, KpiId},
    project::{Connector, Project},
};
use kepi_query::{
    finish,
    landing::{LoadOutcome, LoadReport, RowCounts},
    published::{Run, Vouched},
};

/// Two runs, each with what it says of the KPI.
pub(super) struct Between<'a> {
    /// The one whose final figure was another.
    pub then: (&'a Run, Option<Vouched>),
    /// The one that says what it is now.
    pub now: (&'a Run, Option<Vouched>),
}

impl Between<'_> {
    /// What changed, in words: definition, sources, rows, calendar, engine. Several may have, and which of them moved the figure
    /// is not told: all of them are.
    pub fn because(&self, kpi: &KpiId, project: &Project, loads: &[LoadReport]) -> Vec<String> {
        let mut said = Vec::new();
        let ((then, was), (now, is)) = (&self.then, &self.now);
        if let (Some(was), Some(is)) = (was, is) {
            if was.definition != is.definition {
                said.push("its definition changed".to_owned());
            }
            if was.mapping != is.mapping {
                said.push("a source that feeds it, or a rule about its data, changed".to_owned());
            }
        }
        if then.pins.calendar != now.pins.calendar || then.pins.zones != now.pins.zones {
            said.push("the calendar or the data of time zones changed".to_owned());
        }
        if then.pins.engine != now.pins.engine {
            said.push(format!("another version computed it ({})", now.pins.engine.0));
        }
        let is_between = |load: &&LoadReport| {
            let of = load.snapshot.is_some_and(|of| of > then.pins.snapshot && of <= now.pins.snapshot);
            of && load.outcome == LoadOutcome::Landed
        };
        let entities = project.kpis.get(kpi).map(|kpi| finish::basis(kpi, project).entities);
        for source in project.sources.values() {
            if !entities.as_ref().is_some_and(|entities| entities.contains(&source.into)) {
                continue;
            }
            let own = loads.iter().filter(|load| load.source == source.id && is_between(load));
            // A file that was read anew with what people say of its rows came when it came.
            let (by_hand, came): (Vec<_>, Vec<_>) = own.partition(|load| !load.corrections.is_empty());
            let sum = |of: Vec<&LoadReport>| of.into_iter().map(|load| load.counts).sum();
            let entered = source.from == Connector::Entries;
            said.extend(landed(&source.name, sum(came), sum(by_hand), entered));
        }
        for source in project.sources.values().filter(|source| source.merges.is_some()) {
            let own = loads.iter().filter(|load| load.source == source.id && is_between(load));
            let rows = own.flat_map(|load| &load.followed);
            let counted = |of: &EntityId| entities.as_ref().is_some_and(|entities| entities.contains(of));
            said.extend(merged(&source.name, rows.filter(|(of, _)| counted(of)).map(|(_, n)| n).sum()));
        }
        said
    }
}

/// What a source brought since, of whatever period: rows, new versions of rows that were there, and rows that people corrected by hand.
fn landed(source: &str, counts: RowCounts, by_hand: RowCounts, entered: bool) -> Option<String> {
    let rows = |n: u64, one: &str, many: &str| match n {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{n} {many}")),
    };
    let (new, again) = if entered {
        (
            rows(counts.accepted, "figure was entered", "figures were entered"),
            rows(counts.superseding, "figure was entered again", "figures were entered again"),
        )
    } else {
        (
            rows(counts.accepted, "row landed since", "rows landed since"),
            rows(counts.superseding, "row landed anew", "rows landed anew"),
        )
    };
    let corrected = rows(
        by_hand.accepted + by_hand.superseding,
        "row was corrected by hand",
        "rows were corrected by hand",
    );
    let both: Vec<String> = [new, again, corrected].into_iter().flatten().collect();
    (!both.is_empty()).then(|| format!("{source}: {}", both.join(", ")))
}

/// Rows that refer to others because of what a source merged.
fn merged(source: &str, rows: u64) -> Option<String> {
    let (count, say) = if rows == 1 { ("row", "refers") } else { ("rows", "refer") };
    (rows > 0).then(|| format!("{source}: {rows} {count} {say} to others, because of merges"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_entries_are_told_by_their_number() {
        let counts = |accepted, superseding| RowCounts { accepted, superseding, ..RowCounts::default() };
        let none = RowCounts::default();
        assert_eq!(landed("Shop", counts(0, 0), none, false), None);
        assert_eq!(
            landed("Shop", none, counts(2, 0), false).as_deref(),
            Some("Shop: 2 rows were corrected by hand")
        );
        assert_eq!(
            landed("Shop", counts(1, 3), none, false).as_deref(),
            Some("Shop: 1 row landed since, 3 rows landed anew")
        );
        assert_eq!(
            landed("Desk", counts(0, 1), none, true).as_deref(),
            Some("Desk: 1 figure was entered again")
        );
    }
}
