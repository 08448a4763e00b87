// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Collects what instances know of their insides: when their mark changes, and once a day. An instance cannot reach the control plane,
//! so nothing is pushed; see decision 0021.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use futures::{StreamExt, stream::FuturesUnordered};
use jiff::{SignedDuration, Timestamp};
use tokio::{sync::mpsc, time::timeout};
use tracing::{debug, info, warn};

use crate::{
    drivers::wordpress::Pulse,
    error::{Error, OutsideKind, Result},
    fleet::{FindingKind, Instance, InstanceId, facts::Facts, finding::About},
    health::{findings, wheel::phase},
    instances::{Target, Tools, spec::place},
    store::{self, facts::Kept},
};

/// Facts are no older than this.
const DAILY: SignedDuration = SignedDuration::from_hours(24);
/// The same less up to this much, so that not all are asked at once.
const JITTER_MILLISECONDS: u64 = 4 * 3600 * 1000;
/// So many are asked at once.
const TOGETHER: usize = 4;
/// One instance tells all in this time.
const AT_MOST: Duration = Duration::from_secs(180);
/// Going over what was uploaded takes no longer, in seconds.
const MEASURE_SECONDS: u64 = 120;

/// Runs until nobody tells anything any more.
pub(super) async fn run(tools: Tools, mut pulses: mpsc::UnboundedReceiver<(Instance, Pulse)>) {
    let mut known = loop {
        match store::facts::marks(&tools.store).await {
            Ok(known) => break known,
            Err(error) => {
                warn!(%error, "it could not be read whose facts are known, trying again");
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        }
    };
    let mut sized: HashMap<InstanceId, i32> = HashMap::new();
    let mut waiting: BTreeMap<InstanceId, (Instance, Pulse)> = BTreeMap::new();
    let mut asked: BTreeSet<InstanceId> = BTreeSet::new();
    let mut under_way = FuturesUnordered::new();
    loop {
        tokio::select! {
            came = pulses.recv() => match came {
                Some((instance, mut pulse)) => {
                    // Another release has other versions, which the mark does not tell.
                    pulse.mark = format!("{} {}", instance.generation, pulse.mark);
                    let day = day(tools.clock.now());
                    let is_measured = sized.get(&instance.id) == Some(&day);
                    if is_due(known.get(&instance.id), &instance, &pulse.mark, tools.clock.now()) || !is_measured {
                        waiting.insert(instance.id, (instance, pulse));
                    }
                }
                None => return,
            },
            Some((id, day, done)) = under_way.next(), if !under_way.is_empty() => {
                asked.remove(&id);
                if let Some(kept) = done {
                    known.insert(id, kept);
                    sized.insert(id, day);
                }
            }
        }
        while under_way.len() < TOGETHER
            && let Some(id) = waiting.keys().find(|id| !asked.contains(*id)).copied()
            && let Some((instance, pulse)) = waiting.remove(&id)
        {
            asked.insert(id);
            let day = day(tools.clock.now());
            let measure = sized.get(&id) != Some(&day);
            let tools = &tools;
            under_way.push(async move {
                let done = timeout(AT_MOST, collect(tools, &instance, &pulse, measure)).await;
                let done =
                    done.unwrap_or_else(|_| Err(Error::outside("wordpress", OutsideKind::Unreachable, "the facts did not come in time")));
                match done {
                    Ok(at) => (id, day, Some((pulse.mark, at))),
                    Err(error) => {
                        // Asked again when it is next seen inside.
                        warn!(%error, instance = %id, "the facts could not be collected");
                        (id, day, None)
                    }
                }
            });
        }
    }
}

/// Days since 1970.
fn day(now: Timestamp) -> i32 {
    i32::try_from(now.as_second().div_euclid(86_400)).unwrap_or_default()
}

fn is_due(known: Option<&(String, Timestamp)>, instance: &Instance, mark: &str, now: Timestamp) -> bool {
    let Some((told, at)) = known else { return true };
    let early = phase(instance.slot, JITTER_MILLISECONDS);
    let early = SignedDuration::from_millis(i64::try_from(early).unwrap_or_default());
    told != mark || now.duration_since(*at) >= DAILY - early
}

/// Asks one instance, keeps what it told, and has told what needs somebody.
async fn collect(tools: &Tools, instance: &Instance, pulse: &Pulse, measure: bool) -> Result<Timestamp> {
    let target = tools.target(instance.id).await?;
    let key = target.secret("agent_key").await?;
    let mut facts = tools.wordpress.report(&target.site()?, &key).await?;
    // Only what leads to it is the instance's own; see what is checked.
    let own: BTreeSet<u64> = pulse.blogs.iter().map(|beat| beat.blog.id).collect();
    facts.sites.retain(|site| own.contains(&site.id));
    let now = tools.clock.now();
    let before = store::facts::of(&tools.store, instance.id).await?;
    let administrators = findings::administrators(before.as_ref().map(|(kept, _)| &kept.administrators), &facts, now);
    let kept = Kept { mark: pulse.mark.clone(), administrators, collected_at: now };
    store::facts::keep(&tools.store, instance.municipality, instance.id, &kept, &facts).await?;
    tell(tools, instance, &kept, &facts).await?;
    if measure && let Err(error) = measured(&target, &facts, day(now)).await {
        debug!(%error, instance = %instance.id, "sizes could not be measured");
    }
    Ok(now)
}

/// Makes the instance's findings those that follow from its facts.
async fn tell(tools: &Tools, instance: &Instance, kept: &Kept, facts: &Facts) -> Result<()> {
    let slugs: BTreeSet<String> = facts.used().into_iter().map(|it| it.slug).collect();
    let advisories = store::advisories::on(&tools.store, &slugs.into_iter().collect::<Vec<_>>()).await?;
    let now = tools.clock.now();
    let found = findings::found(&instance.key(), facts, &kept.administrators, &advisories, now);
    let about = About::Instance(instance.id);
    let changes = store::findings::sync(&tools.store, instance.municipality, &about, &findings::KINDS, &found, now).await?;
    if !changes.opened.is_empty() || !changes.resolved.is_empty() {
        info!(instance = %instance.id, opened = changes.opened.len(), resolved = changes.resolved.len(), "findings");
        // What the site says of itself decides whether it is told once more as seen from outside.
        store::outside::doubt(&tools.store, instance.id, FindingKind::NotIndexed, now).await?;
    }
    Ok(())
}

/// Goes over every instance's facts again, after the known weaknesses have changed.
///
/// # Errors
/// When the store fails.
pub(crate) async fn tell_all(tools: &Tools) -> Result<()> {
    for instance in store::instances::all(&tools.store, &crate::fleet::Scope::Fleet).await? {
        if let Some((kept, facts)) = store::facts::of(&tools.store, instance.id).await? {
            tell(tools, &instance, &kept, &facts).await?;
        }
    }
    Ok(())
}

/// How large what is: the tables by the database server, what was uploaded by its volume.
async fn measured(target: &Target, facts: &Facts, day: i32) -> Result<()> {
    let tools = &target.tools;
    let schema = target.instance.schema();
    let query = "SELECT COALESCE(JSON_OBJECTAGG(table_name, data_length + index_length), '{}') FROM information_schema.tables WHERE table_schema = ?";
    let row = tools.database.query_row(&schema, query, vec![schema.clone()]).await?;
    let text = row.and_then(|mut row| row.pop().flatten()).unwrap_or_default();
    let tables: BTreeMap<String, Option<u64>> = serde_json::from_str(&text)
        .map_err(|e| Error::outside("database server", OutsideKind::Failed, format!("the sizes of {schema}: {e}")))?;
    // What was uploaded is asked for in the container, which has only its own volume.
    let command = ["du", "-k", "--max-depth=2", place::UPLOADS];
    let folders = match tools.engine.exec(&target.container(), &command, None, b"", MEASURE_SECONDS).await {
        Ok(output) if output.status == 0 => folders(&String::from_utf8_lossy(&output.stdout)),
        _ => BTreeMap::new(),
    };
    let uploads = |blog: u64| match blog {
        0 => folders.get("").copied(),
        1 => folders.get("").map(|all| all.saturating_sub(folders.get("sites").copied().unwrap_or(0))),
        blog => folders.get("").map(|_| folders.get(&format!("sites/{blog}")).copied().unwrap_or(0)),
    };
    let whole: u64 = tables.values().flatten().sum();
    let mut sizes = vec![(0, whole, uploads(0))];
    for site in &facts.sites {
        let own: u64 = tables.iter().filter(|(table, _)| blog_of(table) == site.id).filter_map(|(_, bytes)| *bytes).sum();
        sizes.push((site.id, own, uploads(site.id)));
    }
    store::facts::keep_sizes(&tools.store, target.instance.id, day, &sizes).await
}

/// Which site a table is of: of the n-th they begin with `wp_n_`.
fn blog_of(table: &str) -> u64 {
    let mut parts = table.split('_').skip(1);
    parts.next().and_then(|part| part.parse().ok()).unwrap_or(1)
}

/// What `du` tells: bytes by path below the uploads.
fn folders(text: &str) -> BTreeMap<String, u64> {
    let line = |line: &str| {
        let (size, path) = line.split_once('\t')?;
        let below = path.strip_prefix(place::UPLOADS)?.trim_start_matches('/').to_owned();
        Some((below, size.parse::<u64>().ok()?.saturating_mul(1024)))
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_belong_to_sites() {
        assert_eq!((blog_of("wp_options"), blog_of("wp_12_posts"), blog_of("wp_term_2"), blog_of("other")), (1, 12, 1, 1));
        let up = place::UPLOADS;
        let told = folders(&format!("8\t{up}/sites/2\n12\t{up}/sites\n40\t{up}\nnonsense\n"));
        let wanted = [("", 40), ("sites", 12), ("sites/2", 8)].map(|(path, size)| (path.to_owned(), size * 1024));
        assert_eq!(told, BTreeMap::from(wanted));
    }
}
