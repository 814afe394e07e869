//! Sources, what landed of them, and the rows that did not.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{
    id::{AttributeId, Hash, SourceId},
    project::{Connector, Otherwise, Requirement, Source},
};
use kepi_query::landing::{self, LoadOutcome, LoadReport};
use kepi_report::{
    reader::{QuarantineQuery, ViewError},
    view::{
        LoadView, MissingCount, Named, QuarantineView, QuarantinedRow, RowCounts, RuleCount, RuleView,
        SourceView, SourcesView,
    },
};

use super::closest;
use crate::picture::Picture;

/// Rows of quarantine on a page.
const PAGE: u64 = 50;

impl Picture {
    /// Loads whose rows count: the last one of each file of a source; a file landed again replaces itself.
    fn current_loads<'a>(&'a self, source: &'a Source) -> Vec<&'a LoadReport> {
        let mut by_file: BTreeMap<(&str, Hash), &LoadReport> = BTreeMap::new();
        for load in self.loads() {
            if load.source == source.id && load.outcome == LoadOutcome::Landed {
                by_file.insert((load.file.as_str(), load.content), load);
            }
        }
        let mut loads: Vec<_> = by_file.into_values().collect();
        loads.sort_by(|a, b| b.at.cmp(&a.at).then(a.file.cmp(&b.file)));
        loads
    }

    pub(super) fn sources_view(&self) -> SourcesView {
        let sources: Vec<SourceView> = self.project().sources.values().map(|s| self.source_view(s)).collect();
        let total = sources.iter().map(|s| s.rows).sum();
        SourcesView {
            project: self.project_view(),
            snapshot: self.snapshot().map(|s| s.0.to_string()),
            total,
            sources,
        }
    }

    fn source_view(&self, source: &Source) -> SourceView {
        let loads = self.current_loads(source);
        let entity = self.project().entities.get(&source.into);
        let attribute_name = |id: &AttributeId| {
            let name = entity.and_then(|e| e.attribute(id)).map_or(id.to_string(), |a| a.name.clone());
            Named::new(id.to_string(), name)
        };
        let rows = loads.iter().map(|l| row_counts(&l.counts)).sum();
        let mut missing: BTreeMap<(AttributeId, String), u64> = BTreeMap::new();
        let mut broken: BTreeMap<String, u64> = BTreeMap::new();
        for load in &loads {
            for m in &load.missing {
                *missing.entry((m.attribute.clone(), m.reason.clone())).or_default() += m.count;
            }
            for rule in &load.rules {
                *broken.entry(rule.rule.clone()).or_default() += rule.broken;
            }
        }
        let rules = source.rules.iter().map(|rule| RuleView {
            name: rule.id.to_string(),
            require: requirement(&rule.require),
            otherwise: rule.otherwise,
            broken: broken.get(rule.id.as_str()).copied().unwrap_or(0),
        });
        SourceView {
            source: Named::new(source.id.to_string(), &source.name),
            into: Named::new(
                source.into.to_string(),
                entity.map_or(source.into.as_str(), |e| e.name.as_str()),
            ),
            from: match &source.from {
                Connector::Csv { files, .. } => format!("CSV, {files}"),
                Connector::Ndjson { files } => format!("NDJSON, {files}"),
                Connector::Parquet { files } => format!("Parquet, {files}"),
            },
            mode: source.mode,
            purpose: source.purpose.as_ref().map(ToString::to_string),
            owner: self.person(source.owner.as_ref()),
            watermark: source
                .complete_until
                .or_else(|| self.data_until(&source.into))
                .filter(|_| !loads.is_empty())
                .map(|d| d.strftime("%-d %B %Y").to_string()),
            last_landed: loads.iter().map(|l| l.at).max().map(|at| self.instant(at)),
            rows,
            loads: loads
                .iter()
                .map(|load| LoadView {
                    id: load.load.clone(),
                    file: load.file.clone(),
                    content: load.content.short(),
                    landed_at: self.instant(load.at),
                    rows: row_counts(&load.counts),
                })
                .collect(),
            missing: missing
                .into_iter()
                .map(|((attribute, reason), count)| MissingCount {
                    attribute: attribute_name(&attribute),
                    reason,
                    count,
                })
                .collect(),
            drift: loads.iter().flat_map(|l| l.drift.iter().map(|d| format!("{}: {d}", l.file))).collect(),
            rules: rules.collect(),
        }
    }

    pub(super) fn quarantine_view(&self, query: &QuarantineQuery) -> Result<QuarantineView, ViewError> {
        let name = |id: &SourceId| {
            let shown = self.project().sources.get(id).map_or(id.as_str(), |s| s.name.as_str());
            Named::new(id.to_string(), shown)
        };
        let asked = match query.source.as_deref() {
            None => None,
            Some(id) => Some(self.project().sources.keys().find(|s| s.as_str() == id).ok_or_else(|| {
                let known = self.project().sources.values().map(|s| (s.id.as_str(), s.name.as_str()));
                ViewError::NotFound {
                    what: format!("source `{id}`"),
                    suggestions: closest(id, known)
                        .map(|(id, name)| (name.to_owned(), format!("/data/quarantine?source={id}")))
                        .collect(),
                }
            })?),
        };
        let wanted = query.page.unwrap_or(1).max(1);
        let (mut rows, total) = self.rejected(asked, wanted)?;
        let pages = total.div_ceil(PAGE).max(1);
        let page = wanted.min(pages);
        if page < wanted {
            (rows, _) = self.rejected(asked, page)?;
        }
        let landed = || self.loads().iter().filter(|l| l.outcome == LoadOutcome::Landed);
        let mut rules: BTreeMap<(&SourceId, &str), u64> = BTreeMap::new();
        for load in landed().filter(|l| asked.is_none_or(|id| l.source == *id)) {
            for rule in load.rules.iter().filter(|r| r.otherwise == Otherwise::Quarantine) {
                *rules.entry((&load.source, rule.rule.as_str())).or_default() += rule.broken;
            }
        }
        let mut rules: Vec<RuleCount> = rules
            .into_iter()
            .map(|((source, rule), count)| RuleCount { source: name(source), rule: rule.to_owned(), count })
            .collect();
        rules.sort_by_key(|r| std::cmp::Reverse(r.count));
        let sources: BTreeSet<&SourceId> =
            landed().filter(|l| l.counts.quarantined > 0).map(|l| &l.source).collect();
        let at: BTreeMap<&str, i64> = self.loads().iter().map(|l| (l.load.as_str(), l.at)).collect();
        Ok(QuarantineView {
            project: self.project_view(),
            source: asked.map(name),
            sources: sources.into_iter().map(name).collect(),
            rules,
            total,
            page,
            pages,
            rows: rows
                .iter()
                .map(|row| QuarantinedRow {
                    source: name(&row.source),
                    rule: row.rule.clone(),
                    reason: row.reason.clone(),
                    file: row.file.clone(),
                    row: row.row,
                    column: row.column.clone(),
                    text: self.offending_text(row),
                    recorded_at: at.get(row.load.as_str()).map(|at| self.instant(*at)).unwrap_or_default(),
                })
                .collect(),
        })
    }

    /// A page of rejected rows, and how many there are on all.
    fn rejected(
        &self,
        source: Option<&SourceId>,
        page: u64,
    ) -> Result<(Vec<landing::QuarantinedRow>, u64), ViewError> {
        self.rejected_rows(source, (page - 1).saturating_mul(PAGE), PAGE)
            .map_err(|error| ViewError::Unavailable { reason: format!("the lake cannot be read: {error}") })
    }

    /// The text of the column to blame, unless it fills an attribute that is personal.
    fn offending_text(&self, row: &landing::QuarantinedRow) -> Option<String> {
        let column = row.column.as_ref()?;
        let source = self.project().sources.get(&row.source)?;
        let entity = self.project().entities.get(&source.into)?;
        let personal = source.map.iter().any(|m| match &m.from {
            kepi_model::project::MappingFrom::Column { column: of, .. } => {
                of == column && entity.attribute(&m.attribute).is_some_and(|a| a.personal)
            }
            _ => false,
        });
        let raw: serde_json::Value = serde_json::from_str(&row.raw).ok()?;
        match raw.get(column)? {
            _ if personal => None,
            serde_json::Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }
}

/// What became of rows, as views say it.
pub fn row_counts(of: &landing::RowCounts) -> RowCounts {
    RowCounts {
        read: of.read,
        out_of_scope: of.out_of_scope,
        landed: of.landed(),
        accepted: of.accepted,
        superseding: of.superseding,
        quarantined: of.quarantined,
        duplicate: of.duplicate,
    }
}

fn requirement(of: &Requirement) -> String {
    match of {
        Requirement::Row(expression) => expression.to_string(),
        Requirement::Unique(attributes) => {
            let names: Vec<&str> = attributes.iter().map(AttributeId::as_str).collect();
            format!("unique {}", names.join(", "))
        }
        Requirement::RowsAtLeast(rows) => format!("rows >= {rows}"),
        Requirement::RowsAgainstHistory { share, loads } => {
            format!("rows >= {} of the median of {loads} loads", kepi_report::format::coverage(*share))
        }
    }
}
