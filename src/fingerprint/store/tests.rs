//! The store as a whole: what is learned is known, forgotten and kept.

use super::*;
use crate::fingerprint::Known as _;
use crate::fingerprint::known::{Origin, Sets};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A folder of a test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("mailprint-store-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&folder);
        Folder(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn print(number: u8) -> Fingerprint {
    Fingerprint { algorithm: Algorithm::TextExact, digest: [number; 16] }
}

fn lesson(message: u8, class: Class, prints: &[u8]) -> Lesson {
    Lesson {
        id: LessonId { content: [message; 16], message: [message | 0x80; 16] },
        teacher: String::new(),
        class,
        when: 1000 + u64::from(message),
        prints: prints.iter().map(|&number| print(number)).collect(),
        signers: Vec::new(),
        phrases: if class == Class::Ham { vec![u64::from(message) * 16] } else { Vec::new() },
    }
}

fn sets(store: &mut Store) -> Sets {
    let source = store.source().unwrap();
    Sets::default().with(Origin::Local, source)
}

fn weight(sets: &Sets, number: u8, class: Class) -> u8 {
    sets.listed(Algorithm::TextExact, print(number).key()).weight(class)
}

fn forget(store: &mut Store, lesson: &Lesson) -> u64 {
    let which = Forget { id: lesson.id, teacher: lesson.teacher.clone() };
    store.forget(&[which]).unwrap().0[0]
}

#[test]
fn what_is_learned_twice_counts_once_and_is_forgotten_whole() {
    let folder = Folder::new();
    let mut store = Store::open(&folder.0).unwrap();
    let (first, second) = (lesson(1, Class::Spam, &[1, 2]), lesson(2, Class::Spam, &[2, 3]));
    let taught = store.learn(&[first.clone(), first.clone(), second.clone()]).unwrap().0;
    assert_eq!(taught, [Taught::New, Taught::Known, Taught::New]);
    let record = store.records(&[print(2)]).unwrap()[0].unwrap();
    assert_eq!((record.count(Class::Spam), record.first, record.last), (2, 1001, 1002));
    assert_eq!(forget(&mut store, &first), 1);
    assert_eq!(forget(&mut store, &first), 0);
    let records = store.records(&[print(1), print(2), print(3)]).unwrap();
    assert_eq!(records[0], None);
    assert_eq!(records[1].unwrap().count(Class::Spam), 1);
    assert_eq!(forget(&mut store, &second), 1);
    let stats = store.stats().unwrap();
    assert_eq!((stats.fingerprints, stats.lessons), (0, [0; 5]));
    assert!(
        store
            .source()
            .unwrap()
            .overlay
            .changes()
            .all(|change| matches!(change, Change::Print { listed, .. } if !listed.is_listed()))
    );
}

#[test]
fn a_message_taught_as_something_else_is_that_alone() {
    let folder = Folder::new();
    let mut store = Store::open(&folder.0).unwrap();
    store.learn(&[lesson(1, Class::Spam, &[1])]).unwrap();
    let taught = store.learn(&[lesson(1, Class::Ham, &[1])]).unwrap().0;
    assert_eq!(taught, [Taught::Changed]);
    let sets = sets(&mut store);
    assert_eq!((weight(&sets, 1, Class::Spam), weight(&sets, 1, Class::Ham)), (0, 15));
    assert!(sets.is_common(16));
}

#[test]
fn users_take_back_their_own_and_the_administrator_everybodys() {
    let folder = Folder::new();
    let mut store = Store::open(&folder.0).unwrap();
    let of = |teacher: &str, class| Lesson { teacher: teacher.into(), ..lesson(1, class, &[1]) };
    store.learn(&[of("ann", Class::Spam), of("bob", Class::Spam)]).unwrap();
    assert_eq!(store.records(&[print(1)]).unwrap()[0].unwrap().count(Class::Spam), 2);
    assert_eq!(forget(&mut store, &of("carol", Class::Spam)), 0);
    assert_eq!(forget(&mut store, &of("ann", Class::Spam)), 1);
    store.learn(&[of("ann", Class::Ham)]).unwrap();
    // The administrator has the last word.
    store.learn(&[of("", Class::Phish)]).unwrap();
    let record = store.records(&[print(1)]).unwrap()[0].unwrap();
    assert_eq!(record.counts, [0, 1, 0, 0, 0]);
    store.learn(&[of("bob", Class::Phish)]).unwrap();
    assert_eq!(forget(&mut store, &of("", Class::Phish)), 2);
}

#[test]
fn a_copy_with_another_body_is_forgotten_by_its_message_id_if_that_is_clear() {
    let folder = Folder::new();
    let mut store = Store::open(&folder.0).unwrap();
    let first = lesson(1, Class::Spam, &[1]);
    store.learn(std::slice::from_ref(&first)).unwrap();
    let copy =
        |content| Lesson { id: LessonId { content: [content; 16], ..first.id }, ..first.clone() };
    assert_eq!(forget(&mut store, &copy(7)), 1);
    store.learn(&[first.clone(), copy(8)]).unwrap();
    assert_eq!(forget(&mut store, &copy(7)), 0, "which of the two is not known");
    let nameless = Lesson { id: LessonId { content: [9; 16], message: [0; 16] }, ..first.clone() };
    store.learn(std::slice::from_ref(&nameless)).unwrap();
    let other = Lesson { id: LessonId { content: [10; 16], message: [0; 16] }, ..first };
    assert_eq!(forget(&mut store, &other), 0);
}

#[test]
fn a_signed_wanted_message_exempts_its_signer_and_nobody_else() {
    use crate::fingerprint::judge::exemption;
    let folder = Folder::new();
    let mut store = Store::open(&folder.0).unwrap();
    let genuine = Lesson { signers: vec!["bank.example".into()], ..lesson(1, Class::Ham, &[1]) };
    store.learn(&[lesson(2, Class::Phish, &[1]), genuine.clone()]).unwrap();
    let sets_now = sets(&mut store);
    assert_eq!((weight(&sets_now, 1, Class::Phish), weight(&sets_now, 1, Class::Ham)), (8, 0));
    let exempt = |sets: &Sets, domain: &str| {
        let pair = exemption(print(1), domain);
        sets.listed(pair.algorithm, pair.key()).weight(Class::Ham) > 0
    };
    assert!(exempt(&sets_now, "bank.example") && exempt(&sets_now, ""));
    assert!(!exempt(&sets_now, "evil.example"));
    assert_eq!(store.stats().unwrap().exemptions, 2);
    forget(&mut store, &genuine);
    assert!(!exempt(&sets(&mut store), "bank.example"));
    assert_eq!(store.stats().unwrap().exemptions, 0);
}

#[test]
fn snapshot_and_changes_make_the_same_set_whenever_the_snapshot_was_made() {
    let folder = Folder::new();
    let mut store = Store::open(&folder.0).unwrap();
    store.learn(&[lesson(1, Class::Spam, &[1, 2]), lesson(2, Class::Ham, &[3])]).unwrap();
    store.checkpoint().unwrap();
    store.learn(&[lesson(3, Class::Malware, &[4])]).unwrap();
    forget(&mut store, &lesson(1, Class::Spam, &[1, 2]));
    drop(store);
    let mut store = Store::open(&folder.0).unwrap();
    let look = |sets: &Sets| {
        let weights = (1..5).map(|n| Class::ALL.map(|class| weight(sets, n, class)));
        (weights.collect::<Vec<_>>(), sets.is_common(32), sets.is_common(16))
    };
    let with_changes = look(&sets(&mut store));
    assert_eq!(with_changes.0[3], [0, 0, 8, 0, 0]);
    assert_eq!((with_changes.0[0], with_changes.1), ([0; 5], true));
    // A snapshot that is torn is made anew, and so is one that is older than the changes kept.
    std::fs::write(folder.0.join(SNAPSHOT), "MPknown1 torn").unwrap();
    assert_eq!(look(&sets(&mut store)), with_changes);
    let old = std::fs::read(folder.0.join(SNAPSHOT)).unwrap();
    store.learn(&[lesson(5, Class::Spam, &[1])]).unwrap();
    store.checkpoint().unwrap();
    std::fs::write(folder.0.join(SNAPSHOT), old).unwrap();
    assert_eq!(weight(&sets(&mut store), 1, Class::Spam), 8);
}

#[test]
fn one_process_opens_a_store_and_only_a_store() {
    let folder = Folder::new();
    let open = || Store::open(&folder.0).map(drop);
    let store = Store::open(&folder.0).unwrap();
    assert!(matches!(open(), Err(StoreError::InUse(_))));
    drop(store);
    open().unwrap();
    let path = folder.0.join(FILE);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, "From: somebody\n").unwrap();
    assert!(matches!(open(), Err(StoreError::Foreign(_))));
    // Cut, or with a byte of its head changed, it is refused or repaired, and nothing panics.
    for cut in [20, 64, 320, 4096, 4097, whole.len() / 2] {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let _ = open();
    }
    for at in (0..512).step_by(7) {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        std::fs::write(&path, changed).unwrap();
        let _ = open();
    }
    std::fs::write(&path, "").unwrap();
    assert!(matches!(open(), Err(StoreError::Foreign(_))));
    let other = redb::Database::create(folder.0.join("other")).unwrap();
    let write = other.begin_write().unwrap();
    write.open_table(TableDefinition::<u64, u64>::new("theirs")).unwrap().insert(1, 1).unwrap();
    write.commit().unwrap();
    drop(other);
    std::fs::rename(folder.0.join("other"), &path).unwrap();
    assert!(matches!(open(), Err(StoreError::Foreign(_))));
}

#[test]
fn a_store_of_another_version_is_named() {
    let folder = Folder::new();
    for (format, newer) in [(FORMAT + 1, true), (FORMAT - 1, false)] {
        let mut store = Store::open(&folder.0).unwrap();
        store
            .write(|transaction, _| {
                transaction.open_table(META)?.insert("format", format)?;
                Ok(())
            })
            .unwrap();
        drop(store);
        let refused = Store::open(&folder.0).unwrap_err();
        assert_eq!(matches!(refused, StoreError::Newer(_)), newer);
        assert_eq!(matches!(refused, StoreError::Older(_)), !newer);
        std::fs::remove_file(folder.0.join(FILE)).unwrap();
    }
}

#[test]
fn lessons_are_handed_out_page_by_page() {
    let folder = Folder::new();
    let mut store = Store::open(&folder.0).unwrap();
    let lessons: Vec<Lesson> = (0..20).map(|n| lesson(n, Class::Spam, &[n])).collect();
    store.learn(&lessons).unwrap();
    let (mut seen, mut after) = (Vec::new(), Vec::new());
    loop {
        let page = store.lessons(&after, 200).unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() < 10);
        after = last.key();
        seen.extend(page);
    }
    assert_eq!(seen, lessons);
}
