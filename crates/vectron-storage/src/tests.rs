use super::*;
use std::path::Path;

fn open(dir: &Path, durability: Durability) -> Store {
    Store::open(dir, durability, &Resources::new(8 << 20, 8 << 20)).unwrap()
}

/// A state store that is a database beyond `small_store_bytes`.
fn open_with(dir: &Path, small_store_bytes: usize) -> Store {
    let resources = Resources::new(8 << 20, 8 << 20).with_small_store_bytes(small_store_bytes);
    Store::open(dir, Durability::State, &resources).unwrap()
}

fn put(store: &Store, pairs: &[(&str, &str)]) {
    let mut batch = Batch::default();
    pairs.iter().for_each(|(key, value)| batch.put(key.as_bytes(), value.as_bytes()));
    store.write(batch).unwrap();
}

fn all(store: &Store) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found = Vec::new();
    let collect = |key: &[u8], value: &[u8]| {
        found.push((key.to_vec(), value.to_vec()));
        true
    };
    store.scan(&[], collect).unwrap();
    found
}

fn files(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn every_code_is_known_by_its_name_and_others_are_internal() {
    for code in ErrorCode::ALL {
        assert_eq!(ErrorCode::from_wire(code.name()), *code);
    }
    assert_eq!(ErrorCode::from_wire("OF_A_LATER_VERSION"), ErrorCode::Internal);
}

#[test]
fn a_batch_is_read_back_after_a_reopen() {
    let dir = tempfile::tempdir().unwrap();
    for durability in [Durability::Log, Durability::State] {
        let path = dir.path().join(format!("{durability:?}"));
        let store = open(&path, durability);
        put(&store, &[("a", "1"), ("b", "2"), ("c", "3")]);
        let mut batch = Batch::default();
        batch.delete_range(b"b", b"c");
        store.write(batch).unwrap();
        if durability == Durability::State {
            store.flush().unwrap();
        }
        drop(store);
        let store = open(&path, durability);
        assert_eq!(store.get(b"a").unwrap().as_deref(), Some(&b"1"[..]));
        let many = store.get_many([&b"b"[..], b"c"].into_iter()).unwrap();
        assert_eq!(many, [None, Some(b"3".to_vec())]);
        let keys: Vec<_> = all(&store).into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, [b"a".to_vec(), b"c".to_vec()]);
    }
}

#[test]
fn table_files_use_crc32c_and_format_version_2() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_with(dir.path(), 0);
    put(&store, &[("k", "v")]);
    store.flush().unwrap();
    let table = files(dir.path()).into_iter().find(|name| name.ends_with(".sst")).unwrap();
    let bytes = std::fs::read(dir.path().join(table)).unwrap();
    // Footer: checksum type, two block handles padded to 40 bytes, format version, magic number.
    let footer = &bytes[bytes.len() - 53..];
    assert_eq!(footer[0], 1, "CRC32c");
    assert_eq!(footer[41..45], 2u32.to_le_bytes(), "format version");
}

#[test]
fn a_store_that_holds_little_is_one_small_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Durability::State);
    put(&store, &[("applied", "7"), ("epoch", "1")]);
    assert_eq!(files(dir.path()), [] as [String; 0], "nothing before it is flushed");
    store.flush().unwrap();
    assert_eq!(files(dir.path()), ["small.log"]);
    assert!(std::fs::metadata(dir.path().join("small.log")).unwrap().len() < 100);
    assert!(!store.is_database());
}

#[test]
fn what_was_not_flushed_is_gone_after_a_crash_and_what_was_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Durability::State);
    put(&store, &[("a", "1")]);
    store.flush().unwrap();
    put(&store, &[("b", "2")]);
    drop(store);
    assert_eq!(all(&open(dir.path(), Durability::State)), [(b"a".to_vec(), b"1".to_vec())]);
    // A crash before the first flush: that is no damage.
    let young = dir.path().join("young");
    put(&open(&young, Durability::State), &[("a", "1")]);
    assert_eq!(all(&Store::open_read_only(&young).unwrap()), []);
    assert!(Store::open_read_only(&dir.path().join("none")).is_err());
}

#[test]
fn a_store_that_grows_becomes_a_database_and_keeps_everything() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_with(dir.path(), 1000);
    let value = "v".repeat(100);
    for i in 0..30 {
        assert_eq!(store.is_database(), i > 9, "{i}");
        put(&store, &[(&format!("k{i:02}"), &value)]);
        if i == 3 {
            store.flush().unwrap();
        }
    }
    assert!(!files(dir.path()).contains(&"small.log".to_owned()));
    assert_eq!(all(&store).len(), 30);
    store.flush().unwrap();
    drop(store);
    let store = open_with(dir.path(), 1000);
    assert!(store.is_database());
    assert_eq!(all(&store).len(), 30);
}

#[test]
fn a_growth_that_was_cut_off_leaves_the_small_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_with(dir.path(), 1000);
    put(&store, &[("a", "1")]);
    store.flush().unwrap();
    let small = std::fs::read(dir.path().join("small.log")).unwrap();
    put(&store, &[("b", &"2".repeat(2000))]);
    assert!(store.is_database());
    drop(store);
    // As if the power had failed before the file was removed.
    std::fs::write(dir.path().join("small.log"), small).unwrap();
    let read_only = Store::open_read_only(dir.path()).unwrap();
    assert_eq!(all(&read_only), [(b"a".to_vec(), b"1".to_vec())]);
    let store = open_with(dir.path(), 1000);
    assert_eq!(all(&store), [(b"a".to_vec(), b"1".to_vec())]);
    assert_eq!(files(dir.path()), ["small.log"]);
    put(&store, &[("b", &"3".repeat(2000))]);
    assert_eq!(all(&store).len(), 2);
}

#[test]
fn a_database_that_holds_little_is_one_file_from_its_next_opening_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_with(dir.path(), 0);
    put(&store, &[("a", "1"), ("b", "2")]);
    store.flush().unwrap();
    let held = all(&store);
    drop(store);
    let store = open_with(dir.path(), 1000);
    assert_eq!(files(dir.path()), ["small.log"]);
    assert_eq!(all(&store), held);
    drop(store);
    assert_eq!(all(&open_with(dir.path(), 1000)), held);
}

#[test]
fn checkpoints_hold_what_the_store_held() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_with(&dir.path().join("store"), 1000);
    put(&store, &[("a", "1")]);
    let (small, database) = (dir.path().join("small"), dir.path().join("database"));
    store.checkpoint(&small).unwrap();
    store.checkpoint_database(&database).unwrap();
    put(&store, &[("a", "2"), ("b", "3")]);
    assert_eq!(files(&small), ["small.log"]);
    assert!(files(&database).contains(&"CURRENT".to_owned()));
    assert_eq!(files(dir.path()), ["database", "small", "store"]);
    for copy in [small, database] {
        assert_eq!(all(&Store::open_read_only(&copy).unwrap()), [(b"a".to_vec(), b"1".to_vec())]);
    }
}

#[test]
fn a_small_store_with_one_wrong_bit_anywhere_is_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Durability::State);
    put(&store, &[("applied", "7"), ("point", "a vector")]);
    store.flush().unwrap();
    drop(store);
    let file = dir.path().join("small.log");
    let whole = std::fs::read(&file).unwrap();
    let is_damaged = || Store::open_read_only(dir.path()).is_err_and(|error| error.is_damage());
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        std::fs::write(&file, &bytes).unwrap();
        assert!(is_damaged(), "bit of byte {at}");
        std::fs::write(&file, &whole[..at]).unwrap();
        assert!(is_damaged(), "cut at {at}");
    }
    std::fs::write(&file, [whole.as_slice(), b"more"].concat()).unwrap();
    assert!(is_damaged(), "longer");
}

#[test]
fn the_file_of_a_small_store_means_the_same_for_ever() {
    let text = include_str!("../../../test/upgrade/formats-0.2.txt");
    let hex = text.lines().find_map(|line| line.strip_prefix("small_store ")).unwrap();
    let hex = hex.as_bytes().chunks(2).map(|hex| std::str::from_utf8(hex).unwrap());
    let bytes: Vec<u8> = hex.map(|hex| u8::from_str_radix(hex, 16).unwrap()).collect();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("small.log"), &bytes).unwrap();
    let store = open(dir.path(), Durability::State);
    let held = [("_applied", 7u64), ("_epoch", 1)];
    assert_eq!(all(&store), held.map(|(key, value)| (key.into(), value.to_le_bytes().to_vec())));
    drop(store);
    std::fs::remove_file(dir.path().join("small.log")).unwrap();
    let store = open(dir.path(), Durability::State);
    let mut batch = Batch::default();
    held.iter().for_each(|(key, value)| batch.put(key.as_bytes(), &value.to_le_bytes()));
    store.write(batch).unwrap();
    store.flush().unwrap();
    assert_eq!(std::fs::read(dir.path().join("small.log")).unwrap(), bytes);
}

/// The same operations on a store that stays small, one that grows on the way and one that is a database from the start.
#[test]
fn every_form_of_a_store_answers_alike() {
    let dir = tempfile::tempdir().unwrap();
    let stores = [1 << 20, 1000, 0].map(|limit| open_with(&dir.path().join(limit.to_string()), limit));
    let mut seed = 7u64;
    let mut next = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for step in 0..2000 {
        let (kind, a, b) = (next(10), next(60), next(60));
        let (a, b) = (format!("k{a:02}"), format!("k{b:02}"));
        for store in &stores {
            let mut batch = Batch::default();
            match kind {
                0 => batch.delete_range(a.as_bytes(), b.as_bytes()),
                1..3 => batch.delete(a.as_bytes()),
                _ => {
                    batch.put(a.as_bytes(), format!("{step:040}").as_bytes());
                    batch.put(b.as_bytes(), b"");
                }
            }
            // A range that ends before it begins is an error of RocksDB's, and is never written.
            if kind == 0 && a > b {
                continue;
            }
            store.write(batch).unwrap();
            if step % 97 == 0 {
                store.flush().unwrap();
            }
        }
        let [small, growing, database] = &stores;
        assert_eq!(small.get(a.as_bytes()).unwrap(), database.get(a.as_bytes()).unwrap(), "{step}");
        if step % 50 == 0 {
            assert_eq!(all(small), all(database), "{step}");
            assert_eq!(all(growing), all(database), "{step}");
        }
    }
    let forms = stores.each_ref().map(Store::is_database);
    assert_eq!(forms, [false, true, true]);
}

fn name(key: &str, version: u64) -> RenderedName {
    RenderedName { key: key.into(), version: (version, 0), form: 0 }
}

#[test]
fn what_is_kept_of_values_is_told_apart_by_all_of_its_name_and_by_the_store() {
    let (one_dir, other_dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let resources = Resources::new(8 << 20, 8 << 20);
    let open = |dir: &Path| Store::open(dir, Durability::State, &resources).unwrap();
    let (one, other) = (open(one_dir.path()), open(other_dir.path()));
    one.keep_rendered(name("a", 1), b"one");
    other.keep_rendered(name("a", 1), b"other");
    let kept = |store: &Store, name| store.rendered(name).map(|kept| kept.to_vec());
    assert_eq!(kept(&one, name("a", 1)), Some(b"one".to_vec()));
    assert_eq!(kept(&other, name("a", 1)), Some(b"other".to_vec()));
    assert_eq!(kept(&one, name("a", 2)), None);
    assert_eq!(kept(&one, name("b", 1)), None);
    assert_eq!(kept(&one, RenderedName { form: 1, ..name("a", 1) }), None);
    assert_eq!(kept(&one, RenderedName { version: (1, 1), ..name("a", 1) }), None);
    // A store that is opened again may hold something else.
    drop(one);
    assert_eq!(kept(&open(one_dir.path()), name("a", 1)), None);
}

#[test]
fn what_is_kept_of_values_is_bounded_in_bytes() {
    let dir = tempfile::tempdir().unwrap();
    // A quarter of it for what is kept as it was answered.
    let store = Store::open(dir.path(), Durability::State, &Resources::new(4 << 20, 1 << 20)).unwrap();
    let value = vec![7; 4 << 10];
    for version in 0..1000 {
        store.keep_rendered(name("a", version), &value);
    }
    let kept = (0..1000).filter(|version| store.rendered(name("a", *version)).is_some()).count();
    assert!((64..=256).contains(&kept), "{kept} values of 4 KiB are kept, of 1 MiB");
}
