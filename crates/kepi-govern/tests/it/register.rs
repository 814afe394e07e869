//! The register against replaying every adoption day by day.

use std::collections::BTreeMap;

use jiff::civil::Date;
use kepi_govern::{Effective, Register, register::Adopted};
use proptest::prelude::*;

use crate::arbitrary::adoption;

const DAYS: i8 = 31;

fn day(n: i8) -> Date {
    Date::constant(2026, 1, 1 + n)
}

proptest! {
    #[test]
    fn in_force_is_what_was_written_last_over_each_day(adoptions in proptest::collection::vec(adoption(), 0..12)) {
        let mut register = Register::default();
        let mut replayed: BTreeMap<_, Vec<Option<Adopted>>> = BTreeMap::new();
        let mut files = vec![None; DAYS as usize];
        for (n, adoption) in adoptions.iter().enumerate() {
            register.apply(n as u64 + 1, adoption);
            let covered = |d: i8| adoption.from <= Effective::From(day(d));
            for (id, adopted) in &adoption.texts {
                let days = replayed.entry(id.clone()).or_insert_with(|| vec![None; DAYS as usize]);
                for d in (0..DAYS).filter(|d| covered(*d)) {
                    days[d as usize] = adopted.text.is_some().then_some(*adopted);
                }
            }
            if let Some(new) = adoption.files {
                for d in (0..DAYS).filter(|d| covered(*d)) {
                    files[d as usize] = Some(new);
                }
            }
        }
        prop_assert_eq!(register.position(), adoptions.len() as u64);
        for (id, days) in &replayed {
            for d in 0..DAYS {
                prop_assert_eq!(register.in_force(id, Some(day(d))), days[d as usize].as_ref(), "{} on {}", id, d);
            }
        }
        for d in 0..DAYS {
            prop_assert_eq!(register.files(Some(day(d))), files[d as usize].as_ref());
            let all = register.all_in_force(Some(day(d))).count();
            prop_assert_eq!(all, replayed.values().filter(|days| days[d as usize].is_some()).count());
        }
    }
}
