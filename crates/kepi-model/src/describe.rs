//! Measures in plain English and as short formulas, for people who read a KPI's page.

use std::collections::BTreeMap;

use crate::{
    expression::{Comparison, Expression, Literal, Node, Path, Type},
    expression_text::{duration_text, literal_text, scaled},
    id::EntityId,
    project::{
        Aggregate, DurationSummary, Entity, Kpi, Measure, Part, Population, Project, RatingSummary, Unmatched,
    },
};

/// What a KPI measures, in one sentence without full stop.
pub fn measure(kpi: &Kpi, project: &Project) -> String {
    let words = Words { entities: &project.entities };
    let mut text = words.measure(&kpi.measure);
    if let Some(weight) = &kpi.weight {
        text.push_str(&format!("; rows are weighted by {}", words.value(weight, base_of(&kpi.measure))));
    }
    text
}

/// The formula of a KPI, in short.
pub fn formula(kpi: &Kpi, project: &Project) -> String {
    let words = Words { entities: &project.entities };
    let base = base_of(&kpi.measure);
    let weighted = if kpi.weight.is_some() { "Σw" } else { "n" };
    match &kpi.measure {
        Measure::Total(part) => words.part_formula(part),
        Measure::Mean { value, .. } => {
            let value = words.value(value, base);
            if kpi.weight.is_some() { format!("Σ(w × {value}) ÷ Σw") } else { format!("Σ {value} ÷ n") }
        }
        Measure::Share { which, .. } => {
            let which = words.condition(which, base);
            format!("{weighted}({which}) ÷ {weighted}(known)")
        }
        Measure::Quantile { value, quantile, .. } => {
            format!("{} of {}", quantile_text(*quantile), words.value(value, base))
        }
        Measure::Nps { .. } => "promoters % − detractors %".to_owned(),
        Measure::Rating { answer, scale: (_, high), summary, .. } => {
            let answer = words.value(answer, base);
            match summary {
                RatingSummary::TopBox(top) => {
                    format!("{weighted}({answer} ≥ {}) ÷ {weighted}(answered)", high - i64::from(*top) + 1)
                }
                RatingSummary::Mean if kpi.weight.is_some() => format!("Σ(w × {answer}) ÷ Σw"),
                RatingSummary::Mean => format!("Σ {answer} ÷ n"),
            }
        }
        Measure::Duration { from, until, summary, .. } => {
            let (from, until) = (words.value(from, base), words.value(until, base));
            match summary {
                DurationSummary::Mean => format!("Σ({until} − {from}) ÷ n"),
                DurationSummary::Within(limit) => {
                    format!("{weighted}({until} − {from} ≤ {}) ÷ {weighted}", duration_text(*limit))
                }
            }
        }
        Measure::Ratio { numerator, denominator, per, .. } => {
            let times = if *per == 1 { String::new() } else { format!(" × {per}") };
            format!("{} ÷ {}{times}", words.part_formula(numerator), words.part_formula(denominator))
        }
    }
}

/// A condition over rows of an entity, in words.
pub fn condition(expression: &Expression, base: &EntityId, project: &Project) -> String {
    Words { entities: &project.entities }.condition(expression, base)
}

fn base_of(measure: &Measure) -> &EntityId {
    match measure {
        Measure::Total(part) => &part.rows.of,
        Measure::Mean { rows, .. }
        | Measure::Share { rows, .. }
        | Measure::Quantile { rows, .. }
        | Measure::Nps { rows, .. }
        | Measure::Rating { rows, .. }
        | Measure::Duration { rows, .. } => &rows.of,
        Measure::Ratio { numerator, .. } => &numerator.rows.of,
    }
}

fn quantile_text(millionths: u32) -> String {
    if millionths == 500_000 {
        return "median".to_owned();
    }
    let percent = scaled(i64::from(millionths), 4);
    format!("{} % quantile", percent.trim_end_matches('0').trim_end_matches('.'))
}

/// `Survey response` → `survey responses`; a word in capitals keeps them.
fn plural(name: &str) -> String {
    let name = lower(name);
    match name.as_bytes() {
        [.., b's' | b'x' | b'z'] => format!("{name}es"),
        [.., b'c' | b's', b'h'] => format!("{name}es"),
        [.., before, b'y'] if !matches!(before, b'a' | b'e' | b'i' | b'o' | b'u') => {
            format!("{}ies", name.get(..name.len() - 1).unwrap_or(&name))
        }
        _ => format!("{name}s"),
    }
}

fn lower(name: &str) -> String {
    let mut chars = name.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if first.is_uppercase() && !second.is_uppercase() => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => name.to_owned(),
    }
}

struct Words<'a> {
    entities: &'a BTreeMap<EntityId, Entity>,
}

impl Words<'_> {
    fn measure(&self, measure: &Measure) -> String {
        match measure {
            Measure::Total(part) => {
                let mut text = self.part(part);
                text.push_str(&self.dated(&part.rows));
                capital(&text)
            }
            Measure::Mean { rows, value } => format!(
                "The mean {} of {}{}; those without it are left out{}",
                self.value(value, &rows.of),
                self.rows(rows),
                self.filter(rows),
                self.dated(rows)
            ),
            Measure::Share { rows, which } => format!(
                "The share of {}{} for which {}, among those for which this is known{}",
                self.rows(rows),
                self.filter(rows),
                self.condition(which, &rows.of),
                self.dated(rows)
            ),
            Measure::Quantile { rows, value, quantile, bins } => format!(
                "The {} of {} over {}{}, read from a histogram of {} bins{}",
                quantile_text(*quantile),
                self.value(value, &rows.of),
                self.rows(rows),
                self.filter(rows),
                bins.edges.len().saturating_sub(1),
                self.dated(rows)
            ),
            Measure::Nps { rows, answer } => format!(
                "Per cent of {}{} whose {} is 9 or 10 less per cent whose answer is 0 to 6, among those who answered{}",
                self.rows(rows),
                self.filter(rows),
                self.value(answer, &rows.of),
                self.dated(rows)
            ),
            Measure::Rating { rows, answer, scale: (low, high), summary, .. } => {
                let answer = self.value(answer, &rows.of);
                match summary {
                    RatingSummary::TopBox(top) => {
                        let answers: Vec<String> =
                            ((high - i64::from(*top) + 1)..=*high).map(|a| a.to_string()).collect();
                        format!(
                            "The share of {}{} whose {answer} is {} on the scale {low}–{high}, among those who answered{}",
                            self.rows(rows),
                            self.filter(rows),
                            listed(&answers, "or"),
                            self.dated(rows)
                        )
                    }
                    RatingSummary::Mean => format!(
                        "The mean {answer} of {}{} on the scale {low}–{high}, among those who answered{}",
                        self.rows(rows),
                        self.filter(rows),
                        self.dated(rows)
                    ),
                }
            }
            Measure::Duration { rows, from, until, summary } => {
                let (from, until) = (self.value(from, &rows.of), self.value(until, &rows.of));
                match summary {
                    DurationSummary::Mean => format!(
                        "The mean time from {from} until {until} of {}{}, among those that have both{}",
                        self.rows(rows),
                        self.filter(rows),
                        self.dated(rows)
                    ),
                    DurationSummary::Within(limit) => format!(
                        "The share of {}{} with at most {} from {from} until {until}; those without an end count as late{}",
                        self.rows(rows),
                        self.filter(rows),
                        duration_text(*limit),
                        self.dated(rows)
                    ),
                }
            }
            Measure::Ratio { numerator, denominator, per, unmatched } => {
                let (above, below) = (self.part(numerator), self.part(denominator));
                let mut text = if *per == 1 {
                    format!("{} divided by {below}", capital(&above))
                } else {
                    format!("{} per {per} of {below}", capital(&above))
                };
                if numerator.rows.of == denominator.rows.of && numerator.rows.at == denominator.rows.at {
                    text.push_str(&self.dated(&numerator.rows));
                } else {
                    text.push_str(&format!(
                        "; above dated by {}, below by {}",
                        self.path(&numerator.rows.at, &numerator.rows.of),
                        self.path(&denominator.rows.at, &denominator.rows.of)
                    ));
                }
                if *unmatched == Unmatched::Drop {
                    text.push_str("; segments that only one of them has are left out");
                }
                text
            }
        }
    }

    fn part(&self, part: &Part) -> String {
        let (rows, filter) = (self.rows(&part.rows), self.filter(&part.rows));
        match &part.aggregate {
            Aggregate::Count => format!("the number of {rows}{filter}"),
            Aggregate::Sum(value) => {
                format!("the sum of {} over {rows}{filter}", self.value(value, &part.rows.of))
            }
            Aggregate::Distinct(value) => {
                let value = plural(&self.value(value, &part.rows.of));
                format!("the number of different {value} among {rows}{filter}")
            }
        }
    }

    fn part_formula(&self, part: &Part) -> String {
        match &part.aggregate {
            Aggregate::Count => format!("n({})", self.rows(&part.rows)),
            Aggregate::Sum(value) => format!("Σ {}", self.value(value, &part.rows.of)),
            Aggregate::Distinct(value) => {
                format!("n(different {})", plural(&self.value(value, &part.rows.of)))
            }
        }
    }

    fn rows(&self, rows: &Population) -> String {
        self.entities.get(&rows.of).map_or_else(|| rows.of.to_string(), |e| plural(&e.name))
    }

    fn filter(&self, rows: &Population) -> String {
        rows.filter.as_ref().map_or(String::new(), |f| format!(" where {}", self.condition(f, &rows.of)))
    }

    fn dated(&self, rows: &Population) -> String {
        format!("; dated by {}", self.path(&rows.at, &rows.of))
    }

    /// `account.region` → `region of account`.
    fn path(&self, path: &Path, base: &EntityId) -> String {
        let name = |entity: &EntityId, attribute| {
            self.entities
                .get(entity)
                .and_then(|e| e.attribute(attribute))
                .map_or_else(|| attribute.to_string(), |a| lower(&a.name))
        };
        let last = path.references.last().map_or(base, |(_, e)| e);
        let mut text = name(last, &path.attribute);
        let mut befores = vec![base.clone()];
        befores.extend(path.references.iter().map(|(_, e)| e.clone()));
        for ((reference, _), entity) in path.references.iter().zip(&befores).rev() {
            text.push_str(&format!(" of {}", name(entity, reference)));
        }
        text
    }

    fn value(&self, e: &Expression, base: &EntityId) -> String {
        match &e.node {
            Node::Path(path) => self.path(path, base),
            Node::Rescale(inner, _) => self.value(inner, base),
            Node::Literal(literal) => self.literal(literal, &e.type_),
            _ => e.to_string(),
        }
    }

    fn literal(&self, literal: &Literal, type_: &Type) -> String {
        match (literal, type_) {
            (Literal::Text(text), _) => format!("“{text}”"),
            (Literal::Integer(n), Type::Duration) => duration_text(*n),
            (Literal::Integer(n), Type::Money { currency, scale }) => {
                format!("{} {currency}", scaled(*n, *scale))
            }
            (Literal::Missing, _) => "unknown".to_owned(),
            _ => literal_text(literal, type_),
        }
    }

    fn condition(&self, e: &Expression, base: &EntityId) -> String {
        match &e.node {
            Node::Path(path) => format!("{} is true", self.path(path, base)),
            Node::Compare(how, a, b) => {
                let how = match how {
                    Comparison::Equal => "is",
                    Comparison::NotEqual => "is not",
                    Comparison::Less => "is less than",
                    Comparison::LessOrEqual => "is at most",
                    Comparison::Greater => "is more than",
                    Comparison::GreaterOrEqual => "is at least",
                };
                format!("{} {how} {}", self.value(a, base), self.value(b, base))
            }
            Node::In(a, list) => {
                let list: Vec<String> = list.iter().map(|l| self.literal(l, &a.type_)).collect();
                format!("{} is {}", self.value(a, base), listed(&list, "or"))
            }
            Node::Like(a, pattern) => format!("{} is like “{pattern}”", self.value(a, base)),
            Node::IsMissing(a) => format!("{} is unknown", self.value(a, base)),
            Node::Not(inner) => match &inner.node {
                Node::IsMissing(a) => format!("{} is known", self.value(a, base)),
                Node::Path(path) => format!("{} is false", self.path(path, base)),
                Node::In(a, list) => {
                    let list: Vec<String> = list.iter().map(|l| self.literal(l, &a.type_)).collect();
                    format!("{} is none of {}", self.value(a, base), listed(&list, "and"))
                }
                Node::Like(a, pattern) => format!("{} is not like “{pattern}”", self.value(a, base)),
                _ => format!("it does not hold that {}", self.condition(inner, base)),
            },
            Node::And(list) => self.all(list, "and", base),
            Node::Or(list) => self.all(list, "or", base),
            _ => e.to_string(),
        }
    }

    fn all(&self, list: &[Expression], word: &str, base: &EntityId) -> String {
        let list: Vec<String> = list
            .iter()
            .map(|e| {
                let text = self.condition(e, base);
                // A mixture of `and` and `or` is told apart by brackets.
                if matches!(e.node, Node::And(_) | Node::Or(_)) { format!("({text})") } else { text }
            })
            .collect();
        list.join(&format!(" {word} "))
    }
}

fn listed(items: &[String], word: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} {word} {last}", most.join(", ")),
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |c| c.to_uppercase().chain(chars).collect())
}
