//! MySQL, on a MariaDB server: every type as it is, and as one that rows are ordered by.

use std::time::Duration;

use kepi_store::foreign::{Ask, ForeignRow, Mark, Of, Place, Server, read};
use kepi_testkit::mysql::{Fresh, fresh_database};

use crate::support::{World, landed};

fn place(fresh: &Fresh) -> Place {
    Place::MySql(Server {
        host: fresh.socket.clone(),
        port: 1,
        database: fresh.database.clone(),
        user: "root".to_owned(),
        password: None,
        tls: None,
        authority: None,
    })
}

/// Rows as JSON, with their marks and whether they are beyond.
async fn rows(
    fresh: &Fresh,
    of: Of<'_>,
    cursor: Option<&str>,
    reached: Option<&Mark>,
) -> Result<Vec<(String, Option<Mark>, bool)>, String> {
    let mut rows = Vec::new();
    let mut take = |row: ForeignRow<'_>| {
        rows.push((row.json.to_owned(), row.mark, row.beyond));
        Ok::<_, ()>(true)
    };
    let ask = Ask { of, cursor, from: reached, reached, time_limit: Duration::from_secs(60) };
    read(&place(fresh), ask, &mut take).await.map_err(|e| e.to_string())?.unwrap();
    Ok(rows)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_is_spelt_as_it_is() {
    let Some(fresh) = fresh_database() else { return };
    fresh.run(
        "SET sql_mode = ''; SET time_zone = '+02:00';
         CREATE TABLE kinds (
             a BIGINT UNSIGNED, b BIGINT, c TINYINT(1), c2 TINYINT(1) UNSIGNED, d BIT(1), d9 BIT(9), e DECIMAL(40, 10),
             e0 DECIMAL(8, 2) ZEROFILL, f FLOAT, g DOUBLE, h DATE, i DATETIME(6), i0 DATETIME, j TIMESTAMP(3) NULL, k TIME(1),
             l YEAR, m VARCHAR(20) COLLATE utf8mb4_bin, n TEXT, o ENUM('x', 'ö'), p SET('u', 'v'), q JSON, r BLOB,
             s BINARY(2), t MEDIUMINT, u VARCHAR(9) CHARACTER SET latin1);
         INSERT INTO kinds VALUES
             (18446744073709551615, -9223372036854775808, 1, 200, b'1', b'100000001', 123456789012345678901234567890.0123456789,
              12.5, 16777217, 0.1, '2026-01-05', '2026-01-05 10:00:00.000001', '2026-01-05', '2026-01-05 12:00:00.25',
              '-800:00:00.5', 2026, 'Ä😀', 'a\"b\\\\c\\nd', 'ö', 'u,v', '{\"a\": [1, 2]}', x'00ff', x'0102', -8388608, 'é'),
             (0, 0, 0, 0, b'0', b'0', -0.5, 0, 1e20, -1e300, '0000-00-00', '0000-00-00', '2026-00-00', '0000-00-00',
              '00:00:00', 0, '', '', '', '', NULL, '', '', 0, '');
         INSERT INTO kinds () VALUES ()",
    );
    let read = rows(&fresh, Of::Table("kinds"), None, None).await.unwrap();
    let long = "1".to_owned() + &"0".repeat(300);
    assert_eq!(
        [&*read[0].0, &*read[1].0],
        [
            r#"{"a":18446744073709551615,"b":-9223372036854775808,"c":1,"c2":200,"d":1,"d9":257,"#.to_owned()
                + r#""e":123456789012345678901234567890.0123456789,"e0":12.50,"f":16777216,"g":0.1,"h":"2026-01-05","#
                + r#""i":"2026-01-05 10:00:00.000001","i0":"2026-01-05 00:00:00","j":"2026-01-05 10:00:00.250000+00:00","#
                + r#""k":"-800:00:00.500000","l":2026,"m":"Ä😀","n":"a\"b\\c\nd","o":"ö","p":"u,v","q":"{\"a\": [1, 2]}","#
                + r#""r":"\\x00ff","s":"\\x0102","t":-8388608,"u":"é"}"#,
            // A date of zeros is no date, which is said where it lands; here it is what it is.
            r#"{"a":0,"b":0,"c":0,"c2":0,"d":0,"d9":0,"e":-0.5000000000,"e0":0.00,"f":100000000000000000000,"g":-"#.to_owned()
                + &long
                + r#","h":"0000-00-00","i":"0000-00-00 00:00:00","i0":"2026-00-00 00:00:00","#
                + r#""j":"0000-00-00 00:00:00+00:00","k":"00:00:00","l":0,"m":"","n":"","o":"","p":"","q":null,"r":"\\x","#
                + r#""s":"\\x0000","t":0,"u":""}"#,
        ]
    );
    let nothing: serde_json::Value = serde_json::from_str(&read[2].0).unwrap();
    assert!(nothing.as_object().unwrap().values().all(serde_json::Value::is_null), "{nothing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_go_on_behind_a_value_of_any_type_and_not_a_bit_before() {
    let Some(fresh) = fresh_database() else { return };
    // Three values in order; between the last two lies less than what a rounded comparison sees.
    for (kind, values) in [
        ("BIGINT UNSIGNED", ["1", "18446744073709551614", "18446744073709551615"]),
        ("BIGINT", ["-5", "9007199254740992", "9007199254740993"]),
        ("DECIMAL(40, 10)", ["-1", "90071992547409930000.0000000001", "90071992547409930000.0000000002"]),
        ("DOUBLE", ["-1", "0.1", "0.10000000000000002"]),
        ("FLOAT", ["-1", "0.1", "0.10000001"]),
        ("DATETIME(6)", ["'2026-01-05'", "'2026-01-05 10:00:00.000001'", "'2026-01-05 10:00:00.000002'"]),
        ("TIMESTAMP(6)", ["'2026-01-05'", "'2026-01-05 10:00:00.000001'", "'2026-01-05 10:00:00.000002'"]),
        ("DATE", ["'2026-01-05'", "'2026-01-06'", "'2026-01-07'"]),
        ("VARCHAR(30)", ["'9'", "'o\\\\''a'", "'o\\\\''b'"]),
        ("VARCHAR(30) CHARACTER SET latin1", ["'8'", "'9007199254740992'", "'9007199254740993'"]),
        ("YEAR", ["1990", "2026", "2027"]),
        ("BIT(64)", ["1", "18446744073709551614", "18446744073709551615"]),
    ] {
        fresh.run(&format!(
            "DROP TABLE IF EXISTS `grows.by`; CREATE TABLE `grows.by` (`a ``b` {kind} NULL);
             INSERT INTO `grows.by` VALUES ({}), (NULL)",
            values.join("), (")
        ));
        let of = Of::Query("SELECT `a ``b` FROM `grows.by` -- all");
        let all = rows(&fresh, of, Some("a `b"), None).await.unwrap();
        assert_eq!(all.len(), 4, "{kind}");
        assert!(all[0].1.is_none() && all.iter().all(|(.., beyond)| *beyond), "{kind}: {all:?}");
        let reached = all[2].1.clone().unwrap();
        // As it is kept and read again.
        let reached: Mark = serde_json::from_str(&serde_json::to_string(&reached).unwrap()).unwrap();
        let behind = rows(&fresh, of, Some("a `b"), Some(&reached)).await.unwrap();
        let said: Vec<(&str, bool)> = behind.iter().map(|(json, _, beyond)| (&**json, *beyond)).collect();
        assert_eq!(said, [(&*all[0].0, false), (&*all[2].0, false), (&*all[3].0, true)], "{kind}");
    }
    // One statement and no more, and nothing is written.
    fresh.run("CREATE TABLE t (a INT); INSERT INTO t VALUES (1); CREATE SEQUENCE s");
    for query in ["SELECT 1) AS q; DELETE FROM t; SELECT * FROM (SELECT 1", "SELECT NEXTVAL(s) AS a"] {
        rows(&fresh, Of::Query(query), None, None).await.unwrap_err();
    }
    assert_eq!(rows(&fresh, Of::Table("t"), None, None).await.unwrap().len(), 1);
    let wrong = rows(&fresh, Of::Table("nobody"), None, None).await.unwrap_err();
    assert!(wrong.contains("nobody"), "{wrong}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_mysql_lands_and_only_what_is_new_after_it() {
    let Some(fresh) = fresh_database() else { return };
    let world = World::new(&format!(
        "---
connection: shop
mysql: {{host: {}, database: {}, user: root}}
---
entity: client
name: Client
key: [id]
attributes:
  id: {{type: text}}
  paying: {{type: boolean}}
  worth: {{type: \"number, 2 decimals\"}}
  born: {{type: date}}
  changed_at: {{type: timestamp}}
---
source: clients
into: client
from: {{database: {{connection: shop, table: client, cursor: changed_at, look_back: 1 minute}}}}
mode: upsert
version: changed_at
map:
  id: {{column: id, as: text, required: true}}
  paying: {{column: paying, as: boolean, \"true\": [\"1\"], \"false\": [\"0\"]}}
  worth: {{column: worth, as: \"number, 2 decimals\"}}
  born: {{column: born, as: date}}
  changed_at: {{column: changed_at, as: timestamp, required: true}}
",
        fresh.socket, fresh.database
    ));
    fresh.run(
        "SET sql_mode = ''; SET time_zone = '+01:00';
         CREATE TABLE client (id BIGINT UNSIGNED PRIMARY KEY, paying TINYINT(1), worth DECIMAL(30, 2), born DATE,
             changed_at TIMESTAMP(6) NOT NULL);
         INSERT INTO client VALUES (18446744073709551615, 1, 90071992547409.93, '1990-02-28', '2026-01-06 11:00:00'),
             (2, 0, NULL, NULL, '2026-01-06 11:00:00'), (3, NULL, 1, '0000-00-00', '2026-01-06 11:00:01')",
    );
    // A date of zeros is a reason, not a date.
    assert_eq!(landed(&world.run().await), (1, [2, 0, 0, 1]));
    let attributes = ["id", "paying", "worth", "changed_at"];
    assert_eq!(
        world.rows("client", &attributes).await,
        [
            ["18446744073709551615", "true", "9007199254740993", "1767693600000000"],
            ["2", "false", "-", "1767693600000000"]
        ]
    );
    let app = world.app().await;
    let kept =
        kepi_store::quarantine::page(&mut app.store.read().await.unwrap(), None, 0, 9).await.unwrap().0;
    assert_eq!(kept[0].rejected.column.as_deref(), Some("born"));
    assert!(kept[0].rejected.reason.contains("0000-00-00"), "{kept:?}");
    fresh.run("SET time_zone = '+00:00'; INSERT INTO client VALUES (4, 1, 2, '2000-01-01', '2026-01-06 10:00:01'); UPDATE client SET born = '1991-01-01' WHERE id = 3");
    assert_eq!(landed(&world.run().await), (1, [2, 0, 2, 0]));
}
