//! What is made of what: the order in which rows and attributes come about, and the landed rows that they rest on.

use std::collections::BTreeSet;

use super::{Derivation, Entities, Gathered, Moment, Panel, Part, Rows, Stage, Stages};
use crate::{
    expression::{Expression, Node, Path},
    id::{AttributeId, EntityId},
};

/// Something that is made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Made {
    /// The rows of an entity.
    Rows(EntityId),
    /// Those of its finished rows that are kept.
    Kept(EntityId),
    /// An attribute.
    Attribute(EntityId, AttributeId),
}

/// What is made runs in a circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle(pub Vec<Made>);

/// Everything that has to be made for `roots`, each after what it needs.
///
/// # Errors
/// Something needs itself; a checked project has no such thing.
pub fn order(entities: &Entities, roots: impl IntoIterator<Item = Made>) -> Result<Vec<Made>, Cycle> {
    let mut walk = Walk { entities, done: Vec::new(), seen: BTreeSet::new(), open: Vec::new() };
    roots.into_iter().try_for_each(|root| walk.visit(root))?;
    Ok(walk.done)
}

struct Walk<'a> {
    entities: &'a Entities,
    done: Vec<Made>,
    seen: BTreeSet<Made>,
    open: Vec<Made>,
}

impl Walk<'_> {
    fn visit(&mut self, made: Made) -> Result<(), Cycle> {
        if let Some(start) = self.open.iter().position(|open| *open == made) {
            return Err(Cycle(self.open.get(start..).unwrap_or_default().to_vec()));
        }
        if !self.seen.insert(made.clone()) {
            return Ok(());
        }
        self.open.push(made.clone());
        needs(&made, self.entities).into_iter().try_for_each(|need| self.visit(need))?;
        self.open.pop();
        self.done.push(made);
        Ok(())
    }
}

/// What a measure of rows of an entity needs to be made: the rows themselves, and what its expressions read.
pub(crate) fn roots<'a>(
    base: &EntityId,
    reads: impl IntoIterator<Item = &'a Expression>,
    entities: &Entities,
) -> Vec<Made> {
    let mut needs = Needs { entities, own: None, found: Vec::new() };
    needs.rows(base);
    reads.into_iter().for_each(|expression| needs.expression(expression, base));
    needs.found
}

/// What something needs directly.
fn needs(made: &Made, entities: &Entities) -> Vec<Made> {
    let (Made::Rows(id) | Made::Kept(id) | Made::Attribute(id, _)) = made;
    let mut needs = Needs { entities, own: Some(id), found: Vec::new() };
    let Some(entity) = entities.get(id) else { return Vec::new() };
    match made {
        Made::Rows(_) => {
            needs.own = None;
            match &entity.rows {
                Some(Rows::Panel(Panel { of, from, until, filter, .. })) => {
                    needs.rows(of);
                    needs.attribute(of, from);
                    until.iter().for_each(|until| needs.attribute(of, until));
                    filter.iter().for_each(|filter| needs.expression(filter, of));
                }
                Some(Rows::Stages(Stages { stages, .. })) => {
                    for Moment { of, at, filter, who } in moments(stages) {
                        needs.rows(of);
                        needs.attribute(of, at);
                        filter.iter().chain([who]).for_each(|theirs| needs.expression(theirs, of));
                    }
                }
                Some(Rows::Union(parts)) => {
                    for Part { of, at, filter, set } in parts {
                        needs.rows(of);
                        needs.attribute(of, at);
                        let set = set.iter().filter_map(|(_, set)| set.as_ref());
                        filter.iter().chain(set).for_each(|theirs| needs.expression(theirs, of));
                    }
                }
                Some(Rows::Versions(_)) | None => {}
            }
        }
        Made::Kept(_) => {
            needs.rows(id);
            if let Some(Rows::Panel(Panel { keep: Some(keep), .. })) = &entity.rows {
                needs.expression(keep, id);
            }
        }
        Made::Attribute(_, attribute) => {
            needs.rows(id);
            match entity.derivation(attribute) {
                Some(Derivation::Expression(of)) => needs.expression(of, id),
                Some(Derivation::Gathered(gathered)) => needs.gathered(gathered, id),
                Some(Derivation::Given) | None => {}
            }
        }
    }
    needs.found
}

/// Everything that moves subjects from stage to stage.
pub(crate) fn moments(stages: &[Stage]) -> impl Iterator<Item = &Moment> {
    stages.iter().flat_map(|stage| stage.enter.iter().chain(&stage.exit))
}

struct Needs<'a> {
    entities: &'a Entities,
    /// The entity that is being made: of its own rows, all are there before some are kept.
    own: Option<&'a EntityId>,
    found: Vec<Made>,
}

impl Needs<'_> {
    fn rows(&mut self, entity: &EntityId) {
        if self.entities.get(entity).is_some_and(|e| e.rows.is_some()) {
            let entity = entity.clone();
            self.found.push(if self.own == Some(&entity) { Made::Rows(entity) } else { Made::Kept(entity) });
        }
    }
    fn attribute(&mut self, entity: &EntityId, attribute: &AttributeId) {
        let from = self.entities.get(entity).and_then(|e| e.derivation(attribute));
        if matches!(from, Some(Derivation::Expression(_) | Derivation::Gathered(_))) {
            self.found.push(Made::Attribute(entity.clone(), attribute.clone()));
        }
    }
    fn path(&mut self, path: &Path, base: &EntityId) {
        let mut at = base;
        for (reference, next) in &path.references {
            self.attribute(at, reference);
            at = next;
        }
        self.attribute(at, &path.attribute);
    }
    fn expression(&mut self, of: &Expression, base: &EntityId) {
        of.visit(&mut |part| {
            if let Node::Path(path) = &part.node {
                self.path(path, base);
            }
        });
    }
    fn gathered(&mut self, gathered: &Gathered, own: &EntityId) {
        let of = &gathered.of;
        // Rows of its own kind are those that are kept, as for everybody else.
        let before = self.own.take();
        self.rows(of);
        self.own = before;
        gathered.of_theirs().for_each(|expression| self.expression(expression, of));
        gathered.of_own().for_each(|expression| self.expression(expression, own));
    }
}

/// The entities whose rows are looked at where something is made, made ones and landed ones.
pub(crate) fn read_by<'a>(
    made: impl IntoIterator<Item = &'a Made>,
    entities: &Entities,
) -> BTreeSet<EntityId> {
    let mut read = BTreeSet::new();
    for made in made {
        let (Made::Rows(id) | Made::Kept(id) | Made::Attribute(id, _)) = made;
        let Some(entity) = entities.get(id) else { continue };
        match made {
            Made::Rows(_) => match &entity.rows {
                Some(Rows::Panel(panel)) => {
                    read.insert(panel.of.clone());
                    panel.filter.iter().for_each(|filter| filter.visit_entities(&mut read));
                }
                Some(Rows::Stages(Stages { stages, .. })) => {
                    for Moment { of, filter, who, .. } in moments(stages) {
                        read.insert(of.clone());
                        filter.iter().chain([who]).for_each(|theirs| theirs.visit_entities(&mut read));
                    }
                }
                Some(Rows::Union(parts)) => {
                    for Part { of, filter, set, .. } in parts {
                        read.insert(of.clone());
                        let set = set.iter().filter_map(|(_, set)| set.as_ref());
                        filter.iter().chain(set).for_each(|theirs| theirs.visit_entities(&mut read));
                    }
                }
                Some(Rows::Versions(of)) => {
                    read.insert(of.clone());
                }
                None => {}
            },
            Made::Kept(_) => {
                if let Some(Rows::Panel(Panel { keep: Some(keep), .. })) = &entity.rows {
                    keep.visit_entities(&mut read);
                }
            }
            Made::Attribute(_, attribute) => match entity.derivation(attribute) {
                Some(Derivation::Expression(of)) => of.visit_entities(&mut read),
                Some(Derivation::Gathered(gathered)) => {
                    read.insert(gathered.of.clone());
                    let all = gathered.of_own().chain(gathered.of_theirs());
                    all.for_each(|expression| expression.visit_entities(&mut read));
                }
                Some(Derivation::Given) | None => {}
            },
        }
    }
    read
}

/// The entities whose rows are gathered, or of which rows are made that are not those of a subject alone.
pub(crate) fn gathered_from(made: &[Made], entities: &Entities) -> BTreeSet<EntityId> {
    let mut gathered = BTreeSet::new();
    for made in made {
        match made {
            Made::Attribute(id, attribute) => {
                if let Some(Derivation::Gathered(from)) =
                    entities.get(id).and_then(|e| e.derivation(attribute))
                {
                    gathered.insert(from.of.clone());
                }
            }
            Made::Rows(id) => match entities.get(id).and_then(|entity| entity.rows.as_ref()) {
                Some(Rows::Stages(Stages { stages, .. })) => {
                    gathered.extend(moments(stages).map(|moment| moment.of.clone()));
                }
                Some(Rows::Union(parts)) => gathered.extend(parts.iter().map(|part| part.of.clone())),
                Some(Rows::Versions(of)) => {
                    gathered.insert(of.clone());
                }
                Some(Rows::Panel(_)) | None => {}
            },
            Made::Kept(_) => {}
        }
    }
    gathered
}
