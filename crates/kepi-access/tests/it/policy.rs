//! Policies: what they say, what is wrong with them, and that lists are filtered by nothing else.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    str::FromStr,
    sync::Arc,
};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityUid, PolicySet, Request, RestrictedExpression,
    Schema,
};
use jiff::civil::{Date, date};
use kepi_access::policy::{
    Action, Bound, DEFAULT, Holder, Policies, PolicyFile, Roles, SCHEMA, Sight, check,
};
use kepi_govern::Grant;
use kepi_model::{
    check::{Options, check as check_project},
    id::{KpiId, UnitId},
    project::Project,
    render,
    source_text::{SourceFile, SourceMap},
};
use kepi_testkit::{arbitrary::Chance, fuzz::Effort};

/// Regions below the company, sites below regions; KPIs of every sensitivity, one made of others; two scorecards.
fn company() -> Arc<Project> {
    let mut text = String::from(
        "project: company\nname: Company\nlanguage: 1\ntime_zone: UTC\n---\nentity: order\nattributes:\n  region: {type: text, name: Region}\n  site: {type: text, name: Site}\n",
    );
    let unit = |name: &str, level: &str, parent: &str| {
        let level = if level.is_empty() { String::new() } else { format!("level: {level}\n") };
        let parent = if parent.is_empty() { String::new() } else { format!("parent: {parent}\n") };
        format!("---\nunit: {name}\nname: {name}\n{level}{parent}")
    };
    text += &unit("company", "", "");
    for region in ["north", "south"] {
        text += &unit(region, "region", "company");
        for site in 1..=2 {
            text += &unit(&format!("{region}{site}"), "site", region);
        }
    }
    text += "---\nperson: bea\nname: Bea\n";
    for (name, sensitivity, more) in [
        ("open", "public", ""),
        ("usual", "internal", "publication: figures\n"),
        ("margin", "restricted", "accountable: bea\n"),
        ("pay", "confidential", "publication: figures\ninformed: [bea]\n"),
    ] {
        text += &format!(
            "---\nkpi: {name}\nname: {name}\nbetter: higher\nsensitivity: {sensitivity}\nmeasure: {{count: {{of: order}}}}\nperiod: month\nby: {{region: region, site: site}}\n{more}"
        );
    }
    for (name, one, two) in [("mild", "open", "usual"), ("sharp", "usual", "pay")] {
        text += &format!(
            "---\nkpi: {name}\nname: {name}\nbetter: higher\nmeasure: {{formula: {{kpis: {{a: {one}, b: {two}}}, value: a + b}}}}\nperiod: month\n"
        );
    }
    text += "---\nsource: till\ninto: order\nfrom: {csv: {files: data/orders.csv}}\nmode: snapshot\nmap:\n  id: {column: id, as: text, required: true}\n  ordered_at: {column: at, as: date, required: true}\n  region: {column: region, as: text}\n  site: {column: site, as: text}\n";
    project(&text)
}

fn project(text: &str) -> Arc<Project> {
    let files = SourceMap::new(vec![SourceFile { path: "kepi.yml".to_owned(), text: text.into() }]);
    let checked = check_project(&files, &Options::default());
    let Some(project) = checked.value else { panic!("{}", render::text(&checked.findings, &files, false)) };
    Arc::new(project)
}

/// A day on which nothing is another than on others.
const TODAY: Date = date(2026, 6, 1);

fn grants(list: &[&str]) -> BTreeSet<Grant> {
    list.iter().map(|grant| grant.parse().unwrap()).collect()
}

fn holder(roles: &[&str], scopes: Option<&[&str]>) -> Holder {
    Holder { name: "ana".to_owned(), roles: grants(roles), scopes: scopes.map(grants) }
}

fn sight(policies: Policies, roles: &[&str], scopes: Option<&[&str]>) -> Sight {
    Sight::new(Arc::new(Bound::new(policies, company(), TODAY)), holder(roles, scopes))
}

fn file(text: &str) -> PolicyFile {
    PolicyFile { path: "policies/own.cedar".to_owned(), text: text.to_owned() }
}

fn found(text: &str) -> String {
    let (map, findings) = check(&[file(text)], Some(&company()));
    render::text(&findings, &map, false)
}

fn units() -> Vec<Option<UnitId>> {
    let names = ["company", "north", "south", "north1", "north2", "south1", "south2"];
    std::iter::once(None).chain(names.map(|name| Some(name.parse().unwrap()))).collect()
}

/// Whether a unit lies in another, told without the code under test.
fn lies_in(unit: Option<&str>, held: &str) -> bool {
    let unit = unit.unwrap_or("company");
    held == "everywhere" || held == "company" || unit == held || (held.len() == 5 && unit.starts_with(held))
}

/// The table of who sees what by the policies that come with Kepi, written down without them.
#[test]
fn roles_and_sensitivity_and_units_as_in_an_independent_table() {
    let sees = |role: &str, kpi: &str| match (role, kpi) {
        ("owner", _) => true,
        ("analyst", kpi) => ["open", "usual", "mild", "margin"].contains(&kpi),
        ("viewer", kpi) => ["open", "usual", "mild"].contains(&kpi),
        _ => false,
    };
    let mut asked = 0;
    for role in ["owner", "analyst", "viewer", "decider", "guest"] {
        for held in ["everywhere", "company", "north", "south2"] {
            let grant = if held == "everywhere" { role.to_owned() } else { format!("{role}:{held}") };
            let sight = sight(Policies::built_in(), &[&grant], None);
            for kpi in ["open", "usual", "margin", "pay", "mild", "sharp"] {
                for unit in units() {
                    let name = unit.as_ref().map(|unit| unit.as_str());
                    let expected = sees(role, kpi) && lies_in(name, held);
                    assert_eq!(
                        sight.kpi(&kpi.parse().unwrap(), unit.as_ref()),
                        expected,
                        "{grant} {kpi} {unit:?}"
                    );
                    asked += 1;
                }
            }
            // What sources deliver belongs to the whole.
            let whole = held == "everywhere";
            let till = "till".parse().unwrap();
            assert_eq!(sight.data(&till), whole && !["guest", "decider"].contains(&role), "{grant}");
            assert_eq!(sight.rows(&till), whole && ["owner", "analyst"].contains(&role), "{grant}");
            // So do decisions; to see them is not to take part.
            assert_eq!(sight.decisions(), whole && role != "guest", "{grant}");
            assert_eq!(sight.decides(), whole && ["owner", "decider"].contains(&role), "{grant}");
        }
    }
    assert_eq!(asked, 5 * 4 * 6 * 8);
}

/// How much somebody sees by the policies that come with Kepi, written down without them: by publication, by what she is to the KPI, by role.
#[test]
fn how_much_is_seen_of_a_kpi_follows_from_its_publication_and_from_who_answers_for_it() {
    let mut text = String::from(
        "project: company\nname: Company\nlanguage: 1\ntime_zone: UTC\n---\nentity: order\nattributes:\n  region: {type: text, name: Region}\n---\nunit: company\nname: Company\n---\nunit: north\nname: North\nlevel: region\nparent: company\nseats: {vp: head}\n---\nunit: north1\nname: North 1\nlevel: site\nparent: north\n---\nunit: south\nname: South\nlevel: region\nparent: company\n",
    );
    for person in ["vp", "lead", "asked", "told", "head", "other"] {
        text += &format!("---\nperson: {person}\nname: {person}\n");
    }
    let kpis = [
        ("quiet", "confidential", "figures"),
        ("loud", "internal", "figures"),
        ("plain", "internal", "explained"),
    ];
    for (name, sensitivity, publication) in kpis {
        text += &format!(
            "---\nkpi: {name}\nname: {name}\nbetter: higher\nsensitivity: {sensitivity}\npublication: {publication}\nmeasure: {{count: {{of: order}}}}\nperiod: month\nby: [region]\naccountable: vp\nresponsible: [lead]\nconsulted: [asked]\ninformed: [told]\n"
        );
    }
    // What is made of it is no way around it.
    text += "---\nkpi: twice\nname: twice\nbetter: higher\nmeasure: {formula: {kpis: {a: loud, b: plain}, value: a + b}}\nperiod: month\n";
    text += "---\nsource: till\ninto: order\nfrom: {csv: {files: data/orders.csv}}\nmode: snapshot\nmap:\n  id: {column: id, as: text, required: true}\n  ordered_at: {column: at, as: date, required: true}\n  region: {column: region, as: text}\n";
    let bound = Arc::new(Bound::new(Policies::built_in(), project(&text), TODAY));
    for person in ["vp", "lead", "asked", "told", "head", "other"] {
        for role in ["", "viewer", "analyst", "owner"] {
            let roles = grants(&if role.is_empty() { vec![] } else { vec![role] });
            let sight =
                Sight::new(Arc::clone(&bound), Holder { name: person.to_owned(), roles, scopes: None });
            for unit in [None, Some("company"), Some("north"), Some("north1"), Some("south")] {
                let of = unit.map(|unit| unit.parse::<UnitId>().unwrap());
                let seated = person == "head" && matches!(unit, Some("north" | "north1"));
                let answers = ["vp", "lead"].contains(&person) || seated;
                let told = ["asked", "told"].contains(&person);
                for (kpi, sensitivity, publication) in kpis {
                    let value = answers
                        || told
                        || role == "owner"
                        || sensitivity == "internal" && ["viewer", "analyst"].contains(&role);
                    let explained = value
                        && (answers
                            || ["owner", "analyst"].contains(&role)
                            || publication == "explained" && role == "viewer");
                    let of = of.as_ref();
                    let kpi: KpiId = kpi.parse().unwrap();
                    assert_eq!(sight.kpi(&kpi, of), value, "{person} as {role}: {kpi} of {unit:?}");
                    assert_eq!(
                        sight.explained(&kpi, of),
                        explained,
                        "{person} as {role}: parts of {kpi} of {unit:?}"
                    );
                }
                let twice = "twice".parse().unwrap();
                let sees = ["viewer", "analyst", "owner"].contains(&role);
                assert_eq!(sight.kpi(&twice, of.as_ref()), sees, "{person} as {role}");
                assert_eq!(
                    sight.explained(&twice, of.as_ref()),
                    role == "analyst" || role == "owner" || role == "viewer" && answers,
                    "{person} as {role}: {unit:?}"
                );
            }
        }
    }
}

#[test]
fn a_token_sees_no_more_than_its_person_and_its_scopes() {
    let (open, pay): (KpiId, KpiId) = ("open".parse().unwrap(), "pay".parse().unwrap());
    let (north, south1): (UnitId, UnitId) = ("north".parse().unwrap(), "south1".parse().unwrap());
    let till = "till".parse().unwrap();
    let all = sight(Policies::built_in(), &["viewer"], Some(&["see"]));
    assert!(all.kpi(&open, None) && !all.kpi(&pay, None) && !all.rows(&till));
    let some = sight(Policies::built_in(), &["owner"], Some(&["see_value:north"]));
    assert!(some.kpi(&pay, Some(&north)) && !some.kpi(&pay, Some(&south1)) && !some.kpi(&pay, None));
    assert!(!some.data(&till));
    let rows = sight(Policies::built_in(), &["owner"], Some(&["see_rows"]));
    assert!(rows.rows(&till) && !rows.data(&till) && !rows.kpi(&open, None));
    let none = sight(Policies::built_in(), &["owner"], Some(&["propose"]));
    assert!(!none.kpi(&open, None) && !none.rows(&till));
}

#[test]
fn own_policies_name_kpis_and_own_roles() {
    let own = "@id(\"pay\") permit (principal, action == Action::\"see_value\", resource in Kpi::\"pay\")
        when { principal.hasTag(\"pay_board\") && resource in principal.getTag(\"pay_board\") };
        permit (principal, action in Action::\"see\", resource) when { resource in principal.viewer };
        @id(\"south\") @says(\"the south is being sold\") forbid (principal, action, resource in Unit::\"south\") unless { principal == Person::\"eve\" };";
    assert_eq!(found(own), "", "nothing is wrong with them");
    let policies = || Policies::of(&[file(own)]).unwrap();
    let (pay, open): (KpiId, KpiId) = ("pay".parse().unwrap(), "open".parse().unwrap());
    let unit = |name: &str| Some(name.parse::<UnitId>().unwrap());
    let board = sight(policies(), &["pay_board:north"], None);
    assert!(
        board.kpi(&pay, unit("north1").as_ref())
            && !board.kpi(&pay, None)
            && !board.kpi(&open, unit("north").as_ref())
    );
    let viewer = sight(policies(), &["viewer"], None);
    assert!(viewer.kpi(&open, None) && viewer.kpi(&open, unit("north2").as_ref()));
    assert!(!viewer.kpi(&open, unit("south").as_ref()) && !viewer.kpi(&open, unit("south1").as_ref()));
    // Owners of Kepi's own policies are nobody here.
    assert!(!sight(policies(), &["owner"], None).kpi(&open, None));
}

#[test]
fn why_something_is_refused_is_said() {
    let till = "till".parse().unwrap();
    let viewer = sight(Policies::built_in(), &["viewer"], None);
    let why = viewer.why_not(Action::SeeRows, Some(&till));
    assert_eq!(why, "no policy grants `see_rows` to you as viewer");
    let own = "permit (principal, action, resource); @id(\"raw\") @says(\"raw rows stay with their source\") forbid (principal, action == Action::\"see_rows\", resource);";
    let refused = sight(Policies::of(&[file(own)]).unwrap(), &["viewer"], None);
    assert!(!refused.rows(&till) && refused.data(&till));
    assert_eq!(
        refused.why_not(Action::SeeRows, Some(&till)),
        "it is forbidden: raw rows stay with their source (policies/own.cedar: raw)"
    );
}

#[test]
fn the_policies_that_come_with_kepi_are_right() {
    let (map, findings) = check(&[file(DEFAULT)], Some(&company()));
    assert!(findings.is_empty(), "{}", render::text(&findings, &map, false));
    assert!(Schema::from_cedarschema_str(SCHEMA).is_ok());
    assert!(Policies::built_in().are_built_in() && Policies::of(&[]).unwrap().are_built_in());
}

/// What is wrong is said with its place, what was expected, and a way out.
#[test]
fn what_is_wrong_with_policies_is_said_word_for_word() {
    let cases = [
        (
            "a bracket is missing",
            "permit (principal, action, resource)\nwhen { resource in principal.viewer ;",
        ),
        ("an action that there is not", "permit (principal, action == Action::\"see_valu\", resource);"),
        (
            "an attribute that there is not",
            "permit (principal, action in Action::\"see\", resource) when { resource in principal.viewr };",
        ),
        (
            "a kind of thing that there is not",
            "permit (principal, action, resource) when { resource in Kpis::\"pay\" };",
        ),
        (
            "unlike things compared",
            "permit (principal, action == Action::\"see_value\", resource) when { resource.sensitivity > 3 };",
        ),
        (
            "names that the project does not have",
            "permit (principal, action, resource);\nforbid (principal, action, resource in Kpi::\"pai\") unless { resource in Unit::\"nort\" };",
        ),
        ("an action that nobody may", "permit (principal, action == Action::\"see_value\", resource);"),
    ];
    let mut text = String::new();
    for (what, policies) in cases {
        text += &format!("## {what}\n\n```cedar\n{policies}\n```\n\n```text\n{}```\n\n", found(policies));
    }
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/findings.md");
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text);
    for code in ["K0901", "K0902", "K0903", "K0904"] {
        assert!(text.contains(code), "{code} has no example");
    }
}

/// A random policy of the kinds that people write.
fn policy(chance: &mut Chance) -> String {
    let effect = *chance.pick(&["permit", "permit", "permit", "forbid"]);
    let action = *chance.pick(&[
        "action",
        "action in Action::\"see\"",
        "action == Action::\"see_value\"",
        "action in [Action::\"see_decisions\", Action::\"decide\"]",
        "action in [Action::\"see_value\", Action::\"see_rows\"]",
        "action == Action::\"see_explanation\"",
    ]);
    let resource = *chance.pick(&[
        "resource",
        "resource",
        "resource in Unit::\"north\"",
        "resource in Unit::\"south2\"",
        "resource in Kpi::\"usual\"",
        "resource in Kpi::\"pay\"",
    ]);
    let role = *chance.pick(&["owner", "viewer", "analyst", "decider"]);
    let own = *chance.pick(&["pay_board", "auditor"]);
    let when = match chance.below(8) {
        0 => String::new(),
        1 => format!(" when {{ resource in principal.{role} }}"),
        2 => format!(" when {{ principal.hasTag(\"{own}\") && resource in principal.getTag(\"{own}\") }}"),
        3 => format!(" unless {{ resource in principal.{role} }}"),
        4 => " when { resource is Figures && resource.publication == \"explained\" }".to_owned(),
        5 => " when { resource is Figures && resource.answers.contains(principal) }".to_owned(),
        6 => " when { resource is Figures && resource.told.contains(principal) }".to_owned(),
        _ => " when { resource is Figures && resource.sensitivity == \"public\" }".to_owned(),
    };
    format!("{effect} (principal, {action}, {resource}){when};\n")
}

fn uid(kind: &str, id: &str) -> EntityUid {
    EntityUid::from_str(&format!("{kind}::\"{id}\"")).unwrap()
}

/// Everything there is at once, as somebody would hand it to Cedar who knew of no shortcut.
fn world(roles: &BTreeSet<Grant>) -> Entities {
    let parents =
        [("company", "everywhere"), ("north", "company"), ("south", "company"), ("north1", "north")]
            .into_iter()
            .chain([("north2", "north"), ("south1", "south"), ("south2", "south")]);
    let none = HashSet::new;
    let mut all = vec![Entity::new_no_attrs(uid("Unit", "everywhere"), none())];
    for (unit, parent) in parents.clone() {
        all.push(Entity::new_no_attrs(uid("Unit", unit), HashSet::from([uid("Unit", parent)])));
    }
    all.push(Entity::new_no_attrs(uid("Source", "till"), HashSet::from([uid("Unit", "everywhere")])));
    all.push(Entity::new_no_attrs(uid("Action", "see"), none()));
    for action in Action::ALL {
        let group = if action == Action::Decide { none() } else { HashSet::from([uid("Action", "see")]) };
        all.push(Entity::new_no_attrs(uid("Action", action.word()), group));
    }
    all.push(Entity::new_no_attrs(uid("Decisions", "all"), HashSet::from([uid("Unit", "everywhere")])));
    for (kpi, sensitivity, publication, answers, told) in [
        ("open", "public", "explained", false, false),
        ("usual", "internal", "figures", false, false),
        ("margin", "restricted", "explained", true, false),
        ("pay", "confidential", "figures", false, true),
    ] {
        all.push(Entity::new_no_attrs(uid("Kpi", kpi), none()));
        for unit in parents.clone().map(|(unit, _)| unit) {
            let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
            let bea = |is: bool| {
                let all = is.then(|| RestrictedExpression::new_entity_uid(uid("Person", "bea")));
                RestrictedExpression::new_set(all)
            };
            let attributes = HashMap::from([
                ("sensitivity".to_owned(), text(sensitivity)),
                ("publication".to_owned(), text(publication)),
                ("answers".to_owned(), bea(answers)),
                ("told".to_owned(), bea(told)),
            ]);
            let figures = uid("Figures", &format!("{kpi} of {unit}"));
            let of = HashSet::from([uid("Kpi", kpi), uid("Unit", unit)]);
            all.push(Entity::new(figures, attributes, of).unwrap());
        }
    }
    let mut held: BTreeMap<String, Vec<RestrictedExpression>> =
        ["owner", "viewer", "analyst", "decider"].map(|role| (role.to_owned(), Vec::new())).into();
    for grant in roles {
        let unit = grant.unit.as_ref().map_or("everywhere", |unit| unit.as_str());
        held.entry(grant.name.to_string())
            .or_default()
            .push(RestrictedExpression::new_entity_uid(uid("Unit", unit)));
    }
    let set = |(role, units)| (role, RestrictedExpression::new_set(units));
    let (own, built_in): (Vec<_>, Vec<_>) =
        held.into_iter().map(set).partition(|(role, _)| ["pay_board", "auditor"].contains(&role.as_str()));
    all.push(Entity::new_with_tags(uid("Person", "bea"), built_in, [], own).unwrap());
    Entities::from_entities(all, None).unwrap()
}

/// What filters lists is what Cedar decides about each thing in full view, for random policies, roles and things.
/// `KEPI_COUNT` says how many pairs of policies and things.
#[test]
fn the_filter_is_the_decision() {
    let effort = Effort::or(3_000);
    let company = company();
    let (mut pairs, mut seen, mut seed) = (0u64, 0u64, effort.seed);
    let kpis = ["open", "usual", "margin", "pay"];
    while pairs < effort.count {
        seed += 1;
        let chance = &mut Chance::new(seed);
        let text: String = (0..=chance.below(4)).map(|_| policy(chance)).collect();
        let policies = Policies::of(&[file(&text)]).unwrap();
        let roles: BTreeSet<Grant> = (0..chance.below(4))
            .map(|_| {
                let role = *chance.pick(&["owner", "viewer", "analyst", "decider", "pay_board", "auditor"]);
                let unit = *chance.pick(&["", ":company", ":north", ":south", ":north1", ":south2"]);
                format!("{role}{unit}").parse().unwrap()
            })
            .collect();
        let world = world(&roles);
        let set = PolicySet::from_str(&text).unwrap();
        let decided = |action: Action, resource: EntityUid| {
            let request = Request::new(
                uid("Person", "bea"),
                uid("Action", action.word()),
                resource,
                Context::empty(),
                None,
            );
            Authorizer::new().is_authorized(&request.unwrap(), &set, &world).decision() == Decision::Allow
        };
        let holder = Holder { name: "bea".to_owned(), roles: roles.clone(), scopes: None };
        let sight = Sight::new(Arc::new(Bound::new(policies, Arc::clone(&company), TODAY)), holder);
        for unit in units() {
            let name = unit.as_ref().map_or("company", |unit| unit.as_str());
            for kpi in kpis {
                let expected = decided(Action::SeeValue, uid("Figures", &format!("{kpi} of {name}")));
                // Asked twice: the second answer comes from memory.
                for _ in 0..2 {
                    let shown = sight.kpi(&kpi.parse().unwrap(), unit.as_ref());
                    assert_eq!(shown, expected, "seed {seed}: {kpi} for {unit:?} as {roles:?} by\n{text}");
                }
                let explained = decided(Action::SeeExplanation, uid("Figures", &format!("{kpi} of {name}")));
                assert_eq!(
                    sight.explained(&kpi.parse().unwrap(), unit.as_ref()),
                    expected && explained,
                    "seed {seed}: what {kpi} is made of for {unit:?} as {roles:?} by\n{text}"
                );
                pairs += 2;
                seen += u64::from(expected) + u64::from(expected && explained);
            }
        }
        let till = "till".parse().unwrap();
        assert_eq!(sight.data(&till), decided(Action::SeeData, uid("Source", "till")), "seed {seed}\n{text}");
        assert_eq!(sight.rows(&till), decided(Action::SeeRows, uid("Source", "till")), "seed {seed}\n{text}");
        let all = || uid("Decisions", "all");
        assert_eq!(sight.decisions(), decided(Action::SeeDecisions, all()), "seed {seed}\n{text}");
        assert_eq!(sight.decides(), decided(Action::Decide, all()), "seed {seed}\n{text}");
        pairs += 4;
    }
    eprintln!("access: {pairs} pairs of policies and things from seed {}, {seen} seen", effort.seed);
    assert!(seen * 10 > pairs && seen * 10 < pairs * 9, "{seen} of {pairs}: hardly anything is tried");
}

#[test]
fn roles_are_those_that_policies_name_and_commands_ask_for() {
    let unknown = |text: &str, role: &str| {
        let files = [PolicyFile { path: "own.cedar".to_owned(), text: text.to_owned() }];
        Roles::of(&Policies::of(&files).unwrap()).unknown(&grants(&[role]))
    };
    assert_eq!(Roles::of(&Policies::built_in()).unknown(&grants(&["viewer:north", "runner"])), None);
    let own = "permit (principal, action, resource) when { principal.hasTag(\"pay_board\") && \
               resource in principal.getTag(\"pay_board\") || resource in principal.analyst };";
    for role in ["pay_board:north", "analyst", "owner", "runner"] {
        assert_eq!(unknown(own, role), None, "{role}");
    }
    // Own policies take the place of those that come with Kepi, so their roles are none.
    let said = unknown(own, "pay_bord").unwrap();
    assert_eq!(
        said,
        "no policy names the role `pay_bord`: did you mean `pay_board`? those that exist are analyst, owner, pay_board, runner"
    );
    assert!(unknown(own, "viewer").is_some());
    // A policy that finds the role out by itself may mean any.
    let any =
        "permit (principal, action, resource is Figures) when { principal.hasTag(resource.sensitivity) };";
    assert_eq!(unknown(any, "whatever"), None);
}

#[test]
fn a_seat_of_a_role_is_a_role_of_whoever_holds_it_from_its_day_on() {
    let text = "project: company\nname: Company\nlanguage: 1\ntime_zone: UTC\n---\nentity: order\nattributes:\n  site: {type: text, name: Site}\n---\n\
                person: ana\nname: Ana\n---\nperson: bea\nname: Bea\n---\nrole: steward\nname: Steward\n---\nrole: decider\nname: Decides\n---\n\
                unit: company\nname: Company\nseats: {decider: ana}\n---\n\
                unit: north\nname: North\nlevel: site\nparent: company\nseats: {steward: ana}\n---\n\
                unit: north\nfrom: 2026-07-01\nname: North\nlevel: site\nparent: company\nmember: North\nseats: {steward: bea}\n---\n\
                unit: south\nname: South\nlevel: site\nparent: company\n---\n\
                kpi: margin\nname: Margin\nbetter: higher\nsensitivity: confidential\nmeasure: {count: {of: order}}\nperiod: month\nby: {site: site}\naccountable: steward\n---\n\
                kpi: usual\nname: Usual\nbetter: higher\nmeasure: {count: {of: order}}\nperiod: month\nby: {site: site}\n";
    let project = project(text);
    let own = "permit (principal, action == Action::\"see_value\", resource in Kpi::\"usual\") when \
               { principal.hasTag(\"steward\") && resource in principal.getTag(\"steward\") };";
    let with = |policies: &Policies, who: &str, day: Date| {
        let bound = Bound::new(policies.clone(), Arc::clone(&project), day);
        Sight::new(Arc::new(bound), Holder { name: who.to_owned(), ..holder(&[], None) })
    };
    let unit = |name: &str| Some(name.parse::<UnitId>().unwrap());
    let own = Policies::of(&[file(own)]).unwrap();
    let (june, july) = (date(2026, 6, 30), date(2026, 7, 1));
    let usual: KpiId = "usual".parse().unwrap();
    for (who, day, there) in
        [("ana", june, true), ("ana", july, false), ("bea", june, false), ("bea", july, true)]
    {
        let sight = with(&own, who, day);
        let seen = ["north", "south", "company"].map(|at| sight.kpi(&usual, unit(at).as_ref()));
        assert_eq!(seen, [there, false, false], "{who} {day}");
        // Whoever holds the role that answers for a KPI sees its figures there, whatever its sensitivity; the role has no seat for the whole.
        let sight = with(&Policies::built_in(), who, day);
        let margin: KpiId = "margin".parse().unwrap();
        let seen = ["north", "south", "company"].map(|at| sight.kpi(&margin, unit(at).as_ref()));
        assert_eq!(seen, [there, false, false], "{who} {day}");
        // What is held in the unit at the top is held everywhere.
        assert_eq!(sight.decides(), who == "ana");
    }
    let held = with(&own, "ana", june).holder().roles.clone();
    assert_eq!(held, grants(&["decider", "steward:north"]));
    assert!(with(&own, "nobody", june).holder().roles.is_empty());
}
