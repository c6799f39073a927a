//! procmail and maildrop, which give mail to a filter and take back what it makes of it, by
//! `contrib/procmail` and `contrib/maildrop`.

use super::harness::*;
use super::room::*;
use super::scanner::*;
use std::process::Command;

/// The three messages as an MTA hands them to a delivery agent, with an mbox line before them.
fn handed_over() -> [Vec<u8>; 3] {
    let from = b"From ann@example.com Sun Nov 22 12:00:00 2026\n".as_slice();
    [ham(), marked(), spam()].map(|mail| [from, &mail].concat())
}

/// Delivers to three boxes through procmail with one of our recipes.
fn by_procmail(recipe: &str, replaced: &[(&str, &str)]) -> Vec<Vec<u8>> {
    let scratch = Scratch::new("procmail");
    let recipe = scratch.write("recipe", contrib(recipe, replaced));
    let folder = scratch.path().display();
    let settings = format!(
        "MAILDIR={folder}\nDEFAULT={folder}/inbox\nLOGFILE={folder}/log\nINCLUDERC={}\n",
        recipe.display()
    );
    let rc = scratch.write("rc", settings);
    for mail in handed_over() {
        let outcome = run(Command::new("procmail").arg(&rc), &mail);
        assert_eq!(outcome.code, Some(0), "{}", text(&outcome.err));
    }
    ["inbox", "probably-spam", "almost-certainly-spam"]
        .iter()
        .flat_map(|name| mailbox(&scratch.path().join(name), 1))
        .collect()
}

/// Ham keeps its body; spam is marked, and is whole in the report's attachment.
fn assert_marked(mails: &[Vec<u8>], sent: &[Vec<u8>]) {
    for (mail, verdict) in
        mails.iter().zip(["No, score=0.0", "Yes, score=6.5", "Yes, score=1001.9"])
    {
        assert!(header(mail, "X-Spam-Status").starts_with(verdict), "{}", text(mail));
    }
    assert_eq!(text(body_of(&mails[0])), text(body_of(&ham())));
    for (mail, original) in mails.iter().zip(sent).skip(1) {
        assert!(holds(mail, original), "{}", text(mail));
    }
}

#[test]
fn procmail_sorts_by_what_spamc_says() {
    let Some(()) = all_installed(&["procmail", "spamc"]) else { return };
    in_a_room(|_| {
        compare(|kind| {
            let _scanner = Scanner::on_port(kind, 783);
            let mails = by_procmail("procmail/spamc.rc", &[]);
            assert_marked(&mails, &[ham(), marked(), spam()]);
            mails
        });
    });
}

/// No server runs: each mail starts the program, here with the rules of these tests.
#[test]
fn procmail_sorts_by_what_the_command_spamassassin_says() {
    let Some(()) = all_installed(&["procmail"]) else { return };
    let rules = format!("-L -x {}", rules_of_tests().join(" "));
    in_a_room(|_| {
        compare(|kind| {
            let command = match kind {
                Kind::Mailprint => {
                    format!("{} spamassassin {rules}", env!("CARGO_BIN_EXE_mailprint"))
                }
                Kind::Spamd => format!("/usr/bin/spamassassin {rules}"),
            };
            let replaced = [("/usr/bin/mailprint spamassassin", command.as_str())];
            let mails = by_procmail("procmail/spamassassin.rc", &replaced);
            assert_marked(&mails, &[ham(), marked(), spam()]);
            mails
        });
    });
}

#[test]
fn procmail_delivers_while_there_is_no_server() {
    let Some(()) = all_installed(&["procmail", "spamc"]) else { return };
    in_a_room(|_| {
        let scratch = Scratch::new("procmail");
        let recipe = scratch.write("recipe", contrib("procmail/spamc.rc", &[]));
        let inbox = scratch.path().join("inbox");
        let (place, recipe) = (inbox.display(), recipe.display());
        let rc = format!("DEFAULT={place}\nLOGFILE=/dev/null\nINCLUDERC={recipe}\n");
        let rc = scratch.write("rc", rc);
        let outcome = run(Command::new("procmail").arg(&rc), &handed_over()[2]);
        assert_eq!(outcome.code, Some(0));
        assert_eq!(text(&mailbox(&inbox, 1)[0]), text(&spam()));
    });
}

#[test]
fn maildrop_sorts_by_what_spamc_says() {
    let Some(()) = all_installed(&["maildrop", "spamc"]) else { return };
    in_a_room(|_| {
        compare(|kind| {
            let _scanner = Scanner::on_port(kind, 783);
            let scratch = Scratch::new("maildrop");
            let inbox = scratch.path().join("inbox");
            let filter = contrib("maildrop/spamc.filter", &[]);
            let filter = format!("DEFAULT=\"{}\"\n{filter}", inbox.display());
            let filter = scratch.write("filter", filter);
            must(Command::new("chmod").arg("600").arg(&filter));
            for mail in handed_over() {
                let outcome = run(Command::new("maildrop").arg(&filter), &mail);
                assert_eq!(outcome.code, Some(0), "{}", text(&outcome.err));
            }
            let mut mails = mailbox(&inbox, 1);
            mails.extend(mailbox(&scratch.path().join("inbox.spam"), 2));
            // maildrop quotes what is quoted already.
            let unquoted =
                |mail: Vec<u8>| text(&mail).replace("\n>>From ", "\n>From ").into_bytes();
            let mails: Vec<Vec<u8>> = mails.into_iter().map(unquoted).collect();
            assert_marked(&mails, &[ham(), marked(), spam()]);
            mails
        });
    });
}
