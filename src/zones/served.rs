//! Several zones, as a name server has them.

use super::answer::{Authority, Query, Room};
use super::name;
use super::table::record;
use super::zone::{Says, Zone};
use crate::dns::Kind;
use std::collections::HashMap;
use std::sync::Arc;

/// Zones that are answered for, each with what its answers have in common. A question is one for
/// the zone with the longest name that it is in.
#[derive(Debug, Default)]
pub struct Served {
    zones: Vec<(Arc<Zone>, Authority)>,
    /// Places by name.
    places: HashMap<Vec<u8>, usize>,
}

impl Served {
    /// Of zones with the same name the first counts.
    pub fn new(zones: Vec<Arc<Zone>>) -> Served {
        let mut places = HashMap::with_capacity(zones.len());
        for (at, zone) in zones.iter().enumerate() {
            places.entry(name::from_name(zone.name())).or_insert(at);
        }
        let authorities: Vec<Authority> = zones
            .iter()
            .map(|zone| Authority::new(zone, |server| addresses(&zones, &places, server)))
            .collect();
        Served { zones: zones.into_iter().zip(authorities).collect(), places }
    }

    /// Writes the answer to a packet, if it gets one. `now` is in seconds since 1970.
    pub fn answer(&self, packet: &[u8], room: Room, now: i64, to: &mut Vec<u8>) -> bool {
        let Some(query) = Query::read(packet, room) else { return false };
        let place = place(&self.places, query.name());
        let zone = place.and_then(|(place, _)| self.zones.get(place));
        query.answer(zone.map(|(zone, authority)| (&**zone, authority)), now, to);
        true
    }

    /// The zones.
    pub fn zones(&self) -> impl Iterator<Item = &Arc<Zone>> {
        self.zones.iter().map(|(zone, _)| zone)
    }
}

/// The zone that a name is in, and how long the zone's name is.
fn place(places: &HashMap<Vec<u8>, usize>, name: &[u8]) -> Option<(usize, usize)> {
    name::suffixes(name).find_map(|name| Some((*places.get(name)?, name.len())))
}

/// The addresses that are answered for a server's name.
fn addresses(
    zones: &[Arc<Zone>],
    places: &HashMap<Vec<u8>, usize>,
    server: &[u8],
) -> Vec<(u32, [u8; 4])> {
    let found = place(places, server).and_then(|(at, length)| Some((zones.get(at)?, length)));
    let Some((zone, length)) = found else { return Vec::new() };
    let relative = server.get(..server.len() - length).unwrap_or_default();
    let mut addresses = Vec::new();
    zone.look_up(relative, |says| match says {
        Says::Listed(hit) => {
            addresses.extend(hit.values().map(|value| (hit.ttl(), value.address.octets())));
        }
        Says::Records(records) => {
            let own = record::records(records).filter(|(kind, ..)| *kind == Kind::A);
            addresses.extend(own.filter_map(|(_, ttl, data)| Some((ttl, data.try_into().ok()?))));
        }
    });
    addresses
}
