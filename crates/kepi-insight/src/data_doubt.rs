//! Are its data in doubt? What a figure is made of, held against what is usual of that, before anything is made of the figure.

use kepi_query::value::Segment;

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Shown, Verdict},
    doubt::{self, NEED, Range, Suspicion},
    frame::Figure,
    policy::Family,
    season::longest,
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "data_doubt",
    version: 1,
    question: "Are its data in doubt?",
    cadence: Cadence::Standing,
    family: Some(Family::Doubt),
    answer,
};

/// More doubts than these are in the table only.
const MOST: usize = 3;

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let (total, project) = (Segment::total(), frames.project());
    let now = frames.figure(ask.kpi, ask.period, &total)?;
    let grain = ask.period.grain;
    let range = ask.period.ordinal.saturating_sub(longest(grain))..=ask.period.ordinal;
    let known = frames.points(ask.kpi, grain, &total, range).into_iter();
    let figure = |(ordinal, _): (i32, f64)| {
        frames.figure(ask.kpi, kepi_model::calendar::Period { ordinal, ..ask.period }, &total)
    };
    let series: Vec<Figure> = known.filter_map(figure).collect();
    let of_figure = doubt::of_figure(project, ask.kpi, ask.period, &series);
    let (of_deliveries, deliveries) = doubt::of_deliveries(project, ask.kpi, ask.period, frames.loads());
    let periods = of_figure.as_ref().is_ok().then(|| series.len().saturating_sub(1));
    let have = of_figure.as_ref().err().copied().unwrap_or(NEED);
    let doubts: Vec<Suspicion> = of_figure.unwrap_or_default().into_iter().chain(of_deliveries).collect();
    let before = frames.before(ask.kpi, ask.period);
    let wording = |period| ask.kpi.in_period(period, &project.calendar).map(|kpi| kpi.wording);
    let redefined = before.filter(|before| wording(*before) != wording(ask.period));
    // What is computed of other KPIs has no data of its own: those are asked.
    if redefined.is_none() && !ask.kpi.measure.kind().inputs().is_empty() {
        return None;
    }
    let looked_at = usize::from(periods.is_some()) + deliveries;
    let (verdict, mut says) = match () {
        () if !doubts.is_empty() || redefined.is_some() => (Verdict::Yes, Vec::new()),
        () if looked_at > 0 => (Verdict::No, vec![Sentence::NotInDoubt { periods, deliveries }]),
        () => (Verdict::Unknown, vec![Sentence::DoubtUntold { have, need: NEED }]),
    };
    says.extend(redefined.map(|since| Sentence::Redefined { since }));
    says.extend(doubts.iter().take(MOST).cloned().map(Sentence::InDoubt));
    let rows: Vec<(String, Vec<Shown>)> = doubts.iter().filter_map(row).collect();
    let exhibit = (!rows.is_empty()).then(|| Exhibit { columns: vec!["it is", "usual from", "to"], rows });
    let checks = vec![
        Check { name: "final", holds: now.is_final },
        Check { name: "the same definition as before", holds: redefined.is_none() },
        Check { name: "enough earlier periods", holds: periods.is_some() },
        Check { name: "enough earlier deliveries", holds: deliveries > 0 },
    ];
    Some(Insight { verdict, says, exhibit, checks, looked_at })
}

fn row(of: &Suspicion) -> Option<(String, Vec<Shown>)> {
    let shown = |of: &Range, shown: fn(f64) -> Shown| [of.have, of.low, of.high].map(shown).to_vec();
    Some(match of {
        Suspicion::Rows(range) => ("rows".to_owned(), shown(range, Shown::Count)),
        Suspicion::Covered(range) => ("share of rows that entered".to_owned(), shown(range, Shown::Share)),
        Suspicion::Delivered(of, range) => (format!("rows of {}", of.file), shown(range, Shown::Count)),
        Suspicion::Rejected(of, range) => (format!("rejected of {}", of.file), shown(range, Shown::Share)),
        Suspicion::Missing(of, column, range) => {
            (format!("{column} without a value in {}", of.file), shown(range, Shown::Share))
        }
        Suspicion::Stopped(..) => return None,
    })
}
