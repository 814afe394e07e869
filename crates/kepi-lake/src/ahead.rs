//! Working ahead: one thread takes the next batches of a raw file apart and one types them, while the rows before are placed.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
    thread::{Scope, ScopedJoinHandle},
};

use kepi_query::landing::{Batch, BatchReader, Raw};

use crate::error::{LakeError, LandError};

/// Items that may wait: enough that neither side waits for the other's next one.
const WAITING: usize = 2;

/// Who makes items one after the other.
pub(crate) trait Maker: Send {
    /// What it makes.
    type Item: Send;

    /// An item with nothing in it.
    fn empty(&self) -> Self::Item;

    /// Makes the next item in the place of an earlier one, whose buffers are used again; false: there are no more.
    fn next(&mut self, into: &mut Self::Item) -> Result<bool, LandError>;
}

impl Maker for Box<dyn BatchReader> {
    type Item = Batch;

    fn empty(&self) -> Batch {
        Batch::default()
    }

    fn next(&mut self, into: &mut Batch) -> Result<bool, LandError> {
        self.as_mut().next(into).map_err(LandError::from_port)
    }
}

/// A maker that is ahead of who asks for its items.
pub(crate) struct Ahead<'scope, M: Maker> {
    items: Receiver<Result<M::Item, LandError>>,
    /// Items whose buffers are used again.
    spare: Sender<M::Item>,
    thread: ScopedJoinHandle<'scope, M>,
}

impl<'scope, M: Maker + 'scope> Ahead<'scope, M> {
    /// Begins to make.
    pub fn of<'env>(scope: &'scope Scope<'scope, 'env>, maker: M) -> Self {
        let (sender, items) = sync_channel(WAITING);
        let (spare, used) = channel();
        let thread = scope.spawn(move || make(maker, &sender, &used));
        Self { items, spare, thread }
    }

    /// The next item, in the place of the one before; false: there are no more.
    pub fn next(&mut self, item: &mut M::Item) -> Result<bool, LandError> {
        let Ok(next) = self.items.recv() else { return Ok(false) };
        let before = std::mem::replace(item, next?);
        // Who has made everything needs no more buffers.
        let _ = self.spare.send(before);
        Ok(true)
    }

    /// The maker, when no more items are wanted.
    pub fn ended(self) -> Result<M, LandError> {
        drop((self.items, self.spare));
        let died = |_| LakeError::Worker("a thread that works ahead on a file ended by itself".to_owned());
        Ok(self.thread.join().map_err(died)?)
    }
}

fn make<M: Maker>(
    mut maker: M,
    sender: &SyncSender<Result<M::Item, LandError>>,
    used: &Receiver<M::Item>,
) -> M {
    loop {
        let mut item = used.try_recv().unwrap_or_else(|_| maker.empty());
        let next = match maker.next(&mut item) {
            Ok(true) => Ok(item),
            Ok(false) => return maker,
            Err(error) => Err(error),
        };
        let last = next.is_err();
        // Nobody wants it: the file is stopped.
        if sender.send(next).is_err() || last {
            return maker;
        }
    }
}

/// Rows of a raw file as they stand in it, for those that are rejected: read a second time, and only as far as one is, since
/// who reads ahead has gone on. Most files have none.
pub(crate) struct AsTheyStand {
    raw: Arc<dyn Raw>,
    reader: Option<Box<dyn BatchReader>>,
    batch: Batch,
}

impl AsTheyStand {
    pub fn new(raw: &Arc<dyn Raw>) -> Self {
        Self { raw: Arc::clone(raw), reader: None, batch: Batch::default() }
    }

    /// A row by its number in the file, from 1; rows are asked for in their order.
    pub fn row(&mut self, number: u64) -> Result<String, LandError> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            none => none.insert(self.raw.open().map_err(LandError::from_port)?),
        };
        while number >= self.batch.first_row + self.batch.rows as u64 {
            if !Maker::next(reader, &mut self.batch)? {
                return Err(LandError::Changed { path: self.raw.name().to_owned() });
            }
        }
        let row = number.saturating_sub(self.batch.first_row);
        Ok(reader.raw(u32::try_from(row).unwrap_or(u32::MAX)))
    }
}
