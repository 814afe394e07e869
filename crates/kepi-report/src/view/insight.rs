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
