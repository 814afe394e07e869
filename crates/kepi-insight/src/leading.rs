//! The leading indicator beside which the next period of a KPI is foretold.

use kepi_model::{calendar::Period, project::Kpi};

use crate::{
    analysis::{Frames, Verdict},
    forecast::{self, Course, Led},
    link,
};

/// The next period beside the leading indicator that has saved most, of those of which the link to this KPI is supported.
pub(crate) fn led<'a>(
    course: &Course<'_>,
    (kpi, period): (&Kpi, Period),
    frames: &'a dyn Frames,
) -> Option<(&'a Kpi, Led)> {
    let all = link::pairs(frames.project());
    let count = all.len();
    let supported = all.into_iter().filter(|pair| {
        let is = || link::among(pair, count, period, frames).is_ok_and(|found| found.verdict == Verdict::Yes);
        pair.effect.id == kpi.id && is()
    });
    let beside = supported.filter_map(|pair| {
        let lag = link::periods_of(pair.lag, period.grain).filter(|lag| *lag > 0)?;
        let leader = forecast::of(pair.cause, period, frames).ok()?;
        Some((pair.cause, course.led(&leader, i32::try_from(lag).ok()?)?))
    });
    beside.max_by(|a, b| a.1.saved.total_cmp(&b.1.saved).then_with(|| b.0.name.cmp(&a.0.name)))
}
