//! Words of other tools, and what they are called here: offered before what merely looks alike, so that somebody who writes
//! `median` is not led to `mean`.

/// A word that somebody writes: in which table, what is meant there, and how that is written if a word is not enough.
type Meant = (&'static str, &'static [&'static str], &'static str, &'static str);

const MEANT: &[Meant] = &[
    (
        "measure",
        &["median", "percentile", "p50", "p90", "p95", "p99", "quartile"],
        "quantile",
        "write `quantile: {of: …, value: …, quantile: median, bins: {from: …, to: …, count: …}}`, or `90%` in place of `median`",
    ),
    (
        "measure",
        &["max", "min", "maximum", "minimum"],
        "quantile",
        "no kind takes the greatest or least value, which one odd row decides; a high or low quantile says more: `quantile: {of: …, value: …, quantile: 99%, bins: {…}}`",
    ),
    ("measure", &["average", "avg", "arithmetic_mean"], "mean", ""),
    ("measure", &["percentage", "percent", "proportion", "fraction", "conversion"], "share", ""),
    ("measure", &["total", "add", "amount"], "sum", ""),
    ("measure", &["rows", "number", "volume", "n"], "count", ""),
    ("measure", &["unique", "uniques", "count_distinct", "distinct_count", "nunique"], "distinct", ""),
    ("measure", &["csat", "rating", "top_box", "topbox"], "satisfaction", ""),
    ("measure", &["ces", "customer_effort"], "effort", ""),
    ("measure", &["net_promoter", "net_promoter_score", "promoter_score"], "nps", ""),
    ("measure", &["time", "elapsed", "time_to", "sla", "within"], "duration", ""),
    ("measure", &["quotient", "per", "divide"], "ratio", ""),
    ("measure", &["balance", "backlog", "inventory", "open"], "stock", ""),
    ("measure", &["derived", "calculated", "expression", "growth", "year_over_year", "yoy"], "formula", ""),
    ("measure", &["index", "health_score", "weighted_average"], "composite", ""),
    ("formula", &["of", "inputs", "metrics", "measures", "input_metrics"], "kpis", ""),
    ("formula", &["expr", "expression", "formula", "calculation"], "value", ""),
    ("formula", &["unit", "format"], "measured_in", ""),
    ("input", &["offset", "offset_window", "lag", "shift", "earlier"], "ago", ""),
    ("input", &["metric", "measure", "name"], "kpi", ""),
    ("composite", &["of", "parts", "inputs", "metrics"], "kpis", ""),
    ("index_part", &["from", "min", "minimum", "low", "worst"], "zero", ""),
    ("index_part", &["to", "max", "maximum", "high", "best"], "hundred", ""),
    ("kpi", &["window", "rolling", "trailing", "lookback", "time_window"], "over", ""),
    ("over", &["year_to_date", "since", "from", "grain_to_date"], "to_date", ""),
    ("part", &["rows", "number"], "count", ""),
    ("part", &["total"], "sum", ""),
    ("part", &["unique", "count_distinct"], "distinct", ""),
    (
        "attribute",
        &["average", "avg", "mean", "median"],
        "sum",
        "no way to gather divides: gather `sum` and `count`, and divide in a measure, `ratio` or `mean`",
    ),
    ("attribute", &["max", "maximum", "highest"], "greatest", ""),
    ("attribute", &["min", "minimum", "lowest"], "least", ""),
    ("attribute", &["exists", "has", "some"], "any", ""),
    ("attribute", &["rows", "number", "n"], "count", ""),
    ("attribute", &["count_distinct", "unique", "nunique"], "distinct", ""),
    ("attribute", &["latest"], "last", ""),
    ("attribute", &["earliest", "oldest"], "first", ""),
    ("attribute", &["formula", "sql", "computed", "calculation"], "expression", ""),
    ("attribute", &["filter", "only", "which"], "where", ""),
    ("attribute", &["on", "join", "key", "by", "via"], "same", ""),
    ("attribute", &["before", "to", "end"], "until", ""),
    ("attribute", &["since", "start"], "from", ""),
    ("attribute", &["window", "over", "lookback", "length"], "within", ""),
    ("attribute", &["lag", "offset", "shift"], "ago", ""),
    ("attribute", &["at", "time", "date"], "dated", ""),
    ("rows", &["period", "grain", "frequency", "each"], "every", ""),
    ("rows", &["entity", "per", "subject"], "of", ""),
    ("rows", &["filter", "only"], "where", ""),
    ("rows", &["having"], "keep", ""),
    ("rows", &["window", "lookback"], "over", ""),
    ("rows", &["states", "steps", "funnel"], "stages", ""),
    ("rows", &["history"], "versions", ""),
    ("kpi", &["title", "label", "display_name"], "name", ""),
    ("kpi", &["owner", "responsible_person"], "accountable", ""),
    (
        "kpi",
        &["target", "goals"],
        "targets",
        "write `targets: [{from: 2026-01-01, threshold: …, target: …}]`",
    ),
    ("kpi", &["goal"], "objective", ""),
    ("kpi", &["frequency", "grain", "granularity", "interval", "every", "time_grain"], "period", ""),
    ("kpi", &["direction", "desired", "polarity"], "better", "write `better: higher` or `better: lower`"),
    (
        "kpi",
        &["dimensions", "dimension", "segments", "group_by", "breakdown", "split_by", "slices"],
        "by",
        "",
    ),
    (
        "kpi",
        &["formula", "calculation", "metric", "sql", "expression", "value"],
        "measure",
        "write `measure: {KIND: {of: …}}`; kinds are count, sum, mean, share, nps, quantile and others",
    ),
    (
        "duration",
        &["value", "of_attribute"],
        "from",
        "a duration runs `from` one time `until` another; a length that one attribute holds is the `mean` or a `quantile` of it",
    ),
    (
        "kpi",
        &["type", "kind"],
        "indicator",
        "write `indicator: leading` or `indicator: lagging`; how it is computed is said by `measure`",
    ),
    ("kpi", &["minimum_n", "min_n", "gate", "suppress"], "publish_if", "write `publish_if: {n: 30}`"),
    ("kpi", &["weights", "weighted_by", "weighting"], "weight", ""),
    ("target", &["value", "goal", "green"], "target", ""),
    ("target", &["since", "start", "valid_from", "date"], "from", ""),
    ("target", &["yellow", "amber", "minimum"], "threshold", ""),
    ("project", &["timezone", "tz", "zone"], "time_zone", ""),
    ("project", &["version"], "language", "write `language: 1`: the version of the definition language"),
    ("source", &["timezone", "tz", "zone"], "time_zone", ""),
    ("source", &["columns", "mapping", "mappings", "fields", "attributes", "schema"], "map", ""),
    ("source", &["entity", "table", "to", "target"], "into", ""),
    (
        "source",
        &["file", "files", "path", "csv", "ndjson", "parquet", "type", "format"],
        "from",
        "write `from: {csv: {files: data/answers.csv}}`",
    ),
    ("source", &["filter", "where"], "only", ""),
    ("source", &["primary_key", "id", "keys", "unique_key"], "key", ""),
    ("source", &["checks", "tests", "validations", "validation"], "rules", ""),
    ("source", &["na", "na_values", "null", "nulls", "null_values"], "missing", ""),
    ("csv", &["file", "path", "paths", "glob", "url"], "files", ""),
    ("csv", &["separator", "sep", "delim"], "delimiter", ""),
    (
        "csv",
        &["header", "skip", "skip_rows"],
        "header_row",
        "write `header_row: 1`: the line in which the header stands",
    ),
    ("csv", &["charset", "codepage"], "encoding", ""),
    ("files", &["file", "path", "paths", "glob", "url"], "files", ""),
    ("mapping", &["type", "read_as", "dtype"], "as", ""),
    ("mapping", &["from", "field", "header", "source", "name"], "column", ""),
    ("mapping", &["value", "literal", "default"], "constant", ""),
    ("mapping", &["formula", "sql", "computed"], "expression", ""),
    ("mapping", &["date_format", "pattern"], "format", ""),
    ("mapping", &["decimal", "decimal_separator", "decimal_point"], "decimal_mark", ""),
    ("mapping", &["null", "nulls", "na", "na_values"], "missing", ""),
    ("attribute", &["as", "dtype", "kind"], "type", ""),
    ("attribute", &["options", "members", "choices", "enum"], "values", ""),
    ("attribute", &["range"], "scale", ""),
    ("attribute", &["pii", "private", "gdpr"], "personal", ""),
    ("entity", &["columns", "fields", "properties"], "attributes", ""),
    ("entity", &["primary_key", "keys"], "key", ""),
    ("source_rule", &["check", "condition", "test", "when"], "require", ""),
    ("source_rule", &["action", "severity", "on_fail"], "else", "write `else: quarantine`, `warn` or `stop`"),
    ("unit", &["reports_to", "above"], "parent", ""),
    ("scorecard", &["frequency", "grain"], "period", ""),
];

/// Words for fields that every measure of rows has.
const OF_ROWS: &[Meant] = &[
    ("", &["entity", "table", "from", "source", "rows"], "of", ""),
    ("", &["filter", "only", "condition", "when"], "where", ""),
    ("", &["date", "time", "dated_by", "timestamp"], "at", ""),
    ("", &["field", "column", "attribute", "question", "score", "value"], "answer", ""),
    ("", &["field", "column", "attribute", "answer", "expression"], "value", ""),
    ("", &["condition", "is", "matches", "having"], "which", ""),
    ("", &["to", "end"], "until", ""),
    ("", &["start", "begin"], "from", ""),
];

/// Words of other tools for the kinds of documents.
const KINDS: &[(&str, &[&str])] = &[
    ("kpi", &["metric", "measure", "indicator", "metrics", "measures"]),
    ("scorecard", &["dashboard", "board", "report"]),
    ("entity", &["table", "model", "object", "attributes"]),
    ("source", &["dataset", "data", "file", "connector", "csv"]),
    ("person", &["user", "owner", "people", "employee"]),
    ("unit", &["team", "department", "org_unit", "organisation", "organization"]),
    ("strategy", &["objective", "objectives", "perspective", "mission"]),
    ("project", &["workspace", "config", "settings"]),
];

/// Words for choices.
const CHOICES: &[(&str, &str, &[&str])] = &[
    ("better", "higher", &["up", "increase", "more", "max", "maximize", "high", "ascending"]),
    ("better", "lower", &["down", "decrease", "less", "min", "minimize", "low", "descending"]),
    ("better", "in_range", &["between", "range", "target"]),
    ("mode", "snapshot", &["overwrite", "replace", "full", "refresh", "truncate"]),
    ("mode", "append", &["insert", "incremental", "add"]),
    ("mode", "upsert", &["merge", "update"]),
    ("indicator", "lagging", &["outcome", "result", "lag"]),
    ("indicator", "leading", &["driver", "lead"]),
    ("else", "quarantine", &["reject", "drop", "error", "skip"]),
    ("else", "stop", &["fail", "abort"]),
    ("else", "warn", &["warning", "ignore"]),
];

/// The kind of document that a word of another tool stands for.
pub(crate) fn meant_kind(wrong: &str) -> Option<&'static str> {
    let wrong = wrong.to_ascii_lowercase();
    KINDS.iter().find(|(_, words)| words.contains(&wrong.as_str())).map(|(kind, _)| *kind)
}

/// The choice of a field that a word of another tool stands for.
pub(crate) fn meant_choice(field: &str, wrong: &str) -> Option<&'static str> {
    let wrong = wrong.to_ascii_lowercase();
    let mut rows = CHOICES.iter().filter(|(name, ..)| *name == field);
    rows.find(|(.., words)| words.contains(&wrong.as_str())).map(|(_, choice, _)| *choice)
}

/// What a word of another tool is called in a table whose fields are `fields`: the field, and how it is written if its name
/// is not enough.
pub(crate) fn meant<'a>(
    table: &str,
    fields: &[&'a str],
    wrong: &str,
) -> Option<(&'a str, Option<&'static str>)> {
    let wrong = wrong.to_ascii_lowercase();
    let rows =
        MEANT.iter().filter(|row| row.0 == table).chain(OF_ROWS.iter().filter(|_| fields.contains(&"of")));
    let mut fitting = rows.filter(|row| row.1.contains(&wrong.as_str()));
    fitting.find_map(|row| {
        let field = fields.iter().find(|field| **field == row.2)?;
        Some((*field, Some(row.3).filter(|text| !text.is_empty())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions;

    #[test]
    fn what_is_meant_is_a_field_and_the_word_is_none() {
        let tables = definitions::tables();
        for (name, words, field, _) in MEANT {
            let table = tables.iter().find(|t| t.name == *name).unwrap();
            assert!(table.field(field).is_some(), "{name}.{field}");
            for word in *words {
                assert!(table.field(word).is_none(), "{name}.{word} is a field");
            }
        }
    }
}
