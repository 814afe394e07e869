//! Where the sides of a KPI meet, and in which periods and segments there is to be a value.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    cells::SideStates,
    layout::Layout,
    measure::Presence,
    state::{KeyColumn, Member},
};

/// One key set of a KPI: where its sides meet.
pub(super) struct Cube<'a> {
    pub(super) sides: Vec<SideStates<'a>>,
    pub(super) layout: Layout,
}

/// Where there is to be a value: bucket, members in the order of the key set, and which cell of each side.
pub(super) type Place = (u32, Vec<Member>, Vec<Option<usize>>);

impl Cube<'_> {
    /// The places for values, sorted by bucket, then by members. `last`: the last bucket that the data reach; `units`: see
    /// [`Presence::Everywhere`].
    pub(super) fn cells(
        &self,
        presence: Presence,
        last: Option<u32>,
        units: &BTreeSet<Member>,
    ) -> Vec<Place> {
        let Layout { buckets, keys, places } = &self.layout;
        let nothing = || vec![None; self.sides.len()];
        let mut found: Vec<Vec<Option<usize>>> = buckets.iter().map(|_| nothing()).collect();
        for (side, places) in places.iter().enumerate() {
            for (cell, place) in places.iter().enumerate() {
                let sides = found.get_mut(*place as usize);
                if let Some(slot) = sides.and_then(|sides| sides.get_mut(side)) {
                    *slot = Some(cell);
                }
            }
        }
        let needed = if presence == Presence::EverySide && !keys.is_empty() { self.sides.len() } else { 1 };
        let populated = |cells: &[Option<usize>]| {
            let sides = self.sides.iter().zip(cells);
            sides.filter(|(side, cell)| cell.is_some_and(|cell| side.is_populated(cell))).count()
        };
        let everywhere = presence == Presence::Everywhere;
        let keep: Vec<bool> = found.iter().map(|cells| everywhere || populated(cells) >= needed).collect();
        let ends = (keep.iter().position(|keep| *keep), keep.iter().rposition(|keep| *keep));
        let within = |place| keys.is_empty() && ends.0 <= Some(place) && Some(place) <= ends.1;
        let mut cells: Vec<Place> = Vec::new();
        for (place, ((bucket, sides), keep)) in buckets.iter().zip(found).zip(&keep).enumerate() {
            if !*keep && !within(place) {
                continue;
            }
            if keys.is_empty() {
                // The total has a value for every period from the first to the last.
                let next = cells.last().map_or(*bucket, |(before, ..)| before + 1);
                cells.extend((next..*bucket).map(|bucket| (bucket, Vec::new(), nothing())));
            }
            let member = |key: &KeyColumn| key.members.get(*key.codes.get(place)? as usize).cloned();
            cells.push((*bucket, keys.iter().filter_map(member).collect(), sides));
        }
        match presence {
            Presence::Onwards => self.onwards(cells, last),
            Presence::Everywhere => self.everywhere(cells, last, units),
            Presence::AnySide | Presence::EverySide => cells,
        }
    }

    /// Besides, the total and the segments of `units` in every period from the first to the last of all.
    fn everywhere(&self, mut cells: Vec<Place>, last: Option<u32>, units: &BTreeSet<Member>) -> Vec<Place> {
        let (Some((first, ..)), Some((end, ..))) = (cells.first(), cells.last()) else { return cells };
        let all = *first..=last.unwrap_or(0).max(*end);
        let mut there: BTreeMap<Vec<Member>, BTreeSet<u32>> = BTreeMap::new();
        for (bucket, members, _) in &cells {
            let filled = match members.as_slice() {
                [] => true,
                [member] => units.contains(member),
                _ => false,
            };
            if filled {
                there.entry(members.clone()).or_default().insert(*bucket);
            }
        }
        for (members, there) in there {
            let missing = all.clone().filter(|bucket| !there.contains(bucket));
            cells.extend(missing.map(|bucket| (bucket, members.clone(), vec![None; self.sides.len()])));
        }
        cells.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        cells
    }

    /// Every segment in every period from its first to the last of all.
    fn onwards(&self, cells: Vec<Place>, last: Option<u32>) -> Vec<Place> {
        let (Some((first, ..)), Some((end, ..))) = (cells.first(), cells.last()) else { return cells };
        let (first, last) = (*first, last.unwrap_or(0).max(*end));
        let mut cells = cells.into_iter().peekable();
        let mut known: BTreeSet<Vec<Member>> = BTreeSet::new();
        let mut onwards = Vec::new();
        for bucket in first..=last {
            let mut here: BTreeMap<Vec<Member>, Vec<Option<usize>>> = BTreeMap::new();
            while let Some((_, members, sides)) = cells.next_if(|(found, ..)| *found == bucket) {
                known.insert(members.clone());
                here.insert(members, sides);
            }
            for members in &known {
                let sides = here.remove(members).unwrap_or_else(|| vec![None; self.sides.len()]);
                onwards.push((bucket, members.clone(), sides));
            }
        }
        onwards
    }
}
