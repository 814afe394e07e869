//! Lineage as it is shown: a tree from something to what it is made of, and one to what is made of it.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{
    id::SourceId,
    lineage::{How, Lineage, Thing},
    project::Project,
};
use serde::{Deserialize, Serialize};

use crate::csv;

/// Something that data pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThingView {
    /// The text by which it is asked for: `kpi/nps`, `ticket.status`, `source/tickets/Created At`.
    pub id: String,
    /// What kind it is of: `column`, `source`, `attribute`, `rows`, `kpi`, `scorecard`.
    pub kind: String,
    /// Shown name.
    pub name: String,
}

impl ThingView {
    fn of(thing: &Thing, project: &Project) -> Self {
        Self { id: thing.to_string(), kind: thing.kind().to_owned(), name: thing.name(project) }
    }
}

/// One step away, and all that follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// What is there.
    pub thing: ThingView,
    /// What becomes of it, or of what it is made of, in plain words.
    pub how: Vec<&'static str>,
    /// What follows; nothing where it follows elsewhere in the tree already.
    pub branches: Vec<Branch>,
    /// Whether it stands elsewhere in the tree with what follows.
    pub again: bool,
}

/// A step for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepView {
    /// How many steps away it ends.
    pub distance: u32,
    /// What it is made of.
    pub from: String,
    /// What is made.
    pub to: String,
    /// How: one word.
    pub how: How,
    /// Whether its content enters the result; else it only decides what does.
    pub direct: bool,
}

/// The lineage of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traced {
    /// It.
    pub of: ThingView,
    /// Whether personal data enter it.
    pub personal: bool,
    /// What it is made of.
    pub made_of: Vec<Branch>,
    /// What is made of it.
    pub goes_into: Vec<Branch>,
    /// All steps to it, nearest first.
    pub steps_to: Vec<StepView>,
    /// All steps from it, nearest first.
    pub steps_from: Vec<StepView>,
}

/// A KPI in the overview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The KPI.
    pub kpi: ThingView,
    /// The sources at the beginning.
    pub sources: Vec<ThingView>,
    /// How many of their columns it can be moved by.
    pub columns: usize,
    /// Whether personal data enter it.
    pub personal: bool,
    /// The scorecards it goes into.
    pub scorecards: Vec<ThingView>,
}

/// The lineage of what is meant by a text.
///
/// # Errors
/// Nothing is called so: what is called nearly so.
pub fn traced(project: &Project, text: &str) -> Result<Traced, Option<String>> {
    let lineage = Lineage::of(project);
    let of = lineage.find(text, project)?;
    let steps = |passed: Vec<kepi_model::lineage::Passed<'_>>| {
        let step = |passed: kepi_model::lineage::Passed<'_>| StepView {
            distance: passed.distance,
            from: passed.step.from.to_string(),
            to: passed.step.to.to_string(),
            how: passed.step.how,
            direct: passed.step.how.is_direct(),
        };
        passed.into_iter().map(step).collect()
    };
    Ok(Traced {
        personal: lineage.is_personal(&of, project),
        made_of: Tree::new(&lineage, project, true).below(&of),
        goes_into: Tree::new(&lineage, project, false).below(&of),
        steps_to: steps(lineage.made_of(&of)),
        steps_from: steps(lineage.goes_into(&of)),
        of: ThingView::of(&of, project),
    })
}

/// Where every KPI comes from.
pub fn origins(project: &Project) -> Vec<Origin> {
    let lineage = Lineage::of(project);
    let origin = |kpi: &kepi_model::id::KpiId| {
        let thing = Thing::Kpi(kpi.clone());
        let origins = lineage.origins(&thing);
        let source = |of: &&Thing| match of {
            Thing::Column(source, _) | Thing::Source(source) => Some(source.clone()),
            _ => None,
        };
        let sources: BTreeSet<SourceId> = origins.iter().filter_map(source).collect();
        let into = lineage.goes_into(&thing).into_iter().map(|passed| &passed.step.to);
        let scorecards: BTreeSet<&Thing> = into.filter(|to| matches!(to, Thing::Scorecard(_))).collect();
        Origin {
            kpi: ThingView::of(&thing, project),
            columns: origins.iter().filter(|of| matches!(of, Thing::Column(..))).count(),
            sources: sources.into_iter().map(|id| ThingView::of(&Thing::Source(id), project)).collect(),
            personal: lineage.is_personal(&thing, project),
            scorecards: scorecards.into_iter().map(|card| ThingView::of(card, project)).collect(),
        }
    };
    project.kpis.keys().map(origin).collect()
}

/// All steps of a project as a table.
pub fn steps_csv(project: &Project) -> String {
    let lineage = Lineage::of(project);
    let rows = lineage.steps().map(|step| {
        let how = serde_json::to_value(step.how).ok().and_then(|how| how.as_str().map(str::to_owned));
        vec![
            step.from.kind().to_owned(),
            step.from.to_string(),
            step.to.kind().to_owned(),
            step.to.to_string(),
            how.unwrap_or_default(),
            step.how.is_direct().to_string(),
        ]
    });
    csv::table(&["from_kind", "from", "to_kind", "to", "how", "direct"], rows)
}

/// Grows a tree in one direction: what several branches lead to is followed once, on the branch that comes first.
struct Tree<'a> {
    project: &'a Project,
    near: BTreeMap<&'a Thing, BTreeMap<&'a Thing, Vec<&'static str>>>,
    followed: BTreeSet<&'a Thing>,
}

impl<'a> Tree<'a> {
    fn new(lineage: &'a Lineage, project: &'a Project, backwards: bool) -> Self {
        let mut near: BTreeMap<&Thing, BTreeMap<&Thing, Vec<&'static str>>> = BTreeMap::new();
        for step in lineage.steps() {
            let (here, there) = if backwards { (&step.to, &step.from) } else { (&step.from, &step.to) };
            near.entry(here).or_default().entry(there).or_default().push(step.how.words());
        }
        Self { project, near, followed: BTreeSet::new() }
    }

    fn below(mut self, of: &Thing) -> Vec<Branch> {
        let Some((of, _)) = self.near.get_key_value(of) else { return Vec::new() };
        let of = *of;
        self.followed.insert(of);
        self.branches(of)
    }

    fn branches(&mut self, of: &'a Thing) -> Vec<Branch> {
        let next = self.near.get(of).cloned().unwrap_or_default();
        let mut branches = Vec::new();
        for (thing, how) in next {
            let ends = !self.near.contains_key(thing);
            let again = !ends && !self.followed.insert(thing);
            let below = if ends || again { Vec::new() } else { self.branches(thing) };
            branches.push(Branch { thing: ThingView::of(thing, self.project), how, branches: below, again });
        }
        branches
    }
}
