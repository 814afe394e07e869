//! Talking a proposal over: remarks and objections, and what it said in each round, so that how a target came about is read years later.

use kepi_govern::{
    Command, Content, DocumentId, Event, Item, Organisation, Permit, Register, Remark, Subject, items::Says,
};
use kepi_model::source_text::SourceMap;
use kepi_report::{
    decided::{ProposedText, Round},
    difference::between,
};
use kepi_store::{Asked, EventFilter, StoreError};

use crate::{
    archive,
    deciding::{Acting, Deciding, Looking, known, words},
    error::AppError,
    picture::project_of,
    told::Told,
};

/// How often something is asked for anew because others changed what it rests on meanwhile.
const ATTEMPTS: u32 = 10;
/// So many rounds are shown, the newest.
const MOST_ROUNDS: usize = 20;

/// What somebody says of an item beside a ballot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saying {
    /// A word on it.
    Comment,
    /// It is not to take effect before this is resolved.
    Objection,
    /// What became of an objection, by its number.
    Resolution(u16),
}

impl Deciding<'_> {
    /// Says something of an item: of its content as it stands, or of the one whose hash begins with `content`.
    ///
    /// # Errors
    /// A law forbids it, or the database refuses.
    pub async fn remark(
        &self,
        number: u64,
        saying: Saying,
        content: Option<&str>,
        acting: Acting<'_>,
        text: &str,
    ) -> Result<(), AppError> {
        let permit = Permit::open(self.0.person(acting.actor).await?);
        self.tick(acting.at).await?;
        let (says, to) = match saying {
            Saying::Comment => (Says::Comment, None),
            Saying::Objection => (Says::Objection, None),
            Saying::Resolution(of) => (Says::Resolution, Some(of)),
        };
        for _ in 0..ATTEMPTS {
            let organisation = self.0.organisation().await?;
            let item = known(&organisation, number)?;
            if content.is_some_and(|seen| !item.digest.to_string().starts_with(seen)) {
                return Err(AppError::NotFound(format!(
                    "item {number} was written anew meanwhile: read what it proposes now, and say it of that"
                )));
            }
            let text = words("what is said", text)?;
            let command = Command::Remark(Remark {
                item: number,
                says,
                to,
                content: item.digest,
                text: text.commitment,
            });
            let found = self.merged(&organisation, item, acting.at).await?;
            let mut effects = Looking { texts: vec![text], found };
            let key = acting.key("remark");
            match self.0.perform(Asked::new(&permit, &key, acting.at), &command, &mut effects).await {
                Ok(_) => {
                    self.hand_over(acting.at).await?;
                    return self.rebase(acting.at).await;
                }
                Err(StoreError::Forbidden(v))
                    if v.0.iter().all(|v| v.code == kepi_govern::laws::LOOK_AGAIN) => {}
                Err(other) => return Err(self.refused(other, &permit, &command, acting.at).await),
            }
        }
        Err(AppError::Busy)
    }

    /// What a change says in each round, the first first: what its author offered, what others offered in turn.
    pub(crate) async fn rounds(
        &self,
        organisation: &Organisation,
        item: &Item,
    ) -> Result<Vec<Round>, AppError> {
        if item.content.change().is_none() {
            return Ok(Vec::new());
        }
        let told = Told::of(self.0, organisation, []).await?;
        let subject = Some(Subject::item(item.number).to_string());
        let mut written = Vec::new();
        for recorded in self.0.events(&EventFilter { subject, ..EventFilter::default() }).await? {
            let (content, why) = match recorded.event() {
                Ok(Event::ItemOpened(of)) => (of.content, Some(of.why)),
                Ok(Event::ItemEdited(of)) => (of.content, Some(of.why)),
                Ok(Event::ItemRebased(of)) => (of.content, None),
                _ => continue,
            };
            written.push((recorded.seq, recorded.at, recorded.by, content, why));
        }
        let wanted: Vec<_> = written.iter().filter_map(|(.., why)| *why).collect();
        let texts = self.0.read().await?.texts(&wanted).await?;
        let mut rounds = Vec::new();
        let skipped = written.len().saturating_sub(MOST_ROUNDS);
        for (event, at, by, content, why) in written.into_iter().skip(skipped) {
            rounds.push(Round {
                event,
                at,
                by: told.name(&by),
                why: why.and_then(|why| texts.get(&why).cloned()),
                content: content.digest().to_string(),
                // Texts may have been erased; then it is only known that there was a round.
                said: self.said_by(&content).await.unwrap_or_default(),
            });
        }
        Ok(rounds)
    }

    /// What differs by a content from what was in force when it was written.
    async fn said_by(&self, content: &Content) -> Result<Vec<String>, AppError> {
        let Some(change) = content.change() else { return Ok(Vec::new()) };
        let before = self.0.organisation_at(change.base).await?.register;
        let mut after = before.clone();
        change.adoptions.iter().for_each(|adoption| after.apply(change.base, adoption));
        let (before, after) = (archive::of(self.0, &before).await?.0, archive::of(self.0, &after).await?.0);
        let (old, new) = (project_of(&before)?, project_of(&after)?);
        let documents = between((&before, &old), (&after, &new)).documents.into_iter();
        let said = documents.flat_map(|of| {
            let id = of.id;
            of.said.into_iter().map(move |said| format!("{id}: {said}"))
        });
        Ok(said.collect())
    }

    /// The definitions that a change puts in force, as they would be written, without those of persons.
    pub(crate) async fn proposed_texts(&self, item: &Item) -> Result<Vec<ProposedText>, AppError> {
        let Some(change) = item.content.change().filter(|_| item.ended.is_none()) else {
            return Ok(Vec::new());
        };
        let adopted = change.adoptions.iter().flat_map(|adoption| {
            adoption.texts.iter().filter_map(|(id, adopted)| match id {
                DocumentId::Named { .. } => Some((id.to_string(), adoption.from.to_string(), adopted.text?)),
                DocumentId::Person(_) => None,
            })
        });
        let adopted: Vec<_> = adopted.filter(|(id, ..)| !id.starts_with("person/")).collect();
        let wanted: Vec<_> = adopted.iter().map(|(.., text)| *text).collect();
        let texts = self.0.read().await?.texts(&wanted).await?;
        let found = adopted
            .into_iter()
            .filter_map(|(id, from, text)| Some(ProposedText { id, from, text: texts.get(&text)?.clone() }));
        Ok(found.collect())
    }

    /// All definitions as they would be by an open change.
    pub(crate) async fn as_proposed(
        &self,
        organisation: &Organisation,
        number: u64,
    ) -> Result<SourceMap, AppError> {
        let item = known(organisation, number)?;
        let change = item.content.change().filter(|_| item.ended.is_none());
        let change = change.ok_or_else(|| {
            AppError::NotFound(format!("item {number} proposes no definitions, or has ended"))
        })?;
        let mut register: Register = organisation.register.clone();
        change.adoptions.iter().for_each(|adoption| register.apply(register.position(), adoption));
        Ok(archive::of(self.0, &register).await?.0)
    }
}
