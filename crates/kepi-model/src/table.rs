//! Field tables: what a kind of definition may say. One table drives decoding, names and references, defaults, the JSON
//! Schema, "did you mean" and the reference page. Tables are declared in `definitions`, with the structs they fill.

use crate::{
    id::is_name,
    wording::{article, as_name, quoted, shorten},
};

/// What a name can refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Symbol {
    /// A project.
    Project,
    /// A person.
    Person,
    /// A unit.
    Unit,
    /// A level of units.
    Level,
    /// An entity.
    Entity,
    /// A source.
    Source,
    /// A strategy.
    Strategy,
    /// A pillar.
    Pillar,
    /// A theme.
    Theme,
    /// A long-term goal.
    Goal,
    /// A perspective.
    Perspective,
    /// An objective.
    Objective,
    /// A KPI.
    Kpi,
    /// A scorecard.
    Scorecard,
    /// A purpose.
    Purpose,
    /// Business hours.
    BusinessHours,
    /// A connection.
    Connection,
    /// A crosswalk.
    Crosswalk,
    /// A ladder.
    Ladder,
}

impl Symbol {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Person => "person",
            Self::Unit => "unit",
            Self::Level => "level",
            Self::Entity => "entity",
            Self::Source => "source",
            Self::Strategy => "strategy",
            Self::Pillar => "pillar",
            Self::Theme => "theme",
            Self::Goal => "goal",
            Self::Perspective => "perspective",
            Self::Objective => "objective",
            Self::Kpi => "KPI",
            Self::Scorecard => "scorecard",
            Self::Purpose => "purpose",
            Self::BusinessHours => "business hours",
            Self::Connection => "connection",
            Self::Crosswalk => "crosswalk",
            Self::Ladder => "ladder",
        }
    }
}

impl Symbol {
    /// How a name that is nowhere defined is defined.
    pub(crate) fn way_in(self, name: &str) -> String {
        if !is_name(name) {
            let (word, better) = (self.word(), as_name(name));
            return match self {
                Self::Person | Self::Unit => format!(
                    "names in definitions are like `{better}`: write that, and add a document `{word}: {better}` with `name: {}`",
                    shorten(name)
                ),
                _ => format!(
                    "names in definitions are like `{better}`: write that, and give the {word} this name"
                ),
            };
        }
        match self {
            Self::Project => "correct the name".to_owned(),
            Self::Person | Self::Unit | Self::Scorecard => {
                format!("correct the name, or add a document `{}: {name}` with a `name`", self.word())
            }
            Self::Kpi => format!("correct the name, or add a document `kpi: {name}`"),
            Self::Source | Self::Strategy => {
                format!("correct the name, or add a document `{}: {name}`", self.word())
            }
            Self::BusinessHours => {
                format!("correct the name, or add a document `business_hours: {name}` with its `week`")
            }
            Self::Connection => {
                format!("correct the name, or add a document `connection: {name}` that says where to")
            }
            Self::Crosswalk => {
                format!("correct the name, or add a document `crosswalk: {name}` with its `map`")
            }
            Self::Ladder => format!("correct the name, or add a document `ladder: {name}` with its `rungs`"),
            Self::Entity => format!(
                "correct the name, or add a document `entity: {name}` with its `key` and `attributes`"
            ),
            Self::Level => format!("correct the name, or give units the level: `level: {name}`"),
            Self::Pillar | Self::Theme | Self::Goal | Self::Perspective | Self::Objective => {
                format!(
                    "correct the name, or add `{name}` under `{}s` of the `strategy:` document",
                    self.word()
                )
            }
            Self::Purpose => {
                format!(
                    "correct the name, or add `{name}` under `purposes` of the project, with what it means"
                )
            }
        }
    }
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// The name of what is being defined; where names of its kind can be referred to, the kind.
    Name(Option<Symbol>),
    /// The name of something defined elsewhere.
    Reference(Symbol),
    /// Free text.
    Text,
    /// `true` or `false`.
    Boolean,
    /// A whole number within limits, both inclusive.
    Integer(i64, i64),
    /// A share such as `10%`, of 0 % to 100 %.
    Share,
    /// A date.
    Date,
    /// A length of time.
    Duration,
    /// So many of a grain.
    Lag,
    /// A length by the calendar: so many of a grain.
    Stretch,
    /// So many periods, or a length by the calendar.
    Ago,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A row expression.
    Expression,
    /// A path to an attribute.
    Path,
    /// The name of an attribute; resolved where the entity is known.
    Attribute,
    /// The type of an attribute.
    Type,
    /// How a column is read.
    ColumnType,
    /// A scale of answers, `1..5`.
    Scale,
    /// An IANA time zone.
    Zone,
    /// A strptime pattern.
    TimeFormat,
    /// `median` or a share.
    Quantile,
    /// An amount in the unit of what it is compared with.
    Amount,
    /// What separates cells.
    Delimiter,
    /// Where a column stands in a line.
    Places,
    /// A label of a text encoding.
    Encoding,
    /// A path or glob below the project's folder.
    Files,
    /// What a rule demands.
    Requirement,
    /// A stretch of a day, `09:00-17:00`.
    Opening,
    /// A list.
    List(&'static Kind),
    /// A map; what its keys are, and its values.
    Map(Key, &'static Kind),
    /// A map with fields, or with exactly one of them.
    Object(&'static Table),
    /// Told apart by shape: text, list or map.
    Either(&'static [Kind]),
}

/// What the keys of a map are.
#[derive(Debug, Clone, Copy)]
pub enum Key {
    /// Any text.
    Text,
    /// A name that is defined here; where names of its kind can be referred to, the kind.
    Name(Option<Symbol>),
    /// A name defined elsewhere.
    Reference(Symbol),
}

/// Whether a field must be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It must.
    Required,
    /// It may be left out, and then says nothing.
    Optional,
    /// It may be left out, and then says this, as it would be written.
    Default(&'static str),
}

/// A field as it is declared.
#[derive(Debug, Clone, Copy)]
pub struct FieldSpec {
    /// Its key.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it must be written.
    pub need: Need,
    /// What it means.
    pub doc: &'static str,
    /// How it may look.
    pub example: &'static str,
    /// The version of Kepi that first knew it, if it came after the first.
    pub since: Option<&'static str>,
}

/// A kind of map with fields.
#[derive(Debug)]
pub struct Table {
    /// Its name, for people and for the schema.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// Whether exactly one of the fields is written, and names a kind.
    pub one_key: bool,
    /// Its fields in the order in which they are best written.
    pub fields: &'static [FieldSpec],
}

impl Table {
    /// A field by name.
    pub fn field(&self, name: &str) -> Option<&'static FieldSpec> {
        self.fields.iter().find(|f| f.name == name)
    }
    /// The names of its fields.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.fields.iter().map(|f| f.name)
    }
    /// How a map with these fields is written, if somebody has written a text in place of it.
    pub(crate) fn written_out(&self, text: &str) -> Option<String> {
        if self.one_key {
            // The kind alone, or what the first kind would hold.
            let named = self.field(text).map(|field| format!("{{{}: {}}}", field.name, field.example));
            return named.or_else(|| {
                let first = self.fields.first()?;
                let holds =
                    if matches!(first.kind, Kind::Text) { shorten(text) } else { first.example.to_owned() };
                Some(format!("{{{}: {holds}}}", first.name))
            });
        }
        let needed: Vec<&FieldSpec> = self.fields.iter().filter(|f| f.need == Need::Required).collect();
        Some(match needed.as_slice() {
            [] if self.name == "mapping" => format!("{{column: {}, as: text}}", shorten(text)),
            [] => return None,
            // What is none of its words is meant for another field.
            [only] if matches!(only.kind, Kind::Choice(words) if !words.contains(&text)) => {
                format!("{{{}: {}}}", only.name, only.example)
            }
            [only] => format!("{{{}: {}}}", only.name, shorten(text)),
            several => {
                let fields: Vec<String> =
                    several.iter().map(|f| format!("{}: {}", f.name, f.example)).collect();
                format!("{{{}}}", fields.join(", "))
            }
        })
    }
    /// What a map with these fields is called.
    pub fn word(&self) -> String {
        if self.name == "kpi" { "KPI".to_owned() } else { self.name.replace('_', " ") }
    }
}

/// The types of attributes, as an expectation.
pub(crate) const TYPES: &str = "`text`, `integer`, `number, N decimals`, `money EUR, N decimals` (N at most 9), `boolean`, `date`, \
                                `timestamp`, `duration`, `enum` or `reference ENTITY`";

impl Kind {
    /// What a scalar of this kind is, for people.
    pub fn word(self) -> String {
        match self {
            Self::Name(_) => "a name".into(),
            Self::Reference(symbol) => format!("the name of {}", article(symbol.word())),
            Self::Boolean => "`true` or `false`".into(),
            Self::Integer(..) => "a whole number".into(),
            Self::Share => "a share such as `70%`".into(),
            Self::Date => "a date such as `2026-01-31`".into(),
            Self::Duration => "a length of time such as `4 hours`".into(),
            Self::Lag => "a lag such as `1 quarter`".into(),
            Self::Ago => "so many periods, or a length by the calendar such as `1 year`".into(),
            Self::Stretch => "a length by the calendar such as `12 months`".into(),
            Self::Choice(choices) => format!("one of {}", quoted(choices.iter().copied())),
            Self::Expression => "an expression".into(),
            Self::Path => "a path such as `account.region`".into(),
            Self::Attribute => "the name of an attribute".into(),
            Self::Type | Self::ColumnType => format!("a type: {TYPES}"),
            Self::Scale => "a scale such as `1..5`".into(),
            Self::Zone => "a time zone such as `Europe/Berlin`".into(),
            Self::TimeFormat => "a format such as `%Y-%m-%d` or `epoch milliseconds`".into(),
            Self::Quantile => "`median` or a share such as `90%`".into(),
            Self::Amount => "an amount in the unit of the value".into(),
            Self::Delimiter => "one character or a few".into(),
            Self::Places => "first and last character, `9..16`".into(),
            Self::Encoding => "the name of a text encoding".into(),
            Self::Files => "a path or glob".into(),
            Self::Requirement => "what must hold".into(),
            Self::Opening => "a stretch of a day such as `09:00-17:00`".into(),
            Self::Text | Self::List(_) | Self::Map(..) | Self::Object(_) | Self::Either(_) => "a text".into(),
        }
    }

    /// The shape of YAML it is written in.
    pub fn shape(self) -> &'static str {
        match self {
            Self::List(_) => "a list",
            Self::Map(..) | Self::Object(_) => "a map",
            _ => "a text",
        }
    }
}
