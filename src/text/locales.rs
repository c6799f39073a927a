//! Which charsets are at home where: what `ok_locales` allows.
//!
//! A locale is a language code of two letters (`ja`, `ru`, …; the rest of `zh_TW.UTF-8` does not
//! count), a charset the name that a mail declares. Western charsets, Unicode and everything that
//! Windows names after itself are welcome anywhere (Mail::SpamAssassin::Locales).

/// The locales that count: the words of `ok_locales` and the language of the environment.
/// `None` if one of them is `all`, which allows every charset.
pub fn allowed(ok_locales: &[u8], environment: &[u8]) -> Option<Vec<Vec<u8>>> {
    let words = ok_locales.split(|byte| byte.is_ascii_whitespace());
    let words = words.chain([environment]).filter(|word| !word.is_empty());
    let locales: Vec<Vec<u8>> = words.map(<[u8]>::to_vec).collect();
    (!locales.iter().any(|locale| locale == b"all")).then_some(locales)
}

/// Is `charset` at home in one of `locales`, or everywhere?
pub fn is_at_home(charset: &[u8], locales: &[Vec<u8>]) -> bool {
    let name: Vec<u8> =
        charset.to_ascii_uppercase().into_iter().filter(u8::is_ascii_alphanumeric).collect();
    // Quoted-printable that was not undone writes "=3D" before the name.
    let name = name.strip_prefix(b"3D").unwrap_or(&name);
    is_everywhere(name) || locales.iter().any(|locale| charsets_of(locale).contains(&name))
}

fn is_everywhere(name: &[u8]) -> bool {
    const NAMES: &[&[u8]] = &[b"USASCII", b"ASCII", b"IBM852", b"XUNKNOWN", b"ISO"];
    const BEGINNINGS: &[&[u8]] = &[
        b"ISO8859",
        b"ISO10646",
        b"UTF",
        b"UCS",
        b"CP125",
        b"WINDOWS",
        b"UNICODE11UTF7",
        b"UNICODE11UTF8",
    ];
    NAMES.contains(&name) || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

/// The charsets that are common where `locale` is spoken and nowhere else.
fn charsets_of(locale: &[u8]) -> &'static [&'static [u8]] {
    match locale.get(..2).filter(|code| code.iter().all(u8::is_ascii_lowercase)) {
        Some(b"ja") => &[
            b"EUCJP",
            b"ISO2022JP",
            b"JIS7",
            b"JISX0201",
            b"JISX020119760",
            b"JISX0208",
            b"JISX020819830",
            b"JISX020819900",
            b"JISX020819970",
            b"JISX0212",
            b"JISX021219900",
            b"JISX021320001",
            b"JISX021320002",
            b"SHIFTJIS",
            b"SJIS",
        ],
        Some(b"ko") => &[b"EUCKR", b"KSC56011987"],
        Some(b"ru" | b"ka" | b"tg" | b"be" | b"uk" | b"bg") => &[
            b"CP1251",
            b"CP866",
            b"GEORGIANPS",
            b"ISOIR111",
            b"KOI8R",
            b"KOI8T",
            b"KOI8U",
            b"PT154",
        ],
        Some(b"th") => &[b"TIS620"],
        Some(b"zh") => &[
            b"BIG5",
            b"BIG5HKSCS",
            b"EUCTW",
            b"GB18030",
            b"GB1988",
            b"GB2312",
            b"GB231219800",
            b"GBK",
            b"ISO2022CN",
        ],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn western_charsets_are_at_home_everywhere_and_others_where_they_are_used() {
        let cases = [
            ("us-ascii", "", true),
            ("ISO-8859-15", "", true),
            ("=3Dutf-8", "", true),
            ("windows-1251", "", true),
            ("cp1251", "", true),
            ("koi8-r", "", false),
            ("koi8-r", "uk_UA.UTF-8", true),
            ("koi8-r", "UK", false),
            ("Shift_JIS", "en ja", true),
            ("big5", "ja ko ru th", false),
            ("big5", "zh.gb2312", true),
            ("x-unknown", "C", true),
            ("---", "zh", false),
            ("GB", "zh", false),
        ];
        for (charset, ok, expected) in cases {
            let locales = allowed(ok.as_bytes(), b"en_US").unwrap_or_default();
            assert_eq!(is_at_home(charset.as_bytes(), &locales), expected, "{charset} {ok}");
        }
        assert_eq!(allowed(b"de all", b"en_US"), None);
        assert_eq!(allowed(b"", b"all"), None);
    }
}
