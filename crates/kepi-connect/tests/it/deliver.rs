//! Messages that leave: to a real server of e-mail, to a server over HTTP that looks at what comes, and to where nothing may go.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
};

use crate::sign::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use kepi_connect::Connections;
use kepi_govern::delivery::{Carrier, Message, NotSent, Parcel};
use kepi_model::{
    acting::{Encryption, Way},
    project::{Secret, Setting},
};
use serde_json::Value;

/// A server of e-mail, ended when dropped.
struct Mailserver {
    child: Child,
    port: u16,
    lines: BufReader<std::process::ChildStdout>,
}

impl Mailserver {
    fn start() -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = root.join("../../target/python/smtp/bin/python");
        if !python.exists() {
            println!("SKIPPED: there is no server of e-mail; `make tools` installs it");
            return None;
        }
        let mut child = Command::new(python)
            .arg(root.join("tests/smtp.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut port = String::new();
        lines.read_line(&mut port).unwrap();
        Some(Self { child, port: port.trim().parse().unwrap(), lines })
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn channel(&self, private: bool) -> Way {
        Way::Email {
            server: Setting::Text("localhost".to_owned()),
            port: self.port,
            encryption: Encryption::None,
            login: None,
            from: "Kepi <kepi@example.com>".to_owned(),
            private,
        }
    }
}

impl Drop for Mailserver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn parcel(address: Option<&str>) -> Parcel {
    let message = Message {
        kind: "alert".to_owned(),
        item: 12,
        about: "Renewal rate of “EMEA” & <others> is red in 2026-Q1".to_owned(),
        turn: "seat in emea".to_owned(),
        step: None,
        went_up: false,
        figure: Some("71.2 %, target 80 %".to_owned()),
        since: "2026-04-30T15:00:00+02:00".to_owned(),
        until: Some("2026-05-04T15:00:00+02:00".to_owned()),
        link: Some("https://kepi.example.com/items/12".to_owned()),
    };
    Parcel {
        id: "msg_1f00".to_owned(),
        at: 1_777_554_000_000_000,
        address: address.map(str::to_owned),
        messages: vec![message],
    }
}

/// A server that answers each request with a status, and says what came.
fn http(statuses: &[u16]) -> (String, mpsc::Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/hook", listener.local_addr().unwrap());
    let (send, receive) = mpsc::channel();
    let statuses = statuses.to_vec();
    thread::spawn(move || {
        for status in statuses {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
                    length = n.trim().parse().unwrap();
                }
                if line.trim().is_empty() {
                    break;
                }
                head.push_str(&line);
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            write!(stream, "HTTP/1.1 {status} Said\r\ncontent-length: 0\r\nlocation: /elsewhere\r\nconnection: close\r\n\r\n")
                .unwrap();
            send.send((head, String::from_utf8(body).unwrap())).unwrap();
        }
    });
    (address, receive)
}

fn header(head: &str, name: &str) -> String {
    let found = head.lines().find_map(|line| {
        let (known, value) = line.split_once(": ")?;
        known.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    });
    found.unwrap_or_else(|| panic!("{name}: {head}"))
}

fn carrier() -> (tempfile::TempDir, Connections) {
    let folder = tempfile::tempdir().unwrap();
    let carrier = Connections::new(folder.path());
    (folder, carrier)
}

#[tokio::test]
async fn an_email_arrives_as_it_was_sent_and_what_is_refused_is_said() {
    let Some(mut server) = Mailserver::start() else { return };
    let (_folder, carrier) = carrier();
    let to = server.channel(true);
    carrier.send(&to, &parcel(Some("ben@example.com"))).await.unwrap();
    let got = server.next();
    assert_eq!((&got["from"], &got["to"][0]), (&"kepi@example.com".into(), &"ben@example.com".into()));
    let text = got["text"].as_str().unwrap();
    for said in ["Message-ID: <msg_1f00@example.com>", "From: Kepi <kepi@example.com>", "To: ben@example.com"]
    {
        assert!(text.contains(said), "{said}: {text}");
    }
    let body = text.split("\r\n\r\n").nth(1).unwrap().replace("=\r\n", "");
    assert!(body.contains("target 80") && body.contains("items/12"), "{body}");
    // Who is not there is not there the next time; who is busy may not be.
    let sent = carrier.send(&to, &parcel(Some("nobody@example.com"))).await;
    assert!(
        matches!(&sent, Err(NotSent::Ever(why)) if why.contains("there is nobody of that name")),
        "{sent:?}"
    );
    let sent = carrier.send(&to, &parcel(Some("later@example.com"))).await;
    assert!(matches!(&sent, Err(NotSent::Now(why)) if why.contains("try again")), "{sent:?}");
    carrier.send(&to, &parcel(Some("later@example.com"))).await.unwrap();
    assert_eq!(server.next()["to"][0], "later@example.com");
    // No line of its own begins in an address, and none within the own network is reached unless that is said.
    let sent = carrier.send(&to, &parcel(Some("a@b.c\r\nBcc: all@example.com"))).await;
    assert!(matches!(&sent, Err(NotSent::Ever(why)) if why.contains("no address of e-mail")), "{sent:?}");
    let sent = carrier.send(&server.channel(false), &parcel(Some("ben@example.com"))).await;
    assert!(matches!(&sent, Err(NotSent::Ever(why)) if why.contains("may not be connected to")), "{sent:?}");
    // Where the line has to be encrypted and is not, nothing is said on it.
    let Way::Email { server: name, port, from, .. } = server.channel(true) else { unreachable!() };
    let open =
        Way::Email { server: name, port, encryption: Encryption::Starttls, login: None, from, private: true };
    let sent = carrier.send(&open, &parcel(Some("ben@example.com"))).await;
    assert!(sent.is_err(), "{sent:?}");
}

#[tokio::test]
async fn a_webhook_is_signed_as_the_standard_says_and_an_answer_decides_what_becomes_of_it() {
    let (folder, carrier) = carrier();
    let key = b"a secret of the webhook";
    std::fs::write(folder.path().join("secret"), format!("whsec_{}\n", STANDARD.encode(key))).unwrap();
    let (address, got) = http(&[204, 503, 429, 410, 301]);
    let to = |address: &str, private| Way::Webhook {
        address: Setting::Text(address.to_owned()),
        secret: Secret::File("secret".to_owned()),
        private,
    };
    carrier.send(&to(&address, true), &parcel(None)).await.unwrap();
    let (head, body) = got.recv().unwrap();
    let (id, at) = (header(&head, "webhook-id"), header(&head, "webhook-timestamp"));
    assert_eq!((id.as_str(), at.as_str()), ("msg_1f00", "1777554000"));
    let signed = STANDARD.encode(hmac(key, format!("{id}.{at}.{body}").as_bytes()));
    assert_eq!(header(&head, "webhook-signature"), format!("v1,{signed}"));
    let said: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&said["type"], &said["data"]["messages"][0]["item"]), (&"item.turn".into(), &12.into()));
    for (status, again) in [("503", true), ("429", true), ("410", false), ("301", false)] {
        let sent = carrier.send(&to(&address, true), &parcel(None)).await;
        let why = match &sent {
            Err(NotSent::Now(why)) if again => why,
            Err(NotSent::Ever(why)) if !again => why,
            other => panic!("{status}: {other:?}"),
        };
        assert!(why.contains(status), "{why}");
        got.recv().unwrap();
    }
    // Nobody listens any more; that can change. Not that an address may not be asked, or is not encrypted.
    let sent = carrier.send(&to(&address, true), &parcel(None)).await;
    assert!(matches!(sent, Err(NotSent::Now(_))), "{sent:?}");
    let sent = carrier.send(&to(&address, false), &parcel(None)).await;
    assert!(matches!(&sent, Err(NotSent::Ever(why)) if why.contains("https")), "{sent:?}");
    let sent = carrier.send(&to("https://127.0.0.1:1/x", false), &parcel(None)).await;
    assert!(matches!(&sent, Err(NotSent::Ever(why)) if why.contains("may not be connected to")), "{sent:?}");
}

#[tokio::test]
async fn a_chat_gets_one_text_and_its_address_is_never_repeated() {
    let (folder, carrier) = carrier();
    let (address, got) = http(&[200]);
    let at = folder.path().join("address");
    std::fs::write(&at, &address).unwrap();
    let to = Way::Chat { address: Secret::File("address".to_owned()), private: true };
    let mut both = parcel(None);
    both.messages.extend(parcel(None).messages);
    carrier.send(&to, &both).await.unwrap();
    let said: Value = serde_json::from_str(&got.recv().unwrap().1).unwrap();
    let text = said["text"].as_str().unwrap();
    assert!(
        text.contains("&amp; &lt;others&gt;") && text.matches("Whose turn: seat in emea").count() == 2,
        "{text}"
    );
    std::fs::write(&at, "http://hooks.example.invalid/T0/secret path").unwrap();
    let sent = carrier.send(&to, &both).await;
    assert!(
        matches!(&sent, Err(NotSent::Now(why) | NotSent::Ever(why)) if !why.contains("secret")),
        "{sent:?}"
    );
}

/// The example that the libraries of the standard are tested by.
#[test]
fn the_signature_is_that_of_the_standard() {
    let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let signed = hmac(&key, b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}");
    assert_eq!(STANDARD.encode(signed), "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}
