//! A sorted run: keys in order, each with some bytes, in a file that is never changed. Blocks of about four thousand bytes
//! with a checksum each, then the first key of every block and a filter that tells keys which are not in it.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use siphasher::sip::SipHasher13;

use crate::{durable, error::LakeError, mapping::Key};

/// Bytes after which a block ends.
const BLOCK: usize = 4096;
/// Bytes of a checksum.
const CHECK: usize = 8;
/// Words of a filter's block: 512 bits, one line of the cache.
const WORDS: usize = 8;
/// Bits of the filter a key; six of them are set.
const BITS: u64 = 10;
/// Runs up to this length are read as a whole once enough of their keys are asked for.
const HELD: u64 = 128 << 20;
/// Begins the last bytes of a run; another form gets another word.
const MAGIC: [u8; 8] = *b"keyrun02";
/// As it began before: checksums were BLAKE3's.
const BEFORE: [u8; 8] = *b"keyrun01";
/// Bytes at the end: magic, keys, places of the list of blocks and of the filter, checksum of all behind the blocks.
const TAIL: usize = 40;

type Check = fn(&[u8]) -> [u8; CHECK];

/// Tells damage, which is no adversary: of so few bytes SipHash takes a quarter of the time of BLAKE3.
fn check(bytes: &[u8]) -> [u8; CHECK] {
    SipHasher13::new().hash(bytes).to_le_bytes()
}

fn check_before(bytes: &[u8]) -> [u8; CHECK] {
    let mut out = [0; CHECK];
    blake3::Hasher::new().update(bytes).finalize_xof().fill(&mut out);
    out
}

/// A number of seven bits a byte, the lowest first.
pub(super) fn put_number(into: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        into.push(n as u8 | 0x80);
        n >>= 7;
    }
    into.push(n as u8);
}

/// Takes what [`put_number`] has put.
pub(super) fn take_number(from: &mut &[u8]) -> Option<u64> {
    let mut n = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        n |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(n);
        }
    }
    None
}

/// Takes so many bytes.
pub(super) fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, rest) = from.split_first_chunk::<N>()?;
    *from = rest;
    Some(*bytes)
}

/// The next key of a block and its bytes.
fn take_record<'a>(from: &mut &'a [u8]) -> Option<(Key, &'a [u8])> {
    let key = Key::from_be_bytes(take(from)?);
    let length = usize::try_from(take_number(from)?).ok()?;
    let (bytes, rest) = from.split_at_checked(length)?;
    *from = rest;
    Some((key, bytes))
}

fn high(key: Key) -> u64 {
    (key >> 64) as u64
}

/// Which keys may be in a run.
struct Filter(Vec<u64>);

impl Filter {
    fn of(keys: u64) -> Self {
        let blocks = (keys * BITS).div_ceil(WORDS as u64 * 64).max(1);
        Self(vec![0; blocks as usize * WORDS])
    }

    /// The block of a key by its upper half, the bits in it by its lower one.
    fn bits(&self, key: Key) -> impl Iterator<Item = (usize, u64)> + use<> {
        let blocks = (self.0.len() / WORDS) as u128;
        let block = ((u128::from(high(key)) * blocks) >> 64) as usize * WORDS;
        (0..6).map(move |at| {
            let bit = ((key as u64) >> (at * 9)) & 511;
            (block + (bit >> 6) as usize, 1 << (bit & 63))
        })
    }

    fn add(&mut self, key: Key) {
        for (word, bit) in self.bits(key) {
            if let Some(word) = self.0.get_mut(word) {
                *word |= bit;
            }
        }
    }

    fn may_have(&self, key: Key) -> bool {
        self.bits(key).all(|(word, bit)| self.0.get(word).is_none_or(|word| word & bit != 0))
    }
}

/// Writes the blocks of a run, keys in order and each once.
pub(super) struct Blocks<W> {
    into: W,
    block: Vec<u8>,
    last: Key,
    at: u64,
    first: Vec<u64>,
    ends: Vec<u64>,
    keys: u64,
    filter: Filter,
}

impl<W: Write> Blocks<W> {
    /// Begins the blocks of a run of at most so many keys.
    pub fn of(into: W, keys: u64) -> Self {
        Self {
            into,
            block: Vec::with_capacity(2 * BLOCK),
            last: 0,
            at: 0,
            first: Vec::new(),
            ends: Vec::new(),
            keys: 0,
            filter: Filter::of(keys),
        }
    }

    pub fn push(&mut self, key: Key, bytes: &[u8]) -> io::Result<()> {
        // A block is found by the upper halves of keys: equal ones stay together.
        if self.block.len() >= BLOCK && high(self.last) != high(key) {
            self.end_block()?;
        }
        if self.block.is_empty() {
            self.first.push(high(key));
        }
        self.block.extend_from_slice(&key.to_be_bytes());
        put_number(&mut self.block, bytes.len() as u64);
        self.block.extend_from_slice(bytes);
        self.filter.add(key);
        self.last = key;
        self.keys += 1;
        Ok(())
    }

    fn end_block(&mut self) -> io::Result<()> {
        if self.block.is_empty() {
            return Ok(());
        }
        let check = check(&self.block);
        self.block.extend_from_slice(&check);
        self.into.write_all(&self.block)?;
        self.at += self.block.len() as u64;
        self.ends.push(self.at);
        self.block.clear();
        Ok(())
    }

    /// Appends the blocks of the same run in which the keys are that come behind all of these, and have other upper halves.
    pub fn append(&mut self, mut behind: Blocks<Vec<u8>>) -> io::Result<()> {
        self.end_block()?;
        behind.end_block()?;
        self.into.write_all(&behind.into)?;
        self.first.extend(behind.first);
        self.ends.extend(behind.ends.iter().map(|end| self.at + end));
        self.at += behind.at;
        self.keys += behind.keys;
        self.filter.0.iter_mut().zip(&behind.filter.0).for_each(|(own, other)| *own |= other);
        Ok(())
    }
}

/// Writes a run into its file.
pub(super) struct RunWriter {
    path: PathBuf,
    blocks: Blocks<BufWriter<File>>,
}

impl RunWriter {
    /// Begins a run of at most so many keys.
    pub fn create(path: &Path, keys: u64) -> Result<Self, LakeError> {
        // Whoever takes the folder away, as one may a cache, takes what stood in it, not the next run.
        let folder = path.parent().map_or(Ok(()), durable::make_folder);
        let file = folder.and_then(|()| durable::scratch(path)).map_err(|e| failed(path, "written", e))?;
        Ok(Self { path: path.to_owned(), blocks: Blocks::of(BufWriter::with_capacity(1 << 18, file), keys) })
    }

    pub fn push(&mut self, key: Key, bytes: &[u8]) -> Result<(), LakeError> {
        self.blocks.push(key, bytes).map_err(|e| failed(&self.path, "written", e))
    }

    /// See [`Blocks::append`].
    pub fn append(&mut self, behind: Blocks<Vec<u8>>) -> Result<(), LakeError> {
        self.blocks.append(behind).map_err(|e| failed(&self.path, "written", e))
    }

    /// Completes it.
    pub fn finish(self) -> Result<Run, LakeError> {
        let Self { path, mut blocks } = self;
        let write = |e| failed(&path, "written", e);
        blocks.end_block().map_err(write)?;
        let Blocks { into: mut file, at, first, ends, keys, filter, .. } = blocks;
        let mut tail = Vec::with_capacity(16 * first.len() + 8 * filter.0.len() + TAIL);
        for (first, end) in first.iter().zip(&ends) {
            tail.extend_from_slice(&first.to_le_bytes());
            tail.extend_from_slice(&end.to_le_bytes());
        }
        let filter_at = at + tail.len() as u64;
        filter.0.iter().for_each(|word| tail.extend_from_slice(&word.to_le_bytes()));
        tail.extend_from_slice(&MAGIC);
        for n in [keys, at, filter_at] {
            tail.extend_from_slice(&n.to_le_bytes());
        }
        let sum = check(&tail);
        tail.extend_from_slice(&sum);
        file.write_all(&tail).map_err(write)?;
        let file = file.into_inner().map_err(|e| write(e.into_error()))?;
        Ok(Run { path, file, bytes: at, keys, first, ends, filter, check, held: Vec::new() })
    }
}

fn failed(path: &Path, doing: &'static str, source: io::Error) -> LakeError {
    LakeError::Io { path: path.to_owned(), doing, source }
}

/// A run on the disk.
pub(super) struct Run {
    path: PathBuf,
    file: File,
    /// Bytes of its blocks.
    bytes: u64,
    /// Keys.
    pub keys: u64,
    first: Vec<u64>,
    ends: Vec<u64>,
    filter: Filter,
    check: Check,
    /// All of its blocks, if they were read.
    held: Vec<u8>,
}

impl Run {
    /// Opens a run; refuses one that is not as it was written.
    pub fn open(path: &Path) -> Result<Self, LakeError> {
        let read = |e| failed(path, "read", e);
        let file = durable::open(path).map_err(read)?;
        let length = file.metadata().map_err(read)?.len();
        let torn = || LakeError::Index(path.to_owned());
        let mut end = [0; TAIL];
        let tail_at = length.checked_sub(TAIL as u64).ok_or_else(torn)?;
        file.read_exact_at(&mut end, tail_at).map_err(read)?;
        let mut rest = end.as_slice();
        let mut number = || take(&mut rest).map(u64::from_le_bytes).ok_or_else(torn);
        let check: Check = match number()?.to_le_bytes() {
            MAGIC => check,
            BEFORE => check_before,
            _ => return Err(torn()),
        };
        let (keys, bytes, filter_at) = (number()?, number()?, number()?);
        if bytes > filter_at || filter_at > tail_at {
            return Err(torn());
        }
        let mut tail = vec![0; (length - bytes) as usize];
        file.read_exact_at(&mut tail, bytes).map_err(read)?;
        let (all, sum) = tail.split_at(tail.len() - CHECK);
        if check(all) != sum {
            return Err(torn());
        }
        let (blocks, words) = all
            .get(..all.len() + CHECK - TAIL)
            .and_then(|a| a.split_at_checked((filter_at - bytes) as usize))
            .ok_or_else(torn)?;
        let numbers = |bytes: &[u8]| -> Vec<u64> {
            bytes.as_chunks::<8>().0.iter().map(|eight| u64::from_le_bytes(*eight)).collect()
        };
        let blocks = numbers(blocks);
        let filter = Filter(numbers(words));
        if filter.0.len() < WORDS {
            return Err(torn());
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            bytes,
            keys,
            first: blocks.iter().step_by(2).copied().collect(),
            ends: blocks.iter().skip(1).step_by(2).copied().collect(),
            filter,
            check,
            held: Vec::new(),
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of memory it takes.
    pub fn memory(&self) -> u64 {
        (16 * self.first.len() + 8 * self.filter.0.len() + self.held.capacity()) as u64
    }

    /// Reads all of it into memory if it is small beside what is asked of it.
    pub fn expect(&mut self, asked: usize) -> Result<(), LakeError> {
        if self.held.is_empty()
            && self.bytes <= HELD
            && asked * 4 >= self.first.len()
            && !self.first.is_empty()
        {
            let mut held = vec![0; self.bytes as usize];
            self.file.read_exact_at(&mut held, 0).map_err(|_| LakeError::Index(self.path.clone()))?;
            for block in 0..self.first.len() {
                let (from, to) = self.place(block);
                self.sound(held.get(from as usize..to as usize).unwrap_or_default())?;
            }
            self.held = held;
        }
        Ok(())
    }

    fn place(&self, block: usize) -> (u64, u64) {
        let from = block.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        (from, self.ends.get(block).copied().unwrap_or(from))
    }

    /// The records of a block, if it is as it was written.
    fn sound<'a>(&self, block: &'a [u8]) -> Result<&'a [u8], LakeError> {
        block
            .split_last_chunk::<CHECK>()
            .filter(|(records, sum)| (self.check)(records) == **sum)
            .map(|(records, _)| records)
            .ok_or_else(|| LakeError::Index(self.path.clone()))
    }

    /// The records of a block.
    fn block<'a>(&'a self, block: usize, buffer: &'a mut Vec<u8>) -> Result<&'a [u8], LakeError> {
        let (from, to) = self.place(block);
        if let Some(held) = self.held.get(from as usize..to as usize).filter(|_| !self.held.is_empty()) {
            return Ok(held.get(..held.len().saturating_sub(CHECK)).unwrap_or_default());
        }
        buffer.resize((to - from) as usize, 0);
        // It may be cut short; whatever it is, it can be made anew.
        self.file.read_exact_at(buffer, from).map_err(|_| LakeError::Index(self.path.clone()))?;
        self.sound(buffer)
    }

    /// Appends the bytes of a key; false if it is not there.
    pub fn get(&self, key: Key, buffer: &mut Vec<u8>, into: &mut Vec<u8>) -> Result<bool, LakeError> {
        if !self.filter.may_have(key) {
            return Ok(false);
        }
        let Some(at) = self.first.partition_point(|first| *first <= high(key)).checked_sub(1) else {
            return Ok(false);
        };
        let mut records = self.block(at, buffer)?;
        while !records.is_empty() {
            let (found, bytes) =
                take_record(&mut records).ok_or_else(|| LakeError::Index(self.path.clone()))?;
            if found >= key {
                if found == key {
                    into.extend_from_slice(bytes);
                }
                return Ok(found == key);
            }
        }
        Ok(false)
    }
}

/// Goes through a run key by key.
pub(super) struct Cursor<'a> {
    run: &'a Run,
    block: usize,
    buffer: Vec<u8>,
    at: usize,
    /// Where the current key stands; none at the end.
    pub key: Option<Key>,
    value: (usize, usize),
}

impl<'a> Cursor<'a> {
    /// Stands at the first key.
    pub fn of(run: &'a Run) -> Result<Self, LakeError> {
        let mut cursor = Self { run, block: 0, buffer: Vec::new(), at: 0, key: None, value: (0, 0) };
        cursor.step()?;
        Ok(cursor)
    }

    /// The bytes of the current key.
    pub fn bytes(&self) -> &[u8] {
        self.buffer.get(self.value.0..self.value.1).unwrap_or_default()
    }

    /// Goes to the next key.
    pub fn step(&mut self) -> Result<(), LakeError> {
        if self.at >= self.buffer.len() {
            if self.block >= self.run.first.len() {
                self.key = None;
                return Ok(());
            }
            let mut read = Vec::new();
            let records = self.run.block(self.block, &mut read)?;
            self.buffer.clear();
            self.buffer.extend_from_slice(records);
            self.block += 1;
            self.at = 0;
        }
        let mut rest = self.buffer.get(self.at..).unwrap_or_default();
        let (key, bytes) = take_record(&mut rest).ok_or_else(|| LakeError::Index(self.run.path.clone()))?;
        let length = bytes.len();
        self.at = self.buffer.len() - rest.len();
        self.key = Some(key);
        self.value = (self.at - length, self.at);
        Ok(())
    }
}

/// Goes through runs together, in order of keys: for each the numbers of the cursors that stand at it, the newest run first.
pub(super) fn merge<'a>(
    runs: impl DoubleEndedIterator<Item = &'a Run>,
    mut each: impl FnMut(Key, &[&Cursor<'a>]) -> Result<(), LakeError>,
) -> Result<(), LakeError> {
    use std::{cmp::Reverse, collections::BinaryHeap};
    let mut cursors = runs.rev().map(Cursor::of).collect::<Result<Vec<_>, _>>()?;
    let keyed = |(at, cursor): (usize, &Cursor<'_>)| cursor.key.map(|key| Reverse((key, at)));
    let mut heap: BinaryHeap<Reverse<(Key, usize)>> = cursors.iter().enumerate().filter_map(keyed).collect();
    let mut standing = Vec::new();
    while let Some(Reverse((key, at))) = heap.pop() {
        standing.clear();
        standing.push(at);
        while heap.peek().is_some_and(|top| top.0.0 == key) {
            standing.extend(heap.pop().map(|top| top.0.1));
        }
        let at_it: Vec<&Cursor<'a>> = standing.iter().filter_map(|at| cursors.get(*at)).collect();
        each(key, &at_it)?;
        for at in &standing {
            if let Some(cursor) = cursors.get_mut(*at) {
                cursor.step()?;
                heap.extend(cursor.key.map(|key| Reverse((key, *at))));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_was_written_before_is_read_and_held_against_its_own_checksums() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new.run");
        let mut writer = RunWriter::create(&path, 1000).unwrap();
        let key = |n: u128| n << 96 | n;
        (0..1000).for_each(|n| writer.push(key(n), &[n as u8; 30]).unwrap());
        let run = writer.finish().unwrap();
        // The same with the checksums of before.
        let mut bytes = durable::read(&path).unwrap();
        let tail = bytes.len() - TAIL;
        bytes[tail..tail + 8].copy_from_slice(&BEFORE);
        let blocks = (0..run.first.len()).map(|block| run.place(block));
        let all = [(run.bytes, bytes.len() as u64)];
        for (from, to) in blocks.chain(all) {
            let (from, sum) = (from as usize, to as usize - CHECK);
            let check = check_before(&bytes[from..sum]);
            bytes[sum..to as usize].copy_from_slice(&check);
        }
        let before = folder.path().join("before.run");
        durable::replace(&before, &bytes).unwrap();
        for (path, held) in [(&path, true), (&path, false), (&before, true), (&before, false)] {
            let mut run = Run::open(path).unwrap();
            run.expect(if held { 1000 } else { 0 }).unwrap();
            for n in 0..1000 {
                let mut found = Vec::new();
                assert!(run.get(key(n), &mut Vec::new(), &mut found).unwrap());
                assert_eq!(found, [n as u8; 30]);
            }
        }
        bytes[100] ^= 1;
        durable::replace(&before, &bytes).unwrap();
        assert!(Run::open(&before).unwrap().expect(1000).is_err());
    }
}
