//! Members that know each other by certificates, which `openssl` makes here, and others that are not let in.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use kepi_cluster::{Certificates, ClientOptions, ClusterError, ClusterEvaluator};
use kepi_query::port::{Evaluator, Limits};

use crate::{
    failures::cases,
    processes::{Cluster, Process},
};

/// Runs `openssl` in a folder.
fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(folder)
        .output()
        .expect("openssl is installed");
    assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

/// An authority with a member that is reached by a number.
fn authority(folder: &Path, reached_by: &str) -> PathBuf {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("names"), format!("subjectAltName=IP:{reached_by}")).unwrap();
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(
        folder,
        &format!("req -x509 {key} -keyout authority.key -out authority.pem -subj /CN=cluster -days 2"),
    );
    openssl(folder, &format!("req {key} -keyout own.key -out own.csr -subj /CN=member"));
    openssl(
        folder,
        "x509 -req -in own.csr -CA authority.pem -CAkey authority.key -CAcreateserial -days 2 -extfile names -out own.pem",
    );
    folder.to_owned()
}

/// The files of a member.
pub fn files(folder: &Path) -> Certificates {
    Certificates {
        authority: folder.join("authority.pem"),
        own: folder.join("own.pem"),
        key: folder.join("own.key"),
    }
}

fn member(folder: &Path) -> Vec<(String, String)> {
    vec![("KEPI_MEMBER".to_owned(), folder.display().to_string())]
}

/// What an end says over TLS to who shows a certificate or none.
fn shown(port: u16, authority: &Path, shows: Option<&Path>) -> String {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", &format!("127.0.0.1:{port}"), "-alpn", "h2", "-CAfile"]);
    command.arg(authority.join("authority.pem"));
    if let Some(shows) = shows {
        command.arg("-cert").arg(shows.join("own.pem")).arg("-key").arg(shows.join("own.key"));
    }
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    // How a connection of HTTP/2 begins: whoever is let in is answered.
    let _ = input.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    std::thread::sleep(std::time::Duration::from_millis(700));
    drop(input);
    let output = child.wait_with_output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[tokio::test(flavor = "multi_thread")]
async fn with_certificates_members_do_the_same_and_nobody_else_is_let_in() {
    let folder = tempfile::tempdir().unwrap();
    let own = authority(&folder.path().join("own"), "127.0.0.1");
    let foreign = authority(&folder.path().join("foreign"), "127.0.0.1");
    let cases = cases(folder.path(), 6);
    let mut cluster = Cluster::in_an(member(&own), 1);
    let by = |member: Option<&Path>| ClientOptions { certificates: member.map(files), ..cluster.reached(4) };
    let (with, without, other) = (by(Some(&own)), by(None), by(Some(&foreign)));
    let evaluator = ClusterEvaluator::connect(with.clone()).await.unwrap();
    let mut scans = 0;
    for workers in 1..=3 {
        for (plan, files, expected) in &cases {
            assert_eq!(&evaluator.measure(plan, files, &Limits::default()).await.unwrap(), expected);
            scans += 1;
        }
        if workers < 3 {
            cluster.one_more();
        }
    }

    // Clients: without a certificate, and with one of another authority.
    let mut refused = Vec::new();
    for options in [without, other] {
        let error = ClusterEvaluator::connect(options).await.unwrap_err();
        assert!(matches!(error, ClusterError::Unreachable { .. }), "{error}");
        refused.push(error.to_string());
    }
    assert!(refused[0].contains("certificate"), "{refused:?}");

    // Workers.
    let role = format!("{} {}", cluster.scheduler.said, folder.path().display());
    for environment in [vec![], member(&foreign)] {
        let said = Process::try_start(&role, &environment).err().expect("it is not let in");
        assert!(said.contains("no scheduler answers at"), "{said}");
        refused.push(said.lines().last().unwrap_or_default().to_owned());
    }
    assert_eq!(refused.len(), 4);

    // The ports of scheduler and worker themselves: the word of TLS for a refusal is an alert.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut environment = member(&own);
    environment.push(("KEPI_PORT".to_owned(), port.to_string()));
    let _worker = Process::start(&role, &environment);
    for port in [cluster.address().port, port] {
        let said = shown(port, &own, Some(&own));
        assert!(!said.contains("alert") && said.contains("Verify return code: 0 (ok)"), "{said}");
        for shows in [None, Some(&*foreign)] {
            let said = shown(port, &own, shows);
            assert!(said.contains("alert"), "{port}, {shows:?}: {said}");
        }
    }
    eprintln!(
        "cluster: {scans} scans with certificates equal, {} members and 4 connections refused",
        refused.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduler_whose_certificate_is_for_another_address_is_not_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = authority(folder.path(), "127.0.0.2");
    let scheduler = Process::start("scheduler", &member(&elsewhere));
    let options = ClientOptions {
        certificates: Some(files(&elsewhere)),
        ..ClientOptions::of(scheduler.said.parse().unwrap())
    };
    let error = ClusterEvaluator::connect(options).await.unwrap_err().to_string();
    assert!(error.contains("certificate") && error.contains("127.0.0.1"), "{error}");
}

#[tokio::test]
async fn files_that_hold_no_certificate_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let own = authority(&folder.path().join("own"), "127.0.0.1");
    let other = authority(&folder.path().join("other"), "127.0.0.1");
    let good = files(&own);
    let connect = async |certificates: Certificates| {
        let address = "ballista://127.0.0.1:1".parse().unwrap();
        let options = ClientOptions { certificates: Some(certificates), ..ClientOptions::of(address) };
        ClusterEvaluator::connect(options).await.unwrap_err()
    };
    let empty = folder.path().join("empty");
    std::fs::write(&empty, "").unwrap();
    for (wrong, path, why) in [
        (Certificates { key: empty.clone(), ..good.clone() }, &empty, "no private key"),
        (Certificates { own: empty.clone(), ..good.clone() }, &empty, "no certificate"),
        (Certificates { key: files(&other).key, ..good.clone() }, &good.own, "is `"),
        (
            Certificates { authority: folder.path().join("none"), ..good.clone() },
            &folder.path().join("none"),
            "No such",
        ),
    ] {
        let error = connect(wrong).await;
        assert!(matches!(error, ClusterError::Certificates { .. }), "{error}");
        let said = error.to_string();
        assert!(said.contains(&*path.to_string_lossy()) && said.contains(why), "{said}");
    }
}
