//! What customers will still bring. The state is the set of their histories, one a customer, to which a model is fitted. What is
//! kept of it is what the fit came to and no history.

use std::collections::BTreeMap;

use kepi_model::{
    expression::Expression,
    measure::{BaseSummary, Lifetime, LifetimeModel},
    project::{Kpi, Measure},
};
use kepi_stats::{
    estimate::{Level, NotComputable},
    value::{
        History,
        lifetime::{Ahead, Buyer, Contract, Worth, of_buyers, of_contracts},
    },
};

use super::{
    Finished, MeasureKind,
    build::{at_most, either, known, positive},
};
use crate::{
    cells::View,
    plan::{JOINT, StateKind},
    side::{LowerError, Lowering, Role, Term},
    state::wire::Fitted,
};

pub(super) const KIND: MeasureKind = MeasureKind::new(lower, finish).fitted(fit);

/// A day in µs, the unit of time of the fit.
const DAY: f64 = 86_400e6;

fn lower(kpi: &Kpi, lowering: &mut Lowering<'_>) -> Result<(), LowerError> {
    let Measure::Lifetime(of) = &kpi.measure else { return Ok(()) };
    let side = lowering.side(Term::First, &of.rows)?;
    let read = of.read_of_row();
    let mut conditions: Vec<Expression> = read.iter().map(|value| known(value)).collect();
    if let LifetimeModel::Purchases { repeats, age, spent, .. } = &of.model {
        // Whose repeats came to nothing, such as by returns, has no value of a purchase; who bought right now no history.
        conditions.extend(either(Some(&at_most(repeats, 0)), Some(&positive(spent))));
        conditions.push(positive(age));
    }
    let conditions: Vec<&Expression> = conditions.iter().collect();
    side.state(Role::Eligible, StateKind::Count, &[]);
    side.state(Role::Counted, StateKind::Count, &conditions);
    side.state(Role::Total, StateKind::Distinct(read.into_iter().cloned().collect()), &conditions);
    Ok(())
}

fn finish(kpi: &Kpi, view: &View<'_>, level: Level) -> Result<Finished, NotComputable> {
    let Measure::Lifetime(of) = &kpi.measure else { return Err(NotComputable::NoRows) };
    let coverage = view.own().coverage(Term::First)?;
    let fitted = view.fitted().ok_or_else(|| {
        NotComputable::Unsupported("a model is fitted to rows, and of these nothing is kept".to_owned())
    });
    let estimate = fitted.and_then(|fitted| fitted.estimate(of.summary == BaseSummary::Total, level));
    Ok(Finished { estimate, coverage })
}

/// The fit to the histories of a cell.
fn fit(kpi: &Kpi, view: &View<'_>) -> Option<Fitted> {
    let Measure::Lifetime(of) = &kpi.measure else { return None };
    let rows = view.own().combinations(Term::First, Role::Total).transpose()?;
    Some(Fitted::of(rows.and_then(|rows| worth(of, rows))))
}

fn worth<'a>(of: &Lifetime, rows: impl Iterator<Item = &'a str>) -> Result<Worth, NotComputable> {
    // By customer: of several rows the one of the longest history.
    let mut customers: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for row in rows {
        let (customer, numbers) = history(of, row).ok_or_else(|| {
            NotComputable::Invalid("the states do not hold what the measure needs".to_owned())
        })?;
        let later = |known: &Vec<i64>| length(of, known) < length(of, &numbers);
        if customers.get(customer).is_none_or(later) {
            customers.insert(customer, numbers);
        }
    }
    let discount = of.discount as f64 / 1e6;
    match &of.model {
        LifetimeModel::Purchases { spent, ahead, .. } => {
            let money = 10_f64.powi(spent.type_.scale().into());
            let buyers: Vec<Buyer> = customers
                .values()
                .filter_map(|numbers| {
                    let &[repeats, last, age, spent] = numbers.as_slice() else { return None };
                    // Purchases of one instant are one.
                    let repeats = if last > 0 { u32::try_from(repeats).unwrap_or(0) } else { 0 };
                    let last = if repeats > 0 { last as f64 / DAY } else { 0.0 };
                    let spent = if repeats > 0 { spent as f64 / money } else { 0.0 };
                    Some(Buyer { history: History { repeats, last, age: age as f64 / DAY }, spent })
                })
                .collect();
            of_buyers(&buyers, Ahead::of_days(*ahead as f64 / DAY, discount))
        }
        LifetimeModel::Contracts { value, .. } => {
            let money = 10_f64.powi(value.type_.scale().into());
            let contracts: Vec<Contract> = customers
                .values()
                .filter_map(|numbers| {
                    let &[renewals, ended, value] = numbers.as_slice() else { return None };
                    let renewals = u32::try_from(renewals).unwrap_or(0);
                    Some(Contract { renewals, ended: ended > 0, value: value as f64 / money })
                })
                .collect();
            of_contracts(&contracts, discount)
        }
    }
}

/// A customer and the numbers of a row. Its name may hold anything, so the numbers are read from the end.
fn history<'a>(of: &Lifetime, row: &'a str) -> Option<(&'a str, Vec<i64>)> {
    let numbers = of.read_of_row().len() - 1;
    let mut parts = row.rsplitn(numbers + 1, JOINT);
    let read = |text: &str| match text {
        "true" => Some(1),
        "false" => Some(0),
        number => number.parse().ok(),
    };
    let mut found: Vec<i64> = parts.by_ref().take(numbers).map(read).collect::<Option<_>>()?;
    found.reverse();
    Some((parts.next()?, found))
}

/// By what the rows of a customer are ordered: age, or renewals and whether that was all; rows that differ are never equal.
fn length<'a>(of: &Lifetime, numbers: &'a [i64]) -> (Option<i64>, &'a [i64]) {
    let age = match &of.model {
        LifetimeModel::Purchases { .. } => numbers.get(2),
        LifetimeModel::Contracts { .. } => numbers.first(),
    };
    (age.copied(), numbers)
}
