//! From the configuration to rules that run: what every command needs first.

use super::lint::Findings;
use crate::config::Config;
use crate::engine::{Curve, Engine, Options, eval};
use crate::rules::lint::{exit_status, pending};
use crate::rules::{RuleSet, Sources, files, own};
use crate::server::{Loaded, Mail, Template};
use std::sync::Arc;

/// The rules that `config` names, as the server wants them.
pub fn load(config: &Config) -> Result<Loaded, String> {
    let engine = engine(config)?;
    engine.warm();
    Ok(loaded(Arc::new(engine), config))
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
    let pending = pending(rules, &|_, function| eval::find(function).is_some());
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

fn arranged(config: &Config, lint: bool) -> Result<Engine, String> {
    let rules = crate::rules::load(&sources(config, lint), &config.limits);
    if rules.rules.is_empty() {
        let why = rules.complaints.iter().map(|complaint| rules.describe(complaint));
        return Err(format!("no rules were found: {}", why.collect::<Vec<_>>().join("; ")));
    }
    let curve = Curve { slope: config.slope, midpoint: config.midpoint };
    Ok(Engine::new(Arc::new(rules), curve, &config.limits))
}

fn sources(config: &Config, lint: bool) -> Sources {
    let mut sources = Sources {
        own: if config.own { own::FILES.to_vec() } else { Vec::new() },
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

/// The rules as server and mass-check want them.
fn loaded(engine: Arc<Engine>, config: &Config) -> Loaded {
    let rules: &RuleSet = engine.rules();
    let text = |name: &str| rules.options.text(name).unwrap_or_default().to_vec();
    Loaded {
        rules: rules.rules.len(),
        limits: config.limits.clone(),
        template: Template {
            text: text("report_template"),
            contact: text("report_contact"),
            hostname: rules
                .options
                .text("report_hostname")
                .filter(|name| !name.is_empty())
                .map(|name| String::from_utf8_lossy(name).into_owned()),
            wrap_width: rules.options.number("report_wrap_width") as usize,
            rules_version: String::new(),
        },
        scanner: Box::new(move || {
            let engine = Arc::clone(&engine);
            let mut worker = engine.worker();
            Box::new(move |mail: Mail| {
                let options = Options {
                    report: mail.report,
                    rewrite: mail.rewrite,
                    deadline: Some(mail.deadline),
                    ..Options::default()
                };
                engine.scan(&mut worker, mail.bytes, &options)
            })
        }),
    }
}
