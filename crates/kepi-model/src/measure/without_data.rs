//! What is said of a period of which there are no data: nothing, or a figure that is marked as not measured.

use serde_json::{Value as Json, json};

use crate::{
    decode::{Either, Stretch, Whole, choices, one_of, table},
    window::Over,
    word::{Word, words},
};

words! {
    /// What can be said in a word.
    pub(crate) enum Plainly {
        Exclude = "exclude",
        Zero = "zero",
        Block = "block",
    }
}
choices!(Plainly);

table! {
    Forward = "carry", "The last measured value stands on.";
    at_most: Stretch, required, "For how long after the period that was measured.", "3 months";
}
table! {
    MeanOf = "impute_mean", "The mean of the last measured values.";
    last: Whole<2, 1_000>, required, "Of how many.", "6";
    at_most: Stretch, required, "For how long after the last period that was measured.", "3 months";
}
table! {
    SeasonOf = "impute_season", "The mean of the same period in years before.";
    years: Whole<1, 100>, required, "Of how many, each of them measured.", "2";
    at_most: Stretch, required, "For how long after the last period that was measured.", "3 months";
}
one_of! {
    Impute = "impute", "A value that is made of measured ones, by a named method.";
    Mean "mean": MeanOf, "The mean of the last measured values.", "{last: 6, at_most: 3 months}";
    Season "season": SeasonOf, "The mean of the same period in years before.", "{years: 2, at_most: 3 months}";
}
one_of! {
    Filled = "without_data", "A figure that is not measured, and is marked so wherever it is shown.";
    Carry "carry": Forward, "The last measured value stands on.", "{at_most: 3 months}";
    Impute "impute": Impute, "A value that is made of measured ones.", "{mean: {last: 6, at_most: 3 months}}";
}

/// What is said of a period of which there are no data, as it is written.
pub(crate) type Written = Either<Plainly, Filled>;

/// What is said of a period of which there are no data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WithoutData {
    /// Nothing: there is no value, with the reason. What rests on it goes by its own rule.
    #[default]
    Exclude,
    /// Nothing, and nothing of what rests on it either: no score, and no index, stands without it.
    Block,
    /// That it is zero.
    Zero,
    /// The last measured value, into periods that end no later than so long after its own.
    Carry(Over),
    /// What is made of measured values, as long after the last of them.
    Impute(Imputation, Over),
}

/// How a value is imputed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imputation {
    /// The mean of so many last measured values.
    Mean(u32),
    /// The mean of the same period in so many years before, all of which have to be measured.
    Season(u32),
}

impl WithoutData {
    /// What is written; nothing where a part cannot be read, which has its finding.
    pub(crate) fn read(written: &Written) -> Option<Self> {
        let so_long = |of: &Stretch| Over::Last(of.0, of.1);
        let so_many = |of: i64| u32::try_from(of).ok();
        Some(match written {
            Either::This(Plainly::Exclude) => Self::Exclude,
            Either::This(Plainly::Zero) => Self::Zero,
            Either::This(Plainly::Block) => Self::Block,
            Either::That(Filled::Carry(of)) => Self::Carry(so_long(of.at_most.get()?)),
            Either::That(Filled::Impute(Impute::Mean(of))) => {
                Self::Impute(Imputation::Mean(so_many(of.last.get()?.0)?), so_long(of.at_most.get()?))
            }
            Either::That(Filled::Impute(Impute::Season(of))) => {
                Self::Impute(Imputation::Season(so_many(of.years.get()?.0)?), so_long(of.at_most.get()?))
            }
        })
    }

    /// For how long after what was measured something is said, where that has an end.
    pub fn at_most(self) -> Option<Over> {
        match self {
            Self::Carry(over) | Self::Impute(_, over) => Some(over),
            Self::Exclude | Self::Block | Self::Zero => None,
        }
    }

    /// Whether a figure stands in place of what was not measured.
    pub fn fills(self) -> bool {
        !matches!(self, Self::Exclude | Self::Block)
    }

    /// What is said of periods without data, in words; nothing where it is what is said anyway.
    pub fn words(self) -> Option<String> {
        Some(match self {
            Self::Exclude => return None,
            Self::Block => "nothing that rests on it has a score or an index".to_owned(),
            Self::Zero => "taken as zero, and marked so".to_owned(),
            Self::Carry(over) => {
                format!("the last measured value, marked so, for at most {}", over.label())
            }
            Self::Impute(Imputation::Mean(last), over) => format!(
                "the mean of the last {last} measured values, marked so, for at most {}",
                over.label()
            ),
            Self::Impute(Imputation::Season(1), over) => {
                format!("the value of the same period a year before, marked so, for at most {}", over.label())
            }
            Self::Impute(Imputation::Season(years), over) => format!(
                "the mean of the same period in {years} years before, marked so, for at most {}",
                over.label()
            ),
        })
    }

    /// What is hashed of it; nothing where there is nothing to say.
    pub(crate) fn form(self) -> Option<Json> {
        Some(match self {
            Self::Exclude => return None,
            Self::Zero => json!(["without data", Plainly::Zero.word()]),
            Self::Block => json!(["without data", Plainly::Block.word()]),
            Self::Carry(over) => json!(["without data", "carry", over.form()]),
            Self::Impute(Imputation::Mean(last), over) => json!(["without data", "mean", last, over.form()]),
            Self::Impute(Imputation::Season(years), over) => {
                json!(["without data", "season", years, over.form()])
            }
        })
    }
}
