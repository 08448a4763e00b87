// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Every page with content as it could be, for tests, pictures and the accessibility checks.

mod evidence;
mod findings;
mod lists;
mod notices;
mod outside;
mod rollouts;
mod site;
mod status;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use self::lists::{account, audit, operations, release, release_first, releases, settings, user, users};
use super::{Language, Page, models::*};
use crate::{
    error::FieldError,
    fleet::{
        Channel, Contract, Desired, Direction, Environment, EventKind, Id, InstanceState, Limits, NetworkKind, Operation, OperationEvent,
        OperationKind, OperationState, Role,
        access::Permission,
        backup::BackupKind,
        health::{Failure, Health},
        incident::CauseKind,
        known,
    },
};

/// The time in all samples.
pub(super) fn now() -> Timestamp {
    "2026-11-23T12:34:56Z".parse().unwrap()
}

fn before(seconds: i64) -> Timestamp {
    now().saturating_sub(SignedDuration::from_secs(seconds)).unwrap()
}

pub(super) fn shell(language: Language) -> Shell {
    Shell {
        user: Some(SignedIn {
            name: "Anna Åkesson".to_owned(),
            email: "anna.akesson@helsingborg.se".to_owned(),
            role: Role::Administrator,
            may: Permission::ALL.to_vec(),
        }),
        ..Shell::anonymous(language, "0123456789abcdef", "/")
    }
}

/// One page to render: its file name, and its content as data.
pub(super) struct Sample {
    pub(super) name: &'static str,
    pub(super) page: Page,
    pub(super) signed_in: bool,
    pub(super) notice: Option<Notice>,
    pub(super) data: Value,
}

fn sample<M: Model>(name: &'static str, model: &M) -> Sample {
    Sample { name, page: M::PAGE, signed_in: M::PAGE != Page::LogIn, notice: None, data: serde_json::to_value(model).unwrap() }
}

fn anonymous<M: Model>(name: &'static str, model: &M) -> Sample {
    Sample { signed_in: false, ..sample(name, model) }
}

pub(super) fn all() -> Vec<Sample> {
    let live = operation_page(OperationState::Live);
    let mut samples = vec![
        sample("log-in", &LogInPage { next: "/".to_owned(), ..Default::default() }),
        sample("log-in-wrong", &LogInPage { email: "anna@helsingborg.se".to_owned(), wrong: true, ..Default::default() }),
        sample("log-in-wait", &LogInPage { wait_seconds: Some(30), ..Default::default() }),
        sample("fleet", &fleet(FleetFilter::default())),
        sample("fleet-list", &fleet(FleetFilter { view: FleetLayout::List, sort: FleetOrder::State, ..Default::default() })),
        sample("fleet-filtered", &fleet(FleetFilter { county: "12".to_owned(), ..Default::default() })),
        sample("fleet-nothing", &fleet(FleetFilter { search: "xyz".to_owned(), ..Default::default() })),
        sample("fleet-empty", &FleetPage::new(vec![], FleetFilter::default(), vec![], vec![])),
        sample("municipality", &municipality(InstanceState::Running)),
        sample("municipality-suspended", &municipality(InstanceState::Suspended)),
        sample("municipality-invited", &invited()),
        sample("offboard", &offboard(vec![])),
        sample("offboard-wrong", &offboard(vec![FieldError::new("confirm", "confirm-mismatch", "`ales` is not the slug", "type `ale`")])),
        sample("onboard", &onboard(OnboardForm::default(), vec![], false)),
        sample("onboard-wrong", &onboard_wrong()),
        sample("onboard-plan", &onboard_plan()),
        sample("operation-live", &live),
        sample("operation-done", &operation_page(OperationState::Done)),
        sample("operation-undone", &operation_page(OperationState::Undone)),
        sample("operation-failed", &operation_page(OperationState::Failed)),
        sample("operation-parked", &operation_page(OperationState::Parked)),
        sample("evidence", &evidence::evidence()),
        sample("operations", &operations()),
        sample("operations-empty", &OperationsPage { rows: vec![], pager: Pager::default(), live: 0, stopped: 0, ..operations() }),
        sample("releases", &releases()),
        sample("release", &release()),
        sample("release-first", &release_first()),
        sample("releases-empty", &ReleasesPage { rows: vec![], ..releases() }),
        sample("health", &lists::health()),
        sample("health-empty", &HealthPage { tiles: vec![], open: vec![], over: vec![], checks: 0, ill: 0, touched: 0, ..lists::health() }),
        sample("health-nothing", &HealthPage { tiles: vec![], search: "xyz".to_owned(), filtered: true, ..lists::health() }),
        Sample { page: Page::HealthLive, ..sample("health-fragment", &lists::health()) },
        sample("health-of", &lists::health_of()),
        Sample { page: Page::MunicipalityHealthLive, ..sample("health-of-fragment", &lists::health_of()) },
        sample("health-site", &site::site()),
        sample("health-site-new", &site::new_site()),
        sample("health-report", &site::report()),
        sample("health-report-empty", &site::empty_report()),
        sample("incident", &lists::incident()),
        sample("outside", &outside::outside()),
        sample("outside-empty", &OutsidePage { rows: vec![], remarked: 0, errors: vec![], pager: Pager::default(), ..outside::outside() }),
        sample("receivers", &notices::receivers()),
        sample(
            "receivers-empty",
            &ReceiversPage { rows: vec![], errors: vec![], mail: false, pager: Pager::default(), ..notices::receivers() },
        ),
        sample("receiver", &notices::receiver()),
        sample("receiver-empty", &ReceiverPage { sent: vec![], new_key: None, pager: Pager::default(), ..notices::receiver() }),
        sample("silences", &notices::silences()),
        sample("silences-empty", &SilencesPage { rows: vec![], errors: vec![], pager: Pager::default(), ..notices::silences() }),
        sample("certificates", &outside::certificates()),
        sample("certificates-empty", &CertificatesPage { rows: vec![], pager: Pager::default(), ..outside::certificates() }),
        sample("findings", &findings::findings()),
        sample("findings-empty", &FindingsPage { rows: vec![], open: 0, pager: Pager::default(), ..findings::findings() }),
        sample("finding", &findings::finding()),
        sample("questions", &findings::questions()),
        sample(
            "questions-empty",
            &QuestionsPage { core: vec![], behind: vec![], throwers: vec![], growth: vec![], ..findings::questions() },
        ),
        Sample { page: Page::IncidentLive, ..sample("incident-fragment", &lists::incident()) },
        anonymous("status", &status::partly()),
        anonymous("status-well", &status::well()),
        anonymous("status-old", &status::old()),
        sample("audit", &audit()),
        sample("audit-empty", &AuditPage { rows: vec![], filtered: true, pager: Pager::default(), ..audit() }),
        sample("users", &users()),
        sample("user-new", &user(None)),
        sample("user", &user(Some("019aaf1e-0000-7000-8000-0000000000aa"))),
        sample("account", &account(None)),
        sample("account-token", &account(Some("flotta_7f2Qb0t1hXoH4kq3cYyVn5m9pJ8sLrWzDeAgT6uKiB"))),
        sample("settings", &settings()),
        sample("components", &ComponentsPage::new(super::Assets::load().icons(), now())),
    ];
    for (status, kind) in ProblemPage::KINDS {
        let page = ProblemPage::of(status, "019aaf1e-7c11").with("the release `6.9` is not registered", "register it first");
        samples.push(Sample { name: Box::leak(format!("problem-{kind}").into_boxed_str()), ..sample("", &page) });
    }
    for (name, verdict) in [
        ("domain-free", DomainVerdict::Free),
        ("domain-elsewhere", DomainVerdict::Elsewhere),
        ("domain-taken", DomainVerdict::Taken),
        ("domain-invalid", DomainVerdict::Invalid),
    ] {
        samples.push(sample(name, &domain_check(verdict)));
    }
    samples.push(Sample { page: Page::OperationLive, ..sample("operation-fragment", &live) });
    samples.extend(rollouts::all());
    for sample in &mut samples {
        if sample.name == "users" {
            sample.notice = Some(Notice::UserCreated);
        }
    }
    samples
}

fn state_of(at: usize) -> InstanceState {
    match at {
        17 => InstanceState::Quarantined,
        40 | 201 => InstanceState::Suspended,
        88 => InstanceState::Repairing,
        120 | 121 => InstanceState::Onboarding,
        260 => InstanceState::Offboarding,
        _ => InstanceState::Running,
    }
}

pub(super) fn entries() -> Vec<FleetEntry> {
    known::all()
        .iter()
        .enumerate()
        .map(|(at, k)| FleetEntry {
            slug: known::suggested_slug(k.short),
            name: k.name.to_owned(),
            short: k.short.to_owned(),
            code: k.code.to_owned(),
            state: state_of(at),
            environment: if at % 50 == 3 { Environment::Trial } else { Environment::Production },
            domain: format!("{}.se", known::suggested_slug(k.short)),
            release: if at % 7 == 0 { "6.8-2" } else { "6.8-1" }.to_owned(),
            created_at: before(86_400 * i64::try_from(at).unwrap()),
        })
        .collect()
}

fn row(kind: OperationKind, slug: &str, state: OperationState, step: &str, ago: i64, seconds: f64) -> OperationRow {
    OperationRow {
        id: format!("019aaf1e-0000-7000-8000-{ago:012}"),
        kind,
        slug: slug.to_owned(),
        name: known::all().iter().find(|k| known::suggested_slug(k.short) == slug).map_or(slug, |k| k.name).to_owned(),
        state,
        step: step.to_owned(),
        requested_by: "anna.akesson@helsingborg.se".to_owned(),
        created_at: before(ago),
        seconds,
    }
}

fn fleet(filter: FleetFilter) -> FleetPage {
    let running = vec![row(OperationKind::Onboard, "motala", OperationState::Live, "install", 14, 14.2)];
    let stopped = vec![row(OperationKind::Offboard, "norrtalje", OperationState::Failed, "remove-volume", 7_300, 122.0)];
    FleetPage::new(entries(), filter, running, stopped).with_rollouts(rollouts::unfinished())
}

fn instance(state: InstanceState) -> InstanceCard {
    InstanceCard {
        id: "019aaf1e-0000-7000-8000-000000000abc".to_owned(),
        environment: Environment::Production,
        state,
        desired: if state == InstanceState::Suspended { Desired::Suspended } else { Desired::Running },
        reason: if state == InstanceState::Running { String::new() } else { "suspended by anna.akesson@helsingborg.se".to_owned() },
        domain: "upplands-väsby.localhost".to_owned(),
        address: "https://xn--upplands-vsby-kfb.localhost:8443/".to_owned(),
        release: "6.8-1".to_owned(),
        overlay: Some(2),
        channel: Channel::Stable,
        network_kind: NetworkKind::SubDirectory,
        locale: "sv_SE".to_owned(),
        admin_login: "webb".to_owned(),
        admin_email: "webbredaktionen@upplandsvasby.se".to_owned(),
        limits: Limits { memory_mib: 1024, cpu_milli: 1500, pids: 128 },
        generation: 3,
        container: "flotta-upplands-vasby-production-3".to_owned(),
        schema: "flt_upplands_vasby_production".to_owned(),
        created_at: before(86_400 * 90),
        facts: (state == InstanceState::Running).then(|| InstanceFacts {
            wordpress: "6.8.3".to_owned(),
            php: "8.4.11".to_owned(),
            theme: "Municipio 5.12.0".to_owned(),
            plugins: 31,
            sites: 12,
            users: 87,
            seen_at: before(40),
        }),
        updates: Updates {
            held: !running(state),
            reason: if running(state) { String::new() } else { "valet".to_owned() },
            until: (!running(state)).then(|| before(-86_400 * 5)),
            by: "webb@upplandsvasby.se".to_owned(),
            pin: String::new(),
            window: "Mon-Thu 22:00-04:00".to_owned(),
        },
    }
}

fn running(state: InstanceState) -> bool {
    state == InstanceState::Running
}

fn municipality(state: InstanceState) -> MunicipalityPage {
    let running = state == InstanceState::Running;
    MunicipalityPage {
        slug: "upplands-vasby".to_owned(),
        name: "Upplands Väsby kommun".to_owned(),
        code: "0114".to_owned(),
        county: "Stockholms län".to_owned(),
        contact_email: "webbredaktionen@upplandsvasby.se".to_owned(),
        created_at: before(86_400 * 90),
        instances: vec![instance(state)],
        operations: vec![
            row(OperationKind::Resume, "upplands-vasby", OperationState::Done, "public-health", 86_400, 4.1),
            row(OperationKind::Suspend, "upplands-vasby", OperationState::Done, "stop", 90_000, 1.6),
            row(OperationKind::Onboard, "upplands-vasby", OperationState::Done, "public-health", 86_400 * 90, 31.7),
        ],
        backups: vec![
            BackupRow {
                kind: BackupKind::Manual,
                environment: Environment::Production,
                created_at: before(7_200),
                size_bytes: 1_234_567_890,
                verified_at: None,
                path: "upplands-vasby/2".to_owned(),
            },
            BackupRow {
                kind: BackupKind::Onboarding,
                environment: Environment::Production,
                created_at: before(86_400 * 90),
                size_bytes: 1_912_345,
                verified_at: Some(before(86_400 * 90)),
                path: "upplands-vasby/1".to_owned(),
            },
        ],
        overlay: lists::overlay(),
        status: status::card(running),
        may: MunicipalityActions { suspend: running, resume: !running, offboard: true, invite: running, hold: running, unhold: !running },
        hold: HoldForm::default(),
        invitation: None,
        errors: vec![],
        command: MunicipalityPage::command_for("upplands-vasby"),
    }
}

fn invited() -> MunicipalityPage {
    let invitation = Invitation {
        login: "webb".to_owned(),
        url: "https://upplandsvasby.se/wp-login.php?action=rp&key=6Rk0yX2nT1bQ9sVwZc4L&login=webb".to_owned(),
        expires_at: before(-86_400),
    };
    MunicipalityPage { invitation: Some(invitation), ..municipality(InstanceState::Running) }
}

fn offboard(errors: Vec<FieldError>) -> OffboardPage {
    OffboardPage {
        slug: "ale".to_owned(),
        name: "Ale kommun".to_owned(),
        domains: vec!["ale.se".to_owned(), "www.ale.se".to_owned()],
        sites: Some(12),
        archive_folder: "/var/lib/flotta/archives/ale".to_owned(),
        confirm: if errors.is_empty() { String::new() } else { "ales".to_owned() },
        keep_backup: true,
        errors,
        command: OffboardPage::command_for("ale", true),
    }
}

fn domain_check(verdict: DomainVerdict) -> DomainCheck {
    DomainCheck {
        domain: "malmö.se".to_owned(),
        verdict,
        error: (verdict == DomainVerdict::Invalid).then(|| "malm ö.se".parse::<crate::fleet::Domain>().unwrap_err()),
        resolves_to: if verdict == DomainVerdict::Elsewhere { vec!["192.0.2.7".to_owned(), "2001:db8::7".to_owned()] } else { vec![] },
    }
}

fn onboard(form: OnboardForm, errors: Vec<FieldError>, checked: bool) -> OnboardPage {
    OnboardPage {
        command: form.command(),
        form,
        errors,
        known: KnownChoice::all_but(&["1283"]),
        releases: vec![
            ReleaseChoice { name: "6.9-rc1".to_owned(), channel: Channel::Candidate },
            ReleaseChoice { name: "6.8-1".to_owned(), channel: Channel::Stable },
        ],
        locales: vec!["sv_SE".to_owned(), "en_US".to_owned(), "fi".to_owned()],
        domain_suffix: "localhost".to_owned(),
        domain_check: checked.then(|| domain_check(DomainVerdict::Elsewhere)),
        plan: None,
        expected_seconds: Some(32.0),
    }
}

fn onboard_wrong() -> OnboardPage {
    let form = OnboardForm {
        code: "1280".to_owned(),
        name: "Malmö kommun".to_owned(),
        slug: "Malmö".to_owned(),
        domain: "malmo".to_owned(),
        admin_email: "webb@".to_owned(),
        memory_mib: "12".to_owned(),
        ..Default::default()
    };
    let mut errors = vec![
        form.slug.parse::<crate::fleet::Slug>().unwrap_err(),
        form.domain.parse::<crate::fleet::Domain>().unwrap_err(),
        form.admin_email.parse::<crate::fleet::Email>().unwrap_err().at("admin_email"),
    ];
    errors.extend(Limits { memory_mib: 12, ..Limits::default() }.check().unwrap_err());
    onboard(form, errors, false)
}

const STEPS: [&str; 11] = [
    "database",
    "secrets",
    "network",
    "volume",
    "container",
    "install",
    "private-health",
    "backup",
    "restore-check",
    "route",
    "public-health",
];
const SECONDS: [f64; 11] = [0.3, 0.1, 0.1, 0.1, 1.2, 6.8, 1.0, 2.2, 3.4, 0.4, 0.9];

fn onboard_plan() -> OnboardPage {
    let mut form = OnboardForm { code: "1280".to_owned(), admin_email: "webb@malmo.se".to_owned(), ..Default::default() };
    form.fill_from_code("localhost");
    let plan = Plan {
        steps: STEPS.iter().zip(SECONDS).map(|(name, s)| PlannedStep { name: (*name).to_owned(), expected_seconds: Some(s) }).collect(),
        address: "https://malmo.localhost:8443/".to_owned(),
        container: "flotta-malmo-production-1".to_owned(),
        schema: "flt_malmo_production".to_owned(),
        release: "6.8-1".to_owned(),
        free_memory_mib: Some(20_480),
        free_disk_bytes: Some(512_000_000_000),
    };
    OnboardPage { plan: Some(plan), ..onboard(form, vec![], true) }
}

fn event(journal: &mut Vec<OperationEvent>, at: f64, step: &str, kind: EventKind, message: &str) {
    let seq = i64::try_from(journal.len()).unwrap() + 1;
    #[expect(clippy::cast_possible_truncation, reason = "a few seconds")]
    let at = before(60).saturating_add(SignedDuration::from_millis((at * 1000.0) as i64)).unwrap();
    let evidence = if kind == EventKind::Done { json!({"step": step, "seen": "present"}) } else { Value::Null };
    journal.push(OperationEvent { seq, at, step: step.to_owned(), kind, message: message.to_owned(), evidence });
}

fn journal(state: OperationState) -> Vec<OperationEvent> {
    let mut journal = Vec::new();
    let mut at = 0.0;
    let stop = match state {
        OperationState::Done => STEPS.len(),
        _ => 5,
    };
    for (step, seconds) in STEPS.iter().zip(SECONDS).take(stop) {
        event(&mut journal, at, step, EventKind::Intent, "");
        at += seconds;
        event(&mut journal, at, step, EventKind::Done, "");
    }
    if state != OperationState::Done {
        event(&mut journal, at, "install", EventKind::Intent, "");
    }
    if matches!(state, OperationState::Failed | OperationState::Undone) {
        event(&mut journal, at + 30.0, "install", EventKind::Failed, "wordpress: the installation ended with 500: no space left on device");
        for step in STEPS.iter().take(6).rev() {
            at += 0.4;
            event(&mut journal, at + 30.0, step, EventKind::Undoing, "");
            if state == OperationState::Failed && *step == "volume" {
                event(&mut journal, at + 30.3, step, EventKind::Failed, "engine: volume is in use by a container that Flotta did not make");
                break;
            }
            event(&mut journal, at + 30.3, step, EventKind::Undone, "");
        }
    }
    journal
}

fn operation(state: OperationState) -> Operation {
    let error = match state {
        OperationState::Failed => "engine: volume is in use by a container that Flotta did not make",
        OperationState::Undone => "wordpress: the installation ended with 500: no space left on device",
        OperationState::Parked => "the step `warm-cache` is unknown to this version",
        _ => "",
    };
    Operation {
        id: "019aaf1e-0000-7000-8000-000000000001".parse().unwrap(),
        kind: OperationKind::Onboard,
        workflow_version: 1,
        municipality: Id::generate(),
        slug: "ale".parse().unwrap(),
        instance: Id::generate(),
        input: Value::Null,
        state,
        step: if state == OperationState::Failed { "volume" } else { "install" }.to_owned(),
        direction: if matches!(state, OperationState::Failed | OperationState::Undone) { Direction::Back } else { Direction::Forward },
        attempts: 0,
        error: error.to_owned(),
        requested_by: "anna.akesson@helsingborg.se".to_owned(),
        deadline_at: before(-600),
        next_at: before(0),
        lease_owner: None,
        lease_epoch: 1,
        lease_until: before(-30),
        created_at: before(60),
        updated_at: before(2),
        finished_at: state.is_final().then(|| before(20)),
    }
}

fn operation_page(state: OperationState) -> OperationPage {
    let operation = operation(state);
    OperationPage {
        id: "019aaf1e-0000-7000-8000-000000000001".to_owned(),
        name: "Ale kommun".to_owned(),
        municipality_exists: true,
        expected_seconds: Some(17.0),
        may_retry: matches!(state, OperationState::Failed | OperationState::Undone | OperationState::Parked),
        may_invite: true,
        next: (state == OperationState::Done).then(|| NextSteps {
            address: "https://ale.localhost:8443/".to_owned(),
            admin_address: "https://ale.localhost:8443/wp-admin/".to_owned(),
            admin_email: "webb@ale.se".to_owned(),
        }),
        ..OperationPage::new(&operation, &STEPS, journal(state), now())
    }
}
