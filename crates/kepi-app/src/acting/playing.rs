//! The follower that starts runs of playbooks, and looks later whether they helped. It keeps no memory: what it does hangs on rows, figures
//! and the items there are, so that nothing is started twice, wherever it breaks off.
//!
//! What is held out is drawn of what would have been started: it waits for room as the others do, so that both are alike but for what was done.
//! Whom a closed loop follows up is watched the same way, beside the case, if the loop holds anybody out.

use std::collections::{BTreeMap, BTreeSet};

use kepi_govern::{
    Command, Content, Item, Observe, Open, Organisation, Permit, Principal,
    items::{Play, PlayStep, Rung, Seen, midnight},
    laws,
    principal::JobName,
};
use kepi_insight::alarm::raised;
use kepi_model::{
    acting::{Alert, ClosedLoop, Playbook, PlaybookStep, Severity, Trigger},
    expression::{Expression, Node},
    id::{EntityId, KpiId, LadderId, PersonId, UnitId},
    project::{Kpi, Project},
};
use kepi_proof::Digest;
use kepi_query::{
    derive::following::{Asked as Rows, Followed as Row, following},
    published::Run,
    row::Cell,
};
use kepi_store::{NewText, Store, door::new_key};
use serde_json::json;

use super::{
    Asking,
    cases::{cell_text, key_text, row_of, unit_of, units},
    follow::{Followed, Published, unless, watched},
};
use crate::{error::AppError, open::App, trace::traceable};

/// A day in µs.
const DAY: i64 = 86_400_000_000;

/// What would start a playbook.
struct Start {
    row: Digest,
    key: String,
    unit: Option<UnitId>,
    since: i64,
}

/// What holds of a playbook in a unit: what the nearest unit says, from there upwards, else what holds everywhere.
fn in_unit<'a>(
    project: &Project,
    playbook: &'a Playbook,
    (unit, at): (Option<&UnitId>, i64),
) -> (u16, &'a [PlaybookStep]) {
    let (mut capacity, mut steps) = (None, None);
    let tree = project.tree_at(at);
    for variant in
        unit.into_iter().flat_map(|unit| tree.upwards(unit)).filter_map(|id| playbook.units.get(id))
    {
        capacity = capacity.or(variant.capacity);
        steps = steps.or(Some(&variant.steps[..]).filter(|steps| !steps.is_empty()));
    }
    (capacity.unwrap_or(playbook.capacity), steps.unwrap_or(&playbook.steps))
}

/// What is watched, to know whether what is done about it helps.
#[derive(Debug, Clone, Copy)]
pub(super) struct Watch<'a> {
    /// The playbook or the closed loop.
    name: &'a str,
    is_loop: bool,
    hold_out: u8,
    seed: u32,
}

impl<'a> Watch<'a> {
    fn of(playbook: &'a Playbook) -> Self {
        let Playbook { id, hold_out, seed, .. } = playbook;
        Self { name: id.as_str(), is_loop: false, hold_out: *hold_out, seed: *seed }
    }

    /// Of a closed loop.
    pub fn of_loop(rule: &'a ClosedLoop) -> Self {
        let ClosedLoop { id, hold_out, seed, .. } = rule;
        Self { name: id.as_str(), is_loop: true, hold_out: *hold_out, seed: *seed }
    }

    /// Whether anything is only watched.
    pub fn holds_out(self) -> bool {
        self.hold_out > 0
    }

    /// Whether a row is only watched: drawn once for ever, by the seed and by what it is.
    pub fn is_held_out(self, row: Digest) -> bool {
        let drawn = Digest::of(format!("{}/{}/{row}", self.seed, self.name).as_bytes()).to_string();
        let drawn = drawn.get(..8).and_then(|hex| u32::from_str_radix(hex, 16).ok()).unwrap_or(u32::MAX);
        f64::from(drawn) / 4_294_967_296.0 < f64::from(self.hold_out) / 100.0
    }

    /// All that was started or watched by it.
    pub fn plays(self, organisation: &'a Organisation) -> impl Iterator<Item = (&'a Item, &'a Play)> {
        organisation.items.all().filter_map(move |item| match &item.content {
            Content::Play(of) if of.playbook.as_str() == self.name && of.is_of_loop() == self.is_loop => {
                Some((item, of))
            }
            _ => None,
        })
    }
}

/// Who starts runs of playbooks.
fn job() -> Permit {
    Permit::open(JobName::new("playbooks").map_or(Principal::Person(0), Principal::Job))
}

impl App {
    /// Starts what rows start, and looks at rows of what was started before.
    pub(super) async fn play_rows(
        &self,
        project: &Project,
        run: &Run,
        at: i64,
        report: &mut Followed,
    ) -> Result<(), AppError> {
        let by_rows = |of: &&Playbook| matches!(of.trigger, Trigger::Rows { .. });
        let all: Vec<&Playbook> = project.playbooks.values().filter(by_rows).collect();
        if all.is_empty() {
            return Ok(());
        }
        let inputs = self.lake.pin(project, Some(run.pins.snapshot)).await.map_err(AppError::Lake)?;
        for playbook in all {
            let Trigger::Rows { of, when, eligible, each, benefit, success, since, made } = &playbook.trigger
            else {
                continue;
            };
            let Some(kpi) = project.kpis.get(&playbook.kpi) else { continue };
            let ask = |when, also| Rows {
                of,
                when,
                also,
                answers_to: each.as_ref(),
                worth: benefit.as_ref(),
                only_answers: false,
                later: false,
                since: *since,
                made,
            };
            let number = run.number.unsigned_abs();
            if let Some(success) = success
                && self.is_anything_due(Watch::of(playbook), at).await?
            {
                let asked = Rows { answers_to: each.as_ref(), ..ask(None, None).later(success) };
                let rows = following(traceable(self, project, &inputs, run), kpi, &asked).await?;
                self.look_at_rows(Watch::of(playbook), of, &rows, (number, at), report).await?;
            }
            let rows =
                following(traceable(self, project, &inputs, run), kpi, &ask(Some(when), eligible.as_ref()))
                    .await?;
            let places = units(project, kpi);
            // The newest comes first: of several rows about the same it is that which starts it.
            let mut seen = BTreeSet::new();
            let mut starts: Vec<(Option<i128>, Start)> = Vec::new();
            for row in rows.into_iter().filter(|row| row.permitted != Some(false)) {
                let Some(about) = about(&self.store, of, &row) else {
                    report.of_nobody += 1;
                    continue;
                };
                if seen.insert(about) {
                    let key = match (&row.answers_to, each) {
                        (Some(whom), Some(each)) => whom_text(project, (of, each), whom),
                        _ => key_text(project, of, &row.key),
                    };
                    let (unit, since) = (unit_of(&places, &row), row.at);
                    starts.push((row.worth, Start { row: about, key, unit, since }));
                }
            }
            // Where there is no room for all, those come first of whom it is worth most; what nobody knows the worth of comes last.
            starts.sort_by_key(|(worth, _)| std::cmp::Reverse(*worth));
            let starts = starts.into_iter().map(|(_, start)| start).collect();
            self.start(project, (playbook, kpi), starts, at, report).await?;
        }
        Ok(())
    }

    /// Starts what states of KPIs start, and looks whether they are gone.
    pub(super) async fn play_states(
        &self,
        project: &Project,
        published: &Published,
        run: &Run,
        at: i64,
        report: &mut Followed,
    ) -> Result<(), AppError> {
        for playbook in project.playbooks.values() {
            let Trigger::State(on) = &playbook.trigger else { continue };
            let Some(kpi) = project.kpis.get(&playbook.kpi) else { continue };
            let asks = Alert {
                id: "playbook".parse().map_err(|_| AppError::Busy)?,
                name: String::new(),
                on: on.clone(),
                kpis: BTreeSet::from([playbook.kpi.clone()]),
                by_unit: true,
                bounds: BTreeMap::new(),
                capacity: None,
                worth: BTreeMap::new(),
                persistence: 1,
                clear: 1,
                severity: Severity::Normal,
                ladder: None,
            };
            let state = |kpi: &KpiId, unit: Option<&UnitId>| {
                let text = json!(["state", kpi, unit]).to_string();
                Digest::of(&[&self.store.secret()[..], text.as_bytes()].concat())
            };
            let (mut now, mut starts) = (BTreeMap::new(), Vec::new());
            for of in watched(project, &asks) {
                let looked = of.looked(project, None, published);
                let row = state(&of.kpi.id, of.unit.as_ref());
                if let Some(is_signal) = looked.iter().rev().find_map(|figure| figure.is_signal(&asks)) {
                    now.insert(row, !is_signal);
                }
                let Some((ordinal, _)) = raised(&looked, &asks) else { continue };
                let unit = of.unit.as_ref().and_then(|unit| project.units.get(unit));
                starts.push(Start {
                    row,
                    key: unit.map_or("all rows", |unit| unit.name.as_str()).to_owned(),
                    since: midnight(project.calendar.first_day(project.period(of.kpi, of.grain, ordinal))?),
                    unit: of.unit,
                });
            }
            let number = run.number.unsigned_abs();
            self.look(Watch::of(playbook), |play| now.get(&play.row).copied(), (number, at), report).await?;
            self.start(project, (playbook, kpi), starts, at, report).await?;
        }
        Ok(())
    }

    /// Whether of anything that was started it is to be looked whether it helped.
    pub(super) async fn is_anything_due(&self, watch: Watch<'_>, at: i64) -> Result<bool, AppError> {
        let organisation = self.store.organisation().await?;
        Ok(watch.plays(&organisation).any(|(item, play)| is_due(item, play, at)))
    }

    /// The same of rows, as they are now.
    pub(super) async fn look_at_rows(
        &self,
        watch: Watch<'_>,
        of: &EntityId,
        rows: &[Row],
        (run, at): (u64, i64),
        report: &mut Followed,
    ) -> Result<(), AppError> {
        let mut now: BTreeMap<Digest, bool> = BTreeMap::new();
        for row in rows {
            if let Some(about) = about(&self.store, of, row) {
                now.entry(about).or_insert(row.permitted == Some(true));
            }
        }
        self.look(watch, |play| now.get(&play.row).copied(), (run, at), report).await
    }

    /// Says of what was started so many days ago whether it helped.
    async fn look(
        &self,
        watch: Watch<'_>,
        now: impl Fn(&Play) -> Option<bool>,
        (run, at): (u64, i64),
        report: &mut Followed,
    ) -> Result<(), AppError> {
        let organisation = self.store.organisation().await?;
        let mut asking = Asking::new(&self.store, at);
        for (item, play) in watch.plays(&organisation).filter(|(item, play)| is_due(item, play, at)) {
            // What is not there any more says nothing.
            let Some(helped) = now(play) else { continue };
            let observe = Command::Observe(Observe { item: item.number, seen: Seen::Helped { helped, run } });
            let (by, key) = (job(), new_key("playbooks"));
            let done = asking.ask(&by, &observe, Vec::new(), &key).await;
            report.looked_at += u64::from(unless(done, &[laws::NOTHING_NEW, laws::NO_ITEM])?);
        }
        Ok(())
    }

    /// Starts runs, as far as there is room in their units.
    async fn start(
        &self,
        project: &Project,
        (playbook, kpi): (&Playbook, &Kpi),
        starts: Vec<Start>,
        at: i64,
        report: &mut Followed,
    ) -> Result<(), AppError> {
        let organisation = self.store.organisation().await?;
        let is_busy = |item: &Item, play: &Play| {
            item.ended.is_none() || item.opened + i64::from(play.cool_down) * DAY > at
        };
        let watch = Watch::of(playbook);
        let busy: BTreeSet<Digest> = watch
            .plays(&organisation)
            .filter(|(item, play)| is_busy(item, play))
            .map(|(_, play)| play.row)
            .collect();
        let mut open: BTreeMap<Option<UnitId>, usize> = BTreeMap::new();
        for (_, play) in watch.plays(&organisation).filter(|(item, _)| item.owner().is_some()) {
            *open.entry(play.unit.clone()).or_default() += 1;
        }
        let mut asking = Asking::new(&self.store, at);
        for start in starts.into_iter().filter(|start| !busy.contains(&start.row)) {
            let (capacity, steps) = in_unit(project, playbook, (start.unit.as_ref(), at));
            let there = open.entry(start.unit.clone()).or_default();
            if *there >= usize::from(capacity) {
                report.without_room += 1;
                continue;
            }
            let held_out = watch.is_held_out(start.row);
            let key = NewText::new(start.key);
            let why = NewText::new(format!("{}: {}", playbook.name, kpi.name));
            let texts: Vec<NewText> = steps.iter().map(|step| NewText::new(step.text.clone())).collect();
            let mut each = Vec::new();
            for step in steps {
                let by = self.number(step.by.as_ref()).await?;
                each.push(PlayStep { hours: step.hours, by });
            }
            let hours = steps.iter().map(|step| step.hours).fold(0u16, u16::saturating_add);
            let Ok(name) = playbook.id.as_str().parse() else { continue };
            let content = Content::Play(Play {
                playbook: name,
                kpi: kpi.id.clone(),
                unit: start.unit,
                row: start.row,
                key: key.commitment,
                since: start.since,
                held_out,
                steps: texts.iter().map(|text| text.commitment).collect(),
                each,
                hours,
                cool_down: playbook.cool_down,
                after: playbook.after,
                ladder: self.rungs(project, playbook.ladder.as_ref()).await?,
            });
            let command = Command::Open(Open { content, why: why.commitment });
            let texts = texts.into_iter().chain([key, why]).collect();
            let (by, request) = (job(), new_key("playbooks"));
            let done = asking.ask(&by, &command, texts, &request).await;
            // Another run was first, or nobody is there who could have it: that is said by the check.
            if unless(done, &[laws::ALREADY_OPEN, laws::NOBODY_THERE])? {
                match held_out {
                    true => report.held_out += 1,
                    false => {
                        report.started += 1;
                        *there += 1;
                    }
                }
            }
        }
        Ok(())
    }
}

impl App {
    /// Watches a row that a closed loop follows up, or would if it were not held out; whether that is new.
    pub(super) async fn watch(
        &self,
        (rule, kpi): (&ClosedLoop, &Kpi),
        (row, unit, since): (Digest, Option<UnitId>, i64),
        asking: &mut Asking<'_>,
    ) -> Result<bool, AppError> {
        let Ok(name) = rule.id.as_str().parse() else { return Ok(false) };
        // Whose row it is stands with the case; of one that is held out nobody is to know it.
        let key = NewText::new(String::new());
        let why = NewText::new(format!("{}: {}", rule.name, kpi.name));
        let content = Content::Play(Play {
            playbook: name,
            kpi: kpi.id.clone(),
            unit,
            row,
            key: key.commitment,
            since,
            held_out: Watch::of_loop(rule).is_held_out(row),
            steps: Vec::new(),
            each: Vec::new(),
            hours: 0,
            cool_down: u16::MAX,
            after: rule.after,
            ladder: Vec::new(),
        });
        let command = Command::Open(Open { content, why: why.commitment });
        let done = asking.ask(&job(), &command, vec![key, why], &new_key("playbooks")).await;
        unless(done, &[laws::ALREADY_OPEN])
    }

    /// The number of a person; none: nobody is named, or she is not there.
    async fn number(&self, person: Option<&PersonId>) -> Result<Option<u64>, AppError> {
        let Some(person) = person else { return Ok(None) };
        Ok(match self.store.person(person.as_str()).await? {
            Principal::Person(number) => Some(number),
            Principal::Job(_) => None,
        })
    }

    /// The rungs of a ladder as the log keeps them; none named: none.
    pub(super) async fn rungs(
        &self,
        project: &Project,
        ladder: Option<&LadderId>,
    ) -> Result<Vec<Rung>, AppError> {
        let mut rungs = Vec::new();
        for rung in ladder.and_then(|id| project.ladders.get(id)).into_iter().flat_map(|of| &of.rungs) {
            let to = self.number(rung.to.as_ref()).await?;
            rungs.push(Rung { to, hours: rung.hours, lasts: rung.lasts });
        }
        Ok(rungs)
    }

    /// Those of an alert: of the ladder that it names, or that of its severity.
    pub(super) async fn rungs_of(&self, project: &Project, alert: &Alert) -> Result<Vec<Rung>, AppError> {
        let of_severity = || {
            let all = project.ladders.values();
            all.filter(|of| of.severity == Some(alert.severity)).map(|of| &of.id).next()
        };
        self.rungs(project, alert.ladder.as_ref().or_else(of_severity)).await
    }
}

/// What stands in the log for whom a row is about: the row itself, or what it says; none: it says nothing.
fn about(store: &Store, of: &EntityId, row: &Row) -> Option<Digest> {
    match &row.answers_to {
        None => Some(row_of(store, of, &row.key)),
        Some(Cell::Missing) => None,
        // Apart from any row by its key.
        Some(whom) => Some(row_of(store, of, &[Cell::Text("each".into()), whom.clone()])),
    }
}

/// Whom a row is about, as people are told it; nothing, if that is personal.
fn whom_text(project: &Project, (of, each): (&EntityId, &Expression), whom: &Cell) -> String {
    let Node::Path(path) = &each.node else { return String::new() };
    let attribute = project.entities.get(of).and_then(|entity| entity.attribute(&path.attribute));
    match attribute.is_some_and(|attribute| attribute.personal) {
        true => String::new(),
        false => cell_text(whom),
    }
}

fn is_due(item: &Item, play: &Play, at: i64) -> bool {
    item.ended.is_none() && item.helped().is_none() && item.opened + i64::from(play.after) * DAY <= at
}
