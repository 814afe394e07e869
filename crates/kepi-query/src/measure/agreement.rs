//! How far repeated answers of the same rows agree: sums over the rows that have all of them.

use kepi_model::{
    expression::{Arithmetic, Expression, Node},
    measure::AgreementForm,
    project::{Kpi, Measure},
};
use kepi_stats::{
    agreement::reliability::{Answers, IccForm, icc_of_sums},
    estimate::{Level, NotComputable},
};

use super::{
    Finished, MeasureKind,
    build::{known, times},
};
use crate::{
    cells::View,
    plan::StateKind,
    side::{LowerError, Lowering, Role, Term},
};

pub(super) const KIND: MeasureKind = MeasureKind::new(lower, finish);

fn lower(kpi: &Kpi, lowering: &mut Lowering<'_>) -> Result<(), LowerError> {
    let Measure::Agreement(of) = &kpi.measure else { return Ok(()) };
    let side = lowering.side(Term::First, &of.rows)?;
    let complete: Vec<Expression> = of.answers.iter().map(known).collect();
    let complete: Vec<&Expression> = complete.iter().collect();
    side.state(Role::Eligible, StateKind::Count, &[]);
    side.state(Role::Counted, StateKind::Count, &complete);
    for (place, answer) in (0_u8..).zip(&of.answers) {
        side.state(Role::Answer(place), StateKind::Sum(answer.clone()), &complete);
    }
    let squares: Vec<Expression> = of.answers.iter().map(|answer| times(answer, answer)).collect();
    if let (Some(sum), Some(squares)) = (added(&of.answers), added(&squares)) {
        side.state(Role::Products, StateKind::Sum(times(&sum, &sum)), &complete);
        side.state(Role::Squares, StateKind::Sum(squares), &complete);
    }
    Ok(())
}

/// The sum of expressions of one type; none of none.
fn added(all: &[Expression]) -> Option<Expression> {
    all.iter().cloned().reduce(|sum, more| Expression {
        type_: sum.type_.clone(),
        node: Node::Arithmetic(Arithmetic::Add, Box::new(sum), Box::new(more)),
    })
}

fn finish(kpi: &Kpi, view: &View<'_>, level: Level) -> Result<Finished, NotComputable> {
    let Measure::Agreement(of) = &kpi.measure else { return Err(NotComputable::NoRows) };
    let cells = view.own();
    let coverage = cells.coverage(Term::First)?;
    let sum = |role| cells.sum(Term::First, role);
    let sums: Vec<i128> = (0_u8..)
        .zip(&of.answers)
        .map(|(place, _)| sum(Role::Answer(place)))
        .collect::<Result<_, NotComputable>>()?;
    let answers = Answers {
        n: coverage.counted,
        sums: &sums,
        sum_squares: sum(Role::Products)?,
        squares_sum: sum(Role::Squares)?,
    };
    let form = match (of.form, of.of_mean) {
        (AgreementForm::OneWay, false) => IccForm::OneWaySingle,
        (AgreementForm::Absolute, false) => IccForm::AgreementSingle,
        (AgreementForm::Consistent, false) => IccForm::ConsistencySingle,
        (AgreementForm::OneWay, true) => IccForm::OneWayAverage,
        (AgreementForm::Absolute, true) => IccForm::AgreementAverage,
        (AgreementForm::Consistent, true) => IccForm::ConsistencyAverage,
    };
    let estimate = match coverage {
        of if of.counted == 0 && of.eligible > 0 => Err(NotComputable::NoValues),
        _ => icc_of_sums(answers, form, level),
    };
    Ok(Finished { estimate, coverage })
}
