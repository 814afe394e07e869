//! Initiatives: whether what is expected of each can come, and what is to speak for it can.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::Context;
use crate::{
    calendar::Calendar,
    codes,
    decode::{AmountText, Field, Keyed, Placed},
    definitions as written,
    finding::Code,
    id::{InitiativeId, KpiId},
    initiative::{Evidence, ExpectedEffect, Initiative, QuickWins, Spent, compared},
    lexical::{self, Decimal},
    operating_plan::PLACES,
    project::{Better, Kpi, ValueUnit},
    source_text::Span,
    word::Word as _,
    wording::shorten,
};

/// What all initiatives share: KPIs, and what the first one says that the others follow.
struct Reader<'a> {
    kpis: &'a BTreeMap<KpiId, Kpi>,
    calendar: &'a Calendar,
    /// The currency.
    currency: Option<(String, Span)>,
    /// What volumes are measured by, and revenue at risk: figures of a month and of a year cannot be compared.
    compared: BTreeMap<&'static str, (&'a Kpi, Span)>,
}

/// Reads all initiatives.
pub(super) fn read(
    all: &[Placed<written::Initiative>],
    quick: Option<(&QuickWins, Span)>,
    kpis: &BTreeMap<KpiId, Kpi>,
    calendar: &Calendar,
    context: &mut Context<'_>,
) -> BTreeMap<InitiativeId, Initiative> {
    let quick = quick.and_then(|(of, at)| Some((of.budget.as_ref()?.1.clone(), at)));
    let mut reader = Reader { kpis, calendar, currency: quick, compared: BTreeMap::new() };
    let mut found = BTreeMap::new();
    let mut places: BTreeMap<InitiativeId, Span> = BTreeMap::new();
    for written in all.iter().map(|document| &document.value) {
        let Some(id) = written.initiative.get().and_then(|name| name.id.clone()) else { continue };
        let at = written.initiative.span;
        if let Some(first) = places.insert(id.clone(), at) {
            context
                .report(codes::INITIATIVE, at, format!("there is another initiative `{id}`"))
                .related(first, "the other one")
                .fix("give one of them another name");
        }
        found.extend(reader.one(id, written, context).map(|of| (of.id.clone(), of)));
    }
    found
}

/// Which initiatives are quick wins.
pub(super) fn quick_wins(of: &Field<written::QuickWins>, context: &mut Context<'_>) -> Option<QuickWins> {
    if !of.is_written() {
        return Some(QuickWins::default());
    }
    let written = of.get()?;
    let within = written.within.get().and_then(|days| u16::try_from(days.0).ok())?;
    let budget = match written.budget.is_written() {
        true => Some(money(&written.budget, written.budget.span, context)?),
        false => None,
    };
    Some(QuickWins { within, budget })
}

/// Money of an initiative, in millionths.
fn money(written: &Field<AmountText>, at: Span, context: &mut Context<'_>) -> Option<(i64, String)> {
    amount(codes::INITIATIVE, written.get()?.text()?, at, context)
}

/// Money, in millionths.
pub(super) fn amount(code: Code, text: &str, at: Span, context: &mut Context<'_>) -> Option<(i64, String)> {
    let read = lexical::money(text).and_then(|(number, currency)| Some((number.at_scale(PLACES)?, currency)));
    if read.as_ref().is_none_or(|(amount, _)| *amount < 0) {
        context
            .report(code, at, format!("`{}` is no amount of money", shorten(text)))
            .expected("an amount with its currency, such as `12000 EUR`");
        return None;
    }
    read
}

/// A change of a KPI, with its sign before it.
fn change(text: &str, unit: &ValueUnit) -> Option<f64> {
    let (sign, size) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(size) => (-1.0, size),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    Some(sign * unit.exact(size.trim_start()).map(Decimal::to_f64)?)
}

impl<'a> Reader<'a> {
    fn one(
        &mut self,
        id: InitiativeId,
        written: &written::Initiative,
        context: &mut Context<'_>,
    ) -> Option<Initiative> {
        let (begins, ends) = (written.begins.cloned(), written.ends.cloned());
        if let (Some(begins), Some(ends)) = (begins, ends)
            && ends <= begins
        {
            context
                .report(codes::INITIATIVE, written.ends.span, format!("`{id}` ends before it begins"))
                .fix(format!("write a day after {begins}"));
        }
        if written.effects.get().is_some_and(|map| map.is_empty()) {
            context
                .report(codes::INITIATIVE, written.effects.span, format!("`{id}` is to come to nothing"))
                .fix("name a KPI with what is expected, such as `nps: {expect: 3, by: 2026-12-31}`");
        }
        let effects = written.effects.items().iter();
        let effects = effects.filter_map(|of| self.effect(of, begins, context)).collect();
        let budget = self.money(&written.budget, written.budget.span, context);
        let evidence = self.evidence(written.evidence.get(), context);
        let spent = self.spent(written, context);
        let (budget, currency) = budget?;
        Some(Initiative {
            name: written.name.cloned()?,
            description: written.description.cloned(),
            owner: written.owner.cloned()?,
            begins,
            ends,
            objective: written.objective.cloned(),
            unit: written.unit.cloned(),
            effects,
            evidence,
            budget,
            currency,
            spent: spent?,
            span: written.initiative.span,
            id,
        })
    }

    fn effect(
        &self,
        Keyed { key, span, value, .. }: &Keyed<KpiId, written::ExpectedEffect>,
        begins: Option<Date>,
        context: &mut Context<'_>,
    ) -> Option<(KpiId, ExpectedEffect)> {
        // A KPI that is not there or broken has its own finding.
        let kpi = self.kpis.get(key.as_ref()?)?;
        let written = value.as_ref()?;
        let text = written.expect.get()?.text()?;
        let Some(change) = change(text, &kpi.unit) else {
            context
                .report(
                    codes::INITIATIVE,
                    written.expect.span,
                    format!("`{}` is no change in the unit of {}", shorten(text), kpi.id),
                )
                .expected(kpi.unit.amount_text());
            return None;
        };
        let worse = match kpi.better {
            Better::Higher => change < 0.0,
            Better::Lower => change > 0.0,
            Better::InRange => false,
        };
        if change == 0.0 || worse {
            let message = match worse {
                true => format!("a change of {} by `{}` would be for the worse", kpi.id, shorten(text)),
                false => format!("no change of {} is expected", kpi.id),
            };
            context
                .report(codes::INITIATIVE, written.expect.span, message)
                .fix("write by how much it is to get better");
            return None;
        }
        let by = written.by.cloned()?;
        if let Some(begins) = begins {
            if by < begins {
                context
                    .report(codes::INITIATIVE, written.by.span, "this day is before the initiative begins")
                    .expected(format!("a day after {begins}"));
                return None;
            }
            if compared(begins, by, kpi.period, self.calendar).is_none() {
                let message =
                    format!("no {} of {} lies between {begins} and {by}", kpi.period.word(), kpi.id);
                context
                    .report(codes::INITIATIVE, written.by.span, message)
                    .related(*span, "it is looked at in a whole period of its own after the beginning")
                    .fix("write a later day");
                return None;
            }
        }
        Some((kpi.id.clone(), ExpectedEffect { change, by }))
    }

    /// Money in the currency of all.
    fn money(
        &mut self,
        written: &Field<AmountText>,
        at: Span,
        context: &mut Context<'_>,
    ) -> Option<(i64, String)> {
        let (amount, currency) = money(written, at, context)?;
        match &self.currency {
            None => self.currency = Some((currency.clone(), at)),
            Some((first, place)) if *first != currency => {
                context
                    .report(
                        codes::INITIATIVE,
                        at,
                        format!("this is in {currency}, and others are in {first}"),
                    )
                    .related(*place, "the first of them")
                    .fix("write all of them in one currency: budgets are added up");
                return None;
            }
            Some(_) => {}
        }
        Some((amount, currency))
    }

    fn evidence(&mut self, written: Option<&written::Evidence>, context: &mut Context<'_>) -> Evidence {
        let none = Evidence { volume: None, severity: None, revenue_at_risk: None, age: 4 };
        let Some(written) = written else { return none };
        let age = written.age.get().and_then(|age| u8::try_from(age.0).ok()).unwrap_or(none.age);
        let volume = self.figure("volume", &written.volume, context, |kpi, _| match &kpi.unit {
            ValueUnit::Count | ValueUnit::Number { .. } => None,
            _ => Some(("does not count", "a KPI whose figures are numbers of things".to_owned())),
        });
        let severity = self.figure("severity", &written.severity, context, |kpi, _| {
            (!kpi.aims())
                .then(|| ("has no target, so nobody knows what it lacks", "a KPI with `targets`".to_owned()))
        });
        let revenue_at_risk =
            self.figure("revenue_at_risk", &written.revenue_at_risk, context, |kpi, currency| {
                not_money(kpi, currency)
            });
        Evidence { volume, severity, revenue_at_risk, age }
    }

    /// A KPI that speaks for something, unless it cannot.
    fn figure(
        &mut self,
        part: &'static str,
        written: &Field<KpiId>,
        context: &mut Context<'_>,
        unfit: impl Fn(&Kpi, Option<&str>) -> Option<(&'static str, String)>,
    ) -> Option<KpiId> {
        let kpi = self.kpis.get(written.get()?)?;
        let currency = self.currency.as_ref().map(|(currency, _)| currency.as_str());
        if let Some((why, expected)) = unfit(kpi, currency) {
            context.report(codes::INITIATIVE, written.span, format!("{} {why}", kpi.id)).expected(expected);
            return None;
        }
        if part != "severity" {
            let (first, place) = *self.compared.entry(part).or_insert((kpi, written.span));
            if first.period != kpi.period {
                let (own, other) = (kpi.period.word(), first.period.word());
                let message = format!(
                    "{} is by {own}, {} by {other}: their figures cannot be compared",
                    kpi.id, first.id
                );
                context
                    .report(codes::INITIATIVE, written.span, message)
                    .related(place, "the other one")
                    .fix("name KPIs of one `period`");
                return None;
            }
        }
        Some(kpi.id.clone())
    }

    fn spent(&mut self, written: &written::Initiative, context: &mut Context<'_>) -> Option<Spent> {
        if written.spent.is_written() && written.spent_by.is_written() {
            context
                .report(codes::INITIATIVE, written.spent_by.span, "what was spent is said twice")
                .related(written.spent.span, "the other place")
                .fix("leave one of `spent` and `spent_by`");
            return None;
        }
        if let Some(kpi) = written.spent_by.get() {
            let kpi = self.kpis.get(kpi)?;
            let currency = self.currency.as_ref().map(|(currency, _)| currency.as_str());
            if let Some((why, expected)) = not_spending(kpi, currency) {
                context
                    .report(codes::INITIATIVE, written.spent_by.span, format!("{} {why}", kpi.id))
                    .expected(expected);
                return None;
            }
            return Some(Spent::By(kpi.id.clone()));
        }
        if !written.spent.is_written() {
            return Some(Spent::NotSaid);
        }
        let one = |of: &Placed<written::Spending>, context: &mut Context<'_>, own: &mut Self| {
            let (amount, _) = own.money(&of.value.amount, of.value.amount.span, context)?;
            Some((of.value.on.cloned()?, amount))
        };
        let mut all = Vec::new();
        for of in written.spent.items() {
            all.extend(one(of, context, self));
        }
        Some(Spent::Dated(all))
    }
}

/// Why figures of a KPI cannot say what was spent, and what could.
pub(super) fn not_spending(kpi: &Kpi, currency: Option<&str>) -> Option<(&'static str, String)> {
    not_money(kpi, currency).or_else(|| {
        let window = "looks back over more than its period, so its figures do not add up";
        kpi.over.as_ref().map(|_| (window, "a KPI without `over`".to_owned()))
    })
}

fn not_money(kpi: &Kpi, currency: Option<&str>) -> Option<(&'static str, String)> {
    let expected = |currency: &str| format!("a KPI whose figures are amounts in {currency}");
    match (&kpi.unit, currency) {
        (ValueUnit::Money { currency: own }, Some(currency)) if own != currency => {
            Some(("is in another currency than the budget", expected(currency)))
        }
        (ValueUnit::Money { .. }, _) => None,
        (_, currency) => Some(("is no amount of money", expected(currency.unwrap_or("a currency")))),
    }
}
