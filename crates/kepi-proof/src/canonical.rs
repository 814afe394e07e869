//! One spelling of JSON: RFC 8785 without floating point.
//!
//! Keys are sorted by their UTF-16 code units, nothing is written that need not be, and only what must be escaped is.
//! Numbers are integers that every reader holds exactly, up to ±(2⁵³ − 1); decimals and larger integers are written as
//! texts. That is a subset of RFC 8785, so any implementation of it gives the same bytes.

use serde_json::Value;

/// The largest integer that every reader of JSON holds exactly: 2⁵³ − 1.
pub const LARGEST: u64 = (1 << 53) - 1;

/// Why a value has no canonical spelling, or a text is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotCanonical {
    /// A number is not an integer within ±(2⁵³ − 1).
    #[error("the number {0} is not an integer of at most 53 bits; write it as a text")]
    Number(String),
    /// The text is no JSON.
    #[error("it is no JSON: {0}")]
    Json(String),
    /// The text is JSON in another spelling.
    #[error("it is JSON in another spelling than the canonical one")]
    Spelling,
}

/// The canonical spelling of a value.
///
/// # Errors
/// [`NotCanonical::Number`].
pub fn canonical(value: &Value) -> Result<String, NotCanonical> {
    let mut out = String::new();
    write(value, &mut out)?;
    Ok(out)
}

/// Reads a text that must be in canonical spelling, which also rules out keys that stand twice.
///
/// # Errors
/// [`NotCanonical`].
pub fn read(text: &str) -> Result<Value, NotCanonical> {
    let value: Value = serde_json::from_str(text).map_err(|e| NotCanonical::Json(e.to_string()))?;
    if canonical(&value)? == text { Ok(value) } else { Err(NotCanonical::Spelling) }
}

fn write(value: &Value, out: &mut String) -> Result<(), NotCanonical> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => {
            let magnitude = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
            match magnitude {
                Some(magnitude) if magnitude <= LARGEST => out.push_str(&number.to_string()),
                _ => return Err(NotCanonical::Number(number.to_string())),
            }
        }
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                write(item, out)?;
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
            sorted.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (n, (key, value)) in sorted.into_iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                write_text(key, out);
                out.push(':');
                write(value, out)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}
