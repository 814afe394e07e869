//! What a target may rest on of what others measured.

use crate::base::{checked, files};

/// The codes of findings about benchmarks, where the effort KPI (the three highest of 1..7, asked on the web, by respondent)
/// rests on what is recorded so.
fn said(value: &str, figure: &str, around: &str) -> Vec<String> {
    resting("benchmark: industry", value, figure, around)
}

/// The same of a target that rests on `basis`.
fn resting(basis: &str, value: &str, figure: &str, around: &str) -> Vec<String> {
    let mut files = files();
    let (_, kpis) = files.iter_mut().find(|(path, _)| path == "kpis.yml").unwrap();
    let at = "{benchmark: industry report}}\n";
    assert_eq!(kpis.matches(at).count(), 1);
    *kpis = kpis.replacen(
        at,
        &format!("{{{basis}}}}}\nmeasured: {{mode: web, region: EMEA, counted: respondent}}\n"),
        1,
    );
    kpis.push_str(&format!(
        "---\nbenchmark: industry\nvalue: {value}\nfigure: {figure}\nsource: Report\npublished: 2025-09-01\ngrade: reported\n{around}\n"
    ));
    let findings = checked(&files).findings;
    let codes = findings.iter().map(|finding| finding.code.0.to_owned());
    codes.filter(|code| ("K0655".."K0660").contains(&code.as_str())).collect()
}

#[test]
fn a_target_rests_only_on_what_can_be_compared() {
    let until = "expires: 2027-01-01";
    let cases: [(&str, &str, &str, &[&str]); 10] = [
        ("66%", "top_share", "top: 3\nscale: 1..7", &[]),
        // What is not said of it is not held against it.
        ("66%", "top_share", "", &[]),
        ("66%", "top_share", "top: 2\nscale: 1..7", &["K0657"]),
        ("66%", "top_share", "top: 3\nscale: 1..5", &["K0657"]),
        ("66%", "share", "", &["K0657"]),
        ("5.2", "mean", "scale: 1..7", &["K0657"]),
        ("40", "nps", "scale: 0..10", &["K0657"]),
        ("66%", "top_share", "mode: telephone", &["K0658"]),
        ("66%", "top_share", "mode: web\nregion: EMEA\ncounted: respondent", &[]),
        ("66%", "top_share", "mode: web\nregion: Japan\ncounted: account", &["K0658"]),
    ];
    for (value, figure, around, expected) in cases {
        assert_eq!(said(value, figure, &format!("{around}\n{until}")), expected, "{value} {figure} {around}");
    }
}

#[test]
fn what_has_expired_is_said_of_the_target_that_holds() {
    // Checked on 1 June 2026, of a target from 1 January 2026.
    assert_eq!(said("66%", "top_share", "expires: 2026-06-02"), [""; 0]);
    assert_eq!(said("66%", "top_share", "expires: 2026-06-01"), ["K0659"]);
    assert_eq!(said("66%", "top_share", "expires: 2026-01-01"), ["K0659"]);
}

/// Research into what customers expect is dated evidence like what others reached.
#[test]
fn what_customers_expect_is_held_against_the_kpi_and_expires() {
    let of = |basis: &str, value, figure, around: &str| {
        resting(&format!("expectation: {basis}"), value, figure, around)
    };
    let until = "expires: 2027-01-01";
    assert_eq!(of("industry", "66%", "top_share", until), [""; 0]);
    assert_eq!(of("industry", "5.2", "mean", &format!("scale: 1..7\n{until}")), ["K0657"]);
    assert_eq!(of("industry", "66%", "top_share", &format!("mode: telephone\n{until}")), ["K0658"]);
    assert_eq!(of("industry", "66%", "top_share", "expires: 2026-06-01"), ["K0659"]);
    assert_eq!(of("industri", "66%", "top_share", until), ["K0656"]);
    assert_eq!(of("diary study of 2025", "66%", "top_share", until), [""; 0]);
}

#[test]
fn a_figure_can_be_what_it_is_said_to_be() {
    let until = "expires: 2027-01-01";
    let cases: [(&str, &str, &str, &[&str]); 8] = [
        ("180%", "top_share", "top: 3\nscale: 1..7", &["K0655"]),
        ("banana", "top_share", "", &["K0655", "K0657"]),
        ("0%", "top_share", "", &[]),
        ("66%", "top_share", "top: 7\nscale: 1..7", &["K0655", "K0657"]),
        ("101", "nps", "", &["K0655", "K0657"]),
        ("-100", "nps", "", &["K0657"]),
        ("7.1", "mean", "scale: 1..7", &["K0655", "K0657"]),
        ("1", "mean", "scale: 1..7", &["K0657"]),
    ];
    for (value, figure, around, expected) in cases {
        let mut codes = said(value, figure, &format!("{around}\n{until}"));
        codes.sort();
        assert_eq!(codes, expected, "{value} {figure} {around}");
    }
}
