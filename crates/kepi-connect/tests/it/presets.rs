//! The presets, against a server that replays the shapes of pages which the vendors' documentation shows. No vendor was asked.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc, time::Duration};

use kepi_connect::Connections;

use crate::{
    http::server,
    support::{World, landed, run},
};

const TOKEN: &str = "correct-horse-battery-staple";

/// A preset of this repository, led to another address, its secrets to a file.
fn preset(name: &str, address: &str) -> World {
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../presets").join(name)).unwrap();
    let mut definitions = String::from("---\n");
    for line in text.lines() {
        // Everything else stays as it is.
        let line = match line.trim_start() {
            http if http.starts_with("http: {address: \"https://") => {
                let rest = http.split_once("\", ").unwrap().1.trim_end_matches('}');
                let rest = rest
                    .replace("{env: STRIPE_KEY}", "{file: secret}")
                    .replace("{env: HUBSPOT_TOKEN}", "{file: secret}");
                format!("http: {{address: \"{address}\", {rest}, private_addresses: true}}\n")
            }
            at if at.starts_with("address: {env:") => {
                format!("  address: \"{address}\"\n  private_addresses: true\n")
            }
            rate if rate.starts_with("rate: 10") => "  rate: 100000\n".to_owned(),
            auth if auth.starts_with("auth: {basic:") => {
                "  auth: {basic: {user: agent@shop.example/token, password: {file: secret}}}\n".to_owned()
            }
            _ => format!("{line}\n"),
        };
        definitions.push_str(&line);
    }
    let world = World::new(&definitions);
    fs::write(world.path().join("secret"), TOKEN).unwrap();
    world
}

async fn ask(world: &World) -> (usize, [u64; 4]) {
    let connections = Connections::new(world.path()).with_patience(Duration::from_millis(1));
    landed(&run(&world.app_with(Arc::new(connections)).await, true).await.unwrap())
}

type Query = BTreeMap<String, String>;

#[tokio::test(flavor = "multi_thread")]
async fn stripe_customers() {
    let says = |path: &str, query: &Query, let_in: &str| {
        assert_eq!(
            (path, let_in, query["limit"].as_str()),
            ("/v1/customers", &*format!("Bearer {TOKEN}"), "100")
        );
        let (ids, more) = match query.get("starting_after").map(String::as_str) {
            None => (["cus_3", "cus_2"], true),
            Some("cus_2") => (["cus_1", "cus_0"], false),
            other => panic!("{other:?}"),
        };
        let row = |id: &str| {
            format!(
                "{{\"id\": \"{id}\", \"object\": \"customer\", \"address\": {{\"country\": \"DE\"}}, \"created\": 1680893993, \"name\": null}}"
            )
        };
        let data = ids.map(row).join(", ");
        (
            200,
            String::new(),
            format!(
                "{{\"object\": \"list\", \"url\": \"/v1/customers\", \"has_more\": {more}, \"data\": [{data}]}}"
            ),
        )
    };
    let world = preset("stripe.yml", &server(vec![], Arc::new(says)).await.address);
    assert_eq!(ask(&world).await, (1, [4, 0, 0, 0]));
    let rows = world.rows("account", &["id", "country", "created_at"]).await;
    assert_eq!(rows[0], ["cus_0", "DE", "1680893993000000"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn hubspot_companies() {
    let says = |path: &str, query: &Query, _: &str| {
        assert_eq!(path, "/crm/v3/objects/companies");
        let (id, paging) = match query.get("after").map(String::as_str) {
            None => ("1", ", \"paging\": {\"next\": {\"after\": \"NTI1\", \"link\": \"?after=NTI1\"}}"),
            Some("NTI1") => ("2", ""),
            other => panic!("{other:?}"),
        };
        let row = format!(
            "{{\"id\": \"{id}\", \"properties\": {{\"name\": \"Company {id}\", \"country\": null}}, \"createdAt\": \
             \"2019-10-30T03:30:17.883Z\", \"updatedAt\": \"2019-12-07T16:50:06.678Z\", \"archived\": false}}"
        );
        (200, String::new(), format!("{{\"results\": [{row}]{paging}}}"))
    };
    let world = preset("hubspot.yml", &server(vec![], Arc::new(says)).await.address);
    assert_eq!(ask(&world).await, (1, [2, 0, 0, 0]));
    assert_eq!(world.rows("account", &["id", "name"]).await, [["1", "Company 1"], ["2", "Company 2"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn zendesk_tickets() {
    let says = |path: &str, query: &Query, let_in: &str| {
        assert_eq!(path, "/api/v2/incremental/tickets/cursor.json");
        assert!(let_in.starts_with("Basic "), "{let_in}");
        let row = |id: u32, status: &str, minute: u32| {
            format!(
                "{{\"id\": {id}, \"status\": \"{status}\", \"priority\": null, \"via\": {{\"channel\": \"web\"}}, \"created_at\": \
                 \"2026-01-05T10:00:00Z\", \"updated_at\": \"2026-01-05T10:{minute:02}:00Z\"}}"
            )
        };
        let (tickets, after, over) = match (query.get("start_time"), query.get("cursor").map(String::as_str))
        {
            (Some(_), None) => (vec![row(1, "new", 1), row(2, "open", 2)], "MTU3", false),
            (None, Some("MTU3")) => (vec![row(3, "open", 3)], "MTU4", true),
            (None, Some("MTU4")) => (vec![row(1, "solved", 9)], "MTU5", true),
            (None, Some("MTU5")) => (vec![], "MTU5", true),
            other => panic!("{other:?}"),
        };
        let tickets = tickets.join(", ");
        let body = format!(
            "{{\"tickets\": [{tickets}], \"after_url\": null, \"after_cursor\": \"{after}\", \"before_cursor\": null, \"end_of_stream\": {over}}}"
        );
        (200, String::new(), body)
    };
    let world = preset("zendesk.yml", &server(vec![], Arc::new(says)).await.address);
    assert_eq!(ask(&world).await, (1, [3, 0, 0, 0]));
    assert_eq!(ask(&world).await, (1, [0, 1, 0, 0]));
    assert_eq!(ask(&world).await, (0, [0; 4]));
    assert_eq!(
        world.rows("ticket", &["id", "status"]).await,
        [["1", "solved"], ["2", "open"], ["3", "open"]]
    );
}
