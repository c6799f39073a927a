//! What users' preferences have been made into, the least used thrown away first.

use crate::limits::{Limit, Reached};
use crate::server::Loaded;
use std::collections::HashMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a file looked like when it was read; another look is another file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    file: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// Of a file that is open.
    pub fn of(file: &Metadata) -> Stamp {
        Stamp {
            file: (file.dev(), file.ino()),
            size: file.size(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }
}

struct Entry {
    stamp: Stamp,
    loaded: Arc<Loaded>,
    own_rules: bool,
    used: u64,
}

/// Rulesets of users, by the path of their preferences. All are made from one base: a reload
/// makes all of them worthless.
#[derive(Default)]
pub struct Cache {
    base: Option<Arc<Loaded>>,
    entries: HashMap<PathBuf, Entry>,
    clock: u64,
}

impl Cache {
    /// What has been made of the file at `path`, if it still looks like this.
    pub fn get(&mut self, base: &Arc<Loaded>, path: &Path, stamp: Stamp) -> Option<Arc<Loaded>> {
        self.renew(base);
        self.clock += 1;
        let entry = self.entries.get_mut(path).filter(|entry| entry.stamp == stamp)?;
        entry.used = self.clock;
        Some(entry.loaded.clone())
    }

    /// Keeps what has been made, within `base`'s limits, and says which of them it had to throw
    /// something away for. Those with rules of their own are counted apart, because each of them
    /// is a whole program.
    pub fn put(
        &mut self,
        base: &Arc<Loaded>,
        path: &Path,
        stamp: Stamp,
        (loaded, own_rules): (Arc<Loaded>, bool),
    ) -> Reached {
        self.renew(base);
        self.clock += 1;
        let entry = Entry { stamp, loaded, own_rules, used: self.clock };
        self.entries.insert(path.to_owned(), entry);
        let mut reached = Reached::default();
        if self.shrink(true, base.limits.user_programs) {
            reached.note(Limit::UserPrograms);
        }
        if self.shrink(false, base.limits.user_profiles) {
            reached.note(Limit::UserProfiles);
        }
        reached
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    fn renew(&mut self, base: &Arc<Loaded>) {
        if !self.base.as_ref().is_some_and(|known| Arc::ptr_eq(known, base)) {
            self.entries.clear();
            self.base = Some(base.clone());
        }
    }

    /// Throws away what has not been used for longest; false if nothing is too much.
    fn shrink(&mut self, own_rules: bool, most: usize) -> bool {
        let of_kind = |entry: &Entry| entry.own_rules == own_rules;
        let mut thrown_away = false;
        while self.entries.values().filter(|entry| of_kind(entry)).count() > most {
            let all = self.entries.iter().filter(|(_, entry)| of_kind(entry));
            let oldest = all.min_by_key(|(_, entry)| entry.used).map(|(path, _)| path.clone());
            let Some(path) = oldest else { break };
            self.entries.remove(&path);
            thrown_away = true;
        }
        thrown_away
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn stamp(size: u64) -> Stamp {
        Stamp { file: (1, 2), size, modified: (3, 4), changed: (5, 6) }
    }

    fn base(profiles: usize, programs: usize) -> Arc<Loaded> {
        let limits =
            Limits { user_profiles: profiles, user_programs: programs, ..Limits::default() };
        Arc::new(Loaded { limits, ..Loaded::default() })
    }

    fn kept(cache: &mut Cache, base: &Arc<Loaded>, names: &[&str]) -> Vec<bool> {
        let get = |name: &&str| cache.get(base, Path::new(name), stamp(1)).is_some();
        names.iter().map(get).collect()
    }

    #[test]
    fn limit_user_profiles_and_user_programs() {
        let base = base(2, 1);
        let mut cache = Cache::default();
        let put = |cache: &mut Cache, name: &str, own_rules| {
            cache.put(&base, Path::new(name), stamp(1), (Arc::default(), own_rules))
        };
        for (name, own_rules) in [("a", false), ("p", true), ("b", false)] {
            assert_eq!(put(&mut cache, name, own_rules), Reached::default(), "{name}");
        }
        assert_eq!(kept(&mut cache, &base, &["p", "b", "a"]), [true; 3]);
        assert!(put(&mut cache, "c", false).has(Limit::UserProfiles));
        assert_eq!(kept(&mut cache, &base, &["a", "b", "c", "p"]), [true, false, true, true]);
        assert!(put(&mut cache, "q", true).has(Limit::UserPrograms));
        assert_eq!(kept(&mut cache, &base, &["a", "c", "p", "q"]), [true, true, false, true]);
        assert_eq!(cache.len(), 3);
    }

    #[test]
    fn a_file_that_changed_and_a_reload_are_noticed() {
        let (before, after) = (base(9, 9), base(9, 9));
        let mut cache = Cache::default();
        let path = Path::new("a");
        cache.put(&before, path, stamp(1), (Arc::default(), false));
        assert!(cache.get(&before, path, stamp(1)).is_some());
        assert!(cache.get(&before, path, stamp(2)).is_none());
        assert!(cache.get(&after, path, stamp(1)).is_none());
        assert!(cache.get(&before, path, stamp(1)).is_none());
    }
}
