//! Who comes in, from the command line to the page.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use crate::{
    support::{Project, kepi},
    tour::Server,
};

/// Runs `kepi access` with a password on stdin.
pub(crate) fn access(project: &Project, arguments: &[&str], password: &str) -> (Option<i32>, String) {
    let (code, _, said) = by_password(project, arguments, password);
    (code, said)
}

fn by_password(project: &Project, arguments: &[&str], password: &str) -> (Option<i32>, String, String) {
    let mut command = kepi();
    command.arg("-C").arg(project.path()).arg("access").args(arguments);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// A token that ana makes for herself by her password.
pub(crate) fn own_token(project: &Project, scopes: &[&str]) -> String {
    let scopes = scopes.iter().flat_map(|scope| ["--scope", scope]);
    let all: Vec<&str> = ["token", "create", "ana"].into_iter().chain(scopes).collect();
    let (code, token, said) = by_password(project, &all, "quiet river, nine stones\n");
    assert_eq!(code, Some(0), "{said}");
    token.trim().to_owned()
}

/// What a server answers: status and body.
fn curl(arguments: &[&str]) -> (String, String) {
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "30", "--write-out", "\n%{http_code}"])
        .args(arguments)
        .output()
        .expect("curl is there");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (body, status) = text.rsplit_once('\n').unwrap();
    (status.to_owned(), body.to_owned())
}

fn serve(project: &Project, arguments: &[&str]) -> (Server, String) {
    let mut command = kepi();
    command.arg("-C").arg(project.path()).args(["serve", "--port", "0"]).args(arguments);
    Server::start(command)
}

#[test]
fn a_server_is_closed_from_the_first_sign_in_on_and_does_not_start_open_elsewhere() {
    let project = Project::example("airport");
    project.ok(&["run"]);

    // Elsewhere it does not start, and says what to do.
    let (_, refused) = project.fails(3, &["serve", "--port", "0", "--host", "0.0.0.0"]);
    assert!(refused.contains("kepi access add") && refused.contains("--open-to-everyone"), "{refused}");
    let (_, refused) = project.fails(3, &["serve", "--port", "0", "--at", "https://kpi.example.com"]);
    assert!(refused.contains("kpi.example.com") && refused.contains("kepi access add"), "{refused}");

    // Here nobody is asked, until somebody signs in.
    let (_here, address) = serve(&project, &[]);
    let (status, page) = curl(&[&format!("{address}/kpis")]);
    assert!(status == "200" && page.contains("local owner"), "{status}");
    let (code, said) = access(&project, &["add", "ana"], "short\n");
    assert!(code == Some(3) && said.contains("at least 12"), "{said}");
    assert_eq!(curl(&[&format!("{address}/kpis")]).0, "200", "nothing came of it");
    let (code, said) = access(&project, &["add", "ana"], "quiet river, nine stones\n");
    assert!(code == Some(0) && said.contains("ana signs in as owner"), "{said}");
    let (status, text) = curl(&[&format!("{address}/api/v1/kpis")]);
    assert!(status == "401" && text.contains("not_signed_in"), "{status} {text}");
    assert_eq!(curl(&[&format!("{address}/kpis")]).0, "303");

    // A token comes in, until it is revoked.
    let token = own_token(&project, &["see"]);
    let bearer = format!("Authorization: Bearer {}", token.trim());
    let (status, text) = curl(&["-H", &bearer, &format!("{address}/api/v1/kpis")]);
    assert!(status == "200" && text.contains("overall_satisfaction"), "{status} {text}");
    assert_eq!(curl(&["-H", &bearer, &format!("{address}/kpis")]).0, "200");
    assert_eq!(curl(&[&format!("{address}/api/v1/kpis?token={}", token.trim())]).0, "400");
    // What changes who comes in takes a token of an owner that is for that.
    let (_, refused) = project.fails(3, &["access", "token", "revoke", "1"]);
    assert!(refused.contains("a command acts by a token"), "{refused}");
    project.keep_token("ana", &token);
    let (_, refused) = project.fails(3, &["access", "token", "revoke", "1"]);
    assert!(refused.contains("it needs the scope `administer`"), "{refused}");
    let (_, refused) = project.fails(3, &["run"]);
    assert!(refused.contains("it needs the scope `run`"), "{refused}");
    project.keep_token("", &own_token(&project, &["administer"]));
    project.ok(&["access", "token", "revoke", "1"]);
    assert_eq!(curl(&["-H", &bearer, &format!("{address}/api/v1/kpis")]).0, "401");
    let list = project.ok(&["access", "token", "list"]);
    assert!(list.contains("revoked") && !list.contains(token.trim()), "{list}");

    // A browser signs in and out.
    let jar = project.path().join("jar");
    let jar = jar.to_str().unwrap();
    let own = format!("Origin: http://{address}");
    let sign_in = |password: &str| {
        let password = format!("password={password}");
        let url = format!("{address}/sign-in");
        curl(&["-c", jar, "-H", &own, "--data-urlencode", "name=ana", "--data-urlencode", &password, &url])
    };
    assert_eq!(sign_in("quiet river, nine pebbles").0, "403");
    assert_eq!(sign_in("quiet river, nine stones").0, "303");
    let (status, page) = curl(&["-b", jar, &format!("{address}/kpis")]);
    assert!(status == "200" && page.contains(">ana<") && page.contains("Sign out"), "{status}");
    let key = page.split("name=\"key\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let out = curl(&[
        "-b",
        jar,
        "-H",
        &own,
        "--data-urlencode",
        &format!("key={key}"),
        &format!("{address}/sign-out"),
    ]);
    assert_eq!(out.0, "303");
    assert_eq!(curl(&["-b", jar, &format!("{address}/kpis")]).0, "303", "the key is worth nothing any more");

    // Elsewhere it starts once browsers get there in secret, and not open for everybody any more.
    let (_, refused) = project.fails(3, &["serve", "--port", "0", "--host", "0.0.0.0"]);
    assert!(refused.contains("--at https"), "{refused}");
    let (_, refused) = project.fails(3, &["serve", "--port", "0", "--open-to-everyone"]);
    assert!(refused.contains("--open-to-everyone would show it"), "{refused}");
    let (_there, address) = serve(&project, &["--at", "https://kpi.example.com"]);
    let host = "Host: kpi.example.com";
    assert_eq!(curl(&["-H", host, &format!("{address}/kpis")]).0, "303");

    // The log has all of it, and no name or secret.
    let log = project.ok(&["audit", "log", "--kind", "sign_in.*"]);
    assert!(log.contains("signs in with a password as owner"), "{log}");
    project.ok(&["audit", "verify"]);
}

#[test]
fn what_was_closed_stays_closed_when_its_state_is_moved_away() {
    let project = Project::example("airport");
    let (code, said) = access(&project, &["add", "ana"], "quiet river, nine stones\n");
    assert_eq!(code, Some(0), "{said}");
    let (_server, address) = serve(&project, &[]);
    assert_eq!(curl(&[&format!("{address}/kpis")]).0, "303");
    std::fs::rename(project.path().join(".kepi"), project.path().join("moved")).unwrap();
    for path in ["/kpis", "/", "/data"] {
        let (status, _) = curl(&[&format!("{address}{path}")]);
        assert!(["303", "503"].contains(&status.as_str()), "{path}: {status}");
    }
}

#[test]
fn policies_decide_what_a_server_shows_and_refusals_are_logged() {
    let project = Project::example("airport");
    project.ok(&["run", "--quiet"]);
    let (code, said) = access(&project, &["add", "ana"], "quiet river, nine stones\n");
    assert_eq!(code, Some(0), "{said}");
    project.keep_token("", &own_token(&project, &["administer", "see"]));
    project.ok(&["access", "add", "bea", "--no-password"]);
    let token = |name: &str| {
        format!("Authorization: Bearer {}", project.ok(&["access", "token", "create", name]).trim())
    };
    let (ana, bea) = (token("ana"), token("bea"));
    let (server, address) = serve(&project, &[]);
    let ask = |who: &str, path: &str| curl(&["-H", who, &format!("{address}{path}")]);

    // By what comes with Kepi a viewer sees figures and deliveries, and no rows; an owner sees all.
    for path in ["/api/v1/kpis/overall_satisfaction", "/api/v1/scorecard", "/api/v1/sources"] {
        assert_eq!((ask(&ana, path).0, ask(&bea, path).0), ("200".to_owned(), "200".to_owned()), "{path}");
    }
    assert_eq!(ask(&ana, "/api/v1/quarantine").0, "200");
    let (status, text) = ask(&bea, "/api/v1/quarantine");
    assert!(
        status == "403" && text.contains("no policy grants `see_rows` to you as viewer"),
        "{status} {text}"
    );

    // A slip is found before anybody relies on it; what held holds on.
    project
        .write("policies/own.cedar", "permit (principal, action, resource in Kpi::\"overal_satisfaction\");");
    let (_, found) = project.fails(1, &["check"]);
    let found = format!("{found}{}", project.fails_or_not(&["check"]).0);
    assert!(found.contains("K0903") && found.contains("did you mean `overall_satisfaction`?"), "{found}");
    assert!(found.contains("policies/own.cedar:1:"), "{found}");
    assert_eq!(ask(&bea, "/api/v1/sources").0, "200");

    // One KPI is for owners alone, from the next request on.
    let own = "permit (principal, action, resource) when { resource in principal.owner || resource in principal.viewer };\n\
               forbid (principal, action, resource in Kpi::\"overall_satisfaction\") unless { resource in principal.owner };";
    project.write("policies/own.cedar", own);
    project.ok(&["check"]);
    assert_eq!(ask(&ana, "/api/v1/kpis/overall_satisfaction").0, "200");
    let (status, text) = ask(&bea, "/api/v1/kpis/overall_satisfaction");
    assert!(
        status == "404" && text.contains("or you may not see it") && text.contains("ana can change that"),
        "{text}"
    );
    let (_, list) = ask(&bea, "/api/v1/kpis");
    assert!(!list.contains("\"id\":\"overall_satisfaction\"") && list.contains("\"kpis\""), "{list}");
    // Its scorecard shows its parts, and is not seen without them.
    assert_eq!(ask(&ana, "/api/v1/scorecard").0, "200");
    assert_ne!(ask(&bea, "/api/v1/scorecards/airport").0, "200");
    // What is not seen is not disputed, in the words in which what there is not is not.
    project.ok(&["access", "add", "dee", "--no-password", "--role", "viewer", "--quiet"]);
    let dee = project.ok(&["access", "token", "create", "dee", "--scope", "decide", "--quiet"]);
    project.keep_token("dee", dee.trim());
    project.keep_token("ana", &own_token(&project, &["decide"]));
    let (_, whole) = ask(&ana, "/api/v1/kpis/overall_satisfaction");
    let whole: serde_json::Value = serde_json::from_str(&whole).unwrap();
    let period =
        whole["period"].as_str().or(whole["period"]["label"].as_str()).unwrap_or_default().to_owned();
    let dispute =
        |kpi: &str, who: &str| project.fails_or_not(&["dispute", kpi, &period, "-m", "twice", "--as", who]).1;
    for kpi in ["overall_satisfaction", "nothing"] {
        let said = dispute(kpi, "dee");
        assert!(said.contains(&format!("no figure of `{kpi}` is published in {period}")), "{said}");
    }
    assert!(!dispute("overall_satisfaction", "ana").contains("no figure of"));
    // Nor is anything else said of it.
    for kpi in ["overall_satisfaction", "nothing"] {
        let said: [&[&str]; 4] = [
            &["feedback", "add", "--kpi", kpi, "-m", "slow"],
            &["enter", kpi, &period, "1", "--evidence", "p. 3", "-m", "counted"],
            &["override", "set", kpi, &period, "1", "--evidence", "p. 3", "-m", "counted"],
            &[
                "comment",
                kpi,
                &period,
                "--what",
                "a",
                "--why",
                "b",
                "--done",
                "c",
                "--outlook",
                "d",
                "--unsure",
                "e",
            ],
        ];
        for said in said {
            let all = [said, &["--as", "dee"][..]].concat();
            let (_, answer) = project.fails_or_not(&all);
            assert!(answer.contains(&format!("there is no KPI `{kpi}`")), "{said:?}: {answer}");
        }
    }
    drop(server);

    let log = project.ok(&["audit", "log", "--kind", "attempt.refused"]);
    assert!(
        log.contains("see_rows was refused by token 3") && log.contains("kpi/overall_satisfaction"),
        "{log}"
    );
    project.ok(&["audit", "verify"]);
    // A server does not start with policies that are wrong.
    project.write("policies/own.cedar", "permit (principal, action, resource");
    let (_, refused) = project.fails(3, &["serve", "--port", "0"]);
    assert!(refused.contains("policies have errors"), "{refused}");
}

#[test]
fn where_somebody_signs_in_a_command_acts_by_a_token_and_no_name_is_believed() {
    let project = Project::example("tiny");
    let people = "person: ana\nname: Ana\n---\nperson: bea\nname: Bea\n---\nperson: vic\nname: Vic\n---\ngovernance: company\nmode: \
                  reviewed\nowners: [ana, bea]\n";
    project.write("people.yml", people);
    project.ok(&["run", "--quiet"]);
    // While nobody signs in, whoever is here says who acts.
    project.ok(&["freeze", "2026-H1", "-m", "bonuses", "--as", "bea"]);
    let password = "quiet river, nine stones\n";
    assert_eq!(access(&project, &["add", "ana"], password).0, Some(0));
    let refused = |arguments: &[&str]| project.fails(3, arguments).1;
    assert!(refused(&["approve", "1", "--as", "ana"]).contains("a command acts by a token"));
    assert!(refused(&["run"]).contains("KEPI_TOKEN"));
    let silence =
        ["silence", "set", "--kpi", "recommendation", "--until", "2099-01-01", "-m", "why", "--as", "ana"];
    assert!(refused(&silence).contains("a command acts by a token"));
    // Who reads acts in nobody's name.
    project.ok(&["inbox", "--open", "--quiet"]);
    project.ok(&["show", "sources", "--quiet"]);
    let (code, _, said) = by_password(&project, &["token", "create", "ana"], "quiet river, nine pebbles\n");
    assert!(code == Some(3) && said.contains("do not belong together"), "{said}");
    let (code, _, said) = by_password(&project, &["token", "create", "vic"], password);
    assert!(code == Some(3) && said.contains("do not belong together"), "{said}");

    project.keep_token("", &own_token(&project, &["administer", "run"]));
    assert!(refused(&["approve", "1"]).contains("decides nothing by this token"));
    project.ok(&["run", "--quiet"]);
    // Items may go to a person of the project who can answer none of them: that is said.
    let (_, said) = project.fails_or_not(&["access", "add", "vic", "--no-password", "--role", "viewer"]);
    assert!(said.contains("vic signs in as viewer") && said.contains("can answer none of them"), "{said}");
    let vic =
        project.ok(&["access", "token", "create", "vic", "--scope", "decide", "--scope", "run", "--quiet"]);
    project.keep_token("vic", &vic);
    // A role that no policy names would let nobody do anything.
    let slip = refused(&["access", "change", "vic", "--role", "vewer"]);
    let all = "analyst, decider, owner, runner, viewer";
    assert!(slip.contains("no policy names the role `vewer`: did you mean `viewer`?"), "{slip}");
    assert!(slip.contains(&format!("those that exist are {all}")), "{slip}");
    // A token does no more than its person: a viewer neither decides nor runs.
    assert!(refused(&["approve", "1", "--as", "vic"]).contains("decides nothing by this token"));
    assert!(refused(&["run", "--as", "vic"]).contains("the role `owner` or `runner`"));
    project.ok(&["access", "change", "vic", "--role", "runner", "--role", "decider", "--quiet"]);
    project.ok(&["run", "--as", "vic", "--quiet"]);

    // Nobody judges rows that she does not see.
    let judged = |who: &str| refused(&["screen", "confirm", "survey_response", "1", "-m", "so", "--as", who]);
    assert!(judged("vic").contains("rows of `survey_response` that you do not see"), "{}", judged("vic"));
    // It acts as its person, whatever is said; also out of a file.
    let own = own_token(&project, &["decide"]);
    project.keep_token("bea", &own);
    assert!(
        refused(&["approve", "1", "--as", "bea"]).contains("the token acts for `ana`, and `--as` says `bea`")
    );
    project.write("token", &format!("{own}\n"));
    // An inbox is that of whose token it is.
    let file = project.path().join("token");
    let (_, said) = project.fails_or_not(&["inbox", "--token-file", file.to_str().unwrap()]);
    assert!(!said.contains("no person of this project"), "{said}");
    let file = project.path().join("token");
    project.ok(&["approve", "1", "--token-file", file.to_str().unwrap()]);
    let item = project.ok(&["item", "1"]);
    assert!(item.contains("ana says yes") && item.contains("done"), "{item}");
    project.keep_token("", "kepi_nothing");
    assert!(refused(&["run"]).contains("is not known, is over or was revoked"));
    // So it is told whoever only reads; and where a file holds none.
    assert!(refused(&["show", "sources"]).contains("is not known, is over or was revoked"));
    project.write("token", "\n");
    assert!(refused(&["show", "sources", "--token-file", file.to_str().unwrap()]).contains("holds no token"));
}

#[test]
fn policies_in_definitions_hold_in_place_of_files_and_a_plan_says_who_gains_what() {
    let project = Project::example("tiny");
    project.ok(&["run", "--quiet"]);
    let password = "quiet river, nine stones\n";
    assert_eq!(access(&project, &["add", "ana"], password).0, Some(0));
    project.keep_token("", &own_token(&project, &["administer", "run"]));
    project.ok(&["access", "add", "bea", "--no-password", "--quiet"]);
    let policy = |text: &str| project.write("who.yml", &format!("policy: who\ncedar: |\n  {text}\n"));
    let owners = "permit (principal, action, resource) when { resource in principal.owner };";
    policy(owners);
    let planned = project.fails_or_not(&["plan"]).0;
    assert!(
        planned.contains("bea loses `see_value`: answers, answers in company, recommendation and 1 more"),
        "{planned}"
    );
    assert!(!planned.contains("ana loses") && !planned.contains("gains"), "{planned}");
    // What stands in a file does not hold then.
    project.write("policies/own.cedar", owners);
    let checked = project.fails_or_not(&["check"]).0;
    assert!(
        checked.contains("warning[K0909]: this does not hold") && checked.contains("policies/own.cedar:1:1"),
        "{checked}"
    );
    std::fs::remove_file(project.path().join("policies/own.cedar")).unwrap();
    project.ok(&["run", "--quiet"]);
    assert!(project.ok(&["access", "policy"]).contains("// policy/who"));
    let slip = project.fails(3, &["access", "change", "bea", "--role", "viewer:company"]).1;
    assert!(slip.contains("those that exist are owner, runner"), "{slip}");
    // A slip is told with its place, and nobody plans on.
    policy("permit (principal, action, resource) when { resource in principal.ownr };");
    let (said, _) = project.fails(1, &["check"]);
    assert!(said.contains("policy/who:1:") && said.contains("ownr"), "{said}");
    assert!(project.fails_or_not(&["plan"]).1.contains("policies have errors"));
}
