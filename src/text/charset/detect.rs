//! Which charset unlabelled 8-bit text looks like.
//!
//! SpamAssassin asks Mozilla's old universal detector here; we ask chardetng, Mozilla's new
//! one, and keep to charsets that the old one can name.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs as rs;

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
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let guess = detector.guess(None, Utf8Detection::Deny);
    let names = [
        (rs::WINDOWS_1251, "windows-1251"),
        (rs::KOI8_U, "KOI8-R"),
        (rs::IBM866, "IBM866"),
        (rs::ISO_8859_5, "ISO-8859-5"),
        (rs::WINDOWS_1253, "windows-1253"),
        (rs::ISO_8859_7, "ISO-8859-7"),
        (rs::WINDOWS_1255, "windows-1255"),
        (rs::ISO_8859_8, "windows-1255"),
        (rs::WINDOWS_874, "TIS-620"),
        (rs::SHIFT_JIS, "Shift_JIS"),
        (rs::EUC_JP, "EUC-JP"),
        (rs::EUC_KR, "EUC-KR"),
        (rs::GBK, "cp936"),
        (rs::BIG5, "Big5"),
    ];
    names.into_iter().find(|(known, _)| *known == guess).map(|(_, name)| name)
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
        assert_eq!(charset(b"\xfe\xff\0a"), Some("UTF-16BE"));
    }
}
