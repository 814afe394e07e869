//! Figures that people enter because no source has them: proposed with evidence, agreed to by one other, landed by the next run.

use kepi_govern::{
    Content, Event,
    entries::Entry,
    periods::PeriodId,
    plain::{Name, Number},
};
use kepi_model::project::{Connector, Measure};
use kepi_proof::Commitment;
use kepi_query::{
    landing::{Fetched, PortError, Rows},
    published::grain_text,
};
use kepi_store::{EventFilter, NewText, Store};
use serde_json::json;

use crate::{
    concerned,
    deciding::{Acting, Deciding, words},
    error::AppError,
    open::App,
};

/// What is entered.
#[derive(Debug, Clone, Copy)]
pub struct Entering<'a> {
    /// The KPI that is measured by what is entered.
    pub kpi: &'a str,
    /// The period.
    pub period: &'a str,
    /// What it is of, such as a region; empty: the whole.
    pub part: &'a str,
    /// The value as amounts of the KPI are written in definitions.
    pub value: &'a str,
    /// What it rests on.
    pub evidence: &'a str,
}

/// Digits behind the point that an entered figure has room for.
const DECIMALS: usize = 6;

impl App {
    /// Asks one other to agree to a figure that no source has.
    ///
    /// # Errors
    /// The KPI is not entered, nothing lands what is, the value is no amount of it, a law forbids it, or the database refuses.
    pub async fn enter(&self, what: Entering<'_>, acting: Acting<'_>, why: &str) -> Result<u64, AppError> {
        let (project, period, first, until) = self.period(what.period).await?;
        let wrong = |reason: String| AppError::NotFound(reason);
        let kpi = what.kpi.parse().ok().and_then(|id| project.kpis.get(&id));
        let kpi = kpi.ok_or_else(|| wrong(format!("there is no KPI `{}`", what.kpi)))?;
        let kpi = kpi.in_period(period, &project.calendar).unwrap_or(kpi);
        if period.grain != kpi.period {
            let grain = grain_text(kpi.period);
            let own = project.calendar.label(project.calendar.period_of_day(kpi.period, first));
            return Err(wrong(format!(
                "`{}` is entered by {grain}, and `{}` is no {grain}: name one, such as {own}",
                kpi.id, what.period
            )));
        }
        let Measure::Entered(measure) = &kpi.measure else {
            return Err(wrong(format!(
                "`{}` is not entered: its measure is another than `entered`; `kepi override set` says another figure in place of a computed one",
                kpi.id
            )));
        };
        if !project.sources.values().any(|source| source.from == Connector::Entries) {
            return Err(wrong(format!(
                "nothing lands what is entered: a source `from: {{kepi: entries}}` `into: {}` does",
                measure.rows.of
            )));
        }
        let amount = kpi.unit.amount(what.value).ok_or_else(|| {
            wrong(format!(
                "`{}` is no value of `{}`, which is {}",
                what.value,
                kpi.id,
                kpi.unit.amount_text()
            ))
        })?;
        let (low, high) = kpi.measure.kind().range(&kpi.unit);
        if !(low..=high).contains(&amount) {
            return Err(wrong(format!("`{}` is beyond what `{}` can be", what.value, kpi.id)));
        }
        let value = Number::new(amount)
            .filter(|number| {
                number.as_str().rsplit_once('.').is_none_or(|(_, digits)| digits.len() <= DECIMALS)
            })
            .ok_or_else(|| wrong(format!("`{}` has more than {DECIMALS} decimals", what.value)))?;
        let figure: Name = measure.figure.parse().map_err(|_| {
            wrong(format!("`{}` is no name of a figure: letters, digits and `_`", measure.figure))
        })?;
        let people = concerned::of_entry(&project, &measure.figure, what.part).unwrap_or_default();
        let concerned = concerned::numbers(&self.store, &people).await?;
        let evidence = words("evidence", what.evidence)?;
        let id = PeriodId { grain: period.grain, first };
        let (part, new) = match what.part {
            "" => (None, None),
            text => match self.part_before(&figure, id, text).await? {
                Some(known) => (Some(known), None),
                None => {
                    let new = NewText::new(text.to_owned());
                    (Some(new.commitment), Some(new))
                }
            },
        };
        let content = Content::Entry(Entry {
            figure,
            period: id,
            until,
            part,
            value,
            evidence: evidence.commitment,
            concerned,
        });
        let new = new.into_iter().chain([evidence]).collect();
        Deciding(&self.store).ask_with(content, new, acting, why).await
    }

    /// How a part was named when this figure was proposed before: who says the same means the same.
    async fn part_before(
        &self,
        figure: &Name,
        period: PeriodId,
        part: &str,
    ) -> Result<Option<Commitment>, AppError> {
        let organisation = self.store.organisation().await?;
        let named = organisation.items.all().filter_map(|item| match &item.content {
            Content::Entry(of) if of.figure == *figure && of.period == period => of.part,
            _ => None,
        });
        let texts = self.store.read().await?.texts(&named.collect::<Vec<_>>()).await?;
        Ok(texts.into_iter().find(|(_, text)| text == part).map(|(name, _)| name))
    }
}

/// Writes the figures that were entered and agreed to behind a bookmark, which is a position of the log. The same figure entered
/// again has the same key, so that it is the next version of its row.
pub(crate) async fn after(
    store: &Store,
    from: Option<&serde_json::Value>,
    into: &mut dyn Rows,
) -> Result<Fetched, PortError> {
    let seen = from.and_then(serde_json::Value::as_u64).unwrap_or(0);
    let kind = Some("value.entered".to_owned());
    let filter = EventFilter { after: Some(seen), kind, ..EventFilter::default() };
    let mut last = seen;
    for recorded in store.events(&filter).await? {
        last = recorded.seq;
        let Event::ValueEntered(entered) = recorded.event()? else { continue };
        let Entry { figure, period, part, value, .. } = entered.of;
        let part = match part {
            None => None,
            Some(text) => match store.read().await?.text(&text).await? {
                Some(text) => Some(text),
                // What it was of was erased.
                None => continue,
            },
        };
        let id = [figure.as_str(), &period.to_string(), part.as_deref().unwrap_or_default()].join("|");
        let row = json!({
            "id": id,
            "figure": figure.as_str(),
            "period": period.first.to_string(),
            "value": value.as_str(),
            "part": part,
            "item": entered.item,
        });
        into.row(&row.to_string())?;
    }
    Ok(Fetched { bookmark: json!(last), whole: false, more: false })
}
