//! Lineage as OpenLineage events, so that a catalogue of data can show where figures come from.
//!
//! There is a job for each source, one for each entity whose attributes or rows are made, one for all KPIs, one for all scorecards.
//! Events of jobs say what a job reads and writes whether or not it ran; events of a run, when it did, of which versions, and what
//! became of it. They hold names, types, counts and versions, never a value, and no name of a file.
//! Source: the OpenLineage specification 2-0-2, with the facets Schema and ColumnLineage 1-2-0, ParentRun 1-2-0, ProcessingEngine
//! 1-1-1, ErrorMessage and DatasetVersion 1-0-1, InputStatistics 1-0-0 and OutputStatistics 1-0-2.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kepi_model::{
    describe,
    id::{EntityId, Hash, KpiId, SourceId},
    lineage::{How, Lineage, Step, Thing},
    project::Project,
};
use kepi_query::{
    landing::{LoadOutcome, LoadReport, NotLanded, RowCounts},
    published::{Run, RunTime},
};
use serde_json::{Map, Value, json};

const SPEC: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/JobEvent";
const RUN_SPEC: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
const PARENT: &str = "https://openlineage.io/spec/facets/1-2-0/ParentRunFacet.json#/$defs/ParentRunFacet";
const ENGINE: &str =
    "https://openlineage.io/spec/facets/1-1-1/ProcessingEngineRunFacet.json#/$defs/ProcessingEngineRunFacet";
const ERROR: &str =
    "https://openlineage.io/spec/facets/1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet";
const VERSION: &str = "https://openlineage.io/spec/facets/1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet";
const READ: &str = "https://openlineage.io/spec/facets/1-0-0/InputStatisticsInputDatasetFacet.json#/$defs/InputStatisticsInputDatasetFacet";
const WRITTEN: &str = "https://openlineage.io/spec/facets/1-0-2/OutputStatisticsOutputDatasetFacet.json#/$defs/OutputStatisticsOutputDatasetFacet";
const SCHEMA: &str =
    "https://openlineage.io/spec/facets/1-2-0/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet";
const COLUMNS: &str = "https://openlineage.io/spec/facets/1-2-0/ColumnLineageDatasetFacet.json#/$defs/ColumnLineageDatasetFacet";

/// One event a job, as of an instant in RFC 3339, by this version of Kepi.
pub fn jobs(project: &Project, at: &str, version: &str) -> Vec<Value> {
    let lineage = Lineage::of(project);
    let writer = Writer { project, producer: producer(version) };
    by_job(&lineage).iter().map(|(job, steps)| writer.event(job, steps, at)).collect()
}

fn producer(version: &str) -> String {
    format!("urn:kepi:{version}")
}

fn by_job(lineage: &Lineage) -> BTreeMap<String, Vec<&Step>> {
    let mut by_job: BTreeMap<String, Vec<&Step>> = BTreeMap::new();
    for step in lineage.steps() {
        // The rows of an entity are no data set beside it: what decides them stands with the keys.
        let job = match (&step.from, &step.to) {
            // What of landed rows decides which there are goes from a data set to itself.
            (Thing::Attribute(from, _), Thing::Rows(to)) if from == to => continue,
            (Thing::Column(source, _) | Thing::Source(source), _) => format!("land.{source}"),
            (_, Thing::Attribute(entity, _) | Thing::Rows(entity)) => format!("make.{entity}"),
            (_, Thing::Kpi(_)) => "compute".to_owned(),
            (_, Thing::Scorecard(_)) => "score".to_owned(),
            (_, Thing::Column(..) | Thing::Source(_)) => continue,
        };
        by_job.entry(job).or_default().push(step);
    }
    by_job
}

/// What is known of a published run.
#[derive(Debug, Clone, Copy)]
pub struct Ran<'a> {
    /// The run, and what it rests on.
    pub run: &'a Run,
    /// How long it took, and looking at the sources in it; those of other runs are passed over.
    pub times: &'a [RunTime],
    /// Loads that are in force or were stopped, of any run.
    pub loads: &'a [LoadReport],
    /// What did not land, with when its run began, µs UTC; of any run.
    pub not_landed: &'a [(i64, NotLanded)],
    /// KPIs that the run could not renew: it writes nothing of them.
    pub not_renewed: &'a BTreeSet<KpiId>,
}

/// A pair of events for a run as a whole and for each job that was part of it, by this version of Kepi. Sources are looked at one
/// after the other; when in a run is not kept, so that each begins with it and takes as long as it took.
pub fn run(project: &Project, ran: Ran<'_>, version: &str) -> Vec<Value> {
    let lineage = Lineage::of(project);
    let writer = Writer { project, producer: producer(version) };
    let jobs = by_job(&lineage);
    let own = || ran.times.iter().filter(|of| of.run == ran.run.number);
    let began = ran.run.at;
    let took =
        |of: Option<&SourceId>| own().find(|time| time.source.as_ref() == of).map_or(0, |time| time.took);
    let ended = began + took(None);
    let whole = Part { job: "run", began, ended, failed: None };
    let mut events = writer.pair(ran, &whole, None, (Vec::new(), Vec::new()));
    for time in own() {
        let Some(source) = time.source.as_ref().filter(|id| project.sources.contains_key(*id)) else {
            continue;
        };
        let job = format!("land.{source}");
        let Some(steps) = jobs.get(&job) else { continue };
        let of = |load: &&LoadReport| load.source == *source;
        let now: Vec<&LoadReport> = ran.loads.iter().filter(of).filter(|load| load.at == began).collect();
        let stopped = now.iter().filter(|load| matches!(load.outcome, LoadOutcome::Stopped { .. })).count();
        let refused = ran.not_landed.iter().filter(|(at, of)| *at == began && of.source == *source).count();
        let said =
            format!("{} of it did not land: `kepi sources {source}` says what and why", stopped + refused);
        let failed = (stopped + refused > 0).then_some(said.as_str());
        let landed: Vec<&LoadReport> =
            now.into_iter().filter(|load| load.outcome == LoadOutcome::Landed).collect();
        let (mut inputs, mut outputs) = writer.data_sets(steps);
        // What a source is made of, in the order of its contents: the same files are the same version.
        let in_force = ran.loads.iter().filter(of).filter(|load| load.outcome == LoadOutcome::Landed);
        let mut contents: Vec<String> = in_force.map(|load| load.content.to_string()).collect();
        contents.sort();
        let version = match contents.as_slice() {
            [one] => one.clone(),
            all => Hash::of(all.concat().as_bytes()).to_string(),
        };
        let counts: RowCounts = landed.iter().map(|load| load.counts).sum();
        for input in &mut inputs {
            writer.versioned(input, &version);
            let facet = json!({"_producer": writer.producer, "_schemaURL": READ, "rowCount": counts.read, "fileCount": landed.len()});
            set(input, "inputFacets", "inputStatistics", facet);
        }
        for output in &mut outputs {
            writer.versioned(output, &ran.run.pins.snapshot.0.to_string());
            let rows = counts.accepted + counts.superseding;
            let facet = json!({"_producer": writer.producer, "_schemaURL": WRITTEN, "rowCount": rows});
            set(output, "outputFacets", "outputStatistics", facet);
        }
        // What did not land at all has written nothing.
        if failed.is_some() && landed.is_empty() {
            outputs.clear();
        }
        let part = Part { job: &job, began, ended: began + time.took, failed };
        events.extend(writer.pair(ran, &part, Some(&whole), (inputs, outputs)));
    }
    for (job, steps) in jobs.iter().filter(|(job, _)| !job.starts_with("land.")) {
        let (mut inputs, mut outputs) = writer.data_sets(steps);
        let renewed = |of: &Value| {
            let kpi = of["name"].as_str().and_then(|name| name.strip_prefix("kpi/"));
            kpi.is_none_or(|kpi| ran.not_renewed.iter().all(|id| id.as_str() != kpi))
        };
        outputs.retain(renewed);
        for of in inputs.iter_mut().chain(&mut outputs) {
            // Rows by their snapshot, figures by the run that says them: of those that it could not renew that is not known here.
            let is_rows = of["name"].as_str().is_some_and(|name| name.starts_with("entity/"));
            if is_rows {
                writer.versioned(of, &ran.run.pins.snapshot.0.to_string());
            } else if renewed(of) {
                writer.versioned(of, &format!("run {}", ran.run.number));
            }
        }
        let part = Part { job, began, ended, failed: None };
        events.extend(writer.pair(ran, &part, Some(&whole), (inputs, outputs)));
    }
    events
}

/// A job in a run.
struct Part<'a> {
    job: &'a str,
    /// µs UTC.
    began: i64,
    /// µs UTC.
    ended: i64,
    /// Why it failed, if it did.
    failed: Option<&'a str>,
}

/// The same job of the same run of the same lake has the same number wherever it is told.
fn number_of(run: &Run, job: &str) -> String {
    let hex = Hash::of(format!("{}/{}/{job}", run.pins.lake, run.number).as_bytes()).to_string();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    // Version 8 of RFC 9562: bits of one's own.
    format!("{}-{}-8{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

fn set(of: &mut Value, group: &str, name: &str, facet: Value) {
    if let Some(of) = of.as_object_mut() {
        let group = of.entry(group).or_insert_with(|| json!({}));
        if let Some(group) = group.as_object_mut() {
            group.insert(name.to_owned(), facet);
        }
    }
}

/// A data set and one field of it; no field: the rows.
type Place = (String, Option<String>);

struct Writer<'a> {
    project: &'a Project,
    producer: String,
}

impl Writer<'_> {
    fn namespace(&self) -> String {
        format!("kepi://{}", self.project.id)
    }

    fn place(&self, thing: &Thing) -> Place {
        match thing {
            Thing::Column(source, column) => (format!("source/{source}"), Some(column.clone())),
            Thing::Source(source) => (format!("source/{source}"), None),
            Thing::Attribute(entity, attribute) => (format!("entity/{entity}"), Some(attribute.to_string())),
            Thing::Rows(entity) => (format!("entity/{entity}"), None),
            Thing::Kpi(kpi) => (format!("kpi/{kpi}"), Some("value".to_owned())),
            Thing::Scorecard(scorecard) => (format!("scorecard/{scorecard}"), Some("score".to_owned())),
        }
    }

    fn versioned(&self, of: &mut Value, version: &str) {
        let facet = json!({"_producer": self.producer, "_schemaURL": VERSION, "datasetVersion": version});
        set(of, "facets", "version", facet);
    }

    /// When a job began and how it ended, with what it read and wrote.
    fn pair(
        &self,
        ran: Ran<'_>,
        part: &Part<'_>,
        parent: Option<&Part<'_>>,
        (inputs, outputs): (Vec<Value>, Vec<Value>),
    ) -> Vec<Value> {
        let job = |name: &str| json!({"namespace": self.namespace(), "name": name, "facets": {}});
        let mut facets = Map::new();
        let engine = json!({
            "_producer": self.producer, "_schemaURL": ENGINE, "name": "kepi", "version": ran.run.pins.engine.0,
        });
        facets.insert("processing_engine".to_owned(), engine);
        if let Some(parent) = parent {
            let of = json!({
                "_producer": self.producer, "_schemaURL": PARENT,
                "run": {"runId": number_of(ran.run, parent.job)},
                "job": {"namespace": self.namespace(), "name": parent.job},
            });
            facets.insert("parent".to_owned(), of);
        }
        let event = |kind: &str, at: i64, facets: &Map<String, Value>, outputs: &[Value]| {
            json!({
                "eventType": kind,
                "eventTime": Timestamp::from_microsecond(at).unwrap_or_default().to_string(),
                "producer": self.producer,
                "schemaURL": RUN_SPEC,
                "run": {"runId": number_of(ran.run, part.job), "facets": facets},
                "job": job(part.job),
                "inputs": inputs,
                "outputs": outputs,
            })
        };
        let begun = event("START", part.began, &facets, &[]);
        if let Some(why) = part.failed {
            let of = json!({"_producer": self.producer, "_schemaURL": ERROR, "message": why, "programmingLanguage": "Rust"});
            facets.insert("errorMessage".to_owned(), of);
        }
        let kind = if part.failed.is_some() { "FAIL" } else { "COMPLETE" };
        vec![begun, event(kind, part.ended, &facets, &outputs)]
    }

    fn event(&self, job: &str, steps: &[&Step], at: &str) -> Value {
        let (inputs, outputs) = self.data_sets(steps);
        json!({
            "eventTime": at,
            "producer": self.producer,
            "schemaURL": SPEC,
            "job": {"namespace": self.namespace(), "name": job, "facets": {}},
            "inputs": inputs,
            "outputs": outputs,
        })
    }

    /// What is read, and what is written of what.
    fn data_sets(&self, steps: &[&Step]) -> (Vec<Value>, Vec<Value>) {
        let namespace = self.namespace();
        let mut inputs: BTreeSet<String> = BTreeSet::new();
        // Of each data set the fields that are written, with what they are made of; no field: what decides the rows.
        let mut outputs: BTreeMap<String, BTreeMap<Option<String>, Vec<Value>>> = BTreeMap::new();
        for step in steps {
            let (from, field) = self.place(&step.from);
            let (to, written) = self.place(&step.to);
            let fields = outputs.entry(to).or_default().entry(written).or_default();
            if let Some(field) = field {
                fields.push(json!({
                    "namespace": namespace, "name": from, "field": field,
                    "transformations": [transformation(step.how)],
                }));
            }
            inputs.insert(from);
        }
        let of_inputs: Vec<Value> = inputs
            .into_iter()
            .map(|name| json!({"namespace": namespace, "name": name, "facets": self.schema(&name)}))
            .collect();
        let of_outputs: Vec<Value> = outputs
            .into_iter()
            .map(|(name, mut fields)| {
                let rows = fields.remove(&None).unwrap_or_default();
                let fields: BTreeMap<String, Value> = fields
                    .into_iter()
                    .filter_map(|(field, of)| Some((field?, json!({"inputFields": of}))))
                    .collect();
                let mut facets = self.schema(&name);
                let columns =
                    json!({"_producer": self.producer, "_schemaURL": COLUMNS, "fields": fields, "dataset": rows});
                facets.insert("columnLineage".to_owned(), columns);
                json!({"namespace": namespace, "name": name, "facets": facets})
            })
            .collect();
        (of_inputs, of_outputs)
    }

    /// Names and types of the fields of a data set, where the project declares them.
    fn schema(&self, name: &str) -> Map<String, Value> {
        let entity = name.strip_prefix("entity/").and_then(|id| id.parse::<EntityId>().ok());
        let fields: Vec<Value> = match entity.and_then(|id| self.project.entities.get(&id)) {
            Some(entity) => entity
                .all_attributes()
                .map(|of| {
                    let description = of.description.as_deref().unwrap_or(&of.name);
                    json!({"name": of.id, "type": describe::type_text(&of.type_), "description": description})
                })
                .collect(),
            None => match name.split_once('/') {
                Some(("kpi", _)) => vec![json!({"name": "value", "type": "number"})],
                Some(("scorecard", _)) => vec![json!({"name": "score", "type": "number"})],
                _ => Vec::new(),
            },
        };
        let mut facets = Map::new();
        if !fields.is_empty() {
            let schema = json!({"_producer": self.producer, "_schemaURL": SCHEMA, "fields": fields});
            facets.insert("schema".to_owned(), schema);
        }
        facets
    }
}

/// What OpenLineage calls a step.
fn transformation(how: How) -> Value {
    let kind = if how.is_direct() { "DIRECT" } else { "INDIRECT" };
    let subtype = match how {
        How::Copied | How::Given => "IDENTITY",
        How::Read | How::Unpivoted | How::Computed | How::Combined => "TRANSFORMATION",
        How::Aggregated | How::Weights => "AGGREGATION",
        How::Filters | How::Supersedes => "FILTER",
        How::Dates | How::Segments => "GROUP_BY",
        How::Joins | How::Identifies => "JOIN",
    };
    json!({"type": kind, "subtype": subtype, "description": how.words(), "masking": false})
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write as _,
        path::Path,
        process::{Command, Stdio},
    };

    use kepi_query::{
        port::{EngineVersion, SnapshotId},
        published::RunPins,
    };

    use super::*;
    use crate::{facts::Facts as _, fixture::airport};

    fn events() -> Vec<Value> {
        jobs(airport().project(), "2026-11-26T12:00:00Z", "1.2.3")
    }

    #[test]
    fn a_job_says_which_columns_become_which_attributes_and_how() {
        let events = events();
        let job = |name: &str| events.iter().find(|event| event["job"]["name"] == name).unwrap();
        let compute = job("compute");
        let kpi =
            compute["outputs"].as_array().unwrap().iter().find(|of| of["name"] == "kpi/restroom_cleanliness");
        let of_value = &kpi.unwrap()["facets"]["columnLineage"]["fields"]["value"]["inputFields"];
        let read: Vec<(&str, &str)> = of_value
            .as_array()
            .unwrap()
            .iter()
            .map(|of| (of["field"].as_str().unwrap(), of["transformations"][0]["subtype"].as_str().unwrap()))
            .collect();
        assert!(read.iter().any(|(_, how)| *how == "AGGREGATION"), "{read:?}");
        assert!(read.iter().any(|(_, how)| *how == "GROUP_BY"), "{read:?}");
        // What is written by one job is read by another under the same name.
        let names = |of: &Value, which: &str| -> Vec<String> {
            let all = of[which].as_array().unwrap().iter();
            all.map(|of| of["name"].as_str().unwrap().to_owned()).collect()
        };
        let written: Vec<String> = events.iter().flat_map(|event| names(event, "outputs")).collect();
        assert!(names(job("score"), "inputs").iter().all(|name| written.contains(name)));
    }

    const BEGAN: i64 = 1_774_000_000_000_000;

    /// A run that looked at all sources of the airport: of the first nothing new landed, of the second one file did and one did
    /// not, of the third none.
    fn ran() -> Vec<Value> {
        let airport = airport();
        let project = airport.project();
        let run = Run {
            number: 7,
            seq: 90,
            at: BEGAN,
            pins: RunPins {
                register: 1,
                definition: Hash::of(b"definitions"),
                lake: "a lake".to_owned(),
                snapshot: SnapshotId(41),
                engine: EngineVersion("engine 1".to_owned()),
                calendar: Hash::of(b"calendar"),
                zones: "2026a".to_owned(),
                watermarks: BTreeMap::new(),
            },
        };
        let sources: Vec<&SourceId> = project.sources.keys().collect();
        let [first, second, third, ..] = sources[..] else { panic!("the airport has three sources") };
        let time = |of: i64, source: Option<&SourceId>, took: i64| RunTime {
            run: of,
            at: BEGAN,
            source: source.cloned(),
            took,
        };
        let mut times: Vec<RunTime> =
            [first, second, third].map(|source| time(7, Some(source), 2_000_000)).to_vec();
        times.extend([time(7, None, 60_000_000), time(6, Some(first), 1), time(6, None, 2)]);
        let load = |source: &SourceId, content: &str, at: i64| {
            let into = &project.sources[source].into;
            let text = json!({
                "load": content, "source": source, "entity": into, "file": "data/x.csv", "content": Hash::of(content.as_bytes()),
                "definition": Hash::of(b""), "outcome": "landed", "at": at, "missing": [], "rules": [], "drift": [],
                "snapshot": 41,
                "counts": {"read": 10, "out_of_scope": 1, "accepted": 5, "superseding": 2, "quarantined": 1, "duplicate": 1},
            });
            serde_json::from_value::<LoadReport>(text).unwrap()
        };
        let loads =
            [load(first, "old", BEGAN - 9), load(second, "old", BEGAN - 9), load(second, "new", BEGAN)];
        let refused = |source: &SourceId, at: i64| {
            let into = project.sources[source].into.clone();
            let reason = "`secret.csv` has no column `id`".to_owned();
            (
                at,
                NotLanded {
                    source: source.clone(),
                    entity: into,
                    file: Some("secret.csv".to_owned()),
                    reason,
                },
            )
        };
        let not_landed = [refused(first, BEGAN - 9), refused(second, BEGAN), refused(third, BEGAN)];
        let not_renewed = BTreeSet::from(["restroom_cleanliness".parse().unwrap()]);
        super::run(
            project,
            Ran {
                run: &run,
                times: &times,
                loads: &loads,
                not_landed: &not_landed,
                not_renewed: &not_renewed,
            },
            "1.2.3",
        )
    }

    #[test]
    fn a_run_says_of_which_versions_it_was_made_and_what_did_not_land() {
        let project = airport().project().clone();
        let sources: Vec<String> = project.sources.keys().map(ToString::to_string).collect();
        let events = ran();
        let of = |job: &str| -> Vec<&Value> {
            events.iter().filter(|event| event["job"]["name"] == job).collect()
        };
        let kinds = |job: &str| -> Vec<&str> {
            of(job).iter().map(|event| event["eventType"].as_str().unwrap()).collect()
        };
        let land = |n: usize| format!("land.{}", sources[n]);
        assert_eq!(kinds("run"), ["START", "COMPLETE"]);
        assert_eq!(of("run")[1]["eventTime"], "2026-03-20T09:47:40Z", "a minute after it began");
        assert_eq!(kinds(&land(0)), ["START", "COMPLETE"], "what did not land in another run is not its");
        assert_eq!(kinds(&land(1)), ["START", "FAIL"]);
        assert_eq!(kinds(&land(2)), ["START", "FAIL"]);
        // One number for both events of a job, others for other jobs, and all within the run.
        let numbers: BTreeSet<&str> =
            events.iter().map(|event| event["run"]["runId"].as_str().unwrap()).collect();
        assert_eq!(numbers.len() * 2, events.len());
        let whole = &of("run")[0]["run"]["runId"];
        for event in events.iter().filter(|event| event["job"]["name"] != "run") {
            assert_eq!(&event["run"]["facets"]["parent"]["run"]["runId"], whole);
        }
        // Versions: contents of files, snapshots of rows, runs of figures.
        let version = |of: &Value| of["facets"]["version"]["datasetVersion"].as_str().map(str::to_owned);
        let input = |n: usize| of(&land(n))[0]["inputs"][0].clone();
        assert_eq!(version(&input(0)), Some(Hash::of(b"old").to_string()));
        assert_ne!(version(&input(0)), version(&input(1)), "two files are another version than one of them");
        assert_eq!(input(1)["inputFacets"]["inputStatistics"]["rowCount"], 10);
        let landed = &of(&land(1))[1]["outputs"][0];
        assert_eq!(
            (version(landed).as_deref(), &landed["outputFacets"]["outputStatistics"]["rowCount"]),
            (Some("41"), &json!(7))
        );
        assert_eq!(of(&land(2))[1]["outputs"], json!([]), "nothing of it landed");
        let compute = of("compute")[1];
        assert!(compute["inputs"].as_array().unwrap().iter().all(|of| version(of).as_deref() == Some("41")));
        let figures = compute["outputs"].as_array().unwrap();
        assert!(figures.iter().all(|of| version(of).as_deref() == Some("run 7")) && figures.len() > 3);
        assert!(figures.iter().all(|of| of["name"] != "kpi/restroom_cleanliness"), "it was not renewed");
        // Neither names of files nor what stands in reasons leaves.
        assert!(events.iter().all(|event| !event.to_string().contains("secret")));
    }

    #[test]
    #[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
    fn the_reference_client_reads_every_event_whole() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let python = root.join("target/python/openlineage/bin/python");
        if !python.exists() {
            println!("SKIPPED: `openlineage-python` is not installed; `make tools` installs it");
            return;
        }
        let mut child = Command::new(python)
            .arg(root.join("crates/kepi-report/tests/read_openlineage.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let events = [events(), ran()].concat();
        let text: String = events.iter().map(|event| format!("{event}\n")).collect();
        // One that ends before it has read everything says why.
        let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
        let output = child.wait_with_output().unwrap();
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        assert_eq!(said.trim(), format!("{} events", events.len()));
    }
}
