//! The way to servers of databases, on ones whose certificate nobody public gave.

use std::{path::PathBuf, time::Duration};

use kepi_model::project::Tls;
use kepi_store::{
    Location, Store,
    foreign::{Ask, ForeignRow, Of, Place, Server, read},
};

use crate::support::{World, landed};

/// What the only row of a query says, or why there is none.
async fn asked(place: &Place, query: &str) -> Result<String, String> {
    let mut said = String::new();
    let mut take = |row: ForeignRow<'_>| {
        said.push_str(row.json);
        Ok::<_, ()>(true)
    };
    let ask = Ask {
        of: Of::Query(query),
        cursor: None,
        from: None,
        reached: None,
        time_limit: Duration::from_secs(60),
    };
    read(place, ask, &mut take).await.map_err(|e| e.to_string())?.unwrap();
    Ok(said)
}

/// Whether a way is encrypted, by how it is asked for.
async fn ways(
    server: Server,
    authority: PathBuf,
    of: fn(Server) -> Place,
    query: &str,
    (yes, no): (&str, &str),
) {
    let way = |host: &str, tls, authority: Option<&PathBuf>| {
        of(Server { host: host.to_owned(), tls, authority: authority.cloned(), ..server.clone() })
    };
    let known = Some(&authority);
    let said = asked(&way("localhost", Some(Tls::Verify), known), query).await.unwrap();
    assert!(said.contains(yes), "{said}");
    let said = asked(&way("localhost", Some(Tls::Require), None), query).await.unwrap();
    assert!(said.contains(yes), "{said}");
    // Within the machine nobody listens.
    for open in [way("localhost", None, None), way("127.0.0.1", Some(Tls::Off), None)] {
        let said = asked(&open, query).await.unwrap();
        assert!(said.contains(no), "{said}");
    }
    // Nobody public certified it; and who did, did so for another name.
    let why = asked(&way("localhost", Some(Tls::Verify), None), query).await.unwrap_err();
    assert!(why.contains("UnknownIssuer") && why.contains("`authority`"), "{why}");
    let why = asked(&way("127.0.0.1", Some(Tls::Verify), known), query).await.unwrap_err();
    assert!(why.contains("could not be encrypted") && why.contains("for its name"), "{why}");
    let why =
        asked(&way("localhost", Some(Tls::Verify), Some(&"/none.pem".into())), query).await.unwrap_err();
    assert!(why.contains("No such file"), "{why}");
    // Openly to an address of others nothing is sent: nobody is even connected to.
    let why = asked(&way("192.0.2.1", Some(Tls::Off), None), query).await.unwrap_err();
    assert!(why.contains("192.0.2.1, which is no address of the own network"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_to_postgresql_is_encrypted_and_the_server_known() {
    let Some((folder, port)) = kepi_testkit::postgres::encrypted() else { return };
    let authority = folder.join("authority.pem");
    let server = Server {
        host: "localhost".to_owned(),
        port,
        database: "postgres".to_owned(),
        user: "kepi".to_owned(),
        password: None,
        tls: None,
        authority: None,
    };
    let query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    ways(server, authority.clone(), Place::Postgres, query, ("true", "false")).await;

    // What a project keeps is on the same way.
    let store = async |host: &str, more: &str| {
        let at: Location =
            format!("postgres://kepi@{host}:{port}/postgres?schema=kept{more}").parse().unwrap();
        match Store::open(&at).await {
            Ok(store) => {
                store.close().await;
                Ok(())
            }
            Err(error) => Err(error.to_string()),
        }
    };
    let root = format!("&sslmode=verify-full&sslrootcert={}", authority.display());
    store("localhost", &root).await.unwrap();
    store("localhost", "&sslmode=require").await.unwrap();
    store("localhost", "").await.unwrap();
    for (host, more) in [("localhost", "&sslmode=verify-full"), ("127.0.0.1", &root)] {
        let why = store(host, more).await.unwrap_err();
        assert!(why.contains("could not be encrypted") && why.contains("sslrootcert"), "{why}");
    }
    let why = store("192.0.2.1", "&sslmode=prefer").await.unwrap_err();
    assert!(why.contains("192.0.2.1, which is no address of the own network"), "{why}");

    // And a source of a project.
    let world = World::new(&format!(
        "---
connection: crm
postgres: {{host: localhost, port: {port}, database: postgres, user: kepi, tls: verify, authority: keys/authority.pem}}
---
entity: client
name: Client
key: [id]
attributes:
  id: {{type: text}}
---
source: clients
into: client
from: {{database: {{connection: crm, query: \"SELECT 1 AS id\"}}}}
mode: snapshot
map:
  id: {{column: id, as: text, required: true}}
"
    ));
    std::fs::create_dir(world.path().join("keys")).unwrap();
    std::fs::copy(authority, world.path().join("keys/authority.pem")).unwrap();
    assert_eq!(landed(&world.run().await), (1, [1, 0, 0, 0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_to_mysql_is_encrypted_and_the_server_known() {
    let Some(fresh) = kepi_testkit::mysql::fresh_database() else { return };
    // Who is let in only over a way that is encrypted.
    fresh.run(&format!(
        "CREATE USER secret_{0} IDENTIFIED BY 'correct-horse' REQUIRE SSL; GRANT SELECT ON {0}.* TO secret_{0};
         CREATE USER open_{0} IDENTIFIED BY 'correct-horse'; GRANT SELECT ON {0}.* TO open_{0}",
        fresh.database
    ));
    let server = |user: &str, tls| Server {
        host: "localhost".to_owned(),
        port: fresh.port,
        database: fresh.database.clone(),
        user: format!("{user}_{}", fresh.database),
        password: Some("correct-horse".to_owned()),
        tls,
        authority: None,
    };
    let query =
        "SELECT IF(VARIABLE_VALUE = '', 'open', 'closed') AS way FROM information_schema.SESSION_STATUS
         WHERE VARIABLE_NAME = 'Ssl_cipher'";
    ways(server("open", None), fresh.authority.clone(), Place::MySql, query, ("closed", "open")).await;
    let place = Place::MySql(server("secret", Some(Tls::Require)));
    asked(&place, query).await.unwrap();
    let why = asked(&Place::MySql(server("secret", None)), query).await.unwrap_err();
    assert!(why.contains("Access denied") && !why.contains("correct-horse"), "{why}");
}
