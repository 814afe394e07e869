//! Which others something that is written mentions, before it is read.

use std::collections::BTreeMap;

use super::{Item, KEEP, Place, ROWS, hows};
use crate::{
    decode::ExpressionText, definitions::Named, expression::Type, id::EntityId, project::Entity, yaml::Yaml,
};

/// The places that have to be read before one.
pub(super) fn needs(
    place: &Place,
    item: &Item<'_>,
    items: &BTreeMap<Place, Item<'_>>,
    entities: &BTreeMap<EntityId, Entity>,
) -> Vec<Place> {
    let mut needs = Needs { items, entities, found: Vec::new() };
    let own = &place.0;
    match item {
        Item::Rows(rows) => {
            if let Some(of) = rows.of.get() {
                needs.rows(of);
                let names = [&rows.from, &rows.until];
                let names = names.into_iter().filter_map(|name| name.get());
                names.for_each(|name| needs.path(&[name.as_str()], of));
                needs.text(rows.filter.get(), of);
            }
            let moments = rows.stages.items().iter().filter_map(|entry| entry.value.as_ref());
            let moments = moments.flat_map(|stage| stage.enter.get().into_iter().chain(stage.exit.get()));
            for moment in moments.flat_map(|moments| &moments.0) {
                match &moment.value {
                    Named::Entity(of) => needs.rows(of),
                    Named::More(more) => {
                        let Some(of) = more.of.get() else { continue };
                        needs.rows(of);
                        let names = [&more.at, &more.same].into_iter().filter_map(|name| name.get());
                        names.for_each(|name| needs.path(&[name.as_str()], of));
                        needs.text(more.filter.get(), of);
                    }
                }
            }
            for part in rows.union.items() {
                match &part.value {
                    Named::Entity(of) => needs.rows(of),
                    Named::More(more) => {
                        let Some(of) = more.of.get() else { continue };
                        needs.rows(of);
                        more.at.get().into_iter().for_each(|at| needs.path(&[at.as_str()], of));
                        needs.text(more.filter.get(), of);
                        let set = more.set.items().iter().filter_map(|entry| entry.value.as_ref());
                        set.for_each(|set| needs.text(Some(set), of));
                    }
                }
            }
            rows.versions.get().into_iter().for_each(|of| needs.rows(of));
        }
        Item::Keep(_, keep) => {
            needs.found.push((own.clone(), ROWS.to_owned()));
            needs.text(Some(keep), own);
        }
        Item::Attribute(_, written) => {
            if items.contains_key(&(own.clone(), ROWS.to_owned())) {
                needs.found.push((own.clone(), ROWS.to_owned()));
            }
            needs.text(written.expression.get(), own);
            for bound in [&written.from, &written.after, &written.until, &written.in_force, &written.as_of] {
                needs.text(bound.get(), own);
            }
            for (_, target) in hows(written) {
                let Some(text) = target.get().and_then(|node| node.text()) else { continue };
                let mut parts = text.split('.').map(str::trim);
                let Some(of) = parts.next().and_then(|of| of.parse::<EntityId>().ok()) else { continue };
                needs.rows(&of);
                needs.path(&parts.collect::<Vec<_>>(), &of);
                needs.text(written.value.get(), &of);
                needs.text(written.filter.get(), &of);
                if let Some(dated) = written.dated.get() {
                    needs.path(&[dated.as_str()], &of);
                }
                for ((mine, _), (theirs, _)) in written.same.get().into_iter().flat_map(|same| &same.0) {
                    needs.path(&[mine.as_str()], own);
                    needs.path(&[theirs.as_str()], &of);
                }
            }
        }
    }
    needs.found
}

struct Needs<'a> {
    items: &'a BTreeMap<Place, Item<'a>>,
    entities: &'a BTreeMap<EntityId, Entity>,
    found: Vec<Place>,
}

impl Needs<'_> {
    fn add(&mut self, place: Place) {
        if self.items.contains_key(&place) && !self.found.contains(&place) {
            self.found.push(place);
        }
    }
    fn rows(&mut self, of: &EntityId) {
        self.add((of.clone(), ROWS.to_owned()));
        self.add((of.clone(), KEEP.to_owned()));
    }
    fn text(&mut self, text: Option<&ExpressionText>, base: &EntityId) {
        let node: Option<&Yaml> = text.map(|text| &text.0);
        for path in node.and_then(Yaml::text).into_iter().flat_map(paths) {
            self.path(&path.split('.').collect::<Vec<_>>(), base);
        }
    }
    /// A path leads from an entity to others by what is known of their attributes so far.
    fn path(&mut self, parts: &[&str], base: &EntityId) {
        let mut at = base.clone();
        for part in parts {
            self.add((at.clone(), (*part).to_owned()));
            let known = self
                .entities
                .get(&at)
                .and_then(|entity| entity.all_attributes().find(|attribute| attribute.id.as_str() == *part));
            match known.map(|attribute| &attribute.type_) {
                Some(Type::Reference { entity }) => at = entity.clone(),
                _ => return,
            }
        }
    }
}

/// What may be names in an expression: runs of letters, digits, `_` and dots outside of quotes.
fn paths(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (place, outside) in text.split('\'').enumerate() {
        if place % 2 == 0 {
            let runs = outside.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'));
            found.extend(runs.filter(|run| run.starts_with(|c: char| c.is_ascii_lowercase())));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_outside_of_texts() {
        assert_eq!(
            paths("case when plan != 'trial' then account.tier else 'it''s' end"),
            ["case", "when", "plan", "then", "account.tier", "else", "end"]
        );
    }
}
