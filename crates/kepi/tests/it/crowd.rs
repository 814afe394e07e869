//! A thousand items wait: pages stay as fast as without, whoever looks at them.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use jiff::{ToSpan, civil::date};
use kepi_govern::{Command, Content, Open, Permit, Principal, periods::Freeze};
use kepi_model::governance::Aspect;
use kepi_store::{Asked, NewText, Store, access::EventsOnly};

use crate::{support::Project, tour::wait_for};

const ITEMS: i32 = 1000;
/// What a page may take, here without optimisation and beside other tests; the best of several counts.
const MOST: Duration = Duration::from_millis(100);
/// For the page that lists all of them.
const MOST_OF_THE_LIST: Duration = Duration::from_millis(500);
const GOVERNANCE: &str = "person: ann\nname: Ann\n---\nperson: bea\nname: Bea\n---\nperson: tester\nname: Test\n---\n\
                          governance: company\nmode: reviewed\nowners: [ann, tester]\n";

/// Asks for so many freezes, of a day each, in the name of one of the owners.
async fn ask_for(project: &Project, items: i32) {
    let store = Store::open(&project.location()).await.unwrap();
    let Principal::Person(ann) = store.person("ann").await.unwrap() else { panic!("ann is a person") };
    let permit = Permit::open(Principal::Person(ann));
    let at = jiff::Timestamp::now().as_microsecond();
    for n in 0..items {
        let from = date(2026, 1, 1).checked_add(n.days()).unwrap();
        let content = Content::Freeze(Freeze {
            from,
            until: from.tomorrow().unwrap(),
            aspects: BTreeSet::from([Aspect::Target]),
            scope: BTreeSet::new(),
            rule: None,
        });
        let why = NewText::new(format!("the {n}th day"));
        let command = Command::Open(Open { content, why: why.commitment });
        store
            .perform(Asked::new(&permit, &format!("crowd/{n}"), at), &command, &mut EventsOnly)
            .await
            .unwrap();
    }
}

fn best_of(address: &str, path: &str, most: Duration) -> Duration {
    let (mut best, begun, mut runs) = (Duration::MAX, Instant::now(), 0);
    while runs < 5 || (best >= most && begun.elapsed() < Duration::from_secs(30)) {
        let start = Instant::now();
        let page = wait_for(address, path);
        best = best.min(start.elapsed());
        assert!(page.starts_with("HTTP/1.1 200"), "{path}: {page}");
        runs += 1;
    }
    best
}

#[test]
fn a_thousand_open_items_slow_no_page() {
    let project = Project::example("tiny");
    project.write("governance.yml", GOVERNANCE);
    project.ok(&["run", "--quiet"]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(ask_for(&project, ITEMS));
    let (_server, address) = project.serve();
    let mut slow = Vec::new();
    for path in ["/", "/kpis", "/kpis/recommendation", "/data", "/periods", "/people", "/items/7", "/inbox"] {
        let most = if path == "/inbox" { MOST_OF_THE_LIST } else { MOST };
        let best = best_of(&address, path, most);
        println!("{path} with {ITEMS} open items: {best:?}");
        if best >= most {
            slow.push(format!("{path} took {best:?}"));
        }
    }
    assert!(slow.is_empty(), "{slow:?}");
    assert!(wait_for(&address, "/kpis").contains("1000 wait for you"));
}
