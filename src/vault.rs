// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Secrets: made from the system's randomness, sealed with XChaCha20-Poly1305 before they are stored, bound to their owner
//! and name so that one cannot stand in another's place, and written to files for the containers that need them.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use jiff::Timestamp;
use rand::RngExt;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    error::{Error, FieldError, OutsideKind, Result},
    store::{
        Store,
        secrets::{self, Sealed},
    },
};

const NONCE: usize = 24;

/// A master key: 32 random bytes, written as 64 hex digits.
#[derive(Clone)]
pub struct MasterKey {
    id: String,
    cipher: XChaCha20Poly1305,
}

impl MasterKey {
    /// Reads a key from its text.
    ///
    /// # Errors
    /// Names the field `secrets.key` when the text is not 64 hex digits. The text itself is never in the error.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let text = text.trim();
        let bad = || {
            FieldError::new(
                "secrets.key",
                "invalid-key",
                "the master key is not 64 hex digits",
                "make one with `flotta secret new-key`, or restore the right file",
            )
        };
        if text.len() != 64 {
            return Err(bad());
        }
        let bytes: Zeroizing<Vec<u8>> = Zeroizing::new(
            (0..32)
                .map(|i| text.get(2 * i..2 * i + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
                .collect::<Option<_>>()
                .ok_or_else(bad)?,
        );
        let cipher = XChaCha20Poly1305::new_from_slice(&bytes).map_err(|_| bad())?;
        Ok(Self { id: hex(&Sha256::digest(&bytes))[..16].to_owned(), cipher })
    }

    /// The text of a new key.
    #[must_use]
    pub fn generate() -> SecretString {
        let bytes: [u8; 32] = rand::rng().random();
        hex(&bytes).into()
    }

    /// Names the key without telling it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// Seals and opens. Cheap to clone.
#[derive(Clone)]
pub struct Vault {
    current: MasterKey,
    previous: Vec<MasterKey>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({})", self.current.id)
    }
}

impl Vault {
    /// A vault that seals with `current` and also opens what `previous` keys sealed.
    #[must_use]
    pub fn new(current: MasterKey, previous: Vec<MasterKey>) -> Self {
        Self { current, previous }
    }

    /// Seals one secret.
    ///
    /// # Errors
    /// Only if the cipher refuses, which it does not for texts of this size.
    pub fn seal(&self, owner: &str, name: &str, secret: &SecretString) -> Result<Sealed> {
        let nonce: [u8; NONCE] = rand::rng().random();
        let payload = Payload { msg: secret.expose_secret().as_bytes(), aad: &bound_to(owner, name) };
        let sealed = self
            .current
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Error::Internal("a secret could not be sealed".into()))?;
        let ciphertext = BASE64.encode([&nonce[..], &sealed].concat());
        Ok(Sealed { owner: owner.to_owned(), name: name.to_owned(), key_id: self.current.id.clone(), ciphertext })
    }

    /// Opens one secret.
    ///
    /// # Errors
    /// When its key is not here, or it was changed.
    pub fn open(&self, sealed: &Sealed) -> Result<SecretString> {
        let key = std::iter::once(&self.current).chain(&self.previous).find(|key| key.id == sealed.key_id).ok_or_else(|| {
            Error::outside(
                "vault",
                OutsideKind::Refused,
                format!(
                    "secret `{}` was sealed with the master key {}, which is not configured; add its file to secrets.previous_key_files",
                    sealed.name, sealed.key_id
                ),
            )
        })?;
        let damaged = || {
            Error::outside("vault", OutsideKind::Refused, format!("secret `{}` of {} is damaged or not its own", sealed.name, sealed.owner))
        };
        let bytes = BASE64.decode(&sealed.ciphertext).map_err(|_| damaged())?;
        let (nonce, text) = bytes.split_at_checked(NONCE).ok_or_else(damaged)?;
        let nonce = <[u8; NONCE]>::try_from(nonce).map_err(|_| damaged())?;
        let payload = Payload { msg: text, aad: &bound_to(&sealed.owner, &sealed.name) };
        let plain = key.cipher.decrypt(&XNonce::from(nonce), payload).map_err(|_| damaged())?;
        String::from_utf8(plain).map(SecretString::from).map_err(|_| damaged())
    }

    /// The secrets of an owner, by name; those of `names` that are missing are made and stored first.
    ///
    /// # Errors
    /// When the store fails or a secret cannot be opened.
    pub async fn ensure(&self, store: &Store, owner: &str, names: &[&str], now: Timestamp) -> Result<BTreeMap<String, SecretString>> {
        let there = secrets::of(store, owner).await?;
        let missing: Vec<_> = names.iter().filter(|name| there.iter().all(|s| s.name != **name)).collect();
        if !missing.is_empty() {
            let new = missing.iter().map(|name| self.seal(owner, name, &random_secret())).collect::<Result<Vec<_>>>()?;
            secrets::add(store, &new, now).await?;
        }
        self.all(store, owner).await
    }

    /// The secrets of an owner, by name.
    ///
    /// # Errors
    /// When the store fails or a secret cannot be opened.
    pub async fn all(&self, store: &Store, owner: &str) -> Result<BTreeMap<String, SecretString>> {
        secrets::of(store, owner).await?.into_iter().map(|s| Ok((s.name.clone(), self.open(&s)?))).collect()
    }

    /// Seals everything anew with the current key. Gives how many were.
    ///
    /// # Errors
    /// When a secret cannot be opened; those before it are done, and a repeat goes on.
    pub async fn rotate(&self, store: &Store) -> Result<usize> {
        let mut count = 0;
        for old in secrets::all(store).await?.into_iter().filter(|s| s.key_id != self.current.id) {
            let new = self.seal(&old.owner, &old.name, &self.open(&old)?)?;
            count += usize::from(secrets::replace(store, &old, &new).await?);
        }
        Ok(count)
    }
}

fn bound_to(owner: &str, name: &str) -> Vec<u8> {
    [owner.as_bytes(), &[0], name.as_bytes()].concat()
}

/// 48 letters and digits, the first a letter (some images turn a password of digits into a number): 285 bits.
#[must_use]
pub fn random_secret() -> SecretString {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let mut rng = rand::rng();
    (0..48).map(|i| char::from(LETTERS[rng.random_range(0..if i == 0 { 52 } else { LETTERS.len() })])).collect::<String>().into()
}

/// Bytes as lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Writes an owner's secrets as one file each into a folder that only root can enter from the host; the files themselves are
/// readable, since the container's user is the image's own choice. Files that are right already are left alone.
///
/// # Errors
/// When the folder cannot be written.
pub fn write_files(folder: &Path, secrets: &BTreeMap<String, SecretString>) -> Result<()> {
    let failed = |e: std::io::Error| {
        let kind = if e.kind() == std::io::ErrorKind::StorageFull { OutsideKind::Full } else { OutsideKind::Refused };
        Error::outside("files", kind, format!("{}: {e}", folder.display()))
    };
    private_folder(folder.parent().unwrap_or(folder)).map_err(failed)?;
    fs::create_dir_all(folder).map_err(failed)?;
    // Set, not left to the process's umask, which may keep the container's user out.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).map_err(failed)?;
    for (name, secret) in secrets {
        let path = folder.join(name);
        if fs::read(&path).is_ok_and(|there| there == secret.expose_secret().as_bytes()) {
            continue;
        }
        let fresh = folder.join(format!(".{name}.new"));
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o444).open(&fresh).map_err(failed)?;
        fs::set_permissions(&fresh, fs::Permissions::from_mode(0o444)).map_err(failed)?;
        file.write_all(secret.expose_secret().as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&fresh, &path).map_err(failed)?;
    }
    Ok(())
}

/// Makes a folder that only its owner can enter.
///
/// # Errors
/// When it cannot be made.
pub fn private_folder(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> Vault {
        Vault::new(MasterKey::parse(MasterKey::generate().expose_secret()).unwrap(), Vec::new())
    }

    #[test]
    fn what_was_sealed_opens_only_for_its_owner_name_and_key() {
        let vault = vault();
        let secret = random_secret();
        let sealed = vault.seal("a", "db_password", &secret).unwrap();
        assert_eq!(vault.open(&sealed).unwrap().expose_secret(), secret.expose_secret());
        assert!(vault.open(&Sealed { owner: "b".into(), ..sealed.clone() }).is_err());
        assert!(vault.open(&Sealed { name: "agent_key".into(), ..sealed.clone() }).is_err());
        assert!(super::tests::vault().open(&sealed).is_err());
        assert!(!sealed.ciphertext.contains(secret.expose_secret()));
    }

    #[test]
    fn a_previous_key_still_opens() {
        let old = MasterKey::parse(MasterKey::generate().expose_secret()).unwrap();
        let sealed = Vault::new(old.clone(), Vec::new()).seal("a", "x", &"secret".into()).unwrap();
        let new = Vault::new(MasterKey::parse(MasterKey::generate().expose_secret()).unwrap(), vec![old]);
        assert_eq!(new.open(&sealed).unwrap().expose_secret(), "secret");
    }

    #[test]
    fn generated_secrets_start_with_a_letter() {
        for _ in 0..200 {
            assert!(random_secret().expose_secret().starts_with(|c: char| c.is_ascii_alphabetic()));
        }
    }
}
