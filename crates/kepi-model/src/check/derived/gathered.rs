//! Gathered attributes: which rows belong to a row, and what is made of them.

use super::Reader;
use crate::{
    codes,
    decode::{ExpressionText, Field, PathText},
    definitions as written,
    derived::{Bound, Derivation, Gathered, GatheredAsOf, How, Rows, Stretch, panel},
    entity::scale_of,
    expression::{Expression, Length, Node, Path, Type},
    id::{AttributeId, EntityId},
    lexical::type_text,
    project::Entity,
    source_text::Span,
    sql::{self, Want},
    table::Symbol,
    word::Word,
    wording::{quoted, shorten},
};

/// A gathered attribute and what follows from what it reads.
pub(super) struct Found {
    pub(super) type_: Type,
    pub(super) scale: Option<(i64, i64)>,
    pub(super) personal: bool,
    pub(super) gathered: Gathered,
}

impl Reader<'_, '_, '_> {
    pub(super) fn gathered(
        &mut self,
        how: How,
        target: &Field<PathText>,
        written: &written::Attribute,
        id: &EntityId,
    ) -> Option<Found> {
        let own = self.entities.get(id)?.clone();
        let of = self.target(target.get()?)?;
        let value = self.value(how, target, written, &of);
        let filter = self
            .optional(&written.filter, |reader, filter| reader.expression(filter, &of.id, Want::Condition));
        let same = self.same(written, target.span, &own, &of);
        let dated = self.dated(written, target.span, &of);
        let stretch = self.stretch(written, target.span, &own, &of);
        let as_of = self.optional(&written.as_of, |reader, text| {
            if text.text().map(str::trim) == Some("now") {
                return Some(GatheredAsOf::Now);
            }
            reader.date(text, id).map(GatheredAsOf::At)
        });
        let ago = written.ago.get().map_or(0, |ago| u32::try_from(ago.0).unwrap_or(0));
        if ago > 0 && own.rows.as_ref().is_none_or(|rows| rows.panel().is_none()) {
            self.context
                .report(
                    codes::PANEL_OPTION,
                    written.ago.key,
                    format!("`ago` counts periods, and a row of {id} has none"),
                )
                .expected("an attribute of a panel")
                .fix("move the bounds instead: `from: created_at - 30 days`");
            return None;
        }
        let gathered = Gathered {
            how,
            of: of.id.clone(),
            value: value?,
            filter: filter?,
            same: same?,
            dated: dated?,
            stretch: stretch?,
            as_of: as_of?,
            ago,
        };
        let attribute = gathered.value.as_ref().and_then(|value| match &value.node {
            Node::Path(path) => {
                Some((path, scale_of(path, &of.id, self.entities), self.is_personal(path, &of)))
            }
            _ => None,
        });
        let value_type = gathered.value.as_ref().map(|value| value.type_.clone());
        let keeps = matches!(how, How::First | How::Last | How::Least | How::Greatest);
        Some(Found {
            type_: match how {
                How::Count | How::Distinct | How::Days => Type::Integer,
                How::Any => Type::Boolean,
                How::Sum | How::Least | How::Greatest | How::First | How::Last => value_type?,
            },
            scale: attribute.and_then(|(_, scale, _)| scale).filter(|_| keeps),
            personal: attribute.is_some_and(|(.., personal)| personal) && keeps,
            gathered,
        })
    }

    /// Nothing where nothing is written; none where what is written has a finding.
    #[expect(clippy::option_option, reason = "the outer one tells of a finding")]
    pub(super) fn optional<T, R>(
        &mut self,
        field: &Field<T>,
        read: impl FnOnce(&mut Self, &T) -> Option<R>,
    ) -> Option<Option<R>> {
        match field.get() {
            Some(written) => read(self, written).map(Some),
            None => (!field.is_written()).then_some(None),
        }
    }

    fn is_personal(&self, path: &Path, base: &Entity) -> bool {
        let last = path.references.last().map_or(Some(base), |(_, next)| self.entities.get(next));
        last.and_then(|entity| entity.attribute(&path.attribute)).is_some_and(|attribute| attribute.personal)
    }

    /// The entity whose rows are gathered.
    fn target(&mut self, node: &PathText) -> Option<Entity> {
        let text = node.text()?;
        let name = text.split('.').next().unwrap_or_default().trim();
        let place = node.place_within(0, name.len());
        let known = name.parse::<EntityId>().ok().and_then(|id| self.entities.get(&id)).cloned();
        let Some(entity) = known else {
            if !self.context.symbols.contains(Symbol::Entity, name) {
                let message = format!("there is no entity `{}`", shorten(name));
                let names = self.context.symbols.names(Symbol::Entity);
                let finding = self.context.findings.unknown(codes::UNKNOWN_NAME, place, message, name, names);
                finding.expected("an entity and, behind a dot, an attribute of it: `order`, `order.amount`");
            }
            return None;
        };
        if entity.rows.as_ref().is_some_and(Rows::by_period) {
            self.context
                .report(
                    codes::PANEL_PERIOD,
                    place,
                    format!("{name} has other rows for each length of period, and here none is said"),
                )
                .fix(format!(
                    "gather from what {name} is made of, or say how long its periods are: `every: month`"
                ));
            return None;
        }
        Some(entity)
    }

    #[expect(clippy::option_option, reason = "the outer one tells of a finding")]
    fn value(
        &mut self,
        how: How,
        target: &Field<PathText>,
        written: &written::Attribute,
        of: &Entity,
    ) -> Option<Option<Expression>> {
        let node = target.get()?;
        let dot = node.text()?.find('.');
        let word = how.word();
        if dot.is_some() && written.value.is_written() {
            self.context
                .report(
                    codes::GATHERED_VALUE,
                    written.value.key,
                    format!("`{word}` has two values: `{}` and `value`", shorten(node.text()?)),
                )
                .fix("keep one of them");
            return None;
        }
        let value = match dot {
            Some(dot) => {
                let (path, type_) = sql::path_after(node, dot + 1, of, self.entities, self.context.findings)?;
                Some(Expression { type_, node: Node::Path(path) })
            }
            None if written.value.is_written() => {
                Some(self.expression(written.value.get()?, &of.id, Want::Any)?)
            }
            None => None,
        };
        let at = if written.value.is_written() { written.value.span } else { target.span };
        let Some(value) = value else {
            if how.takes_value() {
                self.context
                    .report(codes::GATHERED_VALUE, at, format!("`{word}` does not say of what"))
                    .expected(format!("an attribute behind a dot: `{word}: {}.…`, or `value: …`", of.id));
                return None;
            }
            return Some(None);
        };
        if !how.takes_value() {
            let fix = match how {
                How::Count => format!(
                    "write `distinct: {}` for how many different values there are, or `count: {}`",
                    shorten(node.text()?),
                    of.id
                ),
                _ => format!("write `{word}: {}`; which rows is said by `where`", of.id),
            };
            self.context
                .report(codes::GATHERED_VALUE, at, format!("`{word}` looks at rows, not at a value of them"))
                .fix(fix);
            return None;
        }
        let quantity =
            matches!(value.type_, Type::Integer | Type::Number { .. } | Type::Money { .. } | Type::Duration);
        let time = matches!(value.type_, Type::Date | Type::Timestamp);
        let expected = match how {
            How::Sum if !quantity => "a number, money or a duration",
            How::Least | How::Greatest if !quantity && !time => {
                "a number, money, a duration, a date or a timestamp"
            }
            _ => return Some(Some(value)),
        };
        self.context
            .report(
                codes::GATHERED_VALUE,
                at,
                format!("`{word}` of something of type {}", type_text(&value.type_)),
            )
            .expected(expected);
        None
    }

    /// What ties their rows to this one.
    fn same(
        &mut self,
        written: &written::Attribute,
        at: Span,
        own: &Entity,
        of: &Entity,
    ) -> Option<Vec<(Expression, Expression)>> {
        if let Some(same) = written.same.get() {
            let mut pairs = Vec::new();
            for ((mine, mine_at), (theirs, theirs_at)) in &same.0 {
                let pair = (self.of_row(mine, *mine_at, own), self.of_row(theirs, *theirs_at, of));
                let (Some(mine), Some(theirs)) = pair else { return None };
                if !can_equal(&mine.type_, &theirs.type_) {
                    let message = format!(
                        "`{mine}` of {} is of type {}, `{theirs}` of {} of type {}: they are never the same",
                        own.id,
                        type_text(&mine.type_),
                        of.id,
                        type_text(&theirs.type_)
                    );
                    self.context.report(codes::SAME, *theirs_at, message);
                    return None;
                }
                pairs.push((mine, theirs));
            }
            if pairs.is_empty() {
                self.context.report(codes::SAME, written.same.span, "`same` names nothing");
                return None;
            }
            return Some(pairs);
        }
        if written.same.is_written() {
            return None;
        }
        let (subject, mine) = match own.rows.as_ref().and_then(Rows::subject) {
            Some((subject, attribute)) => (subject.clone(), attribute.clone()),
            None => (own.id.clone(), own.single_key()?.clone()),
        };
        // Rows of the subject itself are tied by their key.
        let refers = |id: &AttributeId, type_: &Type| {
            matches!(type_, Type::Reference { entity } if *entity == subject)
                && !matches!(of.derivation(id), Some(Derivation::Expression(_)))
        };
        let references: Vec<&AttributeId> =
            of.all_attributes().filter(|a| refers(&a.id, &a.type_)).map(|a| &a.id).collect();
        match references.as_slice() {
            [theirs] => Some(vec![(self.of_row(&mine, at, own)?, self.of_row(theirs, at, of)?)]),
            several => {
                let shared: Vec<&str> = own
                    .all_attributes()
                    .filter(|a| matches!(a.type_, Type::Reference { .. }))
                    .filter(|a| of.attribute(&a.id).is_some_and(|b| b.type_ == a.type_))
                    .map(|a| a.id.as_str())
                    .collect();
                let message = if several.is_empty() {
                    format!(
                        "{} does not refer to {subject}: which of its rows belong to a row of {} is not said",
                        of.id, own.id
                    )
                } else {
                    format!(
                        "{} refers to {subject} by {}: which of them is meant is not said",
                        of.id,
                        quoted(several.iter().map(|id| id.as_str()))
                    )
                };
                let fix = match (several.first(), shared.first()) {
                    (Some(first), _) => format!("write `same: {{{mine}: {first}}}`"),
                    (None, Some(shared)) => format!("write `same: {shared}`, which both have"),
                    (None, None) => "write `same: {ATTRIBUTE_OF_THIS: ATTRIBUTE_OF_THEIRS}`".to_owned(),
                };
                self.context.report(codes::SAME, at, message).fix(fix);
                None
            }
        }
    }

    /// An attribute of a row by its name.
    pub(super) fn of_row(&mut self, name: &AttributeId, at: Span, of: &Entity) -> Option<Expression> {
        let attribute = self.named(name, at, of)?;
        let path = Path { references: Vec::new(), attribute: name.clone() };
        Some(Expression { type_: attribute.type_.clone(), node: Node::Path(path) })
    }

    /// What dates their rows.
    fn dated(&mut self, written: &written::Attribute, at: Span, of: &Entity) -> Option<Expression> {
        if written.in_force.is_written() && written.dated.is_written() {
            self.context
                .report(
                    codes::STRETCH,
                    written.dated.key,
                    "what is in force goes by its beginning and end, not by a date",
                )
                .fix("remove `dated`, or write a stretch with `from` and `until`");
            return None;
        }
        let name = match written.dated.get() {
            Some(dated) => self.date_of(dated, written.dated.span, of)?,
            None if written.dated.is_written() => return None,
            None => match (&of.time, written.in_force.is_written().then_some(of.lasts.as_ref()).flatten()) {
                (_, Some(lasts)) => lasts.from.clone(),
                (Some(time), None) => time.clone(),
                (None, None) => {
                    self.context
                        .report(codes::NO_TIME, at, format!("nothing dates the rows of {}", of.id))
                        .fix(format!("add `dated: …`, a date of {}", of.id));
                    return None;
                }
            },
        };
        self.of_row(&name, at, of)
    }

    fn stretch(
        &mut self,
        written: &written::Attribute,
        at: Span,
        own: &Entity,
        of: &Entity,
    ) -> Option<Stretch> {
        let within = self.optional(&written.within, |_, micros| Some(micros.0))?;
        let bounds: Vec<(&str, Span, bool)> = [
            ("from", written.from.key, written.from.is_written()),
            ("after", written.after.key, written.after.is_written()),
            ("until", written.until.key, written.until.is_written()),
        ]
        .into_iter()
        .filter(|(.., is_written)| *is_written)
        .collect();
        if written.in_force.is_written() {
            if let Some((name, span, _)) = bounds.first() {
                self.context
                    .report(
                        codes::STRETCH,
                        *span,
                        format!("`in_force` looks at an instant, `{name}` at a stretch"),
                    )
                    .fix("keep one of them");
                return None;
            }
            let at_instant = self.date(written.in_force.get()?, &own.id);
            let within =
                within.map(|micros| at_instant.as_ref().map(|at| Length::from(&at.type_, micros, self.zone)));
            let Some(lasts) = of.lasts.clone() else {
                self.context
                    .report(codes::NOT_LASTING, written.in_force.key, format!("from when until when a row of {} is in force is not said", of.id))
                    .fix(format!("add `lasts: {{from: …, until: …}}` to the entity {}, or write a stretch with `from` and `until`", of.id));
                return None;
            };
            return Some(Stretch::InForce {
                at: at_instant?,
                within: within.flatten(),
                begins: self.of_row(&lasts.from, at, of)?,
                ends: match &lasts.until {
                    Some(until) => Some(self.of_row(until, at, of)?),
                    None => None,
                },
            });
        }
        if let (true, true) = (written.from.is_written(), written.after.is_written()) {
            self.context
                .report(codes::STRETCH, written.after.key, "the stretch begins twice: `from` and `after`")
                .fix("keep `from`, which takes its own instant in, or `after`, which does not");
            return None;
        }
        let lower = written.from.is_written() || written.after.is_written();
        if written.within.is_written() && (lower == written.until.is_written()) {
            let message = if lower {
                "`within` and two bounds say three times how long the stretch is"
            } else {
                "`within` does not say of what"
            };
            self.context
                .report(codes::STRETCH, written.within.key, message)
                .expected("`within` and one bound: `from: created_at, within: 30 days`, or `until: period_end, within: 365 days`");
            return None;
        }
        let is_panel = own.rows.as_ref().is_some_and(|rows| rows.panel().is_some());
        if bounds.is_empty() && is_panel {
            let row = |reader: &mut Self, name: &str| {
                let name = name.parse().ok()?;
                reader.of_row(&name, at, own).map(Bound::At)
            };
            return Some(Stretch::Dated {
                from: Some(row(self, panel::PERIOD_START)?),
                after: false,
                until: Some(row(self, panel::PERIOD_END)?),
                within: None,
            });
        }
        let from = self.optional(&written.from, |reader, text| reader.bound(text, own, of))?;
        let after = self.optional(&written.after, |reader, text| reader.bound(text, own, of))?;
        let until = self.optional(&written.until, |reader, text| reader.bound(text, own, of))?;
        let (begins_after, from) = (after.is_some(), from.or(after));
        let within = within.map(|micros| {
            let of = match from.as_ref().or(until.as_ref()) {
                Some(Bound::At(at)) => Some(&at.type_),
                Some(Bound::This) => {
                    own.time.as_ref().and_then(|time| own.attribute(time)).map(|time| &time.type_)
                }
                None => None,
            };
            Length::from(of.unwrap_or(&Type::Timestamp), micros, self.zone)
        });
        Some(Stretch::Dated { after: begins_after, from, until, within })
    }

    fn bound(&mut self, text: &ExpressionText, own: &Entity, of: &Entity) -> Option<Bound> {
        if text.text().map(str::trim) != Some("this") {
            return self.date(text, &own.id).map(Bound::At);
        }
        match &own.time {
            Some(_) if own.id == of.id => Some(Bound::This),
            time => {
                let finding = self.context.report(
                    codes::STRETCH,
                    text.span,
                    format!("`this` is a place among the rows of {}, and these are of {}", own.id, of.id),
                );
                if let Some(time) = time {
                    finding.fix(format!("write the date of this row: `{time}`"));
                }
                None
            }
        }
    }
}

/// Whether values of two types can be the same: a key and references to it, texts, and whatever is of one type.
fn can_equal(mine: &Type, theirs: &Type) -> bool {
    match (mine, theirs) {
        (Type::Reference { entity: a }, Type::Reference { entity: b }) => a == b,
        (
            Type::Text | Type::Enum { .. } | Type::Reference { .. },
            Type::Text | Type::Enum { .. } | Type::Reference { .. },
        ) => true,
        (a, b) => {
            a == b || (a.physical() == b.physical() && a.physical() == crate::expression::Physical::Instant)
        }
    }
}
