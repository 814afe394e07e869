//! Saying a figure in place of the one that was computed: who proposed it, who agreed, and where it is shown.

use std::{collections::BTreeMap, sync::Arc};

use jiff::civil::Date;
use kepi_govern::{
    Content, Organisation, Principal, Stance, items,
    overrides::{Figure, Overridden},
    periods::PeriodId,
    plain::Number,
};
use kepi_model::{
    calendar::{Grain, Period},
    id::KpiId,
    project::{Kpi, Measure, Project},
};
use kepi_proof::Commitment;
use kepi_query::{published::VALUE, value::Segment};
use kepi_report::facts::Override;
use kepi_score::tree::Observed;
use kepi_store::{NewText, Store};
use serde::Serialize;

use crate::{
    acting::period_of_kpi,
    concerned,
    deciding::{Acting, Deciding, words},
    error::AppError,
    named,
    open::App,
    periods::said,
    publishing::values_in,
    told::Told,
};

/// What is to be said, of which figure.
#[derive(Debug, Clone, Copy)]
pub struct Saying<'a> {
    /// The KPI.
    pub kpi: &'a str,
    /// The period.
    pub period: &'a str,
    /// The segment; empty: all rows.
    pub segment: &'a str,
    /// The value as amounts of the KPI are written in definitions.
    pub value: &'a str,
    /// The day on which it is over.
    pub expires: Option<Date>,
    /// What it rests on.
    pub evidence: &'a str,
}

/// An override as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OverriddenView {
    /// The item that decided it: `kepi override restore` takes it.
    pub item: u64,
    /// The KPI.
    pub kpi: String,
    /// The period.
    pub period: String,
    /// The segment; empty: all rows; none: its text was erased.
    pub segment: Option<String>,
    /// What is said.
    pub said: String,
    /// When it came in force, µs UTC.
    pub since: i64,
    /// The day on which it is over.
    pub expires: Option<String>,
    /// Why it is over; none: it is in force.
    pub over: Option<&'static str>,
    /// Why.
    pub why: Option<String>,
    /// What it rests on.
    pub evidence: Option<String>,
    /// Who proposed it.
    pub by: Vec<String>,
    /// Who agreed.
    pub agreed: Vec<String>,
}

/// All that was said in place of figures.
#[derive(Debug, Default)]
pub(crate) struct Overriding(BTreeMap<(KpiId, Period), OfPeriod>);

/// What was said of a KPI in a period, by segment: as it was decided, and as it is shown.
type OfPeriod = BTreeMap<Segment, Vec<(Overridden, Arc<Override>)>>;

impl Overriding {
    /// Reads what was said, with who did and why. What is of a calendar of other periods is of none of today's.
    pub async fn read(store: &Store, of: &Organisation, project: &Project) -> Result<Self, AppError> {
        let mut all = Self::default();
        if of.overrides.position() == 0 {
            return Ok(all);
        }
        for (item, one) in of.overrides.all() {
            let (period, found) = (one.figure.period, texts(store, of, item, one).await?);
            let calendar = project.calendar_of_kpi(one.figure.kpi.as_str());
            let place = calendar.period_of_day(period.grain, period.first);
            let segment = found.segment.as_deref().and_then(|text| text.parse::<Segment>().ok());
            let (Ok(first), Some(segment)) = (project.calendar.first_day(place), segment) else { continue };
            if first != period.first {
                continue;
            }
            let shown = Arc::new(Override {
                item,
                point: one.value.get(),
                since: one.at,
                expires: one.expires,
                over: one.over.map(|(why, _, at)| (at, why.word())),
                why: found.why,
                evidence: found.evidence,
                by: found.by,
                agreed: found.agreed,
            });
            let of_period = all.0.entry((one.figure.kpi.clone(), place)).or_default();
            of_period.entry(segment).or_default().push((one.clone(), shown));
        }
        Ok(all)
    }

    fn of(&self, kpi: &KpiId, period: Period, segment: &Segment) -> &[(Overridden, Arc<Override>)] {
        if self.0.is_empty() {
            return &[];
        }
        let of = self.0.get(&(kpi.clone(), period)).and_then(|of| of.get(segment));
        of.map_or(&[], Vec::as_slice)
    }

    /// All that was said of a figure, the oldest first.
    pub fn ever(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Vec<Arc<Override>> {
        self.of(kpi, period, segment).iter().map(|(_, shown)| Arc::clone(shown)).collect()
    }

    /// Figures of a KPI at a grain of which anything was ever said.
    pub fn figures(&self, kpi: &KpiId, grain: Grain) -> Vec<(Period, Segment)> {
        let own = self.0.iter().filter(|((of, period), _)| of == kpi && period.grain == grain);
        own.flat_map(|((_, period), of)| of.keys().map(|segment| (*period, segment.clone()))).collect()
    }

    /// What is said of a figure in place of what was computed.
    pub fn now(
        &self,
        kpi: &KpiId,
        period: Period,
        segment: &Segment,
        computed: &Observed,
    ) -> Option<Observed> {
        self.at(u64::MAX, kpi, period, segment, computed)
    }

    /// The point that is said of a figure.
    pub fn point(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Option<f64> {
        let of = self.of(kpi, period, segment).iter().rev();
        of.map(|(of, shown)| (of, shown.point)).find(|(of, _)| of.over.is_none()).map(|(_, point)| point)
    }

    /// What is said of a figure in place of what was computed, as of a position of the log.
    pub fn at(
        &self,
        position: u64,
        kpi: &KpiId,
        period: Period,
        segment: &Segment,
        computed: &Observed,
    ) -> Option<Observed> {
        let of = self.of(kpi, period, segment).iter();
        let (_, shown) = of.rev().find(|(of, _)| of.holds_at(position))?;
        Some(Ok(shown.estimate(computed.as_ref().map_or(0, |estimate| estimate.n))))
    }
}

/// The words of an override.
struct Texts {
    segment: Option<String>,
    why: Option<String>,
    evidence: Option<String>,
    by: Vec<String>,
    agreed: Vec<String>,
}

async fn texts(
    store: &Store,
    organisation: &Organisation,
    item: u64,
    of: &Overridden,
) -> Result<Texts, AppError> {
    let decided = organisation.items.get(item);
    let why = decided.map(|item| item.why);
    let wanted: Vec<Commitment> = [Some(of.evidence), of.figure.segment, why].into_iter().flatten().collect();
    let texts = store.read().await?.texts(&wanted).await?;
    let (mut by, mut agreed) = (Vec::new(), Vec::new());
    if let Some(item) = decided {
        for author in &item.authors {
            by.push(store.name_of(author).await?);
        }
        for (person, _) in item.ballots.iter().filter(|(_, ballot)| ballot.stance == Stance::Yes) {
            agreed.push(store.name_of(&Principal::Person(*person)).await?);
        }
    }
    let text = |of: Commitment| texts.get(&of).cloned();
    Ok(Texts {
        segment: of.figure.segment.map_or_else(|| Some(String::new()), text),
        why: why.and_then(text),
        evidence: text(of.evidence),
        by,
        agreed,
    })
}

impl App {
    /// Asks one other to agree that a figure is said in place of the one that was computed.
    ///
    /// # Errors
    /// There is no such figure, the value is no amount of the KPI, a law forbids it, or the database refuses.
    pub async fn say(&self, what: Saying<'_>, acting: Acting<'_>, why: &str) -> Result<u64, AppError> {
        let (project, period, first, until) = self.period_of(what.kpi, what.period).await?;
        let kpi = named::kpi(&project, what.kpi)?;
        let kpi = kpi.in_period(period, &project.calendar).unwrap_or(kpi);
        let segment: Segment = what.segment.parse().map_err(|_| {
            AppError::NotFound(format!("`{}` is no segment, such as `region=north`", what.segment))
        })?;
        let point = kpi.value_said(what.value).map_err(AppError::NotFound)?;
        let value = Number::new(point)
            .ok_or_else(|| AppError::NotFound(format!("`{}` has too many digits", what.value)))?;
        let ids = [kpi.id.to_string()];
        let rows = self.values.newest(&VALUE, Some(&ids)).await.map_err(AppError::Lake)?;
        let published = values_in(&rows, &project)?;
        if !published.iter().any(|value| value.period == period && value.segment == segment) {
            return Err(AppError::NotFound(format!(
                "nothing is published of `{}` in {} for that segment: only what a run has computed is overridden",
                kpi.id, what.period
            )));
        }
        // Every wording of the KPI, not that of the period alone: who answers for it by now is concerned, too.
        let people = project.kpis.get(&kpi.id).map(|kpi| concerned::of_segment(&project, kpi, &segment));
        let concerned = concerned::numbers(&self.store, &people.unwrap_or_default()).await?;
        let organisation = self.store.organisation().await?;
        let id = PeriodId { grain: period.grain, first };
        let mut new = Vec::new();
        let mut keep = |text: NewText| {
            let commitment = text.commitment;
            new.push(text);
            commitment
        };
        let evidence = keep(words("evidence", what.evidence)?);
        let text = segment.to_string();
        let segment = match segment.is_total() {
            true => None,
            false => match self.named_before(&organisation, &kpi.id, id, &text).await? {
                Some(known) => Some(known),
                None => Some(keep(NewText::new(text.clone()))),
            },
        };
        let figure = Figure { kpi: kpi.id.clone(), period: id, segment };
        let expires = what.expires;
        let content = Content::Override(kepi_govern::overrides::Override {
            figure,
            until,
            value,
            expires,
            evidence,
            concerned,
        });
        Deciding(&self.store).ask_with(content, new, acting, why).await
    }

    /// How a segment was named when this figure was overridden, or was to be, before: who says the same means the same figure.
    async fn named_before(
        &self,
        organisation: &Organisation,
        kpi: &KpiId,
        period: PeriodId,
        segment: &str,
    ) -> Result<Option<Commitment>, AppError> {
        let proposed = organisation.items.all().filter_map(|item| match &item.content {
            Content::Override(of) => Some(&of.figure),
            _ => None,
        });
        let same = proposed.filter(|figure| figure.kpi == *kpi && figure.period == period);
        let names: Vec<Commitment> = same.filter_map(|figure| figure.segment).collect();
        let texts = self.store.read().await?.texts(&names).await?;
        Ok(texts.into_iter().find(|(_, text)| text == segment).map(|(name, _)| name))
    }

    /// What stands beside a figure that an item says, so that whoever decides on it sees both: what is computed of it, in words.
    ///
    /// # Errors
    /// The database or the lake refuses, or what is in force cannot be read.
    pub async fn beside(&self, number: u64) -> Result<Vec<String>, AppError> {
        let organisation = self.store.organisation().await?;
        let Some(item) = organisation.items.get(number) else { return Ok(Vec::new()) };
        let (kpis, period, segment) = match &item.content {
            Content::Override(of) => (Some(of.figure.kpi.clone()), of.figure.period, of.figure.segment),
            Content::Restore(restored) => match organisation.overrides.get(*restored) {
                Some(of) => (Some(of.figure.kpi.clone()), of.figure.period, of.figure.segment),
                None => return Ok(Vec::new()),
            },
            Content::Entry(of) => (None, of.period, None),
            _ => return Ok(Vec::new()),
        };
        let project = self.in_force().await?;
        let measured = |kpi: &&Kpi| match (&kpis, &item.content, &kpi.measure) {
            (Some(id), ..) => kpi.id == *id,
            (None, Content::Entry(of), Measure::Entered(by)) => by.figure == of.figure.as_str(),
            _ => false,
        };
        let segment = match segment {
            None => Some(Segment::total()),
            Some(text) => self.store.read().await?.text(&text).await?.and_then(|text| text.parse().ok()),
        };
        let Some(segment) = segment else { return Ok(vec!["the segment's name was erased".to_owned()]) };
        let mut lines = Vec::new();
        for kpi in project.kpis.values().filter(measured) {
            let ids = [kpi.id.to_string()];
            let rows = self.values.newest(&VALUE, Some(&ids)).await.map_err(AppError::Lake)?;
            let place = project.calendar_of(kpi).period_of_day(period.grain, period.first);
            let found = values_in(&rows, &project)?;
            let found = found.into_iter().find(|value| value.period == place && value.segment == segment);
            let of = if segment.is_total() { String::new() } else { format!(" for {segment}") };
            let computed = match found {
                Some(value) => {
                    let n =
                        value.estimate.as_ref().map_or(String::new(), |of| format!(", of {} cases", of.n));
                    format!("{}{n}", said(&project, &kpi.id, &value.estimate))
                }
                None => "nothing is published".to_owned(),
            };
            lines.push(format!("computed of kpi/{} in {period}{of}: {computed}", kpi.id));
        }
        Ok(lines)
    }

    /// Asks one other to agree that what is computed holds again.
    ///
    /// # Errors
    /// A law forbids it, or the database refuses.
    pub async fn restore(&self, item: u64, acting: Acting<'_>, why: &str) -> Result<u64, AppError> {
        Deciding(&self.store).ask_for(Content::Restore(item), acting, why).await
    }

    /// All overrides there ever were, the newest first.
    ///
    /// # Errors
    /// The database refuses, or what is in force cannot be read.
    pub async fn overridden(&self) -> Result<Vec<OverriddenView>, AppError> {
        let organisation = self.store.organisation().await?;
        if organisation.overrides.position() == 0 {
            return Ok(Vec::new());
        }
        let project = self.in_force().await?;
        let mut all = Vec::new();
        for (item, of) in organisation.overrides.all() {
            let found = texts(&self.store, &organisation, item, of).await?;
            let period = period_of_kpi(&project, &of.figure.kpi, of.figure.period);
            let estimate = kepi_stats::estimate::Estimate::exact(of.value.get(), 0, "said");
            all.push(OverriddenView {
                item,
                kpi: of.figure.kpi.to_string(),
                period: project.calendar.label(period),
                segment: found.segment,
                said: said(&project, &of.figure.kpi, &Ok(estimate)),
                since: of.at,
                expires: of.expires.map(|day| day.to_string()),
                over: of.over.map(|(why, ..)| why.word()),
                why: found.why,
                evidence: found.evidence,
                by: found.by,
                agreed: found.agreed,
            });
        }
        all.reverse();
        Ok(all)
    }
}

/// What an item of these kinds touches, in words.
pub(crate) fn touches(content: &items::Content, told: &Told) -> Option<String> {
    match content {
        Content::Override(of) => {
            let expires = of.expires.map_or(String::new(), |day| format!(" until {day}"));
            let part = if of.figure.segment.is_some() { ", a part of its rows" } else { "" };
            let Figure { kpi, period, .. } = &of.figure;
            Some(format!("kpi/{kpi} in {period}{part}: {}{expires}", told.figure(kpi, &of.value)))
        }
        Content::Entry(of) => {
            let part = if of.part.is_some() { ", of a part" } else { "" };
            let said = told.entered(of.figure.as_str(), &of.value);
            Some(format!("{} in {}{part}: {said}", of.figure, of.period))
        }
        Content::Restore(item) => Some(format!("what item {item} overrode")),
        Content::TakeBack(item) => Some(format!("what item {item} entered")),
        _ => None,
    }
}
