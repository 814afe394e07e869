//! Who is there and who answers for what, as of a day: facts beside the figures, and what is missing in them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use kepi_model::{
    id::PersonId,
    project::{Kpi, Project, Source},
};

/// Whoever is accountable for more KPIs than this has too many to act on each.
pub const MOST_ACCOUNTABLE: usize = 12;

/// What is asked of the directory; the default is today.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeopleAsked {
    /// As it stood at the end of this day: `2026-07-01`.
    pub day: Option<String>,
}

/// Who is there, and who answers for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// The day.
    pub day: Date,
    /// Persons, by id.
    pub persons: Vec<Member>,
    /// Roles that somebody can hold, by id: id and shown name.
    pub roles: Vec<(String, String)>,
    /// Units, by id.
    pub units: Vec<Place>,
    /// What somebody answers for: KPIs, then sources, by id.
    pub duties: Vec<Duty>,
    /// Who is there no longer, the last first.
    pub left: Vec<Left>,
    /// What waits for whom, by the person's id.
    pub loads: BTreeMap<String, Load>,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// What the person does.
    pub role: Option<String>,
    /// The superior, by id: the solid line.
    pub reports_to: Option<String>,
    /// The other superior, by id: the dotted line.
    pub dotted_to: Option<String>,
    /// Who acts for her while she is away, by id.
    pub substitute: Option<String>,
    /// When she is away: the first day, and the first day back.
    pub away: Vec<(Date, Date)>,
}

/// A unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// The unit above.
    pub parent: Option<String>,
    /// Who manages it, by id.
    pub manager: Option<String>,
    /// Seats: for whom, and who holds it, by ids.
    pub seats: Vec<(String, String)>,
}

/// What somebody answers for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    /// Kind and name: `kpi/nps`, `source/crm`.
    pub of: String,
    /// Shown name.
    pub name: String,
    /// Who answers for it, by id: whoever holds the role for the whole, where it is one that does.
    pub accountable: Option<String>,
    /// The role by which that is, by id.
    pub role: Option<String>,
    /// Who does the work.
    pub responsible: Vec<String>,
    /// Who is asked.
    pub consulted: Vec<String>,
    /// Who is told.
    pub informed: Vec<String>,
    /// The item by which it is handed over to who is to answer for it, who has not accepted it yet.
    pub handover: Option<u64>,
}

/// Who is there no longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// The id.
    pub id: String,
    /// When that was decided, µs UTC.
    pub at: i64,
}

/// What waits for somebody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// Items that are with her.
    pub open: usize,
    /// Of these, those that were due before.
    pub overdue: usize,
    /// Items that went up from her in the last ninety days, because she did not act in time.
    pub missed: usize,
}

/// A kind of something that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gap {
    /// Nobody answers for it.
    NoAccountable,
    /// A role answers for it that nobody holds for the whole.
    Vacant,
    /// Nobody does the work.
    NoResponsible,
    /// Who answers for it is away, and nobody acts for her.
    NobodyActs,
    /// Who is to answer for it has not accepted it yet.
    NotAccepted,
    /// Nobody manages a unit, nor any above it.
    NoManager,
    /// Somebody answers for more than anybody can act on.
    Overload,
    /// Somebody who answers for something lets it lie.
    Idle,
}

impl Gap {
    /// All kinds, as they are listed.
    pub const ALL: [Self; 8] = [
        Self::NoAccountable,
        Self::Vacant,
        Self::NotAccepted,
        Self::NobodyActs,
        Self::Idle,
        Self::Overload,
        Self::NoResponsible,
        Self::NoManager,
    ];

    /// Its code, for ever.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoAccountable => "no_accountable",
            Self::Vacant => "vacant",
            Self::NoResponsible => "no_responsible",
            Self::NobodyActs => "nobody_acts",
            Self::NotAccepted => "not_accepted",
            Self::NoManager => "no_manager",
            Self::Overload => "overload",
            Self::Idle => "idle",
        }
    }
}

/// Something that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// What.
    pub gap: Gap,
    /// Of what: `kpi/nps`, `unit/emea`, `person/ana`.
    pub of: String,
    /// In words.
    pub said: String,
    /// What to do.
    pub fix: String,
}

impl Directory {
    /// As the definitions say, on a day; what waits for whom is not theirs to say.
    pub fn of(project: &Project, day: Date) -> Self {
        let id = |of: &Option<PersonId>| of.as_ref().map(ToString::to_string);
        // Who holds a role in any unit does the work there, is asked or told of it; one that nobody holds stands for itself.
        let ids = |of: &[PersonId]| {
            let mut all: Vec<String> = Vec::new();
            for who in of {
                let holders = project.tree(Some(day)).units().filter_map(|unit| unit.seats.get(who));
                let holders: BTreeSet<&PersonId> =
                    holders.filter(|_| project.roles.contains_key(who)).collect();
                let holders = if holders.is_empty() { BTreeSet::from([who]) } else { holders };
                all.extend(holders.into_iter().map(ToString::to_string));
            }
            let mut seen = BTreeSet::new();
            all.retain(|id| seen.insert(id.clone()));
            all
        };
        let kpi = |kpi: &Kpi| {
            let kpi = kpi.in_force(day).unwrap_or(kpi);
            Duty {
                of: format!("kpi/{}", kpi.id),
                name: kpi.name.clone(),
                accountable: kpi
                    .accountable
                    .as_ref()
                    .and_then(|who| project.answering(who, None, Some(day)))
                    .map(ToString::to_string),
                role: id(&kpi.accountable)
                    .filter(|who| project.roles.keys().any(|role| role.as_str() == who.as_str())),
                responsible: ids(&kpi.responsible),
                consulted: ids(&kpi.consulted),
                informed: ids(&kpi.informed),
                handover: None,
            }
        };
        let sources = project.sources.values().filter(|source| !is_of_screening(project, source));
        let sources = sources.map(|source| Duty {
            of: format!("source/{}", source.id),
            name: source.id.to_string(),
            accountable: id(&source.owner),
            role: None,
            responsible: Vec::new(),
            consulted: Vec::new(),
            informed: Vec::new(),
            handover: None,
        });
        let persons = project.persons.values().map(|person| Member {
            id: person.id.to_string(),
            name: person.name.clone(),
            role: person.role.clone(),
            reports_to: person.reports_to(day).map(ToString::to_string),
            dotted_to: person.dotted_to(day).map(ToString::to_string),
            substitute: id(&person.substitute),
            away: person.away.clone(),
        });
        let units = project.tree(Some(day)).units().map(|unit| Place {
            id: unit.id.to_string(),
            name: unit.name.clone(),
            parent: unit.parent.as_ref().map(ToString::to_string),
            manager: id(&unit.manager),
            seats: unit.seats.iter().map(|(of, holder)| (of.to_string(), holder.to_string())).collect(),
        });
        Self {
            day,
            persons: persons.collect(),
            roles: project.roles.values().map(|role| (role.id.to_string(), role.name.clone())).collect(),
            units: units.collect(),
            duties: project.kpis.values().map(kpi).chain(sources).collect(),
            left: Vec::new(),
            loads: BTreeMap::new(),
        }
    }

    /// A person.
    pub fn person(&self, id: &str) -> Option<&Member> {
        self.persons.iter().find(|person| person.id == id)
    }

    /// What a person is called.
    pub fn name<'a>(&'a self, id: &'a str) -> &'a str {
        let role = || self.roles.iter().find(|(role, _)| role == id).map(|(_, name)| name.as_str());
        self.person(id).map(|person| person.name.as_str()).or_else(role).unwrap_or(id)
    }

    /// Who acts for somebody on the day: herself, or the first of her substitutes who is there; none: nobody does.
    pub fn acts_for<'a>(&'a self, id: &'a str) -> Option<&'a str> {
        let (mut seen, mut next) = (BTreeSet::new(), Some(id));
        while let Some(person) = next.filter(|person| seen.insert(*person)).and_then(|id| self.person(id)) {
            if !person.is_away(self.day) {
                return Some(&person.id);
            }
            next = person.substitute.as_deref();
        }
        None
    }

    /// For what somebody is accountable.
    pub fn duties_of<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Duty> {
        self.duties.iter().filter(move |duty| duty.accountable.as_deref() == Some(id))
    }

    /// Everything that is missing, by kind.
    pub fn gaps(&self) -> Vec<Missing> {
        let mut found = Vec::new();
        for duty in &self.duties {
            self.gaps_of(duty, &mut found);
        }
        for unit in &self.units {
            if !self.is_managed(unit) {
                found.push(Missing {
                    gap: Gap::NoManager,
                    of: format!("unit/{}", unit.id),
                    said: format!("Nobody manages {}, nor any unit above it.", unit.name),
                    fix: format!("write `manager: …` in `unit: {}`", unit.id),
                });
            }
        }
        for person in &self.persons {
            let kpis = self.duties_of(&person.id).filter(|duty| duty.of.starts_with("kpi/")).count();
            if kpis > MOST_ACCOUNTABLE {
                found.push(Missing {
                    gap: Gap::Overload,
                    of: format!("person/{}", person.id),
                    said: format!(
                        "{} is accountable for {kpis} KPIs, more than {MOST_ACCOUNTABLE}.",
                        person.name
                    ),
                    fix: "let others answer for some of them, or give seats in units".to_owned(),
                });
            }
            let load = self.loads.get(&person.id).copied().unwrap_or_default();
            if load.overdue + load.missed > 0 {
                found.push(Missing {
                    gap: Gap::Idle,
                    of: format!("person/{}", person.id),
                    said: format!(
                        "{} has let things lie: {} overdue, and {} went up to somebody else within ninety days.",
                        person.name, load.overdue, load.missed
                    ),
                    fix: "ask her, name a substitute, or let somebody else answer for it".to_owned(),
                });
            }
        }
        let place = |of: &Missing| Gap::ALL.iter().position(|gap| *gap == of.gap);
        found.sort_by(|a, b| (place(a), &a.of).cmp(&(place(b), &b.of)));
        found
    }

    fn gaps_of(&self, duty: &Duty, found: &mut Vec<Missing>) {
        let mut say = |gap, said: String, fix: String| {
            found.push(Missing { gap, of: duty.of.clone(), said, fix });
        };
        let is_kpi = duty.of.starts_with("kpi/");
        let field = if is_kpi { "accountable" } else { "owner" };
        if let (Some(role), None) = (&duty.role, &duty.accountable) {
            let top = self.units.iter().find(|unit| unit.parent.is_none());
            let top = top.map_or("…", |unit| unit.id.as_str());
            let said = format!("Nobody holds the role {}, which answers for {}.", self.name(role), duty.name);
            return say(Gap::Vacant, said, format!("write `seats: {{{role}: …}}` in `unit: {top}`"));
        }
        let Some(accountable) = &duty.accountable else {
            let fix = format!("write `{field}: …` in `{}`", duty.of.replacen('/', ": ", 1));
            return say(Gap::NoAccountable, format!("Nobody answers for {}.", duty.name), fix);
        };
        let name = self.name(accountable);
        if let Some(item) = duty.handover {
            say(
                Gap::NotAccepted,
                format!("{name} has not accepted {} yet: it stands with her superior.", duty.name),
                format!("item {item}: she accepts or refuses it"),
            );
        }
        if self.acts_for(accountable).is_none() {
            say(
                Gap::NobodyActs,
                format!("{name}, who answers for {}, is away, and nobody acts for her.", duty.name),
                format!("write `substitute: …` in `person: {accountable}`"),
            );
        }
        if is_kpi && duty.responsible.is_empty() {
            say(
                Gap::NoResponsible,
                format!("Nobody is said to do the work on {}.", duty.name),
                "write `responsible: […]`, or leave it to who is accountable".to_owned(),
            );
        }
    }

    /// Whether somebody manages a unit or one above it.
    fn is_managed(&self, unit: &Place) -> bool {
        let (mut seen, mut next) = (BTreeSet::new(), Some(unit));
        while let Some(unit) = next.filter(|unit| seen.insert(&unit.id)) {
            if unit.manager.is_some() {
                return true;
            }
            next = unit.parent.as_ref().and_then(|parent| self.units.iter().find(|of| of.id == *parent));
        }
        false
    }
}

impl Member {
    /// Whether she is away on a day.
    pub fn is_away(&self, day: Date) -> bool {
        self.away.iter().any(|(from, until)| (*from..*until).contains(&day))
    }

    /// Until when she is away, if she is away on a day: the first day back.
    pub fn away_until(&self, day: Date) -> Option<Date> {
        self.away.iter().filter(|(from, until)| (*from..*until).contains(&day)).map(|(_, until)| *until).max()
    }
}

/// Whether a source is what screening finds: nobody wrote it, so nobody owns it, and how far it has come is no place in anybody's data.
pub(crate) fn is_of_screening(project: &Project, source: &Source) -> bool {
    let mut tables = project.entities.values().filter_map(|entity| entity.screen.as_ref()?.table());
    tables.any(|table| table.as_str() == source.id.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: &str) -> Member {
        Member {
            id: id.to_owned(),
            name: id.to_uppercase(),
            role: None,
            reports_to: None,
            dotted_to: None,
            substitute: None,
            away: Vec::new(),
        }
    }

    fn duty(of: &str, accountable: Option<&str>) -> Duty {
        Duty {
            of: of.to_owned(),
            name: of.to_owned(),
            accountable: accountable.map(str::to_owned),
            role: None,
            responsible: vec!["ann".to_owned()],
            consulted: Vec::new(),
            informed: Vec::new(),
            handover: None,
        }
    }

    fn place(id: &str, parent: Option<&str>, manager: Option<&str>) -> Place {
        Place {
            id: id.to_owned(),
            name: id.to_owned(),
            parent: parent.map(str::to_owned),
            manager: manager.map(str::to_owned),
            seats: Vec::new(),
        }
    }

    /// Nothing is missing: everybody is there, everything has an owner, the root has a manager.
    fn whole() -> Directory {
        Directory {
            day: Date::constant(2026, 3, 2),
            persons: ["ann", "bea", "carl"].map(member).into(),
            roles: vec![("lead".to_owned(), "Head of service".to_owned())],
            units: vec![place("company", None, Some("ann")), place("emea", Some("company"), None)],
            duties: vec![duty("kpi/a", Some("ann")), duty("source/s", Some("bea"))],
            left: Vec::new(),
            loads: BTreeMap::from([("ann".to_owned(), Load { open: 3, overdue: 0, missed: 0 })]),
        }
    }

    fn found(directory: &Directory) -> Vec<(&'static str, String)> {
        directory.gaps().into_iter().map(|gap| (gap.gap.code(), gap.of)).collect()
    }

    #[test]
    fn every_kind_of_gap_is_found_where_it_was_planted_and_nowhere_else() {
        assert_eq!(found(&whole()), []);
        type Planted = (&'static str, &'static str, fn(&mut Directory));
        let planted: [Planted; 10] = [
            ("no_accountable", "kpi/b", |of| of.duties.push(duty("kpi/b", None))),
            ("no_accountable", "source/t", |of| of.duties.push(duty("source/t", None))),
            ("vacant", "kpi/b", |of| {
                of.duties.push(Duty { role: Some("lead".to_owned()), ..duty("kpi/b", None) });
            }),
            // By a role as well: whoever holds it answers for it.
            ("overload", "person/carl", |of| {
                let role = || Some("lead".to_owned());
                let by = |n| Duty { role: role(), ..duty(&format!("kpi/more_{n}"), Some("carl")) };
                of.duties.extend((0..=MOST_ACCOUNTABLE).map(by));
            }),
            ("no_responsible", "kpi/b", |of| {
                of.duties.push(Duty { responsible: Vec::new(), ..duty("kpi/b", Some("ann")) });
            }),
            ("not_accepted", "kpi/b", |of| {
                of.duties.push(Duty { handover: Some(7), ..duty("kpi/b", Some("carl")) });
            }),
            ("nobody_acts", "kpi/a", |of| {
                of.persons[0].away = vec![(Date::constant(2026, 3, 1), Date::constant(2026, 3, 3))];
            }),
            ("no_manager", "unit/island", |of| of.units.push(place("island", None, None))),
            ("overload", "person/ann", |of| {
                of.duties.extend((0..MOST_ACCOUNTABLE).map(|n| duty(&format!("kpi/more_{n}"), Some("ann"))));
            }),
            ("idle", "person/bea", |of| {
                of.loads.insert("bea".to_owned(), Load { open: 1, overdue: 0, missed: 1 });
            }),
        ];
        let kinds: BTreeSet<&str> = planted.iter().map(|(code, ..)| *code).collect();
        assert_eq!(kinds, Gap::ALL.map(Gap::code).into());
        for (code, of, plant) in planted {
            let mut directory = whole();
            plant(&mut directory);
            assert_eq!(found(&directory), [(code, of.to_owned())]);
        }
    }

    #[test]
    fn a_substitute_acts_while_she_is_there_and_a_circle_ends() {
        let away = vec![(Date::constant(2026, 3, 1), Date::constant(2026, 3, 3))];
        let mut directory = whole();
        directory.persons[0] =
            Member { away: away.clone(), substitute: Some("bea".to_owned()), ..member("ann") };
        assert_eq!((directory.acts_for("ann"), found(&directory)), (Some("bea"), vec![]));
        directory.persons[1] = Member { away, substitute: Some("ann".to_owned()), ..member("bea") };
        assert_eq!(directory.acts_for("ann"), None);
        // The first day back she is there.
        directory.day = Date::constant(2026, 3, 3);
        assert_eq!(directory.acts_for("ann"), Some("ann"));
        assert_eq!(directory.acts_for("nobody"), None);
    }
}
