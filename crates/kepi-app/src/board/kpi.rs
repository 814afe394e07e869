//! One KPI in full, and the list of all.

use std::collections::BTreeMap;

use kepi_model::{
    calendar::{Grain, Period},
    describe,
    id::{DimensionId, UnitId},
    project::Kpi,
};
use kepi_query::{
    state::Member,
    value::{Finality, Segment},
};
use kepi_report::{
    format,
    reader::{KpiQuery, ViewError},
    view::{
        CountedReason, DefinitionView, DimensionView, KpiListRow, KpiListView, KpiView, Named, Outcome,
        PeopleView, PinsView, QualityView, Restatement, SegmentPoint,
    },
};

use super::closest;
use crate::{
    picture::{Entry, Picture, Series},
    plan::entities_of,
};

/// At most so many members of a dimension are drawn; the others are counted in a note.
const MOST_MEMBERS: usize = 24;

impl Picture {
    pub(super) fn list_view(&self) -> Result<KpiListView, ViewError> {
        let strategy = self.project().strategy.as_ref();
        let rank = |kpi: &Kpi| {
            let place = strategy.and_then(|s| {
                let objective = s.objectives.iter().position(|o| Some(&o.id) == kpi.objective.as_ref())?;
                let of = &s.objectives.get(objective)?.perspective;
                Some((s.perspectives.iter().position(|p| &p.id == of)?, objective))
            });
            (place.unwrap_or((usize::MAX, usize::MAX)), kpi.id.clone())
        };
        let mut kpis: Vec<&Kpi> = self.project().kpis.values().collect();
        kpis.sort_by_key(|k| rank(k));
        let total = Segment::total();
        let rows = kpis.into_iter().filter_map(|kpi| {
            let newest = self.series(&kpi.id, kpi.period, &total)?.span()?.1;
            let period = Period { grain: kpi.period, ordinal: newest };
            let (perspective, objective) = self.place_of(kpi);
            Some(KpiListRow {
                perspective,
                objective,
                period: self.project().calendar.label(period),
                complete: self
                    .entry(&kpi.id, period, &total)
                    .is_some_and(|e| e.value.finality == Finality::Final),
                row: self.row(kpi, &total, period, None, None),
            })
        });
        Ok(KpiListView { project: self.project_view(), kpis: rows.collect() })
    }

    fn place_of(&self, kpi: &Kpi) -> (Option<Named>, Option<Named>) {
        let Some(strategy) = self.project().strategy.as_ref() else { return (None, None) };
        let objective = strategy.objectives.iter().find(|o| Some(&o.id) == kpi.objective.as_ref());
        let perspective =
            objective.and_then(|o| strategy.perspectives.iter().find(|p| p.id == o.perspective));
        (
            perspective.map(|p| Named::new(p.id.to_string(), &p.name)),
            objective.map(|o| Named::new(o.id.to_string(), &o.name)),
        )
    }

    pub(super) fn kpi_view(&self, id: &str, query: &KpiQuery) -> Result<KpiView, ViewError> {
        let kpi = self.kpi_asked(id)?;
        // A KPI is shown through the first scorecard that uses it: its period, units and targets.
        let uses: Vec<_> = self
            .project()
            .scorecards
            .values()
            .filter(|s| super::scorecard::kpis_of(s).any(|k| k == kpi.id))
            .collect();
        let scorecard = uses.first().copied();
        let unit: Option<UnitId> = match (scorecard, query.unit.as_deref()) {
            (_, None) => None,
            (Some(scorecard), asked) => self.unit_asked(scorecard, asked)?,
            (None, Some(asked)) => {
                return Err(ViewError::NotFound {
                    what: format!("unit `{asked}` for `{id}`, which is on no scorecard"),
                    suggestions: Vec::new(),
                });
            }
        };
        let segment = match query.segment.as_deref() {
            Some(text) => self.segment_asked(kpi, text)?,
            None => scorecard.map_or_else(Segment::total, |s| self.segment_for(s, unit.as_ref())),
        };
        let grain = self.grain_asked(kpi, scorecard.map(|s| s.period), query.period.as_deref());
        let known = self.periods(std::iter::once(kpi.id.clone()), grain);
        let period = self.period_asked(query.period.as_deref(), grain, &known)?;
        let entry = self.entry(&kpi.id, period, &segment);
        let (perspective, objective) = self.place_of(kpi);
        let line = self.files().line_column(kpi.span).line;
        let path = self.files().file(kpi.span.file).map(|f| f.path.as_str()).unwrap_or_default();
        Ok(KpiView {
            project: self.project_view(),
            description: kpi.description.clone(),
            perspective,
            objective,
            scorecards: uses.iter().map(|s| Named::new(s.id.to_string(), &s.name)).collect(),
            units: scorecard.map(|s| self.unit_choices(s, unit.as_ref(), period)).unwrap_or_default(),
            unit: unit.as_ref().map(|u| Named::new(u.to_string(), self.unit_name(u))),
            segment: (query.segment.is_some())
                .then(|| Named::new(segment.to_string(), segment_words(&segment))),
            period: self.project().calendar.label(period),
            periods: self.period_choices(&known.0, period),
            current: self.row(kpi, &segment, period, unit.as_ref(), scorecard),
            trend: self.series_points(kpi, &segment, grain, unit.as_ref(), scorecard),
            dimensions: self.dimensions(kpi, period),
            definition: DefinitionView {
                words: describe::measure(kpi, self.project()),
                formula: describe::formula(kpi, self.project()),
                code: kpi.text.trim_end().to_owned(),
                place: format!("{path}:{line}"),
                hash: kpi.hash.to_string(),
                gates: gates(kpi),
                purpose: kpi.purpose.as_ref().and_then(|p| self.project().purposes.get(p)).cloned(),
            },
            pins: match &entry {
                Some(entry) => Outcome::Value(self.pins(kpi, period, entry)),
                None => Outcome::none("not_published", "nothing is published for this period"),
            },
            quality: self.quality(kpi, entry.as_ref()),
            people: PeopleView {
                accountable: self.person(kpi.accountable.as_ref()),
                responsible: self.persons(&kpi.responsible),
                consulted: self.persons(&kpi.consulted),
                informed: self.persons(&kpi.informed),
            },
            assumptions: kpi.assumptions.clone(),
            targets: {
                let mut targets: Vec<_> = kpi.targets.iter().collect();
                targets.sort_by_key(|t| std::cmp::Reverse(t.from));
                targets.into_iter().map(|t| self.target_view(kpi, t)).collect()
            },
            restatements: self.restatements(kpi, grain, &segment),
        })
    }

    /// The scorecard's period if there is one and values have it, else the KPI's own; a period asked for decides by
    /// its spelling.
    fn grain_asked(&self, kpi: &Kpi, scorecard: Option<Grain>, asked: Option<&str>) -> Grain {
        let has = |grain: &Grain| self.has(&kpi.id, *grain);
        asked
            .and_then(|text| self.project().calendar.parse(text).ok())
            .map(|p| p.grain)
            .filter(has)
            .or(Some(kpi.period).filter(has))
            .or(scorecard)
            .unwrap_or(kpi.period)
    }

    fn segment_asked(&self, kpi: &Kpi, text: &str) -> Result<Segment, ViewError> {
        let known = || {
            let grains = crate::plan::grains_of(kpi, self.project());
            let segments = grains.into_iter().flat_map(|grain| self.segments(&kpi.id, grain));
            segments.map(|(segment, _)| segment).filter(|s| !s.is_total())
        };
        if let Some(found) = known().find(|k| k.to_string() == text) {
            return Ok(found.clone());
        }
        let names: Vec<(String, String)> = known().map(|k| (k.to_string(), segment_words(k))).collect();
        Err(ViewError::NotFound {
            what: format!("segment `{text}` of `{}`", kpi.id),
            suggestions: closest(text, names.iter().map(|(a, b)| (a.as_str(), b.as_str())))
                .map(|(id, name)| (name.to_owned(), format!("/kpis/{}?segment={id}", kpi.id)))
                .collect(),
        })
    }

    fn dimensions(&self, kpi: &Kpi, period: Period) -> Vec<DimensionView> {
        let mut by: BTreeMap<DimensionId, Vec<SegmentPoint>> = BTreeMap::new();
        for (key, value, status) in self.members(kpi, period) {
            let [(dimension, member)] = key.0.as_slice() else { continue };
            let name = member_words(member);
            by.entry(dimension.clone()).or_default().push(SegmentPoint {
                id: key.to_string(),
                name,
                value,
                status,
            });
        }
        kpi.by
            .iter()
            .filter_map(|dimension| {
                let mut members = by.remove(&dimension.id)?;
                let all = members.len();
                if all > MOST_MEMBERS {
                    // The largest members, then back in the order of their names.
                    members.sort_by_key(|m| std::cmp::Reverse(m.value.value().map_or(0, |v| v.n)));
                    members.truncate(MOST_MEMBERS);
                    members.sort_by(|a, b| a.name.cmp(&b.name));
                }
                let hidden = members.iter().filter(|m| m.value.value().is_none()).count();
                let mut notes = Vec::new();
                if all > MOST_MEMBERS {
                    notes.push(format!("The {MOST_MEMBERS} largest of {all} are shown."));
                }
                if hidden > 0 {
                    let verb = if hidden == 1 { "has" } else { "have" };
                    notes.push(format!("{hidden} {verb} no publishable value."));
                }
                let name = dimension.id.as_str().replace('_', " ");
                Some(DimensionView {
                    dimension: Named::new(dimension.id.to_string(), name),
                    members,
                    note: (!notes.is_empty()).then(|| notes.join(" ")),
                })
            })
            .collect()
    }

    fn pins(&self, kpi: &Kpi, period: Period, entry: &Entry) -> PinsView {
        PinsView {
            definition: entry.pins.definition.to_string(),
            snapshot: entry.pins.snapshot.0.to_string(),
            engine: entry.pins.engine.to_string(),
            states: entry.pins.states.to_string(),
            computed_at: self.instant(entry.published_at),
            reproduce: format!(
                "kepi reproduce {} --period {}",
                kpi.id,
                self.project().calendar.label(period)
            ),
        }
    }

    fn quality(&self, kpi: &Kpi, entry: Option<&Entry>) -> QualityView {
        let sources: Vec<_> = self
            .project()
            .sources
            .values()
            .filter(|s| entities_of(kpi).any(|entity| entity == &s.into))
            .collect();
        let estimate = entry.and_then(|e| e.value.estimate.as_ref().ok());
        let coverage = entry.map(|e| &e.value.coverage);
        let mut left_out = Vec::new();
        if let Some(missing) = coverage.map(|c| c.eligible.saturating_sub(c.counted)).filter(|m| *m > 0) {
            left_out.push(CountedReason { reason: "no usable value in the row".to_owned(), count: missing });
        }
        let quarantined = self
            .loads()
            .iter()
            .filter(|l| sources.iter().any(|s| s.id == l.source))
            .map(|l| l.counts.quarantined)
            .sum();
        QualityView {
            n: estimate.map_or(coverage.map_or(0, |c| c.counted), |e| e.n),
            effective_n: estimate
                .map(|e| e.effective_n)
                .filter(|e| estimate.is_some_and(|s| *e < s.n as f64)),
            left_out,
            quarantined,
            sources: sources.iter().map(|s| Named::new(s.id.to_string(), &s.name)).collect(),
        }
    }

    fn restatements(&self, kpi: &Kpi, grain: Grain, segment: &Segment) -> Vec<Restatement> {
        let all = self.series(&kpi.id, grain, segment).into_iter().flat_map(Series::iter);
        all.filter_map(|(ordinal, entry)| {
            let (before, at) = entry.before.as_ref()?;
            let words = |observed| match super::scorecard::measured(Some(observed), kpi) {
                Outcome::Value(measured) => measured.value.text,
                Outcome::Reason(reason) => reason.text,
            };
            Some(Restatement {
                period: self.project().calendar.label(Period { grain, ordinal }),
                published: format!("{} ({})", words(&before.estimate), self.instant(*at)),
                now: words(&entry.value.estimate),
                noticed_at: self.instant(entry.published_at),
                reason: "later data or another definition; both values are kept".to_owned(),
            })
        })
        .collect()
    }
}

fn gates(kpi: &Kpi) -> Vec<String> {
    let n = kpi.minimum_n.map(|n| format!("at least {} cases", format::count(n)));
    let coverage = kpi.minimum_coverage.map(|c| format!("at least {} of cases covered", format::coverage(c)));
    n.into_iter().chain(coverage).collect()
}

fn member_words(member: &Member) -> String {
    match member {
        // Members of enums are names: `under_25` reads as `under 25`.
        Member::Value(text) if kepi_model::id::is_name(text) => text.replace('_', " "),
        Member::Value(text) => text.to_string(),
        Member::Unknown => "unknown".to_owned(),
    }
}

fn segment_words(key: &Segment) -> String {
    key.0.as_slice().iter().map(|(_, member)| member_words(member)).collect::<Vec<_>>().join(" · ")
}
