//! Asks why, once a period is closed: of each KPI of a scorecard that was red in it, or changed for the worse beyond what is usual, and of which nobody
//! has said so. It keeps no memory: once for a KPI and period, and over when somebody has said it.

use std::collections::BTreeSet;

use kepi_govern::{
    Command, Content, Evidence, Item, Observe, Open,
    items::{Action, Seen, Task, TaskOf},
    laws,
};
use kepi_store::{NewText, door::new_key};

use super::{
    Asking,
    follow::{Followed, job, place, unless},
    period_of_kpi, told,
};
use crate::{deciding::Deciding, error::AppError, open::App, periods::days, picture::texts_of};

/// Of what was closed longer ago nobody is asked any more, in µs.
const ASKED_WITHIN: i64 = 31 * 86_400_000_000;
/// Days in which it is to be said.
const DAYS: i64 = 10;

impl App {
    /// Asks whoever answers for a KPI why its figure of a closed period is as it is, and ends what somebody has answered since.
    ///
    /// # Errors
    /// Store or lake refused, or what is in force cannot be read.
    pub(super) async fn ask_why(&self, at: i64, report: &mut Followed) -> Result<(), AppError> {
        let organisation = self.store.organisation().await?;
        let is_asked =
            |item: &Item| matches!(&item.content, Content::Task(Task { of: TaskOf::Comment { .. }, .. }));
        let closes = organisation.periods.closed.iter();
        let closed: BTreeSet<_> = closes
            .flat_map(|(period, closes)| closes.iter().map(move |close| (*period, close)))
            .filter(|(_, close)| close.at + ASKED_WITHIN > at)
            .map(|(period, close)| (period, close.until))
            .collect();
        if closed.is_empty() && !organisation.items.open().any(is_asked) {
            return Ok(());
        }
        let runs = self.values.runs(None).await.map_err(AppError::Lake)?;
        let Some(run) = runs.last() else { return Ok(()) };
        let mut asking = Asking::new(&self.store, at);
        for item in organisation.items.open() {
            let Content::Task(Task { of: TaskOf::Comment { kpi, period }, .. }) = &item.content else {
                continue;
            };
            if organisation.items.is_explained(kpi, None, *period) {
                let seen = Seen::Clear { period: *period, run: run.number.unsigned_abs() };
                let observe = Command::Observe(Observe { item: item.number, seen });
                let done = asking.ask(&job(), &observe, Vec::new(), &new_key("reviews")).await;
                unless(done, &[laws::NOTHING_NEW, laws::NO_ITEM])?;
            }
        }
        if closed.is_empty() {
            return Ok(());
        }
        let project = Deciding(&self.store).in_force_project(&organisation).await?;
        let published = self.published(&texts_of(self, &run.pins).await?.1).await?;
        for (id, until) in closed {
            for kpi in project.kpis.values() {
                let period = period_of_kpi(&project, &kpi.id, id);
                // Of a KPI that is counted by another calendar no period has these days, or another one.
                let is_its = days(&project, period).ok() == Some((id.first, until));
                if !is_its || !project.scorecards.values().any(|card| card.kpis().any(|of| *of == kpi.id)) {
                    continue;
                }
                // It is asked about by the periods in which its scorecard shows it.
                let Some(watched) = place(&project, &kpi.id, None).filter(|of| of.grain == id.grain) else {
                    continue;
                };
                let looked = watched.looked(&project, None, &published);
                let own = looked.iter().find(|of| of.ordinal == period.ordinal);
                let calls = own.is_some_and(|of| of.red == Some(true) || of.beyond == Some(true));
                let was = organisation.items.all().any(|item| {
                    matches!(&item.content, Content::Task(Task { of: TaskOf::Comment { kpi: of, period }, .. })
                        if *of == kpi.id && *period == id)
                });
                if !calls || was || organisation.items.is_explained(&kpi.id, None, id) {
                    continue;
                }
                let Evidence::Answerable(directory) = asking.found().await? else { continue };
                let way = directory.owner(&kpi.id, None, at, &std::collections::BTreeSet::new());
                let Some(owner) = way.and_then(|way| way.last().map(|stop| stop.person)) else { continue };
                let why = NewText::new(format!(
                    "{} is closed, and nobody has said why {} is as it is",
                    project.name_of(period),
                    told(&project, &kpi.id)
                ));
                let now = jiff::Timestamp::from_microsecond(at).unwrap_or_default();
                let by =
                    now.to_zoned(jiff::tz::TimeZone::UTC).date().saturating_add(jiff::Span::new().days(DAYS));
                let of = TaskOf::Comment { kpi: kpi.id.clone(), period: id };
                let action = Action { what: why.commitment, owner, by };
                let open = Open { content: Content::Task(Task { of, action }), why: why.commitment };
                let done = asking.ask(&job(), &Command::Open(open), vec![why], &new_key("reviews")).await;
                report.asked_why += u64::from(unless(done, &[laws::ALREADY_OPEN, laws::NOBODY_THERE])?);
            }
        }
        Ok(())
    }
}
