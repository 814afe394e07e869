//! Ratios and rates: two totals that meet on period and segment.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Carry, Kind, Reader, Reading, Total, ValueUnit,
    total::{Aggregate, Written as WrittenTotal},
    words::{Words, capital},
};
use crate::{
    codes,
    decode::{Whole, choices, table},
    entity::Entity,
    expression::Type,
    id::EntityId,
    word::{Word, words},
};

table! {
    Written = "ratio", "Numerator over denominator, aggregated apart; they meet on period and segment.";
    numerator: WrittenTotal, required, "Above the line.", "{count: {of: ticket}}";
    denominator: WrittenTotal, required, "Below the line.", "{count: {of: order}}";
    unmatched: Unmatched, default "show", "Segments present on one side only.", "show";
}
table! {
    WrittenRate = "rate", "Events per so many of a population.";
    events: WrittenTotal, required, "What happens.", "{count: {of: ticket}}";
    population: WrittenTotal, required, "Among whom.", "{distinct: {of: session, value: account}}";
    per: Whole<1, 1_000_000_000>, required, "So many of the population.", "1000";
    unmatched: Unmatched, default "show", "Segments present on one side only.", "show";
}
choices!(Unmatched);

/// Two totals that meet on period and segment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ratio {
    /// Above the line.
    pub numerator: Total,
    /// Below the line.
    pub denominator: Total,
    /// 1 for a ratio; a rate per 1000 has 1000.
    pub per: u64,
    /// What happens to segments present on one side only.
    pub unmatched: Unmatched,
}

words! {
    /// What happens to segments present on one side only.
    pub enum Unmatched {
        /// Shown with the reason why there is no value, or as zero if only the numerator is absent.
        Show = "show",
        /// Left out.
        Drop = "drop",
    }
}

impl Ratio {
    pub(super) fn read(written: &Written, reader: &mut Reader<'_, '_>) -> Option<Self> {
        let numerator = written.numerator.get().and_then(|total| Total::read(total, reader));
        let denominator = written.denominator.get().and_then(|total| Total::read(total, reader));
        let (numerator, denominator) = (numerator?, denominator?);
        // Amounts of two currencies have no quotient.
        if let (Aggregate::Sum(a), Aggregate::Sum(b)) = (&numerator.aggregate, &denominator.aggregate)
            && let (Type::Money { currency: x, .. }, Type::Money { currency: y, .. }) = (&a.type_, &b.type_)
            && x != y
        {
            reader
                .findings
                .report(codes::CURRENCIES, written.denominator.span, format!("{x} over {y} is no ratio"))
                .fix("convert one of them before it is landed, where the rate and its date are known");
            return None;
        }
        Some(Self { numerator, denominator, per: 1, unmatched: written.unmatched.cloned()? })
    }

    pub(super) fn read_rate(written: &WrittenRate, reader: &mut Reader<'_, '_>) -> Option<Self> {
        let numerator = written.events.get().and_then(|total| Total::read(total, reader));
        let denominator = written.population.get().and_then(|total| Total::read(total, reader));
        Some(Self {
            numerator: numerator?,
            denominator: denominator?,
            per: u64::try_from(written.per.get()?.0).ok()?,
            unmatched: written.unmatched.cloned()?,
        })
    }
}

impl Kind for Ratio {
    fn form(&self) -> Value {
        let (above, below) = (self.numerator.own_form(), self.denominator.own_form());
        json!(["ratio", above, below, self.per, self.unmatched.word()])
    }
    fn readings(&self) -> Vec<Reading<'_>> {
        vec![self.numerator.reading(), self.denominator.reading()]
    }
    fn unit(&self, _: &BTreeMap<EntityId, Entity>) -> ValueUnit {
        match (self.numerator.own_unit(), self.denominator.own_unit()) {
            _ if self.per != 1 => ValueUnit::Rate { per: self.per },
            (ValueUnit::Money { currency }, ValueUnit::Count | ValueUnit::Number { .. }) => {
                ValueUnit::Money { currency }
            }
            (ValueUnit::Duration, ValueUnit::Count | ValueUnit::Number { .. }) => ValueUnit::Duration,
            _ => ValueUnit::Number { decimals: 2 },
        }
    }
    fn words(&self, words: &Words<'_>) -> String {
        let (numerator, denominator, per) = (&self.numerator, &self.denominator, self.per);
        let (above, below) = (capital(&numerator.phrase(words)), denominator.phrase(words));
        let mut text = if per == 1 {
            format!("{above} divided by {below}")
        } else {
            format!("{above} per {per} of {below}")
        };
        if numerator.rows.of == denominator.rows.of && numerator.rows.at == denominator.rows.at {
            text.push_str(&words.dated(&numerator.rows));
        } else {
            text.push_str(&format!(
                "; above dated by {}, below by {}",
                words.path(&numerator.rows.at, &numerator.rows.of),
                words.path(&denominator.rows.at, &denominator.rows.of)
            ));
        }
        if self.unmatched == Unmatched::Drop {
            text.push_str("; segments that only one of them has are left out");
        }
        text
    }
    fn formula(&self, words: &Words<'_>, _: bool) -> String {
        let times = if self.per == 1 { String::new() } else { format!(" × {}", self.per) };
        format!("{} ÷ {}{times}", self.numerator.short(words), self.denominator.short(words))
    }
    fn weighs(&self) -> bool {
        false
    }
    /// If both terms add up alike, their quotient stays; customers of a month and customers of a quarter do not.
    fn over_time(&self) -> Carry {
        let terms = [&self.numerator, &self.denominator];
        if terms.iter().all(|total| total.over_time() == Carry::AddsUp) {
            Carry::Stays
        } else {
            Carry::Neither
        }
    }
    fn over_units(&self) -> Carry {
        self.over_time()
    }
}
