//! Exim: the condition `spam =` of its DATA ACL, with the set-up of `contrib/exim`.

use super::harness::*;
use super::room::*;
use super::scanner::*;
use super::smtp;
use std::path::Path;
use std::process::Command;

/// Replies and mailbox after three messages, of which one is refused.
fn deliver(kind: Kind, address: &str) -> (Vec<String>, Vec<Vec<u8>>) {
    let scanner = Scanner::on_port(kind, 783);
    let address = address.replace("SOCKET", scanner.socket.to_str().unwrap());
    let main = contrib("exim/main", &[("127.0.0.1 783", &address)]);
    furnish_file("/etc/exim4/mailprint_main", &main);
    let _exim = Daemon::start(Command::new("/usr/sbin/exim4").arg("-bdf"));
    smtp::until_served("127.0.0.1", 25);
    let replies = [ham(), spam(), marked()].map(|mail| smtp::send("127.0.0.1", 25, &mail)).to_vec();
    let mails = mailbox(Path::new(MAILBOX), 2);
    std::fs::remove_file(MAILBOX).unwrap();
    (replies, mails)
}

const MAILBOX: &str = "/var/mail/bob";

/// Users, folders and configuration as Debian's package has them.
fn furnish_exim() {
    // Exim calls itself by this name.
    let exim = installed("exim4").unwrap();
    if exim != Path::new("/usr/sbin/exim4") {
        must(Command::new("install").arg("-m4755").arg(exim).arg("/usr/sbin/exim4"));
    }
    furnish_user("Debian-exim");
    furnish_folder("/var/spool/exim4", "Debian-exim");
    furnish_folder("/var/log/exim4", "Debian-exim");
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("t/clients/conf/exim4.conf");
    furnish_file("/etc/exim4/exim4.conf", &std::fs::read_to_string(here).unwrap());
    furnish_file("/etc/exim4/mailprint_check_data", &contrib("exim/check_data", &[]));
}

#[test]
fn exim_scores_marks_and_refuses() {
    let Some(()) = all_installed(&["exim4"]) else { return };
    in_a_room(|| {
        furnish_exim();
        for address in ["127.0.0.1 783", "SOCKET"] {
            compare(|kind| {
                let (replies, mails) = deliver(kind, address);
                assert!(replies[0].starts_with("250 "), "{replies:?}");
                let refused = "550 This message scored 1001.9 points, which is too much.\r\n";
                assert_eq!(replies[1], refused);
                assert!(replies[2].starts_with("250 "), "{replies:?}");
                assert_eq!(header(&mails[0], "X-Spam-Score"), "0.0");
                assert_eq!(header(&mails[0], "X-Spam-Bar"), "/");
                assert_eq!(header(&mails[0], "X-Spam-Flag"), "");
                assert_eq!(header(&mails[1], "X-Spam-Score"), "6.5");
                assert_eq!(header(&mails[1], "X-Spam-Bar"), "++++++");
                assert_eq!(header(&mails[1], "X-Spam-Flag"), "YES");
                assert!(header(&mails[1], "X-Spam-Report").contains(" 6.5 SIX_POINTS "));
                for (sent, mail) in [ham(), marked()].iter().zip(&mails) {
                    assert_eq!(text(body_of(mail)), text(body_of(sent)));
                }
                mails
            });
        }
    });
}
