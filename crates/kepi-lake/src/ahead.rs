//! Reading ahead: a thread takes the next batches of a raw file apart while the rows before are typed and placed.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
    thread::{Scope, ScopedJoinHandle},
};

use kepi_query::landing::{Batch, BatchReader, PortError, Raw};

use crate::error::{LakeError, LandError};

/// Batches that may wait: enough that neither side waits for the other's next one.
const WAITING: usize = 2;

/// A reader that is ahead of who asks for its batches.
pub(crate) struct Ahead<'scope> {
    batches: Receiver<Result<Batch, PortError>>,
    /// Batches whose buffers are used again.
    spare: Sender<Batch>,
    thread: ScopedJoinHandle<'scope, Box<dyn BatchReader>>,
}

impl<'scope> Ahead<'scope> {
    /// Begins to read.
    pub fn of<'env>(scope: &'scope Scope<'scope, 'env>, reader: Box<dyn BatchReader>) -> Self {
        let (sender, batches) = sync_channel(WAITING);
        let (spare, used) = channel();
        let thread = scope.spawn(move || read(reader, &sender, &used));
        Self { batches, spare, thread }
    }

    /// The next batch, in the place of the one before; false: there are no more rows.
    pub fn next(&mut self, batch: &mut Batch) -> Result<bool, LandError> {
        let Ok(next) = self.batches.recv() else { return Ok(false) };
        let before = std::mem::replace(batch, next.map_err(LandError::from_port)?);
        // Who has read everything needs no more buffers.
        let _ = self.spare.send(before);
        Ok(true)
    }

    /// The reader, when no more batches are wanted.
    pub fn ended(self) -> Result<Box<dyn BatchReader>, LandError> {
        drop((self.batches, self.spare));
        let died = |_| LakeError::Worker("the thread that reads a file ended by itself".to_owned());
        Ok(self.thread.join().map_err(died)?)
    }
}

fn read(
    mut reader: Box<dyn BatchReader>,
    sender: &SyncSender<Result<Batch, PortError>>,
    used: &Receiver<Batch>,
) -> Box<dyn BatchReader> {
    loop {
        let mut batch = used.try_recv().unwrap_or_default();
        let next = match reader.next(&mut batch) {
            Ok(true) => Ok(batch),
            Ok(false) => return reader,
            Err(error) => Err(error),
        };
        let last = next.is_err();
        // Nobody wants it: the file is stopped.
        if sender.send(next).is_err() || last {
            return reader;
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
            if !reader.next(&mut self.batch).map_err(LandError::from_port)? {
                return Err(LandError::Changed { path: self.raw.name().to_owned() });
            }
        }
        let row = number.saturating_sub(self.batch.first_row);
        Ok(reader.raw(u32::try_from(row).unwrap_or(u32::MAX)))
    }
}
