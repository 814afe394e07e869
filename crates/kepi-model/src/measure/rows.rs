//! The rows a measure looks at: as written, as read, and the reader of both.

use std::{collections::BTreeMap, sync::Arc};

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    business_hours::NamedHours,
    calendar::FiscalCalendar,
    codes,
    decode::{ExpressionText, Field, PathText},
    derived::Derivation,
    entity::{Entity, screening::counting},
    expression::{Expression, Node, Path, Type},
    findings::Findings,
    form,
    id::{BusinessHoursId, EntityId, KpiId, UnitId},
    lexical::type_text,
    measure::Kpi,
    source_text::Span,
    sql::{self, Scope, Want},
    symbols::Symbols,
    table::Symbol,
    unit::Unit,
};

/// Rows of one entity, filtered and dated.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Population {
    /// Base entity.
    pub of: EntityId,
    /// An instant or date of the row (or of a referenced one); decides the period.
    pub at: Path,
    /// Rows for which this is true count.
    pub filter: Option<Expression>,
}

impl Population {
    /// What is hashed of it.
    pub(crate) fn form(&self) -> Value {
        let filter = form::option(self.filter.as_ref(), form::expression);
        vec![json!("rows"), json!(self.of), form::path(&self.at), filter].into()
    }
}

/// What a measure reads of one population, beside its filter and what dates it.
#[derive(Debug, Clone)]
pub struct Reading<'a> {
    /// The rows.
    pub rows: &'a Population,
    /// Expressions over them.
    pub values: Vec<&'a Expression>,
}

/// What every measure of rows says: of which, dated how, and which of them.
pub(crate) trait OfRows {
    /// The entity whose rows are looked at.
    fn of(&self) -> &Field<EntityId>;
    /// What dates them.
    fn at(&self) -> &Field<PathText>;
    /// Which of them count.
    fn filter(&self) -> &Field<ExpressionText>;
}

/// A measure of rows: `of` before its own fields, `at` and `where` after them.
macro_rules! of_rows {
    ($name:ident = $word:literal, $about:literal; $($own:tt)*) => {
        $crate::decode::table! {
            $name = $word, $about;
            of: $crate::id::EntityId, required, "The entity whose rows are looked at.", "survey_response";
            $($own)*
            at: $crate::decode::PathText, optional,
                "The date or time that decides the period; default the entity's time.", "responded_at";
            filter "where": $crate::decode::ExpressionText, optional, "Only rows for which this is true.",
                "survey = 'relationship'";
        }
        impl $crate::measure::rows::OfRows for $name {
            fn of(&self) -> &$crate::decode::Field<$crate::id::EntityId> {
                &self.of
            }
            fn at(&self) -> &$crate::decode::Field<$crate::decode::PathText> {
                &self.at
            }
            fn filter(&self) -> &$crate::decode::Field<$crate::decode::ExpressionText> {
                &self.filter
            }
        }
    };
}
pub(super) use of_rows;

/// Reads measures, and what else of a KPI is written about its rows.
pub(crate) struct Reader<'a, 'b> {
    pub(crate) entities: &'a BTreeMap<EntityId, Entity>,
    pub(crate) zone: &'a TimeZone,
    /// How days make periods.
    pub(crate) fiscal: FiscalCalendar,
    pub(crate) units: &'a BTreeMap<UnitId, Unit>,
    pub(crate) business_hours: &'a BTreeMap<BusinessHoursId, NamedHours>,
    pub(crate) findings: &'b mut Findings,
    pub(crate) symbols: &'a Symbols,
    /// The KPIs that were read so far: those that this one is computed of are among them.
    pub(crate) kpis: &'a BTreeMap<KpiId, Arc<Kpi>>,
}

impl<'a> Reader<'a, '_> {
    /// The entity whose rows a measure looks at, if it is known.
    pub(crate) fn entity(&self, rows: &impl OfRows) -> Option<&'a Entity> {
        self.entities.get(rows.of().get()?)
    }

    pub(crate) fn population(&mut self, rows: &impl OfRows) -> Option<Population> {
        let entity = self.entity(rows)?;
        if !self.symbols.contains(Symbol::Entity, entity.id.as_str()) {
            return None;
        }
        let at = match (rows.at().get(), &entity.time) {
            (Some(at), _) => {
                let (found, type_) = sql::path(at, entity, self.entities, self.findings)?;
                let last = found.references.last().map_or(Some(entity), |(_, next)| self.entities.get(next));
                if let Some(Derivation::Expression(_)) =
                    last.and_then(|last| last.derivation(&found.attribute))
                {
                    self.findings
                        .report(codes::NOT_A_TIME, at.span, format!("`{found}` is computed"))
                        .expected("a date or timestamp that is landed or gathered");
                    return None;
                }
                self.is_time(&type_, at.span).then_some(found)
            }
            (None, _) if rows.at().is_written() => None,
            (None, Some(time)) => Some(Path { references: Vec::new(), attribute: time.clone() }),
            (None, None) => {
                self.findings
                    .report(
                        codes::NO_TIME,
                        rows.of().span,
                        format!("nothing dates the rows of {}", entity.id),
                    )
                    .fix("add `at`, a path to a date or timestamp");
                None
            }
        };
        let filter = rows.filter().get().map(|condition| self.expression(condition, entity, Want::Condition));
        if rows.filter().is_written() && !matches!(filter, Some(Some(_))) {
            return None;
        }
        // What is screened out does not count.
        let filter = counting(entity, filter.flatten());
        Some(Population { of: entity.id.clone(), at: at?, filter })
    }

    pub(crate) fn is_time(&mut self, type_: &Type, at: Span) -> bool {
        let time = matches!(type_, Type::Date | Type::Timestamp);
        if !time {
            self.findings
                .report(codes::NOT_A_TIME, at, format!("this is of type {}", type_text(type_)))
                .expected("a date or a timestamp");
        }
        time
    }

    pub(crate) fn expression(
        &mut self,
        text: &ExpressionText,
        entity: &Entity,
        want: Want,
    ) -> Option<Expression> {
        let scope = self.scope(entity);
        sql::expression(text, &scope, want, self.findings)
    }

    /// What an expression over the rows of an entity may see.
    pub(crate) fn scope(&self, base: &'a Entity) -> Scope<'a> {
        let (zone, units) = (self.zone, Some(self.units));
        Scope {
            entities: self.entities,
            base,
            walk: true,
            zone,
            days: zone,
            units,
            fiscal: Some(self.fiscal),
        }
    }

    /// An expression of a measure; looked at even if the population is broken but its entity is known.
    pub(crate) fn value(
        &mut self,
        rows: &impl OfRows,
        field: &Field<ExpressionText>,
        want: Want,
    ) -> Option<Expression> {
        let entity = self.entity(rows)?;
        self.expression(field.get()?, entity, want)
    }

    /// A path to a date or an instant.
    pub(crate) fn time(&mut self, field: &Field<PathText>, entity: &Entity) -> Option<Expression> {
        let text = field.get()?;
        let (found, type_) = sql::path(text, entity, self.entities, self.findings)?;
        self.is_time(&type_, text.span).then_some(Expression { type_, node: Node::Path(found) })
    }
}
