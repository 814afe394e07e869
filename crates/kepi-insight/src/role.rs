//! Can it lead? Whether it is known early enough to do something before what it is believed to move comes: by how often it is measured, how long that
//! takes, how fast decisions are, and how long the business needs. Of definitions only; whether it does predict is another question.

use kepi_model::{calendar::Grain, measure::Indicator};

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Frames, Insight, Verdict},
    link::{self, Pair},
    sentence::{Role, Sentence},
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "role",
    version: 1,
    question: "Is it known early enough to act before what it moves?",
    cadence: Cadence::OnRequest,
    family: None,
    answer,
};

/// About how many days so many of a grain are: the mean of the calendar.
pub(crate) fn days((count, grain): (u32, Grain)) -> f64 {
    let one = match grain {
        Grain::Day => 1.0,
        Grain::Week => 7.0,
        Grain::Month => 365.25 / 12.0,
        Grain::Quarter => 365.25 / 4.0,
        Grain::HalfYear => 365.25 / 2.0,
        Grain::Year => 365.25,
    };
    f64::from(count) * one
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let (kpi, project) = (ask.kpi, frames.project());
    let all = link::pairs(project);
    let of_it: Vec<&Pair<'_>> = all.iter().filter(|pair| pair.cause.id == kpi.id).collect();
    let said = kpi.indicator;
    // What is said to lag and to move nothing is what it says.
    if of_it.is_empty() && said != Some(Indicator::Leading) {
        return None;
    }
    let (cycle, decides) = (project.balance.cycle, project.balance.decides);
    let role = |pair: &&Pair<'_>| {
        let lag = pair.lag.filter(|(count, _)| *count > 0)?;
        // A lag runs from period to period: what is known at the end of the one is felt over the other.
        let left = days(lag) - days((1, kpi.period)) - days(decides);
        Some(Role {
            effect: pair.effect.name.clone(),
            lag,
            period: kpi.period,
            decides,
            left,
            beyond_cycle: days(lag) > days(cycle),
            said,
        })
    };
    let mut roles: Vec<Role> = of_it.iter().filter_map(role).collect();
    // That which leaves most time goes first.
    roles.sort_by(|a, b| b.left.total_cmp(&a.left).then_with(|| a.effect.cmp(&b.effect)));
    let verdict = match roles.first() {
        None if said == Some(Indicator::Leading) => Verdict::Unknown,
        None => return None,
        Some(of) if of.left >= 0.0 => Verdict::Yes,
        Some(_) if said == Some(Indicator::Leading) => Verdict::Contrary,
        Some(_) => Verdict::No,
    };
    let checks = vec![
        Check { name: "it is said what it moves, and after how long", holds: !roles.is_empty() },
        Check {
            name: "it is measured at least as often as decisions are taken",
            holds: days((1, kpi.period)) <= days(decides),
        },
    ];
    let looked_at = of_it.len();
    let says = match roles.is_empty() {
        true => vec![Sentence::NoLag { said }],
        false => roles.into_iter().map(Sentence::Role).collect(),
    };
    Some(Insight { verdict, says, exhibit: None, checks, looked_at })
}
