// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Looking at an instance's pages: which ones, and what they give.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{StreamExt, stream};
use secrecy::SecretString;

use super::{
    compare::{self, SLOW_AT_LEAST},
    reading,
};
use crate::{
    drivers::wordpress::{Blog, Site, Wordpress},
    error::{Error, Result},
    fleet::{
        InstanceId,
        evidence::{Look, Sampled, SeenPage},
    },
    instances::Target,
    store::{Store, samples},
};

/// Pages asked for at once, of one instance.
const AT_ONCE: usize = 2;
/// Pages of one site that are looked at, unless it is said otherwise.
pub const PER_SITE: u32 = 8;
/// Pages of one instance at most; with many sites, each has fewer, but never fewer than [`LEAST`].
const PER_INSTANCE: u32 = 600;
const LEAST: u32 = 2;
/// How often a page that seems slow is asked for again.
const AGAIN: usize = 2;

/// Pages that two releases are asked for in turn, how often at first, and how often more where it is in doubt.
const TURN_PAGES: usize = 4;
const TURNS: (usize, usize) = (2, 5);
/// So long asking again, and asking in turn, may take in all.
const TURN_TIME: Duration = Duration::from_secs(60);

/// Where to look: a container of an instance, and its agent's key.
#[derive(Clone)]
pub struct Eye {
    /// Who asks.
    pub wordpress: Arc<dyn Wordpress>,
    /// The container, under the instance's main name.
    pub site: Site,
    /// The key of the agent in it.
    pub key: SecretString,
}

impl Eye {
    /// On the container that an instance's specification names.
    ///
    /// # Errors
    /// When the store fails or the instance has no address.
    pub async fn on(target: &Target) -> Result<Self> {
        Ok(Self { wordpress: target.tools.wordpress.clone(), site: target.site()?, key: target.secret("agent_key").await? })
    }

    /// Every site, archived ones too.
    ///
    /// # Errors
    /// When the agent does not answer.
    pub async fn blogs(&self) -> Result<Vec<Blog>> {
        self.wordpress.blogs(&self.site, &self.key).await
    }

    /// The pages that every change of this instance is judged by: those that were chosen before, where they are still there;
    /// others in place of those that are gone; and some of each site that is new.
    ///
    /// # Errors
    /// When the agent or the store fails.
    pub async fn sample(&self, store: &Store, instance: InstanceId, per_site: u32) -> Result<Vec<Sampled>> {
        let kept = samples::of(store, instance).await?;
        let open: Vec<Blog> = self.blogs().await?.into_iter().filter(is_open).collect();
        let sites = u32::try_from(open.len()).unwrap_or(u32::MAX).max(1);
        let most = per_site.min((PER_INSTANCE / sites).max(LEAST)).max(1);
        let chosen: Vec<Result<Vec<Sampled>>> =
            stream::iter(open).map(|blog| self.of_site(blog, most, &kept)).buffered(AT_ONCE).collect().await;
        let pages = chosen.into_iter().collect::<Result<Vec<_>>>()?.concat();
        if pages != kept {
            samples::keep(store, instance, &pages).await?;
        }
        Ok(pages)
    }

    async fn of_site(&self, blog: Blog, most: u32, kept: &[Sampled]) -> Result<Vec<Sampled>> {
        let host = host(&blog);
        let kept: Vec<&Sampled> = kept.iter().filter(|p| p.blog == blog.id && p.host == host).collect();
        // Only content comes and goes; the site itself always has these.
        let content = kept.iter().filter(|p| matches!(p.kind.as_str(), "newest" | "page" | "form"));
        let asked: Vec<String> = content.map(|p| p.path.clone()).collect();
        let choice = self.wordpress.sample(&self.site, &self.key, &blog, most, &asked).await?;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let mut pages: Vec<Sampled> = kept.into_iter().filter(|p| !choice.gone.contains(&p.path)).take(most).cloned().collect();
        for new in choice.pages {
            let page = Sampled { blog: blog.id, kind: new.kind, host: host.clone(), path: new.path };
            let of_kind = |kind: &str| pages.iter().filter(|p| p.kind == kind).count();
            let wanted = if page.kind == "newest" { 2 } else { 1 };
            if pages.len() < most && of_kind(&page.kind) < wanted && !pages.iter().any(|p| p.path == page.path) {
                pages.push(page);
            }
        }
        Ok(pages)
    }

    /// Looks at these pages. A page that does not answer is part of what is seen.
    ///
    /// # Errors
    /// When the agent does not answer.
    pub async fn look(&self, pages: &[Sampled]) -> Result<Look> {
        let db_versions = self.blogs().await?.into_iter().map(|b| (b.id, b.db_version)).collect();
        Ok(Look { pages: self.see_all(pages).await, db_versions })
    }

    /// Looks at these pages, without asking the agent for anything.
    pub async fn see_all(&self, pages: &[Sampled]) -> Vec<SeenPage> {
        stream::iter(pages.iter().cloned()).map(|page| self.see(page)).buffered(AT_ONCE).collect().await
    }

    /// Asks again for the pages that took much longer than before, and keeps the least of the times: what is slow by chance
    /// is not slow every time.
    pub async fn again(&self, before: &Look, after: &mut Look) {
        let began = Instant::now();
        let was: HashMap<&Sampled, u64> = before.pages.iter().map(|p| (&p.page, p.milliseconds)).collect();
        for seen in &mut after.pages {
            let Some(was) = was.get(&seen.page) else { continue };
            for _ in 0..AGAIN {
                // Where everything is slow, more of the same tells nothing new.
                if !compare::is_slower(*was, seen.milliseconds) || began.elapsed() > TURN_TIME {
                    break;
                }
                seen.milliseconds = seen.milliseconds.min(self.time(&seen.page).await.unwrap_or(u64::MAX));
            }
        }
    }

    async fn time(&self, page: &Sampled) -> Option<u64> {
        let site = self.at(page)?;
        self.wordpress.page(&site, &page.path).await.ok().map(|seen| seen.milliseconds)
    }

    fn at(&self, page: &Sampled) -> Option<Site> {
        page.host.parse().ok().map(|domain| Site { domain, ..self.site.clone() })
    }

    async fn see(&self, page: Sampled) -> SeenPage {
        let nothing = |page| SeenPage { page, ..SeenPage::default() };
        let Some(site) = self.at(&page) else { return nothing(page) };
        let Ok(fetched) = self.wordpress.fetch(&site, &page.path).await else { return nothing(page) };
        let mut milliseconds = fetched.page.milliseconds;
        if milliseconds >= SLOW_AT_LEAST {
            // The first request after a rest pays for waking up.
            milliseconds = milliseconds.min(self.time(&page).await.unwrap_or(u64::MAX));
        }
        let body = fetched.body;
        // Reading is work, and the threads here are for waiting.
        let read = tokio::task::spawn_blocking(move || reading::read(&body)).await.unwrap_or_default();
        let seen = fetched.page;
        SeenPage {
            page,
            status: seen.status,
            location: seen.location.map(without_host),
            title: seen.title,
            broken: seen.broken,
            milliseconds,
            in_turn: None,
            words: read.words,
            outline: read.outline,
            landmarks: read.landmarks,
            text: read.text,
            complaints: read.complaints,
        }
    }
}

/// Whether visitors are let in.
fn is_open(blog: &Blog) -> bool {
    !blog.archived && !blog.deleted
}

fn host(blog: &Blog) -> String {
    blog.domain.split(':').next().unwrap_or_default().to_owned()
}

/// The pages of an instance that are looked at, before and after: see [`Eye::sample`].
///
/// # Errors
/// When the agent does not answer.
pub async fn sample(target: &Target) -> Result<Vec<Sampled>> {
    Eye::on(target).await?.sample(&target.tools.store, target.instance.id, PER_SITE).await
}

/// Every site of the instance, as the container at hand tells it.
///
/// # Errors
/// When the agent does not answer.
pub async fn blogs(target: &Target) -> Result<Vec<Blog>> {
    Eye::on(target).await?.blogs().await
}

/// Looks at these pages, straight from the container. A page that does not answer is part of what is seen.
///
/// # Errors
/// When the agent does not answer.
pub async fn look(target: &Target, pages: &[Sampled]) -> Result<Look> {
    Eye::on(target).await?.look(pages).await
}

/// Asks again for pages that took much longer than before: see [`Eye::again`].
///
/// # Errors
/// When the store fails.
pub async fn again(target: &Target, before: &Look, after: &mut Look) -> Result<()> {
    Eye::on(target).await?.again(before, after).await;
    Ok(())
}

/// Asks the release before and the new one for some pages in turn, and keeps the least time of each beside what was seen: what
/// the host does meanwhile meets both. The data must be such that both can serve it.
pub async fn in_turn(old: &Eye, new: &Eye, before: &Look, after: &mut Look) {
    let began = Instant::now();
    let mut chosen = turn_pages(before, after);
    for turn in 0..TURNS.0 + TURNS.1 {
        let so_far: Vec<(u64, u64)> = chosen.iter().filter_map(|(_, times)| *times).collect();
        if began.elapsed() > TURN_TIME || (turn >= TURNS.0 && !compare::is_doubtful(&so_far)) {
            break;
        }
        for (page, times) in &mut chosen {
            // Who is asked first changes: the second may find the database's caches warm.
            let asked = if turn % 2 == 0 {
                let was = old.time(page).await;
                was.zip(new.time(page).await)
            } else {
                let is = new.time(page).await;
                old.time(page).await.zip(is)
            };
            let Some((was, is)) = asked else { continue };
            *times = Some(times.map_or((was, is), |(a, b)| (a.min(was), b.min(is))));
        }
    }
    for (page, times) in chosen {
        if let Some(seen) = after.pages.iter_mut().find(|seen| seen.page == page) {
            seen.in_turn = times;
        }
    }
}

/// The pages that look slowest by far, and one page of each kind, that are well on both sides.
fn turn_pages(before: &Look, after: &Look) -> Vec<(Sampled, Option<(u64, u64)>)> {
    let well: HashMap<&Sampled, &SeenPage> = before.pages.iter().filter(|p| compare::is_well(p)).map(|p| (&p.page, p)).collect();
    let mut chosen: Vec<(Sampled, Option<(u64, u64)>)> = Vec::new();
    let is_slow = |seen: &SeenPage| compare::is_slow(well[&seen.page].milliseconds, seen.milliseconds);
    let mut left: Vec<&SeenPage> = after.pages.iter().filter(|p| compare::is_well(p) && well.contains_key(&p.page)).collect();
    left.sort_by_key(|seen| (!is_slow(seen), is_slow(seen).then_some(std::cmp::Reverse(seen.milliseconds))));
    for seen in left {
        if chosen.len() < TURN_PAGES && (is_slow(seen) || !chosen.iter().any(|(page, _)| page.kind == seen.page.kind)) {
            chosen.push((seen.page.clone(), None));
        }
    }
    chosen
}

/// Asks a site for its front page, as its first visitor, and gives what is wrong with the answer.
///
/// # Errors
/// When the site's host is no host name or nothing answers.
pub async fn visit(eye: &Eye, blog: &Blog) -> Result<Option<String>> {
    let page = eye.wordpress.page(&blog.site(&eye.site)?, &blog.path).await?;
    let seen = SeenPage { status: page.status, location: page.location.map(without_host), broken: page.broken, ..SeenPage::default() };
    Ok((!compare::is_well(&seen))
        .then(|| format!("its front page answers {}{}", seen.status, if seen.broken { " with an error" } else { "" })))
}

/// Why a look could not be taken is the container's own doing, not the platform's.
#[must_use]
pub fn is_own_doing(error: &Error) -> bool {
    matches!(error, Error::Outside { system: "wordpress", .. })
}

/// `https://host:port/path` as `/path`; a single-use part of a query is nobody's difference.
fn without_host(location: String) -> String {
    match location.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or_else(|| "/".to_owned(), |at| rest[at..].to_owned()),
        None => location,
    }
}
