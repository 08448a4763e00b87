// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Images of the simulated engine: their files, and how new ones are built.

use std::{collections::BTreeMap, io::Read};

use super::{State, World, image_id, refused};
use crate::{
    error::{Error, Result},
    fleet::container::{ImageBuild, ImageState, NamedImage},
};

const SYSTEM: &str = "engine";

/// Files by path from the root, without a leading slash.
pub(in crate::drivers) type Files = BTreeMap<String, Vec<u8>>;

/// What the simulated release image holds.
pub(super) fn wordpress() -> Files {
    let site = "var/www/html";
    [
        (format!("{site}/wp-includes/version.php"), "<?php\n$wp_version = '6.8.3';\n$wp_db_version = 60421;\n"),
        (
            format!("{site}/wp-content/themes/twentytwentyfive/style.css"),
            "/*\nTheme Name: Twenty Twenty-Five\nVersion: 1.3\nRequires at least: 6.7\nRequires PHP: 7.2\nLicense: GNU General Public License v2 or later\n*/\n",
        ),
        (format!("{site}/wp-content/mu-plugins/flotta-agent.php"), ""),
        (
            "var/lib/dpkg/status".to_owned(),
            "Package: php8.4-fpm\nStatus: install ok installed\nArchitecture: amd64\nSource: php8.4\nVersion: 8.4.11-1\n\nPackage: lighttpd\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.4.79-2\n",
        ),
    ]
    .into_iter()
    .map(|(path, text)| (path, text.as_bytes().to_vec()))
    .collect()
}

impl World {
    /// Puts files into an image, by its name; paths are written from the root, without a leading slash.
    pub fn put_image_files(&self, reference: &str, files: BTreeMap<String, Vec<u8>>) {
        let mut state = self.lock();
        if let Some(id) = state.engine.find_image(reference).map(|image| image.id.clone()) {
            state.engine.image_files.entry(id).or_default().extend(files);
        }
    }
}

impl State {
    /// Builds as the real engine would: the steps `FROM`, `COPY folder/ /folder/` and `RUN rm -rf 'paths'` have their effect, a
    /// `RUN` that says `exit 1` fails, others do nothing.
    pub(in crate::drivers) fn build_image(&mut self, build: &ImageBuild, context: &[u8]) -> Result<Vec<String>> {
        let files = unpack(context).map_err(|e| refused(SYSTEM, format!("the context cannot be read: {e}")))?;
        let text = files.get("Dockerfile").ok_or_else(|| refused(SYSTEM, "the context holds no Dockerfile"))?;
        let text = String::from_utf8_lossy(text).into_owned();
        let mut log = Vec::new();
        let mut image: Option<ImageState> = None;
        let mut inside = Files::new();
        for step in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            log.push(format!("Step {} : {step}", log.len() + 1));
            let (word, rest) = step.split_once(' ').unwrap_or((step, ""));
            if let Some(image) = image.as_mut().filter(|_| ["RUN", "COPY"].contains(&word)) {
                image.layers += 1;
            }
            match word.to_ascii_uppercase().as_str() {
                "FROM" if rest == "scratch" => {
                    image = Some(ImageState {
                        id: String::new(),
                        labels: BTreeMap::new(),
                        environment: Vec::new(),
                        user: String::new(),
                        layers: 0,
                    });
                }
                "FROM" => {
                    let found = self.engine.find_image(rest).ok_or_else(|| refused(SYSTEM, format!("manifest for {rest} not found")))?;
                    inside = self.engine.image_files.get(&found.id).cloned().unwrap_or_default();
                    image = Some(found.clone());
                }
                "RUN" if rest.contains("exit 1") => {
                    return Err(refused(SYSTEM, format!("The command '/bin/sh -c {rest}' returned a non-zero code: 1")));
                }
                "RUN" => {
                    for path in rest.strip_prefix("rm -rf ").unwrap_or_default().split(' ') {
                        let path = path.trim_matches(['\'', '/']);
                        inside.retain(|file, _| path.is_empty() || !file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')));
                    }
                }
                "COPY" => {
                    let (from, to) = rest.split_once(' ').unwrap_or((rest, "/"));
                    let (from, to) = (from.trim_start_matches("./"), to.trim_matches('/'));
                    for (path, bytes) in &files {
                        if path == from {
                            inside.insert(to.to_owned(), bytes.clone());
                        } else if let Some(rest) = path.strip_prefix(from) {
                            inside.insert(format!("{to}/{rest}"), bytes.clone());
                        }
                    }
                }
                "LABEL" => {
                    let (key, value) = rest.split_once('=').unwrap_or((rest, ""));
                    if let Some(image) = &mut image {
                        image.labels.insert(key.to_owned(), value.trim_matches('"').to_owned());
                    }
                }
                _ => {}
            }
        }
        let mut image = image.ok_or_else(|| refused(SYSTEM, "no build stage in the Dockerfile"))?;
        self.need_disk(SYSTEM, 16_384)?;
        image.labels.extend(build.labels.clone());
        image.id = image_id(&format!("{:?} {:?}", image.labels, inside));
        log.push(format!("Successfully tagged {}", build.reference));
        self.count(format!("image built {}", build.reference));
        self.engine.image_files.insert(image.id.clone(), inside);
        self.engine.images.insert(build.reference.clone(), image);
        Ok(log)
    }

    pub(in crate::drivers) fn remove_image(&mut self, reference: &str) -> Result<()> {
        let Some(image) = self.engine.images.get(reference).cloned() else { return Ok(()) };
        let last = self.engine.images.values().filter(|other| other.id == image.id).count() == 1;
        if last && let Some(user) = self.engine.containers.values().find(|c| c.state.image == image.id) {
            return Err(Error::outside(SYSTEM, crate::error::OutsideKind::Conflict, format!("container {} uses it", user.spec.name)));
        }
        self.engine.images.remove(reference);
        if last {
            self.engine.image_files.remove(&image.id);
        }
        self.count(format!("image removed {reference}"));
        Ok(())
    }

    pub(in crate::drivers) fn images_of(&self, repository: &str) -> Vec<NamedImage> {
        let prefix = format!("{repository}:");
        let all = self.engine.images.iter().filter(|(reference, _)| reference.starts_with(&prefix));
        all.map(|(reference, image)| NamedImage { reference: reference.clone(), id: image.id.clone(), created: 0 }).collect()
    }
}

fn unpack(context: &[u8]) -> std::io::Result<Files> {
    let mut files = Files::new();
    for entry in tar::Archive::new(context).entries()? {
        let mut entry = entry?;
        if entry.header().entry_type().is_file() {
            let path = entry.path()?.to_string_lossy().trim_start_matches("./").to_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            files.insert(path, bytes);
        }
    }
    Ok(files)
}
