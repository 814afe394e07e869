//! Labels beside what they name: as near to it as others leave room.

/// A line of text.
pub(super) const LINE: f64 = 15.0;

/// The middles of labels, given where each would best lie and how high it is: none upon another, all between two bounds where there is room for
/// them, and the sum of the squares of what they are moved by as small as can be (pool adjacent violators). In the order given.
pub(super) fn place(wanted: &[(f64, f64)], from: f64, to: f64) -> Vec<f64> {
    let mut order: Vec<(usize, f64, f64)> =
        wanted.iter().enumerate().map(|(i, (at, size))| (i, *at, *size)).collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    // What each is moved by is equal within a block: one that touches the next.
    let mut blocks: Vec<Block> = Vec::new();
    for (i, at, size) in order {
        let mut block = Block { begins: at - size / 2.0, length: size, members: vec![(i, size)] };
        while let Some(before) = blocks.pop_if(|before| before.begins + before.length > block.begins) {
            let (a, b) = (before.members.len() as f64, block.members.len() as f64);
            let begins = (a * before.begins + b * (block.begins - before.length)) / (a + b);
            let members = before.members.into_iter().chain(block.members).collect();
            block = Block { begins, length: before.length + block.length, members };
        }
        blocks.push(block);
    }
    // Into the bounds: down from above, then up from below, which is the stronger one.
    let mut least = from;
    for block in &mut blocks {
        block.begins = block.begins.max(least);
        least = block.begins + block.length;
    }
    let mut most = to;
    for block in blocks.iter_mut().rev() {
        block.begins = block.begins.min(most - block.length);
        most = block.begins;
    }
    let mut placed = vec![0.0; wanted.len()];
    for block in blocks {
        let mut at = block.begins;
        for (i, size) in block.members {
            if let Some(place) = placed.get_mut(i) {
                *place = at + size / 2.0;
            }
            at += size;
        }
    }
    placed
}

struct Block {
    begins: f64,
    length: f64,
    members: Vec<(usize, f64)>,
}

/// A text in at most `most` lines of about so many characters, broken between words; what has no room is an ellipsis.
pub(super) fn wrap(text: &str, width: usize, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let fits = |line: &String| line.chars().count() + 1 + word.chars().count() <= width;
        match lines.last_mut().filter(|line| fits(line)) {
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    let cut = lines.len() > most;
    lines.truncate(most);
    let last = lines.len().saturating_sub(1);
    for (at, line) in lines.iter_mut().enumerate() {
        let long = line.chars().count() > width;
        if long || (cut && at == last) {
            let kept: String = line.chars().take(width.saturating_sub(1)).collect();
            *line = format!("{}…", kept.trim_end());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_lie_where_they_belong_or_as_near_as_others_leave_room() {
        // Apart: none is moved, in whatever order they come.
        assert_eq!(place(&[(100.0, 15.0), (20.0, 15.0)], 0.0, 200.0), [100.0, 20.0]);
        // At one place: half a line to either side.
        assert_eq!(place(&[(50.0, 15.0), (50.0, 15.0)], 0.0, 200.0), [42.5, 57.5]);
        // Three within a line: around their mean, by hand: 49, 50, 54 → the middle at 51.
        assert_eq!(place(&[(50.0, 15.0), (49.0, 15.0), (54.0, 15.0)], 0.0, 200.0), [51.0, 36.0, 66.0]);
        // One of two lines of text: both are moved by ten.
        assert_eq!(place(&[(50.0, 30.0), (50.0, 10.0)], 0.0, 200.0), [40.0, 60.0]);
        // Within the bounds.
        assert_eq!(place(&[(0.0, 15.0), (2.0, 15.0)], 0.0, 200.0), [7.5, 22.5]);
        assert_eq!(place(&[(199.0, 15.0), (180.0, 15.0)], 0.0, 200.0), [192.5, 177.5]);
    }

    #[test]
    fn long_names_are_broken_between_words_and_end_in_an_ellipsis() {
        assert_eq!(wrap("Airports elsewhere", 20, 2), ["Airports elsewhere"]);
        assert_eq!(wrap("Departures at comparable vendors", 20, 2), ["Departures at", "comparable vendors"]);
        assert_eq!(wrap("a very long name of many words", 10, 2), ["a very", "long name…"]);
        assert_eq!(wrap("Incomprehensibilities", 10, 2), ["Incompreh…"]);
        assert!(wrap("", 10, 2).is_empty());
    }
}
