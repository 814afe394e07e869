//! What analyses say through files of definitions and data: duplicates, rows that look like errors, beliefs that are no longer borne out and what follows, and
//! what people act on.

use std::fmt::Write;

use jiff::{Span, Zoned, civil::Date};
use serde_json::Value;

use crate::{support::Project, tour::get};

/// Numbers of which nobody has to know where they come from: SplitMix64.
struct Numbers(u64);

impl Numbers {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / 9_007_199_254_740_992.0
    }
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

const HEAD: &str = "project: desk\nname: Desk\nlanguage: 1\ntime_zone: UTC\nlast_resort: head\n---\nperson: head\nname: Ada\n---\nperson: other\nname: Ben\n";

fn entity(id: &str, more: &str) -> String {
    format!(
        "---\nentity: {id}\nkey: [id]\ntime: at\nattributes:\n  id: {{type: text}}\n  at: {{type: date}}\n  team: {{type: text}}\n  good: {{type: boolean}}\n{more}\
         ---\nsource: {id}s\ninto: {id}\nfrom: {{csv: {{files: \"data/{id}/*.csv\"}}}}\nmode: append\nmap:\n  id: {{column: id, as: text, required: true}}\n  \
         at: {{column: at, as: date, required: true}}\n  team: {{column: team, as: text}}\n  good: {{column: good, as: boolean}}\n"
    )
}

fn share(kpi: &str, of: &str, more: &str) -> String {
    format!(
        "---\nkpi: {kpi}\nname: {kpi}\nbetter: higher\nmeasure: {{share: {{of: {of}, which: good}}}}\nperiod: month\naccountable: head\n{more}"
    )
}

/// Rows of months from one on: in each so many of so many are good.
fn rows(project: &Project, entity: &str, first: Date, months: &[Vec<(&str, usize, usize)>]) {
    let mut text = String::from("id,at,team,good\n");
    for (month, teams) in months.iter().enumerate() {
        let from = first.checked_add(Span::new().months(month as i64)).unwrap();
        for (team, good, of) in teams {
            for n in 0..*of {
                let day = from.checked_add(Span::new().days((n % 28) as i64)).unwrap();
                let good = if n < *good { "yes" } else { "no" };
                writeln!(text, "{month}-{team}-{n},{day},{team},{good}").unwrap();
            }
        }
    }
    // One row by which the last month is over.
    let last = first.checked_add(Span::new().months(months.len() as i64)).unwrap();
    writeln!(text, "last,{last},none,no").unwrap();
    project.write(&format!("data/{entity}/rows.csv"), &text);
}

fn analysed(project: &Project, arguments: &[&str]) -> Value {
    let all = [&["analyse"], arguments, &["--format", "json", "--quiet"]].concat();
    serde_json::from_str(&project.ok(&all)).unwrap()
}

fn says(of: &Value) -> Vec<String> {
    let says = of["insights"][0]["says"].as_array().unwrap_or_else(|| panic!("{of}"));
    says.iter().map(|of| of.as_str().unwrap().to_owned()).collect()
}

#[test]
fn planted_duplicates_are_found_through_files_and_none_in_the_demo() {
    let project = Project::empty();
    // `solved` and `closed` come from two systems that see the same work, `praised` from a third that sees other work; `again` is `solved` under another name.
    let text = [
        HEAD.to_owned(),
        entity("case", ""),
        entity("claim", ""),
        entity("letter", ""),
        share("solved", "case", ""),
        share("closed", "claim", ""),
        share("praised", "letter", ""),
        share("again", "case", ""),
    ];
    project.write("kepi.yml", &text.concat());
    let mut random = Numbers(7);
    let (mut case, mut claim, mut letter) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..36 {
        let level = 200.0 + 40.0 * random.normal();
        let good = |share: f64| vec![("all", share.round().clamp(0.0, 400.0) as usize, 400)];
        case.push(good(level));
        claim.push(good(level + 3.0 * random.normal()));
        letter.push(good(200.0 + 40.0 * random.normal()));
    }
    let first = jiff::civil::date(2023, 1, 1);
    for (entity, months) in [("case", case), ("claim", claim), ("letter", letter)] {
        rows(&project, entity, first, &months);
    }
    project.fails_or_not(&["run"]);
    let of = |kpi: &str| {
        let found = analysed(&project, &[kpi, "--analysis", "redundancy", "--period", "2025-12"]);
        (found["insights"][0]["verdict"].as_str().unwrap().to_owned(), says(&found))
    };
    let (verdict, said) = of("solved");
    assert_eq!((verdict.as_str(), said.len()), ("yes", 2), "{said:?}");
    assert!(said.iter().any(|of| of.contains("“again” measures the same rows by the same rule")), "{said:?}");
    assert!(said.iter().any(|of| of.starts_with("“closed” says the same")), "{said:?}");
    let (verdict, said) = of("praised");
    assert_ne!(verdict, "yes", "{said:?}");
    // In the examples nothing was planted. The airport's six waves are too short to say anything of values, and no two of their KPIs measure
    // the same; three years of a subscription business are long enough to say that none does.
    for (example, least) in [("airport", 0), ("subscription", 8)] {
        let demo = Project::example(example);
        demo.fails_or_not(&["run", "--quiet"]);
        let all = analysed(&demo, &["--analysis", "redundancy"]);
        let all = all.as_array().unwrap_or_else(|| panic!("{all}")).clone();
        let merged: Vec<&Value> =
            all.iter().filter(|of| of.to_string().contains("\"verdict\":\"yes\"")).collect();
        assert!(merged.is_empty() && all.len() >= least, "{example}: {merged:?} of {}", all.len());
    }
}

#[test]
fn rows_that_look_like_errors_are_told_from_those_that_are_only_large() {
    let project = Project::empty();
    let text = HEAD.to_owned()
        + "---\nentity: call\nkey: [id]\ntime: began_at\nattributes:\n  id: {type: text}\n  began_at: {type: timestamp}\n  lasted: {type: duration}\n  team: {type: text}\n\
           ---\nsource: calls\ninto: call\nfrom: {csv: {files: \"data/*.csv\"}}\nmode: append\nmap:\n  id: {column: id, as: text, required: true}\n  \
           began_at: {column: began, as: timestamp, required: true}\n  lasted: {column: minutes, as: duration minutes}\n  team: {column: team, as: text}\n\
           ---\nkpi: handle_time\nname: Handle time\nbetter: lower\nmeasure: {mean: {of: call, value: lasted}}\nperiod: month\naccountable: head\n";
    project.write("kepi.yml", &text);
    let mut random = Numbers(3);
    let mut month = |number: u32, more: &str| {
        let mut rows = String::from("id,began,minutes,team\n");
        for n in 0..400 {
            let minutes = (2.0 + 0.4 * random.normal()).exp();
            writeln!(
                rows,
                "{number}-{n},2026-{number:02}-{:02} {:02}:{:02},{minutes:.3},a",
                n % 28 + 1,
                n % 24,
                n % 60
            )
            .unwrap();
        }
        project.write(&format!("data/{number:02}.csv"), &(rows + more));
    };
    month(1, "");
    // Two written in seconds, and a very long one twice.
    month(
        2,
        "slip-1,2026-02-03 10:00,444,a\nslip-2,2026-02-04 10:00,500,a\nlong,2026-02-05 10:00,31.25,a\nlong-again,2026-02-05 10:00,31.25,a\n",
    );
    month(3, "");
    project.fails_or_not(&["run"]);
    let of = |period: &str| {
        says(&analysed(&project, &["handle_time", "--analysis", "influence", "--period", period])).join(" ")
    };
    let said = of("2026-01");
    assert!(said.contains("rather real than errors"), "{said}");
    let said = of("2026-02");
    assert!(
        said.contains("2 are another row once more but for the key")
            && said.contains("2 lie as if written 60 times too high"),
        "{said}"
    );
    assert!(said.contains("rather errors than real"), "{said}");
}

/// A project in which it is decided together what is in force: `early` is believed to move `late` a month later, in twelve teams, and did until a year ago.
fn believed(mode: &str, until: usize) -> Project {
    let project = Project::empty();
    let text = [
        HEAD.to_owned(),
        format!(
            "---\ngovernance: desk\nmode: {mode}\nowners: [head, other]\n---\nalert: beliefs\nname: Beliefs\non: [validity]\nkpis: [early]\n"
        ),
        entity("case", ""),
        entity("claim", ""),
        share(
            "early",
            "case",
            "objective: o\nindicator: leading\nby: [team]\nmoves:\n  # as the consultants said\n  late: {sign: positive, lag: 1 month}\n",
        ),
        share(
            "late",
            "claim",
            "objective: o\nindicator: lagging\nby: [team]\ntargets:\n  - {from: 2020-01-01, threshold: 40%, target: 60%, basis: {expectation: agreed}}\n",
        ),
        "---\nstrategy: s\nmission: m\nperspectives:\n  c: {name: C}\nobjectives:\n  o: {name: O, perspective: c}\n\
         ---\nscorecard: all\nname: All\nperiod: month\nperspectives: {c: {weight: 100%, objectives: {o: {weight: 100%, kpis: {early: 50%, late: 50%}}}}}\n"
            .to_owned(),
    ];
    project.write("kepi.yml", &text.concat());
    const TEAMS: [&str; 14] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n"];
    let mut random = Numbers(11);
    let (mut case, mut claim) = (Vec::new(), Vec::new());
    let mut before = vec![0.0; TEAMS.len()];
    for month in 0..48 {
        let (mut cases, mut claims) = (Vec::new(), Vec::new());
        for (team, before) in TEAMS.iter().zip(&mut before) {
            let caused = if month < until { 0.8 * *before } else { 0.0 };
            *before = random.normal();
            let good = |moved: f64| (100.0 + 12.0 * moved).round().clamp(0.0, 200.0) as usize;
            cases.push((*team, good(*before), 200));
            claims.push((*team, good(caused + 0.6 * random.normal()), 200));
        }
        case.push(cases);
        claim.push(claims);
    }
    let first = last_month().checked_sub(Span::new().months(47)).unwrap();
    rows(&project, "case", first, &case);
    rows(&project, "claim", first, &claim);
    project
}

/// The first day of the last month of figures: it ends the current quarter, so that what people do today they do in its year.
fn last_month() -> Date {
    let today = Zoned::now().date().first_of_month();
    today.checked_add(Span::new().months(2 - (i64::from(today.month()) - 1) % 3)).unwrap()
}

/// The day by which the months of figures are over: what is dated after a run says nothing of how far data reach.
fn once_over(project: &Project, last: Date) {
    let over = last.checked_add(Span::new().months(1)).unwrap();
    project.set_clock(&format!("{over}T12:00:00Z"));
}

fn last_label() -> String {
    last_month().strftime("%Y-%m").to_string()
}

/// What published figures say against the definitions.
fn against(project: &Project) -> Vec<Value> {
    let found: Value = serde_json::from_str(&project.ok(&["check", "--data", "--format", "json"])).unwrap();
    found["findings"].as_array().unwrap_or_else(|| panic!("{found}")).clone()
}

fn inbox(project: &Project, who: &str) -> Vec<Value> {
    let text = project.ok(&["inbox", "--quiet", "--as", who, "--format", "json"]);
    serde_json::from_str::<Value>(&text).unwrap().as_array().unwrap().clone()
}

#[test]
fn a_belief_that_is_no_longer_borne_out_asks_for_a_change_and_kepi_writes_it() {
    let project = believed("reviewed", 30);
    once_over(&project, last_month());
    project.fails_or_not(&["run"]);
    let asked = inbox(&project, "head").into_iter().find(|of| of["kind"] == "alert");
    let asked = asked.unwrap_or_else(|| panic!("{:?}", inbox(&project, "head")));
    let why = asked["why"].as_str().unwrap();
    assert!(
        why.contains("no sign, or no longer, of what it is believed to move")
            && why.contains("kepi retire early"),
        "{why}"
    );
    let said = says(&analysed(&project, &["early", "--analysis", "validity", "--period", &last_label()]));
    assert!(said[0].starts_with("No longer: what it did went with “late”"), "{said:?}");
    assert!(said.last().unwrap().starts_with("Retire it"), "{said:?}");
    let found: Value =
        serde_json::from_str(&project.ok(&["retire", "early", "--format", "json", "--sunset", "2030-01-01"]))
            .unwrap();
    assert_eq!(
        (found["recommended"].as_str(), found["period"].as_str()),
        (Some("retire"), Some(last_label().as_str()))
    );
    let text = found["text"].as_str().unwrap();
    assert!(
        text.contains("life: {sunset: 2030-01-01}") && text.contains("# as the consultants said"),
        "{text}"
    );
    // The same as findings at the places where it stands, of what leads nowhere and of the scorecard that leans on it.
    let found = against(&project);
    let of = |code: &str| {
        found.iter().find(|of| of["code"] == code).unwrap_or_else(|| panic!("{code}: {found:?}"))
    };
    assert!(of("K0669")["message"].as_str().unwrap().starts_with(
        "`early` is said to lead, and not all that it is believed to move follows it: No longer:"
    ));
    assert!(
        of("K0669")["at"]["line"].as_u64() > Some(1)
            && of("K0669")["fix"]["text"].as_str().unwrap().contains("kepi retire")
    );
    assert!(of("K0670")["message"].as_str().unwrap().starts_with("`all` leans on what does not predict"));
    let told = project.ok(&["check", "--data"]);
    assert!(told.contains("warning[K0669]") && told.contains(" --> kepi.yml:"), "{told}");
    // Whoever answers for it proposes it with one command, and another agrees: then it is in force.
    project.ok(&["retire", "early", "--sunset", "2030-01-01", "--propose", "--as", "head"]);
    let change = inbox(&project, "other").into_iter().find(|of| of["kind"] == "change_request").unwrap();
    let number = change["item"].as_u64().unwrap().to_string();
    let shown = project.ok(&["item", &number]);
    assert!(shown.contains("not to be used from 2030-01-01"), "{shown}");
    project.ok(&["approve", &number, "--as", "other"]);
    let in_force = project.ok(&["register", "kpi/early"]);
    assert!(in_force.contains("sunset: 2030-01-01"), "{in_force}");
    // What is not there, and what nothing is believed of.
    let (_, said) = project.fails(3, &["retire", "nothing"]);
    assert!(said.contains("no KPI `nothing` in force"), "{said}");
    let (_, said) = project.fails(3, &["retire", "late"]);
    assert!(said.contains("nothing is believed of `late`"), "{said}");
}

#[test]
fn a_belief_that_lives_is_kept_and_asks_nobody() {
    let project = believed("reviewed", 48);
    project.write(
        "review.yml",
        "review: quarterly\nname: Quarterly review\nscorecard: all\nperiod: quarter\nafter: 5\nchair: head\nparticipants: [other]\n",
    );
    project.fails_or_not(&["run"]);
    // What leads stands beside what lags in the review of the quarter, with what the data say of it and what is ahead.
    let review = inbox(&project, "head").into_iter().find(|of| of["kind"] == "review");
    let review = review.unwrap_or_else(|| panic!("{:?}", inbox(&project, "head")))["item"].to_string();
    let pack = project.ok(&["review", "pack", &review]);
    let (lags, leads) = (pack.find("**late** lags (C)"), pack.find("early leads"));
    assert!(lags.is_some() && lags < leads && pack.contains("that it leads is supported by data"), "{pack}");
    assert!(pack.contains("Ahead: "), "{pack}");
    let server = project.serve();
    let page = get(&server.1, &format!("/reviews/{review}")).unwrap();
    assert!(page.contains("What lags, beside what is to lead it"), "{page}");
    drop(server);
    assert_eq!(inbox(&project, "head").into_iter().filter(|of| of["kind"] == "alert").count(), 0);
    let kept = project.ok(&["retire", "early"]);
    assert!(kept.starts_with("keep early: "), "{kept}");
    let (_, said) = project.fails(3, &["retire", "early", "--propose", "--as", "head"]);
    assert!(said.contains("is to be kept"), "{said}");
    let found = against(&project);
    assert!(!found.iter().any(|of| of["code"] == "K0669" || of["code"] == "K0670"), "{found:?}");
    // Nobody has done anything here yet, so nobody is said to ignore it.
    let acted = || analysed(&project, &["early", "--analysis", "acted_on", "--period", &last_label()]);
    let of = |found: &Value| found["insights"][0]["verdict"].as_str().unwrap().to_owned();
    assert_eq!(of(&acted()), "unknown");
    // People say twelve times what they see in another KPI: this one is ignored, and that stands on its page.
    for n in 0..12 {
        project.ok(&["feedback", "add", "--kpi", "late", "-m", &format!("it is slow, {n}"), "--as", "head"]);
    }
    let found = acted();
    assert_eq!(of(&found), "no", "{found}");
    assert!(says(&found)[0].starts_with("Nobody did anything about it in a year"), "{found}");
    let server = project.serve();
    let page = get(&server.1, &format!("/kpis/early?period={}", last_label())).unwrap();
    assert!(page.contains("Nobody did anything about it in a year"), "{page}");
    // One remark later somebody has.
    project.ok(&["feedback", "add", "--kpi", "early", "-m", "look here", "--as", "other"]);
    assert_eq!(of(&acted()), "yes");
}

/// Rows of one more month, after those of [`rows`], and one by which it is over.
fn one_more(project: &Project, entity: &str, first: Date, teams: &[(&str, usize, usize)]) {
    let mut text = String::from("id,at,team,good\n");
    for (team, good, of) in teams {
        for n in 0..*of {
            let day = first.checked_add(Span::new().days((n % 28) as i64)).unwrap();
            writeln!(text, "{first}-{team}-{n},{day},{team},{}", if n < *good { "yes" } else { "no" })
                .unwrap();
        }
    }
    let over = first.checked_add(Span::new().months(1)).unwrap();
    writeln!(text, "over-{first},{over},none,no").unwrap();
    project.write(&format!("data/{entity}/{first}.csv"), &text);
    once_over(project, first);
}

#[test]
fn outlooks_stay_as_they_were_published_and_are_held_against_what_came() {
    let project = believed("reviewed", 48);
    once_over(&project, last_month());
    project.fails_or_not(&["run"]);
    let outlook = |period: &str| analysed(&project, &["late", "--analysis", "outlook", "--period", period]);
    let month = |after: i64| last_month().checked_add(Span::new().months(after)).unwrap();
    let label = |after: i64| month(after).strftime("%Y-%m").to_string();
    let before = outlook(&label(0));
    assert!(!says(&before).iter().any(|of| of.contains("published before")), "{before}");
    let next = before["insights"][0]["exhibit"]["rows"][0].clone();
    // What was said of the next month, alone and beside what is believed to move it, stays; what comes is as usual.
    let teams: Vec<(&str, usize, usize)> =
        ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n"]
            .map(|team| (team, 100, 200))
            .to_vec();
    for entity in ["case", "claim"] {
        one_more(&project, entity, month(1), &teams);
    }
    project.fails_or_not(&["run"]);
    let after = outlook(&label(1));
    let said = says(&after)
        .into_iter()
        .find(|of| of.contains("published before"))
        .unwrap_or_else(|| panic!("{after}"));
    assert!(
        said.starts_with("Of the one outlook published before its period the range held what came"),
        "{said}"
    );
    assert!(said.contains("with a leading indicator 1 of them did"), "{said}");
    // To the digit what was said then.
    let text = after["insights"][0]["exhibit"]["rows"].to_string();
    let figures = next.to_string();
    let expected =
        next["figures"].as_array().or(next.as_array()).unwrap_or_else(|| panic!("{figures}")).clone();
    assert!(
        text.contains("as published")
            && expected.iter().all(|of| text.contains(&of.to_string()) || of.is_string()),
        "{text} {figures}"
    );
    // A month that nothing announced lies outside; what was said of the one before does not change by it.
    let fallen: Vec<(&str, usize, usize)> = teams.iter().map(|(team, ..)| (*team, 60, 200)).collect();
    one_more(&project, "case", month(2), &teams);
    one_more(&project, "claim", month(2), &fallen);
    project.fails_or_not(&["run"]);
    let said = says(&outlook(&label(2)));
    assert!(
        said.iter().any(|of| of.starts_with("Of 2 outlooks published before their period 1 held what came")),
        "{said:?}"
    );
    let verified = project.ok(&["audit", "verify"]);
    assert!(!verified.is_empty());
    // What was said of each month comes out the same from the figures of the run that said it, also where it was wrong.
    // With it what was usual of the total and of the teams, in months that are over.
    for (after, least) in [(0, 15), (1, 16), (2, 16), (3, 1)] {
        let again = project.ok(&["reproduce", "insight/late", "--period", &label(after), "--format", "json"]);
        let again: Value = serde_json::from_str(&again).unwrap();
        assert_eq!(again["identical"], again["compared"], "{after}: {again}");
        assert!(again["compared"].as_u64() >= Some(least), "{after}: {again}");
    }
}

#[test]
fn what_analyses_found_becomes_a_cause_that_the_owner_confirms() {
    let project = Project::empty();
    let targets = "objective: served\nby: [team]\ntargets:\n  - {from: 2020-01-01, threshold: 40%, target: 60%, basis: {expectation: agreed}}\n";
    let card = "---\nstrategy: plan\nmission: More.\nperspectives:\n  all: {name: All}\nobjectives:\n  served: {name: Served, perspective: all}\n\
                ---\nscorecard: card\nname: Card\nperiod: month\nperspectives:\n  all: {weight: 100%, objectives: {served: {weight: 100%, kpis: {solved: 100%}}}}\n";
    let text = [
        HEAD.to_owned(),
        "---\ngovernance: desk\nmode: reviewed\nowners: [head, other]\n".to_owned(),
        card.to_owned(),
        entity("case", ""),
        share("solved", "case", targets),
    ];
    project.write("kepi.yml", &text.concat());
    // Four teams; one of them falls in the last month.
    let mut random = Numbers(5);
    let mut months: Vec<Vec<(&str, usize, usize)>> = (0..30)
        .map(|_| {
            ["a", "b", "c", "d"].map(|team| (team, (220.0 + 6.0 * random.normal()) as usize, 400)).to_vec()
        })
        .collect();
    months.last_mut().unwrap()[2].1 = 60;
    rows(&project, "case", jiff::civil::date(2024, 1, 1), &months);
    project.fails_or_not(&["run"]);
    let last = "2026-06";
    let comment = [
        "comment",
        "solved",
        last,
        "--found",
        "--done",
        "two more people",
        "--outlook",
        "back by August",
        "--unsure",
        "one month",
    ];
    project.ok(&[&comment[..], &["--as", "other"]].concat());
    let server = project.serve();
    let card = || get(&server.1, &format!("/?period={last}")).unwrap();
    let page = || get(&server.1, &format!("/kpis/solved?period={last}")).unwrap();
    // Said by another it is proposed, on the card and on the chart.
    assert!(card().contains("Cause, proposed: ") && card().contains("It sits in team c"), "{}", card());
    assert!(page().contains("proposed by other: It sits in team c"), "{}", page());
    // Whoever answers for it reads it, and agrees.
    let item = inbox(&project, "head").into_iter().find(|of| of["kind"] == "commentary").unwrap();
    let said = project.ok(&["item", &item["item"].as_u64().unwrap().to_string(), "--quiet"]);
    assert!(!said.contains("Yes:"), "nobody asked: {said}");
    project.ok(&["approve", &item["item"].as_u64().unwrap().to_string(), "--as", "head"]);
    assert!(card().contains("Cause, confirmed: "), "{}", card());
    assert!(page().contains("confirmed by other: It sits in team c"), "{}", page());
    let (_, said) = project.fails(
        3,
        &[
            "comment",
            "solved",
            "2025-06",
            "--found",
            "--done",
            "a",
            "--outlook",
            "b",
            "--unsure",
            "c",
            "--as",
            "other",
        ],
    );
    assert!(said.contains("no analysis says what could have made"), "{said}");
}

#[test]
fn ways_of_answering_are_taken_off_through_files_and_what_differs_is_kept() {
    let project = Project::empty();
    let questions: Vec<String> = (0..8).map(|of| format!("q{of}")).collect();
    let attributes: String = questions.iter().map(|q| format!("  {q}: {{type: integer}}\n")).collect();
    let map: String = questions.iter().map(|q| format!("  {q}: {{column: {q}, as: integer}}\n")).collect();
    let kpis: String = questions.iter().enumerate().map(|(at, q)| {
        let better = if at < 4 { "higher" } else { "lower" };
        format!("---\nkpi: k{at}\nname: K{at}\nbetter: {better}\nmeasure: {{satisfaction: {{of: answer, answer: {q}, scale: 1..5, summary: mean}}}}\nperiod: month\nby: [region]\naccountable: head\n")
    }).collect();
    let text = format!(
        "{HEAD}---\nentity: answer\nkey: [id]\ntime: at\nattributes:\n  id: {{type: text}}\n  at: {{type: date}}\n  region: {{type: text}}\n{attributes}\
         ---\nsource: answers\ninto: answer\nfrom: {{csv: {{files: \"data/*.csv\"}}}}\nmode: append\nmap:\n  id: {{column: id, as: text, required: true}}\n  at: {{column: at, as: date, required: true}}\n  region: {{column: region, as: text}}\n{map}{kpis}"
    );
    project.write("kepi.yml", &text);
    // Of five regions the first agrees to whatever is asked by half a point and uses the ends of the scale more; the second answers the first question lower.
    let mut random = Numbers(9);
    let mut rows = format!("id,at,region,{}\n", questions.join(","));
    for (at, region) in ["east", "north", "south", "west", "middle"].iter().enumerate() {
        for n in 0..400 {
            let content = 0.5 * random.normal();
            let answers: Vec<String> = (0..8)
                .map(|q| {
                    let way = if q < 4 { 1.0 } else { -1.0 };
                    let own = if at == 1 && q == 0 { -0.5 } else { 0.0 };
                    let felt = own + way * content + 0.866 * random.normal();
                    let said = if at == 0 { 1.2 * felt + 0.5 } else { felt };
                    (3.0 + said).round().clamp(1.0, 5.0).to_string()
                })
                .collect();
            writeln!(rows, "{region}-{n},2026-03-{:02},{region},{}", n % 28 + 1, answers.join(",")).unwrap();
        }
    }
    rows.push_str("last,2026-04-02,middle,3,3,3,3,3,3,3,3\n");
    project.write("data/answers.csv", &rows);
    project.fails_or_not(&["run"]);
    let found = analysed(&project, &["k0", "--analysis", "answering", "--period", "2026-03"]);
    let said = says(&found);
    let of = |region: &str| {
        said.iter()
            .find(|of| of.starts_with(&format!("region {region}")))
            .unwrap_or_else(|| panic!("{said:?}"))
            .clone()
    };
    assert!(of("north").contains("they differ"), "{said:?}");
    // Half a point before, and both are shown; afterwards nothing beyond chance.
    let east = of("east");
    assert!(east.contains("+0.4") || east.contains("+0.5"), "{east}");
    assert!(east.contains("which is within chance"), "{east}");
    let shown = found["insights"][0]["exhibit"]["columns"].to_string();
    assert!(
        shown.contains("against the rest") && shown.contains("their way of answering taken off"),
        "{shown}"
    );
}

#[test]
fn segments_are_held_against_targets_of_their_own_and_evidence_to_what_was_attached() {
    let project = Project::empty();
    let targets = "targets:\n  - {from: 2026-01-01, threshold: 50%, target: 60%, basis: {negotiated: plan}}\n  \
         - {from: 2026-01-01, segment: {team: north}, threshold: 80%, target: 90%, basis: {expectation: what people said}, evidence: {file: said.txt}}\n";
    let cards = "---\nstrategy: s\nmission: m\nperspectives:\n  c: {name: C}\nobjectives:\n  o: {name: O, perspective: c}\n\
         ---\nscorecard: all\nname: All\nperiod: month\nperspectives: {c: {weight: 100%, objectives: {o: {weight: 100%, kpis: {solved: 100%}}}}}\n";
    let definitions = |targets: &str| {
        let kpi = share("solved", "case", &format!("objective: o\nby: [team]\n{targets}"));
        [HEAD, &entity("case", ""), &kpi, cards].concat()
    };
    project.write("kepi.yml", &definitions(targets));
    project.write("said.txt", "abc");
    let months = vec![vec![("north", 70, 100), ("south", 70, 100)]; 3];
    rows(&project, "case", jiff::civil::date(2026, 1, 1), &months);
    // SHA-256 of `abc`, as FIPS 180-2 has it.
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let said = project.ok(&["check"]);
    assert!(said.contains("K0667") && said.contains(&format!("add `sha256: {digest}`")), "{said}");
    let attached = targets.replace("said.txt", &format!("said.txt, sha256: {digest}"));
    project.write("kepi.yml", &definitions(&attached));
    assert!(!project.ok(&["check"]).contains("K0667"));
    project.fails_or_not(&["run", "--quiet"]);
    let shown: Value = serde_json::from_str(
        &project.ok(&["show", "kpi", "solved", "--period", "2026-02", "--format", "json"]),
    )
    .unwrap();
    // The same value of all, of those without a target of their own, and of those with one.
    let held = |of: &Value| (of["status"].as_str().map(str::to_owned), of["target"]["target"].as_f64());
    let band = |of: &str| Some(of.to_owned());
    assert_eq!(held(&shown["kpi"]), (band("green"), Some(0.6)));
    let member = |name: &str| {
        let all = shown["dimensions"]["team"].as_array().unwrap_or_else(|| panic!("{shown}"));
        all.iter().find(|of| of["name"] == name).unwrap_or_else(|| panic!("{shown}")).clone()
    };
    let north = member("north");
    assert_eq!(held(&north), (band("red"), Some(0.9)), "{north}");
    assert_eq!(north["target"]["segment"], "team=north");
    assert_eq!(north["target"]["attached"]["sha256"], digest);
    assert_eq!(held(&member("south")), (band("green"), None), "that of all");
    let server = project.serve();
    let page = get(&server.1, "/kpis/solved?period=2026-02&segment=team%3Dnorth").unwrap();
    assert!(page.contains("Target 90") && page.contains("off target"), "{page}");
    let page = get(&server.1, "/kpis/solved?period=2026-02").unwrap();
    assert!(page.contains("team north") && page.contains(&digest[..12]), "{page}");
    drop(server);
    let table = project.ok(&["show", "kpi", "solved", "--period", "2026-02"]);
    let of_north = table
        .lines()
        .find(|line| line.trim_start().starts_with("north"))
        .unwrap_or_else(|| panic!("{table}"));
    assert!(of_north.contains("off target") && of_north.contains("90\u{202f}%"), "{table}");
    // A change of it is a change of a target, which names whom it is for.
    project.write("kepi.yml", &definitions(&attached.replace("target: 90%", "target: 85%")));
    let plan = project.ok(&["plan"]);
    assert!(plan.contains("target from 2026-01-01 for team=north"), "{plan}");
    // Another file is other evidence.
    project.write("said.txt", "abcd");
    let said = project.ok(&["check"]);
    assert!(said.contains("`said.txt` is not the file that was attached"), "{said}");
}

/// What figures speak against is said of the target that was judged, not of the one written last; and of a member that no row has.
#[test]
fn a_target_that_is_out_of_reach_and_one_of_nobody_are_found_where_they_stand() {
    let project = Project::empty();
    let targets = "targets:\n  - {from: 2024-01-01, threshold: 90%, target: 95%, basis: {negotiated: plan}}\n  \
         - {from: 2024-01-01, segment: {team: nroth}, threshold: 50%, target: 60%, basis: {negotiated: plan}}\n  \
         - {from: 2028-01-01, threshold: 60%, target: 80%, basis: {negotiated: plan}}\n";
    let kpi = share("solved", "case", &format!("by: [team]\n{targets}"));
    let rule = "---\nrule: enough\nkpi: solved\nat_least: 10%\nby: team\nbounds: {sotuh: {at_least: 20%}, north: {at_least: 15%}}\nelse: warn\n";
    let text = [HEAD, &entity("case", ""), &kpi, rule].concat();
    project.write("kepi.yml", &text);
    let months: Vec<_> =
        (0..30).map(|month| vec![("north", 68 + month * 7 % 5, 100), ("south", 70, 100)]).collect();
    rows(&project, "case", jiff::civil::date(2024, 1, 1), &months);
    project.fails_or_not(&["run", "--quiet"]);
    let said = against(&project);
    let line = |code: &str| {
        let found = said.iter().find(|of| of["code"] == code);
        let found = found.unwrap_or_else(|| panic!("{said:?}"));
        let line = found["at"]["line"].as_u64().unwrap() as usize;
        (text.lines().nth(line - 1).unwrap().to_owned(), found["message"].as_str().unwrap().to_owned())
    };
    let (place, _) = line("K0668");
    assert!(place.contains("target: 95%"), "{place}");
    let (place, message) = line("K0672");
    assert!(
        place.contains("nroth") && message.contains("no row has team `nroth`, perhaps north"),
        "{message}"
    );
    let (place, message) = line("K0686");
    assert!(
        place.contains("rule: enough") && message.contains("no row has team `sotuh`, perhaps south"),
        "{message}"
    );
}
