// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Archives of an instance: database and uploads, with a manifest and checksums, in formats that need no Flotta to read.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio_util::io::SyncIoBridge;

use super::{Target, Tools, spec};
use crate::{
    error::{Error, OutsideKind, Result},
    fleet::{
        Backup, BackupId, OperationId,
        backup::BackupKind,
        container::{Attachment, ContainerSpec, Mount},
    },
    store::backups,
    vault,
};

const HOURS: u64 = 3600;
const DATABASE: &str = "database.sql.zst";
const UPLOADS: &str = "uploads.tar.zst";
const MANIFEST: &str = "manifest.json";

/// What an archive holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this form.
    pub version: u32,
    /// The municipality's slug and name.
    pub municipality: (String, String),
    /// The instance's id, environment, domain, kind of network.
    pub instance: BTreeMap<String, String>,
    /// The release's name and image.
    pub release: (String, String),
    /// When it was made (RFC 3339).
    pub created_at: String,
    /// Its files.
    pub files: Vec<FileEntry>,
    /// The database's tables with rows and checksums, as the server gave them.
    pub tables: BTreeMap<String, String>,
}

/// One file of an archive.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its SHA-256 in hex.
    pub sha256: String,
}

/// The command that dumps a schema in the database server's container: consistent, streamed, no password anywhere.
#[must_use]
pub fn dump_command(schema: &str) -> [&str; 8] {
    ["mariadb-dump", "--single-transaction", "--quick", "--routines", "--triggers", "--hex-blob", "--skip-comments", schema]
}

/// Where an operation's archive lies, relative to the archive folder.
#[must_use]
pub fn relative(target: &Target, operation: OperationId) -> String {
    format!("{}/{}", target.instance.key(), operation)
}

fn folder(target: &Target, relative: &str) -> PathBuf {
    target.tools.settings.archives().join(relative)
}

/// Whether the archive is there whole: its files have the sizes and its manifest the checksum that were noted.
///
/// # Errors
/// When the store fails.
pub async fn find(target: &Target, relative: &str) -> Result<Option<Backup>> {
    let Some(backup) = backups::by_path(&target.tools.store, relative).await? else { return Ok(None) };
    let folder = folder(target, relative);
    let sha = backup.manifest_sha256.clone();
    let whole = blocking(move || {
        let text = fs::read(folder.join(MANIFEST))?;
        let manifest: Manifest = serde_json::from_slice(&text)?;
        let sizes = manifest.files.iter().all(|f| fs::metadata(folder.join(&f.name)).is_ok_and(|m| m.len() == f.bytes));
        Ok(vault::hex(&Sha256::digest(&text)) == sha && sizes)
    })
    .await
    .unwrap_or(false);
    Ok(whole.then_some(backup))
}

/// Makes an archive; one that was begun before is made anew.
///
/// # Errors
/// `Full` when there is no room; otherwise when the engine or the database server fails. What was begun is removed by the next
/// try or by [`remove`].
pub async fn make(target: &Target, operation: OperationId, kind: BackupKind) -> Result<Backup> {
    make_at(target, relative(target, operation), kind).await
}

/// As [`make`], in a folder of this name. A snapshot holds the database alone.
///
/// # Errors
/// As [`make`].
pub async fn make_at(target: &Target, relative: String, kind: BackupKind) -> Result<Backup> {
    match write(target, relative.clone(), kind).await {
        Err(Error::Outside { system: "files", kind: OutsideKind::Full, message }) => {
            // At once, so that others have the room; what cannot be removed is removed by the next try.
            drop(remove(target, &relative).await);
            Err(full(target, &message).await)
        }
        other => other,
    }
}

/// What is said when the disk filled up on the way.
async fn full(target: &Target, said: &str) -> Error {
    let tools = &target.tools;
    let place = tools.settings.archives();
    // Only to say more; where even that is not known, the cause is said all the same.
    let needs = tools.database.schema(&target.instance.schema()).await.map(|s| s.bytes.div_ceil(1 << 20));
    let takes = needs.map_or_else(|_| String::new(), |mib| format!("; the database takes up to {mib} MiB"));
    Error::outside("files", OutsideKind::Full, format!("no room left in {} ({said}){takes}; make room there", place.display()))
}

/// Where archives are kept, and how many bytes may still be written there.
///
/// # Errors
/// When the file system does not say.
pub async fn room(tools: &Tools) -> Result<(PathBuf, u64)> {
    let archives = tools.settings.archives();
    blocking(move || {
        let mut place = archives.clone();
        loop {
            match rustix::fs::statvfs(&place) {
                Ok(found) => return Ok((archives, found.f_bavail.saturating_mul(found.f_frsize))),
                // Nothing was archived yet: it will be made in the nearest folder that is there.
                Err(rustix::io::Errno::NOENT) if place.pop() => {}
                Err(cause) => return Err(cause.into()),
            }
        }
    })
    .await
}

async fn write(target: &Target, relative: String, kind: BackupKind) -> Result<Backup> {
    let folder = folder(target, &relative);
    let fresh = folder.clone();
    let archives = target.tools.settings.archives();
    blocking(move || {
        vault::private_folder(&archives)?;
        if fresh.exists() {
            fs::remove_dir_all(&fresh)?;
        }
        fs::create_dir_all(&fresh)
    })
    .await?;
    let tools = &target.tools;
    let schema = target.instance.schema();
    let database = compress(&folder, DATABASE, |sink| {
        let tools = tools.clone();
        let schema = schema.clone();
        async move {
            let mut sink = sink;
            let done = tools.engine.exec_to(&tools.settings.database_server(), &dump_command(&schema), None, &mut sink, HOURS).await;
            close(&mut sink).await?;
            done
        }
    })
    .await?;
    let tables = tools.database.fingerprint(&schema).await?;
    let mut files = vec![database];
    if kind != BackupKind::Snapshot {
        files.push(uploads(target, &folder).await?);
    }
    let now = tools.clock.now();
    let manifest = Manifest {
        version: 1,
        municipality: (target.instance.slug.to_string(), target.instance.title.clone()),
        instance: [
            ("id", target.instance.id.text()),
            ("environment", target.instance.environment.to_string()),
            ("domain", target.instance.domain.to_string()),
            ("network", target.instance.network_kind.to_string()),
            ("locale", target.instance.locale.clone()),
        ]
        .into_iter()
        .map(|(k, v)| (k.to_owned(), v))
        .collect(),
        release: (target.release.name.clone(), target.release.image_id.clone()),
        created_at: now.to_string(),
        files,
        tables,
    };
    let size_bytes = i64::try_from(manifest.files.iter().map(|f| f.bytes).sum::<u64>()).unwrap_or(i64::MAX);
    let text = serde_json::to_vec_pretty(&manifest).map_err(|e| Error::Internal(e.to_string()))?;
    let manifest_sha256 = vault::hex(&Sha256::digest(&text));
    blocking(move || {
        let fresh = folder.join(".manifest.new");
        let mut file = fs::File::create(&fresh)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(fresh, folder.join(MANIFEST))
    })
    .await?;
    let backup = Backup {
        id: BackupId::generate(),
        municipality: target.instance.municipality,
        slug: target.instance.slug.clone(),
        instance: target.instance.id,
        kind,
        path: relative,
        size_bytes,
        manifest_sha256,
        created_at: now,
        verified_at: None,
    };
    backups::put(&tools.store, &backup).await?;
    Ok(backup)
}

/// The uploads, read through a container that is made but never started, so that it works whatever state the instance is in.
async fn uploads(target: &Target, folder: &Path) -> Result<FileEntry> {
    let tools = &target.tools;
    let name = container(target);
    let volume = tools.settings.uploads(&target.instance);
    // The engine would make a volume that is missing, empty and without labels, and the loss would be archived as if it were right.
    if tools.engine.volume(&volume).await?.is_none() {
        return Err(Error::outside("instance", OutsideKind::Refused, "its uploads volume is gone; restore it from a backup"));
    }
    tools.remove_own(&name).await?;
    tools
        .engine
        .create_container(&ContainerSpec {
            name: name.clone(),
            image: target.release.image_id.clone(),
            command: Vec::new(),
            environment: Vec::new(),
            labels: spec::labels(&tools.settings, &target.instance, "task"),
            mounts: vec![Mount::Volume { name: volume, target: spec::place::UPLOADS.to_owned() }],
            attachment: Attachment::None,
            extra_hosts: Vec::new(),
            limits: None,
            read_only_root: true,
            capabilities: Vec::new(),
            restart: false,
            stop_grace_seconds: 1,
            user: String::new(),
        })
        .await?;
    let copied = compress(folder, UPLOADS, |sink| {
        let tools = tools.clone();
        let name = name.clone();
        async move {
            let mut sink = sink;
            let done = tools.engine.copy_out(&name, spec::place::UPLOADS, &mut sink, HOURS).await;
            close(&mut sink).await?;
            done
        }
    })
    .await;
    tools.engine.remove_container(&name).await?;
    copied
}

/// Restores the archive's database into a schema of its own, compares every table with what the manifest says, checks every
/// file's checksum, removes the schema again and notes that the archive was proved.
///
/// # Errors
/// When something differs or fails.
pub async fn prove(target: &Target, backup: &Backup) -> Result<()> {
    let tools = &target.tools;
    let path = folder(target, &backup.path);
    let (manifest, sql) = blocking(move || {
        let manifest: Manifest = serde_json::from_slice(&fs::read(path.join(MANIFEST))?)?;
        for file in &manifest.files {
            if sha256_of(&path.join(&file.name))? != file.sha256 {
                return Err(std::io::Error::other(format!("the checksum of {} is wrong", file.name)));
            }
        }
        let mut sql = Vec::new();
        zstd::Decoder::new(fs::File::open(path.join(DATABASE))?)?.read_to_end(&mut sql)?;
        Ok((manifest, sql))
    })
    .await?;
    let scratch = scratch(target);
    tools.database.drop_schema(&scratch).await?;
    tools.database.create_schema(&scratch, &vault::random_secret()).await?;
    let restored = async {
        let done = tools.engine.exec(&tools.settings.database_server(), &["mariadb", "--binary-mode", &scratch], None, &sql, HOURS).await?;
        if done.status != 0 {
            let said = String::from_utf8_lossy(&done.stderr).chars().take(300).collect::<String>();
            return Err(Error::outside("database server", OutsideKind::Failed, format!("the archive could not be restored: {said}")));
        }
        tools.database.fingerprint(&scratch).await
    }
    .await;
    tools.database.drop_schema(&scratch).await?;
    let restored = restored?;
    if restored != manifest.tables {
        let differs: Vec<_> = manifest
            .tables
            .keys()
            .chain(restored.keys())
            .filter(|t| manifest.tables.get(*t) != restored.get(*t))
            .take(5)
            .cloned()
            .collect();
        return Err(Error::outside("archive", OutsideKind::Failed, format!("the restored database differs in {}", differs.join(", "))));
    }
    backups::verified(&tools.store, backup.id, tools.clock.now()).await
}

/// Reads a snapshot's database to its end, as putting it back would.
///
/// # Errors
/// When a file is missing, cut short or not what was written.
pub async fn readable(target: &Target, relative: &str) -> Result<()> {
    let path = folder(target, relative);
    blocking(move || {
        let manifest: Manifest = serde_json::from_slice(&fs::read(path.join(MANIFEST))?)?;
        for file in &manifest.files {
            if sha256_of(&path.join(&file.name))? != file.sha256 {
                return Err(std::io::Error::other(format!("the checksum of {} is wrong", file.name)));
            }
        }
        std::io::copy(&mut zstd::Decoder::new(fs::File::open(path.join(DATABASE))?)?, &mut std::io::sink())?;
        Ok(())
    })
    .await
}

/// Puts a snapshot's database in the place of the instance's: the schema is made anew, so that nothing of what is there stays.
/// Whoever calls has made sure that nobody writes. May be repeated after any interruption.
///
/// # Errors
/// When the archive cannot be read, the database server fails, or what was put back differs from what was saved.
pub async fn restore(target: &Target, relative: &str) -> Result<()> {
    let tools = &target.tools;
    let schema = target.instance.schema();
    let path = folder(target, relative);
    let (manifest, file) = blocking(move || {
        let manifest: Manifest = serde_json::from_slice(&fs::read(path.join(MANIFEST))?)?;
        Ok((manifest, fs::File::open(path.join(DATABASE))?))
    })
    .await?;
    tools.database.drop_schema(&schema).await?;
    tools.database.create_schema(&schema, &target.secret("db_password").await?).await?;
    let (sink, mut source) = tokio::io::duplex(256 * 1024);
    let reader = tokio::task::spawn_blocking(move || {
        let mut sink = SyncIoBridge::new(sink);
        std::io::copy(&mut zstd::Decoder::new(file)?, &mut sink)?;
        sink.shutdown()
    });
    let fed =
        tools.engine.exec_from(&tools.settings.database_server(), &["mariadb", "--binary-mode", &schema], None, &mut source, HOURS).await;
    drop(source);
    let read = reader.await.map_err(|e| Error::Internal(e.to_string()))?;
    let done = fed?;
    if done.status != 0 {
        let said = String::from_utf8_lossy(&done.stderr).chars().take(300).collect::<String>();
        return Err(Error::outside("database server", OutsideKind::Failed, format!("the snapshot could not be put back: {said}")));
    }
    read.map_err(files)?;
    if tools.database.fingerprint(&schema).await? == manifest.tables {
        return Ok(());
    }
    Err(Error::outside("database server", OutsideKind::Failed, "what was put back differs from the snapshot"))
}

/// The database's tables as the snapshot has them: rows and checksums.
///
/// # Errors
/// When the manifest cannot be read.
pub async fn tables(target: &Target, relative: &str) -> Result<BTreeMap<String, String>> {
    let path = folder(target, relative);
    blocking(move || {
        let manifest: Manifest = serde_json::from_slice(&fs::read(path.join(MANIFEST))?)?;
        Ok(manifest.tables)
    })
    .await
}

/// The schema into which an archive of this instance is restored to prove it.
#[must_use]
pub fn scratch(target: &Target) -> String {
    format!("{}_chk", target.instance.schema())
}

/// The container through which the uploads are read.
fn container(target: &Target) -> String {
    format!("{}-archive", target.container())
}

/// Removes an archive that may be unfinished: what was made for making it, then its files, and last its row, so that what is
/// left after an interruption is still found.
///
/// # Errors
/// When the engine or the store fails or its files cannot be removed.
pub async fn discard(target: &Target, relative: &str) -> Result<()> {
    target.tools.remove_own(&container(target)).await?;
    remove(target, relative).await
}

/// Removes an archive, and its instance's folder when it was the last one there.
///
/// # Errors
/// When its files cannot be removed or the store fails.
pub async fn remove(target: &Target, relative: &str) -> Result<()> {
    remove_path(&target.tools, relative).await
}

/// As [`remove`], also of an instance that is gone.
///
/// # Errors
/// As [`remove`].
pub async fn remove_path(tools: &Tools, relative: &str) -> Result<()> {
    let folder = tools.settings.archives().join(relative);
    blocking(move || {
        match fs::remove_dir_all(&folder) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        match folder.parent().map(fs::remove_dir) {
            Some(Err(e)) if !matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::DirectoryNotEmpty) => Err(e),
            _ => Ok(()),
        }
    })
    .await?;
    backups::forget_path(&tools.store, relative).await
}

/// Whether there is anything of an archive: files, or what is noted of it, which is forgotten last.
///
/// # Errors
/// When the store fails.
pub async fn exists(target: &Target, relative: &str) -> Result<bool> {
    Ok(folder(target, relative).exists() || backups::by_path(&target.tools.store, relative).await?.is_some())
}

/// Streams what `feed` writes through zstd into a file, and gives its size and checksum.
async fn compress<F, Fut>(folder: &Path, name: &str, feed: F) -> Result<FileEntry>
where
    F: FnOnce(tokio::io::DuplexStream) -> Fut,
    Fut: Future<Output = Result<()>>,
{
    let (sink, source) = tokio::io::duplex(256 * 1024);
    let path = folder.join(name);
    let name = name.to_owned();
    let writer = tokio::task::spawn_blocking(move || -> std::io::Result<FileEntry> {
        let mut source = SyncIoBridge::new(source);
        let mut encoder = zstd::Encoder::new(Hashing { file: fs::File::create(&path)?, sha: Sha256::new(), bytes: 0 }, 3)?;
        std::io::copy(&mut source, &mut encoder)?;
        let done = encoder.finish()?;
        done.file.sync_all()?;
        Ok(FileEntry { name, bytes: done.bytes, sha256: vault::hex(&done.sha.finalize()) })
    });
    let fed = feed(sink).await;
    // Whoever feeds a file that cannot be written only sees that nobody reads any more.
    let written = writer.await.map_err(|e| Error::Internal(e.to_string()))?.map_err(files)?;
    fed?;
    Ok(written)
}

struct Hashing {
    file: fs::File,
    sha: Sha256,
    bytes: u64,
}

impl Write for Hashing {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        let count = self.file.write(buffer)?;
        self.sha.update(&buffer[..count]);
        self.bytes += count as u64;
        Ok(count)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

async fn close(sink: &mut (impl AsyncWrite + Unpin)) -> Result<()> {
    sink.shutdown().await.map_err(files)
}

fn sha256_of(path: &Path) -> std::io::Result<String> {
    let mut sha = Sha256::new();
    let mut file = fs::File::open(path)?;
    let mut buffer = vec![0; 128 * 1024];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok(vault::hex(&sha.finalize()));
        }
        sha.update(&buffer[..count]);
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|e| Error::Internal(e.to_string()))?.map_err(files)
}

fn files(error: std::io::Error) -> Error {
    let kind = if error.kind() == std::io::ErrorKind::StorageFull { OutsideKind::Full } else { OutsideKind::Failed };
    Error::outside("files", kind, error.to_string())
}
