//! When people meet over figures, and who.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::{
    business_hours::{BusinessHours, newest_come},
    calendar::{Calendar, CalendarError, Grain, Period},
    id::{BusinessHoursId, LadderId, PersonId, ReviewId, ScorecardId, UnitId},
};

/// When people meet over the figures of a scorecard, and who.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Its name.
    pub id: ReviewId,
    /// Shown name.
    pub name: String,
    /// The scorecard whose KPIs are gone through.
    pub scorecard: ScorecardId,
    /// The unit whose figures they are; none: that of the scorecard.
    pub unit: Option<UnitId>,
    /// Each period of this length has its review.
    pub period: Grain,
    /// On the how-manieth day of business after the period's end it opens.
    pub after: u16,
    /// Days on which it opens instead, those by gates of planning among them; none: it goes by `after`.
    pub on: BTreeSet<Date>,
    /// Why it opens on days that go by a gate, in words.
    pub gates: BTreeMap<Date, String>,
    /// Whether it goes by gates alone: without one it opens on no day.
    pub by_gates: bool,
    /// Whose days of business count; none: Monday to Friday.
    pub business_hours: Option<BusinessHoursId>,
    /// Who leads it.
    pub chair: PersonId,
    /// Who takes part beside.
    pub participants: BTreeSet<PersonId>,
    /// So many days of business before it opens plans are asked for; 0: never.
    pub plans: u16,
    /// Whose turn it is if it is not closed in time; none: whoever is above.
    pub ladder: Option<LadderId>,
    /// In so many days of business it is closed.
    pub days: u16,
    /// Within so many reviews the definition of every KPI is confirmed once; none: that is not asked.
    pub rotation: Option<u16>,
}

impl Review {
    /// The newest period whose review is open, or was, on a day; none: the day of none has come.
    ///
    /// # Errors
    /// The day lies outside the years that are known.
    pub fn due(
        &self,
        calendar: &Calendar,
        today: Date,
        hours: Option<&BusinessHours>,
    ) -> Result<Option<Period>, CalendarError> {
        if !self.on.is_empty() || self.by_gates {
            let over = |day: &Date| calendar.period_of_day(self.period, *day).offset(-1);
            return Ok(self.on.range(..=today).next_back().map(over));
        }
        newest_come((self.after, self.period), calendar, today, hours)
    }

    /// By which gate it is open on a day, in words; none: by none.
    pub fn by_gate(&self, today: Date) -> Option<&str> {
        let day = self.on.range(..=today).next_back()?;
        self.gates.get(day).map(String::as_str)
    }
}
