//! Similarities of ASCII strings of at most 64 letters, one bit a letter.
#![expect(clippy::indexing_slicing, reason = "letters are below 128 and places below the length")]

/// For each letter, the places where it stands.
fn places(text: &[u8]) -> [u64; 128] {
    let mut places = [0; 128];
    for (i, letter) in text.iter().enumerate() {
        places[usize::from(*letter)] |= 1 << i;
    }
    places
}

fn letters<'a>(a: &'a str, b: &'a str) -> Option<(&'a [u8], &'a [u8])> {
    let short = |text: &str| text.len() <= 64 && text.is_ascii();
    (short(a) && short(b)).then_some((a.as_bytes(), b.as_bytes()))
}

/// Jaro's similarity; `None` for strings that are long or not ASCII.
pub fn jaro(a: &str, b: &str) -> Option<f64> {
    let (a, b) = letters(a, b)?;
    if a.is_empty() || b.is_empty() {
        return Some(if a.len() == b.len() { 1.0 } else { 0.0 });
    }
    let range = (a.len().max(b.len()) / 2).saturating_sub(1);
    let places = places(b);
    // The places of both that found a partner no further away than the range.
    let (mut of_a, mut of_b) = (0_u64, 0_u64);
    for (i, letter) in a.iter().enumerate() {
        let from = u64::MAX << i.saturating_sub(range);
        let until = u64::MAX >> 63_usize.saturating_sub(i + range);
        let free = places[usize::from(*letter)] & !of_b & from & until;
        if free != 0 {
            of_a |= 1 << i;
            of_b |= free & free.wrapping_neg();
        }
    }
    let matches = of_a.count_ones();
    if matches == 0 {
        return Some(0.0);
    }
    let mut swapped = 0;
    while of_a != 0 {
        swapped += u32::from(a[of_a.trailing_zeros() as usize] != b[of_b.trailing_zeros() as usize]);
        of_a &= of_a - 1;
        of_b &= of_b - 1;
    }
    let (m, whole) = (f64::from(matches), f64::from(matches - swapped / 2));
    Some((m / a.len() as f64 + m / b.len() as f64 + whole / m) / 3.0)
}

/// Jaro's similarity with Winkler's bonus above 0.7; `None` for strings that are long or not ASCII.
pub fn jaro_winkler(a: &str, b: &str) -> Option<f64> {
    let jaro = jaro(a, b)?;
    if jaro <= 0.7 {
        return Some(jaro);
    }
    let alike = a.bytes().zip(b.bytes()).take(4).take_while(|(x, y)| x == y).count();
    Some(jaro + 0.1 * alike as f64 * (1.0 - jaro))
}

/// Levenshtein's distance by Myers (1999), *A fast bit-vector algorithm for approximate string matching*, in the form of
/// Hyyrö (2003): a column of the table of differences is two words. `None` for strings that are long or not ASCII.
pub fn levenshtein(a: &str, b: &str) -> Option<usize> {
    let (a, b) = letters(a, b)?;
    if a.is_empty() {
        return Some(b.len());
    }
    let places = places(a);
    let last = 1_u64 << (a.len() - 1);
    let (mut up, mut down, mut distance) = (u64::MAX, 0_u64, a.len());
    for letter in b {
        let equal = places[usize::from(*letter)];
        let across = ((equal & up).wrapping_add(up) ^ up) | equal | down;
        let (right_up, right_down) = (down | !(across | up), up & across);
        distance = distance + usize::from(right_up & last != 0) - usize::from(right_down & last != 0);
        let shifted = right_up << 1 | 1;
        up = right_down << 1 | !(across | shifted);
        down = shifted & across;
    }
    Some(distance)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Winkler (1990) and the customary pairs; the border lies at 64 letters.
    #[test]
    fn short_ascii_strings_are_answered() {
        for (a, b, jaro_value, winkler_value, edits) in [
            ("MARTHA", "MARHTA", 17.0 / 18.0, 17.3 / 18.0, 2),
            ("DIXON", "DICKSONX", 23.0 / 30.0, 24.4 / 30.0, 4),
            ("kitten", "sitting", 47.0 / 63.0, 47.0 / 63.0, 3),
            ("ab", "cd", 0.0, 0.0, 2),
            ("", "ab", 0.0, 0.0, 2),
            ("ab", "", 0.0, 0.0, 2),
            ("", "", 1.0, 1.0, 0),
        ] {
            assert!((jaro(a, b).unwrap() - jaro_value).abs() < 1e-15, "{a} {b}");
            assert!((jaro_winkler(a, b).unwrap() - winkler_value).abs() < 1e-15, "{a} {b}");
            assert_eq!(levenshtein(a, b), Some(edits), "{a} {b}");
        }
        let longest = "x".repeat(64);
        assert_eq!((jaro(&longest, &longest), levenshtein(&longest, "x")), (Some(1.0), Some(63)));
        let long = "x".repeat(65);
        for (a, b) in [("é", "e"), ("e", "é"), (long.as_str(), "x"), ("x", long.as_str())] {
            assert_eq!((jaro(a, b), jaro_winkler(a, b), levenshtein(a, b)), (None, None, None));
        }
    }
}
