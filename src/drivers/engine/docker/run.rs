// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Commands in containers, and folders out of them, as streams.

use std::{pin::Pin, time::Duration};

use bollard::{
    Docker as Client,
    container::LogOutput,
    exec::{StartExecOptions, StartExecResults},
    models::ExecConfig,
    query_parameters::DownloadFromContainerOptions,
};
use futures::{Stream, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::failure::{self, error, late, timed};
use crate::{
    error::{Error, OutsideKind, Result},
    fleet::container::ExecOutput,
};

/// What is kept of a command's complaints.
const STDERR_BYTES: usize = 64 * 1024;
/// What a command may print where its output is kept in memory.
const STDOUT_BYTES: usize = 64 * 1024 * 1024;

/// A command to run.
pub(super) struct Command<'a> {
    /// The container.
    pub container: &'a str,
    /// Program and arguments.
    pub words: &'a [&'a str],
    /// User inside; none for the container's own.
    pub user: Option<&'a str>,
    /// What it reads.
    pub stdin: &'a [u8],
}

/// A started command: its id, what it prints, and what it reads, where it reads.
type Started = (String, Output, Option<Pin<Box<dyn AsyncWrite + Send>>>);
type Output = Pin<Box<dyn Stream<Item = Result<LogOutput, bollard::errors::Error>> + Send>>;

/// Runs a command and keeps what it prints.
pub(super) async fn exec(client: &Client, command: &Command<'_>, limit: Duration) -> Result<ExecOutput> {
    let what = command.what();
    let mut kept = ExecOutput::default();
    let work = async {
        let (id, output, input) = start(client, command, &what).await?;
        let read = collect(output, &mut kept, &what);
        fed_meanwhile(read, feed(input, command.stdin)).await?;
        status(client, &id, &what).await
    };
    let status = tokio::time::timeout(limit, work).await.map_err(|_| late(&what, limit))??;
    kept.status = status;
    Ok(kept)
}

/// Runs a command that reads `source` and keeps what it prints.
pub(super) async fn exec_from(
    client: &Client,
    command: &Command<'_>,
    source: &mut (dyn AsyncRead + Send + Unpin),
    limit: Duration,
) -> Result<ExecOutput> {
    let what = command.what();
    let mut kept = ExecOutput::default();
    let mut broken = None;
    let work = async {
        let (id, output, input) = start_with(client, command, true, &what).await?;
        let read = collect(output, &mut kept, &what);
        let feed = async {
            let Some(mut input) = input else { return };
            let fed = async {
                tokio::io::copy(source, &mut input).await?;
                input.flush().await
            };
            // A source that breaks off must not pass for one that ended.
            broken = fed.await.err();
            drop(input.shutdown().await);
        };
        fed_meanwhile(read, feed).await?;
        status(client, &id, &what).await
    };
    let status = tokio::time::timeout(limit, work).await.map_err(|_| late(&what, limit))??;
    if let Some(cause) = broken.filter(|_| status == 0) {
        return Err(error(OutsideKind::Failed, format!("{what}: its input broke off: {cause}")));
    }
    kept.status = status;
    Ok(kept)
}

/// Runs a command and hands on what it prints; the sink's pace is the command's pace.
pub(super) async fn exec_to(
    client: &Client,
    command: &Command<'_>,
    sink: &mut (dyn AsyncWrite + Send + Unpin),
    limit: Duration,
) -> Result<()> {
    let what = command.what();
    let work = async {
        let (id, mut output, input) = start(client, command, &what).await?;
        let mut complaints = Vec::new();
        let read = async {
            while let Some(part) = output.next().await {
                match part.map_err(|cause| failure::failure(&what, &cause))? {
                    LogOutput::StdErr { message } => keep(&mut complaints, &message, STDERR_BYTES),
                    other => sink.write_all(&other.into_bytes()).await.map_err(|cause| written(&what, &cause))?,
                }
            }
            sink.flush().await.map_err(|cause| written(&what, &cause))
        };
        fed_meanwhile(read, feed(input, command.stdin)).await?;
        match status(client, &id, &what).await? {
            0 => Ok(()),
            code => {
                let text: String = String::from_utf8_lossy(&complaints).trim().chars().take(600).collect();
                Err(error(OutsideKind::Failed, format!("{what}: exit status {code}: {text}")))
            }
        }
    };
    tokio::time::timeout(limit, work).await.map_err(|_| late(&what, limit))?
}

/// A folder of a container as a tar stream.
pub(super) async fn copy_out(
    client: &Client,
    container: &str,
    path: &str,
    sink: &mut (dyn AsyncWrite + Send + Unpin),
    limit: Duration,
) -> Result<()> {
    let what = format!("copy {path} out of container {container}");
    let work = async {
        let options = DownloadFromContainerOptions { path: path.to_owned() };
        let mut parts = std::pin::pin!(client.download_from_container(container, Some(options)));
        while let Some(part) = parts.next().await {
            let part = part.map_err(|cause| failure::failure(&what, &cause))?;
            sink.write_all(&part).await.map_err(|cause| written(&what, &cause))?;
        }
        sink.flush().await.map_err(|cause| written(&what, &cause))
    };
    tokio::time::timeout(limit, work).await.map_err(|_| late(&what, limit))?
}

impl Command<'_> {
    /// The program and the container for error texts; never the arguments, which may hold what nobody should read.
    fn what(&self) -> String {
        format!("run {} in container {}", self.words.first().unwrap_or(&"nothing"), self.container)
    }
}

/// Starts the command with its streams attached.
async fn start(client: &Client, command: &Command<'_>, what: &str) -> Result<Started> {
    start_with(client, command, !command.stdin.is_empty(), what).await
}

async fn start_with(client: &Client, command: &Command<'_>, reads: bool, what: &str) -> Result<Started> {
    let config = ExecConfig {
        attach_stdin: Some(reads),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: Some(command.words.iter().map(|w| (*w).to_owned()).collect()),
        user: command.user.map(ToOwned::to_owned),
        ..Default::default()
    };
    let long = Duration::from_secs(60);
    let id = timed(what, long, client.create_exec(command.container, config)).await?.id;
    let options = StartExecOptions { output_capacity: Some(64 * 1024), ..Default::default() };
    match timed(what, long, client.start_exec(&id, Some(options))).await? {
        StartExecResults::Attached { output, input } => Ok((id, output, reads.then_some(input))),
        StartExecResults::Detached => Err(error(OutsideKind::Failed, format!("{what}: the engine gave no streams"))),
    }
}

/// Reads while the command is fed. Once it has ended, nobody takes what it did not read: Docker 20.10 leaves the writer waiting.
async fn fed_meanwhile<T>(read: impl Future<Output = T>, feed: impl Future<Output = ()>) -> T {
    tokio::pin!(read);
    tokio::select! {
        biased;
        seen = &mut read => seen,
        () = feed => read.await,
    }
}

/// Writes everything and closes; a command that ends without reading all of it says so by its exit status.
async fn feed(input: Option<Pin<Box<dyn AsyncWrite + Send>>>, bytes: &[u8]) {
    if let Some(mut input) = input {
        let fed = async {
            input.write_all(bytes).await?;
            input.flush().await?;
            input.shutdown().await
        };
        if let Err(cause) = fed.await {
            tracing::debug!(%cause, "a command stopped reading");
        }
    }
}

async fn collect(mut output: Output, kept: &mut ExecOutput, what: &str) -> Result<()> {
    while let Some(part) = output.next().await {
        match part.map_err(|cause| failure::failure(what, &cause))? {
            LogOutput::StdErr { message } => keep(&mut kept.stderr, &message, STDERR_BYTES),
            other => {
                kept.stdout.extend_from_slice(&other.into_bytes());
                if kept.stdout.len() > STDOUT_BYTES {
                    return Err(error(OutsideKind::Refused, format!("{what}: it prints more than {} MiB", STDOUT_BYTES >> 20)));
                }
            }
        }
    }
    Ok(())
}

fn keep(kept: &mut Vec<u8>, more: &[u8], most: usize) {
    let room = most.saturating_sub(kept.len());
    kept.extend_from_slice(&more[..more.len().min(room)]);
}

/// The exit status, which the engine may learn a little later than the end of the output.
async fn status(client: &Client, id: &str, what: &str) -> Result<i64> {
    for pause in [0, 5, 10, 20, 50, 100, 200, 400, 800, 1600] {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let seen = timed(what, Duration::from_secs(30), client.inspect_exec(id)).await?;
        if let (Some(false), Some(code)) = (seen.running, seen.exit_code) {
            return Ok(code);
        }
    }
    Err(error(OutsideKind::Failed, format!("{what}: it closed its output but did not end")))
}

fn written(what: &str, cause: &std::io::Error) -> Error {
    let kind = match cause.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => OutsideKind::Full,
        _ => OutsideKind::Failed,
    };
    error(kind, format!("{what}: its output could not be written: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_complaints_are_kept() {
        let mut kept = Vec::new();
        keep(&mut kept, b"abc", 5);
        keep(&mut kept, b"defg", 5);
        keep(&mut kept, b"h", 5);
        assert_eq!(kept, b"abcde");
    }

    #[test]
    fn arguments_stay_out_of_errors() {
        let command = Command { container: "a", words: &["mariadb", "--password=x"], user: None, stdin: b"" };
        assert_eq!(command.what(), "run mariadb in container a");
    }
}
