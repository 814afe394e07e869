//! What was counted, held against what is promised: one list for the command, the tests and `make evidence`.

use kepi_stats::estimate::NotComputable;
use serde::Serialize;

use super::{Asked, Doubts, Found, Links, Outlooks, Places, Tally};

/// What is promised of a share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Floor {
    /// What is planted is found that often.
    Least(f64),
    /// What is not there is said no more often.
    Most(f64),
}

/// A line of the report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The analysis.
    pub analysis: &'static str,
    /// Earlier months.
    pub months: usize,
    /// What was counted.
    pub what: String,
    /// Its share.
    pub share: f64,
    /// The lower end of its interval of 95 % (Wilson).
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// Of how many.
    pub of: u64,
    /// What is promised.
    pub floor: Option<f64>,
    /// Whether the interval leaves that possible. Where all or none is promised, a single one to the contrary does not.
    pub holds: bool,
}

impl Line {
    fn new(
        analysis: &'static str,
        months: usize,
        what: impl Into<String>,
        tally: Tally,
        floor: Option<Floor>,
    ) -> Result<Self, NotComputable> {
        let (share, interval) = tally.share()?;
        let (low, high) = (interval.low, interval.high);
        let holds = floor.is_none_or(|floor| match floor {
            Floor::Least(1.0) => tally.hits == tally.of,
            Floor::Least(least) => high >= least,
            Floor::Most(most) => low <= most,
        });
        let floor = floor.map(|(Floor::Least(share) | Floor::Most(share))| share);
        Ok(Self { analysis, months, what: what.into(), share, low, high, of: tally.of, floor, holds })
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { analysis, months, what, of, .. } = self;
        let [share, low, high] = [self.share, self.low, self.high].map(|share| 100.0 * share);
        write!(f, "{analysis}, {months} months: {what}: {share:.1} % ({low:.1} to {high:.1}) of {of}")?;
        let holds = if self.holds { "" } else { ", NOT HELD" };
        self.floor.map_or(Ok(()), |floor| write!(f, "; promised {:.0} %{holds}", 100.0 * floor))
    }
}

/// Lines of one kind.
type Lines = Result<Vec<Line>, NotComputable>;

/// What an analysis says, and what is promised of it.
type Counted<'a> = (&'static str, usize, &'a str, Tally, Option<Floor>);

fn lines(all: &[Counted<'_>]) -> Lines {
    let line = |(analysis, months, what, tally, floor): &Counted<'_>| {
        Line::new(analysis, *months, *what, *tally, *floor)
    };
    all.iter().map(line).collect()
}

const fn least(share: f64) -> Option<Floor> {
    Some(Floor::Least(share))
}

const fn most(share: f64) -> Option<Floor> {
    Some(Floor::Most(share))
}

/// At least so much of the shifts on a scorecard is found in the first month, by the months before and their size in spreads. With two years a
/// season cannot be told yet (25 months are needed), so that less is found.
const FLOORS: [(usize, [(u32, f64); 3]); 2] =
    [(36, [(3, 0.42), (4, 0.70), (5, 0.86)]), (24, [(3, 0.35), (4, 0.60), (5, 0.78)])];
/// At most so many clean months show anything, and so much of what is called out beside true shifts is false.
const PROMISE: f64 = 0.10;

impl Found {
    /// The lines of it, of worlds with so many earlier months.
    ///
    /// # Errors
    /// There were no worlds.
    pub fn lines(&self, months: usize) -> Lines {
        let line = |what: &str, tally, floor| Line::new("change", months, what, tally, floor);
        let mut lines = vec![line("clean months that show anything", self.false_months, most(PROMISE))?];
        if self.false_share.of > 0 {
            lines.push(line("false among call-outs beside true shifts", self.false_share, most(PROMISE))?);
        }
        for (size, on_scorecard, elsewhere) in &self.power {
            // Twelve months say little of what is usual, and nothing is promised of them.
            let floors = FLOORS.iter().find(|(least, _)| months >= *least);
            let floor = floors.and_then(|(_, of)| of.iter().find(|(of, _)| of == size));
            let floor = floor.and_then(|(_, floor)| least(*floor));
            let what = |place| format!("shift of {size} spreads {place}, first month");
            lines.push(line(&what("on a scorecard"), *on_scorecard, floor)?);
            lines.push(line(&what("elsewhere"), *elsewhere, None)?);
        }
        Ok(lines)
    }
}

impl Doubts {
    /// The lines of it.
    ///
    /// # Errors
    /// There were no worlds.
    pub fn lines(&self) -> Lines {
        let (found, clean) = (least(0.95), most(0.01));
        let all = [
            ("a daily file with half its rows", self.halved, found),
            ("a daily file with a tenth of its rows rejected", self.code, found),
            ("a daily file with a column empty in a fifth of its rows", self.column, found),
            ("a month with half its rows", self.rows, found),
            ("a month of whose rows a tenth fewer enter", self.covered, found),
            ("clean months of daily files, any in doubt", self.deliveries_false, clean),
            ("clean months of figures, any in doubt", self.figures_false, clean),
        ];
        lines(&all.map(|(what, tally, floor)| ("data_doubt", 29, what, tally, floor)))
    }
}

impl Links {
    /// The lines of it.
    ///
    /// # Errors
    /// There were no worlds.
    pub fn lines(&self) -> Lines {
        let all = [
            ("50 members, an effect of 0.2 spreads is supported", self.panel, least(0.91)),
            ("50 members, nothing there: anything but no or unknown", self.panel_false, most(0.02)),
            ("50 members, nothing there: no, with power", self.panel_no, None),
            ("a total, an effect of 0.4 spreads: too little to tell", self.total_untold, least(0.6)),
            ("a total, nothing there: anything but no or unknown", self.total_false, most(0.02)),
        ];
        let gain = [
            ("50 members, an effect of 0.3 spreads: forecasts are said to gain", 36, self.gain, least(0.9)),
            ("50 members, nothing there: forecasts are said to gain", 36, self.gain_false, most(0.05)),
            ("a total, nothing there: forecasts are said to gain", 60, self.gain_total_false, most(0.05)),
        ];
        let links = all.map(|(what, tally, floor)| ("link", 36, what, tally, floor));
        let gain = gain.map(|(what, months, tally, floor)| ("gain", months, what, tally, floor));
        lines(&[&links[..], &gain[..]].concat())
    }
}

impl Outlooks {
    /// The lines of it.
    ///
    /// # Errors
    /// There were no worlds.
    pub fn lines(&self) -> Lines {
        lines(&[
            ("outlook", 36, "values in the range of 95 % said a month before", self.covered, least(0.90)),
            ("outlook", 36, "values in the range of 95 % said half a year before", self.later, least(0.85)),
            (
                "outlook",
                60,
                "values in the range of 95 % said beside a leading indicator",
                self.led,
                least(0.90),
            ),
            ("outlook", 60, "what was said beside it is closer", self.led_closer, None),
            ("target", 36, "targets five spreads off called out of reach", self.infeasible, least(0.90)),
            ("target", 36, "targets half a spread off called out of reach", self.feasible_false, most(0.05)),
        ])
    }
}

impl Places {
    /// The lines of it.
    ///
    /// # Errors
    /// There were no worlds.
    pub fn lines(&self) -> Lines {
        lines(&[
            ("location", 36, "one of ten members fell: it, and no other, is named", self.exact, least(0.55)),
            ("location", 36, "one of ten members fell: it is named first", self.first, least(0.8)),
            (
                "location",
                36,
                "one cell of 24 of two dimensions fell: it, and no other, is named",
                self.cell,
                least(0.55),
            ),
            ("location", 36, "all members fell, any named", self.accused, most(0.05)),
            ("paradox", 1, "2,000 cases, all members rose and the total fell: told", self.turned, least(0.9)),
            ("paradox", 1, "2,000 cases, nothing moved: told", self.turned_false, most(0.02)),
            ("paradox", 1, "2,000 cases, another mix alone: told", self.mix_false, most(0.025)),
        ])
    }
}

impl Asked {
    /// The lines of it.
    ///
    /// # Errors
    /// There were no worlds, or none of links that end.
    pub fn lines(&self) -> Lines {
        lines(&[
            (
                "redundancy",
                36,
                "a duplicate with a tenth of its movement as noise is named",
                self.duplicates,
                least(1.0),
            ),
            ("redundancy", 36, "no duplicate, any named", self.duplicates_false, most(0.01)),
            ("tension", 24, "30 members, a pull of 0.3 spreads is named", self.tension, least(0.9)),
            (
                "tension",
                24,
                "30 members, a pull of 0.3 spreads two months later is named with its lag",
                self.tension_later,
                least(0.9),
            ),
            (
                "importance",
                36,
                "30 members, shares of drivers that their intervals hold",
                self.importance,
                least(0.9),
            ),
            (
                "importance",
                36,
                "30 members, a driver that drives nothing is said to",
                self.importance_false,
                most(0.05),
            ),
            ("tension", 24, "30 members, no pull, one named", self.tension_false, most(0.05)),
            ("style", 1, "lower in everything, taken for this figure's own", self.style_false, most(0.05)),
            ("style", 1, "half a standard deviation in one figure, kept", self.style_real, least(0.8)),
            ("standing", 6, "a member fourteen points below all others is named", self.standing, least(0.9)),
            ("standing", 6, "all members the same, any named", self.standing_false, most(0.05)),
            ("influence", 1, "rows written a hundred times too high, told to be", self.slips, least(0.9)),
            (
                "influence",
                1,
                "of 1,000 rows any other is told to look like an error",
                self.slips_false,
                most(0.05),
            ),
            (
                "answering",
                1,
                "agree to more and use the ends more, said to differ on a question",
                self.answering_false,
                most(0.05),
            ),
            ("answering", 1, "the same, a gap of a quarter of a point before", self.answering_raw, None),
            (
                "answering",
                1,
                "half a standard deviation on one question, kept",
                self.answering_real,
                least(0.8),
            ),
            ("answering", 1, "all answer alike, any said to differ", self.answering_clean, most(0.05)),
            (
                "validity",
                60,
                "a link of 0.4 spreads that stopped after 40 months is told to have",
                self.ended,
                least(0.99),
            ),
            (
                "validity",
                60,
                "a link of 0.3 spreads that stopped after 40 months is told to have",
                self.ended_weaker,
                least(0.95),
            ),
            (
                "validity",
                60,
                "a KPI whose link of 0.4 spreads stopped is recommended for retirement",
                self.retired,
                least(0.99),
            ),
            (
                "validity",
                60,
                "a KPI with a live link of 0.2 spreads is recommended for retirement",
                self.retired_false,
                most(0.03),
            ),
            (
                "validity",
                60,
                "a live link of 0.2 spreads is told to have stopped",
                self.ended_false,
                most(0.03),
            ),
            ("validity", 60, "a live link of 0.2 spreads is told to predict", self.alive, least(0.62)),
        ])
    }
}
