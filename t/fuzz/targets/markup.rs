//! A message rewritten in all three ways, and put back; and any message as if it had been.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::engine::markup::remove;
use mailprint::engine::{Curve, Engine, Options};
use mailprint::message::Message;
use mailprint_fuzz::{limits, rules};
use std::sync::{Arc, LazyLock};

static ENGINES: LazyLock<Vec<Engine>> = LazyLock::new(|| {
    let engine = |safe| {
        let lines = format!(
            "required_score -100\nbody NEVER /never/\nreport _PREVIEW_ _HEADER(ALL)_\n\
             rewrite_header Subject _SCORE_ _HEADER(From:name)_\nrewrite_header To X\n\
             add_header all All _HEADER(ALL)_\nreport_safe_copy_headers Received X-A\n\
             report_safe {safe}\n"
        );
        Engine::new(Arc::new(rules(lines.as_bytes())), Curve::default(), &limits())
    };
    (0..3).map(engine).collect()
});

fuzz_target!(|data: &[u8]| {
    let plain = remove(data.to_vec(), &limits());
    assert!(plain.len() <= data.len() + data.len() / 2 + 100);
    let message = Message::parse(data.to_vec(), &limits());
    let original = [message.mbox_separator().unwrap_or_default(), message.pristine()].concat();
    let options = Options { rewrite: true, ..Options::default() };
    for (safe, engine) in ENGINES.iter().enumerate() {
        let verdict = engine.scan(&mut engine.worker(), data.to_vec(), &options);
        let rewritten = verdict.rewritten.expect("as asked");
        let back = remove([rewritten.head, rewritten.body].concat(), &limits());
        assert!(safe == 0 || message.pristine().is_empty() || back == original);
    }
});
