//! Chromium, driven: for the tests of pages here and of the program that serves them.
//!
//! Needs `chromedriver` on the path; without it the tests that ask for it say so and pass.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use serde_json::json;
use thirtyfour::{ChromiumLikeCapabilities, LoggingPrefsLogLevel, prelude::*};

/// A driver of our own on a port of its own, stopped when dropped.
pub(crate) struct Driver {
    child: Child,
    address: String,
}

impl Driver {
    pub(crate) fn start() -> Option<Self> {
        // Of several that start at a time two may choose one port: the second ends without a word.
        for _ in 0..3 {
            if let Ok(started) = Self::started() {
                return started;
            }
        }
        panic!("chromedriver never said on which port it listens");
    }

    /// One that listens; none: there is no such program.
    fn started() -> Result<Option<Self>, ExitStatus> {
        let spawned = Command::new("chromedriver")
            .args(["--port=0", "--log-level=SEVERE"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) => {
                eprintln!("SKIPPED: browser tests need `chromedriver` on the path: {error}");
                return Ok(None);
            }
        };
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.map_while(Result::ok).find_map(|line| {
            let port = line.split_once("on port ")?.1.trim_end_matches('.').parse::<u16>().ok();
            port.filter(|_| line.contains("successfully"))
        });
        match port {
            Some(port) => Ok(Some(Self { child, address: format!("http://127.0.0.1:{port}") })),
            None => Err(child.wait().unwrap()),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How somebody looks at pages.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Look {
    /// As most see it.
    Light,
    /// In the dark.
    Dark,
    /// 390 points wide.
    Phone,
}

/// A browser without a screen.
pub(crate) async fn browser(driver: &Driver, look: Look) -> WebDriver {
    let mut wanted = DesiredCapabilities::chrome();
    for arg in [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-quic",
        "--window-size=1280,1000",
    ] {
        wanted.add_arg(arg).unwrap();
    }
    if look == Look::Dark {
        wanted.add_arg("--blink-settings=preferredColorScheme=0").unwrap();
    }
    if look == Look::Phone {
        let metrics = json!({"deviceMetrics": {"width": 390, "height": 844, "pixelRatio": 1.0}});
        wanted.add_experimental_option("mobileEmulation", metrics).unwrap();
    }
    wanted.set_browser_log_level(LoggingPrefsLogLevel::All).unwrap();
    WebDriver::new(&driver.address, wanted).await.expect("a browser starts")
}

/// Clicks what leads away from a page, and waits until that page is gone: a click returns before the page that it leads to
/// is there, and both may have one address.
pub(crate) async fn follow(browser: &WebDriver, by: By) {
    let found = browser.find(by).await.unwrap();
    found.click().await.unwrap();
    gone(&found).await;
}

/// Waits until the page is gone on which an element stood.
pub(crate) async fn gone(element: &WebElement) {
    let begun = Instant::now();
    while element.tag_name().await.is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(30), "no other page came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until the browser shows the page of a path, whole, and says its query.
pub(crate) async fn arrives(browser: &WebDriver, path: &str) -> String {
    let begun = Instant::now();
    loop {
        let url = browser.current_url().await.unwrap();
        // A page on its way out answers nothing.
        let state = browser.execute("return document.readyState", Vec::new()).await;
        if url.path() == path && state.is_ok_and(|state| state.json() == "complete") {
            return url.query().unwrap_or_default().to_owned();
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{url} for {path}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What a script answers.
pub(crate) async fn ask<T: serde::de::DeserializeOwned>(browser: &WebDriver, script: &str) -> T {
    browser.execute(script, Vec::new()).await.unwrap().convert().unwrap()
}
