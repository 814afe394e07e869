//! Roles: what definitions name in place of somebody, and whether anybody holds them.

use std::collections::BTreeMap;

use super::Context;
use crate::{
    codes,
    decode::Placed,
    definitions as written,
    id::{KpiId, PersonId, UnitId},
    measure::Kpi,
    project::Role,
    unit::{Unit, UnitTree},
};

/// Roles that are said by who signs in alone.
const RESERVED: [&str; 2] = ["owner", "runner"];

/// Reads all roles.
pub(super) fn read(roles: &[Placed<written::Role>], context: &mut Context<'_>) -> BTreeMap<PersonId, Role> {
    let mut all = BTreeMap::new();
    for role in roles {
        let Some(id) = role.value.role.get().and_then(|of| of.id.clone()) else { continue };
        let span = role.value.role.span;
        if RESERVED.contains(&id.as_str()) {
            context.report(codes::ROLE_RESERVED, span, format!("`{id}` is a role that no seat gives"));
        }
        if let Some(name) = role.value.name.cloned() {
            all.insert(id.clone(), Role { id, name, span });
        }
    }
    all
}

/// Roles that KPIs name and nobody holds in the unit at the top.
pub(super) fn held(
    roles: &BTreeMap<PersonId, Role>,
    kpis: &BTreeMap<KpiId, Kpi>,
    units: &BTreeMap<UnitId, Unit>,
    context: &mut Context<'_>,
) {
    let root = UnitTree::of(units, context.options.today).root();
    for role in roles.values().filter(|role| root.is_none_or(|root| !root.seats.contains_key(&role.id))) {
        let named = kpis.values().filter(|kpi| kpi.accountable.as_ref() == Some(&role.id));
        let named: Vec<String> = named.map(|kpi| format!("`{}`", kpi.id)).collect();
        let Some((first, others)) = named.split_first() else { continue };
        let others = match others.len() {
            0 => String::new(),
            1 => " and one other KPI".to_owned(),
            n => format!(" and {n} other KPIs"),
        };
        let id = &role.id;
        let message = format!("nobody holds the role `{id}`, which answers for {first}{others}");
        let finding = context.report(codes::ROLE_VACANT, role.span, message);
        finding.fix(match root {
            Some(root) => format!("write `seats: {{{id}: …}}` in `unit: {}`", root.id),
            None => format!("add a unit for the whole with `seats: {{{id}: …}}`"),
        });
    }
}
