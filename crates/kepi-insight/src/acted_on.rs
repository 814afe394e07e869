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

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let acts = vanity::acts(ask, frames)?;
    let checks = |told: bool| {
        vec![
            Check { name: "people act on KPIs here", holds: told },
            Check { name: "it can disappoint", holds: !vanity::cannot_disappoint(ask, frames) },
        ]
    };
    let (verdict, says) = match acts {
        _ if acts.about == 0 && acts.others < vanity::FEWEST => {
            (Verdict::Unknown, Sentence::ActsUntold { need: vanity::FEWEST })
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
