//! Projects on a cluster of processes: figures are those of one process, to the bit.

use std::path::Path;

use clap::Parser;
use kepi_model::{
    check, engine,
    source_text::{SourceFile, SourceMap},
};

use crate::{
    cli::{Cli, Command, Elsewhere},
    support::{Project, kepi, root},
};

/// What a command line says of where scans are computed.
fn said(arguments: &[&str]) -> Result<Elsewhere, String> {
    let cli = Cli::try_parse_from([&["kepi", "run"], arguments].concat()).map_err(|e| e.to_string())?;
    let Command::Run(run) = cli.command else { panic!("{arguments:?} run nothing") };
    Ok(run.elsewhere)
}

/// What a project says of it.
fn written(engine: &str) -> Option<engine::Engine> {
    let text = format!("project: shop\nname: Shop\nlanguage: 1\ntime_zone: UTC\n{engine}");
    let file = SourceFile { path: "kepi.yml".into(), text: text.into() };
    let checked = check::check(&SourceMap::new(vec![file]), &check::Options::default());
    checked.value.unwrap_or_else(|| panic!("{engine}: {:?}", checked.findings)).engine
}

#[test]
fn a_project_says_where_scans_are_computed_and_the_command_line_wins() {
    let folder = Path::new("/srv/kpis");
    let whole = written(
        "engine:\n  scheduler: ballista://10.0.0.5:7000\n  partitions: 64\n  shared_files: s3://kpis/of\n  certificates: {authority: \
         certs/authority.pem, own: /etc/kepi/own.pem, key: /etc/kepi/own.key}\n",
    );
    let short = written("engine: ballista://10.0.0.5\n");
    let cluster = |arguments: &[&str], project: &Option<engine::Engine>| {
        said(arguments).unwrap().cluster(project.as_ref(), folder)
    };

    assert_eq!(cluster(&[], &written("")), None);
    let plain = cluster(&[], &short).unwrap();
    assert_eq!(plain.scheduler.to_string(), "ballista://10.0.0.5:50050");
    assert_eq!((plain.partitions, &plain.certificates, &plain.shared), (Some(16), &None, &None));
    let own = cluster(&[], &whole).unwrap();
    assert_eq!((own.scheduler.to_string().as_str(), own.partitions), ("ballista://10.0.0.5:7000", Some(64)));
    assert_eq!(own.shared.as_ref().map(ToString::to_string).as_deref(), Some("s3://kpis/of"));
    let files = own.certificates.clone().unwrap();
    assert_eq!(files.authority, Path::new("/srv/kpis/certs/authority.pem"));
    assert_eq!((files.own, files.key), ("/etc/kepi/own.pem".into(), "/etc/kepi/own.key".into()));

    // Options of the command line stand in place of theirs, an engine in place of all of it.
    let less = cluster(&["--partitions", "4", "--shared-files", "s3://other"], &whole).unwrap();
    assert_eq!((less.partitions, less.shared.unwrap().to_string()), (Some(4), "s3://other".to_owned()));
    assert_eq!((less.scheduler, less.certificates), (own.scheduler, own.certificates));
    let tls = ["--tls-authority", "a", "--tls-certificate", "b", "--tls-key", "c"];
    assert_eq!(cluster(&tls, &whole).unwrap().certificates.unwrap().key, Path::new("c"));
    let other = cluster(&["--engine", "ballista://127.0.0.1:1"], &whole).unwrap();
    assert_eq!((other.partitions, &other.certificates, &other.shared), (None, &None, &None));
    assert_eq!(cluster(&["--engine", "embedded"], &whole), None);

    // Without a cluster what is said of one is of no account: it may stand in the environment of everything that runs.
    assert_eq!(cluster(&["--shared-files", "s3://other", "--partitions", "4"], &None), None);
    let wrong = said(&["--engine", "10.0.0.5:50050"]).unwrap_err();
    assert!(wrong.contains("ballista://host:port") && wrong.contains("embedded"), "{wrong}");
}

/// Command lines of `docs/operations/compose.yaml`, by service, as its shell gets them.
fn composed() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(root().join("docs/operations/compose.yaml")).unwrap();
    let mut services = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("  ").and_then(|line| line.strip_suffix(':'))
            && !name.starts_with([' ', '#'])
        {
            services.push((name.to_owned(), String::new()));
        }
        if let Some(command) = line.strip_prefix("    command: ") {
            let within = command.strip_prefix("sh -c '").and_then(|rest| rest.strip_suffix('\''));
            services.last_mut().unwrap().1 = within.unwrap_or(command).replace("$$", "$");
        }
    }
    services
}

/// The command line of a unit of systemd, with the variables that it sets.
fn unit(name: &str) -> String {
    let text = std::fs::read_to_string(root().join(format!("docs/operations/{name}.service"))).unwrap();
    let starts = text.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let mut command = starts.replacen("/usr/local/bin/", "", 1);
    for (name, value) in text.lines().filter_map(|l| l.strip_prefix("Environment=")?.split_once('=')) {
        command = command.replace(&format!("${{{name}}}"), value);
    }
    assert!(!command.contains('$'), "{name}: {command}");
    command
}

/// A scheduler that the workers that are started with it reach, none of them where others could reach it unsaid.
fn go_together(scheduler: &str, worker: &str, reached_as: &str) {
    let parsed = |command: &str| {
        let command = command.strip_prefix("exec ").unwrap_or(command).replace("\"$(hostname)\"", "me");
        let cli =
            Cli::try_parse_from(command.split(' ')).unwrap_or_else(|error| panic!("{command}: {error}"));
        cli.command
    };
    let (Command::Scheduler(scheduler), Command::Worker(worker)) = (parsed(scheduler), parsed(worker)) else {
        panic!("{scheduler} and {worker} are other roles")
    };
    assert_eq!(worker.scheduler.to_string(), format!("ballista://{reached_as}:{}", scheduler.port));
    for (host, port, plain) in
        [(scheduler.host, scheduler.port, scheduler.plain), (worker.host, worker.port, worker.plain)]
    {
        kepi_cluster::allowed((host, port).into(), None, plain).unwrap();
    }
    // A firewall can name it.
    assert!(worker.port != 0);
}

#[test]
fn services_are_started_by_commands_that_there_are() {
    let services = composed();
    let names: Vec<&str> = services.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["scheduler", "worker"]);
    go_together(&services[0].1, &services[1].1, "scheduler");
    go_together(&unit("kepi-scheduler"), &unit("kepi-worker"), "127.0.0.1");
}

/// Without the feature the commands are there and say why they do nothing.
#[cfg(not(feature = "cluster"))]
#[test]
fn a_build_without_clusters_says_so() {
    let project = Project::example("tiny");
    for arguments in
        [&["scheduler", "--port", "0"][..], &["worker"], &["run", "--engine", "ballista://127.0.0.1:1"]]
    {
        let (_, said) = project.fails(3, arguments);
        assert!(said.contains("built without clusters") && said.contains("--features cluster"), "{said}");
    }
    // Nor does the project choose what this build does not have; where it computes itself, the bucket of others is no matter.
    let text = std::fs::read_to_string(project.path().join("kepi.yml")).unwrap();
    project.write(
        "kepi.yml",
        &text.replacen("language: 1\n", "language: 1\nengine: ballista://127.0.0.1:1\n", 1),
    );
    project.ok(&["check"]);
    let (_, said) = project.fails(3, &["run"]);
    assert!(said.contains("built without clusters") && said.contains("`--engine embedded`"), "{said}");
    assert!(!project.path().join(".kepi").exists(), "nothing was begun");
    let output = project.kepi(&["run", "--engine", "embedded", "--shared-files", "s3://kpis/of"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("nothing is put to s3://kpis/of"), "{said}");
    assert!(kepi().args(["help", "worker"]).output().unwrap().status.success());
}

#[cfg(feature = "cluster")]
mod with {
    use std::{
        fs,
        io::{BufRead, BufReader},
        process::{Child, Command, Stdio},
        thread,
    };

    use serde_json::Value;

    use super::{Project, composed, kepi, unit};

    /// `kepi` in a role, which ends with this.
    struct Role {
        child: Child,
        /// The word after the mark.
        said: String,
    }

    impl Role {
        fn start(arguments: &[&str], mark: &str) -> Self {
            let mut command = kepi();
            command.args(arguments);
            Self::of(command, mark)
        }
        /// By a command line of somebody else's, read by a shell.
        fn by(command: &str, mark: &str) -> Self {
            let folder = std::path::Path::new(env!("CARGO_BIN_EXE_kepi")).parent().unwrap();
            let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
            let mut shell = Command::new("sh");
            // Killed is what is started, not the shell.
            let command = format!("exec {}", command.strip_prefix("exec ").unwrap_or(command));
            shell.args(["-c", &command]).env("PATH", path);
            Self::of(shell, mark)
        }
        fn of(mut command: Command, mark: &str) -> Self {
            let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
            let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
            let said = lines.find_map(|line| {
                let (_, rest) = line.split_once(mark)?;
                rest.split([' ', ';']).next().map(str::to_owned)
            });
            thread::spawn(move || lines.for_each(drop));
            let said = said.unwrap_or_else(|| panic!("{command:?} has not begun: {:?}", child.wait()));
            Self { child, said }
        }
        fn scheduler() -> Self {
            Self::start(&["scheduler", "--port", "0"], "scheduler at ")
        }
        fn worker(scheduler: &Self) -> Self {
            Self::start(&["worker", "--threads", "2", "--scheduler", &scheduler.said], "worker ")
        }
    }

    impl Drop for Role {
        fn drop(&mut self) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    fn run(project: &Project, arguments: &[&str]) -> (Value, String) {
        let output = project.kepi(&[&["run", "--format", "json"], arguments].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {said}");
        (serde_json::from_slice(&output.stdout).unwrap(), said)
    }

    /// How many scans went to a cluster. All of them are computed anew: what is kept of earlier runs would leave nothing to do.
    fn run_anew(project: &Project, arguments: &[&str]) -> (Value, String, u64) {
        fs::remove_dir_all(project.path().join(".kepi/data/states")).unwrap();
        let (report, said) = run(project, &[&["--no-land"], arguments].concat());
        let scans = said
            .lines()
            .find_map(|line| line.split_once(" on the cluster at ballista://")?.0.split(' ').next());
        let scans = scans.unwrap_or_else(|| panic!("{said}")).parse().unwrap();
        (report, said, scans)
    }

    #[test]
    fn library_and_examples_have_the_same_bits_on_one_two_and_three_workers() {
        let mut projects = Vec::new();
        for path in [
            "library",
            "examples/tiny",
            "examples/airport",
            "examples/saas",
            "examples/retail",
            "examples/subscription",
            "examples/city",
        ] {
            let project = Project::copied(path);
            // What people enter reaches until now: at another time it would be another figure.
            project.set_clock("2026-06-15T12:00:00Z");
            let (here, _) = run(&project, &[]);
            assert!(here["first"].as_u64().unwrap() > 0, "{path}: {here}");
            projects.push((path, project, here));
        }
        let scheduler = Role::scheduler();
        let (mut workers, mut scans, mut runs) = (Vec::new(), 0, 0);
        for number in 1..=3 {
            workers.push(Role::worker(&scheduler));
            for partitions in ["1", "4", "16"] {
                for (path, project, here) in &projects {
                    let on = ["--engine", &scheduler.said, "--partitions", partitions];
                    let (there, said, some) = run_anew(project, &on);
                    let what = format!("{path}, {number} workers, {partitions} partitions: {there}\n{said}");
                    assert!(some > 0, "{what}");
                    (scans, runs) = (scans + some, runs + 1);
                    // What is published rests on states as bytes: one bit of them would be a difference.
                    for changed in ["first", "restated", "updated", "withdrawn"] {
                        assert_eq!(there[changed], 0, "{what}");
                    }
                    assert_eq!(there["unchanged"], here["first"], "{what}");
                    assert_eq!(there["values"], here["values"], "{what}");
                }
            }
        }
        eprintln!(
            "cluster: {runs} runs of library and examples, {scans} scans on 1, 2 and 3 workers in 1, 4 and 16 parts: all equal"
        );
    }

    /// As the compose file and the units of systemd start them, but for what two of them cannot share on one machine: names of machines,
    /// ports and folders.
    #[test]
    fn services_compute_what_this_process_does() {
        let project = Project::example("tiny");
        let (here, _) = run(&project, &[]);
        let folder = tempfile::tempdir().unwrap();
        let services = composed();
        let ways = [
            (services[0].1.clone(), services[1].1.clone(), "ballista://scheduler:50050"),
            (unit("kepi-scheduler"), unit("kepi-worker"), "ballista://127.0.0.1:50050"),
        ];
        for (scheduler, worker, at) in ways {
            let near = |command: &str| {
                let command = command.replace("0.0.0.0", "127.0.0.1").replace("\"$(hostname)\"", "127.0.0.1");
                command
                    .replace("--port 50051", "--port 0")
                    .replace("/var/cache/kepi-worker", &folder.path().to_string_lossy())
            };
            let scheduler = Role::by(&format!("{} --port 0", near(&scheduler)), "scheduler at ");
            let worker = near(&worker).replace(at, &scheduler.said);
            assert!(worker.contains(&scheduler.said), "{worker}");
            let _workers = [Role::by(&worker, "worker "), Role::by(&worker, "worker ")];
            // By the project's own word.
            let text = fs::read_to_string(project.path().join("kepi.yml")).unwrap();
            let without: Vec<&str> = text.lines().filter(|line| !line.starts_with("engine: ")).collect();
            let engine = format!("language: 1\nengine: {}", scheduler.said);
            project.write("kepi.yml", &without.join("\n").replacen("language: 1", &engine, 1));
            let (there, said, scans) = run_anew(&project, &[]);
            assert!(scans > 0 && said.contains(&format!("on the cluster at {}", scheduler.said)), "{said}");
            assert_eq!(
                (&there["unchanged"], &there["values"]),
                (&here["first"], &here["values"]),
                "{there}\n{said}"
            );
            assert_eq!((&there["restated"], &there["first"]), (&0.into(), &0.into()), "{there}");
        }
    }

    #[test]
    fn without_a_scheduler_or_a_worker_nothing_is_begun() {
        let project = Project::example("tiny");
        let scheduler = Role::scheduler();
        let (_, said) = project.fails(3, &["run", "--engine", &scheduler.said]);
        assert!(said.contains("has no worker") && said.contains("kepi worker --scheduler"), "{said}");
        let address = scheduler.said.clone();
        drop(scheduler);
        for arguments in [["run", "--engine"], ["worker", "--scheduler"]] {
            let (_, said) = project.fails(3, &[&arguments[..], &[&address]].concat());
            assert!(said.contains("no scheduler answers at") && said.contains(&address), "{said}");
        }
        assert!(!project.path().join(".kepi").exists(), "nothing was begun");
        let (_, said) = project.fails(2, &["run", "--engine", "10.0.0.5:50050"]);
        assert!(said.contains("ballista://host:port"), "{said}");
    }
}
