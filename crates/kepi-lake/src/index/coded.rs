//! How the versions of a key are written in a run: mostly some 24 bytes each.

use super::{
    EVER, Entry, OPEN, Version,
    run::{take, take_number},
};

/// What need not be written, because it is what it mostly is.
const FROM_EVER: u8 = 1;
const TO_OPEN: u8 = 2;
const NOT_ENDED: u8 = 4;
const STARTS_BY_ORDER: u8 = 8;
const FROM_START: u8 = 16;

/// Bytes of a version at most: flags, six numbers of eight bytes and four of five.
const LONGEST: usize = 1 + 6 * 8 + 4 * 5;

/// Appends a version: where it is to stand, so that room is looked for once and nothing is copied.
pub(super) fn put_entry(into: &mut Vec<u8>, entry: &Entry) {
    let v = &entry.version;
    let flag = |is: bool, flag: u8| if is { flag } else { 0 };
    let flags = flag(entry.from == EVER, FROM_EVER)
        | flag(entry.to == OPEN, TO_OPEN)
        | flag(v.ended == OPEN, NOT_ENDED)
        | flag(v.start == v.order, STARTS_BY_ORDER)
        | flag(entry.from == v.start, FROM_START);
    let (begin, mut length) = (into.len(), 0);
    into.extend_from_slice(&[0; LONGEST]);
    let bytes = into.get_mut(begin..).unwrap_or_default();
    let mut put = |of: &[u8]| {
        if let Some(place) = bytes.get_mut(length..length + of.len()) {
            place.copy_from_slice(of);
        }
        length += of.len();
    };
    put(&[flags]);
    put(&v.content.to_le_bytes());
    put(&v.order.to_le_bytes());
    let mut unless = |known: u8, n: i64| {
        if flags & known == 0 {
            put(&n.to_le_bytes());
        }
    };
    unless(STARTS_BY_ORDER, v.start);
    unless(NOT_ENDED, v.ended);
    unless(FROM_EVER | FROM_START, entry.from);
    unless(TO_OPEN, entry.to);
    for mut n in [v.file, v.row, v.load, v.source] {
        while n >= 0x80 {
            put(&[n as u8 | 0x80]);
            n >>= 7;
        }
        put(&[n as u8]);
    }
    into.truncate(begin + length);
}

/// Takes a version; none if there is none.
pub(super) fn take_entry(from: &mut &[u8]) -> Option<Entry> {
    let [flags] = take(from)?;
    let content = u64::from_le_bytes(take(from)?);
    let order = i64::from_le_bytes(take(from)?);
    let mut unless = |known: u8, else_: i64| {
        if flags & known == 0 { take(from).map(i64::from_le_bytes) } else { Some(else_) }
    };
    let start = unless(STARTS_BY_ORDER, order)?;
    let ended = unless(NOT_ENDED, OPEN)?;
    let began = unless(FROM_EVER | FROM_START, if flags & FROM_EVER == 0 { start } else { EVER })?;
    let to = unless(TO_OPEN, OPEN)?;
    let mut number = || u32::try_from(take_number(from)?).ok();
    let version = Version {
        content,
        order,
        start,
        ended,
        file: number()?,
        row: number()?,
        load: number()?,
        source: number()?,
    };
    Some(Entry { version, from: began, to })
}

/// The versions of a key, in their order.
pub(super) fn entries(mut bytes: &[u8]) -> impl Iterator<Item = Entry> {
    std::iter::from_fn(move || take_entry(&mut bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_comes_back_as_it_was() {
        let mut all = Vec::new();
        for (start, ended) in [(5, OPEN), (9, 12), (5, 7), (EVER, OPEN)] {
            for (from, to) in [(EVER, OPEN), (5, OPEN), (EVER, 9), (6, 8), (i64::MAX, i64::MAX)] {
                let version = Version {
                    content: u64::MAX - 3,
                    order: 5,
                    start,
                    ended,
                    file: 300,
                    row: u32::MAX,
                    load: 0,
                    source: 127,
                };
                all.push(Entry { version, from, to });
            }
        }
        let mut bytes = Vec::new();
        all.iter().for_each(|entry| put_entry(&mut bytes, entry));
        assert_eq!(entries(&bytes).collect::<Vec<_>>(), all);
    }
}
