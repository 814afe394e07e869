//! Proposing and deciding: what differs between folder and register becomes an item, those who have to agree say so, and what all
//! have agreed to comes into force.

use std::collections::BTreeSet;

pub use kepi_govern::Stance;
use kepi_govern::{
    Command, Content, DocumentId, Edit, Event, Item, Open, Organisation, Permit, Principal, Subject, Vote,
    Withdraw,
    command::Evidence,
    event::DefinitionAdopted,
    items::{Change, ChangeNotice, Emergency, Missing, Outcome, Tally, Timeout, tally, turn},
    laws,
};
use kepi_model::{
    check::{self, Options},
    governance::{Aspect, Mode},
    id::{KpiId, PersonId, UnitId},
    project::{IncentivePlan, Kpi, Project, Target},
    source_text::SourceMap,
};
use kepi_report::{
    decided::Round,
    difference::{Difference, Differences, Touched, between, otherwise_aimed},
    format::Clock,
};
use kepi_store::{
    Asked, Effects, EventFilter, NewText, Performed, Receipt, Store, StoreError, Transaction, door::new_key,
};
use serde::Serialize;

use crate::{
    acting::{WorkView, touches, worked_on},
    archive::{self, NewTexts},
    concerned,
    error::AppError,
    handing::working,
    overrides,
    picture::project_of,
    told::Told,
};

/// How often something is asked for anew because others changed what it rests on meanwhile.
const ATTEMPTS: u32 = 10;

/// The longest text that somebody says, in bytes: others read it before they decide, and it is kept for years.
pub(crate) const MOST_SAID: usize = 4000;
/// So many digits of the hash of a content are asked for where somebody says which one was read.
const FEWEST_DIGITS: usize = 8;

/// A text of somebody on one line: line breaks are shown as signs, so that no text looks like lines that Kepi writes.
pub fn on_one_line(text: &str) -> String {
    let breaks = ['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];
    let lines = text.trim_end_matches(breaks).replace("\r\n", "\n");
    lines.split(breaks).collect::<Vec<_>>().join(" ⏎ ")
}

/// Words that somebody has to say: a reason, what a figure rests on.
pub(crate) fn words(what: &str, text: &str) -> Result<NewText, AppError> {
    match text.trim() {
        "" => Err(AppError::NotFound(format!(
            "{what} is empty: others decide by it, and it is read years later"
        ))),
        said if said.len() > MOST_SAID => Err(AppError::NotFound(format!(
            "{what} has {} bytes, at most {MOST_SAID} are kept: say it in fewer words, or name a document",
            said.len()
        ))),
        said => Ok(NewText::new(said.to_owned())),
    }
}

/// The clock by which instants are read: of the zone of what is in force, of UTC as long as nothing is.
///
/// # Errors
/// The database refuses, or what is in force cannot be read.
pub async fn local_clock(store: &Store) -> Result<Clock, AppError> {
    let in_force = archive::in_force(store).await?;
    in_force.map_or(Ok(Clock::utc()), |(files, _)| Ok(Clock::new(&project_of(&files)?.calendar)))
}

/// Definitions before and after.
pub(crate) type ByBoth = ((SourceMap, Project), (SourceMap, Project));

/// Who acts, and when.
#[derive(Debug, Clone, Copy)]
pub struct Acting<'a> {
    /// Who, by name: that of a person of the project, unless it is open.
    pub actor: &'a str,
    /// Now, in µs UTC.
    pub at: i64,
    /// What makes it one request however often it is sent; none: it is sent once.
    pub key: Option<&'a str>,
}

impl Acting<'_> {
    /// The key of the request.
    pub(crate) fn key(&self, kind: &str) -> String {
        self.key.map_or_else(|| new_key(kind), str::to_owned)
    }
}

/// An item as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ItemView {
    /// Its number.
    pub item: u64,
    /// Its kind.
    pub kind: &'static str,
    /// In which step it is, or how it ended.
    pub state: &'static str,
    /// When it was opened, µs UTC.
    pub opened: i64,
    /// Until when it is to be decided, µs UTC.
    pub due: Option<i64>,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// Why; none: the text was erased.
    pub why: Option<String>,
    /// The hash of what it proposes: what ballots are for.
    pub content: String,
    /// In which respects definitions differ.
    pub aspects: Vec<&'static str>,
    /// Definitions that it touches, with the day from which on.
    pub touches: Vec<String>,
    /// Whom it touches so that they cannot decide on it, but sign it where all parties do.
    pub concerned: Vec<String>,
    /// Whose pay it touches: they decide on nothing of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paid: Vec<String>,
    /// What was said of it.
    pub ballots: Vec<BallotView>,
    /// What was said of it beside, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<RemarkView>,
    /// What it said in each round.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rounds: Vec<Round>,
    /// What is missing.
    pub missing: Vec<MissingView>,
    /// Where it says something else than what was adopted since it was written: its author settles that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contradicts: Vec<String>,
    /// Whose turn it is by name, and what became of that.
    #[serde(skip_serializing_if = "WorkView::is_empty")]
    pub work: WorkView,
}

/// What somebody said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BallotView {
    /// Who.
    pub by: String,
    /// What.
    pub stance: &'static str,
    /// When, µs UTC.
    pub at: i64,
    /// Why.
    pub why: Option<String>,
}

/// What somebody said beside a ballot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RemarkView {
    /// Its number, from 1.
    pub number: u16,
    /// Who.
    pub by: String,
    /// In which way: `comment`, `objection` or `resolution`.
    pub says: &'static str,
    /// Of a resolution: the number of the objection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<u16>,
    /// Of an objection: whether it stands.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stands: bool,
    /// When, µs UTC.
    pub at: i64,
    /// In which words; none: they were erased.
    pub text: Option<String>,
}

/// Who has to agree yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MissingView {
    /// In which way: `all` of them, `one`, one `owner`, two of those `named` for emergencies, the `board`.
    pub what: &'static str,
    /// Of whom.
    pub of: Vec<String>,
    /// Of a board: how many functions have said yes, and how many have to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub functions: Option<(usize, usize)>,
}

/// What differs in the folder from what is in force, and waits for a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// Documents that differ.
    pub documents: Vec<String>,
    /// The item that proposes the folder as it is.
    pub item: Option<u64>,
    /// Whether the folder has errors, so that nothing is known of it.
    pub broken: bool,
}

/// Keeps texts, and says what was found before the lock: it names what it was taken from.
pub(crate) struct Looking {
    pub(crate) texts: Vec<NewText>,
    pub(crate) found: Evidence,
}

impl Effects for Looking {
    type Output = ();
    type Error = StoreError;

    async fn prepare(&mut self, _: &mut Transaction) -> Result<Evidence, StoreError> {
        Ok(self.found.clone())
    }

    async fn write(&mut self, tx: &mut Transaction, receipt: Receipt) -> Result<(), StoreError> {
        NewTexts(std::mem::take(&mut self.texts)).write(tx, receipt).await
    }
}

/// Proposes and decides, in a database.
#[derive(Debug, Clone, Copy)]
pub struct Deciding<'a>(pub &'a Store);

impl Deciding<'_> {
    async fn permit(&self, actor: &str) -> Result<Permit, AppError> {
        Ok(Permit::open(self.0.person(actor).await?))
    }

    /// Asks those who have to agree to put in force what stands in the folder; `item` writes an open one anew. What nobody has to
    /// agree to is in force at once.
    ///
    /// # Errors
    /// Nothing differs, a law forbids it, or the database refuses.
    pub async fn propose(
        &self,
        files: &SourceMap,
        project: &Project,
        acting: Acting<'_>,
        why: &str,
        item: Option<u64>,
    ) -> Result<u64, AppError> {
        self.propose_as((files, project), acting, why, item, false).await
    }

    /// The same of a change that cannot wait: in force once two agree who are named for that, until it is ratified or taken back.
    ///
    /// # Errors
    /// As [`Self::propose`]; nobody is named, or it is nothing that could be taken back.
    pub async fn propose_at_once(
        &self,
        files: &SourceMap,
        project: &Project,
        acting: Acting<'_>,
        why: &str,
    ) -> Result<u64, AppError> {
        self.propose_as((files, project), acting, why, None, true).await
    }

    async fn propose_as(
        &self,
        (files, project): (&SourceMap, &Project),
        acting: Acting<'_>,
        why: &str,
        item: Option<u64>,
        at_once: bool,
    ) -> Result<u64, AppError> {
        let permit = self.permit(acting.actor).await?;
        self.tick(acting.at).await?;
        for _ in 0..ATTEMPTS {
            let organisation = self.0.organisation().await?;
            let (change, mut texts) = self.change(&organisation, (files, project), Some(acting.at)).await?;
            let content = match at_once {
                false => Content::Change(change),
                true => {
                    let back = change.back(&organisation.register).unwrap_or_default();
                    let days = organisation.governance.emergency.as_ref().map_or(0, |of| of.days);
                    Content::Emergency(Emergency { change, back, days })
                }
            };
            let why = words("the reason", why)?;
            let reason = why.commitment;
            texts.push(why);
            let command = match item {
                None => Command::Open(Open { content, why: reason }),
                Some(number) => {
                    let was = known(&organisation, number)?.digest;
                    Command::Edit(Edit { item: number, was, content, why: reason })
                }
            };
            let key = acting.key("propose");
            let asked = Asked::new(&permit, &key, acting.at);
            match self.0.perform(asked, &command, &mut NewTexts(texts)).await {
                Ok(done) => {
                    self.hand_over(acting.at).await?;
                    self.rebase(acting.at).await?;
                    return self.item_of(done).await;
                }
                Err(StoreError::Forbidden(v)) if v.0.iter().all(|v| v.code == laws::OUTDATED) => {}
                Err(other) => return Err(self.refused(other, &permit, &command, acting.at).await),
            }
        }
        Err(AppError::Busy)
    }

    /// Asks those who have to agree for something that is no change of definitions.
    pub(crate) async fn ask_for(
        &self,
        content: Content,
        acting: Acting<'_>,
        why: &str,
    ) -> Result<u64, AppError> {
        self.ask_with(content, Vec::new(), acting, why).await
    }

    /// The same of something that names new texts.
    pub(crate) async fn ask_with(
        &self,
        content: Content,
        mut texts: Vec<NewText>,
        acting: Acting<'_>,
        why: &str,
    ) -> Result<u64, AppError> {
        let permit = self.permit(acting.actor).await?;
        self.tick(acting.at).await?;
        let why = words("the reason", why)?;
        let command = Command::Open(Open { content, why: why.commitment });
        texts.push(why);
        let key = acting.key("ask");
        let asked = Asked::new(&permit, &key, acting.at);
        match self.0.perform(asked, &command, &mut NewTexts(texts)).await {
            Ok(done) => self.item_of(done).await,
            Err(error) => Err(self.refused(error, &permit, &command, acting.at).await),
        }
    }

    /// The item that a request was about that this person sent before under a key; none: it was not sent.
    ///
    /// # Errors
    /// The key is another person's, or the database refuses.
    pub async fn sent_before(&self, key: &str, actor: &str) -> Result<Option<u64>, AppError> {
        let Some((by, receipt)) = self.0.performed(key).await? else { return Ok(None) };
        if by != self.0.person(actor).await?.to_string() {
            return Err(AppError::Store(StoreError::KeyUsed(key.to_owned())));
        }
        Ok(Some(self.item_of(Performed::Before(receipt)).await?))
    }

    /// The item that was opened.
    async fn item_of(&self, done: Performed<()>) -> Result<u64, AppError> {
        let (Performed::Done(Receipt { first, .. }, ()) | Performed::Before(Receipt { first, .. })) = done;
        let filter = EventFilter { after: Some(first - 1), limit: Some(1), ..EventFilter::default() };
        let events = self.0.events(&filter).await?;
        let event = events.first().and_then(|recorded| recorded.event().ok());
        event.and_then(|event| event.item()).ok_or(AppError::Busy)
    }

    /// Says something of what an item proposes: of its content as it stands, or of the one whose hash begins with `content`.
    ///
    /// # Errors
    /// A law forbids it, or the database refuses.
    pub async fn vote(
        &self,
        number: u64,
        stance: Stance,
        content: Option<&str>,
        acting: Acting<'_>,
        why: Option<&str>,
    ) -> Result<(), AppError> {
        let why = why.filter(|why| !why.trim().is_empty());
        if stance == Stance::No && why.is_none() {
            return Err(AppError::NotFound(
                "say why you reject it: who wrote it has to know what to change".to_owned(),
            ));
        }
        if let Some(seen) = content.filter(|seen| seen.len() < FEWEST_DIGITS) {
            return Err(AppError::NotFound(format!(
                "`{seen}` names no content: at least {FEWEST_DIGITS} digits of the hash that `kepi item {number}` shows"
            )));
        }
        let permit = self.permit(acting.actor).await?;
        self.tick(acting.at).await?;
        for _ in 0..ATTEMPTS {
            let organisation = self.0.organisation().await?;
            let item = known(&organisation, number)?;
            if let Some(seen) = content
                && !item.digest.to_string().starts_with(seen)
            {
                let now = short(&item.digest.to_string());
                return Err(AppError::NotFound(format!(
                    "item {number} proposes content {now} by now, not {seen}: `kepi item {number}` shows it"
                )));
            }
            let why = why.map(|why| words("the reason", why)).transpose()?;
            let command = Command::Vote(Vote {
                item: number,
                stance,
                content: item.digest,
                why: why.as_ref().map(|why| why.commitment),
            });
            let found = self.merged(&organisation, item, acting.at).await?;
            let mut effects = Looking { texts: why.into_iter().collect(), found };
            let key = acting.key("vote");
            match self.0.perform(Asked::new(&permit, &key, acting.at), &command, &mut effects).await {
                Ok(_) => {
                    self.hand_over(acting.at).await?;
                    return self.rebase(acting.at).await;
                }
                Err(StoreError::Forbidden(v)) if v.0.iter().all(|v| v.code == laws::LOOK_AGAIN) => {}
                Err(other) => return Err(self.refused(other, &permit, &command, acting.at).await),
            }
        }
        Err(AppError::Busy)
    }

    /// Gives up what one proposed.
    ///
    /// # Errors
    /// A law forbids it, or the database refuses.
    pub async fn withdraw(&self, number: u64, acting: Acting<'_>) -> Result<(), AppError> {
        let permit = self.permit(acting.actor).await?;
        self.tick(acting.at).await?;
        let key = acting.key("withdraw");
        let command = Command::Withdraw(Withdraw { item: number });
        let asked = Asked::new(&permit, &key, acting.at);
        match self.0.perform(asked, &command, &mut NewTexts(Vec::new())).await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.refused(error, &permit, &command, acting.at).await),
        }
    }

    /// What stands in the folder as a change of what is in force.
    pub(crate) async fn change(
        &self,
        organisation: &Organisation,
        (files, project): (&SourceMap, &Project),
        at: Option<i64>,
    ) -> Result<(Change, Vec<NewText>), AppError> {
        let register = &organisation.register;
        if register.position() == 0 {
            let why = "nothing is in force yet: the first `kepi run` puts in force what stands in the folder";
            return Err(AppError::NotFound(why.to_owned()));
        }
        let (adoptions, texts) = archive::differing(self.0, register, files, project).await?;
        let governing = archive::governing(self.0, organisation, project, &adoptions).await?;
        let before_files = archive::of(self.0, register).await?.0;
        let before = project_of(&before_files)?;
        // What was written before is not refused for what was decided since: whoever decides sees both.
        if let Some(at) = at {
            archive::stays_retired(&before, project, at)?;
        }
        let differences = between((&before_files, &before), (files, project));
        let (concerned, paid) = touched(&differences, &before, project);
        let concerned = concerned::numbers(self.0, &concerned.iter().collect()).await?;
        let paid = concerned::numbers(self.0, &paid.iter().collect()).await?;
        let mut change = Change {
            base: register.position(),
            adoptions,
            // Which document stands in which file is how it is written.
            aspects: differences
                .documents
                .iter()
                .flat_map(|of| of.aspects.clone())
                .chain([Aspect::Words])
                .collect(),
            concerned,
            paid,
            governing,
        };
        change.aspects.extend(change.at_least(register));
        if change.aspects.len() > 1 {
            change.aspects.remove(&Aspect::Words);
        }
        Ok((change, texts))
    }

    /// Whether what an item proposes and what is in force go together, where the latter is not what it was compared with.
    pub(crate) async fn merged(
        &self,
        organisation: &Organisation,
        item: &Item,
        at: i64,
    ) -> Result<Evidence, AppError> {
        if item.is_unratified() {
            return Ok(Evidence::None);
        }
        if matches!(item.content, Content::Override(_) | Content::Entry(_)) {
            return concerned::answering(self.0, organisation, &item.content).await;
        }
        let Some(change) = item.content.change() else {
            let works = item.content.kind().steps.iter().any(|step| step.timeout != Timeout::Lapse);
            return if works { self.answerable(organisation, at).await } else { Ok(Evidence::None) };
        };
        let position = organisation.register.position();
        if item.ended.is_some() || change.base == position || change.is_outdated(&organisation.register) {
            return Ok(Evidence::None);
        }
        let mut register = organisation.register.clone();
        change.adoptions.iter().for_each(|adoption| register.apply(position, adoption));
        let files = archive::of(self.0, &register).await?.0;
        // Hashes of meaning were made from what was in force then: they have to be what they are by now.
        let checked = check::check(&files, &Options::default()).value;
        let sound = match checked {
            Some(project) => archive::differing(self.0, &register, &files, &project).await?.0.is_empty(),
            None => false,
        };
        Ok(Evidence::Merged { register: position, sound })
    }

    /// An item as it is shown, and in words how definitions differ by it, while it waits.
    ///
    /// # Errors
    /// There is none of this number, the database refuses, or what is in force cannot be read.
    pub async fn item(&self, number: u64) -> Result<(ItemView, Vec<String>), AppError> {
        let organisation = self.0.organisation().await?;
        let item = known(&organisation, number)?;
        let mut shown = view(self.0, &organisation, item).await?;
        shown.rounds = self.rounds(&organisation, item).await?;
        if let (Content::Handover(of), None) = (&item.content, item.ended) {
            return Ok((shown, self.pack(&organisation, of).await?));
        }
        let differences = self.differences_by(&organisation, item).await?.unwrap_or_default();
        let said = differences.documents.into_iter().flat_map(|of| {
            let id = of.id;
            of.said.into_iter().map(move |said| format!("{id}: {said}"))
        });
        let mut said: Vec<String> = said.collect();
        said.extend(self.receipts(&organisation, item).await?);
        Ok((shown, said))
    }

    /// Whether there is such an item, and nobody is told of it: a run of a playbook, or a case, that is held out and only watched.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn is_only_watched(&self, number: u64) -> Result<bool, AppError> {
        let organisation = self.0.organisation().await?;
        Ok(organisation.items.get(number).is_some_and(crate::acting::is_only_watched))
    }

    /// How definitions differ by a change that waits: from those in force, or, while it is in force and is to be ratified, from those that
    /// would hold again. None: it waits no more, or it does not go together with what is in force by now, which a vote says.
    pub(crate) async fn differences_by(
        &self,
        organisation: &Organisation,
        item: &Item,
    ) -> Result<Option<Differences>, AppError> {
        if let Content::ChangeNotice(of) = &item.content {
            return self.told_of(of).await.map(Some);
        }
        let Some(((before, old), (after, new))) = self.by_both(organisation, item).await? else {
            return Ok(None);
        };
        let mut all = between((&before, &old), (&after, &new));
        self.add_working(organisation, &mut all, &new).await?;
        Ok(Some(all))
    }

    /// Adds to those whom differences reach who works on action plans about KPIs that differ.
    pub(crate) async fn add_working(
        &self,
        organisation: &Organisation,
        all: &mut Differences,
        project: &Project,
    ) -> Result<(), AppError> {
        let own = all.documents.iter().filter_map(|of| of.id.strip_prefix("kpi/")?.parse().ok());
        let kpis: BTreeSet<KpiId> = own.chain(all.kpis.iter().chain(&all.follow).cloned()).collect();
        for (number, plan) in kpis.iter().flat_map(|kpi| working(organisation, kpi)) {
            let Ok(person) = self.0.name_of(&Principal::Person(number)).await?.parse::<PersonId>() else {
                continue;
            };
            let why = format!("works on the action plan {plan}");
            match all.people.iter_mut().find(|of| of.person == person) {
                Some(known) => known.of.push(why),
                None => {
                    let name = project.persons.get(&person).map_or(person.to_string(), |of| of.name.clone());
                    all.people.push(Touched { person, name, of: vec![why] });
                }
            }
        }
        all.people.sort_by(|one, other| one.person.cmp(&other.person));
        Ok(())
    }

    /// Definitions without a change that waits and with it; none as for [`Self::differences_by`].
    pub(crate) async fn by_both(
        &self,
        organisation: &Organisation,
        item: &Item,
    ) -> Result<Option<ByBoth>, AppError> {
        let Some(change) = item.content.change().filter(|_| item.ended.is_none()) else { return Ok(None) };
        let (mut before, mut after) = (organisation.register.clone(), organisation.register.clone());
        match &item.content {
            Content::Emergency(of) if item.is_unratified() => {
                let next = before.position() + 1;
                of.taken_back(&organisation.register).iter().for_each(|back| before.apply(next, back));
            }
            _ => change.adoptions.iter().for_each(|adoption| after.apply(change.base, adoption)),
        }
        let (before, after) = (archive::of(self.0, &before).await?.0, archive::of(self.0, &after).await?.0);
        let (Ok(old), Ok(new)) = (project_of(&before), project_of(&after)) else { return Ok(None) };
        Ok(Some(((before, old), (after, new))))
    }

    /// What somebody is told of who uses definitions: how those differ that she uses, before and after.
    async fn told_of(&self, of: &ChangeNotice) -> Result<Differences, AppError> {
        let at = async |position| {
            let register = self.0.organisation_at(position).await?.register;
            archive::of(self.0, &register).await.map(|(files, _)| files)
        };
        let (before, after) = (at(of.before).await?, at(of.register).await?);
        let (old, new) = (project_of(&before)?, project_of(&after)?);
        let mut all = between((&before, &old), (&after, &new));
        let holds = |project: &Project, id: &str| {
            let card = project.scorecards.values().find(|card| card.id.as_str() == id);
            card.is_some_and(|card| card.kpis().any(|kpi| of.kpis.contains(kpi)))
        };
        let to = self.0.name_of(&Principal::Person(of.to)).await?;
        let acts = |project: &Project, id: &str| {
            let person = project.persons.values().find(|person| person.id.as_str() == id);
            id == to || person.and_then(|of| of.substitute.as_ref()).is_some_and(|other| other.as_str() == to)
        };
        all.documents.retain(|document| match document.id.split_once('/') {
            Some(("person", id)) => acts(&old, id) || acts(&new, id),
            Some(("kpi", id)) => of.kpis.iter().any(|kpi| kpi.as_str() == id),
            Some(("scorecard", id)) => holds(&old, id) || holds(&new, id),
            _ => false,
        });
        all.follow.retain(|kpi| of.kpis.contains(kpi));
        all.scorecards.clear();
        all.people.clear();
        Ok(all)
    }

    /// The events between which stands in the log what an item put in force: what decided it, and its end. None: it has not ended.
    pub(crate) async fn took_effect(&self, item: u64) -> Result<Option<(u64, u64)>, AppError> {
        let subject = Some(Subject::item(item).to_string());
        let events = self.0.events(&EventFilter { subject, ..EventFilter::default() }).await?;
        let ends = events.iter().position(|of| matches!(of.event(), Ok(Event::ItemEnded(_))));
        Ok(ends.and_then(|at| Some((events.get(at.checked_sub(1)?)?.seq, events.get(at)?.seq))))
    }

    /// Who was told of what a change put in force, and whether they have read it, in words.
    pub(crate) async fn receipts(
        &self,
        organisation: &Organisation,
        item: &Item,
    ) -> Result<Vec<String>, AppError> {
        if item.content.change().is_none() {
            return Ok(Vec::new());
        }
        let Some((decided, ended)) = self.took_effect(item.number).await? else { return Ok(Vec::new()) };
        let clock = local_clock(self.0).await?;
        let mut all = Vec::new();
        for other in organisation.items.all() {
            let to = match &other.content {
                Content::ChangeNotice(of) if of.before < ended && of.register > decided => of.to,
                Content::Notice(of) if of.register < ended && of.register > decided => of.to,
                _ => continue,
            };
            let name = self.0.name_of(&Principal::Person(to)).await?;
            let read = match (&other.work.finished, other.ended) {
                (Some(_), Some((_, at))) => format!("has read it ({})", clock.instant(at)),
                (None, Some(_)) => "has not read it in time".to_owned(),
                (_, None) => "has not read it yet".to_owned(),
            };
            all.push(format!("told {name}, who {read}: item {}", other.number));
        }
        Ok(all)
    }

    /// With figures as people read them, where any of these items says one; what is in force is not read for others.
    async fn with_figures<'i>(
        &self,
        told: Told,
        organisation: &Organisation,
        items: impl IntoIterator<Item = &'i Item>,
    ) -> Told {
        let says = |item: &Item| {
            matches!(item.content, Content::Override(_) | Content::Entry(_) | Content::ActionPlan(_))
        };
        match items.into_iter().any(says) {
            true => match self.in_force_project(organisation).await {
                Ok(project) => told.measured_by(&project),
                Err(_) => told,
            },
            false => told,
        }
    }

    /// What of the folder waits for a decision; none: nothing differs.
    ///
    /// # Errors
    /// The database refuses, or what is in force cannot be read.
    pub async fn waiting(&self, folder: Option<(&SourceMap, &Project)>) -> Result<Option<Waiting>, AppError> {
        let Some((files, project)) = folder else {
            return Ok(Some(Waiting { documents: Vec::new(), item: None, broken: true }));
        };
        let organisation = self.0.organisation().await?;
        let (adoptions, _) = archive::differing(self.0, &organisation.register, files, project).await?;
        if adoptions.is_empty() {
            return Ok(None);
        }
        let before_files = archive::of(self.0, &organisation.register).await?.0;
        let before = project_of(&before_files)?;
        let differences = between((&before_files, &before), (files, project));
        let mut documents: Vec<String> = differences.documents.into_iter().map(|of| of.id).collect();
        documents.dedup();
        let mut item = None;
        for open in organisation.items.open() {
            let Content::Change(change) = &open.content else { continue };
            let mut register = organisation.register.clone();
            change.adoptions.iter().for_each(|adoption| register.apply(change.base, adoption));
            if archive::differing(self.0, &register, files, project).await?.0.is_empty() {
                item = Some(open.number);
            }
        }
        Ok(Some(Waiting { documents, item, broken: false }))
    }
}

/// Who ends what is overdue.
pub(crate) fn clock() -> Principal {
    kepi_govern::principal::JobName::new("tick").map_or(Principal::Person(0), Principal::Job)
}

pub(crate) fn known(organisation: &Organisation, number: u64) -> Result<&Item, AppError> {
    organisation.items.get(number).ok_or_else(|| {
        AppError::NotFound(format!("there is no item {number}: `kepi inbox --all` lists them"))
    })
}

/// Whose own target, or what they answer for, is touched, before or after; and whose pay.
fn touched(
    differences: &Differences,
    before: &Project,
    after: &Project,
) -> (BTreeSet<PersonId>, BTreeSet<PersonId>) {
    let mut found = BTreeSet::new();
    let own = |of: &&Difference| of.aspects.contains(&Aspect::Target) || of.aspects.contains(&Aspect::Owner);
    // What extends a KPI has its targets, wherever they are written.
    let mut kpis = otherwise_aimed(before, after);
    for of in differences.documents.iter().filter(own) {
        let Some((kind, name)) = of.id.split_once('/') else { continue };
        if kind == "kpi" {
            kpis.extend(name.parse::<KpiId>());
        }
        for project in [before, after] {
            match kind {
                "unit" => {
                    let unit = name.parse().ok().and_then(|id| project.units.get(&id));
                    found.extend(unit.and_then(|unit| unit.manager.clone()));
                }
                "source" => {
                    let source = name.parse().ok().and_then(|id| project.sources.get(&id));
                    found.extend(source.and_then(|source| source.owner.clone()));
                    // What a unit owes is agreed on with whoever manages it.
                    let unit = source.and_then(|source| project.units.get(source.unit.as_ref()?));
                    found.extend(unit.and_then(|unit| unit.manager.clone()));
                }
                _ => {}
            }
        }
    }
    kpis.iter().for_each(|id| found.extend(aimed_at(id, before, after)));
    // Of a target or who answers all who are concerned sign, and to be paid by it makes nobody one of these.
    kpis.extend(differences.kpis.iter().cloned());
    let mut paid = BTreeSet::new();
    let changed = |plan: &IncentivePlan| {
        differences.documents.iter().any(|of| of.id.strip_prefix("incentive_plan/") == Some(plan.id.as_str()))
    };
    for project in [before, after] {
        for plan in project.incentive_plans.values() {
            if changed(plan) || plan.weights.keys().any(|id| kpis.contains(id)) {
                paid.extend(plan.paid(project).into_iter().cloned());
            }
        }
    }
    (found, paid)
}

/// Who is or was accountable for a KPI, and who answers for it in units whose targets differ.
fn aimed_at(id: &KpiId, before: &Project, after: &Project) -> BTreeSet<PersonId> {
    let targets = |project: &'_ Project| -> Vec<Target> {
        let kpi = project.kpis.get(id).into_iter().flat_map(Kpi::wordings);
        kpi.flat_map(|kpi| &kpi.targets).cloned().collect()
    };
    let same = |one: &Target, other: &Target| {
        // Where it stands in a file is no part of what it says.
        let basis = |of: &Target| of.basis.as_ref().map(|basis| (basis.kind, basis.text.clone()));
        let plan = |of: &Target| of.plan.as_ref().map(|with| (with.plan.clone(), with.version.clone()));
        let said = |of: &Target| (of.from, of.period, of.lines, basis(of), plan(of));
        let whose = |of: &Target| (of.unit.clone(), of.segment.clone(), of.evidence.clone());
        whose(one) == whose(other) && said(one) == said(other)
    };
    let (then, now) = (targets(before), targets(after));
    let lacks = |all: &[Target], of: &Target| !all.iter().any(|other| same(other, of));
    let old = then.iter().filter(|of| lacks(&now, of));
    let differ = old.chain(now.iter().filter(|of| lacks(&then, of)));
    let units: BTreeSet<&UnitId> = differ.filter_map(|of| of.unit.as_ref()).collect();
    let mut found = BTreeSet::new();
    for (project, kpi) in [before, after].into_iter().filter_map(|of| Some((of, of.kpis.get(id)?))) {
        let accountable = kpi.wordings().filter_map(|kpi| kpi.accountable.as_ref());
        found.extend(accountable.filter_map(|who| project.answering(who, None, None)).cloned());
        // A target of a unit is that of whoever answers there.
        for unit in &units {
            found.extend(concerned::of_unit(project, kpi, Some(*unit)).into_iter().cloned());
        }
    }
    if let Some(kpi) = before.kpis.get(id) {
        units.into_iter().for_each(|unit| found.extend(set_by(before, kpi, unit)));
    }
    found
}

/// Who set the target that a unit inherits: those of the nearest unit above that has one of its own, or of the whole. Nobody takes another in place of
/// that alone.
fn set_by(project: &Project, kpi: &Kpi, unit: &UnitId) -> BTreeSet<PersonId> {
    let has = |unit: Option<&UnitId>| {
        kpi.wordings().flat_map(|kpi| &kpi.targets).any(|target| target.unit.as_ref() == unit)
    };
    let tree = project.tree(None);
    let Some((unit, _)) = project.units.get_key_value(unit).filter(|(unit, _)| !has(Some(unit))) else {
        return BTreeSet::new();
    };
    match tree.upwards(unit).skip(1).find(|above| has(Some(above))) {
        Some(above) => concerned::of_unit(project, kpi, Some(above)).into_iter().cloned().collect(),
        None if has(None) => {
            let whole = project.units.values().find(|unit| unit.parent.is_none());
            whole.and_then(|unit| unit.manager.clone()).into_iter().collect()
        }
        None => BTreeSet::new(),
    }
}

/// The first digits of a hash.
pub fn short(hash: &str) -> String {
    hash.chars().take(12).collect()
}

/// Emergencies that are in force and not ratified: item, definitions, and until when, µs UTC.
///
/// # Errors
/// The database refuses.
pub async fn unratified(store: &Store) -> Result<Vec<(u64, Vec<String>, i64)>, AppError> {
    let organisation = store.organisation().await?;
    let open = organisation.items.open().filter(|item| item.is_unratified());
    let of = open.map(|item| {
        let adoptions = item.content.change().into_iter().flat_map(|change| &change.adoptions);
        (item.number, adoptions.flat_map(adopts).collect(), item.due().unwrap_or_default())
    });
    Ok(of.collect())
}

/// Items, the newest first: those that wait for somebody, or all; only those in which it is the turn of `of`, by name.
///
/// # Errors
/// The database refuses.
pub async fn inbox(store: &Store, of: Option<&str>, all: bool) -> Result<Vec<ItemView>, AppError> {
    let organisation = store.organisation().await?;
    let me = match of {
        // Who never did anything here is asked nothing yet.
        Some(name) => Some(store.person_named(name).await?.unwrap_or_default()),
        None => None,
    };
    let listed = organisation.items.all().rev().filter(|item| all || item.ended.is_none());
    let listed = listed.filter(|item| !crate::acting::is_only_watched(item));
    let listed: Vec<&Item> =
        listed.filter(|item| me.is_none_or(|me| turn(&organisation, item).contains(&me))).collect();
    let told = Told::of(store, &organisation, listed.iter().copied()).await?;
    let told = Deciding(store).with_figures(told, &organisation, listed.iter().copied()).await;
    let mut found = Vec::new();
    for item in listed {
        let mut view = view_of(&told, &organisation, item);
        view.contradicts = Deciding(store).contradictions(&organisation, item).await.unwrap_or_default();
        found.push(view);
    }
    Ok(found)
}

/// The definitions that an adoption puts in force.
fn adopts(adoption: &DefinitionAdopted) -> impl Iterator<Item = String> {
    adoption.texts.keys().map(|id| match id {
        DocumentId::Person(_) => "a person".to_owned(),
        DocumentId::Named { .. } => format!("{id} from {}", adoption.from),
    })
}

/// An item as it is shown, with everything that has to be read for it.
pub(crate) async fn view(
    store: &Store,
    organisation: &Organisation,
    item: &Item,
) -> Result<ItemView, AppError> {
    let told = Told::of(store, organisation, [item]).await?;
    let told = Deciding(store).with_figures(told, organisation, [item]).await;
    let contradicts = Deciding(store).contradictions(organisation, item).await.unwrap_or_default();
    Ok(ItemView { contradicts, ..view_of(&told, organisation, item) })
}

/// The same of what was read before, but for what contradicts it.
pub(crate) fn view_of(told: &Told, organisation: &Organisation, item: &Item) -> ItemView {
    let ballots = item.ballots.iter().map(|(person, ballot)| BallotView {
        by: told.person(*person),
        stance: ballot.stance.word(),
        at: ballot.at,
        why: ballot.why.and_then(|why| told.text(&why)),
    });
    let mut missing = Vec::new();
    if item.step().is_some_and(|step| step.turn == kepi_govern::items::Turn::Ask)
        && let Tally::Pending(all) = tally(organisation, item)
    {
        for of in &all {
            let (what, functions) = match of {
                Missing::All(_) => ("all", None),
                Missing::One(_) => ("one", None),
                Missing::Owner(_) => ("owner", None),
                Missing::Objecting(_) => ("objecting", None),
                Missing::Named { .. } => ("named", None),
                Missing::Board { functions, quorum, .. } => ("board", Some((*functions, *quorum))),
            };
            missing.push(MissingView { what, of: told.people(of.of()), functions });
        }
    }
    let touches = match &item.content {
        Content::Change(change) | Content::Emergency(Emergency { change, .. }) => {
            change.adoptions.iter().flat_map(adopts).collect()
        }
        Content::Freeze(freeze) => {
            let aspects: Vec<&str> = freeze.aspects.iter().map(|aspect| aspect.word()).collect();
            let scope: Vec<String> = freeze.scope.iter().map(ToString::to_string).collect();
            let scope = if scope.is_empty() { String::new() } else { format!(" of {}", scope.join(", ")) };
            let rule = freeze.rule.as_ref().map_or(String::new(), |by| format!(", by the rule {}", by.rule));
            vec![format!("{} until {}: {}{scope}{rule}", freeze.from, freeze.until, aspects.join(", "))]
        }
        Content::Lift(freeze) => vec![format!("what item {freeze} froze")],
        Content::Close(close) => vec![format!("{} until {}", close.period, close.until)],
        other => overrides::touches(other, told).into_iter().chain(touches(other, told)).collect(),
    };
    let state = match (item.step(), item.ended) {
        (_, Some((outcome, _))) => Outcome::word(outcome),
        (Some(step), None) => step.name,
        (None, None) => "open",
    };
    ItemView {
        item: item.number,
        kind: item.content.kind().name,
        state,
        opened: item.opened,
        due: item.due(),
        authors: item.authors.iter().map(|author| told.name(author)).collect(),
        why: told.text(&item.why),
        content: item.digest.to_string(),
        aspects: item.content.aspects().iter().map(|aspect| aspect.word()).collect(),
        touches,
        concerned: told.people(item.content.concerned()),
        paid: told.people(item.content.paid()),
        ballots: ballots.collect(),
        remarks: (1..)
            .zip(&item.remarks)
            .map(|(number, of)| RemarkView {
                number,
                by: told.name(&of.by),
                says: of.says.word(),
                to: of.to,
                stands: item.objections().any(|(standing, _)| standing == number),
                at: of.at,
                text: told.text(&of.text),
            })
            .collect(),
        rounds: Vec::new(),
        missing,
        contradicts: Vec::new(),
        work: worked_on(told, organisation, item),
    }
}

/// Whether somebody of this name is there to decide; in an open project everybody is.
///
/// # Errors
/// The database refuses.
pub async fn is_known(store: &Store, name: &str) -> Result<bool, AppError> {
    let organisation = store.organisation().await?;
    let known = store.person_named(name).await?.is_some_and(|number| organisation.people.contains(&number));
    Ok(known || organisation.governance.mode == Mode::Open)
}

/// How it is decided what is in force.
///
/// # Errors
/// The database refuses.
pub async fn mode(store: &Store) -> Result<Mode, AppError> {
    Ok(store.organisation().await?.governance.mode)
}
