//! What is wrong with the sources of a project, told by the beginnings of their files: columns that are not there, cells
//! that cannot be read. Nothing lands, and all is said at once.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{
    expression::Type,
    id::SourceId,
    project::{Entity, MappingFrom, Parse, PercentSign, Project, Source},
    wording::nearest,
};
use kepi_query::landing::{Batch, Raw, Sources, Unbound};
use serde::Serialize;

use crate::{
    connector::FileSources,
    draft::{Is, guess},
    error::LandError,
    mapping::{BoundMapping, Fate, KnownKeys, Rows, spell},
};

/// Rows of each file that are read.
const ROWS: usize = 1000;

/// Something that would go wrong when a file lands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// The source.
    pub source: SourceId,
    /// The file; none: it concerns all of them.
    pub file: Option<String>,
    /// The column, where one is to blame.
    pub column: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub fix: Option<String>,
}

/// What was looked at.
#[derive(Debug, Default)]
pub struct Heads {
    /// Files.
    pub files: usize,
    /// Their rows, at most the first thousand of each.
    pub rows: usize,
    /// What would go wrong, source by source.
    pub troubles: Vec<Trouble>,
}

/// Looks at the header and the first rows of every file of every source.
pub fn heads(project: &Project, files: &FileSources) -> Heads {
    let mut heads = Heads::default();
    for source in project.sources.values() {
        let offer = match files.offered(source) {
            Ok(offer) => offer,
            Err(e) => {
                heads.troubles.push(trouble(source, None, None, e.to_string(), None));
                continue;
            }
        };
        for (path, why) in offer.unreadable {
            heads.troubles.push(trouble(source, Some(&path), None, why.to_string(), None));
        }
        for raw in offer.raw {
            heads.files += 1;
            match head(project, source, raw.as_ref(), &mut heads.troubles) {
                Ok(rows) => heads.rows += rows,
                Err(e) => heads.troubles.push(trouble(source, Some(raw.name()), None, e.to_string(), None)),
            }
        }
    }
    heads
}

fn trouble(
    source: &Source,
    file: Option<&str>,
    column: Option<&str>,
    message: String,
    fix: Option<String>,
) -> Trouble {
    Trouble {
        source: source.id.clone(),
        file: file.map(str::to_owned),
        column: column.map(str::to_owned),
        message,
        fix,
    }
}

fn head(
    project: &Project,
    source: &Source,
    raw: &dyn Raw,
    troubles: &mut Vec<Trouble>,
) -> Result<usize, LandError> {
    let Some(entity) = project.entities.get(&source.into) else { return Ok(0) };
    let mut reader = raw.open().map_err(LandError::from_port)?;
    // Columns that are not there are all named; the others are read as if these were not mapped.
    let mut readable = source.clone();
    let columns = reader.columns().to_vec();
    readable.map.retain(|mapping| {
        let MappingFrom::Column { column, .. } = &mapping.from else { return true };
        let there = reader.bind(column) != Err(Unbound::Unknown);
        if !there {
            let near = nearest(column, columns.iter().map(String::as_str));
            let fix = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the file has {}", listed(&columns)),
            };
            let message =
                format!("there is no column `{column}`, which `{}` is mapped from", mapping.attribute);
            troubles.push(trouble(source, Some(raw.name()), Some(column), message, Some(fix)));
        }
        there
    });
    without_what_is_gone(&mut readable, source);
    let mut told: BTreeSet<(Option<String>, String)> = BTreeSet::new();
    loop {
        let first = first_rows(&readable, entity, raw)?;
        let read = first.read;
        for ((column, rule), (count, row, reason)) in first.said {
            if !told.insert((column.clone(), rule)) {
                continue;
            }
            let fix = column.as_deref().and_then(|column| hint(&readable, column, first.texts.get(column)?));
            let message = format!("{count} of the first {read} rows, row {row} the first: {reason}");
            troubles.push(trouble(source, Some(raw.name()), column.as_deref(), message, fix));
        }
        // A row is rejected for its first cell that cannot be read: the next look is without that column.
        let before = readable.map.len();
        readable.map.retain(|mapping| match &mapping.from {
            MappingFrom::Column { column, .. } => !told.iter().any(|(c, _)| c.as_ref() == Some(column)),
            _ => true,
        });
        if readable.map.len() == before {
            return Ok(read);
        }
        without_what_is_gone(&mut readable, source);
    }
}

/// Leaves out what is computed of something that is not mapped any more: it says nothing more.
fn without_what_is_gone(readable: &mut Source, source: &Source) {
    let mapped: Vec<_> = readable.map.iter().map(|m| m.attribute.clone()).collect();
    let gone =
        |attribute| source.map.iter().any(|m| m.attribute == attribute) && !mapped.contains(&attribute);
    readable.map.retain(|mapping| match &mapping.from {
        MappingFrom::Expression(e) => !crate::mapping::attributes_read(e).into_iter().any(gone),
        _ => true,
    });
    if readable.only.as_ref().is_some_and(|e| crate::mapping::attributes_read(e).into_iter().any(gone)) {
        readable.only = None;
    }
}

/// What the first rows of a file say.
struct First {
    read: usize,
    /// By column and kind: how many rows, and what was said of the first.
    said: BTreeMap<(Option<String>, String), (usize, u64, String)>,
    /// The cells of the columns once more, for a guess at what they are.
    texts: BTreeMap<String, Vec<Option<String>>>,
}

fn first_rows(readable: &Source, entity: &Entity, raw: &dyn Raw) -> Result<First, LandError> {
    let mut reader = raw.open().map_err(LandError::from_port)?;
    let personal: Vec<bool> = entity.attributes.iter().map(|a| a.personal).collect();
    let mut mapping = BoundMapping::bind(readable, entity, &personal, reader.as_mut(), raw.name())?;
    let cells_of: BTreeMap<&str, usize> = readable
        .map
        .iter()
        .filter_map(|m| match &m.from {
            MappingFrom::Column { column, .. } => Some((column.as_str(), reader.bind(column).ok()?)),
            _ => None,
        })
        .collect();
    let mut rows = Rows::new(entity, personal, KnownKeys::new());
    let mut batch = Batch::default();
    let mut first = First { read: 0, said: BTreeMap::new(), texts: BTreeMap::new() };
    while first.read < ROWS && reader.next(&mut batch).map_err(LandError::from_port)? {
        let fates = mapping.read(&batch, &mut rows)?;
        let mut text = String::new();
        for (column, at) in &cells_of {
            let Some(cells) = batch.cells.get(*at) else { continue };
            let all = first.texts.entry((*column).to_owned()).or_default();
            for row in 0..batch.rows.min(ROWS - first.read) {
                all.push(spell(cells, row, &mut text).then(|| text.clone()));
            }
        }
        for (at, fate) in fates.into_iter().enumerate().take(ROWS - first.read) {
            let (Fate::Rejected(rejection) | Fate::Bad(rejection)) = fate else { continue };
            let row = batch.first_row + at as u64;
            let key = (rejection.column, rejection.rule);
            first.said.entry(key).or_insert((0, row, rejection.reason)).0 += 1;
        }
        first.read += batch.rows.min(ROWS - first.read);
    }
    Ok(first)
}

/// How a column would be read, by its cells.
fn hint(source: &Source, column: &str, cells: &[Option<String>]) -> Option<String> {
    let (parse, type_) = source.map.iter().find_map(|m| match &m.from {
        MappingFrom::Column { column: c, parse, .. } if c == column => Some((parse, &m.type_)),
        _ => None,
    })?;
    // The name says nothing here: the mapping has said what it should be.
    let guess = guess("at", cells);
    let mut hint = match (&guess.is, parse) {
        (Is::Date(Some(format)), Parse::Date { .. } | Parse::Timestamp { .. }) => {
            let as_ = if matches!(type_, Type::Timestamp) { "`as: date`, " } else { "" };
            format!("write {as_}`format: \"{format}\"`")
        }
        (Is::Date(None), Parse::Timestamp { format: None }) => "write `as: date`".to_owned(),
        (Is::Timestamp(Some(format)), Parse::Timestamp { .. } | Parse::Date { .. }) => {
            format!("write `as: timestamp, format: \"{format}\"`")
        }
        (
            Is::Date(None) | Is::Timestamp(None),
            Parse::Date { format: Some(_) } | Parse::Timestamp { format: Some(_) },
        ) => "leave out `format`: the cells are written by ISO 8601".to_owned(),
        (
            Is::Number { comma, decimals, thousands, .. },
            Parse::Number { scale, decimal_mark, grouping_mark, .. },
        ) => {
            if *thousands && grouping_mark.is_none() {
                let (decimal, grouping) = if *comma { (',', '.') } else { ('.', ',') };
                format!("write `decimal_mark: \"{decimal}\", grouping_mark: \"{grouping}\"`")
            } else if *comma != (*decimal_mark == ',') {
                format!("write `decimal_mark: \"{}\"`", if *comma { "," } else { "." })
            } else if decimals > scale {
                format!("write `{decimals} decimals`, or `excess_digits: round`")
            } else {
                return None;
            }
        }
        (Is::Percent { comma, .. }, Parse::Number { decimal_mark, .. })
            if *comma != (*decimal_mark == ',') =>
        {
            format!("write `decimal_mark: \"{}\"`", if *comma { "," } else { "." })
        }
        (
            Is::Percent { decimals, .. },
            Parse::Number { percent_sign: Some(PercentSign::Hundredths), scale, .. },
        ) if decimals > scale => {
            format!("write `{decimals} decimals`, or `excess_digits: round`")
        }
        (Is::Percent { .. }, Parse::Number { percent_sign: None, .. }) => {
            "write `percent_sign: hundredths` if `85%` means 0.85, or `dropped` if it means 85".to_owned()
        }
        (Is::Duration(unit), Parse::Duration { .. }) => format!("write `as: duration {unit}`"),
        (Is::Boolean(yes, no), Parse::Boolean { .. }) => {
            format!("write `\"true\": [\"{yes}\"], \"false\": [\"{no}\"]`")
        }
        _ if guess.missing.is_empty() => {
            let otherwise = || "correct these cells, or list under `missing` what means no value".to_owned();
            return Some(guess.doubts.into_iter().next().unwrap_or_else(otherwise));
        }
        _ => String::new(),
    };
    if !guess.missing.is_empty() {
        let texts: Vec<String> = guess.missing.iter().map(|t| format!("\"{t}\"")).collect();
        let more = format!("write `missing: [{}]` if that means no value", texts.join(", "));
        hint = if hint.is_empty() { more } else { format!("{hint}; {more}") };
    }
    Some(hint)
}

fn listed(columns: &[String]) -> String {
    let shown: Vec<String> = columns.iter().take(12).map(|c| format!("`{c}`")).collect();
    format!("{}{}", shown.join(", "), if columns.len() > 12 { " …" } else { "" })
}
