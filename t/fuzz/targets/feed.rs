//! A feed's files, as if their signature had been right, and a delta applied to what there is.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::feed::format::{File, Head};
use mailprint::feed::set::Set;

fuzz_target!(|data: &[u8]| {
    if let Ok(head) = Head::decode(data) {
        assert_eq!(Head::decode(&head.encode()), Ok(head));
    }
    if let Ok(file) = File::decode(data, 10_000) {
        let entries: usize =
            file.sections.iter().map(|section| section.adds.len() + section.removals.len()).sum();
        assert!(entries <= 10_000);
        assert_eq!(File::decode(&file.encode(), 10_000).as_ref(), Ok(&file));
        let _ = Set::default().apply(&file, "a delta");
    }
});
