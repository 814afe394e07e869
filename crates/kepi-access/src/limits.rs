//! How often signing in may be tried: each failure in a row costs time.

use kepi_store::access::Failures;

const SECOND: i64 = 1_000_000;
/// So many failures in a row are free under one name: people mistype.
pub(crate) const FREE_BY_NAME: u64 = 5;
/// So many are free from one address: several people sit behind it.
pub(crate) const FREE_BY_ADDRESS: u64 = 20;
/// No wait is longer: whoever knows a name cannot lock its person out for long.
const LONGEST_WAIT: i64 = 15 * 60 * SECOND;
/// After so long a failure does not count any more.
pub(crate) const FORGOTTEN: i64 = 24 * 3600 * SECOND;

/// From when on it may be tried again: after the free ones each failure doubles the wait, from one second.
pub(crate) fn again_at(failures: Failures, free: u64) -> i64 {
    let Some(beyond) = failures.count.checked_sub(free) else { return i64::MIN };
    let doubled = u32::try_from(beyond).ok().and_then(|by| 1i64.checked_shl(by.min(32)));
    let wait = doubled.map_or(LONGEST_WAIT, |seconds| (seconds * SECOND).min(LONGEST_WAIT));
    failures.at.saturating_add(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_beyond_the_free_ones_doubles_the_wait() {
        let waits = |count| again_at(Failures { count, at: 0 }, FREE_BY_NAME);
        assert_eq!(waits(4), i64::MIN);
        let seconds: Vec<i64> = (5..9).map(|count| waits(count) / SECOND).collect();
        assert_eq!(seconds, [1, 2, 4, 8]);
        assert_eq!(waits(5 + 10), 15 * 60 * SECOND);
        assert_eq!(waits(u64::MAX), 15 * 60 * SECOND);
    }
}
