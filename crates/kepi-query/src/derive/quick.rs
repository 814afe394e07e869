//! Gathering column by column: the same as row by row, where one text ties the rows and all that is asked of them is made of their own columns.
//!
//! Texts are codes, so that rows are put in order by counting, once for all attributes that find the same rows. Conditions and bounds are
//! computed a column at a time; what is found for a row lies side by side. Whatever is not known to come to the same is left to [`super::gather`].

use std::{
    borrow::Cow,
    cmp::Ordering,
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use kepi_model::{
    derived::{Bound, GatheredAsOf, How, Stretch, panel},
    expression::{
        Arithmetic, Comparison, Expression, Function, Literal, Node, Path, Physical, days_between, days_later,
    },
    id::{AttributeId, EntityId},
};

use super::{
    plan::GatherStep,
    reference::day_of,
    table::{Table, World, column, push},
};
use crate::{
    parallel,
    port::{MemoryColumn, MemoryTable},
    row::{Cell, Overflow, Row, evaluate},
    texts::{Places, Texts},
};

/// What was found out of tables, for those who ask again.
#[derive(Default)]
pub(super) struct Shared(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// Rows in order.
    grouped: Option<(Asked, Arc<Grouped>)>,
    /// By code of the first, that of the second.
    codes: Option<([Texts; 2], Arc<Vec<u32>>)>,
}

/// A thread takes no fewer rows at a time than these, if there are as many.
const AT_ONCE: usize = 256;

/// What rows are put in order by: table, its rows, what ties them, what dates them.
type Asked = (EntityId, usize, String, Expression);

/// Current rows with a date, by the code of what ties them, each group in order.
struct Grouped {
    /// Date and place in the table.
    rows: Vec<(i64, u32)>,
    /// Where the group of each code begins, and where the last ends.
    starts: Vec<u32>,
}

/// Gathers; none where it has to be done row by row.
pub(super) fn gather(
    step: &GatherStep,
    days: &[i64],
    world: &World,
    shared: &Shared,
    threads: usize,
) -> Option<Result<MemoryColumn, Overflow>> {
    let gathered = &step.gathered;
    let Stretch::Dated { from, after, until, within } = &gathered.stretch else { return None };
    if matches!(gathered.as_of, Some(GatheredAsOf::At(_))) {
        return None;
    }
    let (table, of) = (world.tables.get(&step.table)?, world.tables.get(&gathered.of)?);
    let [(mine, theirs)] = gathered.same.as_slice() else { return None };
    let (mine, theirs_name) = (texts(table, plain(mine)?)?, plain(theirs)?);
    let theirs = texts(of, theirs_name)?;
    let filter = match &gathered.filter {
        None => None,
        Some(filter) => Some(values(filter, of, &[])?),
    };
    let value = match &gathered.value {
        None => None,
        Some(value) => Some((values(value, of, &[])?, value.type_.physical())),
    };
    let moved = moved(step, table, [from, until])?;
    let bound = |bound: &Option<Bound>| -> Option<Option<At<'_>>> {
        Some(Some(match bound {
            None => return Some(None),
            Some(Bound::This) => At::This(values(&as_path(step.time.as_ref()?), table, &[])?),
            Some(Bound::At(at)) => At::Instant(values(at, table, &moved)?),
        }))
    };
    let (low, high) = (bound(from)?, bound(until)?);
    let asked = (gathered.of.clone(), of.rows, theirs_name.to_owned(), gathered.dated.clone());
    let grouped = shared.grouped(asked, of, theirs, threads)?;
    let codes = shared.codes(mine, theirs);
    let is_in = |row: u32| {
        let holds = filter.as_ref().is_none_or(|filter| filter.truth(row as usize) == Some(true));
        holds && value.as_ref().is_none_or(|(value, _)| value.is_known(row as usize))
    };
    let cell = |row: u32| {
        value.as_ref().map_or(Cell::Boolean(true), |(v, physical)| v.cell(row as usize, *physical))
    };
    let grouped = &*grouped;
    let one = |row: u32| -> Result<Cell, Overflow> {
        let code = mine.code_of(row as usize).and_then(|code| codes.get(code as usize));
        let Some(code) = code else { return Ok(Cell::Missing) };
        let rows = grouped.of(*code);
        let instant = |bound: &Option<At<'_>>| match bound {
            None => Some(None),
            Some(bound) => bound.instant(row as usize).map(Some),
        };
        let (Some(mut from), Some(until)) = (instant(&low), instant(&high)) else { return Ok(Cell::Missing) };
        let (mut last, mut by_place) = (None, (is_this(&low), is_this(&high)));
        if let Some(within) = within {
            match (from, until) {
                (Some(from), _) => last = Some(within.after(from)),
                (None, Some(until)) => {
                    from = Some(within.before(until));
                    by_place.0 = false;
                }
                (None, None) => {}
            }
        }
        // Of one date the key decides, if the place of the row itself is the bound.
        let order = |place: usize, bound: i64, by_place: bool| {
            let Some((at, other)) = rows.get(place) else { return Ordering::Less };
            let own = at.cmp(&bound);
            if by_place && own.is_eq() { of.key(*other).cmp(&table.key(row)) } else { own }
        };
        let first = from.map_or(0, |from| {
            point(rows.len(), |place| {
                let order = order(place, from, by_place.0);
                if *after { order.is_le() } else { order.is_lt() }
            })
        });
        let mut end =
            until.map_or(rows.len(), |until| point(rows.len(), |p| order(p, until, by_place.1).is_lt()));
        if let Some(last) = last {
            end = end.min(rows.partition_point(|(at, _)| *at <= last));
        }
        let itself = (step.table == gathered.of).then_some(row);
        let within = rows.get(first..end.max(first)).unwrap_or_default();
        let mut found = within.iter().filter(|(_, other)| itself != Some(*other) && is_in(*other));
        let number = |n: usize| Cell::Integer(i64::try_from(n).unwrap_or(i64::MAX));
        Ok(match gathered.how {
            How::Count => number(found.count()),
            How::Any => Cell::Boolean(found.next().is_some()),
            How::First => found.next().map_or(Cell::Missing, |(_, other)| cell(*other)),
            How::Last => found.next_back().map_or(Cell::Missing, |(_, other)| cell(*other)),
            How::Least => found.map(|(_, other)| cell(*other)).min().unwrap_or(Cell::Missing),
            How::Greatest => found.map(|(_, other)| cell(*other)).max().unwrap_or(Cell::Missing),
            How::Distinct => number(found.map(|(_, other)| cell(*other)).collect::<BTreeSet<_>>().len()),
            How::Days => {
                let mut all: Vec<i64> = found.map(|(at, _)| day_of(days, *at)).collect();
                // They are in order.
                all.dedup();
                number(all.len())
            }
            How::Sum => {
                let sum = found.fold(0_i128, |sum, (_, other)| match cell(*other) {
                    Cell::Integer(value) => sum + i128::from(value),
                    _ => sum,
                });
                Cell::Integer(i64::try_from(sum).map_err(|_| Overflow { bits: 64 })?)
            }
        })
    };
    // All versions of a row show what the newest has.
    let newest = table.newest();
    let mut asked = newest.clone();
    asked.sort_unstable();
    asked.dedup();
    let parts: Vec<&[u32]> = asked.chunks(asked.len().div_ceil(4 * threads).max(AT_ONCE)).collect();
    let parts = parallel::map(&parts, threads, |rows| {
        let mut made = column(step.physical, rows.len());
        rows.iter().try_for_each(|row| one(*row).map(|found| push(&mut made, found)))?;
        Ok(MemoryTable { rows: rows.len(), columns: vec![made] })
    });
    let mut all = MemoryTable { rows: 0, columns: vec![column(step.physical, asked.len())] };
    for part in parts {
        match part {
            Ok(part) => all.extend(&part),
            Err(overflow) => return Some(Err(overflow)),
        }
    }
    if asked.len() < newest.len() {
        let mut places = vec![0; table.rows];
        for (place, row) in (0..).zip(&asked) {
            if let Some(slot) = places.get_mut(*row as usize) {
                *slot = place;
            }
        }
        let place = |row: &u32| places.get(*row as usize).copied().unwrap_or_default();
        all = all.taken(&newest.iter().map(place).collect::<Vec<u32>>());
    }
    all.columns.pop().map(Ok)
}

/// The first place from which on something does not hold that holds before.
fn point(places: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, places);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// A bound by row.
enum At<'a> {
    /// The place of the row itself.
    This(Values<'a>),
    Instant(Values<'a>),
}

impl At<'_> {
    fn instant(&self, row: usize) -> Option<i64> {
        let (Self::This(values) | Self::Instant(values)) = self;
        values.number(row)
    }
}

fn is_this(bound: &Option<At<'_>>) -> bool {
    matches!(bound, Some(At::This(_)))
}

fn as_path(path: &Path) -> Expression {
    Expression { node: Node::Path(path.clone()), type_: kepi_model::expression::Type::Timestamp }
}

impl Shared {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Forgets what was found out of other tables.
    pub(super) fn keep(&self, stays: impl Fn(&EntityId) -> bool) {
        let mut known = self.known();
        if known.grouped.as_ref().is_some_and(|(asked, _)| !stays(&asked.0)) {
            *known = Known::default();
        }
    }
    fn grouped(&self, asked: Asked, of: &Table, theirs: &Texts, threads: usize) -> Option<Arc<Grouped>> {
        let known = &mut self.known().grouped;
        if let Some((_, grouped)) = known.as_ref().filter(|(known, _)| *known == asked) {
            return Some(Arc::clone(grouped));
        }
        // What nobody asks for any more makes room first.
        *known = None;
        let dated = values(&asked.3, of, &[])?;
        let grouped = Arc::new(Grouped::new(of, theirs, &dated, threads));
        *known = Some((asked, Arc::clone(&grouped)));
        Some(grouped)
    }
    fn codes(&self, mine: &Texts, theirs: &Texts) -> Arc<Vec<u32>> {
        let known = &mut self.known().codes;
        let is = |[one, other]: &[Texts; 2]| one.has_members_of(mine) && other.has_members_of(theirs);
        if let Some((_, codes)) = known.as_ref().filter(|(of, _)| is(of)) {
            return Arc::clone(codes);
        }
        let codes = Arc::new(codes_in(mine, theirs));
        *known = Some(([Texts::like(mine, 0), Texts::like(theirs, 0)], Arc::clone(&codes)));
        codes
    }
}

impl Grouped {
    fn new(of: &Table, theirs: &Texts, dated: &Values<'_>, threads: usize) -> Self {
        let ends = of.ends();
        let is_current = |row: usize| ends.is_none_or(|ends| ends.get(row).copied().flatten().is_none());
        let each = || {
            let tied = theirs.codes().iter().enumerate();
            let tied = tied.filter(|(row, code)| **code != Texts::MISSING && is_current(*row));
            tied.filter_map(|(row, code)| Some((row as u32, *code as usize, dated.number(row)?)))
        };
        let mut starts = vec![0_u32; theirs.members().len() + 1];
        for (_, code, _) in each() {
            if let Some(start) = starts.get_mut(code + 1) {
                *start += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut rows: Vec<(i64, u32)> = vec![(0, 0); sum as usize];
        // Groups that lie side by side, about as many rows for each thread, which finds its own.
        let mut rest = rows.as_mut_slice();
        let mut blocks = Vec::new();
        let (mut first, members) = (0, theirs.members().len());
        for thread in 1..=threads {
            let most = (u64::from(sum) * thread as u64 / threads as u64) as u32;
            let end = starts.partition_point(|start| *start <= most).saturating_sub(1).clamp(first, members);
            let Some(own) = starts.get(first..=end) else { continue };
            let number = own.last().zip(own.first()).map_or(0, |(end, begin)| end - begin);
            let (block, others) = rest.split_at_mut(number as usize);
            rest = others;
            blocks.push((block, first, own));
            first = end;
        }
        parallel::each(blocks, threads, |(block, first, starts)| {
            let begins = starts.first().copied().unwrap_or_default();
            let codes = first..first + starts.len() - 1;
            let mut next = starts.to_vec();
            for (row, code, at) in each().filter(|(_, code, _)| codes.contains(code)) {
                if let Some(place) = next.get_mut(code - first) {
                    if let Some(slot) = block.get_mut((*place - begins) as usize) {
                        *slot = (at, row);
                    }
                    *place += 1;
                }
            }
            for (begin, end) in starts.iter().zip(starts.iter().skip(1)) {
                let group = block.get_mut((begin - begins) as usize..(end - begins) as usize);
                group
                    .unwrap_or_default()
                    .sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| of.key(a.1).cmp(&of.key(b.1))));
            }
        });
        Self { rows, starts }
    }

    /// The rows of a code, in order.
    fn of(&self, code: u32) -> &[(i64, u32)] {
        let at = |place: usize| self.starts.get(place).copied().unwrap_or_default() as usize;
        if code == Texts::MISSING {
            return &[];
        }
        self.rows.get(at(code as usize)..at(code as usize + 1)).unwrap_or_default()
    }
}

/// By member of the first, its code in the second.
fn codes_in(mine: &Texts, theirs: &Texts) -> Vec<u32> {
    if mine.has_members_of(theirs) {
        return (0..mine.members().len() as u32).collect();
    }
    let members: Vec<&str> = mine.members().iter().collect();
    let found = Places::of(theirs.members()).find_all(theirs.members(), &members);
    found.into_iter().map(|code| code.unwrap_or(Texts::MISSING)).collect()
}

fn plain(of: &Expression) -> Option<&str> {
    match &of.node {
        Node::Path(path) if path.references.is_empty() => Some(path.attribute.as_str()),
        _ => None,
    }
}

fn texts<'a>(table: &'a Table, name: &str) -> Option<&'a Texts> {
    match table.column(name)? {
        MemoryColumn::Text(texts) => Some(texts),
        _ => None,
    }
}

/// Columns of bounds of a panel's periods as they are some periods earlier, by name.
type Moved = Vec<(&'static str, Vec<Option<i64>>)>;

/// Those of them that bounds of a stretch read.
fn moved(step: &GatherStep, table: &Table, bounds: [&Option<Bound>; 2]) -> Option<Moved> {
    let ago = step.gathered.ago as usize;
    let (Some(periods), true) = (&step.periods, ago > 0) else { return Some(Vec::new()) };
    let own = |name: &str| match table.column(name) {
        Some(MemoryColumn::Instant(values)) => Some(values),
        _ => None,
    };
    let of = own(panel::PERIOD)?;
    let earlier = of.iter().map(|at| {
        let place = periods.edges.binary_search(&(*at)?).ok()?;
        place.checked_sub(ago)
    });
    let earlier: Vec<Option<usize>> = earlier.collect();
    let mut read: BTreeSet<&str> = BTreeSet::new();
    for bound in bounds {
        let Some(Bound::At(at)) = bound else { continue };
        at.visit(&mut |part| {
            if let Node::Path(path) = &part.node {
                read.insert(path.attribute.as_str());
            }
        });
    }
    let bound = |(name, edges, by): (&'static str, &[i64], usize)| {
        let own = own(name)?;
        // Where there is no earlier period the row's own bounds stand, as row by row.
        let at = |(earlier, own): (&Option<usize>, &Option<i64>)| match earlier {
            Some(earlier) => edges.get(earlier + by).copied().or(*own),
            None => *own,
        };
        Some((name, earlier.iter().zip(own).map(at).collect()))
    };
    let bounds = [
        (panel::PERIOD, &*periods.edges, 0),
        (panel::PERIOD_START, &*periods.starts, 0),
        (panel::PERIOD_END, &*periods.edges, 1),
    ];
    bounds.into_iter().filter(|(name, ..)| read.contains(name)).map(bound).collect()
}

/// What an expression comes to, row by row.
enum Values<'a> {
    /// Integers or instants.
    Numbers(Cow<'a, [Option<i64>]>),
    Truth(Cow<'a, [Option<bool>]>),
    Texts(&'a Texts),
    Constant(Cell),
}

impl Values<'_> {
    fn number(&self, row: usize) -> Option<i64> {
        match self {
            Self::Numbers(values) => values.get(row).copied().flatten(),
            Self::Constant(Cell::Integer(value) | Cell::Instant(value)) => Some(*value),
            _ => None,
        }
    }
    fn truth(&self, row: usize) -> Option<bool> {
        match self {
            Self::Truth(values) => values.get(row).copied().flatten(),
            Self::Constant(Cell::Boolean(value)) => Some(*value),
            _ => None,
        }
    }
    fn is_known(&self, row: usize) -> bool {
        match self {
            Self::Numbers(_) => self.number(row).is_some(),
            Self::Truth(_) => self.truth(row).is_some(),
            Self::Texts(texts) => texts.get(row).is_some(),
            Self::Constant(cell) => !cell.is_missing(),
        }
    }
    fn cell(&self, row: usize, physical: Physical) -> Cell {
        match self {
            Self::Numbers(_) => self.number(row).map_or(Cell::Missing, |value| match physical {
                Physical::Instant => Cell::Instant(value),
                _ => Cell::Integer(value),
            }),
            Self::Truth(_) => self.truth(row).map_or(Cell::Missing, Cell::Boolean),
            Self::Texts(texts) => texts.get(row).map_or(Cell::Missing, |text| Cell::Text(text.into())),
            Self::Constant(cell) => cell.clone(),
        }
    }
    /// Whether it is made of numbers.
    fn is_of_numbers(&self) -> bool {
        matches!(self, Self::Numbers(_) | Self::Constant(Cell::Integer(_) | Cell::Instant(_) | Cell::Missing))
    }
    fn is_of_truth(&self) -> bool {
        matches!(self, Self::Truth(_) | Self::Constant(Cell::Boolean(_) | Cell::Missing))
    }
}

/// An expression over all rows of a table; none where it is not known to come to what it does row by row.
fn values<'a>(
    of: &Expression,
    table: &'a Table,
    moved: &'a [(&str, Vec<Option<i64>>)],
) -> Option<Values<'a>> {
    let rows = 0..table.rows;
    let inner = |of: &Expression| values(of, table, moved);
    let truth = |of: &mut dyn FnMut(usize) -> Option<bool>| Values::Truth(rows.clone().map(of).collect());
    if let Some(found) = of_one_text(of, table) {
        return found;
    }
    Some(match &of.node {
        Node::Literal(literal) => Values::Constant(match (literal, of.type_.physical()) {
            (Literal::Missing, _) => Cell::Missing,
            (Literal::Integer(value), Physical::Instant) => Cell::Instant(*value),
            (Literal::Integer(value), _) => Cell::Integer(*value),
            (Literal::Text(text), _) => Cell::Text(text.as_str().into()),
            (Literal::Boolean(value), _) => Cell::Boolean(*value),
        }),
        Node::Path(path) if path.references.is_empty() => {
            let name = path.attribute.as_str();
            match moved.iter().find(|(own, _)| *own == name) {
                Some((_, values)) => Values::Numbers(Cow::Borrowed(values)),
                None => match table.column(name) {
                    None => Values::Constant(Cell::Missing),
                    Some(MemoryColumn::Integer(values) | MemoryColumn::Instant(values)) => {
                        Values::Numbers(Cow::Borrowed(values))
                    }
                    Some(MemoryColumn::Boolean(values)) => Values::Truth(Cow::Borrowed(values)),
                    Some(MemoryColumn::Text(texts)) => Values::Texts(texts),
                },
            }
        }
        Node::Compare(how, left, right) => {
            let (left, right) = (inner(left)?, inner(right)?);
            if !(left.is_of_numbers() && right.is_of_numbers()) {
                return None;
            }
            let how = *how;
            truth(&mut |row| {
                let order = left.number(row)?.cmp(&right.number(row)?);
                Some(match how {
                    Comparison::Equal => order.is_eq(),
                    Comparison::NotEqual => order.is_ne(),
                    Comparison::Less => order.is_lt(),
                    Comparison::LessOrEqual => order.is_le(),
                    Comparison::Greater => order.is_gt(),
                    Comparison::GreaterOrEqual => order.is_ge(),
                })
            })
        }
        Node::And(operands) | Node::Or(operands) => {
            let operands = operands.iter().map(inner).collect::<Option<Vec<_>>>()?;
            if !operands.iter().all(Values::is_of_truth) {
                return None;
            }
            let decides = matches!(&of.node, Node::Or(_));
            truth(&mut |row| {
                let mut all = Some(!decides);
                for operand in &operands {
                    match operand.truth(row) {
                        Some(value) if value == decides => return Some(decides),
                        Some(_) => {}
                        None => all = None,
                    }
                }
                all
            })
        }
        Node::Not(operand) => {
            let operand = inner(operand)?;
            if !operand.is_of_truth() {
                return None;
            }
            truth(&mut |row| operand.truth(row).map(|value| !value))
        }
        Node::IsMissing(operand) => {
            let operand = inner(operand)?;
            truth(&mut |row| Some(!operand.is_known(row)))
        }
        Node::Coalesce(operands) => {
            let operands = operands.iter().map(inner).collect::<Option<Vec<_>>>()?;
            if operands.iter().all(Values::is_of_numbers) {
                let first = |row: usize| operands.iter().find_map(|of| of.number(row));
                Values::Numbers(rows.map(first).collect())
            } else if operands.iter().all(Values::is_of_truth) {
                truth(&mut |row| operands.iter().find_map(|of| of.truth(row)))
            } else {
                return None;
            }
        }
        Node::Arithmetic(operation, left, right) => {
            let (left, right) = (inner(left)?, inner(right)?);
            if !(left.is_of_numbers() && right.is_of_numbers()) {
                return None;
            }
            let mut all = Vec::with_capacity(table.rows);
            for row in rows {
                all.push(match (left.number(row), right.number(row)) {
                    (Some(left), Some(right)) => Some(match operation {
                        Arithmetic::Add => left.checked_add(right)?,
                        Arithmetic::Subtract => left.checked_sub(right)?,
                        Arithmetic::Multiply => left.checked_mul(right)?,
                    }),
                    _ => None,
                });
            }
            Values::Numbers(Cow::Owned(all))
        }
        Node::Call(function, of) => match (function, of.as_slice()) {
            (
                Function::DaysLater,
                [at, Expression { node: Node::Literal(Literal::Integer(by)), .. }, zone],
            ) => {
                let (at, zone) = (inner(at)?, constant_text(zone)?);
                let later = |row: usize| days_later(at.number(row)?, *by, zone);
                Values::Numbers(rows.map(later).collect())
            }
            (Function::DaysBetween, [until, from, zone]) => {
                let (until, from, zone) = (inner(until)?, inner(from)?, constant_text(zone)?);
                let between = |row: usize| days_between(from.number(row)?, until.number(row)?, zone);
                Values::Numbers(rows.map(between).collect())
            }
            _ => return None,
        },
        _ => return None,
    })
}

fn constant_text(of: &Expression) -> Option<&str> {
    match &of.node {
        Node::Literal(Literal::Text(text)) => Some(text),
        _ => None,
    }
}

/// An expression of a single text, computed once for each different one; none of others, and none inside where that overflows.
#[expect(clippy::option_option, reason = "whether it is one, and what it comes to")]
fn of_one_text<'a>(of: &Expression, table: &'a Table) -> Option<Option<Values<'a>>> {
    if of.type_.physical() != Physical::Boolean || plain(of).is_some() {
        return None;
    }
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let mut walks = false;
    of.visit(&mut |part| match &part.node {
        Node::Path(path) => {
            walks |= !path.references.is_empty();
            names.insert(path.attribute.as_str());
        }
        Node::Exists(..) => walks = true,
        _ => {}
    });
    let [name] = names.into_iter().collect::<Vec<_>>()[..] else { return None };
    let texts = texts(table, name).filter(|_| !walks)?;
    let is = |text: Option<&str>| match evaluate(of, &OneText(text)) {
        Ok(Cell::Boolean(value)) => Some(Some(value)),
        Ok(_) => Some(None),
        Err(_) => None,
    };
    let of_members = texts.members().iter().map(|member| is(Some(member))).collect::<Option<Vec<_>>>();
    let (Some(of_members), Some(of_none)) = (of_members, is(None)) else { return Some(None) };
    let truth = |code: &u32| of_members.get(*code as usize).copied().unwrap_or(of_none);
    Some(Some(Values::Truth(texts.codes().iter().map(truth).collect())))
}

/// A row of which one text is all that is asked.
struct OneText<'a>(Option<&'a str>);

impl Row for OneText<'_> {
    fn attribute(&self, _: &Path) -> Cell {
        self.0.map_or(Cell::Missing, |text| Cell::Text(text.into()))
    }
    fn exists(&self, _: &AttributeId, _: &EntityId) -> Option<bool> {
        None
    }
}
