//! Lineage as OpenLineage events, so that a catalogue of data can show where figures come from.
//!
//! Events are those of jobs, which say what a job reads and writes whether or not it ran: one for each source, one for each entity
//! whose attributes or rows are made, one for all KPIs, one for all scorecards. They hold names and types, never a value.
//! Source: the OpenLineage specification 2-0-2, with the facets Schema and ColumnLineage, both 1-2-0.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{
    describe,
    id::EntityId,
    lineage::{How, Lineage, Step, Thing},
    project::Project,
};
use serde_json::{Map, Value, json};

const SPEC: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/JobEvent";
const SCHEMA: &str =
    "https://openlineage.io/spec/facets/1-2-0/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet";
const COLUMNS: &str = "https://openlineage.io/spec/facets/1-2-0/ColumnLineageDatasetFacet.json#/$defs/ColumnLineageDatasetFacet";

/// One event a job, as of an instant in RFC 3339, by this version of Kepi.
pub fn jobs(project: &Project, at: &str, version: &str) -> Vec<Value> {
    let lineage = Lineage::of(project);
    let writer = Writer { project, at, producer: format!("urn:kepi:{version}") };
    let mut by_job: BTreeMap<String, Vec<&Step>> = BTreeMap::new();
    for step in lineage.steps() {
        // The rows of an entity are no data set beside it: what decides them stands with the keys.
        let job = match (&step.from, &step.to) {
            (Thing::Column(source, _) | Thing::Source(source), _) => format!("land.{source}"),
            (_, Thing::Attribute(entity, _) | Thing::Rows(entity)) => format!("make.{entity}"),
            (_, Thing::Kpi(_)) => "compute".to_owned(),
            (_, Thing::Scorecard(_)) => "score".to_owned(),
            (_, Thing::Column(..) | Thing::Source(_)) => continue,
        };
        by_job.entry(job).or_default().push(step);
    }
    by_job.iter().map(|(job, steps)| writer.event(job, steps)).collect()
}

/// A data set and one field of it; no field: the rows.
type Place = (String, Option<String>);

struct Writer<'a> {
    project: &'a Project,
    at: &'a str,
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

    fn event(&self, job: &str, steps: &[&Step]) -> Value {
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
        json!({
            "eventTime": self.at,
            "producer": self.producer,
            "schemaURL": SPEC,
            "job": {"namespace": namespace, "name": job, "facets": {}},
            "inputs": of_inputs,
            "outputs": of_outputs,
        })
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
        How::Filters => "FILTER",
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
        let events = events();
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
