//! From the configuration to rules that run: what every command needs first.

use super::lint::Findings;
use crate::config::Config;
use crate::dns::Name;
use crate::engine::{Curve, Engine, Options, Verdict, eval};
use crate::rules::lint::{self, exit_status};
use crate::rules::{Sources, UserPrefs, files, own};
use crate::server::network::Asking;
use crate::server::{Loaded, OfUser, Progress, Scanners, Step, Waiting, zones};
use std::sync::{Arc, Mutex, PoisonError};

/// The rules that `config` names, as the server wants them.
pub fn load(config: &Config) -> Result<Loaded, String> {
    let engine = arranged(config, false)?;
    engine.warm();
    let engine = Arc::new(engine);
    let scanner = scanners(&engine);
    let for_user = {
        let (engine, scanner, config) = (engine.clone(), scanner.clone(), config.clone());
        let building = Mutex::new(());
        move |file: &str, text: &[u8]| of_user(&engine, &scanner, &config, &building, (file, text))
    };
    let rules = engine.rules();
    let complaints = rules.complaints.iter().map(|complaint| rules.describe(complaint));
    Ok(Loaded {
        for_user: Some(Box::new(for_user)),
        files: rules.files.clone(),
        complaints: complaints.collect(),
        ..loaded(&engine, scanner, config)
    })
}

/// What a user's preferences make of the rules. Rules of their own, where the administrator
/// allows them, take a program of their own, of which one is `building` at a time; everything
/// else is laid over the one that runs.
fn of_user(
    engine: &Engine,
    scanner: &Scanners,
    config: &Config,
    building: &Mutex<()>,
    (file, text): (&str, &[u8]),
) -> OfUser {
    let prefs = UserPrefs::read(engine.rules().clone(), file, text, &config.limits);
    let complaints = prefs.complaints.iter().map(|complaint| prefs.describe(complaint)).collect();
    let own_rules = prefs.has_own_rules();
    let loaded = if own_rules {
        let _one = building.lock().unwrap_or_else(PoisonError::into_inner);
        let own = Engine::new(Arc::new(prefs.rule_set()), curve(config), &config.limits);
        let own = Arc::new(own.holding(&held(config)));
        loaded(&own, scanners(&own), config)
    } else {
        let profile = Some(Arc::new(engine.profile(&prefs)));
        Loaded { profile, ..loaded(engine, scanner.clone(), config) }
    };
    OfUser { loaded, complaints, own_rules }
}

/// What is wrong with the rules, and what of them is not built yet.
pub fn lint(config: &Config) -> Result<Findings, String> {
    let engine = arranged(config, true)?;
    let rules = engine.rules();
    let complaints = rules.complaints.iter().map(|complaint| rules.describe(complaint));
    let wrong = engine.wrong_calls().iter().filter_map(|(rule, why)| {
        let rule = rules.rule(*rule)?;
        Some(format!("{}: {}: {why}", rules.place(rule.place), rule.name))
    });
    let pending = lint::pending(rules, &|_, function| eval::find(function).is_some());
    let directives = pending.directives.iter().map(|(name, place)| {
        format!("{}: {name} is read and has no effect yet", rules.place(*place))
    });
    let evals = pending.evals.iter().map(|(function, names)| {
        format!("eval:{function} is not built; rules that rest on it: {}", names.join(" "))
    });
    Ok(Findings {
        complaints: complaints.chain(wrong).collect(),
        failed: exit_status(&rules.complaints) != 0 || !engine.wrong_calls().is_empty(),
        pending: directives.chain(evals).collect(),
    })
}

/// The rules that `config` names, ready to run. What is wrong with them is told on standard
/// error.
pub fn engine(config: &Config) -> Result<Engine, String> {
    let engine = arranged(config, false)?;
    for complaint in &engine.rules().complaints {
        eprintln!("warn: {}", engine.rules().describe(complaint));
    }
    Ok(engine)
}

/// The same, without a word; for `lint` with patterns refused that match everything.
pub fn arranged(config: &Config, lint: bool) -> Result<Engine, String> {
    let rules = crate::rules::load(&sources(config, lint), &config.limits);
    if rules.rules.is_empty() {
        let why = rules.complaints.iter().map(|complaint| rules.describe(complaint));
        return Err(format!("no rules were found: {}", why.collect::<Vec<_>>().join("; ")));
    }
    Ok(Engine::new(Arc::new(rules), curve(config), &config.limits).holding(&held(config)))
}

/// The names of the lists that are held in memory.
fn held(config: &Config) -> Vec<Name> {
    config.zones.iter().filter_map(|zone| Name::new(&zone.name)).collect()
}

fn curve(config: &Config) -> Curve {
    Curve { slope: config.slope, midpoint: config.midpoint }
}

fn sources(config: &Config, lint: bool) -> Sources {
    let mut sources = Sources {
        own: if config.own { own::FILES.to_vec() } else { Vec::new() },
        list_lines: zones::rules::lines(config).into_bytes(),
        pre_lines: config.pre.join("\n").into_bytes(),
        cf_lines: config.cf.join("\n").into_bytes(),
        user_prefs: config.prefs.clone(),
        local_tests_only: config.local,
        language: files::language(&|name| std::env::var(name).ok()),
        lint,
        ..Sources::default()
    };
    if let Some(path) = &config.rules {
        sources.distribution = vec![path.clone()];
    }
    if let Some(path) = &config.site {
        sources.site = vec![path.clone()];
    }
    sources
}

/// What answers need of the rules.
fn loaded(engine: &Engine, scanner: Scanners, config: &Config) -> Loaded {
    Loaded {
        scanner,
        asking: Asking::of(engine.rules()),
        rules: engine.rules().rules.len(),
        limits: config.limits.clone(),
        ..Loaded::default()
    }
}

/// What each scan worker makes its scanner with.
fn scanners(engine: &Arc<Engine>) -> Scanners {
    let engine = engine.clone();
    Arc::new(move || {
        let engine = engine.clone();
        let mut worker = engine.worker();
        Box::new(move |step| match step {
            Step::Begin(mail) => {
                let options = Options {
                    report: mail.report,
                    rewrite: mail.rewrite,
                    surroundings: mail.surroundings,
                    deadline: Some(mail.deadline),
                    profile: mail.profile,
                    network: mail.network,
                    known: mail.known,
                    ..Options::default()
                };
                let scan = engine.begin(&mut worker, mail.bytes, &options);
                match scan.waits() {
                    true => Progress::Waits(Box::new(Waiting { scan, options })),
                    false => done(engine.finish(&mut worker, scan, &options)),
                }
            }
            Step::Finish(waiting) => {
                let Waiting { scan, options } = *waiting;
                done(engine.finish(&mut worker, scan, &options))
            }
        })
    })
}

fn done(verdict: Verdict) -> Progress {
    Progress::Done(Box::new(verdict))
}
