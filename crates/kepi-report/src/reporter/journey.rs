//! Stages that customers go through: how many come into each, which share goes on, and KPIs by stage and channel.
//!
//! Nothing is computed for it. A KPI with a dimension that is a stage, be it of the stages' own rows or gathered from them, is
//! shown by stage; one that counts the rows of stages is the funnel, one that is a share of them says who goes on.

use kepi_insight::stages;
use kepi_model::{
    calendar::Period,
    derived::{Rows, Stages},
    id::{DimensionId, EntityId},
    measure::Measure,
    project::{Entity, Kpi},
};
use kepi_query::{state::Member, value::Segment};
use kepi_score::card::Periods;

use super::{Reporter, cohorts::shade, insights::Which, not_found, words};
use crate::{
    format,
    reader::{ViewError, nothing_computed},
    view::{ByStage, Cell, Choice, Funnel, JourneyView, Measured, Named, Shade, StageMap, Step},
};

/// At most so many members of the other dimension stand side by side; the download has all.
const MOST_MEMBERS: usize = 12;

/// A KPI by stage: the dimension that is the stage.
type StageKpi<'a> = (&'a Kpi, &'a DimensionId);

impl<'a> Reporter<'a> {
    /// Stages in a period; those of the first entity that has any, and the newest period in which all is final.
    ///
    /// # Errors
    /// The project has no stages, nothing is by stage, or nothing of it is computed.
    pub fn journey(self, id: Option<&str>, period: Option<&str>) -> Result<JourneyView, ViewError> {
        let mut view = self.whole_journey(id, period)?;
        for map in &mut view.maps {
            map.draw(MOST_MEMBERS);
        }
        Ok(view)
    }

    /// The same with every member.
    pub(crate) fn whole_journey(
        self,
        id: Option<&str>,
        period: Option<&str>,
    ) -> Result<JourneyView, ViewError> {
        if self.facts.is_empty() {
            return Err(nothing_computed());
        }
        let mut all = self.journeys();
        let found = match id {
            None => all.next(),
            Some(id) => all.find(|(entity, _)| entity.id.as_str() == id),
        };
        let (entity, stages) = found.ok_or_else(|| match id {
            None => ViewError::Unavailable {
                reason: "the project has no stages: an entity has them by `rows: {of: …, stages: …}`"
                    .to_owned(),
            },
            Some(id) => {
                let known: Vec<_> = self.journeys().map(|(e, _)| (e.id.as_str(), e.name.as_str())).collect();
                not_found(format!("journey `{id}`"), id, known, |id| format!("/journeys/{id}"))
            }
        })?;
        let kpis = self.by_stage(&entity.id);
        self.facts.want(&kpis.iter().map(|(kpi, _)| &kpi.id).collect::<Vec<_>>())?;
        let counts = |kpi: &Kpi| stages::counts(kpi, &entity.id);
        let entries = kpis.iter().find(|(kpi, _)| counts(kpi)).or(kpis.first());
        let Some((main, _)) = entries else {
            return Err(ViewError::Unavailable {
                reason: format!(
                    "no KPI is by stage of `{0}`: write one, such as `count: {{of: {0}}}` with `by: [stage]`",
                    entity.id
                ),
            });
        };
        let known = Periods::of(self.facts, [&main.id], main.period);
        let period =
            self.period_asked(period, (self.project().calendar_of(main), main.period), &known, || {
                self.no_value_of(main)
            })?;
        let mut members: Vec<Member> =
            stages.stages.iter().map(|s| Member::Value(s.name.as_str().into())).collect();
        members.push(Member::Unknown);
        let kpis: Vec<StageKpi<'_>> =
            kpis.into_iter().filter(|(kpi, _)| self.facts.has(&kpi.id, period.grain)).collect();
        let funnel = kpis.iter().find(|(kpi, _)| counts(kpi)).map(|count| {
            let is_on = |kpi: &Kpi| {
                let own = kpi.measure.bases().first().is_some_and(|base| **base == entity.id);
                own && matches!(kpi.measure, Measure::Share(_))
            };
            let stages = members.get(..members.len() - 1).unwrap_or_default();
            self.funnel(*count, kpis.iter().find(|(kpi, _)| is_on(kpi)).copied(), stages, period)
        });
        let in_funnel = |kpi: &Kpi| {
            funnel.as_ref().is_some_and(|f| {
                f.entries.id == kpi.id.as_str() || f.on.as_ref().is_some_and(|on| on.id == kpi.id.as_str())
            })
        };
        let rows: Vec<ByStage> = kpis
            .iter()
            .filter(|(kpi, _)| !in_funnel(kpi))
            .map(|of| ByStage {
                kpi: Named::new(&of.0.id, &of.0.name),
                cells: members.iter().map(|m| self.cell(of.0, one(of.1, m), period)).collect(),
            })
            .collect();
        let maps = kpis.iter().flat_map(|of| self.maps(*of, &members, period)).collect();
        let changes = kpis.iter().filter_map(|(kpi, _)| {
            let said = self.analyses(kpi, period, Which::Named("stages")).pop()?;
            Some((Named::new(&kpi.id, &kpi.name), said))
        });
        let changes = changes.collect();
        let names = members.iter().map(|member| match member {
            Member::Value(_) => Named::new(id_of(member), words::member(member)),
            Member::Unknown => Named::new(id_of(member), "in no stage"),
        });
        Ok(JourneyView {
            project: self.project_view(),
            journeys: self
                .journeys()
                .map(|(e, _)| Choice {
                    id: e.id.to_string(),
                    name: e.name.clone(),
                    chosen: e.id == entity.id,
                })
                .collect(),
            journey: Named::new(&entity.id, &entity.name),
            description: Some(entity.description.clone()).filter(|text| !text.is_empty()),
            period: self.label(period),
            periods: self.period_choices(&known, period),
            stages: names.collect(),
            funnel,
            kpis: rows,
            maps,
            changes,
        })
    }

    /// Entities whose rows are stages.
    pub(super) fn journeys(self) -> impl Iterator<Item = (&'a Entity, &'a Stages)> {
        self.project().entities.values().filter_map(|entity| match &entity.rows {
            Some(Rows::Stages(stages)) => Some((entity, stages)),
            _ => None,
        })
    }

    /// The KPIs by stage of an entity, with the dimension that is the stage.
    fn by_stage(self, journey: &EntityId) -> Vec<StageKpi<'a>> {
        let kpis = self.kpis_in_order().into_iter();
        kpis.filter_map(|kpi| Some((kpi, stages::stage_of(kpi, journey, self.project())?))).collect()
    }

    fn funnel(
        self,
        count: StageKpi<'a>,
        on: Option<StageKpi<'a>>,
        stages: &[Member],
        period: Period,
    ) -> Funnel {
        let cells = stages.iter().map(|stage| {
            let nobody = || Cell {
                period: self.label(period),
                value: Measured::of(None, count.0),
                shade: Shade::None,
            };
            let entries = self.cell(count.0, one(count.1, stage), period).unwrap_or_else(nobody);
            (entries, on.and_then(|on| self.cell(on.0, one(on.1, stage), period)))
        });
        let cells: Vec<_> = cells.collect();
        let raw = |cell: &Cell| cell.value.value().map_or(0.0, |measured| measured.value.raw);
        let most = cells.iter().map(|(entries, _)| raw(entries)).fold(0.0, f64::max);
        let last = cells.len().saturating_sub(1);
        let steps = cells.into_iter().enumerate().map(|(place, (entries, on))| Step {
            share: if most > 0.0 { raw(&entries) / most } else { 0.0 },
            // Who stays in the last stage is not lost.
            lost: on.as_ref().filter(|_| place < last).and_then(|on| {
                let share = on.value.value()?.value.raw;
                Some(format::line(
                    ((1.0 - share) * 100.0).round() / 100.0,
                    &kepi_model::project::ValueUnit::Share,
                ))
            }),
            entries,
            on,
        });
        Funnel {
            entries: Named::new(&count.0.id, &count.0.name),
            on: on.map(|(kpi, _)| Named::new(&kpi.id, &kpi.name)),
            steps: steps.collect(),
        }
    }

    /// The crosses of a KPI with its stage, each a map.
    fn maps(self, (kpi, stage): StageKpi<'a>, stages: &[Member], period: Period) -> Vec<StageMap> {
        let crosses = kpi.cross.iter().filter(|cross| cross.len() == 2 && cross.contains(stage));
        let maps = crosses.filter_map(|cross| {
            let other = cross.iter().find(|dimension| *dimension != stage)?;
            let of_other = self.facts.segments(&kpi.id, period.grain).into_iter().filter_map(|segment| {
                let [(dimension, member)] = segment.0.as_slice() else { return None };
                (dimension == other).then(|| member.clone())
            });
            let members: Vec<Member> = of_other.collect();
            let mut rows: Vec<Vec<Option<Cell>>> = stages
                .iter()
                .map(|at| {
                    let both = |m: &Member| {
                        let of = vec![(stage.clone(), at.clone()), (other.clone(), m.clone())];
                        self.cell(kpi, Segment::new(of), period)
                    };
                    members.iter().map(both).collect()
                })
                .collect();
            shade(rows.iter_mut().flatten().flatten());
            rows.iter().flatten().any(Option::is_some).then(|| StageMap {
                kpi: Named::new(&kpi.id, &kpi.name),
                dimension: Named::new(other, self.dimension_name(kpi, other)),
                members: members.iter().map(|m| Named::new(id_of(m), words::member(m))).collect(),
                rows,
                not_drawn: 0,
            })
        });
        maps.collect()
    }

    fn cell(self, kpi: &Kpi, segment: Segment, period: Period) -> Option<Cell> {
        let entry = self.facts.entry(&kpi.id, period, &segment)?;
        let shade = if entry.is_final() { Shade::Step(2) } else { Shade::Provisional };
        Some(Cell { period: self.label(period), value: Measured::of(Some(&entry), kpi), shade })
    }
}

/// A member as downloads and programs are told it; empty for the unknown one.
fn id_of(member: &Member) -> &str {
    match member {
        Member::Value(text) => text,
        Member::Unknown => "",
    }
}

fn one(dimension: &DimensionId, member: &Member) -> Segment {
    Segment::new(vec![(dimension.clone(), member.clone())])
}
