//! Weighted values: the rows of a period by what they are weighted by, and the mean that comes of it.
//!
//! Weights are made for each period of all its rows; a segment is the mean of its own rows with these weights, and the others
//! shape its error (a domain, Särndal, Swensson and Wretman 1992). The engine counts; only here do numbers become real.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use kepi_model::{
    crosswalk::SHARE_SCALE,
    id::DimensionId,
    project::{
        Design, DurationSummary, Kpi, MARGIN_SCALE, Margin, MarginTo, Measure, RatingSummary, SurveyGates,
        Trim as Trimmed,
    },
};
use kepi_stats::{
    estimate::{Estimate, Level, Method, NotComputable},
    survey::{
        calibration::{self, RakingOptions},
        cells::{CellMoments, ClusterProducts, Sample, Trim},
        design::proportion_interval,
        representativity::{Representativity, indicator_of_cells},
    },
};

use super::{AtGrain, windows::Window};
use crate::{
    cells::{Cells, View},
    lower::{Lowered, finer},
    measure::{Finished, Presence, kind_of},
    response::Responded,
    side::{Role, Term},
    state::{
        Member,
        weighting::{WeightedCell, WeightedCells, Weighting},
    },
    value::Coverage,
};

/// Rows told apart more finely than by the segments of a KPI.
struct Fine {
    members: Vec<Member>,
    asked: u64,
    moments: CellMoments,
}

/// By bucket; or why there are none.
type FineCells = Result<BTreeMap<u32, Result<Vec<Fine>, Weighting>>, Weighting>;

/// Those of a bucket.
fn of_bucket(fine: &FineCells, bucket: u32) -> Result<&[Fine], Weighting> {
    match fine.as_ref().map(|fine| fine.get(&bucket)) {
        Ok(None) => Ok(&[]),
        Ok(Some(Ok(here))) => Ok(here),
        Ok(Some(Err(why))) | Err(why) => Err(why.clone()),
    }
}

/// Gives each value of a KPI what its weights are made from.
pub(super) struct Weigher<'a> {
    at: &'a AtGrain<'a>,
    kpi: &'a Kpi,
    design: &'a Design,
    lowered: &'a Lowered,
    windows: Option<&'a [Window]>,
    known: RefCell<BTreeMap<Vec<DimensionId>, Rc<FineCells>>>,
}

impl<'a> Weigher<'a> {
    /// None if the rows of the KPI count as they are.
    pub(super) fn new(
        at: &'a AtGrain<'a>,
        kpi: &'a Kpi,
        lowered: &'a Lowered,
        windows: Option<&'a [Window]>,
    ) -> Option<Self> {
        let design = kpi.design.as_ref()?;
        Some(Self { at, kpi, design, lowered, windows, known: RefCell::default() })
    }

    /// What the weights of a period are made from, as seen from one of its segments.
    pub(super) fn of(&self, key_set: &[DimensionId], bucket: u32, members: &[Member]) -> Weighting {
        self.cells(key_set, bucket, members).map_or_else(|why| why, Weighting::Cells)
    }

    fn cells(
        &self,
        key_set: &[DimensionId],
        bucket: u32,
        members: &[Member],
    ) -> Result<WeightedCells, Weighting> {
        let dimensions = finer(self.design, key_set, false);
        let fine = self.fine(&dimensions);
        let here = of_bucket(&fine, bucket)?;
        let place = Placing::new(self.design, &dimensions, key_set, members);
        let margins = self.margins(here, &place);
        let mut cells: BTreeMap<(Vec<u32>, bool), (u64, CellMoments)> = BTreeMap::new();
        for fine in here.iter().filter(|fine| fine.asked > 0 || fine.moments.n > 0) {
            let (asked, cell) =
                cells.entry((place.position(fine, &margins), place.is_inside(fine))).or_default();
            *asked = asked.saturating_add(fine.asked);
            *cell = cell.plus(&fine.moments).ok_or_else(too_large)?;
        }
        let clusters = match &self.design.cluster {
            None => None,
            Some(_) => {
                let dimensions = finer(self.design, key_set, true);
                let fine = self.fine(&dimensions);
                let here = of_bucket(&fine, bucket)?;
                let place = Placing::new(self.design, &dimensions, key_set, members);
                let keys: Vec<&(Vec<u32>, bool)> = cells.keys().collect();
                let of_cell = |fine: &Fine| {
                    keys.binary_search(&&(place.position(fine, &margins), place.is_inside(fine))).ok()
                };
                Some(products(here, place.cluster, of_cell).ok_or_else(too_large)?)
            }
        };
        let cells = cells.into_iter();
        let cells = cells.map(|((members, inside), (asked, moments))| WeightedCell {
            members,
            inside,
            asked,
            moments,
        });
        Ok(WeightedCells { margins, cells: cells.collect(), clusters })
    }

    /// The members of each margin, and what they are to amount to.
    fn margins(&self, here: &[Fine], place: &Placing<'_>) -> Vec<Vec<(Member, i128)>> {
        // Shares beside what was asked are of as many as were asked: all margins are of one population.
        let is_asked = self.design.margins.iter().any(|margin| margin.to == MarginTo::Asked);
        let asked = here.iter().map(|fine| i128::from(fine.asked)).sum::<i128>();
        let times = if is_asked { asked } else { 1 };
        let of = self.design.margins.iter().zip(&place.margins).map(|(margin, at)| {
            let mut amounts: BTreeMap<Member, i128> = BTreeMap::new();
            for fine in here.iter().filter(|fine| fine.asked > 0 || fine.moments.n > 0) {
                let Some(member) = at.and_then(|at| fine.members.get(at)) else { continue };
                let asked = i128::from(fine.asked) * 10_i128.pow(MARGIN_SCALE.into());
                match &margin.to {
                    MarginTo::Asked => *amounts.entry(member.clone()).or_default() += asked,
                    // Without an amount it is none of the population.
                    MarginTo::Known { .. } if fine.moments.n > 0 => {
                        amounts.entry(member.clone()).or_default();
                    }
                    MarginTo::Known { .. } => {}
                }
            }
            if let MarginTo::Known { of, .. } = &margin.to {
                let amount = |amount: i64| i128::from(amount).saturating_mul(times);
                amounts.extend(of.iter().map(|(member, of)| (Member::Value(member.clone()), amount(*of))));
            }
            amounts.into_iter().collect()
        });
        of.collect()
    }

    fn fine(&self, dimensions: &[DimensionId]) -> Rc<FineCells> {
        let mut known = self.known.borrow_mut();
        Rc::clone(known.entry(dimensions.to_vec()).or_insert_with(|| Rc::new(self.measured(dimensions))))
    }

    fn measured(&self, dimensions: &[DimensionId]) -> FineCells {
        let mut found: BTreeMap<u32, Result<Vec<Fine>, Weighting>> = BTreeMap::new();
        let mut see = |bucket: u32, members: Vec<Member>, cells: &Cells<'_>| {
            let read = || {
                let asked = match Responded::of(self.kpi, cells)? {
                    Some(responded) => responded.asked(),
                    None => cells.count(Term::First, Role::Eligible)?,
                };
                Ok::<_, NotComputable>((asked, kind_of(&self.kpi.measure).moments(self.kpi, cells)?))
            };
            let of = found.entry(bucket).or_insert_with(|| Ok(Vec::new()));
            match (of.as_mut(), read()) {
                (Ok(of), Ok((asked, moments))) => of.push(Fine { members, asked, moments }),
                (Ok(_), Err(NotComputable::OutOfRange { bound })) => {
                    *of = Err(Weighting::OutOfRange { bound })
                }
                (Ok(_), Err(_)) => *of = Err(Weighting::TooMany),
                (Err(_), _) => {}
            }
        };
        match self.windows {
            None => {
                let cube =
                    self.at.cube(self.kpi, self.lowered, dimensions).map_err(|_| Weighting::TooMany)?;
                for (bucket, members, cells) in cube.cells(Presence::AnySide, None, &BTreeSet::new()) {
                    see(bucket, members, &Cells::new(&cube.sides, &cells));
                }
            }
            Some(windows) => {
                let of = self.at.of_windows(self.kpi, self.lowered, windows, dimensions);
                for (bucket, members, states) in of.map_err(|_| Weighting::TooMany)? {
                    see(bucket, members, &View::kept(&states).own());
                }
            }
        }
        Ok(found)
    }
}

fn too_large() -> Weighting {
    Weighting::OutOfRange { bound: i128::MAX.to_string() }
}

/// Where in the members of fine cells stands what.
struct Placing<'a> {
    margins: Vec<Option<usize>>,
    cluster: Option<usize>,
    own: Vec<(Option<usize>, &'a Member)>,
}

impl<'a> Placing<'a> {
    fn new(
        design: &Design,
        dimensions: &[DimensionId],
        key_set: &[DimensionId],
        members: &'a [Member],
    ) -> Self {
        let place = |id: &DimensionId| dimensions.iter().position(|known| known == id);
        Self {
            margins: design.margins.iter().map(|margin| place(&margin.dimension.id)).collect(),
            cluster: design.cluster.as_ref().and_then(|cluster| place(&cluster.id)),
            own: key_set.iter().map(place).zip(members).collect(),
        }
    }

    /// Which member of each margin it has.
    fn position(&self, fine: &Fine, margins: &[Vec<(Member, i128)>]) -> Vec<u32> {
        let of = self.margins.iter().zip(margins).map(|(at, margin)| {
            let member = at.and_then(|at| fine.members.get(at));
            margin.iter().position(|(known, _)| Some(known) == member).unwrap_or_default() as u32
        });
        of.collect()
    }

    fn is_inside(&self, fine: &Fine) -> bool {
        self.own.iter().all(|(at, member)| at.and_then(|at| fine.members.get(at)) == Some(member))
    }
}

/// What clusters say of the spread; none beyond 128 bits. Rows without a cluster are one.
fn products(
    here: &[Fine],
    cluster: Option<usize>,
    of_cell: impl Fn(&Fine) -> Option<usize>,
) -> Option<ClusterProducts> {
    let answered = || here.iter().filter(|fine| fine.moments.n > 0);
    let sum = |of: fn(&CellMoments) -> i128| {
        answered().try_fold(0_i128, |sum, fine| sum.checked_add(of(&fine.moments)))
    };
    let (b, bx) = (sum(|moments| moments.sum_b)?, sum(|moments| moments.sum_bx)?);
    let centre = if b > 0 { bx.div_euclid(b) } else { 0 };
    let mut sums: BTreeMap<&Member, BTreeMap<u32, i128>> = BTreeMap::new();
    for fine in answered() {
        let member = cluster.and_then(|at| fine.members.get(at))?;
        let cell = u32::try_from(of_cell(fine)?).ok()?;
        let CellMoments { sum_b, sum_bx, .. } = fine.moments;
        let of = sums.entry(member).or_default();
        for (position, more) in
            [(2 * cell, sum_b), (2 * cell + 1, sum_bx.checked_sub(centre.checked_mul(sum_b)?)?)]
        {
            let slot = of.entry(position).or_default();
            *slot = slot.checked_add(more)?;
        }
    }
    let mut products: BTreeMap<(u32, u32), i128> = BTreeMap::new();
    for of in sums.values() {
        for (p, x) in of {
            for (q, y) in of.range(p..) {
                let slot = products.entry((*p, *q)).or_default();
                *slot = slot.checked_add(x.checked_mul(*y)?)?;
            }
        }
    }
    let products = products.into_iter().filter(|(_, product)| *product != 0);
    Some(ClusterProducts {
        clusters: sums.len() as u64,
        centre,
        products: products.map(|((p, q), product)| (p, q, product)).collect(),
    })
}

/// What becomes of a weighted KPI's states; without a design of one whose rows count in part, by shares of a crosswalk.
pub(super) fn finish(kpi: &Kpi, design: Option<&Design>, view: &View<'_>, level: Level) -> Finished {
    match view.own().coverage(Term::First) {
        Ok(coverage) => Finished { estimate: estimate(kpi, design, view, level), coverage },
        Err(reason) => Finished { estimate: Err(reason), coverage: Coverage::default() },
    }
}

fn estimate(
    kpi: &Kpi,
    design: Option<&Design>,
    view: &View<'_>,
    level: Level,
) -> Result<Estimate, NotComputable> {
    let of = match view.weighting() {
        Some(Weighting::Cells(of)) => of,
        Some(Weighting::OutOfRange { bound }) => {
            return Err(NotComputable::OutOfRange { bound: bound.clone() });
        }
        Some(Weighting::TooMany) => {
            let reason = "its rows have too many different members to be weighted by them";
            return Err(NotComputable::Unsupported(reason.to_owned()));
        }
        None => {
            return Err(NotComputable::Invalid(
                "the states do not hold what the weights are made from".to_owned(),
            ));
        }
    };
    let cells: Vec<CellMoments> = of.cells.iter().map(|cell| cell.moments).collect();
    let inside: Vec<bool> = of.cells.iter().map(|cell| cell.inside).collect();
    let answered = of.cells.iter().any(|cell| cell.inside && cell.moments.n > 0);
    if !answered {
        return Err(NotComputable::NoRows);
    }
    let margins = design.iter().flat_map(|design| {
        (0..design.margins.len()).filter_map(|at| margin(design, of, at)).collect::<Vec<_>>()
    });
    let margins: Vec<calibration::Margin> = margins.collect();
    let limits = design.map_or_else(Trimmed::default, |design| design.trim);
    let millionths = |of: i64| of as f64 / 1e6;
    let sample = Sample {
        cells: &cells,
        inside: &inside,
        weight_scale: match design {
            Some(_) => kpi.weight.as_ref().map_or(0, |weight| weight.type_.scale()),
            None => SHARE_SCALE,
        },
        value_scale: scale(kpi),
        margins: &margins,
        trim: Trim {
            at_least: limits.at_least.map(millionths),
            at_most: limits.at_most.map(millionths),
            times_median: limits.times_median.map(millionths),
        },
        clusters: of.clusters.as_ref(),
        population: margins
            .first()
            .filter(|_| design.is_some_and(|design| design.finite))
            .map(|margin| margin.targets.iter().sum()),
    };
    let mean = sample.mean(RakingOptions::default(), level)?;
    let mut estimate = mean.estimate;
    if is_share(kpi) {
        // Rounding must not lead beyond what there can be.
        estimate.point = estimate.point.clamp(0.0, 1.0);
        estimate.method = Method::WeightedProportion;
        estimate.interval = mean.variance.and_then(|variance| {
            proportion_interval(estimate.point, variance, mean.degrees, estimate.effective_n, level)
        });
    } else if matches!(kpi.measure, Measure::Nps(_)) {
        estimate.point = estimate.point.clamp(-100.0, 100.0);
        estimate.method = Method::WeightedNps;
        estimate.interval = estimate.interval.map(|interval| interval.clipped(-100.0, 100.0));
    }
    Ok(estimate)
}

/// Why a value may not be published for what its survey is, if it may not.
pub(super) fn gate(kpi: &Kpi, view: &View<'_>, estimate: &Estimate) -> Option<NotComputable> {
    let SurveyGates { effective_n, response_rate, representative } = kpi.survey_gates;
    let percent = |have: f64, need: f64| {
        let have = (have * 100.0).floor().clamp(0.0, 100.0) as u8;
        (have, (need * 100.0).ceil().clamp(0.0, 100.0) as u8)
    };
    if let Some(need) = effective_n
        && estimate.effective_n < need as f64
    {
        return Some(NotComputable::TooFew { n: estimate.effective_n as u64, need });
    }
    if let Some(need) = response_rate {
        let responded = match Responded::of(kpi, &view.own()) {
            Ok(responded) => responded,
            Err(reason) => return Some(reason),
        };
        let have = responded.and_then(|responded| responded.rate()).unwrap_or(0.0);
        if have < need {
            let (have_percent, need_percent) = percent(have, need);
            return Some(NotComputable::LowResponse { have_percent, need_percent });
        }
    }
    let need = representative?;
    let have = match representativity(view) {
        Ok(have) => have.indicator,
        Err(reason) => return Some(reason),
    };
    let (have_percent, need_percent) = percent(have, need);
    (have < need).then_some(NotComputable::NotRepresentative { have_percent, need_percent })
}

/// How far those who answered stand for those who were asked, by the margins that rows are weighted to.
///
/// # Errors
/// There are no margins, or nobody was asked.
pub(super) fn representativity(view: &View<'_>) -> Result<Representativity, NotComputable> {
    let Some(Weighting::Cells(of)) = view.weighting() else {
        return Err(NotComputable::Unsupported("its rows are not weighted to margins".to_owned()));
    };
    let inside = of.cells.iter().filter(|cell| cell.inside);
    let cells: Vec<(u64, u64)> = inside.map(|cell| (cell.asked, cell.moments.n)).collect();
    indicator_of_cells(&cells)
}

/// One margin over cells, with names that a reason can say.
fn margin(design: &Design, of: &WeightedCells, at: usize) -> Option<calibration::Margin> {
    let Margin { dimension, .. } = design.margins.get(at)?;
    let known = of.margins.get(at)?;
    let label = |member: &Member| match member {
        Member::Value(text) => text.to_string(),
        Member::Unknown => "unknown".to_owned(),
    };
    Some(calibration::Margin {
        name: dimension.id.as_str().replace('_', " "),
        labels: known.iter().map(|(member, _)| label(member)).collect(),
        category: of
            .cells
            .iter()
            .map(|cell| cell.members.get(at).map_or(0, |member| *member as usize))
            .collect(),
        targets: known.iter().map(|(_, amount)| *amount as f64 / 1e6).collect(),
    })
}

/// Decimals of what the value is a mean of.
fn scale(kpi: &Kpi) -> u8 {
    match &kpi.measure {
        Measure::Mean(mean) => mean.value.type_.scale(),
        Measure::Rating(rating) if rating.summary == RatingSummary::Mean => rating.answer.type_.scale(),
        _ => 0,
    }
}

/// Whether the value is a share of rows.
fn is_share(kpi: &Kpi) -> bool {
    match &kpi.measure {
        Measure::Share(_) => true,
        Measure::Rating(rating) => matches!(rating.summary, RatingSummary::TopBox(_)),
        Measure::Duration(duration) => matches!(duration.summary, DurationSummary::Within(_)),
        _ => false,
    }
}
