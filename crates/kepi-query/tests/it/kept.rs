//! A run that reads what has changed gives, to the bit, what a run that reads everything gives.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use kepi_query::{
    kept::{Cost, Keeping, Kept, Why},
    port::{EvaluateError, Limits, PinnedFile, PinnedInputs},
    reference,
    state::Measured,
};
use kepi_testkit::{
    kept::{Changing, Drawer, MemoryShelf},
    road::number,
};

pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing here waits"),
    }
}

fn comparable(result: Result<Measured, EvaluateError>) -> Result<Measured, String> {
    result.map_err(|error| error.to_string())
}

fn placed(changing: &Changing, drawer: &Drawer) -> PinnedInputs {
    changing.in_files(|_, name, rows| {
        let path = format!("/lake/{name}");
        drawer.files.lock().unwrap().insert(path.clone(), rows.clone());
        PinnedFile::whole(path, 1, rows.rows as u64)
    })
}

fn read(cost: &Cost) -> u64 {
    cost.reads.iter().filter(|read| !matches!(read.why, Why::TooMany)).map(|read| read.amount.rows).sum()
}

#[test]
fn what_is_kept_never_shows() {
    let (first, count) = (number("KEPI_SEED", 0), number("KEPI_COUNT", 600));
    let limits = Limits::default();
    let (mut all, mut less, mut nothing) = (0_u64, 0_u64, 0_u64);
    let (mut whole, mut too_many) = (0, 0);
    let mut did = std::collections::BTreeMap::new();
    let mut done = 0;
    let mut seed = first;
    while done < count {
        let mut changing = Changing::new(seed);
        let (shelf, drawer) = (MemoryShelf::default(), Drawer::default());
        let keeping = Keeping {
            part_rows: *changing.chance().pick(&[1, 30, 1 << 18]),
            few_values: *changing.chance().pick(&[2, 1 << 16]),
            ..Keeping::default()
        };
        for step in 0..30 {
            let limits = match changing.chance().once_in(20) {
                true => Limits { cells: 3, ..limits },
                false => limits,
            };
            let inputs = placed(&changing, &drawer);
            let kept = Kept::new(&drawer, &shelf).keeping(keeping);
            let found = comparable(now(kept.measure(&changing.plan, &inputs, &limits)));
            let expected = comparable(reference::measure(&changing.plan, &changing.whole(), &limits));
            assert_eq!(found, expected, "seed {seed} step {step} {:#?}", changing.plan);
            let [cost] = &kept.costs()[..] else { panic!("one plan was measured") };
            match read(cost) {
                _ if expected.is_err() => {}
                0 => nothing += 1,
                rows if rows < cost.of.rows => less += 1,
                _ => all += 1,
            }
            too_many += cost.reads.iter().filter(|read| matches!(read.why, Why::TooMany)).count();
            whole += cost.reads.iter().filter(|read| matches!(read.why, Why::First)).count();
            if changing.chance().once_in(4) {
                kept.tidy();
            }
            changing.change();
            if changing.chance().once_in(10) {
                shelf.damage(changing.chance());
            }
            done += 1;
        }
        for (what, n) in changing.did {
            *did.entry(what).or_insert(0) += n;
        }
        seed += 1;
    }
    println!(
        "states: {done} changes, equal all: {nothing} read nothing, {less} some, {all} all rows ({whole} for the first time), {too_many} too many values; {did:?}"
    );
    assert!(nothing * 20 > done && less * 20 > done, "{nothing} and {less} of {done}");
    assert!(too_many > 0 && whole > 0, "{too_many} and {whole} of {done}");
    assert!(did.len() >= 11, "{did:?}");
}
