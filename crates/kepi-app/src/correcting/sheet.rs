//! Corrections of many rows at once: rejected rows as a table for a spreadsheet, and the table as it comes back. What a cell says
//! otherwise is said of its row; all rows are taken or none. What a spreadsheet spells otherwise by itself changes nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::civil::{Date, DateTime};
use kepi_query::landing::{Corrections, LoadOutcome, Raw, Trying};
use kepi_report::correction::Taken;

use super::{App, Desk, PERSONAL, Place, Stands, Wish, cell, fits, not_found};
use crate::{deciding::Acting, error::AppError};

/// The file of a row.
const FILE: &str = "_file";
/// The number of a row.
const ROW: &str = "_row";
/// By which rule it is rejected, and why.
const RULE: &str = "_rule";
const REASON: &str = "_reason";
/// The position of the log at which something was said of it before.
const SAID: &str = "_said";

/// More rows are not corrected at once: each is an entry of the log.
const MOST_ROWS: usize = 10_000;
/// A number of more digits is written out by nobody.
const MOST_DIGITS: i32 = 60;
/// So many rejected rows are read at a time.
const PAGE: u64 = 1000;
/// So many lines that cannot be taken are told.
const MOST_TOLD: usize = 20;

/// A table as it comes back from a spreadsheet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sheet {
    /// The names of its columns.
    pub columns: Vec<String>,
    /// Its rows, with the number that the spreadsheet shows beside each.
    pub rows: Vec<(u64, Vec<Option<String>>)>,
}

/// Rows that can be corrected, as a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToCorrect {
    /// Where, why, and the columns that the source maps.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
    /// Rejected rows whose files are not there any more, or are others by now.
    pub gone: usize,
}

/// What a sheet came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sheeted {
    /// The rows of which something is said.
    pub taken: Vec<Taken>,
    /// Rows of the sheet that say nothing new.
    pub same: usize,
    /// Cells that a spreadsheet spelt otherwise, in words; nothing is said of them.
    pub respelt: Vec<String>,
}

/// A column of a sheet.
enum Is<'a> {
    Mapped(&'a str),
    File,
    Row,
    Said,
    Nothing,
}

impl App {
    /// The rejected rows of a source as a table, and of files that a rule stopped as a whole those that are to blame.
    ///
    /// # Errors
    /// There is no such source, or the store or the lake cannot be read.
    pub async fn rows_to_correct(&self, source: &str) -> Result<ToCorrect, AppError> {
        let project = self.in_force().await?;
        let desk = self.desk(&project, source).await?;
        let names = desk.known.keys().map(|name| (*name).to_owned());
        let columns: Vec<String> =
            [FILE, ROW, RULE, REASON, SAID].into_iter().map(str::to_owned).chain(names).collect();
        let mut rows: BTreeMap<Place, (String, String, String)> = BTreeMap::new();
        let mut raws: BTreeMap<String, Arc<dyn Raw>> = BTreeMap::new();
        let (mut stopped, mut gone) = (BTreeSet::new(), 0);
        for raw in self.files_of(desk.source).await {
            let content = raw.content().map_err(AppError::Lake)?;
            let Some(load) = desk.load_of(raw.name(), content) else { continue };
            if let LoadOutcome::Stopped { rule, .. } = &load.outcome {
                let said = self.said_before(&desk, content).await?.into_iter();
                let said: BTreeMap<u64, Corrections> = said.map(|(row, (_, of))| (row, of)).collect();
                let trying = Trying::Refused(Some(rule.clone()));
                let tried = self.lake.tried(&project, desk.source, &raw, &said, trying).await;
                for of in tried.map_err(AppError::Lake)? {
                    let (rule, reason) = of.refused.unwrap_or_default();
                    rows.insert((raw.name().to_owned(), of.row), (rule, reason, of.raw));
                }
                stopped.insert(raw.name().to_owned());
            }
            raws.insert(raw.name().to_owned(), raw);
        }
        let mut offset = 0;
        loop {
            let page = self.lake.quarantine(Some(&desk.source.id), offset, PAGE).await;
            let (page, all) = page.map_err(AppError::Lake)?;
            for of in page {
                let load = desk.loads.iter().find(|load| load.load == of.load);
                let is_there = match (load, raws.get(&of.file)) {
                    (Some(load), Some(raw)) if !stopped.contains(&of.file) => {
                        raw.content().map_err(AppError::Lake)? == load.content
                    }
                    _ => false,
                };
                match is_there {
                    true => drop(rows.insert((of.file, of.row), (of.rule, of.reason, of.raw))),
                    false => gone += 1,
                }
            }
            offset += PAGE;
            if offset >= all {
                break;
            }
        }
        let mut table = Vec::with_capacity(rows.len());
        for ((file, row), (rule, reason, raw)) in rows {
            let load = desk.loads.iter().rev().find(|load| load.file == file);
            let said = load
                .and_then(|load| desk.organisation.corrected.of(&desk.source.id, load.content))
                .and_then(|rows| rows.get(&row))
                .map_or_else(String::new, |of| of.seq.to_string());
            let cells = desk.known.keys().map(|column| cell(&raw, column).unwrap_or_default());
            let place = [file, row.to_string(), rule, reason, said];
            table.push(place.into_iter().chain(cells).collect());
        }
        Ok(ToCorrect { columns, rows: table, gone })
    }

    /// Says of rows of a source what a sheet says otherwise of them than what stands there by now. A row that reads again as it came is
    /// taken as it came. The same sheet again says nothing. `dry`: nothing is kept.
    ///
    /// # Errors
    /// A row of the sheet cannot be taken: then none is. Or a law forbids it, or the database refuses.
    pub async fn correct_rows(
        &self,
        source: &str,
        sheet: &Sheet,
        why: &str,
        acting: Acting<'_>,
        dry: bool,
    ) -> Result<Sheeted, AppError> {
        let project = self.in_force().await?;
        let desk = self.desk(&project, source).await?;
        let columns = columns_of(sheet, &desk).map_err(not_found)?;
        let mut wrong: BTreeMap<u64, String> = BTreeMap::new();
        let mut lines: BTreeMap<Place, (u64, &[Option<String>])> = BTreeMap::new();
        for (line, cells) in &sheet.rows {
            if cells.iter().all(|of| of.as_deref().is_none_or(|text| text.trim().is_empty())) {
                continue;
            }
            let place = match place(&columns, cells) {
                Ok(place) => place,
                Err(why) => {
                    wrong.insert(*line, why);
                    continue;
                }
            };
            if let Some((other, _)) = lines.get(&place) {
                let (file, row) = place;
                wrong.insert(*line, format!("row {row} of `{file}` stands in row {other}, too: leave one"));
                continue;
            }
            lines.insert(place, (*line, cells));
        }
        if lines.len() > MOST_ROWS {
            return Err(not_found(format!(
                "the sheet has {} rows, and at most {MOST_ROWS} are corrected at once: send it in parts",
                lines.len()
            )));
        }
        let places = lines.keys().cloned().collect();
        let mut stands = self.rows_stand(&desk, &places).await?;
        let mut sheeted = Sheeted::default();
        let mut wishes: BTreeMap<Place, Wish> = BTreeMap::new();
        for (place, (line, cells)) in &lines {
            let stands = stands.remove(place).unwrap_or_else(|| Err(desk.not_rejected(place)));
            let wish = stands.and_then(|stands| {
                wished(&columns, cells, stands, &desk, &mut |respelt| {
                    sheeted.respelt.push(format!("row {line}: {respelt}"));
                })
            });
            match wish {
                Ok(Some(wish)) => drop(wishes.insert(place.clone(), wish)),
                Ok(None) => sheeted.same += 1,
                Err(why) => drop(wrong.insert(*line, why)),
            }
        }
        // Before anything is kept, everything is looked at.
        let dry = dry || !wrong.is_empty();
        sheeted.taken = self.say_of_rows(&desk, wishes, why, acting, dry).await?;
        for of in &sheeted.taken {
            if let (Some(item), Some((line, _))) = (of.frozen, lines.get(&(of.file.clone(), of.row))) {
                let why = format!(
                    "it counts on a day on which item {item} has frozen data: propose to lift that, `kepi lift {item}`"
                );
                wrong.insert(*line, why);
            }
        }
        if wrong.is_empty() { Ok(sheeted) } else { Err(not_found(told(&wrong))) }
    }
}

/// What cannot be taken, line by line.
fn told(wrong: &BTreeMap<u64, String>) -> String {
    let rows = if wrong.len() == 1 { "1 row".to_owned() } else { format!("{} rows", wrong.len()) };
    let mut text = format!("{rows} of the sheet cannot be taken, so none is:");
    for (line, why) in wrong.iter().take(MOST_TOLD) {
        text.push_str(&format!("\n  row {line}: {why}"));
    }
    if wrong.len() > MOST_TOLD {
        text.push_str(&format!("\n  and {} more", wrong.len() - MOST_TOLD));
    }
    text
}

/// What the columns of a sheet are.
fn columns_of<'a>(sheet: &'a Sheet, desk: &Desk<'_>) -> Result<Vec<Is<'a>>, String> {
    let mut seen = BTreeSet::new();
    let mut columns = Vec::new();
    for name in &sheet.columns {
        let name = name.trim();
        if !name.is_empty() && !seen.insert(name) {
            return Err(format!("the sheet has two columns `{name}`: leave one"));
        }
        columns.push(match name {
            FILE => Is::File,
            ROW => Is::Row,
            SAID => Is::Said,
            _ if name.is_empty() || name.starts_with('_') => Is::Nothing,
            _ => Is::Mapped(desk.column(name).map_err(|why| {
                format!("{why}; name a column of your own so that it begins with `_`, or take it out")
            })?),
        });
    }
    for needed in [FILE, ROW] {
        if !seen.contains(needed) {
            return Err(format!(
                "the sheet has no column `{needed}`, by which its rows are known: `kepi correct export {}` has it",
                desk.source.id
            ));
        }
    }
    Ok(columns)
}

fn at<'a>(columns: &[Is<'_>], cells: &'a [Option<String>], is: fn(&Is<'_>) -> bool) -> Option<&'a str> {
    let at = columns.iter().position(is)?;
    let text = cells.get(at)?.as_deref()?.trim();
    Some(text).filter(|text| !text.is_empty())
}

fn place(columns: &[Is<'_>], cells: &[Option<String>]) -> Result<Place, String> {
    let file = at(columns, cells, |of| matches!(of, Is::File)).ok_or("it says no file in `_file`")?;
    let row = at(columns, cells, |of| matches!(of, Is::Row)).ok_or("it says no row in `_row`")?;
    let number = row.strip_suffix(".0").unwrap_or(row).parse();
    Ok((file.to_owned(), number.map_err(|_| format!("`{row}` in `_row` is no number of a row"))?))
}

/// What a row of a sheet says of a row; none: nothing new.
fn wished(
    columns: &[Is<'_>],
    cells: &[Option<String>],
    stands: Stands,
    desk: &Desk<'_>,
    respelt: &mut dyn FnMut(String),
) -> Result<Option<Wish>, String> {
    let said = stands.before.as_ref().map(|(_, said)| said.clone()).unwrap_or_default();
    let mut says: BTreeMap<String, Option<String>> =
        said.iter().map(|(column, of)| (column.clone(), of.is.clone())).collect();
    let before = says.clone();
    for (column, text) in columns.iter().zip(cells) {
        let Is::Mapped(column) = column else { continue };
        let text = text.as_deref().map(unguarded).filter(|text| !text.is_empty());
        let now = stands.is(column).filter(|text| !text.is_empty());
        if text == now.as_deref() || (text == Some(PERSONAL) && desk.is_personal(column)) {
            continue;
        }
        if let (Some(text), Some(now)) = (text, &now)
            && is_respelt(now, text)
        {
            if !desk.is_personal(column) {
                respelt(format!("`{column}` is `{now}`, spelt `{text}`"));
            }
            continue;
        }
        fits(column, text)?;
        // Another number than stood there, and perhaps not the one that was meant: a spreadsheet shows few digits of a long one.
        if let Some(text) = text
            && now.as_deref().is_some_and(|now| decimal(now.trim()).is_some())
            && written_out(text.trim()).is_some()
        {
            return Err(format!("`{text}` in `{column}` may be rounded: write the number in digits"));
        }
        // What stood there as it came needs nobody to say it.
        match text.map(str::to_owned) == stands.was(column).filter(|was| !was.is_empty()) {
            true => drop(says.remove(*column)),
            false => drop(says.insert((*column).to_owned(), text.map(str::to_owned))),
        }
    }
    if says == before {
        return Ok(None);
    }
    let known = at(columns, cells, |of| matches!(of, Is::Said));
    let event = stands.before.as_ref().map(|(event, _)| event.to_string());
    if columns.iter().any(|of| matches!(of, Is::Said)) && known != event.as_deref() {
        return Err(match event {
            Some(event) => format!(
                "something was said of it since the sheet was made (event {event}): `kepi correct list`; export it again"
            ),
            None => "what was said of it is taken back since the sheet was made: export it again".to_owned(),
        });
    }
    Ok(Some(Wish::new(stands, Some(says).filter(|says| !says.is_empty()))))
}

/// A text without the apostrophe by which it is kept from being taken for a formula.
fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@', '\t', '\r']) => rest,
        _ => text,
    }
}

/// Whether a spreadsheet may have made one text of the other by itself: the same number in other digits, the same day or instant in
/// another form, truth values in capitals, blanks around it, other ends of lines.
fn is_respelt(was: &str, is: &str) -> bool {
    let (was, is) = (was.trim(), is.trim());
    let lines = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
    if lines(was) == lines(is)
        || (was.eq_ignore_ascii_case(is) && ["true", "false"].contains(&&*is.to_lowercase()))
    {
        return true;
    }
    let (one, other) = (written_out(was), written_out(is));
    if let (Some(a), Some(b)) =
        (decimal(one.as_deref().unwrap_or(was)), decimal(other.as_deref().unwrap_or(is)))
    {
        return a == b;
    }
    match (instant(was), instants(is)) {
        (Some(a), all) => all.contains(&a),
        (None, _) => false,
    }
}

/// A number with a power of ten, such as `9.8E+01`, in digits alone; none: it is none.
fn written_out(text: &str) -> Option<String> {
    let (number, power) = text.split_once(['e', 'E'])?;
    let power: i32 = power.parse().ok().filter(|power: &i32| power.abs() <= MOST_DIGITS)?;
    let (negative, whole, fraction) = decimal(number)?;
    let point = i32::try_from(whole.len()).ok()? + power;
    let mut digits = format!("{whole}{fraction}");
    if point < 0 {
        digits.insert_str(0, &"0".repeat(point.unsigned_abs() as usize));
    }
    let point = usize::try_from(point.max(0)).ok()?;
    digits.extend(std::iter::repeat_n('0', point.saturating_sub(digits.len())));
    digits.insert(point, '.');
    Some(format!("{}{digits}", if negative { "-" } else { "" }))
}

/// The digits of a decimal number without leading and trailing zeros: whether it is negative, those before and behind the point.
fn decimal(text: &str) -> Option<(bool, &str, &str)> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once(['.', ',']).unwrap_or((digits, ""));
    let all = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !all(whole) || !all(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    Some((negative, whole.trim_start_matches('0'), fraction.trim_end_matches('0')))
}

/// An instant or the begin of a day, as files and tables write it.
fn instant(text: &str) -> Option<DateTime> {
    let plain = text.strip_suffix('Z').unwrap_or(text);
    plain.parse::<DateTime>().ok().or_else(|| plain.parse::<Date>().ok().map(|day| day.at(0, 0, 0, 0)))
}

/// The instants that a text may mean, as spreadsheets of different countries write days.
fn instants(text: &str) -> Vec<DateTime> {
    if let Some(at) = instant(text) {
        return vec![at];
    }
    let (day, time) = text.split_once(' ').map_or((text, None), |(day, time)| (day, Some(time)));
    let clock = match time {
        None => Some((0, 0, 0)),
        Some(time) => {
            let parts: Vec<Option<i8>> = time.split(':').map(|part| part.parse().ok()).collect();
            match parts[..] {
                [Some(h), Some(m)] => Some((h, m, 0)),
                [Some(h), Some(m), Some(s)] => Some((h, m, s)),
                _ => None,
            }
        }
    };
    let parts: Vec<Option<i16>> = day.split(['.', '/']).map(|part| part.parse().ok()).collect();
    let ([Some(a), Some(b), Some(year)], Some((h, m, s))) = (&parts[..], clock) else { return Vec::new() };
    let year = if *year < 100 { year + 2000 } else { *year };
    let of = |month: i16, day: i16| {
        let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
        DateTime::new(date.year(), date.month(), date.day(), h, m, s, 0).ok()
    };
    [of(*b, *a), of(*a, *b)].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::is_respelt;

    #[test]
    fn what_a_spreadsheet_spells_otherwise_is_the_same() {
        for (was, is) in [
            ("10.00", "10"),
            ("0012", "12"),
            ("-0.50", "-0,5"),
            ("2026-03-02", "02.03.2026"),
            ("2026-03-02", "3/2/2026"),
            ("2026-03-02", "2026-03-02T00:00:00"),
            ("2026-03-02T10:15:00Z", "02.03.2026 10:15"),
            ("98", "9.8E+01"),
            ("120000000000", "1.2E+11"),
            ("-0.0125", "-1,25e-2"),
            ("one\r\ntwo", "one\ntwo"),
            ("true", "TRUE"),
            (" gold", "gold"),
        ] {
            assert!(is_respelt(was, is), "{was} {is}");
        }
        for (was, is) in [
            ("10.00", "1000"),
            ("98", "9.8E+02"),
            ("123456789012", "1.23457E+11"),
            ("one\ntwo", "one two"),
            ("1x", "1"),
            ("2026-03-02", "03.04.2026"),
            ("gold", "GOLD"),
            ("2026-03-02T10:15:00Z", "02.03.2026"),
            ("", "0"),
        ] {
            assert!(!is_respelt(was, is), "{was} {is}");
        }
    }
}
