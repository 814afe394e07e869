//! Figures by two definitions, as a dual run finds them: by what is in force, and by what is proposed.

use kepi_query::value::Segment;
use serde::{Deserialize, Serialize};

/// What a dual run found. Nothing of it is published.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DualRun {
    /// When, µs UTC.
    pub at: i64,
    /// KPIs by both.
    pub figures: Vec<Both>,
    /// Scorecards by both.
    pub scores: Vec<Both>,
    /// What analyses say of KPIs that are new.
    #[serde(default)]
    pub vetted: Vec<Vetted>,
    /// Why there are no figures by what is proposed, if there are none.
    #[serde(default)]
    pub not_run: Option<String>,
}

/// Figures of a KPI or scorecard by both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Both {
    /// Its name.
    pub id: String,
    /// How many figures differ, of all periods and parts; none: not all of them are seen.
    pub counts: Option<Counts>,
    /// The newest periods over all rows, oldest first.
    pub newest: Vec<ByBoth>,
    /// Parts of the newest period in which any differs, what differs most first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<ByBoth>,
}

/// How many figures of all of history stay and how many do not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Both have them, and they are the same.
    pub same: u64,
    /// Both have them, and they differ.
    pub differ: u64,
    /// Only what is proposed has them.
    pub new: u64,
    /// Only what is in force has them.
    pub gone: u64,
}

/// A figure by both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByBoth {
    /// The period.
    pub period: String,
    /// The part: a segment of a KPI, the unit of a score; empty: all rows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub part: String,
    /// As it is; none: there is nothing.
    pub before: Option<Said>,
    /// As it would be.
    pub after: Option<Said>,
}

/// A figure as people read it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The figure, or why there is none.
    pub text: String,
    /// Its interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<String>,
}

/// What an analysis says of a KPI that is new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vetted {
    /// The KPI.
    pub kpi: String,
    /// The analysis: `vanity`, `redundancy`.
    pub analysis: String,
    /// In words.
    pub said: String,
}

impl Counts {
    /// Counts a figure that one of them has, or both.
    pub fn count(&mut self, same: bool, before: bool, after: bool) {
        match (before, after) {
            (true, true) if same => self.same += 1,
            (true, true) => self.differ += 1,
            (false, _) => self.new += 1,
            (true, false) => self.gone += 1,
        }
    }

    /// In words: `3 differ, 12 stay`.
    pub fn words(self) -> String {
        let counts = [(self.differ, "differ"), (self.same, "stay"), (self.new, "are new"), (self.gone, "go")];
        let counts: Vec<String> =
            counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
        if counts.is_empty() { "no figures".to_owned() } else { counts.join(", ") }
    }
}

impl Both {
    /// What of it somebody sees who does not see all parts: those for which `shows` says so, and no count of all.
    pub(crate) fn seen(&mut self, whole: bool, shows: impl Fn(&str) -> bool) {
        if !whole {
            self.counts = None;
        }
        self.newest.retain(|of| shows(&of.part));
        self.parts.retain(|of| shows(&of.part));
    }
}

impl ByBoth {
    /// The part as a segment of a KPI.
    pub fn segment(&self) -> Option<Segment> {
        self.part.parse().ok()
    }
}

impl Said {
    /// With its interval: `4.1, 3.9 – 4.3`.
    pub fn words(&self) -> String {
        match &self.interval {
            Some(interval) => format!("{}, {interval}", self.text),
            None => self.text.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sees_a_part_sees_no_counts_of_all_and_no_other_part() {
        let row = |part: &str| ByBoth { part: part.to_owned(), ..ByBoth::default() };
        let all = Both {
            id: "nps".to_owned(),
            counts: Some(Counts { same: 1, differ: 2, new: 0, gone: 0 }),
            newest: vec![row("")],
            parts: vec![row("region=north"), row("region=south")],
        };
        let mut part = all.clone();
        part.seen(false, |part| part == "region=north");
        assert_eq!((part.counts, part.newest.len(), part.parts.len()), (None, 0, 1));
        let mut whole = all.clone();
        whole.seen(true, |_| true);
        assert_eq!(whole, all);
        assert_eq!(all.counts.map(Counts::words).as_deref(), Some("2 differ, 1 stay"));
    }
}
