//! What is to be expected next, and is the target met then? The period after the last final one, and the last one of its year; the next one beside
//! the leading indicator that has saved most, too, of those that are supported.

use kepi_model::calendar::{Calendar, Grain, Period};
use kepi_query::value::Segment;

use crate::{
    ahead::{NoOutlook, Outlook},
    analysis::{Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Shown, Verdict},
    change::Verdict as Judged,
    forecast::{self, Led},
    foretold::{self, Said},
    leading,
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "outlook",
    version: 3,
    question: "What is to be expected if nothing changes, and does that meet the target?",
    cadence: Cadence::Standing,
    // It says nothing of what has happened, and shows how sure it is.
    family: None,
    answer,
};

/// The last period of the year that a period lies in.
fn of_year(period: Period, calendar: &Calendar) -> Option<Period> {
    let year = calendar.period_at(Grain::Year, calendar.bounds(period).ok()?.start).ok()?;
    calendar.period_at(period.grain, calendar.bounds(year).ok()?.end - 1).ok()
}

/// Outlooks as they were published that are shown.
const SHOWN: usize = 8;

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let project = frames.project();
    let course = match forecast::of(ask.kpi, ask.period, frames) {
        Ok(course) => course,
        Err(NoOutlook::TooFew { have: 0, .. }) => return None,
        Err(why) => {
            let enough =
                Check { name: "enough periods in a row", holds: !matches!(why, NoOutlook::TooFew { .. }) };
            let says = vec![Sentence::NoOutlook(why)];
            return Some(Insight {
                verdict: Verdict::Unknown,
                says,
                exhibit: None,
                checks: vec![enough],
                looked_at: 0,
            });
        }
    };
    let next = *course.ahead.first()?;
    let end = of_year(next.period, project.calendar_of(ask.kpi)).filter(|end| *end != next.period);
    let end = end.and_then(|end| course.ahead.iter().find(|ahead| ahead.period == end));
    let outlooks: Vec<Outlook> = [Some(&next), end]
        .into_iter()
        .flatten()
        .map(|ahead| course.with_target(*ahead, ask.kpi, project))
        .collect();
    let verdict = match outlooks.first().and_then(Outlook::is_sure) {
        Some(true) => Verdict::Yes,
        Some(false) => Verdict::No,
        None => Verdict::Unknown,
    };
    let (within, of) = course.backtest;
    let mut says: Vec<Sentence> = outlooks.iter().copied().map(Sentence::Outlook).collect();
    // What was called out says little of where the level goes until it lasts: whoever reads both is told.
    let total = Segment::total();
    let called_out = frames.judged(ask.kpi, ask.period, &total).is_ok_and(|of| of.verdict == Judged::Beyond);
    let value = frames.figure(ask.kpi, ask.period, &total).map(|of| of.point);
    let apart = value.filter(|value| called_out && !(next.low..=next.high).contains(value));
    says.extend(apart.map(|value| Sentence::IfItLasts { value }));
    says.extend((of > 0).then_some(Sentence::Backtest { within, of }));
    let led =
        leading::led(&course, (ask.kpi, ask.period), frames).map(|(leader, led)| (leader.name.clone(), led));
    let came = foretold::came(ask.kpi, ask.period.grain, ask.period.ordinal, frames);
    let (alone, both) = foretold::kept(&came);
    let beside = led.as_ref().map(|(leader, led)| {
        let figures = [led.ahead.expected, led.ahead.low, led.ahead.high].map(Shown::Value);
        (format!("{} with “{leader}”", project.calendar.label(led.ahead.period)), figures.to_vec())
    });
    says.extend(led.map(|(leader, Led { ahead, saved, of })| Sentence::WithLeader {
        leader,
        ahead,
        saved,
        of,
    }));
    says.extend((alone.of > 0).then_some(Sentence::Followed { alone, both }));
    let said = came.iter().rev().take(SHOWN).rev().flat_map(|of| {
        let period = project.calendar.label(Period { ordinal: of.said.period, ..ask.period });
        let row = |name: String, said: &Said| {
            (name, [said.expected, said.low, said.high, of.value].map(Shown::Value).to_vec())
        };
        let alone = row(format!("{period}, as published"), &of.said.alone);
        let leader = |id: &str| {
            let known = project.kpis.values().find(|kpi| kpi.id.as_str() == id);
            known.map_or_else(|| id.to_owned(), |kpi| kpi.name.clone())
        };
        let beside = of.said.beside.as_ref();
        let beside =
            beside.map(|(id, said)| row(format!("{period} with “{}”, as published", leader(id)), said));
        std::iter::once(alone).chain(beside)
    });
    let rows = course.ahead.iter().map(|ahead| {
        let figures = [ahead.expected, ahead.low, ahead.high].map(Shown::Value);
        (project.calendar.label(ahead.period), figures.to_vec())
    });
    let rows: Vec<_> = rows.chain(beside).chain(said).collect();
    let mut columns = vec!["expected", "from", "to"];
    columns.extend((alone.of > 0).then_some("came"));
    let exhibit = Exhibit { columns, rows };
    let checks = vec![
        Check { name: "enough periods in a row", holds: true },
        Check {
            name: "values held back lay in the range said before",
            holds: of > 0 && within * 10 >= of * 8,
        },
        Check { name: "ranges as published held what came", holds: alone.within * 10 >= alone.of * 8 },
    ];
    Some(Insight { verdict, says, exhibit: Some(exhibit), checks, looked_at: course.past.len() })
}
