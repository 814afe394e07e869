//! The part of the form that says what weights are made from.

use kepi_stats::survey::cells::{CellMoments, ClusterProducts};

use super::{Reader, WireError, Writer};
use crate::state::{
    Member,
    weighting::{WeightedCell, WeightedCells, Weighting},
};

impl Writer<'_> {
    pub(super) fn weighting(&mut self, weighting: &Weighting) {
        let of = match weighting {
            Weighting::Cells(of) => of,
            Weighting::OutOfRange { bound } => {
                self.bytes.push(2);
                return self.text(bound);
            }
            Weighting::TooMany => return self.bytes.push(3),
        };
        self.bytes.push(1);
        self.number(of.margins.len() as u128);
        for margin in &of.margins {
            self.number(margin.len() as u128);
            for (member, amount) in margin {
                match member {
                    Member::Unknown => self.bytes.push(0),
                    Member::Value(text) => {
                        self.bytes.push(1);
                        self.text(text);
                    }
                }
                self.signed(*amount);
            }
        }
        self.number(of.cells.len() as u128);
        for cell in &of.cells {
            cell.members.iter().for_each(|member| self.number((*member).into()));
            self.bytes.push(cell.inside.into());
            let CellMoments { n, sum_b, sum_bx, sum_b2, sum_b2x, sum_b2x2 } = cell.moments;
            self.number(cell.asked.into());
            [n.into(), sum_b, sum_bx, sum_b2, sum_b2x, sum_b2x2].into_iter().for_each(|sum| self.signed(sum));
        }
        let Some(clusters) = &of.clusters else { return self.bytes.push(0) };
        self.bytes.push(1);
        self.number(clusters.clusters.into());
        self.signed(clusters.centre);
        self.number(clusters.products.len() as u128);
        for (p, q, product) in &clusters.products {
            self.number((*p).into());
            self.number((*q).into());
            self.signed(*product);
        }
    }
}

impl Reader<'_> {
    fn position(&mut self, end: usize) -> Result<u32, WireError> {
        let position = self.number()?;
        let within = u32::try_from(position).ok().filter(|position| (*position as usize) < end);
        within.ok_or(WireError::Damaged(self.at))
    }

    pub(super) fn weighting(&mut self) -> Result<Weighting, WireError> {
        match self.byte()? {
            1 => {}
            2 => return Ok(Weighting::OutOfRange { bound: self.text()? }),
            3 => return Ok(Weighting::TooMany),
            _ => return Err(WireError::Damaged(self.at)),
        }
        let mut of = WeightedCells::default();
        for _ in 0..self.length()? {
            let mut margin = Vec::new();
            for _ in 0..self.length()? {
                let member = match self.flag()? {
                    false => Member::Unknown,
                    true => Member::Value(self.text()?.into()),
                };
                margin.push((member, self.signed()?));
            }
            of.margins.push(margin);
        }
        for _ in 0..self.length()? {
            let members = of.margins.iter().map(|margin| self.position(margin.len()));
            let members = members.collect::<Result<_, _>>()?;
            let inside = self.flag()?;
            let asked = self.unsigned()?;
            let n = u64::try_from(self.signed()?).map_err(|_| WireError::Damaged(self.at))?;
            let moments = CellMoments {
                n,
                sum_b: self.signed()?,
                sum_bx: self.signed()?,
                sum_b2: self.signed()?,
                sum_b2x: self.signed()?,
                sum_b2x2: self.signed()?,
            };
            of.cells.push(WeightedCell { members, inside, asked, moments });
        }
        if self.flag()? {
            let mut clusters =
                ClusterProducts { clusters: self.unsigned()?, centre: self.signed()?, products: Vec::new() };
            let end = 2 * of.cells.len();
            for _ in 0..self.length()? {
                clusters.products.push((self.position(end)?, self.position(end)?, self.signed()?));
            }
            of.clusters = Some(clusters);
        }
        Ok(Weighting::Cells(of))
    }
}
