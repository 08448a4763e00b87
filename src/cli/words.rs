// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Names of steps and kinds of work for people, in both languages. The words are those of the web pages.

use super::language::Language;

/// What a kind of operation is called, as something that is done.
#[must_use]
pub fn kind(kind: &str, language: Language) -> &str {
    match kind {
        "onboard" => language.pick("onboarding", "anslutning"),
        "suspend" => language.pick("suspending", "paus"),
        "resume" => language.pick("resuming", "återupptagning"),
        "offboard" => language.pick("offboarding", "avslut"),
        "repair" => language.pick("repair", "återställning"),
        "rehearse" => language.pick("rehearsal", "repetition"),
        "update" => language.pick("update", "uppdatering"),
        "revert" => language.pick("going back", "återgång"),
        other => other,
    }
}

/// What a step is called. One that this version does not know keeps its own name.
#[must_use]
pub fn step(name: &str, language: Language) -> &str {
    match name {
        "secrets" => language.pick("Secrets", "Hemligheter"),
        "database" => language.pick("Database", "Databas"),
        "network" => language.pick("Network", "Nätverk"),
        "volume" => language.pick("Storage", "Lagring"),
        "container" => language.pick("Container", "Container"),
        "install" => language.pick("Installing WordPress", "Installation av WordPress"),
        "private-health" => language.pick("Check from inside", "Kontroll inifrån"),
        "backup" => language.pick("Backup", "Säkerhetskopia"),
        "restore-check" => language.pick("Trial restore", "Provåterställning"),
        "route" => language.pick("Address and certificate", "Adress och certifikat"),
        "public-health" => language.pick("Check from outside", "Kontroll utifrån"),
        "close" => language.pick("Closing to visitors", "Stängs för besökare"),
        "stop" => language.pick("Stop", "Stopp"),
        "intact" => language.pick("Data is intact", "Data är oskadda"),
        "final-archive" => language.pick("Final archive", "Sista arkiv"),
        "unroute" => language.pick("Removing the address", "Adressen tas bort"),
        "remove-container" => language.pick("Removing the container", "Borttagning av container"),
        "remove-volume" => language.pick("Removing the storage", "Borttagning av lagring"),
        "drop-schema" => language.pick("Removing the database", "Borttagning av databas"),
        "forget-backups" => language.pick("Removing earlier backups", "Borttagning av tidigare säkerhetskopior"),
        "preflight" => language.pick("Look at what is there", "Kontroll av nuläget"),
        "quiesce" => language.pick("Holding visitors back", "Besökare får vänta"),
        "snapshot" => language.pick("Snapshot of the database", "Kopia av databasen"),
        "start" => language.pick("New container beside the old", "Ny container bredvid den gamla"),
        "migrate" => language.pick("Upgrade of every site", "Uppgradering av varje webbplats"),
        "verify" => language.pick("Comparison with before", "Jämförelse med tidigare"),
        "switch" => language.pick("Switch to the new release", "Byte till den nya versionen"),
        "drain" => language.pick("The old container ends", "Den gamla containern avslutas"),
        "public-check" => language.pick("Check through the gateway", "Kontroll genom gatewayen"),
        "restore" => language.pick("Database put back", "Databasen återställs"),
        "sealed-network" => language.pick("Network without a way out", "Nätverk utan väg ut"),
        "turn" => language.pick("Waiting for a turn", "Väntar på sin tur"),
        "image" => language.pick("Image with the overlay", "Avbild med påbyggnaden"),
        "keys" => language.pick("Passwords of the copy", "Lösenord till kopian"),
        "copy" => language.pick("Copy of the data", "Kopia av data"),
        "baseline" => language.pick("The present release on the copy", "Nuvarande version på kopian"),
        "candidate" => language.pick("The new release on the copy", "Den nya versionen på kopian"),
        "verdict" => language.pick("Verdict", "Bedömning"),
        "clear" => language.pick("Removing the copy", "Kopian tas bort"),
        "forget-secrets" => language.pick("Removing the secrets", "Borttagning av hemligheter"),
        other => other,
    }
}

/// What is to blame for an incident.
#[must_use]
pub fn cause(cause: &str, language: Language) -> &str {
    match cause {
        "check" => language.pick("the site itself", "webbplatsen själv"),
        "operation" => language.pick("an operation under way", "en pågående åtgärd"),
        "certificate" => language.pick("certificate", "certifikat"),
        "zone" => language.pick("domain name", "domännamn"),
        "instance" => language.pick("instance", "instans"),
        "plugin" => language.pick("plugin", "tillägg"),
        "database-server" => language.pick("database server", "databasserver"),
        "disk" => language.pick("disk", "disk"),
        "node" => language.pick("container engine", "containermotor"),
        "gateway" => language.pick("gateway", "gateway"),
        "resolver" => language.pick("own resolver", "egen namnuppslagning"),
        "egress" => language.pick("way out", "väg ut"),
        "observer" => language.pick("the watching itself", "bevakningen själv"),
        other => other,
    }
}

/// Where a rollout stands.
#[must_use]
pub fn rollout(state: &str, language: Language) -> &str {
    match state {
        "running" => language.pick("going on", "pågår"),
        "paused" => language.pick("paused", "pausad"),
        "halting" => language.pick("being halted", "stoppas"),
        "halted" => language.pick("halted", "stoppad"),
        "reverting" => language.pick("going back", "går tillbaka"),
        "reverted" => language.pick("taken back", "återtagen"),
        "revert-blocked" => language.pick("going back waits for a decision", "återgången väntar på beslut"),
        "completed" => language.pick("completed", "klar"),
        "superseded" => language.pick("superseded", "ersatt"),
        other => other,
    }
}

/// Why a rollout stands there.
#[must_use]
pub fn why(why: &str, language: Language) -> &str {
    match why {
        "started" => language.pick("wave by wave", "våg för våg"),
        "operator" => language.pick("an operator ordered it", "på begäran"),
        "budget" => language.pick("the release failed too often", "utgåvan misslyckades för ofta"),
        "disturbed" => language.pick("the platform is disturbed", "plattformen är störd"),
        "unproved" => language.pick("nobody in the wave proves the release", "ingen i vågen visar att utgåvan fungerar"),
        "manual-gate" => language.pick("the gate waits for a person", "kontrollpunkten väntar på en person"),
        "no-progress" => language.pick("an update takes too long", "en uppdatering tar för lång tid"),
        "rehearsal" => language.pick("a rehearsal could not be done", "en repetition gick inte att göra"),
        "quiet" => language.pick("nothing is under way", "inget pågår"),
        "over" => language.pick("everybody has had a turn", "alla har haft sin tur"),
        "loss" => language.pick("some can only go back with a loss", "några kan bara gå tillbaka med förlust"),
        other => other,
    }
}

/// Where a municipality stands in a rollout.
#[must_use]
pub fn member(state: &str, language: Language) -> &str {
    match state {
        "pending" => language.pick("waiting", "väntar"),
        "updating" => language.pick("being updated", "uppdateras"),
        "soaking" => language.pick("watched", "övervakas"),
        "succeeded" => language.pick("done", "klar"),
        "failed-unchanged" => language.pick("failed, unchanged", "misslyckades, oförändrad"),
        "rolled-back" => language.pick("back on the old release after a failure", "tillbaka efter ett fel"),
        "needs-approval" => language.pick("waits for a decision", "väntar på beslut"),
        "quarantined" => language.pick("set aside", "avställd"),
        "reverting" => language.pick("going back", "går tillbaka"),
        "reverted" => language.pick("taken back", "återtagen"),
        "skipped" => language.pick("left out", "utelämnad"),
        other => other,
    }
}

/// Why a municipality is not started now.
#[must_use]
pub fn held(held: &str, language: Language) -> &str {
    match held {
        "hold" => language.pick("a hold", "ett uppehåll"),
        "pin" => language.pick("a pinned release", "en låst utgåva"),
        "window" => language.pick("its maintenance window", "sitt servicefönster"),
        "busy" => language.pick("another operation", "en annan åtgärd"),
        "not-running" => language.pick("it to run", "att den är i drift"),
        other => other,
    }
}

/// Whose fault a failure is.
#[must_use]
pub fn blame(blame: &str, language: Language) -> &str {
    match blame {
        "release" => language.pick("the release", "utgåvan"),
        "instance" => language.pick("the municipality's own", "kommunens egen"),
        "infrastructure" => language.pick("the platform", "plattformen"),
        other => other,
    }
}

/// What an update does to data.
#[must_use]
pub fn migration(migration: &str, language: Language) -> &str {
    match migration {
        "none" => language.pick("no", "nej"),
        "data" => language.pick("yes", "ja"),
        "schema" => language.pick("yes, tables too", "ja, även tabeller"),
        other => other,
    }
}

/// Why a municipality is in its wave.
#[must_use]
pub fn placed(placed: &str, language: Language) -> &str {
    match placed {
        "ring" => language.pick("put there by name", "vald vid namn"),
        "trial" => language.pick("no public site", "ingen publik webbplats"),
        "network" => language.pick("first of its kind of network", "först av sin nätverkstyp"),
        "size" => language.pick("first of its size", "först av sin storlek"),
        "order" => language.pick("in order", "i tur och ordning"),
        other => other,
    }
}

/// Why a municipality that was meant is left out.
#[must_use]
pub fn left_out(why: &str, language: Language) -> &str {
    match why {
        "already" => language.pick("runs that release already", "kör redan utgåvan"),
        "pinned" => language.pick("is pinned to another release", "är låst till en annan utgåva"),
        "held" => language.pick("is held without an end", "har ett uppehåll utan slut"),
        "not-running" => language.pick("does not run", "är inte i drift"),
        "elsewhere" => language.pick("is in another rollout", "är med i en annan utrullning"),
        other => other,
    }
}

/// An order that somebody gave.
#[must_use]
pub fn order(order: &str, language: Language) -> &str {
    match order {
        "start" => language.pick("started by", "startad av"),
        "pause" => language.pick("paused by", "pausad av"),
        "resume" => language.pick("resumed by", "återupptagen av"),
        "halt" => language.pick("halted by", "stoppad av"),
        "revert" => language.pick("taken back by", "återtagen av"),
        "approve" => language.pick("loss agreed to by", "förlust godkänd av"),
        "skip" => language.pick("left out by", "utelämnad av"),
        "retry" => language.pick("another turn by", "nytt försök av"),
        other => other,
    }
}

/// A span of time for people: `45 s`, `12 min`, `2 h 5 min`.
#[must_use]
pub fn span(seconds: f64, language: Language) -> String {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped
    let seconds = seconds.clamp(0.0, 1e9).round() as u64;
    let hour = language.pick("h", "tim");
    match (seconds / 3600, seconds % 3600 / 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, 0) => format!("{m} min"),
        (0, m, s) if m < 5 => format!("{m} min {s} s"),
        (0, m, _) => format!("{m} min"),
        (h, 0, _) => format!("{h} {hour}"),
        (h, m, _) => format!("{h} {hour} {m} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_about_rollouts_has_words_in_both_languages() {
        use crate::fleet::rollout::MemberState;
        type Words = fn(&str, Language) -> &str;
        let states: Vec<String> = MemberState::ALL.iter().map(ToString::to_string).collect();
        let of = |all: &'static [&'static str]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        let tables: [(Words, Vec<String>); 5] = [
            (member, states),
            (
                rollout,
                of(&["running", "paused", "halting", "halted", "reverting", "reverted", "revert-blocked", "completed", "superseded"]),
            ),
            (held, of(&["hold", "pin", "window", "busy", "not-running"])),
            (placed, of(&["ring", "trial", "network", "size", "order"])),
            (
                why,
                of(&[
                    "started",
                    "operator",
                    "budget",
                    "disturbed",
                    "unproved",
                    "manual-gate",
                    "no-progress",
                    "rehearsal",
                    "quiet",
                    "over",
                    "loss",
                ]),
            ),
        ];
        for (words, values) in tables {
            for value in values {
                assert_ne!(words(&value, Language::Sv), value, "{value}");
            }
        }
        assert_eq!([0.0, 59.6, 600.0, 7500.0].map(|s| span(s, Language::En)), ["0 s", "1 min", "10 min", "2 h 5 min"]);
    }

    #[test]
    fn every_step_of_every_workflow_has_a_name_in_both_languages() {
        for workflow in crate::catalogue::all() {
            assert_ne!(kind(workflow.kind.to_string().as_str(), Language::Sv), workflow.kind.to_string());
            for name in workflow.names() {
                assert_ne!(step(name, Language::En), name);
                assert_ne!(step(name, Language::Sv), name);
            }
        }
    }
}
