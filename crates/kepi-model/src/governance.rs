//! How it is decided what is in force: by whoever runs the project, by one other, by a board.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Serialize;

use crate::{
    business_hours::{BusinessHours, newest_come},
    calendar::{Calendar, CalendarError, Grain, Period},
    id::{BusinessHoursId, FreezeId, FunctionId, GovernanceId, PersonId, ScorecardId},
    word::words,
};

words! {
    /// How definitions come into force.
    #[derive(Default)]
    pub enum Mode {
        /// A run puts in force what stands in the files.
        #[default]
        Open = "open",
        /// Somebody else has to agree.
        Reviewed = "reviewed",
        /// The board has to agree.
        Board = "board",
    }

    /// In which respect a document differs. It decides who has to agree.
    pub enum Aspect {
        /// Who may decide, and how.
        Governance = "governance",
        /// What figures mean.
        Definition = "definition",
        /// Where data come from and how they are read.
        Data = "data",
        /// What a scorecard makes of KPIs.
        Weight = "weight",
        /// What ought to be reached.
        Target = "target",
        /// Who answers for it.
        Owner = "owner",
        /// When somebody is away: what waits for them is then somebody else's.
        Absence = "absence",
        /// How it is called and explained, or only how it is written.
        Words = "words",
    }
}

impl Mode {
    /// Its word.
    pub fn word(self) -> &'static str {
        crate::word::Word::word(self)
    }
}

impl Aspect {
    /// The aspect of a word.
    pub fn of_word(word: &str) -> Option<Self> {
        crate::word::Word::from_word(word)
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        crate::word::Word::word(self)
    }

    /// In which respect a document of a kind differs if what stands under a key of it does. What is not known to be
    /// harmless counts as the strictest that documents of the kind can have.
    pub fn of_key(kind: &str, key: &str) -> Self {
        match (kind, key) {
            // An address decides who it is that signs in.
            ("person", "name" | "role") | ("role", "name") => Self::Words,
            ("person", "away") => Self::Absence,
            ("person", "reports_to" | "dotted_to" | "substitute")
            | ("unit", "seats")
            | ("project", "last_resort") => Self::Owner,
            ("person" | "role" | "policy" | "governance", _) => Self::Governance,
            // What a source owes is agreed on as a target is.
            ("kpi", "targets") | ("source", "expect") => Self::Target,
            ("kpi", "accountable" | "responsible" | "consulted" | "informed")
            | ("unit", "manager")
            | ("source", "owner" | "unit") => Self::Owner,
            // Without a `member` it says which rows are the unit's.
            ("unit", "name") => Self::Definition,
            ("kpi", "assumptions" | "proposed_by") | (_, "name" | "description") => Self::Words,
            (
                "scorecard",
                "period" | "unit" | "cascade" | "from" | "time_zone" | "calendar" | "week_start"
                | "fiscal_year_start",
            ) => Self::Definition,
            (kind, _) => Self::of_kind(kind),
        }
    }

    /// In which respect a new document of a kind differs, or one that goes.
    pub fn of_kind(kind: &str) -> Self {
        match kind {
            "person" | "role" | "policy" | "governance" => Self::Governance,
            "source" | "connection" => Self::Data,
            "scorecard" | "incentive_plan" => Self::Weight,
            _ => Self::Definition,
        }
    }
}

/// How it is decided what is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Governance {
    /// Its name.
    pub id: GovernanceId,
    /// How definitions come into force.
    pub mode: Mode,
    /// Who has to agree to changes of the governance.
    pub owners: BTreeSet<PersonId>,
    /// The board by the function that its members speak for.
    pub board: BTreeMap<FunctionId, BTreeSet<PersonId>>,
    /// How many functions have to say yes.
    pub quorum: u16,
    /// Periods that are frozen by themselves.
    pub freezes: BTreeMap<FreezeId, FreezeRule>,
    /// Who can put a change in force at once.
    pub emergency: Option<Emergency>,
}

/// Who can put a change in force at once, to be ratified later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emergency {
    /// Of whom two have to say yes.
    pub among: BTreeSet<PersonId>,
    /// Within so many days it is ratified, or taken back.
    pub days: u16,
}

/// A period that is frozen by itself some days after it is over, until it is closed or others lift it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FreezeRule {
    /// How long its periods are.
    pub period: Grain,
    /// On the how-manieth day of business after the period's end it begins.
    pub after: u16,
    /// In which respects nothing changes from then on.
    pub aspects: BTreeSet<Aspect>,
    /// Only this scorecard and its KPIs.
    pub scope: Option<ScorecardId>,
    /// Whose days of business count; none: Monday to Friday.
    pub business_hours: Option<BusinessHoursId>,
}

impl FreezeRule {
    /// The newest period that it freezes by a day, by what is open on which day; none: never, as nobody works.
    ///
    /// # Errors
    /// The day lies outside the years that are known.
    pub fn due(
        &self,
        calendar: &Calendar,
        today: Date,
        hours: Option<&BusinessHours>,
    ) -> Result<Option<Period>, CalendarError> {
        newest_come((self.after, self.period), calendar, today, hours)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_called_a_name_may_mean_more() {
        assert_eq!(Aspect::of_key("kpi", "name"), Aspect::Words);
        assert_eq!(Aspect::of_key("unit", "name"), Aspect::Definition, "which rows are the unit's");
        assert_eq!(
            Aspect::of_key("scorecard", "calendar"),
            Aspect::Definition,
            "other periods are other figures"
        );
        assert_eq!(Aspect::of_key("person", "away"), Aspect::Absence, "whose turn it is meanwhile");
        assert_eq!(Aspect::of_key("person", "email"), Aspect::Governance, "who it is that signs in");
    }
}
