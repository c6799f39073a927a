//! What the families beside text are worth: see `t/bench-parts`.
//!
//! Prints recall of pictures and files under the operators of `operators/files.rs`, what of
//! each algorithm hits wanted mail that was not learned, and what each message costs. The mail
//! is named on the command line: `parts FOLDER-OF-SPAM FOLDER-OF-HAM [FOLDER-OF-PICTURES]`.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a program for people: it prints, and stops where it cannot measure"
)]

#[allow(dead_code, reason = "the mutation bench uses the rest")]
mod operators;

use image::{Rgb, RgbImage};
use mailprint::clock::Tick;
use mailprint::fingerprint::common::Nothing;
use mailprint::fingerprint::view::View;
use mailprint::fingerprint::{self, Algorithm, Family, Fingerprint, images};
use mailprint::limits::{Limits, Reached};
use mailprint::message::Message;
use operators::files;
use operators::text::Chance;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

fn main() {
    let folders: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let found: Vec<RgbImage> = folders.get(2).map(|folder| pictures_of(folder)).unwrap_or_default();
    pictures(&found);
    attached();
    match folders.as_slice() {
        [spam, ham, ..] => {
            let (spam, ham) = (mails(spam), mails(ham));
            mailed(&spam);
            wanted(&spam, &ham);
            cost(&ham);
        }
        _ => println!("no folders of mail were named: false matches and costs are not measured"),
    }
}

/// How many fingerprints of `algorithm` two have in common.
fn common(a: &[Fingerprint], b: &[Fingerprint], algorithm: Algorithm) -> usize {
    let of = |print: &&Fingerprint| print.algorithm == algorithm;
    let b: HashSet<_> = b.iter().filter(of).collect();
    a.iter().filter(of).filter(|print| b.contains(print)).count()
}

fn picture_prints(bytes: &[u8]) -> Vec<Fingerprint> {
    let (mut out, mut reached) = (Vec::new(), Reached::default());
    images::of_picture(bytes, &Limits::default(), &mut out, &mut reached);
    out
}

/// Pictures that are drawn: lines of words on a ground, and clouds with shapes in them.
fn drawn(seed: u64) -> RgbImage {
    let mut chance = Chance::new(seed, b"picture");
    let (width, height) = (240 + chance.below(500) as u32, 160 + chance.below(400) as u32);
    let mut picture = RgbImage::from_pixel(width, height, Rgb([255, 255, 250]));
    if seed.is_multiple_of(2) {
        let mut y = 4 + chance.below(30) as u32;
        while y + 14 < height {
            let tall = 6 + chance.below(14) as u32;
            let (mut x, right) = (4 + chance.below(60) as u32, width - chance.below(150) as u32);
            while x + 40 < right {
                let long = 8 + chance.below(50) as u32;
                for (px, py) in (x..x + long).flat_map(|x| (y..y + tall).map(move |y| (x, y))) {
                    let ink = chance.percent(45);
                    if let Some(pixel) = picture.get_pixel_mut_checked(px, py).filter(|_| ink) {
                        *pixel = Rgb([20, 30, 90]);
                    }
                }
                x += long + 5;
            }
            y += tall + 4 + chance.below(12) as u32;
            if chance.percent(15) {
                y += 20 + chance.below(40) as u32;
            }
        }
        return picture;
    }
    let waves: Vec<[f32; 4]> =
        (0..14).map(|_| [0; 4].map(|_: i32| chance.below(1000) as f32 / 1000.0)).collect();
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let (x, y) = (x as f32 / width as f32, y as f32 / height as f32);
        let sum: f32 = waves
            .iter()
            .enumerate()
            .map(|(n, [a, b, c, d])| {
                let turns = (1 + n) as f32 * 1.7;
                (x * turns * (a - 0.5) * 4.0 + y * turns * (b - 0.5) * 4.0 + c * 7.0).sin()
                    * (0.3 + d)
                    / (1.0 + n as f32 * 0.3)
            })
            .sum();
        let value = (128.0 + 60.0 * sum).clamp(0.0, 255.0) as u8;
        *pixel = Rgb([value, value.wrapping_add(9), 255 - value / 2]);
    }
    picture
}

/// Pictures in the folder and below.
fn pictures_of(folder: &str) -> Vec<RgbImage> {
    let mut out = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            match path.is_dir() {
                true => folders.push(path),
                false => out.extend(image::open(path).ok().map(|picture| picture.to_rgb8())),
            }
        }
    }
    out.retain(|picture| picture.width() >= 64 && picture.height() >= 64);
    out
}

fn pictures(found: &[RgbImage]) {
    let all: Vec<RgbImage> = (0..40).map(drawn).chain(found.iter().cloned()).collect();
    let mut chance = Chance::new(1, b"originals");
    let originals: Vec<Vec<Fingerprint>> = all
        .iter()
        .map(|picture| picture_prints(&files::jpeg(picture, &mut chance).expect("a jpeg")))
        .collect();
    let with = originals.iter().filter(|prints| !prints.is_empty()).count();
    println!("pictures: {}, with fingerprints {with}", all.len());
    println!("{:16} {:>10} {:>10} {:>10}", "operator", "o >= 1 %", "o >= 2 %", "m >= 1 %");
    for (name, change) in files::PICTURES {
        let (mut once, mut twice, mut mutual, mut count) = (0, 0, 0, 0);
        for (number, picture) in all.iter().enumerate().filter(|(n, _)| !originals[*n].is_empty()) {
            let mut before: Option<Vec<Fingerprint>> = None;
            for seed in 0..3 {
                let mut chance = Chance::new(seed, name.as_bytes());
                let changed = change(picture.clone(), &mut chance);
                let prints = picture_prints(&files::jpeg(&changed, &mut chance).expect("a jpeg"));
                let same = common(&originals[number], &prints, Algorithm::Image);
                count += 1;
                once += usize::from(same >= 1);
                twice += usize::from(same >= 2);
                if let Some(before) = &before {
                    mutual += usize::from(common(before, &prints, Algorithm::Image) >= 1);
                }
                before = Some(prints);
            }
        }
        let share = |n: usize, of: usize| 100.0 * n as f64 / of.max(1) as f64;
        let pairs = count * 2 / 3;
        println!(
            "{name:16} {:10.1} {:10.1} {:10.1}",
            share(once, count),
            share(twice, count),
            share(mutual, pairs)
        );
    }
    let mut false_ones = 0;
    for (n, prints) in originals.iter().enumerate() {
        let other = originals.iter().enumerate().any(|(m, others)| {
            m != n && common(prints, others, Algorithm::Image) > 0 && all[m] != all[n]
        });
        false_ones += usize::from(other);
    }
    println!("pictures that match another one: {false_ones} of {with}\n");
    let began = Tick::now();
    let large = files::jpeg(&drawn(1), &mut chance).expect("a jpeg");
    for _ in 0..20 {
        picture_prints(&large);
    }
    let picture = drawn(1);
    let took = began.elapsed().as_secs_f64() / 20.0 * 1000.0;
    println!("a JPEG of {}x{}: {took:.2} ms", picture.width(), picture.height());
}

/// A message with one file.
fn mail_with(name: &str, kind: &str, file: &[u8]) -> Vec<u8> {
    let coded = data_encoding::BASE64.encode(file);
    let lines: Vec<&str> =
        coded.as_bytes().chunks(76).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!(
        "From: a@example.com\nSubject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n\
         --b\nContent-Type: text/plain\n\nSee the file.\n--b\nContent-Type: {kind}; name=\"{name}\"\n\
         Content-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=\"{name}\"\n\n\
         {}\n--b--\n",
        lines.join("\n")
    )
    .into_bytes()
}

fn prints_of(mail: &[u8]) -> Vec<Fingerprint> {
    let limits = Limits::default();
    let message = Message::parse(mail.to_vec(), &limits);
    fingerprint::of(&message, &Nothing, &limits).all
}

/// By files: one whole digest, or two chunks, or three runs of a document's words.
fn same_file(a: &[Fingerprint], b: &[Fingerprint]) -> bool {
    common(a, b, Algorithm::Attachment) >= 1
        || common(a, b, Algorithm::AttachmentChunk) >= 2
        || common(a, b, Algorithm::AttachmentText) >= 3
}

fn noise(chance: &mut Chance, count: usize) -> Vec<u8> {
    (0..count).map(|_| chance.below(256) as u8).collect()
}

fn zipped(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    use std::io::Write;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a member");
        zip.write_all(bytes).expect("a member");
    }
    zip.finish().expect("an archive").into_inner()
}

/// Files of each kind that are sent: programs, archives, documents, pages.
fn made(seed: u64) -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let mut chance = Chance::new(seed, b"files");
    let words = |chance: &mut Chance, count: usize| {
        (0..count).map(|_| chance.sentence(9)).collect::<Vec<_>>().join(" ")
    };
    let size = 600 + chance.below(60_000);
    let program = noise(&mut chance, size);
    let text = words(&mut chance, 30);
    let pdf = format!(
        "%PDF-1.4\n1 0 obj <</CreationDate(D:20240101000000)>> endobj\n2 0 obj <<>>\nstream\n\
         BT /F1 12 Tf ({text}) Tj ET\nendstream endobj\ntrailer <</ID[<00112233445566778899aabbccddeeff>]>>\n%%EOF\n"
    );
    let document =
        format!("<?xml version=\"1.0\"?><w:p><w:t>{}</w:t></w:p>", words(&mut chance, 40));
    let word = zipped(&[
        ("[Content_Types].xml", b"<Types/>".to_vec()),
        ("word/document.xml", document.into_bytes()),
    ]);
    let page = format!(
        "<html><body><p>{}</p><form action=\"http://example.com/x\"></form>",
        words(&mut chance, 30)
    );
    let archive =
        zipped(&[("invoice.exe", noise(&mut chance, 20_000)), ("readme.txt", b"x".to_vec())]);
    vec![
        ("setup.exe", "application/octet-stream", program),
        ("invoice.zip", "application/zip", archive),
        ("invoice.pdf", "application/pdf", pdf.into_bytes()),
        (
            "letter.docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            word,
        ),
        ("page.html", "application/octet-stream", page.into_bytes()),
    ]
}

fn attached() {
    println!("{:16} {:>8} {:>8}", "files, operator", "o %", "of");
    for (name, operator) in files::OPERATORS.iter().filter(|row| !row.0.starts_with("image")) {
        let (mut same, mut count) = (0, 0);
        for (file, kind, bytes) in (0..12).flat_map(made) {
            let mail = mail_with(file, kind, &bytes);
            let before = prints_of(&mail);
            for seed in 0..3 {
                let Some(mutant) = operator(&mail, seed) else { continue };
                count += 1;
                let found = same_file(&before, &prints_of(&mutant));
                same += usize::from(found);
                if !found && std::env::var_os("SHOW").is_some() {
                    println!("  missed: {file} of {} bytes, {name}", bytes.len());
                }
            }
        }
        if count > 0 {
            println!("{name:16} {:8.1} {count:8}", 100.0 * same as f64 / count as f64);
        }
    }
    println!();
}

/// The files in `folder`, in the order of their names.
fn mails(folder: &str) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(Path::new(folder)).expect("a folder of mails");
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let read = |path: PathBuf| Some((path.display().to_string(), std::fs::read(path).ok()?));
    paths.into_iter().filter_map(read).collect()
}

/// The operators on the mails that have what they change.
fn mailed(spam: &[(String, Vec<u8>)]) {
    println!("{:16} {:>8} {:>8}", "mails, operator", "o %", "of");
    for (name, operator) in files::OPERATORS {
        let (mut same, mut count) = (0, 0);
        for (path, mail) in spam {
            let Some(mutant) = operator(mail, 1) else { continue };
            let (before, after) = (prints_of(mail), prints_of(&mutant));
            count += 1;
            let found = match *name {
                name if name.starts_with("image") => common(&before, &after, Algorithm::Image) > 0,
                "skeleton_noise" => common(&before, &after, Algorithm::SkeletonBand) >= 2,
                _ => same_file(&before, &after),
            };
            same += usize::from(found);
            if !found && std::env::var_os("SHOW").is_some() {
                println!("  missed: {path}, {name}");
            }
        }
        println!("{name:16} {:8.1} {count:8}", 100.0 * same as f64 / count.max(1) as f64);
    }
    println!();
}

/// Who sent it: its list, else the domain it is from.
fn sender(mail: &[u8]) -> String {
    let limits = Limits::default();
    let message = Message::parse(mail.to_vec(), &limits);
    let field = |name: &[u8]| {
        message.headers().last(name).map(|field| String::from_utf8_lossy(&field.raw).to_lowercase())
    };
    let list = field(b"List-Id").or_else(|| field(b"List-Post")).or_else(|| field(b"Sender"));
    let from = list.or_else(|| field(b"From")).unwrap_or_default();
    let domain = from.rsplit('@').next().unwrap_or(&from);
    domain.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '.' | '-')).collect()
}

fn wanted(spam: &[(String, Vec<u8>)], ham: &[(String, Vec<u8>)]) {
    let learned: HashSet<Fingerprint> = spam.iter().flat_map(|(_, mail)| prints_of(mail)).collect();
    let mut halves: [Vec<(usize, Vec<Fingerprint>)>; 2] = Default::default();
    for (number, (_, mail)) in ham.iter().enumerate() {
        let hash = |sum: u64, b: u8| (sum ^ u64::from(b)).wrapping_mul(0x100_0000_01b3);
        let half = sender(mail).bytes().fold(0xcbf2_9ce4_8422_2325, hash);
        halves[(half >> 40) as usize & 1].push((number, prints_of(mail)));
    }
    println!(
        "learned {} fingerprints of {} spam; ham {} + {}",
        learned.len(),
        spam.len(),
        halves[0].len(),
        halves[1].len()
    );
    println!(
        "{:18} {:>9} {:>7} {:>7} {:>7} {:>7} {:>7}",
        "algorithm", "learned", "raw", "raw>=2", "left", "left>=2", "left>=3"
    );
    let mut columns: HashMap<Algorithm, [usize; 5]> = HashMap::new();
    let mut families: HashMap<Family, usize> = HashMap::new();
    let mut shown: HashMap<Fingerprint, Vec<usize>> = HashMap::new();
    for (test, other) in [(0, 1), (1, 0)] {
        let seen: HashSet<Fingerprint> =
            halves[other].iter().flat_map(|(_, prints)| prints.iter().copied()).collect();
        for (number, prints) in &halves[test] {
            let mut raw: HashMap<Algorithm, usize> = HashMap::new();
            let mut left: HashMap<Algorithm, usize> = HashMap::new();
            for print in prints.iter().filter(|print| learned.contains(print)) {
                *raw.entry(print.algorithm).or_default() += 1;
                if !seen.contains(print) {
                    *left.entry(print.algorithm).or_default() += 1;
                    shown.entry(*print).or_default().push(*number);
                }
            }
            for (algorithm, count) in raw {
                let row = columns.entry(algorithm).or_default();
                row[0] += 1;
                row[1] += usize::from(count >= 2);
            }
            let hit: HashSet<Family> = left.keys().map(|algorithm| algorithm.family()).collect();
            for family in hit {
                *families.entry(family).or_default() += 1;
            }
            for (algorithm, count) in left {
                let row = columns.entry(algorithm).or_default();
                row[2] += 1;
                row[3] += usize::from(count >= 2);
                row[4] += usize::from(count >= 3);
            }
        }
    }
    for algorithm in Algorithm::all() {
        let count = learned.iter().filter(|print| print.algorithm == algorithm).count();
        let row = columns.get(&algorithm).copied().unwrap_or_default();
        let [raw, raw2, left, left2, left3] = row;
        println!("{:18} {count:9} {raw:7} {raw2:7} {left:7} {left2:7} {left3:7}", algorithm.name());
    }
    println!("ham with anything left, by family: {families:?}");
    if std::env::var_os("SHOW").is_some() {
        let shown: HashSet<Fingerprint> = shown.into_keys().collect();
        shared_sites(ham, &shown);
    }
    println!();
}

/// The sites of `ham` whose fingerprints are in `hit`, the most frequent first.
fn shared_sites(ham: &[(String, Vec<u8>)], hit: &HashSet<Fingerprint>) {
    let limits = Limits::default();
    let mut counts: HashMap<String, usize> = HashMap::new();
    for (_, mail) in ham {
        let message = Message::parse(mail.clone(), &limits);
        let view = View::of(&message, &limits);
        let links = fingerprint::links::read(&view.links, &limits, &mut Reached::default());
        let sites: HashSet<String> =
            links.into_iter().filter(|link| !link.site.common).map(|link| link.site.name).collect();
        for site in sites {
            let link = fingerprint::view::Link {
                url: format!("http://{site}/"),
                source: fingerprint::view::Source::Anchor,
            };
            let one = View { links: vec![link], ..View::default() };
            let mut out = Vec::new();
            fingerprint::beside_texts(&one, &limits, &mut out, &mut Reached::default());
            if out.iter().any(|print| hit.contains(print)) {
                *counts.entry(site).or_default() += 1;
            }
        }
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|row| std::cmp::Reverse(row.1));
    for (site, count) in counts.iter().take(40) {
        println!("  {count:5} {site}");
    }
}

/// Microseconds a message, for messages of about 10 kB.
fn cost(ham: &[(String, Vec<u8>)]) {
    let limits = Limits::default();
    let typical: Vec<Message> = ham
        .iter()
        .filter(|(_, mail)| (8_000..12_000).contains(&mail.len()))
        .map(|(_, mail)| Message::parse(mail.clone(), &limits))
        .collect();
    let views: Vec<View<'_>> = typical.iter().map(|message| View::of(message, &limits)).collect();
    let mut took: Vec<f64> = Vec::new();
    let mut prints = 0;
    for view in &views {
        let mut best = f64::MAX;
        for _ in 0..5 {
            let (mut out, mut reached) = (Vec::new(), Reached::default());
            let began = Tick::now();
            fingerprint::beside_texts(view, &limits, &mut out, &mut reached);
            best = best.min(began.elapsed().as_secs_f64() * 1e6);
            prints = prints.max(out.len());
        }
        took.push(best);
    }
    took.sort_by(f64::total_cmp);
    let at = |share: usize| took.get(took.len() * share / 100).copied().unwrap_or_default();
    println!(
        "cost beside texts, {} messages of 8 to 12 kB: median {:.1} us, 90 % {:.1} us, 99 % {:.1} us; at most {prints} fingerprints",
        views.len(),
        at(50),
        at(90),
        at(99)
    );
}
