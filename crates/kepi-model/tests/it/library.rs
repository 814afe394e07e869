//! The pages of the library's KPIs in the book: written from their definitions and from the figures worked by hand.
//!
//! `UPDATE_GOLDENS=1 cargo test -p kepi-model library` writes them anew.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use kepi_model::{
    check::{Options, check},
    derived::{Bound, Derivation, GatheredAsOf, Made, Rows, Stretch},
    describe,
    expression::{Expression, Node},
    id::{AttributeId, EntityId},
    library::{LIBRARY, version},
    project::{Kpi, Measure, Project, ValueUnit},
    source_text::SourceMap,
};
use serde::Deserialize;

use crate::examples::read;

#[derive(Deserialize)]
struct Worked {
    kpi: String,
    period: String,
    segment: BTreeMap<String, String>,
    value: f64,
    source: String,
}

/// The attributes that a KPI rests on, made ones and landed ones, by entity.
#[derive(Default)]
struct Needed(BTreeMap<EntityId, BTreeSet<AttributeId>>);

impl Needed {
    fn of(kpi: &Kpi, project: &Project) -> Self {
        let mut needed = Self::default();
        for (base, read) in kpi.expressions() {
            read.iter().for_each(|expression| needed.expression(expression, base));
        }
        kpi.made.iter().for_each(|made| needed.made(made, project));
        for input in kpi.measure.kind().inputs() {
            for (entity, attributes) in Self::of(&input.kpi, project).0 {
                needed.0.entry(entity).or_default().extend(attributes);
            }
        }
        needed
    }
    fn attribute(&mut self, entity: &EntityId, attribute: &AttributeId) {
        self.0.entry(entity.clone()).or_default().insert(attribute.clone());
    }
    fn expression(&mut self, of: &Expression, base: &EntityId) {
        of.visit(&mut |part| {
            if let Node::Path(path) = &part.node {
                let mut at = base;
                for (reference, next) in &path.references {
                    self.attribute(at, reference);
                    at = next;
                }
                self.attribute(at, &path.attribute);
            }
        });
    }
    fn made(&mut self, made: &Made, project: &Project) {
        let (Made::Rows(id) | Made::Kept(id) | Made::Attribute(id, _)) = made;
        let entity = &project.entities[id];
        match (made, &entity.rows) {
            (Made::Attribute(_, attribute), _) => {
                self.attribute(id, attribute);
                match entity.derivation(attribute) {
                    Some(Derivation::Expression(of)) => self.expression(of, id),
                    Some(Derivation::Gathered(gathered)) => {
                        let theirs = gathered.value.iter().chain(&gathered.filter).chain([&gathered.dated]);
                        theirs.for_each(|read| self.expression(read, &gathered.of));
                        for (mine, theirs) in &gathered.same {
                            self.expression(mine, id);
                            self.expression(theirs, &gathered.of);
                        }
                        if let Some(GatheredAsOf::At(at)) = &gathered.as_of {
                            self.expression(at, id);
                        }
                        match &gathered.stretch {
                            Stretch::Dated { from, until, .. } => {
                                for bound in from.iter().chain(until) {
                                    if let Bound::At(at) = bound {
                                        self.expression(at, id);
                                    }
                                }
                            }
                            Stretch::InForce { at, begins, ends, .. } => {
                                self.expression(at, id);
                                for theirs in [begins].into_iter().chain(ends) {
                                    self.expression(theirs, &gathered.of);
                                }
                            }
                        }
                    }
                    _ => {}
                }
            }
            (_, Some(Rows::Panel(panel))) => {
                self.attribute(&panel.of, &panel.from);
                panel.until.iter().for_each(|until| self.attribute(&panel.of, until));
                panel.filter.iter().for_each(|filter| self.expression(filter, &panel.of));
                panel.keep.iter().for_each(|keep| self.expression(keep, id));
            }
            (_, Some(Rows::Stages(stages))) => {
                for moment in stages.stages.iter().flat_map(|stage| stage.enter.iter().chain(&stage.exit)) {
                    self.attribute(&moment.of, &moment.at);
                    let read = moment.filter.iter().chain([&moment.who]);
                    read.for_each(|theirs| self.expression(theirs, &moment.of));
                }
            }
            (_, Some(Rows::Union(parts))) => {
                for part in parts {
                    self.attribute(&part.of, &part.at);
                    let read = part.filter.iter().chain(part.set.iter().filter_map(|(_, set)| set.as_ref()));
                    read.for_each(|theirs| self.expression(theirs, &part.of));
                }
            }
            (_, Some(Rows::Versions(_)) | None) => {}
        }
    }
}

/// Of the documents of the model those parts that a KPI needs: copied as they stand, they can be pasted into a project.
fn copied(needed: &Needed, model: &str) -> String {
    let mut documents = Vec::new();
    for document in model.split("\n---\n") {
        let lines = || document.lines().filter(|line| !line.starts_with('#'));
        let name = lines().find_map(|line| line.strip_prefix("entity: ")).unwrap();
        let Some(attributes) = needed.0.get(&name.parse::<EntityId>().unwrap()) else { continue };
        let head: Vec<&str> = lines().take_while(|line| *line != "attributes:").collect();
        let chosen: Vec<&str> = lines()
            .skip(head.len() + 1)
            .filter(|line| {
                let attribute = line.trim_start().split(':').next().unwrap();
                attributes.iter().any(|needed| needed.as_str() == attribute)
            })
            .collect();
        let is_made = head.iter().any(|line| line.starts_with("rows:"));
        if chosen.is_empty() && !is_made {
            continue;
        }
        let mut text = head.join("\n");
        if !chosen.is_empty() {
            write!(text, "\nattributes:\n{}", chosen.join("\n")).unwrap();
        }
        documents.push(text);
    }
    documents.join("\n---\n")
}

fn amount(value: f64, kpi: &Kpi) -> String {
    let short = |value: f64, decimals: usize| {
        let text = format!("{value:.decimals$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    };
    let is_time = matches!(kpi.unit, ValueUnit::Duration);
    match &kpi.unit {
        ValueUnit::Share => format!("{} %", short(value * 100.0, 2)),
        ValueUnit::Money { currency } => format!("{} {currency}", short(value, 2)),
        _ if is_time && value < 60e6 => format!("{} s", short(value / 1e6, 3)),
        _ if is_time => format!("{} hours", short(value / 3.6e9, 2)),
        _ if value < 10.0 => short(value, 4),
        _ => short(value, 2),
    }
}

fn page(kpi: &Kpi, file: &str, project: &Project, model: &str, worked: &[Worked]) -> String {
    let needed = Needed::of(kpi, project);
    let mut objectives = project.strategy.as_ref().unwrap().objectives.iter();
    let objective = objectives.find(|o| Some(&o.id) == kpi.objective.as_ref()).unwrap();
    let better = match kpi.better {
        kepi_model::project::Better::Higher => "higher is better",
        kepi_model::project::Better::Lower => "lower is better",
        kepi_model::project::Better::InRange => "best within a range",
    };
    let mut text = format!(
        "# {}\n\n`{}`, for the objective *{}*; {better}. File: [{file}](../../library/{file}).\n\n{}\n\n",
        kpi.name,
        kpi.id,
        objective.name,
        kpi.description.as_ref().unwrap()
    );
    let words = describe::measure(kpi, project);
    writeln!(text, "## Formula\n- In words: {words}.\n- In signs: {}", describe::formula(kpi, project))
        .unwrap();
    if kpi.reach > 0 {
        let days = kpi.reach as f64 / 86_400e6;
        writeln!(
            text,
            "- Final {} days after the end of its period: as long as rows can still change it.",
            days.ceil()
        )
        .unwrap();
    }
    text.push_str("\n## What to know before comparing\n");
    kpi.assumptions.iter().for_each(|assumption| writeln!(text, "- {assumption}").unwrap());
    let definition = kpi.text.trim_end();
    let extends = format!(
        "extends: {{library: {}, version: {}}}",
        kpi.id,
        version(LIBRARY.today(kpi.id.as_str()).unwrap())
    );
    writeln!(text, "\n## Definition\n`{extends}` takes it over without a copy.\n```yaml\n{definition}\n```")
        .unwrap();
    let inputs: Vec<String> = kpi
        .measure
        .kind()
        .inputs()
        .into_iter()
        .map(|input| format!("[{}]({}.md)", input.kpi.name, input.kpi.id))
        .collect();
    if matches!(kpi.measure, Measure::Formula(_) | Measure::Composite(_)) {
        let inputs: BTreeSet<String> = inputs.into_iter().collect();
        let inputs: Vec<String> = inputs.into_iter().collect();
        writeln!(text, "\nIt is computed of {}: copy those, too.", inputs.join(", ")).unwrap();
    }
    text.push_str("\n## Data it needs\n| entity | attributes that sources fill |\n|---|---|\n");
    for (id, attributes) in &needed.0 {
        let entity = &project.entities[id];
        if entity.rows.is_some() {
            continue;
        }
        let landed: Vec<String> = attributes
            .iter()
            .filter(|attribute| {
                entity.key.contains(attribute)
                    || !matches!(
                        entity.derivation(attribute),
                        Some(Derivation::Expression(_) | Derivation::Gathered(_))
                    )
            })
            .map(|attribute| format!("`{attribute}`"))
            .collect();
        writeln!(text, "| `{id}` | {} |", landed.join(", ")).unwrap();
    }
    let copied = copied(&needed, model);
    if !copied.is_empty() {
        writeln!(
            text,
            "\nWhat built-in entities do not have, to copy into a project:\n```yaml\n{copied}\n```"
        )
        .unwrap();
    }
    text.push_str("\n## Worked by hand\nOn the data of [the library](../../library/README.md), and asserted by a test:\n");
    for figure in worked.iter().filter(|figure| figure.kpi == kpi.id.as_str()) {
        let segment: String = figure.segment.iter().map(|(d, m)| format!(", {d} {m}")).collect();
        let value = amount(figure.value, kpi);
        writeln!(text, "- {}{segment}: **{value}**. {}.", figure.period, figure.source).unwrap();
    }
    text
}

#[test]
fn every_kpi_of_the_library_has_its_page_in_the_book() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let library = root.join("library");
    let mut files = Vec::new();
    read(&library, &library, &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let paths: BTreeMap<String, String> = files
        .iter()
        .filter_map(|file| file.path.strip_prefix("kpis/"))
        .map(|path| {
            (path.rsplit('/').next().unwrap().trim_end_matches(".yml").to_owned(), format!("kpis/{path}"))
        })
        .collect();
    let project = check(&SourceMap::new(files), &Options::default()).value.unwrap();
    assert!(project.kpis.len() >= 60, "{}", project.kpis.len());
    let model = fs::read_to_string(library.join("model.yml")).unwrap();
    let worked: Vec<Worked> =
        serde_json::from_str(&fs::read_to_string(library.join("expected.json")).unwrap()).unwrap();
    let mut index = String::from("# The library, KPI by KPI\n\n");
    writeln!(index, "{} KPIs, each in a file to copy, with formula, pitfalls, the data it needs and a figure worked by hand. What stands behind them as a whole: [the library](../../library/README.md).", project.kpis.len()).unwrap();
    let mut pages = BTreeMap::new();
    let mut group = String::new();
    let mut by_file: Vec<(&String, &String)> = paths.iter().map(|(id, file)| (file, id)).collect();
    by_file.sort();
    for (file, id) in by_file {
        let kpi = &project.kpis[&id.parse().unwrap()];
        let of = file.split('/').nth(1).unwrap();
        if of != group {
            of.clone_into(&mut group);
            writeln!(index, "\n## {}{}\n| KPI | measures |\n|---|---|", of[..1].to_uppercase(), &of[1..])
                .unwrap();
        }
        writeln!(index, "| [{}]({id}.md) | {} |", kpi.name, kpi.description.as_ref().unwrap()).unwrap();
        pages.insert(format!("{id}.md"), page(kpi, file, &project, &model, &worked));
    }
    assert_eq!(pages.len(), project.kpis.len(), "each KPI stands in a file of its name");
    pages.insert("README.md".to_owned(), index);
    compare(&root.join("docs/library"), &pages);
}

fn compare(folder: &PathBuf, pages: &BTreeMap<String, String>) {
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder).unwrap();
        pages.iter().for_each(|(name, text)| fs::write(folder.join(name), text).unwrap());
    }
    let found: BTreeSet<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(found, pages.keys().cloned().collect(), "run with UPDATE_GOLDENS=1");
    for (name, text) in pages {
        let committed = fs::read_to_string(folder.join(name)).unwrap();
        assert!(committed == *text, "{name} is out of date: run with UPDATE_GOLDENS=1");
    }
}
