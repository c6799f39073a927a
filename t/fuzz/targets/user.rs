//! A user's name, as it becomes a path of `--virtual-config-dir`.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mailprint::server::users::virtual_dir::folders;
use std::path::{Component, Path};

fuzz_target!(|data: &[u8]| {
    let (pattern, user) = data.split_at(data.len().min(12));
    let pattern = format!("/v/%u{}", String::from_utf8_lossy(pattern).replace(['/', '.'], "%d"));
    for pattern in [pattern.as_str(), "/v/%d/%l", "/v/%x/sa", "/v/%l%d"] {
        for folder in folders(pattern, user) {
            assert_eq!(folder.base, Path::new("/v"));
            assert!(folder.steps.iter().all(|step| {
                let mut components = step.components();
                matches!(components.next(), Some(Component::Normal(_)))
                    && components.next().is_none()
            }));
        }
    }
});
