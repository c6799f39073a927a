//! Everything in rule files that is not a rule: the values of directives.
//!
//! Keyed by SpamAssassin's name of the setting (several directives may change one setting:
//! `describe` and none, `enlist_uri_host` and `delist_uri_host`, …). A user's options lie over
//! the administrator's: only what the user changed is held twice.

use super::model::Place;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// A list of texts in the order of the file.
pub type List = Vec<Box<[u8]>>;
/// Texts, each once.
pub type Set = BTreeSet<Box<[u8]>>;
/// One text for each key.
pub type Map = BTreeMap<Box<[u8]>, Box<[u8]>>;

/// A list of texts for each key.
pub type Lists = BTreeMap<Box<[u8]>, List>;
/// A map for each key.
pub type Maps = BTreeMap<Box<[u8]>, Map>;
/// A name and a text.
pub type Pair = (Box<[u8]>, Box<[u8]>);
/// Names and texts in order.
pub type Pairs = Vec<Pair>;

/// The value of a setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Numbers; durations in seconds.
    Number(f64),
    /// On or off.
    Flag(bool),
    /// One text.
    Text(Box<[u8]>),
    /// Texts in order.
    List(List),
    /// Addresses, hosts, words: each once, mostly in lower case.
    Set(Set),
    /// `replace_tag`, `subjprefix`, `adsp_override`, …
    Map(Map),
    /// `welcomelist_from_rcvd`: address → relays; `welcomelist_from_dkim`: address → domains.
    Lists(Lists),
    /// `enlist_uri_host`: list → host → `1`, or `0` for `!host`; `dns_block_rule`: rule →
    /// domain → `1`.
    Maps(Maps),
    /// `add_header`: names without `X-Spam-`, and their text, in order.
    Pairs(Pairs),
}

/// A value and the line that set it last.
#[derive(Clone, Debug, PartialEq)]
struct Setting {
    /// `None`: cleared, hiding what lies beneath.
    value: Option<Value>,
    /// `None`: the default.
    place: Option<Place>,
}

type Settings = HashMap<Box<[u8]>, Setting>;

/// The values of all settings.
#[derive(Clone, Debug, Default)]
pub struct Options {
    beneath: Option<Arc<Settings>>,
    values: Arc<Settings>,
}

impl Options {
    /// Options that begin as these are, sharing them.
    pub(super) fn overlay(&self) -> Options {
        Options { beneath: Some(self.values.clone()), values: Arc::default() }
    }

    /// Is the value of `name` one of these options' own, and not of those beneath?
    pub fn has_own(&self, name: &[u8]) -> bool {
        self.values.contains_key(name)
    }

    fn setting(&self, name: &[u8]) -> Option<&Setting> {
        self.values.get(name).or_else(|| self.beneath.as_ref()?.get(name))
    }

    /// The value of the setting `name`, which may be a default.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.value(name.as_bytes())
    }

    fn value(&self, name: &[u8]) -> Option<&Value> {
        self.setting(name)?.value.as_ref()
    }

    /// The line that set it last; `None` for a default.
    pub fn place(&self, name: &str) -> Option<Place> {
        self.setting(name.as_bytes())?.place
    }

    /// The names of all settings that some line has changed.
    pub fn changed(&self) -> impl Iterator<Item = (&[u8], Place)> {
        self.values.iter().filter_map(|(name, setting)| Some((&**name, setting.place?)))
    }

    /// A number or duration; 0 where there is none.
    pub fn number(&self, name: &str) -> f64 {
        match self.get(name) {
            Some(Value::Number(number)) => *number,
            _ => 0.0,
        }
    }

    /// Is it on?
    pub fn flag(&self, name: &str) -> bool {
        match self.get(name) {
            Some(Value::Flag(flag)) => *flag,
            Some(Value::Number(number)) => *number != 0.0,
            _ => false,
        }
    }

    /// A text.
    pub fn text(&self, name: &str) -> Option<&[u8]> {
        match self.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A list; empty where there is none.
    pub fn list(&self, name: &str) -> &[Box<[u8]>] {
        match self.get(name) {
            Some(Value::List(list)) => list,
            _ => &[],
        }
    }

    /// A list of addresses, by the name of its setting or of `enlist_addrlist`.
    pub fn set(&self, name: &[u8]) -> Option<&Set> {
        match self.value(name) {
            Some(Value::Set(set)) => Some(set),
            _ => None,
        }
    }

    /// A map.
    pub fn map(&self, name: &str) -> Option<&Map> {
        match self.get(name) {
            Some(Value::Map(map)) => Some(map),
            _ => None,
        }
    }

    /// `welcomelist_from_rcvd` and its like.
    pub fn lists(&self, name: &str) -> Option<&Lists> {
        match self.get(name) {
            Some(Value::Lists(lists)) => Some(lists),
            _ => None,
        }
    }

    /// `uri_host_lists`, `dns_block_rule`.
    pub fn maps(&self, name: &str) -> Option<&Maps> {
        match self.get(name) {
            Some(Value::Maps(maps)) => Some(maps),
            _ => None,
        }
    }

    /// `headers_spam`, `headers_ham`: what `add_header` adds, in order.
    pub fn pairs(&self, name: &str) -> &[Pair] {
        match self.get(name) {
            Some(Value::Pairs(pairs)) => pairs,
            _ => &[],
        }
    }

    /// Sets `name`.
    pub(super) fn put(&mut self, name: &[u8], value: Value, place: Option<Place>) {
        Arc::make_mut(&mut self.values).insert(name.into(), Setting { value: Some(value), place });
    }

    /// Makes `name` as if it had never been set.
    pub(super) fn clear(&mut self, name: &[u8], place: Option<Place>) {
        Arc::make_mut(&mut self.values).insert(name.into(), Setting { value: None, place });
    }

    /// The value of `name` for changing, which is `fresh` if there was none of its kind.
    fn change(&mut self, name: &[u8], fresh: Value, place: Place) -> Option<&mut Value> {
        let alike = |value: &Value| std::mem::discriminant(value) == std::mem::discriminant(&fresh);
        let lies_here = self.values.get(name).and_then(|s| s.value.as_ref()).is_some_and(alike);
        if !lies_here {
            let value = self.value(name).filter(|v| alike(v)).cloned().unwrap_or(fresh);
            self.put(name, value, Some(place));
        }
        let setting = Arc::make_mut(&mut self.values).get_mut(name)?;
        setting.place = Some(place);
        setting.value.as_mut()
    }

    /// The list called `name`, for changing.
    pub(super) fn change_list(&mut self, name: &[u8], place: Place, with: impl FnOnce(&mut List)) {
        if let Some(Value::List(list)) = self.change(name, Value::List(Vec::new()), place) {
            with(list);
        }
    }

    /// The set called `name`, for changing.
    pub(super) fn change_set(&mut self, name: &[u8], place: Place, with: impl FnOnce(&mut Set)) {
        if let Some(Value::Set(set)) = self.change(name, Value::Set(Set::new()), place) {
            with(set);
        }
    }

    /// The map called `name`, for changing.
    pub(super) fn change_map(&mut self, name: &[u8], place: Place, with: impl FnOnce(&mut Map)) {
        if let Some(Value::Map(map)) = self.change(name, Value::Map(Map::new()), place) {
            with(map);
        }
    }

    /// The map of lists called `name`, for changing.
    pub(super) fn change_lists(
        &mut self,
        name: &[u8],
        place: Place,
        with: impl FnOnce(&mut Lists),
    ) {
        if let Some(Value::Lists(lists)) = self.change(name, Value::Lists(Lists::new()), place) {
            with(lists);
        }
    }

    /// The map of maps called `name`, for changing.
    pub(super) fn change_maps(&mut self, name: &[u8], place: Place, with: impl FnOnce(&mut Maps)) {
        if let Some(Value::Maps(maps)) = self.change(name, Value::Maps(Maps::new()), place) {
            with(maps);
        }
    }

    /// The pairs called `name`, for changing.
    pub(super) fn change_pairs(
        &mut self,
        name: &[u8],
        place: Place,
        with: impl FnOnce(&mut Pairs),
    ) {
        if let Some(Value::Pairs(pairs)) = self.change(name, Value::Pairs(Vec::new()), place) {
            with(pairs);
        }
    }
}
