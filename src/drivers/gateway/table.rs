// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The gateway's routes as files, in a folder that it sees too:
//!
//! ```text
//! hosts/ale.se/10.201.0.12:80       this host leads to this address (or `suspended`, `paused`, `unavailable`)
//! below/ale.se/10.201.0.12:80       so does every host one label below
//! ```
//!
//! The file's name is what the gateway goes by; what the file holds is the [`Route`], for reading back. A change puts the new
//! name beside the old one and then takes the old one away, so that at no time there is none. The folder outlives restarts of
//! gateway and control plane alike.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use super::{Route, Target};
use crate::fleet::InstanceId;

/// Folders below the table, by kind of entry.
const KINDS: [&str; 2] = ["hosts", "below"];
/// Where files are written before they get their names.
const FRESH: &str = "fresh";

/// The folder.
pub(super) struct Table(PathBuf);

/// A host name's place: kind and name.
type Place = (&'static str, String);

/// What the files of one instance say, where they agree, and what they are called.
type Seen = (Option<Route>, BTreeSet<(Place, String)>);

/// One file.
struct Entry {
    place: Place,
    leads_to: String,
    /// None where it cannot be read.
    route: Option<Route>,
}

impl Table {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Makes the folders, so that the gateway finds them.
    pub(super) fn prepare(&self) -> io::Result<()> {
        KINDS.iter().chain([&FRESH]).try_for_each(|kind| fs::create_dir_all(self.0.join(kind)))
    }

    /// The routes that are wholly there. One of which something is missing or too much is left out, and so is put again.
    pub(super) fn routes(&self) -> io::Result<Vec<Route>> {
        let mut seen: BTreeMap<InstanceId, Seen> = BTreeMap::new();
        for entry in self.entries()? {
            let Some(route) = entry.route else { continue };
            let (agreed, places) = seen.entry(route.instance).or_insert_with(|| (Some(route.clone()), BTreeSet::new()));
            if agreed.as_ref() != Some(&route) {
                *agreed = None;
            }
            places.insert((entry.place, entry.leads_to));
        }
        let whole =
            |(route, places): Seen| route.filter(|r| places == wanted(r).into_iter().map(|place| (place, name(&r.target))).collect());
        Ok(seen.into_values().filter_map(whole).collect())
    }

    /// Adds or changes one route.
    pub(super) fn put(&self, route: &Route) -> io::Result<()> {
        self.prepare()?;
        let places = wanted(route);
        for place in &places {
            self.write(place, route)?;
        }
        self.take_away(|entry| entry.route.as_ref().is_some_and(|r| r.instance == route.instance) && !places.contains(&entry.place))
    }

    /// Removes one route.
    pub(super) fn remove(&self, instance: InstanceId) -> io::Result<()> {
        self.take_away(|entry| entry.route.as_ref().is_some_and(|r| r.instance == instance))
    }

    /// Makes it hold these routes and nothing else.
    pub(super) fn set(&self, routes: &[Route]) -> io::Result<()> {
        self.prepare()?;
        let mut places = BTreeSet::new();
        for route in routes {
            for place in wanted(route) {
                self.write(&place, route)?;
                places.insert(place);
            }
        }
        self.take_away(|entry| !places.contains(&entry.place))
    }

    fn entries(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for kind in KINDS {
            for host in listed(&self.0.join(kind))? {
                for leads_to in listed(&self.0.join(kind).join(&host))? {
                    let text = fs::read(self.0.join(kind).join(&host).join(&leads_to)).unwrap_or_default();
                    entries.push(Entry { place: (kind, host.clone()), leads_to, route: serde_json::from_slice(&text).ok() });
                }
            }
        }
        Ok(entries)
    }

    fn write(&self, (kind, host): &Place, route: &Route) -> io::Result<()> {
        let (folder, leads_to) = (self.0.join(kind).join(host), name(&route.target));
        let text = serde_json::to_vec(route)?;
        let file = folder.join(&leads_to);
        if fs::read(&file).is_ok_and(|now| now == text) && listed(&folder)?.len() == 1 {
            return Ok(());
        }
        let fresh = self.0.join(FRESH).join(format!("{kind}-{host}"));
        fs::write(&fresh, &text)?;
        fs::create_dir_all(&folder)?;
        fs::rename(&fresh, &file)?;
        for other in listed(&folder)?.into_iter().filter(|n| *n != leads_to) {
            gone(fs::remove_file(folder.join(other)))?;
        }
        Ok(())
    }

    fn take_away(&self, which: impl Fn(&Entry) -> bool) -> io::Result<()> {
        for entry in self.entries()?.into_iter().filter(which) {
            let folder = self.0.join(entry.place.0).join(&entry.place.1);
            gone(fs::remove_file(folder.join(&entry.leads_to)))?;
            match fs::remove_dir(&folder) {
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {}
                other => gone(other)?,
            }
        }
        Ok(())
    }
}

/// Every place where this route stands.
fn wanted(route: &Route) -> Vec<Place> {
    let mut places: Vec<Place> = route.domains.iter().map(|d| ("hosts", d.to_string())).collect();
    if let (true, Some(main)) = (route.wildcard, route.domains.first()) {
        places.push(("below", main.to_string()));
    }
    places
}

/// The name of a route's files.
fn name(target: &Target) -> String {
    match target {
        Target::Instance { address, port } => format!("{address}:{port}"),
        Target::Suspended => "suspended".to_owned(),
        Target::Paused => "paused".to_owned(),
        Target::Unavailable => "unavailable".to_owned(),
    }
}

/// What is in a folder, in order; nothing where there is no folder.
fn listed(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
        Ok(found) => {
            for item in found {
                names.push(item?.file_name().to_string_lossy().into_owned());
            }
        }
    }
    names.sort();
    Ok(names)
}

/// What is gone already is gone.
fn gone(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(domains: &[&str], wildcard: bool, target: Target) -> Route {
        Route { instance: InstanceId::generate(), domains: domains.iter().map(|d| d.parse().unwrap()).collect(), wildcard, target }
    }

    fn to(last: u8) -> Target {
        Target::Instance { address: [10, 201, 0, last].into(), port: 80 }
    }

    fn files(table: &Table) -> Vec<String> {
        table.entries().unwrap().into_iter().map(|e| format!("{}/{}/{}", e.place.0, e.place.1, e.leads_to)).collect()
    }

    #[test]
    fn routes_come_change_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let table = Table::new(folder.path().join("routes"));
        assert_eq!(table.routes().unwrap(), []);
        let mut ale = route(&["ale.se", "www.ale.se"], true, to(10));
        let habo = route(&["habo.localhost"], false, Target::Suspended);
        table.put(&ale).unwrap();
        table.put(&habo).unwrap();
        assert_eq!(
            files(&table),
            [
                "hosts/ale.se/10.201.0.10:80",
                "hosts/habo.localhost/suspended",
                "hosts/www.ale.se/10.201.0.10:80",
                "below/ale.se/10.201.0.10:80"
            ]
        );
        assert_eq!(table.routes().unwrap(), [ale.clone(), habo.clone()]);

        ale.target = Target::Paused;
        ale.domains.pop();
        table.put(&ale).unwrap();
        table.put(&ale).unwrap();
        assert_eq!(files(&table), ["hosts/ale.se/paused", "hosts/habo.localhost/suspended", "below/ale.se/paused"]);
        ale.wildcard = false;
        table.put(&ale).unwrap();
        assert_eq!(table.routes().unwrap(), [ale.clone(), habo.clone()]);

        table.remove(ale.instance).unwrap();
        table.remove(ale.instance).unwrap();
        assert_eq!(files(&table), ["hosts/habo.localhost/suspended"]);
        table.set(std::slice::from_ref(&ale)).unwrap();
        assert_eq!(table.routes().unwrap(), [ale]);
        table.set(&[]).unwrap();
        assert_eq!(listed(&folder.path().join("routes/hosts")).unwrap(), Vec::<String>::new());
        assert_eq!(listed(&folder.path().join("routes/fresh")).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_name_that_moves_belongs_to_who_got_it() {
        let folder = tempfile::tempdir().unwrap();
        let table = Table::new(folder.path().to_owned());
        let (mut ale, mut habo) = (route(&["ale.se", "gemensam.se"], false, to(1)), route(&["habo.se"], false, to(2)));
        table.put(&ale).unwrap();
        habo.domains.push("gemensam.se".parse().unwrap());
        table.put(&habo).unwrap();
        // One of Ale's is missing now, until Ale is put without it; that leaves Habo's alone.
        assert_eq!(table.routes().unwrap(), [habo.clone()]);
        ale.domains.pop();
        table.put(&ale).unwrap();
        assert_eq!(table.routes().unwrap(), [ale, habo]);
    }

    #[test]
    fn what_was_changed_by_hand_counts_as_missing_and_is_put_right() {
        let folder = tempfile::tempdir().unwrap();
        let table = Table::new(folder.path().to_owned());
        let ale = route(&["ale.se", "www.ale.se"], false, to(1));
        let spoils: [fn(&Path); 4] = [
            |f| fs::rename(f.join("hosts/ale.se/10.201.0.1:80"), f.join("hosts/ale.se/paused")).unwrap(),
            |f| fs::write(f.join("hosts/ale.se/10.201.0.1:80"), "").unwrap(),
            |f| fs::remove_dir_all(f.join("hosts/www.ale.se")).unwrap(),
            |f| assert!(fs::copy(f.join("hosts/ale.se/10.201.0.1:80"), f.join("hosts/ale.se/10.201.0.9:80")).unwrap() > 0),
        ];
        for spoil in spoils {
            table.put(&ale).unwrap();
            assert_eq!(table.routes().unwrap(), std::slice::from_ref(&ale));
            spoil(folder.path());
            assert_eq!(table.routes().unwrap(), []);
        }
        fs::create_dir_all(folder.path().join("hosts/stray.se")).unwrap();
        fs::write(folder.path().join("hosts/stray.se/suspended"), "not json").unwrap();
        table.set(std::slice::from_ref(&ale)).unwrap();
        assert_eq!(files(&table), ["hosts/ale.se/10.201.0.1:80", "hosts/www.ale.se/10.201.0.1:80"]);
    }
}
