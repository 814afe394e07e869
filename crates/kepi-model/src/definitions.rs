//! Definitions: what each kind of document may say, as structs that know where everything is written.
//!
//! One file a kind. A field is declared once; from its row come decoding, defaults, choices, schema and reference page.

mod acting;
mod benchmark;
mod business_hours;
mod connection;
mod crosswalk;
mod enterprise_event;
mod entity;
mod governance;
mod guardrail;
mod incentive_plan;
mod initiative;
mod kpi;
mod operating_plan;
mod project;
mod review;
mod rule;
mod sampling;
mod scorecard;
mod source;
mod strategy;
mod withholding;

use crate::{
    calendar::Grain,
    codes,
    decode::{Decode, Decoder, Placed, choices},
    entity::screening::Then,
    meant::meant_kind,
    project::{
        Ambiguous, AsOf, Better, CascadeAsOf, CascadeTargets, CascadeValue, Consequence, Excess, Identical,
        Indicator, MissingLocal, MissingRule, Mode, Otherwise, PercentSign, Publication, Sensitivity, Sign,
        Strength,
    },
    table::{Kind, Table},
    wording::{quoted, shorten},
    yaml::{Document, Value, Yaml},
};

pub(crate) use acting::{
    Alert, AskedAgain, Channel, ClosedLoop, Feedback, Ladder, Mailbox, Playbook, PlaybookStep, Rung,
};
pub(crate) use benchmark::{Benchmark, Measured};
pub(crate) use business_hours::BusinessHours;
pub(crate) use connection::{
    Connection, DatabaseServer, HttpAuth, HttpServer, S3Bucket, Secret, SecretText, Setting, SftpServer,
};
pub(crate) use crosswalk::Crosswalk;
pub(crate) use enterprise_event::EnterpriseEvent;
pub(crate) use entity::{
    Attribute, Entity, Every, Lasts, Moment, Moments, Named, Part, Rows, Screen, Speeding, Stage,
    StraightLining,
};
pub(crate) use governance::{Governance, Policy};
pub(crate) use guardrail::{Bound, Guardrail};
pub(crate) use incentive_plan::IncentivePlan;
pub(crate) use initiative::{Evidence, ExpectedEffect, Initiative, Spending};
pub(crate) use kpi::{Attachment, Basis, By, DimensionPaths, Kpi, Life, Line, PlannedWith, Target};
pub(crate) use operating_plan::{OperatingPlan, PlanVersion};
pub(crate) use project::{
    Engine, FiscalCalendar, Month, Person, Project, QuickWins, ReportingLine, ReportingLines, Role, Unit,
    Weekday,
};
pub(crate) use review::{Review, ReviewGates, StageGate};
pub(crate) use rule::DataRule;
pub(crate) use sampling::Sampling;
pub(crate) use scorecard::{Cascade, Scorecard, ScorecardObjective, ScorecardSegment};
pub(crate) use source::{
    Attest, Bands, Connector, Database, DecimalMark, Expect, FileOrder, GroupingMark, HookSignature, HttpGet,
    HttpJob, HttpPages, Load, Mapping, Own, Rule as SourceRule, SingerStream, Source, SourceZone, TimeZone,
    Unpivot, Webhook,
};
pub(crate) use strategy::Strategy;
pub(crate) use withholding::Withholding;

choices!(
    Ambiguous,
    AsOf,
    Better,
    CascadeAsOf,
    CascadeTargets,
    CascadeValue,
    Consequence,
    Every,
    Excess,
    PercentSign,
    Grain,
    Identical,
    Indicator,
    Publication,
    Sensitivity,
    MissingLocal,
    MissingRule,
    Mode,
    Otherwise,
    Sign,
    Strength,
    Then
);

macro_rules! documents {
    ($($several:ident: $kind:ident,)*) => {
        /// The kinds of documents, told apart by their first key.
        pub(crate) const DOCUMENTS: &[&Table] = &[$($kind::TABLE),*];

        /// All definitions of a project by kind, in the order of files; of each the place of its document's text.
        #[derive(Debug, Default)]
        pub(crate) struct Definitions {
            $(pub(crate) $several: Vec<Placed<$kind>>,)*
        }

        impl Definitions {
            /// Reads the document that `table` describes.
            fn read(&mut self, table: &Table, document: &Document, decoder: &mut Decoder<'_>) {
                let (yaml, span) = (&document.root, document.text);
                let at = crate::decode::At { key: first_key(yaml), name: table.name, under: table.name };
                $(if table.name == $kind::TABLE.name {
                    self.$several.extend($kind::decode(yaml, at, decoder).map(|value| Placed { span, value }));
                })*
            }
        }
    };
}
documents! {
    projects: Project,
    persons: Person,
    roles: Role,
    governances: Governance,
    policies: Policy,
    alerts: Alert,
    closed_loops: ClosedLoop,
    feedback: Feedback,
    ladders: Ladder,
    playbooks: Playbook,
    initiatives: Initiative,
    operating_plans: OperatingPlan,
    incentive_plans: IncentivePlan,
    enterprise_events: EnterpriseEvent,
    samplings: Sampling,
    reviews: Review,
    stage_gates: StageGate,
    channels: Channel,
    units: Unit,
    entities: Entity,
    business_hours: BusinessHours,
    connections: Connection,
    crosswalks: Crosswalk,
    sources: Source,
    strategies: Strategy,
    benchmarks: Benchmark,
    kpis: Kpi,
    rules: DataRule,
    guardrails: Guardrail,
    scorecards: Scorecard,
    withholdings: Withholding,
}

/// Every table reachable from the documents, each once, in order of appearance.
pub(crate) fn tables() -> Vec<&'static Table> {
    fn inside(kind: Kind, out: &mut Vec<&'static Table>) {
        match kind {
            Kind::Object(table) => visit(table, out),
            Kind::List(inner) | Kind::Map(_, inner) => inside(*inner, out),
            Kind::Either(kinds) => kinds.iter().for_each(|k| inside(*k, out)),
            _ => {}
        }
    }
    fn visit(table: &'static Table, out: &mut Vec<&'static Table>) {
        // Two of one name would show: each has a heading.
        if !out.iter().any(|t| (t.name, t.doc) == (table.name, table.doc)) {
            out.push(table);
            table.fields.iter().for_each(|f| inside(f.kind, out));
        }
    }
    let mut out = Vec::new();
    DOCUMENTS.iter().for_each(|t| visit(t, &mut out));
    out
}

fn first_key(yaml: &Yaml) -> crate::source_text::Span {
    yaml.entries().first().map_or(yaml.span, |e| e.key_span)
}

impl Definitions {
    /// Reads all documents, each by the table that its first key names.
    pub(crate) fn decode(documents: &[Document], decoder: &mut Decoder<'_>) -> Self {
        let mut all = Self::default();
        for document in documents {
            let root = &document.root;
            let Some(first) = root.entries().first() else {
                decoder
                    .report(
                        codes::NO_DEFINITIONS,
                        root.span,
                        format!("a definition is a map, and this is {}", root.shape()),
                    )
                    .expected("a first line such as `kpi: relationship_nps`");
                continue;
            };
            match DOCUMENTS.iter().find(|t| t.name == first.key) {
                Some(table) => all.read(table, document, decoder),
                None => unknown_kind(root, &first.key, decoder),
            }
        }
        all
    }
}

fn unknown_kind(root: &Yaml, written: &str, decoder: &mut Decoder<'_>) {
    let kinds = || DOCUMENTS.iter().map(|t| t.name);
    // A kind further down means that only the order is wrong.
    let later = root.entries().iter().find(|e| kinds().any(|k| k == e.key) && e.value.text().is_some());
    let message = format!("`{}` is no kind of definition", shorten(written));
    let finding = decoder.findings.unknown(codes::UNKNOWN_KIND, first_key(root), message, written, kinds());
    finding.expected(format!("one of {} as the first key", quoted(kinds())));
    if let Some(kind) = meant_kind(written) {
        finding.replace(format!("here it is called `{kind}`"), first_key(root), kind);
    }
    if root.entries().first().is_some_and(|e| matches!(e.value.value, Value::List(_))) {
        finding.fix(
            "write each as a document of its own, such as `kpi: relationship_nps`, apart by a line `---`",
        );
    }
    if let Some(later) = later {
        finding.related(later.key_span, "this names a kind").fix(format!("write `{}` first", later.key));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        decode::{At, table},
        findings::Findings,
        options::Options,
        source_text::FileId,
        symbols::Symbols,
        table::Need,
        yaml,
    };

    #[test]
    fn every_field_says_what_it_means_and_comes_once() {
        for table in tables() {
            let names: BTreeSet<&str> = table.names().collect();
            assert_eq!(names.len(), table.fields.len(), "{}", table.name);
            assert!(table.doc.ends_with('.'), "{}", table.name);
            for field in table.fields {
                assert!(
                    field.doc.ends_with('.') && !field.example.is_empty(),
                    "{}.{}",
                    table.name,
                    field.name
                );
            }
        }
    }

    table! {
        Sample = "sample", "A sample.";
        word: Better, default "lower", "A word.", "higher";
        many: Vec<Placed<String>>, default "[a, \"1\"]", "Texts.", "[a]";
        of "where": String, optional, "A text.", "b", since "0.2";
        must: bool, required, "Whether.", "true";
    }

    fn sample(text: &str) -> (Sample, Findings) {
        let mut findings = Findings::default();
        let document = yaml::parse(FileId(0), text, &mut findings).remove(0);
        let (symbols, options) = (Symbols::default(), Options::default());
        let mut named = Vec::new();
        let mut decoder =
            Decoder { symbols: &symbols, options: &options, findings: &mut findings, named: &mut named };
        let at = At { key: document.text, name: "sample", under: "sample" };
        (Sample::decode(&document.root, at, &mut decoder).unwrap(), findings)
    }

    #[test]
    fn a_field_is_written_misspelt_or_its_default() {
        let (read, findings) = sample("{word: higher, where: x, must: true}");
        assert!(!findings.has_errors());
        assert_eq!((read.word.cloned(), read.of.cloned()), (Some(Better::Higher), Some("x".to_owned())));
        assert_eq!(read.many.values(), ["a", "1"]);
        assert!(read.word.is_written() && read.many.is_absent());

        let (read, findings) = sample("{wrod: higher, must: perhaps}");
        assert_eq!(findings.count(), 2);
        assert_eq!((read.word.cloned(), read.must.cloned()), (Some(Better::Lower), None));
        assert!(!read.word.is_written() && !read.word.is_absent() && read.must.is_written());
        assert_eq!(Sample::TABLE.field("where").and_then(|f| f.since), Some("0.2"));
    }

    #[test]
    fn every_default_can_be_read() {
        let defaults = |table: &'static Table| {
            table.fields.iter().filter_map(|f| match f.need {
                Need::Default(text) => Some((f, text)),
                _ => None,
            })
        };
        let mut seen = 0;
        for (field, text) in tables().into_iter().flat_map(defaults) {
            seen += 1;
            let mut findings = Findings::default();
            let root = yaml::parse(FileId(0), text, &mut findings).remove(0).root;
            match field.kind {
                Kind::Choice(words) => assert!(words.contains(&root.text().unwrap()), "{}", field.name),
                kind => assert_eq!(root.shape(), kind.shape(), "{}", field.name),
            }
            assert!(!findings.has_errors());
        }
        assert!(seen > 10);
    }
}
