//! Does another KPI bear its name and measure something else? The same words without what stands in brackets, which mostly says whose it is: where two
//! departments mean different things by one term, people compare what is not the same. What stands behind a comma often says how it is measured
//! (*satisfaction, weighted*), so it counts. Of definitions only.

use std::collections::BTreeSet;

use kepi_model::project::Kpi;

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Frames, Insight, Verdict},
    redundancy::measures_the_same,
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "terms",
    version: 1,
    question: "Does another KPI bear its name and measure something else?",
    cadence: Cadence::OnRequest,
    family: None,
    answer,
};

/// What a KPI is called whoever's it is: its words in lower case, whatever their order.
fn term(name: &str) -> BTreeSet<String> {
    let (mut depth, mut kept) = (0_u32, String::new());
    for letter in name.chars() {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            letter if depth == 0 => kept.push(if letter.is_alphanumeric() { letter } else { ' ' }),
            _ => {}
        }
    }
    kept.split_whitespace().map(str::to_lowercase).collect()
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let project = frames.project();
    let own = term(&ask.kpi.name);
    if own.is_empty() {
        return None;
    }
    let same: Vec<&Kpi> =
        project.kpis.values().filter(|other| other.id != ask.kpi.id && term(&other.name) == own).collect();
    let compared = project.kpis.len().saturating_sub(1);
    let other = same.iter().filter(|other| !measures_the_same(ask.kpi, other));
    let says: Vec<Sentence> = other
        .map(|other| Sentence::OtherMeaning {
            name: other.name.clone(),
            of: other.accountable.as_ref().map(|who| project.shown(who, None)),
            unit: other.unit != ask.kpi.unit,
        })
        .collect();
    let verdict = if says.is_empty() { Verdict::No } else { Verdict::Yes };
    let says = if says.is_empty() { vec![Sentence::OneMeaning { compared }] } else { says };
    let checks = vec![Check { name: "no other KPI is called the same", holds: same.is_empty() }];
    Some(Insight { verdict, says, exhibit: None, checks, looked_at: compared })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_its_words_without_whose_it_is() {
        assert_eq!(term("Churn rate (Finance)"), term("Rate: churn [Sales]"));
        assert_ne!(term("Satisfaction, weighted"), term("Satisfaction"));
        assert_ne!(term("Churn rate"), term("Renewal rate"));
    }
}
