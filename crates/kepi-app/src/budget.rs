//! Lines of budgets as they landed, and a version of one written into the plan that it is of.

use std::collections::BTreeSet;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use kepi_model::{
    check::{self, Options},
    documents::documents,
    edit,
    expression::Type,
    finding::Severity,
    id::EntityId,
    project::Project,
    source_text::{SourceFile, SourceMap},
};
use kepi_query::{port::system, row::Cell, screen::Rows};
use kepi_report::budget::{BudgetLine, version_text};

use crate::{editing, error::AppError, open::App, screening};

/// The entity whose rows are lines of budgets.
pub const BUDGET_LINE: &str = "budget_line";

/// Millionths.
const PLACES: u8 = 6;

/// A file of the folder as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its path within the folder.
    pub path: String,
    /// Its text.
    pub text: String,
    /// What was written.
    pub version: String,
}

impl App {
    /// The lines of budgets that have landed, in the order of their files; none where nothing lands any.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn budget_lines(&self, project: &Project) -> Result<Vec<BudgetLine>, AppError> {
        let landed = project.sources.values().any(|source| source.into.as_str() == BUDGET_LINE);
        let entity = BUDGET_LINE.parse::<EntityId>().ok().and_then(|id| project.entities.get(&id));
        let Some(entity) = entity.filter(|_| landed) else { return Ok(Vec::new()) };
        let inputs = self.lake.pin(project, None).await.map_err(AppError::Lake)?;
        let mut names: BTreeSet<String> =
            ["plan", "version", "objective", "unit", "period", "amount", "currency"]
                .map(str::to_owned)
                .into();
        names.extend([system::VALID_TO, system::FILE, system::ROW].map(str::to_owned));
        let (columns, table) =
            screening::read(self, &inputs, &entity.id, &names).await.map_err(AppError::Lake)?;
        let rows = Rows { columns: &columns, table: &table };
        let zone = TimeZone::get(&project.calendar.zone).unwrap_or(TimeZone::UTC);
        let scale = |name: &str| {
            entity.attributes.iter().find(|of| of.id.as_str() == name).map_or(0, |of| match &of.type_ {
                Type::Number { scale } => *scale,
                _ => 0,
            })
        };
        let by = 10_i64.pow(u32::from(PLACES.saturating_sub(scale("amount"))));
        let day = |at: i64| Some(Timestamp::from_microsecond(at).ok()?.to_zoned(zone.clone()).date());
        let line = |row: usize| {
            let number = match rows.cell(system::ROW, row) {
                Cell::Integer(number) => number,
                _ => 0,
            };
            let file = rows.text(system::FILE, row).unwrap_or_default();
            let said = BudgetLine {
                plan: rows.text("plan", row),
                version: rows.text("version", row),
                objective: rows.text("objective", row),
                unit: rows.text("unit", row),
                period: rows.instant("period", row).and_then(day),
                amount: match rows.cell("amount", row) {
                    Cell::Integer(units) => units.checked_mul(by),
                    _ => None,
                },
                currency: rows.text("currency", row),
                place: format!("{file} row {number}"),
            };
            ((file, number), said)
        };
        let mut all: Vec<_> = rows.current().map(line).collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(all.into_iter().map(|(_, line)| line).collect())
    }

    /// The file of the folder with a version of a budget that landed written into its plan: a proposal like any other change of it.
    ///
    /// # Errors
    /// There is no such plan or version, lines of it do not fit, or what came out could not be used.
    pub async fn budget_taken(
        &self,
        (files, project): (&SourceMap, &Project),
        (plan, version): (&str, &str),
        since: Date,
    ) -> Result<Written, AppError> {
        let wrong = |why: String| AppError::NotFound(why);
        let of = plan.parse().ok().and_then(|id| project.operating_plans.get(&id));
        let of = of.ok_or_else(|| {
            let known: Vec<String> = project.operating_plans.keys().map(|id| format!("`{id}`")).collect();
            wrong(format!("there is no operating plan `{plan}`; there is {}", known.join(", ")))
        })?;
        if of.is_sum {
            return Err(wrong(format!("`{plan}` is the sum of what units plan: take the budget of a unit")));
        }
        if of.versions.iter().any(|known| known.id.as_str() == version) {
            return Err(wrong(format!(
                "`{plan}` has a version `{version}`: what was decided stays; `kepi budget` says where the file differs"
            )));
        }
        let lines = self.budget_lines(project).await?;
        let text = version_text(project, of, &lines, (version, since)).map_err(|unfit| {
            wrong(format!(
                "lines of `{version}` do not fit `{plan}`, and what they say would be lost: {}",
                unfit.join("; ")
            ))
        })?;
        let text = text.ok_or_else(|| {
            wrong(format!(
                "no line of a version `{version}` of `{plan}` has landed: `kepi budget` lists what has"
            ))
        })?;
        let all = documents(files);
        let place = all.iter().position(|of| of.kind == "operating_plan" && of.name == plan);
        let (place, base) = place
            .and_then(|at| Some((at, all.get(at)?)))
            .ok_or_else(|| wrong(format!("the definition of `{plan}` is not in the folder")))?;
        let edited = edit::add(&base.text, &["versions"], version, &text)
            .map_err(|why| wrong(format!("{}: {why}; write there `{version}: {text}`", base.path)))?;
        let (written, _) = editing::put(files, &all, place, editing::body(&edited));
        let checked = check::check(&written, &Options::default());
        if let Some(error) = checked.findings.iter().find(|of| of.severity == Severity::Error) {
            return Err(wrong(format!("`{version}: {text}` cannot stand in `{plan}`: {}", error.message)));
        }
        let file = written.iter().map(|(_, file)| file).find(|file: &&SourceFile| file.path == base.path);
        let text_of = file.map(|file| file.text.to_string()).unwrap_or_default();
        Ok(Written { path: base.path.clone(), text: text_of, version: text })
    }
}
