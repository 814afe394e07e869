//! Row expressions: a typed tree, built from an allow-list of SQL.
//!
//! The tree is the only form that leaves this crate; no text is ever handed to a query engine. Semantics are SQL's
//! three-valued logic over exact numbers: an operation with a missing operand is missing, except `and`, `or`,
//! `is null` and `coalesce`. Numbers are fixed-point integers: `+ −` work at the larger scale, `×` adds scales.

use std::{collections::BTreeSet, sync::Arc};

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    business_hours::BusinessHours,
    id::{AttributeId, EntityId},
    word::{Word as _, words},
};

/// What a value is. Physical form in brackets.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    /// Free text [UTF-8].
    Text,
    /// Whole number [i64].
    Integer,
    /// Fixed-point number: the integer is the value times 10^scale [i64].
    Number {
        /// Decimal digits, 0..=18 inside expressions, 0..=9 in attributes.
        scale: u8,
    },
    /// An amount of one currency [i64].
    Money {
        /// ISO 4217 code.
        currency: String,
        /// Decimal digits.
        scale: u8,
    },
    /// True or false [bool].
    Boolean,
    /// A calendar day; kept as the instant at which it starts in the reporting zone [i64 µs UTC].
    Date,
    /// An instant [i64 µs UTC].
    Timestamp,
    /// A length of time [i64 µs].
    Duration,
    /// One of a closed list of texts [UTF-8].
    Enum {
        /// The members, in declared order.
        values: Arc<[String]>,
    },
    /// The key of a row of another entity [UTF-8].
    Reference {
        /// The entity referred to.
        entity: EntityId,
    },
}

/// The four physical forms that every evaluator and file knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Physical {
    /// UTF-8 text.
    Text,
    /// 64-bit integer: numbers, money, durations.
    Integer,
    /// Microseconds since 1970-01-01T00:00:00Z.
    Instant,
    /// Boolean.
    Boolean,
}

impl Type {
    /// How values of this type are stored and computed with.
    pub fn physical(&self) -> Physical {
        match self {
            Self::Text | Self::Enum { .. } | Self::Reference { .. } => Physical::Text,
            Self::Integer | Self::Number { .. } | Self::Money { .. } | Self::Duration => Physical::Integer,
            Self::Boolean => Physical::Boolean,
            Self::Date | Self::Timestamp => Physical::Instant,
        }
    }
    /// Decimal digits of a numeric type; durations and integers have none.
    pub fn scale(&self) -> u8 {
        match self {
            Self::Number { scale } | Self::Money { scale, .. } => *scale,
            _ => 0,
        }
    }
}

/// An integer with a point before its last `scale` digits.
pub fn scaled(value: i64, scale: u8) -> String {
    if scale == 0 {
        return value.to_string();
    }
    let by = 10u64.saturating_pow(u32::from(scale));
    let magnitude = value.unsigned_abs();
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}.{:0width$}", magnitude / by, magnitude % by, width = usize::from(scale))
}

/// A constant. Instants and durations are [`Literal::Integer`] in microseconds with the type saying so.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Literal {
    /// No value.
    Missing,
    /// A text.
    Text(String),
    /// A scaled integer, an instant or a duration.
    Integer(i64),
    /// True or false.
    Boolean(bool),
}

/// Arithmetic on integers at scales that already agree (`+ −`) or add up (`×`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arithmetic {
    /// Sum.
    Add,
    /// Difference; of two instants a duration.
    Subtract,
    /// Product.
    Multiply,
}

/// How two values of one type are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

words! {
    /// A function on the values of one row; without one of them there is no result.
    pub enum Function {
        /// Text in capitals.
        Upper = "upper",
        /// Text in small letters.
        Lower = "lower",
        /// Text without white space at its ends.
        Trim = "trim",
        /// How many characters a text has.
        Length = "length",
        /// Text with every occurrence of the second replaced by the third; an empty second changes nothing.
        Replace = "replace",
        /// Text from the second, a position from 1, and of the third, a length, if there is one.
        Substring = "substring",
        /// Of the text between the second, the third part: 1 is the first, −1 the last; there may be none.
        SplitPart = "split_part",
        /// Texts and integers in decimal, one after the other.
        Concat = "concat",
        /// Year that the clock of a zone, the last value, shows.
        Year = "year",
        /// Month, 1 to 12.
        Month = "month",
        /// Day of the month.
        Day = "day",
        /// Day of the week: a member of the result's type, Monday first.
        Weekday = "weekday",
        /// Hour, 0 to 23.
        Hour = "hour",
        /// Completed years from the first day to the second, negative if that is earlier; each by the clock of a zone, which follow.
        YearsBetween = "years_between",
        /// From the second day to the first, in whole days of the clock of a zone, which follows. It is written `a - b`.
        DaysBetween = "days_between",
        /// The day that lies a length of whole days after the first, by the clock of a zone, which follows. It is written `a + 7 days`.
        DaysLater = "days_later",
        /// The name of the period that a day lies in, of the length that follows, by the clock of a zone and how days make periods, which follow.
        Period = "period",
        /// The band that a number, the first, lies in: a member of the result's type. Each further value begins a band.
        Bands = "bands",
    }
}

impl Function {
    /// Functions that are written by their names.
    pub(crate) fn written() -> impl Iterator<Item = &'static str> + Clone {
        let own = [Self::DaysBetween, Self::DaysLater].map(Self::word);
        Self::WORDS.iter().copied().filter(move |word| !own.contains(word))
    }

    /// Whether its values are followed by as many that the language does not write: by which clocks and which calendar it goes.
    pub fn reads_clock(self) -> bool {
        matches!(
            self,
            Self::Year
                | Self::Month
                | Self::Day
                | Self::Weekday
                | Self::Hour
                | Self::YearsBetween
                | Self::Period
        )
    }
}

/// A many-to-one walk: references from the base entity, then one attribute of the last entity reached.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Path {
    /// Reference attributes walked, each with the entity it leads to; empty for an attribute of the base entity.
    pub references: Vec<(AttributeId, EntityId)>,
    /// The attribute read at the end.
    pub attribute: AttributeId,
}

/// A typed expression.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Expression {
    /// Type of the result.
    #[serde(rename = "type")]
    pub type_: Type,
    /// What is computed.
    pub node: Node,
}

/// A length of time that is counted from a date or up to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Length {
    /// How long, in µs.
    pub micros: i64,
    /// Counted in days by the clock of this zone, some of which are longer or shorter than 24 hours; none: in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_of: Option<String>,
}

/// µs of a day of 24 hours.
const DAY: i64 = 86_400_000_000;

/// Whether a date and a length of time come to a date.
pub(crate) fn is_of_days(micros: i64) -> bool {
    micros % DAY == 0
}

impl Length {
    /// As it is counted from a value of a type: whole days from a date are days of the clock by which it begins.
    pub(crate) fn from(type_: &Type, micros: i64, zone: &TimeZone) -> Self {
        let in_days = *type_ == Type::Date && is_of_days(micros);
        Self { micros, days_of: in_days.then(|| zone.iana_name().unwrap_or("UTC").to_owned()) }
    }

    /// What lies so long after an instant.
    pub fn after(&self, at: i64) -> i64 {
        self.shifted(at, self.micros)
    }

    /// What lies so long before an instant.
    pub fn before(&self, at: i64) -> i64 {
        self.shifted(at, self.micros.saturating_neg())
    }

    fn shifted(&self, at: i64, by: i64) -> i64 {
        let of_days = self.days_of.as_deref().and_then(|zone| days_later(at, by, zone));
        of_days.unwrap_or_else(|| at.saturating_add(by))
    }
}

fn day(at: i64, zone: &TimeZone) -> Option<Date> {
    Some(zone.to_datetime(Timestamp::from_microsecond(at).ok()?).date())
}

/// Where the day begins that lies a length of whole days after the one that an instant is of.
pub fn days_later(at: i64, by: i64, zone: &str) -> Option<i64> {
    let zone = TimeZone::get(zone).ok()?;
    let day = day(at, &zone)?.checked_add((by / DAY).days()).ok()?;
    Some(day.to_zoned(zone).ok()?.timestamp().as_microsecond())
}

/// From a day until another, in µs of days of 24 hours.
pub fn days_between(from: i64, until: i64, zone: &str) -> Option<i64> {
    let zone = TimeZone::get(zone).ok()?;
    let days = (day(until, &zone)? - day(from, &zone)?).get_days();
    i64::from(days).checked_mul(DAY)
}

impl Path {
    /// Adds the entities it walks to.
    pub(crate) fn visit_entities(&self, entities: &mut BTreeSet<EntityId>) {
        entities.extend(self.references.iter().map(|(_, entity)| entity.clone()));
    }
}

impl Expression {
    /// From one time until another: of two dates in days of the clock by which they begin.
    pub(crate) fn between(until: Self, from: Self, zone: Self) -> Self {
        let node = match (&until.type_, &from.type_) {
            (Type::Date, Type::Date) => Node::Call(Function::DaysBetween, vec![until, from, zone]),
            _ => Node::Arithmetic(Arithmetic::Subtract, Box::new(until), Box::new(from)),
        };
        Self { type_: Type::Duration, node }
    }

    /// The clock of a zone, as functions take it.
    pub(crate) fn zone(zone: &TimeZone) -> Self {
        let name = zone.iana_name().unwrap_or("UTC").to_owned();
        Self { type_: Type::Text, node: Node::Literal(Literal::Text(name)) }
    }

    /// A date and by how much another lies after it, in µs, if that is what it says.
    pub(crate) fn as_shifted(&self) -> Option<(&Self, i64)> {
        let length = |of: &Self| match &of.node {
            Node::Literal(Literal::Integer(by)) if of.type_ == Type::Duration => Some(*by),
            _ => None,
        };
        match &self.node {
            Node::Arithmetic(Arithmetic::Add, a, b) => {
                length(b).map(|by| (&**a, by)).or_else(|| length(a).map(|by| (&**b, by)))
            }
            Node::Arithmetic(Arithmetic::Subtract, a, b) => Some((a, length(b)?.checked_neg()?)),
            Node::Call(Function::DaysLater, of) => match of.as_slice() {
                [at, by, _] => Some((at, length(by)?)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Adds the entities that it reads beside the one whose rows it looks at.
    pub(crate) fn visit_entities(&self, entities: &mut BTreeSet<EntityId>) {
        self.visit(&mut |part| match &part.node {
            Node::Path(path) => path.visit_entities(entities),
            Node::Exists(_, entity) => {
                entities.insert(entity.clone());
            }
            _ => {}
        });
    }

    /// The same with other expressions in place of paths, each made of the path and its type.
    pub fn map_paths(&self, make: &mut impl FnMut(&Path, &Type) -> Self) -> Self {
        let mut one = |e: &Self| Box::new(e.map_paths(make));
        let node = match &self.node {
            Node::Path(path) => return make(path, &self.type_),
            Node::Literal(_) | Node::Exists(..) => return self.clone(),
            Node::Arithmetic(how, a, b) => Node::Arithmetic(*how, one(a), one(b)),
            Node::Compare(how, a, b) => Node::Compare(*how, one(a), one(b)),
            Node::Negate(a) => Node::Negate(one(a)),
            Node::Rescale(a, digits) => Node::Rescale(one(a), *digits),
            Node::Not(a) => Node::Not(one(a)),
            Node::IsMissing(a) => Node::IsMissing(one(a)),
            Node::In(a, list) => Node::In(one(a), list.clone()),
            Node::Like(a, pattern) => Node::Like(one(a), pattern.clone()),
            Node::BusinessTime(a, hours) => Node::BusinessTime(one(a), hours.clone()),
            Node::And(list) => Node::And(list.iter().map(|e| *one(e)).collect()),
            Node::Or(list) => Node::Or(list.iter().map(|e| *one(e)).collect()),
            Node::Coalesce(list) => Node::Coalesce(list.iter().map(|e| *one(e)).collect()),
            Node::Call(function, list) => Node::Call(*function, list.iter().map(|e| *one(e)).collect()),
            Node::Case(branches, last) => Node::Case(
                branches.iter().map(|(test, result)| (*one(test), *one(result))).collect(),
                last.as_ref().map(|last| one(last)),
            ),
        };
        Self { type_: self.type_.clone(), node }
    }

    /// Calls `see` with this expression and every one inside it, outer before inner, in the order they are written.
    pub fn visit<'a>(&'a self, see: &mut impl FnMut(&'a Self)) {
        see(self);
        match &self.node {
            Node::Literal(_) | Node::Path(_) | Node::Exists(..) => {}
            Node::Arithmetic(_, a, b) | Node::Compare(_, a, b) => {
                a.visit(see);
                b.visit(see);
            }
            Node::Negate(a)
            | Node::Rescale(a, _)
            | Node::Not(a)
            | Node::IsMissing(a)
            | Node::In(a, _)
            | Node::Like(a, _)
            | Node::BusinessTime(a, _) => a.visit(see),
            Node::And(all) | Node::Or(all) | Node::Coalesce(all) | Node::Call(_, all) => {
                all.iter().for_each(|e| e.visit(see));
            }
            Node::Case(branches, last) => {
                for (test, result) in branches {
                    test.visit(see);
                    result.visit(see);
                }
                if let Some(last) = last {
                    last.visit(see);
                }
            }
        }
    }
}

/// The nodes. Operands have been brought to agreeing types and scales by explicit [`Node::Rescale`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Node {
    /// A constant.
    Literal(Literal),
    /// An attribute reached by many-to-one references.
    Path(Path),
    /// Integer arithmetic.
    Arithmetic(Arithmetic, Box<Expression>, Box<Expression>),
    /// Sign change.
    Negate(Box<Expression>),
    /// Multiply the stored integer by 10^digits: the same value at a larger scale.
    Rescale(Box<Expression>, u8),
    /// Comparison; texts compare by bytes, `false < true`.
    Compare(Comparison, Box<Expression>, Box<Expression>),
    /// Three-valued and.
    And(Vec<Expression>),
    /// Three-valued or.
    Or(Vec<Expression>),
    /// Three-valued not.
    Not(Box<Expression>),
    /// True where there is no value.
    IsMissing(Box<Expression>),
    /// Membership of a list of literals of the operand's type; a missing operand is unknown.
    In(Box<Expression>, Vec<Literal>),
    /// SQL `like`: `%` any run, `_` any one character, no escape; case-sensitive.
    Like(Box<Expression>, String),
    /// The first operand that has a value.
    Coalesce(Vec<Expression>),
    /// The first branch whose condition is true, else the last part, else missing.
    Case(Vec<(Expression, Expression)>, Option<Box<Expression>>),
    /// Business time from the beginning of 1970 until an instant, see [`BusinessHours::elapsed`]: a duration.
    BusinessTime(Box<Expression>, BusinessHours),
    /// A function.
    Call(Function, Vec<Expression>),
    /// Whether the entity referred to by a reference attribute has a row with that key: only in source rules.
    Exists(AttributeId, EntityId),
}
