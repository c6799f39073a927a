//! Each limit under, at and over its height.

use super::zone::Zone;
use super::{check_now, outcome_of};
use mailprint::auth::spf::{Heights, Request, Verdict};
use mailprint::limits::{Limit, Limits};

fn check(zone: &Zone, ip: &str, heights: &Heights) -> Verdict {
    let request = Request::mail_from(ip.parse().unwrap(), b"h.example", b"ann@d.example");
    check_now(zone, &request, heights)
}

fn expect(verdict: &Verdict, outcome: &str, reached: Option<Limit>) {
    assert_eq!(verdict.outcome, outcome_of(outcome), "{verdict:?}");
    let limits: Vec<Limit> = verdict.reached.iter().map(|row| row.limit).collect();
    assert_eq!(limits, Vec::from_iter(reached));
}

#[test]
fn limit_spf_terms() {
    let zone = |terms: usize| {
        let a = "a:h.example ".repeat(terms - 1);
        let zone = "h.example A 192.0.2.1\ni.example TXT \"v=spf1 -all\"\n";
        Zone::of(&format!("{zone}d.example TXT \"v=spf1 {a} include:i.example +all\""))
    };
    for (scanner, limit) in [(false, 10), (true, 20)] {
        let heights = match scanner {
            true => Heights::of_scanner(&Limits::default()),
            false => Heights::RFC_7208,
        };
        expect(&check(&zone(limit - 1), "192.0.2.9", &heights), "pass", None);
        expect(&check(&zone(limit), "192.0.2.9", &heights), "pass", None);
        let over = check(&zone(limit + 1), "192.0.2.9", &heights);
        expect(&over, "permerror", Some(Limit::SpfTerms));
    }
    // A record that refers to itself ends there too.
    for record in ["redirect=d.example", "include:d.example", "?include:d.example -all"] {
        let zone = Zone::of(&format!("d.example TXT \"v=spf1 {record}\""));
        let verdict = check(&zone, "192.0.2.9", &Heights::RFC_7208);
        expect(&verdict, "permerror", Some(Limit::SpfTerms));
    }
}

#[test]
fn limit_spf_names() {
    let zone = |exchangers: usize| {
        let mut text = String::from("d.example TXT \"v=spf1 mx ~all\"\n");
        for number in 0..exchangers {
            text += &format!("d.example MX {number} h{number}.example\n");
            text += &format!("h{number}.example A 192.0.2.{number}\n");
        }
        Zone::of(&text)
    };
    let scanner = Heights::of_scanner(&Limits { spf_names: 4, ..Limits::default() });
    let strict = Heights { names: 4, ..Heights::RFC_7208 };
    for heights in [&scanner, &strict] {
        expect(&check(&zone(3), "192.0.2.2", heights), "pass", None);
        expect(&check(&zone(4), "192.0.2.3", heights), "pass", None);
    }
    expect(&check(&zone(5), "192.0.2.3", &scanner), "pass", Some(Limit::SpfNames));
    expect(&check(&zone(5), "192.0.2.4", &scanner), "softfail", Some(Limit::SpfNames));
    expect(&check(&zone(5), "192.0.2.3", &strict), "permerror", Some(Limit::SpfNames));
}

#[test]
fn limit_spf_names_holds_for_the_names_of_a_client() {
    let zone = |others: usize| {
        let mut text = String::from("d.example TXT \"v=spf1 ptr ~all\"\n");
        for number in 0..others {
            text += &format!("9.2.0.192.in-addr.arpa PTR other{number}.example\n");
        }
        text += "9.2.0.192.in-addr.arpa PTR own.d.example\nown.d.example A 192.0.2.9\n";
        Zone::of(&text)
    };
    let heights = Heights { names: 4, ..Heights::RFC_7208 };
    expect(&check(&zone(2), "192.0.2.9", &heights), "pass", None);
    expect(&check(&zone(3), "192.0.2.9", &heights), "pass", None);
    expect(&check(&zone(4), "192.0.2.9", &heights), "softfail", Some(Limit::SpfNames));
}

#[test]
fn limit_spf_void_lookups() {
    let zone = |voids: usize| {
        let terms: String = (0..voids).map(|n| format!("a:gone{n}.example ")).collect();
        Zone::of(&format!("d.example TXT \"v=spf1 {terms} +all exp=gone.example\""))
    };
    for (voids, outcome, reached) in
        [(1, "pass", None), (2, "pass", None), (3, "permerror", Some(Limit::SpfVoidLookups))]
    {
        let scanner = Heights::of_scanner(&Limits::default());
        expect(&check(&zone(voids), "192.0.2.9", &scanner), outcome, reached);
        expect(&check(&zone(voids), "192.0.2.9", &Heights::RFC_7208), outcome, reached);
    }
    // Names of mail exchangers and of the client count as well, explanations do not.
    let mx = "d.example TXT \"v=spf1 mx exists:%{p}.d.example -all\"\nd.example MX 1 gone.example";
    let verdict = check(&Zone::of(mx), "192.0.2.9", &Heights::RFC_7208);
    expect(&verdict, "permerror", Some(Limit::SpfVoidLookups));
    let exp = "d.example TXT \"v=spf1 a:x.gone.example a:y.gone.example -all exp=gone.example\"";
    expect(&check(&Zone::of(exp), "192.0.2.9", &Heights::RFC_7208), "fail", None);
}

#[test]
fn limit_spf_expansion_makes_a_name_that_nobody_has() {
    let zone = Zone::of(
        "d.example TXT \"v=spf1 exists:%{s}.%{s} -all exp=why.example\"\n\
         ann@d.example.ann@d.example A 127.0.0.2\nwhy.example TXT \"%{s} %{s}\"",
    );
    let length = "ann@d.example.ann@d.example".len();
    for (expansion, outcome, reached) in [
        (length + 1, "pass", None),
        (length, "pass", None),
        (length - 1, "fail", Some(Limit::SpfExpansion)),
    ] {
        let heights = Heights { expansion, ..Heights::RFC_7208 };
        let verdict = check(&zone, "192.0.2.9", &heights);
        expect(&verdict, outcome, reached);
        assert_eq!(verdict.explanation, None);
    }
}
