// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a release is to be built from, checked before anything is built: a tar is read once, every entry judged, and what is
//! good written to another tar, from which the engine builds. Nothing is ever unpacked on the host.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Write},
};

use sha2::{Digest, Sha256};

use super::headers::{self, HEADER_BYTES};
use crate::{
    error::FieldError,
    fleet::{
        constant,
        inventory::{Component, Inventory, compare_versions},
        release::{MOST_BYTES, MOST_ENTRIES},
    },
    vault::hex,
};

/// In a context, where the themes and plugins of the light way lie.
pub const FILES: &str = "files";
/// In an overlay, where its constants stand.
pub const CONSTANTS: &str = "constants.json";
/// They are never as long.
const LONGEST_CONSTANTS: u64 = 512 * 1024;
/// The folder of must-use plugins.
const MUST_USE: &str = "mu-plugins";
/// The place over which the agent is mounted.
const AGENT: &str = "flotta-agent.php";

/// What a tar is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `themes/SLUG/…` and `plugins/SLUG/…`, put on another release.
    Additions,
    /// `plugins/SLUG/…`, `mu-plugins/…` and `constants.json`: what one municipality adds.
    Overlay,
    /// A folder with a Dockerfile.
    Folder,
}

/// What was found in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Content {
    /// SHA-256 over paths, modes and bytes, sorted: the same content has the same, however it was packed.
    pub sha256: String,
    /// The themes that are added.
    pub themes: Vec<Component>,
    /// The plugins that are added.
    pub plugins: Vec<Component>,
    /// The must-use plugins that are added.
    pub must_use: Vec<Component>,
    /// What else is put beside those.
    pub beside: BTreeSet<String>,
    /// Constants that are set.
    pub constants: BTreeMap<String, serde_json::Value>,
    /// Of those, the folders below `wp-content` that hold PHP.
    pub compiled: Vec<String>,
}

impl Content {
    /// Whether files are put in.
    #[must_use]
    pub fn has_files(&self) -> bool {
        !(self.themes.is_empty() && self.plugins.is_empty() && self.must_use.is_empty() && self.beside.is_empty())
    }
}

struct Found {
    folder: bool,
    symlink: bool,
    digest: [u8; 32],
}

/// Checks a tar and writes what is good of it to `target`, without an end: the caller adds the Dockerfile where `kind` needs
/// one. `now` becomes the time of every file, so that a browser never takes a new version for the one that it has.
///
/// # Errors
/// Everything that is wrong with it, by field.
pub fn check<W: Write>(source: impl Read, target: &mut tar::Builder<W>, kind: Kind, now: u64) -> Result<Content, Vec<FieldError>> {
    let (seen, headers) = (BTreeMap::new(), BTreeMap::new());
    let mut reader = Reader { kind, now, seen, total: 0, headers, constants: Vec::new() };
    let mut archive = tar::Archive::new(source);
    let entries = archive.entries().map_err(|e| vec![unreadable(&e)])?;
    for entry in entries {
        let entry = entry.map_err(|e| vec![unreadable(&e)])?;
        reader.take(entry, target).map_err(|e| vec![e])?;
    }
    reader.finish()
}

struct Reader {
    kind: Kind,
    now: u64,
    seen: BTreeMap<String, Found>,
    total: u64,
    /// The first bytes of files that may head a theme or plugin.
    headers: BTreeMap<String, Vec<u8>>,
    /// The file with the constants of an overlay.
    constants: Vec<u8>,
}

impl Reader {
    fn take<R: Read, W: Write>(&mut self, mut entry: tar::Entry<'_, R>, target: &mut tar::Builder<W>) -> Result<(), FieldError> {
        use tar::EntryType;
        let what = entry.header().entry_type();
        // What git writes before the first file says nothing of the files.
        if what == EntryType::XGlobalHeader {
            return Ok(());
        }
        let raw = entry.path_bytes().into_owned();
        let Some(parts) = self.parts(&raw)? else { return Ok(()) };
        let path = parts.join("/");
        if self.seen.len() >= MOST_ENTRIES {
            return Err(too_much(format!("it holds more than {MOST_ENTRIES} files")));
        }
        if self.seen.get(&path).is_some_and(|found| !(found.folder && what == EntryType::Directory)) {
            return Err(escapes(&path, "is there twice", "pack it anew"));
        }
        self.folders(&parts[..parts.len() - 1], target)?;
        match what {
            EntryType::Directory => self.folders(&parts, target),
            EntryType::Symlink => {
                let to = entry.link_name_bytes().map(|name| String::from_utf8_lossy(&name).into_owned()).unwrap_or_default();
                self.inside(&parts, &to)?;
                let mut header = self.header(EntryType::Symlink, 0o777, 0);
                target.append_link(&mut header, self.place(&path), &to).map_err(|e| unwritten(&e))?;
                self.note(path, false, true, &[b"link ", to.as_bytes()]);
                Ok(())
            }
            EntryType::Regular if self.kind == Kind::Overlay && path == CONSTANTS => self.constants(&mut entry),
            EntryType::Regular => self.file(&mut entry, &parts, path, target),
            other => Err(escapes(&path, &format!("is neither file, folder nor symbolic link ({other:?})"), "leave it out")),
        }
    }

    fn file<R: Read, W: Write>(
        &mut self,
        entry: &mut tar::Entry<'_, R>,
        parts: &[String],
        path: String,
        target: &mut tar::Builder<W>,
    ) -> Result<(), FieldError> {
        let size = entry.size();
        self.total = self.total.saturating_add(size);
        if self.total > MOST_BYTES {
            return Err(too_much(format!("it holds more than {} MiB", MOST_BYTES >> 20)));
        }
        let mode = entry.header().mode().unwrap_or(0o644);
        let mode = match self.kind {
            Kind::Folder => mode & 0o777,
            _ if mode & 0o111 != 0 => 0o755,
            _ => 0o644,
        };
        let heads = match (self.kind, parts) {
            (Kind::Folder, _) => false,
            (_, [top, file]) => top == MUST_USE && file.ends_with(".php"),
            (_, [top, _, file]) => top != MUST_USE && (file == "style.css" || file.ends_with(".php")),
            _ => false,
        };
        let mut copy = Copy { inner: entry, digest: Sha256::new(), beginning: Vec::new() };
        let header = &mut self.header(tar::EntryType::Regular, mode, size);
        target.append_data(header, self.place(&path), &mut copy).map_err(|e| unwritten(&e))?;
        let (digest, beginning) = (copy.digest.finalize(), copy.beginning);
        if heads {
            self.headers.insert(path.clone(), beginning);
        }
        self.note(path, false, false, &[format!("file {mode:o} {size} ").as_bytes(), &digest]);
        Ok(())
    }

    fn constants<R: Read>(&mut self, entry: &mut tar::Entry<'_, R>) -> Result<(), FieldError> {
        if entry.size() > LONGEST_CONSTANTS {
            return Err(too_much(format!("{CONSTANTS} is longer than {} KiB", LONGEST_CONSTANTS >> 10)));
        }
        entry.read_to_end(&mut self.constants).map_err(|e| unwritten(&e))?;
        let bytes = std::mem::take(&mut self.constants);
        self.note(CONSTANTS.to_owned(), false, false, &[b"constants ", &bytes]);
        self.constants = bytes;
        Ok(())
    }

    /// The parts of a path; none for the root itself.
    fn parts(&self, raw: &[u8]) -> Result<Option<Vec<String>>, FieldError> {
        let text = std::str::from_utf8(raw)
            .map_err(|_| escapes(&String::from_utf8_lossy(raw), "has a name that is not UTF-8", "give it a name in UTF-8"))?;
        if text.starts_with('/') {
            return Err(escapes(text, "has an absolute path", "pack it with relative paths"));
        }
        let parts: Vec<String> = text.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect();
        if parts.iter().any(|part| part == "..") {
            return Err(escapes(text, "leads out of its folder", "pack the folder by itself, without `..`"));
        }
        if text.chars().any(char::is_control) || text.contains('\\') {
            return Err(escapes(text, "has a name that no web server serves", "give it a plain name"));
        }
        if self.kind == Kind::Additions
            && let Some(top) = parts.first()
        {
            let slug = parts.get(1);
            if (top != "themes" && top != "plugins") || slug.is_some_and(|slug| !is_slug(slug)) {
                return Err(escapes(
                    text,
                    "is neither below themes/NAME nor plugins/NAME",
                    "name folders by letters, digits, dots and hyphens",
                ));
            }
        }
        if self.kind == Kind::Overlay
            && let Some(top) = parts.first()
        {
            let (slug, folder) = (parts.get(1), top == "plugins" || top == MUST_USE);
            if !(folder || top == CONSTANTS && slug.is_none()) || slug.is_some_and(|slug| !is_slug(slug)) {
                return Err(escapes(
                    text,
                    "is neither below plugins/NAME nor mu-plugins",
                    "themes belong to releases; name folders by letters, digits, dots and hyphens",
                ));
            }
            if top == MUST_USE && slug.is_some_and(|slug| slug.eq_ignore_ascii_case(AGENT)) {
                return Err(escapes(text, "is the place of Flotta's own agent", "give it another name"));
            }
        }
        Ok(Some(parts).filter(|parts| !parts.is_empty()))
    }

    /// Makes sure that a path's folders are there, and are folders: written out, so that their modes are ours.
    fn folders<W: Write>(&mut self, parts: &[String], target: &mut tar::Builder<W>) -> Result<(), FieldError> {
        for length in 1..=parts.len() {
            let path = parts[..length].join("/");
            match self.seen.get(&path) {
                Some(found) if found.folder => {}
                Some(found) => {
                    let what = if found.symlink { "a symbolic link" } else { "a file" };
                    return Err(escapes(&parts.join("/"), &format!("lies below `{path}`, which is {what}"), "pack the folder anew"));
                }
                None => {
                    let mut header = self.header(tar::EntryType::Directory, 0o755, 0);
                    target.append_data(&mut header, format!("{}/", self.place(&path)), std::io::empty()).map_err(|e| unwritten(&e))?;
                    self.note(path, true, false, &[b"folder"]);
                }
            }
        }
        Ok(())
    }

    /// Whether a symbolic link stays in the theme or plugin, or in the folder of the Dockerfile.
    fn inside(&self, parts: &[String], to: &str) -> Result<(), FieldError> {
        let path = parts.join("/");
        let floor = if self.kind == Kind::Folder { 0 } else { 2 };
        let mut depth = parts.len().saturating_sub(1);
        let out =
            || escapes(&path, &format!("is a symbolic link out of its folder, to `{}`", to.escape_debug()), "put the file itself there");
        if to.starts_with('/') || to.is_empty() || parts.len() <= floor || to.chars().any(char::is_control) {
            return Err(out());
        }
        for part in to.split('/') {
            match part {
                "" | "." => {}
                ".." if depth > floor => depth -= 1,
                ".." => return Err(out()),
                _ => depth += 1,
            }
        }
        Ok(())
    }

    fn place(&self, path: &str) -> String {
        if self.kind == Kind::Folder { path.to_owned() } else { format!("{FILES}/{path}") }
    }

    fn header(&self, kind: tar::EntryType, mode: u32, size: u64) -> tar::Header {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(size);
        header.set_mtime(self.now);
        header.set_uid(0);
        header.set_gid(0);
        header
    }

    fn note(&mut self, path: String, folder: bool, symlink: bool, says: &[&[u8]]) {
        let mut digest = Sha256::new();
        for part in says {
            digest.update(part);
        }
        self.seen.insert(path, Found { folder, symlink, digest: digest.finalize().into() });
    }

    fn finish(self) -> Result<Content, Vec<FieldError>> {
        let mut all = Sha256::new();
        all.update(format!("{:?}\n", self.kind));
        for (path, found) in &self.seen {
            all.update((path.len() as u64).to_be_bytes());
            all.update(path);
            all.update(found.digest);
        }
        let mut content = Content { sha256: hex(&all.finalize()), ..Content::default() };
        if self.kind == Kind::Folder {
            if self.seen.get("Dockerfile").is_none_or(|found| found.folder || found.symlink) {
                return Err(vec![FieldError::new(
                    "dockerfile",
                    "no-dockerfile",
                    "there is no Dockerfile at the top of the folder",
                    "give the fork's folder; to put a theme or plugin on a release, give --base and --theme or --plugin",
                )]);
            }
            return Ok(content);
        }
        self.additions(&mut content)?;
        Ok(content)
    }

    /// What only an overlay holds.
    fn overlay(&self, content: &mut Content, errors: &mut Vec<FieldError>) {
        for path in self.seen.keys().filter_map(|path| path.strip_prefix(MUST_USE)?.strip_prefix('/')).filter(|path| !path.contains('/')) {
            match self.headers.get(&format!("{MUST_USE}/{path}")) {
                Some(bytes) => content.must_use.push(headers::must_use(path, &headers::beginning(bytes))),
                None => {
                    content.beside.insert(path.to_owned());
                }
            }
        }
        let all = if self.constants.is_empty() { Ok(BTreeMap::new()) } else { serde_json::from_slice(&self.constants) };
        match all {
            Ok(all) => content.constants = all,
            Err(e) => errors.push(FieldError::new(
                "constant",
                "invalid-json",
                format!("{CONSTANTS} is no JSON object: {e}"),
                "write it as {\"NAME\": value}",
            )),
        }
        if content.constants.len() > constant::MOST {
            errors.push(FieldError::new("constant", "too-many", format!("more than {} constants are set", constant::MOST), "remove some"));
        }
        errors.extend(content.constants.iter().filter_map(|(name, value)| constant::check(name, value).err()).take(20));
    }

    fn additions(&self, content: &mut Content) -> Result<(), Vec<FieldError>> {
        let mut errors = Vec::new();
        let slugs = |top: &str| -> BTreeSet<&str> {
            let below = self.seen.keys().filter_map(|path| path.strip_prefix(top)?.strip_prefix('/'));
            below.map(|rest| rest.split('/').next().unwrap_or(rest)).collect()
        };
        for slug in slugs("themes") {
            let style = self.headers.get(&format!("themes/{slug}/style.css"));
            match style.and_then(|bytes| headers::theme(slug, &headers::beginning(bytes))) {
                Some(theme) => content.themes.push(theme),
                None => errors.push(FieldError::new(
                    "theme",
                    "no-theme",
                    format!("`{slug}` is no theme: it has no style.css with a line `Theme Name:`"),
                    "give the theme's own folder or zip, with style.css at its top",
                )),
            }
        }
        for slug in slugs("plugins") {
            let mut files = self.headers.iter().filter(|(path, _)| path.strip_prefix(&format!("plugins/{slug}/")).is_some());
            match files.find_map(|(_, bytes)| headers::plugin(slug, &headers::beginning(bytes))) {
                Some(plugin) => content.plugins.push(plugin),
                None => errors.push(FieldError::new(
                    "plugin",
                    "no-plugin",
                    format!("`{slug}` is no plugin: no PHP file at its top has a line `Plugin Name:`"),
                    "give the plugin's own folder or zip, with its main file at its top",
                )),
            }
        }
        if self.kind == Kind::Overlay {
            self.overlay(content, &mut errors);
        }
        let php = |folder: &str| self.seen.keys().any(|path| path.ends_with(".php") && path.starts_with(&format!("{folder}/")));
        let folders = content.themes.iter().map(|t| ("themes", t)).chain(content.plugins.iter().map(|p| ("plugins", p)));
        let folders = folders.map(|(top, one)| format!("{top}/{}", one.slug)).chain([MUST_USE.to_owned()]);
        content.compiled = folders.filter(|folder| php(folder)).collect();
        if self.kind == Kind::Additions && content.themes.is_empty() && content.plugins.is_empty() && errors.is_empty() {
            errors.push(FieldError::new("theme", "nothing-added", "there is neither theme nor plugin in it", "give --theme or --plugin"));
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

/// What stands against putting this content on a base with that inventory. Pure.
#[must_use]
pub fn misfits(content: &Content, base: &str, has: &Inventory) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let all = content.themes.iter().map(|t| ("theme", t)).chain(content.plugins.iter().map(|p| ("plugin", p)));
    for (field, one) in all.chain(content.must_use.iter().map(|m| ("mu_plugin", m))) {
        let core = has.wordpress.as_ref().map(|core| core.version.as_str());
        for (needs, what, there, code) in [
            (&one.requires_php, "PHP", has.php.as_deref(), "needs-newer-php"),
            (&one.requires_wordpress, "WordPress", core, "needs-newer-wordpress"),
        ] {
            if let Some(there) = there.filter(|there| !needs.is_empty() && compare_versions(needs, there).is_gt()) {
                errors.push(FieldError::new(
                    field,
                    code,
                    format!("`{}` {} needs {what} {needs}, and release `{base}` has {there}", one.slug, one.version),
                    "build it on a newer release, or take an older version of it",
                ));
            }
        }
        let parent = &one.parent;
        let known = |all: &[Component]| all.iter().any(|theme| theme.slug == *parent);
        if !parent.is_empty() && !known(&has.themes) && !known(&content.themes) {
            errors.push(FieldError::new(
                field,
                "no-parent-theme",
                format!("`{}` builds on the theme `{parent}`, which release `{base}` does not have", one.slug),
                format!("give --theme for `{parent}` too, or build on a release that has it"),
            ));
        }
    }
    errors
}

/// Whether a text can name the folder of a theme or plugin.
#[must_use]
pub fn is_slug(text: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    (1..=100).contains(&text.len()) && text.bytes().all(good) && text.as_bytes()[0].is_ascii_alphanumeric()
}

/// Hands on bytes, sums them up and keeps the first.
struct Copy<'a, R> {
    inner: &'a mut R,
    digest: Sha256,
    beginning: Vec<u8>,
}

impl<R: Read> Read for Copy<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.digest.update(&buffer[..count]);
        let room = HEADER_BYTES.saturating_sub(self.beginning.len()).min(count);
        self.beginning.extend_from_slice(&buffer[..room]);
        Ok(count)
    }
}

fn escapes(path: &str, why: &str, fix: &str) -> FieldError {
    FieldError::new("body", "bad-entry", format!("`{}` {why}", path.chars().take(200).collect::<String>().escape_debug()), fix)
}

fn too_much(why: String) -> FieldError {
    FieldError::new("body", "too-much", why, "leave out what a web site does not serve, such as node_modules and sources of pictures")
}

fn unreadable(error: &std::io::Error) -> FieldError {
    FieldError::new("body", "no-tar", format!("it is no whole tar: {error}"), "send an uncompressed tar; `flotta release build` does")
}

/// Reading and writing are one call of the tar crate.
fn unwritten(error: &std::io::Error) -> FieldError {
    FieldError::new("body", "no-tar", format!("it could not be read to its end: {error}"), "send it again; see that the disk has room")
}

#[cfg(test)]
#[path = "content_tests.rs"]
mod tests;
