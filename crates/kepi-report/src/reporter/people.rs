//! Who is there and who answers for what: from facts to what is shown.

use super::Reporter;
use crate::{
    people::{Directory, Duty, Gap, Load, Member, PeopleAsked},
    reader::ViewError,
    view::{DirectoryView, DutyRow, GapRow, Named, OwnershipView, PersonRow, RoleRow, UnitRow},
};

impl Reporter<'_> {
    /// Who is there.
    ///
    /// # Errors
    /// It is no day, nothing was in force then, or it cannot be read.
    pub fn people(self, asked: &PeopleAsked) -> Result<DirectoryView, ViewError> {
        let of = self.facts.directory(asked)?;
        let units = of.units.iter().map(|unit| UnitRow {
            unit: Named::new(&unit.id, &unit.name),
            parent: unit.parent.as_ref().map(|id| unit_of(&of, id)),
            manager: unit.manager.as_ref().map(|id| person(&of, id)),
            seats: unit.seats.iter().map(|(who, by)| (person(&of, who), person(&of, by))).collect(),
        });
        let roles = of.roles.iter().map(|(id, name)| RoleRow {
            role: Named::new(id, name),
            held: of
                .units
                .iter()
                .flat_map(|unit| {
                    let held = unit.seats.iter().filter(|(who, _)| who == id);
                    held.map(|(_, by)| (Named::new(&unit.id, &unit.name), person(&of, by)))
                })
                .collect(),
        });
        Ok(DirectoryView {
            roles: roles.collect(),
            project: self.project_view(),
            day: of.day.to_string(),
            asked: asked.day.is_some(),
            persons: of.persons.iter().map(|member| row(&of, member)).collect(),
            units: units.collect(),
            left: of.left.iter().map(|left| (left.id.clone(), self.instant(left.at))).collect(),
            // Who is accountable does the work where nobody else is said to.
            gaps: of.gaps().iter().filter(|gap| gap.gap != Gap::NoResponsible).count(),
        })
    }

    /// Who answers for what, and what is missing in that.
    ///
    /// # Errors
    /// It is no day, nothing was in force then, or it cannot be read.
    pub fn ownership(self, asked: &PeopleAsked) -> Result<OwnershipView, ViewError> {
        let of = self.facts.directory(asked)?;
        let gaps = of.gaps().into_iter().map(|gap| GapRow {
            code: gap.gap.code(),
            path: self.path_of(&gap.of),
            of: gap.of,
            said: gap.said,
            fix: gap.fix,
        });
        Ok(OwnershipView {
            project: self.project_view(),
            day: of.day.to_string(),
            asked: asked.day.is_some(),
            gaps: gaps.collect(),
            duties: of.duties.iter().map(|duty| self.duty(&of, duty)).collect(),
        })
    }

    fn duty(self, of: &Directory, duty: &Duty) -> DutyRow {
        let persons = |ids: &[String]| ids.iter().map(|id| person(of, id)).collect();
        let acts = duty.accountable.as_deref().and_then(|id| of.acts_for(id));
        let seats = of.units.iter().flat_map(|unit| {
            let named = duty.role.as_ref().or(duty.accountable.as_ref());
            let own = unit.seats.iter().filter(move |(who, _)| named == Some(who));
            own.map(|(_, by)| (Named::new(&unit.id, &unit.name), person(of, by)))
        });
        DutyRow {
            of: duty.of.clone(),
            name: duty.name.clone(),
            path: self.path_of(&duty.of),
            accountable: duty.accountable.as_ref().map(|id| person(of, id)),
            role: duty.role.as_ref().map(|id| person(of, id)),
            acts: acts.filter(|id| duty.accountable.as_deref() != Some(*id)).map(|id| person(of, id)),
            responsible: persons(&duty.responsible),
            consulted: persons(&duty.consulted),
            informed: persons(&duty.informed),
            // Seats are for KPIs: a source has one owner.
            units: if duty.of.starts_with("kpi/") { seats.collect() } else { Vec::new() },
            handover: duty.handover,
        }
    }

    /// The page of something, if there is one.
    fn path_of(self, id: &str) -> Option<String> {
        let (kind, name) = id.split_once('/')?;
        match kind {
            "kpi" => {
                let known = name.parse().is_ok_and(|id| self.project().kpis.contains_key(&id));
                known.then(|| format!("/kpis/{name}"))
            }
            "source" => Some("/data".to_owned()),
            "unit" | "person" => Some(format!("/people#{kind}-{name}")),
            _ => None,
        }
    }
}

fn person(of: &Directory, id: &str) -> Named {
    Named::new(id, of.name(id))
}

fn unit_of(of: &Directory, id: &str) -> Named {
    let unit = of.units.iter().find(|unit| unit.id == id);
    Named::new(id, unit.map_or(id, |unit| unit.name.as_str()))
}

fn row(of: &Directory, member: &Member) -> PersonRow {
    let id = member.id.as_str();
    let named = |id: &Option<String>| id.as_ref().map(|id| person(of, id));
    let is_in = |all: &[String]| all.iter().any(|of| of == id);
    let kpis = || of.duties.iter().filter(|duty| duty.of.starts_with("kpi/"));
    let owned = of.duties_of(id);
    let (accountable, sources): (Vec<&Duty>, Vec<&Duty>) =
        owned.partition(|duty| duty.of.starts_with("kpi/"));
    let to_come = member.away.iter().filter(|(from, _)| *from > of.day);
    PersonRow {
        person: Named::new(id, &member.name),
        role: member.role.clone(),
        reports_to: named(&member.reports_to),
        dotted_to: named(&member.dotted_to),
        substitute: named(&member.substitute),
        away_until: member.away_until(of.day).map(|day| day.to_string()),
        away_next: to_come.map(|(from, until)| (from.to_string(), until.to_string())).collect(),
        manages: of
            .units
            .iter()
            .filter(|unit| unit.manager.as_deref() == Some(id))
            .map(|unit| Named::new(&unit.id, &unit.name))
            .collect(),
        seats: of
            .units
            .iter()
            .flat_map(|unit| {
                let held = unit.seats.iter().filter(|(_, by)| by == id);
                held.map(|(who, _)| (Named::new(&unit.id, &unit.name), person(of, who)))
            })
            .collect(),
        accountable: accountable
            .iter()
            .map(|duty| Named::new(duty.of.trim_start_matches("kpi/"), &duty.name))
            .collect(),
        responsible: kpis().filter(|duty| is_in(&duty.responsible)).count(),
        other: kpis().filter(|duty| is_in(&duty.consulted) || is_in(&duty.informed)).count(),
        sources: sources.len(),
        items: of.loads.get(id).map(|Load { open, overdue, .. }| (*open, *overdue)),
    }
}
