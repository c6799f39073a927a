//! A whole message: its tree and its plain views.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint_fuzz::{limits, views};

fuzz_target!(|data: &[u8]| {
    let views = views(data);
    let message = views.message();
    let parts = message.parts();
    assert!(!parts.is_empty() && parts.len() <= limits().mime_tree);
    for (index, part) in parts.iter().enumerate() {
        assert_eq!(part.parent.is_none(), index == 0);
        assert!(part.depth <= limits().mime_depth + 1, "depth {}", part.depth);
        for &child in &part.children {
            assert!(child > index);
            assert_eq!(parts[child].parent, Some(index));
        }
        _ = (part.decoded(), part.rendering(), part.name(), part.raw_lines().count());
    }
    let fields: usize = parts.iter().map(|part| part.headers.len()).sum();
    assert!(fields <= limits().headers);
    let block = message.pristine_headers().len();
    assert_eq!(block + message.pristine_body().len(), message.pristine().len());
    assert!(views.body().iter().skip(1).all(|piece| piece.len() <= 2049));
    _ = views.rawbody();
});
