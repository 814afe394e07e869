//! Hostile input: seeds that are changed a little, many times, until something breaks.
//!
//! It runs on a stable compiler and knows nothing of coverage; what it lacks in that it makes up by seeds from real projects and by
//! changes that respect what a text is made of. The same `KEPI_SEED` gives the same inputs for ever, `KEPI_COUNT` says how many.

#![allow(clippy::panic, reason = "what breaks ends the test that tried it")]

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::{arbitrary::Chance, road::number};

/// One input takes at most so long: a thousand times what the slowest takes on an idle machine.
const LONGEST: Duration = Duration::from_secs(60);

/// What stands in many formats and breaks some.
const TOKENS: &[&str] = &[
    "",
    " ",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\u{feff}",
    "\u{2028}",
    "é",
    "🙂",
    "\u{200b}",
    "'",
    "\"",
    "''",
    "\"\"",
    "\\",
    "\\u0000",
    "\\ud800",
    ",",
    ";",
    ":",
    ": ",
    "- ",
    "---",
    "...",
    "[",
    "]",
    "{",
    "}",
    "[]",
    "{}",
    "(",
    ")",
    "|",
    "&a",
    "*a",
    "!t",
    "#",
    "%",
    "%%",
    "%2e",
    "/",
    "../",
    "..",
    ".",
    "*",
    "**",
    "?",
    "~",
    "null",
    "true",
    "false",
    "NaN",
    "inf",
    "-inf",
    "-0",
    "0",
    "1",
    "-1",
    "255",
    "65536",
    "2147483648",
    "9007199254740993",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "1e308",
    "1e-308",
    "0.1",
    "0..9223372036854775807",
    "-9223372036854775808..9223372036854775807",
    "99999999999999999999999",
    "100%",
    "0%",
    "0.0001%",
    "1e9%",
    "2026-02-30",
    "0001-01-01",
    "9999-12-31",
    "-9999-01-01",
    "2026-03-29T02:30:00",
    "interval '9223372036854775807 days'",
    "median",
    "4 hours",
    "1 hour 30 minutes",
    "money EUR, 9 decimals",
    "number, 18 decimals",
    "reference account",
    "enum",
    "coalesce(",
    "case when",
    "not ",
    " and ",
    " or ",
    " in (",
    " between ",
    " like ",
    "is null",
];

/// How many inputs, and from which seed.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// How many.
    pub count: u64,
    /// The seed of the first.
    pub seed: u64,
}

impl Effort {
    /// What the environment says: `KEPI_COUNT`, else `count`; `KEPI_SEED`, else 1.
    pub fn or(count: u64) -> Self {
        Self { count: number("KEPI_COUNT", count), seed: number("KEPI_SEED", 1) }
    }
}

/// Makes inputs and tries each; returns a line that says what was done.
///
/// # Panics
/// If `try_it` panics or takes too long; the message says of which seed, and the input is kept below `target/fuzz`.
pub fn run<T: AsRef<[u8]>>(
    what: &str,
    effort: Effort,
    make: impl Fn(&mut Chance) -> T,
    mut try_it: impl FnMut(&T),
) -> String {
    let begun = Instant::now();
    let mut slowest = (Duration::ZERO, 0);
    let mut bytes = 0u64;
    for seed in effort.seed..effort.seed.saturating_add(effort.count) {
        let input = make(&mut Chance::new(seed));
        bytes += input.as_ref().len() as u64;
        let since = Instant::now();
        let tried = catch_unwind(AssertUnwindSafe(|| try_it(&input)));
        let took = since.elapsed();
        slowest = slowest.max((took, seed));
        let broken = tried.err().map(|why| said(why.as_ref()).to_owned());
        let broken = broken.or_else(|| (took > LONGEST).then(|| format!("it took {took:?}")));
        if let Some(why) = broken {
            let kept = keep(what, seed, input.as_ref());
            panic!("{what}, KEPI_SEED={seed} KEPI_COUNT=1: {why}\nthe input: {}", kept.display());
        }
    }
    format!(
        "fuzz {what}: {} inputs from KEPI_SEED={}, {bytes} bytes, in {:.1?}; the slowest, of seed {}, {:.1?}",
        effort.count,
        effort.seed,
        begun.elapsed(),
        slowest.1,
        slowest.0
    )
}

/// What a panic said.
fn said(why: &(dyn Any + Send)) -> &str {
    why.downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| why.downcast_ref::<&str>().copied())
        .unwrap_or("?")
}

fn keep(what: &str, seed: u64, input: &[u8]) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/fuzz");
    let path = folder.join(format!("{}-{seed}", what.replace(' ', "_")));
    let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, input));
    written.map_or_else(|_| PathBuf::from("could not be written"), |()| path)
}

/// Changes bytes in a few places; now and then takes over a piece of another seed.
pub fn mutated(chance: &mut Chance, seed: &[u8], others: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..1 + chance.below(4) {
        let at = chance.below(bytes.len() + 1);
        let length = if chance.once_in(4) { chance.below(bytes.len() + 1) } else { chance.below(12) };
        let end = (at + length).min(bytes.len());
        match chance.below(10) {
            0 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << chance.below(8);
                }
            }
            1 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = chance.bits() as u8;
                }
            }
            2 => drop(bytes.drain(at..end)),
            3 => bytes.truncate(at),
            4 => {
                let piece = bytes[at..end].to_vec();
                let most = if chance.once_in(50) { 300 } else { 3 };
                let times = 1 + chance.below(most);
                let room = (1 << 18) / piece.len().max(1);
                let again = piece.repeat(times.min(room));
                drop(bytes.splice(at..at, again));
            }
            5 if !others.is_empty() => {
                let other = chance.pick(others);
                let from = chance.below(other.len() + 1);
                let to = (from + chance.below(200)).min(other.len());
                drop(bytes.splice(at..end, other[from..to].iter().copied()));
            }
            6 => {
                // A number becomes one at the edge of what numbers can be.
                let digit = bytes.iter().skip(at).position(u8::is_ascii_digit).map(|n| at + n);
                if let Some(from) = digit {
                    let length = bytes.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
                    let edge = chance.pick(TOKENS).bytes();
                    drop(bytes.splice(from..from + length, edge));
                }
            }
            _ => {
                let token = chance.pick(TOKENS).bytes();
                let end = if chance.once_in(2) { at } else { end };
                drop(bytes.splice(at..end, token));
            }
        }
    }
    bytes
}

/// Changes lines of definitions: values and keys change places, lines go, come twice or from elsewhere; and now and then bytes change.
pub fn mutated_lines(chance: &mut Chance, seed: &str, others: &[String]) -> String {
    let mut lines: Vec<String> = seed.lines().map(str::to_owned).collect();
    for _ in 0..1 + chance.below(3) {
        if lines.is_empty() || others.is_empty() {
            break;
        }
        let at = chance.below(lines.len());
        let other = {
            let text = chance.pick(others);
            let all: Vec<&str> = text.lines().collect();
            if all.is_empty() { String::new() } else { (*chance.pick(&all)).to_owned() }
        };
        let own = lines[at].clone();
        match chance.below(9) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, own),
            2 => lines.insert(at, other),
            3 | 4 => {
                // Another value under the same key.
                if let (Some((key, _)), Some((_, value))) = (own.split_once(": "), other.split_once(": ")) {
                    lines[at] = format!("{key}: {value}");
                }
            }
            5 => {
                if let (Some((_, value)), Some((key, _))) = (own.split_once(": "), other.split_once(": ")) {
                    lines[at] = format!("{key}: {value}");
                }
            }
            6 => {
                if let Some((key, _)) = own.split_once(": ") {
                    lines[at] = format!("{key}: {}", chance.pick(TOKENS).replace('\n', " "));
                }
            }
            7 => {
                let to = chance.below(lines.len());
                lines.swap(at, to);
            }
            _ => {
                let changed = mutated(chance, own.as_bytes(), &[]);
                lines[at] = String::from_utf8_lossy(&changed).into_owned();
            }
        }
    }
    lines.join("\n") + "\n"
}

/// A random expression over some paths: mostly what an author could have meant.
pub fn expression(chance: &mut Chance, paths: &[&str], depth: usize) -> String {
    const CONSTANTS: &[&str] = &[
        "0",
        "1",
        "-1",
        "2.5",
        "9223372036854775807",
        "-9223372036854775808",
        "0.000000000000000001",
        "''",
        "'a'",
        "'web'",
        "'2026-01-31'",
        "'2026-01-31T09:00:00Z'",
        "'2.50 EUR'",
        "interval '4 hours'",
        "interval '90 days'",
        "true",
        "false",
        "null",
    ];
    const OPERATORS: &[&str] =
        &["+", "-", "*", "/", "=", "!=", "<>", "<", "<=", ">", ">=", "and", "or", "||", "%", "&&"];
    if depth == 0 || chance.once_in(4) {
        return if chance.once_in(2) { chance.pick(paths) } else { chance.pick(CONSTANTS) }.to_string();
    }
    let inner = |chance: &mut Chance| expression(chance, paths, depth - 1);
    let (a, b, c) = (inner(chance), inner(chance), inner(chance));
    match chance.below(12) {
        0 => format!("({a})"),
        1 => format!("not {a}"),
        2 => format!("-{a}"),
        3 => format!("{a} is null"),
        4 => format!("{a} is not null and {b}"),
        5 => format!("{a} between {b} and {c}"),
        6 => format!("{a} in ({b}, {c})"),
        7 => format!("{a} like 'w%_'"),
        8 => format!("coalesce({a}, {b})"),
        9 => format!("case when {a} then {b} else {c} end"),
        _ => format!("{a} {} {b}", chance.pick(OPERATORS)),
    }
}

/// The texts below a folder of the repository with one of some endings, in order of their paths.
pub fn texts(folder: &str, endings: &[&str]) -> Vec<(String, String)> {
    fn collect(folder: &Path, endings: &[&str], out: &mut Vec<(String, String)>) {
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
        entries.sort();
        for path in entries {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && !name.starts_with('.') {
                collect(&path, endings, out);
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                out.push((path.display().to_string(), text));
            }
        }
    }
    let mut out = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder), endings, &mut out);
    out
}
