//! KPIs that extend another one: what they do not say is as that says it.

use std::collections::BTreeMap;

use crate::{
    codes,
    findings::Findings,
    source_text::Span,
    wording::shorten,
    yaml::{Document, Pair, Value, Yaml},
};

/// KPIs one upon the other; nobody looks through more.
const MOST_LEVELS: usize = 10;
/// What every KPI says for itself.
const OWN: [&str; 6] = ["kpi", "name", "from", "extends", "life", "successor"];

/// Gives every KPI that extends another one the fields of that which it does not say itself: each as a whole, but of a measure of
/// the same kind option by option. They stay where they are written, so that what is wrong with them is said there, once.
pub(crate) fn kpis(documents: &mut [Document], findings: &mut Findings) {
    let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, document) in documents.iter().enumerate() {
        if let Some(first) = document.root.entries().first()
            && first.key == "kpi"
            && let Some(name) = first.value.text()
        {
            by_name.entry(name.to_owned()).or_default().push(place);
        }
    }
    let mut whole = vec![false; documents.len()];
    for place in by_name.values().flatten() {
        let mut chain = vec![*place];
        while let Some(extended) = chain.last().and_then(|last| extends(documents, *last)) {
            let (name, span) = extended;
            // Nothing of this name: that is a finding of the reference.
            let Some(bases) = by_name.get(&name) else { break };
            let [base] = bases.as_slice() else {
                let message = format!(
                    "`{}` changed with time, and nobody knows which of its wordings is meant",
                    shorten(&name)
                );
                findings.report(codes::EXTENDS, span, message).fix("write what it says here");
                break;
            };
            if chain.contains(base) {
                let message = format!("`{}` extends itself", shorten(&name));
                findings.report(codes::EXTENDS, span, message).fix("let one of them say all of it");
                // Nothing of the circle is known to be meant.
                chain.clear();
                break;
            }
            if chain.len() > MOST_LEVELS {
                let message = format!("more than {MOST_LEVELS} KPIs extend one another");
                findings.report(codes::EXTENDS, span, message).fix("extend one that says more");
                break;
            }
            chain.push(*base);
            if whole.get(*base) == Some(&true) {
                break;
            }
        }
        // From the one that extends none on.
        while let (Some(base), Some(last)) = (chain.pop(), chain.last()) {
            let base = documents.get(base).map(|document| document.root.clone());
            if let (Some(base), Some(document), Some(whole)) =
                (base, documents.get_mut(*last), whole.get_mut(*last))
                && !std::mem::replace(whole, true)
            {
                fill(&mut document.root, &base);
            }
        }
    }
}

/// What a document extends, and where it says so.
fn extends(documents: &[Document], place: usize) -> Option<(String, Span)> {
    let value = &documents.get(place)?.root.entry("extends")?.value;
    Some((value.text()?.to_owned(), value.span))
}

fn fill(own: &mut Yaml, base: &Yaml) {
    let Value::Map(pairs) = &mut own.value else { return };
    for pair in base.entries().iter().filter(|pair| !OWN.contains(&pair.key.as_str())) {
        match pairs.iter_mut().find(|known| known.key == pair.key) {
            None => pairs.push(pair.clone()),
            Some(known) if pair.key == "measure" => options(&mut known.value, &pair.value),
            Some(_) => {}
        }
    }
}

/// The options of a measure of the same kind that are not written.
fn options(own: &mut Yaml, base: &Yaml) {
    let Value::Map(own) = &mut own.value else { return };
    let ([Pair { key, value, .. }], [base]) = (own.as_mut_slice(), base.entries()) else { return };
    let Value::Map(written) = &mut value.value else { return };
    if *key == base.key {
        let more = base.value.entries().iter().filter(|of| written.iter().all(|known| known.key != of.key));
        let more: Vec<Pair> = more.cloned().collect();
        written.extend(more);
    }
}
