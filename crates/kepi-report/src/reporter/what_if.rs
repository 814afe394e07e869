//! Scores as they would be.

use std::collections::BTreeMap;

use kepi_model::{
    project::{Kpi, ValueUnit},
    wording::resembling,
};
use kepi_score::card::members_named;
use kepi_score::what_if::{Place, Supposed, sensitivity, what_if};

use super::{Asked, Reporter};
use crate::{
    reader::{ViewError, WhatIfQuery},
    view::{Named, Outcome, PlaceView, Points, Weight, WhatIfView},
};

impl<'a> Reporter<'a> {
    /// A score as it would be. What cannot be supposed is a problem of the view.
    ///
    /// # Errors
    /// What is asked for is not there, or nothing has been computed.
    pub fn what_if(self, query: &WhatIfQuery) -> Result<WhatIfView, ViewError> {
        let asked = self.asked(&query.of)?;
        let (card, unit, period) = (&asked.card, asked.unit, asked.period);
        let scorecard = card.in_force(period).unwrap_or(card.scorecard);
        let found = self
            .supposed(query, &asked)
            .and_then(|supposed| what_if(card, unit, period, &supposed).map_err(|error| error.to_string()));
        let score = |of: &Result<i64, kepi_score::tree::NoScore>| match of {
            Ok(micro) => Outcome::Value(Points::new(*micro)),
            Err(reason) => Outcome::none(reason),
        };
        let before = card.tree(unit, period).score;
        let hangs = sensitivity(card, unit, period).unwrap_or_default();
        let places = hangs.into_iter().map(|of| {
            let (kind, name) = self.named(&of.place);
            let changed =
                found.iter().flat_map(|found| &found.weights).find(|(place, ..)| *place == of.place);
            let kpi = match &of.place {
                Place::Kpi(id, part) => self.project().kpis.get(id).map(|kpi| (kpi, part)),
                _ => None,
            };
            let observed = kpi.and_then(|(kpi, part)| {
                let at = card.part_of(unit, part)?;
                self.facts.observed(&kpi.id, card.period_of(kpi, period), &at)
            });
            let id = of.place.id();
            let kpi = kpi.map(|(kpi, _)| kpi);
            PlaceView {
                kind,
                of: Named::new(&id, name),
                weight: Weight::new(of.weight),
                supposed_weight: changed.map(|(.., after)| Weight::new(*after)),
                asked_weight: asked_for(&query.weights, kind, &id),
                value: kpi.zip(observed).and_then(|(kpi, of)| Some(written(of.ok()?.point, kpi))),
                supposed_value: kpi.and_then(|_| asked_for(&query.values, kind, &id)),
                more: of.more.map(Points::signed),
                less: of.less.map(Points::signed),
                same_order: of.same_order.map(|(low, high)| (Weight::new(low), Weight::new(high))),
            }
        });
        let places = places.collect();
        let (after, bridge, problem) = match &found {
            Ok(found) => (found.after.score.clone(), found.bridge.as_ref(), None),
            Err(problem) => (before.clone(), None, Some(problem.clone())),
        };
        let gained = before.as_ref().ok().zip(after.as_ref().ok()).map(|(before, after)| after - before);
        Ok(WhatIfView {
            project: self.project_view(),
            scorecard: Named::new(&scorecard.id, &scorecard.name),
            unit: self.unit(unit),
            units: self.unit_choices(&asked),
            period: self.label(period),
            periods: self.period_choices(&asked.known, period),
            before: score(&before),
            after: score(&after),
            gained: gained.map(Points::signed),
            problem,
            bridge: bridge.map(|of| crate::view::Bridge {
                from_label: "as it is".to_owned(),
                to_label: "as supposed".to_owned(),
                ..self.bridge_view(of, period)
            }),
            places,
        })
    }

    /// What is supposed, or what of it means nothing.
    fn supposed(self, query: &WhatIfQuery, asked: &Asked<'a>) -> Result<Supposed, String> {
        let scorecard = asked.card.in_force(asked.period).unwrap_or(asked.card.scorecard);
        let places: Vec<Place> = Place::all(scorecard).into_iter().map(|(place, _)| place).collect();
        let mut supposed = Supposed::default();
        for (name, text) in &query.values {
            let kpi = places.iter().find_map(|place| match place {
                Place::Kpi(id, part) if place.id() == *name => Some((self.project().kpis.get(id)?, part)),
                _ => None,
            });
            let kpis = places.iter().filter(|place| matches!(place, Place::Kpi(..))).map(Place::id);
            let (kpi, part) = kpi.ok_or_else(|| unknown("KPI", name, kpis.collect()))?;
            supposed.values.insert((kpi.id.clone(), part.clone()), kpi.value_said(text)?);
        }
        let kinds: BTreeMap<&str, fn(&Place) -> bool> = BTreeMap::from([
            ("perspective", (|place| matches!(place, Place::Perspective(_))) as fn(&Place) -> bool),
            ("objective", |place| matches!(place, Place::Objective(_))),
            ("segment", |place| matches!(place, Place::Segment(..))),
            ("kpi", |place| matches!(place, Place::Kpi(..))),
        ]);
        for (name, text) in &query.weights {
            let (kind, id) =
                name.split_once('/').map_or((None, name.as_str()), |(kind, id)| (Some(kind), id));
            let is_kind = |place: &&Place| match kind {
                None => true,
                Some(kind) => kinds.get(kind).is_some_and(|is| is(place)),
            };
            let found: Vec<&Place> =
                places.iter().filter(is_kind).filter(|place| place.id() == *id).collect();
            let place = match found.as_slice() {
                [one] => *one,
                [] => return Err(unknown("weight", name, places.iter().map(Place::id).collect())),
                _ => {
                    return Err(format!(
                        "`{name}` is several things: write `perspective/{id}`, `objective/{id}` or `kpi/{id}`"
                    ));
                }
            };
            let weight = ValueUnit::Share.amount(text).map(|share| share * 10_000.0);
            let weight = weight.filter(|w| (0.0..=10_000.0).contains(w) && (w - w.round()).abs() < 1e-6);
            let weight = weight.ok_or_else(|| {
                format!("`{text}` is no weight: write a share such as `40%`, with at most two decimals")
            })?;
            supposed.weights.insert(place.clone(), weight.round() as u32);
        }
        Ok(supposed)
    }

    /// What a place is, and its shown name.
    fn named(self, place: &Place) -> (&'static str, String) {
        let strategy = self.project().strategy.as_ref();
        let name = match place {
            Place::Perspective(id) => {
                strategy.and_then(|s| s.perspectives.iter().find(|p| &p.id == id)).map(|p| p.name.clone())
            }
            Place::Objective(id) => {
                strategy.and_then(|s| s.objectives.iter().find(|o| &o.id == id)).map(|o| o.name.clone())
            }
            Place::Segment(_, of) => Some(members_named(of)),
            Place::Kpi(id, of) => self.project().kpis.get(id).map(|kpi| match of.is_total() {
                true => kpi.name.clone(),
                false => format!("{} ({})", kpi.name, members_named(of)),
            }),
        };
        let kind = match place {
            Place::Perspective(_) => "perspective",
            Place::Objective(_) => "objective",
            Place::Segment(..) => "segment",
            Place::Kpi(..) => "kpi",
        };
        (kind, name.unwrap_or_else(|| place.id()))
    }
}

/// What was asked for under a name, with or without what it is.
fn asked_for(all: &[(String, String)], kind: &str, id: &str) -> Option<String> {
    let is = |name: &str| {
        name == id || name.strip_prefix(kind).and_then(|rest| rest.strip_prefix('/')) == Some(id)
    };
    all.iter().rev().find(|(name, _)| is(name)).map(|(_, text)| text.clone())
}

fn unknown(what: &str, name: &str, known: Vec<String>) -> String {
    let near = resembling(name, known.iter().map(String::as_str), 1).into_iter().next();
    let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
    format!("the scorecard has no {what} `{name}`{near}")
}

/// A value as it is written in definitions, with two decimals at most.
fn written(value: f64, kpi: &Kpi) -> String {
    let short = |value: f64| {
        let text = format!("{value:.2}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    match &kpi.unit {
        ValueUnit::Share => format!("{}%", short(value * 100.0)),
        ValueUnit::Money { currency } => format!("{} {currency}", short(value)),
        ValueUnit::Duration => format!("{} minutes", short(value / 6e7)),
        _ => short(value),
    }
}
