//! From `zones.lists` to what is wanted of each list.

use crate::config::Config;
use crate::config::zones::Zone;
use crate::dns::Name;
use crate::fetch::check::MinisignKey;
use crate::fetch::{Credentials, Source};
use crate::zones::Format;
use crate::zones::held::{BUILT_IN, Bounds, Canary, Part, Wanted};
use std::net::Ipv4Addr;
use std::time::Duration;

/// Seconds that a copy of what is fetched counts in full, where nothing else is said.
const DAY: usize = 86_400;

/// What of a list may change at once, where nothing else is said of one that is fetched.
const HALF: usize = 50;

/// The lists of `config`.
pub fn wanted(config: &Config) -> Result<Vec<Wanted>, String> {
    let own = own_canaries(config);
    config.zones.iter().map(|zone| one(zone, config, &own)).collect()
}

/// What the administrator wants no list to have, and this machine's own name.
fn own_canaries(config: &Config) -> Vec<Canary> {
    let mut canaries = Canary::all(&config.canaries);
    let host = crate::server::hostname();
    if host.contains('.') {
        canaries.push(Canary::Domain(host));
    }
    canaries
}

fn one(zone: &Zone, config: &Config, own: &[Canary]) -> Result<Wanted, String> {
    let wrong = |what: String| format!("zones.lists, {}: {what}", zone.name);
    let name = Name::new(&zone.name).ok_or_else(|| wrong("its name is no domain".into()))?;
    let part = |(format, place)| {
        let source = Source::parse(place).map_err(|why| wrong(why.to_string()))?;
        let format = Format::named(format).ok_or_else(|| wrong(format!("no format {format:?}")))?;
        Ok(Part { format, source })
    };
    let parts: Vec<Part> = zone.sources().map(part).collect::<Result<_, String>>()?;
    let key = match zone.minisign_key.as_str() {
        "" => None,
        text => Some(MinisignKey::parse(text).map_err(|why| wrong(why.to_string()))?),
    };
    let mut canaries = own.to_vec();
    canaries.extend(Canary::all(&zone.canaries));
    if zone.builtin_canaries {
        canaries.extend(Canary::all(BUILT_IN));
    }
    let is_local = parts.iter().all(|part| matches!(part.source, Source::File(_)));
    let change = match zone.change {
        0 if is_local => None,
        0 => Some(HALF),
        percent => Some(percent),
    };
    let most = [zone.most, config.limits.zone_entries].into_iter().filter(|most| *most != 0).min();
    let max_age = if zone.max_age == 0 && !is_local { DAY } else { zone.max_age };
    Ok(Wanted {
        name,
        parts,
        interval: Duration::from_secs(zone.interval as u64),
        jitter: zone.jitter as f64 / 100.0,
        credentials: Credentials {
            ca_file: zone.ca_file.clone(),
            client_file: zone.client_file.clone(),
            header_file: zone.header_file.clone(),
            password_file: zone.password_file.clone(),
        },
        checksum: (!zone.checksum.is_empty()).then(|| zone.checksum.clone()),
        key,
        max_age: i64::try_from(max_age).unwrap_or(i64::MAX),
        bounds: Bounds {
            least: zone.least as u64,
            most: most.map_or(u64::MAX, |most| most as u64),
            change: change.map(|percent| percent as f64 / 100.0),
            canaries,
        },
        bad_share: u32::try_from(zone.bad_lines * 10).unwrap_or(1000),
        v6_bits: u8::try_from(zone.v6_prefix).unwrap_or(64),
        listed_as: zone.listed_as.parse().unwrap_or(Ipv4Addr::new(127, 0, 0, 2)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::zones::FORMATS;

    #[test]
    fn the_configuration_knows_the_formats_that_there_are() {
        let known: Vec<&str> = Format::ALL.iter().map(|(name, _)| *name).collect();
        assert_eq!(FORMATS, known);
    }

    #[test]
    fn files_of_this_machine_may_change_and_stay_where_fetched_ones_may_not() {
        let zone = |from: &str| Zone {
            name: "x.example".into(),
            format: "dnset".into(),
            from: vec![from.to_owned()],
            ..Zone::default()
        };
        let zones =
            vec![zone("/x"), Zone { name: "y.example".into(), ..zone("https://a.example/x") }];
        let config = Config { zones, canaries: vec!["192.0.2.0/24".into()], ..Config::default() };
        let [local, fetched] = &*wanted(&config).unwrap() else { panic!() };
        assert_eq!((local.max_age, local.bounds.change), (0, None));
        assert_eq!((fetched.max_age, fetched.bounds.change), (86_400, Some(0.5)));
        assert!(fetched.bounds.canaries.len() > BUILT_IN.len());
        let bad = Config { zones: vec![zone("rsync://only-a-host")], ..Config::default() };
        assert!(wanted(&bad).unwrap_err().starts_with("zones.lists, x.example: "));
    }
}
