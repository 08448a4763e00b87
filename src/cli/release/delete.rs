// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta release delete`.

use clap::Args;

use super::{One, ROOT};
use crate::cli::{
    Context,
    failure::{Failure, Outcome},
    language::Language,
    prompt,
};

/// What to delete.
#[derive(Debug, Args)]
pub struct Delete {
    #[command(flatten)]
    which: One,
    /// The name once more, so that nothing is deleted by mistake.
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
}

pub(super) async fn run(context: &Context, args: &Delete) -> Outcome {
    let name = &args.which.name;
    let confirm = match &args.confirm {
        Some(word) => word.clone(),
        None if prompt::is_person() => {
            let question = match context.language() {
                Language::En => "Type the release's name to delete it: ",
                Language::Sv => "Skriv utgåvans namn för att ta bort den: ",
            };
            prompt::asking(move || prompt::ask(question)).await?
        }
        None => String::new(),
    };
    if confirm != *name {
        let (message, fix) = match context.language() {
            Language::En => {
                (format!("deleting release `{name}` was not confirmed; nothing was changed"), format!("repeat its name: --confirm {name}"))
            }
            Language::Sv => (
                format!("borttagningen av utgåvan `{name}` bekräftades inte; inget har ändrats"),
                format!("upprepa namnet: --confirm {name}"),
            ),
        };
        return Err(Failure::usage("confirm", message, fix));
    }
    context.client.delete(&[&ROOT[..], &[name]].concat(), &[("confirm", confirm)]).await?;
    context.said(&format!("Release {name} is deleted."), &format!("Utgåvan {name} är borttagen."))
}
