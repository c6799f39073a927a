//! A spamd request, whole and in pieces: what comes of it must be the same.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::protocol::RequestError;
use mailprint::protocol::request::{Progress, Reading};
use mailprint_fuzz::limits;

fn in_pieces(data: &[u8], size: usize, allow_tell: bool) -> Result<Progress, RequestError> {
    let mut reading = Reading::new(&limits()).allow_tell(allow_tell);
    for piece in data.chunks(size) {
        match reading.feed(piece)? {
            Progress::Incomplete => {}
            complete => return Ok(complete),
        }
    }
    reading.finish()
}

fuzz_target!(|data: &[u8]| {
    let first = data.first().map_or(1, |&byte| usize::from(byte % 32) + 1);
    let allow_tell = first % 2 == 0;
    let whole = in_pieces(data, data.len().max(1), allow_tell);
    // Who sends more than he announced is told so if it is there in time.
    let sends_more = matches!(&whole, Err(RequestError::LengthMismatch { expected, got })
        if expected.parse::<usize>().unwrap_or(0) < *got);
    for size in [1, first] {
        let pieces = in_pieces(data, size, allow_tell);
        // How much of it was there decides what he is told.
        let early = sends_more
            && matches!(
                pieces,
                Ok(Progress::Complete(_)) | Err(RequestError::LengthMismatch { .. })
            );
        // A version may be no number, which equals nothing.
        let same = pieces == whole || format!("{pieces:?}") == format!("{whole:?}");
        assert!(early || same, "in pieces of {size}: {pieces:?}, whole: {whole:?}");
    }
});
