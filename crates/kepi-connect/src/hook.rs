//! What is posted: believed or not, and its rows as they are spelt.

use std::{borrow::Cow, collections::BTreeMap, fmt::Write};

use jiff::Timestamp;
use kepi_model::{
    id::Hash,
    project::{PostedAs, Source, Webhook},
};
use serde_json::{json, value::RawValue};

use crate::{
    Connections,
    error::FetchError,
    mapped::{fault, has_key},
    page::{at, on_one_line},
    proof::{Post, doubt},
};

/// What each row has beside what was posted: what names the delivery, its place in it from 1, and when it came.
const ADDED: [&str; 3] = ["_delivery", "_row", "_received"];
/// The longest name of a delivery.
const LONGEST_NAME: usize = 200;
/// So long the rows of a post are together, with what is added to each.
const LONGEST_ROWS: usize = 32 << 20;

/// Why something posted is refused. No words quote anything of it.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is not believed.
    #[error("{0}")]
    Unproven(&'static str),
    /// It is not in the form that is declared.
    #[error("{0}")]
    Form(String),
    /// It is not what its form says.
    #[error("{0}")]
    Unclear(String),
    /// It has more rows than are taken at once, now or later.
    #[error("{0}")]
    TooMuch(String),
    /// No secret can be read here.
    #[error("{0}")]
    NoSecret(String),
}

/// The rows of something posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostedRows {
    /// A JSON object on a line each.
    pub rows: Vec<String>,
    /// What it is called and holds; none: nobody says what it is called.
    pub mark: Option<Hash>,
}

impl Connections {
    /// The rows of something posted to a source, if it is believed.
    ///
    /// # Errors
    /// It is not, it is not in the form that the source declares, or no secret can be read.
    pub fn posted(&self, source: &Source, post: Post<'_>) -> Result<PostedRows, Refusal> {
        let Some(webhook) = source.from.webhook() else {
            return Err(Refusal::NoSecret("nothing is posted to it".to_owned()));
        };
        let (mut secrets, mut missing) = (Vec::new(), None);
        for at in &webhook.secrets {
            match self.secrets.read(at) {
                Ok(secret) => secrets.push(secret),
                Err(error) => missing = Some(error),
            }
        }
        // While they are exchanged one may not be there yet, or not any more.
        if let Some(missing) = missing.filter(|_| secrets.is_empty()) {
            return Err(Refusal::NoSecret(match missing {
                FetchError::Secret { at, why } => format!("the {at} {why} where `kepi serve` runs"),
                other => other.to_string(),
            }));
        }
        if let Some(why) = doubt(&webhook.proof, &secrets, post) {
            return Err(Refusal::Unproven(why));
        }
        taken(webhook, post)
    }
}

/// Takes apart what is believed.
fn taken(webhook: &Webhook, post: Post<'_>) -> Result<PostedRows, Refusal> {
    let said = (post.header)("content-type").unwrap_or_default();
    let kind = said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (fits, wanted) = match webhook.body {
        PostedAs::Json => (kind == "application/json" || kind.ends_with("+json"), "application/json"),
        PostedAs::Ndjson => {
            let all = [
                "application/x-ndjson",
                "application/ndjson",
                "application/jsonl",
                "application/x-jsonlines",
            ];
            (all.contains(&kind.as_str()), "application/x-ndjson")
        }
        PostedAs::Form => (kind == "application/x-www-form-urlencoded", "application/x-www-form-urlencoded"),
    };
    if !fits {
        return Err(Refusal::Form(format!("its `Content-Type` is not `{wanted}`")));
    }
    let unclear = |why: &str| Refusal::Unclear(why.to_owned());
    let text = std::str::from_utf8(post.body).map_err(|_| unclear("it is not UTF-8"))?;
    let name = webhook.delivery.as_deref().and_then(|header| (post.header)(header)).map(str::trim);
    let name = name.filter(|name| !name.is_empty() && name.len() <= LONGEST_NAME);
    let received = Timestamp::from_microsecond(post.at).map_err(|e| Refusal::Unclear(e.to_string()))?;
    let (name_said, received) = (json!(name), json!(received.to_string()));
    let (mut rows, mut length) = (Vec::new(), 0);
    let mut add = |row: &str| {
        let fields = row.trim().strip_prefix('{').ok_or_else(|| unclear("a row is no object"))?;
        if ADDED.iter().any(|key| row.contains(key) && has_key(row, key)) {
            return Err(unclear("a row has `_delivery`, `_row` or `_received`, which are added here"));
        }
        // What is acknowledged is not said again: what landing would reject whole is refused while it can be.
        if let Some(fault) = fault(row) {
            return Err(unclear(fault));
        }
        let number = rows.len() + 1;
        let comma = if fields.trim_start().starts_with('}') { "" } else { "," };
        let row =
            format!("{{\"_delivery\":{name_said},\"_row\":{number},\"_received\":{received}{comma}{fields}");
        length += row.len();
        if length > LONGEST_ROWS {
            let most = LONGEST_ROWS >> 20;
            return Err(Refusal::TooMuch(format!(
                "its rows are longer than {most} MiB with what is added to each: post fewer at once"
            )));
        }
        rows.push(row);
        Ok(())
    };
    match webhook.body {
        PostedAs::Json => {
            let root: &RawValue = serde_json::from_str(text).map_err(|_| unclear("it is not JSON"))?;
            let there = at(root, &webhook.rows)
                .ok_or_else(|| Refusal::Unclear(format!("there is no `{}` in it", webhook.rows)))?;
            if there.get().starts_with('[') {
                let all: Vec<&RawValue> =
                    serde_json::from_str(there.get()).map_err(|_| unclear("it is not JSON"))?;
                all.iter().try_for_each(|row| add(&on_one_line(row)))?;
            } else {
                add(&on_one_line(there))?;
            }
        }
        PostedAs::Ndjson => {
            for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
                let row: &RawValue = serde_json::from_str(line).map_err(|_| unclear("a line is not JSON"))?;
                add(&on_one_line(row))?;
            }
        }
        PostedAs::Form => add(&form(text).map_err(Refusal::Unclear)?)?,
    }
    let mark = name.map(|name| Hash::of(&[name.as_bytes(), b"\n", post.body].concat()));
    Ok(PostedRows { rows, mark })
}

/// A form as an object of texts.
fn form(text: &str) -> Result<String, String> {
    let decoded = |part: &str| -> Result<String, String> {
        let wrong = || "it is no form".to_owned();
        let mut bytes = Vec::with_capacity(part.len());
        let mut rest = part.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'+' => b' ',
                b'%' => {
                    let mut digit = || char::from(rest.next()?).to_digit(16);
                    let (high, low) = (digit().ok_or_else(wrong)?, digit().ok_or_else(wrong)?);
                    u8::try_from(high << 4 | low).map_err(|_| wrong())?
                }
                byte => byte,
            });
        }
        String::from_utf8(bytes).map_err(|_| wrong())
    };
    let mut fields: BTreeMap<String, Cow<'_, str>> = BTreeMap::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if fields.insert(decoded(name)?, decoded(value)?.into()).is_some() {
            return Err("a field is there twice".to_owned());
        }
    }
    let mut object = String::from("{");
    for (name, value) in &fields {
        let comma = if object.len() > 1 { "," } else { "" };
        // Writing to a text does not fail.
        let _ = write!(object, "{comma}{}:{}", json!(name), json!(value));
    }
    object.push('}');
    Ok(object)
}
