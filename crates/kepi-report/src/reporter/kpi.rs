//! One KPI in full, and the list of all.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{
    calendar::{Grain, Period},
    describe,
    expression::{Expression, Node},
    id::{DimensionId, EntityId, KpiId, UnitId},
    project::{Kpi, Measure, Person, Publication, Scorecard, weighed, weight_said as share},
    window::Over,
};
use kepi_query::{finish, response::Responded, state::Member, value::Segment};
use kepi_score::tree::Observed;

use super::{
    Asked, KpiAsked, MOST_PERIODS, Reporter,
    insights::Which,
    reading::{Place, Reading},
    words,
};
use crate::{
    benchmarks,
    decided::{Item, Rows},
    facts::{Entry, Standing},
    reader::{KpiQuery, ViewError},
    reason::Absence,
    view::{
        BesideView, BreakView, CauseView, CommentaryView, CountedReason, Coverage, DefinitionView,
        DimensionView, ItemRow, KpiListRow, KpiListView, KpiView, Measured, Named, OfficialFigureView,
        Outcome, OverrideView, PeopleView, PinsView, QualityView, ResponseView, Restatement, SegmentPoint,
        StandingView, UnscreenedView, WeighedView, WithdrawalView,
    },
};

/// Whether a person is among those who said something, by name or as definitions name her.
pub(super) fn is_by(by: &[String], person: &Person) -> bool {
    by.iter().any(|by| *by == person.name || by == person.id.as_str())
}

/// At most so many members of a dimension are drawn; the others are counted in a note.
const MOST_MEMBERS: usize = 24;
/// At most so many restatements are told in full.
const MOST_RESTATEMENTS: usize = 100;

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
        Ok(KpiListView { project: self.project_view(), kpis: rows.collect(), gates: self.gates() })
    }

    /// Every KPI that has values, in its own grain, over all rows, in its newest period.
    pub(crate) fn newest_readings(self) -> Vec<(Reading<'a>, Place<'a>)> {
        let kpis = self.kpis_in_order().into_iter();
        kpis.filter_map(|kpi| {
            let (_, newest) = self.facts.span(&kpi.id, kpi.period, &Segment::total())?;
            let card = self.card_of(kpi);
            let place = match card {
                Some(card) if !self.facts.sees_kpi(&kpi.id, None) => {
                    self.place(card, self.unit_shown(&card, |unit| self.facts.sees_kpi(&kpi.id, unit)))
                }
                _ => self.whole(card),
            };
            let period = self.project().period(kpi, kpi.period, newest);
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
                Place { card: asked.card, unit, segment: asked.segment.clone(), part: Segment::total() }
            }
        }
    }

    pub(super) fn kpi_view(self, id: &str, query: &KpiQuery) -> Result<KpiView, ViewError> {
        let asked = self.kpi_asked(id, query)?;
        let KpiAsked { kpi, period, card, .. } = asked;
        let place = self.place_asked(&asked, query);
        let reading = self.read(kpi, &place, period);
        let kpi = reading.kpi;
        let (perspective, objective) = self.place_of(kpi);
        let segment = asked.segment.as_ref().filter(|_| query.segment.is_some());
        let (open, disputed) = self.open_about(kpi, &place, period)?;
        // Of a segment there are no units: what they score is of other rows.
        let units = card.filter(|_| segment.is_none()).map(|card| Asked {
            card,
            unit: asked.unit,
            period,
            known: asked.known.clone(),
        });
        let mut course = self.course(kpi, &place, period.grain);
        // What is asked for is among them, with what led to it.
        let after = course.iter().rev().take_while(|of| of.period.ordinal > period.ordinal).count();
        let whole = course.len();
        let begins = course.first().map(|of| of.period);
        course.truncate(whole - after.saturating_sub(MOST_PERIODS / 2));
        course.drain(..course.len().saturating_sub(MOST_PERIODS));
        // Where it shows a course from its beginning, that continues what it succeeds.
        let course_begins = period.grain == kpi.period && course.first().map(|of| of.period) == begins;
        let succeeds = self.succeeds(kpi);
        let breaks = self.breaks(kpi, &place, period.grain);
        let commentary = self.commentary(kpi)?;
        let control = match &place.segment {
            Some(segment) if segment.is_total() => self.control(kpi, period, &commentary, &breaks),
            _ => None,
        };
        Ok(KpiView {
            project: self.project_view(),
            description: kpi.description.clone(),
            perspective,
            objective,
            scorecards: asked.uses.iter().map(|s| Named::new(&s.id, &s.name)).collect(),
            units: units.map(|asked| self.unit_choices(&asked)).unwrap_or_default(),
            unit: self.unit(asked.unit.filter(|_| segment.is_none())),
            segment: segment.map(|s| Named::new(s, words::segment(s))),
            wider: segment.map(wider).unwrap_or_default(),
            period: self.label(period),
            periods: self.period_choices(&asked.known, period),
            current: self.row(&reading, &place),
            insight: self.insight(&reading, &place),
            analyses: match &place.segment {
                Some(segment) if segment.is_total() => self.analyses(kpi, period, Which::Standing),
                _ => Vec::new(),
            },
            trend: course.iter().map(|of| self.point(of, &place)).collect(),
            further: whole - course.len(),
            dimensions: self.dimensions(kpi, &place, period),
            has_cohorts: self.age_of(kpi).is_some(),
            has_flow: matches!(kpi.measure, Measure::Stock(_)),
            has_sample: self.samplings(kpi).next().is_some(),
            inputs: self.inputs(&reading, place.segment.as_ref()),
            beside: self.beside(&reading, &place),
            definition: self.definition(kpi),
            control,
            breaks,
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
            weights: self.weighed(kpi, period),
            benchmarks: benchmarks::beside(kpi, self.project(), self.today()),
            targets: {
                let mut targets: Vec<_> = kpi.targets.iter().collect();
                targets.sort_by_key(|t| std::cmp::Reverse(t.from));
                targets.into_iter().map(|t| self.target_view(kpi, t)).collect()
            },
            restatements: self.restatements(kpi, &place, period)?,
            official: self.official_figure(&reading, &place, period)?,
            overrides: self.overrides(kpi, &place, period),
            commentary,
            open,
            disputed,
            standing: self.standing(kpi, &place, period)?,
            ending: self.ending(kpi),
            is_entered: matches!(kpi.measure, Measure::Entered(_)),
            earlier: match (&place.segment, course_begins) {
                (Some(segment), true) if segment.is_total() => self.earlier(kpi, &succeeds),
                _ => None,
            },
            succeeds,
        })
    }

    /// What it weighs on each scorecard that is seen, in pay and of the money, on the last day of a period; nothing where it stands on scorecards
    /// alone.
    fn weighed(self, kpi: &Kpi, period: Period) -> Vec<WeighedView> {
        let project = self.project();
        let Ok(day) = project.calendar_of(kpi).last_day(period) else {
            return Vec::new();
        };
        let days = (day, day.tomorrow().ok());
        let cards = project.scorecards.values().filter(|card| card.kpis().any(|id| *id == kpi.id));
        let seen = cards.filter(|card| self.facts.sees_scorecard(&card.id, None));
        let one = |card: &Scorecard| {
            let own = card.in_force(day)?;
            let all = weighed(&kpi.id, own, project.incentive_plans.values(), &project.operating_plans, days);
            let apart = all.apart().map(|plan| plan.name.clone()).collect();
            let pay = all.pay.iter().map(|(plan, of)| (Named::new(&plan.id, &plan.name), share(*of)));
            let money = all.money.iter().map(|(plan, version, of)| {
                (Named::new(&plan.id, format!("{}, {}", plan.name, version.id)), share(*of))
            });
            (!all.pay.is_empty() || !all.money.is_empty()).then(|| WeighedView {
                card: Named::new(&card.id, &card.name),
                weight: share(all.on_card),
                pay: pay.collect(),
                money: money.collect(),
                apart,
            })
        };
        seen.filter_map(one).collect()
    }

    /// KPIs beside the value of another one, as far as whoever asks may see them: of its period and its rows.
    pub(crate) fn beside(self, of: &Reading<'a>, place: &Place<'a>) -> Vec<BesideView> {
        let known = |id: &KpiId| self.project().kpis.get(id);
        let all = of.kpi.beside.iter().filter_map(known);
        let seen = all.filter(|kpi| self.facts.sees_kpi(&kpi.id, place.unit));
        seen.map(|kpi| {
            let reading = self.read(kpi, place, of.period);
            BesideView {
                kpi: Named::new(&kpi.id, &kpi.name),
                segment: place.segment.as_ref().map(ToString::to_string).unwrap_or_default(),
                value: reading.measured(),
                coverage: reading.coverage().map(Coverage::new),
            }
        })
        .collect()
    }

    /// What a KPI is.
    pub(crate) fn definition(self, kpi: &Kpi) -> DefinitionView {
        let project = self.project();
        DefinitionView {
            words: describe::measure(kpi, project),
            formula: describe::formula(kpi, project),
            window: kpi.window().map(Over::label),
            code: kpi.text.trim_end().to_owned(),
            defined_as: kpi.elsewhere.as_ref().map_or(&kpi.id, |of| &of.of).to_string(),
            place: self.written_at(kpi),
            hash: kpi.wording.to_string(),
            in_force_from: self.project().kpis.get(&kpi.id).filter(|all| all.is_dated()).map(|_| begins(kpi)),
            gates: words::gates(kpi),
            without_data: kpi.without_data.words(),
            publication: match kpi.publication {
                Publication::Explained => None,
                Publication::Figures => Some(
                    "figures of the whole and of units; what they are made of is for those who answer for it",
                ),
            },
            purpose: kpi.purpose.as_ref().and_then(|p| project.purposes.get(p)).cloned(),
        }
    }

    /// Where its values begin to mean something else, within the periods that have any; the newest first.
    pub(crate) fn breaks(self, kpi: &Kpi, place: &Place<'a>, grain: Grain) -> Vec<BreakView> {
        let Some((first, last)) = self.span(kpi, place, grain) else { return Vec::new() };
        let Some(all) = self.project().kpis.get(&kpi.id).filter(|all| all.is_dated()) else {
            return Vec::new();
        };
        let calendar = self.project().calendar_of(kpi);
        let mut breaks = Vec::new();
        for (before, after) in all.wordings().zip(all.wordings().skip(1)) {
            let Some(from) = after.from.filter(|_| before.wording != after.wording) else { continue };
            let period = calendar.period_of_day(grain, from);
            if period.ordinal > first && period.ordinal <= last {
                let (was, mut is) =
                    (describe::measure(before, self.project()), describe::measure(after, self.project()));
                if was == is {
                    // What it is computed of means something else.
                    let (known, inputs) = (before.measure.kind().inputs(), after.measure.kind().inputs());
                    let others =
                        inputs.iter().filter(|of| known.iter().all(|o| o.kpi.wording != of.kpi.wording));
                    let names: BTreeSet<&str> = others.map(|of| of.kpi.name.as_str()).collect();
                    if !names.is_empty() {
                        let names = names.into_iter().collect::<Vec<_>>().join(", ");
                        is = format!("the same, of another definition of {names}");
                    }
                }
                breaks.push(BreakView {
                    period: self.label(period),
                    from: from.to_string(),
                    before: was,
                    after: is,
                });
            }
        }
        breaks.reverse();
        breaks
    }

    /// A KPI in one period by the segments that lie within what is shown: by the dimensions that they add to it, one or several
    /// together, each against the target that holds for it. Nothing of rows that are not shown.
    pub(crate) fn members(
        self,
        kpi: &'a Kpi,
        place: &Place<'a>,
        period: Period,
    ) -> BTreeMap<Vec<DimensionId>, Vec<(Segment, Reading<'a>)>> {
        let mut by: BTreeMap<Vec<DimensionId>, Vec<_>> = BTreeMap::new();
        let Some(shown) = &place.segment else { return by };
        for segment in self.facts.segments(&kpi.id, period.grain) {
            if segment.0.len() <= shown.0.len() || !within(&segment, shown) {
                continue;
            }
            let reading = self.read(kpi, &self.segment_place(place.card, segment.clone()), period);
            if reading.entry.is_some() {
                let added = added(&segment, shown).map(|(dimension, _)| dimension.clone()).collect();
                by.entry(added).or_default().push((segment, reading));
            }
        }
        by
    }

    fn dimensions(self, kpi: &'a Kpi, place: &Place<'a>, period: Period) -> Vec<DimensionView> {
        let shown = place.segment.clone().unwrap_or_default();
        let rank = |of: &[DimensionId]| -> Vec<usize> {
            let declared = |d: &DimensionId| kpi.by.iter().position(|known| &known.id == d);
            of.iter().map(|d| declared(d).unwrap_or(usize::MAX)).collect()
        };
        let mut all: Vec<_> = self.members(kpi, place, period).into_iter().collect();
        // Single dimensions in the order in which they are declared, then combinations.
        all.sort_by_key(|(dimensions, _)| (dimensions.len(), rank(dimensions)));
        let views = all.into_iter().map(|(dimensions, of)| {
            let mut members: Vec<SegmentPoint> = of
                .iter()
                .map(|(segment, reading)| {
                    let names: Vec<String> =
                        added(segment, &shown).map(|(_, member)| words::member(member)).collect();
                    SegmentPoint {
                        id: segment.to_string(),
                        name: names.join(" · "),
                        value: reading.measured(),
                        status: (&reading.standing).into(),
                        target: reading.standing.target.as_ref().map(|of| self.target_view(reading.kpi, of)),
                        has_own: reading.standing.target.as_ref().is_some_and(|of| !of.segment.is_empty()),
                        response: reading
                            .entry
                            .as_ref()
                            .and_then(|entry| response_of(reading.kpi, &entry.value.states)),
                    }
                })
                .collect();
            let all = members.len();
            let mut notes = Vec::new();
            if all > MOST_MEMBERS {
                // The largest members, in the order in which they stood.
                let mut sizes: Vec<u64> =
                    members.iter().map(|m| m.value.value().map_or(0, |v| v.n)).collect();
                sizes.sort_unstable_by(|a, b| b.cmp(a));
                let least = sizes.get(MOST_MEMBERS - 1).copied().unwrap_or(0);
                members.retain(|m| m.value.value().map_or(0, |v| v.n) >= least);
                members.truncate(MOST_MEMBERS);
                notes.push(format!("The {MOST_MEMBERS} largest of {all} are shown; the download has all."));
            }
            let hidden = members.iter().filter(|m| m.value.value().is_none()).count();
            if hidden > 0 {
                let verb = if hidden == 1 { "has" } else { "have" };
                notes.push(format!("{hidden} {verb} no publishable value."));
            }
            let ids: Vec<&str> = dimensions.iter().map(DimensionId::as_str).collect();
            let names: Vec<String> = dimensions.iter().map(|id| self.dimension_name(kpi, id)).collect();
            let name = names.join(" and ");
            DimensionView {
                dimension: Named::new(ids.join("-"), name),
                combines: dimensions.len(),
                members,
                note: (!notes.is_empty()).then(|| notes.join(" ")),
            }
        });
        views.collect()
    }

    /// What a dimension is called: by the name of the attribute that it is, or else by its own.
    pub(crate) fn dimension_name(self, kpi: &Kpi, id: &DimensionId) -> String {
        let entities = &self.project().entities;
        let named = |(base, way): (&EntityId, &Expression)| {
            let Node::Path(path) = &way.node else { return None };
            let entity = path.references.last().map_or(base, |(_, next)| next);
            let attribute = entities.get(entity)?.attribute(&path.attribute)?;
            // One that was given another name is called by that.
            (attribute.id.as_str() == id.as_str()).then(|| words::within(&attribute.name))
        };
        let of = kpi.by.iter().find(|dimension| dimension.id == *id);
        of.and_then(|of| of.ways.iter().find_map(named)).unwrap_or_else(|| id.as_str().replace('_', " "))
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
        let sources: Vec<_> = self.sources_of(kpi).collect();
        let estimate = of.observed().and_then(|o| o.as_ref().ok());
        let coverage = of.entry.as_ref().map(|e| e.value.coverage);
        let missing = coverage.map_or(0, |c| c.eligible.saturating_sub(c.counted));
        // Whoever was not asked is missed by nobody.
        let responded = of.entry.as_ref().and_then(|of| Responded::of_value(kpi, &of.value.states));
        let not_asked = responded.map_or(0, |of| of.invited.saturating_sub(of.asked())).min(missing);
        let left_out = [
            (not_asked, "not asked: it did not arrive, or was not meant"),
            (missing - not_asked, "no usable value in the row"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, reason)| CountedReason { reason: reason.to_owned(), count });
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
        let states = of.entry.as_ref().map(|entry| &entry.value.states);
        let response = states.and_then(|states| response_of(kpi, states));
        let unscreened = states.and_then(|states| {
            let all = finish::unscreened(kpi, states, self.project().confidence)?;
            Some(UnscreenedView {
                value: Measured::outcome(Some(&all.estimate), &kpi.unit),
                screened_out: all.coverage.eligible.saturating_sub(coverage?.eligible),
            })
        });
        let representativity = states.and_then(|states| finish::representativity(kpi, states));
        QualityView {
            response,
            unscreened,
            representativity: representativity.map(Coverage::new),
            n: estimate.map_or(coverage.map_or(0, |c| c.counted), |e| e.n),
            effective_n: estimate.and_then(crate::view::effective_n),
            left_out: left_out.collect(),
            quarantined: loads.iter().map(|l| l.counts.quarantined).sum(),
            sources: sources.iter().map(|s| Named::new(&s.id, &s.name)).collect(),
        }
    }

    /// Values that were final and were published with others since, over what is shown and the segments within it.
    pub(crate) fn restatements(
        self,
        kpi: &'a Kpi,
        place: &Place<'a>,
        of: Period,
    ) -> Result<Vec<Restatement>, ViewError> {
        let Some(shown) = &place.segment else { return Ok(Vec::new()) };
        let mut all = self.facts.restated(&kpi.id, of.grain);
        all.retain(|(_, segment)| within(segment, shown));
        // What is shown first, then the newest; no list is read to the end that is longer.
        all.sort_by(|a, b| (a.1.0.len(), b.0.ordinal, &a.1).cmp(&(b.1.0.len(), a.0.ordinal, &b.1)));
        let mut found = Vec::new();
        for (period, segment) in all.into_iter().take(MOST_RESTATEMENTS) {
            let Some(entry) = self.facts.entry(&kpi.id, period, &segment) else { continue };
            let Some(before) = self.facts.before(&kpi.id, period, &segment)? else { continue };
            found.push(Restatement {
                period: self.label(period),
                segment: segment.to_string(),
                name: if segment == *shown { String::new() } else { words::segment(&segment) },
                published: format!("{} ({})", said(kpi, &before.estimate), self.instant(before.at)),
                now: said(kpi, &entry.value.estimate),
                noticed_at: self.instant(entry.published_at),
                reason: match self.facts.restated_because(&kpi.id, period, &segment)?.join("; ") {
                    nothing if nothing.is_empty() => {
                        "nothing that it rests on is known to have changed".to_owned()
                    }
                    why => why,
                },
            });
        }
        Ok(found)
    }

    /// What is official of the figure shown, beside what stands now.
    fn official_figure(
        self,
        reading: &Reading<'a>,
        place: &Place<'a>,
        period: Period,
    ) -> Result<Option<OfficialFigureView>, ViewError> {
        let (kpi, Some(segment)) = (reading.kpi, &place.segment) else { return Ok(None) };
        let Some(of) = self.facts.official_figure(&kpi.id, period, segment)? else { return Ok(None) };
        let now = reading.entry.as_ref().map(|entry| &entry.value.estimate);
        let shown = |figure: Option<&Observed>| figure.map(|figure| said(kpi, figure));
        let (mut official, mut since) = (shown(of.figure.as_ref()), shown(now));
        // Two figures that differ are not shown as the same.
        if let (Some(Ok(then)), Some(Ok(now)), true) = (of.figure.as_ref(), now, official == since) {
            official = official.map(|text| format!("{text} ({})", then.point));
            since = since.map(|text| format!("{text} ({})", now.point));
        }
        let same = of.figure.as_ref() == now;
        Ok(Some(OfficialFigureView {
            by_rule: false,
            period: self.project().name_of(period),
            version: of.version,
            at: self.instant(of.at),
            figure: if same { shown(of.figure.as_ref()) } else { official },
            now: (!same).then(|| since.unwrap_or_else(|| "no longer computed".to_owned())),
        }))
    }

    /// What people said in place of computed values, over what is shown and the segments within it, the newest first.
    /// What was said of a KPI.
    /// What is open about the figures of a KPI, and which of it says that the one shown is not right.
    pub(crate) fn open_about(
        self,
        kpi: &Kpi,
        place: &Place<'a>,
        period: Period,
    ) -> Result<(Vec<ItemRow>, Vec<u64>), ViewError> {
        let open = self.facts.open_about(&kpi.id)?;
        let disputed =
            open.iter().filter(|item| disputes(item, place, period)).map(|item| item.number).collect();
        Ok((open.iter().map(|item| self.item_row(item)).collect(), disputed))
    }

    pub(crate) fn commentary(self, kpi: &Kpi) -> Result<Vec<CommentaryView>, ViewError> {
        let name = |unit: String| {
            let known = unit.parse().ok().and_then(|id| self.project().units.get(&id));
            known.map_or(unit, |unit| unit.name.clone())
        };
        let said = self.facts.commentary(&kpi.id)?.into_iter().map(|of| CommentaryView {
            item: of.item,
            period: of.period,
            unit: of.unit.map(name),
            by: of.by,
            at: self.instant(of.at),
            parts: of.parts,
            read: of.read,
        });
        Ok(said.collect())
    }

    /// What was last said to have made a figure of a period.
    pub(crate) fn said_cause(self, kpi: &Kpi, period: Period, unit: Option<&UnitId>) -> Option<CauseView> {
        let said = self.facts.commentary(&kpi.id).ok()?.into_iter();
        let period = self.label(period);
        let of_it = said.filter(|of| of.period == period && of.unit.as_deref() == unit.map(UnitId::as_str));
        let newest = of_it.max_by_key(|of| (of.at, of.item))?;
        let text = newest.parts.into_iter().find(|(name, _)| *name == "why")?.1?;
        let accountable = self.accountable(kpi);
        let own = accountable.is_some_and(|person| is_by(&newest.by, person));
        Some(CauseView { item: newest.item, text, by: newest.by, confirmed: own || newest.read })
    }

    pub(crate) fn overrides(self, kpi: &'a Kpi, place: &Place<'a>, of: Period) -> Vec<OverrideView> {
        let Some(shown) = &place.segment else { return Vec::new() };
        let mut found = Vec::new();
        for (period, segment) in self.facts.overridden(&kpi.id, of.grain) {
            let Some(entry) = self.facts.entry(&kpi.id, period, &segment).filter(|_| within(&segment, shown))
            else {
                continue;
            };
            let computed = said(kpi, entry.computed.as_ref().unwrap_or(&entry.value.estimate));
            found.extend(entry.overrides.iter().map(|of| OverrideView {
                item: of.item,
                period: self.label(period),
                segment: segment.to_string(),
                name: if segment == *shown { String::new() } else { words::segment(&segment) },
                said: said(kpi, &Ok(of.estimate(0))),
                computed: computed.clone(),
                since: self.instant(of.since),
                expires: of.expires.map(|day| day.to_string()),
                over: of.over.map(|(at, why)| (self.instant(at), why)),
                why: of.why.clone(),
                evidence: of.evidence.clone(),
                by: of.by.clone(),
                agreed: of.agreed.clone(),
            }));
        }
        found.sort_by_key(|of| std::cmp::Reverse(of.item));
        found
    }

    /// What the figures of a KPI do not show by themselves.
    pub(crate) fn standing(
        self,
        kpi: &Kpi,
        place: &Place<'a>,
        of: Period,
    ) -> Result<StandingView, ViewError> {
        let Standing { withdrawn, moved_on, not_renewed } = self.facts.standing(kpi, of.grain)?;
        let shown = place.segment.clone().unwrap_or_default();
        let withdrawn = withdrawn.into_iter().filter(|gone| within(&gone.segment, &shown));
        let withdrawn = withdrawn.map(|gone| WithdrawalView {
            period: self.label(gone.period),
            segment: gone.segment.to_string(),
            was: gone.was.map(|was| format!("{} ({})", said(kpi, &was.estimate), self.instant(was.at))),
            withdrawn_at: self.instant(gone.at),
            code: gone.why.code().to_owned(),
            reason: gone.why.words().to_owned(),
        });
        Ok(StandingView {
            withdrawn: withdrawn.collect(),
            moved_on,
            not_renewed,
            late: self.late_sources(kpi),
        })
    }
}

/// From when on a wording is in force.
fn begins(kpi: &Kpi) -> String {
    kpi.from.map_or_else(|| "ever".to_owned(), |from| from.to_string())
}

/// A figure in words.
fn said(kpi: &Kpi, observed: &Observed) -> String {
    match Measured::outcome(Some(observed), &kpi.unit) {
        Outcome::Value(measured) => measured.value.text,
        Outcome::Reason(reason) => reason.text,
    }
}

/// Whether all rows of a segment are rows of another.
fn within(segment: &Segment, of: &Segment) -> bool {
    of.0.iter().all(|pair| segment.0.contains(pair))
}

/// What a segment says beyond another that it is within.
fn added<'s>(segment: &'s Segment, to: &'s Segment) -> impl Iterator<Item = &'s (DimensionId, Member)> {
    segment.0.iter().filter(|pair| !to.0.contains(pair))
}

/// The segments that a combination of several is within: each of its members alone.
fn wider(of: &Segment) -> Vec<Named> {
    if of.0.len() < 2 {
        return Vec::new();
    }
    let one = |pair: &(DimensionId, Member)| Segment::new(vec![pair.clone()]);
    of.0.iter().map(one).map(|s| Named::new(&s, words::segment(&s))).collect()
}

/// Whether an item about a KPI disputes its figure of a period, of the rows that a place has.
pub(crate) fn disputes(item: &Item, place: &Place<'_>, period: Period) -> bool {
    let rows = |rows: &Rows| match rows {
        Rows::Unit(Some(unit)) => place.card.and_then(|card| card.segment(Some(unit))),
        Rows::Unit(None) => Some(Segment::total()),
        _ => None,
    };
    let shown = || item.touches.iter().any(|touch| rows(&touch.rows) == place.segment);
    item.disputes == Some(period) && place.segment.is_some() && shown()
}
/// What became of the invitations behind a value.
fn response_of(kpi: &Kpi, states: &[u8]) -> Option<ResponseView> {
    let of = Responded::of_value(kpi, states)?;
    let told = kpi.response.as_ref();
    Some(ResponseView {
        invited: of.invited,
        bounced: told.and_then(|r| r.bounced.as_ref()).map(|_| of.bounced),
        ineligible: told.and_then(|r| r.ineligible.as_ref()).map(|_| of.ineligible),
        asked: of.asked(),
        complete: of.complete,
        partial: told.and_then(|r| r.partial.as_ref()).map(|_| of.partial),
        rate: of.rate().map(Coverage::new),
    })
}
