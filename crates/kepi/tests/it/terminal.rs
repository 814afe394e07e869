//! What reaches terminals, pipes and files: exit codes that do not hang on who reads, no escape sequences of others, no
//! panic on a full or closed stream.

use std::{
    fs::{self, File, OpenOptions},
    io::Read,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::support::{Project, kepi};

fn on(project: &Project, arguments: &[&str]) -> Command {
    let mut command = kepi();
    command.arg("-C").arg(project.path()).args(arguments);
    command
}

/// More findings than fit into any pipe.
fn with_findings() -> Project {
    let project = Project::example("tiny");
    let unknown: String = (0..2000).map(|n| format!("k{n}: x\n")).collect();
    project.write("z.yml", &format!("person: p\nname: P\n{unknown}"));
    project
}

#[test]
fn findings_count_whether_or_not_anybody_reads_them() {
    let project = with_findings();
    for format in ["table", "csv", "json"] {
        let mut child = on(&project, &["check", "--format", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut first = [0; 10];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        // Now the reader is gone.
        assert_eq!(child.wait().unwrap().code(), Some(1), "{format}");
    }
}

#[test]
fn full_and_closed_streams_end_in_exit_codes() {
    let project = Project::example("tiny");
    project.ok(&["run"]);
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let code = |command: &mut Command| command.status().unwrap().code();
    // An error that nobody can be told is an error all the same.
    assert_eq!(code(on(&project, &["show", "kpi", "nope"]).stderr(full())), Some(3));
    assert_eq!(code(on(&project, &["check"]).stderr(full())), Some(0));
    assert_eq!(code(on(&project, &["show", "kpi", "answers"]).stdout(full()).stderr(Stdio::null())), Some(3));
    let shell = |redirected: &str| {
        let bin = env!("CARGO_BIN_EXE_kepi");
        let line = format!("{bin} -C {} show kpi nope {redirected}", project.path().display());
        Command::new("sh").args(["-c", &line]).stderr(Stdio::null()).status().unwrap().code()
    };
    assert_eq!(shell("2>&-"), Some(3));
    assert_eq!(shell(">&- 2>&-"), Some(3));
}

#[test]
fn what_people_read_holds_no_escape_sequences_of_others() {
    let project = Project::example("tiny");
    let text = fs::read_to_string(project.path().join("data/answers.csv")).unwrap();
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}north";
    let text = format!(
        "{text}e1,2026-01-05 10:00,{evil},5\ne2,2026-01-05 11:00,{evil},many{evil}\ne3,2026-01-06 11:00,{evil},9\n"
    );
    project.write("data/answers.csv", &text);
    let kpis = fs::read_to_string(project.path().join("kpis.yml")).unwrap();
    project.write("kpis.yml", &kpis.replace("name: Answers", "name: \"An\\e[2Jswers\""));
    let said = |arguments: &[&str]| {
        let output = project.kepi(arguments);
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    };
    for arguments in [
        &["check"][..],
        &["run"],
        &["show", "kpi", "answers", "--period", "2026-01"],
        &["show", "quarantine"],
        &["show", "scorecard"],
        &["explain"],
        &["show", "kpi", "\u{1b}[2J"],
    ] {
        let said = said(arguments);
        for banned in ['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}'] {
            assert!(!said.contains(banned), "{arguments:?}: {said:?}");
        }
    }
    let members = said(&["show", "kpi", "answers", "--period", "2026-01"]);
    assert!(members.contains("␛]0;owned␇␛[2J"), "it is seen: {members}");
    // What a program reads is what is there.
    let csv = said(&["show", "kpi", "answers", "--format", "csv"]);
    assert!(csv.contains(&evil.replace(';', "%3B")), "{csv}");
}

#[test]
fn a_code_is_explained_in_every_format() {
    let project = Project::empty();
    let json: Value =
        serde_json::from_str(&project.ok(&["check", "--explain", "k0301", "--format", "json"])).unwrap();
    assert_eq!((&json["code"], &json["severity"]), (&"K0301".into(), &"error".into()));
    let csv = project.ok(&["check", "--explain", "K0301", "--format", "csv"]);
    assert!(csv.starts_with("code,severity,title,explanation\nK0301,error,"), "{csv}");
    let project = Project::example("tiny");
    project.ok(&["run"]);
    let csv = project.ok(&["explain", "recommendation", "--format", "csv"]);
    assert!(csv.starts_with("kpi,period,segment,value,"), "{csv}");
}

#[test]
fn a_definition_that_is_no_text_hides_no_other_finding() {
    let project = Project::example("tiny");
    fs::write(project.path().join("latin.yml"), b"person: rene\nname: Ren\xe9\n").unwrap();
    project.write("z.yml", "person: p\nname: P\nnonsense: 1\n");
    let (stdout, _) = project.fails(1, &["check", "--format", "json"]);
    let found: Value = serde_json::from_str(&stdout).unwrap();
    let at = |path: &str| {
        let all = found.as_array().unwrap().iter();
        all.filter(|f| f["at"]["path"] == path).map(|f| f["message"].as_str().unwrap()).collect::<Vec<_>>()
    };
    assert!(at("latin.yml").iter().any(|said| said.contains("not UTF-8")), "{found}");
    assert_eq!(at("z.yml").len(), 1, "{found}");
    let (_, stderr) = project.fails(3, &["run"]);
    assert!(stderr.contains("kepi check"), "{stderr}");
}

#[test]
fn a_log_in_a_file_has_no_colours_and_threads_have_a_bound() {
    let project = Project::example("tiny");
    let log = project.path().join("log");
    let mut command = on(&project, &["run"]);
    command.env_remove("NO_COLOR").env("KEPI_LOG", "debug").stderr(File::create(&log).unwrap());
    assert!(command.status().unwrap().success());
    let said = fs::read_to_string(&log).unwrap();
    assert!(said.contains("DEBUG") && !said.contains('\u{1b}'), "{said}");
    for threads in ["0", "10000", "100000"] {
        project.fails(2, &["run", "--threads", threads]);
    }
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error_with_words() {
    let project = Project::example("tiny");
    let mut text = "id,answered,region,score\n".to_owned();
    for n in 0..20_000 {
        text.push_str(&format!("{n},2026-01-05 10:00,region {},{}\n", n * 7919 % 9973, n % 11));
    }
    project.write("data/answers.csv", &text);
    let line =
        format!("ulimit -f 300; exec {} -C {} run", env!("CARGO_BIN_EXE_kepi"), project.path().display());
    let output = Command::new("sh").args(["-c", &line]).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("make room and run it again"), "{stderr}");
}

#[test]
fn a_benchmark_without_a_folder_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let left = || fs::read_dir(folder.path()).unwrap().count();
    let output = kepi()
        .args(["bench", "--rows", "2000", "--runs", "1"])
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(left(), 0);
}

#[test]
fn a_server_ends_within_five_seconds_of_being_told_whatever_clients_do() {
    use std::{io::Write, net::TcpStream, time::Instant};
    let project = Project::example("tiny");
    project.ok(&["run"]);
    let (server, address) = project.serve();
    let half: Vec<_> = (0..5)
        .map(|_| {
            let mut stream = TcpStream::connect(&address).unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\n").unwrap();
            stream
        })
        .collect();
    let refused = {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream
            .write_all(b"GET /kpis HTTP/1.1\r\nHost: evil.example.com\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(
        refused.starts_with("HTTP/1.1 421") && refused.contains("--allow-host evil.example.com"),
        "{refused}"
    );
    std::thread::sleep(std::time::Duration::from_millis(300));
    let began = Instant::now();
    assert_eq!(server.told_to_end(), Some(0));
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    drop(half);
}
