//! How long it takes from a signal to its effect, and what alerts led to.

use std::collections::{BTreeMap, BTreeSet};

use kepi_insight::{
    link::{Untold, pairs},
    priority::{Quadrant, priorities},
};
use kepi_model::{
    acting::{PlaybookStep, Trigger},
    feedback::words,
    id::{EntityId, UnitId},
    project::{Kpi, Project, ValueUnit},
};
use kepi_query::value::Segment;
use kepi_score::band;
use kepi_stats::{
    estimate::Level,
    estimation::proportion::{DifferenceMethod, difference, wilson},
    survival::{
        Spell,
        kaplan_meier::{KaplanMeier, Scale},
    },
};

use super::Reporter;
use crate::{
    decided::{Feedback, Played, Timed},
    format,
    reader::{KpiQuery, ViewError},
    view::{
        AlertRow, AlertsView, DriverRow, FeedbackRow, FeedbackView, LatencyGroup, LatencyRow, LatencyView,
        Named, PlaybookRow, PlaybookStepRow, PlaybooksView, PrioritiesView, RunRow, StepTime,
    },
};

/// Kinds that begin with a signal, and not with something that somebody wants.
const SIGNALS: [&str; 3] = ["alert", "case", "dispute"];
const SECOND: f64 = 1e6;

/// A step of an item: when it could follow, and when it did.
type Step = (i64, Option<i64>);

/// The steps of an item from its signal on, as far as each could follow. What was decided has been seen; what ended without a step will
/// never have it, and counts for nothing there.
fn steps(of: &Timed) -> [(&'static str, Option<Step>); 5] {
    let seen = of.seen.or(of.decided);
    let could = |from: Option<i64>, to: Option<i64>| {
        from.filter(|_| to.is_some() || of.ended.is_none()).map(|from| (from, to))
    };
    [
        ("seen", could(Some(of.opened), seen)),
        ("decided", could(seen, of.decided)),
        ("done", could(of.decided, of.done)),
        ("effect", could(of.done, of.effect)),
        ("from the signal to the effect", could(Some(of.opened), of.effect)),
    ]
}

/// How long steps take, by Kaplan and Meier: what is open counts for as long as it has waited.
fn timed(all: &[&Timed], now: i64) -> Vec<StepTime> {
    let mut by_step: Vec<(&'static str, Vec<Spell>)> = Vec::new();
    for of in all {
        for (place, (name, step)) in steps(of).into_iter().enumerate() {
            if by_step.len() <= place {
                by_step.push((name, Vec::new()));
            }
            let (Some((from, to)), Some((_, spells))) = (step, by_step.get_mut(place)) else { continue };
            let time = (to.unwrap_or(now) - from).max(0) as f64 / SECOND;
            spells.push(if to.is_some() { Spell::ended(time) } else { Spell::open(time) });
        }
    }
    by_step.into_iter().map(|(step, spells)| step_time(step, &spells)).collect()
}

fn step_time(step: &'static str, spells: &[Spell]) -> StepTime {
    let open = spells.iter().filter(|spell| !spell.event).count() as u64;
    let of = spells.len() as u64;
    let found =
        KaplanMeier::new(spells).and_then(|curve| curve.quantile(0.5, Scale::LogLog, Level::NINETY_FIVE));
    let words = |seconds: f64| format::time(seconds.round() as i64);
    let (median, text) = match found {
        Ok(estimate) => {
            let ends = estimate.interval.as_ref().ok();
            let low = ends.map_or(estimate.point, |ends| ends.low);
            let high = ends.map(|ends| ends.high).filter(|high| high.is_finite());
            let until = high.map_or("longer than is known".to_owned(), words);
            let text = format!("{} ({} to {until})", words(estimate.point), words(low));
            (Ok((estimate.point, low, high)), text)
        }
        Err(_) if of == 0 => (Err("none came so far".to_owned()), "–".to_owned()),
        Err(_) => {
            let longest = spells.iter().map(|spell| spell.time).fold(0.0, f64::max);
            let why = format!("fewer than half have it, after up to {}", words(longest));
            (Err(why.clone()), why)
        }
    };
    StepTime { step, of, open, median, text }
}

impl Reporter<'_> {
    /// How long it takes from a signal to its effect, by unit and KPI, and how long kinds of items take; and what was learnt.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn latency(self) -> Result<LatencyView, ViewError> {
        let all = self.facts.timed()?;
        let now = self.facts.now().unwrap_or_else(|| {
            let last = |of: &Timed| [Some(of.opened), of.seen, of.decided, of.done, of.effect, of.ended];
            all.iter().flat_map(last).flatten().max().unwrap_or(0)
        });
        let signals: Vec<&Timed> = all.iter().filter(|of| SIGNALS.contains(&of.kind)).collect();
        let row = |id: String, name: String, path, of: &[&Timed]| LatencyRow {
            id,
            name,
            path,
            items: of.len() as u64,
            steps: timed(of, now),
        };
        let by = |of: &[&'_ Timed], key: fn(&Timed) -> Option<&str>| {
            let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for (place, one) in of.iter().enumerate() {
                groups.entry(key(one).unwrap_or_default().to_owned()).or_default().push(place);
            }
            groups
        };
        let rows = |of: &[&Timed], key, named: &dyn Fn(&str) -> (String, Option<String>)| {
            let groups = by(of, key).into_iter();
            let rows = groups.map(|(id, places)| {
                let own: Vec<&Timed> = places.iter().filter_map(|place| of.get(*place).copied()).collect();
                let (name, path) = named(&id);
                row(id, name, path, &own)
            });
            rows.collect::<Vec<_>>()
        };
        let project = self.project();
        let unit = |id: &str| {
            let known = id.parse().ok().and_then(|id| project.units.get(&id));
            let name = known.map_or_else(|| id.to_owned(), |unit| unit.name.clone());
            (if id.is_empty() { "All rows".to_owned() } else { name }, None)
        };
        let kpi = |id: &str| match id {
            "" => ("No KPI".to_owned(), None),
            id => (self.kpi_named(id).name, Some(format!("/kpis/{id}"))),
        };
        let kind = |id: &str| (id.replace('_', " "), None);
        let every: Vec<&Timed> = all.iter().collect();
        let mut groups = vec![
            LatencyGroup {
                by: "signal",
                title: "From signals",
                rows: rows(&signals, |of| Some(of.kind), &kind),
            },
            LatencyGroup {
                by: "unit",
                title: "By unit",
                rows: rows(&signals, |of| of.unit.as_deref(), &unit),
            },
            LatencyGroup { by: "kpi", title: "By KPI", rows: rows(&signals, |of| of.kpi.as_deref(), &kpi) },
            LatencyGroup {
                by: "kind",
                title: "All that waits for somebody, by kind",
                rows: rows(&every, |of| Some(of.kind), &kind),
            },
        ];
        groups.retain(|group| !group.rows.is_empty());
        Ok(LatencyView { project: self.project_view(), groups, learnt: self.facts.learnt()? })
    }

    /// What alerts led to, and what would let them ask less.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn alerts(self) -> Result<AlertsView, ViewError> {
        let project = self.project();
        let mut rows = Vec::new();
        for of in self.facts.tuned()? {
            let alert = of.alert.parse().ok().and_then(|id| project.alerts.get(&id));
            let over = of.acted_on + of.dismissed + of.ignored;
            let share = wilson(of.acted_on, over, Level::NINETY_FIVE).ok();
            let precision = share.and_then(|share| {
                let ends = share.interval.ok()?;
                Some((share.point, ends.low, ends.high))
            });
            rows.push(AlertRow {
                name: alert.map_or_else(|| of.alert.clone(), |alert| alert.name.clone()),
                on: alert.map(|alert| alert.on.iter().map(|on| on.says()).collect()).unwrap_or_default(),
                id: of.alert,
                acted_on: of.acted_on,
                dismissed: of.dismissed,
                ignored: of.ignored,
                open: of.open,
                precision_text: precision.map_or_else(
                    || "none is over".to_owned(),
                    |(point, low, high)| {
                        let [point, low, high] =
                            [point, low, high].map(|of| format::value(of, &ValueUnit::Share, 0));
                        format!("{point} ({low} to {high})")
                    },
                ),
                precision,
                changes: of.changes,
                text: of.text,
            });
        }
        Ok(AlertsView { project: self.project_view(), rows })
    }
}

/// So many runs are shown of each playbook.
const MOST_RUNS: usize = 30;

/// How much more often it is as it should be with a playbook than without: the difference of two shares, with its interval (Newcombe).
fn effect(with: (u64, u64), without: (u64, u64)) -> Option<(f64, f64, f64)> {
    let found = difference(with, without, DifferenceMethod::Newcombe, Level::NINETY_FIVE).ok()?;
    let ends = found.interval.ok()?;
    Some((found.point, ends.low, ends.high))
}

impl Reporter<'_> {
    fn starting_rows(self, of: &EntityId) -> String {
        let name = self.project().entities.get(of).map_or(of.as_str(), |entity| entity.name.as_str());
        format!("rows of {name} behind it")
    }

    /// What came of runs and of what was held out beside them, and the difference.
    fn watched(self, own: &[&Played], hold_out: u8, after: u16) -> PlaybookRow {
        let project = self.project();
        let share = |held_out: bool| {
            let seen = own.iter().filter(|of| of.held_out == held_out).filter_map(|of| of.helped);
            seen.fold((0, 0), |(good, of), helped| (good + u64::from(helped), of + 1))
        };
        let (with, without) = (share(false), share(true));
        let effect = effect(with, without);
        let points = |share: f64| format::difference(share, &ValueUnit::Share, 1);
        PlaybookRow {
            playbook: Named::new("", ""),
            of_loop: false,
            kpi: Named::new("", ""),
            starts: String::new(),
            steps: Vec::new(),
            capacity: 0,
            cool_down: 0,
            hold_out,
            after,
            variants: Vec::new(),
            open: 0,
            done: 0,
            held_out: own.iter().filter(|of| of.held_out).count() as u64,
            with,
            without,
            effect_text: match effect {
                Some((point, low, high)) => {
                    format!("{} ({} to {})", points(point), points(low), points(high))
                }
                None if hold_out == 0 => "nothing is held out to compare with".to_owned(),
                None => "not enough was looked at".to_owned(),
            },
            effect,
            runs: own
                .iter()
                .take(MOST_RUNS)
                .map(|of| RunRow {
                    item: of.item,
                    unit: of.unit.as_ref().map(|id| {
                        let unit = id.parse().ok().and_then(|id| project.units.get(&id));
                        unit.map_or_else(|| id.clone(), |unit| unit.name.clone())
                    }),
                    opened: self.instant(of.opened),
                    // How far its case came is said there: here it is kept whether there is one.
                    state: match of.of_loop {
                        true if of.held_out => "only watched".to_owned(),
                        true => "followed up".to_owned(),
                        false => of.outcome.clone().unwrap_or_else(|| of.state.to_owned()).replace('_', " "),
                    },
                    held_out: of.held_out,
                    helped: of.helped,
                })
                .collect(),
        }
    }

    /// How far runs came with the steps of a unit, or with those of everywhere else.
    fn playbook_steps(
        self,
        unit: Option<&UnitId>,
        steps: &[PlaybookStep],
        runs: &[&Played],
    ) -> Vec<PlaybookStepRow> {
        let last = steps.len().saturating_sub(1);
        let step = |(place, step): (usize, &PlaybookStep)| {
            let said = |word: &str| {
                let is = |of: &&&Played| {
                    let own = of.stepped.get(place).map(String::as_str);
                    own.or(of.outcome.as_deref().filter(|_| place == last)) == Some(word)
                };
                runs.iter().filter(is).count() as u64
            };
            let by = step.by.as_ref().map(|by| {
                self.project().persons.get(by).map_or_else(|| by.to_string(), |person| person.name.clone())
            });
            PlaybookStepRow {
                unit: unit.map(|unit| self.unit_name(unit).to_owned()),
                text: step.text.clone(),
                hours: step.hours,
                by,
                at_it: runs.iter().filter(|of| of.step == Some(place)).count() as u64,
                done: said("done"),
                skipped: said("skipped"),
            }
        };
        steps.iter().enumerate().map(step).collect()
    }

    /// Playbooks, what was started by them, and whether that helped; and whether it helps to follow up, where a closed loop holds some out.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn playbooks(self) -> Result<PlaybooksView, ViewError> {
        let project = self.project();
        let all = self.facts.played()?;
        let mut rows = Vec::new();
        for playbook in project.playbooks.values().filter(|of| project.kpis.contains_key(&of.kpi)) {
            let id = playbook.id.as_str();
            let own: Vec<&Played> = all.iter().filter(|of| of.playbook == id && !of.of_loop).collect();
            let starts = match &playbook.trigger {
                Trigger::Rows { of, .. } => self.starting_rows(of),
                Trigger::State(on) => {
                    let on: Vec<&str> = on.iter().map(|on| on.says()).collect();
                    format!("units in which it is {}", on.join(" or "))
                }
            };
            let is = |of: &&&Played, state: &str| of.state == state && !of.held_out;
            let variants = playbook.units.keys().map(|unit| self.unit_name(unit).to_owned());
            // Where a unit has steps of its own, these are what its runs went through.
            let whose = |of: &Played| -> Option<&UnitId> {
                let unit: UnitId = of.unit.as_ref()?.parse().ok()?;
                let tree = project.tree_at(of.opened);
                let own =
                    |id: &UnitId| playbook.units.get_key_value(id).filter(|(_, of)| !of.steps.is_empty());
                tree.upwards(&unit).find_map(own).map(|(id, _)| id)
            };
            let mut by_steps: BTreeMap<Option<&UnitId>, Vec<&Played>> = BTreeMap::new();
            own.iter().for_each(|of| by_steps.entry(whose(of)).or_default().push(of));
            let with_steps = playbook.units.iter().filter(|(_, of)| !of.steps.is_empty());
            let with_steps = with_steps.map(|(unit, of)| (Some(unit), &of.steps));
            let steps = [(None, &playbook.steps)].into_iter().chain(with_steps).flat_map(|(unit, steps)| {
                let runs = by_steps.get(&unit).map_or(&[][..], Vec::as_slice);
                self.playbook_steps(unit, steps, runs)
            });
            rows.push(PlaybookRow {
                playbook: Named::new(&playbook.id, &playbook.name),
                of_loop: false,
                kpi: self.kpi_named(playbook.kpi.as_str()),
                starts,
                steps: steps.collect(),
                capacity: playbook.capacity,
                cool_down: playbook.cool_down,
                variants: variants.collect(),
                open: own.iter().filter(|of| is(of, "doing")).count() as u64,
                done: own.iter().filter(|of| !of.held_out && of.state != "doing").count() as u64,
                ..self.watched(&own, playbook.hold_out, playbook.after)
            });
        }
        for rule in project.closed_loops.values().filter(|of| project.kpis.contains_key(&of.kpi)) {
            let id = rule.id.as_str();
            let own: Vec<&Played> = all.iter().filter(|of| of.playbook == id && of.of_loop).collect();
            if rule.hold_out == 0 && own.is_empty() {
                continue;
            }
            rows.push(PlaybookRow {
                playbook: Named::new(&rule.id, &rule.name),
                of_loop: true,
                kpi: self.kpi_named(rule.kpi.as_str()),
                starts: self.starting_rows(&rule.of),
                capacity: rule.at_most,
                done: own.iter().filter(|of| !of.held_out).count() as u64,
                ..self.watched(&own, rule.hold_out, rule.after)
            });
        }
        Ok(PlaybooksView { project: self.project_view(), rows })
    }
}

impl Reporter<'_> {
    /// What to work on first for an outcome; none named: the first that something is believed to move.
    ///
    /// # Errors
    /// There is no such KPI, or nothing is computed of it.
    pub fn priorities(self, outcome: Option<&str>) -> Result<PrioritiesView, ViewError> {
        let project = self.project();
        let mut outcomes: Vec<Named> = Vec::new();
        for pair in pairs(project) {
            let named = Named::new(&pair.effect.id, &pair.effect.name);
            if !outcomes.contains(&named) {
                outcomes.push(named);
            }
        }
        let first = outcomes.first().map(|of| of.id.clone());
        let Some(id) = outcome.map(str::to_owned).or(first) else {
            let project = self.project_view();
            return Ok(PrioritiesView {
                project,
                outcome: None,
                outcomes,
                period: String::new(),
                drivers: Vec::new(),
            });
        };
        let asked = self.kpi_asked(&id, &KpiQuery::default())?;
        let (kpi, period) = (asked.kpi, asked.period);
        let score = |driver: &Kpi| {
            let point = self.facts.observed(&driver.id, period, &Segment::total())?.ok()?.point;
            let target = driver.target(None, &[], period, &project.calendar)?;
            Some(band::score(point, &target.lines, driver.better) as f64 / 1e6)
        };
        let drivers = priorities(kpi, period, &self, score).into_iter().map(|of| DriverRow {
            kpi: Named::new(&of.driver.id, &of.driver.name),
            importance_text: match (&of.found, of.importance) {
                // What goes the other way gains nothing, and is said as it goes.
                (Ok(found), Some(0.0)) if found.association.effect != 0.0 => {
                    format!("{}, the other way", format::moved(found.association.effect, &kpi.unit))
                }
                (Ok(_), Some(gain)) => format::moved(gain, &kpi.unit),
                (Err(Untold::TooFew { have: 0, .. }), _) => {
                    "not known: there is no period with figures of both, or you do not see them".to_owned()
                }
                (Err(Untold::TooFew { have, periods, .. }), _) => {
                    format!("not known: {have} periods, at least {periods} are needed")
                }
                (Err(Untold::SameRows), _) => "not known: both look at the same rows".to_owned(),
                _ => "not known".to_owned(),
            },
            importance: of.importance,
            gap: of.gap,
            priority: of.priority,
            stands: of.quadrant.map(Quadrant::words),
            verdict: of.found.as_ref().map_or("unknown", |found| found.verdict.code()),
        });
        Ok(PrioritiesView {
            project: self.project_view(),
            outcome: Some(Named::new(&kpi.id, &kpi.name)),
            outcomes,
            period: self.label(period),
            drivers: drivers.collect(),
        })
    }
}

/// So much of what was said is shown.
const MOST_SAID: usize = 200;

/// Whether a text has all words of a search, in whatever letters.
fn has_all(text: &str, words: &str) -> bool {
    let text = text.to_lowercase();
    words.split_whitespace().all(|word| text.contains(&word.to_lowercase()))
}

impl Reporter<'_> {
    /// What was said of customers and of what gets in their way, with all of these words (none: all of it), about a theme if one is named.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn feedback(self, words: &str, theme: Option<&str>) -> Result<FeedbackView, ViewError> {
        let project = self.project();
        let heard = self.facts.feedback()?;
        let shown = |name: &str| name.replace('_', " ");
        let mut found: Vec<(&Feedback, BTreeSet<&str>)> = Vec::new();
        for of in &heard.said {
            let themes = themes_of(project, &of.kpi, &of.text);
            let named: Vec<String> =
                of.cause.iter().map(String::as_str).chain(themes.iter().copied()).map(shown).collect();
            let about =
                format!("{} {} {} {}", of.text, named.join(" "), of.kpi, self.kpi_named(&of.kpi).name);
            if has_all(&about, words) && theme.is_none_or(|theme| themes.contains(theme)) {
                found.push((of, themes));
            }
        }
        let causes = often(found.iter().filter_map(|(of, _)| of.cause.as_deref()));
        let themes = often(found.iter().flat_map(|(_, themes)| themes.iter().copied()));
        let about_none =
            found.iter().filter(|(of, themes)| themes.is_empty() && has_themes(project, &of.kpi));
        let about_none = about_none.count();
        let rows = found.iter().take(MOST_SAID).map(|(of, themes)| FeedbackRow {
            item: of.item,
            row: of.row.clone(),
            what: of.what,
            kpi: self.kpi_named(&of.kpi),
            unit: of.unit.as_ref().map(|id| {
                let unit = id.parse().ok().and_then(|id| project.units.get(&id));
                unit.map_or_else(|| id.clone(), |unit| unit.name.clone())
            }),
            at: self.instant(of.at),
            became: of.cause.iter().chain(&of.outcome).map(|of| shown(of)).collect(),
            themes: themes.iter().copied().map(shown).collect(),
            text: of.text.clone(),
        });
        Ok(FeedbackView {
            project: self.project_view(),
            words: words.trim().to_owned(),
            theme: theme.map(str::to_owned),
            all: heard.said.len(),
            found: found.len(),
            causes,
            themes,
            about_none,
            rows: rows.collect(),
            unread: heard.unread,
            kpis: project.kpis.values().map(|kpi| Named::new(&kpi.id, &kpi.name)).collect(),
        })
    }
}

/// The themes of a KPI that a text is about.
fn themes_of<'a>(project: &'a Project, kpi: &str, text: &str) -> BTreeSet<&'a str> {
    let mut of_kpi = project.feedback.values().filter(|of| of.kpi.as_str() == kpi).peekable();
    if of_kpi.peek().is_none() {
        return BTreeSet::new();
    }
    let words: Vec<String> = words(text).collect();
    of_kpi.flat_map(|of| &of.themes).filter(|of| of.is_in(&words)).map(|of| of.id.as_str()).collect()
}

fn has_themes(project: &Project, kpi: &str) -> bool {
    project.feedback.values().any(|of| of.kpi.as_str() == kpi && !of.themes.is_empty())
}

/// How often each is named, the most frequent first.
fn often<'a>(all: impl Iterator<Item = &'a str>) -> Vec<(String, usize)> {
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for of in all {
        *counted.entry(of).or_default() += 1;
    }
    let mut counted: Vec<(String, usize)> = counted.into_iter().map(|(of, n)| (of.to_owned(), n)).collect();
    counted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counted
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    fn item(opened: i64, seen: Option<i64>, decided: Option<i64>, ended: Option<i64>) -> Timed {
        let hours = |at: Option<i64>| at.map(|at| at * HOUR);
        Timed {
            kind: "alert",
            opened: opened * HOUR,
            seen: hours(seen),
            decided: hours(decided),
            ended: hours(ended),
            ..Timed::default()
        }
    }

    #[test]
    fn medians_count_what_is_open_and_leave_out_what_never_comes() {
        // Seen after 2, 4 and 6 hours, and one not seen in the 10 hours since: at 2 h 3⁄4 are left, at 4 h one half.
        let all = [
            item(0, Some(2), Some(5), None),
            item(0, Some(4), None, None),
            item(0, Some(6), Some(7), Some(7)),
            item(0, None, None, None),
        ];
        let all: Vec<&Timed> = all.iter().collect();
        let steps = timed(&all, 10 * HOUR);
        let of = |name: &str| steps.iter().find(|step| step.step == name).unwrap();
        let seen = of("seen");
        assert_eq!((seen.of, seen.open), (4, 1));
        assert_eq!(seen.median.as_ref().unwrap().0, 4.0 * 3600.0);
        // Decided 3 and 1 hours after, one open for 6: two thirds are left at 1 h, one third at 3 h.
        let decided = of("decided");
        assert_eq!((decided.of, decided.open), (3, 1));
        assert_eq!(decided.median.as_ref().unwrap().0, 3.0 * 3600.0);
        // Of the two decided ones one has ended without being carried out, the other waits since 5 hours.
        let done = of("done");
        assert_eq!((done.of, done.open), (1, 1));
        assert_eq!(done.text, "fewer than half have it, after up to 5 hours");
        assert_eq!((of("effect").of, of("effect").text.as_str()), (0, "–"));
        // What was decided by whoever opened it has been seen by then.
        let own = item(0, None, Some(3), None);
        assert_eq!(steps_of(&own), [("seen", Some((0, Some(3)))), ("decided", Some((3, Some(3))))]);
    }

    #[test]
    fn a_search_finds_what_has_all_its_words() {
        assert!(has_all("An hour in the Queue", "queue hour") && has_all("anything", ""));
        assert!(!has_all("An hour in the queue", "queue price"));
    }

    /// Newcombe (1998), Statistics in Medicine 17, 873–890, table II, row (a): 56 of 70 against 48 of 80 are 0.2 (0.0524 to 0.3339).
    #[test]
    fn what_a_playbook_does_is_the_difference_to_what_was_only_watched() {
        let (point, low, high) = effect((56, 70), (48, 80)).unwrap();
        assert!((point - 0.2).abs() < 1e-12, "{point}");
        assert!((low - 0.0524).abs() < 5e-5 && (high - 0.3339).abs() < 5e-5, "{low} {high}");
        assert_eq!(effect((3, 5), (0, 0)), None);
    }

    /// A step by name: when it began, and when it was taken, if it was; none: it never began.
    type Stretch = (&'static str, Option<(i64, Option<i64>)>);

    fn steps_of(of: &Timed) -> Vec<Stretch> {
        let hours = |(from, to): Step| (from / HOUR, to.map(|to| to / HOUR));
        steps(of).into_iter().take(2).map(|(name, step)| (name, step.map(hours))).collect()
    }
}
