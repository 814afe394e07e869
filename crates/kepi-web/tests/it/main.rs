//! Pages as clients see them: over HTTP, and in a real browser.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::float_cmp,
    clippy::print_stderr
)]

/// A room with unit tests of its own: they run here, in the one test binary of this crate.
#[allow(dead_code)]
#[path = "../../src/parts.rs"]
mod parts;

mod api;
mod browser;
mod doors;
mod driver;
mod forms;
mod fuzz;
mod http;
mod serving;
mod speed;

/// A path that shows something for each route that takes an id. A page without a row here fails the tests.
pub(crate) fn example(route: &str) -> String {
    let id = match route {
        r if r.ends_with("/lineage/thing") => return r.to_owned() + "?of=kpi/restroom_cleanliness",
        r if r.contains("/disclosure/methodology") => return r.to_owned() + "?id=kpi/restroom_cleanliness",
        r if !r.contains("{id}") => return route.to_owned(),
        r if r.contains("/entities/") => return r.replace("{id}", "member_year") + "?key=m-17&key=2015",
        r if r.contains("/cohorts/") => "members_return",
        r if r.contains("/flows/") => "open_claims",
        r if r.contains("/journeys/") => "membership",
        r if r.contains("/gates/") => "expansion",
        r if r.contains("/reviews/") => "12",
        r if r.contains("/items/") => "4",
        r if r.contains("/audit/") => "57",
        r if r.contains("/periods/") => "2014",
        r if r.contains("/kpis/") => "restroom_cleanliness",
        r if ["/scorecards/", "/explain/", "/what-if/"].iter().any(|of| r.contains(of)) => {
            "passenger_experience"
        }
        other => panic!("say which id shows the page `{other}`"),
    };
    route.replace("{id}", id)
}
