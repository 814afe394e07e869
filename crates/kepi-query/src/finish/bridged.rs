//! Bridged dimensions: rows of a code that is split count in each of the new codes with its share, exactly. What comes of
//! them is kept as weighted rows are, so that a value is finished again to the bit.

use std::collections::BTreeMap;

use kepi_model::{
    crosswalk::{SHARE_SCALE, split_code},
    measure::Total,
    project::{Aggregate, Kpi, Measure},
};
use kepi_stats::{
    estimate::{Estimate, Level, NotComputable},
    estimation::total,
    survey::cells::CellMoments,
};

use super::{FinishError, finished_at};
use crate::{
    cells::View,
    measure::kind_of,
    side::{Role, Term},
    state::{
        Member,
        weighting::{WeightedCell, WeightedCells, Weighting},
        wire::{CellStates, StateValue},
    },
    value::{Coverage, Exact, Segment, Value},
};

/// A whole share.
const WHOLE: i64 = 10_i64.pow(SHARE_SCALE as u32);

/// The values of a KPI with those of split codes shared out to the new ones. Sorted as they came: by period, then segment,
/// within each set of dimensions.
pub(super) fn shared_out(kpi: &Kpi, values: Vec<Value>, level: Level) -> Result<Vec<Value>, FinishError> {
    let Some((dimension, splits)) = kpi.split() else { return Ok(values) };
    let mut all = Vec::with_capacity(values.len());
    for own in values.chunk_by(|a, b| a.segment.dimensions().eq(b.segment.dimensions())) {
        let mut found: BTreeMap<(i32, Segment), Vec<(i64, &Value)>> = BTreeMap::new();
        for value in own {
            let code = value.segment.0.iter().find_map(|(id, member)| match member {
                Member::Value(text) if id == dimension => split_code(text),
                _ => None,
            });
            let Some(into) = code.and_then(|code| splits.get(code)) else {
                found.entry((value.period.ordinal, value.segment.clone())).or_default().push((WHOLE, value));
                continue;
            };
            for (new, share) in into {
                let members = value.segment.0.iter().map(|(id, member)| {
                    let member = if id == dimension { Member::Value(new.clone()) } else { member.clone() };
                    (id.clone(), member)
                });
                let segment = Segment::new(members.collect());
                found.entry((value.period.ordinal, segment)).or_default().push((*share, value));
            }
        }
        for ((_, segment), parts) in found {
            match parts.as_slice() {
                [(WHOLE, only)] => all.push(Value { segment, ..(*only).clone() }),
                [(_, first), ..] => all.push(together(kpi, segment, first, &parts, level)?),
                [] => {}
            }
        }
    }
    Ok(all)
}

/// One value of several, each with its share, all of the period of the first.
fn together(
    kpi: &Kpi,
    segment: Segment,
    first: &Value,
    parts: &[(i64, &Value)],
    level: Level,
) -> Result<Value, FinishError> {
    let mut states = CellStates::default();
    let mut cells = Vec::new();
    let mut too_large = None;
    let mut total = Some(0_i128);
    for (share, value) in parts {
        let part = CellStates::decode(&value.states).unwrap_or_default();
        let view = View::kept(&part);
        match (kind_of(&kpi.measure).moments(kpi, &view.own()), &kpi.measure) {
            (_, Measure::Total(of)) => {
                let more = amount(of, &view).ok().and_then(|amount| amount.checked_mul((*share).into()));
                total = total.zip(more).and_then(|(total, more)| total.checked_add(more));
            }
            (Ok(moments), _) => match scaled(&moments, *share) {
                Some(moments) if moments.n > 0 => {
                    cells.push(WeightedCell { members: Vec::new(), inside: true, asked: moments.n, moments })
                }
                Some(_) => {}
                None => too_large = Some(i128::MAX.to_string()),
            },
            (Err(NotComputable::OutOfRange { bound }), _) => too_large = Some(bound),
            (Err(_), _) => {}
        }
        states.before_data = states.before_data.or(part.before_data);
        states.outside = states.outside.or(part.outside);
        add(&mut states, part);
    }
    if let (Measure::Total(_), Some((_, roles))) = (&kpi.measure, states.terms.first_mut()) {
        // Beside what the rows come to as a whole, so that they can be held against it.
        roles.push((
            Role::Weighted,
            match total {
                Some(total) => StateValue::Sum(total),
                None => StateValue::OutOfRange { bound: i128::MAX.to_string() },
            },
        ));
    }
    states.weighting = Some(match too_large {
        Some(bound) => Weighting::OutOfRange { bound },
        None => Weighting::Cells(WeightedCells { margins: Vec::new(), cells, clusters: None }),
    });
    let found = finished_at(kpi, &states, level)?;
    Ok(Value {
        kpi: kpi.id.clone(),
        period: first.period,
        segment,
        estimate: found.estimate,
        coverage: found.coverage,
        finality: first.finality,
        states: states.encode().into(),
    })
}

/// What is added up, before it is shared out.
fn amount(of: &Total, view: &View<'_>) -> Result<i128, NotComputable> {
    match of.aggregate {
        Aggregate::Count => Ok(view.own().count(Term::First, Role::Counted)?.into()),
        _ => view.own().sum(Term::First, Role::Total),
    }
}

/// Sums over rows that weigh as much as a share: its square where weights are squared.
fn scaled(of: &CellMoments, share: i64) -> Option<CellMoments> {
    let (once, twice) = (i128::from(share), i128::from(share) * i128::from(share));
    Some(CellMoments {
        n: of.n,
        sum_b: of.sum_b.checked_mul(once)?,
        sum_bx: of.sum_bx.checked_mul(once)?,
        sum_b2: of.sum_b2.checked_mul(twice)?,
        sum_b2x: of.sum_b2x.checked_mul(twice)?,
        sum_b2x2: of.sum_b2x2.checked_mul(twice)?,
    })
}

/// Adds rows that stand behind a value, whatever their share: what is counted are rows.
fn add(states: &mut CellStates, more: CellStates) {
    if states.terms.is_empty() {
        states.terms = more.terms;
        return;
    }
    for (term, roles) in &mut states.terms {
        let Some((_, others)) = more.terms.iter().find(|(known, _)| known == term) else { continue };
        for (role, state) in roles {
            if let Some((_, other)) = others.iter().find(|(known, _)| known == role) {
                state.add_value(other);
            }
        }
    }
}

/// What becomes of a total whose rows are shared out.
pub(super) fn total_of(of: &Total, view: &View<'_>) -> (Result<Estimate, NotComputable>, Coverage) {
    let coverage = match view.own().coverage(Term::First) {
        Ok(coverage) => coverage,
        Err(reason) => return (Err(reason), Coverage::default()),
    };
    let n = coverage.counted;
    let estimate = match (&of.aggregate, view.own().sum(Term::First, Role::Weighted)) {
        (_, Err(reason)) => Err(reason),
        (Aggregate::Count, Ok(sum)) => Ok(total::sum(sum, SHARE_SCALE, n)),
        (Aggregate::Sum(of), Ok(sum)) if n > 0 => Ok(total::sum(sum, of.type_.scale() + SHARE_SCALE, n)),
        _ => Err(NotComputable::NoRows),
    };
    (estimate, coverage)
}

/// The total with all its digits.
pub(super) fn exact(of: &Total, view: &View<'_>) -> Option<Exact> {
    let scale = match &of.aggregate {
        Aggregate::Sum(of) => of.type_.scale(),
        _ => 0,
    };
    Some(Exact { units: view.own().sum(Term::First, Role::Weighted).ok()?, scale: scale + SHARE_SCALE })
}
