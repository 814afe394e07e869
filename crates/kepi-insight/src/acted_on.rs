//! Does anybody act on it? What people did about a KPI in a year: comments, plans, decisions, disputes, changes. Who looked at its page is not recorded
//! and not asked (ADR 59); what was done is counted, and by whom is not told.

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Shown, Verdict},
    sentence::Sentence,
    vanity,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "acted_on",
    version: 1,
    question: "Does anybody act on it?",
    cadence: Cadence::OnRequest,
    family: None,
    answer,
};

/// The days that are looked at.
const YEAR: i64 = 365;
/// Where so little was done about any KPI, nobody works here yet, and nothing says that this one is ignored.
const FEWEST: usize = 12;

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let end = frames.project().calendar.bounds(ask.period).ok()?.end;
    let acts = frames.acts(ask.kpi, end - YEAR * 86_400_000_000..end)?;
    let checks = |told: bool| {
        vec![
            Check { name: "people act on KPIs here", holds: told },
            Check { name: "it can disappoint", holds: !vanity::cannot_disappoint(ask, frames) },
        ]
    };
    let (verdict, says) = match acts {
        _ if acts.about == 0 && acts.others < FEWEST => {
            (Verdict::Unknown, Sentence::ActsUntold { need: FEWEST })
        }
        _ if acts.about == 0 => {
            let idle = vanity::cannot_disappoint(ask, frames);
            (Verdict::No, Sentence::Ignored { others: acts.others, idle })
        }
        _ => (Verdict::Yes, Sentence::ActedOn { acts: acts.about }),
    };
    let figures = [acts.about, acts.others].map(|n| vec![Shown::Count(n as f64)]);
    let rows = ["about it", "about other KPIs"].map(str::to_owned).into_iter().zip(figures).collect();
    let exhibit = Some(Exhibit { columns: vec!["in a year"], rows });
    let checks = checks(verdict != Verdict::Unknown);
    Some(Insight { verdict, says: vec![says], exhibit, checks, looked_at: 1 })
}
