// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What anybody may see of a municipality that opened its status page: its own addresses and what touched them. No word of others, no
//! name of a host or a person, nothing that an operator wrote.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    Check, Incident, Municipality, Silence, Slug,
    health::{Failure, Health},
    incident::{CauseKind, Member},
    instance::text_enum,
};

/// So many days back are incidents told of that are over.
pub const DAYS: i64 = 14;
/// Not more incidents are told of, and not more addresses of one.
const MOST: usize = 50;
/// What was not looked at for so long is called old.
const OLD: SignedDuration = SignedDuration::from_mins(3);

/// How a municipality is, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Everything serves.
    Well,
    /// Everything serves, some of it late.
    Slow,
    /// Something of the platform is ill, and its sites may be.
    Disturbed,
    /// Some of it is down.
    Partly,
    /// All of it is down.
    Down,
    /// Nothing is checked, or nothing is known yet.
    Unknown,
}

impl Verdict {
    /// Every one.
    pub const ALL: [Self; 6] = [Self::Well, Self::Slow, Self::Disturbed, Self::Partly, Self::Down, Self::Unknown];
}

text_enum!(Verdict, "verdict", [
    Verdict::Well => "well", Verdict::Slow => "slow", Verdict::Disturbed => "disturbed", Verdict::Partly => "partly",
    Verdict::Down => "down", Verdict::Unknown => "unknown",
]);

/// What visitors notice of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Symptom {
    /// No answer.
    Silent,
    /// The name leads nowhere.
    Name,
    /// The browser warns.
    Insecure,
    /// An error where the page should be.
    Broken,
    /// A page that says that work goes on.
    Work,
}

text_enum!(Symptom, "symptom", [
    Symptom::Silent => "silent", Symptom::Name => "name", Symptom::Insecure => "insecure", Symptom::Broken => "broken",
    Symptom::Work => "work",
]);

impl From<Failure> for Symptom {
    fn from(failure: Failure) -> Self {
        use Failure as F;
        match failure {
            F::Refused | F::Unreachable | F::TimedOut | F::Broken | F::NoUpstream => Self::Silent,
            F::Name => Self::Name,
            F::Handshake | F::CertificateExpired | F::CertificateWrong => Self::Insecure,
            F::ServerError | F::ClientError | F::SetUp | F::Astray | F::Empty | F::Fatal | F::NoDatabase | F::Unlike => Self::Broken,
            F::Maintenance => Self::Work,
        }
    }
}

/// A site, or another address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Its address, without the scheme.
    pub address: String,
    /// Its name for people; empty where it has none.
    pub label: String,
    /// Whether it is a site of the municipality's WordPress.
    pub is_site: bool,
    /// In which state it is.
    pub health: Health,
    /// Since when.
    pub since: Option<Timestamp>,
}

/// An incident that touches, or touched, a municipality.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Names it on this municipality's page only: nothing can be read from it, and no other page has the same.
    pub key: String,
    /// What is to blame.
    pub cause: CauseKind,
    /// What visitors notice.
    pub symptom: Option<Symptom>,
    /// When it was confirmed.
    pub opened_at: Timestamp,
    /// When it was over.
    pub resolved_at: Option<Timestamp>,
    /// The municipality's addresses that it made fail, by address; the first of them where they are many.
    pub addresses: Vec<String>,
    /// How many there are.
    pub touched: usize,
}

/// How one municipality is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Its slug.
    pub slug: Slug,
    /// Its official name.
    pub name: String,
    /// Its code from Statistics Sweden, where it has one.
    pub code: Option<String>,
    /// Its sites and other addresses, the worst first, then by address.
    pub places: Vec<Place>,
    /// What touches it, and what did in the last days; the newest first.
    pub incidents: Vec<Told>,
    /// Maintenance that goes on or is planned, the next first.
    pub windows: Vec<Window>,
}

/// A maintenance window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Window {
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// Every municipality that opened its status page, as it was at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Public {
    /// Until when somebody watched; none where nobody has yet.
    pub as_of: Option<Timestamp>,
    /// They, by slug.
    pub all: BTreeMap<Slug, Status>,
}

impl Public {
    /// Until when somebody watched, to the minute: so the same answer stays the same for a while.
    #[must_use]
    pub fn minute(&self) -> Option<Timestamp> {
        let at = self.as_of?;
        Timestamp::from_second(at.as_second().div_euclid(60) * 60).ok()
    }

    /// Whether it is too old to be believed.
    #[must_use]
    pub fn is_old(&self, now: Timestamp) -> bool {
        self.as_of.is_none_or(|at| now.duration_since(at) > OLD)
    }
}

/// Maintenance of all of it: what is about one address only is nothing that anybody needs to know of beforehand, and why is not told.
fn windows(municipality: &Municipality, silences: &[Silence]) -> Vec<Window> {
    let theirs =
        |silence: &&Silence| silence.planned && silence.check.is_none() && silence.municipality.is_none_or(|of| of == municipality.id);
    let mut all: Vec<Window> = silences.iter().filter(theirs).map(|s| Window { from: s.from, until: s.until }).collect();
    all.sort_by_key(|window| window.from);
    all.truncate(MOST);
    all
}

impl Status {
    /// What may be seen of a municipality with these checks and incidents; of their members only its own count.
    #[must_use]
    pub fn of(municipality: &Municipality, checks: &[&Check], incidents: &[(Incident, Vec<Member>)], silences: &[Silence]) -> Self {
        let place = |check: &&Check| Place {
            address: check.address(),
            label: check.label.clone(),
            is_site: check.instance.is_some(),
            health: check.health,
            since: check.since,
        };
        let mut places: Vec<Place> = checks.iter().map(place).collect();
        places.sort_by(|a, b| b.health.cmp(&a.health).then_with(|| a.address.cmp(&b.address)));
        let has_sites = places.iter().any(|place| place.is_site);
        let told = |(incident, members): &(Incident, Vec<Member>)| told(municipality, has_sites, incident, members);
        Self {
            slug: municipality.slug.clone(),
            name: municipality.name.clone(),
            code: municipality.code.as_ref().map(ToString::to_string),
            incidents: incidents.iter().filter_map(told).take(MOST).collect(),
            windows: windows(municipality, silences),
            places,
        }
    }

    /// How it is, in one word.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let ill = self.places.iter().filter(|place| place.health.is_ill()).count();
        let known = self.places.iter().any(|place| place.health != Health::Unknown);
        let shared = |told: &Told| told.resolved_at.is_none() && told.cause.is_platform();
        match ill {
            0 if self.incidents.iter().any(shared) => Verdict::Disturbed,
            0 if !known => Verdict::Unknown,
            0 if self.places.iter().any(|place| place.health == Health::Slow) => Verdict::Slow,
            0 => Verdict::Well,
            all if all == self.places.len() => Verdict::Down,
            _ => Verdict::Partly,
        }
    }
}

fn told(of: &Municipality, has_sites: bool, incident: &Incident, members: &[Member]) -> Option<Told> {
    let own: Vec<&Member> = members.iter().filter(|member| member.municipality == of.id).collect();
    // The watching itself is the operator's to doubt.
    let spoken_of = !incident.cause.kind.is_sight() && incident.merged_into.is_none();
    let there = incident.resolved_at.is_none_or(|end| end > of.created_at);
    // While the platform is ill only some of its sites are asked, and all hang on it.
    let touches = !own.is_empty() || incident.municipality == Some(of.id) || has_sites && there && incident.is_shared();
    if !spoken_of || !touches {
        return None;
    }
    let mut addresses: Vec<String> = own.iter().map(|member| member.label.clone()).collect();
    addresses.sort();
    addresses.dedup();
    let touched = addresses.len();
    addresses.truncate(MOST);
    Some(Told {
        key: key(of, incident),
        cause: incident.cause.kind,
        symptom: own.first().map(|member| member.failure).or(incident.failure).map(Symptom::from),
        opened_at: incident.opened_at,
        resolved_at: incident.resolved_at,
        addresses,
        touched,
    })
}

fn key(of: &Municipality, incident: &Incident) -> String {
    let digest = Sha256::new().chain_update(of.id.text()).chain_update(incident.id.text()).finalize();
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{Id, incident::Cause};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn municipality(slug: &str) -> Municipality {
        Municipality {
            id: Id::generate(),
            slug: slug.parse().unwrap(),
            name: format!("{slug} kommun"),
            code: None,
            contact_email: "webb@ale.se".parse().unwrap(),
            created_at: at(0),
        }
    }

    fn check(of: &Municipality, number: u32, path: &str, health: Health) -> Check {
        Check {
            number,
            municipality: of.id,
            slug: of.slug.clone(),
            instance: Some(Id::generate()),
            blog: Some(u64::from(number)),
            host: format!("{}.se", of.slug),
            path: path.to_owned(),
            label: String::new(),
            expects: None,
            health,
            failure: None,
            since: None,
            created_at: at(0),
        }
    }

    fn incident(kind: CauseKind, certain: bool) -> Incident {
        let cause = Cause { kind, of: "db-1.internal".to_owned() };
        Incident { certain, note: "ring Eva".to_owned(), ..Incident::opened(cause, "db-1.internal".to_owned(), None, at(60)) }
    }

    fn member(of: &Municipality, label: &str) -> Member {
        let failure = Failure::NoDatabase;
        Member { number: 1, municipality: of.id, slug: None, label: label.to_owned(), failure, since: at(60), until: None }
    }

    #[test]
    fn nobody_sees_others_hosts_or_notes() {
        let (ale, bor) = (municipality("ale"), municipality("bor"));
        let checks = [check(&ale, 1, "/", Health::Ok), check(&ale, 2, "/skola/", Health::Down)];
        let shared = (incident(CauseKind::DatabaseServer, false), vec![member(&ale, "ale.se/skola/"), member(&bor, "bor.se")]);
        let theirs = (incident(CauseKind::Check, false), vec![member(&bor, "bor.se")]);
        let status = Status::of(&ale, &checks.each_ref(), &[shared.clone(), theirs], &[]);
        assert_eq!(status.verdict(), Verdict::Partly);
        assert_eq!(status.places[0].address, "ale.se/skola/", "the worst first");
        let [told] = &status.incidents[..] else { panic!("{status:?}") };
        assert_eq!((told.cause, told.symptom, told.touched), (CauseKind::DatabaseServer, Some(Symptom::Broken), 1));
        let text = serde_json::to_string(&status).unwrap();
        for secret in ["bor", "db-1", "Eva", &shared.0.id.text(), &ale.id.text()] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        let window = |of: Option<&Municipality>, planned, check| Silence {
            id: crate::fleet::Id::generate(),
            planned,
            municipality: of.map(|of| of.id),
            slug: None,
            check,
            from: shared.0.opened_at,
            until: shared.0.opened_at + SignedDuration::from_hours(2),
            reason: "a secret reason".into(),
            by: "someone@example.org".into(),
            created_at: shared.0.opened_at,
        };
        let silences = [window(None, true, None), window(Some(&ale), true, None), window(Some(&bor), true, None)];
        let hidden = [window(Some(&ale), false, None), window(Some(&ale), true, Some(3))];
        assert_eq!(Status::of(&ale, &[], &[], &silences).windows.len(), 2);
        assert_eq!(Status::of(&ale, &[], &[], &hidden).windows, []);
        let other = Status::of(&bor, &[], &[shared], &[]);
        assert_ne!(other.incidents[0].key, told.key);
    }

    #[test]
    fn what_all_hang_on_touches_all_who_have_sites() {
        let ale = municipality("ale");
        let well = [check(&ale, 1, "/", Health::Ok)];
        let gateway = |certain| [(incident(CauseKind::Gateway, certain), vec![])];
        assert_eq!(Status::of(&ale, &well.each_ref(), &gateway(true), &[]).verdict(), Verdict::Disturbed);
        // What only others have in common is theirs.
        assert_eq!(Status::of(&ale, &well.each_ref(), &gateway(false), &[]).verdict(), Verdict::Well);
        assert_eq!(Status::of(&ale, &[], &gateway(true), &[]).verdict(), Verdict::Unknown);
        let observer = [(incident(CauseKind::Observer, true), vec![member(&ale, "ale.se")])];
        assert_eq!(Status::of(&ale, &well.each_ref(), &observer, &[]).incidents, []);
        let down = [check(&ale, 1, "/", Health::Flapping)];
        assert_eq!(Status::of(&ale, &down.each_ref(), &[], &[]).verdict(), Verdict::Down);
    }

    #[test]
    fn what_is_old_is_called_so() {
        let public = Public { as_of: Some(at(59)), ..Public::default() };
        assert_eq!(public.minute(), Some(at(0)));
        assert!(!public.is_old(at(200)) && public.is_old(at(300)) && Public::default().is_old(at(0)));
    }
}
