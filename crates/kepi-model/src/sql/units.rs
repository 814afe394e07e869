//! `unit_above`: below which unit of a level another stands, on a day or as now. The tree is written out where it is asked for, so
//! that evaluators need none of their own and what is computed by it has its hash.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use sqlparser::ast::{Expr, Function as Call, Spanned, Value};

use super::{Reader, count};
use crate::{
    codes,
    expression::{Comparison, Expression, Literal, Node, Type},
    id::UnitId,
    unit::{Unit, UnitTree},
    wording::{nearest, quoted, shorten},
};

/// How it is called.
pub(super) const UNIT_ABOVE: &str = "unit_above";
/// How it is written.
const FORM: &str = "unit_above(team, 'team', 'region', opened_at)";

/// Below which member a unit stands, from which day on; the first holds from ever.
type Places<'a> = Vec<(Option<Date>, Option<&'a str>)>;

impl Reader<'_> {
    /// A call: of which member, what level that is of, which level above is asked for, and by the tree of which day.
    pub(super) fn unit_above(&mut self, call: &Call) -> Option<Expression> {
        let values = self.arguments(call, FORM)?;
        let (of, own, above, at) = match values.as_slice() {
            [of, own, above] => (of, own, above, None),
            [of, own, above, at] => (of, own, above, Some(at)),
            _ => {
                let what = format!("`{UNIT_ABOVE}` with {} values", values.len());
                return self.refuse(call.name.span(), &what, &format!("write `{FORM}`"));
            }
        };
        let Some(units) = self.scope.units else {
            return self.refuse(
                call.name.span(),
                "`unit_above`",
                "it is for the dimensions and conditions of KPIs",
            );
        };
        let member = self.text(of)?;
        let (own, above) = (self.level(own, units), self.level(above, units));
        let (own, above) = (own?, above?);
        let at = match at {
            None => None,
            Some(at) => {
                let time = self.lower(at)?;
                if !matches!(time.type_, Type::Date | Type::Timestamp) {
                    let found = time.type_.clone();
                    return self.mismatch(
                        at.span(),
                        &found,
                        &Type::Timestamp,
                        "below which unit it stood on a day or at a time",
                    );
                }
                Some((time, *at))
            }
        };
        let mut groups: BTreeMap<Places<'_>, Vec<Literal>> = BTreeMap::new();
        for unit in
            units.values().filter(|unit| unit.level.as_ref().is_some_and(|level| level.as_str() == own))
        {
            let places = places(units, unit, &above, at.is_some());
            groups.entry(places).or_default().push(Literal::Text(unit.member.clone()));
        }
        let mut branches = Vec::new();
        for (places, members) in groups {
            let Some(place) = self.place_by_day(&places, at.as_ref())? else { continue };
            let condition = Node::In(Box::new(member.clone()), members);
            branches.push((Expression { type_: Type::Boolean, node: condition }, place));
        }
        if branches.is_empty() {
            return self.refuse(
                call.name.span(),
                &format!("`{UNIT_ABOVE}` where no unit of `{own}` stands below one of `{above}`"),
                "name the level of the member first, then one above it",
            );
        }
        let made = Expression { type_: Type::Text, node: Node::Case(branches, None) };
        self.tree_parts += count(&made);
        Some(made)
    }

    /// A level of units, as a constant text.
    fn level(&mut self, sql: &Expr, units: &BTreeMap<UnitId, Unit>) -> Option<String> {
        let levels: BTreeSet<&str> =
            units.values().filter_map(|unit| unit.level.as_ref()).map(|level| level.as_str()).collect();
        let named = match sql {
            Expr::Value(value) => match &value.value {
                Value::SingleQuotedString(name) => Some(name),
                _ => None,
            },
            _ => None,
        };
        let Some(name) = named else {
            self.refuse(sql.span(), "a level that is no constant text", &format!("write `{FORM}`"));
            return None;
        };
        if levels.contains(name.as_str()) {
            return Some(name.clone());
        }
        let place = self.place(sql.span());
        let finding = self.findings.report(
            codes::UNKNOWN_LEVEL,
            place,
            format!("no unit is of the level `{}`", shorten(name)),
        );
        finding.expected(format!("one of {}", quoted(levels.iter().copied())));
        if let Some(near) = nearest(name, levels.iter().copied()) {
            finding.fix(format!("did you mean `'{near}'`?"));
        }
        None
    }

    /// The member by the day; none where it never stands below one.
    #[expect(clippy::option_option, reason = "whether it could be read, and whether there is any")]
    fn place_by_day(
        &mut self,
        places: &Places<'_>,
        at: Option<&(Expression, &Expr)>,
    ) -> Option<Option<Expression>> {
        let text = |member: Option<&str>| Expression {
            type_: Type::Text,
            node: Node::Literal(member.map_or(Literal::Missing, |member| Literal::Text(member.to_owned()))),
        };
        if places.iter().all(|(_, member)| member.is_none()) {
            return Some(None);
        }
        let last = places.last().and_then(|(_, member)| *member);
        let (Some((time, sql)), true) = (at, places.len() > 1) else { return Some(Some(text(last))) };
        // A row without a day is below nothing that is known, so the newest place asks for its day as the others do.
        let mut branches = Vec::new();
        let mut compared = |is: Comparison, day: &Date, member: Option<&str>| {
            let day = Expression { type_: Type::Text, node: Node::Literal(Literal::Text(day.to_string())) };
            let (_, time, day) = self.unify(time.clone(), day, sql.span(), sql.span(), true)?;
            let when = Node::Compare(is, Box::new(time), Box::new(day));
            branches.push((Expression { type_: Type::Boolean, node: when }, text(member)));
            Some(())
        };
        for pair in places.windows(2) {
            let [(_, member), (Some(until), _)] = pair else { continue };
            compared(Comparison::Less, until, *member)?;
        }
        if let Some((Some(since), member)) = places.last() {
            compared(Comparison::GreaterOrEqual, since, *member)?;
        }
        Some(Some(Expression { type_: Type::Text, node: Node::Case(branches, None) }))
    }
}

/// Below which member of a level a unit stands and stood; by the newest tree alone if no day is asked for.
fn places<'a>(units: &'a BTreeMap<UnitId, Unit>, unit: &'a Unit, level: &str, by_day: bool) -> Places<'a> {
    let above = |tree: UnitTree<'a>| {
        let mut upwards = tree.upwards(&unit.id).filter_map(|id| tree.unit(id));
        let found = upwards.find(|unit| unit.level.as_ref().is_some_and(|of| of.as_str() == level));
        found.map(|unit| unit.member.as_str())
    };
    if !by_day {
        return vec![(None, above(UnitTree::of(units, None)))];
    }
    let mut places = vec![(None, above(UnitTree::of(units, Some(Date::MIN))))];
    let days: BTreeSet<Date> = units.values().flat_map(Unit::wordings).filter_map(|unit| unit.from).collect();
    for day in days {
        let member = above(UnitTree::of(units, Some(day)));
        if places.last().is_some_and(|(_, last)| *last != member) {
            places.push((Some(day), member));
        }
    }
    places
}
