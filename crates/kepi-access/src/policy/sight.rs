//! What somebody sees: each decision asked once and kept. A page and every list are filtered by the same answers.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, Response,
    RestrictedExpression,
};
use jiff::civil::Date;
use kepi_govern::Grant;
use kepi_model::{
    id::{KpiId, PersonId, ScorecardId, SourceId, UnitId},
    project::{CascadeValue, Kpi, Project, Publication, Sensitivity, Unit, UnitTree},
};

use super::{Action, EVERYWHERE, Policies};

/// The built-in roles, which are attributes of a person.
pub(super) const ROLES: [&str; 4] = ["owner", "viewer", "analyst", "decider"];

/// Whose eyes it is looked through.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// The person's name.
    pub name: String,
    /// The roles held.
    pub roles: BTreeSet<Grant>,
    /// What the token that acts for the person may be used for; none: the person is here.
    pub scopes: Option<BTreeSet<Grant>>,
}

/// Who has to do with a KPI.
#[derive(Default)]
struct Concerned<'a> {
    answers: BTreeSet<&'a PersonId>,
    told: BTreeSet<&'a PersonId>,
}

/// Policies bound to a project.
pub struct Bound {
    policies: Policies,
    project: Arc<Project>,
    /// The day by whose tree of units somebody sees what is below a unit.
    day: Date,
    /// Scorecards of a KPI.
    scorecards: BTreeMap<KpiId, Vec<ScorecardId>>,
}

/// What something is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Thing {
    Kpi(KpiId),
    Scorecard(ScorecardId),
    Source(SourceId),
    /// What is decided, in force, frozen and closed.
    Decisions,
}

/// Something, and for which unit; none: all rows.
type Asked = (Thing, Option<UnitId>);

/// What a holder sees of a project.
pub struct Sight {
    bound: Arc<Bound>,
    holder: Holder,
    person: Option<Entity>,
    decided: Mutex<HashMap<(Action, Asked), bool>>,
    shown: Mutex<HashMap<(Action, Asked), bool>>,
}

fn uid(kind: &str, id: &str) -> Option<EntityUid> {
    Some(EntityUid::from_type_name_and_id(kind.parse::<EntityTypeName>().ok()?, EntityId::new(id)))
}

impl Bound {
    /// Policies over a project, by the tree of units of a day.
    pub fn new(policies: Policies, project: Arc<Project>, day: Date) -> Self {
        let mut scorecards: BTreeMap<KpiId, Vec<ScorecardId>> = BTreeMap::new();
        for scorecard in project.scorecards.values() {
            for kpi in scorecard.kpis() {
                scorecards.entry(kpi.clone()).or_default().push(scorecard.id.clone());
            }
        }
        Self { policies, project, day, scorecards }
    }

    /// The project.
    pub fn project(&self) -> &Arc<Project> {
        &self.project
    }

    /// The unit to which what is over all rows belongs: the top of the tree; none where there are no units.
    fn top(&self) -> Option<&UnitId> {
        self.tree().root().map(|unit| &unit.id)
    }

    fn tree(&self) -> UnitTree<'_> {
        self.project.tree(Some(self.day))
    }

    /// The entities that a decision about a thing looks at, and which of them it is.
    fn entities(&self, thing: &Thing, unit: Option<&UnitId>) -> Option<(EntityUid, Vec<Entity>)> {
        let everywhere = uid("Unit", EVERYWHERE)?;
        let mut all = vec![Entity::new_no_attrs(everywhere.clone(), HashSet::new())];
        if let Thing::Source(source) = thing {
            let source = uid("Source", source.as_str())?;
            all.push(Entity::new_no_attrs(source.clone(), HashSet::from([everywhere])));
            return Some((source, all));
        }
        if matches!(thing, Thing::Decisions) {
            let decisions = uid("Decisions", "all")?;
            all.push(Entity::new_no_attrs(decisions.clone(), HashSet::from([everywhere])));
            return Some((decisions, all));
        }
        let unit = unit.or_else(|| self.top());
        for unit in unit.into_iter().flat_map(|unit| self.tree().upwards(unit)) {
            let lines = self.tree().unit(unit).into_iter().flat_map(Unit::lines);
            let above: Option<HashSet<_>> = lines.map(|above| uid("Unit", above.as_str())).collect();
            let mut above = above?;
            if above.is_empty() {
                above.insert(everywhere.clone());
            }
            all.push(Entity::new_no_attrs(uid("Unit", unit.as_str())?, above));
        }
        let of = unit.map_or(Some(everywhere), |unit| uid("Unit", unit.as_str()))?;
        let mut concerned = Concerned::default();
        let (of_what, sensitivity, publication) = match thing {
            Thing::Kpi(kpi) => {
                let own = uid("Kpi", kpi.as_str())?;
                let cards = self.scorecards.get(kpi).into_iter().flatten();
                let cards: Option<HashSet<_>> = cards.map(|card| uid("Scorecard", card.as_str())).collect();
                let cards = cards?;
                all.extend(cards.iter().map(|card| Entity::new_no_attrs(card.clone(), HashSet::new())));
                all.push(Entity::new_no_attrs(own.clone(), cards));
                let known = self.project.kpis.get(kpi);
                concerned = known.map(|kpi| self.concerned(kpi, unit)).unwrap_or_default();
                // What is not known is shown to as few as can be.
                let sensitivity = known.map_or(Sensitivity::Confidential, |kpi| kpi.sensitivity);
                let publication = known.map_or(Publication::Figures, |kpi| kpi.publication);
                (own, sensitivity.as_str(), publication.as_str())
            }
            Thing::Scorecard(card) => {
                let own = uid("Scorecard", card.as_str())?;
                all.push(Entity::new_no_attrs(own.clone(), HashSet::new()));
                (own, "internal", Publication::Explained.as_str())
            }
            Thing::Source(_) | Thing::Decisions => return None,
        };
        let figures = uid("Figures", &format!("{of_what} for {of}"))?;
        let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
        let persons = |of: BTreeSet<&PersonId>| {
            let all = of.into_iter().filter_map(|person| uid("Person", person.as_str()));
            RestrictedExpression::new_set(all.map(RestrictedExpression::new_entity_uid))
        };
        let attributes = HashMap::from([
            ("sensitivity".to_owned(), text(sensitivity)),
            ("publication".to_owned(), text(publication)),
            ("answers".to_owned(), persons(concerned.answers)),
            ("told".to_owned(), persons(concerned.told)),
        ]);
        all.push(Entity::new(figures.clone(), attributes, HashSet::from([of_what, of])).ok()?);
        Some((figures, all))
    }

    /// Who answers for a KPI in a unit, and who is told of it, by what is in force on the day.
    fn concerned<'a>(&'a self, kpi: &'a Kpi, unit: Option<&UnitId>) -> Concerned<'a> {
        let kpi = kpi.in_force(self.day).unwrap_or(kpi);
        // Who is named, or holds the role that is: for the whole, and here, by the nearest seat, as everywhere.
        let places = [None, unit];
        let here = |who: &'a PersonId, all: &mut BTreeSet<&'a PersonId>| {
            all.extend(places.iter().filter_map(|unit| self.project.answering(who, *unit, Some(self.day))));
        };
        let mut concerned = Concerned::default();
        for who in kpi.accountable.iter().chain(self.roles_in(&kpi.responsible)) {
            here(who, &mut concerned.answers);
        }
        concerned.answers.extend(kpi.responsible.iter());
        for who in self.roles_in(&kpi.consulted).chain(self.roles_in(&kpi.informed)) {
            here(who, &mut concerned.told);
        }
        concerned.told.extend(kpi.consulted.iter().chain(&kpi.informed));
        concerned
    }

    /// Those of a list that are roles. A person who is responsible, asked or told is that everywhere, whoever has a seat for her.
    fn roles_in<'a>(&'a self, all: &'a [PersonId]) -> impl Iterator<Item = &'a PersonId> {
        all.iter().filter(|who| self.project.roles.contains_key(*who))
    }

    /// The roles that somebody holds by seats on the day: in the unit at the top everywhere, else there and below.
    pub fn seats_of(&self, name: &str) -> BTreeSet<Grant> {
        let mut held = BTreeSet::new();
        for unit in self.tree().units() {
            let seats = unit
                .seats
                .iter()
                .filter(|(role, by)| by.as_str() == name && self.project.roles.contains_key(*role));
            for (role, _) in seats {
                let at = if unit.parent.is_some() { format!(":{}", unit.id) } else { String::new() };
                held.extend(format!("{role}{at}").parse::<Grant>());
            }
        }
        held
    }

    /// The decision of the policies.
    fn decide(
        &self,
        person: &Entity,
        action: Action,
        thing: &Thing,
        unit: Option<&UnitId>,
    ) -> Option<Response> {
        let (resource, mut entities) = self.entities(thing, unit)?;
        entities.push(person.clone());
        let seeing = action.sees();
        let action = uid("Action", action.word())?;
        let see = uid("Action", Action::SEE)?;
        let group = if seeing { HashSet::from([see.clone()]) } else { HashSet::new() };
        entities.push(Entity::new_no_attrs(action.clone(), group));
        entities.push(Entity::new_no_attrs(see, HashSet::new()));
        let entities = Entities::from_entities(entities, None).ok()?;
        let request = Request::new(person.uid(), action, resource, Context::empty(), None).ok()?;
        Some(Authorizer::new().is_authorized(&request, &self.policies.set, &entities))
    }

    /// Whether the scopes of a token cover something.
    fn covers(&self, scopes: &BTreeSet<Grant>, action: Action, thing: &Thing, unit: Option<&UnitId>) -> bool {
        let whole = matches!(thing, Thing::Source(_) | Thing::Decisions);
        let unit = unit.or_else(|| self.top()).filter(|_| !whole);
        scopes.iter().any(|scope| {
            let named =
                action.word() == scope.name.as_str() || action.sees() && scope.name.as_str() == Action::SEE;
            let reaches = match (&scope.unit, unit) {
                (None, _) => true,
                (Some(scope), Some(unit)) => self.tree().upwards(unit).any(|above| above == scope),
                (Some(_), None) => false,
            };
            named && reaches
        })
    }
}

/// A person with roles: for each the units for which it is held.
fn person(holder: &Holder) -> Option<Entity> {
    let mut held: BTreeMap<&str, Vec<RestrictedExpression>> = BTreeMap::new();
    for role in ROLES {
        held.insert(role, Vec::new());
    }
    for grant in &holder.roles {
        let unit = uid("Unit", grant.unit.as_ref().map_or(EVERYWHERE, |unit| unit.as_str()))?;
        held.entry(grant.name.as_str()).or_default().push(RestrictedExpression::new_entity_uid(unit));
    }
    let sets = held.into_iter().map(|(role, units)| (role.to_owned(), RestrictedExpression::new_set(units)));
    let (attributes, tags): (Vec<_>, Vec<_>) = sets.partition(|(role, _)| ROLES.contains(&role.as_str()));
    Entity::new_with_tags(uid("Person", &holder.name)?, attributes, [], tags).ok()
}

impl Sight {
    /// What a holder sees of a project by its policies.
    pub fn new(bound: Arc<Bound>, mut holder: Holder) -> Self {
        holder.roles.extend(bound.seats_of(&holder.name));
        let person = person(&holder);
        Self { bound, holder, person, decided: Mutex::default(), shown: Mutex::default() }
    }

    /// Whose sight it is.
    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    fn may(&self, action: Action, thing: &Thing, unit: Option<&UnitId>) -> bool {
        let key = (action, (thing.clone(), unit.cloned()));
        if let Some(decided) = self.decided.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return *decided;
        }
        let scoped =
            self.holder.scopes.as_ref().is_none_or(|scopes| self.bound.covers(scopes, action, thing, unit));
        // What cannot be decided is refused.
        let response = self.person.as_ref().and_then(|person| self.bound.decide(person, action, thing, unit));
        let decided = scoped && response.is_some_and(|response| response.decision() == Decision::Allow);
        self.decided.lock().unwrap_or_else(PoisonError::into_inner).insert(key, decided);
        decided
    }

    /// Whether the figures of a KPI for a unit are seen: those and those that they are made of.
    pub fn kpi(&self, kpi: &KpiId, unit: Option<&UnitId>) -> bool {
        self.shows(Action::SeeValue, Thing::Kpi(kpi.clone()), unit, &mut BTreeSet::new())
    }

    /// Whether it is seen what the figures of a KPI for a unit are made of: segments other than units, and rows behind.
    pub fn explained(&self, kpi: &KpiId, unit: Option<&UnitId>) -> bool {
        self.kpi(kpi, unit)
            && self.shows(Action::SeeExplanation, Thing::Kpi(kpi.clone()), unit, &mut BTreeSet::new())
    }

    /// Whether the scores of a scorecard for a unit are seen: all of its KPIs must be, for a score shows its parts; where it is
    /// a mean over units, theirs as well.
    pub fn scorecard(&self, scorecard: &ScorecardId, unit: Option<&UnitId>) -> bool {
        self.shows(Action::SeeValue, Thing::Scorecard(scorecard.clone()), unit, &mut BTreeSet::new())
    }

    /// Whether deliveries of a source are seen.
    pub fn data(&self, source: &SourceId) -> bool {
        self.may(Action::SeeData, &Thing::Source(source.clone()), None)
    }

    /// Whether rejected rows of a source are seen.
    pub fn rows(&self, source: &SourceId) -> bool {
        self.may(Action::SeeRows, &Thing::Source(source.clone()), None)
    }

    /// Whether what is decided, in force, frozen and closed is seen.
    pub fn decisions(&self) -> bool {
        self.may(Action::SeeDecisions, &Thing::Decisions, None)
    }

    /// Whether to take part in decisions.
    pub fn decides(&self) -> bool {
        self.may(Action::Decide, &Thing::Decisions, None)
    }

    fn shows(
        &self,
        action: Action,
        thing: Thing,
        unit: Option<&UnitId>,
        within: &mut BTreeSet<Asked>,
    ) -> bool {
        let key = (thing, unit.cloned());
        let kept = (action, key.clone());
        if let Some(shown) = self.shown.lock().unwrap_or_else(PoisonError::into_inner).get(&kept) {
            return *shown;
        }
        // What is asked about itself, on the way, is decided by all the others.
        if !within.insert(key.clone()) {
            return true;
        }
        let shown = self.may(action, &key.0, unit)
            && self
                .parts(&key.0, unit)
                .into_iter()
                .all(|(part, unit)| self.shows(action, part, unit.as_ref(), within));
        within.remove(&key);
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).insert(kept, shown);
        shown
    }

    /// What something shows of others.
    fn parts(&self, thing: &Thing, unit: Option<&UnitId>) -> Vec<Asked> {
        let project = &self.bound.project;
        match thing {
            Thing::Kpi(kpi) => {
                let Some(kpi) = project.kpis.get(kpi) else { return Vec::new() };
                let inputs = kpi.wordings().flat_map(|wording| wording.measure.kind().inputs());
                // What is taken over all rows belongs to the top, whatever it is asked for.
                let of = |total: bool| unit.filter(|_| !total).cloned();
                inputs.into_iter().map(|input| (Thing::Kpi(input.kpi.id.clone()), of(input.total))).collect()
            }
            Thing::Scorecard(card) => {
                let Some(card) = project.scorecards.get(card) else { return Vec::new() };
                // Its own unit is that of all rows.
                let own = unit.is_none() || card.unit.as_ref() == unit;
                let of = unit.filter(|_| !own).cloned();
                let mut parts: Vec<_> =
                    card.kpis().map(|kpi| (Thing::Kpi(kpi.clone()), of.clone())).collect();
                let averaged =
                    card.cascade.as_ref().is_some_and(|c| c.value == CascadeValue::AverageOfChildren);
                if let Some(unit) = unit.or(card.unit.as_ref()).filter(|_| averaged) {
                    let below = self.bound.tree().below(unit);
                    parts.extend(below.map(|u| (Thing::Scorecard(card.id.clone()), Some(u.id.clone()))));
                }
                parts
            }
            Thing::Source(_) | Thing::Decisions => Vec::new(),
        }
    }

    /// Why something is refused, in words; none: it is not.
    pub fn why_not(&self, action: Action, source: Option<&SourceId>) -> String {
        let roles: Vec<String> = self.holder.roles.iter().map(ToString::to_string).collect();
        let roles =
            if roles.is_empty() { "without a role".to_owned() } else { format!("as {}", roles.join(", ")) };
        let thing = match action {
            Action::SeeDecisions | Action::Decide => Some(Thing::Decisions),
            _ => source.map(|source| Thing::Source(source.clone())),
        };
        let response = thing.as_ref().zip(self.person.as_ref());
        let response = response.and_then(|(thing, person)| self.bound.decide(person, action, thing, None));
        let scoped = self.holder.scopes.as_ref().is_some_and(|scopes| {
            thing.as_ref().is_some_and(|thing| !self.bound.covers(scopes, action, thing, None))
        });
        if scoped && response.as_ref().is_some_and(|response| response.decision() == Decision::Allow) {
            return format!("the scopes of the token do not cover `{}`", action.word());
        }
        let by: Vec<String> = response
            .filter(|response| response.decision() == Decision::Deny)
            .map(|response| response.diagnostics().reason().map(|id| self.bound.policies.words(id)).collect())
            .unwrap_or_default();
        let why = if by.is_empty() {
            format!("no policy grants `{}` to you {roles}", action.word())
        } else {
            format!("it is forbidden: {}", by.join("; "))
        };
        if scoped { format!("{why}, nor do the scopes of the token cover it") } else { why }
    }
}
