//! A first project in words: model, sources and KPIs of files that were looked at.

use std::{collections::BTreeSet, fmt::Write as _};

use kepi_model::{project::Connector, schema};

use super::{
    Guess, Is, Looked,
    guess::{has_word, is_identifier, words},
};

/// Files of a project: path and text, and how many doubts stand in them.
#[derive(Debug)]
pub struct Drafted {
    /// Path and text of each.
    pub files: Vec<(String, String)>,
    /// How many comments begin with `# doubt`.
    pub doubts: usize,
}

/// Days in µs.
const DAY: i64 = 86_400_000_000;
/// Segments are formed of columns with at most so many different texts.
const MEMBERS: usize = 12;

/// Writes a project of a name over files that were looked at.
pub fn draft(project: &str, looked: &[Looked]) -> Drafted {
    let mut model = String::from("# What the rows are. Names and types were guessed from the files.\n");
    let mut sources = String::from("# Where the rows come from and how their columns are read.\n");
    let mut kpis = String::from(
        "# First KPIs, to be replaced by the ones that matter. Next to say of each: `objective`, `accountable`, `targets`.\n",
    );
    let mut taken: BTreeSet<String> = schema::entities()
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|e| e.get("entity")?.as_str().map(str::to_owned))
        .collect();
    for file in looked {
        let stem = file.path.rsplit('/').next().unwrap_or(&file.path);
        let stem = stem.split('.').next().unwrap_or(stem);
        let entity = free(&name_of(stem, "row"), &mut taken);
        one(file, &entity, &mut model, &mut sources, &mut kpis);
    }
    let kepi = format!(
        "project: {}\nname: {}\nlanguage: 1\ntime_zone: UTC   # doubt: the zone of your days and months, such as Europe/Berlin\n",
        name_of(project, "kpis"),
        quoted(&shown(project)),
    );
    let files: Vec<(String, String)> =
        [("kepi.yml", kepi), ("model.yml", model), ("sources.yml", sources), ("kpis.yml", kpis)]
            .map(|(path, text)| (path.to_owned(), text))
            .to_vec();
    let doubts = files.iter().map(|(_, text)| text.matches("# doubt").count()).sum();
    Drafted { files, doubts }
}

/// A column on its way into the project.
struct Column<'a> {
    header: &'a str,
    attribute: String,
    guess: &'a Guess,
    /// Lowest and highest answer, if it seems to be one.
    scale: Option<(i64, i64)>,
}

fn one(file: &Looked, entity: &str, model: &mut String, sources: &mut String, kpis: &mut String) {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let columns: Vec<Column<'_>> = file
        .columns
        .iter()
        .map(|(header, guess)| Column {
            header,
            attribute: free(&name_of(header, "column"), &mut taken),
            guess,
            scale: scale(header, &guess.is),
        })
        .collect();
    // What has a value in every row, and no value twice, tells rows apart.
    let whole = |c: &&Column<'_>| c.guess.unique && c.guess.filled == file.rows && file.rows > 1;
    let mut keys: Vec<&Column<'_>> =
        columns.iter().filter(whole).filter(|c| matches!(c.guess.is, Is::Text | Is::Integer(..))).collect();
    keys.sort_by_key(|c| !is_identifier(c.header));
    let named = |c: &&&Column<'_>| {
        is_identifier(c.header) || columns.first().is_some_and(|f| f.attribute == c.attribute)
    };
    let key = keys.iter().find(named).copied();
    let dated = |c: &&Column<'_>| {
        matches!(c.guess.is, Is::Date(_) | Is::Timestamp(_)) && c.guess.filled * 10 >= file.rows * 9
    };
    let time = columns.iter().find(dated);
    let key_name = key.map_or_else(|| free("row_number", &mut taken), |c| c.attribute.clone());
    let time_name = time.map_or_else(|| free("as_of_day", &mut taken), |c| c.attribute.clone());

    let _ = writeln!(model, "---\nentity: {entity}\nname: {}\nkey: [{key_name}]", quoted(&shown(entity)));
    if key.is_none() {
        model.push_str("# doubt: no column tells rows apart, so that their place in the file does; name the column that does\n");
    }
    let _ = writeln!(model, "time: {time_name}");
    if time.is_none() {
        model.push_str(
            "# doubt: no column dates the rows, so that all count on the day on which the file was written\n",
        );
    } else if columns.iter().filter(dated).count() > 1 {
        model.push_str("# doubt: another column may date the rows better\n");
    }
    model.push_str("attributes:\n");
    if key.is_none() {
        let _ = writeln!(model, "  {key_name}: {{type: text}}");
    }
    if time.is_none() {
        let _ = writeln!(model, "  {time_name}: {{type: date}}");
    }
    for column in &columns {
        let mut said = format!("type: {}", quote_type(&type_of(column)));
        if let Some((low, high)) = column.scale {
            let _ = write!(said, ", scale: {low}..{high}");
        }
        let person = has_word(
            column.header,
            &["name", "email", "mail", "phone", "surname", "firstname", "lastname", "comment"],
        ) && column.guess.is == Is::Text;
        if person {
            said.push_str(", personal: true");
        }
        let doubt = match column.scale {
            Some((low, high)) => format!("   # doubt: answers on a scale of {low} to {high}?"),
            None if person => "   # doubt: does it say something of a person?".to_owned(),
            None => String::new(),
        };
        let _ = writeln!(model, "  {}: {{{said}, name: {}}}{doubt}", column.attribute, quoted(column.header));
    }

    source(file, entity, &columns, key, time, (&key_name, &time_name), sources);
    measures(file, entity, &columns, key, time, kpis);
}

fn source(
    file: &Looked,
    entity: &str,
    columns: &[Column<'_>],
    key: Option<&Column<'_>>,
    time: Option<&Column<'_>>,
    (key_name, time_name): (&str, &str),
    out: &mut String,
) {
    let _ = writeln!(out, "---\nsource: {entity}\ninto: {entity}\nfrom: {}", from(&file.from));
    for doubt in &file.doubts {
        let _ = writeln!(out, "# doubt: {doubt}");
    }
    out.push_str("mode: append   # doubt: `upsert` if rows are changed later, `snapshot` if each file is the whole\nmap:\n");
    if key.is_none() {
        let _ = writeln!(out, "  {key_name}: {{position: file and row}}");
    }
    if time.is_none() {
        let _ =
            writeln!(out, "  {time_name}: {{constant: {}}}", file.written.as_deref().unwrap_or("2026-01-01"));
    }
    for column in columns {
        let mut said = format!("column: {}, as: {}", quoted(column.header), quote_type(&as_of(column)));
        match &column.guess.is {
            Is::Number { comma, round, .. } => {
                if *comma {
                    said.push_str(", decimal_mark: \",\"");
                }
                if *round {
                    said.push_str(", excess_digits: round");
                }
            }
            Is::Date(Some(format)) | Is::Timestamp(Some(format)) => {
                let _ = write!(said, ", format: {}", quoted(format));
            }
            Is::Boolean(yes, no) if !["true", "yes", "1"].contains(&yes.as_str()) => {
                let _ = write!(said, ", \"true\": [{}], \"false\": [{}]", quoted(yes), quoted(no));
            }
            _ => {}
        }
        if !column.guess.missing.is_empty() {
            let list: Vec<String> = column.guess.missing.iter().map(|t| quoted(t)).collect();
            let _ = write!(said, ", missing: [{}]", list.join(", "));
        }
        if key.is_some_and(|k| k.attribute == column.attribute)
            || time.is_some_and(|t| t.attribute == column.attribute && t.guess.filled == file.rows)
        {
            said.push_str(", required: true");
        }
        let doubt = column.guess.doubts.iter().map(|d| format!("   # doubt: {d}")).collect::<String>();
        let _ = writeln!(out, "  {}: {{{said}}}{doubt}", column.attribute);
    }
}

fn measures(
    file: &Looked,
    entity: &str,
    columns: &[Column<'_>],
    key: Option<&Column<'_>>,
    time: Option<&Column<'_>>,
    out: &mut String,
) {
    let days = time.and_then(|t| t.guess.span).map_or(0, |(first, last)| (last - first) / DAY);
    let period = match (time, days) {
        (None, _) => "year",
        (_, ..45) => "day",
        (_, ..4000) => "month",
        _ => "year",
    };
    let by: Vec<&str> = columns
        .iter()
        .filter(|c| {
            matches!(c.guess.is, Is::Text | Is::Boolean(..))
                && (2..=MEMBERS).contains(&c.guess.different)
                && c.guess.different * 5 <= file.rows
                && key.is_none_or(|k| k.attribute != c.attribute)
        })
        .map(|c| c.attribute.as_str())
        .take(3)
        .collect();
    let mut kpi = |id: &str, name: String, better: &str, measure: String, by: &[&str]| {
        let _ = write!(
            out,
            "---\nkpi: {id}\nname: {}\nbetter: {better}   # doubt: or `lower`?\nmeasure:\n  {measure}\nperiod: {period}\n",
            quoted(&name)
        );
        if !by.is_empty() {
            let _ = writeln!(out, "by: [{}]", by.join(", "));
        }
    };
    let what = shown(entity);
    kpi(
        &short(&format!("{entity}_count")),
        format!("{what}: rows"),
        "higher",
        format!("count: {{of: {entity}}}"),
        &by,
    );
    // The column that says most, and what is made of it.
    let rank = |c: &Column<'_>| match (&c.guess.is, c.scale) {
        (Is::Integer(..), Some((0, 10))) => Some(0),
        (Is::Integer(..), Some(_)) => Some(1),
        (Is::Duration(_), _) => Some(2),
        (Is::Number { .. }, _) => Some(3),
        (Is::Boolean(..), _) => Some(4),
        (Is::Integer(..), None) => Some(5),
        _ => None,
    };
    let best = columns
        .iter()
        .filter(|c| key.is_none_or(|k| k.attribute != c.attribute) && c.guess.filled * 10 >= file.rows)
        .filter_map(|c| Some((rank(c)?, c)))
        .min_by_key(|(rank, _)| *rank);
    let Some((_, column)) = best else { return };
    let a = &column.attribute;
    let (id, name, measure) = match (&column.guess.is, column.scale) {
        (Is::Integer(..), Some((0, 10))) => (
            "nps",
            format!("Net promoter score of {}", column.header),
            format!("nps: {{of: {entity}, answer: {a}}}"),
        ),
        (Is::Integer(..), Some((low, high))) => (
            "mean",
            format!("Mean of {}", column.header),
            format!("satisfaction: {{of: {entity}, answer: {a}, scale: {low}..{high}, summary: mean}}"),
        ),
        (Is::Boolean(..), _) => {
            ("share", format!("Share with {}", column.header), format!("share: {{of: {entity}, which: {a}}}"))
        }
        _ => ("mean", format!("Mean of {}", column.header), format!("mean: {{of: {entity}, value: {a}}}")),
    };
    let by: Vec<&str> = by.into_iter().filter(|d| d != a).collect();
    kpi(&short(&format!("{entity}_{a}_{id}")), name, "higher", measure, &by);
}

/// The scale of a column that seems to hold answers.
fn scale(header: &str, is: &Is) -> Option<(i64, i64)> {
    let Is::Integer(low, high) = is else { return None };
    let recommend = has_word(header, &["nps", "recommend", "recommendation", "likelihood", "score"]);
    let rated =
        has_word(header, &["rating", "satisfaction", "csat", "stars", "score", "review", "grade", "overall"]);
    match (*low, *high) {
        (0.., 6..=10) if recommend => Some((0, 10)),
        (1.., 2..=5) if rated => Some((1, 5)),
        (1.., 6..=7) if rated => Some((1, 7)),
        _ => None,
    }
}

fn type_of(column: &Column<'_>) -> String {
    match &column.guess.is {
        Is::Text => "text".to_owned(),
        Is::Integer(..) => "integer".to_owned(),
        Is::Number { decimals, .. } => match currency(column.header) {
            Some(currency) => format!("money {currency}, {decimals} decimals"),
            None => format!("number, {decimals} decimals"),
        },
        Is::Boolean(..) => "boolean".to_owned(),
        Is::Date(_) => "date".to_owned(),
        Is::Timestamp(_) => "timestamp".to_owned(),
        Is::Duration(_) => "duration".to_owned(),
    }
}

fn as_of(column: &Column<'_>) -> String {
    match &column.guess.is {
        Is::Duration(unit) => format!("duration {unit}"),
        _ => type_of(column),
    }
}

/// The currency that a header names.
fn currency(header: &str) -> Option<&'static str> {
    let known =
        ["EUR", "USD", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "JPY", "CAD", "AUD", "BRL", "INR"];
    known.into_iter().find(|c| has_word(header, &[&c.to_lowercase()]))
}

fn from(connector: &Connector) -> String {
    match connector {
        Connector::Csv { files, delimiter, encoding, .. } => {
            let mut said = format!("files: {}", quoted(files));
            if delimiter != "," {
                let _ = write!(said, ", delimiter: {}", quoted(delimiter));
            }
            if encoding != "utf-8" {
                let _ = write!(said, ", encoding: {encoding}");
            }
            format!("{{csv: {{{said}}}}}")
        }
        Connector::Excel { files, .. } => format!("{{excel: {{files: {}}}}}", quoted(files)),
        Connector::Parquet { files } => format!("{{parquet: {{files: {}}}}}", quoted(files)),
        other => format!("{{ndjson: {{files: {}}}}}", quoted(other.files().unwrap_or_default())),
    }
}

/// A text in double quotes, as YAML and JSON read it alike.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Types with a comma stand in quotes.
fn quote_type(text: &str) -> String {
    if text.contains([',', ':']) { quoted(text) } else { text.to_owned() }
}

/// `telco_churn` → `Telco churn`.
fn shown(name: &str) -> String {
    let joined = words(name).join(" ");
    let mut chars = joined.chars();
    chars.next().map_or(joined.clone(), |c| c.to_uppercase().chain(chars).collect())
}

/// A name of the language made of any text.
fn name_of(text: &str, otherwise: &str) -> String {
    let joined = words(text).join("_");
    let mut name: String = joined.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    name = name.trim_matches('_').to_owned();
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        name = format!("{otherwise}_{name}").trim_end_matches('_').to_owned();
    }
    // What is a word of expressions cannot be a name in them.
    const RESERVED: [&str; 26] = [
        "and",
        "or",
        "not",
        "in",
        "is",
        "null",
        "like",
        "between",
        "case",
        "when",
        "then",
        "else",
        "end",
        "true",
        "false",
        "date",
        "timestamp",
        "interval",
        "any",
        "all",
        "exists",
        "select",
        "from",
        "where",
        "order",
        "group",
    ];
    if RESERVED.contains(&name.as_str()) {
        name.push('_');
        name.push_str(otherwise);
    }
    short(&name)
}

fn short(name: &str) -> String {
    name.get(..name.len().min(60)).unwrap_or(name).trim_end_matches('_').to_owned()
}

/// A name that is not taken yet.
fn free(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut free = name.to_owned();
    let mut n = 2;
    while !taken.insert(free.clone()) {
        free = format!("{name}_{n}");
        n += 1;
    }
    free
}
