//! What is to be expected next, and is the target met then? The period after the last final one, and the last one of its year; the next one beside
//! the leading indicator that has saved most, too, of those that are supported.

use kepi_model::{
    calendar::{Grain, Period},
    project::Project,
};

use crate::{
    ahead::{NoOutlook, Outlook},
    analysis::{Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Shown, Verdict},
    forecast::{self, Course, Led},
    link,
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "outlook",
    version: 2,
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

/// The next period beside the leading indicator that has saved most, of those of which the link to this KPI is supported.
fn led(course: &Course<'_>, ask: &Ask<'_>, frames: &dyn Frames) -> Option<(String, Led)> {
    let supported = link::pairs(frames.project()).into_iter().filter(|pair| {
        let is = || link::found(pair, ask.period, frames).is_ok_and(|found| found.verdict == Verdict::Yes);
        pair.effect.id == ask.kpi.id && is()
    });
    let beside = supported.filter_map(|pair| {
        let lag = link::periods_of(pair.lag, ask.period.grain).filter(|lag| *lag > 0)?;
        let leader = forecast::of(pair.cause, ask.period, frames).ok()?;
        Some((pair.cause.name.clone(), course.led(&leader, i32::try_from(lag).ok()?)?))
    });
    beside.max_by(|a, b| a.1.saved.total_cmp(&b.1.saved).then_with(|| b.0.cmp(&a.0)))
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
    let led = led(&course, ask, frames);
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
    let rows = course.ahead.iter().map(|ahead| {
        let figures = [ahead.expected, ahead.low, ahead.high].map(Shown::Value);
        (project.calendar.label(ahead.period), figures.to_vec())
    });
    let exhibit = Exhibit { columns: vec!["expected", "from", "to"], rows: rows.chain(beside).collect() };
    let checks = vec![
        Check { name: "enough periods in a row", holds: true },
        Check {
            name: "values held back lay in the range said before",
            holds: of > 0 && within * 10 >= of * 8,
        },
    ];
    Some(Insight { verdict, says, exhibit: Some(exhibit), checks, looked_at: course.past.len() })
}
