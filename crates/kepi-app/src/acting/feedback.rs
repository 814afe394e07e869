//! What customers say and what gets in their way: said by whoever sees it, kept with what became of it, and found by its words.

use kepi_govern::{Command, Content, Item, Open, Organisation, Permit, items::PainPoint};
use kepi_model::{feedback::Feedback as Written, project::Project};
use kepi_proof::Commitment;
use kepi_query::{
    derive::following::{Asked, following},
    port::PinnedInputs,
    published::Run,
    row::Cell,
};
use kepi_report::decided::{Feedback, Heard};
use kepi_store::Store;

use super::cases::{key_parts, key_text, unit_of, units};
use crate::{
    deciding::{Acting, Deciding, words},
    error::AppError,
    named,
    open::App,
    trace::traceable,
};

impl App {
    /// Says what gets in the way of customers, about a KPI in a unit.
    ///
    /// # Errors
    /// There is no such KPI or unit, a law forbids it, or the database refuses.
    pub async fn pain_point(
        &self,
        (kpi, unit): (&str, Option<&str>),
        text: &str,
        acting: Acting<'_>,
    ) -> Result<u64, AppError> {
        let deciding = Deciding(&self.store);
        deciding.tick(acting.at).await?;
        let project = self.in_force().await?;
        let no_such = |_| named::no_such(kpi, unit);
        let unit = named::unit(&project, unit).map_err(no_such)?;
        let kpi = named::kpi(&project, kpi).map_err(no_such)?;
        let content = Content::PainPoint(PainPoint { kpi: kpi.id.clone(), unit });
        let why = words("what gets in the way", text)?;
        let command = Command::Open(Open { content, why: why.commitment });
        let number = self.store.organisation().await?.items.next();
        let by = Permit::open(self.store.person(acting.actor).await?);
        deciding.ask_as(&by, &command, vec![why], (&acting.key("pain"), acting.at)).await?;
        let organisation = self.store.organisation().await?;
        let own = organisation.items.open();
        // Others may have said something just then: it is the first of hers.
        let mut own = own.filter(|item| item.number >= number && item.editor == *by.by());
        own.next().map(|item| item.number).ok_or(AppError::Busy)
    }

    /// All that customers said and wrote, and what gets in their way, the newest first.
    ///
    /// # Errors
    /// The database refuses.
    pub(crate) async fn heard(&self) -> Result<Heard, AppError> {
        let mut heard =
            Heard { said: said(&self.store, &*self.store.organisation().await?).await?, unread: Vec::new() };
        let runs = self.values.runs(None).await.map_err(AppError::Lake)?;
        let Some(newest) = runs.iter().max_by_key(|run| run.seq) else { return Ok(heard) };
        let (run, project) = self.as_for(newest.number).await?;
        if project.feedback.is_empty() {
            return Ok(heard);
        }
        let inputs = self.lake.pin(&project, Some(run.pins.snapshot)).await.map_err(AppError::Lake)?;
        for of in project.feedback.values() {
            match self.written(&project, (&inputs, &run), of).await {
                Ok(rows) => heard.said.extend(rows),
                // What is said elsewhere is found all the same.
                Err(why) => heard.unread.push(format!("{}: {why}", of.name)),
            }
        }
        heard.said.sort_by_key(|of| std::cmp::Reverse(of.at));
        Ok(heard)
    }

    /// What customers wrote in rows behind a KPI.
    async fn written(
        &self,
        project: &Project,
        (inputs, run): (&PinnedInputs, &Run),
        of: &Written,
    ) -> Result<Vec<Feedback>, AppError> {
        let Some(kpi) = project.kpis.get(&of.kpi) else { return Ok(Vec::new()) };
        let rows = following(traceable(self, project, inputs, run), kpi, &Asked::written(of)).await?;
        let units = units(project, kpi);
        let written = rows.into_iter().filter_map(|row| {
            let Some(Cell::Text(text)) = &row.answers_to else { return None };
            if text.trim().is_empty() {
                return None;
            }
            Some(Feedback {
                item: None,
                row: Some((of.of.to_string(), key_parts(&key_text(project, &of.of, &row.key)))),
                what: "in an answer",
                kpi: of.kpi.to_string(),
                unit: unit_of(&units, &row).map(|unit| unit.to_string()),
                at: row.at,
                cause: None,
                outcome: None,
                text: text.to_string(),
            })
        });
        Ok(written.collect())
    }
}

/// A text of an item.
struct Said<'a> {
    item: &'a Item,
    what: &'static str,
    at: i64,
    text: Commitment,
}

/// What was said of customers and of what gets in their way, at items.
async fn said(store: &Store, organisation: &Organisation) -> Result<Vec<Feedback>, AppError> {
    let mut found: Vec<Said<'_>> = Vec::new();
    for item in organisation.items.all() {
        let mut say = |what, at, text: Option<Commitment>| {
            found.extend(text.map(|text| Said { item, what, at, text }));
        };
        match &item.content {
            Content::Case(_) => {
                for of in &item.work.contacts {
                    say("at a contact", of.at, of.note);
                }
                for of in &item.work.answers {
                    say("by the customer", of.at, of.note);
                }
            }
            Content::PainPoint(_) => say("at the front line", item.opened, Some(item.why)),
            _ => {}
        }
    }
    let wanted: Vec<Commitment> = found.iter().map(|of| of.text).collect();
    let texts = store.read().await?.texts(&wanted).await?;
    let feedback = found.into_iter().filter_map(|of| {
        let (kpi, unit) = of.item.content.about()?;
        Some(Feedback {
            item: Some(of.item.number),
            row: None,
            what: of.what,
            kpi: kpi.to_string(),
            unit: unit.map(ToString::to_string),
            at: of.at,
            cause: of.item.work.cause.as_ref().map(ToString::to_string),
            outcome: of.item.work.finished.as_ref().map(|(outcome, _)| outcome.to_string()),
            text: texts.get(&of.text)?.clone(),
        })
    });
    Ok(feedback.collect())
}
