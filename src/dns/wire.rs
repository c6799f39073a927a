//! Messages as they go over the wire (RFC 1035, 4; RFC 6891).
//!
//! In goes a question, out come its bytes; in come a server's bytes, out comes a reply. Names
//! are unpacked by hickory-proto, which follows pointers backwards only. Records are read one
//! by one: what one of them says wrongly does not take the others away.

use super::{Data, Kind, Name, Question, Record, Reply};
use hickory_resolver::proto::rr::Name as Labels;
use hickory_resolver::proto::serialize::binary::{BinDecodable, BinDecoder};

/// Bytes of a message's head.
const HEAD: usize = 12;
/// The class of the internet.
const INTERNET: u16 = 1;
/// What stands in the additional section for EDNS.
const OPT: Kind = Kind(41);

/// A question's bytes.
pub struct Query {
    bytes: Vec<u8>,
    /// Where the question ends that an answer has to repeat.
    end: usize,
    exact_case: bool,
}

impl Query {
    /// The question with this id. `payload` is how many bytes an answer over UDP may have (EDNS;
    /// without it 512); with `mix_case` letters change their case at random (0x20), and an
    /// answer has to repeat them so.
    pub fn new(question: &Question, id: u16, payload: Option<u16>, mix_case: bool) -> Query {
        let mut bytes = Vec::with_capacity(HEAD + question.name.as_bytes().len() + 6 + 11);
        bytes.extend(id.to_be_bytes());
        let has_opt = u8::from(payload.is_some());
        bytes.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, has_opt]);
        for label in question.name.labels() {
            // A label of a name has 63 bytes at most.
            bytes.push(u8::try_from(label.len()).unwrap_or(0));
            bytes.extend(label);
        }
        if mix_case {
            // A length is under 64, and therefore never a letter.
            let letters = bytes.iter_mut().skip(HEAD).filter(|byte| byte.is_ascii_alphabetic());
            letters.for_each(|byte| *byte ^= if rand::random() { 0x20 } else { 0 });
        }
        bytes.push(0);
        bytes.extend(question.kind.0.to_be_bytes());
        bytes.extend(INTERNET.to_be_bytes());
        let end = bytes.len();
        if let Some(payload) = payload {
            bytes.push(0);
            bytes.extend(OPT.0.to_be_bytes());
            bytes.extend(payload.to_be_bytes());
            bytes.extend([0; 6]);
        }
        Query { bytes, end, exact_case: mix_case }
    }

    /// Its id.
    pub fn id(&self) -> u16 {
        number(&self.bytes, 0)
    }

    /// What is sent.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Is this an answer to it: a response with its id, which repeats its question?
    pub fn is_answered_by(&self, bytes: &[u8]) -> bool {
        let (Some(head), Some(asked)) = (bytes.get(..HEAD), bytes.get(HEAD..self.end)) else {
            return false;
        };
        let is_response = head.get(2).is_some_and(|flags| flags & 0x80 != 0);
        let ours = self.bytes.get(HEAD..self.end).unwrap_or_default();
        let is_ours =
            if self.exact_case { asked == ours } else { asked.eq_ignore_ascii_case(ours) };
        is_response && is_ours && head.get(..2) == self.bytes.get(..2) && number(head, 4) == 1
    }
}

/// Has the server left out what did not fit (TC)?
pub fn is_cut(bytes: &[u8]) -> bool {
    bytes.get(2).is_some_and(|flags| flags & 2 != 0)
}

/// What a message says.
#[derive(Debug)]
pub struct Answer {
    /// Code and answer section.
    pub reply: Reply,
    /// Seconds that the server lets it be kept: the least of its records' for an answer, what
    /// the zone says for a negative one (RFC 2308, 5); `None` where nothing says so.
    pub keep: Option<u32>,
    /// Were there more than `most` records in the answer section?
    pub too_many: bool,
}

/// Reads a server's message, `most` records of its answer section; `None` if it cannot be read.
pub fn read(bytes: &[u8], most: usize) -> Option<Answer> {
    let mut decoder = BinDecoder::new(bytes);
    let head = decoder.read_slice(HEAD).ok()?.unverified();
    let mut code = u16::from(head.get(3)? & 15);
    for _ in 0..number(head, 4) {
        Labels::read(&mut decoder).ok()?;
        decoder.read_u32().ok()?;
    }
    let stated = usize::from(number(head, 6));
    let mut answers = Vec::with_capacity(stated.min(most).min(16));
    for _ in 0..stated.min(most) {
        answers.extend(record(bytes, &mut decoder)?);
    }
    let too_many = stated > most;
    let mut negative = None;
    if !too_many {
        for _ in 0..number(head, 8) {
            if let Some(Record { ttl, data: Data::Start { times, .. }, .. }) =
                record(bytes, &mut decoder)?
            {
                negative = Some(ttl.min(times[3]));
            }
        }
        for _ in 0..number(head, 10) {
            // Rubbish behind the answer is no reason to refuse it.
            match record(bytes, &mut decoder) {
                Some(Some(opt)) if opt.kind == OPT => code |= (opt.ttl >> 24 << 4) as u16,
                Some(_) => {}
                None => break,
            }
        }
    }
    let keep = answers.iter().map(|record: &Record| record.ttl).min().or(negative);
    Some(Answer { reply: Reply { code, answers }, keep, too_many })
}

/// The number of two bytes at `at`; 0 behind the end.
fn number(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).and_then(|two| two.try_into().ok()).map_or(0, u16::from_be_bytes)
}

/// The next record. The outer `None` is a message that cannot be read on; the inner one a record
/// of another class, or one whose names are none.
fn record(whole: &[u8], decoder: &mut BinDecoder<'_>) -> Option<Option<Record>> {
    let owner = Labels::read(decoder).ok()?;
    let kind = Kind(decoder.read_u16().ok()?.unverified());
    let class = decoder.read_u16().ok()?.unverified();
    let ttl = decoder.read_u32().ok()?.unverified();
    let length = usize::from(decoder.read_u16().ok()?.unverified());
    let start = decoder.index();
    decoder.read_slice(length).ok()?;
    // OPT uses the class for something else.
    if class != INTERNET && kind != OPT {
        return Some(None);
    }
    // A time with its highest bit set is none (RFC 2181, 8); of OPT it is not a time.
    let ttl = if ttl >> 31 == 1 && kind != OPT { 0 } else { ttl };
    let inside = whole.get(..start + length)?;
    let record = name(&owner)
        .and_then(|name| Some(Record { name, kind, ttl, data: data(kind, inside, start)? }));
    Some(record)
}

/// What the record says whose data lie from `start` to the end of `bytes`; names in it may point
/// to what is before them.
fn data(kind: Kind, bytes: &[u8], start: usize) -> Option<Data> {
    let own = bytes.get(start..)?;
    let mut decoder = BinDecoder::new(bytes).clone(u16::try_from(start).ok()?);
    Some(match kind {
        Kind::A => Data::V4(<[u8; 4]>::try_from(own).ok()?.into()),
        Kind::AAAA => Data::V6(<[u8; 16]>::try_from(own).ok()?.into()),
        Kind::CNAME | Kind::NS | Kind::PTR => Data::Name(name(&Labels::read(&mut decoder).ok()?)?),
        Kind::MX => Data::Exchange {
            preference: decoder.read_u16().ok()?.unverified(),
            host: name(&Labels::read(&mut decoder).ok()?)?,
        },
        Kind::TXT | Kind::SPF => Data::Text(strings(own)?),
        Kind::SOA => {
            let server = name(&Labels::read(&mut decoder).ok()?)?;
            // Mailboxes may have dots within their first label, which our names cannot say.
            let mailbox = name(&Labels::read(&mut decoder).ok()?).or_else(|| Name::new(""))?;
            let mut next = || Some(decoder.read_u32().ok()?.unverified());
            let serial = next()?;
            Data::Start { server, mailbox, serial, times: [next()?, next()?, next()?, next()?] }
        }
        _ => Data::Other(own.into()),
    })
}

/// Character strings, to the last byte.
fn strings(mut rest: &[u8]) -> Option<Vec<Box<[u8]>>> {
    let mut strings = Vec::new();
    while let Some((length, behind)) = rest.split_first() {
        let (string, behind) = behind.split_at_checked(usize::from(*length))?;
        strings.push(string.into());
        rest = behind;
    }
    Some(strings)
}

/// Our form of a name; `None` if one of its labels has a dot.
fn name(labels: &Labels) -> Option<Name> {
    let mut text = Vec::with_capacity(labels.len());
    for label in labels.iter() {
        if label.contains(&b'.') {
            return None;
        }
        if !text.is_empty() {
            text.push(b'.');
        }
        text.extend(label);
    }
    Name::new(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn question(name: &str, kind: Kind) -> Question {
        Question::new(Name::new(name).unwrap(), kind)
    }

    /// An answer to `query` with these sections' records as bytes, the name as a pointer.
    fn answer(query: &Query, flags: [u8; 2], sections: [&[(u16, u32, &[u8])]; 3]) -> Vec<u8> {
        let mut bytes = query.bytes[..query.end].to_vec();
        bytes[2..4].copy_from_slice(&flags);
        bytes[10..12].fill(0);
        for (at, section) in (6..).step_by(2).zip(sections) {
            bytes[at..at + 2].copy_from_slice(&(section.len() as u16).to_be_bytes());
            for (kind, ttl, data) in section {
                bytes.extend([0xc0, 12]);
                bytes.extend(kind.to_be_bytes());
                // OPT's class is a size.
                bytes.extend(if *kind == 41 { [16, 0] } else { [0, 1] });
                bytes.extend(ttl.to_be_bytes());
                bytes.extend((data.len() as u16).to_be_bytes());
                bytes.extend(*data);
            }
        }
        bytes
    }

    #[test]
    fn a_question_has_the_bytes_of_the_standard() {
        let query = Query::new(&question("a.Example", Kind::TXT), 0x1234, Some(4096), false);
        let expected: &[u8] = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01\
            \x01a\x07example\x00\x00\x10\x00\x01\x00\x00\x29\x10\x00\x00\x00\x00\x00\x00\x00";
        assert_eq!(query.bytes(), expected);
        let plain = Query::new(&question("", Kind::NS), 1, None, false);
        assert_eq!(plain.bytes(), b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\0\0\x02\0\x01");
    }

    #[test]
    fn only_what_repeats_id_and_question_is_an_answer() {
        let asked = question("www.example.com", Kind::A);
        let query = Query::new(&asked, 7, None, false);
        let right = answer(&query, [0x81, 0x80], [&[], &[], &[]]);
        assert!(query.is_answered_by(&right));
        let with = |at: usize, byte: u8| {
            let mut wrong = right.clone();
            wrong[at] = byte;
            wrong
        };
        assert!(query.is_answered_by(&with(13, b'W')), "the case of letters does not count");
        let wrong = [with(1, 8), with(2, 1), with(5, 2), with(13, b'x'), with(query.end - 3, 16)];
        for bytes in wrong {
            assert!(!query.is_answered_by(&bytes), "{bytes:?}");
        }
        assert!((0..right.len()).all(|end| !query.is_answered_by(&right[..end])));
    }

    #[test]
    fn mixed_case_has_to_come_back_as_it_went() {
        let asked = question("a-name-of-many-letters-indeed.example.com", Kind::A);
        let query = Query::new(&asked, 7, None, true);
        let right = answer(&query, [0x81, 0x80], [&[], &[], &[]]);
        assert!(query.is_answered_by(&right));
        let lower = right.iter().map(u8::to_ascii_lowercase).collect::<Vec<_>>();
        assert!(lower == right || !query.is_answered_by(&lower));
        let mixes =
            |_| Query::new(&asked, 7, None, true).bytes().iter().any(u8::is_ascii_uppercase);
        assert!((0..20).any(mixes));
        assert_eq!(read(&right, 9).unwrap().reply.code, 0);
    }

    #[test]
    fn each_kind_of_record_is_read() {
        let query = Query::new(&question("example.com", Kind::ANY), 7, None, false);
        let soa =
            b"\x02ns\xc0\x0c\x07a.mail.\xc0\x0c\0\0\0\x09\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x3c";
        let records: &[(u16, u32, &[u8])] = &[
            (5, 300, b"\x03www\xc0\x0c"),
            (1, 200, &[127, 0, 0, 2]),
            (28, 100, &[0; 16]),
            (15, 50, b"\0\x0a\x02mx\xc0\x0c"),
            (16, 50, b"\x02ab\0\x01c"),
            (99, 50, b"\x01x"),
            (257, 50, b"caa"),
            (6, 70, soa),
            // What is no address, no string, no name is left out.
            (1, 50, &[1, 2, 3]),
            (16, 50, b"\x05ab"),
            (12, 50, b"\xc0\xff"),
        ];
        let Answer { reply, keep, too_many } =
            read(&answer(&query, [0x81, 0x80], [records, &[], &[]]), 99).unwrap();
        let name = |text: &str| Name::new(text).unwrap();
        let expected = [
            Data::Name(name("www.example.com")),
            Data::V4([127, 0, 0, 2].into()),
            Data::V6([0; 16].into()),
            Data::Exchange { preference: 10, host: name("mx.example.com") },
            Data::Text(vec![(*b"ab").into(), [].into(), (*b"c").into()]),
            Data::Text(vec![(*b"x").into()]),
            Data::Other((*b"caa").into()),
            Data::Start {
                server: name("ns.example.com"),
                mailbox: name(""),
                serial: 9,
                times: [1, 2, 3, 60],
            },
        ];
        assert_eq!(reply.answers.iter().map(|r| r.data.clone()).collect::<Vec<_>>(), expected);
        assert!(reply.answers.iter().all(|r| r.name == name("example.com")));
        assert_eq!((reply.code, keep, too_many), (0, Some(50), false));
    }

    #[test]
    fn negative_answers_are_kept_as_long_as_the_zone_says() {
        let query = Query::new(&question("example.com", Kind::A), 7, None, false);
        let soa: (u16, u32, &[u8]) =
            (6, 900, b"\xc0\x0c\xc0\x0c\0\0\0\x09\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x3c");
        let shorter = (6, 30, soa.2);
        // BADVERS is 16: the upper bits stand in OPT.
        let opt: (u16, u32, &[u8]) = (41, 1 << 24, b"");
        type Sections<'a> = [&'a [(u16, u32, &'a [u8])]; 3];
        type Kept = (u16, Option<u32>);
        let cases: &[(u8, Sections<'_>, Kept)] = &[
            (3, [&[], &[soa], &[]], (3, Some(60))),
            (3, [&[], &[shorter], &[]], (3, Some(30))),
            (0, [&[], &[], &[]], (0, None)),
            (0, [&[], &[], &[opt]], (16, None)),
        ];
        for (code, sections, expected) in cases {
            let answer = read(&answer(&query, [0x81, 0x80 | code], *sections), 99).unwrap();
            assert_eq!((answer.reply.code, answer.keep), *expected);
        }
    }

    #[test]
    fn limit_dns_records() {
        let query = Query::new(&question("example.com", Kind::A), 7, None, false);
        let records = [(1u16, 60u32, &[127u8, 0, 0, 2][..]); 4];
        let bytes = answer(&query, [0x81, 0x80], [&records, &[], &[]]);
        for (most, expected) in [(5, (4, false)), (4, (4, false)), (3, (3, true))] {
            let answer = read(&bytes, most).unwrap();
            assert_eq!((answer.reply.answers.len(), answer.too_many), expected);
        }
    }

    #[test]
    fn loops_and_ends_in_the_middle_are_no_messages() {
        let query = Query::new(&question("example.com", Kind::A), 7, None, false);
        let mut bytes = answer(&query, [0x81, 0x80], [&[(1, 60, &[127, 0, 0, 2])], &[], &[]]);
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end], 9).is_none(), "{end}");
        }
        let owner = query.end;
        bytes[owner..owner + 2].copy_from_slice(&[0xc0, owner as u8]);
        assert!(read(&bytes, 9).is_none(), "a pointer to itself");
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            sections in proptest::collection::vec(0u8..4, 4),
        ) {
            read(&bytes, 8);
            // With numbers that are believable more is read.
            let mut bytes = bytes;
            for (at, number) in (4..).step_by(2).zip(sections) {
                if bytes.len() > at + 1 {
                    bytes[at] = 0;
                    bytes[at + 1] = number;
                }
            }
            if let Some(answer) = read(&bytes, 8) {
                prop_assert!(answer.reply.answers.len() <= 8);
            }
        }
    }
}
