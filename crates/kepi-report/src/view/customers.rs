//! What is seen of customers over time: cohorts by age, stages and channels, stocks with what came and went.

use super::{
    insight::AnalysisView,
    names::{Choice, Named, ProjectView},
    quantity::{Measured, Outcome},
};

/// How a cell is shown. Colour stands for final figures only: what may still change is hatched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shade {
    /// Final; one of five steps from the least to the greatest final figure shown, 0 to 4.
    Step(u8),
    /// There is a figure, and more rows may change it.
    Provisional,
    /// There is none.
    None,
}

/// A figure in a table of two directions.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The period that it is of.
    pub period: String,
    /// The figure, or why there is none.
    pub value: Outcome<Measured>,
    /// How it is shown.
    pub shade: Shade,
}

/// A KPI by cohort and age.
#[derive(Debug, Clone, PartialEq)]
pub struct CohortsView {
    /// The project.
    pub project: ProjectView,
    /// The KPI.
    pub kpi: Named,
    /// What it measures, in plain words.
    pub description: Option<String>,
    /// How long a period is: `month`.
    pub grain: &'static str,
    /// Ages in periods, from the least.
    pub ages: Vec<u32>,
    /// Cohorts, oldest first.
    pub cohorts: Vec<Cohort>,
    /// So many older cohorts are not shown.
    pub older: usize,
}

/// Those who began in the same period.
#[derive(Debug, Clone, PartialEq)]
pub struct Cohort {
    /// When they began.
    pub period: String,
    /// How many there are, where the figures say so.
    pub n: Option<u64>,
    /// One for each age; none where that time is still to come.
    pub cells: Vec<Option<Cell>>,
}

/// Stages that customers go through, in a period.
#[derive(Debug, Clone, PartialEq)]
pub struct JourneyView {
    /// The project.
    pub project: ProjectView,
    /// All entities with stages.
    pub journeys: Vec<Choice>,
    /// The one shown.
    pub journey: Named,
    /// In plain words.
    pub description: Option<String>,
    /// The period shown.
    pub period: String,
    /// Periods to choose, newest first.
    pub periods: Vec<Choice>,
    /// The stages in order, and at last those who are in none.
    pub stages: Vec<Named>,
    /// How many came into each stage; none where no KPI counts it.
    pub funnel: Option<Funnel>,
    /// KPIs by stage.
    pub kpis: Vec<ByStage>,
    /// KPIs by stage and something else, such as the channel.
    pub maps: Vec<StageMap>,
    /// From which stages the change of each comes.
    pub changes: Vec<(Named, AnalysisView)>,
}

/// How many came into each stage, and which share went on.
#[derive(Debug, Clone, PartialEq)]
pub struct Funnel {
    /// The KPI that counts.
    pub entries: Named,
    /// The KPI that says which share went on, if there is one.
    pub on: Option<Named>,
    /// One for each stage.
    pub steps: Vec<Step>,
}

/// A stage of a funnel.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// How many came.
    pub entries: Cell,
    /// That, of the most that came into any stage: 0 to 1.
    pub share: f64,
    /// Which share went on.
    pub on: Option<Cell>,
    /// The rest of it: who did not go on, as shown; none of the last stage, from which there is nowhere to go on to.
    pub lost: Option<String>,
}

/// A KPI by stage.
#[derive(Debug, Clone, PartialEq)]
pub struct ByStage {
    /// The KPI.
    pub kpi: Named,
    /// One for each stage; none where there is no figure.
    pub cells: Vec<Option<Cell>>,
}

/// A KPI by stage and another dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct StageMap {
    /// The KPI.
    pub kpi: Named,
    /// The other dimension.
    pub dimension: Named,
    /// Its members.
    pub members: Vec<Named>,
    /// A row for each stage, a cell for each member.
    pub rows: Vec<Vec<Option<Cell>>>,
    /// So many further members are not shown.
    pub not_drawn: usize,
}

impl StageMap {
    /// Leaves the first members, at most so many, and says how many it left out.
    pub(crate) fn draw(&mut self, most: usize) {
        self.not_drawn = self.members.len().saturating_sub(most);
        self.members.truncate(most);
        self.rows.iter_mut().for_each(|row| row.truncate(most));
    }
}

/// A stock with what came and went.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowView {
    /// The project.
    pub project: ProjectView,
    /// The KPI.
    pub kpi: Named,
    /// What it measures, in plain words.
    pub description: Option<String>,
    /// Periods, oldest first.
    pub flows: Vec<Flow>,
    /// So many older periods are not shown.
    pub older: usize,
}

/// A period of a stock: what was there, and what came, less what went, is what is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// The period.
    pub period: String,
    /// Whether no more rows can change it.
    pub complete: bool,
    /// The amounts, or why they are not known.
    pub amounts: Outcome<Amounts>,
}

/// The amounts of a period, with the text to show.
#[derive(Debug, Clone, PartialEq)]
pub struct Amounts {
    /// As the period came.
    pub opening: (f64, String),
    /// What came in it.
    pub came: (f64, String),
    /// What went in it.
    pub went: (f64, String),
    /// As it went.
    pub closing: (f64, String),
}
