//! KPIs and sources that extend another one: what they do not say is as that says it.

use std::collections::BTreeMap;

use crate::{
    codes,
    findings::Findings,
    library::{Library, version},
    source_text::{FileId, Span},
    wording::shorten,
    yaml::{self, Document, Pair, Value, Yaml},
};

/// KPIs or sources one upon the other; nobody looks through more.
const MOST_LEVELS: usize = 10;
/// What every KPI says for itself.
const OWN: [&str; 7] = ["kpi", "name", "from", "extends", "life", "successor", "beside"];
/// What every source says for itself.
const OWN_OF_SOURCES: [&str; 3] = ["source", "name", "extends"];
/// What of a KPI of the library is about the library alone: who answers for it, and for what.
const OF_LIBRARY: [&str; 2] = ["objective", "accountable"];

/// Gives every KPI that extends one of the library the fields of that which it does not say itself, as if they were written where it says so;
/// these places.
pub(crate) fn of_library(
    documents: &mut [Document],
    library: &Library,
    findings: &mut Findings,
) -> Vec<Span> {
    let mut places = Vec::new();
    for document in documents {
        let entries = document.root.entries();
        if entries.first().is_none_or(|first| first.key != "kpi") {
            continue;
        }
        let Value::Map(pairs) = &mut document.root.value else { continue };
        let Some(extends) = pairs.iter_mut().find(|pair| pair.key == "extends") else { continue };
        let at = extends.value.span;
        // `library/renewal_rate` is what people write first.
        if let Some(name) = extends.value.text().and_then(|text| text.strip_prefix("library/")) {
            let (name, version) = name.split_once('@').map_or((name, None), |(name, of)| (name, Some(of)));
            let pair = |key: &str, text: &str| Pair {
                key: key.to_owned(),
                key_span: at,
                value: Yaml::of_key(text, at).at(at),
            };
            let said = [Some(pair("library", name)), version.map(|of| pair("version", of))];
            extends.value = Yaml { span: at, value: Value::Map(said.into_iter().flatten().collect()) };
        }
        if extends.value.entry("library").is_none() {
            continue;
        }
        places.push(at);
        let Some(base) = wording(&mut extends.value, library, findings) else { continue };
        let without = [&OWN[..], &OF_LIBRARY].concat();
        fill(&mut document.root, &base.at(at), &without);
    }
    places
}

/// The wording of the library that is meant. Where none is said, that of today is read, so that what else is wrong is found, too.
fn wording(extends: &mut Yaml, library: &Library, findings: &mut Findings) -> Option<Yaml> {
    let at = extends.span;
    let name = extends.entry("library")?.value.text()?.to_owned();
    let Some(today) = library.today(&name) else {
        let message = format!("the library has no KPI `{}`", shorten(&name));
        let at = extends.entry("library")?.value.span;
        let near = findings.nearest(&name, library.names());
        let finding = findings.report(codes::LIBRARY, at, message);
        if let Some(near) = near {
            finding.fix(format!("did you mean `{near}`?"));
        }
        return None;
    };
    let newest = version(today);
    let whole = format!("{{library: {name}, version: {newest}}}");
    let said = extends.entry("version").and_then(|of| of.value.text()).map(str::to_owned);
    let text = match said {
        None => {
            findings
                .report(codes::LIBRARY, at, format!("which wording of `{name}` is meant is not said"))
                .replace(format!("write `{whole}`, the wording of today"), at, whole);
            // Said once.
            if let Value::Map(pairs) = &mut extends.value {
                let value = Yaml::of_key(&newest, at).at(at);
                pairs.push(Pair { key: "version".to_owned(), key_span: at, value });
            }
            today
        }
        Some(said) if said == newest => today,
        Some(said) => match library.wording(&name, &said) {
            Some(earlier) => {
                let changed = changed(&parsed(earlier)?, &parsed(today)?);
                findings
                    .report(
                        codes::LIBRARY_MOVED,
                        at,
                        format!("the library words `{name}` otherwise by now: {changed}"),
                    )
                    .replace(format!("write `{whole}` once you have read it"), at, whole);
                earlier
            }
            None => {
                let message = format!("the library has no wording `{}` of `{name}`", shorten(&said));
                findings
                    .report(codes::LIBRARY, at, message)
                    .expected(format!("`{newest}`, or an earlier one that this Kepi knows"))
                    .fix("write the version that was meant; one that is newer than this Kepi needs a newer one");
                return None;
            }
        },
    };
    parsed(text)
}

/// A text of the library, which is well formed: a test reads all of them.
fn parsed(text: &str) -> Option<Yaml> {
    let documents = yaml::parse(FileId(0), text, &mut Findings::default());
    documents.into_iter().map(|document| document.root).find(|root| !root.entries().is_empty())
}

/// The fields in which two wordings differ.
fn changed(earlier: &Yaml, today: &Yaml) -> String {
    let plain = |of: &Yaml, key: &str| of.entry(key).map(|pair| crate::edit::plain(&pair.value));
    let keys: std::collections::BTreeSet<&str> =
        earlier.entries().iter().chain(today.entries()).map(|pair| pair.key.as_str()).collect();
    let differ: Vec<String> = keys
        .into_iter()
        .filter(|key| plain(earlier, key) != plain(today, key))
        .map(|key| format!("`{key}`"))
        .collect();
    if differ.is_empty() { "its comments".to_owned() } else { differ.join(", ") }
}

/// Gives every KPI and every source that extends another one the fields of that which it does not say itself: each as a whole, but
/// of a measure, or of what is read, of the same kind option by option, and of a mapping attribute by attribute. They stay where
/// they are written, so that what is wrong with them is said there, once.
pub(crate) fn all(documents: &mut [Document], findings: &mut Findings) {
    each(documents, ("kpi", "KPIs"), &OWN, findings);
    each(documents, ("source", "sources"), &OWN_OF_SOURCES, findings);
}

fn each(documents: &mut [Document], (kind, several): (&str, &str), own: &[&str], findings: &mut Findings) {
    let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, document) in documents.iter().enumerate() {
        if let Some(first) = document.root.entries().first()
            && first.key == kind
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
                let why = if kind == "kpi" { "changed with time" } else { "is defined more than once" };
                let message =
                    format!("`{}` {why}, and nobody knows which of its wordings is meant", shorten(&name));
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
                let message = format!("more than {MOST_LEVELS} {several} extend one another");
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
                fill(&mut document.root, &base, own);
            }
        }
    }
}

/// What a document extends, and where it says so.
fn extends(documents: &[Document], place: usize) -> Option<(String, Span)> {
    let value = &documents.get(place)?.root.entry("extends")?.value;
    Some((value.text()?.to_owned(), value.span))
}

fn fill(own: &mut Yaml, base: &Yaml, without: &[&str]) {
    let Value::Map(pairs) = &mut own.value else { return };
    let left = |pair: &&Pair| !without.contains(&pair.key.as_str());
    for pair in base.entries().iter().filter(left) {
        match pairs.iter_mut().find(|known| known.key == pair.key) {
            None => pairs.push(pair.clone()),
            Some(known) if matches!(pair.key.as_str(), "measure" | "from") => {
                options(&mut known.value, &pair.value)
            }
            Some(known) if pair.key == "map" => entries(&mut known.value, &pair.value),
            Some(_) => {}
        }
    }
}

/// The entries that are not written.
fn entries(own: &mut Yaml, base: &Yaml) {
    let Value::Map(written) = &mut own.value else { return };
    let more = base.entries().iter().filter(|of| written.iter().all(|known| known.key != of.key));
    let more: Vec<Pair> = more.cloned().collect();
    written.extend(more);
}

/// The options of what is of the same kind that are not written.
fn options(own: &mut Yaml, base: &Yaml) {
    let Value::Map(own) = &mut own.value else { return };
    let ([Pair { key, value, .. }], [base]) = (own.as_mut_slice(), base.entries()) else { return };
    if *key == base.key {
        entries(value, &base.value);
    }
}
