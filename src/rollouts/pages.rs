// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Looking at an instance's pages: which ones, and what they give.

use futures::{StreamExt, stream};

use crate::{
    drivers::wordpress::Blog,
    error::Result,
    fleet::evidence::{Look, Sampled, SeenPage},
    instances::Target,
};

/// Pages asked for at once, of one instance.
const AT_ONCE: usize = 2;

/// The pages of an instance that are looked at, before and after.
///
/// # Errors
/// When the agent does not answer.
pub async fn sample(target: &Target) -> Result<Vec<Sampled>> {
    let blogs = blogs(target).await?;
    Ok(blogs.iter().filter(|b| !b.archived && !b.deleted).flat_map(front).collect())
}

fn front(blog: &Blog) -> [Sampled; 2] {
    let host = blog.domain.split(':').next().unwrap_or_default().to_owned();
    let page = |kind: &str, path: String| Sampled { blog: blog.id, kind: kind.to_owned(), host: host.clone(), path };
    [page("home", blog.path.clone()), page("log-in", format!("{}wp-login.php", blog.path))]
}

/// Every site of the instance, as the container at hand tells it.
///
/// # Errors
/// When the agent does not answer.
pub async fn blogs(target: &Target) -> Result<Vec<Blog>> {
    target.tools.wordpress.blogs(&target.site()?, &target.secret("agent_key").await?).await
}

/// Looks at these pages, straight from the container. A page that does not answer is part of what is seen.
///
/// # Errors
/// When the agent does not answer.
pub async fn look(target: &Target, pages: &[Sampled]) -> Result<Look> {
    let db_versions = blogs(target).await?.into_iter().map(|b| (b.id, b.db_version)).collect();
    let site = target.site()?;
    let pages: Vec<SeenPage> = stream::iter(pages.iter().cloned())
        .map(|page| {
            let (wordpress, site) = (target.tools.wordpress.clone(), site.clone());
            async move { see(&*wordpress, site, page).await }
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    Ok(Look { pages, db_versions })
}

async fn see(wordpress: &dyn crate::drivers::wordpress::Wordpress, site: crate::drivers::wordpress::Site, page: Sampled) -> SeenPage {
    let nothing = |page| SeenPage { page, status: 0, location: None, title: String::new(), broken: false, milliseconds: 0 };
    let Ok(domain) = page.host.parse() else { return nothing(page) };
    match wordpress.page(&crate::drivers::wordpress::Site { domain, ..site }, &page.path).await {
        Err(_) => nothing(page),
        Ok(seen) => SeenPage {
            page,
            status: seen.status,
            location: seen.location.map(without_host),
            title: seen.title,
            broken: seen.broken,
            milliseconds: seen.milliseconds,
        },
    }
}

/// `https://host:port/path` as `/path`; a single-use part of a query is nobody's difference.
fn without_host(location: String) -> String {
    match location.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or_else(|| "/".to_owned(), |at| rest[at..].to_owned()),
        None => location,
    }
}
