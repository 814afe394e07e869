//! Did it change, more than is usual? What the review of its period says of a KPI; and since when it does, for what is called out the same way
//! period after period is one signal.

use kepi_model::calendar::Period;
use kepi_query::value::Segment;

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Shown, Verdict},
    change::{Judgement, Usual, Verdict as Course},
    policy::Family,
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "change",
    version: 2,
    question: "Did it change, more than is usual?",
    cadence: Cadence::Standing,
    family: Some(Family::Change),
    answer,
};

/// What a judgement calls out.
fn signal(judged: Judgement) -> Option<Usual> {
    judged.ok().filter(|usual| matches!(usual.verdict, Course::Beyond | Course::Drifting))
}

/// The first of the periods in a row up to one that are called out the same way, what was usual of it, and how many they are.
fn begin(ask: &Ask<'_>, last: (Period, Usual), frames: &dyn Frames) -> (Period, Usual, u32) {
    let (mut first, mut periods) = (last, 1);
    loop {
        let before = first.0.offset(-1);
        match signal(frames.judged(ask.kpi, before, &Segment::total())) {
            Some(usual) if usual.above == last.1.above => (first, periods) = ((before, usual), periods + 1),
            _ => return (first.0, first.1, periods),
        }
    }
}

/// Since when a signal lasts, or that it has ended: the value came back to what was usual before it, or where it went has become usual.
fn life(ask: &Ask<'_>, value: f64, judged: Judgement, frames: &dyn Frames) -> Option<Sentence> {
    if let Some(usual) = signal(judged) {
        let (since, _, periods) = begin(ask, (ask.period, usual), frames);
        return (periods > 1).then_some(Sentence::Lasts { since, periods });
    }
    judged.ok()?;
    let until = ask.period.offset(-1);
    let last = signal(frames.judged(ask.kpi, until, &Segment::total()))?;
    let (since, usual, _) = begin(ask, (until, last), frames);
    let back = (usual.low..=usual.high).contains(&value);
    Some(Sentence::Faded { since, until, back })
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let total = Segment::total();
    let now = frames.figure(ask.kpi, ask.period, &total)?;
    let judged = frames.judged(ask.kpi, ask.period, &total);
    let verdict = match judged {
        Err(_) => Verdict::Unknown,
        Ok(usual) if usual.verdict == Course::Within => Verdict::No,
        Ok(_) => Verdict::Yes,
    };
    let exhibit = judged.ok().map(|usual| Exhibit {
        columns: vec!["value", "expected", "usual from", "to", "earlier periods"],
        rows: vec![(
            String::new(),
            vec![
                Shown::Value(now.point),
                Shown::Value(usual.expected),
                Shown::Value(usual.low),
                Shown::Value(usual.high),
                Shown::Count(f64::from(usual.periods)),
            ],
        )],
    });
    let checks = vec![Check { name: "final", holds: now.is_final }];
    let mut says = vec![Sentence::Usual { value: now.point, judged }];
    says.extend(life(ask, now.point, judged, frames));
    Some(Insight { verdict, says, exhibit, checks, looked_at: 1 })
}
