//! A pattern, the first line, and a text that it searches.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::rules::regex::{Caches, Exact, Ids, Pattern, Plan, PlanRule, Scope, Scratch, Strip};
use mailprint::text::pieces::Pieces;
use mailprint_fuzz::{cut, limits};
use std::sync::Arc;

fuzz_target!(|data: &[u8]| {
    let (pattern, text) = cut(data);
    let Ok(pattern) = Pattern::parse_within(pattern, Strip::Optional, &limits()) else { return };
    let (mut ids, mut caches) = (Ids::new(), Caches::new());
    let exact = Arc::new(Exact::new(Arc::new(pattern), &mut ids, &limits()));
    let found = exact.find_at(text, 0, &mut caches);
    if let Ok(found) = &found {
        assert_eq!(exact.is_match(text, &mut caches), Ok(found.is_some()));
        let captures = exact.captures_at(text, 0, &mut caches);
        if let Ok(captures) = captures {
            assert_eq!(captures.is_some(), found.is_some());
        }
    }
    let counted = exact.count(text, 50, &mut caches);
    if let (Ok(found), Ok(matches)) = (&found, counted) {
        assert_eq!(matches.0 > 0, found.is_some());
    }
    let pieces: Pieces = [text].into_iter().collect();
    let rule = PlanRule { pattern: exact, scope: Scope::All };
    let plan = Plan::build(&[rule], &limits());
    let mut scratch = Scratch::default();
    let possible = plan.start(&pieces, &mut scratch).possible(0);
    assert!(possible || !matches!(found, Ok(Some(_))), "the plan loses a match");
});
