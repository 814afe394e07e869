//! Cells of CSV that a spreadsheet opens without harm.

/// One cell: quoted where needed; a text that a spreadsheet would take for a formula gets a leading apostrophe, unless it
/// is a number.
pub fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}
