// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Packs what a release is built from into one tar, in a folder of its own that goes with it. A zip is read, never unpacked.
//! The control plane judges every entry again; what only a zip can hold is judged here.

use std::{
    fs::{self, File},
    io::{Read, Write},
    path::{Path, PathBuf},
};

use super::source::Source;
use crate::{
    cli::{
        failure::{Failure, Outcome},
        output,
    },
    fleet::release::{LONGEST_UPLOAD, MOST_BYTES, MOST_ENTRIES},
};

/// A folder for the work of one command.
pub struct Folder(PathBuf);

impl Folder {
    /// Makes one that only this user can look into.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn new() -> Outcome<Self> {
        use std::os::unix::fs::DirBuilderExt;
        let path = std::env::temp_dir().join(format!("flotta-{}", uuid::Uuid::now_v7()));
        fs::DirBuilder::new().mode(0o700).create(&path).map_err(|e| written(&path, &e))?;
        Ok(Self(path))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            output::tell(&format!("{}: {error}", self.0.display()));
        }
    }
}

/// A tar that grows.
pub struct Pack {
    path: PathBuf,
    archive: tar::Builder<std::io::BufWriter<File>>,
    bytes: u64,
    entries: usize,
}

impl Pack {
    /// Begins one in a folder.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn new(work: &Folder) -> Outcome<Self> {
        let path = work.path().join("body.tar");
        let file = File::create(&path).map_err(|e| written(&path, &e))?;
        Ok(Self { path, archive: tar::Builder::new(std::io::BufWriter::new(file)), bytes: 0, entries: 0 })
    }

    /// Adds a theme or plugin below `top`, under the name that it was given or that its own files tell.
    ///
    /// # Errors
    /// Names the field when it cannot be read or holds too much.
    pub fn component(&mut self, field: &str, top: &str, source: &Source, named: Option<&str>, stem: &str) -> Outcome {
        match source {
            Source::Zip(path) => self.zip(field, top, path, named, stem),
            Source::Folder(path) => self.folder(field, path, Path::new(&format!("{top}/{}", named.unwrap_or(stem)))),
            Source::Git(address, _) => Err(Failure::usage(field, format!("{address} was not fetched"), "give a folder")),
        }
    }

    /// Adds a folder with everything below it, but for what git keeps there.
    ///
    /// # Errors
    /// Names the field when it cannot be read or holds too much.
    pub fn folder(&mut self, field: &str, folder: &Path, place: &Path) -> Outcome {
        let unread = |path: &Path, e: &std::io::Error| Failure::usage(field, format!("{}: {e}", path.display()), "make it readable");
        let mut names: Vec<_> = fs::read_dir(folder)
            .and_then(|all| all.map(|entry| entry.map(|e| e.file_name())).collect::<Result<Vec<_>, _>>())
            .map_err(|e| unread(folder, &e))?;
        names.sort();
        for name in names {
            if name == ".git" || is_litter(&name.to_string_lossy()) {
                continue;
            }
            let (path, place) = (folder.join(&name), place.join(&name));
            let meta = fs::symlink_metadata(&path).map_err(|e| unread(&path, &e))?;
            self.room(field, if meta.is_file() { meta.len() } else { 0 })?;
            let kind = meta.file_type();
            if kind.is_dir() {
                self.folder(field, &path, &place)?;
            } else if kind.is_symlink() {
                let to = fs::read_link(&path).map_err(|e| unread(&path, &e))?;
                self.link(&place, &to)?;
            } else if kind.is_file() {
                use std::os::unix::fs::PermissionsExt;
                let file = File::open(&path).map_err(|e| unread(&path, &e))?;
                self.file(&place, meta.permissions().mode(), meta.len(), file.take(meta.len())).map_err(|e| unread(&path, &e))?;
            } else {
                let what = format!("{} is a device, a socket or a pipe", path.display());
                return Err(Failure::usage(field, what, "leave it out"));
            }
        }
        Ok(())
    }

    fn zip(&mut self, field: &str, top: &str, path: &Path, named: Option<&str>, stem: &str) -> Outcome {
        let broken =
            |why: String| Failure::usage(field, format!("{}: {why}", path.display()), "pack it anew as a plain zip, without a password");
        let file = File::open(path).map_err(|e| broken(e.to_string()))?;
        let mut zip = zip::ZipArchive::new(std::io::BufReader::new(file)).map_err(|e| broken(e.to_string()))?;
        if zip.len() > MOST_ENTRIES {
            return Err(too_much(field, format!("{} holds more than {MOST_ENTRIES} files", path.display())));
        }
        let mut all = Vec::new();
        for at in 0..zip.len() {
            let entry = zip.by_index_raw(at).map_err(|e| broken(e.to_string()))?;
            let name = entry.name().map_err(|e| broken(e.to_string()))?;
            let parts = parts(&name).ok_or_else(|| broken(format!("`{}` leads out of its folder", name.escape_debug())))?;
            let litter = parts.iter().any(|part| is_litter(part) || part == ".git");
            if !litter && !parts.is_empty() {
                all.push((at, parts, entry.is_dir()));
            }
        }
        // A zip of a theme holds one folder as a rule, whose name is the theme's.
        let first = all.first().map(|(_, parts, _)| parts[0].clone()).unwrap_or_default();
        let single = all.iter().all(|(_, parts, folder)| parts[0] == first && (parts.len() > 1 || *folder));
        let slug = named.map_or_else(|| if single { first.clone() } else { stem.to_owned() }, str::to_owned);
        for (at, parts, folder) in all {
            let inside = if single { &parts[1..] } else { &parts[..] };
            if folder || inside.is_empty() {
                continue;
            }
            let mut entry = zip.by_index(at).map_err(|e| broken(e.to_string()))?;
            let (size, mode) = (entry.size(), entry.unix_mode().unwrap_or(0o644));
            self.room(field, size)?;
            let place = Path::new(top).join(&slug).join(inside.join("/"));
            if mode & 0o170_000 == 0o120_000 {
                let mut to = String::new();
                entry.by_ref().take(4096).read_to_string(&mut to).map_err(|e| broken(e.to_string()))?;
                self.link(&place, Path::new(&to))?;
            } else {
                // What a zip says of a size is believed only as far as its bytes go: more, or fewer, and it is broken.
                let name = parts.join("/");
                let mut taken = entry.by_ref().take(size);
                self.file(&place, mode, size, &mut taken).map_err(|e| broken(format!("`{name}`: {e}")))?;
                let more = entry.read(&mut [0; 1]).map_err(|e| broken(format!("`{name}`: {e}")))?;
                if more > 0 {
                    return Err(broken(format!("`{name}` is longer than it says")));
                }
            }
        }
        Ok(())
    }

    fn file(&mut self, place: &Path, mode: u32, size: u64, mut bytes: impl Read) -> std::io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_mode(if mode & 0o111 == 0 { 0o644 } else { 0o755 });
        header.set_size(size);
        let mut counted = Counted { inner: &mut bytes, count: 0 };
        self.archive.append_data(&mut header, place, &mut counted)?;
        if counted.count == size { Ok(()) } else { Err(std::io::Error::other("it is shorter than it says")) }
    }

    fn link(&mut self, place: &Path, to: &Path) -> Outcome {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_mode(0o777);
        header.set_size(0);
        self.archive.append_link(&mut header, place, to).map_err(|e| written(&self.path, &e))
    }

    /// Adds one file below `top`, under its own name.
    ///
    /// # Errors
    /// Names the field when it cannot be read or is too large.
    pub fn one(&mut self, field: &str, path: &Path, top: &str) -> Outcome {
        let unread =
            |e: &std::io::Error| Failure::usage(field, format!("{}: {e}", path.display()), "give a file or a folder that can be read");
        let file = File::open(path).map_err(|e| unread(&e))?;
        let meta = file.metadata().map_err(|e| unread(&e))?;
        let Some(name) = path.file_name().filter(|_| meta.is_file()) else {
            return Err(Failure::usage(field, format!("{} is neither file nor folder", path.display()), "give a PHP file or a folder"));
        };
        self.room(field, meta.len())?;
        self.file(&Path::new(top).join(name), 0o644, meta.len(), file.take(meta.len())).map_err(|e| unread(&e))
    }

    /// Adds a file that holds this.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn text(&mut self, place: &str, bytes: &[u8]) -> Outcome {
        self.file(Path::new(place), 0o644, bytes.len() as u64, bytes).map_err(|e| written(&self.path, &e))
    }

    fn room(&mut self, field: &str, size: u64) -> Outcome {
        self.entries += 1;
        self.bytes = self.bytes.saturating_add(size);
        if self.entries > MOST_ENTRIES {
            return Err(too_much(field, format!("it holds more than {MOST_ENTRIES} files")));
        }
        if self.bytes > MOST_BYTES.min(LONGEST_UPLOAD) {
            return Err(too_much(field, format!("unpacked, it is larger than {} MiB", MOST_BYTES.min(LONGEST_UPLOAD) >> 20)));
        }
        Ok(())
    }

    /// Ends it; the file lies in the folder of the work.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn end(self) -> Outcome<PathBuf> {
        let Self { path, archive, .. } = self;
        archive.into_inner().and_then(|mut file| file.flush()).map_err(|e| written(&path, &e))?;
        Ok(path)
    }
}

/// The parts of a path in a zip; none where it leads out.
fn parts(name: &str) -> Option<Vec<String>> {
    if name.starts_with('/') || name.contains('\\') || name.contains('\0') || name.as_bytes().get(1) == Some(&b':') {
        return None;
    }
    let parts: Vec<String> = name.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect();
    if parts.iter().any(|part| part == "..") { None } else { Some(parts) }
}

/// What desktops leave in folders and zips.
fn is_litter(name: &str) -> bool {
    matches!(name, "__MACOSX" | ".DS_Store" | "Thumbs.db" | "desktop.ini")
}

struct Counted<'a, R> {
    inner: &'a mut R,
    count: u64,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count += count as u64;
        Ok(count)
    }
}

fn written(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("{}: {error}", path.display()), "see that the disk has room; TMPDIR chooses another place")
}

fn too_much(field: &str, why: String) -> Failure {
    Failure::usage(field, why, "leave out what a web site does not serve, such as node_modules and sources of pictures")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;
    use zip::write::SimpleFileOptions;

    fn zipped(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in files {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        let path = folder.path().join("municipio-7.10.zip");
        fs::write(&path, writer.finish().unwrap().into_inner()).unwrap();
        (folder, path)
    }

    fn packed(files: &[(&str, &str)], named: Option<&str>) -> Outcome<Vec<String>> {
        let (_keep, path) = zipped(files);
        let source = Source::Zip(path);
        let work = Folder::new()?;
        let mut pack = Pack::new(&work)?;
        pack.component("theme", "themes", &source, named, &source.stem())?;
        let tar = fs::read(pack.end()?).unwrap();
        let mut archive = tar::Archive::new(tar.as_slice());
        Ok(archive.entries().unwrap().map(|e| e.unwrap().path().unwrap().display().to_string()).collect())
    }

    #[test]
    fn the_folder_in_a_zip_names_the_theme() {
        let files = [("hbg/style.css", "a"), ("hbg/parts/a.html", "b"), ("__MACOSX/hbg/._style.css", "c"), ("hbg/.DS_Store", "d")];
        assert_eq!(packed(&files, None).unwrap(), ["themes/hbg/style.css", "themes/hbg/parts/a.html"]);
        assert_eq!(packed(&files, Some("x")).unwrap(), ["themes/x/style.css", "themes/x/parts/a.html"]);
        assert_eq!(packed(&[("style.css", "a")], None).unwrap(), ["themes/municipio-7.10/style.css"]);
    }

    #[test]
    fn a_zip_that_leads_out_or_is_none_is_refused() {
        for bad in ["../evil.php", "hbg/../../evil.php", "/etc/passwd", "a\\b", "C:evil"] {
            let Err(Failure::Usage(error)) = packed(&[(bad, "x")], None) else { panic!("{bad} is taken") };
            assert!(error.message.contains("leads out"), "{error}");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.zip");
        fs::write(&path, "no zip").unwrap();
        let work = Folder::new().unwrap();
        assert!(Pack::new(&work).unwrap().component("theme", "themes", &Source::Zip(path), None, "x").is_err());
    }

    #[test]
    fn a_bomb_is_refused_before_it_goes_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bomb.zip");
        let mut writer = zip::ZipWriter::new(File::create(&path).unwrap());
        let zeros = vec![0_u8; 1 << 20];
        for name in ["a", "b"] {
            writer.start_file(format!("hbg/{name}"), SimpleFileOptions::default()).unwrap();
            for _ in 0..300 {
                writer.write_all(&zeros).unwrap();
            }
        }
        writer.finish().unwrap();
        assert!(fs::metadata(&path).unwrap().len() < 4 << 20);
        let work = Folder::new().unwrap();
        let Err(Failure::Usage(error)) = Pack::new(&work).unwrap().component("theme", "themes", &Source::Zip(path), None, "x") else {
            panic!("taken")
        };
        assert!(error.message.contains("larger than"), "{error}");
    }
}
