//! Wallets of cryptocurrencies: only addresses whose checksum is right.
//!
//! In: a word of letters and digits. Out: [`Wallet`]. Forms: base58check (Bitcoin, Litecoin,
//! Dogecoin, Dash, TRON), bech32 and bech32m (BIP 173, BIP 350), Ethereum's 20 bytes of
//! hexadecimal (EIP-55 where upper and lower case are mixed), Monero's base58 in blocks.

use super::keccak::keccak256;
use ring::digest::{SHA256, digest};

/// A wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wallet {
    /// The currency: `btc`, `eth`, …
    pub currency: &'static str,
    /// The address as it must be written; in lower case where case means nothing.
    pub address: String,
}

/// Version bytes of base58check addresses.
const VERSIONS: &[(u8, &str)] = &[
    (0x00, "btc"),
    (0x05, "btc"),
    (0x30, "ltc"),
    (0x32, "ltc"),
    (0x1e, "doge"),
    (0x16, "doge"),
    (0x4c, "dash"),
    (0x10, "dash"),
    (0x41, "trx"),
];

/// The wallet that `word` is the address of.
pub(super) fn read(word: &str) -> Option<Wallet> {
    match word.len() {
        42 if word.starts_with("0x") || word.starts_with("0X") => ethereum(word),
        26..=35 => base58check(word),
        95 | 106 => monero(word),
        _ => None,
    }
    .or_else(|| bech32(word))
}

fn base58check(word: &str) -> Option<Wallet> {
    let bytes = base58(word, 25)?;
    let (body, sum) = bytes.split_at_checked(21)?;
    let twice = digest(&SHA256, digest(&SHA256, body).as_ref());
    let currency = VERSIONS.iter().find(|row| Some(&row.0) == body.first())?.1;
    let right = twice.as_ref().starts_with(sum);
    right.then(|| Wallet { currency, address: word.to_owned() })
}

/// The value of a base58 number in `length` bytes; `None` if it does not fit.
fn base58(word: &str, length: usize) -> Option<Vec<u8>> {
    const DIGITS: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut out = vec![0u8; length];
    for letter in word.bytes() {
        let mut carry = DIGITS.iter().position(|&digit| digit == letter)?;
        for byte in out.iter_mut().rev() {
            carry += usize::from(*byte) * 58;
            *byte = (carry & 0xff) as u8;
            carry >>= 8;
        }
        if carry > 0 {
            return None;
        }
    }
    Some(out)
}

/// Blocks of eight bytes are eleven letters each; the last one has five bytes in seven.
fn monero(word: &str) -> Option<Wallet> {
    const LENGTHS: [(usize, usize); 3] = [(2, 1), (7, 5), (11, 8)];
    if !word.is_ascii() || !word.starts_with(['4', '8']) {
        return None;
    }
    let mut bytes = Vec::with_capacity(80);
    for block in word.as_bytes().chunks(11) {
        let length = LENGTHS.iter().find(|row| row.0 == block.len())?.1;
        bytes.extend(base58(std::str::from_utf8(block).ok()?, length)?);
    }
    let (body, sum) = bytes.split_at_checked(bytes.len().checked_sub(4)?)?;
    let right = keccak256(body).starts_with(sum);
    right.then(|| Wallet { currency: "xmr", address: word.to_owned() })
}

fn ethereum(word: &str) -> Option<Wallet> {
    let digits = word.get(2..)?;
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let lower = digits.to_ascii_lowercase();
    let mixed = digits.bytes().any(|b| b.is_ascii_uppercase())
        && digits.bytes().any(|b| b.is_ascii_lowercase());
    let nibbles = keccak256(lower.as_bytes()).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let right = digits.bytes().zip(nibbles).all(|(digit, nibble)| {
        !digit.is_ascii_alphabetic() || digit.is_ascii_uppercase() == (nibble >= 8)
    });
    // Twenty equal bytes are a filler; nobody owns them.
    let filler = lower.bytes().all(|b| Some(b) == lower.bytes().next());
    let valid = (!mixed || right) && !filler;
    valid.then(|| Wallet { currency: "eth", address: format!("0x{lower}") })
}

/// The chains whose addresses are known: what is before the last `1`.
const CHAINS: &[(&str, &str)] =
    &[("bc", "btc"), ("ltc", "ltc"), ("addr", "ada"), ("cosmos", "atom")];

fn bech32(word: &str) -> Option<Wallet> {
    const DIGITS: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let lower = word.to_ascii_lowercase();
    let mixed = word != lower && word != word.to_ascii_uppercase();
    let (chain, data) = lower.rsplit_once('1')?;
    let currency = CHAINS.iter().find(|row| row.0 == chain)?.1;
    if mixed || !(30..=110).contains(&data.len()) {
        return None;
    }
    let high = chain.bytes().map(|b| b >> 5);
    let low = chain.bytes().map(|b| b & 31);
    let mut sum = 1u32;
    for value in high.chain([0]).chain(low) {
        sum = polymod(sum, value);
    }
    for letter in data.bytes() {
        let value = DIGITS.iter().position(|&digit| digit == letter)?;
        sum = polymod(sum, value as u8);
    }
    matches!(sum, 1 | 0x2bc8_30a3).then_some(Wallet { currency, address: lower })
}

fn polymod(sum: u32, value: u8) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let top = sum >> 25;
    let next = (sum & 0x01ff_ffff) << 5 ^ u32::from(value);
    let set = GENERATOR.iter().enumerate().filter(|(bit, _)| top >> bit & 1 == 1);
    set.fold(next, |sum, (_, term)| sum ^ term)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_with_a_right_checksum_are_wallets() {
        // From the documents that define each form.
        let table = [
            ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", Some("btc")),
            ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", None),
            ("3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", Some("btc")),
            ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", Some("btc")),
            ("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", Some("btc")),
            ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", Some("btc")),
            ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", None),
            ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", Some("eth")),
            ("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", Some("eth")),
            ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD", None),
            ("0x0000000000000000000000000000000000000000", None),
            ("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", Some("trx")),
            ("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u", None),
            (
                "4AdUndXHHZ6cfufTMvppY6JwXNouMBzSkbLYfpAV5Usx3skxNgYeYTRj5UzqtReoS44qo9mtmXCqY45DJ852K5Jv2684Rge",
                Some("xmr"),
            ),
            (
                "4AdUndXHHZ6cfufTMvppY6JwXNouMBzSkbLYfpAV5Usx3skxNgYeYTRj5UzqtReoS44qo9mtmXCqY45DJ852K5Jv2684Rgf",
                None,
            ),
            ("international", None),
        ];
        for (word, currency) in table {
            assert_eq!(read(word).map(|wallet| wallet.currency), currency, "{word}");
        }
    }

    proptest! {
        #[test]
        fn words_never_panic(word in "([1-9A-Za-z]{20,110}|0x[0-9a-f]{40}|\\PC{20,40})") {
            read(&word);
        }
    }
}
