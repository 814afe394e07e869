//! KPIs and sources that extend another one.

use std::collections::BTreeMap;

use kepi_model::{
    finding::Severity,
    project::{Connector, Kpi, Source},
};

use crate::base::{checked, files};

fn with(text: &str) -> Vec<(String, String)> {
    let mut files = files();
    files.iter_mut().find(|(path, _)| path == "kpis.yml").unwrap().1.push_str(text);
    files
}

#[test]
fn what_is_not_said_is_as_the_other_says_it() {
    let text = "---
kpi: nps_of_north
name: Net promoter score of the north
extends: nps
measure: {nps: {where: survey = 'relationship' and region = 'north'}}
targets:
  - {from: 2026-01-01, threshold: 10, target: 30, basis: {negotiated: plan 2026}}
---
kpi: nps_again
name: The same once more
extends: nps
---
kpi: asked_daily
name: By day and no survey
extends: nps_of_north
measure: {count: {of: survey_response}}
period: day
weight: weight
targets: []
";
    let found = checked(&with(text));
    let errors: Vec<_> = found.findings.iter().filter(|of| of.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let project = found.value.unwrap();
    let kpi = |id: &str| -> &Kpi { &project.kpis[&id.parse().unwrap()] };
    let (nps, north, again, daily) = (kpi("nps"), kpi("nps_of_north"), kpi("nps_again"), kpi("asked_daily"));
    // The same meaning, under another name.
    assert_eq!(again.hash, nps.hash);
    assert_eq!(
        (again.targets.len(), again.accountable.clone()),
        (nps.targets.len(), nps.accountable.clone())
    );
    assert_eq!(again.name, "The same once more");
    // Of the measure the answer is taken over, and the condition is another; fields are taken as a whole.
    assert_ne!(north.hash, nps.hash);
    let (own, base) = (&north.measure.kind().readings()[0], &nps.measure.kind().readings()[0]);
    assert_eq!((&own.rows.of, &own.values), (&base.rows.of, &base.values));
    assert_ne!(own.rows.filter, base.rows.filter);
    assert_eq!((north.targets.len(), north.minimum_n, north.by.len()), (1, Some(30), 2));
    // Another kind takes no options over, and what extends an extension has the fields of both.
    assert_eq!(daily.measure.kind().readings()[0].rows.filter, None);
    assert_eq!((daily.targets.len(), daily.better, daily.by.len()), (0, nps.better, 2));
}

#[test]
fn what_is_wrong_in_the_other_is_said_once_and_where_it_is_written() {
    let mut files = with("---\nkpi: other\nname: Other\nextends: nps\n");
    let text = &mut files.iter_mut().find(|(path, _)| path == "kpis.yml").unwrap().1;
    *text = text.replacen("answer: score", "answer: scroe", 1);
    let found = checked(&files).findings;
    let wrong: Vec<_> = found.iter().filter(|of| of.code.0 == "K0505").collect();
    assert_eq!(wrong.len(), 1, "{found:?}");
    let unknown = checked(&with("---\nkpi: other\nname: Other\nextends: npss\n")).findings;
    assert!(unknown.iter().any(|of| of.code.0 == "K0201" && of.message.contains("npss")), "{unknown:?}");
}

/// The base project with more in its sources.
fn with_sources(text: &str) -> Vec<(String, String)> {
    let mut files = files();
    files.iter_mut().find(|(path, _)| path == "sources.yml").unwrap().1.push_str(text);
    files
}

#[test]
fn regions_share_a_mapping_and_say_what_is_different() {
    let text = "---
source: survey_south
name: Answers of the south
extends: survey
from: {csv: {files: \"south/*.csv\"}}
time_zone: America/Lima
map:
  region: {constant: south}
  ease: {column: Q3, as: integer}
---
source: survey_far_south
extends: survey_south
from: {ndjson: {files: \"far/*.ndjson\"}}
rules: []
";
    let found = checked(&with_sources(text));
    let errors: Vec<_> = found.findings.iter().filter(|of| of.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let project = found.value.unwrap();
    let source = |id: &str| &project.sources[&id.parse().unwrap()];
    let (base, south, far) = (source("survey"), source("survey_south"), source("survey_far_south"));
    // Of what is read the options are taken over, of another kind none.
    let Connector::Csv { files, delimiter, encoding, .. } = &south.from else { panic!("{:?}", south.from) };
    assert_eq!((files.as_str(), delimiter.as_str(), encoding.as_str()), ("south/*.csv", ";", "windows-1252"));
    assert!(matches!(&far.from, Connector::Ndjson { files } if files == "far/*.ndjson"), "{:?}", far.from);
    // Of the mapping attribute by attribute.
    let mapped = |of: &Source| -> BTreeMap<String, String> {
        of.map.iter().map(|one| (one.attribute.to_string(), format!("{:?}", one.from))).collect()
    };
    let (all, own) = (mapped(base), mapped(south));
    let differ: Vec<&String> =
        own.iter().filter(|(name, from)| all.get(*name) != Some(from)).map(|(name, _)| name).collect();
    assert_eq!(differ, ["ease", "region"]);
    assert_eq!(own.len(), all.len());
    assert_eq!(mapped(far), own);
    assert_eq!(
        (south.rules.len(), far.rules.len(), &south.name),
        (base.rules.len(), 0, &"Answers of the south".to_owned())
    );
    assert_eq!((&south.owner, &south.purpose), (&base.owner, &base.purpose));
    assert_ne!(format!("{:?}", south.zone), format!("{:?}", base.zone));
    assert_eq!(format!("{:?}", far.zone), format!("{:?}", south.zone));
}

#[test]
fn a_source_extends_no_circle_and_nothing_that_is_not_there() {
    let said = |text: &str| {
        let found = checked(&with_sources(text)).findings;
        found.iter().map(|of| format!("{} {}", of.code.0, of.message)).collect::<Vec<_>>().join("; ")
    };
    let circle = said("---\nsource: a\nextends: b\n---\nsource: b\nextends: a\n");
    assert!(circle.contains("K0662") && circle.contains("extends itself"), "{circle}");
    let unknown = said("---\nsource: a\nextends: survy\n");
    assert!(unknown.contains("K0201") && unknown.contains("survy"), "{unknown}");
    // What is wrong in the other is said once, where it is written.
    let mut files = with_sources("---\nsource: again\nextends: survey\nfrom: {csv: {files: b.csv}}\n");
    let text = &mut files.iter_mut().find(|(path, _)| path == "sources.yml").unwrap().1;
    *text = text.replacen("score between 0 and 10", "scroe between 0 and 10", 1);
    let found = checked(&files).findings;
    assert_eq!(found.iter().filter(|of| of.message.contains("scroe")).count(), 1, "{found:?}");
}
