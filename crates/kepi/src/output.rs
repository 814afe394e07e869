//! How results are printed: tables for people, JSON for programs, CSV for spreadsheets. stdout is data only.

use std::io::{self, IsTerminal, Write};

use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Table, presets::NOTHING};
use kepi_model::wording::printable;
use kepi_report::{csv, view::Status};
use serde::Serialize;

use crate::cli::{Cli, Colour, Format};

/// Where and how to print.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// Table, JSON or CSV.
    pub format: Format,
    /// Whether colour may be used on stdout.
    pub colour: bool,
    /// Whether remarks and progress are left out.
    pub quiet: bool,
}

impl Output {
    /// As the command line says.
    pub fn new(cli: &Cli) -> Self {
        Self { format: cli.format, colour: colour(cli.color, &io::stdout()), quiet: cli.quiet }
    }

    /// Prints lines of data. Nothing in them moves a terminal: what people read shows control characters as pictures;
    /// CSV and JSON that go to a program or a file stay as they are.
    pub fn line(&self, text: &str) -> io::Result<()> {
        if self.format == Format::Table || io::stdout().is_terminal() {
            self.styled(&printable(text))
        } else {
            self.styled(text)
        }
    }

    /// Prints lines of data with colours of our own in them, and with nothing else that a terminal would obey.
    pub fn styled(&self, text: &str) -> io::Result<()> {
        match writeln!(io::stdout().lock(), "{text}") {
            // A reader such as `head` that has had enough changes nothing of what was found.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written,
        }
    }

    /// Prints a remark for people, never mixed with data.
    pub fn remark(&self, text: &str) {
        if !self.quiet {
            // A remark that cannot be written (a closed terminal) is not worth failing for.
            let _ = writeln!(io::stderr().lock(), "{}", printable(text));
        }
    }

    /// Prints a value as JSON.
    pub fn json<T: Serialize>(&self, value: &T) -> io::Result<()> {
        let text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
        self.line(&text)
    }

    /// Prints rows as CSV or as a table.
    pub fn rows(&self, grid: &Grid) -> io::Result<()> {
        match self.format {
            Format::Csv => self.line(grid.to_csv().trim_end()),
            Format::Table | Format::Json => self.styled(&grid.to_table(self.colour)),
        }
    }
}

/// Whether colour may be used on a stream.
pub fn colour(of: Colour, stream: &impl IsTerminal) -> bool {
    match of {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => std::env::var_os("NO_COLOR").is_none() && stream.is_terminal(),
    }
}

/// A cell with what a table shows and what a spreadsheet gets.
#[derive(Debug, Clone)]
pub struct Field {
    shown: String,
    plain: String,
    right: bool,
    status: Option<Status>,
    reason: Option<String>,
}

impl Field {
    /// Text, the same in both.
    pub fn text(text: impl Into<String>) -> Self {
        let shown = text.into();
        Self { plain: shown.clone(), shown, right: false, status: None, reason: None }
    }
    /// A figure: shown with its unit, plain with all digits.
    pub fn figure(shown: impl Into<String>, plain: Option<f64>) -> Self {
        Self::digits(shown, plain.map(|p| p.to_string()).unwrap_or_default())
    }
    /// A figure: shown with its unit, plain in the digits given.
    pub fn digits(shown: impl Into<String>, plain: String) -> Self {
        Self { shown: shown.into(), plain, right: true, status: None, reason: None }
    }
    /// A status: shape and word, coloured where colour is allowed.
    pub fn status(status: Status) -> Self {
        Self {
            shown: format!("{} {}", status.shape(), status.label()),
            plain: status.code().to_owned(),
            right: false,
            status: Some(status),
            reason: None,
        }
    }
    /// No figure, and why: a table is not pushed apart by it, for reasons have a column of their own, the last.
    pub fn none(reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..Self::digits("", String::new()) }
    }
}

/// A table of results.
#[derive(Debug, Clone)]
pub struct Grid {
    header: Vec<&'static str>,
    rows: Vec<Vec<Field>>,
}

impl Grid {
    /// A table with these columns.
    pub fn new(header: &[&'static str]) -> Self {
        Self { header: header.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn push(&mut self, row: Vec<Field>) {
        self.rows.push(row);
    }

    fn to_csv(&self) -> String {
        let line = |cells: Vec<String>| cells.iter().map(|c| csv::cell(c)).collect::<Vec<_>>().join(",");
        let mut text = line(self.header.iter().map(|h| h.replace(' ', "_").to_lowercase()).collect());
        for row in &self.rows {
            text.push('\n');
            text.push_str(&line(row.iter().map(|f| f.plain.clone()).collect()));
        }
        text
    }

    fn to_table(&self, colour: bool) -> String {
        let mut table = Table::new();
        table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        if !io::stdout().is_terminal() {
            table.set_width(140);
        }
        let bold =
            |h: &&str| if colour { Cell::new(*h).add_attribute(Attribute::Bold) } else { Cell::new(*h) };
        let reasons: Vec<String> = self.rows.iter().map(|row| reasons(row)).collect();
        let last = reasons.iter().any(|of| !of.is_empty()).then_some(&"Reason");
        table.set_header(self.header.iter().chain(last).map(bold));
        for (row, reason) in self.rows.iter().zip(&reasons) {
            let reason = last.map(|_| Cell::new(printable(reason)));
            table.add_row(
                row.iter()
                    .map(|field| {
                        let mut cell = Cell::new(printable(&field.shown));
                        if field.right {
                            cell = cell.set_alignment(CellAlignment::Right);
                        }
                        match field.status.filter(|_| colour) {
                            Some(status) => cell.fg(colour_of(status)).add_attribute(Attribute::Bold),
                            None => cell,
                        }
                    })
                    .chain(reason),
            );
        }
        table.trim_fmt()
    }
}

/// Why a row has no figures, each reason once.
fn reasons(row: &[Field]) -> String {
    let mut said: Vec<&str> = Vec::new();
    for reason in row.iter().filter_map(|field| field.reason.as_deref()) {
        if !said.contains(&reason) {
            said.push(reason);
        }
    }
    said.join("; ")
}

fn colour_of(status: Status) -> Color {
    match status {
        Status::Red => Color::Red,
        Status::Amber => Color::Yellow,
        Status::Green => Color::Green,
        Status::Blue => Color::Blue,
        Status::NoTarget | Status::Grey => Color::DarkGrey,
    }
}

/// So many of a thing: `1 row`, `2 rows`.
pub fn counted(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_stand_behind_the_figures_each_once_and_push_no_column_apart() {
        let mut grid = Grid::new(&["KPI", "Value", "Score"]);
        grid.push(vec![
            Field::text("a"),
            Field::figure("80 %", Some(0.8)),
            Field::figure("100", Some(100.0)),
        ]);
        assert_eq!(grid.to_table(false), " KPI  Value  Score\n a     80 %    100");
        grid.push(vec![Field::text("b"), Field::none("no rows"), Field::none("no rows")]);
        let lines = [" KPI  Value  Score  Reason", " a     80 %    100", " b                  no rows"];
        assert_eq!(grid.to_table(false).lines().map(str::trim_end).collect::<Vec<_>>(), lines);
        assert_eq!(grid.to_csv(), "kpi,value,score\na,0.8,100\nb,,");
    }

    #[test]
    fn a_spreadsheet_gets_plain_figures_and_no_formula() {
        let mut grid = Grid::new(&["KPI", "Value"]);
        grid.push(vec![Field::text("=cmd()"), Field::figure("80.0 %", Some(-0.8))]);
        grid.push(vec![Field::text("a, \"b\""), Field::figure("no value", None)]);
        assert_eq!(grid.to_csv(), "kpi,value\n'=cmd(),-0.8\n\"a, \"\"b\"\"\",");
    }
}
