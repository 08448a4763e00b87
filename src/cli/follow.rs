// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Waiting for an operation by its event stream. A lost connection is made again where it broke off, so that a restart of the
//! control plane is only a pause. Who stops waiting stops nothing else.

use std::time::{Duration, Instant};

use super::{
    client::Client,
    failure::{Failure, Outcome},
    language::Language,
    output,
    progress::{Entry, Progress, Work},
    stream::Parser,
};

/// The control plane may be away for so long before the waiting ends.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// Follows an operation to its end, showing its steps. Gives it as it ended, with the JSON as it came.
///
/// # Errors
/// When the control plane says no or is away for too long, or a person stops the waiting.
pub async fn follow(client: &Client, work: &Work, language: Language) -> Outcome<(Work, String)> {
    let mut progress = Progress::new(work, language);
    let ended = tokio::select! {
        ended = to_the_end(client, &work.id, &mut progress) => ended,
        stopped = tokio::signal::ctrl_c() => match stopped {
            Ok(()) => Err(Failure::Told(130)),
            Err(e) => Err(Failure::failed(format!("signals cannot be waited for: {e}"), "")),
        },
    };
    progress.close();
    if let Err(Failure::Told(130)) = ended {
        output::tell(&goes_on(&work.id, language));
    }
    ended
}

/// What to tell someone who does not wait.
#[must_use]
pub fn goes_on(id: &str, language: Language) -> String {
    match language {
        Language::En => format!("The work goes on. Watch it with: flotta operation watch {id}"),
        Language::Sv => format!("Arbetet fortsätter. Följ det med: flotta operation watch {id}"),
    }
}

async fn to_the_end(client: &Client, id: &str, progress: &mut Progress) -> Outcome<(Work, String)> {
    let mut last = 0;
    let mut pause = FIRST_PAUSE;
    let mut heard = Instant::now();
    loop {
        let before = last;
        match one_connection(client, id, &mut last, progress).await {
            Ok(Some(end)) => return Ok(end),
            Ok(None) => heard = Instant::now(),
            Err(failure) if failure.passes() => {
                progress.lost();
                if heard.elapsed() > PATIENCE {
                    return Err(Failure::failed(
                        format!("the control plane has not answered for {} minutes", PATIENCE.as_secs() / 60),
                        format!("start it; it goes on with the work by itself. Then: flotta operation watch {id}"),
                    ));
                }
            }
            Err(failure) => return Err(failure),
        }
        if last > before {
            heard = Instant::now();
            pause = FIRST_PAUSE;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Listens until the operation or the connection ends.
async fn one_connection(client: &Client, id: &str, last: &mut i64, progress: &mut Progress) -> Outcome<Option<(Work, String)>> {
    let mut stream = client.events(id, *last).await?;
    let mut parser = Parser::default();
    while let Some(piece) = client.piece(&mut stream).await? {
        for event in parser.push(&piece).map_err(|why| Failure::failed(why, "look at the control plane's log"))? {
            if event.kind == "end" {
                let work = read(&event.data)?;
                return Ok(Some((work, event.data)));
            }
            if event.kind != "step" {
                continue;
            }
            let entry: Entry = read(&event.data)?;
            if entry.seq > *last {
                *last = entry.seq;
                progress.entry(&entry);
            }
        }
    }
    Ok(None)
}

fn read<T: serde::de::DeserializeOwned>(data: &str) -> Outcome<T> {
    serde_json::from_str(data).map_err(|e| {
        Failure::failed(format!("an event of the stream cannot be read: {e}"), "use the `flotta` of the same version as the control plane")
    })
}
