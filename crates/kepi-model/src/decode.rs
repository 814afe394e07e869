//! YAML → definitions: typed structs whose every value still knows where it is written.
//!
//! `table!` and `one_of!` declare a field once, with name, type, need or default, meaning and example. From that come
//! the struct, its decoding with all findings about shape, unknown and missing fields, the JSON Schema and the reference
//! page. Nothing stops at a mistake: a field that cannot be read is empty, its neighbours are read all the same, and what
//! looks at definitions afterwards need not say again what has been said here.

mod scalar;

use crate::{
    bounds, codes,
    finding::{Code, Finding},
    findings::Findings,
    id::is_name,
    meant::meant,
    options::Options,
    source_text::{FileId, Span},
    symbols::Symbols,
    table::{FieldSpec, Key, Kind, Need, Symbol, Table},
    wording::{article, as_name, quoted, sentence_part, shorten},
    yaml::{self, Pair, Value, Yaml},
};

pub(crate) use scalar::{
    Ago, AmountText, AttributeType, ColumnType, Delimiter, Encoding, ExpressionText, Files, Lag, Micros,
    Name, OpeningText, PathText, PemFile, PersonOrRole, Places, Quantile, RequirementText, Same, Scale,
    Share, Stretch, TimeFormat, Whole, Zone, choices,
};

/// What can stand in a field: how it is described and how it is read.
pub(crate) trait Decode: Sized {
    /// What it is.
    const KIND: Kind;
    /// Reads a value and reports what is wrong with it; `None` if nothing can be made of it.
    fn decode(yaml: &Yaml, at: At<'_>, decoder: &mut Decoder<'_>) -> Option<Self>;
}

/// What can be the key of a map.
pub(crate) trait DecodeKey: Sized {
    /// What it is.
    const KEY: Key;
    /// Reads a key and reports what is wrong with it.
    fn decode_key(text: &str, span: Span, decoder: &mut Decoder<'_>) -> Option<Self>;
}

/// In which field a value stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At<'a> {
    /// Where its key is, or the item of a list.
    pub(crate) key: Span,
    /// The field's name.
    pub(crate) name: &'a str,
    /// The key that it stands under, which in a map is not the field's; nothing for an item of a list.
    pub(crate) under: &'a str,
}

impl At<'_> {
    /// What stands before the value, as a way out repeats it.
    fn before(&self) -> String {
        if self.under.is_empty() { String::new() } else { format!("{}: ", shorten(self.under)) }
    }
}

/// A field: as it is written, or its default, or nothing.
#[derive(Debug, Clone)]
pub(crate) struct Field<T> {
    /// Where its value stands; of a field that is not written, the map.
    pub(crate) span: Span,
    /// Where its key stands; of a field that is not written, the map.
    pub(crate) key: Span,
    presence: Presence,
    value: Option<T>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Written,
    /// Another key is most likely meant for it, which has its own finding.
    Misspelt,
    Absent,
}

impl<T> Field<T> {
    /// The value, or the default.
    pub(crate) fn get(&self) -> Option<&T> {
        self.value.as_ref()
    }
    /// Whether it is written, be it wrongly.
    pub(crate) fn is_written(&self) -> bool {
        self.presence == Presence::Written
    }
    /// Whether it is neither written nor misspelt.
    pub(crate) fn is_absent(&self) -> bool {
        self.presence == Presence::Absent
    }
}
impl<T: Clone> Field<T> {
    /// The value, or the default.
    pub(crate) fn cloned(&self) -> Option<T> {
        self.value.clone()
    }
}
impl<T> Field<Vec<T>> {
    /// The items or entries; none where nothing is written.
    pub(crate) fn items(&self) -> &[T] {
        self.value.as_deref().unwrap_or_default()
    }
}
impl<T: Clone> Field<List<T>> {
    /// The values of the items.
    pub(crate) fn values(&self) -> Vec<T> {
        self.items().iter().map(|i| i.value.clone()).collect()
    }
}

/// A value with its place.
#[derive(Debug, Clone)]
pub(crate) struct Placed<T> {
    pub(crate) span: Span,
    pub(crate) value: T,
}
/// A list; items that cannot be read have their findings and are left out.
pub(crate) type List<T> = Vec<Placed<T>>;

/// An entry of a map.
#[derive(Debug, Clone)]
pub(crate) struct Keyed<K, V> {
    /// The key as written.
    pub(crate) text: String,
    /// Where it is written.
    pub(crate) span: Span,
    /// The key, if it can be read.
    pub(crate) key: Option<K>,
    /// Where the value is written.
    pub(crate) at: Span,
    /// The value, if it can be read.
    pub(crate) value: Option<V>,
}
/// A map in written order.
pub(crate) type Map<K, V> = Vec<Keyed<K, V>>;

/// One of two, told apart by shape.
#[derive(Debug, Clone)]
pub(crate) enum Either<A, B> {
    This(A),
    That(B),
}

/// What decoding needs to know.
pub(crate) struct Decoder<'a> {
    pub(crate) symbols: &'a Symbols,
    pub(crate) options: &'a Options<'a>,
    pub(crate) findings: &'a mut Findings,
    /// KPIs that are named, and where: what a KPI on its way out is still used by.
    pub(crate) named: &'a mut Vec<(String, Span)>,
}

/// A map that has been compared with its table.
pub(crate) struct Opened<'a> {
    yaml: &'a Yaml,
    table: &'static Table,
    misspelt: Vec<&'static str>,
}

impl Decoder<'_> {
    /// Compares a map with its table: shape, unknown fields, missing ones.
    pub(crate) fn open<'y>(
        &mut self,
        yaml: &'y Yaml,
        table: &'static Table,
        at: At<'_>,
    ) -> Option<Opened<'y>> {
        if !matches!(yaml.value, Value::Map(_)) {
            let fields = if table.one_key {
                format!("a map with one key: {}", quoted(table.names()))
            } else {
                format!("a map with the fields of {}", article(&table.word()))
            };
            let finding = self.wrong_shape(yaml, at.key, &fields);
            if let Some(text) = yaml.text()
                && let Some(written) = table.written_out(text)
            {
                finding.fix(format!("write `{}{written}`", at.before()));
            }
            return None;
        }
        let unknown: Vec<&Pair> = yaml.entries().iter().filter(|e| table.field(&e.key).is_none()).collect();
        if let Some(kind) = kind_as_field(&unknown, table) {
            let way = format!("the kind is the key: `{}{{{}: {}}}`", at.before(), kind.name, kind.example);
            self.report(codes::ONE_KEY, at.key, format!("{} is named by its only key", table.word()))
                .expected(format!("one of {} as the key", quoted(table.names())))
                .fix(way);
            return None;
        }
        let misspelt = self.unknown_fields(&unknown, table);
        for field in table.fields.iter().filter(|f| f.need == Need::Required) {
            if yaml.entry(field.name).is_some() || misspelt.contains(&field.name) {
                continue;
            }
            let such = format!("`{}: {}`", field.name, field.example);
            self.report(
                codes::MISSING_FIELD,
                at.key,
                format!("this {} has no `{}`", table.word(), field.name),
            )
            .expected(format!("`{}`: {}", field.name, sentence_part(field.doc)))
            .fix(match field.kind {
                Kind::Object(_) | Kind::Map(..) => format!("add `{}`, such as {such}", field.name),
                _ => format!("add {such}"),
            });
        }
        // An unknown key has its own finding.
        let (entries, only_unknown) = (yaml.entries().len(), unknown.len() == yaml.entries().len());
        if table.one_key && entries != 1 && (!only_unknown || entries == 0) {
            self.report(
                codes::ONE_KEY,
                at.key,
                format!("{} has exactly one key, not {entries}", article(&table.word())),
            )
            .expected(format!("one of {}", quoted(table.names())))
            .fix("keep the one that is meant");
        }
        Some(Opened { yaml, table, misspelt })
    }

    /// Reports fields that a table does not have, and says which are most likely meant.
    fn unknown_fields(&mut self, unknown: &[&Pair], table: &'static Table) -> Vec<&'static str> {
        let names: Vec<&'static str> = table.names().collect();
        let mut misspelt = Vec::new();
        for entry in unknown.iter().take(bounds::UNKNOWN_FIELDS) {
            let (key, span) = (&entry.key, entry.key_span);
            let message = format!("{} has no field `{}`", article(&table.word()), shorten(key));
            if let Some((field, way)) = meant(table.name, &names, key) {
                let finding = self.report(codes::UNKNOWN_FIELD, span, message);
                match way {
                    Some(way) => finding.fix(way),
                    None => finding.replace(format!("here it is called `{field}`"), span, field),
                };
                finding.expected(format!("one of {}", quoted(names.iter().copied())));
                misspelt.push(field);
                continue;
            }
            let near = self.findings.nearest(key, names.iter().copied());
            let finding = self.report(codes::UNKNOWN_FIELD, span, message);
            finding.expected(format!("one of {}", quoted(names.iter().copied())));
            if let Some(near) = near {
                finding.replace(format!("did you mean `{near}`?"), span, near);
                misspelt.push(near);
            }
        }
        if let Some(first) = unknown.get(bounds::UNKNOWN_FIELDS) {
            let more = unknown.len() - bounds::UNKNOWN_FIELDS;
            let message =
                format!("there are {more} more fields that {} does not have", article(&table.word()));
            self.report(codes::UNKNOWN_FIELD, first.key_span, message)
                .expected(format!("one of {}", quoted(names.iter().copied())));
        }
        misspelt
    }

    /// Says that there is more of something than is looked at.
    pub(crate) fn too_many(&mut self, span: Span, name: &str, most: usize, found: usize) {
        self.report(codes::TOO_LARGE, span, format!("`{name}` holds {found} items"))
            .expected(format!("at most {most}"));
    }

    /// Reads a field of a map.
    pub(crate) fn field<T: Decode>(&mut self, map: &Opened<'_>, name: &'static str) -> Field<T> {
        if let Some(pair) = map.yaml.entry(name) {
            let value = T::decode(&pair.value, At { key: pair.key_span, name, under: name }, self);
            return Field { span: pair.value.span, key: pair.key_span, presence: Presence::Written, value };
        }
        let default = match map.table.field(name).map(|f| f.need) {
            Some(Need::Default(text)) => {
                let default = self.default(text);
                debug_assert!(default.is_some(), "the default of `{name}` cannot be read");
                default
            }
            _ => None,
        };
        let presence = if map.misspelt.contains(&name) { Presence::Misspelt } else { Presence::Absent };
        Field { span: map.yaml.span, key: map.yaml.span, presence, value: default }
    }

    /// What a default says, read as if it were written.
    fn default<T: Decode>(&self, text: &str) -> Option<T> {
        let mut findings = Findings::default();
        let document = yaml::parse(FileId(0), text, &mut findings).into_iter().next()?;
        let mut named = Vec::new();
        let mut decoder = Decoder {
            symbols: self.symbols,
            options: self.options,
            findings: &mut findings,
            named: &mut named,
        };
        T::decode(&document.root, At { key: document.text, name: "default", under: "default" }, &mut decoder)
    }

    /// Adds a finding.
    pub(crate) fn report(&mut self, code: Code, span: Span, message: impl Into<String>) -> &mut Finding {
        self.findings.report(code, span, message)
    }

    fn wrong_shape(&mut self, yaml: &Yaml, key: Span, expected: &str) -> &mut Finding {
        let empty = matches!(yaml.value, Value::Empty);
        let (span, message) = match yaml.value {
            Value::Empty => (key, "nothing is written here".to_owned()),
            _ => (yaml.span, format!("this is {}", yaml.shape())),
        };
        let finding = self.report(codes::WRONG_SHAPE, span, message);
        if empty {
            finding.fix("write it, or remove the line");
        }
        finding.expected(expected)
    }

    /// The same where a list is meant: one item alone is put into brackets.
    fn no_list(&mut self, yaml: &Yaml, at: At<'_>, expected: &str) {
        let finding = self.wrong_shape(yaml, at.key, expected);
        if let Some(text) = yaml.text() {
            finding.replace(
                format!("write `{}[{}]`", at.before(), shorten(text)),
                yaml.span,
                format!("[{text}]"),
            );
        } else if matches!(yaml.value, Value::Map(_)) {
            finding.fix(format!("put it into a list: `{}[{{…}}]`", at.before()));
        }
    }

    /// The text of a scalar of a kind.
    pub(crate) fn text<'y>(&mut self, yaml: &'y Yaml, at: At<'_>, kind: Kind) -> Option<&'y str> {
        let text = yaml.text();
        if text.is_none() {
            let finding = self.wrong_shape(yaml, at.key, &kind.word());
            let items = match &yaml.value {
                Value::List(items) => items.as_slice(),
                _ => &[],
            };
            let written = match (kind, items) {
                (_, [only]) => only.text().map(str::to_owned),
                (Kind::Scale, [low, high]) => {
                    low.text().zip(high.text()).map(|(low, high)| format!("{low}..{high}"))
                }
                _ => None,
            };
            if let Some(written) = written {
                finding.replace(format!("write `{}{}`", at.before(), shorten(&written)), yaml.span, written);
            }
        }
        text
    }

    /// Checks the form of a name.
    pub(crate) fn name(&mut self, text: &str, span: Span) {
        if is_name(text) {
            return;
        }
        let better = as_name(text);
        self.report(codes::NOT_A_NAME, span, format!("`{}` is not a name", shorten(text)))
            .expected("a lower-case letter, then letters, digits or `_`, at most 63 characters")
            .replace(format!("write `{better}`"), span, better);
    }

    /// Checks that a name is that of a person or of a role.
    pub(crate) fn person_or_role(&mut self, text: &str, span: Span) {
        if !self.symbols.is_role(text) {
            self.reference(text, Symbol::Person, span);
        }
    }

    /// Checks that a name is defined.
    pub(crate) fn reference(&mut self, text: &str, symbol: Symbol, span: Span) {
        if self.symbols.contains(symbol, text) {
            if symbol == Symbol::Kpi {
                self.named.push((text.to_owned(), span));
            }
            if symbol == Symbol::Person && self.symbols.is_role(text) {
                let message = format!("`{}` is a role, and here somebody is named", shorten(text));
                self.findings.report(codes::ROLE_FOR_PERSON, span, message);
            }
            return;
        }
        let known = self.symbols.names(symbol);
        let message = format!("there is no {} `{}`", symbol.word(), shorten(text));
        let none = known.clone().next().is_none();
        let finding = self.findings.unknown(codes::UNKNOWN_NAME, span, message, text, known);
        if none {
            finding.expected(format!("the name of {}; none is defined", article(symbol.word())));
        }
        if none || finding.fix.is_none() {
            finding.fix(symbol.way_in(text));
        }
    }
}

/// The kind that somebody names by a field, as in `{type: nps, …}`, where it is the key.
fn kind_as_field(unknown: &[&Pair], table: &'static Table) -> Option<&'static FieldSpec> {
    let named = unknown.iter().find(|e| matches!(e.key.as_str(), "type" | "kind" | "method" | "format"))?;
    table.field(named.value.text()?).filter(|_| table.one_key)
}

impl<T: Decode> Decode for List<T> {
    const KIND: Kind = Kind::List(&T::KIND);
    fn decode(yaml: &Yaml, at: At<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let Value::List(items) = &yaml.value else {
            decoder.no_list(yaml, at, "a list: `[…, …]`, or items that start with `- `");
            return None;
        };
        let item = |i: &Yaml, decoder: &mut Decoder<'_>| {
            Some(Placed { span: i.span, value: T::decode(i, At { key: i.span, under: "", ..at }, decoder)? })
        };
        let most = bounds::items(at.name);
        if items.len() > most {
            decoder.too_many(at.key, at.name, most, items.len());
        }
        Some(items.iter().take(most).filter_map(|i| item(i, decoder)).collect())
    }
}

impl<K: DecodeKey, V: Decode> Decode for Map<K, V> {
    const KIND: Kind = Kind::Map(K::KEY, &V::KIND);
    fn decode(yaml: &Yaml, at: At<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let Value::Map(pairs) = &yaml.value else {
            decoder.wrong_shape(yaml, at.key, "a map: `key: value`");
            return None;
        };
        let entry = |pair: &Pair| Keyed {
            text: pair.key.clone(),
            span: pair.key_span,
            key: K::decode_key(&pair.key, pair.key_span, decoder),
            at: pair.value.span,
            value: V::decode(&pair.value, At { key: pair.key_span, under: &pair.key, ..at }, decoder),
        };
        let most = bounds::entries(at.name);
        let read = pairs.iter().take(most).map(entry).collect();
        if pairs.len() > most {
            decoder.too_many(at.key, at.name, most, pairs.len());
        }
        Some(read)
    }
}

impl<A: Decode, B: Decode> Decode for Either<A, B> {
    const KIND: Kind = Kind::Either(&[A::KIND, B::KIND]);
    fn decode(yaml: &Yaml, at: At<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        if yaml.shape() == A::KIND.shape() {
            A::decode(yaml, at, decoder).map(Self::This)
        } else if yaml.shape() == B::KIND.shape() {
            B::decode(yaml, at, decoder).map(Self::That)
        } else {
            let shapes = [A::KIND, B::KIND].map(Kind::shape).join(" or ");
            if matches!(A::KIND, Kind::List(_)) {
                decoder.no_list(yaml, at, &shapes);
            } else {
                decoder.wrong_shape(yaml, at.key, &shapes);
            }
            None
        }
    }
}

/// Declares a struct that a map with fields is decoded into. A row says: name (and key, where Rust keeps the word for
/// itself), type, need, meaning, example and, for fields that came later, the version that first knew it. `name` and
/// `description` mean the same wherever they stand.
macro_rules! table {
    ($name:ident = $word:literal, $about:literal; $(
        $field:ident $($key:literal)?: $type:ty, $need:ident $($default:literal)?
        $(, $means:literal, $example:literal)? $(, since $since:literal)?;
    )*) => {
        #[doc = $about]
        #[derive(Debug, Clone)]
        #[allow(dead_code, reason = "a field may be read for its findings alone")]
        pub(crate) struct $name {
            /// Where it is written.
            pub(crate) span: $crate::source_text::Span,
            /// Where its key is written.
            pub(crate) key: $crate::source_text::Span,
            $(#[doc = $crate::decode::means!($field $($means)?)]
            pub(crate) $field: $crate::decode::Field<$type>,)*
        }
        impl $name {
            /// Its fields.
            pub(crate) const TABLE: &'static $crate::table::Table = &$crate::table::Table {
                name: $word,
                doc: $about,
                one_key: false,
                fields: &[$($crate::table::FieldSpec {
                    name: $crate::decode::key!($field $($key)?),
                    kind: <$type as $crate::decode::Decode>::KIND,
                    need: $crate::decode::need!($need $($default)?),
                    doc: $crate::decode::means!($field $($means)?),
                    example: $crate::decode::example!($field $($example)?),
                    since: $crate::decode::since!($($since)?),
                }),*],
            };
            /// The fields that are written: name, place of the key, place of the value.
            #[allow(dead_code, reason = "few tables have fields that exclude each other")]
            pub(crate) fn written(
                &self,
            ) -> impl Iterator<Item = (&'static str, $crate::source_text::Span, $crate::source_text::Span)> {
                [$((
                    $crate::decode::key!($field $($key)?),
                    self.$field.is_written(),
                    self.$field.key,
                    self.$field.span,
                )),*]
                .into_iter()
                .filter_map(|(name, written, key, value)| written.then_some((name, key, value)))
            }
            /// Reads a map with these fields, described by this or another table.
            pub(crate) fn decode_by(
                table: &'static $crate::table::Table,
                yaml: &$crate::yaml::Yaml,
                at: $crate::decode::At<'_>,
                decoder: &mut $crate::decode::Decoder<'_>,
            ) -> Option<Self> {
                let map = decoder.open(yaml, table, at)?;
                Some(Self {
                    span: yaml.span,
                    key: at.key,
                    $($field: decoder.field(&map, $crate::decode::key!($field $($key)?)),)*
                })
            }
        }
        impl $crate::decode::Decode for $name {
            const KIND: $crate::table::Kind = $crate::table::Kind::Object(Self::TABLE);
            fn decode(
                yaml: &$crate::yaml::Yaml,
                at: $crate::decode::At<'_>,
                decoder: &mut $crate::decode::Decoder<'_>,
            ) -> Option<Self> {
                Self::decode_by(Self::TABLE, yaml, at, decoder)
            }
        }
    };
}

/// Declares an enumeration that a map with exactly one key is decoded into: the key says which member.
macro_rules! one_of {
    ($name:ident = $word:literal, $about:literal; $(
        $member:ident $key:literal: $type:ty, $means:literal, $example:literal $(, since $since:literal)?;
    )*) => {
        #[doc = $about]
        #[derive(Debug, Clone)]
        #[allow(clippy::large_enum_variant, reason = "one a document, read once")]
        pub(crate) enum $name {
            $(#[doc = $means] $member($type),)*
        }
        impl $name {
            /// Its keys.
            pub(crate) const TABLE: &'static $crate::table::Table = &$crate::table::Table {
                name: $word,
                doc: $about,
                one_key: true,
                fields: &[$($crate::table::FieldSpec {
                    name: $key,
                    kind: <$type as $crate::decode::Decode>::KIND,
                    need: $crate::table::Need::Optional,
                    doc: $means,
                    example: $example,
                    since: $crate::decode::since!($($since)?),
                }),*],
            };
        }
        impl $crate::decode::Decode for $name {
            const KIND: $crate::table::Kind = $crate::table::Kind::Object(Self::TABLE);
            fn decode(
                yaml: &$crate::yaml::Yaml,
                at: $crate::decode::At<'_>,
                decoder: &mut $crate::decode::Decoder<'_>,
            ) -> Option<Self> {
                decoder.open(yaml, Self::TABLE, at)?;
                // All are read for their findings; the first one is what the map is taken for.
                let mut read = yaml.entries().iter().take($crate::bounds::UNKNOWN_FIELDS).map(|pair| {
                    let at = $crate::decode::At { key: pair.key_span, name: &pair.key, under: &pair.key };
                    match pair.key.as_str() {
                        $($key => <$type>::decode(&pair.value, at, decoder).map(Self::$member),)*
                        _ => None,
                    }
                });
                let first = read.next().flatten();
                read.for_each(drop);
                first
            }
        }
    };
}

macro_rules! key {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $key:literal) => {
        $key
    };
}
macro_rules! need {
    (required) => {
        $crate::table::Need::Required
    };
    (optional) => {
        $crate::table::Need::Optional
    };
    (default $text:literal) => {
        $crate::table::Need::Default($text)
    };
}
macro_rules! means {
    (name) => {
        "The name shown to people."
    };
    (description) => {
        "What it is, in plain words."
    };
    ($field:ident $means:literal) => {
        $means
    };
}
macro_rules! example {
    (name) => {
        "Relationship NPS"
    };
    (description) => {
        "Would our customers recommend us?"
    };
    ($field:ident $example:literal) => {
        $example
    };
}
macro_rules! since {
    () => {
        None
    };
    ($version:literal) => {
        Some($version)
    };
}
pub(crate) use {example, key, means, need, one_of, since, table};
