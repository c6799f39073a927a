//! Amavis between two Postfix ports, asking by its SpamdClient, with `contrib/amavis`.

use super::harness::*;
use super::postfix::*;
use super::room::*;
use super::scanner::*;
use super::smtp;
use std::process::Command;

/// What Debian asks at installation: names.
const NODE: &str = "use strict;\n$myhostname = 'mx.example.org';\n$mydomain = 'example.org';\n\
                    @local_domains_acl = ('example.org');\n1;\n";

#[test]
fn amavis_marks_and_discards_by_what_the_server_says() {
    let Some(()) = all_installed(&["postfix", "amavisd"]) else { return };
    in_a_room(|room| {
        room.folder("/run/amavis", "amavis");
        room.file("/etc/mailname", "example.org\n");
        room.file("/etc/amavis/conf.d/05-node_id", NODE);
        room.contrib("amavis/60-mailprint", "/etc/amavis/conf.d/60-mailprint");
        furnish_postfix(room, "amavis/postfix.sh");
        let mut amavis = Command::new("amavisd");
        amavis.arg("foreground");
        let _amavis = Daemon::start(&mut amavis);
        let _postfix = start_postfix();
        smtp::until_served("127.0.0.1", 10024);
        compare(|kind| {
            let _scanner = Scanner::on_port(kind, 783);
            let (replies, mails) = deliver(2);
            assert!(replies.iter().all(|reply| reply.starts_with("250 ")), "{replies:?}");
            let status =
                ["No, score=0 ", "Yes, score=6.5 tagged_above=-999 required=5 tests=[SIX_POINTS]"];
            for ((mail, sent), status) in mails.iter().zip([ham(), marked()]).zip(status) {
                assert!(header(mail, "X-Spam-Status").starts_with(status), "{}", text(mail));
                assert_eq!(text(body_of(mail)), text(body_of(&sent)));
            }
            assert_eq!(header(&mails[0], "X-Spam-Flag"), "NO");
            assert_eq!(header(&mails[1], "X-Spam-Flag"), "YES");
            mails
        });
    });
}
