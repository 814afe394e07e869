//! What analyses say of a KPI, as shown.

/// What an analysis says.
#[derive(Debug, Clone, PartialEq)]
pub struct AnalysisView {
    /// Its name: `location`.
    pub name: &'static str,
    /// Its version.
    pub version: u32,
    /// What it answers: `Where does the change sit?`
    pub question: &'static str,
    /// `yes`, `no`, `contrary`, `unknown`.
    pub verdict: &'static str,
    /// In sentences.
    pub says: Vec<String>,
    /// So many of them, at the end, are the tests behind those before.
    pub behind: usize,
    /// What they rest on.
    pub exhibit: Option<ExhibitView>,
    /// What was checked, and whether it holds.
    pub checks: Vec<(&'static str, bool)>,
    /// How many series were compared.
    pub looked_at: usize,
}

/// A table that an insight rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct ExhibitView {
    /// What its columns are.
    pub columns: Vec<&'static str>,
    /// Its rows by name: the figures as shown and as they are.
    pub rows: Vec<(String, Vec<(String, f64)>)>,
}

/// A control chart.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlView {
    /// The kind, as it is called: `p′ chart`.
    pub kind: &'static str,
    /// Its periods, oldest first.
    pub points: Vec<ControlPoint>,
    /// Whether levels and limits move with a season.
    pub has_season: bool,
    /// What is said of single periods, in their order.
    pub notes: Vec<ChartNote>,
}

/// A period of a control chart.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlPoint {
    /// The period.
    pub period: String,
    /// Its value.
    pub value: f64,
    /// What was to be expected.
    pub level: f64,
    /// Its limits; none before those periods that limits rest on.
    pub limits: Option<(f64, f64)>,
    /// The middle that its limits lie around, where that is not the level: by it signals are judged.
    pub centre: Option<f64>,
    /// Whether it signals.
    pub signals: bool,
}

/// What is said of a period of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChartNote {
    /// The place of the period.
    pub at: usize,
    /// The period.
    pub period: String,
    /// In words.
    pub text: String,
    /// The item that says it.
    pub item: Option<u64>,
}
