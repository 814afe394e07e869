//! The texts of fields: what each kind of text means, and what is said of one that means nothing.

use jiff::civil::Date;

use super::{At, Decode, DecodeKey, Decoder, Keyed, List, Map};
use crate::{
    bounds,
    business_hours::Opening,
    calendar::Grain,
    codes,
    engine::{Address, SharedFiles},
    expression::Type,
    id::{
        AlertId, AttributeId, BenchmarkId, BusinessHoursId, CauseId, ChannelId, ConnectionId, CrosswalkId,
        DimensionId, EnterpriseEventId, EntityId, FeedbackId, FeedbackThemeId, FreezeId, FunctionId, GoalId,
        GovernanceId, GuardrailId, IncentivePlanId, InitiativeId, KpiId, LadderId, LevelId, LoopId,
        ObjectiveId, OperatingPlanId, PersonId, PerspectiveId, PillarId, PlanVersionId, PlaybookId, PolicyId,
        ProjectId, PurposeId, ReviewId, RuleId, SamplingId, ScorecardId, SourceId, StageGateId, StrategyId,
        ThemeId, UnitId, WithholdingId,
    },
    lexical::{self, Clock, Decimal, Epoch},
    meant::meant_choice,
    options::ENCODINGS,
    source_text::Span,
    table::{Key, Kind, Symbol, TYPES},
    unicode::nfc,
    window::{self, Over},
    word::Word,
    wording::{quoted, shorten},
    yaml::{Value, Yaml},
};

/// An id, and what it is the name of, where such names can be referred to.
pub(crate) trait Id: std::str::FromStr {
    /// What it names.
    const SYMBOL: Option<Symbol>;
}

/// A name that is defined where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Name<I> {
    /// As written.
    pub(crate) text: String,
    /// The id, if the text is a name.
    pub(crate) id: Option<I>,
}

impl<I: Id> Decode for Name<I> {
    const KIND: Kind = Kind::Name(I::SYMBOL);
    fn decode(yaml: &Yaml, at: At<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let text = decoder.text(yaml, at, Self::KIND)?;
        Self::decode_key(text, yaml.span, decoder)
    }
}
impl<I: Id> DecodeKey for Name<I> {
    const KEY: Key = Key::Name(I::SYMBOL);
    fn decode_key(text: &str, span: Span, decoder: &mut Decoder<'_>) -> Option<Self> {
        decoder.name(text, span);
        Some(Self { text: text.to_owned(), id: text.parse().ok() })
    }
}

macro_rules! ids {
    ($($id:ident $symbol:ident,)*) => {$(
        impl Id for $id {
            const SYMBOL: Option<Symbol> = Some(Symbol::$symbol);
        }
        /// As a reference to something defined elsewhere.
        impl Decode for $id {
            const KIND: Kind = Kind::Reference(Symbol::$symbol);
            fn decode(yaml: &Yaml, at: At<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
                let text = decoder.text(yaml, at, Self::KIND)?;
                Self::decode_key(text, yaml.span, decoder)
            }
        }
        impl DecodeKey for $id {
            const KEY: Key = Key::Reference(Symbol::$symbol);
            fn decode_key(text: &str, span: Span, decoder: &mut Decoder<'_>) -> Option<Self> {
                decoder.reference(text, Symbol::$symbol, span);
                text.parse().ok()
            }
        }
    )*};
}

/// A person, or a role that somebody holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PersonOrRole(pub PersonId);

impl Decode for PersonOrRole {
    const KIND: Kind = Kind::Reference(Symbol::Person);
    fn decode(yaml: &Yaml, at: At<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let text = decoder.text(yaml, at, Self::KIND)?;
        Self::decode_key(text, yaml.span, decoder)
    }
}
impl DecodeKey for PersonOrRole {
    const KEY: Key = Key::Reference(Symbol::Person);
    fn decode_key(text: &str, span: Span, decoder: &mut Decoder<'_>) -> Option<Self> {
        decoder.person_or_role(text, span);
        text.parse().ok().map(Self)
    }
}

ids! {
    ProjectId Project,
    PersonId Person,
    UnitId Unit,
    LevelId Level,
    EntityId Entity,
    SourceId Source,
    StrategyId Strategy,
    PillarId Pillar,
    ThemeId Theme,
    GoalId Goal,
    PerspectiveId Perspective,
    ObjectiveId Objective,
    KpiId Kpi,
    ScorecardId Scorecard,
    PurposeId Purpose,
    BusinessHoursId BusinessHours,
    ConnectionId Connection,
    CrosswalkId Crosswalk,
    LadderId Ladder,
}
impl Id for GuardrailId {
    const SYMBOL: Option<Symbol> = None;
}
impl Id for WithholdingId {
    const SYMBOL: Option<Symbol> = None;
}
impl Id for RuleId {
    const SYMBOL: Option<Symbol> = None;
}
impl Id for DimensionId {
    const SYMBOL: Option<Symbol> = None;
}
impl Id for GovernanceId {
    const SYMBOL: Option<Symbol> = None;
}
impl Id for PolicyId {
    const SYMBOL: Option<Symbol> = None;
}
impl Id for AlertId {
    const SYMBOL: Option<Symbol> = None;
}
impl Id for ChannelId {
    const SYMBOL: Option<Symbol> = None;
}
impl Id for EnterpriseEventId {
    const SYMBOL: Option<Symbol> = None;
}
impl Id for IncentivePlanId {
    const SYMBOL: Option<Symbol> = None;
}
impl Id for BenchmarkId {
    const SYMBOL: Option<Symbol> = None;
}
impl Id for LoopId {
    const SYMBOL: Option<Symbol> = None;
}
impl Id for PlaybookId {
    const SYMBOL: Option<Symbol> = None;
}
impl Id for InitiativeId {
    const SYMBOL: Option<Symbol> = None;
}
impl Id for OperatingPlanId {
    const SYMBOL: Option<Symbol> = None;
}
impl Id for PlanVersionId {
    const SYMBOL: Option<Symbol> = None;
}
impl Id for FeedbackId {
    const SYMBOL: Option<Symbol> = None;
}
impl Id for FeedbackThemeId {
    const SYMBOL: Option<Symbol> = None;
}
impl Id for CauseId {
    const SYMBOL: Option<Symbol> = None;
}
impl Id for SamplingId {
    const SYMBOL: Option<Symbol> = None;
}
impl Id for ReviewId {
    const SYMBOL: Option<Symbol> = None;
}
impl Id for StageGateId {
    const SYMBOL: Option<Symbol> = None;
}
impl Id for FunctionId {
    const SYMBOL: Option<Symbol> = None;
}
impl Id for FreezeId {
    const SYMBOL: Option<Symbol> = None;
}
impl Id for AttributeId {
    const SYMBOL: Option<Symbol> = None;
}

/// The name of an attribute; whether there is one is known where the entity is.
impl Decode for AttributeId {
    const KIND: Kind = Kind::Attribute;
    fn decode(yaml: &Yaml, at: At<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let text = decoder.text(yaml, at, Self::KIND)?;
        decoder.name(text, yaml.span);
        text.parse().ok()
    }
}

impl DecodeKey for String {
    const KEY: Key = Key::Text;
    fn decode_key(text: &str, span: Span, decoder: &mut Decoder<'_>) -> Option<Self> {
        decoder.bounded(text, span, bounds::TEXT)
    }
}

/// Free text, of which a name is the shortest kind.
impl Decode for String {
    const KIND: Kind = Kind::Text;
    fn decode(yaml: &Yaml, at: At<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let text = decoder.text(yaml, at, Self::KIND)?;
        let most = if at.name == "name" { bounds::SHOWN_NAME } else { bounds::TEXT };
        decoder.bounded(text, yaml.span, most)
    }
}

/// Reads a text by a function that reports what is wrong with it.
macro_rules! scalars {
    ($($(#[$about:meta])* $type:ty = $kind:expr, $read:expr;)*) => {$(
        $(#[$about])*
        impl Decode for $type {
            const KIND: Kind = $kind;
            fn decode(yaml: &Yaml, at: At<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
                let text = decoder.text(yaml, at, Self::KIND)?;
                let read: fn(&str, Span, &mut Decoder<'_>) -> Option<Self> = $read;
                read(text, yaml.span, decoder)
            }
        }
    )*};
}

/// A text that is understood where the entity or the unit is known.
macro_rules! texts {
    ($($(#[$about:meta])* $name:ident $kind:ident,)*) => {$(
        $(#[$about])*
        #[derive(Debug, Clone)]
        pub(crate) struct $name(pub(crate) Yaml);
        impl std::ops::Deref for $name {
            type Target = Yaml;
            fn deref(&self) -> &Yaml {
                &self.0
            }
        }
        impl Decode for $name {
            const KIND: Kind = Kind::$kind;
            fn decode(yaml: &Yaml, at: At<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
                decoder.text(yaml, at, Self::KIND)?;
                Some(Self(yaml.clone()))
            }
        }
    )*};
}
texts! {
    /// A row expression.
    ExpressionText Expression,
    /// A path to an attribute.
    PathText Path,
    /// An amount in the unit of what it is compared with.
    AmountText Amount,
    /// What a rule demands.
    RequirementText Requirement,
}

/// What ties rows of two entities: attributes of the one and of the other, with their places.
#[derive(Debug, Clone)]
pub(crate) struct Same(pub(crate) Vec<((AttributeId, Span), (AttributeId, Span))>);

impl Decode for Same {
    const KIND: Kind = Kind::Either(&[
        Kind::Attribute,
        Kind::List(&Kind::Attribute),
        Kind::Map(Key::Name(None), &Kind::Attribute),
    ]);
    fn decode(yaml: &Yaml, at: At<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let both = |at: (AttributeId, Span)| (at.clone(), at);
        match &yaml.value {
            Value::List(_) => {
                let list = List::<AttributeId>::decode(yaml, at, decoder)?;
                Some(Self(list.into_iter().map(|item| both((item.value, item.span))).collect()))
            }
            Value::Map(_) => {
                let map = Map::<Name<AttributeId>, AttributeId>::decode(yaml, at, decoder)?;
                let pair = |entry: Keyed<Name<AttributeId>, AttributeId>| {
                    Some(((entry.key?.id?, entry.span), (entry.value?, entry.at)))
                };
                map.into_iter().map(pair).collect::<Option<_>>().map(Self)
            }
            _ => AttributeId::decode(yaml, at, decoder).map(|id| Self(vec![both((id, yaml.span))])),
        }
    }
}

/// Makes the words of an enumeration choices of a field.
macro_rules! choices {
    ($($type:ty),*) => {$(
        impl $crate::decode::Decode for $type {
            const KIND: $crate::table::Kind =
                $crate::table::Kind::Choice(<$type as $crate::word::Word>::WORDS);
            fn decode(
                yaml: &$crate::yaml::Yaml,
                at: $crate::decode::At<'_>,
                decoder: &mut $crate::decode::Decoder<'_>,
            ) -> Option<Self> {
                decoder.choice(yaml, at)
            }
        }
    )*};
}
pub(crate) use choices;

impl Decoder<'_> {
    /// A text, if it is not too long.
    fn bounded(&mut self, text: &str, span: Span, most: usize) -> Option<String> {
        if text.len() > most {
            let place = Span { end: span.end.min(span.start + 60), ..span };
            self.report(codes::TOO_LARGE, place, format!("this text has {} bytes", text.len()))
                .expected(format!("at most {most} bytes"))
                .fix("shorten it; what is longer belongs into a document that it can name");
            return None;
        }
        Some(nfc(text).into_owned())
    }

    /// Reads one of the words of an enumeration.
    pub(crate) fn choice<T: Word>(&mut self, yaml: &Yaml, at: At<'_>) -> Option<T> {
        let text = self.text(yaml, at, Kind::Choice(T::WORDS))?;
        let member = T::from_word(text);
        if member.is_none() {
            let message = format!("`{}` cannot be `{}`", at.name, shorten(text));
            let words = || T::WORDS.iter().copied();
            self.findings
                .unknown(codes::NOT_A_CHOICE, yaml.span, message, text, words())
                .expected(format!("one of {}", quoted(words())));
            if let (Some(choice), Some(finding)) = (meant_choice(at.name, text), self.findings.last_mut())
                && words().any(|word| word == choice)
            {
                finding.replace(format!("here it is called `{choice}`"), yaml.span, choice);
            }
        }
        member
    }
}

/// A whole number within limits, both inclusive.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Whole<const LOW: i64, const HIGH: i64>(pub(crate) i64);

impl<const LOW: i64, const HIGH: i64> Decode for Whole<LOW, HIGH> {
    const KIND: Kind = Kind::Integer(LOW, HIGH);
    fn decode(yaml: &Yaml, at: At<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let text = decoder.text(yaml, at, Self::KIND)?;
        let number = text.parse().ok().filter(|n| (LOW..=HIGH).contains(n));
        if number.is_none() {
            let message = format!("`{}` cannot be `{}`", at.name, shorten(text));
            let expected =
                if LOW == HIGH { format!("{LOW}") } else { format!("a whole number from {LOW} to {HIGH}") };
            decoder.report(codes::NOT_A_NUMBER, yaml.span, message).expected(expected);
        }
        number.map(Self)
    }
}

/// A share of a whole.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Share(pub(crate) Decimal);
/// A length of time in microseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Micros(pub(crate) i64);
/// So many of a grain.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lag(pub(crate) u32, pub(crate) Grain);
/// A length by the calendar: so many of a grain.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch(pub(crate) u32, pub(crate) Grain);
/// So many periods earlier, or so long by the calendar.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ago(pub(crate) window::Ago);
/// Lowest and highest answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale(pub(crate) i64, pub(crate) i64);
/// A stretch of a day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpeningText(pub(crate) Opening);
/// A quantile in millionths.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quantile(pub(crate) u32);
/// The type of an attribute; an enum comes without its values.
#[derive(Debug, Clone)]
pub(crate) struct AttributeType(pub(crate) Type);
/// How a column is read.
#[derive(Debug, Clone)]
pub(crate) struct ColumnType {
    /// The type its texts come to.
    pub(crate) type_: Type,
    /// For durations: microseconds in one unit.
    pub(crate) unit_micros: i64,
    /// For durations that are written with colons: which parts they have.
    pub(crate) clock: Option<Clock>,
}
/// The name of a time zone.
#[derive(Debug, Clone)]
pub(crate) struct Zone(pub(crate) String);
/// A strptime pattern, or what is counted since 1970.
#[derive(Debug, Clone)]
pub(crate) struct TimeFormat(pub(crate) String);
/// What separates the cells of a line: one character or a few.
#[derive(Debug, Clone)]
pub(crate) struct Delimiter(pub(crate) String);
/// First and last character of a column in a line, from 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places(pub(crate) u32, pub(crate) u32);
/// The path of a file in PEM.
#[derive(Debug, Clone)]
pub(crate) struct PemFile(pub(crate) String);
/// The label of a text encoding, in lower case.
#[derive(Debug, Clone)]
pub(crate) struct Encoding(pub(crate) String);
/// A path or glob below the project's folder.
#[derive(Debug, Clone)]
pub(crate) struct Files(pub(crate) String);

scalars! {
    bool = Kind::Boolean, |text, span, decoder| {
        let value = text.parse().ok();
        if value.is_none() {
            let message = format!("`{}` is neither `true` nor `false`", shorten(text));
            let finding = decoder.report(codes::NOT_A_CHOICE, span, message);
            finding.expected("`true` or `false`");
            match text.to_ascii_lowercase().as_str() {
                "yes" | "y" | "on" | "1" | "true" => finding.replace("write `true`", span, "true"),
                "no" | "n" | "off" | "0" | "false" => finding.replace("write `false`", span, "false"),
                _ => finding,
            };
        }
        value
    };
    Share = Kind::Share, share;
    Date = Kind::Date, |text, span, decoder| {
        let date = lexical::date(text);
        if date.is_none() {
            let message = format!("`{}` is not a date", shorten(text));
            decoder.report(codes::NOT_A_DATE, span, message)
                .expected("year, month and day, such as `2026-01-31`");
        }
        date
    };
    Micros = Kind::Duration, |text, span, decoder| {
        let micros = lexical::duration(text).filter(|d| *d > 0);
        if micros.is_none() {
            let message = format!("`{}` is not a length of time", shorten(text));
            let finding = decoder.report(codes::NOT_A_DURATION, span, message);
            finding.expected("a number and a unit, such as `4 hours`, `90 minutes` or `30 days`");
            if lexical::decimal(text).is_some() {
                finding.fix("say of which unit: seconds, minutes, hours, days or weeks");
            } else if lexical::lag(text).is_some() {
                finding.fix("months, quarters and years are of different lengths: write days, such as `365 days`");
            }
        }
        micros.map(Self)
    };
    Lag = Kind::Lag, |text, span, decoder| {
        let lag = lexical::lag(text);
        if lag.is_none() {
            decoder.report(codes::NOT_A_DURATION, span, format!("`{}` is not a lag", shorten(text)))
                .expected("so many days, weeks, months, quarters or years, such as `1 quarter`");
        }
        lag.map(|(number, grain)| Self(number, grain))
    };
    Stretch = Kind::Stretch, stretch;
    Ago = Kind::Ago, |text, span, decoder| match text.parse::<u32>() {
        Ok(periods) if (1..=10_000).contains(&periods) => Some(Self(window::Ago::Periods(periods))),
        Ok(_) => {
            decoder
                .report(codes::NOT_A_DURATION, span, format!("`{text}` periods earlier is not earlier"))
                .expected("how many periods earlier, from 1, or a length such as `1 year`");
            None
        }
        Err(_) => {
            stretch(text, span, decoder).map(|Stretch(number, grain)| Self(window::Ago::Calendar(number, grain)))
        }
    };
    Scale = Kind::Scale, |text, span, decoder| {
        let Some((low, high)) = lexical::scale(text) else {
            let finding = decoder.report(codes::BAD_SCALE, span, format!("`{}` is not a scale", shorten(text)));
            finding.expected("the lowest and the highest answer, such as `1..5`");
            if let Some(meant) = lexical::scale_meant(text) {
                finding.replace(format!("write `{meant}`"), span, meant);
            }
            return None;
        };
        let near = |answer: i64| (-bounds::ANSWER..=bounds::ANSWER).contains(&answer);
        if !near(low) || !near(high) || high - low >= bounds::BINS {
            let message = format!("the scale `{}` is too long", shorten(text));
            decoder.report(codes::BAD_SCALE, span, message)
                .expected(format!(
                    "at most {} answers, between {} and {}", bounds::BINS, -bounds::ANSWER, bounds::ANSWER
                ))
                .fix("a number that is measured has no scale: use `mean`, or a `quantile` with bins");
            return None;
        }
        Some(Self(low, high))
    };
    OpeningText = Kind::Opening, |text, span, decoder| {
        let opening = lexical::opening(text);
        if opening.is_none() {
            let message = format!("`{}` is no stretch of a day", shorten(text));
            decoder.report(codes::BAD_OPENING, span, message)
                .expected("two times of a day, the earlier first, such as `\"09:00-17:30\"`; the last may be 24:00")
                .fix("write a night as two stretches, one until 24:00 and one from 00:00 on the next day");
        }
        opening.map(|(from, until)| Self(Opening { from, until }))
    };
    Quantile = Kind::Quantile, |text, span, decoder| {
        let read = lexical::quantile(text);
        let quantile = read.filter(|q| (1..1_000_000).contains(q)).and_then(|q| u32::try_from(q).ok());
        let shown = shorten(text);
        if quantile.is_none() {
            let (message, expected) = if read.is_some() {
                (
                    format!("the quantile `{shown}` is out of range"),
                    "more than 0% and less than 100%, such as `90%`, or `median`",
                )
            } else {
                (format!("`{shown}` is not a quantile"), "`median` or a share such as `90%`")
            };
            decoder.report(codes::BAD_QUANTILE, span, message).expected(expected);
        }
        quantile.map(Self)
    };
    AttributeType = Kind::Type, |text, span, decoder| {
        attribute_type(text, span, decoder).map(Self)
    };
    ColumnType = Kind::ColumnType, |text, span, decoder| {
        let word = text.strip_prefix("duration ").map(str::trim);
        let clock = word.and_then(Clock::from_word);
        let unit = word.map(|word| clock.map(|c| c.last_micros()).or_else(|| lexical::time_unit(word)));
        match unit {
            Some(Some(unit_micros)) => Some(Self { type_: Type::Duration, unit_micros, clock }),
            None if text != "duration" => {
                attribute_type(text, span, decoder).map(|type_| Self { type_, unit_micros: 0, clock: None })
            }
            _ => {
                let message = format!("`{}` does not say in which unit", shorten(text));
                decoder.report(codes::UNKNOWN_TYPE, span, message)
                    .expected(
                        "`duration seconds`, `duration minutes`, `duration hours` or `duration days`; `duration h:mm` \
                         or `duration m:ss` for texts with a colon",
                    )
                    .fix("write the unit that the file counts in, such as `duration minutes`");
                None
            }
        }
    };
    Zone = Kind::Zone, |text, span, decoder| {
        if text.len() <= 64 && jiff::tz::TimeZone::get(text).is_ok() {
            return Some(Self(text.to_owned()));
        }
        let known: Vec<String> = jiff::tz::db().available().map(|n| n.to_string()).collect();
        let message = format!("there is no time zone `{}`", shorten(text));
        let city = known.iter().find(|zone| zone.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(text)));
        // An abbreviation looks like others and means none of them.
        let abbreviation = text.len() <= 5 && text.bytes().all(|b| b.is_ascii_uppercase());
        let zones = known.iter().map(String::as_str).filter(|_| !abbreviation);
        let finding = decoder.findings.unknown(codes::UNKNOWN_ZONE, span, message, text, zones);
        finding.expected("an IANA name such as `Europe/Berlin` or `UTC`");
        if let Some(city) = city {
            finding.replace(format!("did you mean `{city}`?"), span, city);
        }
        None
    };
    TimeFormat = Kind::TimeFormat, |text, span, decoder| match lexical::time_format(text) {
        _ if Epoch::from_word(text).is_some() => Some(Self(text.to_owned())),
        Ok(()) => Some(Self(text.to_owned())),
        Err(_) if text.starts_with("epoch") => {
            let message = format!("`{}` does not say what is counted since 1970", shorten(text));
            decoder.report(codes::BAD_TIME_FORMAT, span, message)
                .expected(format!("one of {}", quoted(Epoch::WORDS.iter().copied())));
            None
        }
        Err(why) => {
            let message = format!("`{}` is not a format of times: {why}", shorten(text));
            let finding = decoder.report(codes::BAD_TIME_FORMAT, span, message);
            finding.expected("a strptime pattern such as `%d.%m.%Y %H:%M`, or `epoch seconds`, `epoch milliseconds`");
            if text.contains("%Z") {
                finding.fix("write letters that are always the same as they stand, such as `%H:%M:%S UTC`, or `%z` for `+02:00`");
            } else if let Some(meant) = lexical::time_format_meant(text) {
                finding.replace(format!("write `\"{meant}\"`"), span, format!("\"{meant}\""));
            }
            None
        }
    };
    Delimiter = Kind::Delimiter, |text, span, decoder| {
        // What stands in cells, quotes them or ends a line cannot separate them.
        let fits = (1..=8).contains(&text.chars().count())
            && !text.contains(['"', '\n', '\r', '\0'])
            && !text.chars().all(char::is_alphanumeric);
        if !fits {
            let message = format!("`{}` cannot separate cells", shorten(&text.escape_debug().to_string()));
            let finding = decoder.report(codes::BAD_DELIMITER, span, message);
            finding.expected("one character or a few, such as `\",\"`, `\";\"`, `\"||\"` or `\"\\t\"`");
            let character = match text.to_ascii_lowercase().as_str() {
                "tab" | "tabulator" | "tsv" => Some("\"\\t\""),
                "comma" => Some("\",\""),
                "semicolon" => Some("\";\""),
                "pipe" | "bar" => Some("\"|\""),
                "space" | "blank" => Some("\" \""),
                _ => None,
            };
            match character {
                Some(character) => finding.replace(format!("write `{character}`"), span, character),
                None => finding.fix("look at the first line of the file: it is what stands between two headers"),
            };
        } else if text == "\\t" {
            // In single quotes a backslash is one.
            return Some(Self("\t".to_owned()));
        }
        fits.then(|| Self(text.to_owned()))
    };
    Places = Kind::Places, |text, span, decoder| {
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let read = |t: &str| t.trim().parse::<u32>().ok().filter(|n| (1..=1_000_000).contains(n));
        let places = read(first).zip(read(last)).filter(|(first, last)| first <= last);
        if places.is_none() {
            let message = format!("`{}` is no place in a line", shorten(text));
            decoder.report(codes::BAD_PLACES, span, message)
                .expected("the first and the last character of the column, from 1: `9..16`, or `9` alone");
        }
        places.map(|(first, last)| Self(first, last))
    };
    Address = Kind::Text, |text, span, decoder| text.parse().map_err(|_| {
        let message = format!("`{}` is no address of a scheduler", shorten(text));
        let finding = decoder.report(codes::ENGINE, span, message);
        finding.expected("`ballista://host:port`");
        // Host and port alone, or with another scheme.
        let rest = text.rsplit_once("://").map_or(text, |(_, rest)| rest);
        let meant = format!("ballista://{rest}");
        if meant.parse::<Address>().is_ok() {
            finding.replace(format!("write `{meant}`"), span, meant);
        }
    }).ok();
    SharedFiles = Kind::Text, |text, span, decoder| text.parse().map_err(|_| {
        let message = format!("`{}` is no place for shared files", shorten(text));
        decoder.report(codes::ENGINE, span, message)
            .expected("`s3://bucket/prefix`, of small letters, digits, `.` and `-`, without keys")
            .fix("name the bucket alone: its endpoint and keys stand in the environment (AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)");
    }).ok();
    PemFile = Kind::Text, |text, span, decoder| {
        if text.contains("-----BEGIN") || text.contains('\n') {
            decoder.report(codes::SECRET_WRITTEN, span, "what a file holds stands in the definition")
                .expected("the path of a file in PEM, such as `/etc/kepi/own.key`")
                .fix("put it into a file that only who runs can read, and write its path; make a new key: it may have been seen");
            return None;
        }
        decoder.bounded(text, span, bounds::TEXT).map(Self)
    };
    Encoding = Kind::Encoding, |text, span, decoder| {
        if !decoder.options.knows_encoding(text) {
            let message = format!("there is no encoding `{}`", shorten(text));
            decoder.findings
                .unknown(codes::UNKNOWN_ENCODING, span, message, text, ENCODINGS.iter().copied());
            return None;
        }
        Some(Self(text.trim().to_ascii_lowercase()))
    };
    Files = Kind::Files, |text, span, decoder| {
        let shown = shorten(text);
        // What stands before a colon is a connection, whose objects have any names.
        let objects = lexical::objects(text);
        let leaves = text.starts_with(['/', '\\']) || text.split(['/', '\\']).any(|p| p == "..");
        if objects.is_none() && (leaves || text.contains(':')) {
            decoder.report(codes::OUTSIDE_PROJECT, span, format!("`{shown}` leads out of the project's folder"))
                .expected("a path below the project's folder, with `/`, such as `data/2026-*.csv`, or objects of a connection, such as `archive:2026/*.csv`");
        } else if let Some(why) = lexical::glob_problem(objects.map_or(text, |(_, keys)| keys)) {
            decoder.report(codes::BAD_PATTERN, span, format!("`{shown}` is not a pattern: {why}"))
                .expected("a path, or a path with `*`, `?` or `[0-9]` in it, such as `data/2026-*.csv`")
                .fix("write a bracket that is part of a name as `[[]`");
        } else if objects.is_none() && decoder.options.known_files.is_some_and(|count| count(text) == 0) {
            decoder.report(codes::NO_FILES, span, format!("no file matches `{shown}`"))
                .expected("at least one file when the source is run")
                .fix("put the file there, or correct the path; it is relative to the project's folder");
        }
        Some(Self(text.to_owned()))
    };
}

fn stretch(text: &str, span: Span, decoder: &mut Decoder<'_>) -> Option<Stretch> {
    let found = lexical::lag(text);
    match found {
        Some((number, grain)) if Over::Last(number, grain).days() <= bounds::STRETCH_DAYS => {
            Some(Stretch(number, grain))
        }
        Some(_) => {
            decoder
                .report(codes::NOT_A_DURATION, span, format!("`{}` is too long", shorten(text)))
                .expected("at most 100 years");
            None
        }
        None => {
            let message = format!("`{}` is not a length by the calendar", shorten(text));
            let finding = decoder.report(codes::NOT_A_DURATION, span, message);
            finding
                .expected("so many days, weeks, months, quarters or years, such as `28 days` or `12 months`");
            let lower = text.to_lowercase();
            let to_date = match lower.as_str() {
                "ytd" | "year to date" | "year_to_date" => Some("year"),
                "qtd" | "quarter to date" | "quarter_to_date" => Some("quarter"),
                "mtd" | "month to date" | "month_to_date" => Some("month"),
                "wtd" | "week to date" | "week_to_date" => Some("week"),
                _ => None,
            };
            let spaced = lexical::lag(lower.trim_start_matches("rolling ").trim_start_matches("last "));
            if let Some(grain) = to_date {
                let way = format!("{{to_date: {grain}}}");
                finding.replace(format!("write `{way}`"), span, way);
            } else if let Some((number, grain)) = spaced {
                let s = if number == 1 { "" } else { "s" };
                let way = format!("{number} {}{s}", grain.word());
                finding.replace(format!("write `{way}`"), span, way);
            } else if lexical::decimal(text).is_some() {
                finding.fix("say of what: days, weeks, months, quarters or years");
            }
            None
        }
    }
}

fn share(text: &str, span: Span, decoder: &mut Decoder<'_>) -> Option<Share> {
    let shown = shorten(text);
    match lexical::share(text) {
        Some(d) if (0.0..=1.0).contains(&d.to_f64()) => return Some(Share(d)),
        Some(_) => {
            decoder
                .report(codes::NOT_A_SHARE, span, format!("`{shown}` is not between 0% and 100%"))
                .expected("a share of a whole, such as `70%`")
                .fix("write `100%` for the whole, or less");
        }
        None => {
            let finding = decoder.report(codes::NOT_A_SHARE, span, format!("`{shown}` is not a share"));
            finding.expected("a number with `%`, such as `70%`");
            if let Some(d) = lexical::decimal(text) {
                let fraction = d.to_f64().abs() <= 1.0 && d.scale > 0;
                let percent = if fraction { d.to_f64() * 100.0 } else { d.to_f64() };
                if text == "1" {
                    finding.fix("write `100%` for the whole, or `1%`");
                } else {
                    finding.replace(format!("write `{percent}%`"), span, format!("{percent}%"));
                }
            }
        }
    }
    None
}

fn attribute_type(text: &str, span: Span, decoder: &mut Decoder<'_>) -> Option<Type> {
    let type_ = lexical::attribute_type(text);
    if let Some(Type::Reference { .. }) = &type_ {
        let entity = text.trim_start_matches("reference ").trim();
        decoder.reference(entity, Symbol::Entity, span);
    }
    if type_.is_some() {
        return type_;
    }
    let words = ["text", "integer", "boolean", "date", "timestamp", "duration", "enum"];
    let message = format!("there is no type `{}`", shorten(text));
    let finding = decoder.findings.unknown(codes::UNKNOWN_TYPE, span, message, text, words);
    finding.expected(TYPES);
    let fix = match text {
        "string" | "varchar" | "char" | "str" | "uuid" => Some("text"),
        "int" | "bigint" | "long" => Some("integer"),
        "float" | "double" | "decimal" | "number" | "numeric" => Some("number, 2 decimals"),
        "bool" => Some("boolean"),
        "datetime" | "time" => Some("timestamp"),
        "money" | "currency" => Some("money EUR, 2 decimals"),
        _ => None,
    };
    if let Some(fix) = fix {
        finding.replace(format!("write `{fix}`"), span, format!("\"{fix}\""));
    }
    None
}
