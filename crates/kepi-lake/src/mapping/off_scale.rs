//! Answers off the scale of their attribute: they land as they are, since they were given, and no KPI counts them; how often
//! which of them came is said.

use std::collections::BTreeMap;

use kepi_model::{
    id::AttributeId,
    project::{Entity, MappingFrom, Source},
};
use kepi_query::landing::MissingCount;

use super::rows::{Rows, Slot};

/// Different answers of one attribute that are told apart; any further are counted together.
const TOLD_APART: usize = 50;

/// How often which answers came, by attribute.
#[derive(Debug, Clone)]
pub(crate) struct OffScale(Vec<Watched>);

#[derive(Debug, Clone)]
struct Watched {
    slot: usize,
    attribute: AttributeId,
    column: String,
    scale: (i64, i64),
    answers: BTreeMap<i64, u64>,
    further: u64,
}

impl OffScale {
    /// Watches the attributes that a source fills and that have a scale.
    pub fn new(source: &Source, entity: &Entity) -> Self {
        let watched = source.map.iter().filter_map(|mapping| {
            let slot = entity.attributes.iter().position(|a| a.id == mapping.attribute)?;
            let column = match &mapping.from {
                MappingFrom::Column { column, .. } => column.clone(),
                _ => String::new(),
            };
            Some(Watched {
                slot,
                attribute: mapping.attribute.clone(),
                column,
                scale: entity.attributes.get(slot)?.scale?,
                answers: BTreeMap::new(),
                further: 0,
            })
        });
        Self(watched.collect())
    }

    /// Looks at a row that lands.
    pub fn see(&mut self, rows: &Rows, row: usize) {
        for watched in &mut self.0 {
            let Slot::Integer(answer) = rows.slot(watched.slot, row) else { continue };
            let (low, high) = watched.scale;
            if (low..=high).contains(&answer) {
                continue;
            }
            if watched.answers.len() < TOLD_APART || watched.answers.contains_key(&answer) {
                *watched.answers.entry(answer).or_default() += 1;
            } else {
                watched.further += 1;
            }
        }
    }

    /// What came, by attribute and answer.
    pub fn counts(&self) -> impl Iterator<Item = MissingCount> {
        self.0.iter().flat_map(|watched| {
            let (low, high) = watched.scale;
            let count = move |text: String, shown: &str, count| MissingCount {
                attribute: watched.attribute.clone(),
                column: watched.column.clone(),
                text,
                reason: format!("{shown} off the scale {low}..{high}"),
                count,
                off_scale: true,
            };
            let answers = watched
                .answers
                .iter()
                .map(move |(answer, n)| count(answer.to_string(), &format!("`{answer}`,"), *n));
            let further = (watched.further > 0).then(|| count(String::new(), "others", watched.further));
            answers.chain(further)
        })
    }
}
