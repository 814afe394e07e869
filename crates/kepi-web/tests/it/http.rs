//! Status codes, headers and bodies of all routes.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use kepi_report::{
    Reporter,
    facts::Facts,
    fixture::{self, PlantedReader},
    reader::{Reader, ScorecardQuery, ViewError},
};
use kepi_web::{pages::PAGES, router};
use tower::ServiceExt;

use crate::example;

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

async fn ask(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    Answer { status, headers, text: String::from_utf8(body.to_vec()).unwrap() }
}

async fn get(router: &Router, path: &str) -> Answer {
    ask(router, Request::get(path).body(Body::empty()).unwrap()).await
}

fn airport() -> Router {
    router(Arc::new(PlantedReader::of(fixture::airport())))
}

#[tokio::test]
async fn every_page_answers_without_scripts_or_inline_styles() {
    let router = airport();
    for page in PAGES {
        let path = example(page.path);
        let answer = get(&router, &path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.headers[header::CONTENT_TYPE], "text/html; charset=utf-8", "{path}");
        assert!(answer.text.starts_with("<!DOCTYPE html>"), "{path}");
        assert_eq!(answer.text.matches("<h1").count(), 1, "{path}");
        for banned in ["<script", "style=\"", "onclick", "javascript:", "NaN", "inf"] {
            let found = answer.text.replace("info", "").contains(banned);
            assert!(!found, "{path} contains `{banned}`");
        }
        let policy = answer.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }
}

#[tokio::test]
async fn every_endpoint_answers() {
    let router = airport();
    for page in PAGES {
        let Some(json) = page.json else { continue };
        let answer = get(&router, &example(json)).await;
        assert_eq!(answer.status, StatusCode::OK, "{json}");
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/json");
        serde_json::from_str::<serde_json::Value>(&answer.text).unwrap();
    }
}

#[tokio::test]
async fn figures_of_the_page_are_those_of_the_view() {
    let router = airport();
    let facts = fixture::airport();
    let view = Reporter::new(&facts).scorecard(&ScorecardQuery::default()).unwrap();
    let page = get(&router, "/").await.text;
    assert!(page.contains(&view.overall.score.value().unwrap().text));
    for row in view.rows() {
        match row.value.value() {
            Some(measured) => assert!(page.contains(&measured.value.text), "{}", row.kpi.id),
            None => assert!(page.contains(&row.value.reason().unwrap().text), "{}", row.kpi.id),
        }
    }
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let router = airport();
    let first = get(&router, "/kpis").await;
    let tag = first.headers[header::ETAG].clone();
    let again = Request::get("/kpis").header(header::IF_NONE_MATCH, &tag).body(Body::empty()).unwrap();
    let again = ask(&router, again).await;
    assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
    let other = Request::get("/map").header(header::IF_NONE_MATCH, &tag).body(Body::empty()).unwrap();
    assert_eq!(ask(&router, other).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_tag_names_the_bytes_that_were_sent() {
    let router = airport();
    for path in ["/", "/api/v1/scorecard", "/api/v1/kpis/recommend"] {
        let plain = get(&router, path).await.headers[header::ETAG].clone();
        assert!(plain.to_str().unwrap().starts_with('"'), "{plain:?} is strong");
        let packed = Request::get(path).header(header::ACCEPT_ENCODING, "gzip").body(Body::empty()).unwrap();
        let packed = router.clone().oneshot(packed).await.unwrap().headers()[header::ETAG].clone();
        assert_ne!(plain, packed, "other bytes");
        for tag in [&plain, &packed] {
            let list = format!("\"other\", {}", tag.to_str().unwrap());
            let asked = Request::get(path).header(header::IF_NONE_MATCH, list).body(Body::empty()).unwrap();
            let answer = ask(&router, asked).await;
            assert_eq!((answer.status, answer.text.as_str()), (StatusCode::NOT_MODIFIED, ""), "{path}");
            assert_eq!(answer.headers[header::ETAG], tag, "the tag comes back as it was sent");
        }
    }
}

#[tokio::test]
async fn pages_are_compressed_on_request() {
    let request = Request::get("/").header(header::ACCEPT_ENCODING, "gzip").body(Body::empty()).unwrap();
    let response = airport().oneshot(request).await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
}

#[tokio::test]
async fn the_stylesheet_may_be_kept_for_ever() {
    let router = airport();
    let page = get(&router, "/").await.text;
    let path = page.split('"').find(|part| part.starts_with("/assets/") && part.ends_with(".css")).unwrap();
    let sheet = get(&router, path).await;
    assert_eq!(sheet.status, StatusCode::OK);
    assert!(sheet.headers[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    assert_eq!(get(&router, "/assets/kepi-000000000000.css").await.status, StatusCode::NOT_FOUND);
    assert_eq!(get(&router, "/favicon.ico").await.status, StatusCode::TEMPORARY_REDIRECT);
}

#[tokio::test]
async fn unknown_names_get_suggestions() {
    let router = airport();
    let page = get(&router, "/kpis/restrooms").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.text.contains("/kpis/restroom_cleanliness"), "{}", page.text);
    let json = get(&router, "/api/v1/kpis/restrooms").await;
    assert_eq!(json.status, StatusCode::NOT_FOUND);
    let json: serde_json::Value = serde_json::from_str(&json.text).unwrap();
    assert_eq!(json["error"]["code"], "not_found");
    assert!(!json["error"]["suggestions"].as_array().unwrap().is_empty());
    for path in
        ["/nowhere", "/?period=1066", "/?unit=atlantis", "/scorecards/none", "/data/quarantine?source=x"]
    {
        assert_eq!(get(&router, path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn what_comes_from_outside_is_escaped() {
    let page = get(&airport(), "/kpis/recommend?segment=%3Cscript%3Ealert(1)%3C%2Fscript%3E").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.text.contains("&lt;script&gt;") && !page.text.contains("<script"));
    let page = get(&airport(), "/kpis/%3Cimg%20src=x%3E").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(!page.text.contains("<img"));
}

#[tokio::test]
async fn nothing_but_reading_is_allowed() {
    let router = airport();
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        let request = Request::builder().method(method).uri("/").body(Body::empty()).unwrap();
        assert_eq!(ask(&router, request).await.status, StatusCode::METHOD_NOT_ALLOWED);
    }
    let large = Request::post("/")
        .header(header::CONTENT_LENGTH, "1000000")
        .body(Body::from(vec![0u8; 1_000_000]))
        .unwrap();
    assert_eq!(ask(&router, large).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

/// Answers nothing, or breaks.
struct Poor {
    broken: bool,
}

impl Reader for Poor {
    fn now(&self) -> Result<Arc<dyn Facts>, ViewError> {
        assert!(!self.broken, "as asked");
        Err(ViewError::Unavailable { reason: "nothing has been computed yet: `kepi run`".to_owned() })
    }
}

#[tokio::test]
async fn without_values_pages_say_the_way_out() {
    let router = router(Arc::new(Poor { broken: false }));
    for page in PAGES {
        let answer = get(&router, &example(page.path)).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.text.contains("`kepi run`"), "{}", answer.text);
    }
    assert_eq!(get(&router, "/livez").await.status, StatusCode::OK);
    assert_eq!(get(&router, "/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get(&airport(), "/readyz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_fault_of_ours_is_a_page_too() {
    let router = router(Arc::new(Poor { broken: true }));
    let answer = get(&router, "/").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.text.contains("Something broke") && !answer.text.contains("as asked"));
}

#[tokio::test]
async fn every_table_has_a_download() {
    let router = airport();
    let tidy = "kpi,period,segment,value,unit,low,high,n,coverage,status,reason,final";
    for page in PAGES {
        let Some(csv) = page.csv else { continue };
        let answer = get(&router, &example(csv.path)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", csv.path);
        assert_eq!(answer.headers[header::CONTENT_DISPOSITION], "attachment", "{}", csv.path);
        let kind = answer.headers[header::CONTENT_TYPE].to_str().unwrap();
        if csv.path.ends_with(".md") {
            assert!(kind.starts_with("text/markdown") && answer.text.starts_with("# "), "{}", csv.path);
            let html = get(&router, &example(page.path)).await.text;
            assert!(
                html.contains(&format!("href=\"{}", csv.path)),
                "{} has no link to {}",
                page.path,
                csv.path
            );
            continue;
        }
        assert!(kind.starts_with("text/csv"), "{}", csv.path);
        let columns = answer.text.lines().next().unwrap().split(',').count();
        assert!(columns > 5 && answer.text.lines().count() > 1, "{}: {}", csv.path, answer.text);
        let has_values = csv.path.contains("/kpis/") || csv.path.contains("/scorecards/");
        if has_values && !csv.path.ends_with("/rows.csv") {
            assert!(answer.text.starts_with(tidy), "{}: {}", csv.path, answer.text);
        }
        // The page leads to it.
        let shown = if page.path == "/scorecards/{id}" { "/".to_owned() } else { example(page.path) };
        let html = get(&router, &shown).await.text;
        assert!(
            html.contains(&format!("href=\"{}", example(csv.path))),
            "{shown} has no link to {}",
            csv.path
        );
    }
    // Of a KPI all periods and segments; of a unit its own.
    let all = get(&router, "/kpis/restroom_cleanliness/values.csv").await.text;
    assert!(all.lines().count() > 30 && all.contains("boarding_area=A"), "{all}");
    let one = get(&router, "/kpis/restroom_cleanliness/values.csv?unit=area_a").await.text;
    assert!(one.lines().skip(1).all(|line| line.contains("boarding_area=A")), "{one}");
    let lost = get(&router, "/kpis/restrooms/values.csv").await;
    assert_eq!(lost.status, StatusCode::NOT_FOUND);
    assert!(lost.text.starts_with("<!DOCTYPE html>"));
}

#[tokio::test]
async fn the_page_of_a_kpi_says_what_is_official_of_a_closed_period() {
    let router = airport();
    let of = |text: &str| {
        text.split("id=\"official\"").nth(1).map(|rest| rest.split("</section>").next().unwrap().to_owned())
    };
    let kept = of(&get(&router, "/kpis/restroom_cleanliness?period=2014").await.text).unwrap();
    assert!(
        kept.contains("href=\"/periods/2014\"") && kept.contains("nothing was computed otherwise since"),
        "{kept}"
    );
    let restated = of(&get(&router, "/kpis/problem_rate?period=2014").await.text).unwrap();
    assert!(
        restated.contains("is official (version 2); it is ") && restated.contains("both stand"),
        "{restated}"
    );
    assert_eq!(of(&get(&router, "/kpis/problem_rate?period=2013").await.text), None, "it was never closed");
}

#[tokio::test]
async fn the_score_that_was_closed_stands_beside_the_one_of_today() {
    let router = airport();
    let page = get(&router, "/scorecards/passenger_experience?period=2014").await.text;
    let note = "a score of 72.4 is official (version 2); it is a score of ";
    assert!(page.contains("href=\"/periods/2014\">2014</a> was closed") && page.contains(note), "{page}");
    let page = get(&router, "/scorecards/passenger_experience?period=2013").await.text;
    assert!(!page.contains("is official"), "it was never closed");
    let page = get(&router, "/periods/2014").await.text;
    let scores = page.split("id=\"scores\"").nth(1).unwrap().split("</section>").next().unwrap();
    assert!(scores.contains("/scorecards/passenger_experience") && scores.contains("72.4"), "{scores}");
    assert!(page.contains("3 figures as of the last close, 2 otherwise since"), "{page}");
    let csv = get(&router, "/periods/2014/figures.csv").await.text;
    let row = csv.lines().find(|line| line.starts_with("passenger_experience,")).unwrap();
    assert!(row.contains(",72.4,true,70.9,") && row.ends_with(",score"), "{row}");
}

#[tokio::test]
async fn a_project_without_a_scorecard_opens_on_its_kpis() {
    let router = router(Arc::new(PlantedReader::of(fixture::airport().without_scorecards())));
    let answer = get(&router, "/").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.text.contains("<h1>KPIs</h1>") && answer.text.contains("/kpis/restroom_cleanliness"));
    assert!(!answer.text.contains("Strategy map") && !answer.text.contains(">Scorecard<"));
    assert_eq!(get(&router, "/kpis/restroom_cleanliness").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_data_page_opens_with_what_needs_a_look() {
    let text = get(&airport(), "/data").await.text;
    let (look, sources) =
        (text.find("Needs a look").unwrap(), text.find("Every row is accounted for").unwrap());
    assert!(look < sources);
    assert!(text[look..sources].contains("rows in quarantine"), "{}", &text[look..sources]);
    // What is well is folded.
    assert!(text.contains("<details><summary>"), "{text}");
}
