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
        "turn" => language.pick("Waiting for its turn", "Väntar på sin tur"),
        "keys" => language.pick("Secrets of the copy", "Kopians hemligheter"),
        "copy" => language.pick("Copy of the database", "Kopia av databasen att prova på"),
        "sealed-network" => language.pick("Network without a way out", "Nätverk utan väg ut"),
        "baseline" => language.pick("The present release on the copy", "Nuvarande utgåva på kopian"),
        "candidate" => language.pick("The new release on the copy", "Nya utgåvan på kopian"),
        "clear" => language.pick("Clearing up", "Städning"),
        "verdict" => language.pick("Verdict", "Omdöme"),
        "forget-secrets" => language.pick("Removing the secrets", "Borttagning av hemligheter"),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
