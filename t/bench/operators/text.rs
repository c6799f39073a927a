//! What operators share: chance, the text of a message, and a message around a new text.

use mailprint::fingerprint::view::View;
use mailprint::limits::Limits;
use mailprint::message::Message;

/// Chance that is the same for the same seed.
pub struct Chance(u64);

impl Chance {
    /// Of a seed and a message.
    pub fn new(seed: u64, bytes: &[u8]) -> Chance {
        let sum =
            bytes.iter().fold(seed, |sum, b| sum.wrapping_mul(31).wrapping_add(u64::from(*b)));
        Chance(sum)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) % bound.max(1) as u64) as usize
    }

    /// True so often of a hundred times.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of `all`.
    pub fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// Lower-case letters.
    pub fn letters(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'a' + self.below(26) as u8)).collect()
    }

    /// `count` words with a capital at the beginning and a full stop.
    pub fn sentence(&mut self, count: usize) -> String {
        let words: Vec<&str> = (0..count).map(|_| *self.of(&WORDS)).collect();
        let text = words.join(" ");
        let (first, rest) = text.split_at(1);
        format!("{}{rest}.", first.to_uppercase())
    }
}

/// What is read of a message: the longest of its texts; none if there are under ten words.
pub fn text_of(bytes: &[u8]) -> Option<String> {
    let limits = Limits::default();
    let message = Message::parse(bytes.to_vec(), &limits);
    let view = View::of(&message, &limits);
    let longest = view.texts.iter().max_by_key(|part| part.text.len())?;
    (longest.text.split_whitespace().count() >= 10).then(|| longest.text.clone())
}

/// `bytes` with another body: its head without what it says of the old one.
pub fn with_body(bytes: &[u8], kind: &str, body: &str) -> Vec<u8> {
    let message = Message::parse(bytes.to_vec(), &Limits::default());
    let mut out = Vec::new();
    for field in message.headers().iter() {
        let name = field.name.to_ascii_lowercase();
        if !name.starts_with(b"content-") && name != b"mime-version" {
            out.extend_from_slice(&field.name);
            out.push(b':');
            out.extend_from_slice(&field.raw);
        }
    }
    out.extend_from_slice(b"MIME-Version: 1.0\n");
    out.extend_from_slice(format!("Content-Type: {kind}; charset=utf-8\n").as_bytes());
    out.extend_from_slice(b"Content-Transfer-Encoding: 8bit\n\n");
    out.extend_from_slice(body.as_bytes());
    out
}

/// An HTML document of these lines.
pub fn page(head: &str, lines: impl Iterator<Item = String>) -> String {
    let body: Vec<String> = lines.collect();
    format!("<html><head>{head}</head><body>\n{}\n</body></html>\n", body.join("\n"))
}

/// `text` in HTML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The lines of `text` that are not empty.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

/// `text` with each word (letters only, three or more) that chance takes replaced.
pub fn map_words(
    text: &str,
    chance: &mut Chance,
    percent: usize,
    mut change: impl FnMut(&str, &mut Chance) -> String,
) -> String {
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    for c in text.chars().chain(['\n']) {
        if c.is_alphabetic() {
            word.push(c);
            continue;
        }
        match word.chars().count() >= 3 && chance.percent(percent) {
            true => out.push_str(&change(&word, chance)),
            false => out.push_str(&word),
        }
        word.clear();
        out.push(c);
    }
    out
}

/// Common words, of which unrelated text is made.
pub const WORDS: [&str; 120] = [
    "about", "after", "again", "answer", "around", "because", "before", "better", "between",
    "board", "bridge", "bring", "build", "carry", "change", "city", "clear", "close", "coffee",
    "common", "complete", "corner", "country", "course", "cover", "cross", "dinner", "direct",
    "door", "during", "early", "earth", "enough", "evening", "example", "family", "farm", "father",
    "field", "figure", "final", "follow", "force", "forest", "friend", "garden", "general", "gold",
    "green", "ground", "group", "happen", "heard", "heavy", "history", "horse", "hour", "house",
    "hundred", "inch", "island", "kitchen", "language", "large", "learn", "leave", "letter",
    "listen", "little", "machine", "matter", "meeting", "minute", "morning", "mountain", "music",
    "never", "notice", "number", "object", "office", "order", "paper", "pattern", "people",
    "picture", "place", "plain", "plane", "plant", "point", "power", "problem", "product", "pull",
    "question", "rain", "reach", "ready", "record", "remember", "river", "round", "science",
    "school", "second", "season", "several", "simple", "snow", "south", "space", "special",
    "stand", "street", "strong", "table", "train", "travel", "voice",
];
