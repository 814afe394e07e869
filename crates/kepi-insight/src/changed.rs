//! Did it change, more than is usual? What the review of its period says of a KPI.

use kepi_query::value::Segment;

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Shown, Verdict},
    change::Verdict as Course,
    policy::Family,
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "change",
    version: 1,
    question: "Did it change, more than is usual?",
    cadence: Cadence::Standing,
    family: Some(Family::Change),
    answer,
};

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
    let says = vec![Sentence::Usual { value: now.point, judged }];
    Some(Insight { verdict, says, exhibit, checks, looked_at: 1 })
}
