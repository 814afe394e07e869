//! Of a period that the data of one term do not reach: what is counted there is unknown and not zero.

use super::{OUTSIDE, Reader, WireError, Writer, term_code, term_of};
use crate::side::Term;

/// The data of a term do not reach a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outside {
    /// Which term.
    pub term: Term,
    /// Where they begin or end.
    pub edge: Edge,
}

/// An end of data, in days from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// The period is before their first day; none: there are no data at all.
    Begin(Option<i32>),
    /// The period is after their last day.
    End(i32),
}

impl Outside {
    /// Whether it holds of a longer period too, by its first and last day: of one that the data reach in part it does not.
    pub fn is_beyond(&self, first: i32, last: i32) -> bool {
        match self.edge {
            Edge::Begin(begin) => begin.is_none_or(|begin| last < begin),
            Edge::End(end) => first > end,
        }
    }
}

impl<'a> Writer<'a> {
    /// Begins a cell of so many terms of a period outside the data of one: [`Self::ends_outside`] ends it.
    pub(crate) fn new_outside(bytes: &'a mut Vec<u8>, terms: usize) -> Self {
        Self::begin(bytes, OUTSIDE, terms)
    }

    /// What follows the terms: neither a window nor inputs, and what is not reached.
    pub(crate) fn ends_outside(&mut self, outside: &Outside) {
        self.bytes.extend([0, 0]);
        self.outside(outside);
    }

    pub(super) fn outside(&mut self, Outside { term, edge }: &Outside) {
        self.bytes.push(term_code(*term));
        let (code, day) = match edge {
            Edge::Begin(None) => (0, None),
            Edge::Begin(Some(day)) => (1, Some(*day)),
            Edge::End(day) => (2, Some(*day)),
        };
        self.bytes.push(code);
        if let Some(day) = day {
            self.signed(day.into());
        }
    }
}

impl Reader<'_> {
    pub(super) fn outside(&mut self) -> Result<Outside, WireError> {
        let term = term_of(self.byte()?).ok_or(WireError::Damaged(self.at))?;
        let edge = match self.byte()? {
            0 => Edge::Begin(None),
            1 => Edge::Begin(Some(self.day()?)),
            2 => Edge::End(self.day()?),
            _ => return Err(WireError::Damaged(self.at)),
        };
        Ok(Outside { term, edge })
    }
}
