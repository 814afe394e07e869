//! What was promised of data, and how it was kept: deliveries by their time, what units say of theirs by its cut-off, and figures so long after
//! their data; and how far a source is to be relied on.

use std::{cmp::Reverse, collections::BTreeMap};

use kepi_model::{calendar::Grain, expectation::Promised, id::UnitId, project::Source};
use kepi_query::{
    landing::{LoadOutcome, LoadReport, RowCounts},
    port::SnapshotId,
};

use super::Reporter;
use crate::{
    format,
    reader::ViewError,
    view::{Named, PromiseRow, ReliabilityRow, ServiceRow},
};

/// So many months are looked back on.
const MONTHS: i32 = 12;
const SECOND: i64 = 1_000_000;

/// How something was kept in a period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Kept {
    due: u64,
    kept: u64,
    late: u64,
    /// Not there, and the next is not due yet.
    overdue: u64,
    longest: Option<i64>,
}

impl Kept {
    fn add(&mut self, of: Promised) {
        self.due += 1;
        match of.came {
            Some(_) if of.is_kept() => self.kept += 1,
            Some(came) => {
                self.late += 1;
                self.longest = self.longest.max(Some((came - of.due) / SECOND));
            }
            None => self.overdue += u64::from(of.is_overdue),
        }
    }

    fn came(self) -> u64 {
        self.kept + self.late
    }
}

fn share(of: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| of as f64 / all as f64)
}

/// 100 times the product of the parts that are known: who delivers all of it, in time, with nothing set aside and nothing corrected, has 100.
fn score(parts: [Option<f64>; 4]) -> Option<f64> {
    let known: Vec<f64> = parts.into_iter().flatten().collect();
    (!known.is_empty()).then(|| 100.0 * known.iter().product::<f64>())
}

/// The one in the middle, of two the lesser.
fn median(mut of: Vec<i64>) -> Option<i64> {
    of.sort_unstable();
    of.get(of.len().checked_sub(1)? / 2).copied()
}

impl<'a> Reporter<'a> {
    /// The first month that is looked back on, and when it began.
    fn since(self) -> Option<(i32, i64)> {
        let calendar = &self.project().calendar;
        let now = calendar.period_at(Grain::Month, self.facts.now()?).ok()?;
        let first = now.ordinal - MONTHS + 1;
        let bounds = calendar.bounds(calendar.period(Grain::Month, first)).ok()?;
        Some((first, bounds.start))
    }

    /// What a source promised to deliver in the months that are looked back on.
    pub(super) fn promised(self, source: &Source) -> Vec<Promised> {
        let project = self.project();
        let (Some(expect), Some(now), Some((_, since))) = (&source.expect, self.facts.now(), self.since())
        else {
            return Vec::new();
        };
        let hours = expect.hours.as_ref().and_then(|id| project.business_hours.get(id)).map(|of| &of.hours);
        let delivered = self.facts.delivered(&source.id);
        let came: Vec<i64> =
            delivered.map(|of| of.deliveries.iter().map(|(at, _)| *at).collect()).unwrap_or_default();
        let mut all = expect.promised(&came, now, &project.calendar, hours);
        all.retain(|of| of.due >= since);
        all
    }

    fn landed(self, source: &Source) -> impl Iterator<Item = &'a LoadReport> {
        let since = self.since().map_or(i64::MAX, |(_, since)| since);
        let is_of = |load: &&LoadReport| load.source == source.id && load.outcome == LoadOutcome::Landed;
        let all: Vec<&LoadReport> =
            self.facts.loads().iter().filter(is_of).filter(|load| load.at >= since).collect();
        all.into_iter()
    }

    /// How far each source is to be relied on.
    pub(crate) fn reliability(self) -> Vec<ReliabilityRow> {
        let runs = self.facts.published_runs();
        self.project().sources.values().map(|source| self.reliability_of(source, &runs)).collect()
    }

    pub(super) fn reliability_of(self, source: &Source, runs: &[(i64, SnapshotId)]) -> ReliabilityRow {
        let mut kept = Kept::default();
        self.promised(source).into_iter().for_each(|of| kept.add(of));
        let rows: RowCounts = self.landed(source).map(|load| load.counts).sum();
        let of_rows = |less: u64| share(rows.landed().saturating_sub(less), rows.landed());
        let (complete, in_time) = (share(kept.came(), kept.due), share(kept.kept, kept.came()));
        let (accepted, uncorrected) = (of_rows(rows.quarantined), of_rows(rows.superseding));
        let time = self.project().entities.get(&source.into).and_then(|entity| entity.time.clone());
        let newest = |load: &LoadReport| {
            let profile = load.profiles.iter().find(|of| Some(&of.attribute) == time.as_ref())?;
            Some(profile.spread.as_ref()?.greatest)
        };
        let collected = self.landed(source).filter_map(|load| Some((load.at - newest(load)?) / SECOND));
        let collected = median(collected.collect());
        let promised = source.expect.as_ref().and_then(|of| of.published).map(|micros| micros / SECOND);
        let (mut took, mut too_slow) = (Vec::new(), 0);
        for load in self.landed(source) {
            let Some(snapshot) = load.snapshot else { continue };
            let by = runs.iter().find(|(at, of)| *at >= load.at && of.0 >= snapshot.0);
            let until = by.map(|(at, _)| *at).or(self.facts.now()).unwrap_or(load.at);
            let time = (until - load.at) / SECOND;
            took.extend(by.map(|_| time));
            // What is not published yet is too slow once its time has passed.
            too_slow += u64::from(promised.is_some_and(|most| time > most));
        }
        ReliabilityRow {
            source: Named::new(&source.id, &source.name),
            complete,
            in_time,
            accepted,
            uncorrected,
            score: score([complete, in_time, accepted, uncorrected]),
            collected,
            processed: median(took),
            promised,
            too_slow,
        }
    }

    /// What was promised of data, by source, unit and period, the newest first.
    ///
    /// # Errors
    /// What units said cannot be read.
    pub(crate) fn promises(self) -> Result<Vec<PromiseRow>, ViewError> {
        Ok(self.owed()?.into_iter().map(|(_, row)| row).collect())
    }

    /// What each unit owed in a month, all sources together, the newest month first; of months that are over whether service levels were kept.
    ///
    /// # Errors
    /// What units said cannot be read.
    pub(crate) fn service(self) -> Result<Vec<ServiceRow>, ViewError> {
        let calendar = &self.project().calendar;
        let now = self.facts.now().and_then(|now| calendar.period_at(Grain::Month, now).ok());
        let mut all: BTreeMap<(Reverse<i32>, Option<String>), ServiceRow> = BTreeMap::new();
        for (month, of) in self.owed()? {
            let unit = of.unit.as_ref().map(|unit| unit.id.clone());
            let row = all.entry((Reverse(month), unit)).or_insert_with(|| ServiceRow {
                unit: of.unit.clone(),
                period: calendar.label(calendar.period(Grain::Month, month)),
                is_over: now.is_some_and(|now| month < now.ordinal),
                due: 0,
                kept: 0,
                late: 0,
                missed: 0,
                levels: 0,
                below: Vec::new(),
            });
            row.due += of.due;
            row.kept += of.kept;
            row.late += of.late;
            row.missed += of.missed;
            row.levels += u64::from(of.met().is_some());
            if let (Some(false), Some(level)) = (of.met(), of.level) {
                let (kept, due) = (of.kept, of.due);
                row.below.push(format!(
                    "{}: {kept} of {due}, {} agreed",
                    of.source.name,
                    format::share(level)
                ));
            }
        }
        Ok(all.into_values().collect())
    }

    /// What was owed, with the month in which it was due.
    fn owed(self) -> Result<Vec<(i32, PromiseRow)>, ViewError> {
        let project = self.project();
        let calendar = &project.calendar;
        let Some((_, since)) = self.since() else { return Ok(Vec::new()) };
        // What is due at the end of a month is of that month.
        let month = |due: i64| calendar.period_at(Grain::Month, due - 1).ok().map(|of| of.ordinal);
        let named = |id: &UnitId| {
            Named::new(id, project.units.get(id).map_or(id.as_str(), |unit| unit.name.as_str()))
        };
        let mut rows = Vec::new();
        for source in project.sources.values() {
            let Some(expect) = &source.expect else { continue };
            let mut by_month: BTreeMap<i32, Kept> = BTreeMap::new();
            for of in self.promised(source) {
                let Some(month) = month(of.due) else { continue };
                by_month.entry(month).or_default().add(of);
            }
            for (ordinal, kept) in by_month.into_iter().rev() {
                let period = calendar.label(calendar.period(Grain::Month, ordinal));
                let unit = source.unit.as_ref().map(named);
                let row = row((source, unit), self.expected(expect), period, kept);
                rows.push((ordinal, PromiseRow { level: expect.kept_at_least, ..row }));
            }
        }
        let now = self.facts.now();
        let mut attested = self.facts.attested()?;
        attested.retain(|of| of.due >= since && (of.at.is_some() || now.is_some_and(|now| now >= of.due)));
        attested.sort_by(|a, b| (&a.source, &a.unit, b.due).cmp(&(&b.source, &b.unit, a.due)));
        for of in attested {
            let (Some(source), Some(month)) = (project.sources.get(&of.source), month(of.due)) else {
                continue;
            };
            let mut kept = Kept::default();
            kept.add(Promised { due: of.due, came: of.at, is_overdue: false });
            let promise = match of.days {
                1 => "said to be whole within a day of business".to_owned(),
                days => format!("said to be whole within {days} days of business"),
            };
            let unit = of.unit.as_ref().or(source.unit.as_ref()).map(named);
            rows.push((month, row((source, unit), promise, self.with_labels(&of.period), kept)));
        }
        Ok(rows)
    }
}

fn row((source, unit): (&Source, Option<Named>), promise: String, period: String, of: Kept) -> PromiseRow {
    PromiseRow {
        source: Named::new(&source.id, &source.name),
        unit,
        promise,
        period,
        due: of.due,
        kept: of.kept,
        late: of.late + of.overdue,
        missed: of.due - of.came() - of.overdue,
        longest: of.longest,
        level: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_the_product_of_what_is_known() {
        // 9 of 10 came, 6 of these 9 in time, 1 of 100 rows set aside, 5 of 100 correct another: 100 × 0.9 × ⅔ × 0.99 × 0.95 = 56.43.
        let found = score([share(9, 10), share(6, 9), share(99, 100), share(95, 100)]).unwrap();
        assert!((found - 56.43).abs() < 1e-9, "{found}");
        // Of what nobody said when it comes the rows alone speak; of what never came nothing does.
        assert_eq!(score([share(0, 0), share(0, 0), share(3, 4), share(4, 4)]), Some(75.0));
        assert_eq!(score([None; 4]), None);
        assert_eq!((median(vec![9, 1, 5]), median(vec![4, 2]), median(Vec::new())), (Some(5), Some(2), None));
    }
}
