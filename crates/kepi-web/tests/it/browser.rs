//! Pages in Chromium: light, dark and phone; accessibility by axe; clicking through.
//!
//! Needs `chromedriver` on the path and `npm ci` in `web/`; without them the tests say so and pass. With
//! `KEPI_SCREENSHOTS=folder` they leave pictures of all pages there.

use std::path::PathBuf;

use kepi_web::pages::PAGES;
use serde_json::Value;
use thirtyfour::prelude::*;

use crate::{
    doors,
    driver::{Driver, Look, arrives, ask, browser, follow, gone},
    example, forms,
};

async fn site() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    // As the person at this machine sees it, forms included.
    let (router, _) = forms::site(doors::unasked("local owner"));
    tokio::spawn(kepi_web::server::serve(listener, router, Default::default(), std::future::pending()));
    address
}

fn axe() -> Option<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../web/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(&path)
        .inspect_err(|_| eprintln!("SKIPPED: accessibility checks need `npm ci` in `web/`"))
        .ok()
}

/// Each violation with its rule and the first places.
async fn violations(browser: &WebDriver, axe: &str) -> Vec<String> {
    browser.execute(axe, Vec::new()).await.unwrap();
    let run = "const done = arguments[arguments.length - 1]; \
        axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}) \
           .then(r => done({passes: r.passes.length, found: r.violations.map(v => v.id + ': ' + v.help + ' ' + \
                  v.nodes.slice(0, 3).map(n => n.target.join(' ') + ' ' + n.failureSummary).join(' | '))}), \
                 e => done({passes: 0, found: [String(e)]}));";
    let answer: Value = browser.execute_async(run, Vec::new()).await.unwrap().convert().unwrap();
    assert!(answer["passes"].as_u64().unwrap() > 10, "axe checked nothing: {answer}");
    answer["found"].as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
}

async fn look_at_all(look: Look) {
    let Some(driver) = Driver::start() else { return };
    let axe = axe();
    let site = site().await;
    let browser = browser(&driver, look).await;
    let mut paths: Vec<String> = PAGES.iter().map(|page| example(page.path)).collect();
    paths.extend(
        [
            "/items/5",
            "/items/6",
            "/items/7",
            "/items/12",
            "/nowhere",
            "/?unit=area_e&period=2010",
            "/kpis/recovery_training",
            "/kpis/check_in_wait",
        ]
        .map(str::to_owned),
    );
    let mut wrong = Vec::new();
    for path in &paths {
        browser.goto(format!("{site}{path}")).await.unwrap();
        let dark: bool = ask(&browser, "return matchMedia('(prefers-color-scheme: dark)').matches").await;
        assert_eq!(dark, look == Look::Dark);
        let (wide, shown): (i64, i64) = ask(
            &browser,
            "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]",
        )
        .await;
        assert_eq!(shown <= 390, look == Look::Phone, "{shown} px wide");
        if wide > shown {
            wrong.push(format!("{path}: {wide} px wide on a screen of {shown}"));
        }
        let styled: String = ask(&browser, "return getComputedStyle(document.body).fontFamily").await;
        assert!(styled.contains("system-ui"), "{path} has no stylesheet");
        if let Some(axe) = &axe {
            wrong.extend(violations(&browser, axe).await.into_iter().map(|v| format!("{path}: {v}")));
        }
        let said = browser.handle().get_log("browser").await.unwrap();
        // The browser itself notes a status that is not 2xx; that is what `/nowhere` is for.
        let expected = |text: &str| path == "/nowhere" && text.contains("404");
        wrong.extend(said.iter().filter(|e| !expected(&e.message)).map(|e| format!("{path}: {}", e.message)));
        if let Some(folder) = std::env::var_os("KEPI_SCREENSHOTS") {
            let name = path.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
            let height: i64 =
                ask(&browser, "return Math.min(document.documentElement.scrollHeight, 6000)").await;
            if look != Look::Phone {
                browser.set_window_rect(0, 0, 1280, height as u32 + 140).await.unwrap();
            }
            let file = PathBuf::from(folder).join(format!("{look:?}{name}.png").to_lowercase());
            browser.screenshot(&file).await.unwrap();
            if look != Look::Phone {
                browser.set_window_rect(0, 0, 1280, 1000).await.unwrap();
            }
        }
    }
    browser.quit().await.unwrap();
    assert!(wrong.is_empty(), "{look:?}:\n{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_are_sound_in_light() {
    look_at_all(Look::Light).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_are_sound_in_dark() {
    look_at_all(Look::Dark).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_are_sound_on_a_phone() {
    look_at_all(Look::Phone).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manager_clicks_through() {
    let Some(driver) = Driver::start() else { return };
    let site = site().await;
    let browser = browser(&driver, Look::Light).await;
    browser.goto(&site).await.unwrap();

    // The keyboard reaches the content first.
    browser.active_element().await.unwrap().send_keys(Key::Tab).await.unwrap();
    let first: String = ask(&browser, "return document.activeElement.textContent").await;
    assert_eq!(first, "Skip to content");

    // Another period and unit, by the form.
    browser.find(By::Css("select[name=period] option[value='2014']")).await.unwrap().click().await.unwrap();
    browser.find(By::Css("select[name=unit] option[value=area_f]")).await.unwrap().click().await.unwrap();
    follow(&browser, By::Css(".chooser button")).await;
    let query = arrives(&browser, "/scorecards/passenger_experience").await;
    assert_eq!(query, "period=2014&unit=area_f");
    let head = browser.find(By::Css("header.head .sub")).await.unwrap().text().await.unwrap();
    assert!(head.contains("Boarding Area F") && head.contains("2014"), "{head}");

    // From what deviates to its KPI, period and unit kept.
    let name = browser.find(By::Css(".card h3 a")).await.unwrap();
    let title = name.text().await.unwrap();
    let href = name.attr("href").await.unwrap().unwrap();
    name.click().await.unwrap();
    gone(&name).await;
    let query = arrives(&browser, href.split('?').next().unwrap()).await;
    assert_eq!(browser.find(By::Css("h1")).await.unwrap().text().await.unwrap(), title);
    assert!(query.contains("unit=area_f"));

    // Through the navigation to all pages.
    for page in PAGES.iter().filter(|page| page.nav.is_some()) {
        follow(&browser, By::LinkText(page.nav.unwrap())).await;
        arrives(&browser, page.path).await;
        let current = browser.find(By::Css("nav.wide a[aria-current=page]")).await.unwrap();
        assert_eq!(current.text().await.unwrap(), page.nav.unwrap());
    }
    browser.quit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_menu_unfolds_on_a_phone() {
    let Some(driver) = Driver::start() else { return };
    let site = site().await;
    let browser = browser(&driver, Look::Phone).await;
    browser.goto(&site).await.unwrap();
    let link = browser.find(By::Css(".menu nav a[href='/kpis']")).await.unwrap();
    assert!(!link.is_displayed().await.unwrap());
    browser.find(By::Css(".menu summary")).await.unwrap().click().await.unwrap();
    assert!(link.is_displayed().await.unwrap());
    link.click().await.unwrap();
    gone(&link).await;
    arrives(&browser, "/kpis").await;
    browser.quit().await.unwrap();
}
