use super::*;
use proptest::prelude::*;

fn parse(text: &str) -> Message {
    Message::parse(text.as_bytes().to_vec(), &Limits::default())
}

/// The tree, one part a line: depth, type, content in brackets.
fn tree(message: &Message) -> String {
    let line = |part: &Part| {
        let content = String::from_utf8_lossy(part.decoded());
        format!("{}{} {content:?}\n", " ".repeat(part.depth), part.content_type().escape_ascii())
    };
    message.parts().iter().map(line).collect()
}

#[test]
fn a_plain_message_is_one_leaf() {
    let message = parse("Subject: x\n\none\ntwo\n");
    assert_eq!(tree(&message), "text/plain \"one\\ntwo\\n\"\n");
    assert_eq!(message.pristine_headers(), b"Subject: x\n\n");
    assert_eq!(message.pristine_body(), b"one\ntwo\n");
    assert_eq!(message.parts()[0].charset(), Some(&b"us-ascii"[..]));
}

#[test]
fn parts_come_in_document_order() {
    let message = parse(concat!(
        "Content-Type: multipart/mixed; boundary=a\n\n",
        "--a\nContent-Type: multipart/alternative; boundary=b\n\n",
        "--b\nA: b\n\none\n--b\nContent-Type: text/html\n\ntwo\n--b--\n",
        "--a\nContent-Type: image/gif; name=x.gif\nContent-Transfer-Encoding: base64\n\nR0lG\n",
        "--a--\n",
    ));
    let expected = concat!(
        "multipart/mixed \"\"\n",
        " multipart/alternative \"\"\n",
        "  text/plain \"one\"\n",
        "  text/html \"two\"\n",
        " image/gif \"GIF\"\n",
    );
    assert_eq!(tree(&message), expected);
    let links: Vec<_> = message.parts().iter().map(|p| (p.parent, p.children.len())).collect();
    assert_eq!(links, [(None, 2), (Some(0), 2), (Some(1), 0), (Some(1), 0), (Some(0), 0)]);
    assert_eq!(message.leaves().count(), 3);
    assert_eq!(message.parts()[4].name(), Some(&b"x.gif"[..]));
    assert_eq!(*message.facts(), Facts::default());
}

#[test]
fn attached_messages_are_read_after_decoding() {
    let message = parse(concat!(
        "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n",
        "U3ViamVjdDogaW5uZXINCg0KaGVsbG8NCg==\n",
    ));
    assert_eq!(tree(&message), "message/rfc822 \"\"\n text/plain \"hello\\n\"\n");
    let inner = &message.parts()[1];
    assert_eq!(inner.headers.last(b"subject").unwrap().raw, b" inner\n");
    let empty = parse("Content-Type: message/rfc822\n\n");
    assert!(empty.parts()[0].is_leaf());
    let status = parse("Content-Type: message/delivery-status\n\nA: b\n\n");
    assert_eq!(tree(&status), "message/delivery-status \"A: b\\n\\n\"\n");
}

#[test]
fn types_have_defaults() {
    let digest = parse(concat!(
        "Content-Type: multipart/digest; boundary=a\n\n",
        "--a\n\nSubject: x\n\none\n--a\nContent-Type: text/x-c\n\ntwo\n--a--\n",
    ));
    let expected = concat!(
        "multipart/digest \"\"\n",
        " message/rfc822 \"\"\n",
        "  text/plain \"one\"\n",
        " text/plain \"two\"\n",
    );
    assert_eq!(tree(&digest), expected);
    let bare = parse("Content-Type: multipart/mixed\n\n--a\none\n");
    assert_eq!(tree(&bare), "text/plain \"\\n--a\\none\\n\"\n");
}

#[test]
fn a_multipart_without_its_boundary_is_one_part() {
    let text = parse("Content-Type: multipart/mixed; boundary=a\n\nA: 1\nB: 2\n");
    assert_eq!(tree(&text), "multipart/mixed \"\"\n text/plain \"A: 1\\nB: 2\\n\"\n");
    let line = parse("Content-Type: multipart/mixed; boundary=a\n\nA: 1\n");
    assert_eq!(tree(&line), "multipart/mixed \"\"\n text/plain \"A: 1\\n\"\n");
    let nothing = parse("Content-Type: multipart/mixed; boundary=a\n\n");
    assert_eq!(tree(&nothing), "multipart/mixed \"\"\n");
    assert_eq!(nothing.leaves().count(), 0);
}

#[test]
fn an_inner_multipart_may_use_the_outer_boundary() {
    let message = parse(concat!(
        "Content-Type: multipart/mixed; boundary=a\n\n",
        "--a\nContent-Type: multipart/mixed; boundary=a\n\n",
        "--a\n\none\n--a--\n\n--a\n\ntwo\n--a--\n",
    ));
    let expected = concat!(
        "multipart/mixed \"\"\n",
        " multipart/mixed \"\"\n",
        "  text/plain \"one\"\n",
        " text/plain \"two\"\n",
    );
    assert_eq!(tree(&message), expected);
    assert!(message.facts().reused_boundary);
}

#[test]
fn the_last_content_type_counts_and_several_are_a_fact() {
    let twice = parse("Content-Type: text/html\nContent-Type: image/gif\n\nx");
    assert_eq!(tree(&twice), "image/gif \"x\"\n");
    assert!(twice.facts().duplicate_content_type);
    let both = parse("Content-Type: multipart/x; boundary=a; boundary=b\n\n--a\n\nx\n--a--\n");
    assert!(both.facts().duplicate_boundary);
    assert!(
        parse("Content-Type: multipart/x; boundary=a\n\n--a\n\nx\n").facts().unbalanced_boundary
    );
}

#[test]
fn rules_do_not_see_x_spam_headers() {
    let message = parse("X-Spam-Level: *\nx-spam-flag: YES\nX-Spammer: 1\n\n");
    assert_eq!(message.headers().len(), 1);
    assert_eq!(message.pristine_headers().len(), message.pristine().len());
}

#[test]
fn limit_mime_depth() {
    let nested = |depth: usize| {
        let open: String = (0..depth)
            .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n"))
            .collect();
        open + "\nx\n"
    };
    let depth = |message: &Message| message.parts().iter().map(|part| part.depth).max();
    assert_eq!(depth(&parse(&nested(19))), Some(19));
    assert_eq!(depth(&parse(&nested(20))), Some(20));
    let deep = parse(&nested(500));
    assert_eq!(depth(&deep), Some(20));
    assert_eq!(deep.leaves().next().unwrap().content_type(), b"multipart/mixed");
    let messages = "Content-Type: message/rfc822\n\n".repeat(100_000);
    assert_eq!(depth(&parse(&messages)), Some(20));
}

#[test]
fn limit_mime_tree() {
    let limits = Limits { mime_tree: 5, ..Limits::default() };
    for (count, parts, reached) in [(4, 5, false), (5, 5, true), (900, 5, true)] {
        let text = format!(
            "Content-Type: multipart/x; boundary=a\n\n{}--a--\n",
            "--a\n\nx\n".repeat(count)
        );
        let text = text.replacen("--a--", "", 1) + "--a--\n";
        let message = Message::parse(text.into_bytes(), &limits);
        let notes = message.reached();
        assert_eq!((message.parts().len(), notes.has(Limit::MimeTree)), (parts, reached));
    }
}

#[test]
fn limit_header_block() {
    for (values, over) in [(7, false), (8, true)] {
        let field = format!("N: {}\n", "v".repeat(8190));
        let message = parse(&(field.repeat(values) + "\n"));
        assert_eq!(message.facts().truncated_header, over);
        assert_eq!(message.reached().has(Limit::HeaderBlock), over);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_message(
        pieces in proptest::collection::vec(
            prop_oneof![
                Just("Content-Type: multipart/mixed; boundary=a\n"),
                Just("Content-Type: message/rfc822\n"),
                Just("Content-Transfer-Encoding: base64\n"),
                Just("\n"), Just("\r\n"), Just("--a\n"), Just("--a--\n"), Just(" x\n"),
                Just("text"), Just("From x\n"), Just("X-Y: z\n"), Just("\u{e4}"), Just("\0"),
            ],
            0..40,
        ),
    ) {
        let message = parse(&pieces.concat());
        prop_assert!(!message.parts().is_empty());
        for (index, part) in message.parts().iter().enumerate() {
            prop_assert!(part.parent.is_none_or(|parent| parent < index));
            prop_assert!(part.children.iter().all(|&c| message.parts()[c].parent == Some(index)));
            prop_assert!(part.is_leaf() || part.raw().is_empty());
            part.decoded();
        }
        let both = [message.pristine_headers(), message.pristine_body()].concat();
        prop_assert_eq!(both, message.pristine());
    }
}
