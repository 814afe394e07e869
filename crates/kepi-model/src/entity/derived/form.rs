//! What is hashed of what is made, so that a KPI's hash says all that decides its values.

use serde_json::{Value, json};

use super::{
    Bound, Derivation, Entities, Every, Gathered, GatheredAsOf, Made, Moment, Panel, Part, Rows, Stages,
    Stretch,
};
use crate::{expression::Length, form, id::EntityId, word::Word};

/// The forms of everything that is made, in the order of their names.
pub(crate) fn forms(made: &[Made], entities: &Entities) -> Value {
    let mut made: Vec<&Made> = made.iter().collect();
    made.sort();
    made.into_iter().filter_map(|made| one(made, entities)).collect()
}

fn one(made: &Made, entities: &Entities) -> Option<Value> {
    match made {
        Made::Rows(id) => match entities.get(id)?.rows.as_ref()? {
            Rows::Panel(panel) => Some(json!(["rows", id, panel_form(panel)])),
            Rows::Stages(Stages { of, stages, .. }) => {
                let stages: Vec<Value> = stages
                    .iter()
                    .map(|stage| {
                        let all = |moments: &[Moment]| moments.iter().map(moment_form).collect::<Value>();
                        json!([stage.name, all(&stage.enter), all(&stage.exit), stage.follows])
                    })
                    .collect();
                Some(json!(["rows", id, ["stages", of, stages]]))
            }
            Rows::Union(parts) => {
                let parts: Vec<Value> = parts
                    .iter()
                    .map(|Part { of, at, filter, set }| {
                        let set: Vec<Value> = set
                            .iter()
                            .map(|(name, set)| json!([name, form::option(set.as_ref(), form::expression)]))
                            .collect();
                        json!([of, at, form::option(filter.as_ref(), form::expression), set])
                    })
                    .collect();
                Some(json!(["rows", id, ["union", parts]]))
            }
            Rows::Versions(of) => Some(json!(["rows", id, ["versions", of]])),
        },
        Made::Kept(id) => match entities.get(id)?.rows.as_ref()? {
            Rows::Panel(Panel { keep: Some(keep), .. }) => Some(json!(["keep", id, form::expression(keep)])),
            Rows::Panel(_) | Rows::Stages(_) | Rows::Union(_) | Rows::Versions(_) => None,
        },
        Made::Attribute(id, attribute) => match entities.get(id)?.derivation(attribute)? {
            Derivation::Given => None,
            Derivation::Expression(of) => Some(json!(["computed", id, attribute, form::expression(of)])),
            Derivation::Gathered(gathered) => {
                let scale = entities.get(id)?.attribute(attribute)?.scale;
                Some(json!(["gathered", id, attribute, gathered_form(gathered, entities), scale]))
            }
        },
    }
}

fn panel_form(panel: &Panel) -> Value {
    let every = match panel.every {
        Every::Period => "period",
        Every::Grain(grain) => grain.word(),
    };
    json!([
        "panel",
        every,
        panel.of,
        panel.from,
        panel.until,
        form::option(panel.filter.as_ref(), form::expression),
        panel.over.map(|(number, grain)| json!([number, grain.word()])),
    ])
}

fn moment_form(Moment { of, at, filter, who }: &Moment) -> Value {
    json!([of, at, form::option(filter.as_ref(), form::expression), form::expression(who)])
}

fn length(of: &Length) -> Value {
    match &of.days_of {
        None => json!(of.micros),
        Some(zone) => json!([of.micros, zone]),
    }
}

fn gathered_form(gathered: &Gathered, entities: &Entities) -> Value {
    let same: Vec<Value> = gathered
        .same
        .iter()
        .map(|(mine, theirs)| json!([form::expression(mine), form::expression(theirs)]))
        .collect();
    let bound = |bound: &Bound| match bound {
        Bound::This => json!(["this"]),
        Bound::At(at) => json!(["at", form::expression(at)]),
    };
    let stretch = match &gathered.stretch {
        Stretch::Dated { from, after, until, within } => {
            json!([
                "dated",
                from.as_ref().map(bound),
                after,
                until.as_ref().map(bound),
                within.as_ref().map(length),
                form::expression(&gathered.dated)
            ])
        }
        Stretch::InForce { at, within, begins, ends } => json!([
            "in force",
            form::expression(at),
            within.as_ref().map(length),
            form::expression(begins),
            form::option(ends.as_ref(), form::expression)
        ]),
    };
    let as_of = gathered.as_of.as_ref().map(|as_of| match as_of {
        GatheredAsOf::Now => json!(["now"]),
        GatheredAsOf::At(at) => json!(["at", form::expression(at)]),
    });
    // Answers off their scale are none, whoever reads them.
    let scales = scales(gathered, &gathered.of, entities);
    json!([
        gathered.how.word(),
        gathered.of,
        form::option(gathered.value.as_ref(), form::expression),
        form::option(gathered.filter.as_ref(), form::expression),
        same,
        stretch,
        as_of,
        gathered.ago,
        scales,
    ])
}

fn scales(gathered: &Gathered, of: &EntityId, entities: &Entities) -> Vec<Value> {
    let mut found = Vec::new();
    for expression in gathered.value.iter().chain(&gathered.filter) {
        expression.visit(&mut |part| {
            if let crate::expression::Node::Path(path) = &part.node
                && let Some(scale) = crate::entity::scale_of(path, of, entities)
            {
                found.push(json!([form::path(path), scale]));
            }
        });
    }
    found
}
