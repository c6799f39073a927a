//! Lists that are made up: each format and special, with all that a line may be, bad ones too.
//! Addresses and names are few, so that entries meet.

use super::Chance;
use mailprint::zones::Format;
use std::fmt::Write;

/// Formats that are made up alone; `combined` is made of them.
pub const ALONE: &[Format] = &[
    Format::Ip4Set,
    Format::Ip4Tset,
    Format::Ip4Trie,
    Format::Ip6Tset,
    Format::Ip6Trie,
    Format::Dnset,
    Format::Generic,
];

/// A file of this format.
pub fn file(format: Format, lines: usize, chance: &mut Chance) -> String {
    let mut text = String::new();
    if chance.one_in(2) {
        specials(format, &mut text, chance);
    }
    for _ in 0..lines {
        if chance.one_in(40) {
            specials(format, &mut text, chance);
        }
        line(format, &mut text, chance);
    }
    if chance.one_in(2) {
        text.pop();
    }
    text
}

/// A `combined` file: datasets for names below the zone, some of them several, and the zone.
pub fn combined(datasets: usize, lines: usize, chance: &mut Chance) -> String {
    let mut text = "# in common\n$SOA 1h ns1.comb.test. admin.comb.test 0 2h 2h 1w 77\n\
                    $NS 1w ns1.comb.test ns2.sub1.comb.test -off.test\n$1 common one\n$TTL 600\n"
        .to_owned();
    for at in 0..datasets {
        let format = *chance.of(ALONE);
        let below = ["@", "a", "b", "sub1", "x.sub1", "A.B", "sub\\049"];
        let names: Vec<&str> = (0..1 + chance.below(3)).map(|_| chance.word(&below)).collect();
        let name = if chance.one_in(2) { format!(":part{at}") } else { String::new() };
        let remark = if chance.one_in(3) { " # what for" } else { "" };
        writeln!(text, "$DATASET {}{name} {}{remark}", format.name(), names.join(" ")).unwrap();
        text += &file(format, lines, chance);
        if !text.ends_with('\n') {
            text.push('\n');
        }
    }
    text +=
        "$DATASET generic:servers @ sub1\nns1 A 192.0.2.1\nns2 300 A 192.0.2.2\nns2 A 192.0.2.1\n";
    text
}

fn specials(format: Format, text: &mut String, chance: &mut Chance) {
    let all = [
        "$SOA 3600 ns.Test hostmaster.test 7 600 5m 1d 300",
        "$soa 0 a.very.long.name.of.a.primary.server.ip4set.test who\\.ever.test 0 1 2 3 1w",
        "$SOA 60 ns.test",
        "$NS 3600 ns1.test ns2.test",
        "$NS 0 ns1.ip4set.test ns1.generic.test -ns3.test NS1.test a.ns.test b.ns.test",
        "#$NAMESERVER 60 late.test",
        "$TTL 10m",
        ";$TTL 0",
        ":$TTL 3000s",
        "$TTL x",
        "$1 one $ and $2",
        "$2 \t two",
        "$3",
        "$9 nine",
        "$1 another one",
        "$TIMESTAMP 2005:01:31:23:59:59 2037-01-01",
        "$TIMESTAMP 20050131 +90w",
        "$TIMESTAMP 0 0",
        "$TIMESTAMP - x",
        "$NOSUCH thing",
        "$DATASET ip4set @",
        "$ ",
    ];
    for _ in 0..1 + chance.below(4) {
        let special = chance.word(&all);
        // What expires is for a test of its own, and what is not combined has no parts.
        if special.contains("+90w") || special.starts_with("$DATASET") {
            continue;
        }
        text.push_str(special);
        text.push('\n');
    }
    if chance.one_in(8) {
        text.push_str("$= base $= of $ ($1)\n");
    }
    if chance.one_in(8) && matches!(format, Format::Ip4Set | Format::Ip4Trie) {
        text.push_str(chance.word(&["$MAXRANGE4 /14\n", "$maxrange4 70000\n", "$MAXRANGE4 /0\n"]));
    }
}

fn line(format: Format, text: &mut String, chance: &mut Chance) {
    if chance.one_in(25) {
        let odd = ["", " \t", "# remark", "; remark", "rubbish!", "1.2.3.4.5", "300.1.2.3", ":x:y"];
        text.push_str(chance.word(&odd));
        text.push('\n');
        return;
    }
    if chance.one_in(12) && format != Format::Generic {
        let defaults =
            [":2:default $", ":127.0.1.9:", ":7", ":127.3: $1 $2 $$ $= $7", ":0:x", "::x"];
        text.push_str(chance.word(&defaults));
        text.push('\n');
        return;
    }
    if chance.one_in(10) {
        text.push_str(chance.word(&[" ", "\t "]));
    }
    if format != Format::Generic && chance.one_in(8) {
        text.push_str(chance.word(&["!", "! "]));
    }
    match format {
        Format::Ip4Set => text.push_str(&range4(chance)),
        Format::Ip4Tset => text.push_str(&address4(chance)),
        Format::Ip4Trie => text.push_str(&network4(chance)),
        Format::Ip6Tset => text.push_str(&half6(chance)),
        Format::Ip6Trie => text.push_str(&network6(chance)),
        Format::Dnset => {
            text.push_str(chance.word(&["", "", ".", "*.", "*"]));
            text.push_str(&name(chance));
        }
        _ => {
            record(text, chance);
            return;
        }
    }
    let values = [
        "",
        "",
        "",
        " ",
        " # remark",
        "\t;remark",
        " :4",
        " :127.0.0.5:",
        " :6: own text of $",
        " text $1 alone",
        " =alone $=",
        " :9:x$$y$z$",
        " :bad",
        " :3 x",
    ];
    text.push_str(chance.word(&values));
    if chance.one_in(60) {
        write!(text, " {}", "long text ".repeat(30)).unwrap();
    }
    text.push_str(chance.word(&["\n", "\n", " \n"]));
}

/// Addresses that often meet.
pub fn near4(chance: &mut Chance) -> u32 {
    let octets = [
        *chance.of(&[10, 10, 10, 11, 0, 255]),
        *chance.of(&[0, 0, 1, 2, 255]),
        *chance.of(&[0, 0, 1, 255, 7]),
        chance.below(256) as u8,
    ];
    u32::from_be_bytes(octets)
}

fn address4(chance: &mut Chance) -> String {
    let [a, b, c, d] = near4(chance).to_be_bytes();
    match chance.below(12) {
        0 => format!("{a}.{b}.{c}"),
        1 => format!("0{a}.{b}.{c}.00{d}"),
        _ => format!("{a}.{b}.{c}.{d}"),
    }
}

fn network4(chance: &mut Chance) -> String {
    let bits = *chance.of(&[32, 32, 31, 30, 28, 26, 25, 24, 24, 23, 20, 16, 15, 12, 8, 7, 0]);
    let keep = !(u32::MAX.checked_shr(bits).unwrap_or(0));
    let address = if chance.one_in(20) { near4(chance) } else { near4(chance) & keep };
    let [a, b, c, d] = address.to_be_bytes();
    match chance.below(8) {
        0 => address4(chance),
        1 => format!("{a}.{b}.{c}/{bits}"),
        2 => format!("{a}.{b}/{}", bits.min(16)),
        3 => format!("{a}/{}", bits.min(8)),
        4 => format!("{a}.{b}"),
        _ => format!("{a}.{b}.{c}.{d}/{bits}"),
    }
}

fn range4(chance: &mut Chance) -> String {
    let [first, second] = [near4(chance), near4(chance)];
    let (low, high) = (first.min(second).to_be_bytes(), first.max(second).to_be_bytes());
    let [a, b, c, d] = low;
    let [e, f, g, h] = high;
    match chance.below(10) {
        0 => format!("{a}.{b}.{c}.{d}-{e}.{f}.{g}.{h}"),
        1 => format!("{a}.{b}.{c}-{e}.{f}.{g}"),
        2 => format!("{a}.{b}-{e}.{f}"),
        3 => format!("{a}.{b}.{c}.{d}-{h}"),
        4 => format!("{a}.{b}-{f}"),
        5 => format!("{a}.{b}.{c}-{g}"),
        6 => format!("{e}.{f}.{g}.{h}-{a}.{b}.{c}"),
        _ => network4(chance),
    }
}

/// Long addresses that often meet.
pub fn near6(chance: &mut Chance) -> u128 {
    let words = [
        *chance.of(&[0x2001, 0x2001, 0x2002, 0, 0x2001]),
        *chance.of(&[0xdb8, 0xdb8, 0, 0xa00]),
        *chance.of(&[0, 0, 1, 0xffff]),
        *chance.of(&[0, 1, 2, 0xffff]),
        *chance.of(&[0, 0, 0, 1]),
        *chance.of(&[0, 0, 0xffff]),
        *chance.of(&[0, 0, 0x0a00]),
        *chance.of(&[0, 1, 2, 3, 0xffff]),
    ];
    words.iter().fold(0, |address, word| address << 16 | word)
}

fn half6(chance: &mut Chance) -> String {
    let address = near6(chance);
    let words: Vec<String> =
        (0..8).map(|at| format!("{:x}", address >> (112 - 16 * at) & 0xffff)).collect();
    match chance.below(8) {
        0 => words.join(":"),
        1 => std::net::Ipv6Addr::from(near6(chance) >> 48 << 48).to_string(),
        2 => format!("!{}", words.join(":")),
        3 => format!("!{}", std::net::Ipv6Addr::from(address)),
        4 => words[..3].join(":"),
        _ => words[..4].join(":"),
    }
}

fn network6(chance: &mut Chance) -> String {
    let bits =
        *chance.of(&[128, 128, 127, 124, 96, 80, 65, 64, 64, 63, 56, 48, 48, 36, 32, 16, 3, 0]);
    let host = u128::MAX.checked_shr(bits).unwrap_or(0);
    let address = if chance.one_in(20) { near6(chance) } else { near6(chance) & !host };
    let text = std::net::Ipv6Addr::from(address).to_string();
    // The standard library writes some with dots, which lists do not.
    if text.contains('.') {
        return format!("::1/{bits}");
    }
    match chance.below(6) {
        0 => half6(chance).replace('!', ""),
        1 => text,
        2 => format!("{:x}:{:x}/{}", address >> 112, address >> 96 & 0xffff, bits.min(32)),
        _ => format!("{text}/{bits}"),
    }
}

/// Names that often meet.
pub fn name(chance: &mut Chance) -> String {
    let labels =
        ["a", "b", "A", "bad", "Ex-ample", "x_y", "com", "test", "1", "10", "0", "d\\.t", "q\\064"];
    let count = 1 + chance.below(4);
    let names: Vec<&str> = (0..count).map(|_| chance.word(&labels)).collect();
    let name = names.join(chance.word(&[".", ".", ".", ".", ".."]));
    match chance.below(30) {
        0 => format!("{name}."),
        1 => format!("{}.{name}", "l".repeat(63)),
        2 => format!("{}.{name}", "l".repeat(64)),
        3 => vec!["long-label"; 24].join("."),
        _ => name,
    }
}

fn record(text: &mut String, chance: &mut Chance) {
    let owner = if chance.one_in(4) { "@".to_owned() } else { name(chance) };
    let ttl = chance.word(&["", "", " 300", " 5m", " 0"]);
    let class = chance.word(&["", "", " IN", " in"]);
    let data = [
        "A 192.0.2.1",
        "a 192.0.2.2",
        "A 10.1",
        "A 7",
        "TXT \"quoted text\"",
        "txt plain \"text\" $ $1",
        "TXT \"\"",
        "TXT \"",
        "MX 10 Mail.test",
        "mx 20 mail.generic.test.",
        "MX 70000 x.test",
        "AAAA ::1",
        "NS ns.test",
        "CNAME x.test",
        "A",
        "A x",
    ];
    writeln!(text, "{owner}{ttl}{class} {}", chance.word(&data)).unwrap();
}
