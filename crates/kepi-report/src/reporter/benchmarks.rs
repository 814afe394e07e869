//! Figures of others on record.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::Reporter;
use crate::{benchmarks, view::BenchmarksView};

impl Reporter<'_> {
    /// Figures of others, and the targets of seen KPIs that rest on them.
    pub fn benchmarks(self) -> BenchmarksView {
        let seen = |kpi: &kepi_model::project::Kpi| self.facts.sees_kpi(&kpi.id, None);
        BenchmarksView {
            project: self.project_view(),
            benchmarks: benchmarks::on_record(self.project(), self.today(), seen),
        }
    }

    /// Today in the reporting zone, if it is known what time it is.
    pub(crate) fn today(self) -> Option<Date> {
        let zone = TimeZone::get(&self.project().calendar.zone).unwrap_or(TimeZone::UTC);
        Some(Timestamp::from_microsecond(self.facts.now()?).ok()?.to_zoned(zone).date())
    }
}
