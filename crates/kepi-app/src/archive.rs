//! Definitions in force: what the folder says is adopted document by document, and what was in force at a position of
//! the log is read back with the places of its files.
//!
//! A document is kept as a text of its own that can be forgotten alone; the log names it by a commitment. Persons are
//! left out of the pin of a run, and their names are commitments too, so that forgetting one breaks nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use kepi_govern::{
    Adopt, Command, DocumentId, Effective, Event, Evidence, Governance, Governing, Organisation, Permit,
    Principal, Register,
    event::DefinitionAdopted,
    governance::InEmergency,
    laws::{self, Violation},
    register::Adopted,
};
use kepi_model::{
    check::{self, Options},
    codes,
    documents::{DocumentText, documents},
    governance::Aspect,
    id::{Hash, PersonId, is_name},
    project::{Kpi, Project},
    source_text::{SourceFile, SourceMap},
};
use kepi_proof::{Commitment, canonical};
use kepi_report::difference::between;
use kepi_store::{
    Asked, Effects, EventFilter, NewText, Reading, Receipt, Store, StoreError, Transaction, Violations,
    door::new_key,
};
use serde_json::{Value, json};

use crate::{error::AppError, picture::project_of};

/// How often definitions are compared anew because others adopted some meanwhile.
const ATTEMPTS: u32 = 10;

/// The definitions that a run computes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InForce {
    /// Position of the last adoption.
    pub register: u64,
    /// The pin.
    pub pin: Hash,
}

/// The pin of definitions: a hash over ids and texts. A file's name and a document's place in it do not count, and
/// persons are left out.
pub fn pin(files: &SourceMap) -> Hash {
    let documents = documents(files);
    let open = documents.iter().filter(|d| !DocumentId::is_private(&d.kind));
    let text = |d: &'_ DocumentText| dated(&format!("{}/{}", d.kind, d.name), from(d));
    pin_of(open.map(|d| (text(d), d.text.as_str())).collect())
}

/// From when on a document holds.
fn from(document: &DocumentText) -> Effective {
    first_day(document).map_or(Effective::Ever, Effective::From)
}

fn first_day(document: &DocumentText) -> Option<Date> {
    document.from.as_ref().and_then(|day| day.parse().ok())
}

/// The name of one wording of a definition.
fn dated(id: &str, from: Effective) -> String {
    match from {
        Effective::Ever => id.to_owned(),
        Effective::From(day) => format!("{id}@{day}"),
    }
}

fn pin_of(mut texts: Vec<(String, &str)>) -> Hash {
    texts.sort();
    Hash::of(json!(["kepi definitions 1", texts]).to_string().as_bytes())
}

/// Puts the definitions of a folder in force where they differ from what is: each from ever, or from the day that it
/// says. Definitions that begin on other days are other adoptions, the earliest first.
pub async fn adopt(
    store: &Store,
    files: &SourceMap,
    project: &Project,
    permit: &Permit,
    at: i64,
) -> Result<InForce, AppError> {
    let pin = pin(files);
    for _ in 0..ATTEMPTS {
        let organisation = store.organisation().await?;
        let base = organisation.register.position();
        let (adoptions, texts) = differing(store, &organisation.register, files, project).await?;
        if adoptions.is_empty() {
            return Ok(InForce { register: base, pin });
        }
        let governing = governing(store, &organisation, project, &adoptions).await?;
        let aspects = respects(store, &organisation.register, (files, project), at).await?;
        let command = Command::Adopt(Adopt { base, adoptions, aspects, governing });
        let key = new_key("adopt");
        match store.perform(Asked::new(permit, &key, at), &command, &mut NewTexts(texts)).await {
            Ok(_) => {}
            Err(StoreError::Forbidden(v)) if v.0.iter().all(|v| v.code == laws::OUTDATED) => {}
            Err(other) => return Err(other.into()),
        }
    }
    Err(AppError::Busy)
}

/// In which respects a folder differs from what is in force; none: what is in force cannot be read any more, or nothing is.
async fn respects(
    store: &Store,
    register: &Register,
    (files, project): (&SourceMap, &Project),
    at: i64,
) -> Result<Option<BTreeSet<Aspect>>, AppError> {
    if register.position() == 0 {
        return Ok(None);
    }
    let before_files = of(store, register).await?.0;
    let Ok(before) = project_of(&before_files) else { return Ok(None) };
    stays_retired(&before, project, at)?;
    let differences = between((&before_files, &before), (files, project));
    Ok(Some(differences.documents.into_iter().flat_map(|of| of.aspects).collect()))
}

/// A KPI that is retired is not worded anew: its figures stay, and they are those of what it meant.
pub(crate) fn stays_retired(before: &Project, after: &Project, at: i64) -> Result<(), AppError> {
    let zone = TimeZone::get(&before.calendar.zone).unwrap_or(TimeZone::UTC);
    let today = Timestamp::from_microsecond(at).unwrap_or_default().to_zoned(zone).date();
    let meant = |kpi: &Kpi| kpi.wordings().map(|of| (of.from, of.wording)).collect::<Vec<_>>();
    let mut all = Vec::new();
    for (id, was) in &before.kpis {
        let since = was.life.and_then(|life| life.retired).filter(|day| *day <= today);
        let (Some(since), Some(now)) = (since, after.kpis.get(id)) else { continue };
        if meant(was) != meant(now) {
            let message = format!(
                "`kpi/{id}` is retired since {since}, and its figures stay what they were: give what is meant now another name, or take \
                 `retired` out of its `life` first, so that it is said that it comes back"
            );
            all.push(Violation { code: laws::RESERVED, message });
        }
    }
    if all.is_empty() { Ok(()) } else { Err(AppError::Forbidden(Violations(all))) }
}

/// What differs from what is in force: the adoptions that make it the same, the earliest first, and the texts that are new.
pub(crate) async fn differing(
    store: &Store,
    register: &Register,
    files: &SourceMap,
    project: &Project,
) -> Result<(Vec<DefinitionAdopted>, Vec<NewText>), AppError> {
    let documents = documents(files);
    let (mut register, mut known) = (register.clone(), BTreeMap::new());
    let (mut adoptions, mut new) = (Vec::new(), Vec::new());
    // Each takes what differs from one day on; documents have no more days than wordings.
    for _ in 0..=documents.len() + register.documents().count() {
        let patch = compare(&mut store.read().await?, &register, &documents, project, &known).await?;
        let Some(patch) = patch else { return Ok((adoptions, new)) };
        register.apply(register.position(), &patch.adoption);
        known.extend(patch.new.iter().map(|text| (text.commitment, text.text().to_owned())));
        adoptions.push(patch.adoption);
        new.extend(patch.new);
    }
    Err(AppError::Busy)
}

/// What a project says of who decides, and how, where that is not so yet or adoptions say it in other words. Who is there is
/// followed only where it matters.
pub(crate) async fn governing(
    store: &Store,
    organisation: &Organisation,
    project: &Project,
    adoptions: &[DefinitionAdopted],
) -> Result<Governing, AppError> {
    let said = adoptions
        .iter()
        .flat_map(|adoption| adoption.texts.keys())
        .any(|id| matches!(id, DocumentId::Named { kind, .. } if kind == "governance"));
    let Some(written) = &project.governance else {
        let is = said || organisation.governance != Governance::default();
        return Ok(Governing { governance: is.then(Governance::default), ..Governing::default() });
    };
    let mut numbers: BTreeMap<&PersonId, u64> = BTreeMap::new();
    for person in project.persons.keys() {
        if let Principal::Person(number) = store.person(person.as_str()).await? {
            numbers.insert(person, number);
        }
    }
    let of = |persons: &BTreeSet<PersonId>| persons.iter().filter_map(|p| numbers.get(p)).copied().collect();
    let governance = Governance {
        mode: written.mode,
        owners: of(&written.owners),
        board: written.board.iter().map(|(function, members)| (function.clone(), of(members))).collect(),
        quorum: written.quorum,
        freezes: written.freezes.clone(),
        emergency: written
            .emergency
            .as_ref()
            .map(|written| InEmergency { among: of(&written.among), days: written.days }),
    };
    let there: BTreeSet<u64> = numbers.into_values().collect();
    Ok(Governing {
        governance: (said || governance != organisation.governance).then_some(governance),
        joined: there.difference(&organisation.people).copied().collect(),
        left: organisation.people.difference(&there).copied().collect(),
    })
}

/// What differs from one day on, and the texts that are new.
struct Patch {
    adoption: DefinitionAdopted,
    new: Vec<NewText>,
}

impl Patch {
    fn keep(&mut self, text: String) -> Commitment {
        let new = NewText::new(text);
        let commitment = new.commitment;
        self.new.push(new);
        commitment
    }
}

/// Keeps texts with the command that names them.
pub(crate) struct NewTexts(pub Vec<NewText>);

impl Effects for NewTexts {
    type Output = ();
    type Error = StoreError;

    async fn prepare(&mut self, _: &mut Transaction) -> Result<Evidence, StoreError> {
        Ok(Evidence::None)
    }

    async fn write(&mut self, tx: &mut Transaction, _: Receipt) -> Result<(), StoreError> {
        for text in &self.0 {
            tx.keep_text(text).await?;
        }
        Ok(())
    }
}

/// A wording as it is to be: from when on, its text and the hash of its meaning.
type Wording<'a> = (Effective, &'a str, Option<Hash>);

/// What is to be adopted next so that a definition has these wordings, oldest first; a text that is none: it goes.
fn next<'a>(
    held: &[(Effective, &Adopted)],
    wanted: &[Wording<'a>],
    texts: &BTreeMap<Commitment, String>,
) -> Option<(Effective, Option<Wording<'a>>)> {
    for (at, wording) in wanted.iter().enumerate() {
        match held.get(at) {
            // What begins before anything that is wanted has to go.
            Some((from, adopted)) if *from < wording.0 && adopted.text.is_some() => {
                return Some((*from, None));
            }
            Some((from, adopted)) => {
                let text = adopted.text.and_then(|text| texts.get(&text));
                let same = *from == wording.0 && adopted.meaning == wording.2;
                if !same || text.map(String::as_str) != Some(wording.1) {
                    return Some((wording.0, Some(*wording)));
                }
            }
            None => return Some((wording.0, Some(*wording))),
        }
    }
    // What comes after: adopting the last that is wanted anew ends it.
    let (from, adopted) = held.get(wanted.len())?;
    match wanted.last() {
        Some(last) => Some((last.0, Some(*last))),
        None => adopted.text.map(|_| (*from, None)),
    }
}

/// What of some documents differs from what is in force, from the earliest day on which anything does.
async fn compare(
    reading: &mut Reading,
    register: &Register,
    documents: &[DocumentText],
    project: &Project,
    known: &BTreeMap<Commitment, String>,
) -> Result<Option<Patch>, AppError> {
    let mut needed: Vec<Commitment> = register.files(None).copied().into_iter().collect();
    for id in register.documents() {
        let mut wordings = register.wordings(id).peekable();
        if let (DocumentId::Person(name), Some(_)) = (id, wordings.peek()) {
            needed.push(*name);
        }
        needed.extend(wordings.filter_map(|(_, adopted)| adopted.text));
    }
    needed.retain(|text| !known.contains_key(text));
    let mut texts = reading.texts(&needed).await?;
    texts.extend(known.iter().map(|(commitment, text)| (*commitment, text.clone())));
    // Persons who are known already, by name.
    let persons: BTreeMap<&str, Commitment> = register
        .documents()
        .filter_map(|id| match id {
            DocumentId::Person(name) => Some((texts.get(name)?.as_str(), *name)),
            DocumentId::Named { .. } => None,
        })
        .collect();
    let adoption = DefinitionAdopted { from: Effective::Ever, texts: BTreeMap::new(), files: None };
    let mut patch = Patch { adoption, new: Vec::new() };
    let mut files: Vec<(&str, Vec<(String, usize)>)> = Vec::new();
    let mut wanted: BTreeMap<DocumentId, Vec<Wording<'_>>> = BTreeMap::new();
    for document in documents {
        let id = if DocumentId::is_private(&document.kind) {
            match persons.get(document.name.as_str()) {
                Some(known) => DocumentId::Person(*known),
                None => DocumentId::Person(patch.keep(document.name.clone())),
            }
        } else {
            DocumentId::named(&document.kind, &document.name).ok_or_else(|| AppError::Corrupt {
                what: "a definition",
                reason: format!("`{}: {}` is no name", document.kind, document.name),
            })?
        };
        let (lines, from) = (document.text.matches('\n').count(), from(document));
        let name = dated(&id.to_string(), from);
        match files.last_mut() {
            Some((path, there)) if *path == document.path => there.push((name, lines)),
            _ => files.push((&document.path, vec![(name, lines)])),
        }
        let wording = (from, document.text.as_str(), meaning(project, document));
        wanted.entry(id).or_default().push(wording);
    }
    wanted.values_mut().for_each(|wordings| wordings.sort_by_key(|(from, ..)| *from));
    let gone = register.documents().filter(|id| !wanted.contains_key(*id)).map(|id| (id, Vec::new()));
    let all = wanted.iter().map(|(id, wordings)| (id, wordings.clone())).chain(gone);
    let differing: Vec<(&DocumentId, Effective, Option<Wording<'_>>)> = all
        .filter_map(|(id, wordings)| {
            let held: Vec<_> = register.wordings(id).collect();
            next(&held, &wordings, &texts).map(|(from, wording)| (id, from, wording))
        })
        .collect();
    let layout = canonical(&json!(files))
        .map_err(|e| AppError::Corrupt { what: "the names of files", reason: e.to_string() })?;
    if register.files(None).and_then(|c| texts.get(c)) != Some(&layout) {
        patch.adoption.files = Some(patch.keep(layout));
    }
    let first = differing.iter().map(|(_, from, _)| *from).min();
    let due = if patch.adoption.files.is_some() { Effective::Ever } else { first.unwrap_or(Effective::Ever) };
    patch.adoption.from = due;
    for (id, _, wording) in differing.into_iter().filter(|(_, from, _)| *from == due) {
        // A text that was adopted before is the same text: what differs on a day is seen by its commitment.
        let same = |text: &str| {
            let mut held = register.adoptions(id).filter_map(|(.., adopted)| adopted.text);
            held.find(|held| texts.get(held).is_some_and(|known| known == text))
        };
        let adopted = match wording {
            Some((_, text, meaning)) => {
                let text = same(text).unwrap_or_else(|| patch.keep(text.to_owned()));
                Adopted { text: Some(text), meaning }
            }
            None => Adopted { text: None, meaning: None },
        };
        patch.adoption.texts.insert(id.clone(), adopted);
    }
    Ok((!patch.adoption.texts.is_empty() || patch.adoption.files.is_some()).then_some(patch))
}

/// The hash of what a document means, for kinds that have one. What is said of a person is never hashed bare: a hash
/// without a salt could be guessed.
fn meaning(project: &Project, document: &DocumentText) -> Option<Hash> {
    let name = document.name.as_str();
    match document.kind.as_str() {
        "kpi" => {
            // The first that begins no earlier is the document's own; others may come from what it is computed of.
            let mut wordings = project.kpis.get(&name.parse().ok()?)?.wordings();
            wordings.find(|wording| wording.from >= first_day(document)).map(|wording| wording.wording)
        }
        "source" => project.sources.get(&name.parse().ok()?).map(|s| s.hash),
        "scorecard" => {
            let mut wordings = project.scorecards.get(&name.parse().ok()?)?.wordings();
            wordings.find(|wording| wording.from == first_day(document)).map(|wording| wording.wording)
        }
        _ => None,
    }
}

/// The definitions that were in force at a position of the log, every document at its place; what does not hash to the
/// pin is refused. Persons that were forgotten stand in a file of their own without anything but their names, because
/// others name them.
pub async fn find(store: &Store, register: u64, pin: &Hash) -> Result<SourceMap, AppError> {
    if register == 0 {
        return find_legacy(store, pin).await;
    }
    let (files, found) = at(store, register).await?;
    if found != *pin {
        let reason = format!("the texts do not hash to {}", pin.short());
        return Err(AppError::Corrupt { what: "adopted definitions", reason });
    }
    Ok(files)
}

/// What is in force now, with where it is so and its pin; none: nothing was ever adopted.
pub async fn in_force(store: &Store) -> Result<Option<(SourceMap, InForce)>, AppError> {
    let register = store.organisation().await?.register.position();
    if register == 0 {
        return Ok(None);
    }
    let (files, pin) = at(store, register).await?;
    Ok(Some((files, InForce { register, pin })))
}

/// The project that is in force now.
///
/// # Errors
/// Nothing is yet, the database refuses, or it cannot be read.
pub async fn project_in_force(store: &Store) -> Result<Project, AppError> {
    let Some((files, _)) = in_force(store).await? else {
        let why = "nothing is in force yet: the first `kepi run` puts in force what stands in the folder";
        return Err(AppError::NotFound(why.to_owned()));
    };
    project_of(&files)
}

/// The definitions that were in force at a position of the log, every document at its place, and their pin.
async fn at(store: &Store, register: u64) -> Result<(SourceMap, Hash), AppError> {
    let now = store.organisation().await?;
    if now.register.position() == register {
        return of(store, &now.register).await;
    }
    of(store, &store.organisation_at(register).await?.register).await
}

/// The definitions that a register says, every document at its place, and their pin.
pub(crate) async fn of(store: &Store, register: &Register) -> Result<(SourceMap, Hash), AppError> {
    let corrupt = |reason: String| AppError::Corrupt { what: "adopted definitions", reason };
    let layout = *register.files(None).ok_or_else(|| corrupt("there are none".to_owned()))?;
    let in_force: BTreeMap<String, (&DocumentId, Commitment)> = register
        .documents()
        .flat_map(|id| register.wordings(id).map(move |(from, adopted)| (id, from, adopted)))
        .filter_map(|(id, from, adopted)| Some((dated(&id.to_string(), from), (id, adopted.text?))))
        .collect();
    let wanted: Vec<Commitment> = in_force.values().map(|(_, text)| *text).chain([layout]).collect();
    let texts = store.read().await?.texts(&wanted).await?;
    let mut pinned = Vec::new();
    for (id, (document, text)) in &in_force {
        if matches!(document, DocumentId::Named { .. }) {
            let text = texts.get(text).ok_or_else(|| corrupt(format!("the text of `{id}` was erased")))?;
            pinned.push((id.clone(), text.as_str()));
        }
    }
    let pin = pin_of(pinned);
    let layout = texts.get(&layout).ok_or_else(|| corrupt("which file is which was erased".to_owned()))?;
    let layout: Vec<(String, Vec<(String, usize)>)> = serde_json::from_str::<Value>(layout)
        .and_then(serde_json::from_value)
        .map_err(|e| corrupt(e.to_string()))?;
    let mut forgotten = false;
    let mut files = Vec::new();
    for (path, pieces) in layout {
        let mut whole = String::new();
        for (id, lines) in pieces {
            match in_force.get(&id).and_then(|(_, text)| texts.get(text)) {
                Some(text) => whole.push_str(text),
                None => {
                    // What comes after keeps its line.
                    whole.push_str(&"\n".repeat(lines));
                    forgotten = true;
                }
            }
        }
        files.push(SourceFile { path, text: whole.into() });
    }
    let files = SourceMap::new(files);
    Ok((if forgotten { with_forgotten_persons(files) } else { files }, pin))
}

/// The definitions of a run that was published before there was a register: all texts were recorded as one event.
async fn find_legacy(store: &Store, pin: &Hash) -> Result<SourceMap, AppError> {
    let corrupt = |reason: String| AppError::Corrupt { what: "recorded definitions", reason };
    let subject = Some(format!("definitions/{pin}"));
    let events = store.events(&EventFilter { subject, ..EventFilter::default() }).await?;
    let event = events.first().map(kepi_govern::Recorded::event).transpose();
    let Some(Event::Legacy(legacy)) = event.map_err(|e| corrupt(e.to_string()))? else {
        return Err(corrupt(format!("definitions {} are not recorded", pin.short())));
    };
    let text = store.read().await?.text(&legacy.body).await?;
    let text = text.ok_or_else(|| corrupt(format!("definitions {} were erased", pin.short())))?;
    let pairs: Vec<(String, String)> = serde_json::from_str(&text).map_err(|e| corrupt(e.to_string()))?;
    if Hash::of(json!(pairs).to_string().as_bytes()) != *pin {
        return Err(corrupt("the texts do not hash to their name".to_owned()));
    }
    let files = pairs.into_iter().map(|(path, text)| SourceFile { path, text: text.into() });
    Ok(SourceMap::new(files.collect()))
}

/// The file in which persons stand who were forgotten.
pub(crate) const FORGOTTEN: &str = "forgotten.yml";

/// Persons whom somebody names and nobody defines, in a file of their own.
fn with_forgotten_persons(files: SourceMap) -> SourceMap {
    let checked = check::check(&files, &Options::default());
    let unknown = checked.findings.iter().filter(|f| f.code == codes::UNKNOWN_NAME);
    let mut names: Vec<&str> = unknown.map(|f| files.slice(f.at.span)).filter(|name| is_name(name)).collect();
    names.sort_unstable();
    names.dedup();
    let text: String = names.iter().map(|name| format!("---\nperson: {name}\nname: forgotten\n")).collect();
    let mut all: Vec<SourceFile> = files.iter().map(|(_, file)| file.clone()).collect();
    all.push(SourceFile { path: FORGOTTEN.to_owned(), text: text.into() });
    SourceMap::new(all)
}
