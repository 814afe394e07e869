//! What is published: rows of columns, one a figure and run, and the port of where they are kept.
//!
//! A run says of each KPI and grain what every figure is. A row is written only where that differs from what was
//! said before; a figure of which a run that vouches for its KPI says nothing any more is *withdrawn* by a row with
//! the reason. So what is current is the newest row of each key, and what was current at a position of the log is the
//! newest row of the runs up to there.

mod changes;
mod figure;
mod insight;
mod port;
mod table;

pub use changes::{Cause, Changed, Changes, Counts, Withdrawn, causes, changes};
pub use figure::{
    Figure, SCORE, Scored, VALUE, figure, is_final, point, push_score, push_value, push_withdrawn, restates,
    scored, states_of,
};
pub use insight::{INSIGHT, InsightRow, USUAL, UsualRow, insight_row, push_insight, push_usual, usual_row};
pub use port::{
    NewInsights, NewRun, PublishError, Published, Run, RunPins, RunTime, Subject, Values, Vouched,
};
pub use table::{
    Cell, Column, ColumnSpec, ColumnType, Corrupt, Data, Form, GRAINS, Place, Restated, Table, TableBuilder,
    grain_text, newest,
};
