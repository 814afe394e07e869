//! Index numbers: prices and quantities between two periods, and composites whose weights change.

use crate::estimate::NotComputable;

/// Prices and quantities of a good in the base and in the current period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Good {
    /// Base price; positive.
    pub price_base: f64,
    /// Current price; positive.
    pub price_now: f64,
    /// Base quantity; not negative.
    pub quantity_base: f64,
    /// Current quantity; not negative.
    pub quantity_now: f64,
}

/// Which weights an index gives to the goods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Formula {
    /// Base quantities (Laspeyres 1871).
    Laspeyres,
    /// Current quantities (Paasche 1874).
    Paasche,
    /// Geometric mean of both (Fisher 1922). The default: it treats both periods alike.
    #[default]
    Fisher,
    /// Geometric mean of price relatives with averaged value shares (Törnqvist 1936).
    Tornqvist,
}

/// A price index, 1 for no change. O(goods). Source: ILO et al., *Consumer Price Index Manual* (2020), chapter 1.
///
/// # Errors
/// `NoRows`, `NotFinite`, `Invalid` for prices that are not positive, `ZeroDenominator` without quantities.
pub fn price_index(goods: &[Good], formula: Formula) -> Result<f64, NotComputable> {
    NotComputable::unless_enough(goods.len(), 1)?;
    for g in goods {
        NotComputable::unless_finite(
            "a good",
            &[g.price_base, g.price_now, g.quantity_base, g.quantity_now],
        )?;
        if g.price_base <= 0.0 || g.price_now <= 0.0 || g.quantity_base < 0.0 || g.quantity_now < 0.0 {
            return Err(NotComputable::invalid("a price is not positive or a quantity negative"));
        }
    }
    let sum = |f: fn(&Good) -> f64| goods.iter().map(f).sum::<f64>();
    let base = sum(|g| g.price_base * g.quantity_base);
    let now = sum(|g| g.price_now * g.quantity_now);
    let paasche_base = sum(|g| g.price_base * g.quantity_now);
    if base <= 0.0 || now <= 0.0 || paasche_base <= 0.0 {
        return Err(NotComputable::ZeroDenominator);
    }
    let laspeyres = sum(|g| g.price_now * g.quantity_base) / base;
    let paasche = now / paasche_base;
    Ok(match formula {
        Formula::Laspeyres => laspeyres,
        Formula::Paasche => paasche,
        Formula::Fisher => (laspeyres * paasche).sqrt(),
        Formula::Tornqvist => {
            let log: f64 = goods
                .iter()
                .map(|g| {
                    let share =
                        0.5 * (g.price_base * g.quantity_base / base + g.price_now * g.quantity_now / now);
                    share * libm::log(g.price_now / g.price_base)
                })
                .sum();
            libm::exp(log)
        }
    })
}

/// How two levels of a series are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Link {
    /// New values are multiplied by old ⁄ new in the overlap, which keeps growth rates. The default.
    #[default]
    Multiplicative,
    /// The difference is added, for series that may be zero or negative.
    Additive,
}

/// A composite with its weights in force from some period on.
#[derive(Debug, Clone, PartialEq)]
pub struct Regime {
    /// First period of the weights.
    pub from: usize,
    /// Weight of every component.
    pub weights: Vec<f64>,
}

/// A chained composite.
#[derive(Debug, Clone, PartialEq)]
pub struct Chained {
    /// Values without linking: steps at each change of weights.
    pub naive: Vec<f64>,
    /// Linked values: only the components move them.
    pub linked: Vec<f64>,
    /// Factor (or summand) in force in each regime; 1 (or 0) in the first.
    pub links: Vec<f64>,
}

/// The weighted composite of components by period, linked where weights change. O(periods × components).
///
/// The period before a change is the overlap: it is valued with both sets of weights.
/// `components[period]` lists the values in one order.
///
/// # Errors
/// `Invalid` unless regimes start at 0 and rise, with one weight per component; `ZeroDenominator` when an overlap is zero.
pub fn chain_linked(
    components: &[Vec<f64>],
    regimes: &[Regime],
    link: Link,
) -> Result<Chained, NotComputable> {
    NotComputable::unless_enough(components.len(), 1)?;
    if regimes.first().is_none_or(|r| r.from != 0)
        || regimes.windows(2).any(|w| matches!(w, [a, b] if a.from >= b.from))
    {
        return Err(NotComputable::invalid("weights are given from the first period on, in rising order"));
    }
    let value = |period: usize, regime: &Regime| -> Result<f64, NotComputable> {
        let row = components
            .get(period)
            .ok_or_else(|| NotComputable::invalid("weights start after the last period"))?;
        NotComputable::unless_same_length("components and weights", row.len(), regime.weights.len())?;
        NotComputable::unless_finite("a component", row)?;
        Ok(row.iter().zip(&regime.weights).map(|(x, w)| x * w).sum())
    };
    let mut result = Chained { naive: Vec::new(), linked: Vec::new(), links: Vec::new() };
    let apply = |raw: f64, current: f64| match link {
        Link::Multiplicative => raw * current,
        Link::Additive => raw + current,
    };
    for (index, regime) in regimes.iter().enumerate() {
        let until = regimes.get(index + 1).map_or(components.len(), |next| next.from);
        let current = match result.linked.last() {
            None => {
                if link == Link::Multiplicative {
                    1.0
                } else {
                    0.0
                }
            }
            Some(&before) => {
                let anew = value(regime.from - 1, regime)?;
                match link {
                    Link::Multiplicative if anew == 0.0 => return Err(NotComputable::ZeroDenominator),
                    Link::Multiplicative => before / anew,
                    Link::Additive => before - anew,
                }
            }
        };
        result.links.push(current);
        for period in regime.from..until {
            let raw = value(period, regime)?;
            result.naive.push(raw);
            result.linked.push(apply(raw, current));
        }
    }
    Ok(result)
}
