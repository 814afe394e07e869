//! KPIs that extend another one.

use kepi_model::{finding::Severity, project::Kpi};

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
