//! One KPI in full, and the list of all.

use std::collections::BTreeMap;

use kepi_model::{calendar::Period, describe, id::DimensionId, project::Kpi};
use kepi_query::value::Segment;
use kepi_score::tree::Observed;

use super::{
    Asked, FactCard, KpiAsked, Reporter,
    reading::{Place, Reading},
    words,
};
use crate::{
    facts::{Entry, Standing},
    reader::{KpiQuery, ViewError},
    reason::Absence,
    view::{
        CountedReason, DefinitionView, DimensionView, KpiListRow, KpiListView, KpiView, Measured, Named,
        Outcome, PeopleView, PinsView, QualityView, Restatement, SegmentPoint, StandingView, WithdrawalView,
    },
};

/// At most so many members of a dimension are drawn; the others are counted in a note.
const MOST_MEMBERS: usize = 24;

impl<'a> Reporter<'a> {
    pub(super) fn list_view(self) -> Result<KpiListView, ViewError> {
        self.want_all()?;
        let rows = self.newest_readings().into_iter().map(|(reading, place)| {
            let (perspective, objective) = self.place_of(reading.kpi);
            KpiListRow {
                perspective,
                objective,
                period: self.label(reading.period),
                complete: reading.is_final(),
                row: self.row(&reading, &place),
            }
        });
        Ok(KpiListView { project: self.project_view(), kpis: rows.collect() })
    }

    /// Every KPI that has values, in its own grain, over all rows, in its newest period.
    pub(crate) fn newest_readings(self) -> Vec<(Reading<'a>, Place<'a>)> {
        let kpis = self.kpis_in_order().into_iter();
        kpis.filter_map(|kpi| {
            let (_, newest) = self.facts.span(&kpi.id, kpi.period, &Segment::total())?;
            let place = self.whole(self.card_of(kpi));
            let period = Period { grain: kpi.period, ordinal: newest };
            Some((self.read(kpi, &place, period), place))
        })
        .collect()
    }

    /// Where a KPI that was asked for is read.
    pub(crate) fn place_asked(self, asked: &KpiAsked<'a>, query: &KpiQuery) -> Place<'a> {
        match &asked.segment {
            Some(segment) if query.segment.is_some() => self.segment_place(asked.card, segment.clone()),
            _ => {
                let own = asked.card.and_then(|c| c.scorecard.unit.as_ref());
                let unit = asked.unit.or(own);
                Place { card: asked.card, unit, segment: asked.segment.clone(), is_part: false }
            }
        }
    }

    pub(super) fn kpi_view(self, id: &str, query: &KpiQuery) -> Result<KpiView, ViewError> {
        let asked = self.kpi_asked(id, query)?;
        let KpiAsked { kpi, period, card, .. } = asked;
        let place = self.place_asked(&asked, query);
        let reading = self.read(kpi, &place, period);
        let (perspective, objective) = self.place_of(kpi);
        let units = card.map(|card| Asked { card, unit: asked.unit, period, known: asked.known.clone() });
        let segment = asked.segment.as_ref().filter(|_| query.segment.is_some());
        Ok(KpiView {
            project: self.project_view(),
            description: kpi.description.clone(),
            perspective,
            objective,
            scorecards: asked.uses.iter().map(|s| Named::new(&s.id, &s.name)).collect(),
            units: units.map(|asked| self.unit_choices(&asked)).unwrap_or_default(),
            unit: self.unit(asked.unit),
            segment: segment.map(|s| Named::new(s, words::segment(s))),
            period: self.label(period),
            periods: self.period_choices(&asked.known, period),
            current: self.row(&reading, &place),
            insight: self.insight(&reading, &place),
            trend: self.course(kpi, &place, period.grain).iter().map(|r| self.point(r)).collect(),
            dimensions: self.dimensions(kpi, card, period),
            definition: self.definition(kpi),
            pins: match &reading.entry {
                Some(entry) => Outcome::Value(self.pins(kpi, period, entry)),
                None => Outcome::none(Absence::NotPublished),
            },
            quality: self.quality(&reading),
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
            restatements: self.restatements(kpi, &place, period)?,
            standing: self.standing(kpi, period)?,
        })
    }

    /// What a KPI is.
    pub(crate) fn definition(self, kpi: &Kpi) -> DefinitionView {
        let project = self.project();
        DefinitionView {
            words: describe::measure(kpi, project),
            formula: describe::formula(kpi, project),
            code: kpi.text.trim_end().to_owned(),
            place: self.written_at(kpi),
            hash: kpi.hash.to_string(),
            gates: words::gates(kpi.minimum_n, kpi.minimum_coverage),
            purpose: kpi.purpose.as_ref().and_then(|p| project.purposes.get(p)).cloned(),
        }
    }

    /// A KPI in one period by the members of each of its dimensions, each against the target that holds for it.
    pub(crate) fn members(
        self,
        kpi: &'a Kpi,
        card: Option<FactCard<'a>>,
        period: Period,
    ) -> BTreeMap<DimensionId, Vec<(Segment, Reading<'a>)>> {
        let mut by: BTreeMap<DimensionId, Vec<_>> = BTreeMap::new();
        for segment in self.facts.segments(&kpi.id, period.grain) {
            let [(dimension, _)] = segment.0.as_slice() else { continue };
            let place = self.segment_place(card, segment.clone());
            let reading = self.read(kpi, &place, period);
            if reading.entry.is_some() {
                by.entry(dimension.clone()).or_default().push((segment, reading));
            }
        }
        by
    }

    fn dimensions(self, kpi: &'a Kpi, card: Option<FactCard<'a>>, period: Period) -> Vec<DimensionView> {
        let mut by = self.members(kpi, card, period);
        let dimensions = kpi.by.iter().filter_map(|dimension| {
            let of = by.remove(&dimension.id)?;
            let mut members: Vec<SegmentPoint> = of
                .iter()
                .filter_map(|(segment, reading)| {
                    let (_, member) = segment.0.first()?;
                    Some(SegmentPoint {
                        id: segment.to_string(),
                        name: words::member(member),
                        value: reading.measured(),
                        status: (&reading.standing).into(),
                    })
                })
                .collect();
            let all = members.len();
            if all > MOST_MEMBERS {
                // The largest members, then back in the order of their names.
                members.sort_by_key(|m| std::cmp::Reverse(m.value.value().map_or(0, |v| v.n)));
                members.truncate(MOST_MEMBERS);
                let order = |id: &str| of.iter().position(|(segment, _)| segment.to_string() == id);
                members.sort_by_cached_key(|member| order(&member.id));
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
                dimension: Named::new(&dimension.id, name),
                members,
                note: (!notes.is_empty()).then(|| notes.join(" ")),
            })
        });
        dimensions.collect()
    }

    /// What a value was computed from.
    pub(crate) fn pins(self, kpi: &Kpi, period: Period, entry: &Entry) -> PinsView {
        PinsView {
            definition: entry.pins.definition.to_string(),
            snapshot: entry.pins.snapshot.0.to_string(),
            engine: entry.pins.engine.to_string(),
            states: entry.pins.states.to_string(),
            computed_at: self.instant(entry.published_at),
            reproduce: match self.facts.has(&kpi.id, period.grain) {
                true => format!("kepi reproduce {} --period {}", kpi.id, self.label(period)),
                // Added up from what was published: its parts reproduce.
                false => format!("kepi reproduce {}", kpi.id),
            },
        }
    }

    /// What entered a value and what did not.
    pub(crate) fn quality(self, of: &Reading<'a>) -> QualityView {
        let kpi = of.kpi;
        let sources: Vec<_> = self
            .project()
            .sources
            .values()
            .filter(|s| kpi.measure.bases().into_iter().any(|entity| entity == &s.into))
            .collect();
        let estimate = of.observed().and_then(|o| o.as_ref().ok());
        let coverage = of.entry.as_ref().map(|e| e.value.coverage);
        let missing = coverage.map(|c| c.eligible.saturating_sub(c.counted)).filter(|m| *m > 0);
        let left_out = missing
            .map(|count| CountedReason { reason: "no usable value in the row".to_owned(), count })
            .into_iter();
        let loads: Vec<_> =
            self.facts.loads().iter().filter(|l| sources.iter().any(|s| s.id == l.source)).collect();
        let read = kpi.measure.attributes();
        let mut off_scale: BTreeMap<String, u64> = BTreeMap::new();
        let codes =
            loads.iter().flat_map(|l| &l.missing).filter(|m| m.off_scale && read.contains(&m.attribute));
        for code in codes {
            *off_scale.entry(format!("in all that landed: {}", code.reason)).or_default() += code.count;
        }
        let left_out =
            left_out.chain(off_scale.into_iter().map(|(reason, count)| CountedReason { reason, count }));
        QualityView {
            n: estimate.map_or(coverage.map_or(0, |c| c.counted), |e| e.n),
            effective_n: estimate.and_then(crate::view::effective_n),
            left_out: left_out.collect(),
            quarantined: loads.iter().map(|l| l.counts.quarantined).sum(),
            sources: sources.iter().map(|s| Named::new(&s.id, &s.name)).collect(),
        }
    }

    /// Values that were final and were published with others since.
    pub(crate) fn restatements(
        self,
        kpi: &'a Kpi,
        place: &Place<'a>,
        of: Period,
    ) -> Result<Vec<Restatement>, ViewError> {
        let mut found = Vec::new();
        let Some(shown) = &place.segment else { return Ok(found) };
        let mut all = self.facts.restated(&kpi.id, of.grain);
        // Over all rows those of every segment are shown: what a run counts can be found.
        all.retain(|(_, segment)| shown.is_total() || segment == shown);
        all.sort_by_key(|(period, _)| *period);
        for (period, segment) in all {
            let Some(entry) = self.facts.entry(&kpi.id, period, &segment) else { continue };
            let Some(before) = self.facts.before(&kpi.id, period, &segment)? else { continue };
            let part =
                if segment == *shown { String::new() } else { format!(" · {}", words::segment(&segment)) };
            found.push(Restatement {
                period: format!("{}{part}", self.label(period)),
                published: format!("{} ({})", said(kpi, &before.estimate), self.instant(before.at)),
                now: said(kpi, &entry.value.estimate),
                noticed_at: self.instant(entry.published_at),
                reason: "later data or another definition; both values are kept".to_owned(),
            });
        }
        Ok(found)
    }

    /// What the figures of a KPI do not show by themselves.
    pub(crate) fn standing(self, kpi: &Kpi, of: Period) -> Result<StandingView, ViewError> {
        let Standing { withdrawn, moved_on, not_renewed } = self.facts.standing(kpi, of.grain)?;
        let withdrawn = withdrawn.into_iter().map(|gone| WithdrawalView {
            period: self.label(gone.period),
            segment: gone.segment.to_string(),
            was: gone.was.map(|was| format!("{} ({})", said(kpi, &was.estimate), self.instant(was.at))),
            withdrawn_at: self.instant(gone.at),
            code: gone.why.code().to_owned(),
            reason: gone.why.words().to_owned(),
        });
        Ok(StandingView { withdrawn: withdrawn.collect(), moved_on, not_renewed })
    }
}

/// A figure in words.
fn said(kpi: &Kpi, observed: &Observed) -> String {
    match Measured::outcome(Some(observed), &kpi.unit) {
        Outcome::Value(measured) => measured.value.text,
        Outcome::Reason(reason) => reason.text,
    }
}
