// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta release show` and `flotta release diff`.

use serde_json::{Value, json};

use super::{Diff, ONE, ROOT, Show};
use crate::cli::{
    Context,
    failure::Outcome,
    output::{Column, column, line, text},
    style::clean,
};

const PARTS: &[Column] = &[
    column("Kind", "Slag", |v| text(v, "/kind")),
    column("Name", "Namn", |v| text(v, "/name")),
    column("Version", "Version", |v| text(v, "/version")),
    column("Folder", "Mapp", |v| text(v, "/slug")),
];

pub(super) async fn show(context: &Context, args: &Show) -> Outcome {
    let (client, output) = (&context.client, &context.output);
    let path = [&ROOT[..], &[&args.which.name]].concat();
    if !args.inventory && !args.cyclonedx {
        return output.one(&client.get(&path, &[]).await?, ONE);
    }
    let format = if args.cyclonedx { "cyclonedx" } else { "" };
    let answer = client.get(&[&path[..], &["inventory"]].concat(), &[("format", format.to_owned())]).await?;
    if args.cyclonedx || output.is_json() {
        return output.json(&answer.text);
    }
    line(&output.table(PARTS, &rows(context, &answer.read()?)))
}

/// The inventory as rows: the fork first, then what it runs on.
fn rows(context: &Context, inventory: &Value) -> Vec<Value> {
    let pick = |english: &'static str, swedish: &'static str| context.language().pick(english, swedish);
    let mut rows = Vec::new();
    if inventory["wordpress"].is_object() {
        let core = &inventory["wordpress"];
        rows.push(json!({"kind": "WordPress", "name": "WordPress", "version": core["version"]}));
        rows.push(json!({"kind": pick("database", "databas"), "name": "db_version", "version": core["db_version"]}));
    }
    for (key, kind) in [
        ("themes", pick("theme", "tema")),
        ("plugins", pick("plugin", "tillägg")),
        ("must_use", pick("must-use plugin", "obligatoriskt tillägg")),
    ] {
        let all = inventory[key].as_array().map(Vec::as_slice).unwrap_or_default();
        rows.extend(all.iter().map(|one| json!({"kind": kind, "name": one["name"], "version": one["version"], "slug": one["slug"]})));
    }
    if inventory["php"].is_string() {
        rows.push(json!({"kind": "PHP", "name": "PHP", "version": inventory["php"]}));
    }
    let packages = inventory["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let kind = pick("Debian package", "Debianpaket");
    rows.extend(packages.iter().map(|one| json!({"kind": kind, "name": one["name"], "version": one["version"]})));
    rows
}

pub(super) async fn diff(context: &Context, args: &Diff) -> Outcome {
    let path = [&ROOT[..], &[&args.which.name, "difference"]].concat();
    let answer = context.client.get(&path, &[("to", args.before.clone().unwrap_or_default())]).await?;
    if context.output.is_json() {
        return context.output.json(&answer.text);
    }
    let difference: Value = answer.read()?;
    let Some(before) = difference["before"].as_str() else {
        return context.output.say(
            &format!("There is no release before {}; name one to compare it with.", args.which.name),
            &format!("Det finns ingen utgåva före {}; ange en att jämföra med.", args.which.name),
        );
    };
    line(&clean(&format!("{before} → {}", args.which.name)))?;
    let words = difference["words"][context.language().code()].as_array().map(Vec::as_slice).unwrap_or_default();
    words.iter().filter_map(Value::as_str).try_for_each(|sentence| line(&clean(&format!("  {sentence}"))))
}
