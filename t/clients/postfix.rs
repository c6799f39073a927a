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
pub fn furnish_postfix(script: &str) {
    must(Command::new("ip").args(["address", "add", &format!("{ADDRESS}/32"), "dev", "lo"]));
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("t/clients/conf/main.cf");
    furnish_file("/etc/postfix/main.cf", &std::fs::read_to_string(here).unwrap());
    must(Command::new("cp").args(["/usr/share/postfix/master.cf.dist", "/etc/postfix/master.cf"]));
    // Debian's daemons live in a chroot that its start script fills; here nobody does.
    must(Command::new("postconf").args(["-F", "*/*/chroot = n"]));
    let log = "postlog/unix-dgram=postlog unix-dgram n - n - 1 postlogd";
    must(Command::new("postconf").args(["-M", log]));
    furnish_file("/etc/script", &contrib(script, &[]));
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
fn deliver(kept: usize) -> (Vec<String>, Vec<Vec<u8>>) {
    let replies = [ham(), spam(), marked()].map(|mail| smtp::send(ADDRESS, 25, &mail)).to_vec();
    let mails = mailbox(Path::new(MAILBOX), kept);
    std::fs::remove_file(MAILBOX).unwrap();
    (replies, mails)
}

#[test]
fn a_content_filter_marks_spam_in_postfix() {
    let Some(()) = all_installed(&["postfix", "spamc"]) else { return };
    in_a_room(|| {
        furnish_postfix("postfix/content-filter.sh");
        let _postfix = start_postfix();
        compare_rewritten(|kind| {
            let _scanner = Scanner::on_port(kind, 783);
            let (replies, mails) = deliver(3);
            for mail in &mails { println!("{}\n=====", text(mail)); }
            println!("{replies:?}");
            mails
        });
    });
}

#[test]
fn spamass_milter_marks_and_refuses_in_postfix() {
    let Some(()) = all_installed(&["postfix", "spamc", "spamass-milter"]) else { return };
    in_a_room(|| {
        furnish_postfix("postfix/milter.sh");
        furnish_file("/etc/default/spamass-milter", &contrib("spamass-milter/default", &[]));
        must(Command::new("sh").args(["/etc/init.d/spamass-milter", "start"]));
        let _postfix = start_postfix();
        compare_rewritten(|kind| {
            let _scanner = Scanner::on_port(kind, 783);
            let (replies, mails) = deliver(2);
            for mail in &mails { println!("{}\n=====", text(mail)); }
            println!("{replies:?}");
            mails
        });
    });
}
