//! Disputes: somebody says that a published figure is not right, and whoever answers for it is asked.

use kepi_govern::{Command, Content, Open, Permit, items::Dispute, periods::PeriodId};

use super::follow::place;
use crate::{
    deciding::{Acting, Deciding, words},
    error::AppError,
    named,
    open::App,
};

/// A figure by what people call it.
#[derive(Debug, Clone, Copy)]
pub struct Disputed<'a> {
    /// The KPI.
    pub kpi: &'a str,
    /// The period.
    pub period: &'a str,
    /// The unit; none: of all rows.
    pub unit: Option<&'a str>,
}

/// That there is no such figure, in the same words whether there is none or it is not seen.
#[must_use]
pub fn no_figure(of: Disputed<'_>) -> AppError {
    let unit = of.unit.map_or(String::new(), |unit| format!(" of `{unit}`"));
    AppError::NotFound(format!("no figure of `{}`{unit} is published in {}", of.kpi, of.period))
}

impl App {
    /// Says that a published figure is not right, and why.
    ///
    /// # Errors
    /// There is no such figure, a law forbids it, or the database refuses.
    pub async fn dispute(&self, of: Disputed<'_>, why: &str, acting: Acting<'_>) -> Result<u64, AppError> {
        let deciding = Deciding(&self.store);
        deciding.tick(acting.at).await?;
        let (project, period, first, _) = self.period_of(of.kpi, of.period).await?;
        let no_figure = || no_figure(of);
        let kpi = named::kpi(&project, of.kpi).map_err(|_| no_figure())?;
        let unit = named::unit(&project, of.unit).map_err(|_| no_figure())?;
        let published = self.published(&project).await?;
        let mut watched = place(&project, &kpi.id, unit.as_ref()).ok_or_else(no_figure)?;
        watched.grain = period.grain;
        published.value(&watched, period.ordinal).ok_or_else(no_figure)?;
        let runs = self.values.runs(None).await.map_err(AppError::Lake)?;
        let run = runs.last().map_or(0, |run| run.number.unsigned_abs());
        let content = Content::Dispute(Dispute {
            kpi: kpi.id.clone(),
            // All rows are those of the scorecard's own unit, whichever way it was said.
            unit: watched.unit.clone(),
            period: PeriodId { grain: period.grain, first },
            run,
        });
        let why = words("the reason", why)?;
        let command = Command::Open(Open { content: content.clone(), why: why.commitment });
        let by = Permit::open(self.store.person(acting.actor).await?);
        deciding.ask_as(&by, &command, vec![why], (&acting.key("dispute"), acting.at)).await?;
        let organisation = self.store.organisation().await?;
        let own = organisation.items.open().filter(|item| item.content == content);
        own.last().map(|item| item.number).ok_or(AppError::Busy)
    }
}
