//! The system's rsync, beside its own daemon.

use super::nginx::Folder;
use super::{cause, fetch, fetcher, limits};
use mailprint::fetch::{Credentials, Source};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

struct Daemon(Child, u16);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn daemon(folder: &Folder) -> Option<Daemon> {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    fs::create_dir_all(folder.at("served")).unwrap();
    let conf = format!(
        "use chroot = no\n[open]\npath = {0}/served\n[closed]\npath = {0}/served\nauth users = me\n\
         secrets file = {0}/secrets\n",
        folder.0.display()
    );
    fs::write(folder.at("rsyncd.conf"), conf).unwrap();
    for (name, text) in [("secrets", "me:word\n"), ("password", "word\n")] {
        fs::write(folder.at(name), text).unwrap();
        fs::set_permissions(folder.at(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let child = Command::new("rsync")
        .args(["--daemon", "--no-detach", "--address=127.0.0.1", &format!("--port={port}")])
        .arg(format!("--config={}", folder.at("rsyncd.conf").display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(child) = child else {
        println!("skipped: there is no rsync");
        return None;
    };
    for _ in 0..500 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Some(Daemon(child, port))
}

#[tokio::test]
async fn files_come_by_rsync_and_only_when_they_have_changed() {
    let folder = Folder::new("fetch-rsync");
    let Some(daemon) = daemon(&folder) else { return };
    let url = format!("rsync://127.0.0.1:{}/open/list", daemon.1);
    let (served, kept) = (folder.at("served/list"), folder.at("kept"));
    let fetcher = fetcher(Credentials::default());
    assert_eq!(cause(&fetcher, &url, &kept).await, "rsync");
    fs::write(&served, "one").unwrap();
    let stamp = fetch(&fetcher, &url, &kept, None).await.unwrap().unwrap().keep().unwrap();
    assert_eq!(fs::read(&kept).unwrap(), b"one");
    assert!(fetch(&fetcher, &url, &kept, Some(&stamp)).await.unwrap().is_none());
    fs::write(&served, "two, longer").unwrap();
    let download = fetch(&fetcher, &url, &kept, Some(&stamp)).await.unwrap().unwrap();
    assert_eq!(fs::read(&kept).unwrap(), b"one");
    download.keep().unwrap();
    assert_eq!(fs::read(&kept).unwrap(), b"two, longer");
    fs::write(&served, vec![7; limits().fetch_bytes + 1]).unwrap();
    assert_eq!(cause(&fetcher, &url, &kept).await, "large");
    assert_eq!(fs::read(&kept).unwrap(), b"two, longer");
}

#[tokio::test]
async fn passwords_come_from_files_and_nothing_becomes_an_option() {
    let folder = Folder::new("fetch-rsync-closed");
    let Some(daemon) = daemon(&folder) else { return };
    fs::write(folder.at("served/list"), "one").unwrap();
    let url = format!("rsync://me@127.0.0.1:{}/closed/list", daemon.1);
    let kept = folder.at("kept");
    let file = Some(folder.at("password"));
    let knows = fetcher(Credentials { password_file: file, ..Credentials::default() });
    assert!(fetch(&knows, &url, &kept, None).await.unwrap().is_some());
    assert_eq!(cause(&fetcher(Credentials::default()), &url, &kept).await, "rsync");
    // Neither a shell nor rsync itself takes these for something to do.
    let touched = folder.at("touched");
    for path in
        ["open/--help", "open/-e%20sh", "open/$(touch touched)", "open/x;touch touched", "open/."]
    {
        let url = format!("rsync://127.0.0.1:{}/{path}", daemon.1);
        if Source::parse(&url).is_ok() {
            assert_eq!(cause(&knows, &url, &kept).await, "rsync", "{path}");
        }
    }
    assert!(!touched.exists());
}
