//! What customers say and what gets in their way: said by whoever sees it, kept with what became of it, and found by its words.

use kepi_govern::{Command, Content, Item, Open, Organisation, Permit, items::PainPoint};
use kepi_proof::Commitment;
use kepi_report::decided::Feedback;
use kepi_store::Store;

use crate::{
    deciding::{Acting, Deciding, words},
    error::AppError,
    named,
    open::App,
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
}

/// A text of an item.
struct Said<'a> {
    item: &'a Item,
    what: &'static str,
    at: i64,
    text: Commitment,
}

/// All that was said of customers and of what gets in their way, the newest first.
pub(crate) async fn all(store: &Store, organisation: &Organisation) -> Result<Vec<Feedback>, AppError> {
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
    found.sort_by_key(|of| std::cmp::Reverse(of.at));
    let wanted: Vec<Commitment> = found.iter().map(|of| of.text).collect();
    let texts = store.read().await?.texts(&wanted).await?;
    let feedback = found.into_iter().filter_map(|of| {
        let (kpi, unit) = of.item.content.about()?;
        Some(Feedback {
            item: of.item.number,
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
