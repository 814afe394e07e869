//! What could have made it? Of a total that is called out, one suspect after the other, each with a test that could speak against it: the data, another
//! mix of rows, few members, what it is computed of, what is believed to move it. That a suspect stands is no proof.

use kepi_query::value::Segment;

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Frames, Insight, Part, Verdict},
    change::{Usual, Verdict as Course},
    data_doubt, link, location, mix, policy,
    sentence::{Sentence, Suspect},
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "diagnosis",
    version: 3,
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
    let splits = mix::splits(ask, frames);
    let at_one_mix: Vec<f64> = splits.iter().map(|split| point - split.parts.mix_total()).collect();
    // It explains that the value lies beyond if it would not on that side; what explains more than all of it explains it, too.
    let explains = |value: &f64| if usual.above { *value <= usual.high } else { *value >= usual.low };
    // What signals together with periods before it need not lie beyond by itself: then no other value of it explains anything.
    let testable = !splits.is_empty() && !explains(&point);
    let tested = |explained: bool| if testable { told(explained) } else { Verdict::Unknown };
    suspects.push((Suspect::Mix, tested(at_one_mix.iter().any(explains))));
    suspects.push((Suspect::Members, of(&location::ANALYSIS)));
    let mut stayed = splits.iter().filter_map(|split| among_those_who_stayed(split, point));
    suspects.push((Suspect::Left, tested(stayed.any(|value| explains(&value)))));
    suspects.extend(answered(ask, frames).map(|verdict| (Suspect::Answered, verdict)));
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

/// What the value would be if it had moved since the period before as much as among members that are there in both; none: nobody left or came.
fn among_those_who_stayed(split: &mix::Split, point: f64) -> Option<f64> {
    let both = || split.sides.iter().filter_map(|[before, now]| Some((before.as_ref()?, now.as_ref()?)));
    if both().count() == split.sides.len() {
        return None;
    }
    let mean = |side: Vec<&Part>| {
        let cases: f64 = side.iter().map(|part| part.cases).sum();
        side.iter().map(|part| part.cases * part.figure.point).sum::<f64>() / cases
    };
    let moved = mean(both().map(|of| of.1).collect()) - mean(both().map(|of| of.0).collect());
    let would = point - split.parts.total + moved;
    would.is_finite().then_some(would)
}

/// Whether another share of those who could have entered did than in the period before, at 99 %; none: all enter it, or that is not known.
fn answered(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Verdict> {
    let before = frames.before(ask.kpi, ask.period)?;
    let of = |period| Some(frames.figure(ask.kpi, period, &Segment::total())?.coverage);
    let both = [of(before)?, of(ask.period)?];
    if both.iter().any(|of| of.eligible == 0) || both.iter().all(|of| of.counted == of.eligible) {
        return None;
    }
    let [then, now] = both.map(|of| (of.counted as f64, of.eligible as f64));
    let pooled = (then.0 + now.0) / (then.1 + now.1);
    let error = (pooled * (1.0 - pooled) * (1.0 / then.1 + 1.0 / now.1)).sqrt();
    Some(told(policy::another_share((now.0 / now.1 - then.0 / then.1) / error)))
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
