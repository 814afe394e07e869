//! Proposals beside others that came into force meanwhile: what each changes is put together with what is in force by now, or
//! goes back to its author with what contradicts.

use std::collections::BTreeMap;

use kepi_govern::{
    Command, Content, DocumentId, Item, Organisation, Permit, Rebase,
    items::{Change, Turn},
};
use kepi_model::{
    check::{self, Options},
    finding::Severity,
    merge::{Merged, merged},
};
use kepi_proof::Commitment;
use kepi_store::{Asked, NewText, StoreError, door::new_key};

use crate::{
    archive::{self, FORGOTTEN, NewTexts},
    deciding::{Deciding, clock},
    error::AppError,
};

impl Deciding<'_> {
    /// Puts every proposal that others are asked about together with what was adopted otherwise since, as far as both go together.
    ///
    /// # Errors
    /// The database refuses.
    pub(crate) async fn rebase(&self, at: i64) -> Result<(), AppError> {
        let organisation = self.0.organisation().await?;
        for item in organisation.items.open() {
            let Content::Change(change) = &item.content else { continue };
            let is_asked = item.step().is_some_and(|step| step.turn == Turn::Ask);
            if !is_asked || !change.is_outdated(&organisation.register) {
                continue;
            }
            // Texts that were erased keep nobody from deciding: a ballot sends it back then.
            let Ok(both) = self.put_together(&organisation, change).await else { continue };
            let (content, texts) = match both {
                Some((change, texts)) => (Some(Content::Change(change)), texts),
                None => (None, Vec::new()),
            };
            let command = Command::Rebase(Rebase { item: item.number, was: item.digest, content });
            let (permit, key) = (Permit::open(clock()), new_key("rebase"));
            match self.0.perform(Asked::new(&permit, &key, at), &command, &mut NewTexts(texts)).await {
                // Somebody else was first; what is left is met with the next command.
                Ok(_) | Err(StoreError::Forbidden(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(())
    }

    /// What a proposal and what is in force come to together, by documents and lines.
    async fn beside(&self, organisation: &Organisation, change: &Change) -> Result<Merged, AppError> {
        let then = self.0.organisation_at(change.base).await?.register;
        let mut proposed = then.clone();
        change.adoptions.iter().for_each(|adoption| proposed.apply(change.base, adoption));
        let base = archive::of(self.0, &then).await?.0;
        let ours = archive::of(self.0, &proposed).await?.0;
        let theirs = archive::of(self.0, &organisation.register).await?.0;
        Ok(merged(&base, &ours, &theirs))
    }

    /// The change that comes of both; none: they contradict each other, or nothing is left to decide.
    async fn put_together(
        &self,
        organisation: &Organisation,
        was: &Change,
    ) -> Result<Option<(Change, Vec<NewText>)>, AppError> {
        let Merged { files, contradictions } = self.beside(organisation, was).await?;
        if !contradictions.is_empty() || files.iter().any(|(_, file)| file.path == FORGOTTEN) {
            return Ok(None);
        }
        let checked = check::check(&files, &Options::default());
        let errors = checked.findings.iter().any(|finding| finding.severity == Severity::Error);
        let Some(project) = checked.value.filter(|_| !errors) else { return Ok(None) };
        let (mut change, mut texts) = self.change(organisation, (&files, &project), None).await?;
        if change.adoptions.is_empty() {
            return Ok(None);
        }
        // A text that was proposed is the same text still: what was said of it was said of its commitment.
        let named: Vec<Commitment> = was.adoptions.iter().flat_map(|adoption| adoption.named()).collect();
        let known: BTreeMap<String, Commitment> =
            self.0.read().await?.texts(&named).await?.into_iter().map(|(of, text)| (text, of)).collect();
        let same: BTreeMap<Commitment, Commitment> =
            texts.iter().filter_map(|new| Some((new.commitment, *known.get(new.text())?))).collect();
        texts.retain(|new| !same.contains_key(&new.commitment));
        let kept = |of: Commitment| same.get(&of).copied().unwrap_or(of);
        for adoption in &mut change.adoptions {
            adoption.files = adoption.files.map(kept);
            let of = std::mem::take(&mut adoption.texts).into_iter().map(|(id, mut adopted)| {
                adopted.text = adopted.text.map(kept);
                let id = match id {
                    DocumentId::Person(name) => DocumentId::Person(kept(name)),
                    named => named,
                };
                (id, adopted)
            });
            adoption.texts = of.collect();
        }
        Ok(Some((change, texts)))
    }

    /// What of a proposal that is its author's again contradicts what is in force by now, in words.
    pub(crate) async fn contradictions(
        &self,
        organisation: &Organisation,
        item: &Item,
    ) -> Result<Vec<String>, AppError> {
        let Content::Change(change) = &item.content else { return Ok(Vec::new()) };
        let is_written = item.step().is_some_and(|step| step.turn == Turn::Write);
        if !is_written || !change.is_outdated(&organisation.register) {
            return Ok(Vec::new());
        }
        let all = self.beside(organisation, change).await?.contradictions;
        Ok(all.iter().map(ToString::to_string).collect())
    }
}
