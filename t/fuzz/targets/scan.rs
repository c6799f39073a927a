//! A whole message through the engine, with a small rule set of every kind.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::engine::{Curve, Engine, Options, Worker};
use mailprint_fuzz::{RULES, limits};
use std::cell::RefCell;
use std::sync::{Arc, LazyLock};

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(Arc::clone(&RULES), Curve::default(), &limits()));
thread_local!(static WORKER: RefCell<Worker> = RefCell::new(ENGINE.worker()));

fuzz_target!(|data: &[u8]| {
    let options = Options { subtests: true, report: true, ..Options::default() };
    WORKER.with_borrow_mut(|worker| {
        let verdict = ENGINE.scan(worker, data.to_vec(), &options);
        assert!(verdict.score.is_finite() && verdict.confidence.is_finite());
        let again = ENGINE.scan(worker, data.to_vec(), &options);
        assert_eq!(verdict.test_names(), again.test_names());
        assert_eq!(verdict.subtests, again.subtests);
    });
});
