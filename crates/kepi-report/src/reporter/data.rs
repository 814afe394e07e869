//! Sources, what landed of them, and the rows that did not.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{
    expression::Type,
    id::{AttributeId, SourceId},
    project::{MappingFrom, Otherwise, Source},
};
use kepi_query::{
    landing::{LoadOutcome, LoadReport, Profile, QuarantinedRow as Row, RowCounts, natural},
    screen::{CutOff, State},
};

use super::{Reporter, not_found, words};
use crate::{
    facts::{Discrepancies, ScreenedAnswers},
    format,
    reader::{QuarantineQuery, ViewError},
    view::{
        CorrectionsView, DiscrepanciesView, DiscrepancyView, LoadView, MissingCount, Named, NotLandedView,
        OverruledView, ProfileView, QuarantineView, QuarantinedRow, RuleCount, RuleView, ScreenView,
        SourceView, SourcesView,
    },
};

/// Rows of quarantine on a page.
const PAGE: u64 = 50;
/// With so many loads before the newest is compared, at most.
const LOADS_BEFORE: usize = 30;

/// What is said where more rows of a source were rejected than it allows.
fn rejected(source: &Source, rows: RowCounts) -> Option<String> {
    let (n, of) = (rows.quarantined, rows.landed());
    let percent = |share: f64| (share * 1000.0).round() / 10.0;
    (n as f64 > source.rejects_at_most * of as f64).then(|| {
        format!(
            "{n} of {of} rows were rejected, {} %, more than {} %: figures lack them",
            percent(n as f64 / of as f64),
            percent(source.rejects_at_most)
        )
    })
}

impl<'a> Reporter<'a> {
    /// Loads whose rows count. Those that another load has replaced are not among them; the same file with the same bytes
    /// may be there several times, when it was another one in between.
    fn current_loads(self, source: &Source) -> Vec<&'a LoadReport> {
        let landed = |load: &&LoadReport| load.source == source.id && load.outcome == LoadOutcome::Landed;
        let mut loads: Vec<_> = self.facts.loads().iter().filter(landed).collect();
        // Of what one run landed, the newest is what came last in the order of its source.
        let order = |load: &'a LoadReport| load.order.as_ref().map_or("", |of| of.value.as_str());
        loads.sort_by(|a, b| {
            let newer = b.at.cmp(&a.at).then_with(|| natural(order(b), order(a)));
            newer.then_with(|| natural(&b.file, &a.file)).then_with(|| b.file.cmp(&a.file))
        });
        loads
    }

    pub(super) fn sources_view(self) -> Result<SourcesView, ViewError> {
        let sources: Vec<SourceView> = self.project().sources.values().map(|s| self.source_view(s)).collect();
        Ok(SourcesView {
            project: self.project_view(),
            snapshot: self.facts.snapshot().map(|s| s.0.to_string()),
            total: sources.iter().map(|s| s.rows).sum(),
            sources,
            stranded: self.facts.stranded(),
            rules: self.data_rules(),
            screens: self.facts.screened()?.into_iter().map(|of| self.screen(of)).collect(),
            discrepancies: self.discrepancies()?,
            reliability: self.reliability(),
            promises: self.promises()?,
            service: self.service()?,
            costs: self.costs(),
        })
    }

    /// What sources say against each other.
    pub(crate) fn discrepancies(self) -> Result<Vec<DiscrepanciesView>, ViewError> {
        let found = self.facts.discrepancies()?;
        Ok(found.iter().map(|of| self.discrepancies_of(of)).collect())
    }

    fn discrepancies_of(self, of: &Discrepancies) -> DiscrepanciesView {
        let entity = self.project().entities.get(&of.entity);
        let attribute = |id: &AttributeId| {
            Named::new(id, entity.and_then(|e| e.attribute(id)).map_or(id.as_str(), |a| a.name.as_str()))
        };
        let source = |id: &str| {
            let known = self.project().sources.values().find(|source| source.id.as_str() == id);
            Named {
                id: id.to_owned(),
                name: known.map_or_else(|| id.to_owned(), |source| source.name.clone()),
            }
        };
        let order = entity.and_then(|e| e.precedence.as_ref()).map(|of| of.order.as_slice());
        // Of a source that is not seen, not even the name.
        let order = order.unwrap_or_default().iter().filter(|id| self.project().sources.contains_key(*id));
        let counts: Vec<OverruledView> = of
            .counts
            .iter()
            .map(|((id, believed, overruled), n)| OverruledView {
                attribute: attribute(id),
                believed: source(believed),
                overruled: source(overruled),
                values: *n,
            })
            .collect();
        DiscrepanciesView {
            entity: Named::new(&of.entity, entity.map_or(of.entity.as_str(), |e| &e.name)),
            order: order.map(|id| source(id.as_str())).collect(),
            shared: of.shared,
            overruled: counts.iter().map(|of| of.values).sum(),
            counts,
            all: of
                .all
                .iter()
                .map(|of| DiscrepancyView {
                    key: of.key.clone(),
                    attribute: attribute(&of.attribute),
                    believed: of.believed.clone(),
                    overruled: of.overruled.clone(),
                })
                .collect(),
        }
    }

    fn screen(self, of: ScreenedAnswers) -> ScreenView {
        let name = self.project().entities.get(&of.entity).map_or(of.entity.as_str(), |entity| &entity.name);
        let seconds = |micros: i64| format!("{:.1} s", micros as f64 / 1e6);
        let cut_off = |(instrument, cut): (&String, &CutOff)| {
            let answers =
                if instrument.is_empty() { "Answers".to_owned() } else { format!("Answers to {instrument}") };
            format!(
                "{answers} in less than {} are flagged, of the median {} of the first {}",
                seconds(cut.micros),
                seconds(cut.median),
                format::count(cut.answers)
            )
        };
        ScreenView {
            entity: Named::new(&of.entity, name),
            flagged: of.tally.flagged,
            rules: of.tally.rules.into_iter().collect(),
            waiting: of.tally.states.get(&State::Review).copied().unwrap_or_default(),
            states: of.tally.states.into_iter().map(|(state, n)| (state.word(), n)).collect(),
            cut_offs: of.cut_offs.iter().map(cut_off).collect(),
        }
    }

    /// What a source says of itself and what landed of it.
    pub(crate) fn source_view(self, source: &Source) -> SourceView {
        let loads = self.current_loads(source);
        let entity = self.project().entities.get(&source.into);
        let attribute_name = |id: &AttributeId| {
            Named::new(id, entity.and_then(|e| e.attribute(id)).map_or(id.as_str(), |a| a.name.as_str()))
        };
        let mut missing: BTreeMap<(AttributeId, String), u64> = BTreeMap::new();
        let mut broken: BTreeMap<&str, u64> = BTreeMap::new();
        for load in &loads {
            for m in &load.missing {
                *missing.entry((m.attribute.clone(), m.reason.clone())).or_default() += m.count;
            }
            for rule in &load.rules {
                *broken.entry(&rule.rule).or_default() += rule.broken;
            }
        }
        let rules = source.rules.iter().map(|rule| RuleView {
            name: rule.id.to_string(),
            require: words::requirement(&rule.require),
            otherwise: rule.otherwise,
            broken: broken.get(rule.id.as_str()).copied().unwrap_or(0),
        });
        SourceView {
            source: Named::new(&source.id, &source.name),
            into: Named::new(&source.into, entity.map_or(source.into.as_str(), |e| e.name.as_str())),
            from: source.from.to_string(),
            mode: source.mode,
            purpose: source.purpose.as_ref().map(ToString::to_string),
            owner: self.person(source.owner.as_ref()),
            watermark: source
                .complete_until
                .or_else(|| self.data_until(&source.into))
                .filter(|_| !loads.is_empty())
                .map(|d| d.strftime("%-d %B %Y").to_string()),
            delivery: self.delivery(source),
            last_landed: loads.iter().map(|l| l.at).max().map(|at| self.instant(at)),
            stopped: self.stopped(source),
            not_landed: self.not_landed(source),
            rows: loads.iter().map(|l| l.counts).sum(),
            loads: loads
                .iter()
                .map(|load| LoadView {
                    id: load.load.clone(),
                    file: load.file.clone(),
                    content: load.content.short(),
                    landed_at: self.instant(load.at),
                    rows: load.counts,
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
            labels: loads.first().map(|load| load.labels.clone()).unwrap_or_default(),
            profiles: self.profiles(source, &loads),
            drift: rejected(source, loads.iter().map(|l| l.counts).sum())
                .into_iter()
                .chain(
                    loads
                        .iter()
                        .flat_map(|l| l.drift.iter().chain(&l.notes).map(|d| format!("{}: {d}", l.file))),
                )
                .collect(),
            rules: rules.collect(),
        }
    }

    /// What the values of the newest file are like.
    fn profiles(self, source: &Source, loads: &[&LoadReport]) -> Vec<ProfileView> {
        let entity = self.project().entities.get(&source.into);
        let Some((newest, before)) = loads.split_first() else { return Vec::new() };
        let share = |p: &Profile| p.missing as f64 / p.rows.max(1) as f64;
        let view = |profile: &Profile| {
            let attribute = entity.and_then(|e| e.attribute(&profile.attribute));
            let earlier = before.iter().flat_map(|load| &load.profiles);
            let mut usual: Vec<f64> =
                earlier.filter(|p| p.attribute == profile.attribute).take(LOADS_BEFORE).map(share).collect();
            usual.sort_by(f64::total_cmp);
            let written = |n: i64| attribute.map_or_else(|| n.to_string(), |a| self.written(n, &a.type_));
            ProfileView {
                attribute: Named::new(
                    &profile.attribute,
                    attribute.map_or(profile.attribute.as_str(), |a| a.name.as_str()),
                ),
                rows: profile.rows,
                missing: share(profile),
                usual_missing: (usual.len() >= 3).then(|| usual.get(usual.len() / 2).copied()).flatten(),
                distinct: profile.distinct,
                looked_at: profile.looked_at,
                spread: profile
                    .spread
                    .map(|s| [s.least, s.lower, s.median, s.upper, s.greatest].map(written)),
            }
        };
        newest.profiles.iter().map(view).collect()
    }

    /// A value of an attribute as it is kept, as it is written.
    fn written(self, n: i64, type_: &Type) -> String {
        match type_ {
            Type::Date => self.day(n).map_or_else(|| n.to_string(), |day| day.to_string()),
            Type::Timestamp => self.instant(n),
            Type::Duration => format::time(n / 1_000_000),
            other => match u32::from(other.scale()) {
                0 => n.to_string(),
                scale => {
                    let (one, digits) = (10u64.pow(scale.min(18)), scale as usize);
                    let sign = if n < 0 { "-" } else { "" };
                    format!("{sign}{}.{:0digits$}", n.unsigned_abs() / one, n.unsigned_abs() % one)
                }
            },
        }
    }

    /// Why the newest load of a source landed nothing, if a rule stopped it.
    pub(super) fn stopped(self, source: &Source) -> Option<String> {
        let loads = self.facts.loads().iter().filter(|load| load.source == source.id);
        let newest = loads.max_by_key(|load| load.at)?;
        match &newest.outcome {
            LoadOutcome::Stopped { rule, reason } => {
                Some(format!("`{}` broke the rule `{rule}`: {reason}", newest.file))
            }
            _ => None,
        }
    }

    /// What of a source did not land when a run last looked at it.
    pub(super) fn not_landed(self, source: &Source) -> Vec<NotLandedView> {
        let own = self.facts.not_landed().iter().filter(|(_, of)| of.source == source.id);
        own.map(|(at, of)| NotLandedView {
            file: of.file.clone(),
            reason: of.reason.clone(),
            looked_at: self.instant(*at),
        })
        .collect()
    }

    fn source_named(self, id: &SourceId) -> Named {
        let shown = self.project().sources.get(id).map_or(id.as_str(), |s| s.name.as_str());
        Named::new(id, shown)
    }

    pub(super) fn quarantine_view(self, query: &QuarantineQuery) -> Result<QuarantineView, ViewError> {
        let all = &self.project().sources;
        let asked = match query.source.as_deref() {
            None => None,
            Some(id) => Some(all.keys().find(|s| s.as_str() == id).ok_or_else(|| {
                not_found(
                    format!("source `{id}`"),
                    id,
                    all.values().map(|s| (s.id.as_str(), s.name.as_str())),
                    |id| format!("/data/quarantine?source={id}"),
                )
            })?),
        };
        let page_of = |page: u64| self.facts.rejected(asked, (page - 1).saturating_mul(PAGE), PAGE);
        let wanted = query.page.unwrap_or(1).max(1);
        let (mut rows, total) = page_of(wanted)?;
        let pages = total.div_ceil(PAGE).max(1);
        let page = wanted.min(pages);
        if page < wanted {
            (rows, _) = page_of(page)?;
        }
        let landed = || self.facts.loads().iter().filter(|l| l.outcome == LoadOutcome::Landed);
        let mut rules: BTreeMap<(&SourceId, &str), u64> = BTreeMap::new();
        for load in landed().filter(|l| asked.is_none_or(|id| l.source == *id)) {
            for rule in load.rules.iter().filter(|r| r.otherwise == Otherwise::Quarantine) {
                *rules.entry((&load.source, rule.rule.as_str())).or_default() += rule.broken;
            }
        }
        let mut rules: Vec<RuleCount> = rules
            .into_iter()
            .map(|((source, rule), count)| RuleCount {
                source: self.source_named(source),
                rule: rule.to_owned(),
                count,
            })
            .collect();
        rules.sort_by_key(|r| std::cmp::Reverse(r.count));
        let sources: BTreeSet<&SourceId> =
            landed().filter(|l| l.counts.quarantined > 0).map(|l| &l.source).collect();
        let at: BTreeMap<&str, i64> = self.facts.loads().iter().map(|l| (l.load.as_str(), l.at)).collect();
        Ok(QuarantineView {
            project: self.project_view(),
            source: asked.map(|id| self.source_named(id)),
            sources: sources.into_iter().map(|id| self.source_named(id)).collect(),
            rules,
            total,
            page,
            pages,
            rows: rows
                .into_iter()
                .map(|row| QuarantinedRow {
                    source: self.source_named(&row.source),
                    text: self.offending_text(&row),
                    recorded_at: at.get(row.load.as_str()).map(|at| self.instant(*at)).unwrap_or_default(),
                    row,
                })
                .collect(),
        })
    }

    pub(super) fn corrections_view(self, source: Option<&str>) -> Result<CorrectionsView, ViewError> {
        let all = &self.project().sources;
        let asked = match source {
            None => None,
            Some(id) => Some(all.values().find(|s| s.id.as_str() == id).ok_or_else(|| {
                not_found(
                    format!("source `{id}`"),
                    id,
                    all.values().map(|s| (s.id.as_str(), s.name.as_str())),
                    |id| format!("/data/corrections?source={id}"),
                )
            })?),
        };
        let columns = asked.into_iter().flat_map(|source| &source.map).filter_map(|of| match &of.from {
            MappingFrom::Column { column, .. } => Some(column.trim().to_owned()),
            _ => None,
        });
        let corrections = self.facts.corrections(asked.map(|source| &source.id))?;
        Ok(CorrectionsView {
            project: self.project_view(),
            source: asked.map(|source| self.source_named(&source.id)),
            columns: columns.collect(),
            corrections: corrections
                .into_iter()
                .map(|of| (self.instant(of.at), of))
                .map(|(at, of)| (of, at))
                .collect(),
        })
    }

    /// The text of the column to blame, unless it fills an attribute that is personal.
    fn offending_text(self, row: &Row) -> Option<String> {
        let column = row.column.as_ref()?;
        let source = self.project().sources.get(&row.source)?;
        let entity = self.project().entities.get(&source.into)?;
        let personal = source.map.iter().any(|m| match &m.from {
            MappingFrom::Column { column: of, .. } => {
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
