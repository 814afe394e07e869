//! Rules of sources, references, history of loads, columns with reasons.

use kepi_model::{
    expression::Type,
    project::{EnumElse, MappingFrom, Mode, Otherwise, Parse, Requirement},
};
use kepi_query::landing::{Lake, LoadOutcome};

use crate::{landing::orders, support::*};

on_both![
    references_uniqueness_and_scope,
    few_rows_against_history_stop_a_file,
    codes_reasons_positions_and_enums,
    values_unlike_those_of_earlier_loads_stop_a_file,
];

async fn references_uniqueness_and_scope() {
    let bench = Bench::new().await;
    let account = entity("account", &["id"], vec![attribute("id", Type::Text)]);
    let ticket = entity(
        "ticket",
        &["id"],
        vec![
            attribute("id", Type::Text),
            attribute("account", Type::Reference { entity: id("account") }),
            attribute("number", Type::Integer),
        ],
    );
    let accounts = source(
        "crm",
        &account,
        csv("accounts.csv"),
        Mode::Snapshot,
        vec![column("id", Type::Text, "id", Parse::Text)],
    );
    let mut tickets = source(
        "desk",
        &ticket,
        csv("tickets.csv"),
        Mode::Append,
        vec![
            column("id", Type::Text, "id", Parse::Text),
            column("account", Type::Reference { entity: id("account") }, "account", Parse::Text),
            column("number", Type::Integer, "number", number(0)),
        ],
    );
    tickets.only = Some(at_least("number", Type::Integer, 0));
    tickets.rules = vec![
        rule("known", Requirement::Row(exists("account", "account")), Otherwise::Quarantine),
        rule("one_number", Requirement::Unique(vec![id("number")]), Otherwise::Quarantine),
        rule("ten", Requirement::Row(at_least("number", Type::Integer, 10)), Otherwise::Warn),
    ];
    let project = project(vec![account, ticket]);
    let a = bench.write("accounts.csv", "id\nx\ny\n");
    let b = bench.write("accounts2.csv", "id\nx\n");
    bench.land(&project, &accounts, &a, NOW).await.unwrap();
    bench.land(&project, &accounts, &b, NOW + 1).await.unwrap();
    let path = bench
        .write("tickets.csv", "id,account,number\n1,x,1\n2,y,20\n3,,30\n4,x,1\n5,x,-1\n6,x,\n7,nobody,x\n");
    let report = bench.land(&project, &tickets, &path, NOW).await.unwrap();
    let c = report.counts;
    assert_eq!((c.read, c.out_of_scope, c.accepted, c.quarantined), (7, 2, 2, 3));
    let rules: Vec<_> = report.rules.iter().map(|r| (r.rule.as_str(), r.broken)).collect();
    assert_eq!(rules, [("known", 1), ("one_number", 1), ("ten", 2), ("type", 1)]);
    let rows = bench.lake.quarantine(None, 0, 9).await.unwrap().0;
    assert_eq!(rows[0].reason, "`account` is `y`");
    let more = bench.write("more.csv", "id,account,number\n8,x,30\n9,x,31\n");
    let report = bench.land(&project, &tickets, &more, NOW + 1).await.unwrap();
    assert_eq!((report.counts.accepted, report.counts.quarantined), (1, 1), "unique over everything landed");
}

async fn few_rows_against_history_stop_a_file() {
    let bench = Bench::new().await;
    let (project, mut source) = orders(Mode::Append);
    source.rules =
        vec![rule("volume", Requirement::RowsAgainstHistory { share: 0.8, loads: 14 }, Otherwise::Stop)];
    let file = |name: &str, n: usize| {
        let rows: String = (0..n).map(|i| format!("{name}{i},1,,\n")).collect();
        bench.write(&format!("{name}.csv"), format!("id,amount,at,paid\n{rows}"))
    };
    for (name, rows, landed) in
        [("a", 10, true), ("b", 2, true), ("c", 12, true), ("d", 7, false), ("e", 8, true)]
    {
        let report = bench.land(&project, &source, &file(name, rows), NOW).await.unwrap();
        assert_eq!(report.outcome == LoadOutcome::Landed, landed, "{name}: {:?}", report.outcome);
    }
    assert_eq!(bench.rows(&project, "order", &["id"]).await.len(), 32);
    let events = bench.store.events(&kepi_store::EventFilter::default()).await.unwrap();
    let stopped: Vec<_> = events.iter().filter(|e| e.kind.as_str() == "load.stopped").collect();
    assert_eq!(stopped.len(), 1);
    let kepi_govern::Event::LoadStopped(stop) = stopped[0].event().unwrap() else {
        panic!("{:?}", stopped[0])
    };
    assert_eq!((stop.rule.as_str(), stop.load.counts.read), ("volume", 7));
}

async fn codes_reasons_positions_and_enums() {
    let bench = Bench::new().await;
    let answer = entity(
        "answer",
        &["id"],
        vec![
            attribute("id", Type::Text),
            attribute("day", Type::Date),
            attribute("score", Type::Integer),
            attribute("via", Type::Enum { values: ["phone".into(), "web".into()].into() }),
            attribute("took", Type::Duration),
        ],
    );
    let mut map = vec![
        column("day", Type::Date, "day", Parse::Date { format: Some("%Y-%m-%d".into()) }),
        column("score", Type::Integer, "score", number(0)),
        column(
            "via",
            Type::Enum { values: [].into() },
            "via",
            Parse::Enum { values: vec![("Tel".into(), "phone".into())], other: EnumElse::Quarantine },
        ),
        column(
            "took",
            Type::Duration,
            "minutes",
            Parse::Duration { unit_micros: 60_000_000, decimal_mark: ',', grouping_mark: None, clock: None },
        ),
    ];
    let MappingFrom::Column { replace, prefix, .. } = &mut map[0].from else { unreachable!() };
    *replace = vec![("1".into(), "07".into())];
    *prefix = "2010-09-".into();
    let MappingFrom::Column { missing, .. } = &mut map[1].from else { unreachable!() };
    *missing = vec![("0".into(), "blank".into()), ("6".into(), "never used".into())];
    map.insert(
        0,
        kepi_model::project::Mapping {
            attribute: id("id"),
            type_: Type::Text,
            from: MappingFrom::Position,
            required: true,
        },
    );
    let source = source("survey", &answer, csv("deep/x.csv"), Mode::Append, map);
    let project = project(vec![answer]);
    let path = bench
        .write("deep/x.csv", "day,score,via,minutes\n 1 ,5,Tel,\"1,5\"\n12,0,,\n12,6,,\n12,0,Fax,\n1,,,\n");
    let report = bench.land(&project, &source, &path, NOW).await.unwrap();
    let reasons: Vec<_> =
        report.missing.iter().map(|m| (m.attribute.as_str(), m.reason.as_str(), m.count)).collect();
    assert_eq!(
        reasons,
        [
            ("score", "blank", 2),
            ("score", "never used", 1),
            ("score", "empty", 1),
            ("via", "empty", 3),
            ("took", "empty", 4)
        ]
    );
    let (seven, twelve) = ("1283810400000000", "1284242400000000");
    assert_eq!(
        bench.rows(&project, "answer", &["id", "day", "score", "via", "took"]).await,
        [
            ["x.csv:1", seven, "5", "phone", "90000000"],
            ["x.csv:2", twelve, "-", "-", "-"],
            ["x.csv:3", twelve, "-", "-", "-"],
            ["x.csv:5", seven, "-", "-", "-"],
        ]
    );
}

/// Answers of a file: its number, how often each score comes, one channel by score, and how many have no address.
fn answers(file: u32, scores: [u32; 5], web: &str, nameless: u32) -> String {
    let mut text = String::from("id,score,via,mail\n");
    let mut row = 0;
    for (score, n) in (1..).zip(scores) {
        for _ in 0..n {
            row += 1;
            let via = if row % 3 == 0 { web } else { "phone" };
            let mail = if row <= nameless { String::new() } else { format!("m{row}@example.org") };
            text += &format!("{file}-{row},{score},{via},{mail}\n");
        }
    }
    text
}

async fn values_unlike_those_of_earlier_loads_stop_a_file() {
    let bench = Bench::new().await;
    let mut mail = attribute("mail", Type::Text);
    mail.personal = true;
    let whole = entity(
        "answer",
        &["id"],
        vec![
            attribute("id", Type::Text),
            attribute("score", Type::Integer),
            attribute("via", Type::Text),
            mail,
        ],
    );
    let text = |name: &str| column(name, Type::Text, name, Parse::Text);
    let map = vec![text("id"), column("score", Type::Integer, "score", number(0)), text("via"), text("mail")];
    let mut source = source("survey", &whole, csv("a.csv"), Mode::Append, map);
    let like =
        |attribute: &str| Requirement::LikeHistory { attribute: id(attribute), loads: 14, bound: 0.25 };
    source.rules = vec![
        rule("scores", like("score"), Otherwise::Stop),
        rule("channels", like("via"), Otherwise::Stop),
        rule("addresses", Requirement::MissingAtMost { attribute: id("mail"), share: 0.1 }, Otherwise::Stop),
    ];
    let project = project(vec![whole]);
    let usual = [10, 20, 60, 120, 90];
    // (scores, channel, without address, the rule that stops it)
    let files: [([u32; 5], &str, u32, Option<&str>); 10] = [
        (usual, "web", 15, None),
        (usual, "web", 15, None),
        (usual, "web", 15, None),
        (usual, "web", 15, None),
        ([12, 18, 64, 112, 94], "web", 30, None),
        // A handful of rows says nothing.
        ([20, 0, 0, 0, 0], "web", 0, None),
        ([120, 90, 60, 20, 10], "web", 15, Some("scores")),
        (usual, "www", 15, Some("channels")),
        (usual, "web", 31, Some("addresses")),
        (usual, "web", 15, None),
    ];
    for (at, (scores, web, nameless, stops)) in files.into_iter().enumerate() {
        let path = bench.write(&format!("{at}.csv"), answers(at as u32, scores, web, nameless));
        let report = bench.land(&project, &source, &path, NOW + at as i64).await.unwrap();
        let by = match &report.outcome {
            LoadOutcome::Stopped { rule, .. } => Some(rule.to_string()),
            _ => None,
        };
        assert_eq!(by.as_deref(), stops, "file {at}: {:?}", report.outcome);
        if at == 0 {
            let of = |name: &str| report.profiles.iter().find(|p| p.attribute.as_str() == name).unwrap();
            let score = of("score");
            assert_eq!((score.rows, score.missing, score.looked_at, score.distinct), (300, 0, 300, 5));
            let s = score.spread.unwrap();
            assert_eq!([s.least, s.lower, s.median, s.upper, s.greatest], [1, 3, 4, 5, 5]);
            assert_eq!(score.shares, [(1, 10), (2, 20), (3, 60), (4, 120), (5, 90)]);
            assert_eq!((of("via").distinct, of("via").spread, of("id").distinct), (2, None, 300));
            assert!(of("id").shares.is_empty(), "keys are always others");
            let mail = of("mail");
            assert_eq!((mail.missing, mail.looked_at, mail.distinct, mail.shares.len()), (15, 0, 0, 0));
        }
    }
    let known = bench.lake.loads(None).await.unwrap();
    let kept = serde_json::to_string(&known[0].profiles).unwrap();
    assert!(!kept.contains("phone") && !kept.contains("example.org"), "{kept}");
}
