//! What could have made it? Of a total that is called out, one suspect after the other, each with a test that could speak against it: the data, another
//! mix of rows, few members, what it is computed of, what is believed to move it. That a suspect stands is no proof.

use kepi_query::value::Segment;

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Frames, Insight, Verdict},
    change::{Usual, Verdict as Course},
    data_doubt, link, location, mix,
    sentence::{Sentence, Suspect},
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "diagnosis",
    version: 2,
    question: "What could have made it, and what speaks for each?",
    cadence: Cadence::Standing,
    // It asks only of what was called out.
    family: None,
    answer,
};

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let usual = called_out(ask.kpi, ask.period, frames).ok().flatten()?;
    let point = frames.figure(ask.kpi, ask.period, &Segment::total())?.point;
    let of = |analysis: &Analysis| (analysis.answer)(ask, frames).map_or(Verdict::Unknown, |of| of.verdict);
    let mut suspects = vec![(Suspect::Data, of(&data_doubt::ANALYSIS))];
    // At the mix of the period before it would be this.
    let at_one_mix: Vec<f64> =
        mix::splits(ask, frames).iter().map(|split| point - split.parts.mix_total()).collect();
    let explains = at_one_mix.iter().any(|value| (usual.low..=usual.high).contains(value));
    suspects.push((Suspect::Mix, if at_one_mix.is_empty() { Verdict::Unknown } else { told(explains) }));
    suspects.push((Suspect::Members, of(&location::ANALYSIS)));
    let inputs = ask.kpi.measure.kind().inputs();
    if !inputs.is_empty() {
        let known: Vec<_> = inputs
            .iter()
            .map(|input| (&input.kpi.name, called_out(&input.kpi, ask.period, frames)))
            .collect();
        let beyond = known.iter().filter(|(_, of)| matches!(of, Ok(Some(_))));
        let beyond: Vec<String> = beyond.map(|(name, _)| (*name).clone()).collect();
        let verdict = match beyond.is_empty() {
            true if known.iter().any(|(_, of)| of.is_err()) => Verdict::Unknown,
            is_empty => told(!is_empty),
        };
        suspects.push((Suspect::Inputs(beyond), verdict));
    }
    for pair in link::pairs(frames.project()).iter().filter(|pair| pair.effect.id == ask.kpi.id) {
        let lag = link::periods_of(pair.lag, ask.period.grain).and_then(|lag| i32::try_from(lag).ok());
        let before = lag.map(|lag| called_out(pair.cause, ask.period.offset(-lag), frames));
        let verdict = match before {
            Some(Ok(Some(cause))) => {
                let better = cause.above == (link::sense(pair.cause).unwrap_or(1.0) > 0.0);
                let rises = better == (link::expected_sign(pair) > 0.0);
                told(rises == usual.above)
            }
            Some(Ok(None)) => Verdict::No,
            Some(Err(())) | None => Verdict::Unknown,
        };
        suspects.push((Suspect::Believed(pair.cause.name.clone()), verdict));
    }
    let has = |wanted| suspects.iter().any(|(_, verdict)| *verdict == wanted);
    let verdict = match () {
        () if has(Verdict::Yes) => Verdict::Yes,
        () if has(Verdict::Unknown) => Verdict::Unknown,
        () => Verdict::No,
    };
    let checks = vec![Check { name: "each could be tested", holds: !has(Verdict::Unknown) }];
    let looked_at = suspects.len();
    let count = |wanted| suspects.iter().filter(|(_, verdict)| *verdict == wanted).count();
    let stand = suspects.iter().filter(|(_, verdict)| *verdict == Verdict::Yes);
    let summary = Sentence::Diagnosed {
        stand: stand.map(|(suspect, _)| suspect.clone()).collect(),
        cleared: count(Verdict::No),
        untold: count(Verdict::Unknown),
    };
    let tests = suspects.into_iter().map(|(suspect, verdict)| Sentence::Suspected { suspect, verdict });
    let says = std::iter::once(summary).chain(tests).collect();
    Some(Insight { verdict, says, exhibit: None, checks, looked_at })
}

fn told(holds: bool) -> Verdict {
    if holds { Verdict::Yes } else { Verdict::No }
}

/// What is usual of a total that is called out; none: it is within that.
fn called_out(
    kpi: &kepi_model::project::Kpi,
    period: kepi_model::calendar::Period,
    frames: &dyn Frames,
) -> Result<Option<Usual>, ()> {
    let usual = frames.judged(kpi, period, &Segment::total()).map_err(|_| ())?;
    Ok((usual.verdict != Course::Within).then_some(usual))
}
