//! Files of this machine, full disks, and what owners sign.

use super::nginx::Folder;
use super::{cause, fetch, fetcher, limits};
use mailprint::fetch::check::{MinisignKey, check_sum};
use mailprint::fetch::{Credentials, place};
use std::fs;
use std::process::{Command, Stdio};

#[tokio::test]
async fn a_file_is_copied_when_it_has_changed() {
    let folder = Folder::new("fetch-local");
    let (source, kept) = (folder.at("source"), folder.at("kept"));
    let fetcher = fetcher(Credentials::default());
    let url = source.to_str().unwrap();
    assert_eq!(cause(&fetcher, url, &kept).await, "missing");
    fs::write(&source, "one").unwrap();
    let stamp = fetch(&fetcher, url, &kept, None).await.unwrap().unwrap().keep().unwrap();
    assert!(fetch(&fetcher, url, &kept, Some(&stamp)).await.unwrap().is_none());
    // Another file of the same length and time is another file.
    let time = fs::metadata(&source).unwrap().modified().unwrap();
    fs::write(folder.at("new"), "two").unwrap();
    fs::File::options().write(true).open(folder.at("new")).unwrap().set_modified(time).unwrap();
    fs::rename(folder.at("new"), &source).unwrap();
    let download = fetch(&fetcher, url, &kept, Some(&stamp)).await.unwrap().unwrap();
    assert_eq!(fs::read(&kept).unwrap(), b"one");
    download.keep().unwrap();
    assert_eq!(fs::read(&kept).unwrap(), b"two");
    fs::write(&source, vec![0; limits().fetch_bytes + 1]).unwrap();
    assert_eq!(cause(&fetcher, url, &kept).await, "large");
    assert_eq!(cause(&fetcher, folder.0.to_str().unwrap(), &kept).await, "disk");
}

#[test]
fn a_full_disk_keeps_the_old_file_and_says_so() {
    let folder = Folder::new("fetch-full");
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k,mode=777", "tmpfs"])
        .arg(&folder.0)
        .stderr(Stdio::null())
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        println!("skipped: only root may mount a small disk");
        return;
    }
    let kept = folder.at("list");
    place::write(&kept, &[1; 20_000]).unwrap();
    let error = place::write(&kept, &[2; 100_000]).unwrap_err();
    let left = fs::read_dir(&folder.0).unwrap().count();
    let old = fs::read(&kept).unwrap();
    Command::new("umount").arg(&folder.0).status().unwrap();
    assert_eq!((error.cause(), left, old), ("full", 1, vec![1; 20_000]));
    assert!(error.to_string().contains("the disk is full"), "{error}");
}

#[test]
fn signatures_of_debians_minisign_and_sums_of_sha256sum_are_understood() {
    let folder = Folder::new("fetch-signed");
    let run = |program: &str, words: &[&str]| {
        let mut command = Command::new(program);
        let output = command.args(words).current_dir(&folder.0).stderr(Stdio::null()).output();
        output.ok().filter(|output| output.status.success()).map(|output| output.stdout)
    };
    let list = folder.at("list");
    fs::write(&list, "192.0.2.1\n").unwrap();
    let sums = String::from_utf8(run("sha256sum", &["list"]).unwrap()).unwrap();
    check_sum(&list, &sums, "list").unwrap();
    if run("minisign", &["-G", "-W", "-p", "k.pub", "-s", "k.sec"]).is_none() {
        println!("skipped: there is no minisign");
        return;
    }
    let public = fs::read_to_string(folder.at("k.pub")).unwrap();
    let key = MinisignKey::parse(&public).unwrap();
    assert_eq!(MinisignKey::parse(public.lines().last().unwrap()).unwrap(), key);
    for kind in ["-H", "-l"] {
        if run("minisign", &["-S", kind, "-s", "k.sec", "-m", "list"]).is_none() {
            continue;
        }
        let signature = fs::read_to_string(folder.at("list.minisig")).unwrap();
        key.check(&list, &signature).unwrap();
        let forged = signature.replace("trusted comment: t", "trusted comment: T");
        assert!(key.check(&list, &forged).is_err(), "{kind}");
        fs::write(&list, "192.0.2.2\n").unwrap();
        assert!(key.check(&list, &signature).is_err(), "{kind}");
        fs::write(&list, "192.0.2.1\n").unwrap();
    }
    run("minisign", &["-G", "-W", "-p", "o.pub", "-s", "o.sec"]).unwrap();
    let other = MinisignKey::parse(&fs::read_to_string(folder.at("o.pub")).unwrap()).unwrap();
    let signature = fs::read_to_string(folder.at("list.minisig")).unwrap();
    assert!(other.check(&list, &signature).unwrap_err().to_string().contains("another key"));
}
