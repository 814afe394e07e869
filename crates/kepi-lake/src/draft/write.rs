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
    let entities: Vec<String> = looked
        .iter()
        .map(|file| {
            let stem = file.path.rsplit('/').next().unwrap_or(&file.path);
            let stem = stem.split('.').next().unwrap_or(stem);
            free(&name_of(stem, "row"), &mut taken)
        })
        .collect();
    let tables: Vec<Table<'_>> = looked
        .iter()
        .zip(&entities)
        .map(|(file, entity)| Table { file, entity, key: key_of(file) })
        .collect();
    for table in &tables {
        one(table, &tables, &mut model, &mut sources, &mut kpis);
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

/// A file that becomes an entity.
struct Table<'a> {
    file: &'a Looked,
    entity: &'a str,
    /// What tells its rows apart.
    key: Option<KeyOf<'a>>,
}

/// A column that tells rows apart.
struct KeyOf<'a> {
    header: &'a str,
    guess: &'a Guess,
    /// Rows whose value is one of another row.
    repeats: usize,
}

/// The column that tells the rows of a file apart, or all but a few of them.
fn key_of(file: &Looked) -> Option<KeyOf<'_>> {
    if file.rows < 2 {
        return None;
    }
    let first = file.columns.first().map(|(header, _)| header.as_str());
    let able = |(_, (_, guess)): &(usize, &(String, Guess))| matches!(guess.is, Is::Text | Is::Integer(..));
    // What has a value in every row, and no value twice, tells rows apart.
    let whole = |guess: &Guess| guess.unique && guess.filled == file.rows;
    let named = |header: &str| is_identifier(header) || first == Some(header);
    let columns = || file.columns.iter().enumerate().filter(able);
    let exact = columns()
        .filter(|(_, (header, guess))| whole(guess) && named(header))
        .min_by_key(|(place, (header, _))| (!is_identifier(header), *place));
    // A delivery repeats some rows: of an identifier with nearly as many values as rows these are the mistake.
    let nearly = || {
        columns()
            .filter(|(_, (header, guess))| {
                is_identifier(header)
                    && guess.filled * 100 >= file.rows * 99
                    && (file.rows - guess.different) * 100 <= file.rows * REPEATS
            })
            .min_by_key(|(place, (_, guess))| (file.rows - guess.different, *place))
    };
    let (_, (header, guess)) = exact.or_else(nearly)?;
    Some(KeyOf { header, guess, repeats: file.rows - guess.different })
}

/// Which entity a column refers to, and how many of its values are no key there.
fn refers<'a>(
    header: &str,
    guess: &Guess,
    own: &Table<'_>,
    tables: &'a [Table<'a>],
) -> Option<(&'a str, usize)> {
    let is_key = own.key.as_ref().is_some_and(|key| key.header == header);
    if is_key || guess.known.is_empty() || guess.is != Is::Text {
        return None;
    }
    let others = tables.iter().filter(|other| other.entity != own.entity);
    let found = others.filter_map(|other| {
        let key = other.key.as_ref()?;
        let same = words(header) == words(key.header);
        // `customer_id` is the `id` of customers.
        let mut of_entity = words(other.entity.trim_end_matches('s'));
        of_entity.extend(words(key.header));
        let fits = (same && words(header).len() > 1) || words(header) == of_entity;
        let strange = guess.known.difference(&key.guess.known).count();
        (fits && key.guess.is == Is::Text && strange * 2 < guess.known.len())
            .then_some((other.entity, strange))
    });
    found.min_by_key(|(_, strange)| *strange)
}

/// Of a hundred rows, how many may repeat what tells the others apart.
const REPEATS: usize = 5;

/// A column on its way into the project.
struct Column<'a> {
    header: &'a str,
    attribute: String,
    guess: &'a Guess,
    /// Lowest and highest answer, if it seems to be one.
    scale: Option<(i64, i64)>,
    /// The entity that it refers to, and how many of its values are no key there.
    refers: Option<(&'a str, usize)>,
}

impl Column<'_> {
    /// Whether it may say something of a person.
    fn is_personal(&self) -> bool {
        const OF_A_PERSON: [&str; 20] = [
            "name",
            "email",
            "mail",
            "phone",
            "surname",
            "firstname",
            "lastname",
            "comment",
            "comments",
            "note",
            "notes",
            "remark",
            "remarks",
            "feedback",
            "verbatim",
            "message",
            "address",
            "street",
            "birthday",
            "birthdate",
        ];
        self.guess.is == Is::Text && (self.guess.prose || has_word(self.header, &OF_A_PERSON))
    }
}

fn one(table: &Table<'_>, tables: &[Table<'_>], model: &mut String, sources: &mut String, kpis: &mut String) {
    let Table { file, entity, .. } = *table;
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let columns: Vec<Column<'_>> = file
        .columns
        .iter()
        .map(|(header, guess)| Column {
            header,
            attribute: free(&name_of(header, "column"), &mut taken),
            guess,
            scale: scale(header, &guess.is),
            refers: refers(header, guess, table, tables),
        })
        .collect();
    let key = table.key.as_ref().and_then(|key| columns.iter().find(|c| c.header == key.header));
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
    if let Some(KeyOf { header, repeats: repeats @ 1.., .. }) = &table.key {
        let _ = writeln!(
            model,
            "# doubt: `{header}` is unique but for {repeats} of {} rows, which would be quarantined; with `mode: upsert` and a `version` \
             the newer one holds",
            file.rows
        );
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
        let person = column.refers.is_none() && column.is_personal();
        if person {
            said.push_str(", personal: true");
        }
        let doubt = match column.scale {
            Some((low, high)) => format!("   # doubt: answers on a scale of {low} to {high}?"),
            None if person => "   # doubt: does it say something of a person?".to_owned(),
            None => match column.refers {
                Some((of, 1..)) => format!("   # doubt: some of its values are no key of {of}"),
                _ => String::new(),
            },
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
            Is::Number { comma, thousands, round, .. } => {
                if *comma {
                    said.push_str(", decimal_mark: \",\"");
                }
                if *thousands {
                    let _ = write!(said, ", grouping_mark: \"{}\"", if *comma { '.' } else { ',' });
                }
                if *round {
                    said.push_str(", excess_digits: round");
                }
            }
            Is::Percent { comma, .. } => {
                if *comma {
                    said.push_str(", decimal_mark: \",\"");
                }
                said.push_str(", percent_sign: hundredths");
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
                && !c.is_personal()
                && c.refers.is_none()
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
        (Is::Number { .. } | Is::Percent { .. }, _) => Some(3),
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
            format!("{what}: net promoter score of {}", column.header),
            format!("nps: {{of: {entity}, answer: {a}}}"),
        ),
        (Is::Integer(..), Some((low, high))) => (
            "mean",
            format!("{what}: mean of {}", column.header),
            format!("satisfaction: {{of: {entity}, answer: {a}, scale: {low}..{high}, summary: mean}}"),
        ),
        (Is::Boolean(..), _) => (
            "share",
            format!("{what}: share with {}", column.header),
            format!("share: {{of: {entity}, which: {a}}}"),
        ),
        _ => (
            "mean",
            format!("{what}: mean of {}", column.header),
            format!("mean: {{of: {entity}, value: {a}}}"),
        ),
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
    if let Some((of, _)) = column.refers {
        return format!("reference {of}");
    }
    match &column.guess.is {
        Is::Text => "text".to_owned(),
        Is::Integer(..) => "integer".to_owned(),
        Is::Number { decimals, .. } => match currency(column.header) {
            Some(currency) => format!("money {currency}, {decimals} decimals"),
            None => format!("number, {decimals} decimals"),
        },
        Is::Percent { decimals, .. } => format!("number, {decimals} decimals"),
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
        Connector::Json { files, rows: None } => format!("{{json: {{files: {}}}}}", quoted(files)),
        Connector::Json { files, rows: Some(rows) } => {
            format!("{{json: {{files: {}, rows: {}}}}}", quoted(files), quoted(rows))
        }
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

#[cfg(test)]
mod tests {
    use kepi_model::project::Connector;

    use super::*;
    use crate::draft::guess;

    fn looked(path: &str, columns: &[(&str, Vec<String>)]) -> Looked {
        Looked {
            path: path.to_owned(),
            from: Connector::Ndjson { files: path.to_owned() },
            doubts: Vec::new(),
            rows: columns[0].1.len(),
            more: false,
            columns: columns
                .iter()
                .map(|(name, cells)| {
                    let cells: Vec<_> = cells.iter().cloned().map(Some).collect();
                    ((*name).to_owned(), guess(name, &cells))
                })
                .collect(),
            written: None,
        }
    }

    fn of(n: usize, text: impl Fn(usize) -> String) -> Vec<String> {
        (0..n).map(text).collect()
    }

    #[test]
    fn keys_that_repeat_a_little_references_and_texts_about_people() {
        let customers = looked(
            "customers.csv",
            &[
                // One of a hundred comes twice.
                ("customer_id", of(100, |n| format!("C{}", n.min(98)))),
                ("since", of(100, |n| format!("2026-01-{:02}", n % 28 + 1))),
            ],
        );
        let tickets = looked(
            "tickets.csv",
            &[
                ("ticket_no", of(200, |n| format!("T{n}"))),
                ("customer_id", of(200, |n| format!("C{}", n % 90))),
                ("opened", of(200, |n| format!("2026-01-{:02}", n % 28 + 1))),
                ("comment", of(200, |n| ["good", "bad"][n % 2].to_owned())),
                ("said", of(200, |n| ["it was very good", "it was not good"][n % 2].to_owned())),
                ("topic", of(200, |n| ["price", "speed"][n % 2].to_owned())),
            ],
        );
        let drafted = draft("shop", &[customers, tickets]);
        let text = |path: &str| drafted.files.iter().find(|(p, _)| p == path).unwrap().1.clone();
        let model = text("model.yml");
        assert!(model.contains("entity: customers\nname: \"Customers\"\nkey: [customer_id]\n"), "{model}");
        assert!(model.contains("# doubt: `customer_id` is unique but for 1 of 100 rows"), "{model}");
        assert!(
            model.contains("entity: tickets\nname: \"Tickets\"\nkey: [ticket_no]\ntime: opened\n"),
            "{model}"
        );
        assert!(
            model.contains("  customer_id: {type: reference customers, name: \"customer_id\"}\n"),
            "{model}"
        );
        assert!(model.contains("  comment: {type: text, personal: true, "), "{model}");
        assert!(model.contains("  said: {type: text, personal: true, "), "{model}");
        assert!(
            text("sources.yml").contains("customer_id: {column: \"customer_id\", as: reference customers}")
        );
        let kpis = text("kpis.yml");
        assert!(
            kpis.contains("by: [topic]\n") && !kpis.contains("comment") && !kpis.contains("said"),
            "{kpis}"
        );
    }
}
