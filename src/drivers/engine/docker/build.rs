// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Images that are built, listed and removed.

use std::{collections::HashMap, time::Duration};

use bollard::{
    Docker as Client,
    query_parameters::{BuildImageOptions, ListImagesOptions, RemoveImageOptions},
};
use futures::StreamExt;
use tokio::sync::mpsc::Sender;
use tokio_util::io::ReaderStream;

use super::{
    failure::{self, error, found, late, timed},
    spec,
};
use crate::{
    error::{OutsideKind, Result},
    fleet::container::{ImageBuild, NamedImage},
};

/// A longer line of a log is cut: nobody reads it, and it would have to be kept.
const LINE_CHARS: usize = 2000;

/// Builds an image. The engine stops the build when the connection is closed, so dropping this is enough to end it.
pub(super) async fn build(client: &Client, build: &ImageBuild, log: &Sender<String>, limit: Duration) -> Result<()> {
    let what = format!("build image {}", build.reference);
    let unreadable = |cause: std::io::Error| error(OutsideKind::Failed, format!("{what}: {}: {cause}", build.context.display()));
    let context = tokio::fs::File::open(&build.context).await.map_err(unreadable)?;
    let options = BuildImageOptions {
        dockerfile: "Dockerfile".to_owned(),
        t: Some(build.reference.clone()),
        labels: Some(spec::unordered(&build.labels)),
        // Without the network there is nothing to wait for, and layers of an earlier build may go away while they are used.
        nocache: !build.network,
        networkmode: (!build.network).then(|| "none".to_owned()),
        // Nothing that a step leaves behind stays, however it ends.
        rm: true,
        forcerm: true,
        ..Default::default()
    };
    let body = bollard::body_try_stream(ReaderStream::with_capacity(context, 256 * 1024));
    let work = async {
        let mut parts = std::pin::pin!(client.build_image(options, None, Some(body)));
        let mut begun = String::new();
        let mut layers = Layers { client: client.clone(), step: String::new(), cached: false, last: None };
        while let Some(part) = parts.next().await {
            let part = part.map_err(|cause| refused(&what, &cause))?;
            let failed = part.error_detail.and_then(|detail| detail.message);
            if let Some(message) = failed {
                return Err(error(OutsideKind::Refused, format!("{what}: {}", message.trim())));
            }
            begun.push_str(&part.stream.unwrap_or_default());
            begun.extend(part.status.map(|status| format!("{status}\n")));
            while let Some(end) = begun.find('\n') {
                let line: String = begun.drain(..=end).collect();
                layers.read(line.trim_end());
                say(log, line.trim_end()).await?;
            }
        }
        say(log, begun.trim_end()).await?;
        layers.last = None;
        Ok(())
    };
    tokio::time::timeout(limit, work).await.map_err(|_| late(&what, limit))?
}

/// The layers of a build that does not come to its end, which the engine would keep under no name. They go with the last.
struct Layers {
    client: Client,
    step: String,
    cached: bool,
    last: Option<String>,
}

impl Layers {
    /// Learns from the log which layer was made last. What a step took from an earlier build, or starts from, is not this one's.
    fn read(&mut self, line: &str) {
        if let Some((_, step)) = line.strip_prefix("Step ").and_then(|rest| rest.split_once(" : ")) {
            step.clone_into(&mut self.step);
            self.cached = false;
        } else if line.trim() == "---> Using cache" {
            self.cached = true;
        } else if let Some(id) = line.trim().strip_prefix("---> ")
            && id.len() >= 12
            && id.bytes().all(|b| b.is_ascii_hexdigit())
            && !self.cached
            && !self.step.to_ascii_uppercase().starts_with("FROM")
        {
            self.last = Some(id.to_owned());
        }
    }
}

impl Drop for Layers {
    fn drop(&mut self) {
        let (Some(id), client) = (self.last.take(), self.client.clone()) else { return };
        tokio::spawn(async move {
            // The engine ends the step at hand first.
            tokio::time::sleep(Duration::from_secs(2)).await;
            if let Err(error) = remove(&client, &id, Duration::from_secs(60)).await {
                tracing::debug!(%error, image = id, "a layer of a build that broke off stays");
            }
        });
    }
}

/// A build that fails is no failure of the engine: the same context would fail again.
fn refused(what: &str, cause: &bollard::errors::Error) -> crate::error::Error {
    match cause {
        bollard::errors::Error::DockerStreamError { error: message } => {
            let kind = match failure::failure(what, cause).error {
                crate::error::Error::Outside { kind: OutsideKind::Full, .. } => OutsideKind::Full,
                _ => OutsideKind::Refused,
            };
            error(kind, format!("{what}: {}", message.trim()))
        }
        other => failure::failure(what, other).error,
    }
}

async fn say(log: &Sender<String>, line: &str) -> Result<()> {
    if line.is_empty() {
        return Ok(());
    }
    let line = plain(line);
    log.send(line).await.map_err(|_| error(OutsideKind::Refused, "the build was stopped: nobody waits for it any more"))
}

/// A line without colours and other orders to a terminal.
fn plain(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let order = part.strip_prefix('[').map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';'));
        text.push_str(order.and_then(|rest| rest.strip_prefix(|c: char| c.is_ascii_alphabetic())).unwrap_or(part));
    }
    text.chars().filter(|c| !c.is_control() || *c == '\t').take(LINE_CHARS).collect()
}

/// Removes a name of an image.
pub(super) async fn remove(client: &Client, reference: &str, limit: Duration) -> Result<()> {
    let options = RemoveImageOptions { force: false, noprune: false, ..Default::default() };
    let what = format!("remove image {reference}");
    found(timed(&what, limit, client.remove_image(reference, Some(options), None)).await).map(|_| ())
}

/// The images that have a name in a repository.
pub(super) async fn named(client: &Client, repository: &str, limit: Duration) -> Result<Vec<NamedImage>> {
    let filters = HashMap::from([("reference".to_owned(), vec![repository.to_owned()])]);
    let options = ListImagesOptions { filters: Some(filters), ..Default::default() };
    let list = timed(&format!("list images of {repository}"), limit, client.list_images(Some(options))).await?;
    let prefix = format!("{repository}:");
    let names = list.into_iter().flat_map(|image| {
        let (id, created) = (image.id, image.created);
        image.repo_tags.into_iter().map(move |reference| NamedImage { reference, id: id.clone(), created })
    });
    Ok(names.filter(|image| image.reference.starts_with(&prefix)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_are_plain_text() {
        assert_eq!(plain("\u{1b}[91m[25-Nov] ready\u{7}"), "[25-Nov] ready");
        assert_eq!(plain("\u{1b}[0m\u{1b}[1;31mred\u{1b}[0m a\tb"), "red a\tb");
    }

    #[tokio::test]
    async fn only_layers_of_its_own_are_taken_for_left_over() {
        let client = Client::connect_with_http("tcp://127.0.0.1:9", 1, bollard::API_DEFAULT_VERSION).unwrap();
        let mut layers = Layers { client, step: String::new(), cached: false, last: None };
        for line in ["Step 1/4 : FROM a:1", " ---> 1111aaaa2222", "Step 2/4 : USER root", " ---> Using cache", " ---> 2222aaaa3333"] {
            layers.read(line);
        }
        assert_eq!(layers.last, None);
        for line in ["Step 3/4 : COPY a b", " ---> 3333aaaa4444", "Step 4/4 : RUN x", " ---> Running in 4444aaaa5555", "---> hej"] {
            layers.read(line);
        }
        assert_eq!(layers.last.take().as_deref(), Some("3333aaaa4444"));
    }
}
