//! Figures of others: what a target may rest on, and whether they can be compared with a KPI at all.

use jiff::civil::Date;

use crate::{
    id::BenchmarkId,
    measure::{Circumstances, Kpi, Measure, RatingSummary},
    source_text::Span,
    word::{Word, words},
};

words! {
    /// What a figure is of the answers or amounts it is made of.
    pub enum Figure {
        /// Promoters less detractors.
        NetPromoterScore = "nps",
        /// The mean.
        Mean = "mean",
        /// The share of the highest answers of a scale.
        TopShare = "top_share",
        /// Another share.
        Share = "share",
        /// A quantile, such as the median.
        Quantile = "quantile",
        /// A number, a sum or a rate of events.
        Amount = "amount",
    }

    /// How far a figure can be followed to where it comes from.
    pub enum Grade {
        /// Method, number of cases and questions are published, and somebody else audited them.
        Audited = "audited",
        /// Method and number of cases are published.
        Documented = "documented",
        /// Published without its method.
        Reported = "reported",
        /// Heard or estimated.
        Estimated = "estimated",
    }
}

impl Figure {
    /// Its word.
    pub fn word(self) -> &'static str {
        Word::word(self)
    }
}

impl Grade {
    /// Its word.
    pub fn word(self) -> &'static str {
        Word::word(self)
    }
}

/// A figure of others.
#[derive(Debug, Clone)]
pub struct Benchmark {
    /// Id.
    pub id: BenchmarkId,
    /// Shown name.
    pub name: String,
    /// In plain words.
    pub description: Option<String>,
    /// The figure as it is written, in the unit of the KPIs whose targets rest on it.
    pub value: String,
    /// What it is of answers or amounts.
    pub figure: Figure,
    /// So many highest answers, of a share of them.
    pub top: Option<u8>,
    /// Lowest and highest answer.
    pub scale: Option<(i64, i64)>,
    /// Cases behind it.
    pub n: Option<u64>,
    /// How it was measured, in words.
    pub method: Option<String>,
    /// Who was measured, in words.
    pub population: Option<String>,
    /// How and where.
    pub circumstances: Circumstances,
    /// Where it is from.
    pub source: String,
    /// When it was published.
    pub published: Date,
    /// First day on which it says nothing any more.
    pub expires: Date,
    /// What may be done with it.
    pub licence: Option<String>,
    /// How far it can be followed.
    pub grade: Grade,
    /// Where it is defined.
    pub span: Span,
}

/// Something in which a benchmark and a KPI are not the same: what, theirs, ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlike {
    /// In what.
    pub aspect: &'static str,
    /// What it is of the benchmark.
    pub theirs: String,
    /// What it is of the KPI.
    pub ours: String,
}

impl Benchmark {
    /// Why it is no figure of the same kind as the KPI's: another figure of answers, another scale.
    pub fn of_another_kind(&self, kpi: &Kpi) -> Vec<Unlike> {
        let mut unlike = Vec::new();
        let (figure, top, scale) = kind_of(&kpi.measure);
        if let Some(figure) = figure
            && (figure != self.figure || (top.is_some() && self.top.is_some() && top != self.top))
        {
            let named = |figure: Figure, top: Option<u8>| match top {
                Some(top) => format!("{} of {top}", figure.word()),
                None => figure.word().to_owned(),
            };
            let (theirs, ours) = (named(self.figure, self.top), named(figure, top));
            unlike.push(Unlike { aspect: "figure", theirs, ours });
        }
        if let (Some(theirs), Some(ours)) = (self.scale, scale)
            && theirs != ours
        {
            let text = |(low, high): (i64, i64)| format!("{low}..{high}");
            unlike.push(Unlike { aspect: "scale", theirs: text(theirs), ours: text(ours) });
        }
        unlike
    }

    /// In which circumstances that both of them state it differs from the KPI.
    pub fn otherwise_measured(&self, kpi: &Kpi) -> Vec<Unlike> {
        let (theirs, ours) = (&self.circumstances, &kpi.measured);
        let text = |a: &Option<String>, b: &Option<String>| a.clone().zip(b.clone());
        let counted = theirs.counted.zip(ours.counted);
        let pairs = [
            ("mode", text(&theirs.mode, &ours.mode)),
            ("region", text(&theirs.region, &ours.region)),
            ("counted", counted.map(|(a, b)| (a.word().to_owned(), b.word().to_owned()))),
        ];
        pairs
            .into_iter()
            .filter_map(|(aspect, pair)| pair.map(|(theirs, ours)| Unlike { aspect, theirs, ours }))
            .filter(|unlike| unlike.theirs != unlike.ours)
            .collect()
    }

    /// Whether it says something on a day.
    pub fn holds(&self, day: Date) -> bool {
        day < self.expires
    }
}

/// What a measure makes of what it reads, of how many highest answers, on which scale; none where others may do it differently
/// and still mean the same.
fn kind_of(measure: &Measure) -> (Option<Figure>, Option<u8>, Option<(i64, i64)>) {
    match measure {
        Measure::Nps(_) => (Some(Figure::NetPromoterScore), None, Some((0, 10))),
        Measure::Rating(rating) => match rating.summary {
            RatingSummary::TopBox(top) => (Some(Figure::TopShare), Some(top), Some(rating.scale)),
            RatingSummary::Mean => (Some(Figure::Mean), None, Some(rating.scale)),
        },
        Measure::Mean(_) => (Some(Figure::Mean), None, None),
        Measure::Share(_) => (Some(Figure::Share), None, None),
        Measure::Quantile(_) => (Some(Figure::Quantile), None, None),
        Measure::Total(_) => (Some(Figure::Amount), None, None),
        Measure::Duration(_)
        | Measure::Agreement(_)
        | Measure::Ratio(_)
        | Measure::Stock(_)
        | Measure::Entered(_)
        | Measure::Lifetime(_)
        | Measure::Formula(_)
        | Measure::Composite(_) => (None, None, None),
    }
}
