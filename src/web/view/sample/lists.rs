// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Lists, people and settings.

use super::*;

pub(super) fn overlay() -> OverlayCard {
    let line = |slug: &str, name: &str, version: &str, replaces| OverlayLine {
        slug: slug.to_owned(),
        name: name.to_owned(),
        version: version.to_owned(),
        replaces,
    };
    let past = |version, ago| OverlayPast { version, parts: 1, by: "anna.akesson@helsingborg.se".to_owned(), created_at: before(ago) };
    OverlayCard {
        version: 3,
        is_empty: false,
        plugins: vec![line("evenemang", "Evenemang", "2.3", false), line("akismet", "Akismet", "5.4", true)],
        mu_plugins: vec![line("huvud.php", "huvud.php", "", false)],
        constants: vec![OverlayConstant { name: "WP_POST_REVISIONS".to_owned(), value: "5".to_owned() }],
        by: "anna.akesson@helsingborg.se".to_owned(),
        created_at: Some(before(3_600)),
        instances: vec![OverlayRow {
            environment: "production".to_owned(),
            release: "6.8-1".to_owned(),
            runs: Some(2),
            waits: true,
            rehearsal: "0192f0c1-0000-7000-8000-000000000001".to_owned(),
            verdict: "failed".to_owned(),
            passed: false,
            words: vec!["Tillägget Evenemang läggs till 2.3".to_owned(), "Konstanten WP_POST_REVISIONS = 5".to_owned()],
        }],
        history: vec![past(2, 90_000), past(1, 86_400 * 30)],
        may_apply: true,
        may_change: true,
        command: "flotta overlay show upplands-vasby".to_owned(),
        add: "flotta overlay add upplands-vasby --plugin plugin.zip".to_owned(),
    }
}

pub(super) fn operations() -> OperationsPage {
    let states = [OperationState::Live, OperationState::Done, OperationState::Undone, OperationState::Failed, OperationState::Parked];
    let kinds = [OperationKind::Onboard, OperationKind::Suspend, OperationKind::Resume, OperationKind::Offboard];
    let rows = known::all().iter().take(25).enumerate().map(|(at, k)| {
        let ago = i64::try_from(at * at).unwrap() * 400 + 12;
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let seconds = at as f64 * 7.7 + 3.2;
        row(kinds[at % 4], &known::suggested_slug(k.short), if at < 5 { states[at] } else { OperationState::Done }, "install", ago, seconds)
    });
    OperationsPage {
        filter: OperationFilter::default(),
        filtered: false,
        rows: rows.collect(),
        live: 1,
        stopped: 2,
        municipality_choices: vec![Choice { value: "ale".to_owned(), label: "Ale kommun".to_owned() }],
        pager: Pager::of(1, 25, 312, "/operations", &[]),
        command: "flotta operation list".to_owned(),
    }
}

pub(super) fn releases() -> ReleasesPage {
    let release = |name: &str, channel, instances, is_default| ReleaseRow {
        name: name.to_owned(),
        image: format!("flotta/wordpress:{name}"),
        image_id: "sha256:5f2d9c0c6d1e4b7a8f9031c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708".to_owned(),
        contract: Contract::Wordpress,
        channel,
        created_at: before(86_400 * 12),
        instances,
        is_default,
    };
    ReleasesPage {
        rows: vec![
            release("6.9-rc1", Channel::Candidate, 2, false),
            release("6.8-1", Channel::Stable, 281, true),
            release("6.7-4", Channel::Retired, 0, false),
        ],
        may_register: true,
        form: ReleaseForm::default(),
        errors: vec![],
        command: "flotta release list".to_owned(),
    }
}

pub(super) fn release() -> ReleasePage {
    let part = |slug: &str, name: &str, version: &str, parent: &str| PartRow {
        slug: slug.to_owned(),
        name: name.to_owned(),
        version: version.to_owned(),
        parent: parent.to_owned(),
    };
    let runs = |slug: &str, name: &str, environment, state| RunsOn { slug: slug.to_owned(), name: name.to_owned(), environment, state };
    ReleasePage {
        release: releases().rows[1].clone(),
        before: Some("6.7-4".to_owned()),
        built: true,
        changes: ["WordPress 6.7.4 → 6.8.3", "Temat Helsingborg 1.0 → 1.1", "12 Debianpaket ändras, bland dem php8.4-fpm 8.4.1 → 8.4.2"]
            .map(str::to_owned)
            .to_vec(),
        known: true,
        wordpress: Some("6.8.3".to_owned()),
        db_version: Some(60_421),
        php: Some("8.4.11".to_owned()),
        themes: vec![part("helsingborg", "Helsingborg", "1.1", "municipio"), part("municipio", "Municipio", "7.10.2", "")],
        plugins: vec![part("modularity", "Modularity", "4.2", ""), part("utan-version", "Ett tillägg utan version", "", "")],
        must_use: vec![part("loader.php", "loader.php", "", "")],
        packages: vec![part("lighttpd", "lighttpd", "1.4.79-2", ""), part("php8.4-fpm", "php8.4-fpm", "8.4.11-1+deb13u1", "")],
        runs_on: vec![
            runs("ale", "Ale kommun", Environment::Production, InstanceState::Running),
            runs("helsingborg", "Helsingborgs kommun", Environment::Trial, InstanceState::Suspended),
        ],
        may_promote: false,
        may_retire: true,
        errors: vec![],
        command: "flotta release show 6.8-1 --inventory".to_owned(),
        commands: vec!["flotta release diff 6.8-1".to_owned(), "flotta release retire 6.8-1".to_owned()],
    }
}

/// One without a release before it, whose image is gone, and which was not retired.
pub(super) fn release_first() -> ReleasePage {
    ReleasePage {
        before: None,
        known: false,
        built: false,
        changes: vec![],
        runs_on: vec![],
        may_promote: true,
        errors: vec![crate::error::FieldError::new("channel", "release-in-use", "2 instances run release `6.8-1`", "roll them out first")],
        ..release()
    }
}

pub(super) fn audit() -> AuditPage {
    let line = |ago, actor: &str, action: &str, target: &str, result: &str, detail: &str| AuditRow {
        at: before(ago),
        actor: actor.to_owned(),
        action: action.to_owned(),
        target: target.to_owned(),
        from: "2001:db8::17".to_owned(),
        result: result.to_owned(),
        detail: detail.to_owned(),
    };
    AuditPage {
        filter: AuditFilter { since: "2026-11-01".to_owned(), ..Default::default() },
        filtered: false,
        rows: vec![
            line(60, "anna.akesson@helsingborg.se", "municipality.onboard", "ale", "done", ""),
            line(340, "bygget", "release.register", "6.9-rc1", "done", "token prefix flotta_7f2Q"),
            line(4_000, "karl@malmo.se", "municipality.offboard", "malmo", "refused", "needs role operator"),
            line(9_000, "okänd@example.se", "session.create", "", "failed", "wrong password"),
            line(90_000, "anna.akesson@helsingborg.se", "some.future-action", "x", "done", ""),
        ],
        pager: Pager::of(2, 50, 1_234, "/audit", &[("since", "2026-11-01")]),
        command: "flotta audit list --since 2026-11-01".to_owned(),
    }
}

pub(super) fn users() -> UsersPage {
    let one = |at: usize, name: &str, email: &str, role, slugs: &[&str]| UserRow {
        id: format!("019aaf1e-0000-7000-8000-{at:012}"),
        name: name.to_owned(),
        email: email.to_owned(),
        role,
        municipalities: slugs.iter().map(|s| (*s).to_owned()).collect(),
        created_at: before(86_400 * 40),
        last_seen_at: (at != 3).then(|| before(3_600 * i64::try_from(at).unwrap() + 10)),
        disabled_at: (at == 4).then(|| before(86_400)),
        tokens: at % 3,
    };
    UsersPage {
        rows: vec![
            one(1, "Anna Åkesson", "anna.akesson@helsingborg.se", Role::Administrator, &[]),
            one(2, "Björn Öberg", "bjorn.oberg@helsingborg.se", Role::Operator, &[]),
            one(3, "Cecilia Ek", "cecilia.ek@ale.se", Role::WebManager, &["ale", "kungalv"]),
            one(4, "Dragan Petrović", "dragan@granskning.se", Role::Auditor, &[]),
            one(5, "Elin Ros", "elin@forken.se", Role::ReleaseManager, &[]),
        ],
        active: 4,
        may_manage: true,
        command: "flotta user list".to_owned(),
    }
}

pub(super) fn tokens() -> Vec<TokenRow> {
    let one = |name: &str, state, used: Option<i64>| TokenRow {
        id: format!("019aaf1e-0000-7000-8000-0000000000{:02}", name.len()),
        name: name.to_owned(),
        prefix: "flotta_7f2Q".to_owned(),
        permissions: vec![Permission::ReadFleet, Permission::ManageReleases],
        created_at: before(86_400 * 20),
        expires_at: before(-86_400 * 70),
        last_used_at: used.map(before),
        state,
    };
    vec![one("bygget", "active", Some(3_600)), one("min bärbara", "expired", None), one("gammalt", "revoked", Some(86_400 * 50))]
}

pub(super) fn user(id: Option<&str>) -> UserPage {
    let known_user = id.is_some();
    UserPage {
        id: id.map(str::to_owned),
        name: if known_user { "Cecilia Ek".to_owned() } else { String::new() },
        form: if known_user {
            UserForm {
                name: "Cecilia Ek".to_owned(),
                email: "cecilia.ek@ale.se".to_owned(),
                municipalities: "ale, kungalv".to_owned(),
                language: "sv".to_owned(),
                ..Default::default()
            }
        } else {
            UserForm::default()
        },
        errors: if known_user { vec![] } else { vec!["cecilia".parse::<crate::fleet::Email>().unwrap_err()] },
        roles: Role::ALL.to_vec(),
        municipality_choices: vec![Choice { value: "ale".to_owned(), label: "Ale kommun".to_owned() }],
        disabled_at: None,
        is_self: false,
        may_manage: true,
        tokens: if known_user { tokens() } else { vec![] },
        new_password: known_user.then(|| "segel-brygga-havre-41-tofs".to_owned()),
        command: if known_user { "flotta user show cecilia.ek@ale.se" } else { "flotta user create --help" }.to_owned(),
    }
}

pub(super) fn account(new_token: Option<&str>) -> AccountPage {
    let form = TokenForm::default();
    AccountPage {
        name: "Anna Åkesson".to_owned(),
        email: "anna.akesson@helsingborg.se".to_owned(),
        role: Role::Administrator,
        municipalities: vec![],
        language: "sv".to_owned(),
        tokens: tokens(),
        permissions: PermissionChoice::for_role(Role::Administrator, &form),
        form,
        password_minimum: 12,
        errors: if new_token.is_some() {
            vec![]
        } else {
            vec![FieldError::new("again", "passwords-differ", "the passwords differ", "type the same twice")]
        },
        new_token: new_token.map(str::to_owned),
        command: "flotta token create --name NAME".to_owned(),
    }
}

pub(super) fn settings() -> SettingsPage {
    let part = |name: &str, state, version: &str, place: &str| PlatformPart {
        name: name.to_owned(),
        state,
        version: version.to_owned(),
        place: place.to_owned(),
        problem: if state == Wellness::Unwell { "The gateway does not answer on its socket." } else { "" }.to_owned(),
        fix: if state == Wellness::Unwell { "Run `flotta check-config` and see the log of flotta-gateway." } else { "" }.to_owned(),
        seen_at: before(8),
    };
    let setting = |key: &str, value: &str, source| Setting { key: key.to_owned(), value: value.to_owned(), source };
    SettingsPage {
        platform: vec![
            part("engine", Wellness::Well, "Docker 27.5.1", "/var/run/docker.sock"),
            part("database-server", Wellness::Well, "MariaDB 11.8.3", "flotta-db-1"),
            part("gateway", Wellness::Unwell, "Caddy 2.6.2", "flotta-gateway"),
            part("network", Wellness::Well, "10.201.0.0/20", "flotta-net"),
            part("store", Wellness::Unknown, "SQLite 3.51", "/var/lib/flotta/flotta.db"),
        ],
        unwell: 1,
        groups: vec![
            SettingsGroup {
                name: "web".to_owned(),
                settings: vec![
                    setting("web.listen", "127.0.0.1:7700", SettingSource::Default),
                    setting("web.public_url", "https://flotta.helsingborg.se", SettingSource::File),
                ],
            },
            SettingsGroup {
                name: "store".to_owned(),
                settings: vec![setting("store.url", "postgres://flotta:…@db.internal/flotta", SettingSource::Environment)],
            },
        ],
        file: "/var/lib/flotta/flotta.toml".to_owned(),
        command: "flotta check-config".to_owned(),
    }
}

pub(super) fn incident_row(state: &'static str, cause: CauseKind, label: &str) -> IncidentRow {
    IncidentRow {
        id: "019aaf1e-0000-7000-8000-0000000000bb".to_owned(),
        cause,
        label: label.to_owned(),
        failure: Some(Failure::NoDatabase),
        members: 12,
        failing: 3,
        state,
        opened_at: before(240),
    }
}

pub(super) fn health() -> HealthPage {
    let states = [Health::Down, Health::Flapping, Health::Suspect, Health::Slow, Health::Unknown, Health::Ok];
    let tile = |(at, k): (usize, &known::Known)| HealthTile {
        slug: known::suggested_slug(k.short),
        short: k.short.to_owned(),
        worst: states[at.min(5)],
        checks: 12,
        in_worst: if at < 5 { 2 } else { 12 },
        cause: [Some(CauseKind::DatabaseServer), Some(CauseKind::Check), None][at.min(2)],
    };
    HealthPage {
        tiles: known::all().iter().take(20).enumerate().map(tile).collect(),
        checks: 240,
        ill: 4,
        touched: 2,
        open: vec![
            incident_row("open", CauseKind::DatabaseServer, "flotta-db-1"),
            incident_row("acknowledged", CauseKind::Instance, "ale-production"),
        ],
        over: vec![incident_row("resolved", CauseKind::Check, "ale.se/skola/"), incident_row("merged", CauseKind::Check, "ale.se")],
        search: String::new(),
        state: String::new(),
        states: Health::ALL.into_iter().rev().collect(),
        filtered: false,
        here: "/health".to_owned(),
        live: "/live/health".to_owned(),
        command: "flotta health show".to_owned(),
    }
}

pub(super) fn health_of() -> MunicipalityHealthPage {
    let row =
        |address: &str, health, failure| CheckRow { number: 7, address: address.to_owned(), health, failure, since: Some(before(7_200)) };
    MunicipalityHealthPage {
        slug: "ale".to_owned(),
        name: "Ale kommun".to_owned(),
        rows: vec![row("ale.se", Health::Ok, None), row("ale.se/skola/", Health::Down, Some(Failure::Fatal))],
        ill: 1,
        objective: Some(super::site::objective()),
        errors: vec![],
        pager: Pager::of(1, 100, 2, "/health/ale", &[]),
        incidents: vec![incident_row("open", CauseKind::Check, "ale.se/skola/")],
        here: "/health/ale?page=1".to_owned(),
        live: "/live/health/ale?page=1".to_owned(),
        quiet: vec![super::notices::silence("1", None, None, false)],
        command: "flotta health show ale".to_owned(),
    }
}

pub(super) fn incident() -> IncidentPage {
    let line = |word: &str, who: &str, message: &str| IncidentLine {
        at: before(200),
        word: word.to_owned(),
        who: who.to_owned(),
        message: message.to_owned(),
    };
    IncidentPage {
        row: incident_row("acknowledged", CauseKind::DatabaseServer, "flotta-db-1"),
        certain: true,
        ended: false,
        resolved_at: None,
        acknowledged_by: "anna.akesson@helsingborg.se".to_owned(),
        merged_into: None,
        members: vec![IncidentMember {
            number: 7,
            slug: Some("ale".to_owned()),
            address: "ale.se".to_owned(),
            failure: Failure::NoDatabase,
            since: before(240),
            until: Some(before(30)),
        }],
        history: vec![line("opened", "", ""), line("acknowledged", "anna.akesson@helsingborg.se", "Disken byts.")],
        may_acknowledge: true,
        note: "Disken byts.".to_owned(),
        errors: vec![],
        quiet: vec![super::notices::silence("2", Some("ale"), None, false)],
        command: "flotta incident show 019aaf1e-0000-7000-8000-0000000000bb".to_owned(),
    }
}
