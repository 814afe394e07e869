//! Deciding in browsers: several people, one board, and what must not work.

use std::process::{Command, Stdio};

use serde_json::Value;
use thirtyfour::prelude::*;

#[allow(dead_code)]
#[path = "../../../kepi-web/tests/it/driver.rs"]
pub(crate) mod driver;

use crate::{
    support::{Project, kepi},
    tour::Server,
};
use driver::{Driver, Look, arrives, browser, follow, gone};

const PASSWORD: &str = "quiet river, nine stones";
const GOVERNED: &str = "person: ann\nname: Ann\n---\nperson: bea\nname: Bea\n---\nperson: carl\nname: Carl\n---\n\
                        person: dan\nname: Dan\n---\ngovernance: company\nmode: board\nowners: [ann, bea]\nboard:\n  members: \
                        {finance: [bea], customer: [carl], data: [dan]}\n  quorum: 2\n";
const NPS: &str = "nps: {of: survey_response, answer: score}";
const NORTH: &str = "nps: {of: survey_response, answer: score, where: region = 'north'}";

/// A project that a board decides on, with people who sign in.
fn governed() -> Project {
    let project = Project::example("tiny");
    project.write("governance.yml", GOVERNED);
    project.ok(&["run", "--quiet"]);
    let deciders = ["viewer", "decider"];
    for (name, roles) in [
        ("ann", &["owner"][..]),
        ("bea", &["owner"]),
        ("carl", &deciders),
        ("dan", &deciders),
        ("vic", &["viewer"]),
    ] {
        let_in(&project, name, roles);
    }
    project
}

/// Lets somebody sign in.
pub(crate) fn let_in(project: &Project, name: &str, roles: &[&str]) {
    let mut command = kepi();
    command.arg("-C").arg(project.path()).env("KEPI_TEST_CLOCK", project.clock());
    command.args(["access", "add", name]);
    roles.iter().for_each(|role| {
        command.args(["--role", role]);
    });
    if let Some(token) = project.token_of("") {
        command.env("KEPI_TOKEN", token);
    }
    by_password(command);
    let mut command = kepi();
    command.arg("-C").arg(project.path()).env("KEPI_TEST_CLOCK", project.clock());
    command.args(["access", "token", "create", name, "--days", "366"]);
    ["decide", "run", "administer"].iter().for_each(|scope| {
        command.args(["--scope", scope]);
    });
    project.keep_token(name, &by_password(command));
}

/// Runs a command that asks for a password; what it prints.
fn by_password(mut command: std::process::Command) -> String {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), format!("{PASSWORD}\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn item(project: &Project) -> Value {
    serde_json::from_str(&project.ok(&["item", "1", "--format", "json"])).unwrap()
}

pub(crate) async fn sign_in(browser: &WebDriver, site: &str, name: &str) {
    browser.goto(format!("{site}/inbox")).await.unwrap();
    arrives(browser, "/sign-in").await;
    browser.find(By::Name("name")).await.unwrap().send_keys(name).await.unwrap();
    browser.find(By::Name("password")).await.unwrap().send_keys(PASSWORD).await.unwrap();
    follow(browser, By::Css("form.entry button")).await;
    arrives(browser, "/inbox").await;
}

pub(crate) async fn sign_out(browser: &WebDriver) {
    follow(browser, By::Css("form.viewer button")).await;
    arrives(browser, "/sign-in").await;
}

/// Writes something else into the editor, and looks at what would come of it.
async fn edit(browser: &WebDriver, from: &str, to: &str) -> String {
    let script = "const text = document.querySelector('textarea[name=text]'); const before = text.value; \
        text.value = before.replace(arguments[0], arguments[1]); return before !== text.value;";
    let done = browser.execute(script, vec![from.into(), to.into()]).await.unwrap();
    assert_eq!(done.json(), &Value::Bool(true), "{from} is in the text");
    follow(browser, By::Css("form:has(textarea[name=text]) button[value=look]")).await;
    arrives(browser, "/changes").await;
    text(browser, "main").await
}

pub(crate) async fn text(browser: &WebDriver, css: &str) -> String {
    browser.find(By::Css(css)).await.unwrap().text().await.unwrap()
}

/// Sends the vote that no form of the page has: whoever looks can write one.
async fn vote_nevertheless(browser: &WebDriver) {
    let script = "const form = document.querySelector('form.viewer'); form.action = '/items/1/vote'; \
        for (const [name, value] of [['stance', 'yes'], ['content', arguments[0]], ['request', 'made-up']]) { \
          const field = document.createElement('input'); field.type = 'hidden'; field.name = name; field.value = value; \
          form.append(field); } form.submit();";
    let content = browser.find(By::Css("code.hash")).await.unwrap();
    browser.execute(script, vec![content.text().await.unwrap().into()]).await.unwrap();
    gone(&content).await;
    arrives(browser, "/items/1/vote").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_board_decides_in_browsers() {
    let Some(driver) = Driver::start() else { return };
    let project = governed();
    let (_server, address) = project.serve();
    let site = format!("http://{address}");
    let (anns, others) = (browser(&driver, Look::Light).await, browser(&driver, Look::Light).await);

    // Ann sees what she wrote, and has no form to agree to it; one that she makes is refused, with words.
    sign_in(&anns, &site, "ann").await;
    assert!(text(&anns, "main").await.contains("Nothing waits for you."));
    anns.goto(format!("{site}/kpis/recommendation")).await.unwrap();
    follow(&anns, By::LinkText("Propose a change")).await;
    arrives(&anns, "/changes/new").await;
    let said = edit(&anns, "survey_response", "nothing").await;
    assert!(said.contains("`nothing`") && said.contains("error, line "), "{said}");
    let said =
        edit(&anns, "nothing, answer: score", "survey_response, answer: score, where: region = 'north'")
            .await;
    assert!(
        !said.contains("error, line") && said.contains("What it would change") && said.contains("north"),
        "{said}"
    );
    anns.find(By::Css("form:has(textarea[name=text]) textarea[name=why]"))
        .await
        .unwrap()
        .send_keys("only the north answers")
        .await
        .unwrap();
    follow(&anns, By::Css("form:has(textarea[name=text]) button[value=propose]")).await;
    arrives(&anns, "/items/1").await;
    let page = text(&anns, "main").await;
    for said in [
        "You wrote it: others decide.",
        "only the north answers",
        "what is measured",
        "Withdraw it",
        "Waits for the board, 0 of 2",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("Approve"), "{page}");
    vote_nevertheless(&anns).await;
    let refused = text(&anns, "[role=alert]").await;
    assert!(refused.contains("You wrote it yourself, and nobody decides on their own"), "{refused}");
    assert_eq!(item(&project)["ballots"], Value::Array(Vec::new()));

    // Who only sees figures sees the item, and may not say anything of it.
    sign_in(&others, &site, "vic").await;
    others.goto(format!("{site}/items/1")).await.unwrap();
    assert!(text(&others, "main").await.contains("You have no part in it."));
    vote_nevertheless(&others).await;
    let refused = text(&others, "main").await;
    assert!(refused.contains("No policy grants `decide` to you as viewer"), "{refused}");
    arrives(&others, "/items/1/vote").await;
    others.goto(format!("{site}/inbox")).await.unwrap();
    sign_out(&others).await;

    // Carl is told that something waits for him, reads it and agrees; then dan.
    for (name, why, after) in [("carl", "As the contract says.", "review"), ("dan", "", "done")] {
        sign_in(&others, &site, name).await;
        assert_eq!(text(&others, ".viewer .count").await, "1 waits for you");
        assert!(text(&others, ".wait").await.contains("only the north answers"));
        follow(&others, By::Css(".wait h3 a")).await;
        arrives(&others, "/items/1").await;
        assert!(text(&others, ".turn").await.contains("You are on the board"));
        others.find(By::Css("form[action$='/vote'] [name=why]")).await.unwrap().send_keys(why).await.unwrap();
        follow(&others, By::Css("button[value=yes]")).await;
        arrives(&others, "/items/1").await;
        let ballots = text(&others, ".ballots").await;
        assert!(ballots.contains(&format!("{name} agrees")) && ballots.contains(why), "{ballots}");
        assert_eq!(item(&project)["state"], after, "{name}");
        sign_out(&others).await;
    }

    // It is in force, and ann sees that: her old page says nothing more of it.
    anns.goto(format!("{site}/register?id=kpi/recommendation")).await.unwrap();
    assert!(text(&anns, "pre").await.contains("region = 'north'"));
    anns.goto(format!("{site}/inbox?all=yes")).await.unwrap();
    assert!(text(&anns, "main").await.contains("done"));
    sign_out(&anns).await;
    anns.goto(format!("{site}/items/1")).await.unwrap();
    arrives(&anns, "/sign-in").await;
    anns.quit().await.unwrap();
    others.quit().await.unwrap();
    let log = project.ok(&["audit", "log", "--about", "item/1"]);
    assert!(log.contains("carl") && log.contains("dan") && !log.contains("contract"), "{log}");
    project.ok(&["audit", "verify", "--quiet"]);
}

/// Somebody proposes in her browser that recommendation is measured in the north only.
async fn propose_the_north(anns: &WebDriver, site: &str) {
    anns.goto(format!("{site}/kpis/recommendation")).await.unwrap();
    follow(anns, By::LinkText("Propose a change")).await;
    arrives(anns, "/changes/new").await;
    edit(anns, "survey_response, answer: score", "survey_response, answer: score, where: region = 'north'")
        .await;
    let form = "form:has(textarea[name=text])";
    let why = anns.find(By::Css(format!("{form} textarea[name=why]"))).await.unwrap();
    why.send_keys("only the north answers").await.unwrap();
    follow(anns, By::Css(format!("{form} button[value=propose]"))).await;
}

/// Scenario 2: a change is asked for in a frozen half-year, refused and logged; later it is decided on by functions, who see what it
/// touches and two years of figures by both definitions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_under_a_freeze_is_refused_and_decided_later_by_functions_in_browsers() {
    let Some(driver) = Driver::start() else { return };
    let project = Project::example("tiny");
    // Three scorecards have the KPI, 38 people are told of it beside those who answer for it.
    let persons: Vec<String> = (1..=38).map(|n| format!("reader{n:02}")).collect();
    let all: String = persons.iter().map(|id| format!("---\nperson: {id}\nname: Reader {id}\n")).collect();
    project.write("governance.yml", &format!("{GOVERNED}{all}"));
    let kpis = std::fs::read_to_string(project.path().join("kpis.yml")).unwrap();
    let informed = format!("kpi: recommendation\ninformed: [{}]\n", persons.join(", "));
    project.write("kpis.yml", &kpis.replace("kpi: recommendation\n", &informed));
    let mut whole = std::fs::read_to_string(project.path().join("kepi.yml")).unwrap();
    for (id, name) in [("board", "Board"), ("service", "Service")] {
        whole.push_str(&format!(
            "---\nscorecard: {id}\nname: {name}\nperiod: month\nperspectives:\n  customers:\n    weight: 100%\n    objectives:\n      \
             customers_recommend_us: {{weight: 100%, kpis: {{recommendation: 100%}}}}\n"
        ));
    }
    project.write("kepi.yml", &whole);
    // Two years of answers; the north recommends more each month, the south less.
    let mut rows = String::from("id,answered,region,score\n");
    for month in 0..24 {
        let (year, month_of) = (2024 + (month + 6) / 12, (month + 6) % 12 + 1);
        for n in 0..20 {
            let (region, happy) =
                if n % 2 == 0 { ("north", n / 2 < 3 + month / 4) } else { ("south", n / 2 < 6 - month / 4) };
            let score = if happy { 10 } else { 5 };
            rows.push_str(&format!("{month}-{n},{year}-{month_of:02}-{:02} 10:00,{region},{score}\n", n + 1));
        }
    }
    project.write("data/answers.csv", &rows);
    project.ok(&["run", "--quiet"]);
    for (name, roles) in [
        ("ann", &["owner"][..]),
        ("bea", &["owner"]),
        ("carl", &["viewer", "decider"]),
        ("dan", &["viewer", "decider"]),
    ] {
        let_in(&project, name, roles);
    }
    project.ok(&["freeze", "2026-H1", "-m", "while bonuses are judged", "--as", "ann"]);
    for by in ["bea", "carl"] {
        project.ok(&["approve", "1", "--as", by]);
    }

    let (_server, address) = project.serve();
    let site = format!("http://{address}");
    let (anns, others) = (browser(&driver, Look::Light).await, browser(&driver, Look::Light).await);
    sign_in(&anns, &site, "ann").await;
    propose_the_north(&anns, &site).await;
    arrives(&anns, "/changes").await;
    let refused = text(&anns, "main").await;
    assert!(refused.contains("It changes what holds between 2026-01-01 and 2026-07-01"), "{refused}");
    let refusals = project.ok(&["audit", "log", "--kind", "attempt.forbidden", "--as", "ann"]);
    assert!(refusals.contains("G0901"), "{refusals}");
    let items = || -> usize {
        let all = project.ok(&["inbox", "--all", "--quiet", "--format", "json", "--as", "ann"]);
        serde_json::from_str::<Value>(&all).unwrap().as_array().unwrap().len()
    };
    assert_eq!(items(), 1, "the freeze, and nothing was proposed");

    // Later: what was frozen is lifted by others, and the same is proposed again.
    project.ok(&["lift", "1", "-m", "bonuses are paid", "--as", "bea"]);
    for by in ["ann", "carl", "dan"] {
        project.ok(&["approve", "2", "--as", by]);
    }
    propose_the_north(&anns, &site).await;
    arrives(&anns, "/items/3").await;
    let page = text(&anns, "main").await;
    for said in
        ["You wrote it: others decide.", "Waits for the board, 0 of 2", "Customers", "Board", "Service"]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("Approve"), "{page}");
    let people = anns.find_all(By::Css("dd p .role")).await.unwrap().len();
    assert_eq!(people, 39, "38 who are told and who answers for it");
    // The dual run comes without anybody waiting for it: 24 months, all rows and each region.
    for n in 0.. {
        if text(&anns, "main").await.contains("Figures by both") {
            break;
        }
        assert!(n < 120, "{}", text(&anns, "main").await);
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        anns.goto(format!("{site}/items/3")).await.unwrap();
    }
    let run: Value =
        serde_json::from_str(&project.ok(&["item", "3", "--format", "json", "--as", "ann"])).unwrap();
    let of = &run["figures"]["figures"][0];
    // By region the north is what it was, and the south is gone.
    assert_eq!(
        (&of["counts"]["same"], &of["counts"]["differ"], &of["counts"]["gone"]),
        (&24.into(), &24.into(), &24.into()),
        "{of}"
    );
    assert_eq!(run["figures"]["scores"].as_array().unwrap().len(), 3, "{run}");
    let page = text(&anns, "main").await;
    let newest = of["newest"].as_array().unwrap().last().unwrap();
    for figure in [&newest["before"]["text"], &newest["after"]["text"]] {
        assert!(page.contains(figure.as_str().unwrap()), "{figure}: {page}");
    }

    // Two functions of three decide, each in a session of their own; the author never.
    for (ballots, name, after) in [(1, "carl", "review"), (2, "dan", "done")] {
        sign_in(&others, &site, name).await;
        others.goto(format!("{site}/items/3")).await.unwrap();
        assert!(text(&others, "main").await.contains("Figures by both"), "{name} decides by them");
        follow(&others, By::Css("button[value=yes]")).await;
        let item = project.ok(&["item", "3", "--format", "json", "--as", "ann"]);
        let item: Value = serde_json::from_str(&item).unwrap();
        assert_eq!(item["ballots"].as_array().unwrap().len(), ballots, "{name}");
        assert_eq!(item["state"], after, "{name}");
        sign_out(&others).await;
    }
    anns.quit().await.unwrap();
    others.quit().await.unwrap();
    project.ok(&["audit", "verify", "--quiet", "--as", "ann"]);
}

/// What a server answers: status, headers with their names in small letters, and body.
fn curl(arguments: &[&str]) -> (String, String, String) {
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "60", "--include"])
        .args(arguments)
        .output()
        .expect("curl is there");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split_whitespace().nth(1).unwrap_or_default().to_owned();
    let small = |line: &str| match line.split_once(": ") {
        Some((name, value)) => format!("{}: {value}\n", name.to_ascii_lowercase()),
        None => format!("{line}\n"),
    };
    (status, head.lines().map(small).collect(), body.to_owned())
}

/// Somebody with a session, as a browser has it.
pub(crate) struct Somebody {
    pub(crate) site: String,
    cookie: String,
}

impl Somebody {
    pub(crate) fn signed_in(address: &str, name: &str) -> Self {
        let site = format!("http://{address}");
        let origin = format!("Origin: {site}");
        let fields = [format!("name={name}"), format!("password={PASSWORD}")];
        let (status, head, _) = curl(&[
            "-H",
            &origin,
            "--data-urlencode",
            &fields[0],
            "--data-urlencode",
            &fields[1],
            &format!("{site}/sign-in"),
        ]);
        assert_eq!(status, "303", "{head}");
        let cookie = head.split("set-cookie: ").nth(1).unwrap().split(';').next().unwrap().to_owned();
        Self { site, cookie: format!("Cookie: {cookie}") }
    }

    pub(crate) fn page(&self, path: &str) -> String {
        curl(&["-H", &self.cookie, &format!("{}{path}", self.site)]).2
    }

    /// Posts fields from a page of an origin.
    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)], origin: &str) -> (String, String, String) {
        let origin = format!("Origin: {origin}");
        let mut arguments = vec!["-H".to_owned(), self.cookie.clone(), "-H".to_owned(), origin];
        for (name, value) in fields {
            arguments.extend(["--data-urlencode".to_owned(), format!("{name}={value}")]);
        }
        arguments.push(format!("{}{path}", self.site));
        curl(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

/// The value of a hidden field.
pub(crate) fn hidden(page: &str, name: &str) -> String {
    let after =
        page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_else(|| panic!("{name}: {page}"));
    after.split('"').next().unwrap().to_owned()
}

#[test]
fn what_is_posted_is_done_once_by_who_may_and_from_pages_of_this_server() {
    let project = governed();
    let kpis = std::fs::read_to_string(project.path().join("kpis.yml")).unwrap();
    project.write("kpis.yml", &kpis.replace(NPS, NORTH));
    project.ok(&["propose", "-m", "only the north answers", "--as", "ann"]);
    let (_server, address): (Server, String) = project.serve();
    let (carl, bea) = (Somebody::signed_in(&address, "carl"), Somebody::signed_in(&address, "bea"));
    let own = carl.site.clone();
    let page = carl.page("/items/1");
    let (key, request, content) = (hidden(&page, "key"), hidden(&page, "request"), hidden(&page, "content"));
    let vote = |stance: &'static str, request: &str| {
        vec![
            ("stance", stance.to_owned()),
            ("content", content.clone()),
            ("request", request.to_owned()),
            ("why", "seen".to_owned()),
        ]
    };
    let send = |who: &Somebody, key: &str, fields: &[(&'static str, String)], origin: &str| {
        let mut all: Vec<(&str, &str)> = vec![("key", key)];
        all.extend(fields.iter().map(|(name, value)| (*name, value.as_str())));
        who.post("/items/1/vote", &all, origin)
    };
    let ballots = || item(&project)["ballots"].as_array().unwrap().len();
    // From elsewhere, or with the key of another session, nothing is done.
    for (key, origin) in [(key.as_str(), "http://evil.example"), ("", own.as_str()), ("0123", own.as_str())] {
        assert_eq!(send(&carl, key, &vote("yes", &request), origin).0, "403");
    }
    let beas = hidden(&bea.page("/items/1"), "key");
    assert_eq!(send(&carl, &beas, &vote("yes", &request), &own).0, "403");
    assert_eq!(ballots(), 0);
    // The same form twice is one request, whatever was changed in it.
    for stance in ["yes", "yes", "no"] {
        let (status, head, _) = send(&carl, &key, &vote(stance, &request), &own);
        assert_eq!((status.as_str(), head.contains("location: /items/1")), ("303", true), "{stance}: {head}");
    }
    assert_eq!(item(&project)["ballots"][0]["stance"], "yes");
    let votes = project.ok(&["audit", "log", "--kind", "item.voted", "--format", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&votes).unwrap().as_array().unwrap().len(), 1);
    // A form that somebody else used is nobody else's.
    let (status, _, body) = send(&bea, &beas, &vote("yes", &request), &own);
    assert!(status == "422" && body.contains("somebody else"), "{status} {body}");
    assert_eq!(ballots(), 1);
    // It is written anew: what was read is not what it proposes by now.
    let kpis = std::fs::read_to_string(project.path().join("kpis.yml")).unwrap();
    project.write("kpis.yml", &kpis.replace("'north'", "'south'"));
    project.ok(&["propose", "--item", "1", "-m", "the south", "--as", "ann"]);
    let (status, _, body) = send(&carl, &key, &vote("yes", "another"), &own);
    assert!(status == "422" && body.contains("proposes content"), "{status} {body}");
    assert_eq!(ballots(), 0, "what was said was of another content");

    // A target is changed by a small form: looked at, refused without a reason, proposed once.
    let path = "/changes/new?id=kpi/recommendation";
    let page = carl.page(path);
    let (key, request) = (hidden(&page, "key"), hidden(&page, "request"));
    let target = |rest: &[(&'static str, &'static str)]| {
        let mut all =
            vec![("key", key.as_str()), ("request", request.as_str()), ("id", "kpi/recommendation")];
        all.extend([("value.targets/0/target", "50"), ("value.accountable", "owner")]);
        all.extend(rest);
        carl.post("/changes", &all, &own)
    };
    let (status, _, body) = target(&[("do", "look")]);
    assert!(
        status == "200" && body.contains("target from 2026-01-01") && body.contains("What it would change"),
        "{body}"
    );
    assert_eq!(target(&[("do", "propose")]).0, "422");
    for _ in 0..2 {
        let (status, head, body) = target(&[("do", "propose"), ("why", "more is within reach")]);
        assert!(status == "303" && head.contains("location: /items/2"), "{status} {head} {body}");
    }
    let of: Value = serde_json::from_str(&project.ok(&["item", "2", "--format", "json"])).unwrap();
    assert_eq!(of["aspects"], serde_json::json!(["target"]));
    // Who may not decide sees the text, and no form; nothing is proposed by asking for it.
    let vic = Somebody::signed_in(&address, "vic");
    assert!(!vic.page(path).contains("name=\"text\""));

    // A period is closed by the board, asked for and agreed to on pages.
    let page = carl.page("/periods");
    let fields = [("key", hidden(&page, "key")), ("request", hidden(&page, "request"))];
    let ask = |path: &str, more: &[(&'static str, &'static str)]| {
        let mut all: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        all.extend(more);
        carl.post(path, &all, &own)
    };
    let (status, _, body) = ask("/periods/close", &[("period", "soon"), ("why", "as reported")]);
    assert!(status == "422" && body.contains("soon") && body.contains("as reported"), "{status} {body}");
    let (status, head, body) = ask("/periods/close", &[("period", "2026-01"), ("why", "as reported")]);
    assert!(status == "303" && head.contains("location: /items/3"), "{status} {head} {body}");
    for name in ["bea", "dan"] {
        project.ok(&["approve", "3", "--as", name]);
    }
    assert!(carl.page("/periods").contains("closed"));
    let figures = carl.page("/api/v1/periods/2026-01");
    let figures: Value = serde_json::from_str(&figures).unwrap();
    assert!(figures["figures"].as_array().unwrap().iter().all(|of| of["restated"] == false), "{figures}");
    assert!(!figures["figures"].as_array().unwrap().is_empty());
    // What is not seen is not disputed.
    let dispute = || {
        let page = carl.page("/disputes/new");
        let (key, request) = (hidden(&page, "key"), hidden(&page, "request"));
        let fields = [("kpi", "recommendation"), ("period", "2026-01"), ("why", "twice")];
        let own_fields = [("key", key.as_str()), ("request", request.as_str())];
        carl.post("/disputes", &[&own_fields[..], &fields].concat(), &own)
    };
    assert!(!dispute().2.contains("o figure of"));
    let policy = "permit (principal, action, resource);\nforbid (principal, action == Action::\"see_value\", resource in \
                  Kpi::\"recommendation\") unless { resource in principal.owner };";
    project.write("policies/own.cedar", policy);
    let (status, _, body) = dispute();
    assert!(status == "422" && body.contains("o figure of `recommendation` is published"), "{status} {body}");
    // Nor is anything else said of it: it is answered as what there is not.
    for path in ["/pain-points", "/entries"] {
        for kpi in ["recommendation", "nothing"] {
            let more =
                [("kpi", kpi), ("period", "2026-01"), ("value", "3"), ("evidence", "p. 3"), ("why", "slow")];
            let page = carl.page("/disputes/new");
            let (key, request) = (hidden(&page, "key"), hidden(&page, "request"));
            let own_fields = [("key", key.as_str()), ("request", request.as_str())];
            let (status, _, body) = carl.post(path, &[&own_fields[..], &more].concat(), &own);
            assert!(
                status == "422" && body.contains(&format!("here is no KPI `{kpi}`")),
                "{path}: {status} {body}"
            );
        }
    }
    std::fs::remove_dir_all(project.path().join("policies")).unwrap();
    project.ok(&["audit", "rebuild", "--quiet"]);
    project.ok(&["audit", "verify", "--quiet"]);
}
