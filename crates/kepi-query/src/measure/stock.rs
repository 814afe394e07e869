//! Stocks: all that came so far less all that went, as it stands at the end of each period. Counted in full, so without an
//! interval.

use kepi_model::{
    measure::{Aggregate, Measure, Stock, Total},
    project::Kpi,
};
use kepi_stats::{
    estimate::{Level, NotComputable},
    estimation::total,
};

use super::{
    Finished, MeasureKind, Presence,
    total::{aggregate_states, is_unknown},
};
use crate::{
    cells::View,
    side::{LowerError, Lowering, Role, Term},
    value::{Coverage, Exact},
};

pub(super) const KIND: MeasureKind =
    MeasureKind::new(lower, finish).present(|_| Presence::Onwards).exactly(exact).looking_back();

fn lower(kpi: &Kpi, lowering: &mut Lowering<'_>) -> Result<(), LowerError> {
    let Measure::Stock(Stock { came, went }) = &kpi.measure else { return Ok(()) };
    for (term, of) in [(Term::First, came), (Term::Second, went)] {
        let side = lowering.side(term, &of.rows)?;
        aggregate_states(side, &of.aggregate, None);
    }
    Ok(())
}

fn finish(kpi: &Kpi, view: &View<'_>, _: Level) -> Result<Finished, NotComputable> {
    let Measure::Stock(Stock { came, went }) = &kpi.measure else { return Err(NotComputable::NoRows) };
    let so_far = view.so_far();
    let (above, below) = (so_far.coverage(Term::First)?, so_far.coverage(Term::Second)?);
    let coverage = Coverage {
        counted: above.counted.saturating_add(below.counted),
        eligible: above.eligible.saturating_add(below.eligible),
        cases: above.counted,
    };
    if kpi.weight.is_some() {
        return Ok(Finished {
            estimate: Err(NotComputable::Unsupported("a stock has no weights".to_owned())),
            coverage,
        });
    }
    if is_unknown(&came.aggregate, above) || is_unknown(&went.aggregate, below) {
        return Ok(Finished { estimate: Err(NotComputable::NoValues), coverage });
    }
    let estimate = stock(came, went, view)?
        .map(|stock| total::sum(stock.units, stock.scale, coverage.counted))
        .ok_or_else(|| NotComputable::OutOfRange { bound: i128::MAX.to_string() });
    Ok(Finished { estimate, coverage })
}

fn exact(kpi: &Kpi, view: &View<'_>) -> Option<Exact> {
    let Measure::Stock(Stock { came, went }) = &kpi.measure else { return None };
    stock(came, went, view).ok()?
}

/// All that came less all that went; none if it does not fit.
fn stock(came: &Total, went: &Total, view: &View<'_>) -> Result<Option<Exact>, NotComputable> {
    let so_far = view.so_far();
    let decimals = |of: &Total| match &of.aggregate {
        Aggregate::Sum(value) => value.type_.scale(),
        Aggregate::Count | Aggregate::Distinct(_) => 0,
    };
    // At the larger number of decimals, so that nothing is rounded.
    let scale = decimals(came).max(decimals(went));
    let amount = |term, of: &Total| -> Result<Option<i128>, NotComputable> {
        let amount = match &of.aggregate {
            Aggregate::Sum(_) => so_far.sum(term, Role::Total)?,
            Aggregate::Count | Aggregate::Distinct(_) => so_far.count(term, Role::Counted)?.into(),
        };
        Ok(amount.checked_mul(10_i128.pow(u32::from(scale - decimals(of)))))
    };
    let (all_that_came, all_that_went) = (amount(Term::First, came)?, amount(Term::Second, went)?);
    let stock = all_that_came.zip(all_that_went).and_then(|(came, went)| came.checked_sub(went));
    Ok(stock.map(|units| Exact { units, scale }))
}
