//! What programs are told of the rows behind a value.

use super::{RowsBehind, RowsOf, from_named};
use crate::view::RowsView;

/// The rows behind a value, or the KPIs that have them.
pub fn rows_behind(view: RowsView) -> RowsBehind {
    let of = |input: crate::view::InputView| RowsOf {
        kpi: from_named(input.kpi),
        period: input.period,
        segment: input.segment,
    };
    RowsBehind {
        kpi: from_named(view.kpi),
        period: view.period,
        segment: view.segment.map(|of| of.id).unwrap_or_default(),
        computed_of: view.inputs.into_iter().map(of).collect(),
        traced: view.traced,
    }
}
