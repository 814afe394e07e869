//! The reference page of the command line is what `--help` says.

use std::fs;

use crate::support::{kepi, root};

const COMMANDS: &[&[&str]] = &[
    &[],
    &["init"],
    &["check"],
    &["plan"],
    &["register"],
    &["propose"],
    &["approve"],
    &["reject"],
    &["abstain"],
    &["withdraw"],
    &["inbox"],
    &["item"],
    &["item", "1", "acknowledge"],
    &["item", "1", "assign"],
    &["item", "1", "refuse"],
    &["item", "1", "snooze"],
    &["item", "1", "dismiss"],
    &["item", "1", "finish"],
    &["item", "1", "plan"],
    &["item", "1", "learn"],
    &["item", "1", "take-back"],
    &["item", "1", "comment"],
    &["item", "1", "object"],
    &["item", "1", "resolve"],
    &["alert"],
    &["correct"],
    &["correct", "list"],
    &["correct", "row"],
    &["correct", "take-back"],
    &["erase"],
    &["alert", "tune"],
    &["retire"],
    &["sample"],
    &["feedback"],
    &["feedback", "search"],
    &["feedback", "add"],
    &["latency"],
    &["priorities"],
    &["initiatives"],
    &["matrix"],
    &["playbooks"],
    &["tick"],
    &["deliver"],
    &["comment"],
    &["freeze"],
    &["lift"],
    &["close"],
    &["people"],
    &["periods"],
    &["run"],
    &["sources"],
    &["show"],
    &["show", "scorecard"],
    &["show", "kpi"],
    &["show", "sources"],
    &["show", "quarantine"],
    &["explain"],
    &["what-if"],
    &["weigh"],
    &["analyse"],
    &["trace"],
    &["reproduce"],
    &["audit"],
    &["audit", "verify"],
    &["audit", "log"],
    &["audit", "proof"],
    &["audit", "export"],
    &["audit", "checkpoint"],
    &["audit", "rebuild"],
    &["serve"],
    &["access"],
    &["access", "add"],
    &["access", "change"],
    &["access", "remove"],
    &["access", "list"],
    &["access", "policy"],
    &["access", "token"],
    &["access", "token", "create"],
    &["access", "token", "list"],
    &["access", "token", "revoke"],
    &["demo"],
    &["schema"],
    &["bench"],
    &["evidence", "insight"],
];

#[test]
fn the_reference_page_says_what_help_says() {
    let mut page = String::from(
        "# The command line\n\nWhat `--help` says, command by command; a test keeps this page true.\n",
    );
    for command in COMMANDS {
        let mut help = kepi();
        // Help shows what these hold; the page must not depend on who runs the tests.
        for variable in
            ["COLUMNS", "KEPI_BENCH_PYTHON", "KEPI_CHECKPOINTS", "KEPI_PERSON", "KEPI_PROJECT", "KEPI_STORE"]
        {
            help.env_remove(variable);
        }
        let output = help.args(*command).arg("--help").output().unwrap();
        assert!(output.status.success(), "{command:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        let name = std::iter::once("kepi").chain(command.iter().copied()).collect::<Vec<_>>().join(" ");
        page.push_str(&format!("\n## {name}\n\n```text\n{}\n```\n", lines.join("\n").trim_end()));
    }
    let path = root().join("docs/reference/command-line.md");
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == page,
        "docs/reference/command-line.md is not what --help says; UPDATE_GOLDENS=1 rewrites it"
    );
}
