//! Do the leading indicators of a scorecard predict? What is said to lead and does not foretell what it is believed to move is followed in vain; a
//! scorecard that mostly leans on such is told.

use kepi_model::measure::Indicator;

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Shown, Verdict},
    balance, gain, link,
    sentence::Sentence,
    validity,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "reliance",
    version: 2,
    question: "Do the leading indicators of its scorecard predict?",
    cadence: Cadence::OnRequest,
    family: None,
    answer,
};

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let project = frames.project();
    let scorecard = balance::card(ask.kpi, ask.period, project)?;
    let objectives = scorecard.perspectives.iter().flat_map(|perspective| &perspective.objectives);
    let ids: std::collections::BTreeSet<_> = objectives.flat_map(|objective| objective.kpis()).collect();
    let leading = ids.into_iter().filter_map(|id| project.kpis.get(id));
    let leading: Vec<_> = leading.filter(|kpi| kpi.indicator == Some(Indicator::Leading)).collect();
    if leading.is_empty() {
        return None;
    }
    let (mut predict, mut not, mut unlinked, mut rows) = (0, Vec::new(), 0, Vec::new());
    for kpi in &leading {
        let Some(audit) = validity::audit(&Ask { kpi, ..*ask }, frames) else {
            unlinked += 1;
            continue;
        };
        // Of a link that ended, forecasts gained while it lived.
        let gained = |pair: &link::Pair<'_>, ended: bool| match ended {
            true => None,
            false => gain::of(pair, ask.period, frames).ok(),
        };
        let all = audit.pairs.iter().zip(&audit.verdicts).zip(&audit.ended);
        let found: Vec<_> = all.map(|((pair, verdict), ended)| (*verdict, gained(pair, *ended))).collect();
        let best =
            found.iter().filter_map(|(_, gain)| gain.as_ref()).max_by(|a, b| a.share.total_cmp(&b.share));
        if let Some(best) = best {
            let figures = [best.share, best.range.0, best.range.1].map(Shown::Share);
            rows.push((format!("{}: {}", kpi.name, best.effect), figures.to_vec()));
        }
        // It predicts if it goes with something as expected, or if forecasts gain by it; it does not if neither is so of anything, for sure.
        let gains = |wanted| {
            move |gain: &Option<_>| {
                gain.as_ref().is_some_and(|of: &crate::sentence::Gain| of.verdict == wanted)
            }
        };
        let says = |(found, gain): &(Verdict, Option<_>)| match found {
            Verdict::Contrary => Verdict::No,
            Verdict::Yes => Verdict::Yes,
            _ if gains(Verdict::Yes)(gain) => Verdict::Yes,
            Verdict::No => Verdict::No,
            Verdict::Unknown if gains(Verdict::No)(gain) => Verdict::No,
            Verdict::Unknown => Verdict::Unknown,
        };
        match link::together(found.iter().map(says)) {
            Verdict::Yes => predict += 1,
            Verdict::No => not.push(kpi.name.clone()),
            Verdict::Contrary | Verdict::Unknown => {}
        }
    }
    let told = predict + not.len();
    let verdict = match () {
        () if not.len() > predict => Verdict::No,
        () if told > 0 && told == leading.len() => Verdict::Yes,
        () => Verdict::Unknown,
    };
    let checks = vec![
        Check { name: "it is said of each what it moves", holds: unlinked == 0 },
        Check { name: "it can be told of each", holds: told == leading.len() },
    ];
    let exhibit = (!rows.is_empty()).then(|| Exhibit { columns: vec!["errors saved", "from", "to"], rows });
    let (scorecard, all) = (scorecard.name.clone(), leading.len());
    let says = vec![Sentence::Relies { scorecard, leading: all, predict, not, unlinked }];
    Some(Insight { verdict, says, exhibit, checks, looked_at: all })
}
