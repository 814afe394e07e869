//! Which rows does it rest on? What the value would be without each row and without each file, exactly, held against what it usually varies by.

use kepi_query::value::Segment;
use kepi_stats::distribution::binomial;

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Exhibit, Frames, Influence, Insight, Shown, Verdict},
    policy,
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "influence",
    version: 2,
    question: "Which rows does it rest on?",
    cadence: Cadence::ByName,
    family: None,
    answer,
};

/// Files that are shown.
const FILES: usize = 10;

/// The file in which more of the rows stand that move the value most than its size lets expect: what is wrong with a file is wrong with
/// its rows, and what is real seldom keeps to one. With how many of how many, and its share of all rows.
fn gathered(of: &Influence) -> Option<(String, usize, usize, f64)> {
    let all: u64 = of.files.iter().map(|file| file.rows).sum();
    let most = of.most.len() as u64;
    let found = of.files.iter().filter_map(|file| {
        let own = of.most.iter().filter(|row| row.file.as_deref() == Some(file.name.as_str())).count();
        let share = file.rows as f64 / all.max(1) as f64;
        let p = binomial::at_least(own as u64, most, share);
        policy::gathered(p, of.files.len()).then(|| (p, file.name.clone(), own, share))
    });
    let (_, file, own, share) = found.min_by(|a, b| a.0.total_cmp(&b.0))?;
    Some((file, own, of.most.len(), share))
}

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
    let mut says = vec![Sentence::RestsOn { name, moves: first.moves, rows: of.rows, usual, verdict }];
    says.extend(gathered(&of).map(|(file, of_most, most, share)| Sentence::FromOneFile {
        file,
        of_most,
        most,
        share,
    }));
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
