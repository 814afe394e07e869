//! Field tables: what a kind of definition may say. One table drives reading, the JSON Schema, "did you mean" and the
//! reference page.

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
        }
    }
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// The name of what is being defined.
    Name,
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
    /// One ASCII character.
    Character,
    /// A label of a text encoding.
    Encoding,
    /// A path or glob below the project's folder.
    Files,
    /// What a rule demands.
    Requirement,
    /// A list.
    List(&'static Kind),
    /// A map; what its keys are, and its values.
    Map(Key, &'static Kind),
    /// A map with fields.
    Object(&'static Table),
    /// A map with exactly one of the fields.
    OneOf(&'static Table),
    /// Told apart by shape: text, list or map.
    Either(&'static [Kind]),
}

/// What the keys of a map are.
#[derive(Debug, Clone, Copy)]
pub enum Key {
    /// Any text.
    Text,
    /// A name that is defined here.
    Name,
    /// A name defined elsewhere.
    Reference(Symbol),
}

/// A field.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its key.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it must be there.
    pub required: bool,
    /// What holds if it is not there.
    pub default: Option<&'static str>,
    /// What it means.
    pub doc: &'static str,
    /// How it may look.
    pub example: &'static str,
}

impl Field {
    /// This field, required.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }
    /// This field with a default.
    pub const fn default(mut self, value: &'static str) -> Self {
        self.default = Some(value);
        self
    }
}

/// A field of a kind; optional and without default.
pub const fn field(name: &'static str, kind: Kind, doc: &'static str, example: &'static str) -> Field {
    Field { name, kind, required: false, default: None, doc, example }
}

/// A kind of map with fields.
#[derive(Debug)]
pub struct Table {
    /// Its name, for people and for the schema.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// Its fields in the order in which they are best written.
    pub fields: &'static [Field],
}

impl Table {
    /// A field by name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|f| f.name == name)
    }
}
