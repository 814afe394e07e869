//! What a list of events says of each.

use std::{fs, path::PathBuf};

use kepi_govern::Recorded;

#[test]
fn every_kind_of_event_is_said_in_words() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut said = Vec::new();
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    for path in names.iter().filter(|path| !path.to_string_lossy().ends_with(".now.json")) {
        let text = fs::read_to_string(path).unwrap();
        let recorded = Recorded::read_line(text.trim_end()).unwrap();
        said.push(format!("{}: {}", recorded.kind, recorded.event().unwrap().words()));
    }
    let expected = [
        "alerts.silenced: silent: alert attention of kpi/renewals in emea",
        "attempt.forbidden: refused to say yes: G0801, G0802",
        "attempt.refused: see_value was refused for area_a by token 3",
        "definition.adopted: kpi/nps, a person in force from ever; scorecard/customers gone from ever",
        "figure.overridden: kpi/nps in month/2026-05-01, of a part of its rows is 41.5, until 2027-01-01",
        "governance.adopted: mode board, 2 owners, board of customer, finance, 2 of them have to say yes",
        "governance.adopted: mode board, 2 owners, board of customer, finance, 2 of them have to say yes, freezes by quarter_end, two of 3 in an emergency",
        "insights.published: 105 series judged, 6 insights",
        "item.acknowledged: acknowledged",
        "item.answered: the customer: not settled",
        "item.assigned: now with person/4 (substitute)",
        "item.attended: 2 were there",
        "item.contacted: contacted in person, reached",
        "item.decided: on point 3: plan",
        "item.edited: written anew, ballots are void: change_request (words): kpi/nps in force from ever; scorecard/customers gone from ever",
        "item.ended: done",
        "item.escalated: not done in time, now with person/1 (superior)",
        "item.finished: said to be fixed",
        "item.finished: said to be solved, because of waiting",
        "item.moved: now in step review",
        "item.observed: the effect that was expected: not shown",
        "item.opened: change_request (definition, target): kpi/nps in force from ever; scorecard/customers gone from ever; a person in force from 2026-07-01",
        "item.rebased: put together with what is in force by now, ballots count on: change_request (words): kpi/nps in force from ever; scorecard/customers gone from ever",
        "item.refused: refused",
        "item.remarked: resolution of remark 2, with content 616161616161",
        "item.returned: back to its author: adopted otherwise meanwhile",
        "item.snoozed: to be seen again later",
        "item.stepped: a step is done, the next one comes",
        "item.voted: yes to content 616161616161",
        "legacy: run.published, from before events had versions",
        "load.landed: 1003 rows read: 100 out of scope, 800 accepted, 90 superseding, 3 quarantined, 10 duplicate, 90 ended",
        "load.stopped: rule enough_rows kept it out; 1003 rows read: 100 out of scope, 800 accepted, 90 superseding, 3 quarantined, 10 duplicate",
        "override.ended: restored: what is computed holds again",
        "period.closed: official as published up to event 33",
        "period.frozen: frozen from 2026-01-01 until 2026-07-01: definition, target",
        "period.frozen: frozen from 2026-01-01 until 2026-07-01: definition, target of kpi/nps, scorecard/customers, by the rule quarter_end",
        "period.lifted: lifted",
        "person.joined: is there to decide",
        "person.left: decides no longer",
        "row.corrected: row 17 of invoices is corrected by hand",
        "rows.asked_to_erase: asks another owner to erase 2 keys",
        "rows.erased: 2 keys: rows erased: 5 of account; without their reference 3 of ticket; 12 published figures stand",
        "rows.judged: 2 rows of survey_response: what it looks like",
        "run.published: 1200 values and 48 scores: 100 first, 4 restated, 1 withdrawn, 1143 unchanged",
        "sign_in.bound: signs in with a password as owner, viewer:area_a",
        "sign_in.ended: signs in no longer",
        "silence.ended: silent no longer",
        "table.shaped: new columns id, score, _valid_from",
        "token.issued: acts for person/7 for see_rows:area_a, see_value",
        "token.revoked: is revoked",
        "value.entered: market_share in month/2026-05-01, of a part is 0.415",
        "value.taken_back: what item 9 entered holds no longer",
    ];
    assert_eq!(said, expected);
}
