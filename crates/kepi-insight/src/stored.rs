//! Judgements as rows, and back to the bit.

use kepi_model::calendar::Grain;
use kepi_query::published::UsualRow;

use crate::{
    VERSION,
    change::{Judgement, Refusal, Usual, Verdict},
};

/// The row of a judgement.
#[must_use]
pub fn row_of(judged: &Judgement) -> UsualRow {
    match judged {
        Ok(of) => UsualRow {
            verdict: of.verdict.code().to_owned(),
            no_verdict: String::new(),
            above: of.above,
            numbers: Some([of.expected, of.low, of.high, of.spread, of.degrees, of.p, of.limit]),
            look: of.look,
            periods: of.periods,
            version: VERSION,
        },
        Err(why) => UsualRow {
            verdict: Verdict::Unknown.code().to_owned(),
            no_verdict: why.code().to_owned(),
            above: false,
            numbers: None,
            look: 0,
            periods: if let Refusal::TooFew { have, .. } = why { *have } else { 0 },
            version: VERSION,
        },
    }
}

/// The judgement of a row at a grain; none where no version of Kepi wrote it.
#[must_use]
pub fn judged_of(row: &UsualRow, grain: Grain) -> Option<Judgement> {
    let verdict = Verdict::from_code(&row.verdict)?;
    let Some([expected, low, high, spread, degrees, p, limit]) = row.numbers else {
        return Refusal::from_code(&row.no_verdict, row.periods, grain).map(Err);
    };
    let (above, look, periods) = (row.above, row.look, row.periods);
    Some(Ok(Usual { verdict, above, expected, low, high, spread, degrees, p, limit, look, periods }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::needed;

    #[test]
    fn a_judgement_is_read_as_it_was_written() {
        let usual = Usual {
            verdict: Verdict::Drifting,
            above: false,
            expected: 0.4,
            low: 0.3,
            high: 0.5,
            spread: 0.01,
            degrees: 12.5,
            p: 1e-4,
            limit: 2e-3,
            look: 3,
            periods: 20,
        };
        for judged in [
            Ok(usual),
            Err(Refusal::TooFew { have: 3, need: needed(Grain::Month) }),
            Err(Refusal::NotFinal),
            Err(Refusal::FewCases),
            Err(Refusal::NeverMoved),
            Err(Refusal::Overlapping),
            Err(Refusal::NotLooked),
        ] {
            assert_eq!(judged_of(&row_of(&judged), Grain::Month), Some(judged));
        }
    }
}
