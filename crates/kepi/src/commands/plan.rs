//! `kepi plan`: what would come of the definitions in the folder.

use std::fmt::Write as _;

use kepi_access::{Access, policy::Holder};
use kepi_app::{
    cost::ScanCost,
    open,
    planned::Planned,
    pull::{self, TakenIn},
};
use kepi_model::{id::KpiId, project::Project};
use kepi_query::kept::{Amount, Why};
use kepi_report::{
    difference::{Difference, How},
    dual::{Both, ByBoth, Counts, Said},
};

use crate::{
    cli::{Cli, Format, Plan},
    compose,
    failure::Failure,
    output::{Field, Grid, Output},
    policies,
    progress::Terminal,
};

/// Says how the definitions in the folder differ from those in force, and what that touches.
pub async fn plan(what: &Plan, cli: &Cli, out: Output) -> Result<(), Failure> {
    let site = compose::Site::of(cli);
    let (files, project) = open::load(site.folder, &compose::sources(site.folder), Some(compose::today()))?;
    if what.cost {
        let Some(app) = compose::reading(site).await? else {
            let why = "nothing has landed yet: the first `kepi run` reads all of it";
            return Err(Failure::Other(why.to_owned()));
        };
        let costs = app.cost(&project, compose::now()).await?;
        match out.format {
            Format::Json => out.json(&costs)?,
            Format::Csv | Format::Table => out.rows(&reads(&costs))?,
        }
        return Ok(());
    }
    let progress = Terminal::new(out.quiet);
    let access = who_gains(cli, &project).await?;
    let planned = match compose::reading(site).await? {
        Some(app) => {
            let TakenIn { files, project, decided } =
                pull::taken_in(&app.store, site.folder, files, project).await?;
            super::deciding::say_decided(&decided, out);
            app.planned(&files, &project, compose::now(), &progress).await
        }
        None => Ok(None),
    };
    progress.done();
    let Some(planned) = planned? else {
        let why = "nothing is in force yet: the first `kepi run` puts in force what stands in the folder";
        return Err(Failure::Other(why.to_owned()));
    };
    match out.format {
        Format::Json if access.is_empty() => out.json(&planned)?,
        Format::Json => {
            let mut value = serde_json::to_value(&planned).map_err(std::io::Error::other)?;
            if let Some(object) = value.as_object_mut() {
                object.insert("access".to_owned(), serde_json::json!(access));
            }
            out.json(&value)?;
        }
        Format::Csv => out.rows(&documents(&planned))?,
        Format::Table => {
            out.line(in_words(&planned, what.markdown).trim_end())?;
            if !access.is_empty() {
                out.line("\nWho may do what:")?;
            }
            for said in &access {
                out.line(&format!("{}{said}", if what.markdown { "- " } else { "  " }))?;
            }
        }
    }
    Ok(())
}

/// Who of those that sign in gains or loses which action, by what is in force and what is to be.
async fn who_gains(cli: &Cli, after: &Project) -> Result<Vec<String>, Failure> {
    let site = compose::Site::of(cli);
    let (Some(app), Some(store)) = (compose::reading(site).await?, compose::audited(site).await?) else {
        return Ok(Vec::new());
    };
    let Ok(before) = app.in_force().await else { return Ok(Vec::new()) };
    let holders = Access::new(store).sign_ins().await?;
    let holders =
        holders.into_iter().map(|(name, held)| Holder { name, roles: held.roles, scopes: None }).collect();
    policies::gained(&compose::root(&cli.project)?, (&before, after), holders, compose::today())
}

fn reads(costs: &[ScanCost]) -> Grid {
    let header = ["Entity", "Because", "Files", "Of files", "Rows", "Of rows", "MB", "Of MB", "KPIs"];
    let mut grid = Grid::new(&header);
    let mb = |bytes: u64| {
        let mb = bytes as f64 / 1e6;
        Field::figure(format!("{mb:.1}"), Some(mb))
    };
    let number = |n: u64| Field::digits(n.to_string(), n.to_string());
    for cost in costs {
        let nothing = ("nothing is read: all of it is kept".to_owned(), Amount::default(), String::new());
        let mut reads: Vec<(String, Amount, String)> = cost
            .reads
            .iter()
            .map(|read| {
                let kpis: Vec<&str> = read.kpis.iter().map(KpiId::as_str).collect();
                (because(&read.why), read.amount, kpis.join(", "))
            })
            .collect();
        if reads.is_empty() {
            reads.push(nothing);
        }
        for (why, amount, kpis) in reads {
            grid.push(vec![
                Field::text(cost.entity.as_str()),
                Field::text(why),
                number(amount.files),
                number(cost.of.files),
                number(amount.rows),
                number(cost.of.rows),
                mb(amount.bytes),
                mb(cost.of.bytes),
                Field::text(kpis),
            ]);
        }
    }
    grid
}

fn because(why: &Why) -> String {
    match why {
        Why::First => "nothing is kept of it yet".to_owned(),
        Why::New => "the file is new, or rows of it were superseded".to_owned(),
        Why::Beside => "it was read together with a file that is gone".to_owned(),
        Why::Definition => "something else is asked for than before".to_owned(),
        Why::Table(table) => format!("rows of `{table}` changed"),
        Why::TooMany => "there are too many different values to keep".to_owned(),
        Why::Made => "rows are made of it, and some of it changed: of all rows those are read that belong to the same keys".to_owned(),
        Why::Periods => "rows are made of it by period, and another period begins: of that one all rows are made, of earlier ones what belongs to keys that changed".to_owned(),
        Why::Anew => "all rows that are made of it are made anew: it cannot be said which of them stay as they are".to_owned(),
    }
}

fn how(of: How) -> &'static str {
    match of {
        How::New => "new",
        How::Changed => "changed",
        How::Gone => "gone",
    }
}

fn aspects(of: &Difference) -> String {
    of.aspects.iter().map(|aspect| aspect.word()).collect::<Vec<_>>().join(", ")
}

fn documents(planned: &Planned) -> Grid {
    let mut grid = Grid::new(&["Document", "From", "What", "Aspects", "Said"]);
    for of in &planned.differences.documents {
        let from = of.from.clone().unwrap_or_default();
        let cells = [of.id.clone(), from, how(of.how).to_owned(), aspects(of), of.said.join("; ")];
        grid.push(cells.into_iter().map(Field::text).collect());
    }
    grid
}

/// All of it, for people: in a terminal, or as Markdown.
fn in_words(planned: &Planned, markdown: bool) -> String {
    let differences = &planned.differences;
    if differences.documents.is_empty() {
        return format!("nothing differs from what is in force since event {}\n", planned.register);
    }
    let mut text = Text { text: String::new(), markdown };
    text.title("What differs from what is in force");
    for of in &differences.documents {
        let from = of.from.as_ref().map_or(String::new(), |day| format!(" from {day}"));
        text.point(&format!("{}{from}: {} ({})", text.code(&of.id), how(of.how), aspects(of)));
        of.said.iter().for_each(|said| text.under(said));
    }
    let list = |all: &mut dyn Iterator<Item = String>| all.collect::<Vec<_>>().join(", ");
    let follow = list(&mut differences.follow.iter().map(|id| text.code(id.as_str())));
    let scorecards = list(&mut differences.scorecards.iter().map(|id| text.code(id)));
    let people = list(&mut differences.people.iter().map(|of| format!("{} ({})", of.name, of.of.join(", "))));
    let watched = list(&mut differences.watched_by.iter().map(|id| text.code(id)));
    if [&follow, &scorecards, &watched, &people].iter().any(|all| !all.is_empty()) {
        text.title("What it touches");
        let said = [
            ("KPIs that are made of it", follow),
            ("scorecards", scorecards),
            ("alerts, playbooks and pay that go by it", watched),
            ("people", people),
        ];
        for (what, all) in said.iter().filter(|(_, all)| !all.is_empty()) {
            text.point(&format!("{what}: {all}"));
        }
    }
    if !planned.budgets.is_empty() {
        text.title("What landed of budgets, and operating plans do not say");
    }
    for of in &planned.budgets {
        text.point(of);
    }
    if !planned.vetted.is_empty() {
        text.title("What figures say of what is new");
    }
    for of in &planned.vetted {
        text.point(&format!("{} ({}): {}", text.code(&of.kpi), of.analysis, of.said));
    }
    if let Some(why) = &planned.not_run {
        text.title("Figures by both");
        text.point(&format!("they could not be computed: {why}"));
    }
    for (title, all) in [("KPIs by both", &planned.figures), ("Scores by both", &planned.scores)] {
        if !all.is_empty() {
            text.title(&format!("{title}, from what has landed; nothing is published"));
        }
        all.iter().for_each(|of| text.both(of));
    }
    text.text
}

/// A text that is being written.
struct Text {
    text: String,
    markdown: bool,
}

impl Text {
    fn code(&self, of: &str) -> String {
        if self.markdown { format!("`{of}`") } else { of.to_owned() }
    }

    fn line(&mut self, line: &str) {
        // Writing to a text does not fail.
        let _ = writeln!(self.text, "{line}");
    }

    fn title(&mut self, title: &str) {
        let before = if self.text.is_empty() { "" } else { "\n" };
        let line = if self.markdown { format!("{before}### {title}\n") } else { format!("{before}{title}") };
        self.line(&line);
    }

    fn point(&mut self, said: &str) {
        let line = if self.markdown { format!("- {said}") } else { format!("  {said}") };
        self.line(&line);
    }

    fn under(&mut self, said: &str) {
        let line = if self.markdown { format!("  - {said}") } else { format!("      {said}") };
        self.line(&line);
    }

    fn both(&mut self, of: &Both) {
        let counts = of.counts.map_or(String::new(), Counts::words);
        self.point(&format!("{}: {counts}", self.code(&of.id)));
        of.newest.iter().chain(&of.parts).for_each(|of| self.under(&by_both(of)));
    }
}

/// A figure by both: `2026-03 region=north: 4.1, 3.9 – 4.3 → 4.3, 4.1 – 4.5`.
pub(super) fn by_both(of: &ByBoth) -> String {
    let said = |said: &Option<Said>| said.as_ref().map_or_else(|| "nothing".to_owned(), Said::words);
    let (before, after) = (said(&of.before), said(&of.after));
    let said = if before == after { after } else { format!("{before} → {after}") };
    let part = if of.part.is_empty() { String::new() } else { format!(" {}", of.part) };
    format!("{}{part}: {said}", of.period)
}
