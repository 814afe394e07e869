//! What analyses say of a KPI: asked of published figures when somebody looks.

use std::{
    collections::BTreeSet,
    ops::{Range, RangeInclusive},
};

use kepi_insight::{
    ANALYSES,
    analysis::{self as insight, Acts, Ask, Cadence, Exhibit, Frames, Influence, Shown},
    change::Judgement,
    chart,
    foretold::Foretold,
    frame::Figure,
    sentence::{Charting, Sentence},
    validity,
};
use kepi_model::{
    calendar::{Grain, Period},
    id::{DimensionId, KpiId, RuleId, ScorecardId},
    measure::Indicator,
    project::{Kpi, Project, ValueUnit},
    source_text::Span,
    wording::resembling,
};
use kepi_query::{landing::LoadReport, state::Member, value::Segment};

use super::{Reporter, kpi::is_by};
use crate::{
    format,
    reader::{KpiQuery, ViewError},
    say::Say,
    trace::{Moving, TracedValue},
    view::{
        AnalysisView, BreakView, ChartNote, CommentaryView, ControlPoint, ControlView, ExhibitView, Named,
    },
};

/// What published figures speak against, by its name in definitions and the place of the wording that was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Against {
    /// The target of a KPI.
    Target(KpiId, Span),
    /// A bound of a rule for a segment of which nothing is published.
    Bound(RuleId, Span),
    /// A target of a segment of which nothing is published.
    Segment(KpiId, Span),
    /// That a KPI leads.
    Leading(KpiId, Span),
    /// That the leading indicators of a scorecard predict.
    Scorecard(ScorecardId, Span),
}

/// That no row has a member of a dimension, with those that may have been meant.
fn no_row_has(dimension: &DimensionId, member: &str, published: &[Segment]) -> String {
    let of_dimension = published.iter().flat_map(|of| &of.0).filter(|(of, _)| of == dimension);
    let known: BTreeSet<&str> = of_dimension
        .filter_map(|(_, is)| if let Member::Value(is) = is { Some(&**is) } else { None })
        .collect();
    let alike = resembling(member, known, 3);
    let perhaps = if alike.is_empty() { String::new() } else { format!(", perhaps {}", alike.join(", ")) };
    format!("no row has {dimension} `{member}`{perhaps}")
}

impl Frames for Reporter<'_> {
    fn project(&self) -> &Project {
        self.facts.project()
    }
    fn figure(&self, kpi: &Kpi, period: Period, segment: &Segment) -> Option<Figure> {
        let entry = self.facts.entry(&kpi.id, period, segment)?;
        // Of what was computed, whatever people say in its place.
        let observed = entry.computed.as_ref().unwrap_or(&entry.value.estimate);
        let estimate = observed.as_ref().ok().filter(|of| of.not_measured().is_none())?;
        Some(Figure::of(period.ordinal, estimate, entry.is_final()).with(entry.value.coverage))
    }
    fn segments(&self, kpi: &Kpi, period: Period) -> Vec<Segment> {
        self.facts.segments(&kpi.id, period.grain)
    }
    fn judged(&self, kpi: &Kpi, period: Period, segment: &Segment) -> Judgement {
        self.facts.judged(&kpi.id, period, segment)
    }
    fn points(
        &self,
        kpi: &Kpi,
        grain: Grain,
        segment: &Segment,
        range: RangeInclusive<i32>,
    ) -> Vec<(i32, f64)> {
        let points = self.facts.computed(&kpi.id, grain, segment, range);
        points
            .into_iter()
            .filter_map(|(ordinal, point, is_final)| Some((ordinal, point.filter(|_| is_final)?)))
            .collect()
    }
    fn loads(&self) -> &[LoadReport] {
        self.facts.loads()
    }
    fn before(&self, kpi: &Kpi, period: Period) -> Option<Period> {
        let total = Segment::total();
        let (first, _) = self.facts.span(&kpi.id, period.grain, &total)?;
        if first >= period.ordinal {
            return None;
        }
        let points = self.facts.computed(&kpi.id, period.grain, &total, first..=period.ordinal - 1);
        let last = points.into_iter().rev().find(|(_, point, is_final)| point.is_some() && *is_final);
        last.map(|(ordinal, ..)| Period { ordinal, ..period })
    }
    fn foretold(&self, kpi: &Kpi, grain: Grain) -> Vec<Foretold> {
        self.facts.foretold(&kpi.id, grain)
    }
    fn acts(&self, kpi: &Kpi, within: Range<i64>) -> Option<Acts> {
        self.facts.acts(&kpi.id, within)
    }
    fn influence(&self, kpi: &Kpi, period: Period) -> Option<Influence> {
        self.facts.rows_behind(&kpi.id, period, &Segment::total(), 0).ok().map(influence)
    }
}

/// What rows do to a value, as analyses read it.
fn influence(of: TracedValue) -> Influence {
    let moving = |of: Moving| {
        let file = of.file.clone();
        insight::Moving {
            name: match (of.file, of.row) {
                (Some(file), Some(row)) => format!("row {} ({file} row {row})", of.key),
                _ if of.term.is_some() => format!("row {}", of.key),
                _ => of.key,
            },
            rows: of.rows,
            moves: of.moves,
            file,
            seen: of.seen,
        }
    };
    let rows = of.most.first().map_or(of.counted, |first| first.rows);
    let many = |all: Vec<Moving>| -> Vec<insight::Moving> { all.into_iter().map(moving).collect() };
    let [most, files] = [of.most, of.files].map(many);
    Influence { rows, most: most.into_iter().map(|of| insight::Moving { rows: 1, ..of }).collect(), files }
}

/// Analyses that say where a change comes from, and with which verdict they say something of it.
const CAUSES: [(&str, Option<&str>); 4] =
    [("location", Some("yes")), ("drivers", None), ("stages", Some("yes")), ("mix", Some("yes"))];

/// Which analyses are asked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which<'a> {
    /// Those that are whenever somebody looks.
    Standing,
    /// All but those that read rows.
    All,
    /// The one of this name.
    Named(&'a str),
}

impl<'a> Reporter<'a> {
    /// What analyses say of a KPI over all rows, in the period asked for: all of them, or the one of this name.
    ///
    /// # Errors
    /// There is no such KPI or period, or nothing has been computed.
    pub fn analyse(
        self,
        id: &str,
        query: &KpiQuery,
        only: Option<&str>,
    ) -> Result<(String, Vec<AnalysisView>), ViewError> {
        let asked = self.kpi_asked(id, query)?;
        Ok((
            self.label(asked.period),
            self.analyses(asked.kpi, asked.period, only.map_or(Which::All, Which::Named)),
        ))
    }

    /// What one analysis says of every KPI over all rows, each in its newest period, with the KPI and that period. KPIs of which it asks nothing
    /// are left out.
    ///
    /// # Errors
    /// The project is not seen whole.
    pub fn analyse_all(self, name: &str) -> Result<Vec<(Named, String, AnalysisView)>, ViewError> {
        self.want_all()?;
        let kpis = self.kpis_in_order().into_iter();
        let asked = kpis.filter_map(|kpi| {
            let (_, newest) = self.facts.span(&kpi.id, kpi.period, &Segment::total())?;
            let period = self.project().period(kpi, kpi.period, newest);
            let said = self.analyses(kpi, period, Which::Named(name)).pop()?;
            Some((Named::new(&kpi.id, &kpi.name), self.label(period), said))
        });
        Ok(asked.collect())
    }

    /// What published figures say against the definitions: targets that the past does not bear out, leading indicators that do not predict, scorecards
    /// that lean on such.
    ///
    /// # Errors
    /// What is published could not be read.
    pub fn against(self) -> Result<Vec<(Against, String)>, ViewError> {
        self.want_all()?;
        let project = self.project();
        let newest = |kpi: &Kpi| {
            let (_, ordinal) = self.facts.span(&kpi.id, kpi.period, &Segment::total())?;
            Some(project.period(kpi, kpi.period, ordinal))
        };
        let says = |kpi: &Kpi, period: Period, name: &str, verdict: &[&str]| {
            let said = self.analyses(kpi, period, Which::Named(name)).pop()?;
            verdict.contains(&said.verdict).then(|| said.says.join(" "))
        };
        let mut found: Vec<(Against, String)> = Vec::new();
        for kpi in self.kpis_in_order() {
            let Some(period) = newest(kpi) else { continue };
            let wording = kpi.in_period(period, &project.calendar).unwrap_or(kpi);
            // Targets may be for longer periods than its own; one that carries over is judged once.
            let mut judged: BTreeSet<Span> = BTreeSet::new();
            for grain in std::iter::once(kpi.period).chain(kpi.also.iter().copied()) {
                let Some((_, newest)) = self.facts.span(&kpi.id, grain, &Segment::total()) else { continue };
                let period = project.period(kpi, grain, newest);
                // The one that the next period is held against.
                let target = kpi.target(None, &[], period.offset(1), &project.calendar);
                let Some(span) = target.map(|of| of.span).filter(|span| judged.insert(*span)) else {
                    continue;
                };
                if let Some(says) = says(kpi, period, "target", &["no", "contrary"]) {
                    found.push((Against::Target(kpi.id.clone(), span), says));
                }
            }
            found.extend(self.targets_of_nothing(kpi));
            found.extend(self.bounds_of_nothing(kpi));
            if kpi.indicator == Some(Indicator::Leading)
                && validity::fails(&Ask { kpi, period }, &self) == Some(true)
                && let Some(says) = says(kpi, period, "validity", &["yes", "no", "contrary", "unknown"])
            {
                found.push((Against::Leading(kpi.id.clone(), wording.span), says));
            }
        }
        for scorecard in project.scorecards.values() {
            let known = scorecard.kpis().filter_map(|id| project.kpis.get(id));
            let Some((kpi, period)) = known.filter_map(|kpi| Some((kpi, newest(kpi)?))).next() else {
                continue;
            };
            if let Some(says) = says(kpi, period, "reliance", &["no"]) {
                let day = project.calendar.last_day(period).ok();
                let wording = day.and_then(|day| scorecard.in_force(day)).unwrap_or(scorecard);
                found.push((Against::Scorecard(scorecard.id.clone(), wording.span), says));
            }
        }
        Ok(found)
    }

    /// Targets of segments of which nothing is published, with the members that may have been meant.
    fn targets_of_nothing(self, kpi: &Kpi) -> Vec<(Against, String)> {
        let mut found = Vec::new();
        for target in kpi.targets.iter().filter(|target| !target.segment.is_empty()) {
            let published = self.facts.segments(&kpi.id, kpi.period);
            let has = |segment: &Segment, (dimension, member): &(DimensionId, String)| {
                segment
                    .0
                    .iter()
                    .any(|(of, is)| of == dimension && *is == Member::Value(member.as_str().into()))
            };
            if published.is_empty()
                || published.iter().any(|of| target.segment.iter().all(|part| has(of, part)))
            {
                continue;
            }
            let missing = target.segment.iter().find(|part| !published.iter().any(|of| has(of, part)));
            let says = match missing {
                Some((dimension, member)) => no_row_has(dimension, member, &published),
                None => "no row has these members together".to_owned(),
            };
            found.push((Against::Segment(kpi.id.clone(), target.span), says));
        }
        found
    }

    /// Bounds of rules about a KPI's rows for members that no row has.
    fn bounds_of_nothing(self, kpi: &Kpi) -> Vec<(Against, String)> {
        let mut found = Vec::new();
        let published = self.facts.segments(&kpi.id, kpi.period);
        for rule in self.project().rules.values().filter(|rule| rule.kpi == kpi.id) {
            let Some(apart) = &rule.apart else { continue };
            let mut of_dimension =
                published.iter().flat_map(|of| &of.0).filter(|(of, _)| *of == apart.by).peekable();
            if of_dimension.peek().is_none() {
                continue;
            }
            let there: BTreeSet<&Member> = of_dimension.map(|(_, is)| is).collect();
            let unseen =
                apart.bounds.keys().filter(|member| !there.contains(&Member::Value(member.as_str().into())));
            found.extend(unseen.map(|member| {
                (Against::Bound(rule.id.clone(), rule.span), no_row_has(&apart.by, member, &published))
            }));
        }
        found
    }

    /// What changed of a KPI over all rows, and what the analyses found that could have made it, as the first words of a commentary.
    ///
    /// # Errors
    /// There is no such KPI or period, nothing has been computed, or nothing was found.
    pub fn found(self, id: &str, query: &KpiQuery) -> Result<(String, String), ViewError> {
        let asked = self.kpi_asked(id, query)?;
        let says = |name: &str| {
            let said = self.analyses(asked.kpi, asked.period, Which::Named(name)).pop()?;
            let first = said.says.len().saturating_sub(said.behind);
            let says = said.says.into_iter().take(first).collect::<Vec<String>>().join(" ");
            // A sentence that answers a question, and here nobody asked one.
            let says = match says.strip_prefix("Yes: ").map(|rest| (rest, rest.chars().next())) {
                Some((rest, Some(letter))) => {
                    format!("{}{}", letter.to_uppercase(), rest.get(letter.len_utf8()..).unwrap_or_default())
                }
                _ => says,
            };
            Some((said.verdict, says))
        };
        let what = says("change").map(|(_, text)| text).unwrap_or_default();
        let cause = |(name, wanted): &(&str, Option<&str>)| {
            let said = says(name).filter(|(verdict, _)| wanted.is_none_or(|wanted| wanted == *verdict));
            said.map(|(_, text)| text)
        };
        let mut causes: Vec<String> = CAUSES.iter().filter_map(cause).collect();
        // What each of them says in full, it says in short.
        if causes.is_empty() {
            causes.extend(cause(&("diagnosis", Some("yes"))));
        }
        let why = causes.join(" ");
        if what.is_empty() || why.is_empty() {
            let reason = format!("no analysis says what could have made {id} what it is; say it yourself");
            return Err(ViewError::Unclear { reason });
        }
        Ok((what, why))
    }

    /// The control chart of a KPI over all rows up to a period, with what is said of its periods.
    pub(crate) fn control(
        self,
        kpi: &'a Kpi,
        period: Period,
        commentary: &[CommentaryView],
        breaks: &[BreakView],
    ) -> Option<ControlView> {
        let chart = chart::of(&Ask { kpi, period }, &self)?.ok()?;
        let say = Say::of(
            kpi,
            self.facts.as_computed(&kpi.id, period, &Segment::total()).as_ref(),
            &self.project().calendar,
        );
        let point = |(place, value): (usize, &f64)| {
            let (limits, level) = (chart.limits(place), chart.level(place));
            ControlPoint {
                period: self.label(chart.period(place)),
                value: *value,
                level,
                centre: limits
                    .map(|of| of.centre)
                    .filter(|centre| (centre - level).abs() > 1e-9 * level.abs()),
                limits: limits.map(|of| (of.low, of.high)),
                signals: limits.is_some_and(|of| of.signals),
            }
        };
        let points: Vec<ControlPoint> = chart.values.iter().enumerate().map(point).collect();
        let mut notes: Vec<(usize, String, Option<u64>)> = Vec::new();
        let means = chart.levels.iter().map(|(from, _, mean)| (*from, say.number(*mean).text));
        for ((_, before), (from, now)) in means.clone().zip(means.skip(1)) {
            notes.push((from, format!("a new level: {before} before, {now} since"), None));
        }
        // Too few since for limits of their own.
        let last = chart.levels.last().filter(|(from, ..)| *from > chart.from);
        if let Some((_, text, _)) = notes.last_mut().filter(|_| last.is_some()) {
            text.push_str(&format!("; limits still rest on all {} points", chart.limits.len()));
        }
        let accountable = self.accountable(kpi);
        let place = |period: &str| points.iter().position(|of| of.period == period);
        for of in breaks {
            notes.extend(place(&of.period).map(|at| (at, "computed otherwise than before".to_owned(), None)));
        }
        for of in commentary.iter().filter(|of| of.unit.is_none()) {
            let why = of.parts.iter().find(|(name, _)| *name == "why").and_then(|(_, text)| text.as_deref());
            let by = of.by.join(", ");
            let own = accountable.is_some_and(|person| is_by(&of.by, person));
            let text = match why {
                None => format!("commented on by {by}"),
                Some(why) if own || of.read => format!("confirmed by {by}: {why}"),
                Some(why) => format!("proposed by {by}: {why}"),
            };
            notes.extend(place(&of.period).map(|at| (at, text, Some(of.item))));
        }
        notes.sort();
        let note = |(at, text, item): (usize, String, Option<u64>)| ChartNote {
            at,
            period: self.label(chart.period(at)),
            text,
            item,
        };
        let notes = notes.into_iter().map(note).collect();
        let kind = match (chart.spreading.of, chart.spreading.widened) {
            (Charting::Individuals, _) => "chart of individual values",
            (Charting::Shares, false) => "p chart",
            (Charting::Shares, true) => "p′ chart",
            (Charting::Events, false) => "u chart",
            (Charting::Events, true) => "u′ chart",
        };
        Some(ControlView { kind, points, has_season: chart.season.is_some(), notes })
    }

    /// How what analyses say of a KPI in a period is worded: with the digits of what is computed, as the figures are that they are made of.
    fn say(self, kpi: &'a Kpi, period: Period) -> Say<'a> {
        let observed = self.facts.as_computed(&kpi.id, period, &Segment::total());
        Say::of(kpi, observed.as_ref(), &self.project().calendar)
    }

    /// What one analysis says of a KPI over all rows, with how it is worded.
    pub(crate) fn answer(
        self,
        name: &str,
        kpi: &'a Kpi,
        period: Period,
    ) -> Option<(insight::Insight, Say<'a>)> {
        let analysis = ANALYSES.iter().find(|analysis| analysis.name == name)?;
        Some(((analysis.answer)(&Ask { kpi, period }, &self)?, self.say(kpi, period)))
    }

    pub(crate) fn analyses(self, kpi: &'a Kpi, period: Period, which: Which<'_>) -> Vec<AnalysisView> {
        let say = self.say(kpi, period);
        let wanted = ANALYSES.iter().filter(|analysis| match which {
            Which::Standing => analysis.cadence == Cadence::Standing,
            Which::All => analysis.cadence != Cadence::ByName,
            Which::Named(name) => analysis.name == name,
        });
        let answered =
            wanted.filter_map(|analysis| Some((analysis, (analysis.answer)(&Ask { kpi, period }, &self)?)));
        answered
            .map(|(analysis, insight)| AnalysisView {
                behind: insight.says.iter().filter(|of| matches!(of, Sentence::Suspected { .. })).count(),
                name: analysis.name,
                version: analysis.version,
                question: analysis.question,
                verdict: insight.verdict.code(),
                says: insight.says.iter().map(|sentence| say.sentence(sentence)).collect(),
                exhibit: insight.exhibit.as_ref().map(|exhibit| shown(exhibit, &say)),
                checks: insight.checks.iter().map(|check| (check.name, check.holds)).collect(),
                looked_at: insight.looked_at,
            })
            .collect()
    }
}

fn shown(of: &Exhibit, say: &Say<'_>) -> ExhibitView {
    // Parts of a column add up as shown.
    let column = |at: usize| -> Vec<f64> {
        let cells = of.rows.iter().filter_map(|(_, figures)| figures.get(at));
        cells.filter_map(|cell| if let Shown::Part(raw) = cell { Some(*raw) } else { None }).collect()
    };
    let mut parts: Vec<std::vec::IntoIter<String>> =
        (0..of.columns.len()).map(|at| say.parts(&column(at)).into_iter()).collect();
    let mut figure = |(at, figure): (usize, &Shown)| match *figure {
        Shown::Value(raw) => (say.number(raw).text, raw),
        Shown::Difference(raw) => (say.signed(raw), raw),
        Shown::Moved(raw) => (format::moved(raw, say.unit()), raw),
        Shown::Part(raw) => (parts.get_mut(at).and_then(Iterator::next).unwrap_or_default(), raw),
        Shown::Count(raw) => (format::count(raw.max(0.0).round() as u64), raw),
        Shown::Share(raw) => (format::share(raw), raw),
        Shown::Number(raw) => (format::value(raw, &ValueUnit::Number { decimals: 2 }, 2), raw),
    };
    let rows = of
        .rows
        .iter()
        .map(|(name, figures)| (name.clone(), figures.iter().enumerate().map(&mut figure).collect()));
    ExhibitView { columns: of.columns.clone(), rows: rows.collect() }
}
