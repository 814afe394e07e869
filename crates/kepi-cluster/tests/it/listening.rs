//! Who listens to whom without certificates.

use kepi_cluster::{Certificates, ClusterError, allowed};

#[test]
fn without_certificates_nobody_listens_where_anybody_could_reach_it_unless_that_is_said() {
    let certificates = Certificates { authority: "a".into(), own: "b".into(), key: "c".into() };
    for private in [
        "127.0.0.1:0",
        "127.9.9.9:1",
        "10.1.2.3:1",
        "172.16.0.1:1",
        "172.31.255.255:1",
        "192.168.7.7:1",
        "169.254.0.1:1",
        "[::1]:1",
        "[fd12::1]:1",
        "[fe80::1]:1",
        "[::ffff:10.0.0.1]:1",
    ] {
        allowed(private.parse().unwrap(), None, false).unwrap();
    }
    for other in [
        "0.0.0.0:0",
        "8.8.8.8:1",
        "172.32.0.1:1",
        "192.169.0.1:1",
        "[::]:1",
        "[2001:db8::1]:1",
        "[::ffff:8.8.8.8]:1",
    ] {
        let listen = other.parse().unwrap();
        let refused = allowed(listen, None, false).unwrap_err();
        assert!(matches!(refused, ClusterError::Plain { .. }), "{refused}");
        let said = refused.to_string();
        assert!(
            said.contains(other) && said.contains("--plain") && said.contains("--tls-authority"),
            "{said}"
        );
        allowed(listen, None, true).unwrap();
        allowed(listen, Some(&certificates), false).unwrap();
    }
}
