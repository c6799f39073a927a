//! URIs of all sorts with what SpamAssassin 4.0.1 makes of them.
//!
//! Each truth was recorded by running it with the registry below and no redirectors.

use super::{collect, variants};
use crate::limits::Reached;
use crate::message::Settings;
use crate::text::domain::Registry;
use crate::text::pieces::Pieces;

type Table = &'static [(&'static [u8], &'static [&'static [u8]])];

fn settings() -> Settings {
    let set = |names: &[&str]| names.iter().map(|name| name.as_bytes().to_vec()).collect();
    let tlds = ["com", "net", "org", "de", "uk", "co", "us", "museum", "xn--p1ai"];
    let domains = Registry {
        tlds: set(&tlds),
        two_level: set(&["co.uk"]),
        three_level: set(&["demon.co.uk"]),
    };
    Settings { domains, ..Settings::default() }
}

fn check(table: Table, ours: impl Fn(&[u8]) -> Vec<Vec<u8>>) {
    let shown = |list: &[&[u8]]| -> Vec<String> {
        list.iter().map(|item| item.escape_ascii().to_string()).collect()
    };
    for (input, truth) in table {
        let ours = ours(input);
        let ours: Vec<&[u8]> = ours.iter().map(Vec::as_slice).collect();
        assert_eq!(shown(&ours), shown(truth), "{}", input.escape_ascii());
    }
}

#[test]
fn uris_in_text_are_found_as_spamassassin_finds_them() {
    let settings = settings();
    check(TEXT, |text| {
        let body: Pieces = [text].iter().collect();
        let uris = collect(&body, [], [], &settings);
        let mut found: Vec<Vec<u8>> = uris
            .details
            .iter()
            .map(|detail| {
                let mut types = detail.types.clone();
                types.sort_unstable();
                let mut cleaned = detail.cleaned.clone();
                cleaned.sort();
                [&detail.raw, types.join(",").as_bytes(), &cleaned.join(&b' ')].join(&b' ')
            })
            .collect();
        found.sort();
        found
    });
}

#[test]
fn disguises_are_undone_as_spamassassin_undoes_them() {
    let settings = settings();
    for (table, wide) in [(CANONICAL, false), (CANONICAL_WIDE, true)] {
        check(table, |uri| {
            let mut forms = variants(uri, wide, &settings, &mut Reached::default());
            forms.sort();
            forms
        });
    }
}

#[test]
fn hosts_are_what_spamassassin_takes_them_for() {
    let settings = settings();
    check(HOSTS, |uri| {
        let host = settings.domains.host_of_uri(uri);
        host.map(|host| vec![host.name, host.domain]).unwrap_or_default()
    });
}

/// Text; raw URIs, each with its types and cleaned forms.
#[rustfmt::skip]
const TEXT: Table = &[
    (b"see http://example.com/x.", &[b"http://example.com/x parsed http://example.com/x"]),
    (b"(http://example.com/a(b)c)", &[b"http://example.com/a(b)c parsed http://example.com/a(b)c"]),
    (b"<http://example.com>", &[b"http://example.com parsed http://example.com"]),
    (b"http://example.com/a)b)c", &[b"http://example.com/a)b parsed http://example.com/a)b"]),
    (b"www.example.com, and www2.example.org!", &[b"http://www.example.com parsed,schemeless http://www.example.com", b"http://www2.example.org parsed,schemeless http://www2.example.org"]),
    (b"ftp.example.com/x", &[b"ftp://ftp.example.com/x parsed,schemeless ftp://ftp.example.com/x"]),
    (b"www123.example.com", &[b"http://www123.example.com parsed,schemeless,unlinked http://www123.example.com"]),
    (b"WWW.EXAMPLE.COM", &[b"http://WWW.EXAMPLE.COM parsed,schemeless http://WWW.EXAMPLE.COM"]),
    (b"hTTps://Example.COM/", &[b"hTTps://Example.COM/ parsed hTTps://Example.COM/"]),
    (b"foo@example.com", &[b"mailto:foo@example.com parsed,schemeless mailto:foo@example.com"]),
    (b"mailto:foo@example.com?subject=x", &[b"mailto:foo@example.com?subject=x parsed mailto:foo@example.com mailto:foo@example.com?subject=x"]),
    (b"MAILTO:foo@example.com", &[b"MAILTO:foo@example.com parsed MAILTO:foo@example.com"]),
    (b"foo@example.com.", &[b"mailto:foo@example.com parsed,schemeless mailto:foo@example.com"]),
    (b"a@b@example.com", &[]),
    (b"foo@bar", &[]),
    (b"vi@gra", &[]),
    (b"foo@example.nosuch", &[]),
    (b"example.com", &[b"http://example.com parsed,schemeless,unlinked http://example.com"]),
    (b"Example.co.uk/path", &[b"http://Example.co.uk/path parsed,schemeless,unlinked http://Example.co.uk/path"]),
    (b"foo.example.com:80/x", &[b"http://foo.example.com:80/x parsed,schemeless,unlinked http://foo.example.com/x http://foo.example.com:80/x"]),
    (b"example.com:123456", &[]),
    (b"example.com/", &[]),
    (b"example.com/a", &[b"http://example.com/a parsed,schemeless,unlinked http://example.com/a"]),
    (b"example.com.", &[b"http://example.com parsed,schemeless,unlinked http://example.com"]),
    (b"example.com..", &[]),
    (b"example.com:", &[]),
    (b"example.com:80", &[b"http://example.com:80 parsed,schemeless,unlinked http://example.com http://example.com:80"]),
    (b"foo_bar.com", &[]),
    (b"_foo.example.com", &[]),
    (b"-foo.com", &[]),
    (b"a-.com", &[]),
    (b"example.com_", &[]),
    (b"example.com-x", &[]),
    (b"x.example.com.y", &[]),
    (b"http://example", &[b"http://example parsed http://example http://www.example.com"]),
    (b"http://localhost/", &[]),
    (b"http://foobar/", &[b"http://foobar/ parsed http://foobar/ http://www.foobar.com/"]),
    (b"http://1.2.3.4/x", &[b"http://1.2.3.4/x parsed http://1.2.3.4/x"]),
    (b"http://0x7f000001/", &[b"http://0x7f000001/ parsed http://0x7f000001/ http://127.0.0.1/"]),
    (b"http://1113343453/", &[b"http://1113343453/ parsed http://1113343453/ http://66.92.69.221/"]),
    (b"http://0177.0.0.01/", &[]),
    (b"http://300.1.1.1/", &[]),
    (b"http://user:pw@example.com/", &[b"http://user:pw@example.com/ parsed http://user:pw@example.com/"]),
    (b"http://example.com:80/", &[b"http://example.com:80/ parsed http://example.com/ http://example.com:80/"]),
    (b"https://example.com:443/", &[b"https://example.com:443/ parsed https://example.com/ https://example.com:443/"]),
    (b"http://example.com:443/", &[b"http://example.com:443/ parsed http://example.com:443/"]),
    (b"http://example.com%2ehttp://x.com", &[]),
    (b"http://%65xample.com/", &[b"http://%65xample.com/ parsed http://%65xample.com/ http://example.com/"]),
    (b"http://example%2ecom/", &[b"http://example%2ecom/ parsed http://example%2ecom/ http://example.com/"]),
    (b"http://example.com/?u=http://other.com/x", &[b"http://example.com/?u=http://other.com/x parsed http://example.com/?u=http://other.com/x http://other.com/x"]),
    (b"http://example.com/http:/other.com", &[b"http://example.com/http:/other.com parsed http://example.com/http:/other.com http://other.com http:/other.com"]),
    (b"a http://example.com b http://example.com/ c", &[b"http://example.com parsed http://example.com", b"http://example.com/ parsed http://example.com/"]),
    (b"\"http://example.com\"", &[b"http://example.com parsed http://example.com"]),
    (b"'http://example.com'", &[b"http://example.com parsed http://example.com"]),
    (b"`http://example.com`", &[b"http://example.com parsed http://example.com"]),
    (b"[http://example.com]", &[b"http://example.com parsed http://example.com"]),
    (b"{www.example.com}", &[b"http://www.example.com parsed,schemeless http://www.example.com"]),
    (b"|www.example.com|", &[b"http://www.example.com parsed,schemeless http://www.example.com"]),
    (b"x=http://example.com", &[b"http://example.com parsed http://example.com"]),
    (b"xhttp://example.com", &[b"http://example.com parsed,schemeless,unlinked http://example.com"]),
    (b"1www.example.com", &[b"http://1www.example.com parsed,schemeless,unlinked http://1www.example.com"]),
    (b".www.example.com", &[b"http://www.example.com parsed,schemeless http://www.example.com"]),
    (b"/www.example.com", &[b"http://www.example.com parsed,schemeless http://www.example.com"]),
    (b"@www.example.com", &[b"http://www.example.com parsed,schemeless http://www.example.com"]),
    (b"foo:example.com", &[b"http://example.com parsed,schemeless,unlinked http://example.com"]),
    (b"foo=example.com", &[b"http://example.com parsed,schemeless,unlinked http://example.com"]),
    (b"foo.example.com@bar", &[]),
    (b"email:foo@example.com", &[b"mailto:foo@example.com parsed,schemeless mailto:foo@example.com"]),
    (b"e-mail:foo@example.com", &[b"mailto:foo@example.com parsed,schemeless mailto:foo@example.com"]),
    (b"skype:foo@example.com", &[b"mailto:foo@example.com parsed,schemeless mailto:foo@example.com"]),
    (b"::foo@example.com", &[b"mailto:foo@example.com parsed,schemeless mailto:foo@example.com"]),
    (b"cid:foo@example.com", &[]),
    (b"mid:foo@example.com", &[]),
    (b"foo/bar@example.com", &[b"http://foo/bar@example.com parsed,schemeless http://foo/bar@example.com http://www.foo.com/bar@example.com"]),
    (b"foo%40example.com", &[]),
    (b"mailto:foo%40example.com", &[]),
    (b"mailto:foo@example%2ecom", &[b"mailto:foo@example.com parsed mailto:foo@example.com"]),
    (b"foo@example.com%20", &[b"mailto:foo@example.com%20 parsed,schemeless mailto:foo@example.com mailto:foo@example.com%20"]),
    (b"foo@example.com&x", &[b"mailto:foo@example.com&x parsed,schemeless mailto:foo@example.com mailto:foo@example.com&x"]),
    (b"foo@example.com?x=y", &[b"mailto:foo@example.com?x=y parsed,schemeless mailto:foo@example.com mailto:foo@example.com?x=y"]),
    (b"foo@example.com,bar@example.org", &[b"mailto:bar@example.org parsed,schemeless mailto:bar@example.org", b"mailto:foo@example.com parsed,schemeless mailto:foo@example.com"]),
    (b"foo@example.com(x)", &[b"mailto:foo@example.com parsed,schemeless mailto:foo@example.com"]),
    (b"foo'@example.com", &[b"http://example.com parsed,schemeless,unlinked http://example.com"]),
    (b"foo@example.com'x", &[b"mailto:foo@example.com parsed,schemeless mailto:foo@example.com"]),
    (b"f\xc3\xb6o@example.com", &[b"mailto:o@example.com parsed,schemeless mailto:o@example.com"]),
    (b"foo@ex\xc3\xa4mple.com", &[]),
    (b"http://ex\xc3\xa4mple.com/", &[b"http://ex\xc3\xa4mple.com/ parsed http://ex\xc3\xa4mple.com/ http://xn--exmple-cua.com/"]),
    (b"http://example.com/\xc3\xa0x", &[b"http://example.com/\xc3 parsed http://example.com/\xc3"]),
    (b"http://example.com/\xe9", &[b"http://example.com/\xe9 parsed http://example.com/\xe9"]),
    (b"\xc3\xa0example.com", &[b"http://example.com parsed,schemeless,unlinked http://example.com"]),
    (b"\x1b(Bwww.example.com\x1b(J", &[b"http://Bwww.example.com parsed,schemeless,unlinked http://Bwww.example.com"]),
    (b"\x1b$Bexample.com", &[b"http://Bexample.com parsed,schemeless,unlinked http://Bexample.com"]),
    (b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.com", &[b"mailto:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.com parsed,schemeless mailto:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.com"]),
    (b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.com", &[b"http://example.com parsed,schemeless,unlinked http://example.com"]),
    (b"x@bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.com", &[]),
    (b"x@bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.com", &[]),
    (b"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.com", &[]),
    (b"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.com", &[b"http://a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.com parsed,schemeless,unlinked http://a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.com"]),
    (b"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.com", &[]),
    (b"http://bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.com", &[]),
    (b"a:b:c@example.com", &[b"mailto:a:b:c@example.com parsed,schemeless mailto:a:b:c@example.com"]),
    (b"http:example.com", &[b"http://example.com parsed,schemeless,unlinked http://example.com"]),
    (b"http:/example.com", &[b"http://example.com parsed,schemeless,unlinked http://example.com"]),
    (b"http://", &[]),
    (b"http:///example.com", &[]),
    (b"https:/", &[]),
    (b"ftp://example.com", &[b"ftp://example.com parsed ftp://example.com"]),
    (b"ftp://x", &[]),
    (b"http://example.com\\x", &[b"http://example.com\\x parsed http://example.com/x http://example.com\\x"]),
    (b"http:\\\\example.com", &[b"http://example.com parsed,schemeless,unlinked http://example.com"]),
    (b"www.example.com\\x", &[b"http://www.example.com\\x parsed,schemeless http://www.example.com/x http://www.example.com\\x"]),
    (b"http://www.example.com&#46;x", &[b"http://www.example.com&#46;x parsed http://www.example.com&#46;x http://www.example.com&/#46;x http://www.example.com/#46;x"]),
    (b"http://a.example&#46;com", &[]),
    (b"http://example.com?x=1", &[b"http://example.com?x=1 parsed http://example.com/?x=1 http://example.com?x=1"]),
    (b"http://example.com#x", &[b"http://example.com#x parsed http://example.com#x http://example.com/#x"]),
    (b"//example.com", &[b"http://example.com parsed,schemeless,unlinked http://example.com"]),
    (b"?example.com", &[b"http://example.com parsed,schemeless,unlinked http://example.com"]),
    (b"#example.com", &[b"http://example.com parsed,schemeless,unlinked http://example.com"]),
    (b"!example.com", &[b"http://example.com parsed,schemeless,unlinked http://example.com"]),
    (b"$example.com", &[b"http://example.com parsed,schemeless,unlinked http://example.com"]),
    (b"%example.com", &[]),
    (b"+example.com", &[b"http://example.com parsed,schemeless,unlinked http://example.com"]),
    (b"~example.com", &[b"http://example.com parsed,schemeless,unlinked http://example.com"]),
    (b"a.b.museum", &[b"http://a.b.museum parsed,schemeless,unlinked http://a.b.museum"]),
    (b"x.xn--p1ai", &[b"http://x.xn--p1ai parsed,schemeless,unlinked http://x.xn--p1ai"]),
    (b"\xd0\xbf.xn--p1ai", &[]),
    (b"example.COM:8080/x", &[b"http://example.COM:8080/x parsed,schemeless,unlinked http://example.COM:8080/x"]),
    (b"1.2.3.4", &[]),
    (b"1.2.3.4/x", &[]),
    (b"foo.com@bar.com", &[b"mailto:foo.com@bar.com parsed,schemeless mailto:foo.com@bar.com"]),
    (b"foo@bar.com@baz.org", &[]),
    (b"foo@bar.com/x", &[]),
    (b"http://foo@bar.com/", &[b"http://foo@bar.com/ parsed http://foo@bar.com/"]),
    (b"http://[::1]/", &[]),
    (b"http://::1/", &[]),
    (b"javascript:x.com", &[b"http://x.com parsed,schemeless,unlinked http://x.com"]),
    (b"file://example.com/x", &[b"http://example.com/x parsed,schemeless,unlinked http://example.com/x"]),
    (b"x.com,y.com;z.com", &[b"http://z.com parsed,schemeless,unlinked http://z.com"]),
    (b"x.com:y.com", &[b"http://y.com parsed,schemeless,unlinked http://y.com"]),
    (b"x.com/y.com", &[b"http://x.com/y.com parsed,schemeless,unlinked http://x.com/y.com"]),
    (b"x.com.y", &[]),
    (b"http://x.com,http://y.com", &[]),
    (b"http://x.com;www.y.com", &[]),
    (b"a@x.com;b@y.com", &[]),
    (b"see:www.x.com", &[b"http://www.x.com parsed,schemeless http://www.x.com"]),
    (b"\xa0www.x.com\xa0", &[b"http://www.x.com parsed,schemeless http://www.x.com"]),
    (b"foo\xa0x.com", &[b"http://x.com parsed,schemeless,unlinked http://x.com"]),
    (b"\xe2\x80\xa0x.com", &[b"http://x.com parsed,schemeless,unlinked http://x.com"]),
    (b"&nbsp;foo@x.com", &[b"mailto:nbsp;foo@x.com parsed,schemeless mailto:nbsp;foo@x.com"]),
    (b"a&nbsp;b@x.com", &[]),
    (b"x.com&nbsp;", &[]),
    (b"www..com", &[]),
    (b"www.com", &[b"http://www.com parsed,schemeless http://www.com"]),
    (b"http://com", &[b"http://com parsed http://com http://www.com.com"]),
    (b"ftp.com", &[b"ftp://ftp.com parsed,schemeless ftp://ftp.com"]),
    (b"http://a..b.com/", &[]),
    (b"www.x.com...", &[b"http://www.x.com parsed,schemeless http://www.x.com"]),
    (b"__www.x.com__", &[]),
    (b"*x.com*", &[]),
    (b"(x.com)", &[]),
    (b"http://x.com/(a)", &[b"http://x.com/(a parsed http://x.com/(a"]),
    (b"www.x.com)(", &[b"http://www.x.com parsed,schemeless http://www.x.com"]),
    (b"a)b.com", &[b"http://b.com parsed,schemeless,unlinked http://b.com"]),
    (b"x@-x.com", &[]),
    (b"x@x.com-", &[b"mailto:x@x.com parsed,schemeless mailto:x@x.com"]),
    (b"ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd.com", &[b"http://ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd.com parsed,schemeless,unlinked http://ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd.com"]),
    (b"x.com's", &[]),
    (b"x.com\xe2\x80\x99s", &[]),
    (b"http://x.com\xe2\x80\x99s", &[]),
];

/// A URI; its forms.
#[rustfmt::skip]
const CANONICAL: Table = &[
    (b"http://example.com/", &[b"http://example.com/"]),
    (b"http://example.com", &[b"http://example.com"]),
    (b"HTTP://EXAMPLE.COM:80/", &[b"HTTP://EXAMPLE.COM:80/"]),
    (b"http://example.com:80", &[b"http://example.com", b"http://example.com:80"]),
    (b"http://example.com:80a", &[b"http://example.com:80a"]),
    (b"http://example.com:8080/", &[b"http://example.com:8080/"]),
    (b"http://example.com:/x", &[b"http://example.com:/x"]),
    (b"https://example.com:443", &[b"https://example.com", b"https://example.com:443"]),
    (b"https://example.com:80/", &[b"https://example.com:80/"]),
    (b"http://user@example.com/", &[b"http://user@example.com/"]),
    (b"http://user@/", &[b"http:///", b"http://user@/", b"http://www.user@.com/"]),
    (b"http://@example.com", &[b"http://@example.com"]),
    (b"http://a@b@example.com/", &[b"http://a@b@example.com/", b"http://example.com/"]),
    (b"http://user:pw@example.com:81/", &[b"http://user:pw@example.com:81/"]),
    (b"http:example.com", &[b"http://example.com", b"http:example.com"]),
    (b"http:/example.com", &[b"http://example.com", b"http:/example.com"]),
    (b"http:////example.com", &[b"http:////example.com"]),
    (b"example.com", &[b"example.com", b"http://example.com"]),
    (b"ftp.example.com", &[b"ftp.example.com", b"ftp://ftp.example.com"]),
    (b"FTP.example.com", &[b"FTP.example.com", b"http://FTP.example.com"]),
    (b"ftp://example.com", &[b"ftp://example.com"]),
    (b"/x", &[b"/x"]),
    (b"//example.com", &[b"//example.com", b"http:////example.com"]),
    (b"#x", &[b"#x"]),
    (b"?x", &[b"?x"]),
    (b"&x", &[b"&x"]),
    (b"x", &[b"x"]),
    (b"", &[b""]),
    (b"  http://x.com \n", &[b"http://x.com"]),
    (b"http://x\n.com\r/", &[b"http://x.com/"]),
    (b"http://example.com?x", &[b"http://example.com/?x", b"http://example.com?x"]),
    (b"http://example.com#x", &[b"http://example.com#x", b"http://example.com/#x"]),
    (b"http:\\\\example.com\\x", &[b"http://example.com/x", b"http:\\\\example.com\\x"]),
    (b"http://%77%77%77.example.com/", &[b"http://%77%77%77.example.com/", b"http://www.example.com/"]),
    (b"http://example.com/%20%41%2f%25%7f", &[b"http://example.com/%20%41%2f%25%7f", b"http://example.com/%20A/%%7f"]),
    (b"http://example.com/%41\"<>% \x01", &[b"http://example.com/%41\"<>% \x01", b"http://example.com/A%22%3c%3e%25%20%01"]),
    (b"http://www&#46;x.com", &[b"http://www&#46;x.com", b"http://www&/#46;x.com", b"http://www.www&.com/#46;x.com", b"http://www/#46;x.com"]),
    (b"http://&#119;&#0119;&#x77;.x.com", &[b"http://&#119;&#0119;&#x77;.x.com", b"http://&/#119;ww.x.com", b"http:///#119;ww.x.com", b"http://www.&.com/#119;ww.x.com"]),
    (b"http://x&#12290;com&#xFF0E;uk&#x2E;", &[b"http://www.x&.com/#12290;com.uk.", b"http://x&#12290;com&#xFF0E;uk&#x2E;", b"http://x&/#12290;com.uk.", b"http://x/#12290;com.uk."]),
    (b"http://&#x41;&#X41;&#200;", &[b"http://&#x41;&#X41;&#200;", b"http://&/#x41;&#X41;&#200;", b"http:///#x41;&#X41;&#200;", b"http://www.&.com/#x41;&#X41;&#200;"]),
    (b"http://x.com.", &[b"http://x.com", b"http://x.com."]),
    (b"http://x.com...", &[b"http://x.com", b"http://x.com..."]),
    (b"http://x.com!!!/y", &[b"http://x.com!!!/y", b"http://x.com/y"]),
    (b"http://x .com/", &[b"http://x .com/", b"http://x.com/"]),
    (b"http://\x01x.com/", &[b"http://\x01x.com/", b"http://x.com/"]),
    (b"http://1.2.3.4/", &[b"http://1.2.3.4/"]),
    (b"http://0x7f.0.0.1/", &[b"http://0x7f.0.0.1/", b"http://127...1/"]),
    (b"http://0x7f.0x0.0x00.0x01/", &[b"http://0x7f.0x0.0x00.0x01/", b"http://127...1/"]),
    (b"http://0177.0.0.01/", &[b"http://0177.0.0.01/", b"http://127...1/"]),
    (b"http://127.0.0.1", &[b"http://127...1", b"http://127.0.0.1"]),
    (b"http://0300.0250.0.01/", &[b"http://0300.0250.0.01/", b"http://192.168..1/"]),
    (b"http://089.1.1.1", &[b"http://089.1.1.1", b"http://89.1.1.1"]),
    (b"http://0.0.0.0/", &[b"http://.../", b"http://0.0.0.0/"]),
    (b"http://0400.1.1.1/", &[b"http://0400.1.1.1/", b"http://400.1.1.1/"]),
    (b"http://010.08.1.1/", &[b"http://010.08.1.1/", b"http://8.8.1.1/"]),
    (b"http://0x7f000001/", &[b"http://0x7f000001/", b"http://127.0.0.1/"]),
    (b"http://0xaaaaaaaa7f000001/", &[b"http://0xaaaaaaaa7f000001/", b"http://127.0.0.1/"]),
    (b"http://0xf/", &[b"http://0.0.0.15/", b"http://0xf/"]),
    (b"http://1113343453/", &[b"http://1113343453/", b"http://66.92.69.221/"]),
    (b"http://99999999999/", &[b"http://23.72.118.231/", b"http://99999999999/"]),
    (b"http://99999999999999999999999/", &[b"http://255.255.255.255/", b"http://99999999999999999999999/"]),
    (b"http://0/", &[b"http://0.0.0.0/", b"http://0/"]),
    (b"http://foobar", &[b"http://foobar", b"http://www.foobar.com"]),
    (b"http://foobar/", &[b"http://foobar/", b"http://www.foobar.com/"]),
    (b"http://foobar:80/", &[b"http://foobar/", b"http://foobar:80/", b"http://www.foobar.com:80/"]),
    (b"http://foobar:81/", &[b"http://foobar:81/"]),
    (b"https://foobar/", &[b"https://foobar/"]),
    (b"http://localhost/", &[b"http://localhost/"]),
    (b"http://u@foobar/", &[b"http://u@foobar/"]),
    (b"http://www.foobar/", &[b"http://www.foobar.com/", b"http://www.foobar/"]),
    (b"http://www.com/", &[b"http://www.com/"]),
    (b"http://www./", &[b"http://www./", b"http://www/"]),
    (b"http://com/", &[b"http://com/", b"http://www.com.com/"]),
    (b"http://FooBar/", &[b"http://FooBar/", b"http://www.foobar.com/"]),
    (b"HTTP://foobar/", &[b"HTTP://foobar/"]),
    (b"http://x.com/http://y.com", &[b"http://x.com/http://y.com", b"http://y.com"]),
    (b"http://x.com/?http:y.com&z", &[b"http://x.com/?http:y.com&z", b"http://y.com", b"http:y.com"]),
    (b"http://x.com/https:/y.com#z", &[b"http://x.com/https:/y.com#z", b"https://y.com", b"https:/y.com"]),
    (b"http://x.com/http:&y.com", &[b"http://x.com/http:&y.com"]),
    (b"http://x.com/http", &[b"http://x.com/http"]),
    (b"http://x.com/http://y", &[b"http://x.com/http://y"]),
    (b"http://x.com/http://y.com/http://z.com/http://w.com", &[b"http://w.com", b"http://x.com/http://y.com/http://z.com/http://w.com", b"http://y.com/http://z.com/http://w.com", b"http://z.com/http://w.com"]),
    (b"http://x.com/?u=http%3a%2f%2fy.com", &[b"http://x.com/?u=http%3a%2f%2fy.com", b"http://x.com/?u=http://y.com", b"http://y.com"]),
    (b"mailto:a@b.com", &[b"mailto:a@b.com"]),
    (b"mailto:a@b.com?s=x", &[b"mailto:a@b.com", b"mailto:a@b.com?s=x"]),
    (b"mailto:a@b.com&x", &[b"mailto:a@b.com", b"mailto:a@b.com&x"]),
    (b"mailto:a@b.com?x&y", &[b"mailto:a@b.com", b"mailto:a@b.com?x&y"]),
    (b"a@b.com", &[b"a@b.com"]),
    (b"a@b.com?x", &[b"a@b.com", b"a@b.com?x"]),
    (b"mailto:%20a@b.com%20", &[b"mailto:%20a@b.com%20", b"mailto:a@b.com"]),
    (b"mailto:%20%20@b.com", &[b"mailto:%20%20@b.com", b"mailto:%20@b.com"]),
    (b"mailto:@b.com%20", &[b"mailto:@b.com%20", b"mailto:mailto:@b.com"]),
    (b"MAILTO:a@b.com%20", &[b"MAILTO:a@b.com%20", b"mailto:MAILTO:a@b.com"]),
    (b"mailto:Foo%20Bar%20<a@b.com>", &[b"mailto:Foo%20Bar%20<a@b.com>", b"mailto:a@b.com"]),
    (b"mailto:<a@b.com>", &[b"mailto:<a@b.com>", b"mailto:a@b.com"]),
    (b"mailto:<<a@b.com>>", &[b"mailto:<<a@b.com>>", b"mailto:a@b.com"]),
    (b"mailto:x<a@>b@c>", &[b"mailto:x<a@>b@c>"]),
    (b"mailto:?<a@b.com>", &[b"mailto:?<a@b.com>"]),
    (b"mailto:<a@b.com", &[b"mailto:<a@b.com"]),
    (b"mailto:a", &[b"mailto:a"]),
    (b"x:a@b.com", &[b"x:a@b.com"]),
    (b"x?a@b.com", &[b"x?a@b.com"]),
    (b"cid:x@y", &[b"cid:x@y"]),
    (b"javascript:x", &[b"javascript:x"]),
    (b"http://b\xc3\xbccher.de/", &[b"http://b\xc3\xbccher.de/", b"http://xn--bcher-kva.de/"]),
    (b"http://B\xc3\xbccher.de:80/x", &[b"http://B\xc3\xbccher.de/x", b"http://B\xc3\xbccher.de:80/x", b"http://xn--bcher-kva.de/x", b"http://xn--bcher-kva.de:80/x"]),
    (b"http://b\xc3\xbccher.de:81/x", &[b"http://b\xc3\xbccher.de:81/x", b"http://xn--bcher-kva.de:81/x"]),
    (b"http://b\xfccher.de/", &[b"http://b\xfccher.de/", b"http://xn--bcher-kva.de/"]),
    (b"http://x\xe3\x80\x82com/", &[b"http://x.com/", b"http://x\xe3\x80\x82com/"]),
    (b"http://\xf0\x9f\x98\x80.com/", &[b"http://\xf0\x9f\x98\x80.com/"]),
    (b"http://x.com/\xc3\xa9", &[b"http://x.com/\xc3\xa9"]),
    (b"http://x.com/%41\xc3\xa9", &[b"http://x.com/%41\xc3\xa9", b"http://x.com/A%c3%a9"]),
    (b"http://x_y.com", &[b"http://x_y.com"]),
    (b"http://x!y.com", &[b"http://x!y.com"]),
    (b"http://[::1]/", &[b"http://::1]/", b"http://[::1]/", b"http://www.[.com::1]/"]),
    (b"http://x.com:80:80/", &[b"http://x.com:80/", b"http://x.com:80:80/"]),
    (b"http://:80/", &[b"http://:80/"]),
    (b"http://", &[b"http://"]),
    (b"https://", &[b"https://"]),
    (b"http:", &[b"http:", b"http://"]),
    (b"http://?x", &[b"http://?x"]),
    (b"http://x?y?z#w", &[b"http://www.x.com/?y?z#w", b"http://x/?y?z#w", b"http://x?y?z#w"]),
    (b"data:text/html,x", &[b"data:text/html,x"]),
    (b"//x.com/a", &[b"//x.com/a", b"http:////x.com/a"]),
    (b"\\\\x.com", &[b"\\\\x.com", b"http:////x.com"]),
    (b"x-y:z", &[b"x-y:z"]),
    (b"a b", &[b"a b", b"http://a b", b"http://ab", b"http://www.a b.com"]),
    (b"http://a%zz%41", &[b"http://a%25zzA", b"http://a%zz%41", b"http://www.a%25zza.com"]),
    (b"http://x.com/%252525252541", &[b"http://x.com/%252525252541", b"http://x.com/%2525252541"]),
    (b"http://%2577.com", &[b"http://%2577.com", b"http://%77.com"]),
    (b"%41,-", &[b"%41,-", b"http://A", b"http://A,-", b"http://www.A,-.com"]),
    (b"]0x7f\xc3\xa9(::", &[b"]0x7f\xc3\xa9(::", b"http://]0x7f::", b"http://]0x7f\xc3\xa9(::", b"http://www.]0x7f\xc3\xa9(.com::"]),
    (b"A!-.x", &[b"A!-.x", b"http://A!-.x"]),
];

/// A URI of characters; its forms.
#[rustfmt::skip]
const CANONICAL_WIDE: Table = &[
    (b"http://b\xc3\xbccher.de/", &[b"http://b\xc3\xbccher.de/", b"http://xn--bcher-kva.de/"]),
    (b"http://\xc3\xb0947m\xc2\x9f3v\xc2\x9c97sY.x.com/a", &[b"http://\xc3\x83\xc2\xb0947m\xc3\x82\xc2\x9f3v\xc3\x82\xc2\x9c97sY.x.com/a", b"http://\xc3\xb0947m\xc2\x9f3v\xc2\x9c97sY.x.com/a"]),
    (b"http://\xf0\x9f\x98\x80.COM/x", &[b"http://\xc3\xb0\xc2\x9f\xc2\x98\xc2\x80.COM/x", b"http://\xf0\x9f\x98\x80.COM/x"]),
    (b"http://x.com/\xc3\xa9%41", &[b"http://x.com/%e9A", b"http://x.com/\xc3\xa9%41"]),
    (b"http://x.com/\xe2\x80\x94%41", &[b"http://x.com/\xe2\x80\x94%41", b"http://x.com/\xe2\x80\x94A"]),
    (b"http://x\xe3\x80\x82com/", &[b"http://x.com/", b"http://x\xe3\x80\x82com/"]),
    (b"http://\xc3\x9c.com:80/y", &[b"http://xn--tda.com/y", b"http://xn--tda.com:80/y", b"http://\xc3\x9c.com/y", b"http://\xc3\x9c.com:80/y"]),
    (b"http://x.com/\xc3\xa9", &[b"http://x.com/\xc3\xa9"]),
    (b"\xc3\xa9", &[b"\xc3\xa9"]),
    (b"\xc2\xa0x.com\xc2\xa0", &[b"http://x.com", b"x.com"]),
];

/// A URI; its host and domain.
#[rustfmt::skip]
const HOSTS: Table = &[
    (b"http://www.example.com/", &[b"www.example.com", b"example.com"]),
    (b"http://WWW.Example.CO.UK:80/x?y", &[b"www.example.co.uk", b"example.co.uk"]),
    (b"http://a.b.demon.co.uk", &[b"a.b.demon.co.uk", b"b.demon.co.uk"]),
    (b"http://co.uk/", &[b"co.uk", b"co.uk"]),
    (b"http://com/", &[]),
    (b"http://example.nosuch/", &[]),
    (b"mailto:a@example.com", &[b"example.com", b"example.com"]),
    (b"mailto:a@b@example.com", &[]),
    (b"mailto:a@example.com?x@y", &[b"example.com", b"example.com"]),
    (b"http://u:p@example.com/", &[b"example.com", b"example.com"]),
    (b"http://u@v@example.com/", &[b"example.com", b"example.com"]),
    (b"http://example.com:", &[b"example.com", b"example.com"]),
    (b"http://example.com./", &[]),
    (b"http://a..example.com/", &[]),
    (b"http://1.2.3.4/", &[b"1.2.3.4", b"1.2.3.4"]),
    (b"http://1.2.3.4.5/", &[]),
    (b"http://01.2.3.4/", &[]),
    (b"http://a%41.com/", &[]),
    (b"http://a%20.com/", &[]),
    (b"http://a%2.com/", &[]),
    (b"javascript:x.com", &[]),
    (b"cid:x.com", &[]),
    (b"file://x.com/", &[]),
    (b"ftp://x.com", &[b"x.com", b"x.com"]),
    (b"x.com", &[b"x.com", b"x.com"]),
    (b"X.COM", &[b"x.com", b"x.com"]),
    (b"foo:x.com", &[b"x.com", b"x.com"]),
    (b"a1:x.com", &[]),
    (b"http://x_y.com", &[]),
    (b"http://x_y.z.com", &[b"x_y.z.com", b"z.com"]),
    (b"http://-x.com", &[]),
    (b"http://x-.com", &[]),
    (b"http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.com", &[b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.com", b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.com"]),
    (b"http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.com", &[]),
    (b"http://a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.com", &[b"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.com", b"a.com"]),
    (b"http://a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.com", &[]),
    (b"http://b\xc3\xbccher.de/", &[b"xn--bcher-kva.de", b"xn--bcher-kva.de"]),
    (b"http://foo.ca.us/", &[b"foo.ca.us", b"foo.ca.us"]),
    (b"http://x.y.ca.us/", &[b"x.y.ca.us", b"x.y.ca.us"]),
    (b"http://x.pvt.k12.ca.us/", &[b"x.pvt.k12.ca.us", b"x.pvt.k12.ca.us"]),
    (b"http://y.x.pvt.k12.ca.us/", &[b"y.x.pvt.k12.ca.us", b"x.pvt.k12.ca.us"]),
    (b"http://ci.x.ca.us/", &[b"ci.x.ca.us", b"ci.x.ca.us"]),
    (b"http://a.ci.x.ca.us/", &[b"a.ci.x.ca.us", b"a.ci.x.ca.us"]),
    (b"http://x.co.zz.us", &[b"x.co.zz.us", b"zz.us"]),
    (b"http://[::1]/", &[]),
    (b"::1", &[]),
    (b"IPv6:::1", &[]),
    (b"domainkeys:example.com", &[b"example.com", b"example.com"]),
    (b"http://example.com\\x", &[]),
    (b"http://example com/", &[]),
    (b"", &[]),
];
