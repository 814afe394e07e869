//! What the customers there are will still bring, by a model fitted to their histories: of purchases without contract, or of
//! contracts that are renewed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Carry, Kind, Population, Reader, Reading, ValueUnit, rows::of_rows, words::Words};
use crate::{
    codes,
    decode::{self, ExpressionText, Field, Micros, choices},
    entity::Entity,
    expression::{Expression, Type, scaled},
    expression_text::duration_text,
    form,
    id::EntityId,
    lexical::type_text,
    sql::Want,
    word::{Word, words},
};

of_rows! {
    Written = "lifetime_value", "What customers who buy without contract will still bring: BG/NBD for how often, Gamma-Gamma for how much.";
    customer: ExpressionText, required, "Whose history a row is; of several rows of one the oldest history counts.", "account";
    repeats: ExpressionText, required, "How often was bought after the first time: an integer.", "repeats";
    last: ExpressionText, required, "How long after the first purchase the last one was: a duration, 0 where there was only one.", "last_order_at - first_order_at";
    age: ExpressionText, required, "How long ago the first purchase was at the end of the period: a duration.", "period_end - first_order_at";
    spent: ExpressionText, required, "What the purchases after the first one came to.", "repeat_revenue";
    ahead: Micros, required, "How far ahead is looked.", "365 days";
    discount: decode::Share, required, "By how much money is worth less a year later.", "10%";
    summary: BaseSummary, default "mean", "Of a customer, or of all of them together.", "total";
}
of_rows! {
    WrittenContract = "contract_value", "What customers whose contract is renewed again and again will still bring, by the shifted beta-geometric model.";
    customer: ExpressionText, required, "Whose contract a row is; of several rows of one the one with most renewals counts.", "account";
    renewals: ExpressionText, required, "How often it was renewed: an integer.", "renewals";
    ended: ExpressionText, required, "Whether it was not renewed again.", "ended_at is not null";
    value: ExpressionText, required, "What a renewal brings.", "fee";
    discount: decode::Share, required, "By how much money is worth less from one renewal to the next; above 0 %.", "10%";
    summary: BaseSummary, default "mean", "Of a customer, or of all of them together.", "total";
}
choices!(BaseSummary);

words! {
    /// What is made of the worth of customers.
    pub enum BaseSummary {
        /// Of a customer.
        Mean = "mean",
        /// Of all together: customer equity.
        Total = "total",
    }
}

/// Digits of a discount.
const DISCOUNT_SCALE: u8 = 6;
/// A thousand years, in microseconds: nobody looks further ahead.
const MOST_AHEAD: i64 = 365_000 * 86_400_000_000;

/// What customers will still bring.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Lifetime {
    /// Rows.
    pub rows: Population,
    /// Whose history a row is.
    pub customer: Expression,
    /// What is known of a customer, and by which model it is judged.
    pub model: LifetimeModel,
    /// In millionths: a year of purchases, a renewal of contracts.
    pub discount: i64,
    /// Of a customer, or of all.
    pub summary: BaseSummary,
}

/// The model of a customer's life.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LifetimeModel {
    /// BG/NBD with Gamma-Gamma.
    Purchases {
        /// Purchases after the first.
        repeats: Expression,
        /// From the first to the last.
        last: Expression,
        /// From the first to the end of the period.
        age: Expression,
        /// What the repeats came to.
        spent: Expression,
        /// How far ahead, in microseconds.
        ahead: i64,
    },
    /// Shifted beta-geometric.
    Contracts {
        /// Renewals so far.
        renewals: Expression,
        /// Whether it was not renewed again.
        ended: Expression,
        /// What a renewal brings.
        value: Expression,
    },
}

impl Lifetime {
    pub(super) fn read(written: &Written, reader: &mut Reader<'_, '_>) -> Option<Self> {
        let rows = reader.population(written);
        let customer = reader.value(written, &written.customer, Want::Any);
        let repeats = typed(written, &written.repeats, Wanted::Whole, reader);
        let last = typed(written, &written.last, Wanted::Time, reader);
        let age = typed(written, &written.age, Wanted::Time, reader);
        let spent = typed(written, &written.spent, Wanted::Money, reader);
        let ahead = written.ahead.get().map(|ahead| ahead.0);
        if ahead.is_some_and(|ahead| ahead > MOST_AHEAD) {
            reader.findings.report(
                codes::LIFETIME,
                written.ahead.span,
                "nobody looks more than a thousand years ahead",
            );
            return None;
        }
        let model = LifetimeModel::Purchases {
            repeats: repeats?,
            last: last?,
            age: age?,
            spent: spent?,
            ahead: ahead?,
        };
        let discount = discount(&written.discount, true, reader)?;
        Some(Self { rows: rows?, customer: customer?, model, discount, summary: written.summary.cloned()? })
    }

    pub(super) fn read_contract(written: &WrittenContract, reader: &mut Reader<'_, '_>) -> Option<Self> {
        let rows = reader.population(written);
        let customer = reader.value(written, &written.customer, Want::Any);
        let renewals = typed(written, &written.renewals, Wanted::Whole, reader);
        let ended = reader.value(written, &written.ended, Want::Condition);
        let value = typed(written, &written.value, Wanted::Money, reader);
        let discount = discount(&written.discount, false, reader);
        let model = LifetimeModel::Contracts { renewals: renewals?, ended: ended?, value: value? };
        let summary = written.summary.cloned()?;
        Some(Self { rows: rows?, customer: customer?, model, discount: discount?, summary })
    }

    /// What is read of a row, whose history first.
    pub fn read_of_row(&self) -> Vec<&Expression> {
        match &self.model {
            LifetimeModel::Purchases { repeats, last, age, spent, .. } => {
                vec![&self.customer, repeats, last, age, spent]
            }
            LifetimeModel::Contracts { renewals, ended, value } => {
                vec![&self.customer, renewals, ended, value]
            }
        }
    }

    /// What is in money.
    fn money(&self) -> &Expression {
        match &self.model {
            LifetimeModel::Purchases { spent, .. } => spent,
            LifetimeModel::Contracts { value, .. } => value,
        }
    }

    fn percent(&self) -> String {
        let percent = scaled(self.discount, DISCOUNT_SCALE - 2);
        format!("{} %", percent.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// What an option has to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Whole,
    Time,
    Money,
}

fn typed(
    rows: &impl super::rows::OfRows,
    field: &Field<ExpressionText>,
    wanted: Wanted,
    reader: &mut Reader<'_, '_>,
) -> Option<Expression> {
    let found = reader.value(rows, field, Want::Quantity)?;
    let fits = matches!(
        (wanted, &found.type_),
        (Wanted::Whole, Type::Integer)
            | (Wanted::Time, Type::Duration)
            | (Wanted::Money, Type::Integer | Type::Number { .. } | Type::Money { .. })
    );
    if !fits {
        let message = format!("this is of type {}", type_text(&found.type_));
        reader.findings.report(codes::LIFETIME, field.span, message).expected(match wanted {
            Wanted::Whole => "a whole number of times, such as an attribute that counts",
            Wanted::Time => "a length of time, such as `last_order_at - first_order_at`",
            Wanted::Money => "an amount of money, or a number",
        });
    }
    fits.then_some(found)
}

/// A discount in millionths.
fn discount(field: &Field<decode::Share>, may_be_zero: bool, reader: &mut Reader<'_, '_>) -> Option<i64> {
    let share = field.get()?.0;
    let found = share.at_scale(DISCOUNT_SCALE).filter(|millionths| may_be_zero || *millionths > 0);
    if found.is_none() {
        let (message, expected) = if share.at_scale(DISCOUNT_SCALE).is_none() {
            ("a discount has four decimals of a per cent at most", "a share such as `10%`")
        } else {
            ("contracts without end are worth any amount where later money is worth as much", "more than 0 %")
        };
        reader.findings.report(codes::LIFETIME, field.span, message).expected(expected);
    }
    found
}

impl Kind for Lifetime {
    fn form(&self) -> Value {
        let of = |expression| form::expression(expression);
        let model = match &self.model {
            LifetimeModel::Purchases { repeats, last, age, spent, ahead } => {
                json!(["purchases", of(repeats), of(last), of(age), of(spent), ahead])
            }
            LifetimeModel::Contracts { renewals, ended, value } => {
                json!(["contracts", of(renewals), of(ended), of(value)])
            }
        };
        json!(["lifetime", self.rows.form(), of(&self.customer), model, self.discount, self.summary.word()])
    }
    fn readings(&self) -> Vec<Reading<'_>> {
        vec![Reading { rows: &self.rows, values: self.read_of_row() }]
    }
    fn unit(&self, _: &BTreeMap<EntityId, Entity>) -> ValueUnit {
        ValueUnit::of(&self.money().type_).at_least(2)
    }
    fn words(&self, words: &Words<'_>) -> String {
        let rows = &self.rows;
        let what = match self.summary {
            BaseSummary::Mean => "What a customer is expected to bring",
            BaseSummary::Total => "What all customers together are expected to bring",
        };
        let of = format!("{}{}{}", words.rows(rows), words.filter(rows), words.dated(rows));
        match &self.model {
            LifetimeModel::Purchases { repeats, last, spent, ahead, .. } => format!(
                "{what} within the next {}, at {} a year: how often each will buy by BG/NBD, from {} and {}, times what a purchase is worth by Gamma-Gamma, from {}; of {of}",
                duration_text(*ahead),
                self.percent(),
                words.value(repeats, &rows.of),
                words.value(last, &rows.of),
                words.value(spent, &rows.of),
            ),
            LifetimeModel::Contracts { renewals, value, .. } => format!(
                "{what} from the next renewal on, at {} a renewal: {} times the renewals expected by the shifted beta-geometric model, from {}, of those in force; of {of}",
                self.percent(),
                words.value(value, &rows.of),
                words.value(renewals, &rows.of),
            ),
        }
    }
    fn formula(&self, _: &Words<'_>, _: bool) -> String {
        let per = if self.summary == BaseSummary::Mean { " ÷ n" } else { "" };
        match &self.model {
            LifetimeModel::Purchases { .. } => {
                format!("Σ(DET(x, tₓ, T | r, α, a, b) × E(M | x, m̄ₓ, p, q, v)){per}")
            }
            LifetimeModel::Contracts { .. } => {
                format!("Σ(value × Σₖ S(n + k) ÷ S(n) ÷ (1 + d)ᵏ⁻¹){per}")
            }
        }
    }
    fn weighs(&self) -> bool {
        false
    }
    /// What customers will bring is a level; each part of the customers has a model of its own, so that parts do not add up.
    fn over_time(&self) -> Carry {
        Carry::Stays
    }
    fn over_units(&self) -> Carry {
        match self.summary {
            BaseSummary::Mean => Carry::Stays,
            BaseSummary::Total => Carry::Neither,
        }
    }
    fn range(&self, _: &ValueUnit) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }
}
