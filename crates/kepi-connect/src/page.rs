//! A page of JSON: its rows as they are spelt, and what it says of the next. One of CSV becomes a list of objects, and what it says
//! stands in headers.

use std::{borrow::Cow, collections::HashMap, fmt::Write, time::Duration};

use jiff::Timestamp;
use kepi_model::id::Hash;
use serde_json::{json, value::RawValue};
use ureq::http::HeaderMap;

/// A page.
pub(crate) struct Page {
    root: Box<RawValue>,
    headers: HeaderMap,
    /// Whether it was CSV.
    is_table: bool,
}

/// The value at a dotted path; the whole path may also be one key.
pub(crate) fn at<'a>(value: &'a RawValue, path: &str) -> Option<&'a RawValue> {
    if path.is_empty() {
        return Some(value);
    }
    let fields: HashMap<Cow<'a, str>, &'a RawValue> = serde_json::from_str(value.get()).ok()?;
    if let Some(found) = fields.get(path) {
        return Some(found);
    }
    path.match_indices('.').find_map(|(dot, _)| at(fields.get(path.get(..dot)?)?, path.get(dot + 1..)?))
}

/// The text of a value at a path, as it is spelt if it is no text; none: nothing is there, or it is empty.
pub(crate) fn text(value: &RawValue, path: &str) -> Option<String> {
    let raw = at(value, path)?.get();
    let text = match raw.as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw).ok()?,
        Some(b'n') | None => return None,
        _ => raw.to_owned(),
    };
    Some(text).filter(|text| !text.is_empty())
}

/// No text of JSON holds a line break.
pub(crate) fn on_one_line(row: &RawValue) -> Cow<'_, str> {
    match row.get().contains(['\n', '\r']) {
        true => row.get().replace(['\n', '\r'], " ").into(),
        false => row.get().into(),
    }
}

/// Whether a value comes behind another: as numbers, if both are, else as texts.
pub(crate) fn newer(value: &str, than: &str) -> bool {
    match (value.parse::<i64>(), than.parse::<i64>()) {
        (Ok(a), Ok(b)) => a > b,
        _ => match (value.parse::<Timestamp>(), than.parse::<Timestamp>()) {
            (Ok(a), Ok(b)) => a > b,
            _ => value > than,
        },
    }
}

/// How long a server asks to wait: seconds, or until when.
pub(crate) fn wait(after: &str) -> Option<Duration> {
    if let Ok(seconds) = after.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = jiff::fmt::rfc2822::parse(after.trim()).ok()?.timestamp();
    Duration::try_from(until.duration_since(Timestamp::now())).ok()
}

impl Page {
    pub fn new(body: Vec<u8>, headers: HeaderMap) -> Result<Self, String> {
        let kind = headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let is_table =
            kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/csv"));
        let text = match is_table {
            true => objects(&body)?,
            false => String::from_utf8(body).map_err(|e| e.to_string())?,
        };
        let root = RawValue::from_string(text).map_err(|e| e.to_string())?;
        Ok(Self { root, headers, is_table })
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Its rows; that there are none is said by an empty list, never by none.
    pub fn rows(&self, path: &str) -> Result<Vec<&RawValue>, String> {
        let list = at(&self.root, path).ok_or_else(|| format!("there is no `{path}`"))?;
        serde_json::from_str(list.get()).map_err(|_| match path {
            "" => "it is no list; say by `rows` where the list stands".to_owned(),
            path => format!("`{path}` is no list"),
        })
    }

    /// What stands at a path; of CSV in a header.
    pub fn text(&self, path: &str) -> Option<String> {
        match self.is_table {
            true => self.header(path).filter(|text| !matches!(*text, "" | "null")).map(str::to_owned),
            false => text(&self.root, path),
        }
    }

    /// Where the header `Link` leads to by a `rel` (RFC 8288).
    pub fn link(&self, rel: &str) -> Option<String> {
        self.header("link")?.split(',').find_map(|link| {
            let (address, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
            let own = parameters.split(';').filter_map(|p| p.trim().strip_prefix("rel="));
            let is = own.flat_map(|rels| rels.trim_matches('"').split(' ')).any(|own| own == rel);
            is.then(|| address.to_owned())
        })
    }

    pub fn content(&self) -> Hash {
        Hash::of(self.root.get().as_bytes())
    }
}

/// Lines below a header as a list of objects in JSON, every cell a text.
fn objects(body: &[u8]) -> Result<String, String> {
    let mut reader = csv::Reader::from_reader(body);
    let names: Vec<String> = reader
        .headers()
        .map_err(|e| e.to_string())?
        .iter()
        .map(|name| name.trim_start_matches('\u{feff}').to_owned())
        .collect();
    if let Some((at, twice)) =
        names.iter().enumerate().find(|(at, name)| names.iter().take(*at).any(|other| other == *name))
    {
        return Err(format!("column {} is called `{twice}` as another is", at + 1));
    }
    let mut list = String::from("[");
    for (number, line) in reader.records().enumerate() {
        let line = line.map_err(|e| e.to_string())?;
        list.push_str(if number == 0 { "{" } else { ",{" });
        for (at, (name, cell)) in names.iter().zip(&line).enumerate() {
            let _ = write!(list, "{}{}:{}", if at == 0 { "" } else { "," }, json!(name), json!(cell));
        }
        list.push('}');
    }
    list.push(']');
    Ok(list)
}
