//! Hashes change with the meaning and with nothing else.

use kepi_model::{id::Hash, project::Project};

use crate::base::{checked, files, short};

fn project(edits: &[(&str, &str, &str)]) -> Project {
    let mut files = files();
    for (path, from, to) in edits {
        let (_, text) = files.iter_mut().find(|(p, _)| p == path).unwrap();
        assert!(text.contains(from), "{from}");
        *text = text.replacen(from, to, 1);
    }
    let checked = checked(&files);
    checked.value.unwrap_or_else(|| panic!("{}", short(&checked.findings)))
}

fn hashes(project: &Project) -> (Hash, Hash, Hash) {
    let kpi = &project.kpis[&"nps".parse().unwrap()];
    let source = &project.sources[&"survey".parse().unwrap()];
    let scorecard = &project.scorecards[&"shop_2026".parse().unwrap()];
    (kpi.hash, source.hash, scorecard.hash)
}

#[test]
fn spelling_changes_no_hash() {
    let base = hashes(&project(&[]));
    for edit in [
        ("kpis.yml", "kpi: nps\n", "# a comment\nkpi: nps # another\n"),
        ("kpis.yml", "name: Net promoter score", "name: NPS"),
        ("kpis.yml", "name: Net promoter score", "name: NPS\ndescription: Would they?"),
        ("kpis.yml", "responsible: [owner]", "consulted: [owner]"),
        ("kpis.yml", "of: survey_response, answer: score,", "answer: score, of: survey_response,"),
        ("kpis.yml", "where: survey = 'relationship'", "where: (survey)   =   'relationship'"),
        (
            "kpis.yml",
            "period: month\nby: [region, account.tier]",
            "by: [account.tier, region]\nperiod: month",
        ),
        ("sources.yml", "  region:       {column: Region, as: text}\n  weight:", "  weight:"),
        (
            "sources.yml",
            "delimiter: \";\", encoding: windows-1252",
            "encoding: windows-1252, delimiter: \";\"",
        ),
        ("sources.yml", "data/survey_*.csv", "data/surveys/*.csv"),
        ("scorecard.yml", "name: The shop in 2026", "name: Shop"),
        ("scorecard.yml", "kpis: {nps: 70%, easy_help: 30%}", "kpis: {easy_help: 30.0%, nps: 70%}"),
        ("kepi.yml", "name: A small shop", "name: A shop"),
    ] {
        // A line that is taken away is put back elsewhere.
        let moved = (
            "sources.yml",
            "  score:        {",
            "  region:       {column: Region, as: text}\n  score:        {",
        );
        let edits = if edit.2 == "  weight:" { vec![edit, moved] } else { vec![edit] };
        assert_eq!(hashes(&project(&edits)), base, "{edit:?}");
    }
}

#[test]
fn meaning_changes_the_hash_it_belongs_to() {
    let base = hashes(&project(&[]));
    let kpi_edits = [
        ("kpis.yml", "where: survey = 'relationship'", "where: survey = 'relation'"),
        ("kpis.yml", "period: month", "period: quarter"),
        ("kpis.yml", "publish_if: {n: 30}", "publish_if: {n: 31}"),
        ("kpis.yml", "weight: weight\n", ""),
        ("kpis.yml", "cross: [[region, tier]]\n", ""),
        ("kpis.yml", "accountable: owner\nresponsible", "as_of: now\naccountable: owner\nresponsible"),
        ("kepi.yml", "time_zone: Europe/Berlin", "time_zone: Europe/Paris"),
        ("kepi.yml", "time_zone: Europe/Berlin", "time_zone: Europe/Berlin\nweek_start: sunday"),
    ];
    for edit in kpi_edits {
        let now = hashes(&project(&[edit]));
        assert_ne!(now.0, base.0, "{edit:?}");
        assert_eq!(now.1, base.1, "{edit:?}");
        assert_ne!(now.2, base.2, "the scorecard rests on the KPI: {edit:?}");
    }
    for edit in [
        ("sources.yml", "mode: append", "mode: snapshot"),
        ("sources.yml", "delimiter: \";\"", "delimiter: \"|\""),
        ("sources.yml", "score between 0 and 10", "score between 0 and 9"),
        ("sources.yml", "{\"99\": refused}", "{\"98\": refused}"),
        ("sources.yml", "excess_digits: round", "excess_digits: quarantine"),
        ("sources.yml", "prefix: \"s-\"", "prefix: \"t-\""),
    ] {
        let now = hashes(&project(&[edit]));
        assert_ne!(now.1, base.1, "{edit:?}");
        assert_eq!((now.0, now.2), (base.0, base.2), "{edit:?}");
    }
    for edit in [
        ("kpis.yml", "stretch: 55", "stretch: 56"),
        ("scorecard.yml", "{nps: 70%, easy_help: 30%}", "{nps: 60%, easy_help: 40%}"),
        ("scorecard.yml", "minimum_coverage: 70%", "minimum_coverage: 60%"),
        ("scorecard.yml", "targets: inherit", "targets: own"),
    ] {
        let now = hashes(&project(&[edit]));
        assert_ne!(now.2, base.2, "{edit:?}");
        assert_eq!((now.0, now.1), (base.0, base.1), "{edit:?}");
    }
}
