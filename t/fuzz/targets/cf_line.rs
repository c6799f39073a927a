//! Lines of a rule file, loaded as an administrator's and as a user's.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::engine::{Curve, Engine};
use mailprint::rules::UserPrefs;
use mailprint_fuzz::{RULES, limits, rules};
use std::sync::Arc;

fuzz_target!(|data: &[u8]| {
    // Which files there are is this machine's affair.
    if data.windows(7).any(|word| word == b"include") {
        return;
    }
    let set = rules(data);
    for complaint in &set.complaints {
        _ = set.describe(complaint);
    }
    _ = Engine::new(Arc::new(set), Curve::default(), &limits());
    let prefs = UserPrefs::read(Arc::clone(&RULES), "user_prefs", data, &limits());
    for complaint in &prefs.complaints {
        _ = prefs.describe(complaint);
    }
    if prefs.has_own_rules() {
        _ = Engine::new(Arc::new(prefs.rule_set()), Curve::default(), &limits());
    }
});
