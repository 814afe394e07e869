//! Projects on a cluster of processes: figures are those of one process, to the bit.

use crate::support::{Project, kepi};

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
    assert!(!project.path().join(".kepi").exists(), "nothing was begun");
    assert!(kepi().args(["help", "worker"]).output().unwrap().status.success());
}

#[cfg(feature = "cluster")]
mod with {
    use std::{
        io::{BufRead, BufReader},
        process::{Child, Stdio},
        thread,
    };

    use serde_json::Value;

    use super::{Project, kepi};

    /// `kepi` in a role, which ends with this.
    struct Role {
        child: Child,
        /// The word after the mark.
        said: String,
    }

    impl Role {
        fn start(arguments: &[&str], mark: &str) -> Self {
            let mut child = kepi().args(arguments).stderr(Stdio::piped()).spawn().unwrap();
            let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
            let said = lines.find_map(|line| {
                let (_, rest) = line.split_once(mark)?;
                rest.split([' ', ';']).next().map(str::to_owned)
            });
            thread::spawn(move || lines.for_each(drop));
            let said = said.unwrap_or_else(|| panic!("kepi {arguments:?} has not begun: {:?}", child.wait()));
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

    #[test]
    fn library_and_examples_have_the_same_bits_on_one_two_and_three_workers() {
        let mut projects = Vec::new();
        for path in ["library", "examples/tiny", "examples/airport", "examples/saas", "examples/retail"] {
            let project = Project::copied(path);
            let (here, _) = run(&project, &[]);
            assert!(here["first"].as_u64().unwrap() > 0, "{path}: {here}");
            projects.push((path, project, here));
        }
        let scheduler = Role::scheduler();
        let mut workers = Vec::new();
        for number in 1..=3 {
            workers.push(Role::worker(&scheduler));
            for partitions in ["1", "4", "16"] {
                for (path, project, here) in &projects {
                    let on = ["--no-land", "--engine", &scheduler.said, "--partitions", partitions];
                    let (there, said) = run(project, &on);
                    let what = format!("{path}, {number} workers, {partitions} partitions: {there}\n{said}");
                    assert!(said.contains("on the cluster at ballista://127.0.0.1:"), "{what}");
                    // What is published rests on states as bytes: one bit of them would be a difference.
                    for changed in ["first", "restated", "updated", "withdrawn"] {
                        assert_eq!(there[changed], 0, "{what}");
                    }
                    assert_eq!(there["unchanged"], here["first"], "{what}");
                    assert_eq!(there["values"], here["values"], "{what}");
                }
            }
        }
        // What cannot go there is said.
        let (_, said) = run(&projects[0].1, &["--no-land", "--engine", &scheduler.said]);
        assert!(said.contains("in this process: `") && said.contains("is made of other rows"), "{said}");
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
