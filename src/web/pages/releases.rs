// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Releases: all of them, and registering one.

use std::collections::HashMap;

use actix_web::web::{Data, Form};

use super::form::{Refused, refused};
use crate::{
    access::Caller,
    error::{FieldError, Result},
    fleet::{Channel, access::Permission},
    releases::Register,
    store,
    web::{
        Web,
        api::{self, shapes},
        guard::Note,
        problem::Answer,
        view::models::{Notice, ReleaseForm, ReleaseRow, ReleasesPage},
        visit::{Visit, see_other_with},
    },
};

/// All releases.
pub async fn list(web: Data<Web>, visit: Visit, caller: Caller) -> Answer {
    visit.page(&web, &page(&web, &caller, ReleaseForm::default(), Vec::new()).await?)
}

/// Registers one.
pub async fn register(web: Data<Web>, visit: Visit, caller: Caller, note: Note, form: Form<ReleaseForm>) -> Answer {
    let form = form.into_inner();
    let outcome = match wanted(&form) {
        Ok(wanted) => api::releases::registered(&web, &note, &wanted).await,
        Err(error) => Err(error.into()),
    };
    let error = match outcome {
        Ok(_) => return Ok(see_other_with("/releases", Notice::ReleaseRegistered)),
        Err(error) => error,
    };
    let Refused { status, errors } = refused(&note, error)?;
    let errors = errors.into_iter().map(|e| if e.field == "name" { e.at("release") } else { e }).collect();
    visit.page_as(&web, status, &page(&web, &caller, form, errors).await?)
}

fn wanted(form: &ReleaseForm) -> Result<Register, FieldError> {
    let given = |text: &str| Some(text.trim()).filter(|t| !t.is_empty()).map(str::to_owned);
    let stable = match given(&form.channel).map(|c| c.parse::<Channel>()).transpose()? {
        None | Some(Channel::Candidate) => false,
        Some(Channel::Stable) => true,
        Some(Channel::Retired) => {
            return Err(FieldError::new("channel", "invalid-channel", "a new release cannot be retired", "choose candidate or stable"));
        }
    };
    Ok(Register { image: form.image.clone(), name: given(&form.release), contract: given(&form.contract), stable })
}

async fn page(web: &Web, caller: &Caller, form: ReleaseForm, errors: Vec<FieldError>) -> Result<ReleasesPage> {
    let releases = store::every(async |page| store::releases::list(web.store(), page).await).await?;
    let default = store::releases::newest_stable(web.store()).await?.map(|r| r.id);
    let mut running: HashMap<_, usize> = HashMap::new();
    for instance in shapes::by_release(web, &caller.principal.scope()).await? {
        *running.entry(instance.release).or_default() += 1;
    }
    let rows = releases.into_iter().map(|r| ReleaseRow {
        instances: running.get(&r.id).copied().unwrap_or_default(),
        is_default: Some(r.id) == default,
        name: r.name,
        image: r.image,
        image_id: r.image_id,
        contract: r.contract,
        channel: r.channel,
        created_at: r.created_at,
    });
    Ok(ReleasesPage {
        rows: rows.collect(),
        may_register: caller.principal.may(Permission::ManageReleases),
        form,
        errors,
        command: "flotta release list".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_empty_is_left_to_the_image() {
        let form = ReleaseForm { image: "flotta/wordpress:6.8".to_owned(), release: "  ".to_owned(), ..ReleaseForm::default() };
        let expected = Register { image: form.image.clone(), ..Register::default() };
        assert_eq!(wanted(&form).unwrap(), expected);
        let of = |channel: &str| wanted(&ReleaseForm { channel: channel.to_owned(), ..ReleaseForm::default() });
        assert!(of("stable").unwrap().stable && !of("candidate").unwrap().stable);
        for bad in ["retired", "beta"] {
            assert_eq!(of(bad).unwrap_err().field, "channel");
        }
    }
}
