//! Which charset unlabelled 8-bit text looks like.
//!
//! SpamAssassin asks Mozilla's old universal detector here; we ask chardetng, Mozilla's new
//! one, and keep to charsets that the old one can name and to texts in which it dares to.
//! No answer means Windows-1252 to the caller.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs as rs;

/// So few bytes are no Chinese or Korean text yet, so few syllables no Japanese one.
const FEW: usize = 4;

/// Encode's name of the charset that `bytes`, which are not UTF-8, look like.
pub(super) fn charset(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0, 0, 0xFE, 0xFF, ..] => return Some("UTF-32BE"),
        [0xFF, 0xFE, 0, 0, ..] => return Some("UTF-32LE"),
        [0xFE, 0xFF, ..] => return Some("UTF-16BE"),
        [0xFF, 0xFE, ..] => return Some("UTF-16LE"),
        [0xEF, 0xBB, 0xBF, ..] => return Some("UTF-8"),
        _ => {}
    }
    if is_ideographic_spaces(bytes) {
        return Some("EUC-JP");
    }
    if is_shifted_japanese(bytes) {
        return Some("Shift_JIS");
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let guess = detector.guess(None, Utf8Detection::Deny);
    let eight_bit = bytes.iter().filter(|byte| !byte.is_ascii()).count();
    if eight_bit <= FEW && ([rs::GBK, rs::EUC_KR].contains(&guess) || has_rare_big5(bytes, guess)) {
        return None;
    }
    let names = [
        (rs::WINDOWS_1251, "windows-1251"),
        (rs::KOI8_U, "KOI8-R"),
        (rs::IBM866, "IBM866"),
        (rs::ISO_8859_5, "ISO-8859-5"),
        (rs::WINDOWS_1253, "windows-1253"),
        (rs::ISO_8859_7, "ISO-8859-7"),
        (rs::WINDOWS_1255, "windows-1255"),
        (rs::ISO_8859_8, "windows-1255"),
        (rs::SHIFT_JIS, "Shift_JIS"),
        (rs::EUC_JP, "EUC-JP"),
        (rs::EUC_KR, "EUC-KR"),
        (rs::GBK, "cp936"),
        (rs::BIG5, "Big5"),
    ];
    names.into_iter().find(|(known, _)| *known == guess).map(|(_, name)| name)
}

/// Are the 8-bit bytes nothing but ideographic spaces, as all EUC charsets write them? The
/// old detector then says Japanese, so that they count as white space.
fn is_ideographic_spaces(bytes: &[u8]) -> bool {
    let mut runs = bytes.split(u8::is_ascii).filter(|run| !run.is_empty());
    runs.all(|run| run.len() % 2 == 0 && run.iter().all(|&byte| byte == 0xA1))
}

/// Does it hold a character of Big5's second level, which are rare in Chinese text?
fn has_rare_big5(bytes: &[u8], guess: &'static rs::Encoding) -> bool {
    guess == rs::BIG5 && bytes.iter().any(|&byte| (0xC9..=0xF9).contains(&byte))
}

/// Is it Shift_JIS whose hiragana, a syllable in four at least, tell so? The new detector takes
/// some of it for Russian.
fn is_shifted_japanese(bytes: &[u8]) -> bool {
    let (text, _, failed) = rs::SHIFT_JIS.decode(bytes);
    let wide = text.chars().filter(|c| !c.is_ascii()).count();
    let hiragana = text.chars().filter(|c| ('\u{3041}'..='\u{3093}').contains(c)).count();
    !failed && hiragana > FEW && hiragana * 4 >= wide
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_text_tells_its_charset() {
        let (cyrillic, chinese) = ("Привет всем, кто читает это письмо", "中国人民银行的利率");
        let encoded = |encoding: &'static rs::Encoding, text| encoding.encode(text).0.into_owned();
        assert_eq!(charset(&encoded(rs::WINDOWS_1251, cyrillic)), Some("windows-1251"));
        assert_eq!(charset(&encoded(rs::KOI8_U, cyrillic)), Some("KOI8-R"));
        assert_eq!(charset(&encoded(rs::GBK, chinese)), Some("cp936"));
        assert_eq!(charset(&encoded(rs::BIG5, "中國人民銀行的利率")), Some("Big5"));
        let japanese = encoded(rs::SHIFT_JIS, "これは庭の木についての手紙です。りんごと梨。");
        assert_eq!(charset(&japanese), Some("Shift_JIS"));
        assert_eq!(charset(b"w\xe4l\n nut \xc3\xa4"), None, "two characters of Big5");
        assert_eq!(charset(b"\xfe\xff\0a"), Some("UTF-16BE"));
        assert_eq!(charset(b"a\xa1\xa1\xa1\xa1b\xa1\xa1"), Some("EUC-JP"));
        assert_eq!(charset(b"Gr\xfc\xdfe, nur 5 \x80"), None);
    }
}
