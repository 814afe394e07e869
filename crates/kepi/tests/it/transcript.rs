//! What `kepi run` says of deliveries that are not as they should be, as one text. Every message is read as a newcomer would
//! read it. `UPDATE_GOLDENS=1 cargo test -p kepi --test it -- transcript` writes `tests/transcript.txt` anew; read the difference.

use std::{fs, path::PathBuf};

use crate::support::Project;

/// The help desk that all deliveries are for.
const DESK: &str = "project: desk\nname: Help desk\nlanguage: 1\ntime_zone: Europe/Berlin\n---\nsource: tickets\ninto: ticket\n\
    from: {csv: {files: \"t*.csv\"}}\nmode: append\nmap:\n  id: {column: id, as: text, required: true}\n  opened_at: {column: \
    opened, as: date, required: true}\n  solved_at: {column: solved, as: date}\n  channel: {column: channel, as: text}\n---\n\
    kpi: tickets\nname: Tickets\nbetter: lower\nmeasure: {count: {of: ticket}}\nperiod: month\nby: [channel]\n---\nkpi: \
    solved\nname: Tickets solved\nbetter: higher\nmeasure: {count: {of: ticket, at: solved_at}}\nperiod: month\n";

const HEAD: &str = "id,opened,solved,channel\n";

/// What is delivered: what it shows, what is replaced in the definitions and by what, the files in turn by name and content. An
/// empty name stands between two runs.
struct Delivery {
    what: &'static str,
    instead: &'static [(&'static str, &'static str)],
    files: Vec<(&'static str, Vec<u8>)>,
}

fn lines(of: &str) -> Vec<u8> {
    format!("{HEAD}{of}").into_bytes()
}

fn of(what: &'static str, files: Vec<(&'static str, Vec<u8>)>) -> Delivery {
    Delivery { what, instead: &[], files }
}

const SOUND: &str = "1,2026-03-02,2026-03-04,mail\n2,2026-03-03,,phone\n";

fn deliveries() -> Vec<Delivery> {
    vec![
        of("sound, then once more, then with one new file", vec![
            ("t1.csv", lines(SOUND)),
            ("", Vec::new()),
            ("", Vec::new()),
            ("t2.csv", lines("3,2026-04-02,,mail\n")),
        ]),
        of("a quote that nobody closes", vec![("t.csv", lines("1,2026-03-02,,\"mail\n2,2026-03-03,,phone\n3,2026-03-03,,phone\n"))]),
        of("cut off inside quotes", vec![("t.csv", lines("1,2026-03-02,,phone\n2,2026-03-03,,\"ma"))]),
        of("days written in another order", vec![("t.csv", lines("1,02/03/2026,,mail\n2,03/03/2026,,phone\n"))]),
        of("9999-12-31 for what has not ended", vec![("t.csv", lines("1,2026-03-02,9999-12-31,mail\n2,2026-03-03,2026-03-05,phone\n"))]),
        of("a year of three digits", vec![("t.csv", lines("1,206-03-02,,mail\n2,2026-03-03,2026-03-05,phone\n"))]),
        of("a row without a key", vec![("t.csv", lines(",2026-03-02,,mail\n2,2026-03-03,,phone\n"))]),
        of("rows with too many cells and none", vec![("t.csv", lines("1,2026-03-02,,mail,north,8\n\n2,2026-03-03,,phone\n,,,\n"))]),
        of("bytes that are no text", vec![("t.csv", [lines("1,2026-03-02,,mail\n2,2026-03-03,,b").as_slice(), b"\xfcro\n"].concat())]),
        of("characters that cannot be seen", vec![("t.csv", lines("1,2026-03-02,,ma\u{200b}il\n2,2026-03-03,,mail\n"))]),
        of("an empty file beside a sound one", vec![("t1.csv", Vec::new()), ("t2.csv", lines(SOUND))]),
        of("only a header", vec![("t.csv", lines(""))]),
        of("no file", Vec::new()),
        of("a column that is not there", vec![("t.csv", b"id,opened,channel\n1,2026-03-02,mail\n".to_vec())]),
        of("a column that is there twice", vec![("t.csv", b"id,opened,solved,channel,channel\n1,2026-03-02,,mail,post\n".to_vec())]),
        of("the same rows under two names", vec![("t1.csv", lines(SOUND)), ("t2.csv", lines(SOUND))]),
        Delivery {
            what: "a condition of which a row knows nothing",
            instead: &[("mode: append\n", "mode: append\nonly: channel != 'test'\n")],
            files: vec![("t.csv", lines("1,2026-03-02,,mail\n2,2026-03-03,,test\n3,2026-03-04,,\n"))],
        },
        Delivery {
            what: "a rule that rows break",
            instead: &[(
                "  channel: {column: channel, as: text}\n",
                "  channel: {column: channel, as: text}\nrules:\n  - {name: solved_after_opened, require: solved_at is null \
                 or solved_at >= opened_at, else: quarantine}\n",
            )],
            files: vec![("t.csv", lines("1,2026-03-02,2026-03-01,mail\n2,2026-03-03,2026-03-05,phone\n"))],
        },
        Delivery {
            what: "a snapshot that is cut short",
            instead: &[("mode: append\n", "mode: snapshot\n")],
            files: vec![
                ("t1.csv", lines(&(0..40).map(|n| format!("{n},2026-03-02,,mail\n")).collect::<String>())),
                ("", Vec::new()),
                ("t2.csv", lines("0,2026-03-02,,mail\n1,2026-03-02,,mail\n")),
            ],
        },
        Delivery {
            what: "decimals after a comma",
            instead: &[
                ("channel: {column: channel, as: text}", "channel: {column: channel, as: text}\n  hours: {column: hours, as: \"number, 2 decimals\"}"),
                ("---\nsource: tickets", "---\nentity: ticket\nattributes:\n  hours: {type: \"number, 2 decimals\"}\n---\nsource: tickets"),
            ],
            files: vec![("t.csv", b"id,opened,solved,channel,hours\n1,2026-03-02,,mail,\"0,75\"\n2,2026-03-03,,phone,\"1,50\"\n".to_vec())],
        },
        Delivery {
            what: "definitions with a mistake",
            instead: &[("count: {of: ticket, at: solved_at}", "count: {of: tickets, at: solved_at}")],
            files: vec![("t.csv", lines(SOUND))],
        },
    ]
}

#[test]
fn what_a_run_says_of_bad_deliveries_is_as_it_was_read() {
    let mut transcript = String::new();
    for delivery in deliveries() {
        let definitions = delivery.instead.iter().fold(DESK.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "{}: `{from}`", delivery.what);
            text.replacen(from, to, 1)
        });
        let project = Project::empty();
        project.write("kepi.yml", &definitions);
        transcript.push_str(&format!("### {}\n\n", delivery.what));
        for files in delivery.files.split(|(name, _)| name.is_empty()) {
            for (name, content) in files {
                fs::write(project.path().join(name), content).unwrap();
            }
            let output = project.kepi(&["run"]);
            let said = String::from_utf8(output.stderr).unwrap();
            let said = said.replace(project.path().to_str().unwrap(), "PROJECT");
            // The engine by its name and version is another one after each release.
            let said: Vec<&str> =
                said.lines().map(|line| line.split(" by datafusion").next().unwrap()).collect();
            transcript.push_str(&format!("{}\nexit {}\n\n", said.join("\n"), output.status.code().unwrap()));
        }
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/transcript.txt");
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        fs::write(&path, &transcript).unwrap();
    } else {
        assert!(fs::read_to_string(&path).unwrap_or_default() == transcript, "it differs:\n{transcript}");
    }
}
