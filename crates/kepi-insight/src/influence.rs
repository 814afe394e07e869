//! Which rows does it rest on? What the value would be without each row and without each file, exactly, held against what it usually varies by.

use kepi_query::value::Segment;

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Shown, Verdict},
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "influence",
    version: 1,
    question: "Which rows does it rest on?",
    cadence: Cadence::ByName,
    family: None,
    answer,
};

/// Files that are shown.
const FILES: usize = 10;

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let total = Segment::total();
    let value = frames.figure(ask.kpi, ask.period, &total)?.point;
    let of = frames.influence(ask.kpi, ask.period)?;
    let judged = frames.judged(ask.kpi, ask.period, &total).ok();
    // Half of the range that would not have been called out.
    let usual = judged.map(|usual| (usual.high - usual.low) / 2.0);
    let checks = vec![
        Check { name: "its states add up", holds: !of.most.is_empty() },
        Check { name: "what is usual of it is known", holds: usual.is_some() },
    ];
    let Some(first) = of.most.first() else {
        let says = vec![Sentence::NotOfRows];
        return Some(Insight { verdict: Verdict::Unknown, says, exhibit: None, checks, looked_at: 0 });
    };
    let verdict = match (first.moves, usual) {
        (None, _) => Verdict::Yes,
        (Some(moves), Some(usual)) if moves.abs() >= usual => Verdict::Yes,
        (Some(_), Some(_)) => Verdict::No,
        (Some(_), None) => Verdict::Unknown,
    };
    let name = first.name.clone();
    let says = vec![Sentence::RestsOn { name, moves: first.moves, rows: of.rows, usual, verdict }];
    let row = |name: String, moves: Option<f64>| {
        let moves = moves?;
        Some((name, vec![Shown::Difference(moves), Shown::Value(value - moves)]))
    };
    let rows = of.most.iter().filter_map(|of| row(of.name.clone(), of.moves));
    let files =
        of.files.iter().take(FILES).filter_map(|of| row(format!("{} ({} rows)", of.name, of.rows), of.moves));
    let exhibit = Exhibit { columns: vec!["moves it by", "without it"], rows: rows.chain(files).collect() };
    let looked_at = usize::try_from(of.rows).unwrap_or(usize::MAX);
    Some(Insight { verdict, says, exhibit: Some(exhibit), checks, looked_at })
}
