//! Files as people have them: several characters between cells, columns at fixed places, answers side by side,
//! workbooks; what is told of a file before it lands, and the first project that is made of it.

use kepi_lake::{
    FileSources,
    draft::{Is, draft, look},
    heads::heads,
};
use kepi_model::{
    expression::{Expression, Function, Literal, Node, Type},
    project::{Connector, Epoch, Mapping, MappingFrom, Mode, Parse, Unpivot},
};
use kepi_query::landing::Sources;

use crate::support::*;

fn seconds(clock: Option<kepi_model::project::Clock>) -> Parse {
    Parse::Duration { unit_micros: 1_000_000, decimal_mark: '.', grouping_mark: None, clock }
}

#[tokio::test(flavor = "multi_thread")]
async fn telephone_exports_land_whatever_parts_their_cells() {
    let bench = Bench::new().await;
    let entity = entity(
        "call",
        &["id"],
        vec![
            attribute("id", Type::Text),
            attribute("at", Type::Timestamp),
            attribute("handled", Type::Duration),
        ],
    );
    let map = || {
        vec![
            column("id", Type::Text, "id", Parse::Text),
            column("at", Type::Timestamp, "started_ms", Parse::Epoch(Epoch::Milliseconds)),
            column("handled", Type::Duration, "handle time", seconds(None)),
        ]
    };
    bench.write(
        "bars.txt",
        "id||started_ms||handle time\n1||1772355600000||00:04:30\n\"2||b\"||1772359200000||26:01:00\n3||1772359200000||soon\n",
    );
    bench.write("fixed.txt", "made by the exchange\n4 1772355600000 00:04:30\n\n5é1772359200000 90\n");
    let bars = Connector::Csv {
        files: "bars.txt".into(),
        delimiter: "||".into(),
        encoding: "utf-8".into(),
        header_row: 1,
        label_rows: 0,
    };
    let places = [("id", 1, 2), ("started_ms", 3, 15), ("handle time", 17, 24)];
    let fixed = Connector::FixedWidth {
        files: "fixed.txt".into(),
        columns: places.iter().map(|(name, from, to)| ((*name).into(), *from, *to)).collect(),
        encoding: "utf-8".into(),
        skip_lines: 1,
    };
    let project = project(vec![entity.clone()]);
    for (name, from) in [("bars", bars), ("fixed", fixed)] {
        let source = source(name, &entity, from, Mode::Append, map());
        let files = FileSources::new(bench.folder.path()).offered(&source).unwrap().raw;
        let landing = kepi_lake::Landing { actor: "person/1", at: NOW, progress: &Silent };
        let report = bench.lake.land_raw(&project, &source, &files[0], landing).await.unwrap();
        assert_eq!(report.counts.accepted, 2, "{name}");
        assert_eq!(report.counts.quarantined, u64::from(name == "bars"), "{name}");
    }
    let mut rows = bench.rows(&project, "call", &["id", "at", "handled"]).await;
    rows.sort();
    // 4 min 30 s, 26 h 1 min, and 90 of the unit; 1772355600 s after 1970 is 2026-03-01 09:00:00 UTC.
    assert_eq!(
        rows,
        [
            ["1", "1772355600000000", "270000000"],
            ["2||b", "1772359200000000", "93660000000"],
            ["4", "1772355600000000", "270000000"],
            ["5é", "1772359200000000", "90000000"],
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answered_item_becomes_a_row_of_its_own() {
    let bench = Bench::new().await;
    let entity = entity(
        "answer",
        &["id"],
        vec![
            attribute("id", Type::Text),
            attribute("person", Type::Text),
            attribute("question", Type::Text),
            attribute("score", Type::Integer),
        ],
    );
    let joined = Expression {
        type_: Type::Text,
        node: Node::Call(
            Function::Concat,
            vec![
                path("person", Type::Text),
                Expression { type_: Type::Text, node: Node::Literal(Literal::Text("/".into())) },
                path("question", Type::Text),
            ],
        ),
    };
    let mut map = vec![
        column("person", Type::Text, "who", Parse::Text),
        column("question", Type::Text, "item", Parse::Text),
        column("score", Type::Integer, "given", number(0)),
    ];
    map.push(Mapping {
        attribute: id("id"),
        type_: Type::Text,
        from: MappingFrom::Expression(joined),
        required: false,
    });
    let mut source = source("wide", &entity, csv("wide.csv"), Mode::Append, map);
    source.missing = vec![String::new(), "NA".into()];
    source.unpivot = Some(Unpivot {
        columns: vec!["q_*".into(), "late".into()],
        name: "item".into(),
        value: "given".into(),
    });
    bench.write("wide.csv", "who,q_1,q_2,late,other\na,9,,7,x\nb,NA,3,x,y\nc,,,,z\n");
    let project = project(vec![entity.clone()]);
    let files = FileSources::new(bench.folder.path()).offered(&source).unwrap().raw;
    let landing = kepi_lake::Landing { actor: "person/1", at: NOW, progress: &Silent };
    let report = bench.lake.land_raw(&project, &source, &files[0], landing).await.unwrap();
    // 9, 7, 3 and the `x` that is no number; the empty cells, NA and the whole of c are no rows.
    assert_eq!((report.counts.read, report.counts.accepted, report.counts.quarantined), (4, 3, 1));
    let mut rows = bench.rows(&project, "answer", &["id", "person", "question", "score"]).await;
    rows.sort();
    assert_eq!(rows, [["a/late", "a", "late", "7"], ["a/q_1", "a", "q_1", "9"], ["b/q_2", "b", "q_2", "3"]]);
    let (kept, _) =
        kepi_query::landing::Lake::quarantine(&bench.lake, Some(&source.id), 0, 10).await.unwrap();
    assert!(
        kept[0].raw.contains("\"item\":\"late\"") && kept[0].raw.contains("\"given\":\"x\""),
        "{}",
        kept[0].raw
    );
}

/// A packed folder with these parts, none of them made smaller.
pub fn packed(parts: &[(&str, &str)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    let header = |name: &str, text: &str| {
        let mut bytes = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        bytes.extend((text.len() as u32).to_le_bytes());
        bytes.extend((text.len() as u32).to_le_bytes());
        bytes.extend((name.len() as u16).to_le_bytes());
        bytes.extend([0, 0]);
        bytes
    };
    for (name, text) in parts {
        let at = out.len() as u32;
        out.extend(b"PK\x03\x04");
        out.extend(header(name, text));
        out.extend(name.as_bytes());
        out.extend(text.as_bytes());
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(header(name, text));
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (start, size, n) = (out.len() as u32, directory.len() as u32, parts.len() as u16);
    out.extend(directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(n.to_le_bytes());
    out.extend(n.to_le_bytes());
    out.extend(size.to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

/// A workbook of two sheets; the second is `sheet`.
pub fn workbook(sheet: &str) -> Vec<u8> {
    packed(&[
        (
            "xl/workbook.xml",
            r#"<workbook xmlns:r="r"><workbookPr/><sheets><sheet name="Notes" sheetId="1" r:id="rId1"/>
               <sheet name="Answers &amp; more" sheetId="2" r:id="rId2"/></sheets></workbook>"#,
        ),
        (
            "xl/_rels/workbook.xml.rels",
            r#"<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/>
               <Relationship Id="rId2" Target="/xl/worksheets/sheet2.xml"/></Relationships>"#,
        ),
        (
            "xl/sharedStrings.xml",
            r"<sst><si><t>id</t></si><si><r><t>asked </t></r><r><t>on</t></r></si><si><t>a &lt; b</t><rPh><t>no</t></rPh></si></sst>",
        ),
        (
            "xl/styles.xml",
            r#"<styleSheet><numFmts><numFmt numFmtId="164" formatCode="dd\.mm\.yyyy"/><numFmt numFmtId="165" formatCode="[h]:mm:ss"/></numFmts>
               <cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>
               <cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="22"/></cellXfs></styleSheet>"#,
        ),
        (
            "xl/worksheets/sheet1.xml",
            r#"<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>x</t></is></c></row></sheetData></worksheet>"#,
        ),
        ("xl/worksheets/sheet2.xml", sheet),
    ])
}

const SHEET: &str = r#"<worksheet><sheetData>
<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" t="s"><v>1</v></c><c r="C2" t="inlineStr"><is><t>took</t></is></c><c r="D2" t="str"><v>sum</v></c><c r="E2" t="inlineStr"><is><t>ok</t></is></c></row>
<row r="3"><c r="A3" t="s"><v>2</v></c><c r="B3" s="1"><v>46082</v></c><c r="C3" s="2"><v>1.0840277777777778</v></c><c r="D3"><f>0.1+0.2</f><v>0.30000000000000004</v></c><c r="E3" t="b"><v>1</v></c></row>
<row r="5"><c r="A5"><v>7</v></c><c r="B5" s="3"><v>46082.375</v></c><c r="D5" t="e"><v>#N/A</v></c><c r="E5" t="b"><v>0</v></c></row>
</sheetData></worksheet>"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_of_a_workbook_lands_as_it_is_shown() {
    let bench = Bench::new().await;
    bench.write("book.xlsx", workbook(SHEET));
    let entity = entity(
        "answer",
        &["id"],
        vec![
            attribute("id", Type::Text),
            attribute("at", Type::Timestamp),
            attribute("took", Type::Duration),
            attribute("sum", Type::Number { scale: 1 }),
            attribute("ok", Type::Boolean),
        ],
    );
    let mut sum = column("sum", Type::Number { scale: 1 }, "sum", number(1));
    if let MappingFrom::Column { missing, .. } = &mut sum.from {
        missing.push(("#N/A".into(), "an error".into()));
    }
    let map = vec![
        column("id", Type::Text, "id", Parse::Text),
        column("at", Type::Timestamp, "asked on", Parse::Timestamp { format: None }),
        column("took", Type::Duration, "took", seconds(None)),
        sum,
        column("ok", Type::Boolean, "ok", Parse::Boolean { yes: vec![], no: vec![] }),
    ];
    let excel = |sheet: &str, header_row| Connector::Excel {
        files: "book.xlsx".into(),
        sheet: Some(sheet.into()),
        header_row,
        label_rows: 0,
    };
    let excel_labelled = |sheet: &str| Connector::Excel {
        files: "book.xlsx".into(),
        sheet: Some(sheet.into()),
        header_row: 2,
        label_rows: 1,
    };
    let project = project(vec![entity.clone()]);
    let landing = || kepi_lake::Landing { actor: "person/1", at: NOW, progress: &Silent };
    let land = async |from| {
        let source = source("book", &entity, from, Mode::Append, map.clone());
        let files = FileSources::new(bench.folder.path()).offered(&source).unwrap().raw;
        bench.lake.land_raw(&project, &source, &files[0], landing()).await
    };
    let said = land(excel("Answers", 2)).await.unwrap_err().to_string();
    assert!(said.contains("there is no sheet `Answers`; it has `Notes`, `Answers & more`"), "{said}");
    let said = land(excel("Answers & more", 1)).await.unwrap_err().to_string();
    assert!(said.contains("row 1 of `Answers & more` is empty"), "{said}");
    let report = land(excel("Answers & more", 2)).await.unwrap();
    assert_eq!((report.counts.read, report.counts.accepted), (2, 2));
    let mut rows = bench.rows(&project, "answer", &["id", "at", "took", "sum", "ok"]).await;
    rows.sort();
    // 46082 days after 1899-12-30 is 2026-03-01; a day of the clock in Berlin begins an hour before that of UTC.
    assert_eq!(
        rows,
        [
            ["7", "1772352000000000", "-", "-", "false"],
            ["a < b", "1772319600000000", "93660000000", "3", "true"],
        ]
    );
    // The same sheet with a row of labels: it says what columns mean and is no row.
    let files = source("book", &entity, excel_labelled("Answers & more"), Mode::Append, map.clone());
    let raw = FileSources::new(bench.folder.path()).offered(&files).unwrap().raw;
    let mut reader = raw[0].open().unwrap();
    assert_eq!(reader.labels()[0], ("id".to_owned(), "a < b".to_owned()));
    let mut batch = kepi_query::landing::Batch::default();
    reader.next(&mut batch).unwrap();
    assert_eq!(batch.rows, 1);
    let merged =
        SHEET.replace("</worksheet>", "<mergeCells><mergeCell ref=\"B1:C2\"/></mergeCells></worksheet>");
    bench.write("book.xlsx", workbook(&merged));
    let said = land(excel("Answers & more", 2)).await.unwrap_err().to_string();
    assert!(said.contains("the columns B to C are merged"), "{said}");
    bench.write("book.xlsx", b"id,at\n1,2\n");
    let said = land(excel("Answers & more", 2)).await.unwrap_err().to_string();
    assert!(said.contains("book.xlsx") && said.contains("save it as .xlsx"), "{said}");
    let mut torn = workbook(SHEET);
    torn.truncate(900);
    bench.write("book.xlsx", torn);
    assert!(land(excel("Answers & more", 2)).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_go_wrong_is_told_of_all_files_at_once() {
    let bench = Bench::new().await;
    bench.write("a.csv", "id,Created,Price\n1,31.01.2026,\"1,5\"\n2,01.02.2026,\"2,25\"\n");
    let entity = entity(
        "order",
        &["id"],
        vec![
            attribute("id", Type::Text),
            attribute("on", Type::Date),
            attribute("price", Type::Number { scale: 2 }),
            attribute("state", Type::Text),
        ],
    );
    let map = vec![
        column("id", Type::Text, "ID", Parse::Text),
        column("on", Type::Date, "Created", Parse::Date { format: None }),
        column("price", Type::Number { scale: 2 }, "Price", number(2)),
        column("state", Type::Text, "State", Parse::Text),
    ];
    let mut project = project(vec![entity.clone()]);
    let one = source("orders", &entity, csv("a.csv"), Mode::Append, map.clone());
    let other = source("others", &entity, csv("absent-*.csv"), Mode::Append, map);
    for source in [one, other] {
        project.sources.insert(source.id.clone(), source);
    }
    let found = heads(&project, &FileSources::new(bench.folder.path()));
    let said: Vec<(Option<&str>, &str, &str)> = found
        .troubles
        .iter()
        .map(|t| (t.column.as_deref(), t.message.as_str(), t.fix.as_deref().unwrap_or("")))
        .collect();
    assert_eq!((found.files, found.rows, said.len()), (1, 2, 5), "{said:?}");
    let of = |column: &str| said.iter().find(|(c, ..)| *c == Some(column)).unwrap();
    assert_eq!(of("ID").2, "did you mean `id`?");
    assert!(of("State").2.starts_with("the file has `id`, `Created`, `Price`"));
    assert!(of("Created").1.starts_with("2 of the first 2 rows, row 1 the first"), "{said:?}");
    assert!(of("Created").2.contains("format: \"%d.%m.%Y\""), "{said:?}");
    assert!(of("Price").2.contains("decimal_mark: \",\""), "{said:?}");
    assert!(said.iter().any(|(c, m, _)| c.is_none() && m.contains("absent-*.csv")), "{said:?}");
}

#[test]
fn a_file_is_looked_at_and_a_project_made_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Tickets 2026.csv");
    let mut text = String::from("Ticket-ID;Ge\u{f6}ffnet;Kanal;nps_score;Preis EUR;Erledigt;Dauer;PLZ\n");
    for row in 0..40 {
        let channel = ["Web", "Telefon"][row % 2];
        let done = ["ja", "nein"][row % 2];
        text.push_str(&format!(
            "T{row};{:02}.03.2026;{channel};{};{},50;{done};00:0{}:30;0{}\n",
            row % 28 + 1,
            row % 11,
            row,
            row % 10,
            1000 + row
        ));
    }
    let (bytes, ..) = encoding_rs::WINDOWS_1252.encode(&text);
    std::fs::write(&file, &bytes).unwrap();
    let looked = look(&file, "data/tickets.csv").unwrap();
    assert_eq!(
        looked.from,
        Connector::Csv {
            files: "data/tickets.csv".into(),
            delimiter: ";".into(),
            encoding: "windows-1252".into(),
            header_row: 1,
            label_rows: 0
        }
    );
    let is: Vec<&Is> = looked.columns.iter().map(|(_, guess)| &guess.is).collect();
    assert_eq!(
        is,
        [
            &Is::Text,
            &Is::Date(Some("%d.%m.%Y".into())),
            &Is::Text,
            &Is::Integer(0, 10),
            &Is::Number { decimals: 2, comma: true, thousands: false, round: false },
            &Is::Boolean("ja".into(), "nein".into()),
            &Is::Duration("seconds"),
            &Is::Text,
        ]
    );
    let drafted = draft("My tickets", &[looked]);
    let text = |path: &str| drafted.files.iter().find(|(p, _)| p == path).unwrap().1.clone();
    assert!(text("kepi.yml").contains("project: my_tickets"));
    assert!(text("model.yml").contains("key: [ticket_id]"), "{}", text("model.yml"));
    assert!(text("model.yml").contains("money EUR, 2 decimals"), "{}", text("model.yml"));
    assert!(text("sources.yml").contains("decimal_mark: \",\""));
    assert!(text("kpis.yml").contains("nps: {of: tickets, answer: nps_score}"), "{}", text("kpis.yml"));
    assert!(drafted.doubts > 0);
}
