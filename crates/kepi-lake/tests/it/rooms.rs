//! The rooms of this crate: one of them opens paths, and they use one another without going in circles.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// Room → text of its files, tests left out.
fn rooms() -> BTreeMap<String, String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut rooms: BTreeMap<String, String> = BTreeMap::new();
    for file in files {
        let first = file.strip_prefix(&src).unwrap().components().next().unwrap();
        let room = first.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
        let text = fs::read_to_string(&file).unwrap();
        rooms.entry(room).or_default().push_str(text.split("#[cfg(test)]").next().unwrap());
    }
    rooms
}

#[test]
fn only_durable_opens_paths() {
    for (room, text) in rooms().iter().filter(|(room, _)| *room != "durable") {
        for name in ["fs::", "File::open", "File::create", "File::options", "OpenOptions"] {
            let found = text.lines().find(|line| {
                // The name of the type opens nothing, and other types end in `File` too.
                let opens = |at: usize| {
                    let part_of_a_word = line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
                    !part_of_a_word && !line[at..].starts_with("fs::File")
                };
                !line.trim_start().starts_with("//") && line.match_indices(name).any(|(at, _)| opens(at))
            });
            assert_eq!(found, None, "`{room}` goes round `durable`");
        }
    }
}

#[test]
fn rooms_do_not_go_in_circles() {
    let rooms = rooms();
    let uses = |text: &str| -> BTreeSet<String> {
        let word = |text: &str| -> String {
            text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
        };
        let mut found = BTreeSet::new();
        for (at, _) in text.match_indices("crate::") {
            let rest = &text[at + "crate::".len()..];
            let Some(list) = rest.strip_prefix('{') else {
                found.insert(word(rest));
                continue;
            };
            let mut depth = 0;
            let mut begins = true;
            for (at, c) in list.char_indices() {
                match c {
                    '}' if depth == 0 => break,
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 0 => begins = true,
                    c if begins && !c.is_whitespace() => {
                        found.insert(word(&list[at..]));
                        begins = false;
                    }
                    _ => {}
                }
            }
        }
        found
    };
    let mut open: BTreeMap<&str, BTreeSet<String>> = rooms
        .iter()
        .filter(|(room, _)| *room != "lib")
        .map(|(room, text)| {
            let used = uses(text).into_iter().filter(|used| used != room && rooms.contains_key(used));
            (room.as_str(), used.collect())
        })
        .collect();
    // Rooms that use only rooms below them are taken away; what is left is a circle.
    while let Some(lowest) = open.iter().find(|(_, used)| used.iter().all(|u| !open.contains_key(u.as_str())))
    {
        let lowest = *lowest.0;
        open.remove(lowest);
    }
    assert!(open.is_empty(), "{open:?}");
}
