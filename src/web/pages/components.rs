// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Every component with made-up content.

use actix_web::web::Data;

use crate::web::{Web, problem::Answer, view::models::ComponentsPage, visit::Visit};

/// The page of components.
pub async fn show(web: Data<Web>, visit: Visit) -> Answer {
    visit.page(&web, &ComponentsPage::new(web.views.assets().icons(), web.now()))
}
