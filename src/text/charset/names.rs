//! Names of charsets, as mail declares them, to decoders.
//!
//! Perl's Encode::Alias decides which names mean something; a name that it does not know
//! has no decoder, which matters because then the charset is guessed.

use super::decoders::Decoder;
use super::double_byte::DoubleByte;
use super::tables::{UPPER, WHOLE};

/// Names longer than this are no charset.
const LONGEST: usize = 64;
/// A name leads to another at most so many times.
const STEPS: usize = 4;

/// The decoder for the charset called `name`.
pub(super) fn find(name: &[u8]) -> Option<Decoder> {
    if name.len() > LONGEST {
        return None;
    }
    let mut name = std::str::from_utf8(name).ok()?.to_ascii_lowercase();
    name.retain(|c| !c.is_ascii_whitespace() && c != '\x0b');
    for _ in 0..STEPS {
        if let Some(decoder) = canonical(&name) {
            return Some(decoder);
        }
        name = alias(&name)?;
    }
    None
}

/// The decoder whose own name is `name`.
fn canonical(name: &str) -> Option<Decoder> {
    let double = |kind| Some(Decoder::DoubleByte(kind));
    match name {
        "ascii" | "us-ascii" => return Some(Decoder::Ascii),
        "iso-8859-1" => return Some(Decoder::Latin1),
        "utf-8-strict" | "utf8" => return Some(Decoder::Utf8),
        "utf-16" => return Some(Decoder::Utf16 { big_endian: None }),
        "utf-16be" | "ucs-2be" => return Some(Decoder::Utf16 { big_endian: Some(true) }),
        "utf-16le" | "ucs-2le" => return Some(Decoder::Utf16 { big_endian: Some(false) }),
        "utf-32" => return Some(Decoder::Utf32 { big_endian: None }),
        "utf-32be" => return Some(Decoder::Utf32 { big_endian: Some(true) }),
        "utf-32le" => return Some(Decoder::Utf32 { big_endian: Some(false) }),
        "utf-7" => return Some(Decoder::Utf7),
        "shiftjis" => return double(DoubleByte::ShiftJis),
        "cp932" => return double(DoubleByte::Cp932),
        "euc-jp" => return double(DoubleByte::EucJp),
        "euc-kr" => return double(DoubleByte::EucKr),
        "cp949" => return double(DoubleByte::Cp949),
        "euc-cn" => return double(DoubleByte::EucCn),
        "cp936" => return double(DoubleByte::Cp936),
        "big5-eten" => return double(DoubleByte::Big5),
        "cp950" => return double(DoubleByte::Cp950),
        "big5-hkscs" => return double(DoubleByte::Big5Hkscs),
        "iso-2022-jp" | "iso-2022-jp-1" | "7bit-jis" => return Some(Decoder::Iso2022Jp),
        "iso-2022-kr" => return Some(Decoder::Iso2022Kr),
        "hz" => return Some(Decoder::Hz),
        _ => {}
    }
    let upper = UPPER.iter().find(|(known, _)| *known == name);
    let whole = WHOLE.iter().find(|(known, _)| *known == name);
    upper
        .map(|(_, table)| Decoder::Upper(table))
        .or_else(|| whole.map(|(_, table)| Decoder::Whole(table)))
}

/// The name that `name` stands for.
fn alias(name: &str) -> Option<String> {
    let found = whole(name).or_else(|| words(name).find_map(ending));
    found.or_else(|| dashed(name)).filter(|alias| alias != name)
}

/// The parts of `name` from each beginning of a word to its end.
fn words(name: &str) -> impl Iterator<Item = &str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.char_indices().filter_map(move |(at, c)| {
        let (before, rest) = name.split_at_checked(at)?;
        (is_word(c) && !before.ends_with(is_word)).then_some(rest)
    })
}

/// Aliases that are whole names, or that count wherever they stand.
fn whole(name: &str) -> Option<String> {
    let plain = name.replace(['-', '_'], "");
    let known = match name {
        "c" | "usascii" => "ascii",
        "cyrillic" => "iso-8859-5",
        "arabic" => "iso-8859-6",
        "greek" => "iso-8859-7",
        "hebrew" => "iso-8859-8",
        "thai" => "iso-8859-11",
        "iso-10646-1" => "ucs-2be",
        "macintosh" => "macroman",
        "macce" => "maccentraleurroman",
        "gbk" => "cp936",
        _ if name.contains("cp65000") => "utf-7",
        _ if name.contains("cp65001") => "utf-8-strict",
        _ if name.ends_with("uhc") || name.ends_with("windows-949") => "cp949",
        _ => match plain.strip_prefix("unicode11").unwrap_or(&plain) {
            "utf7" if !name.contains('_') => "utf-7",
            "ucs2" | "ucs2be" => "ucs-2be",
            "ucs2le" => "ucs-2le",
            "ucs4" => "utf-32",
            "ucs4be" | "utf32be" => "utf-32be",
            "ucs4le" | "utf32le" => "utf-32le",
            "utf32" => "utf-32",
            "utf16" => "utf-16",
            "utf16be" => "utf-16be",
            "utf16le" => "utf-16le",
            _ => {
                let mac = name.strip_prefix("x-").or(name.strip_prefix("x_")).unwrap_or(name);
                let rest = mac.strip_prefix("mac-").or(mac.strip_prefix("mac_"));
                let euro = name.strip_suffix("@euro").map(str::to_owned);
                return rest.map(|rest| format!("mac{rest}")).or(euro);
            }
        },
    };
    Some(known.to_owned())
}

/// Aliases that must begin a word and end the name.
fn ending(word: &str) -> Option<String> {
    let known = match word {
        "utf-8" => "utf-8-strict",
        "jis" => "7bit-jis",
        "ujis" => "euc-jp",
        "sjis" => "shiftjis",
        "windows-31j" => "cp932",
        "ks_c_5601-1987" => "cp949",
        "big5" | "big-5" | "big5et" | "big5-et" | "big5eten" | "big5-eten" | "tcabig5"
        | "tca-big5" | "tca_big5" => "big5-eten",
        "big5hk" | "big5-hk" | "big5hkscs" | "big5-hkscs" | "hkbig5" | "hk-big5" | "hk_big5"
        | "hkscsbig5" | "hkscs-big5" | "hkscs_big5" => "big5-hkscs",
        "646" | "646us" | "646-us" | "646_us" => "ascii",
        "winlatin1" => "cp1252",
        "winlatin2" => "cp1250",
        "wincyrillic" => "cp1251",
        "wingreek" => "cp1253",
        "winturkish" => "cp1254",
        "winhebrew" => "cp1255",
        "winarabic" => "cp1256",
        "winbaltic" => "cp1257",
        "winvietnamese" => "cp1258",
        _ => return pattern(word),
    };
    Some(known.to_owned())
}

/// Aliases with a variable part.
fn pattern(word: &str) -> Option<String> {
    let encloses =
        |first: &str, last: &str| word.strip_prefix(first).is_some_and(|rest| rest.ends_with(last));
    for (first, last, known) in [
        ("euc", "cn", "euc-cn"),
        ("cn", "euc", "euc-cn"),
        ("euc", "jp", "euc-jp"),
        ("jp", "euc", "euc-jp"),
        ("euc", "kr", "euc-kr"),
        ("kr", "euc", "euc-kr"),
        ("shift", "jis", "shiftjis"),
    ] {
        if encloses(first, last) {
            return Some(known.to_owned());
        }
    }
    let gb = word.strip_prefix("gb").map(|rest| rest.trim_start_matches(['-', '_', ' ']));
    if let Some(rest) = gb.and_then(|gb| gb.strip_prefix("2312")) {
        let raw = rest.starts_with("raw") || rest.starts_with("-raw");
        return (!raw).then(|| "euc-cn".to_owned());
    }
    let koi = word.strip_prefix("koi8").map(|rest| rest.trim_start_matches(['-', '_']));
    if let Some(letter @ ("r" | "u")) = koi {
        return Some(format!("koi8-{letter}"));
    }
    let ansi = word.replace(['-', '_'], "");
    if ansi == "ansix3.41968" || ansi == "iso646us" || ansi == "iso646" {
        return Some("ascii".to_owned());
    }
    let thai = word.strip_prefix("tis-620").or(word.strip_prefix("tis620"));
    if thai.is_some_and(|rest| words(rest).next().is_none_or(|next| next.len() < rest.len())) {
        return Some("iso-8859-11".to_owned());
    }
    numbered(word)
}

/// Aliases that are a word and numbers.
fn numbered(word: &str) -> Option<String> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(rest) = word.strip_prefix("iso") {
        let rest = rest.strip_prefix(['-', '_']).unwrap_or(rest);
        if let Some((standard, part)) = rest.split_once(['-', '_'])
            && digits(standard)
            && digits(part)
        {
            return Some(format!("iso-{standard}-{part}"));
        }
        if let Some(part) = rest.strip_prefix("8859").filter(|part| digits(part)) {
            return Some(format!("iso-8859-{part}"));
        }
    }
    let latin = word.strip_prefix("iso").map_or(word, |rest| rest.trim_start_matches(['-', '_']));
    if let Some(number) = latin.strip_prefix("latin") {
        const PARTS: [u8; 11] = [0, 1, 2, 3, 4, 9, 10, 13, 14, 15, 16];
        let number = number.strip_prefix(['-', '_']).unwrap_or(number);
        let part = PARTS.get(number.parse::<usize>().ok()?)?;
        return Some(format!("iso-8859-{part}"));
    }
    for vendor in ["cp", "ibm", "ms", "windows"] {
        if let Some(rest) = word.strip_prefix(vendor) {
            let number = rest.strip_prefix(['-', '_', ' ']).unwrap_or(rest);
            return ((2..=4).contains(&number.len()) && digits(number))
                .then(|| format!("cp{number}"));
        }
    }
    None
}

/// `name` with its only run of underscores as a dash.
fn dashed(name: &str) -> Option<String> {
    let (first, rest) = name.split_once('_')?;
    let second = rest.trim_start_matches('_');
    (!first.is_empty() && !second.contains('_')).then(|| format!("{first}-{second}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_decoders() {
        for (name, known) in [
            ("UTF-8", "utf8"),
            ("x-UTF-8", "utf8"),
            ("ISO_8859-2", "iso-8859-2"),
            ("iso8859-15", "iso-8859-15"),
            ("latin1", "iso-8859-1"),
            ("Windows-1251", "cp1251"),
            ("cp-1251", "cp1251"),
            ("gb2312", "euc-cn"),
            ("GB_2312-80", "euc-cn"),
            ("ks_c_5601-1987", "cp949"),
            ("Shift_JIS", "shiftjis"),
            ("x-sjis", "shiftjis"),
            ("big5", "big5-eten"),
            ("koi8_r", "koi8-r"),
            ("x-mac-cyrillic", "maccyrillic"),
            ("TIS-620", "iso-8859-11"),
            ("ANSI_X3.4-1968", "ascii"),
            ("unicode-1-1-utf-7", "utf-7"),
            ("iso-8859-1 ", "iso-8859-1"),
        ] {
            assert!(canonical(known).is_some(), "{known}");
            assert_eq!(find(name.as_bytes()), canonical(known), "{name}");
        }
        for name in
            ["", "gb18030", "unknown-8bit", "8bit", "utf-9", "windows-99999", "x-user-defined"]
        {
            assert_eq!(find(name.as_bytes()), None, "{name}");
        }
    }
}
