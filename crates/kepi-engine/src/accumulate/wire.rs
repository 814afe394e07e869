//! States as bytes, and back.

use super::{Accumulator, Distinct, Total};
use crate::{
    group::Interner,
    wire::{Reader, Writer},
};
use kepi_query::state::Member;

impl Interner {
    /// The members, in their order.
    pub fn write(&self, to: &mut Writer) {
        to.length(self.members().len());
        for member in self.members() {
            match member {
                Member::Unknown => to.number(0),
                Member::Value(text) => {
                    to.number(1);
                    to.text(text);
                }
            }
        }
    }
    /// The same members by the same numbers.
    pub fn read(from: &mut Reader<'_>) -> Option<Self> {
        let mut interner = Self::default();
        for number in 0..from.length()? {
            let member = match from.number::<u8>()? {
                0 => Member::Unknown,
                1 => Member::Value(from.text()?.into()),
                _ => return None,
            };
            // One that came before has its number.
            if interner.member(&member) as usize != number {
                return None;
            }
        }
        Some(interner)
    }
}

impl Accumulator {
    /// The states, cells in order.
    pub fn write(&self, to: &mut Writer) {
        match self {
            Self::Count(values) | Self::Histogram { counts: values, .. } => {
                values.iter().for_each(|value| to.number((*value).into()));
            }
            Self::Sum(values) => values.iter().for_each(|value| to.signed((*value).into())),
            Self::Total(values) => values.iter().for_each(|total| {
                to.number(total.positive);
                to.number(total.negative);
                to.number(total.overflowed.into());
            }),
            Self::Minimum(values) | Self::Maximum(values) => {
                values.iter().for_each(|value| match value {
                    None => to.number(0),
                    Some(value) => {
                        to.number(1);
                        to.signed((*value).into());
                    }
                });
            }
            Self::Distinct(distinct) => {
                distinct.interner.write(to);
                to.length(distinct.pairs.len());
                for pair in &distinct.pairs {
                    to.number((pair >> 32).into());
                    to.number((*pair as u32).into());
                }
            }
        }
    }
    /// States of this kind, of so many cells.
    pub fn read(&self, cells: usize, from: &mut Reader<'_>) -> Option<Self> {
        fn all<T>(cells: usize, mut read: impl FnMut() -> Option<T>) -> Option<Vec<T>> {
            (0..cells).map(|_| read()).collect()
        }
        let extremes = |from: &mut Reader<'_>| {
            all(cells, || match from.number::<u8>()? {
                0 => Some(None),
                1 => from.signed().map(Some),
                _ => None,
            })
        };
        Some(match self {
            Self::Count(_) => Self::Count(all(cells, || from.number())?),
            Self::Sum(_) => Self::Sum(all(cells, || from.signed())?),
            Self::Total(_) => Self::Total(all(cells, || {
                let (positive, negative) = (from.number()?, from.number()?);
                Some(Total { positive, negative, overflowed: from.number::<u8>()? != 0 })
            })?),
            Self::Minimum(_) => Self::Minimum(extremes(from)?),
            Self::Maximum(_) => Self::Maximum(extremes(from)?),
            Self::Histogram { bins, edges, .. } => {
                let counts = all(cells.checked_mul(*bins)?, || from.number())?;
                Self::Histogram { bins: *bins, edges: edges.clone(), counts }
            }
            Self::Distinct(_) => {
                let mut distinct = Distinct { interner: Interner::read(from)?, cells, ..Distinct::default() };
                let members = distinct.interner.members().len();
                for _ in 0..from.length()? {
                    let (cell, member): (u32, u32) = (from.number()?, from.number()?);
                    if cell as usize >= cells || member as usize >= members {
                        return None;
                    }
                    distinct.add(cell, member);
                }
                Self::Distinct(distinct)
            }
        })
    }
}
