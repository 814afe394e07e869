//! What waits for somebody, what is in force, which periods are frozen or closed: from facts to what is shown.

use std::{cmp::Reverse, collections::BTreeSet};

use jiff::civil::Date;
use kepi_insight::{analysis::Verdict, link, sentence::Sentence};
use kepi_model::{
    acting::CASE,
    calendar::{FiscalCalendar, Grain, Period},
    edit,
    id::UnitId,
    measure::Indicator,
    project::{Kpi, Measure, Scorecard},
};
use kepi_query::{
    published::{Vouched, grain_text},
    value::Segment,
};

use super::{Reporter, insights::Which, map::evidence_of, words};
use crate::{
    decided::{About, Case, Draft, Item, Missing, RegisterAsked, Review, ReviewPoint, Silence, Work, is_of},
    difference::{Difference, How},
    dual::{Both, ByBoth, Counts, DualRun},
    format,
    reader::ViewError,
    view::{
        BallotView, BothView, CaseView, ClosedView, ComingView, DocumentView, DraftView, DualView,
        EditorView, FieldView, Forms, HappenedView, HeldView, InboxView, ItemRow, ItemView, LeadingView,
        LedView, Named, OfficialFigure, OfficialView, PeriodView, PeriodsView, PointView, RegisterView,
        RemarkView, ReviewView, ReviewsView, RoundView, SaidView, SilenceView, Status, TouchView,
    },
};

/// On target in so many periods in a row is always.
const ALWAYS: i32 = 8;

/// So many of the newest periods of each length are shown, beside those that are closed.
const MOST_PERIODS: usize = 8;
/// Whose turn it is while an author can give it up.
const OTHERS: [&str; 2] = ["write", "ask"];
/// What is asked about a definition that is to be confirmed, by analyses.
const EVIDENCE: [(&str, &str); 5] = [
    ("Validity", "validity"),
    ("Reliability", "reliability"),
    ("Gaming", "vanity"),
    ("Redundancy", "redundancy"),
    ("Acted on", "acted_on"),
];
/// Words of how items end.
const ENDS: [&str; 6] = ["done", "rejected", "withdrawn", "lapsed", "recovered", "dismissed"];
/// More names than this in a line hide the first.
const MOST_NAMES: usize = 3;

impl<'a> Reporter<'a> {
    /// As whom it is looked at.
    fn me(self) -> Option<&'a str> {
        self.facts.viewer().and_then(|viewer| viewer.acts_as.as_deref())
    }

    /// How many items wait for who looks; none that can be read: none.
    pub(super) fn waiting(self) -> usize {
        self.me().map_or(0, |me| self.facts.waiting(me))
    }

    /// What was changed in an emergency and is not ratified: items, with the day on which it is taken back.
    pub(super) fn emergencies(self) -> Vec<(u64, String)> {
        let day = |item: &Item| item.due.map(|at| self.clock().date(at)).unwrap_or_default();
        self.facts.unratified().iter().map(|item| (item.number, day(item))).collect()
    }

    /// What waits, and for whom; with `all` what has ended, too.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn inbox(self, all: bool) -> Result<InboxView, ViewError> {
        let me = self.me();
        let mut view = InboxView {
            project: self.project_view(),
            me: me.map(str::to_owned),
            all,
            turn: Vec::new(),
            part: Vec::new(),
            others: Vec::new(),
            ended: Vec::new(),
            silences: self.facts.silences()?.into_iter().map(|of| self.silence(of)).collect(),
        };
        for item in self.facts.items(all)? {
            let row = self.item_row(&item);
            match &item {
                item if item.ended.is_some() => view.ended.push(row),
                item if is_of(me, &item.turn) => view.turn.push(row),
                item if me.is_some() && item.has_part(me) => view.part.push(row),
                _ => view.others.push(row),
            }
        }
        // What is due first comes first.
        view.turn.sort_by(|a, b| (a.due.is_none(), &a.due).cmp(&(b.due.is_none(), &b.due)));
        Ok(view)
    }

    /// An item.
    ///
    /// # Errors
    /// There is none of this number, or it cannot be read.
    pub fn item(self, number: &str) -> Result<ItemView, ViewError> {
        let nothing = || ViewError::NotFound {
            what: format!("item `{number}`"),
            suggestions: vec![("All items".to_owned(), "/inbox?all=yes".to_owned())],
        };
        let known = number.parse().map_err(|_| nothing())?;
        let of = self.facts.item(known)?.ok_or_else(nothing)?;
        let item = &of.item;
        let (me, open) = (self.me(), item.ended.is_none());
        let asked = item.steps.iter().any(|step| step.now && step.turn == "ask");
        let author = is_of(me, &item.authors);
        let touched = is_of(me, &item.concerned) || is_of(me, &item.paid);
        let touch = |of: &crate::decided::Touch| self.touch(&of.id, &of.from);
        let editor = of.rounds.last().map(|of| of.by.clone());
        Ok(ItemView {
            project: self.project_view(),
            row: self.item_row(item),
            about: item.about,
            content: item.content.clone(),
            steps: item.steps.clone(),
            subject: item.subject.iter().map(|of| self.with_labels(of)).collect(),
            touches: item.touches.iter().map(touch).collect(),
            contradicts: of.contradicts,
            documents: of.documents.into_iter().map(|of| self.document(of)).collect(),
            scorecards: of.scorecards.iter().map(|id| self.scorecard_named(id)).collect(),
            follow: of.follow.iter().map(|id| self.kpi_named(id)).collect(),
            watched_by: of.watched_by,
            people: of.people,
            learnt: of.learnt,
            dual: of.dual.map(|run| self.dual(run, item.ended.is_some() || item.kind == "change_notice")),
            concerned: item.concerned.clone(),
            paid: item.paid.clone(),
            ballots: item
                .ballots
                .iter()
                .map(|ballot| BallotView {
                    by: ballot.by.clone(),
                    stance: ballot.stance,
                    said: match ballot.stance {
                        "yes" => "agrees",
                        "no" => "does not agree",
                        _ => "abstains",
                    },
                    at: self.instant(ballot.at),
                    why: ballot.why.clone(),
                })
                .collect(),
            remarks: item
                .remarks
                .iter()
                .map(|of| RemarkView { at: self.instant(of.at), of: of.clone() })
                .collect(),
            rounds: of
                .rounds
                .into_iter()
                .map(|of| RoundView { at: self.instant(of.at), now: of.content == item.content, of })
                .collect(),
            history: of
                .history
                .into_iter()
                .map(|of| HappenedView {
                    event: of.event,
                    at: self.instant(of.at),
                    by: of.by,
                    kind: of.kind,
                    said: of.said,
                })
                .collect(),
            case: of.work.case.as_ref().map(|case| self.case(case)),
            review: of.work.review.as_ref().map(|review| self.review(review)).transpose()?,
            acknowledged: of.work.acknowledged.map(|at| self.instant(at)),
            snoozed: of.work.snoozed.filter(|_| open).map(|at| self.instant(at)),
            persons: self.project().persons.values().map(|of| Named::new(of.id.as_str(), &of.name)).collect(),
            forms: Forms {
                // Whose turn it is only because somebody objects has nothing to agree to.
                vote: open
                    && asked
                    && item.missing.iter().any(|of| of.what != "objecting" && is_of(me, &of.of)),
                abstain: open && asked && !is_of(me, &item.turn) && touched,
                take_back: item.kind == "manual_entry" && item.state == "done" && me.is_some(),
                remark: open && me.is_some(),
                object: open
                    && asked
                    && me != editor.as_deref()
                    && (touched || item.missing.iter().any(|of| is_of(me, &of.of))),
                resolve: item
                    .remarks
                    .iter()
                    .filter(|remark| {
                        let own = me == Some(remark.by.as_str());
                        let asked = item.missing.iter().any(|of| is_of(me, &of.of))
                            || item.ballots.iter().any(|of| Some(of.by.as_str()) == me);
                        open && remark.stands && (own || !author && asked)
                    })
                    .map(|remark| remark.number)
                    .collect(),
                counter: open && !of.texts.is_empty() && (author || is_of(me, &item.concerned)),
                withdraw: open
                    && author
                    && item.steps.iter().any(|step| step.now && OTHERS.contains(&step.turn)),
                close: match (&of.work.case, turns(item, &of.work, me).assign) {
                    (Some(case), true) => case.causes.iter().map(|id| self.cause(&case.rule, id)).collect(),
                    _ => Vec::new(),
                },
                ..turns(item, &of.work, me)
            },
            work: Work { seen: of.work.seen.iter().map(|of| self.with_labels(of)).collect(), ..of.work },
        })
    }

    /// All reviews.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn reviews(self) -> Result<ReviewsView, ViewError> {
        let mut view = ReviewsView { project: self.project_view(), open: Vec::new(), held: Vec::new() };
        for item in self.facts.items(true)?.iter().filter(|item| item.kind == "review") {
            match item.ended {
                Some(_) => view.held.push(self.item_row(item)),
                None => view.open.push(self.item_row(item)),
            }
        }
        view.open.sort_by(|a, b| a.due.cmp(&b.due));
        Ok(view)
    }

    /// A review, with the evidence of each point as it is published now.
    fn review(self, of: &Review) -> Result<ReviewView, ViewError> {
        let project = self.project();
        let unit = |id: &Option<String>| {
            let known = id.as_ref().and_then(|id| project.units.get(&id.parse().ok()?));
            known.map(|unit| Named::new(&unit.id, &unit.name))
        };
        let rule = of.rule.parse().ok().and_then(|id| project.reviews.get(&id));
        let mut points = Vec::new();
        for point in &of.points {
            points.push(self.review_point(of, point)?);
        }
        Ok(ReviewView {
            name: rule.map_or_else(|| spaced(&of.rule), |rule| rule.name.clone()),
            scorecard: self.scorecard_named(&of.scorecard),
            unit: unit(&of.unit),
            // In the calendar of its scorecard, as its points are.
            period: self
                .period_reviewed(of)
                .map_or_else(|| self.with_labels(&of.period), |period| self.label(period)),
            chair: of.chair.clone(),
            participants: of.participants.clone(),
            present: of.present.clone(),
            run: of.run,
            points,
            led: self.led(of),
        })
    }

    /// The KPIs of a review's scorecard that lag, each beside those on it that are believed to lead it.
    fn led(self, of: &Review) -> Vec<LedView> {
        let project = self.project();
        let scorecard = of.scorecard.parse().ok().and_then(|id| project.scorecards.get(&id));
        let (Some(scorecard), Some(whole)) = (scorecard, self.period_reviewed(of)) else { return Vec::new() };
        let unit = match &of.unit {
            Some(id) => match id.parse().ok().and_then(|id| project.units.get(&id)) {
                Some(unit) => Some(&unit.id),
                None => return Vec::new(),
            },
            None => scorecard.unit.as_ref(),
        };
        let place = self.place(self.card(scorecard), unit);
        let on_it: BTreeSet<_> = scorecard.kpis().collect();
        let read = |kpi: &'a Kpi| {
            let day = project.calendar.last_day(whole).ok()?;
            let period = project.calendar_of(kpi).period_of_day(scorecard.period.max(kpi.period), day);
            let seen = on_it.contains(&kpi.id) && self.facts.sees_kpi(&kpi.id, place.unit);
            seen.then(|| (period, self.row(&self.read(kpi, &place, period), &place)))
        };
        let pairs = link::pairs(project);
        let mut led: Vec<LedView> = Vec::new();
        for pair in pairs.iter().filter(|pair| {
            pair.cause.indicator == Some(Indicator::Leading)
                && pair.effect.indicator == Some(Indicator::Lagging)
        }) {
            let Some((cause_period, cause_row)) = read(pair.cause) else { continue };
            let Some((period, row)) = read(pair.effect) else { continue };
            let found = link::among(pair, pairs.len(), period, &self);
            let leading = LeadingView {
                kpi: Named::new(&pair.cause.id, &pair.cause.name),
                row: cause_row,
                period: self.label(cause_period),
                evidence: evidence_of(found.map_or(Verdict::Unknown, |found| found.verdict)),
            };
            let id = pair.effect.id.to_string();
            match led.iter_mut().find(|of| of.kpi.id == id) {
                Some(known) => known.leading.push(leading),
                None => led.push(LedView {
                    ahead: match place.segment.as_ref().is_some_and(Segment::is_total) {
                        true => self.ahead_in_short(pair.effect, period),
                        false => Vec::new(),
                    },
                    kpi: Named::new(&pair.effect.id, &pair.effect.name),
                    perspective: self.place_of(pair.effect).0,
                    row,
                    period: self.label(period),
                    leading: vec![leading],
                }),
            }
        }
        led
    }

    /// What is to be expected of a KPI, in sentences.
    fn ahead(self, kpi: &'a Kpi, period: Period) -> Vec<String> {
        self.analyses(kpi, period, Which::Named("outlook")).into_iter().flat_map(|of| of.says).collect()
    }

    /// What is to be expected of its next period, alone and beside what leads it.
    fn ahead_in_short(self, kpi: &'a Kpi, period: Period) -> Vec<String> {
        let insight = self.answer("outlook", kpi, period);
        let says = insight.iter().flat_map(|(insight, say)| insight.says.iter().map(move |of| (of, say)));
        let next = says.clone().find(|(of, _)| matches!(of, Sentence::Outlook(_)));
        let beside = says.clone().find(|(of, _)| matches!(of, Sentence::WithLeader { .. }));
        next.into_iter().chain(beside).map(|(of, say)| say.sentence(of)).collect()
    }

    /// The period that a review is of.
    fn period_reviewed(self, of: &Review) -> Option<Period> {
        let (grain, first) = of.period.split_once('/')?;
        let calendar = self.project().calendar_of_scorecard(&of.scorecard);
        Some(calendar.period_of_day(Vouched::read_grain(grain)?, first.parse().ok()?))
    }

    fn review_point(self, of: &Review, point: &ReviewPoint) -> Result<PointView, ViewError> {
        let project = self.project();
        let card = of.scorecard.parse().ok().and_then(|id| project.scorecards.get(&id));
        let unit = point.unit.as_ref().and_then(|id| project.units.get(&id.parse().ok()?));
        // Of a unit that is not there any more there is no figure, and all rows are not it.
        let gone = point.unit.as_ref().filter(|_| unit.is_none());
        let kpi = match &point.about {
            About::Kpi(id) => id.parse().ok().and_then(|id| project.kpis.get(&id)),
            About::Journey(_) | About::Source(_) => None,
        };
        let mut view = PointView {
            number: point.number,
            about: self.about_point(&point.about),
            unit: match gone {
                Some(id) => Some(Named::new(id, format!("{id} (no such unit is in force any more)"))),
                None => unit.map(|unit| Named::new(&unit.id, &unit.name)),
            },
            why: point.why.clone(),
            plan_owed: point.plan_owed,
            of_definition: point.of_definition,
            period: self.with_labels(&of.period),
            row: None,
            insight: None,
            ahead: Vec::new(),
            commentary: None,
            items: Vec::new(),
            evidence: Vec::new(),
            decided: point.decided.clone(),
        };
        let whole = self.period_reviewed(of);
        view.evidence = match (&point.about, whole) {
            (About::Journey(id), Some(whole)) => self.evidence_of_journey(id, whole),
            (About::Source(id), Some(whole)) => {
                let source = id.parse().ok().and_then(|id| project.sources.get(&id));
                source.map_or_else(Vec::new, |source| self.evidence_of_source(source, whole))
            }
            _ => Vec::new(),
        };
        if let (Some(kpi), Some(whole), None) = (kpi, whole, gone) {
            let period = project.calendar.last_day(whole).ok();
            let grain = card.map_or(kpi.period, |card| card.period.max(kpi.period));
            let period = period.map(|day| project.calendar_of(kpi).period_of_day(grain, day));
            // Whoever does not see the scorecard whole may see this figure: by another one, or of all rows.
            let of_kpi = |card: &&Scorecard| card.kpis().any(|id| *id == kpi.id);
            let card = card.or_else(|| project.scorecards.values().find(of_kpi)).map(|card| self.card(card));
            let place = match (card, unit) {
                (Some(card), unit) => Some(self.place(card, unit.map(|unit| &unit.id))),
                (None, None) => Some(self.whole(None)),
                (None, Some(_)) => None,
            };
            if let (Some(period), Some(place)) = (period, place) {
                let reading = self.read(kpi, &place, period);
                view.period = self.label(period);
                view.row = Some(self.row(&reading, &place));
                view.insight = Some(self.insight(&reading, &place));
                if place.segment.as_ref().is_some_and(Segment::is_total) {
                    view.ahead = self.ahead(kpi, period);
                }
                if point.of_definition {
                    view.evidence = self.evidence(kpi, period);
                }
                let name = unit.map(|unit| &unit.name);
                let said = self.commentary(kpi)?;
                view.commentary =
                    said.into_iter().find(|of| of.period == view.period && of.unit.as_ref() == name);
            }
        }
        for item in &point.items {
            let Some(of) = self.facts.item(*item)? else { continue };
            // What a plan came to is what people meet over.
            let effect = of.work.seen.last().filter(|_| of.item.kind == "action_plan");
            let effect = effect.map_or(String::new(), |said| format!("; {said}"));
            view.items.push((*item, spaced(of.item.kind), spaced(of.item.state) + &effect));
        }
        Ok(view)
    }

    /// That a KPI was on target all the time and nobody did anything about it; none: it was not, somebody did, or that is not known.
    fn complacency(self, kpi: &'a Kpi, period: Period) -> Option<String> {
        let place = self.whole(None);
        let first = period.offset(1 - ALWAYS);
        let on_target = |ordinal: i32| {
            let reading = self.read(kpi, &place, Period { ordinal, ..period });
            matches!(Status::from(&reading.standing), Status::Green | Status::Blue)
        };
        if !(first.ordinal..=period.ordinal).all(on_target) {
            return None;
        }
        let calendar = self.project().calendar_of(kpi);
        let begin = calendar.bounds(first).ok()?.start;
        let until = self.facts.now()?;
        let acts = self.facts.acts(&kpi.id, begin..until)?;
        (acts.about == 0).then(|| {
            format!(
                "On target in each of the last {ALWAYS} periods, since {}, and nobody did anything about it in that time: does its target ask for anything yet?",
                self.label(first)
            )
        })
    }

    /// What speaks for a definition and against it: what uses it, how much it takes, and what analyses say.
    fn evidence(self, kpi: &'a Kpi, period: Period) -> Vec<(String, String)> {
        let project = self.project();
        let cards = project.scorecards.values().filter(|card| card.kpis().any(|id| *id == kpi.id));
        let cards: Vec<&str> = cards.map(|card| card.name.as_str()).collect();
        let last_day = project.calendar.last_day(period).ok();
        let watched = project.alerts.values().filter(|alert| match alert.kpis.is_empty() {
            true => !cards.is_empty() || last_day.is_some_and(|day| project.runs_in_shadow(kpi, day)),
            false => alert.kpis.contains(&kpi.id),
        });
        let watched: Vec<&str> = watched.map(|alert| alert.name.as_str()).collect();
        let named = |what: &str, all: &[&str]| match all {
            [] => format!("{what} none"),
            all => format!("{what} {}", all.join(", ")),
        };
        let told: BTreeSet<_> = kpi.consulted.iter().chain(&kpi.informed).collect();
        let mut evidence = vec![(
            "Usage".to_owned(),
            format!(
                "{}; {}; {} asked or told of it.",
                named("scorecards:", &cards),
                named("alerts:", &watched),
                match told.len() {
                    0 => "nobody is".to_owned(),
                    1 => "1 person is".to_owned(),
                    n => format!("{n} persons are"),
                }
            ),
        )];
        if let Some(entry) = self.facts.entry(&kpi.id, period, &Segment::total()) {
            let rows = entry.value.coverage.eligible;
            let said = match rows {
                1 => "1 row is read for a period.".to_owned(),
                n => format!("{} rows are read for a period.", format::count(n)),
            };
            evidence.push(("Cost".to_owned(), said));
        }
        for event in project.enterprise_events.values().filter(|of| of.touches(kpi)) {
            let why = event.description.as_ref().map_or(String::new(), |of| format!(": {of}"));
            evidence.push(("Event".to_owned(), format!("{} of {}{why}", event.name, event.on)));
        }
        evidence.extend(self.complacency(kpi, period).map(|said| ("Complacency".to_owned(), said)));
        for (about, name) in EVIDENCE {
            for of in self.analyses(kpi, period, Which::Named(name)) {
                let said = of.says.len().saturating_sub(of.behind);
                let said: Vec<String> = of.says.into_iter().take(said).collect();
                if !said.is_empty() {
                    evidence.push((about.to_owned(), said.join(" ")));
                }
            }
        }
        evidence
    }

    fn silence(self, of: Silence) -> SilenceView {
        let kpi = of.kpi.as_ref().map(|kpi| self.kpi_named(kpi).name);
        let alert = of.alert.as_ref().map(|id| {
            let alert = id.parse().ok().and_then(|id| self.project().alerts.get(&id));
            alert.map_or_else(|| spaced(id), |alert| alert.name.clone())
        });
        let unit = of.unit.as_ref().map(|id| {
            let unit = id.parse().ok().and_then(|id| self.project().units.get(&id));
            unit.map_or_else(|| id.clone(), |unit| unit.name.clone())
        });
        let mut what: Vec<String> = kpi.into_iter().chain(alert).collect();
        if let (Some(first), Some(unit)) = (what.first_mut(), unit) {
            first.push_str(&format!(" of {unit}"));
        }
        SilenceView { what: what.join(", "), until: self.instant(of.until), of }
    }

    /// A root cause: its name in definitions, and in words.
    fn cause(self, rule: &str, id: &str) -> (String, String) {
        let rule = rule.parse().ok().and_then(|rule| self.project().closed_loops.get(&rule));
        let words = rule.and_then(|rule| rule.causes.get(&id.parse().ok()?));
        (id.to_owned(), words.map_or_else(|| spaced(id), Clone::clone))
    }

    fn case(self, of: &Case) -> CaseView {
        let rule = of.rule.parse().ok().and_then(|rule| self.project().closed_loops.get(&rule));
        let entity = of.of.parse().ok().and_then(|id| self.project().entities.get(&id));
        CaseView {
            rule: (of.rule.clone(), rule.map_or_else(|| spaced(&of.rule), |rule| rule.name.clone())),
            of: (of.of.clone(), entity.map_or_else(|| spaced(&of.of), |entity| entity.name.clone())),
            row: of.row.clone(),
            since: self.instant(of.since),
            permission: of.permission,
            again: rule
                .and_then(|rule| rule.again.as_ref()?.link.as_ref())
                .filter(|_| of.may_contact)
                .map(|link| link.replace(CASE, &of.token)),
            cause: of.cause.as_ref().map(|cause| self.cause(&of.rule, cause).1),
            contacts: of
                .contacts
                .iter()
                .map(|of| (self.instant(of.at), of.by, of.reached, of.note.clone()))
                .collect(),
            answers: of.answers.iter().map(|of| (self.instant(of.at), of.settled, of.note.clone())).collect(),
            closed_without_contact: of.closed_without_contact,
        }
    }

    /// What is, was or will be in force.
    ///
    /// # Errors
    /// It is asked for a day or position that there is not, or it cannot be read.
    pub fn register(self, asked: &RegisterAsked) -> Result<RegisterView, ViewError> {
        let held = self.facts.register(asked)?.into_iter().map(|of| HeldView {
            touch: self.touch(&of.id, &of.from),
            event: of.event,
            at: self.instant(of.at),
            by: of.by,
            text: of.text.filter(|_| asked.of.is_some()),
        });
        let held: Vec<HeldView> = held.collect();
        if let Some(of) = asked.of.as_ref().filter(|_| held.is_empty()) {
            let suggestions = vec![("All definitions".to_owned(), "/register".to_owned())];
            return Err(ViewError::NotFound {
                what: format!("definition `{of}` in force then"),
                suggestions,
            });
        }
        Ok(RegisterView { project: self.project_view(), asked: asked.clone(), held })
    }

    /// A definition to be written anew: the wording that begins on a day; none: the one from ever.
    ///
    /// # Errors
    /// It is not in force in this wording, its text is a person's or was erased, or it cannot be read.
    pub fn editor(self, id: &str, from: Option<&str>, item: Option<u64>) -> Result<EditorView, ViewError> {
        let asked = RegisterAsked { of: Some(id.to_owned()), ..RegisterAsked::default() };
        let from = from.unwrap_or("ever");
        let mut held = self.facts.register(&asked)?;
        held.retain(|held| held.from == from);
        // The last that was adopted is what is in force.
        let text = held.into_iter().max_by_key(|held| held.event).and_then(|held| held.text);
        let text = match item {
            Some(number) => {
                let of = self.facts.item(number)?;
                let mut proposed = of.into_iter().flat_map(|of| of.texts);
                proposed.find(|of| of.id == id && of.from == from).map(|of| of.text)
            }
            None => text,
        };
        let text = text.ok_or_else(|| ViewError::NotFound {
            what: format!("definition `{id}` in force from {from}"),
            suggestions: vec![("All definitions".to_owned(), "/changes/new".to_owned())],
        })?;
        let fields = edit::fields(&text).unwrap_or_default().into_iter().map(|field| FieldView {
            path: field.path.join("/"),
            label: field.label,
            value: field.value,
        });
        Ok(EditorView {
            project: self.project_view(),
            touch: self.touch(id, from),
            item,
            fields: fields.collect(),
            text: text.trim().trim_start_matches("---").trim().to_owned(),
        })
    }

    /// What would come of a definition written anew, as it is shown.
    pub fn draft(self, of: &Draft) -> DraftView {
        let seen = |all: &[String], shows: &dyn Fn(&str) -> bool| -> Vec<String> {
            all.iter().filter(|id| shows(id)).cloned().collect()
        };
        // What is not seen is not in the project.
        let kpis = seen(&of.follow, &|id| id.parse().is_ok_and(|id| self.project().kpis.contains_key(&id)));
        let cards = seen(&of.scorecards, &|id| {
            id.parse().is_ok_and(|id| self.project().scorecards.contains_key(&id))
        });
        DraftView {
            text: of.text.clone(),
            findings: of.findings.clone(),
            documents: of.documents.iter().cloned().map(|of| self.document(of)).collect(),
            scorecards: cards.iter().map(|id| self.scorecard_named(id)).collect(),
            follow: kpis.iter().map(|id| self.kpi_named(id)).collect(),
        }
    }

    /// Periods: open, frozen, closed, restated.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn periods(self) -> Result<PeriodsView, ViewError> {
        let decided = self.facts.decided_periods()?;
        let calendar = &self.project().calendar;
        let first = |period: Period| Some((period.grain, Reverse(calendar.first_day(period).ok()?), period));
        let mut all: BTreeSet<(Grain, Reverse<Date>, Period)> = BTreeSet::new();
        let total = Segment::total();
        for kpi in self.project().kpis.values() {
            let known = self.facts.periods(&kpi.id, kpi.period, &total);
            let newest = known.iter().rev().take(MOST_PERIODS);
            all.extend(
                newest.filter_map(|(ordinal, _)| first(self.project().period(kpi, kpi.period, *ordinal))),
            );
        }
        let mut seen: std::collections::BTreeMap<(Grain, FiscalCalendar), usize> = Default::default();
        all.retain(|(.., period)| {
            let n = seen.entry((period.grain, period.fiscal)).or_default();
            *n += 1;
            *n <= MOST_PERIODS
        });
        for closed in &decided.closed {
            all.extend(self.project().period_named(&closed.period).ok().and_then(first));
        }
        let periods = all.into_iter().filter_map(|(grain, _, period)| {
            let until = calendar.last_day(period).ok()?.tomorrow().ok()?.to_string();
            let (from, label) =
                (calendar.first_day(period).ok()?.to_string(), self.project().name_of(period));
            let mut closed: Vec<ClosedView> = decided
                .closed
                .iter()
                .filter(|of| of.period == label)
                .map(|of| ClosedView {
                    version: of.version,
                    at: self.instant(of.at),
                    event: of.event,
                    figures: of.figures,
                })
                .collect();
            closed.sort_by_key(|of| std::cmp::Reverse(of.version));
            // Days are written so that their texts are in their order.
            let frozen = decided.frozen.iter().filter(|of| of.from < until && from < of.until);
            let frozen = frozen.map(|of| (of.item, of.aspects.clone())).collect();
            Some(PeriodView { period: label, grain: grain_text(grain), from, until, closed, frozen })
        });
        let coming = decided.coming.iter().map(|of| ComingView {
            period: of.period.clone(),
            until: of.until.clone(),
            first: self.instant(of.first),
            last: self.instant(of.last),
            sources: of.sources.iter().map(ToString::to_string).collect(),
            statements: of.statements,
        });
        Ok(PeriodsView {
            project: self.project_view(),
            periods: periods.collect(),
            coming: coming.collect(),
            frozen: decided.frozen.clone(),
        })
    }

    /// KPIs that people enter.
    pub fn entered(self) -> Vec<Named> {
        let all = self.project().kpis.values().filter(|kpi| matches!(kpi.measure, Measure::Entered(_)));
        all.map(|kpi| Named::new(&kpi.id, &kpi.name)).collect()
    }

    /// The official figures of a period.
    ///
    /// # Errors
    /// It was never closed, or it cannot be read.
    pub fn official(self, period: &str) -> Result<OfficialView, ViewError> {
        let nothing = || ViewError::NotFound {
            what: format!("closed period `{period}`"),
            suggestions: vec![("All periods".to_owned(), "/periods".to_owned())],
        };
        self.project().period_named(period).map_err(|_| nothing())?;
        let figures = self.facts.official(period)?.ok_or_else(nothing)?;
        let scorecard = |id: &str| {
            let name = id.parse().ok().and_then(|id| self.project().scorecards.get(&id));
            Named { id: id.to_owned(), name: name.map_or(id, |of| of.name.as_str()).to_owned() }
        };
        let figures = figures.into_iter().map(|of| OfficialFigure {
            kpi: if of.is_score { scorecard(&of.kpi) } else { self.kpi_named(&of.kpi) },
            is_score: of.is_score,
            segment_name: match of.segment.parse::<Segment>() {
                _ if of.is_score && of.segment.is_empty() => "All".to_owned(),
                _ if of.is_score => {
                    let unit = of.segment.parse::<UnitId>().ok();
                    unit.map_or(of.segment.clone(), |unit| self.unit_name(&unit).to_owned())
                }
                Ok(segment) if segment.is_total() => "All".to_owned(),
                Ok(segment) => words::segment(&segment),
                Err(_) => of.segment.clone(),
            },
            segment: of.segment,
            official: of.official,
            restated: of.restated,
            official_value: of.official_value,
            restated_value: of.restated_value,
            overridden: of.overridden,
            late: of.late,
            measured_in: (!of.is_score)
                .then(|| of.kpi.parse().ok())
                .flatten()
                .and_then(|id| self.project().kpis.get(&id))
                .map(|kpi| kpi.unit.clone()),
        });
        Ok(OfficialView {
            project: self.project_view(),
            period: period.to_owned(),
            figures: figures.collect(),
        })
    }

    pub(super) fn item_row(self, item: &Item) -> ItemRow {
        ItemRow {
            number: item.number,
            kind: spaced(item.kind),
            state: spaced(item.state),
            title: self.title(item),
            by: item.authors.clone(),
            why: item.why.clone(),
            why_me: self.why_me(item),
            waits: waits(item),
            opened: self.instant(item.opened),
            due: item.due.filter(|_| item.ended.is_none()).map(|at| self.instant(at)),
            ended: item.ended.map(|at| self.instant(at)),
            aspects: item.aspects.iter().map(|aspect| (*aspect).to_owned()).collect(),
        }
    }

    /// What an item is about, in a line.
    fn title(self, item: &Item) -> String {
        let mut names: Vec<String> =
            item.touches.iter().map(|of| self.touch(&of.id, &of.from).name).collect();
        names.dedup();
        // What is said of a definition that is named already need not name it again.
        let bare = |of: &str| {
            let known = item.touches.iter().find_map(|touch| of.strip_prefix(&format!("{}: ", touch.id)));
            self.with_labels(known.unwrap_or(of))
        };
        if item.kind == "review" {
            // Its agenda is long, and stands on its page.
            names.clear();
        }
        let subjects: Vec<String> = item.subject.iter().map(|of| bare(of)).collect();
        names.retain(|name| !subjects.iter().any(|of| of.starts_with(name.as_str())));
        names.extend(subjects);
        let more = names.len().saturating_sub(MOST_NAMES);
        names.truncate(MOST_NAMES);
        let mut about = names.join(", ");
        if more > 0 {
            about.push_str(&format!(" and {more} more"));
        }
        let kind = match item.kind {
            "change_request" if !item.aspects.is_empty() => item.aspects.join(", "),
            kind => spaced(kind),
        };
        if about.is_empty() { capital(&kind) } else { format!("{}: {about}", capital(&kind)) }
    }

    /// A text in which periods, KPIs, units and items are written as people write them: `month/2026-01-01` is `2026-01`, `unit/emea` is
    /// `EMEA`, `item/24` is `item 24`.
    pub(super) fn with_labels(self, text: &str) -> String {
        let word = |word: &str| {
            let bare = word.trim_end_matches([':', ',', ';']);
            let (grain, first) = bare.split_once('/')?;
            let project = self.project();
            if grain == "item" && first.parse::<u64>().is_ok() {
                return Some(word.replace(bare, &format!("item {first}")));
            }
            let name = match grain {
                "entity" => {
                    first.parse().ok().and_then(|id| project.entities.get(&id)).map(|entity| &entity.name)
                }
                "kpi" => first.parse().ok().and_then(|id| project.kpis.get(&id)).map(|kpi| &kpi.name),
                "unit" => first.parse().ok().and_then(|id| project.units.get(&id)).map(|unit| &unit.name),
                "playbook" => first.parse().ok().and_then(|id| project.playbooks.get(&id)).map(|of| &of.name),
                "review" => first.parse().ok().and_then(|id| project.reviews.get(&id)).map(|of| &of.name),
                _ => None,
            };
            if let Some(name) = name {
                return Some(word.replace(bare, name));
            }
            let (grain, first) = (Vouched::read_grain(grain)?, first.parse().ok()?);
            let label = self.label(self.project().begun_on(grain, first));
            Some(word.replace(bare, &label))
        };
        text.split(' ').map(|of| word(of).unwrap_or_else(|| of.to_owned())).collect::<Vec<_>>().join(" ")
    }

    /// What an item has to do with who looks.
    fn why_me(self, item: &Item) -> Option<String> {
        let me = self.me()?;
        if item.ended.is_some() {
            return None;
        }
        if let Some(missing) = item.missing.iter().find(|missing| is_of(Some(me), &missing.of)) {
            return Some(match (missing.what, missing.functions) {
                ("all", _) => "Everybody whom it concerns signs it, and you are one of them.".to_owned(),
                ("owner", _) => "An owner has to agree, and you are one.".to_owned(),
                ("objecting", _) => {
                    "You object: it waits until that is resolved, or until you agree.".to_owned()
                }
                ("named", _) => {
                    "It cannot wait: two of those named for emergencies have to agree, and you are one."
                        .to_owned()
                }
                ("board", Some((functions, quorum))) => format!(
                    "You are on the board: {functions} of {quorum} functions that have to agree have said yes."
                ),
                ("board", None) => "You are on the board.".to_owned(),
                _ => "One other has to agree, and you may be that one.".to_owned(),
            });
        }
        if is_of(Some(me), &item.turn) {
            let again = item.snoozed.map(|at| {
                let at = self.instant(at);
                format!(
                    " You wanted to see it again on {}.",
                    at.get(..16).unwrap_or(&at).replace('T', " at ")
                )
            });
            let said = match &item.by_way_of {
                Some(way) => format!("It is your turn: {way}."),
                None if is_of(Some(me), &item.authors) => {
                    "You wrote it, and it is your turn again.".to_owned()
                }
                None => "It is your turn.".to_owned(),
            };
            return Some(said + &again.unwrap_or_default());
        }
        if item.ballots.iter().any(|ballot| ballot.by == me) {
            return Some("You have said what you think of it; it waits for others.".to_owned());
        }
        if is_of(Some(me), &item.authors) {
            return Some("You wrote it: others decide.".to_owned());
        }
        if is_of(Some(me), &item.concerned) || is_of(Some(me), &item.paid) {
            return Some(
                "It touches your own target, your pay or what you answer for: others decide.".to_owned(),
            );
        }
        None
    }

    pub(super) fn kpi_named(self, id: &str) -> Named {
        let kpi = id.parse().ok().and_then(|id| self.project().kpis.get(&id));
        Named::new(id, kpi.map_or(id, |kpi| kpi.name.as_str()))
    }

    fn scorecard_named(self, id: &str) -> Named {
        let card = id.parse().ok().and_then(|id| self.project().scorecards.get(&id));
        Named::new(id, card.map_or(id, |card| card.name.as_str()))
    }

    /// A definition by the name that people know, and its page.
    fn touch(self, id: &str, from: &str) -> TouchView {
        let (kind, name) = id.split_once('/').unwrap_or((id, ""));
        let (shown, path) = match kind {
            "kpi" => (
                self.kpi_named(name).name,
                name.parse()
                    .is_ok_and(|id| self.project().kpis.contains_key(&id))
                    .then(|| format!("/kpis/{name}")),
            ),
            "scorecard" => (
                self.scorecard_named(name).name,
                name.parse()
                    .is_ok_and(|id| self.project().scorecards.contains_key(&id))
                    .then(|| format!("/scorecards/{name}")),
            ),
            "person" if name.is_empty() => ("a person".to_owned(), None),
            "person" => {
                let person = name.parse().ok().and_then(|id| self.project().persons.get(&id));
                (person.map_or(name.to_owned(), |person| person.name.clone()), None)
            }
            kind => (format!("{} {name}", spaced(kind)), None),
        };
        TouchView { id: id.to_owned(), name: shown, path, from: from.to_owned() }
    }

    /// Figures by both definitions.
    fn dual(self, run: DualRun, since: bool) -> DualView {
        let row = |of: &ByBoth, part: Option<String>| {
            (of.period.clone(), part, of.before.clone(), of.after.clone())
        };
        let both = |of: &Both, named: (Named, Option<String>), part: &dyn Fn(&ByBoth) -> String| BothView {
            of: named,
            counts: of.counts.map(Counts::words),
            rows: of
                .newest
                .iter()
                .map(|of| row(of, None))
                .chain(of.parts.iter().map(|of| row(of, Some(part(of)))))
                .collect(),
        };
        let segment = |of: &ByBoth| of.segment().map_or_else(|| of.part.clone(), |of| words::segment(&of));
        let unit = |of: &ByBoth| {
            let unit = of.part.parse().ok().and_then(|id| self.project().units.get(&id));
            unit.map_or_else(|| of.part.clone(), |unit| unit.name.clone())
        };
        let project = self.project();
        let of_kpi = |of: &Both| {
            let known = of.id.parse().is_ok_and(|id| project.kpis.contains_key(&id));
            (self.kpi_named(&of.id), known.then(|| format!("/kpis/{}", of.id)))
        };
        let of_card = |of: &Both| {
            let known = of.id.parse().is_ok_and(|id| project.scorecards.contains_key(&id));
            (self.scorecard_named(&of.id), known.then(|| format!("/scorecards/{}", of.id)))
        };
        let figures = run.figures.iter().map(|of| both(of, of_kpi(of), &segment));
        let scores = run.scores.iter().map(|of| both(of, of_card(of), &unit));
        DualView {
            at: self.instant(run.at),
            since,
            both: figures.chain(scores).collect(),
            vetted: run.vetted.iter().map(|of| (self.kpi_named(&of.kpi), of.clone())).collect(),
            not_run: run.not_run.clone(),
            run,
        }
    }

    fn document(self, of: Difference) -> DocumentView {
        let from = of.from.clone().unwrap_or_else(|| "ever".to_owned());
        let said = of.said.iter().map(|said| {
            let change = said.rsplit_once(" → ").and_then(|(then, now)| {
                let (what, then) = then.split_once(": ")?;
                Some((what.to_owned(), (then.to_owned(), now.to_owned())))
            });
            match change {
                Some((what, change)) => SaidView { what, change: Some(change) },
                None => SaidView { what: said.clone(), change: None },
            }
        });
        DocumentView {
            touch: self.touch(&of.id, &from),
            how: match of.how {
                How::New => "new",
                How::Changed => "changed",
                How::Gone => "gone",
            },
            said: said.collect(),
            difference: of,
        }
    }
}

/// What somebody may try with an item that is with her, or with somebody below her.
fn turns(item: &Item, work: &Work, me: Option<&str>) -> Forms {
    if let Some(case) = work.case.as_ref().filter(|case| case.is_confirming && item.ended.is_none()) {
        let hears = me.is_some() && (me == case.had_by.as_deref() || is_of(me, &work.above));
        return Forms { answer: hears, ..Forms::default() };
    }
    let Some(owner) = work.owner.as_ref().filter(|_| item.ended.is_none()) else { return Forms::default() };
    let own = me == Some(owner.person.as_str());
    if !own && !is_of(me, &work.above) {
        return Forms::default();
    }
    let writes = item.steps.iter().any(|step| step.now && step.turn == "write");
    let open = work.children.iter().any(|(_, kind, state)| *kind == "action_plan" && !ENDS.contains(state));
    Forms {
        acknowledge: own && work.acknowledged.is_none(),
        refuse: own && !owner.bound,
        snooze: own,
        assign: true,
        dismiss: work.may_end,
        // Nobody accepts for somebody else, and who says that a figure is not right does not answer it.
        finish: match item.kind {
            "handover" | "notice" if !own => Vec::new(),
            "dispute" if is_of(me, &item.authors) => Vec::new(),
            _ => work.outcomes.clone(),
        },
        plan: work.asks_for_plan && !open,
        decide: work.review.is_some(),
        learn: own && writes,
        contact: work.case.as_ref().is_some_and(|case| case.may_contact),
        ..Forms::default()
    }
}

/// For whom an item waits, in words.
fn waits(item: &Item) -> Vec<String> {
    let names = |of: &Missing, word: &str| match of.of.is_empty() {
        true => "somebody else: everybody who could has abstained or is not there any more".to_owned(),
        false => of.of.join(word),
    };
    let mut waits: Vec<String> = item
        .missing
        .iter()
        .map(|of| match (of.what, of.functions) {
            ("all", _) => names(of, " and "),
            ("owner", _) => format!("an owner: {}", names(of, " or ")),
            ("objecting", _) => format!("an answer to the objection of {}", names(of, " and ")),
            ("board", Some((functions, quorum))) => {
                format!("the board, {functions} of {quorum} functions have said yes: {}", names(of, ", "))
            }
            _ => names(of, " or "),
        })
        .collect();
    if waits.is_empty() && item.ended.is_none() && !item.turn.is_empty() {
        waits.push(item.turn.join(" or "));
    }
    waits
}

/// A word of code as people say it.
fn spaced(word: &str) -> String {
    word.replace('_', " ")
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}
