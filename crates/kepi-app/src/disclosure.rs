//! Disclosure: the methodology of a KPI or a scorecard as it was in force on any day and known at any event, in one document.

use std::fmt::Write as _;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use kepi_govern::{Content, Effective, Event, Organisation, items::Outcome};
use kepi_model::{
    describe,
    id::KpiId,
    project::{Connector, Kpi, Project, Publication, Scorecard, Section, Withholding},
};
use kepi_proof::Commitment;
use kepi_query::{
    published::{SCORE, VALUE, Vouched, scored},
    value::Segment,
};
use kepi_report::{
    benchmarks,
    difference::between,
    view::{Points, TargetView},
};
use kepi_store::EventFilter;
use serde::Serialize;

use crate::{
    archive,
    deciding::{ItemView, on_one_line, view},
    error::AppError,
    open::App,
    overrides::Overriding,
    periods::said,
    picture::{period_of, project_of},
    publishing::values_in,
    register::{Asked, Held, register},
};

/// At most so many figures are told, the newest.
const MOST_FIGURES: usize = 24;

/// How a choice is written in definitions.
fn word(of: &impl Serialize) -> String {
    serde_json::to_value(of).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A text of somebody as Markdown shows it, on one line.
fn plain(text: &str) -> String {
    on_one_line(text).replace('<', "&lt;")
}

/// A document in Markdown that is being written.
struct Document(String);

impl Document {
    fn heading(&mut self, text: &str) {
        let _ = writeln!(self.0, "\n## {text}\n");
    }
    fn line(&mut self, text: impl AsRef<str>) {
        let _ = writeln!(self.0, "{}", text.as_ref());
    }
    /// What is said stands on one line and is text: it cannot look like another heading, point or approval.
    fn point(&mut self, what: &str, text: impl AsRef<str>) {
        // What belongs to the point before stands beneath it.
        let (beneath, what) = what.strip_prefix("  ").map_or(("", what), |what| ("  ", what));
        let _ = writeln!(self.0, "{beneath}- {}: {}", plain(what), plain(text.as_ref()));
    }
    fn code(&mut self, text: &str) {
        // A fence that is longer than any within.
        let _ = writeln!(self.0, "````yaml\n{}\n````", text.trim().trim_start_matches("---").trim());
    }
}

/// What a document is of, and when.
struct At<'a> {
    app: &'a App,
    organisation: &'a Organisation,
    project: &'a Project,
    id: &'a str,
    day: Date,
    position: u64,
    /// What is withheld of it today, whatever day and event are asked for: who picks another would else read what is withheld.
    withheld: &'a [Withholding],
}

/// What is in force now.
struct Now {
    position: u64,
    organisation: Organisation,
    project: Project,
    day: Date,
}

impl Now {
    /// What is withheld of a definition.
    fn withheld(&self, id: &str) -> Vec<Withholding> {
        let of = self.project.withholdings.values();
        of.filter(|of| of.is_of(id) && of.holds_on(self.day)).cloned().collect()
    }
}

impl App {
    async fn now_in_force(&self) -> Result<Now, AppError> {
        let (position, organisation) = self.known_at(None).await?;
        let project = project_of(&archive::of(&self.store, &organisation.register).await?.0)?;
        let zone = TimeZone::get(&project.calendar.zone).unwrap_or(TimeZone::UTC);
        let day = Timestamp::now().to_zoned(zone).date();
        Ok(Now { position, organisation, project, day })
    }

    /// Every wording of a definition that was adopted until an event: from which day on, when and by whom, what it changed, why, who
    /// agreed, and as what it was written before; in Markdown.
    ///
    /// # Errors
    /// Nothing of that name was ever in force, or the database refuses.
    pub async fn versions(&self, id: &str, day: Date, position: Option<u64>) -> Result<String, AppError> {
        let (position, organisation) = self.known_at(position).await?;
        let (files, _) = archive::of(&self.store, &organisation.register).await?;
        let project = project_of(&files)?;
        let now = self.now_in_force().await?;
        let withheld = &now.withheld(id)[..];
        let at =
            At { app: self, organisation: &organisation, project: &project, id, day, position, withheld };
        let mut to = Document(String::new());
        at.versions(&mut to).await?;
        Ok(to.0)
    }

    /// What was known after an event.
    async fn known_at(&self, position: Option<u64>) -> Result<(u64, Organisation), AppError> {
        let head = self.store.newest_event().await?;
        let position = position.unwrap_or(head);
        if position == 0 || position > head {
            return Err(AppError::NotFound(format!("there is no event {position}; the log has {head}")));
        }
        let organisation = self.store.organisation_at(position).await?;
        if organisation.register.position() == 0 {
            return Err(AppError::NotFound(format!("nothing was in force yet at event {position}")));
        }
        Ok((position, organisation))
    }

    /// The methodology of `kpi/…` or `scorecard/…` as in force on a day and known after an event, in Markdown: what it says, of
    /// which rows, who agreed to it, and its figures as published by then. The same question has the same answer for ever, unless
    /// texts are erased, or something is withheld today.
    ///
    /// # Errors
    /// Nothing of that name was in force, or the database or the lake refuses.
    pub async fn methodology(&self, id: &str, day: Date, position: Option<u64>) -> Result<String, AppError> {
        let (position, organisation) = self.known_at(position).await?;
        let (files, pin) = archive::of(&self.store, &organisation.register).await?;
        let project = project_of(&files)?;
        let now = self.now_in_force().await?;
        let withheld = &now.withheld(id)[..];
        let at =
            At { app: self, organisation: &organisation, project: &project, id, day, position, withheld };
        let mut to = Document(String::new());
        let not_found = || {
            AppError::NotFound(format!("nothing was in force of `{id}` on {day}; ids are such as `kpi/nps`"))
        };
        match id.split_once('/') {
            Some(("kpi", name)) => {
                let kpi =
                    name.parse().ok().and_then(|id| project.kpis.get(&id)).and_then(|kpi| kpi.in_force(day));
                at.kpi(kpi.ok_or_else(not_found)?, &mut to).await?;
            }
            Some(("scorecard", name)) => {
                let card = name.parse().ok().and_then(|id| project.scorecards.get(&id));
                let card = card.and_then(|card| card.in_force(day));
                at.scorecard(card.ok_or_else(not_found)?, &mut to).await?;
            }
            _ => return Err(not_found()),
        }
        let at = At {
            organisation: &now.organisation,
            project: &now.project,
            day: now.day,
            position: now.position,
            ..at
        };
        at.conflicts(&mut to).await?;
        to.heading("How this is checked");
        to.point("all definitions together hash to", pin.to_string());
        to.point("asked again with", format!("`kepi register {id} --document --day {day} --at {position}`"));
        to.point(
            "the log up to that event verifies with",
            "`kepi audit verify`; a bundle for others is `kepi audit export`",
        );
        Ok(to.0)
    }
}

impl<'a> At<'a> {
    /// Says that a section is left out, and by what; whether it is.
    fn is_left_out(&self, section: Section, to: &mut Document) -> bool {
        let mut of = self.withheld.iter().filter(|of| of.leaves_out(section)).peekable();
        let left_out = of.peek().is_some();
        for of in of {
            to.point("withheld", format!("`withholding/{}`, see below: {}", of.id, of.duty));
        }
        left_out
    }

    /// Conflicts between a legal duty and transparency, each as it was decided.
    async fn conflicts(&self, to: &mut Document) -> Result<(), AppError> {
        to.heading("What is withheld");
        let mut any = false;
        for of in self.withheld {
            any = true;
            let owner =
                self.project.persons.get(&of.owner).map_or(of.owner.to_string(), |of| of.name.clone());
            to.point(&format!("`withholding/{}`", of.id), &of.name);
            let withheld: Vec<String> = of.withheld.iter().map(word).collect();
            to.point("  left out", withheld.join(", "));
            to.point("  the duty", &of.duty);
            to.point("  why it weighs more", &of.why);
            to.point("  answered for by", owner);
            let until = of.until.map_or("it is decided anew".to_owned(), |day| day.to_string());
            to.point("  holds", format!("from {} until {until}", of.since));
            let id = format!("withholding/{}", of.id);
            self.adopted(&id, "  decided", to).await?;
            self.agreed(&id, "  decided by", to).await?;
        }
        if !any {
            to.line("Nothing: no conflict between a legal duty and transparency was decided about it that holds today.");
        }
        Ok(())
    }

    fn title(&self, name: &str, to: &mut Document) {
        to.line(format!("# {}: methodology\n", plain(name)));
        to.line(format!("`{}`, as in force on {} and known at event {}.", self.id, self.day, self.position));
    }

    async fn kpi(&self, kpi: &Kpi, to: &mut Document) -> Result<(), AppError> {
        let project = self.project;
        self.title(&kpi.name, to);
        to.heading("What it says");
        if let Some(description) = &kpi.description {
            to.point("described as", description);
        }
        to.point("in words", describe::measure(kpi, project));
        to.point("formula", describe::formula(kpi, project));
        to.point("better is", word(&kpi.better));
        to.point("the definition hashes to", kpi.wording.to_string());
        if let Some(objective) = &kpi.objective {
            to.point("serves the objective", objective.to_string());
        }
        to.point("is in force from", kpi.from.map_or("ever".to_owned(), |day| day.to_string()));
        to.heading("People");
        if !self.is_left_out(Section::People, to) {
            let persons = |of: &mut dyn Iterator<Item = &kepi_model::id::PersonId>| {
                let names: Vec<String> = of.map(|id| project.shown(id, Some(self.day))).collect();
                if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
            };
            to.point("accountable", persons(&mut kpi.accountable.iter()));
            to.point("responsible", persons(&mut kpi.responsible.iter()));
            to.point("consulted", persons(&mut kpi.consulted.iter()));
            to.point("informed", persons(&mut kpi.informed.iter()));
        }
        to.heading("Targets");
        if !self.is_left_out(Section::Targets, to) {
            let targets = kpi.targets.iter().filter(|target| target.from <= self.day);
            let mut any = false;
            for target in targets {
                any = true;
                let shown = TargetView::new(target.from.to_string(), target.lines, kpi.better, &kpi.unit);
                let whose = target.scope().map_or(String::new(), |whom| format!(" for {whom}"));
                let basis = benchmarks::evidence(target, self.project, Some(self.day))
                    .unwrap_or_else(|| "no basis is given".to_owned());
                let floor = shown.floor.as_ref().map_or(String::new(), |floor| format!(", floor {floor}"));
                let stretch =
                    shown.stretch.as_ref().map_or(String::new(), |stretch| format!(", stretch {stretch}"));
                // Whole: whoever holds the file can compare.
                let file = target.evidence.as_ref().map_or(String::new(), |of| {
                    let digest = of.sha256.as_deref().unwrap_or("not written down");
                    format!(", to be read in {} (SHA-256 {digest})", of.file)
                });
                let plan = target.plan.as_ref().map_or(String::new(), |with| {
                    format!(", planned with {} of {}", with.version, with.plan)
                });
                let text = format!(
                    "{}, threshold {}{floor}{stretch}{whose}; rests on: {basis}{file}{plan}",
                    shown.target, shown.threshold
                );
                to.point(&format!("from {}", target.from), text);
            }
            if !any {
                to.line("None is in force.");
            }
        }
        to.heading("Gates and limits");
        to.point(
            "no segment of fewer cases",
            kpi.minimum_cell.map_or("not asked".to_owned(), |n| n.to_string()),
        );
        to.point("at least so many cases", kpi.minimum_n.map_or("not asked".to_owned(), |n| n.to_string()));
        let share = |share: f64| format!("{} %", share * 100.0);
        to.point("at least so much coverage", kpi.minimum_coverage.map_or("not asked".to_owned(), share));
        to.point(
            "rows are weighted",
            if kpi.weight.is_some() || kpi.design.is_some() { "yes, as written below" } else { "no" },
        );
        for assumption in &kpi.assumptions {
            to.point("assumed", assumption);
        }
        to.heading("Privacy");
        to.point("sensitivity", word(&kpi.sensitivity));
        if kpi.publication == Publication::Figures {
            to.point(
                "published",
                "figures of the whole and of units; what they are made of is for those who answer for it",
            );
        }
        let purpose = kpi.purpose.as_ref().and_then(|purpose| project.purposes.get(purpose));
        to.point("purpose", purpose.map_or("none is said", String::as_str));
        let entities = kpi.entities();
        let sources: Vec<&kepi_model::project::Source> =
            project.sources.values().filter(|source| entities.contains(&source.into)).collect();
        to.heading("Sources, mapping and validation");
        if !self.is_left_out(Section::Sources, to) {
            for source in &sources {
                to.point(
                    &format!("`{}` ({}), into `{}`", source.id, source.name, source.into),
                    source.from.to_string(),
                );
            }
        }
        self.figures(kpi, to).await?;
        self.versions(to).await?;
        to.heading("As written");
        if self.is_left_out(Section::Texts, to) {
            return Ok(());
        }
        self.written(self.id, to).await?;
        for source in sources {
            // What Kepi finds of answers nobody wrote as a source: the entity says how they are screened.
            let id = match &source.from {
                Connector::Screening(screen) => format!("entity/{}", screen.entity),
                _ => format!("source/{}", source.id),
            };
            self.written(&id, to).await?;
        }
        Ok(())
    }

    async fn scorecard(&self, card: &Scorecard, to: &mut Document) -> Result<(), AppError> {
        self.title(&card.name, to);
        to.heading("What it says");
        to.point("missing values", word(&card.missing));
        to.point("the definition hashes to", card.wording.to_string());
        to.point("is in force from", card.from.map_or("ever".to_owned(), |day| day.to_string()));
        let percent = |of: kepi_model::measure::BasisPoints| format!("{} %", f64::from(of) / 100.0);
        for perspective in &card.perspectives {
            to.line(format!("- {}: {}", perspective.id, percent(perspective.weight)));
            for objective in &perspective.objectives {
                to.line(format!("  - {}: {}", objective.id, percent(objective.weight)));
                let definition = |kpi: &KpiId| {
                    let hash = self.project.kpis.get(kpi).and_then(|kpi| kpi.in_force(self.day));
                    hash.map_or("not in force".to_owned(), |kpi| kpi.wording.short())
                };
                for (kpi, weight) in &objective.kpis {
                    let hash = definition(kpi);
                    to.line(format!("    - kpi/{kpi}: {} (definition {hash})", percent(*weight)));
                }
                for of in &objective.segments {
                    let weight = match &objective.weigh_by {
                        Some(worth) => format!("its share of kpi/{worth} (definition {})", definition(worth)),
                        None => percent(of.weight),
                    };
                    to.line(format!("    - {}: {weight}", Segment::of(&of.members)));
                    for (kpi, weight) in &of.kpis {
                        let hash = definition(kpi);
                        to.line(format!("      - kpi/{kpi}: {} (definition {hash})", percent(*weight)));
                    }
                }
            }
        }
        to.heading("Scores as published by then");
        if !self.is_left_out(Section::Figures, to) {
            let ids = [card.id.to_string()];
            let position = i64::try_from(self.position).unwrap_or(i64::MAX);
            let rows = self.app.values.as_of(&SCORE, position, Some(&ids)).await.map_err(AppError::Lake)?;
            let mut found = Vec::new();
            for row in (0..rows.rows()).filter(|row| rows.withdrawn(*row).is_empty()) {
                let Some(grain) = Vouched::read_grain(rows.grain(row)) else { continue };
                let period = period_of(&rows, row, grain, &card.calendar);
                let corrupt = |e: kepi_query::published::Corrupt| AppError::Corrupt {
                    what: "a score",
                    reason: e.to_string(),
                };
                let of = scored(&rows, row).map_err(corrupt)?;
                let said =
                    of.score.map_or_else(|why| format!("none ({why})"), |micro| Points::new(micro).text);
                found.push((
                    period.ordinal,
                    rows.segment(row).to_owned(),
                    self.project.calendar.label(period),
                    said,
                ));
            }
            found.sort();
            let from = found.len().saturating_sub(MOST_FIGURES);
            for (_, unit, period, said) in found.into_iter().skip(from) {
                let unit = if unit.is_empty() { String::new() } else { format!(", {unit}") };
                to.point(&format!("{period}{unit}"), said);
            }
        }
        self.versions(to).await?;
        to.heading("As written");
        if self.is_left_out(Section::Texts, to) {
            return Ok(());
        }
        self.written(self.id, to).await
    }

    /// The newest figures over all rows as they were published by then, and what people said in their place.
    async fn figures(&self, kpi: &Kpi, to: &mut Document) -> Result<(), AppError> {
        to.heading("Figures as published by then");
        if self.is_left_out(Section::Figures, to) {
            return Ok(());
        }
        let (project, id): (&Project, &KpiId) = (self.project, &kpi.id);
        let overrides = Overriding::read(&self.app.store, self.organisation, project).await?;
        let position = i64::try_from(self.position).unwrap_or(i64::MAX);
        let ids = [id.to_string()];
        let rows = self.app.values.as_of(&VALUE, position, Some(&ids)).await.map_err(AppError::Lake)?;
        let mut values = values_in(&rows, project)?;
        values.retain(|value| value.segment.is_total() && value.period.grain == kpi.period);
        values.sort_by_key(|value| value.period.ordinal);
        let from = values.len().saturating_sub(MOST_FIGURES);
        for value in values.into_iter().skip(from) {
            let computed = said(project, id, &value.estimate);
            let text = match overrides.at(self.position, id, value.period, &value.segment, &value.estimate) {
                Some(instead) => format!("{}, overridden; computed {computed}", said(project, id, &instead)),
                None => computed,
            };
            let ever = overrides.ever(id, value.period, &value.segment);
            let why =
                ever.last().filter(|of| text.contains(", overridden;") && of.over.is_none()).map(|of| {
                    let erased =
                        |of: &Option<String>| of.clone().unwrap_or_else(|| "the text was erased".to_owned());
                    let (by, agreed) = (of.by.join(", "), of.agreed.join(", "));
                    let agreed = if agreed.is_empty() {
                        "nobody had to agree".to_owned()
                    } else {
                        format!("{agreed} agreed")
                    };
                    format!(
                        "; said by {by}, {agreed}: {} (evidence: {}, item {})",
                        erased(&of.why),
                        erased(&of.evidence),
                        of.item
                    )
                });
            let text = format!("{text}{}", why.unwrap_or_default());
            to.point(&project.calendar.label(value.period), text);
        }
        Ok(())
    }

    /// Every wording that was adopted by then, by whom, and who agreed to it.
    async fn versions(&self, to: &mut Document) -> Result<(), AppError> {
        to.heading("Versions and approvals");
        let earlier = self.adopted(self.id, "", to).await?;
        self.agreed(self.id, "", to).await?;
        if earlier.is_empty() {
            return Ok(());
        }
        to.heading("As it was written before");
        if self.is_left_out(Section::Texts, to) {
            return Ok(());
        }
        for (from, event, text) in earlier {
            let text = self.app.store.read().await?.text(&text).await?;
            to.line(format!("`{}`, from {from} (event {event}):\n", self.id));
            to.code(text.as_deref().unwrap_or("# the text was erased"));
            to.line("");
        }
        Ok(())
    }

    /// Every adoption that named a definition by then, not those alone whose text still holds on some day; gives back the texts that hold on
    /// none.
    async fn adopted(
        &self,
        id: &str,
        said_as: &str,
        to: &mut Document,
    ) -> Result<Vec<(Effective, u64, Commitment)>, AppError> {
        let kind = Some("definition.adopted".to_owned());
        let mut earlier = Vec::new();
        let held: Vec<u64> = self.held(id, None).await?.iter().map(|of| of.event).collect();
        for recorded in self.app.store.events(&EventFilter { kind, ..EventFilter::default() }).await? {
            let Ok(Event::DefinitionAdopted(adoption)) = recorded.event() else { continue };
            let own = adoption.texts.iter().find(|(of, _)| of.to_string() == id);
            let Some((_, adopted)) = own.filter(|_| recorded.seq <= self.position) else { continue };
            let at = Timestamp::from_microsecond(recorded.at).map(|at| at.to_string()).unwrap_or_default();
            let by = self.app.store.name_of(&recorded.by).await?;
            let what = match (adopted.text, held.contains(&recorded.seq)) {
                (None, _) => "gone",
                (Some(_), true) => "adopted",
                (Some(_), false) => "adopted, replaced since",
            };
            let from =
                if said_as.is_empty() { format!("from {}", adoption.from) } else { said_as.to_owned() };
            to.point(&from, format!("{what} {at} by {by} (event {})", recorded.seq));
            // What it changed is said of what this document is of, unless its texts are withheld.
            if id == self.id && !self.withheld.iter().any(|of| of.leaves_out(Section::Texts)) {
                for said in self.changed_by(recorded.seq).await? {
                    to.point(&format!("event {} changed", recorded.seq), said);
                }
            }
            if let (Some(text), false) = (adopted.text, held.contains(&recorded.seq)) {
                earlier.push((adoption.from, recorded.seq, text));
            }
        }
        Ok(earlier)
    }

    /// Who proposed what is in force of a definition or was, and who agreed to it.
    async fn agreed(&self, id: &str, said_as: &str, to: &mut Document) -> Result<(), AppError> {
        let names = |adoption: &kepi_govern::event::DefinitionAdopted| {
            adoption.texts.keys().any(|of| of.to_string() == id)
        };
        for item in self.organisation.items.all() {
            let Some(change) = item.content.change() else { continue };
            // What was in force for a time, too: an emergency that was taken back.
            let emergency = match (&item.content, item.ended) {
                (Content::Emergency(_), Some((Outcome::Done, _))) => "; in an emergency, ratified since",
                (Content::Emergency(_), Some((Outcome::Rejected | Outcome::Lapsed, _)))
                    if item.was_in_force =>
                {
                    "; in an emergency, not ratified: taken back"
                }
                (Content::Emergency(_), None) if item.is_unratified() => {
                    "; in an emergency, in force and not ratified yet"
                }
                (Content::Change(_), Some((Outcome::Done, _))) => "",
                _ => continue,
            };
            if !change.adoptions.iter().any(names) {
                continue;
            }
            let ItemView { item, authors, why, ballots, .. } =
                view(&self.app.store, self.organisation, item).await?;
            let ballots: Vec<String> = ballots.iter().map(|of| format!("{} {}", of.by, of.stance)).collect();
            let agreed =
                if ballots.is_empty() { "nobody had to agree".to_owned() } else { ballots.join(", ") };
            let why = why.unwrap_or_else(|| "the text was erased".to_owned());
            let what =
                if said_as.is_empty() { format!("item {item}") } else { format!("{said_as} (item {item})") };
            to.point(&what, format!("proposed by {}: {why}; {agreed}{emergency}", authors.join(", ")));
        }
        Ok(())
    }

    /// How the definition differs by an adoption from what was in force before, in words; of the first one nothing.
    async fn changed_by(&self, event: u64) -> Result<Vec<String>, AppError> {
        let adopted = EventFilter { kind: Some("definition.adopted".to_owned()), ..EventFilter::default() };
        let all = self.app.store.events(&adopted).await?;
        let cause = all.iter().find(|of| of.seq == event).and_then(|of| of.cause);
        // What was put in force together is compared as a whole: between two adoptions the register may not go together.
        let together = |of: &&kepi_govern::Recorded| of.seq == event || cause.is_some() && of.cause == cause;
        let together: Vec<&kepi_govern::Recorded> = all.iter().filter(together).collect();
        let says = |of: &kepi_govern::Recorded| match of.event() {
            Ok(Event::DefinitionAdopted(of)) => of.texts.keys().any(|id| id.to_string() == self.id),
            _ => false,
        };
        // Of several that name it, the last says so.
        if together.iter().rev().find(|of| says(of)).is_some_and(|last| last.seq != event) {
            return Ok(Vec::new());
        }
        let first = together.first().map_or(event, |of| of.seq);
        let event = together.last().map_or(event, |of| of.seq);
        let then = self.app.store.organisation_at(first - 1).await?.register;
        if then.position() == 0 {
            return Ok(Vec::new());
        }
        let now = self.app.store.organisation_at(event).await?.register;
        let (before, after) =
            (archive::of(&self.app.store, &then).await?.0, archive::of(&self.app.store, &now).await?.0);
        let (Ok(old), Ok(new)) = (project_of(&before), project_of(&after)) else { return Ok(Vec::new()) };
        let all = between((&before, &old), (&after, &new)).documents.into_iter();
        Ok(all.filter(|of| of.id == self.id).flat_map(|of| of.said).collect())
    }

    async fn held(&self, id: &str, day: Option<Date>) -> Result<Vec<Held>, AppError> {
        register(&self.app.store, &Asked { of: Some(id.to_owned()), day, position: Some(self.position) })
            .await
    }

    async fn written(&self, id: &str, to: &mut Document) -> Result<(), AppError> {
        for of in self.held(id, Some(self.day)).await? {
            to.line(format!("`{id}`, from {} (event {}):\n", of.from, of.event));
            to.code(of.text.as_deref().unwrap_or("# the text was erased"));
            to.line("");
        }
        Ok(())
    }
}
