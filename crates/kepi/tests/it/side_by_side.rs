//! A score by answers, by customers and by revenue, beside whom it leaves out; and who is met often weighted down, through the binary.

use serde_json::Value;

use crate::support::Project;

const VOICE: &str = r#"project: voice
name: Voice
language: 1
time_zone: UTC
---
entity: invoice
attributes:
  amount: {type: "money EUR, 2 decimals"}
---
entity: customer
rows: {every: period, of: account}
attributes:
  revenue: {sum: invoice.amount}
  score: {last: survey_response.score, where: survey = 'relationship'}
  answers: {count: survey_response, where: survey = 'relationship'}
  deciders: {count: survey_response, where: survey = 'relationship' and contact.role = 'decides'}
---
entity: survey_response
attributes:
  visits: {count: interaction, same: contact, until: responded_at, within: 90 days}
---
source: accounts
into: account
from: {csv: {files: data/accounts.csv}}
mode: append
map: {id: {column: id, as: text}, created_at: {column: created, as: date}}
complete_until: 2026-06-30
---
source: contacts
into: contact
from: {csv: {files: data/contacts.csv}}
mode: append
map: {id: {column: id, as: text}, account: {column: account, as: reference account}, role: {column: role, as: text}, created_at: {column: created, as: date}}
complete_until: 2026-06-30
---
source: invitations
into: survey_invitation
from: {csv: {files: data/invitations.csv}}
mode: append
map: {id: {column: id, as: text}, survey: {column: survey, as: text}, contact: {column: contact, as: reference contact}, invited_at: {column: on, as: date}}
complete_until: 2026-06-30
---
source: invoices
into: invoice
from: {csv: {files: data/invoices.csv}}
mode: append
map:
  id: {column: id, as: text}
  account: {column: account, as: reference account}
  issued_at: {column: issued, as: date}
  amount: {column: amount, as: "money EUR, 2 decimals"}
complete_until: 2026-06-30
---
source: visits
into: interaction
from: {csv: {files: data/visits.csv}}
mode: append
map: {id: {column: id, as: text}, contact: {column: contact, as: reference contact}, started_at: {column: on, as: date}}
complete_until: 2026-06-30
---
source: answers
into: survey_response
from: {csv: {files: data/answers.csv}}
mode: append
map:
  id: {column: id, as: text}
  survey: {column: survey, as: text}
  account: {column: account, as: reference account}
  contact: {column: contact, as: reference contact}
  responded_at: {column: on, as: date, required: true}
  score: {column: score, as: integer}
complete_until: 2026-06-30
---
kpi: nps
name: NPS
better: higher
measure: {nps: {of: survey_response, answer: score, where: survey = 'relationship'}}
period: month
beside: [nps_by_account, nps_by_revenue, deciders_heard, silent_revenue]
---
kpi: nps_by_account
name: NPS, each customer once
better: higher
measure: {nps: {of: customer, answer: score}}
period: month
---
kpi: nps_by_revenue
name: NPS by revenue
better: higher
measure: {nps: {of: customer, answer: score}}
weight: revenue
period: month
---
kpi: deciders_heard
name: Customers whose deciders answered
better: higher
measure: {share: {of: customer, which: deciders > 0}}
period: month
---
kpi: silent_revenue
name: Revenue of customers who are silent
better: lower
measure: {share: {of: customer, which: answers = 0}}
weight: revenue
period: month
---
kpi: met
name: NPS of whom we met
better: higher
measure: {nps: {of: survey_response, answer: score, where: survey = 'visit'}}
period: month
beside: [all_visitors]
---
# Each visit is asked with a chance of one half: of four visits 1 - 0.5^4 = 0.9375 are asked at least once, of one visit 0.5.
kpi: all_visitors
name: NPS of all visitors
better: higher
measure: {nps: {of: survey_response, answer: score, where: survey = 'visit'}}
weight: case when visits >= 4 then 1.066667 when visits = 1 then 2 end
period: month
---
kpi: contacts_known
name: Contacts
better: higher
measure: {count: {of: contact}}
period: month
by: [role]
---
kpi: invitations_sent
name: Invitations
better: lower
measure: {count: {of: survey_invitation}}
period: month
---
sampling: relationship
name: Relationship survey
kpi: nps
margin: 30
people: contacts_known
by: role
invitations: invitations_sent
person: contact
caps: [{at_most: 1, within: 90 days}, {at_most: 2, within: 365 days}]
response: 50%
"#;

/// What stands beside a KPI in March: id, value, n, coverage; itself first.
fn side_by_side(project: &Project, kpi: &str) -> Vec<(String, f64, u64)> {
    let shown: Value =
        serde_json::from_str(&project.ok(&["show", "kpi", kpi, "--period", "2026-03", "--format", "json"]))
            .unwrap();
    let of = |of: &Value, value: &Value| {
        let text = of["id"].as_str().unwrap().to_owned();
        (text, value["point"].as_f64().unwrap(), value["n"].as_u64().unwrap())
    };
    let own = of(&shown["kpi"], &shown["kpi"]["value"]);
    let others = shown["beside"].as_array().unwrap().iter().map(|other| of(&other["kpi"], &other["value"]));
    std::iter::once(own).chain(others).collect()
}

#[test]
fn answers_customers_and_revenue_stand_side_by_side_and_frequent_visitors_count_once() {
    let project = Project::empty();
    project.write("kepi.yml", VOICE);
    project.write(
        "data/accounts.csv",
        "id,created\na1,2026-01-01\na2,2026-01-01\na3,2026-01-01\na4,2026-01-01\n",
    );
    project.write(
        "data/invoices.csv",
        "id,account,issued,amount\n1,a1,2026-03-02,9000\n2,a2,2026-03-02,1000\n3,a3,2026-03-02,500\n4,a4,2026-03-02,4500\n5,a4,2026-02-02,99999\n",
    );
    let mut contacts =
        "id,account,role,created\nu1,a1,uses,2026-01-01\nd2,a2,decides,2026-01-01\nd3,a3,decides,2026-01-01\nd4,a4,decides,2026-01-01\n".to_owned();
    // Ten visitors were asked in May, five twice in December by another survey, somebody in January; one invitation says nobody.
    let mut invitations =
        "id,survey,contact,on\ni1,relationship,u1,2026-01-15\ni2,relationship,,2026-01-15\n".to_owned();
    // Three answers of the largest customer's users, one of each of two others; nobody of the fourth says anything.
    let mut answers = "id,survey,account,contact,on,score\n\
        r1,relationship,a1,u1,2026-03-03,10\nr2,relationship,a1,u1,2026-03-09,9\nr3,relationship,a1,u1,2026-03-20,10\n\
        r4,relationship,a2,d2,2026-03-04,3\nr5,relationship,a3,d3,2026-03-05,8\n"
        .to_owned();
    // Sixteen visitors come four times and are content, twenty come once and are not. Of those who come often 15 meet a question, of
    // the others 10.
    let mut visits = "id,contact,on\n".to_owned();
    for person in 0..36 {
        let (times, score, is_asked) = if person < 16 { (4, 10, person < 15) } else { (1, 2, person < 26) };
        contacts.push_str(&format!("v{person},,visits,2026-01-01\n"));
        for time in 0..times {
            visits.push_str(&format!("{person}/{time},v{person},2026-02-{:02}\n", 10 + time));
        }
        match person {
            0..10 => invitations.push_str(&format!("m{person},relationship,v{person},2026-05-01\n")),
            10..15 => invitations.push_str(&format!(
                "x{person},visit,v{person},2025-12-01\ny{person},visit,v{person},2025-12-20\n"
            )),
            _ => {}
        }
        if is_asked {
            answers.push_str(&format!("v{person},visit,,v{person},2026-03-01,{score}\n"));
        }
    }
    project.write("data/contacts.csv", &contacts);
    project.write("data/answers.csv", &answers);
    project.write("data/visits.csv", &visits);
    project.write("data/invitations.csv", &invitations);
    project.ok(&["run", "--quiet"]);

    let close = |found: Vec<(String, f64, u64)>, expected: &[(&str, f64, u64)]| {
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for ((id, point, n), of) in found.iter().zip(expected) {
            assert!(id == of.0 && (point - of.1).abs() < 1e-4 && *n == of.2, "{id} {point} {n}: {of:?}");
        }
    };
    let expected = [
        // Three promoters, one detractor, of five answers.
        ("nps", 40.0, 5),
        // One promoter, one detractor, of three customers.
        ("nps_by_account", 0.0, 3),
        // (9000 − 1000) ÷ 10500
        ("nps_by_revenue", 76.190_476, 3),
        ("deciders_heard", 0.5, 4),
        // 4500 ÷ 15000
        ("silent_revenue", 0.3, 4),
    ];
    close(side_by_side(&project, "nps"), &expected);
    // (15 − 10) ÷ 25 of those who were met; of all 36 visitors it is (16 − 20) ÷ 36.
    close(side_by_side(&project, "met"), &[("met", 20.0, 25), ("all_visitors", -100.0 * 4.0 / 36.0, 25)]);
    let shown = project.ok(&["show", "kpi", "nps", "--period", "2026-03"]);
    let table = shown.split("Side by side").nth(1).unwrap();
    assert!(table.contains("Revenue of customers who are silent") && table.contains("75"), "{shown}");

    let ask = project.path().join("ask.csv");
    let ask = ask.to_str().unwrap();
    // Whom to ask next: caps over both surveys, counted, and who is drawn is nobody whom they hold back.
    let plan: Value = serde_json::from_str(&project.ok(&[
        "sample",
        "relationship",
        "--on",
        "2026-06-30",
        "--format",
        "json",
    ]))
    .unwrap();
    assert_eq!((&plan["of_others"], &plan["invitations_of_nobody"]), (&0.into(), &1.into()), "{plan:#}");
    let strata: Vec<(&str, u64, u64, u64, u64)> = plan["strata"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| {
            let count = |name: &str| of[name].as_u64().unwrap();
            let held = |cap: usize| of["held_back"][cap].as_u64().unwrap();
            (of["member"].as_str().unwrap(), count("people"), held(0), held(1), count("may_be_asked"))
        })
        .collect();
    assert_eq!(strata, [("decides", 3, 0, 0, 3), ("uses", 1, 0, 0, 1), ("visits", 36, 10, 5, 21)]);
    assert!(plan["deviation_from"].as_str().unwrap().contains("2026-03, 5 cases"), "{plan:#}");
    let asked: u64 = plan["strata"].as_array().unwrap().iter().map(|of| of["asked"].as_u64().unwrap()).sum();
    let said = project.ok(&["sample", "relationship", "--on", "2026-06-30", "--list", ask]);
    assert!(
        said.contains("held back: 10 by at most 1 within 90 days")
            && said.contains("held back: 5 by at most 2 within 365 days"),
        "{said}"
    );
    assert!(!said.contains("v20"), "who it is stands in the file alone: {said}");
    let list = std::fs::read_to_string(project.path().join("ask.csv")).unwrap();
    let drawn: Vec<&str> = list.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert_eq!(drawn.len() as u64, asked);
    assert!(
        drawn.iter().all(|key| key.strip_prefix('v').is_none_or(|n| n.parse::<u32>().unwrap() >= 15)),
        "{list}"
    );
    project.fails(3, &["sample", "relationship", "--list", ask]);
    // The page says the same of the day, and nobody's key.
    let (_server, address) = project.serve();
    let page = crate::tour::wait_for(&address, "/kpis/nps/sample?day=2026-06-30");
    for said in [
        "10 held back by at most 1 within 90 days",
        "5 held back by at most 2 within 365 days",
        "its figure of 2026-03, 5 cases",
        "<th scope=\"row\">visits</th><td class=\"num\">36</td><td class=\"num\">15</td><td class=\"num\">21</td>",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(page.starts_with("HTTP/1.1 200") && !page.contains("v20"), "{page}");
    assert!(crate::tour::wait_for(&address, "/kpis/nps").contains("/kpis/nps/sample"));
    assert!(crate::tour::wait_for(&address, "/kpis/met/sample").contains("No sample is planned for it"));
    // In May they are asked: 90 days later the cap of a year is what is left.
    let then: Value = serde_json::from_str(&project.ok(&[
        "sample",
        "relationship",
        "--on",
        "2026-07-30",
        "--format",
        "json",
    ]))
    .unwrap();
    assert_eq!(then["strata"][2]["held_back"], serde_json::json!([0, 5]));
    project.fails(3, &["sample", "relationships"]);
}
