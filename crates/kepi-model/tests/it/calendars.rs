//! Scorecards with a calendar of their own: which KPIs they read, and what is said where they cannot.

use kepi_model::calendar::{FiscalCalendar, FiscalWeeks, Grain, Period};

use crate::base::{checked, files, short};

/// The base project with something at the end of two of its files.
fn with(kpis: &str, scorecard: &str) -> (String, Option<kepi_model::project::Project>) {
    let mut files = files();
    for (path, text) in &mut files {
        match path.as_str() {
            "kpis.yml" => text.push_str(kpis),
            "scorecard.yml" => text.push_str(scorecard),
            _ => {}
        }
    }
    let checked = checked(&files);
    (short(&checked.findings), checked.value)
}

fn retail(calendar: &str, kpi: &str) -> String {
    format!(
        "---\nscorecard: retail\nname: Retail\nperiod: month\n{calendar}\nperspectives:\n  customer:\n    weight: 100%\n    objectives: \
         {{recommended: {{weight: 100%, kpis: {{{kpi}: 100%}}}}}}\n"
    )
}

#[test]
fn its_kpis_are_computed_by_it_and_are_named_by_what_differs() {
    for (calendar, name, shown) in [
        ("week_start: sunday", "nps__sunday", "Sunday"),
        ("fiscal_year_start: april", "nps__april", "April"),
        ("calendar: {weeks: 5-4-4}", "nps__5_4_4", "5-4-4"),
        (
            "time_zone: Asia/Tokyo\nweek_start: sunday\nfiscal_year_start: february\ncalendar: {weeks: 4-4-5, begins: last}",
            "nps__asia_tokyo_4_4_5_last_february_sunday",
            "Asia/Tokyo, 4-4-5, last, February, Sunday",
        ),
    ] {
        let (said, project) = with("", &retail(calendar, "nps"));
        assert_eq!(said, "", "{calendar}");
        let project = project.unwrap();
        let kpi = &project.kpis[&name.parse().unwrap()];
        let card = &project.scorecards[&"retail".parse().unwrap()];
        assert_eq!(project.calendar_of(kpi), &card.calendar);
        assert_eq!(card.kpis().map(|id| id.as_str()).collect::<Vec<_>>(), [name]);
        assert!(kpi.name.ends_with(&format!("({shown})")), "{}", kpi.name);
        assert_ne!(kpi.hash, project.kpis[&"nps".parse().unwrap()].hash);
    }
}

#[test]
fn what_is_said_as_in_the_project_makes_no_other_kpi() {
    let plain = with("", &retail("", "nps")).1.unwrap();
    let said =
        with("", &retail("week_start: monday\nfiscal_year_start: january\ncalendar: {weeks: none}", "nps"));
    assert_eq!(said.0, "");
    let said = said.1.unwrap();
    assert_eq!(said.kpis.keys().collect::<Vec<_>>(), plain.kpis.keys().collect::<Vec<_>>());
    let hashes = |of: &kepi_model::project::Project| of.kpis.values().map(|kpi| kpi.hash).collect::<Vec<_>>();
    assert_eq!(hashes(&said), hashes(&plain));
    // The other scorecard says nothing, and is what it was.
    let first = |of: &kepi_model::project::Project| of.scorecards[&"shop_2026".parse().unwrap()].hash;
    assert_eq!(first(&said), first(&with("", "").1.unwrap()));
}

#[test]
fn what_people_enter_for_a_month_of_the_project_is_of_no_other_month() {
    let entered = "---\nkpi: share\nname: Market share\nobjective: recommended\nindicator: lagging\nbetter: higher\nmeasure: {entered: \
                   {figure: market_share, type: share}}\nperiod: month\naccountable: owner\npurpose: service_improvement\n";
    let weeks = retail("calendar: {weeks: 4-4-5}", "share");
    let (said, project) = with(entered, &weeks);
    assert!(project.is_none());
    assert!(
        said.contains(
            "K0470 `share` reads `share`, which people enter by the month of the project, of which the scorecard's calendar has none"
        ),
        "{said}"
    );
    // Months from another first day of the week are the same months.
    let (said, project) = with(entered, &retail("week_start: sunday", "share"));
    assert!(project.is_some() && !said.contains("K0470"), "{said}");
}

#[test]
fn both_wordings_of_a_scorecard_have_one_calendar() {
    let first = retail("", "nps");
    let second = retail("fiscal_year_start: april\nfrom: 2026-01-01", "nps");
    let (said, _) = with("", &format!("{first}{second}"));
    assert!(said.contains("the calendar of `retail` is another than from 2026-01-01 on"), "{said}");
}

#[test]
fn weeks_are_one_of_four_words() {
    let (said, project) = with("", &retail("calendar: {weeks: 445}", "nps"));
    assert!(project.is_none() && said.contains("445"), "{said}");
}

/// Periods of two calendars are one where they are the same days, and only there.
#[test]
fn periods_are_the_same_where_their_days_are() {
    let own = FiscalCalendar { fiscal_year_start: 4, ..FiscalCalendar::default() };
    let weeks = Some(FiscalWeeks {
        pattern: kepi_model::calendar::Pattern::FourFourFive,
        begins: kepi_model::calendar::Begins::Nearest,
    });
    let retail = FiscalCalendar { week_start: 6, fiscal_year_start: 2, weeks };
    let of = |grain, fiscal| Period::new(grain, 3, fiscal);
    assert_eq!(of(Grain::Day, own), of(Grain::Day, retail));
    assert_eq!(of(Grain::Month, own), of(Grain::Month, FiscalCalendar::default()));
    assert_eq!(of(Grain::Week, own), of(Grain::Week, FiscalCalendar::default()));
    for grain in [Grain::Week, Grain::Month, Grain::Quarter, Grain::HalfYear, Grain::Year] {
        assert_ne!(of(grain, own), of(grain, retail), "{grain:?}");
    }
    assert_ne!(of(Grain::Quarter, own), of(Grain::Quarter, FiscalCalendar::default()));
}
