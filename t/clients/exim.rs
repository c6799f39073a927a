//! Exim: the condition `spam =` of its DATA ACL, with the set-up of `contrib/exim`.

use super::harness::*;
use super::room::*;
use super::scanner::*;
use super::smtp;
use std::path::Path;
use std::process::Command;

/// Replies and mailbox after three messages, of which one is refused.
fn deliver(room: &Room, kind: Kind, address: &str) -> (Vec<String>, Vec<Vec<u8>>) {
    let scanner = Scanner::on_port(kind, 783);
    let address = address.replace("SOCKET", scanner.socket.to_str().unwrap());
    let main = contrib("exim/main", &[("127.0.0.1 783", &address)]);
    room.file("/etc/exim4/mailprint_main", &main);
    let _exim = Daemon::start(Command::new("/usr/sbin/exim4").arg("-bdf"));
    smtp::until_served("127.0.0.1", 25);
    let replies = [ham(), spam(), marked()].map(|mail| smtp::send("127.0.0.1", 25, &mail)).to_vec();
    let mails = mailbox(Path::new(MAILBOX), 2);
    std::fs::remove_file(MAILBOX).unwrap();
    (replies, mails)
}

const MAILBOX: &str = "/var/mail/bob";

/// Users, folders and configuration as Debian's package has them.
fn furnish_exim(room: &Room) {
    // Exim calls itself by this name.
    let exim = installed("exim4").unwrap();
    if exim != Path::new("/usr/sbin/exim4") {
        room.program(&exim, "/usr/sbin/exim4", "4755");
    }
    room.user("Debian-exim");
    room.folder("/var/spool/exim4", "Debian-exim");
    room.folder("/var/log/exim4", "Debian-exim");
    room.conf("exim4.conf", "/etc/exim4/exim4.conf");
    room.contrib("exim/check_data", "/etc/exim4/mailprint_check_data");
}

#[test]
fn exim_scores_marks_and_refuses() {
    let Some(()) = all_installed(&["exim4"]) else { return };
    in_a_room(|room| {
        furnish_exim(room);
        for address in ["127.0.0.1 783", "SOCKET"] {
            compare(|kind| {
                let (replies, mails) = deliver(room, kind, address);
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
