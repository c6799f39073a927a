//! Cases of our own: what each section of RFC 7208 asks for, in one zone.

use super::zone::Zone;
use super::{check_now, outcome_of};
use mailprint::auth::spf::{Heights, Reading, Request};

const ZONE: &str = r#"
    plain.example        TXT  "v=spf1 ip4:192.0.2.0/25 -all"
    pieces.example       TXT  "v=sp" "f1 ip4:192.0.2" ".1 -a" "ll"
    other.example        TXT  "site-verification=0123"
    other.example        TXT  "v=spf1 ~all"
    near.example         TXT  "v=spf1.0 -all"
    two.example          TXT  "v=spf1 ?all"
    two.example          TXT  "V=SPF1 -all"
    empty.example        TXT  "v=spf1"
    spaces.example       TXT  "v=spf1   ip4:192.0.2.1   -all  "
    octets.example       TXT  "v=spf1 ip4:192.0.2.1 -all x=é"
    torn.example         TXT  "v=spf1 ip4:192.0.2.1 -all nonsense"
    silent.example       SILENT
    nothing.example      A    192.0.2.200

    six.example          TXT  "v=spf1 ip6:2001:db8:1::/48 ip4:192.0.2.7 -all"
    mapped.example       TXT  "v=spf1 ip6:::ffff:192.0.2.1 ip6:::/0 -all"
    first.example        TXT  "v=spf1 ?ip4:192.0.2.1 +ip4:192.0.2.1 -all"

    host.example         A    192.0.2.20
    host.example         A    192.0.2.21
    host.example         AAAA 2001:db8:2::20
    a.example            TXT  "v=spf1 a:host.example -all"
    anet.example         TXT  "v=spf1 a:host.example/27//64 -all"
    own.example          TXT  "v=spf1 a -all"
    own.example          A    192.0.2.30
    alias.example        TXT  "v=spf1 a:www.alias.example -all"
    www.alias.example    CNAME host.example
    circle.example       TXT  "v=spf1 a:round.circle.example -all"
    round.circle.example CNAME round.circle.example
    lost.example         TXT  "v=spf1 a:silent.example -all"
    bad.example          TXT  "v=spf1 a:x..y.example -all"

    mx.example           TXT  "v=spf1 mx -all"
    mx.example           MX   10 host.example
    mx.example           MX   20 .
    nomx.example         TXT  "v=spf1 mx -all"
    nomx.example         A    192.0.2.1
    manymx.example       TXT  "v=spf1 mx -all"
    manymx.example       MX   1 host.example
    manymx.example       MX   2 host.example
    manymx.example       MX   3 host.example
    manymx.example       MX   4 host.example
    manymx.example       MX   5 host.example
    manymx.example       MX   6 host.example
    manymx.example       MX   7 host.example
    manymx.example       MX   8 host.example
    manymx.example       MX   9 host.example
    manymx.example       MX   10 host.example
    manymx.example       MX   11 own.example

    ptr.example          TXT  "v=spf1 ptr -all"
    ptr2.example         TXT  "v=spf1 ptr:ptr.example -all"
    40.2.0.192.in-addr.arpa PTR out.Ptr.example
    out.ptr.example      A    192.0.2.40
    41.2.0.192.in-addr.arpa PTR liar.ptr.example
    liar.ptr.example     A    192.0.2.1
    42.2.0.192.in-addr.arpa SILENT
    43.2.0.192.in-addr.arpa PTR silent.example
    43.2.0.192.in-addr.arpa PTR out43.ptr.example
    out43.ptr.example    A    192.0.2.43
    44.2.0.192.in-addr.arpa PTR notptr.example
    notptr.example       A    192.0.2.44
    1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.4.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR out6.ptr.example
    out6.ptr.example     AAAA 2001:db8:4::1

    exists.example       TXT  "v=spf1 exists:%{ir}.%{l1+-}.ok.exists.example -all"
    1.2.0.192.news.ok.exists.example A 127.0.0.2
    v6only.example       TXT  "v=spf1 exists:six.v6only.example -all"
    six.v6only.example   AAAA 2001:db8::1

    in.example           TXT  "v=spf1 include:plain.example ?all"
    insoft.example       TXT  "v=spf1 include:other.example +all"
    inneutral.example    TXT  "v=spf1 include:empty.example -all"
    innone.example       TXT  "v=spf1 include:nothing.example -all"
    insilent.example     TXT  "v=spf1 include:silent.example -all"
    intorn.example       TXT  "v=spf1 include:torn.example -all"
    indeep.example       TXT  "v=spf1 ~include:in2.example -all"
    in2.example          TXT  "v=spf1 +include:plain.example -all"
    inredirect.example   TXT  "v=spf1 include:to.example -all"

    to.example           TXT  "v=spf1 redirect=plain.example"
    tonone.example       TXT  "v=spf1 redirect=nothing.example"
    tolate.example       TXT  "v=spf1 ip4:192.0.2.1 redirect=plain.example ip4:192.0.2.200"
    toall.example        TXT  "v=spf1 ?all redirect=nothing.example"
    tocircle.example     TXT  "v=spf1 redirect=tocircle.example"
    toown.example        TXT  "v=spf1 redirect=own.example"
    toown.example        A    192.0.2.1

    why.example          TXT  "v=spf1 -all exp=text.%{d}"
    text.why.example     TXT  "%{i} is not ours," " %{L} of %{o}; see %{d} at %{r}"
    why2.example         TXT  "v=spf1 -all exp=two.example"
    why3.example         TXT  "v=spf1 -all exp=gone.why.example"
    why4.example         TXT  "v=spf1 -all exp=torn.why.example"
    torn.why.example     TXT  "100% not ours"
    why5.example         TXT  "v=spf1 include:why.example -all exp=p.why.example"
    p.why.example        TXT  "not from %{p}"
    why6.example         TXT  "v=spf1 exp=gone.why.example redirect=why.example"
    why7.example         TXT  "v=spf1 ~all exp=text.why.example"

    macro.example        TXT  "v=spf1 a:%{d1r}.%{h}.%{v}%{o1} -all"
    macro.mail.host.example.in-addrexample A 192.0.2.1
    long.example         TXT  "v=spf1 exists:%{l}.%{l}.%{l}.ok.long.example -all"
    xtime.example        TXT  "v=spf1 a:%{t}.example -all"
    x.example            TXT  "v=spf1 x=%{t} ip4:192.0.2.1 -all"

    id.example           TXT  "spf2.0/mfrom ip4:192.0.2.1 -all"
    id2.example          TXT  "v=spf1 ip4:192.0.2.1 -all"
    id2.example          TXT  "spf2.0/pra,mfrom -all"
    id3.example          TXT  "spf2.0/pra ip4:192.0.2.1 -all"
    id4.example          TXT  "v=spf1 ip4:192.0.2.1 -all"
    id4.example          TXT  "spf2.0/pra nonsense -all"
    lone                 TXT  "v=spf1 -all"
"#;

/// Sender, client, what the RFC says, and what Mail::SPF says if that is another thing.
#[rustfmt::skip]
const CASES: &[(&str, &str, &str, &str)] = &[
    // 4.3: what is looked at.
    ("ann@plain.example", "192.0.2.1", "pass", ""),
    ("ann@plain.example", "192.0.2.129", "fail", ""),
    ("ann@PLAIN.Example.", "192.0.2.1", "pass", ""),
    ("ann@b@plain.example", "192.0.2.1", "pass", ""),
    ("plain.example", "192.0.2.1", "pass", ""),
    ("ann@lone", "192.0.2.1", "none", "fail"),
    ("ann@x..y.example", "192.0.2.1", "none", ""),
    ("ann@", "192.0.2.1", "none", ""),
    ("ann@[192.0.2.1]", "192.0.2.1", "none", ""),
    // 4.4, 4.5: which record.
    ("ann@pieces.example", "192.0.2.1", "pass", ""),
    ("ann@other.example", "192.0.2.1", "softfail", ""),
    ("ann@near.example", "192.0.2.1", "none", ""),
    ("ann@two.example", "192.0.2.1", "permerror", ""),
    ("ann@nothing.example", "192.0.2.1", "none", ""),
    ("ann@unknown.example", "192.0.2.1", "none", ""),
    ("ann@silent.example", "192.0.2.1", "temperror", ""),
    ("ann@id.example", "192.0.2.1", "none", "pass"),
    ("ann@id2.example", "192.0.2.1", "pass", ""),
    ("ann@id3.example", "192.0.2.1", "none", ""),
    ("ann@id4.example", "192.0.2.1", "pass", "permerror"),
    // 4.6, 4.7: how it is read.
    ("ann@empty.example", "192.0.2.1", "neutral", ""),
    ("ann@spaces.example", "192.0.2.1", "pass", ""),
    ("ann@octets.example", "192.0.2.1", "permerror", ""),
    ("ann@torn.example", "192.0.2.1", "permerror", ""),
    ("ann@first.example", "192.0.2.1", "neutral", ""),
    // 5.6: networks; 5: IPv4 in IPv6.
    ("ann@six.example", "2001:db8:1:2::3", "pass", ""),
    ("ann@six.example", "2001:db8:2::3", "fail", ""),
    ("ann@six.example", "::ffff:192.0.2.7", "pass", ""),
    ("ann@mapped.example", "192.0.2.1", "fail", ""),
    ("ann@mapped.example", "2001:db8::1", "pass", ""),
    // 5.3
    ("ann@a.example", "192.0.2.21", "pass", ""),
    ("ann@a.example", "192.0.2.22", "fail", ""),
    ("ann@a.example", "2001:db8:2::20", "pass", ""),
    ("ann@anet.example", "192.0.2.22", "pass", ""),
    ("ann@anet.example", "192.0.2.33", "fail", ""),
    ("ann@anet.example", "2001:db8:2::ffff", "pass", ""),
    ("ann@anet.example", "2001:db8:2:1::20", "fail", ""),
    ("ann@own.example", "192.0.2.30", "pass", ""),
    ("ann@alias.example", "192.0.2.20", "pass", ""),
    ("ann@circle.example", "192.0.2.20", "temperror", ""),
    ("ann@lost.example", "192.0.2.20", "temperror", ""),
    ("ann@bad.example", "192.0.2.20", "fail", ""),
    // 5.4
    ("ann@mx.example", "192.0.2.20", "pass", ""),
    ("ann@mx.example", "192.0.2.30", "fail", ""),
    ("ann@nomx.example", "192.0.2.1", "fail", ""),
    ("ann@manymx.example", "192.0.2.20", "permerror", "pass"),
    ("ann@manymx.example", "192.0.2.30", "permerror", "fail"),
    // 5.5
    ("ann@ptr.example", "192.0.2.40", "pass", ""),
    ("ann@ptr.example", "192.0.2.41", "fail", ""),
    ("ann@ptr.example", "192.0.2.42", "fail", "temperror"),
    ("ann@ptr.example", "192.0.2.43", "pass", ""),
    ("ann@ptr.example", "192.0.2.44", "fail", ""),
    ("ann@ptr.example", "192.0.2.99", "fail", ""),
    ("ann@ptr.example", "2001:db8:4::1", "pass", ""),
    ("ann@ptr2.example", "192.0.2.40", "pass", ""),
    // 5.7
    ("ann+news@exists.example", "192.0.2.1", "pass", ""),
    ("ann+other@exists.example", "192.0.2.1", "fail", ""),
    ("ann@v6only.example", "2001:db8::1", "fail", ""),
    // 5.2
    ("ann@in.example", "192.0.2.1", "pass", ""),
    ("ann@in.example", "192.0.2.200", "neutral", ""),
    ("ann@insoft.example", "192.0.2.1", "pass", ""),
    ("ann@inneutral.example", "192.0.2.1", "fail", ""),
    ("ann@innone.example", "192.0.2.1", "permerror", ""),
    ("ann@insilent.example", "192.0.2.1", "temperror", ""),
    ("ann@intorn.example", "192.0.2.1", "permerror", ""),
    ("ann@indeep.example", "192.0.2.1", "softfail", ""),
    ("ann@indeep.example", "192.0.2.200", "fail", ""),
    ("ann@inredirect.example", "192.0.2.1", "pass", ""),
    // 6.1
    ("ann@to.example", "192.0.2.1", "pass", ""),
    ("ann@to.example", "192.0.2.200", "fail", ""),
    ("ann@tonone.example", "192.0.2.1", "permerror", ""),
    ("ann@tolate.example", "192.0.2.200", "pass", ""),
    ("ann@toall.example", "192.0.2.1", "neutral", ""),
    ("ann@tocircle.example", "192.0.2.1", "permerror", ""),
    ("ann@toown.example", "192.0.2.30", "pass", ""),
    ("ann@toown.example", "192.0.2.1", "fail", ""),
    // 7
    ("ann@macro.example", "192.0.2.1", "pass", ""),
    ("ann@xtime.example", "192.0.2.1", "permerror", ""),
    ("ann@x.example", "192.0.2.1", "pass", ""),
    // 2.3: a bounce is the HELO name's.
    ("", "192.0.2.1", "none", ""),
];

#[test]
fn every_section_is_followed() {
    let zone = Zone::of(ZONE);
    let mut wrong = Vec::new();
    for (sender, ip, rfc, mail_spf) in CASES {
        let mail_spf = if mail_spf.is_empty() { rfc } else { mail_spf };
        let request =
            Request::mail_from(ip.parse().unwrap(), b"mail.host.example", sender.as_bytes());
        for (reading, expected) in [(Reading::Rfc7208, rfc), (Reading::MailSpf, mail_spf)] {
            let heights = Heights { reading, ..Heights::RFC_7208 };
            let verdict = check_now(&zone, &request, &heights);
            if verdict.outcome != outcome_of(expected) {
                wrong.push(format!("{sender} {ip} {reading:?}: {expected}, not {verdict:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_helo_name_is_checked_by_spf_records_alone() {
    let zone = Zone::of(ZONE);
    let heights = Heights { reading: Reading::MailSpf, ..Heights::RFC_7208 };
    let check = |helo: &str| {
        let request = Request::helo("192.0.2.1".parse().unwrap(), helo.as_bytes());
        check_now(&zone, &request, &heights).outcome.word()
    };
    assert_eq!(check("plain.example"), "pass");
    assert_eq!(check("id.example"), "none");
}

#[test]
fn who_fails_is_told_why_if_that_can_be_read() {
    let zone = Zone::of(ZONE);
    let told = |domain: &str, ip: &str| {
        let sender = format!("ann&b@{domain}");
        let request = Request::mail_from(ip.parse().unwrap(), b"h", sender.as_bytes());
        let verdict = check_now(&zone, &request.by(b"mx.here", 0), &Heights::RFC_7208);
        verdict.explanation.map(|text| String::from_utf8(text).unwrap())
    };
    let said = |domain: &str| {
        format!("192.0.2.1 is not ours, ann%26b of {domain}; see why.example at mx.here")
    };
    for (domain, ip, expected) in [
        ("why.example", "192.0.2.1", Some(said("why.example"))),
        ("why2.example", "192.0.2.1", None),
        ("why3.example", "192.0.2.1", None),
        ("why4.example", "192.0.2.1", None),
        ("why5.example", "192.0.2.40", Some("not from out.ptr.example".to_owned())),
        ("why5.example", "192.0.2.41", Some("not from unknown".to_owned())),
        ("why6.example", "192.0.2.1", Some(said("why6.example"))),
        ("why7.example", "192.0.2.1", None),
        ("plain.example", "192.0.2.200", None),
    ] {
        assert_eq!(told(domain, ip), expected, "{domain} {ip}");
    }
}

#[test]
fn what_matched_and_what_went_wrong_is_told() {
    let zone = Zone::of(ZONE);
    let verdict = |sender: &str| {
        let request = Request::mail_from("192.0.2.1".parse().unwrap(), b"h", sender.as_bytes());
        check_now(&zone, &request, &Heights::RFC_7208)
    };
    let matched = |sender| verdict(sender).mechanism.map(|text| String::from_utf8(text).unwrap());
    assert_eq!(matched("ann@in.example").as_deref(), Some("include:plain.example"));
    assert_eq!(matched("ann@empty.example"), None);
    let problem = |sender| verdict(sender).problem.unwrap().to_string();
    assert_eq!(problem("ann@torn.example"), "the term 'nonsense' is none");
    assert_eq!(problem("ann@two.example"), "two.example has more than one SPF record");
    assert_eq!(problem("ann@lost.example"), "the DNS does not tell about silent.example");
}
