//! Delivering: what is whose turn leaves as a message, once, to whom it concerns, when she wants to hear of it.
//!
//! The log is what is delivered of: a follower makes messages of its events, and enters them in the transaction that moves its
//! cursor. So none is lost and none is made twice, wherever it breaks off. From there a worker takes what is due, one at a time,
//! for so long as it has a lease of it.

mod compose;

use kepi_govern::{
    Organisation, Principal,
    delivery::{Carrier, Message, NotSent, Parcel},
    items::{Tally, Turn, tally},
};
use kepi_model::{acting::Way, id::PersonId, project::Project};
use kepi_proof::Digest;
use kepi_store::{
    EventFilter, StoreError,
    outbox::{self, Became, Held, HeldMessage},
};
use serde::Serialize;

use crate::{deciding::Deciding, error::AppError, open::App};
use compose::Composer;

/// For how long a worker has what it took, µs: longer than sending ever takes.
pub const LEASE: i64 = 5 * 60 * 1_000_000;
/// How often sending is tried.
const TRIES: i64 = 8;
/// The first wait before it is tried again, µs; it doubles.
const FIRST_WAIT: i64 = 30 * 1_000_000;
/// The longest, µs.
const LONGEST_WAIT: i64 = 6 * 3600 * 1_000_000;

/// What came of delivering.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Delivered {
    /// Messages that were made of what happened.
    pub made: u64,
    /// Messages that left.
    pub sent: u64,
    /// Messages that did not, and are tried again.
    pub later: u64,
    /// Messages that were given up.
    pub dead: u64,
    /// Messages that were not true any more.
    pub over: u64,
}

/// A message as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MessageView {
    /// What leaves together has one.
    pub batch: String,
    /// Through which channel.
    pub channel: String,
    /// To whom, by name; none: to whoever reads there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// `waiting`, `sent`, `over` (it was not true any more) or `dead`.
    pub state: String,
    /// Why it did not leave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// How often that was tried.
    pub attempts: u64,
    /// Not before, µs UTC.
    pub due: i64,
    /// What it says.
    pub message: Message,
}

impl App {
    /// Whether anything in force says where messages leave to.
    ///
    /// # Errors
    /// The database refused, or what is in force cannot be read.
    pub async fn delivers(&self) -> Result<bool, AppError> {
        let organisation = self.store.organisation().await?;
        Ok(organisation.register.position() > 0 && !self.in_force().await?.channels.is_empty())
    }

    /// Makes messages of what happened, and sends what is due. `now` is asked before each.
    ///
    /// # Errors
    /// The database or the lake refused. What was made and sent stays so.
    pub async fn deliver(
        &self,
        carrier: &dyn Carrier,
        now: &(dyn Fn() -> i64 + Sync),
    ) -> Result<Delivered, AppError> {
        let mut done = Delivered::default();
        let organisation = self.store.organisation().await?;
        if organisation.register.position() == 0 {
            return Ok(done);
        }
        let project = self.in_force().await?;
        if project.channels.is_empty() {
            return Ok(done);
        }
        Deciding(&self.store).tick(now()).await?;
        let mut composer = Composer::new(self, &project, now()).await?;
        self.store.follow(&mut composer).await?;
        done.made = composer.entered;
        loop {
            let at = now();
            let Some(mut held) = self.store.hold(at, at + LEASE).await? else { return Ok(done) };
            done.over += self.without_what_is_over(&project, &mut held, at).await?;
            if held.messages.is_empty() {
                continue;
            }
            let became = self.carried(carrier, &project, &held, now).await?;
            let Some(became) = became else { continue };
            let n = held.messages.len() as u64;
            if self.store.settle(&held, &became, now()).await? {
                match became {
                    Became::Sent => done.sent += n,
                    Became::Later(..) => done.later += n,
                    Became::Dead(_) => done.dead += n,
                }
            }
        }
    }

    /// Sends what is held; none: it is somebody else's by now.
    async fn carried(
        &self,
        carrier: &dyn Carrier,
        project: &Project,
        held: &Held,
        now: &(dyn Fn() -> i64 + Sync),
    ) -> Result<Option<Became>, AppError> {
        let parcel = self.parcel(project, held, now()).await?;
        // Whoever was stopped until its lease was over sends nothing that another may have sent.
        if !self.store.holds(held, now()).await? {
            return Ok(None);
        }
        let sent = match parcel {
            Ok((to, parcel)) => carrier.send(to, &parcel).await,
            Err(why) => Err(NotSent::Ever(why)),
        };
        Ok(Some(match sent {
            Ok(()) => Became::Sent,
            Err(NotSent::Ever(why)) => Became::Dead(why),
            Err(NotSent::Now(why)) if held.attempts >= TRIES => {
                Became::Dead(format!("{why}; it was tried {} times", held.attempts))
            }
            Err(NotSent::Now(why)) => Became::Later(why, now() + wait(&held.batch, held.attempts)),
        }))
    }

    /// What is sent and through which channel, or why nothing can be.
    async fn parcel<'p>(
        &self,
        project: &'p Project,
        held: &Held,
        at: i64,
    ) -> Result<Result<(&'p Way, Parcel), String>, AppError> {
        let Some(first) = held.messages.first() else { return Ok(Err("it is empty".to_owned())) };
        let Some(channel) = first.channel.parse().ok().and_then(|id| project.channels.get(&id)) else {
            return Ok(Err(format!("there is no `channel: {}` any more", first.channel)));
        };
        let mut address = None;
        if let Way::Email { .. } = channel.to {
            let name = self.store.name_of(&Principal::Person(first.person)).await?;
            let person = name.parse::<PersonId>().ok().and_then(|id| project.persons.get(&id));
            address = person.and_then(|person| person.email.clone());
            if address.is_none() {
                return Ok(Err(format!("`{name}` has no `email`: write it at `person: {name}`")));
            }
        }
        let messages = held.messages.iter().map(|of| serde_json::from_str(&of.body));
        Ok(match messages.collect::<Result<Vec<Message>, _>>() {
            Ok(messages) => Ok((&channel.to, Parcel { id: self.id_of(&held.batch), at, address, messages })),
            Err(e) => Err(format!("it cannot be read: {e}")),
        })
    }

    /// What makes a batch one wherever it arrives: the same however often it is sent, and of this log alone.
    fn id_of(&self, batch: &str) -> String {
        let digest = Digest::of(&[&self.store.secret()[..], batch.as_bytes()].concat()).to_string();
        format!("msg_{}", digest.get(..32).unwrap_or(&digest))
    }

    /// Leaves out what is not true any more: it is somebody else's turn, or nobody's.
    async fn without_what_is_over(
        &self,
        project: &Project,
        held: &mut Held,
        at: i64,
    ) -> Result<u64, AppError> {
        let organisation = self.store.organisation().await?;
        let tells_all = |of: &HeldMessage| {
            let id = of.channel.parse().ok();
            id.and_then(|id| project.channels.get(&id)).is_some_and(|channel| !channel.to.is_read())
        };
        let over =
            |of: &HeldMessage| !tells_all(of) && !is_turn(&organisation, of.item, of.person, of.caused_at);
        let (gone, stay): (Vec<_>, Vec<_>) = held.messages.drain(..).partition(over);
        held.messages = stay;
        if gone.is_empty() {
            return Ok(0);
        }
        let keys: Vec<String> = gone.into_iter().map(|of| of.key).collect();
        self.store.are_over(held, &keys, at).await?;
        Ok(keys.len() as u64)
    }

    /// Messages as they stand in the outbox, the newest first; with `at` as they would if messages were made then of what happened.
    ///
    /// # Errors
    /// The database or the lake refused.
    pub async fn outbox(&self, at: Option<i64>) -> Result<Vec<MessageView>, AppError> {
        let organisation = self.store.organisation().await?;
        let all = match at.filter(|_| organisation.register.position() > 0) {
            None => outbox::all(&mut self.store.read().await.map_err(AppError::from)?).await?,
            Some(at) => {
                let project = self.in_force().await?;
                let mut composer = Composer::new(self, &project, at).await?;
                let after = Some(self.store.cursor(compose::FOLLOWER).await?);
                let events = self.store.events(&EventFilter { after, ..EventFilter::default() }).await?;
                // What is entered here is gone when the transaction is: it is only looked at.
                let mut tx = self.store.begin().await?;
                for event in &events {
                    composer.make(&mut tx, event).await?;
                }
                outbox::all(&mut tx).await?
            }
        };
        let mut shown = Vec::new();
        for of in all {
            let to = match of.person {
                0 => None,
                person => Some(self.store.name_of(&Principal::Person(person)).await?),
            };
            shown.push(MessageView {
                batch: of.batch,
                channel: of.channel,
                to,
                state: of.state,
                why: of.said,
                attempts: of.attempts,
                due: of.due,
                message: serde_json::from_str(&of.body)
                    .map_err(|e| StoreError::Corrupt { what: "a message", reason: e.to_string() })?,
            });
        }
        Ok(shown)
    }

    /// Lets what was given up be sent again; none named: all of it. How many messages that are.
    ///
    /// # Errors
    /// The database refused.
    pub async fn send_again(&self, batch: Option<&str>, at: i64) -> Result<u64, AppError> {
        let mut batches: Vec<String> = match batch {
            Some(batch) => vec![batch.to_owned()],
            None => {
                let all = self.outbox(None).await?;
                all.into_iter().filter(|of| of.state == "dead").map(|of| of.batch).collect()
            }
        };
        batches.sort();
        batches.dedup();
        let mut n = 0;
        for batch in &batches {
            n += self.store.send_again(batch, at).await?;
        }
        Ok(n)
    }
}

/// Whether it is still somebody's turn as it has been since an instant; of nobody in particular: whether it is anybody's.
fn is_turn(organisation: &Organisation, item: u64, person: u64, since: i64) -> bool {
    let Some(item) = organisation.items.get(item) else { return false };
    let Some(step) = item.step() else { return false };
    match item.owner() {
        Some(owner) => owner.since == since && (person == 0 || owner.person == person),
        None if step.turn == Turn::Ask && item.since == since => match tally(organisation, item) {
            Tally::Pending(missing) => person == 0 || missing.iter().any(|of| of.of().contains(&person)),
            _ => false,
        },
        None => false,
    }
}

/// How long it is waited before something is tried again: doubling, and each a little else, so that those that failed together
/// do not come again together.
fn wait(batch: &str, attempts: i64) -> i64 {
    let most = FIRST_WAIT.saturating_mul(1 << attempts.clamp(1, 20).saturating_sub(1)).min(LONGEST_WAIT);
    let digest = Digest::of(format!("{batch}/{attempts}").as_bytes()).to_string();
    let share = digest.get(..4).and_then(|hex| i64::from_str_radix(hex, 16).ok()).unwrap_or(0);
    most / 2 + most / 2 * share / 0xffff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_differ() {
        for (attempts, most) in [(1, 30), (2, 60), (4, 240), (8, 3840), (60, 21_600)] {
            let all: Vec<i64> = (0..50).map(|n| wait(&format!("batch/{n}"), attempts)).collect();
            assert!(
                all.iter().all(|wait| (most * 500_000..=most * 1_000_000).contains(wait)),
                "{attempts}: {all:?}"
            );
            assert!(all.iter().collect::<std::collections::BTreeSet<_>>().len() > 40, "{all:?}");
        }
    }
}
