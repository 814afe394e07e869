//! From the texts of a row to the typed attributes of an entity.

use std::collections::{BTreeMap, BTreeSet};

use kepi_lake::mapping::{
    length,
    number::{self, Marks},
    time::{self, Times, When},
};
use kepi_model::{
    expression::{Expression, Literal, Node, Path, Physical, Type},
    id::{AttributeId, EntityId},
    project::{Entity, EnumElse, MappingFrom, Parse, Source},
};
use kepi_query::{
    landing::MissingCount,
    row::{Cell, Row, evaluate},
};

/// The typed values of a row, by position of the attribute in the entity.
pub struct OneRow<'a> {
    entity: &'a Entity,
    known: &'a BTreeMap<EntityId, BTreeSet<Cell>>,
    pub values: Vec<Cell>,
}

impl OneRow<'_> {
    fn get(&self, attribute: &AttributeId) -> Cell {
        let at = self.entity.attributes.iter().position(|a| &a.id == attribute);
        at.map_or(Cell::Missing, |at| self.values[at].clone())
    }
}

impl Row for OneRow<'_> {
    fn attribute(&self, path: &Path) -> Cell {
        if path.references.is_empty() { self.get(&path.attribute) } else { Cell::Missing }
    }
    fn exists(&self, attribute: &AttributeId, entity: &EntityId) -> Option<bool> {
        let value = self.get(attribute);
        (!value.is_missing()).then(|| self.known.get(entity).is_some_and(|keys| keys.contains(&value)))
    }
}

pub fn attributes_read(expression: &Expression) -> BTreeSet<AttributeId> {
    let mut read = BTreeSet::new();
    expression.visit(&mut |e| {
        if let Node::Path(Path { attribute, .. }) | Node::Exists(attribute, _) = &e.node {
            read.insert(attribute.clone());
        }
    });
    read
}

pub enum Outcome<'a> {
    OutOfScope,
    Rejected(OneRow<'a>, (String, String, Option<String>)),
    Typed(OneRow<'a>),
}

pub struct Mapping<'a> {
    entity: &'a Entity,
    source: &'a Source,
    file: String,
    times: Times,
    /// Of each step: how often each text was missing, in the order of the declaration; how often there was no cell.
    missing: Vec<(Vec<MissingCount>, u64)>,
}

impl<'a> Mapping<'a> {
    pub fn new(entity: &'a Entity, source: &'a Source, file: &str) -> Self {
        let missing = source.map.iter().map(|mapping| {
            let mut counts: Vec<MissingCount> = Vec::new();
            if let MappingFrom::Column { column, missing, .. } = &mapping.from {
                let everywhere = source.missing.iter().map(|t| {
                    let reason = if t.is_empty() { "empty" } else { t };
                    (t.clone(), reason.to_owned())
                });
                for (text, reason) in missing.iter().cloned().chain(everywhere) {
                    if !counts.iter().any(|c| c.text.trim() == text.trim()) {
                        let (attribute, column) = (mapping.attribute.clone(), column.clone());
                        counts.push(MissingCount {
                            attribute,
                            column,
                            text,
                            reason,
                            count: 0,
                            off_scale: false,
                        });
                    }
                }
            }
            (counts, 0)
        });
        Self {
            entity,
            source,
            file: file.rsplit('/').next().unwrap().to_owned(),
            times: Times::new(&source.zone, &source.days, &source.dates).unwrap(),
            missing: missing.collect(),
        }
    }

    pub fn missing(&self) -> Vec<MissingCount> {
        let mut all = Vec::new();
        for (mapping, (counts, absent)) in self.source.map.iter().zip(&self.missing) {
            all.extend(counts.iter().filter(|c| c.count > 0).cloned());
            if let (MappingFrom::Column { column, .. }, true) = (&mapping.from, *absent > 0) {
                all.push(MissingCount {
                    attribute: mapping.attribute.clone(),
                    column: column.clone(),
                    text: String::new(),
                    reason: "absent".into(),
                    count: *absent,
                    off_scale: false,
                });
            }
        }
        all
    }

    pub fn read<'k>(
        &mut self,
        cells: &[(String, Option<String>)],
        number: u64,
        known: &'k BTreeMap<EntityId, BTreeSet<Cell>>,
    ) -> Outcome<'k>
    where
        'a: 'k,
    {
        let mut row =
            OneRow { entity: self.entity, known, values: vec![Cell::Missing; self.entity.attributes.len()] };
        let mut failed: BTreeSet<AttributeId> = BTreeSet::new();
        let mut first: Option<(String, String, Option<String>)> = None;
        for (mapping, (counts, absent)) in self.source.map.iter().zip(&mut self.missing) {
            let at = self.entity.attributes.iter().position(|a| a.id == mapping.attribute).unwrap();
            let name = &mapping.attribute;
            let mut blamed = None;
            let value = match &mapping.from {
                MappingFrom::Column { column, parse, replace, prefix, .. } => {
                    blamed = Some(column.clone());
                    let cell =
                        cells.iter().find(|(c, _)| c == column.trim()).and_then(|(_, text)| text.as_deref());
                    match cell {
                        None => {
                            *absent += 1;
                            Ok(Cell::Missing)
                        }
                        Some(cell) => match counts.iter_mut().find(|c| c.text.trim() == cell.trim()) {
                            Some(count) => {
                                count.count += 1;
                                Ok(Cell::Missing)
                            }
                            None => {
                                let code = replace.iter().rev().find(|(code, _)| code.trim() == cell.trim());
                                let text = format!(
                                    "{prefix}{}",
                                    code.map_or(cell.trim(), |(_, stands_for)| stands_for)
                                );
                                typed(parse, &text, &self.times, &mapping.type_)
                                    .map_err(|why| format!("`{}` {why}", shorten(&text)))
                            }
                        },
                    }
                }
                MappingFrom::Position => Ok(Cell::Text(format!("{}:{number}", self.file).into())),
                MappingFrom::Constant(literal) => Ok(match literal {
                    Literal::Missing => Cell::Missing,
                    Literal::Text(t) => Cell::Text(t.as_str().into()),
                    Literal::Integer(n) => Cell::Integer(*n),
                    Literal::Boolean(b) => Cell::Boolean(*b),
                }),
                MappingFrom::Expression(e) => {
                    if attributes_read(e).iter().any(|a| failed.contains(a)) {
                        failed.insert(name.clone());
                        continue;
                    }
                    evaluate(e, &row).map_err(|e| e.to_string())
                }
            };
            match value {
                Ok(Cell::Missing) if mapping.required => {
                    failed.insert(name.clone());
                    first.get_or_insert((
                        "required".into(),
                        format!("`{name}` is required but has no value"),
                        blamed,
                    ));
                }
                Ok(value) => row.values[at] = value,
                Err(why) => {
                    failed.insert(name.clone());
                    first.get_or_insert(("type".into(), format!("`{name}`: {why}"), blamed));
                }
            }
        }
        if let Some(only) = &self.source.only
            && !attributes_read(only).iter().any(|a| failed.contains(a))
            && evaluate(only, &row) != Ok(Cell::Boolean(true))
        {
            return Outcome::OutOfScope;
        }
        match first {
            Some(why) => Outcome::Rejected(row, why),
            None => Outcome::Typed(row),
        }
    }
}

fn typed(parse: &Parse, text: &str, times: &Times, type_: &Type) -> Result<Cell, String> {
    let said = |e: &dyn std::fmt::Display| e.to_string();
    let integer = |n| if type_.physical() == Physical::Instant { Cell::Instant(n) } else { Cell::Integer(n) };
    let when = |when| match when {
        When::At(n) => Cell::Instant(n),
        When::Open(_) => Cell::Missing,
    };
    Ok(match parse {
        Parse::Text => Cell::Text(text.into()),
        Parse::Number { scale, decimal_mark, grouping_mark, percent_sign, excess } => {
            let marks = Marks { decimal: *decimal_mark, grouping: *grouping_mark };
            integer(number::parse_percent(text, *scale, marks, *percent_sign, *excess).map_err(|e| said(&e))?)
        }
        Parse::Duration { unit_micros, decimal_mark, grouping_mark, clock } => {
            let marks = Marks { decimal: *decimal_mark, grouping: *grouping_mark };
            integer(length::parse_length(text, *unit_micros, marks, *clock).map_err(|e| said(&e))?)
        }
        Parse::Epoch(epoch) => {
            let at = time::since_epoch(text, *epoch).map_err(|e| said(&e))?;
            when(times.judge(at, *type_ == Type::Date).map_err(|e| said(&e))?)
        }
        Parse::Boolean { yes, no } => {
            let listed = |list: &[String], default: &[&str]| {
                let list: Vec<&str> = list.iter().map(|t| t.trim()).collect();
                let list = if list.is_empty() { default } else { &list };
                list.iter().any(|t| t.eq_ignore_ascii_case(text))
            };
            match (listed(yes, &["true", "yes", "1"]), listed(no, &["false", "no", "0"])) {
                (true, _) => Cell::Boolean(true),
                (_, true) => Cell::Boolean(false),
                _ => return Err("is neither true nor false".into()),
            }
        }
        Parse::Date { format } => {
            when(times.date(text, format.as_deref(), *type_ == Type::Date).map_err(|e| said(&e))?)
        }
        Parse::Timestamp { format } => when(times.timestamp(text, format.as_deref()).map_err(|e| said(&e))?),
        Parse::Enum { values, other } => match (values.iter().find(|(code, _)| code.trim() == text), other) {
            (Some((_, member)), _) | (None, EnumElse::Value(member)) => Cell::Text(member.to_string().into()),
            (None, EnumElse::Quarantine) => return Err("is not one of the listed values".into()),
            (None, EnumElse::Missing) => Cell::Missing,
        },
    })
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= 60 { text.to_owned() } else { text.chars().take(59).chain(['…']).collect() }
}
