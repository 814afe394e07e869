//! Measures: how a KPI is computed; and KPIs, which others may be computed of.
//!
//! One file a kind: what is written, what is checked, what it reads, its unit, its words, and what of it adds up over
//! periods and units. Here stands the list of them, and what they share. What states a kind needs and how they become a
//! value stands in its file in `kepi-query`.

mod agreement;
mod circumstances;
mod composite;
mod design;
mod duration;
mod entered;
mod formula;
mod kpi;
mod lifetime;
mod mean;
mod nps;
mod quantile;
mod rating;
mod ratio;
mod response;
mod rows;
mod share;
mod stock;
mod target;
mod total;
mod unit;
mod without_data;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    decode::{choices, one_of},
    entity::Entity,
    expression::Node,
    id::{AttributeId, EntityId, KpiId},
    source_text::Span,
    word::words,
};

pub(crate) use design::{AskedWord, MarginText, WHOLE, Weights, WrittenMargin, in_decimal};
pub(crate) use response::WrittenResponse;
pub(crate) use rows::Reader;
pub(crate) use without_data::Written as WrittenWithoutData;
pub(crate) use words::Words;

pub use crate::lexical::BasisPoints;
pub use agreement::{Agreement, AgreementForm};
pub use circumstances::{Circumstances, Counted};
pub use composite::{Composite, CompositePart, MissingRule};
pub use design::{Design, MARGIN_SCALE, Margin, MarginTo, Trim};
pub use duration::{Duration, DurationSummary};
pub use entered::{Combine, Due, ENTERED_VALUE, Entered, EnteredType};
pub use formula::{Choice, Formula, Input, Node as FormulaNode, Operator, Part, Together};
pub use kpi::{
    AsOf, Belief, Better, Dimension, Elsewhere, Indicator, Kpi, Life, Publication, Sensitivity, Sign,
    SurveyGates,
};
pub use lifetime::{BaseSummary, Lifetime, LifetimeModel};
pub use mean::Mean;
pub use nps::Nps;
pub use quantile::{Bins, Quantile, Spacing};
pub use rating::{Rating, RatingKind, RatingSummary};
pub use ratio::{Ratio, Unmatched};
pub use response::{Disposition, Response};
pub use rows::{Population, Reading};
pub use share::Share;
pub use stock::Stock;
pub use target::{Attachment, Basis, BasisKind, OutOfDate, PlannedWith, Target, TargetLines};
pub use total::{Aggregate, Total};
pub use unit::ValueUnit;
pub use without_data::{Imputation, WithoutData};

one_of! {
    Written = "measure", "How a KPI is computed: exactly one kind.";
    Count "count": total::WrittenCount, "How many rows.", "{of: ticket}";
    Sum "sum": total::WrittenSum, "The sum of an expression.", "{of: order_item, value: quantity}";
    Mean "mean": mean::Written, "The mean of an expression.", "{of: order_item, value: quantity}";
    Share "share": share::Written, "A share of rows.", "{of: ticket, which: reopened}";
    Distinct "distinct": total::WrittenDistinct, "How many different values.", "{of: order, value: account}";
    Quantile "quantile": quantile::Written, "A quantile.",
        "{of: session, value: length, quantile: median, bins: …}";
    Nps "nps": nps::Written, "Net promoter score.", "{of: survey_response, answer: score}";
    Satisfaction "satisfaction": rating::Written, "Satisfaction.",
        "{of: survey_response, answer: overall, …}";
    Effort "effort": rating::WrittenEffort, "Customer effort.", "{of: survey_response, answer: easy, …}";
    Duration "duration": duration::Written, "Time between two instants.", "{of: ticket, from: …, until: …}";
    Agreement "agreement": agreement::Written, "How far repeated answers agree.",
        "{of: survey_response, answers: [score, score_again]}";
    Ratio "ratio": ratio::Written, "A ratio of two aggregates.", "{numerator: …, denominator: …}";
    Rate "rate": ratio::WrittenRate, "Events per so many of a population.",
        "{events: …, population: …, per: 1000}";
    Stock "stock": stock::Written, "What is there at the end of a period.", "{came: …, went: …}";
    Entered "entered": entered::Written, "A figure that people enter.", "{figure: market_share, type: share, due: 10 days}";
    LifetimeValue "lifetime_value": lifetime::Written, "What customers without contract will still bring.",
        "{of: buyer_month, customer: account, repeats: repeats, …}";
    ContractValue "contract_value": lifetime::WrittenContract, "What contracts will still bring.",
        "{of: contract, customer: account, renewals: renewals, …}";
    Formula "formula": formula::Written, "Other KPIs put together.", "{kpis: {cost: cac, …}, value: cost / gain}";
    Composite "composite": composite::Written, "An index of other KPIs.",
        "{kpis: {nps: {weight: 60%, zero: 0, hundred: 60}, …}}";
}

words! {
    /// What is made of answers or times instead of a share.
    pub(crate) enum Summary {
        Mean = "mean",
    }
}
choices!(Summary);

/// How a KPI is computed.
#[derive(Debug, Clone)]
pub enum Measure {
    /// Number of rows, a sum or a number of different values.
    Total(Total),
    /// Mean of an expression over the rows that have it.
    Mean(Mean),
    /// Share of rows for which a condition holds, among those for which it is known.
    Share(Share),
    /// A quantile from a histogram.
    Quantile(Quantile),
    /// Net promoter score.
    Nps(Nps),
    /// Rating on a scale: satisfaction or effort.
    Rating(Rating),
    /// Time between two instants.
    Duration(Duration),
    /// How far repeated answers of the same rows agree.
    Agreement(Agreement),
    /// Two totals that meet on period and segment.
    Ratio(Ratio),
    /// All that came so far, less all that went.
    Stock(Stock),
    /// What people enter.
    Entered(Entered),
    /// What customers will still bring.
    Lifetime(Lifetime),
    /// Other KPIs put together.
    Formula(Formula),
    /// An index of other KPIs.
    Composite(Composite),
}

/// What a kind says of itself.
pub trait Kind {
    /// What is hashed of it: a list that begins with a word, written out so that no name in Rust decides it.
    fn form(&self) -> Value;
    /// What it reads, the first term first.
    fn readings(&self) -> Vec<Reading<'_>>;
    /// What its value is.
    fn unit(&self, entities: &BTreeMap<EntityId, Entity>) -> ValueUnit;
    /// What it measures, in one sentence without full stop.
    fn words(&self, words: &Words<'_>) -> String;
    /// Its formula, in short.
    fn formula(&self, words: &Words<'_>, weighted: bool) -> String;
    /// Whether its rows can be weighted.
    fn weighs(&self) -> bool {
        true
    }
    /// What becomes of a mark for a period in a longer one.
    fn over_time(&self) -> Carry;
    /// What becomes of a mark for the whole in a part of it.
    fn over_units(&self) -> Carry;
    /// The KPIs that it is computed of, instead of rows.
    fn inputs(&self) -> Vec<&Input> {
        Vec::new()
    }
    /// What its value can be.
    fn range(&self, unit: &ValueUnit) -> (f64, f64) {
        unit.range()
    }
}

/// How a mark for one period or unit carries over to longer periods or to parts of the unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carry {
    /// Parts add up to the whole: three months at 100 are a quarter at 300.
    AddsUp,
    /// A level: what holds for the whole holds for its parts.
    Stays,
    /// Neither: nothing follows for another period or unit.
    Neither,
}

impl Written {
    pub(crate) fn read(&self, reader: &mut Reader<'_, '_>) -> Option<Measure> {
        match self {
            Self::Count(written) => total::count(written, reader).map(Measure::Total),
            Self::Sum(written) => total::sum(written, reader).map(Measure::Total),
            Self::Distinct(written) => total::distinct(written, reader).map(Measure::Total),
            Self::Mean(written) => Mean::read(written, reader).map(Measure::Mean),
            Self::Share(written) => Share::read(written, reader).map(Measure::Share),
            Self::Quantile(written) => Quantile::read(written, reader).map(Measure::Quantile),
            Self::Nps(written) => Nps::read(written, reader).map(Measure::Nps),
            Self::Satisfaction(written) => {
                Rating::read(written, RatingKind::Satisfaction, reader).map(Measure::Rating)
            }
            Self::Effort(written) => {
                Rating::read(&written.0, RatingKind::Effort, reader).map(Measure::Rating)
            }
            Self::Duration(written) => Duration::read(written, reader).map(Measure::Duration),
            Self::Agreement(written) => Agreement::read(written, reader).map(Measure::Agreement),
            Self::Ratio(written) => Ratio::read(written, reader).map(Measure::Ratio),
            Self::Rate(written) => Ratio::read_rate(written, reader).map(Measure::Ratio),
            Self::Stock(written) => Stock::read(written, reader).map(Measure::Stock),
            Self::Entered(written) => Entered::read(written, reader).map(Measure::Entered),
            Self::LifetimeValue(written) => Lifetime::read(written, reader).map(Measure::Lifetime),
            Self::ContractValue(written) => Lifetime::read_contract(written, reader).map(Measure::Lifetime),
            Self::Formula(written) => Formula::read(written, reader).map(Measure::Formula),
            Self::Composite(written) => Composite::read(written, reader).map(Measure::Composite),
        }
    }

    /// The KPIs that it is computed of, as written, with their places.
    pub(crate) fn inputs(&self) -> Vec<(&KpiId, Span)> {
        match self {
            Self::Formula(written) => formula::written_inputs(&written.kpis).collect(),
            Self::Composite(written) => composite::written_inputs(&written.kpis).collect(),
            _ => Vec::new(),
        }
    }
}

impl Measure {
    /// What its kind says.
    pub fn kind(&self) -> &dyn Kind {
        match self {
            Self::Total(kind) => kind,
            Self::Mean(kind) => kind,
            Self::Share(kind) => kind,
            Self::Quantile(kind) => kind,
            Self::Nps(kind) => kind,
            Self::Rating(kind) => kind,
            Self::Duration(kind) => kind,
            Self::Agreement(kind) => kind,
            Self::Ratio(kind) => kind,
            Self::Stock(kind) => kind,
            Self::Entered(kind) => kind,
            Self::Lifetime(kind) => kind,
            Self::Formula(kind) => kind,
            Self::Composite(kind) => kind,
        }
    }

    /// The entities whose rows it looks at, the first term's first.
    pub fn bases(&self) -> Vec<&EntityId> {
        let mut bases: Vec<&EntityId> =
            self.kind().readings().into_iter().map(|reading| &reading.rows.of).collect();
        let mut seen = BTreeSet::new();
        bases.retain(|base| seen.insert(*base));
        bases
    }

    /// The attributes of an entity's own rows by which they count in a period.
    pub fn times_of<'a>(&'a self, entity: &EntityId) -> BTreeSet<&'a AttributeId> {
        let readings = self.kind().readings().into_iter();
        let own = readings.filter(|of| of.rows.of == *entity && of.rows.at.references.is_empty());
        own.map(|of| &of.rows.at.attribute).collect()
    }

    /// Every entity whose rows it looks at or refers to.
    pub fn entities(&self) -> BTreeSet<EntityId> {
        let mut entities = BTreeSet::new();
        for Reading { rows, values } in self.kind().readings() {
            entities.insert(rows.of.clone());
            rows.at.visit_entities(&mut entities);
            let expressions = rows.filter.iter().chain(values);
            expressions.for_each(|expression| expression.visit_entities(&mut entities));
        }
        self.kind().inputs().into_iter().for_each(|input| entities.extend(input.kpi.entities()));
        entities
    }

    /// The attributes that its conditions and values read, of whatever entity.
    pub fn attributes(&self) -> BTreeSet<&AttributeId> {
        let mut attributes = BTreeSet::new();
        for Reading { rows, values } in self.kind().readings() {
            for expression in rows.filter.iter().chain(values) {
                expression.visit(&mut |part| {
                    if let Node::Path(path) = &part.node {
                        attributes.insert(&path.attribute);
                    }
                });
            }
        }
        attributes
    }
}
