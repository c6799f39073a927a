//! Postfix: as a content filter with spamc, and with spamass-milter, by `contrib/postfix` and
//! `contrib/spamass-milter`.

use super::harness::*;
use super::room::*;
use super::scanner::*;
use super::smtp;
use std::path::Path;
use std::process::Command;

/// Where mail comes from and goes to in the room: spamass-milter takes no mail from 127.0.0.1.
const ADDRESS: &str = "192.0.2.25";

const MAILBOX: &str = "/var/mail/bob";

/// Puts Postfix's own files in place and runs one of our scripts on them.
pub fn furnish_postfix(room: &Room, script: &str) {
    must(Command::new("ip").args(["address", "add", &format!("{ADDRESS}/32"), "dev", "lo"]));
    room.conf("main.cf", "/etc/postfix/main.cf");
    must(Command::new("cp").args(["/usr/share/postfix/master.cf.dist", "/etc/postfix/master.cf"]));
    // Debian's daemons live in a chroot that its start script fills; here nobody does.
    must(Command::new("postconf").args(["-F", "*/*/chroot = n"]));
    let log = "postlog/unix-dgram=postlog unix-dgram n - n - 1 postlogd";
    must(Command::new("postconf").args(["-M", log]));
    room.contrib(script, "/etc/script");
    must(Command::new("sh").arg("/etc/script"));
    must(Command::new("postfix").arg("check"));
}

/// Postfix in the foreground, serving.
pub fn start_postfix() -> Daemon {
    let postfix = Daemon::start(Command::new("postfix").arg("start-fg"));
    smtp::until_served(ADDRESS, 25);
    postfix
}

/// Replies and mailbox after three messages, of which `kept` arrive.
pub fn deliver(kept: usize) -> (Vec<String>, Vec<Vec<u8>>) {
    let replies = [ham(), marked(), spam()].map(|mail| smtp::send(ADDRESS, 25, &mail)).to_vec();
    until("Postfix to deliver all", || {
        text(&run(Command::new("postqueue").arg("-p"), b"").out).contains("Mail queue is empty")
    });
    let mut mails = mailbox(Path::new(MAILBOX), kept);
    mails.sort_by_key(|mail| header(mail, "Message-ID"));
    std::fs::remove_file(MAILBOX).unwrap();
    (replies, mails)
}

#[test]
fn a_content_filter_marks_spam_in_postfix() {
    let Some(()) = all_installed(&["postfix", "spamc"]) else { return };
    in_a_room(|room| {
        furnish_postfix(room, "postfix/content-filter.sh");
        let _postfix = start_postfix();
        compare(|kind| {
            let _scanner = Scanner::on_port(kind, 783);
            let (replies, mails) = deliver(3);
            assert!(replies.iter().all(|reply| reply.starts_with("250 ")), "{replies:?}");
            assert_eq!(text(body_of(&mails[0])), text(body_of(&ham())));
            for (mail, verdict) in
                mails.iter().zip(["No, score=0.0", "Yes, score=6.5", "Yes, score=1001.9"])
            {
                assert!(header(mail, "X-Spam-Status").starts_with(verdict), "{}", text(mail));
            }
            assert!(holds(&mails[1], &marked()), "{}", text(&mails[1]));
            assert!(holds(&mails[2], &spam()), "{}", text(&mails[2]));
            mails
        });
    });
}

#[test]
fn a_content_filter_keeps_mail_while_there_is_no_server() {
    let Some(()) = all_installed(&["postfix", "spamc"]) else { return };
    in_a_room(|room| {
        furnish_postfix(room, "postfix/content-filter.sh");
        let _postfix = start_postfix();
        let reply = smtp::send(ADDRESS, 25, &ham());
        assert!(reply.starts_with("250 "), "{reply}");
        let log = || text(&std::fs::read("/var/log/postfix.log").unwrap_or_default());
        until("the mail to be deferred", || log().contains("status=deferred"));
        assert!(!Path::new(MAILBOX).exists());
    });
}

#[test]
fn spamass_milter_marks_and_refuses_in_postfix() {
    let Some(()) = all_installed(&["postfix", "spamc", "spamass-milter"]) else { return };
    in_a_room(|room| {
        furnish_postfix(room, "postfix/milter.sh");
        room.contrib("spamass-milter/default", "/etc/default/spamass-milter");
        must(Command::new("sh").args(["/etc/init.d/spamass-milter", "start"]));
        let _postfix = start_postfix();
        compare(|kind| {
            let _scanner = Scanner::on_port(kind, 783);
            let (replies, mails) = deliver(2);
            assert!(replies[0].starts_with("250 "), "{replies:?}");
            assert!(replies[1].starts_with("250 "), "{replies:?}");
            assert_eq!(replies[2], "550 5.7.1 Blocked by SpamAssassin\r\n");
            assert_eq!(text(body_of(&mails[0])), text(body_of(&ham())));
            assert!(header(&mails[0], "X-Spam-Status").starts_with("No, score=0.0 "));
            assert_eq!(header(&mails[0], "X-Spam-Flag"), "");
            assert!(header(&mails[1], "X-Spam-Status").starts_with("Yes, score=6.5 "));
            assert_eq!(header(&mails[1], "X-Spam-Flag"), "YES");
            assert!(holds(&mails[1], &marked()), "{}", text(&mails[1]));
            mails
        });
    });
}
