//! A packet that comes to the lists' DNS server.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::dns::Name;
use mailprint::limits::Limits;
use mailprint::zones::{Content, Dataset, File, Format, Options, Room, Served, load};
use std::sync::{Arc, LazyLock};

static SERVED: LazyLock<Served> = LazyLock::new(|| {
    let text = "$SOA 60 ns.bl.test mail.test 7 1 2 3 4\n$NS 60 ns.bl.test other.test\n\
        $DATASET ip4trie @ a\n:2:$ listed\n0/0\n$DATASET dnset b @\n.b :3:$\n\
        $DATASET generic @\nns A 1.2.3.4\n@ TXT text\n";
    let file = File { name: "list".into(), changed: 5, content: Content::Bytes(text.into()) };
    let options = Options::new(0, Limits::default());
    let dataset = Dataset::new(Format::Combined, vec![file]);
    let zone = |name: &str| {
        let datasets = std::slice::from_ref(&dataset);
        Arc::new(load(&Name::new(name).unwrap(), datasets, &options).unwrap().0)
    };
    Served::new(vec![zone("bl.test"), zone("x.bl.test")])
});

fuzz_target!(|data: &[u8]| {
    let mut answer = Vec::new();
    if SERVED.answer(data, Room::Packet, 0, &mut answer) {
        assert!(answer.len() <= 2048 && answer[..2] == data[..2] && answer[2] & 0x80 != 0);
    }
    if SERVED.answer(data, Room::Stream, 0, &mut answer) {
        assert!(answer.len() <= 65_535);
    }
});
