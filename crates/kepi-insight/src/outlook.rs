//! What is to be expected next, and is the target met then? The period after the last final one, and the last one of its year.

use kepi_model::{
    calendar::{Grain, Period},
    project::Project,
};

use crate::{
    ahead::{NoOutlook, Outlook},
    analysis::{Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Shown, Verdict},
    forecast,
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "outlook",
    version: 1,
    question: "What is to be expected if nothing changes, and does that meet the target?",
    cadence: Cadence::Standing,
    // It says nothing of what has happened, and shows how sure it is.
    family: None,
    answer,
};

/// The last period of the year that a period lies in.
fn of_year(period: Period, project: &Project) -> Option<Period> {
    let calendar = &project.calendar;
    let year = calendar.period_at(Grain::Year, calendar.bounds(period).ok()?.start).ok()?;
    calendar.period_at(period.grain, calendar.bounds(year).ok()?.end - 1).ok()
}

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
    let end = of_year(next.period, project).filter(|end| *end != next.period);
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
    says.extend((of > 0).then_some(Sentence::Backtest { within, of }));
    let rows = course.ahead.iter().map(|ahead| {
        let figures = [ahead.expected, ahead.low, ahead.high].map(Shown::Value);
        (project.calendar.label(ahead.period), figures.to_vec())
    });
    let exhibit = Exhibit { columns: vec!["expected", "from", "to"], rows: rows.collect() };
    let checks = vec![
        Check { name: "enough periods in a row", holds: true },
        Check {
            name: "values held back lay in the range said before",
            holds: of > 0 && within * 10 >= of * 8,
        },
    ];
    Some(Insight { verdict, says, exhibit: Some(exhibit), checks, looked_at: course.past.len() })
}
