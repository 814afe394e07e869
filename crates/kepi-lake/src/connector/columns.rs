//! The columns of a file that has a header, and which of them a mapping means by a name.

use std::collections::HashMap;

use kepi_query::landing::Unbound;

/// Columns in their order.
pub(super) struct Columns {
    names: Vec<String>,
    /// Position of the first and the second column of each name.
    places: HashMap<String, (usize, Option<usize>)>,
}

impl Columns {
    pub fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let names: Vec<String> = names.map(|name| name.trim().to_owned()).collect();
        let mut places: HashMap<String, (usize, Option<usize>)> = HashMap::new();
        for (at, name) in names.iter().enumerate() {
            places
                .entry(name.clone())
                .and_modify(|place| place.1 = place.1.or(Some(at)))
                .or_insert((at, None));
        }
        Self { names, places }
    }

    pub fn names(&self) -> &[String] {
        &self.names
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// The column of a name. Where several have it, `name[2]` is the second of them.
    pub fn find(&self, column: &str) -> Result<usize, Unbound> {
        let column = column.trim();
        match self.places.get(column) {
            Some((at, None)) => Ok(*at),
            Some((first, Some(second))) => Err(Unbound::Repeated { first: first + 1, second: second + 1 }),
            None => self.numbered(column).ok_or(Unbound::Unknown),
        }
    }

    fn numbered(&self, column: &str) -> Option<usize> {
        let (name, number) = column.strip_suffix(']')?.rsplit_once('[')?;
        let number: usize = number.parse().ok()?;
        // Only where it is needed: of a name that stands once there is nothing to choose.
        let (_, Some(_)) = self.places.get(name)? else { return None };
        let mut alike = self.names.iter().enumerate().filter(|(_, n)| *n == name);
        alike.nth(number.checked_sub(1)?).map(|(at, _)| at)
    }

    /// What rows of labels say of each column, one behind the other; of a column of which they say nothing, nothing.
    pub fn told(&self, rows: &[Vec<String>]) -> Vec<(String, String)> {
        let said = |at: usize| {
            let texts = rows.iter().filter_map(|row| row.get(at)).map(|text| text.trim());
            texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ")
        };
        let all = self.labels().enumerate().map(|(at, name)| (name, said(at)));
        all.filter(|(_, text)| !text.is_empty()).collect()
    }

    /// Names by which every column can be told apart: what has no name has its position, what has it twice a number.
    pub fn labels(&self) -> impl Iterator<Item = String> + '_ {
        let mut seen: HashMap<&str, usize> = HashMap::new();
        self.names.iter().enumerate().map(move |(at, name)| {
            if name.is_empty() {
                return format!("column {}", at + 1);
            }
            if !matches!(self.places.get(name), Some((_, Some(_)))) {
                return name.clone();
            }
            let number = seen.entry(name).or_default();
            *number += 1;
            format!("{name}[{number}]")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_stands_twice_is_chosen_by_its_number() {
        let columns = Columns::new(["id", " note ", "", "note", "x[2]", "note"].into_iter());
        assert_eq!(columns.find(" id "), Ok(0));
        assert_eq!(columns.find("note"), Err(Unbound::Repeated { first: 2, second: 4 }));
        assert_eq!([1, 2, 3].map(|n| columns.find(&format!("note[{n}]"))), [Ok(1), Ok(3), Ok(5)]);
        assert_eq!(columns.find("x[2]"), Ok(4), "a column may be called so");
        for none in ["note[0]", "note[4]", "note[]", "id[1]", "x"] {
            assert_eq!(columns.find(none), Err(Unbound::Unknown), "{none}");
        }
        let labels: Vec<String> = columns.labels().collect();
        assert_eq!(labels, ["id", "note[1]", "column 3", "note[2]", "x[2]", "note[3]"]);
    }
}
