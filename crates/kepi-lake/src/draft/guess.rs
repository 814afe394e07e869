//! What the texts of a column most likely are. A guess is right for every text it was made of; what could also be meant
//! is a doubt, in words.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::project::{Ambiguous, Clock, Epoch, Excess, MissingLocal, PercentSign, SourceZone};

use crate::mapping::{
    length::parse_length,
    number::{Marks, parse_number, parse_percent},
    time::{Zone, since_epoch},
};

/// Texts that people write where there is no value.
const NOTHING: [&str; 9] = ["NA", "N/A", "n/a", "NULL", "null", "None", "-", "#N/A", "?"];
/// Pairs of texts for true and false.
const TRUTH: [(&str, &str); 6] =
    [("true", "false"), ("yes", "no"), ("y", "n"), ("t", "f"), ("ja", "nein"), ("oui", "non")];
/// Words of names of columns that hold answers.
const ANSWER: [&str; 16] = [
    "nps",
    "recommend",
    "recommendation",
    "likelihood",
    "score",
    "rating",
    "satisfaction",
    "csat",
    "ces",
    "effort",
    "ease",
    "stars",
    "review",
    "grade",
    "overall",
    "answer",
];
/// So many of a hundred texts at least are read alike where the others stand out.
const MOST: usize = 95;
/// Days as they are written; where two fit, the first is taken and the other one is a doubt.
const DAYS: [&str; 12] = [
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d.%m.%y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d %b %Y",
    "%b %d, %Y",
];
/// Times of day behind them.
const TIMES: [&str; 5] = [" %H:%M:%S", " %H:%M", "T%H:%M:%S", " %I:%M:%S %p", " %I:%M %p"];

/// Numbers with a mark before decimals and none between thousands.
fn marked(decimal: char) -> Marks {
    Marks { decimal, grouping: None }
}

/// What a column is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Is {
    /// A text.
    Text,
    /// A whole number, between these.
    Integer(i64, i64),
    /// A number with so many decimals and this mark before them; whether more are rounded off.
    Number {
        /// Digits kept behind the mark.
        decimals: u8,
        /// Whether the mark is a comma.
        comma: bool,
        /// Whether the other mark, point or comma, parts thousands.
        thousands: bool,
        /// Whether texts have more digits than are kept.
        round: bool,
    },
    /// Numbers with a `%` behind each, in hundredths: so many decimals of what they are hundredths of.
    Percent {
        /// Digits kept behind the mark: two more than the texts have.
        decimals: u8,
        /// Whether the mark is a comma.
        comma: bool,
    },
    /// True or false, by these texts.
    Boolean(String, String),
    /// A day; none: by ISO 8601.
    Date(Option<String>),
    /// A time, or `epoch …`; none: by ISO 8601.
    Timestamp(Option<String>),
    /// A length of time, as `as: duration …` says it.
    Duration(&'static str),
}

/// What is thought of a column.
#[derive(Debug, Clone)]
pub struct Guess {
    /// What it is.
    pub is: Is,
    /// Texts beside the empty one that mean "no value".
    pub missing: Vec<String>,
    /// How many cells have a value.
    pub filled: usize,
    /// Different values, up to a limit.
    pub different: usize,
    /// Whether no value comes twice.
    pub unique: bool,
    /// Whether it holds sentences: nobody forms segments of them.
    pub prose: bool,
    /// Of a column whose name identifies something: hashes of its values, to find what refers to what.
    pub known: BTreeSet<u64>,
    /// Least and greatest day, where it has such.
    pub span: Option<(i64, i64)>,
    /// What could be otherwise.
    pub doubts: Vec<String>,
}

fn utc() -> Option<Zone> {
    Zone::new(&SourceZone {
        name: "UTC".to_owned(),
        column: None,
        ambiguous: Ambiguous::Earlier,
        missing: MissingLocal::ShiftForward,
    })
    .ok()
}

/// What a column of this name holds, by its cells.
pub fn guess(name: &str, cells: &[Option<String>]) -> Guess {
    let texts: Vec<&str> =
        cells.iter().filter_map(|c| c.as_deref().map(str::trim)).filter(|t| !t.is_empty()).collect();
    let (plain, mut nothing): (Vec<&str>, Vec<&str>) = texts.iter().partition(|t| !NOTHING.contains(t));
    let codes = codes(name, &plain);
    let (coded, plain): (Vec<&str>, Vec<&str>) = plain.into_iter().partition(|t| codes.contains(t));
    nothing.extend(coded);
    let values: BTreeSet<&str> = plain.iter().copied().collect();
    let mut doubts = Vec::new();
    let mut span = None;
    if !codes.is_empty() {
        let codes: Vec<String> = codes.iter().map(|code| format!("`{code}`")).collect();
        doubts.push(format!("{} taken for no answer, being off the scale of the others", codes.join(", ")));
    }
    let is = if plain.is_empty() {
        doubts.push("no cell has a value".to_owned());
        Is::Text
    } else {
        read(name, &plain, &values, &mut doubts, &mut span)
    };
    // In a column of texts `-` may be one.
    let (missing, filled) = match is {
        Is::Text => (BTreeSet::new(), texts.len()),
        _ => (nothing.into_iter().collect(), plain.len()),
    };
    let different = match is {
        Is::Text => texts.iter().collect::<BTreeSet<_>>().len(),
        _ => values.len(),
    };
    Guess {
        is,
        missing: missing.into_iter().map(str::to_owned).collect(),
        filled,
        different,
        unique: filled > 0 && different == filled,
        prose: is_prose(&values),
        known: if is_identifier(name) { values.iter().map(|v| hash(v)).collect() } else { BTreeSet::new() },
        span,
        doubts,
    }
}

/// Answers of surveys that stand for none, where all others are on a scale of ten points at most.
fn codes<'a>(name: &str, texts: &[&'a str]) -> BTreeSet<&'a str> {
    const CODES: [&str; 12] = ["99", "98", "97", "96", "88", "77", "999", "998", "-1", "-8", "-9", "-99"];
    if !has_word(name, &ANSWER) {
        return BTreeSet::new();
    }
    let codes: BTreeSet<&str> = texts.iter().copied().filter(|t| CODES.contains(t)).collect();
    let on_scale = |t: &&&str| t.parse::<i64>().is_ok_and(|n| (0..=10).contains(&n));
    let mut others = texts.iter().filter(|t| !codes.contains(*t)).peekable();
    if others.peek().is_some() && others.all(|t| on_scale(&t)) { codes } else { BTreeSet::new() }
}

/// Whether most of the different texts have four words or more.
fn is_prose(values: &BTreeSet<&str>) -> bool {
    let long = values.iter().filter(|v| v.split_whitespace().count() >= 4).count();
    !values.is_empty() && long * 2 > values.len()
}

fn hash(text: &str) -> u64 {
    let bytes = *blake3::hash(text.as_bytes()).as_bytes();
    bytes.iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}

fn read(
    name: &str,
    texts: &[&str],
    values: &BTreeSet<&str>,
    doubts: &mut Vec<String>,
    span: &mut Option<(i64, i64)>,
) -> Is {
    let lower: BTreeSet<String> = values.iter().map(|v| v.to_lowercase()).collect();
    for (yes, no) in TRUTH {
        if lower.iter().all(|v| v == yes || v == no) {
            return Is::Boolean(yes.to_owned(), no.to_owned());
        }
    }
    let all = |reads: &dyn Fn(&str) -> bool| values.iter().all(|v| reads(v));
    let padded =
        values.iter().any(|v| v.len() > 1 && v.starts_with('0') && v.bytes().all(|b| b.is_ascii_digit()));
    let identifier = is_identifier(name);
    let integers: Option<Vec<i64>> = values.iter().map(|v| v.parse().ok()).collect();
    if let Some(integers) = integers.filter(|_| !padded && !identifier) {
        let (low, high) = (integers.iter().min().copied(), integers.iter().max().copied());
        let (low, high) = (low.unwrap_or(0), high.unwrap_or(0));
        if values.len() == 2 && low == 0 && high == 1 {
            doubts.push("read as true and false; if it is a number, write `as: integer`".to_owned());
            return Is::Boolean("1".to_owned(), "0".to_owned());
        }
        let dated = has_word(
            name,
            &["at", "date", "time", "ts", "timestamp", "epoch", "ms", "on", "created", "updated"],
        );
        // 2001 to 2033 in seconds.
        let units = [
            (Epoch::Seconds, "epoch seconds", 1),
            (Epoch::Milliseconds, "epoch milliseconds", 1000),
            (Epoch::Microseconds, "epoch microseconds", 1_000_000),
            (Epoch::Nanoseconds, "epoch nanoseconds", 1_000_000_000),
        ];
        for (epoch, word, unit) in units {
            if (dated || unit > 1) && low >= 1_000_000_000 * unit && high < 2_000_000_000 * unit {
                doubts.push("counted since 1970, by the size of the numbers".to_owned());
                *span = bounds(texts, &|t| since_epoch(t, epoch).ok());
                return Is::Timestamp(Some(word.to_owned()));
            }
        }
        let zone = utc();
        let day = |t: &str| zone.as_ref().and_then(|z| z.date(t, Some("%Y%m%d")).ok());
        if (19_000_101..=21_001_231).contains(&low) && high <= 21_001_231 && all(&|t| day(t).is_some()) {
            *span = bounds(texts, &day);
            return Is::Date(Some("%Y%m%d".to_owned()));
        }
        return Is::Integer(low, high);
    }
    if !padded && !identifier {
        for comma in [false, true] {
            let mark = if comma { ',' } else { '.' };
            // A comma with three digits behind it may group thousands.
            let fits = |t: &str| parse_number(t, 9, marked(mark), Excess::Round).is_ok() && !grouped(t, mark);
            let other = if comma { '.' } else { ',' };
            // Only where one of them has both marks is it sure what either means.
            let marks = Marks { decimal: mark, grouping: Some(other) };
            let parted = |t: &str| parse_number(t, 9, marks, Excess::Round).is_ok();
            let thousands = values.iter().any(|v| v.contains(mark) && v.contains(other)) && all(&parted);
            if thousands || all(&fits) {
                let decimals = values.iter().map(|v| v.rsplit_once(mark).map_or(0, |(_, f)| f.len()));
                let most = decimals.max().unwrap_or(0);
                let in_threes = values.iter().all(|v| v.rsplit_once(',').is_none_or(|(_, f)| f.len() == 3));
                if comma && in_threes && !thousands {
                    doubts.push("commas may part thousands: then write `decimal_mark: \".\"`".to_owned());
                }
                let decimals = u8::try_from(most.min(6)).unwrap_or(6);
                return Is::Number { decimals, comma, thousands, round: most > 6 };
            }
            let hundredths = |t: &str| {
                parse_percent(t, 9, marked(mark), Some(PercentSign::Hundredths), Excess::Round).is_ok()
                    && !grouped(t.trim_end_matches(['%', ' ']), mark)
            };
            if all(&hundredths) {
                let behind =
                    |v: &&str| v.rsplit_once(mark).map_or(0, |(_, f)| f.trim_end_matches(['%', ' ']).len());
                let most = values.iter().map(behind).max().unwrap_or(0);
                return Is::Percent { decimals: u8::try_from(most + 2).unwrap_or(9).min(9), comma };
            }
        }
    }
    if values.iter().any(|v| v.contains(':') || v.starts_with("PT")) {
        let length = |clock| move |t: &str| parse_length(t, 1_000_000, Marks::PLAIN, clock).is_ok();
        if all(&length(None)) {
            // A clock has no more than 24 hours; a length of time may.
            let on_a_clock = |t: &str| {
                let hours = t.split_once(':').and_then(|(hours, _)| hours.parse::<u8>().ok());
                hours.is_some_and(|hours| hours < 24) && (t.len() == 7 || t.len() == 8)
            };
            if all(&on_a_clock) {
                doubts.push("read as lengths of time; times of day are `as: text`".to_owned());
            }
            return Is::Duration("seconds");
        }
        if all(&length(Some(Clock::MinuteSecond))) {
            doubts.push(
                "read as minutes and seconds; hours and minutes are `duration h:mm`, times of day `as: text`"
                    .to_owned(),
            );
            return Is::Duration("m:ss");
        }
    }
    if let Some(found) = time(values, texts, doubts, span) {
        return found;
    }
    if let Some(found) = nearly(name, texts, doubts, span) {
        return found;
    }
    // What identifies is a text, whatever it looks like.
    if !identifier {
        said_of_mixtures(values, doubts);
    }
    Is::Text
}

/// A column of times or of decimals in which a few are written otherwise: it is read as the most are, for as a text nothing
/// could be done with it. The others go to quarantine, and it says so.
fn nearly(name: &str, texts: &[&str], doubts: &mut Vec<String>, span: &mut Option<(i64, i64)>) -> Option<Is> {
    let marks = |t: &str| t.contains(['.', ',']);
    let decimal =
        |t: &str| ['.', ','].into_iter().any(|mark| parse_number(t, 9, marked(mark), Excess::Round).is_ok());
    let zone = utc()?;
    let shape = |t: &str| t.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect::<String>();
    let kind: Box<dyn Fn(&str) -> bool> = if !is_identifier(name) && texts.iter().all(|t| decimal(t)) {
        let point = texts.iter().filter(|t| t.contains('.')).count();
        let comma = texts.iter().filter(|t| t.contains(',')).count();
        let mark = if comma > point { ',' } else { '.' };
        Box::new(move |t| !marks(t) || t.contains(mark))
    } else {
        // Times of one form: the one that the most have.
        let mut forms: BTreeMap<String, usize> = BTreeMap::new();
        texts.iter().for_each(|t| *forms.entry(shape(t)).or_default() += 1);
        let (form, _) = forms.into_iter().max_by_key(|(_, n)| *n)?;
        let example = texts.iter().find(|t| shape(t) == form)?;
        if example.bytes().filter(u8::is_ascii_digit).count() < 6 || zone_reads(&zone, example).is_none() {
            return None;
        }
        Box::new(move |t| shape(t) == form)
    };
    let (most, others): (Vec<&str>, Vec<&str>) = texts.iter().partition(|t| kind(t));
    if others.is_empty() || most.len() * 100 < texts.len() * MOST {
        return None;
    }
    let values: BTreeSet<&str> = most.iter().copied().collect();
    let found = read(name, &most, &values, doubts, span);
    if found == Is::Text {
        return None;
    }
    let shown: BTreeSet<&str> = others.iter().copied().collect();
    let shown: Vec<String> = shown.into_iter().take(3).map(|t| format!("`{t}`")).collect();
    doubts.push(format!(
        "{} of {} are written otherwise, such as {}, and would be quarantined; correct them, or list under `missing` what means \
         no value",
        others.len(),
        texts.len(),
        shown.join(", ")
    ));
    Some(found)
}

/// Whether a text is a day or a time, in some form.
fn zone_reads(zone: &Zone, text: &str) -> Option<()> {
    let days = DAYS.iter().map(|day| (*day).to_owned());
    let times = TIMES.iter().flat_map(|time| DAYS.iter().map(move |day| format!("{day}{time}")));
    let iso = zone.date(text, None).is_ok() || zone.timestamp(text, None).is_ok();
    let other = || {
        days.clone().any(|f| zone.date(text, Some(&f)).is_ok())
            || times.clone().any(|f| zone.timestamp(text, Some(&f)).is_ok())
    };
    (iso || other()).then_some(())
}

/// Whether a text is a number whose thousands are parted by the mark that is not `mark`, or by something else.
fn grouped(text: &str, mark: char) -> bool {
    text.split_once(mark)
        .map_or(text, |(whole, _)| whole)
        .chars()
        .any(|c| !c.is_ascii_digit() && !matches!(c, '-' | '+' | 'e' | 'E'))
}

fn bounds(texts: &[&str], read: &dyn Fn(&str) -> Option<i64>) -> Option<(i64, i64)> {
    let values = || texts.iter().filter_map(|t| read(t));
    values().min().zip(values().max())
}

fn time(
    values: &BTreeSet<&str>,
    texts: &[&str],
    doubts: &mut Vec<String>,
    span: &mut Option<(i64, i64)>,
) -> Option<Is> {
    let zone = utc()?;
    let digits = |t: &&str| t.bytes().filter(u8::is_ascii_digit).count() >= 4;
    if !values.iter().all(digits) {
        return None;
    }
    let day = |t: &str, f: Option<&str>| zone.date(t, f).ok();
    let moment = |t: &str, f: Option<&str>| zone.timestamp(t, f).ok();
    if values.iter().all(|t| day(t, None).is_some()) {
        *span = bounds(texts, &|t| day(t, None));
        return Some(Is::Date(None));
    }
    if values.iter().all(|t| moment(t, None).is_some()) {
        *span = bounds(texts, &|t| moment(t, None));
        return Some(Is::Timestamp(None));
    }
    // Years have two digits or four, and are written as one of these; those of two stand last.
    let long = values.iter().all(|t| t.as_bytes().windows(4).any(|of| of.iter().all(u8::is_ascii_digit)));
    let last = |t: &str| t.split([' ', 'T']).next()?.rsplit(['.', '/']).next().map(str::len);
    let short = values.iter().all(|t| last(t) == Some(2));
    let fits = |f: &str, timed: bool| {
        let years = (long || !f.contains("%Y")) && (short || !f.contains("%y"));
        years
            && values
                .iter()
                .all(|t| if timed { moment(t, Some(f)).is_some() } else { day(t, Some(f)).is_some() })
    };
    let mut formats: Vec<(String, bool)> = DAYS.iter().map(|d| ((*d).to_owned(), false)).collect();
    for time in TIMES {
        formats.extend(DAYS.iter().map(|d| (format!("{d}{time}"), true)));
    }
    for zone in [" UTC", " GMT"] {
        formats.push((format!("%Y-%m-%d %H:%M:%S{zone}"), true));
    }
    let fitting: Vec<&(String, bool)> = formats.iter().filter(|(f, timed)| fits(f, *timed)).collect();
    let (first, timed) = fitting.first()?;
    if let Some((other, _)) = fitting.get(1) {
        doubts.push(format!("day and month may be the other way round: `{other}` reads every cell too"));
    }
    let read = |t: &str| if *timed { moment(t, Some(first)) } else { day(t, Some(first)) };
    *span = bounds(texts, &read);
    Some(if *timed { Is::Timestamp(Some(first.clone())) } else { Is::Date(Some(first.clone())) })
}

/// A column most of whose cells are numbers, and some are not.
fn said_of_mixtures(values: &BTreeSet<&str>, doubts: &mut Vec<String>) {
    let number =
        |t: &str| ['.', ','].into_iter().any(|mark| parse_number(t, 9, marked(mark), Excess::Round).is_ok());
    let other: Vec<&&str> = values.iter().filter(|v| !number(v)).collect();
    if other.is_empty() && values.iter().all(|v| !v.contains(['.', ','])) {
        // Whole numbers that were taken for texts, such as keys.
    } else if other.is_empty() {
        doubts.push(
            "numbers, some with `.` and some with `,` before their decimals: write them alike, and `as: \"number, 2 decimals\"`"
                .to_owned(),
        );
    } else if other.len() * 5 <= values.len() {
        let whole = values.iter().filter(|v| number(v)).all(|v| v.parse::<i64>().is_ok());
        let type_ = if whole { "integer" } else { "\"number, 2 decimals\"" };
        let shown: Vec<String> = other.iter().take(3).map(|t| format!("`{t}`")).collect();
        doubts.push(format!(
            "mostly numbers, but also {}; if these mean no value, list them under `missing` and write `as: {type_}`",
            shown.join(", ")
        ));
    } else if values.iter().all(|v| v.contains(['€', '$', '£'])) {
        doubts.push(
            "amounts with a sign of currency are texts; a column without the sign can be computed with"
                .to_owned(),
        );
    }
}

/// The words of a name: `customerId`, `Customer ID` and `customer_id` have the same two.
pub fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in name.chars() {
        let begins = c.is_uppercase() && before.is_lowercase();
        if (!c.is_alphanumeric() || begins) && words.last().is_some_and(|w| !w.is_empty()) {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|w| !w.is_empty());
    words
}

/// Whether a name has one of these words.
pub fn has_word(name: &str, any: &[&str]) -> bool {
    words(name).iter().any(|w| any.contains(&w.as_str()))
}

/// Whether a column of this name identifies something: nobody adds it up.
pub fn is_identifier(name: &str) -> bool {
    let last = words(name).pop().unwrap_or_default();
    ["id", "ids", "key", "uuid", "guid", "no", "nr", "code", "zip", "phone", "respnum"]
        .contains(&last.as_str())
        || ["ID", "Id"].iter().any(|id| name.ends_with(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(name: &str, cells: &[&str]) -> Is {
        of(name, cells).is
    }
    fn of(name: &str, cells: &[&str]) -> Guess {
        guess(name, &cells.iter().map(|c| Some((*c).to_owned())).collect::<Vec<_>>())
    }
    fn format(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn days_of_two_orders_are_told_by_a_day_beyond_twelve() {
        assert_eq!(is("d", &["03/04/2026", "17/04/2026"]), Is::Date(format("%d/%m/%Y")));
        assert_eq!(is("d", &["03/04/2026", "04/17/2026"]), Is::Date(format("%m/%d/%Y")));
        assert!(of("d", &["17/04/2026"]).doubts.is_empty());
        let both = of("d", &["03/04/2026"]);
        assert!(both.doubts[0].contains("%m/%d/%Y"), "{:?}", both.doubts);
        assert_eq!(is("d", &["31.01.2026 09:30"]), Is::Timestamp(format("%d.%m.%Y %H:%M")));
        assert_eq!(is("d", &["2026-01-31", ""]), Is::Date(None));
        assert_eq!(is("d", &["2026-01-31T09:30:00Z", "2026-01-31 09:30"]), Is::Timestamp(None));
        assert_eq!(is("d", &["2018.02.01", "2018.02.26"]), Is::Date(format("%Y.%m.%d")));
        let timed = of("d", &["2018.02.01 9:05", "2018.02.26 19:58"]);
        assert_eq!((timed.is, timed.doubts.len()), (Is::Timestamp(format("%Y.%m.%d %H:%M")), 0));
        assert!(of("d", &["30.01.20", "30.12.20"]).doubts.iter().all(|of| !of.contains("%Y")));
        assert_eq!(is("version", &["10.12.3", "10.11.4"]), Is::Text);
        assert_eq!(is("day", &["20260131"]), Is::Date(format("%Y%m%d")));
        assert_eq!(is("created_at", &["1772355600"]), Is::Timestamp(format("epoch seconds")));
        assert_eq!(is("seen", &["1772355600000"]), Is::Timestamp(format("epoch milliseconds")));
    }

    #[test]
    fn numbers_by_what_stands_before_their_decimals() {
        let number = |decimals, comma| Is::Number { decimals, comma, thousands: false, round: false };
        assert_eq!(is("price", &["12,50", "3,5"]), number(2, true));
        assert_eq!(is("price", &["12.50", "3"]), number(2, false));
        let parted = |comma| Is::Number { decimals: 2, comma, thousands: true, round: false };
        assert_eq!(is("price", &["1.234,50", "99,00"]), parted(true));
        assert_eq!(is("price", &["1,234.50", "99.00", "1,000"]), parted(false));
        assert_eq!(is("price", &["1.234,50", "99.00"]), Is::Text);
        assert_eq!(is("count", &["12", "NA", "3"]), Is::Integer(3, 12));
        assert_eq!(of("count", &["12", "NA", "3"]).missing, ["NA"]);
        assert!(of("weight", &["1,250", "2,500"]).doubts[0].contains("thousands"));
        assert_eq!(is("quality", &["85%", "7 %"]), Is::Percent { decimals: 2, comma: false });
        assert_eq!(is("quality", &["85,5%", "100%"]), Is::Percent { decimals: 3, comma: true });
        assert_eq!(is("quality", &["85%", "high"]), Is::Text);
        assert_eq!(
            is("share", &["0.123456789", "1"]),
            Is::Number { decimals: 6, comma: false, thousands: false, round: true }
        );
    }

    #[test]
    fn what_only_looks_like_a_number_stays_a_text() {
        assert_eq!(is("customer_id", &["1", "2"]), Is::Text);
        for ids in [["1,204", "1,305", "7"], ["12", "13", "A4"], ["1.5", "2,5", "3"]] {
            let id = of("order_id", &ids);
            assert_eq!((id.is, id.doubts.len()), (Is::Text, 0), "{:?}", id.doubts);
        }
        assert_eq!(is("plz", &["01067", "80331"]), Is::Text);
        let mixed = of("floor", &["1", "2", "3", "4", "5", "6", "7", "8", "9", "roof"]);
        assert_eq!(mixed.is, Is::Text);
        assert!(mixed.doubts[0].contains("`roof`") && mixed.doubts[0].contains("`as: integer`"));
    }

    /// So many of one kind and one of another.
    fn mostly(name: &str, most: impl Fn(usize) -> String, other: &str) -> Guess {
        let mut cells: Vec<String> = (0..99).map(most).collect();
        cells.push(other.to_owned());
        of(name, &cells.iter().map(String::as_str).collect::<Vec<_>>())
    }

    #[test]
    fn a_few_that_are_written_otherwise_are_a_doubt_and_no_text() {
        let amounts = mostly("amount", |n| format!("{n}.90"), "19,90");
        assert_eq!(amounts.is, Is::Number { decimals: 2, comma: false, thousands: false, round: false });
        assert!(
            amounts.doubts[0].starts_with("1 of 100 are written otherwise, such as `19,90`"),
            "{:?}",
            amounts.doubts
        );
        let opened = mostly("opened", |n| format!("2026-01-02 10:{:02}:00", n % 60), "27.03.2026 23:13");
        assert_eq!(opened.is, Is::Timestamp(None));
        assert!(opened.doubts[0].contains("`27.03.2026 23:13`") && opened.span.is_some());
        // Where there are many of both nothing is taken for granted, and what is said can be written.
        let both = of("amount", &["1.50", "2.50", "3,50", "4,50"]);
        assert_eq!(both.is, Is::Text);
        assert!(both.doubts[0].starts_with("numbers, some with `.` and some with `,`"), "{:?}", both.doubts);
        assert!(
            of("price", &["1.5", "2.5", "3.5", "4.5", "free"]).doubts[0]
                .contains("`as: \"number, 2 decimals\"`")
        );
        assert_eq!(mostly("note", |n| format!("say {n}"), "2026-01-01").is, Is::Text);
    }

    #[test]
    fn codes_off_a_scale_of_answers_are_no_answers() {
        let nps = of("nps", &["0", "9", "10", "99", "n/a", "7"]);
        assert_eq!((nps.is, nps.missing), (Is::Integer(0, 10), vec!["99".to_owned(), "n/a".to_owned()]));
        assert!(nps.doubts[0].contains("`99`"));
        assert_eq!(
            of("visits", &["0", "9", "99"]).is,
            Is::Integer(0, 99),
            "nothing says that these are answers"
        );
        assert_eq!(of("score", &["0", "50", "99"]).is, Is::Integer(0, 99));
    }

    #[test]
    fn truth_and_lengths_of_time() {
        assert_eq!(is("churned", &["Yes", "No"]), Is::Boolean("yes".into(), "no".into()));
        assert_eq!(is("flag", &["0", "1"]), Is::Boolean("1".into(), "0".into()));
        let long = of("handled", &["00:04:30", "26:01:00"]);
        assert_eq!((long.is, long.doubts.len()), (Is::Duration("seconds"), 0));
        let clock = of("opens", &["09:30:00", "17:45:10"]);
        assert_eq!(clock.is, Is::Duration("seconds"));
        assert!(clock.doubts[0].contains("times of day are `as: text`"), "{:?}", clock.doubts);
        let short = of("handled", &["04:30", "12:00"]);
        assert_eq!((short.is, short.doubts.len()), (Is::Duration("m:ss"), 1));
    }

    #[test]
    fn names_have_words() {
        assert_eq!(words("Customer ID"), words("customerId"));
        assert!(is_identifier("RESPNUM") && is_identifier("customerID") && !is_identifier("paid"));
    }
}
