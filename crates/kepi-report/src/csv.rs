//! Cells of CSV that a spreadsheet opens without harm.

/// One cell: quoted where needed; a text that a spreadsheet would take for a formula gets a leading apostrophe, unless it
/// is a number.
pub fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// A table: a header and rows of texts.
pub fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: Vec<String>| cells.iter().map(|c| cell(c)).collect::<Vec<_>>().join(",") + "\n";
    let mut text = line(header.iter().map(|h| (*h).to_owned()).collect());
    text.extend(rows.into_iter().map(line));
    text
}
