//! Changes of a definition's text from what is to be different: a scalar is written anew where it stands, everything else of the
//! text stays as it is, comments included. What comes out is read again, and given only if exactly that differs.

use serde_json::Value;

use crate::{
    findings::Findings,
    source_text::FileId,
    yaml::{self, Yaml},
};

/// Where a value stands in a definition: keys and places of lists, from the outermost on, such as `targets`, `0`, `target`.
pub type Path = Vec<String>;

/// A value that a small form changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Where it stands.
    pub path: Path,
    /// What it is, for people.
    pub label: String,
    /// What it is now.
    pub value: String,
}

/// Why a text is not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotEdited {
    /// It is not one definition.
    #[error("the text is not one definition")]
    NotOne,
    /// Nothing that could be written anew stands there.
    #[error("there is no value at `{0}` that could be written anew; change the text itself")]
    NoValue(String),
    /// More or something else would differ.
    #[error("`{0}` cannot stand there; change the text itself")]
    Otherwise(String),
}

/// The keys of a target that are lines to reach.
const LINES: [&str; 4] = ["floor", "threshold", "target", "stretch"];

/// The only document of a text.
fn root(text: &str) -> Result<Yaml, NotEdited> {
    let mut documents = yaml::parse(FileId(0), text, &mut Findings::default()).into_iter();
    match (documents.next(), documents.next()) {
        (Some(document), None) if !document.root.entries().is_empty() => Ok(document.root),
        _ => Err(NotEdited::NotOne),
    }
}

/// The targets, weights and owners of a definition, and what is expected of a source, in the order in which they are written.
///
/// # Errors
/// The text is not one definition.
pub fn fields(text: &str) -> Result<Vec<Field>, NotEdited> {
    let root = root(text)?;
    let mut found = Vec::new();
    match root.entries().first().map(|first| first.key.as_str()) {
        Some("kpi") => {
            let targets = root.entry("targets").map(|pair| &pair.value);
            for (n, target) in targets.into_iter().flat_map(items).enumerate() {
                let said = |key: &str| target.entry(key).and_then(|pair| pair.value.text());
                let segment = target.entry("segment").into_iter().flat_map(|pair| pair.value.entries());
                let members = segment.filter_map(|pair| Some(format!("{}={}", pair.key, pair.value.text()?)));
                let whom: Vec<String> = said("unit").map(str::to_owned).into_iter().chain(members).collect();
                let whom = if whom.is_empty() { String::new() } else { format!(" for {}", whom.join(", ")) };
                let of = format!("from {}{whom}", said("from").unwrap_or("ever"));
                for line in LINES {
                    let path = ["targets", &n.to_string(), line].map(str::to_owned).to_vec();
                    let label = format!("{line} {of}");
                    found.extend(scalar(target.entry(line).map(|pair| &pair.value), path, label));
                }
                // Agreeing anew on what stays as it is.
                let version = target.entry("plan").and_then(|plan| plan.value.entry("version"));
                let path = ["targets", &n.to_string(), "plan", "version"].map(str::to_owned).to_vec();
                let label = format!("version of the plan of the target {of}");
                found.extend(scalar(version.map(|pair| &pair.value), path, label));
            }
            found.extend(own(&root, "accountable"));
        }
        Some("scorecard") => {
            if let Some(perspectives) = root.entry("perspectives") {
                shares(&perspectives.value, &mut vec!["perspectives".to_owned()], &mut found);
            }
        }
        Some("unit") => found.extend(own(&root, "manager")),
        Some("source") => {
            found.extend(own(&root, "owner"));
            let expect = root.entry("expect").map(|pair| &pair.value);
            for pair in expect.into_iter().flat_map(Yaml::entries) {
                let path = vec!["expect".to_owned(), pair.key.clone()];
                found.extend(scalar(Some(&pair.value), path, format!("expected {}", pair.key)));
            }
        }
        _ => {}
    }
    Ok(found)
}

fn own(root: &Yaml, key: &str) -> Option<Field> {
    scalar(root.entry(key).map(|pair| &pair.value), vec![key.to_owned()], key.to_owned())
}

fn scalar(of: Option<&Yaml>, path: Path, label: String) -> Option<Field> {
    Some(Field { path, label, value: of?.text()?.to_owned() })
}

fn items(of: &Yaml) -> &[Yaml] {
    match &of.value {
        yaml::Value::List(items) => items,
        _ => &[],
    }
}

/// Weights, wherever they stand beneath a node.
fn shares(of: &Yaml, path: &mut Path, found: &mut Vec<Field>) {
    let weights = path.last().is_some_and(|last| last == "kpis");
    for pair in of.entries() {
        path.push(pair.key.clone());
        if pair.key == "segments" {
            for (n, of) in items(&pair.value).iter().enumerate() {
                let before = found.len();
                path.push(n.to_string());
                shares(of, path, found);
                path.pop();
                // Whoever reads it knows segments by their members, not by their place.
                let segment = of.entry("segment").into_iter().flat_map(|pair| pair.value.entries());
                let members = segment.filter_map(|pair| Some(format!("{}={}", pair.key, pair.value.text()?)));
                let members = members.collect::<Vec<_>>().join(", ");
                for field in found.iter_mut().skip(before) {
                    field.label = field.label.replacen(&format!(" / {n}"), &format!(" / {members}"), 1);
                }
            }
        } else if weights || pair.key == "weight" {
            let names = path.iter().filter(|of| {
                !["perspectives", "objectives", "segments", "kpis", "weight"].contains(&of.as_str())
            });
            let label = format!("weight of {}", names.cloned().collect::<Vec<_>>().join(" / "));
            found.extend(scalar(Some(&pair.value), path.clone(), label));
        } else {
            shares(&pair.value, path, found);
        }
        path.pop();
    }
}

/// The text with other values at these places, and nothing else differing.
///
/// # Errors
/// There is no scalar at one of the places, or one of the values cannot stand there.
pub fn set(text: &str, values: &[(Path, String)]) -> Result<String, NotEdited> {
    let mut text = text.to_owned();
    for (path, value) in values {
        let root = root(&text)?;
        let named = || path.join(" / ");
        let node = at(&root, path).filter(|node| node.text().is_some());
        let node = node.ok_or_else(|| NotEdited::NoValue(named()))?;
        if node.text() == Some(value) {
            continue;
        }
        let mut wanted = plain(&root);
        *place(&mut wanted, path).ok_or_else(|| NotEdited::NoValue(named()))? = Value::String(value.clone());
        let (start, end) = (node.span.start as usize, node.span.end as usize);
        let (before, after) = (text.get(..start), text.get(end..));
        let (Some(before), Some(after)) = (before, after) else { return Err(NotEdited::NoValue(named())) };
        let written =
            [value.clone(), quoted(value)].into_iter().map(|value| format!("{before}{value}{after}"));
        let same = |text: &String| self::root(text).is_ok_and(|root| plain(&root) == wanted);
        let found = written.into_iter().find(same);
        text = found.ok_or_else(|| NotEdited::Otherwise(value.clone()))?;
    }
    Ok(text)
}

/// The text with another value at an outermost key, in the form of one line, such as `[red]`: in the place of what stands there, or
/// after all else; and nothing else differing.
///
/// # Errors
/// The text is not one definition, or the value cannot stand there.
pub fn put(text: &str, key: &str, value: &str) -> Result<String, NotEdited> {
    let root = root(text)?;
    let otherwise = || NotEdited::Otherwise(value.to_owned());
    if value.contains(['\n', '\r']) {
        return Err(otherwise());
    }
    let own = self::root(&format!("{key}: {value}\n"))?;
    let own = own.entry(key).map(|pair| plain(&pair.value)).ok_or_else(otherwise)?;
    let pair = |value: Value| Value::Array(vec![Value::String(key.to_owned()), value]);
    let mut wanted = plain(&root);
    let written = match root.entry(key) {
        Some(standing) => {
            *place(&mut wanted, &[key.to_owned()]).ok_or_else(otherwise)? = own;
            let (start, end) = (standing.value.span.start as usize, standing.value.span.end as usize);
            let (before, after) = (text.get(..start), text.get(end..));
            let (Some(before), Some(after)) = (before, after) else { return Err(otherwise()) };
            format!("{before}{value}{after}")
        }
        None => {
            if let Some(Value::Array(pairs)) = wanted.get_mut(1) {
                pairs.push(pair(own));
            }
            format!("{}\n{key}: {value}\n", text.trim_end())
        }
    };
    match self::root(&written) {
        Ok(root) if plain(&root) == wanted => Ok(written),
        _ => Err(otherwise()),
    }
}

/// The text with one more key in a map, in the form of one line and after all others; and nothing else differing. A map that is not there is made.
///
/// # Errors
/// There is no map, it has the key, or the value cannot stand there.
pub fn add(text: &str, path: &[&str], key: &str, value: &str) -> Result<String, NotEdited> {
    let root = root(text)?;
    let otherwise = || NotEdited::Otherwise(value.to_owned());
    let steps: Path = path.iter().map(|step| (*step).to_owned()).collect();
    let map = match (at(&root, &steps), path) {
        (None, [outermost]) => return put(text, outermost, &format!("{{{key}: {value}}}")),
        (None, _) => return Err(NotEdited::NoValue(steps.join(" / "))),
        (Some(map), _) => map,
    };
    if value.contains(['\n', '\r']) || map.entry(key).is_some() {
        return Err(otherwise());
    }
    let own = self::root(&format!("{key}: {value}\n"))?;
    let own = own.entry(key).map(|pair| plain(&pair.value)).ok_or_else(otherwise)?;
    let mut wanted = plain(&root);
    let Some(Value::Array(pairs)) = place(&mut wanted, &steps).and_then(|of| of.get_mut(1)) else {
        return Err(otherwise());
    };
    pairs.push(Value::Array(vec![Value::String(key.to_owned()), own]));
    let last = map.entries().last().ok_or_else(otherwise)?;
    let cut = |place: usize| Some((text.get(..place)?, text.get(place..)?));
    let (before, after) = cut(last.value.span.end as usize).ok_or_else(otherwise)?;
    // In braces behind a comma, or on a line of its own below the last, as far to the right.
    let in_braces = format!("{}, {key}: {value}{after}", before.trim_end());
    let line = text
        .get(..last.key_span.start as usize)
        .map_or("", |upto| upto.rsplit_once('\n').map_or(upto, |(_, line)| line));
    let body = before.trim_end();
    let rest = text.get(body.len()..).unwrap_or_default();
    let (comment, below) = rest.split_once('\n').unwrap_or((rest, ""));
    let below_it = format!("{body}{comment}\n{line}{key}: {value}\n{below}");
    let mut same = [below_it, in_braces]
        .into_iter()
        .filter(|text| self::root(text).is_ok_and(|root| plain(&root) == wanted));
    same.next().ok_or_else(otherwise)
}

/// The text without what stands at a key, from the outermost on, and nothing else differing; a map that would be left empty goes with it.
///
/// # Errors
/// The text is not one definition, there is nothing at the key, or it cannot be taken out alone.
pub fn without(text: &str, path: &[&str]) -> Result<String, NotEdited> {
    let root = root(text)?;
    let nothing = || NotEdited::NoValue(path.join(" / "));
    let (key, above) = path.split_last().ok_or_else(nothing)?;
    let steps: Path = above.iter().map(|step| (*step).to_owned()).collect();
    let parent = at(&root, &steps).ok_or_else(nothing)?;
    let pair = parent.entry(key).ok_or_else(nothing)?;
    if parent.entries().len() == 1 && !above.is_empty() {
        return without(text, above);
    }
    let mut wanted = plain(&root);
    let Some(Value::Array(map)) = place(&mut wanted, &steps) else { return Err(nothing()) };
    if let Some(Value::Array(pairs)) = map.get_mut(1) {
        pairs.retain(|pair| pair.get(0).and_then(Value::as_str) != Some(key));
    }
    let (start, end) = (pair.key_span.start as usize, pair.value.span.end as usize);
    let (before, own) = text.get(..end).and_then(|upto| upto.split_at_checked(start)).ok_or_else(nothing)?;
    let after = text.get(start + own.trim_end().len()..).unwrap_or_default();
    // Lines of its own, or a piece of one with the comma behind or before it.
    let lines = format!(
        "{}{}",
        before.get(..before.rfind('\n').map_or(0, |at| at + 1)).unwrap_or_default(),
        after.split_once('\n').map_or("", |(_, rest)| rest)
    );
    let next = after.trim_start().strip_prefix(',').map(|rest| format!("{before}{}", rest.trim_start()));
    let last = before.trim_end().strip_suffix(',').map(|before| format!("{before}{after}"));
    let written = [Some(lines), next, last].into_iter().flatten();
    let mut same = written.filter(|text| self::root(text).is_ok_and(|root| plain(&root) == wanted));
    same.next().ok_or_else(nothing)
}

/// A text in quotes, as YAML reads it.
pub(crate) fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

fn at<'y>(root: &'y Yaml, path: &[String]) -> Option<&'y Yaml> {
    path.iter().try_fold(root, |node, step| match &node.value {
        yaml::Value::List(items) => items.get(step.parse::<usize>().ok()?),
        _ => node.entry(step).map(|pair| &pair.value),
    })
}

/// A piece of YAML without its places. The order of a map may be what is shown, so it counts.
pub(crate) fn plain(yaml: &Yaml) -> Value {
    match &yaml.value {
        yaml::Value::Empty => Value::Null,
        yaml::Value::Scalar(scalar) => Value::String(scalar.text.clone()),
        yaml::Value::List(items) => Value::Array(items.iter().map(plain).collect()),
        yaml::Value::Map(pairs) => {
            let pair =
                |pair: &yaml::Pair| Value::Array(vec![Value::String(pair.key.clone()), plain(&pair.value)]);
            Value::Array(vec![Value::Bool(true), Value::Array(pairs.iter().map(pair).collect())])
        }
    }
}

/// The place of a value in what [`plain`] gives.
fn place<'v>(of: &'v mut Value, path: &[String]) -> Option<&'v mut Value> {
    let Some((step, rest)) = path.split_first() else { return Some(of) };
    let Value::Array(all) = of else { return None };
    let is_map = matches!(all.first(), Some(Value::Bool(true)));
    let next = if is_map {
        let Some(Value::Array(pairs)) = all.get_mut(1) else { return None };
        let pair = pairs.iter_mut().find(|pair| pair.get(0).and_then(Value::as_str) == Some(step));
        pair?.get_mut(1)?
    } else {
        all.get_mut(step.parse::<usize>().ok()?)?
    };
    place(next, rest)
}
