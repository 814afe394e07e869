//! The outbox: messages that are to leave, each entered once, held by one worker at a time while it sends them, and kept until
//! something became of them.
//!
//! Whoever holds a batch has it until an instant; then another may take it, with a higher fence, and what the first one says
//! of it counts no more. So a worker that was stopped in between can neither lose a message nor say what is not so any longer.
//! What left and was not noted to have left leaves again, under the same key: whoever receives it knows it by that.

use crate::{
    error::StoreError,
    sql::{Row, common::outbox as sql, stored},
    store::{Reading, Store, Transaction},
};

/// A message that is to be entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// What makes it one message.
    pub key: String,
    /// With which others it leaves: its own key, if by itself.
    pub batch: String,
    /// Through which channel.
    pub channel: String,
    /// To whom; 0: to whoever reads the channel.
    pub person: u64,
    /// The item that it is about.
    pub item: u64,
    /// When it came about that it is said, µs UTC: it is not true any more once that is another instant.
    pub caused_at: i64,
    /// The day to whose budget it counts.
    pub day: String,
    /// What it says, as JSON.
    pub body: String,
    /// Not before, µs UTC.
    pub due: i64,
}

/// A message of a batch that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldMessage {
    /// What makes it one message.
    pub key: String,
    /// Through which channel.
    pub channel: String,
    /// To whom; 0: to whoever reads the channel.
    pub person: u64,
    /// The item that it is about.
    pub item: u64,
    /// When it came about that it is said, µs UTC.
    pub caused_at: i64,
    /// What it says, as JSON.
    pub body: String,
}

/// A batch that one worker holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// What makes it one, however often it is sent.
    pub batch: String,
    /// What later holders have more of.
    pub fence: i64,
    /// How often it was held, this time included.
    pub attempts: i64,
    /// What leaves together.
    pub messages: Vec<HeldMessage>,
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Became {
    /// It left.
    Sent,
    /// It did not, and is tried again at an instant, µs UTC.
    Later(String, i64),
    /// It did not, and is not tried again unless somebody says so.
    Dead(String),
}

/// A message as it stands in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What makes it one message.
    pub key: String,
    /// With which others it leaves.
    pub batch: String,
    /// Through which channel.
    pub channel: String,
    /// To whom; 0: to whoever reads the channel.
    pub person: u64,
    /// The item that it is about.
    pub item: u64,
    /// What it says, as JSON.
    pub body: String,
    /// `waiting`, `sent`, `over` (it was not true any more) or `dead`.
    pub state: String,
    /// Why it did not leave when that was last tried.
    pub said: Option<String>,
    /// How often that was tried.
    pub attempts: u64,
    /// Not before, µs UTC.
    pub due: i64,
    /// When it was entered, µs UTC.
    pub made: i64,
    /// When something became of it, µs UTC.
    pub settled: Option<i64>,
}

fn held(row: &Row) -> Result<HeldMessage, StoreError> {
    Ok(HeldMessage {
        key: row.get("key")?,
        channel: row.get("channel")?,
        person: row.count("person")?,
        item: row.count("item")?,
        caused_at: row.get("caused_at")?,
        body: row.get("body")?,
    })
}

/// Enters a message, unless that was done before; whether it was news.
///
/// # Errors
/// The database refused.
pub async fn enter(tx: &mut Transaction, new: &NewMessage, at: i64) -> Result<bool, StoreError> {
    let entered = tx
        .query(sql::ENTER)
        .bind(&*new.key)
        .bind(&*new.batch)
        .bind(&*new.channel)
        .bind(stored(new.person))
        .bind(stored(new.item))
        .bind(new.caused_at)
        .bind(&*new.day)
        .bind(&*new.body)
        .bind("waiting")
        .bind(new.due)
        .bind(at)
        .run()
        .await?;
    Ok(entered == 1)
}

/// How many messages leave by themselves through a channel to a person on a day.
///
/// # Errors
/// The database refused.
pub async fn of_day(tx: &mut Transaction, channel: &str, person: u64, day: &str) -> Result<u64, StoreError> {
    let n: i64 = tx.query(sql::OF_DAY).bind(channel).bind(stored(person)).bind(day).value().await?;
    Ok(n.unsigned_abs())
}

/// Whether a message waits that nobody has held yet, so that others may still leave with it.
///
/// # Errors
/// The database refused.
pub async fn is_fresh(tx: &mut Transaction, key: &str) -> Result<bool, StoreError> {
    let n: i64 = tx.query(sql::FRESH).bind(key).value().await?;
    Ok(n > 0)
}

/// All messages, the newest first.
///
/// # Errors
/// The database refused or holds something unreadable.
pub async fn all(tx: &mut Reading) -> Result<Vec<Message>, StoreError> {
    let read = |row: &Row| {
        Ok(Message {
            key: row.get("key")?,
            batch: row.get("batch")?,
            channel: row.get("channel")?,
            person: row.count("person")?,
            item: row.count("item")?,
            body: row.get("body")?,
            state: row.get("state")?,
            said: row.get("said")?,
            attempts: row.count("attempts")?,
            due: row.get("due")?,
            made: row.get("made")?,
            settled: row.get("settled")?,
        })
    };
    tx.query(sql::ALL).all().await?.iter().map(read).collect()
}

impl Store {
    /// Takes the batch that is due first, until an instant; none: nothing is due that nobody holds.
    ///
    /// # Errors
    /// The database refused.
    pub async fn hold(&self, at: i64, until: i64) -> Result<Option<Held>, StoreError> {
        // Most of the time there is nothing to do, and no reason to keep writers waiting.
        if self.read().await?.query(sql::NEXT).bind(at).first().await?.is_none() {
            return Ok(None);
        }
        let mut tx = self.begin().await?;
        let Some(next) = tx.query(sql::NEXT).bind(at).first().await? else { return Ok(None) };
        let batch: String = next.get("batch")?;
        tx.query(sql::HOLD).bind(&*batch).bind(until).run().await?;
        let rows = tx.query(sql::OF_BATCH).bind(&*batch).all().await?;
        let messages = rows.iter().map(held).collect::<Result<Vec<_>, _>>()?;
        let Some(row) = rows.first() else { return Ok(None) };
        let of = Held { fence: row.get("fence")?, attempts: row.get("attempts")?, batch, messages };
        tx.commit().await?;
        Ok(Some(of))
    }

    /// Whether a batch is still held as it was taken.
    ///
    /// # Errors
    /// The database refused.
    pub async fn holds(&self, of: &Held, at: i64) -> Result<bool, StoreError> {
        let mut tx = self.read().await?;
        let n: i64 = tx.query(sql::HELD).bind(&*of.batch).bind(of.fence).bind(at).value().await?;
        Ok(n > 0)
    }

    /// Says what became of a batch; whether that was still one's own to say.
    ///
    /// # Errors
    /// The database refused.
    pub async fn settle(&self, of: &Held, became: &Became, at: i64) -> Result<bool, StoreError> {
        let (state, said, due, settled) = match became {
            Became::Sent => ("sent", None, at, Some(at)),
            Became::Later(why, due) => ("waiting", Some(why.as_str()), *due, None),
            Became::Dead(why) => ("dead", Some(why.as_str()), at, Some(at)),
        };
        let mut tx = self.begin().await?;
        let changed = tx
            .query(sql::SETTLE)
            .bind(&*of.batch)
            .bind(of.fence)
            .bind(state)
            .bind(said)
            .bind(due)
            .bind(settled)
            .run()
            .await?;
        tx.commit().await?;
        Ok(changed > 0)
    }

    /// Says of messages of a batch that they are not true any more: they do not leave.
    ///
    /// # Errors
    /// The database refused.
    pub async fn are_over(&self, of: &Held, keys: &[String], at: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for key in keys {
            let settle = tx.query(sql::SETTLE_ONE).bind(&**key).bind(of.fence).bind("over");
            settle.bind(None::<&str>).bind(at).run().await?;
        }
        tx.commit().await
    }

    /// Lets a batch that was given up wait again; how many messages that are.
    ///
    /// # Errors
    /// The database refused.
    pub async fn send_again(&self, batch: &str, at: i64) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let changed = tx.query(sql::AGAIN).bind(batch).bind(at).run().await?;
        tx.commit().await?;
        Ok(changed)
    }
}
