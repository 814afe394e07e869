//! Signing in by a provider: from the page through the provider and back, in a browser and as those try it who should not come in.
//!
//! Needs Node and what `web/package.json` names; without them the tests say so and pass.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use thirtyfour::prelude::*;

use crate::{
    access::{access, own_token},
    rooms::driver::{Driver, Look, arrives, browser, follow, gone},
    support::{Project, kepi, root},
    tour::Server,
};

const SECRET: &str = "of this server and the provider";

/// The provider, stopped when dropped.
struct Real {
    child: Child,
    issuer: String,
}

impl Real {
    /// Sends browsers back to a server at this address.
    fn start(address: &str) -> Option<Self> {
        let web = root().join("web");
        if !web.join("node_modules/oidc-provider").is_dir() {
            eprintln!("SKIPPED: the provider needs `npm ci` in web/");
            return None;
        }
        let mut command = Command::new("node");
        command.arg(web.join("providers/real.mjs"));
        command.args([
            &format!("http://{address}/sign-in/back"),
            &format!("http://{address}/sign-in"),
            SECRET,
        ]);
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) => {
                eprintln!("SKIPPED: the provider needs `node` on the path: {error}");
                return None;
            }
        };
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready =
            lines.map_while(Result::ok).find_map(|line| line.strip_prefix("ready ").map(str::to_owned));
        Some(Self { child, issuer: ready.expect("it says where it is") })
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A project with an owner, a person with an address, one with what the provider calls him, and somebody who is no person of it.
fn project() -> Project {
    let project = Project::example("airport");
    let people = fs::read_to_string(project.path().join("people.yml")).unwrap();
    let with = |people: String, id: &str, line: &str| {
        let known = format!("person: {id}\n");
        assert!(people.contains(&known));
        people.replace(&known, &format!("{known}{line}\n"))
    };
    let people = with(people, "airport_director", "email: Dana@example.com");
    let people = with(people, "insight_lead", "subject: employee-17");
    let people = with(people, "terminal_lead", "email: desk@example.com");
    let people = with(people, "security_liaison", "email: desk@example.com");
    project.write("people.yml", &people);
    project.ok(&["run"]);
    assert_eq!(access(&project, &["add", "ana"], "quiet river, nine stones\n").0, Some(0));
    project.keep_token("", &own_token(&project, &["administer"]));
    for name in ["airport_director", "insight_lead", "terminal_lead", "guest@example.com"] {
        project.ok(&["access", "add", name, "--no-password"]);
    }
    project
}

fn serve(project: &Project, address: &str, provider: &str, options: &[&str], secret: &str) -> Server {
    let port = address.rsplit_once(':').unwrap().1;
    let mut command = kepi();
    command.arg("-C").arg(project.path()).args(["serve", "--port", port]).env("KEPI_OIDC_SECRET", secret);
    command.args(["--oidc-issuer", provider, "--oidc-client", "kepi", "--oidc-name", "Example ID"]);
    Server::start({
        command.arg("--oidc-private-addresses").args(options);
        command
    })
    .0
}

/// A browser without a screen: what it keeps.
struct Jar(PathBuf);

impl Jar {
    /// Asks once: status, where it leads, and the page.
    fn asks(&self, url: &str, form: &[&str]) -> (String, String, String) {
        let jar = self.0.to_str().unwrap();
        let mut command = Command::new("curl");
        command.args(["--silent", "--max-time", "30", "-b", jar, "-c", jar]);
        command.args(["--write-out", "\n%{http_code} %{redirect_url}"]);
        for pair in form {
            command.args(["--data-urlencode", pair]);
        }
        let output = command.arg(url).output().expect("curl is there");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (page, said) = text.rsplit_once('\n').unwrap();
        let (status, to) = said.split_once(' ').unwrap();
        (status.to_owned(), to.to_owned(), page.to_owned())
    }

    /// Signs in at the provider: with which address the provider sends it back.
    fn sent_back(&self, address: &str, as_whom: &str) -> String {
        let (_, mut to, page) = self.asks(&format!("http://{address}/sign-in/provider?next=/kpis"), &[]);
        assert!(!to.is_empty(), "{page}");
        for _ in 0..10 {
            if to.starts_with(&format!("http://{address}/sign-in/back?")) {
                return to;
            }
            let (status, next, page) = self.asks(&to, &[]);
            to = match status.as_str() {
                "200" => {
                    let form = page.split("action=\"").nth(1).unwrap().split('"').next().unwrap();
                    let login = format!("login={as_whom}");
                    self.asks(form, &["prompt=login", &login, "password=any"]).1
                }
                _ => next,
            };
        }
        panic!("the provider sends nobody back: {to}");
    }

    fn copy(&self, name: &str) -> Self {
        let to = self.0.with_file_name(name);
        fs::copy(&self.0, &to).unwrap();
        Self(to)
    }
}

fn jar(folder: &Path, name: &str) -> Jar {
    Jar(folder.join(name))
}

fn free() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[test]
fn by_a_provider_come_in_who_are_let_in_here_and_nobody_else() {
    let address = free();
    let Some(id) = Real::start(&address) else { return };
    let project = project();
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| format!("http://{address}{path}");
    let refused = |as_whom: &str, words: &str| {
        let jar = jar(folder.path(), &format!("{as_whom}.jar"));
        let back = jar.sent_back(&address, as_whom);
        let (status, _, page) = jar.asks(&back, &[]);
        assert!(status == "403" && page.contains(words), "{as_whom}: {status} {page}");
        assert_eq!(jar.asks(&at("/kpis"), &[]).0, "303", "{as_whom} is not signed in");
        page
    };

    {
        let _server = serve(&project, &address, &id.issuer, &[], SECRET);
        let guest = jar(folder.path(), "guest");
        let (_, _, page) = guest.asks(&at("/sign-in?next=/kpis"), &[]);
        assert!(page.contains("Sign in with Example ID") && page.contains("provider?next=/kpis"), "{page}");
        let back = guest.sent_back(&address, "Guest@example.com");
        let before = guest.copy("before");
        let (status, to, _) = guest.asks(&back, &[]);
        assert_eq!((status.as_str(), to.as_str()), ("303", at("/kpis").as_str()));
        let (status, _, page) = guest.asks(&at("/kpis"), &[]);
        assert!(status == "200" && page.contains(">guest@example.com<"), "{status}");

        // What brought one in brings in nobody once more: neither here, nor at the provider where the browser is the same.
        let (status, _, page) = guest.asks(&back, &[]);
        assert!(status == "403" && page.contains("begin again here"), "{status} {page}");
        let (status, _, page) = before.asks(&back, &[]);
        assert!(status == "403" && page.contains("good once and for a short time"), "{status} {page}");
        let (status, _, page) = jar(folder.path(), "other").asks(&back, &[]);
        assert!(status == "403" && page.contains("not begun in this browser"), "{status} {page}");

        // Who breaks off, or comes with a state of her own, stays outside.
        let broken = jar(folder.path(), "broken");
        let back = broken.sent_back(&address, "guest@example.com");
        let state = back.split("state=").nth(1).unwrap().split('&').next().unwrap();
        let (status, _, page) = broken.copy("again").asks(&back.replace(state, &state.to_lowercase()), &[]);
        assert!(status == "403" && page.contains("not begun in this browser"), "{status} {page}");
        let declined =
            at(&format!("/sign-in/back?error=access_denied&error_description=call+the+desk&state={state}"));
        let (status, _, page) = broken.asks(&declined, &[]);
        assert!(
            status == "403" && page.contains("you broke off there") && !page.contains("call the desk"),
            "{page}"
        );

        // Who is known there and not let in here gets nothing, nor who is not who she says for sure.
        refused("stranger@example.com", "nobody is let in here as `stranger@example.com`");
        refused("unverified@example.com", "is verified to be your address");
        refused("desk@example.com", "is said of two persons of this project");

        // Who is let in no longer is out at once, and does not come in again.
        project.ok(&["access", "remove", "guest@example.com"]);
        assert_eq!(guest.asks(&at("/kpis"), &[]).0, "303");
        refused("guest@example.com", "nobody is let in here as `guest@example.com`");
        let list = project.ok(&["access", "list"]);
        assert!(!list.contains("stranger") && !list.contains("guest"), "nobody came to rights by it: {list}");
    }
    {
        let _server = serve(&project, &address, &id.issuer, &["--oidc-claim", "sub"], SECRET);
        let jonas = jar(folder.path(), "jonas");
        let back = jonas.sent_back(&address, "employee-17");
        assert_eq!(jonas.asks(&back, &[]).0, "303");
        let (_, _, page) = jonas.asks(&at("/kpis"), &[]);
        assert!(page.contains(">insight_lead<"), "{page}");
        // Whoever is called there as somebody is called here is not that person.
        refused("airport_director", "no person of this project has `subject: airport_director`");
    }
    {
        let _server = serve(&project, &address, &id.issuer, &[], "of somebody else");
        refused("dana@example.com", "does not accept this server (`invalid_client`)");
    }
    drop(id);
    let _server = serve(&project, &address, "http://127.0.0.1:1", &[], SECRET);
    let (status, _, page) = jar(folder.path(), "late").asks(&at("/sign-in/provider"), &[]);
    assert!(status == "503" && page.contains("Example ID cannot be asked now"), "{status} {page}");
    // A password still lets in.
    assert!(page.contains("name=\"password\""), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_signs_in_and_out_by_a_provider_in_a_browser() {
    let Some(driver) = Driver::start() else { return };
    let address = free();
    let Some(id) = Real::start(&address) else { return };
    let project = project();
    let _server = serve(&project, &address, &id.issuer, &[], SECRET);
    let browser = browser(&driver, Look::Light).await;
    browser.goto(format!("http://{address}/kpis")).await.unwrap();
    arrives(&browser, "/sign-in").await;
    follow(&browser, By::LinkText("Sign in with Example ID")).await;
    let login = browser.query(By::Name("login")).first().await.unwrap();
    login.send_keys("dana@example.com").await.unwrap();
    browser.find(By::Name("password")).await.unwrap().send_keys("any").await.unwrap();
    follow(&browser, By::Css("button[type=submit]")).await;
    arrives(&browser, "/kpis").await;
    assert!(browser.source().await.unwrap().contains(">airport_director<"), "who is signed in stands above");

    follow(&browser, By::XPath("//button[normalize-space()='Sign out']")).await;
    arrives(&browser, "/sign-in").await;
    follow(&browser, By::LinkText("sign out there, too")).await;
    // The provider asks whether it shall end its session, and sends the browser back.
    let end = browser.query(By::Name("logout")).first().await.unwrap();
    end.click().await.unwrap();
    gone(&end).await;
    arrives(&browser, "/sign-in").await;
    browser.goto(format!("http://{address}/kpis")).await.unwrap();
    arrives(&browser, "/sign-in").await;
    browser.quit().await.unwrap();
}
