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
                    .replace("{env: HUBSPOT_TOKEN}", "{file: secret}")
                    .replace("{env: INTERCOM_TOKEN}", "{file: secret}");
                format!("http: {{address: \"{address}\", {rest}, private_addresses: true}}\n")
            }
            at if at.starts_with("address: {env:") => {
                format!("  address: \"{address}\"\n  private_addresses: true\n")
            }
            rate if rate.starts_with("rate: 10") => "  rate: 100000\n".to_owned(),
            auth if auth.starts_with("auth: {basic:") => {
                "  auth: {basic: {user: agent@shop.example/token, password: {file: secret}}}\n".to_owned()
            }
            auth if auth.starts_with("auth: {oauth:") => format!(
                "  auth: {{oauth: {{token: \"{address}/services/oauth2/token\", client: kepi, secret: {{file: secret}}}}}}\n"
            ),
            // What is in a bucket lies in a folder here; that buckets are read is tested elsewhere.
            files if files.contains("\"segment:segment-logs/") => {
                line.replace("segment:segment-logs/", "data/segment-logs/") + "\n"
            }
            key if key.starts_with("secret_key: {env:") => "  secret_key: {file: secret}\n".to_owned(),
            name if name.contains("{env: SEGMENT_") => line.split_once('{').unwrap().0.to_owned() + "any\n",
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
        let merged = if id == "2" { "\"17;18\"" } else { "null" };
        let row = format!(
            "{{\"id\": \"{id}\", \"properties\": {{\"name\": \"Company {id}\", \"country\": null, \"hs_merged_object_ids\": {merged}}}, \"createdAt\": \
             \"2019-10-30T03:30:17.883Z\", \"updatedAt\": \"2019-12-07T16:50:06.678Z\", \"archived\": false}}"
        );
        (200, String::new(), format!("{{\"results\": [{row}]{paging}}}"))
    };
    let world = preset("hubspot.yml", &server(vec![], Arc::new(says)).await.address);
    assert_eq!(ask(&world).await, (1, [2, 0, 0, 0]));
    assert_eq!(world.rows("account", &["id", "name"]).await, [["1", "Company 1"], ["2", "Company 2"]]);
    assert_eq!(world.merged("account").await, [["17", "2"], ["18", "2"]]);
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

#[tokio::test(flavor = "multi_thread")]
async fn salesforce_accounts() {
    let says = |path: &str, query: &Query, let_in: &str| {
        let row = |id: &str| {
            let master = if id == "001C" { "\"001A\"" } else { "null" };
            format!(
                "{{\"attributes\": {{\"type\": \"Account\", \"url\": \"/services/data/v62.0/sobjects/Account/{id}\"}}, \"Id\": \"{id}\", \
                 \"Name\": \"Account {id}\", \"Industry\": null, \"BillingCountry\": \"DE\", \"Type\": \"Customer\", \"CreatedDate\": \
                 \"2026-01-05T10:00:00.000+0000\", \"SystemModstamp\": \"2026-02-05T10:00:00.000+0000\", \"MasterRecordId\": {master}}}"
            )
        };
        let body = match path {
            "/services/oauth2/token" => {
                assert_eq!(
                    (
                        query["grant_type"].as_str(),
                        query["client_id"].as_str(),
                        query["client_secret"].as_str()
                    ),
                    ("client_credentials", "kepi", TOKEN)
                );
                "{\"access_token\": \"00D!AR8\", \"signature\": \"x\", \"token_format\": \"opaque\", \"instance_url\": \"https://x\", \"token_type\": \
                 \"Bearer\", \"issued_at\": \"1678833535086\"}"
                    .to_owned()
            }
            "/services/data/v62.0/queryAll" => {
                assert_eq!(let_in, "Bearer 00D!AR8");
                assert!(query["q"].contains("FROM"), "{query:?}");
                let rows = ["001A", "001B"].map(row).join(", ");
                format!(
                    "{{\"totalSize\": 3, \"done\": false, \"nextRecordsUrl\": \"/services/data/v62.0/queryAll/01g-2000\", \"records\": [{rows}]}}"
                )
            }
            "/services/data/v62.0/queryAll/01g-2000" => {
                format!("{{\"totalSize\": 3, \"done\": true, \"records\": [{}]}}", row("001C"))
            }
            other => panic!("{other}"),
        };
        (200, String::new(), body)
    };
    let world = preset("salesforce.yml", &server(vec![], Arc::new(says)).await.address);
    assert_eq!(ask(&world).await, (1, [3, 0, 0, 0]));
    let rows = world.rows("account", &["id", "country", "created_at"]).await;
    assert_eq!(rows[1], ["001B", "DE", "1767607200000000"]);
    assert_eq!(world.merged("account").await, [["001C", "001A"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn intercom_contacts() {
    let says = |path: &str, query: &Query, let_in: &str| {
        assert_eq!(
            (path, let_in, query["per_page"].as_str()),
            ("/contacts", &*format!("Bearer {TOKEN}"), "150")
        );
        let (id, next) = match query.get("starting_after").map(String::as_str) {
            None => ("a1", ", \"next\": {\"page\": 2, \"starting_after\": \"WzE2\"}"),
            Some("WzE2") => ("a2", ""),
            other => panic!("{other:?}"),
        };
        let row = format!(
            "{{\"type\": \"contact\", \"id\": \"{id}\", \"role\": \"user\", \"email\": \"{id}@shop.example\", \"phone\": null, \"name\": null, \
             \"created_at\": 1680893993, \"updated_at\": 1680893999, \"language_override\": null, \"location\": {{\"type\": \"location\", \
             \"country\": \"Ireland\"}}}}"
        );
        let pages =
            format!("{{\"type\": \"pages\", \"page\": 1, \"per_page\": 150, \"total_pages\": 2{next}}}");
        (
            200,
            String::new(),
            format!("{{\"type\": \"list\", \"data\": [{row}], \"total_count\": 2, \"pages\": {pages}}}"),
        )
    };
    let world = preset("intercom.yml", &server(vec![], Arc::new(says)).await.address);
    assert_eq!(ask(&world).await, (1, [2, 0, 0, 0]));
    let rows = world.rows("contact", &["id", "country", "created_at"]).await;
    assert_eq!(rows[1], ["a2", "Ireland", "1680893993000000"]);
}

/// Files as the vendors' documentation describes them, or, of Medallia's, as nobody has seen them.
#[tokio::test(flavor = "multi_thread")]
async fn segment_events_and_answers_in_files() {
    let world = preset("segment.yml", "");
    let folder = world.path().join("data/segment-logs/source/1767571200000");
    fs::create_dir_all(&folder).unwrap();
    let calls = "{\"type\": \"track\", \"messageId\": \"m1\", \"userId\": \"u1\", \"anonymousId\": \"x\", \"event\": \"Order Completed\", \"properties\": \
                 {\"total\": 5}, \"timestamp\": \"2026-01-05T10:00:00.123Z\", \"receivedAt\": \"2026-01-05T10:00:01.000Z\"}\n{\"type\": \"page\", \
                 \"messageId\": \"m2\", \"userId\": null, \"timestamp\": \"2026-01-05T10:00:02.000Z\"}\n";
    let file = fs::File::create(folder.join("1.gz")).unwrap();
    let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::default());
    std::io::Write::write_all(&mut packed, calls.as_bytes()).unwrap();
    packed.finish().unwrap();
    assert_eq!(ask(&world).await, (1, [1, 0, 0, 0]), "the page view is out of scope");
    assert_eq!(world.rows("event", &["id", "name"]).await, [["m1", "Order Completed"]]);

    let world = preset("qualtrics.yml", "");
    fs::create_dir(world.path().join("data")).unwrap();
    let answers = "StartDate,EndDate,Status,Progress,RecordedDate,ResponseId,DistributionChannel,UserLanguage,Q1\n\
                   Start Date,End Date,Response Type,Progress,Recorded Date,Response ID,Distribution Channel,User Language,\"How likely\nis it?\"\n\
                   \"{\"\"ImportId\"\":\"\"startDate\"\",\"\"timeZone\"\":\"\"America/Denver\"\"}\",x,x,x,x,x,x,x,\"{\"\"ImportId\"\":\"\"QID1\"\"}\"\n\
                   2026-01-05 10:00:00,2026-01-05 10:01:00,IP Address,100,2026-01-05 10:01:05,R_1,anonymous,EN,9\n\
                   2026-01-05 11:00:00,2026-01-05 11:01:00,IP Address,100,2026-01-05 11:01:05,R_2,email,DE,11\n";
    fs::write(world.path().join("data/qualtrics_1.csv"), answers).unwrap();
    assert_eq!(ask(&world).await, (1, [1, 0, 0, 1]), "eleven is off the scale");
    let rows = world.rows("survey_response", &["id", "score", "responded_at"]).await;
    assert_eq!(rows, [["R_1", "9", "1767632465000000"]]);

    let world = preset("medallia.yml", "");
    fs::create_dir(world.path().join("data")).unwrap();
    let answers = "survey_id,response_date,likelihood_to_recommend,comment\n1,2026-01-05T10:00:00Z,9,fine\n";
    fs::write(world.path().join("data/medallia_1.csv"), answers).unwrap();
    assert_eq!(ask(&world).await, (1, [1, 0, 0, 0]));
}
