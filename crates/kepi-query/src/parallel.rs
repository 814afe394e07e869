//! Independent pieces of work on some threads.

use std::{
    panic::resume_unwind,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// `f` of every item, in the order of the items. Threads take the next item when they are done with one.
pub fn map<T: Sync, R: Send>(items: &[T], threads: usize, f: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = threads.min(items.len());
    if threads < 2 {
        return items.iter().map(f).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(place) else { return done };
            done.push((place, f(item)));
        }
    };
    let mut done: Vec<(usize, R)> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        running
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    });
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

/// `f` of every item, each of which is taken once. Threads take the next item when they are done with one.
pub fn each<T: Send>(items: Vec<T>, threads: usize, f: impl Fn(T) + Sync) {
    let threads = threads.min(items.len());
    if threads < 2 {
        return items.into_iter().for_each(f);
    }
    let items = Mutex::new(items.into_iter());
    let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
    std::thread::scope(|scope| {
        (0..threads).for_each(|_| {
            scope.spawn(|| std::iter::from_fn(next).for_each(&f));
        });
    });
}

#[cfg(test)]
mod tests {
    use super::{each, map};

    #[test]
    fn each_item_is_taken_once_whatever_the_threads() {
        for threads in [0, 1, 2, 7] {
            let mut items: Vec<u64> = (0..1_000).collect();
            each(items.iter_mut().collect(), threads, |item| *item += 1);
            assert!(items.iter().zip(1..).all(|(item, expected)| *item == expected));
        }
    }

    #[test]
    fn results_come_in_the_order_of_the_items_whatever_the_threads() {
        let items: Vec<u64> = (0..1_000).collect();
        let squares: Vec<u64> = items.iter().map(|item| item * item).collect();
        for threads in [0, 1, 2, 7, 2_000] {
            assert_eq!(map(&items, threads, |item| item * item), squares);
        }
        assert!(map(&[] as &[u64], 4, |item| *item).is_empty());
    }
}
