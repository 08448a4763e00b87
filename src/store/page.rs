// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Pages of lists.

use serde::{Deserialize, Serialize};

use crate::error::{FieldError, Result};

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRequest {
    /// Counts from 1.
    pub page: u32,
    /// Rows on a page, 1–500.
    pub per_page: u32,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { page: 1, per_page: 100 }
    }
}

impl PageRequest {
    /// Checks the ranges.
    ///
    /// # Errors
    /// Names `page` or `per_page`.
    pub fn new(page: Option<u32>, per_page: Option<u32>) -> Result<Self, FieldError> {
        let request = Self { page: page.unwrap_or(1), per_page: per_page.unwrap_or(100) };
        if !(1..=1_000_000).contains(&request.page) {
            return Err(FieldError::new("page", "out-of-range", format!("there is no page {}", request.page), "count pages from 1"));
        }
        if !(1..=500).contains(&request.per_page) {
            return Err(FieldError::new("per_page", "out-of-range", format!("{} rows a page", request.per_page), "ask for 1 to 500 rows"));
        }
        Ok(request)
    }

    pub(super) fn offset(self) -> i64 {
        i64::from(self.page - 1) * i64::from(self.per_page)
    }

    pub(super) fn limit(self) -> i64 {
        i64::from(self.per_page)
    }
}

/// Every row of a list, read page by page; for pages that show the whole of a list that is never long.
///
/// # Errors
/// Whatever reading gives.
pub async fn every<T>(read: impl AsyncFn(PageRequest) -> Result<Page<T>>) -> Result<Vec<T>> {
    let mut rows = Vec::new();
    let mut request = PageRequest { page: 1, per_page: 500 };
    loop {
        let page = read(request).await?;
        let last = page.items.len() < 500;
        rows.extend(page.items);
        if last {
            return Ok(rows);
        }
        request.page += 1;
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Which page this is, from 1.
    pub page: u32,
    /// Rows on a full page.
    pub per_page: u32,
    /// Rows in all.
    pub total: i64,
}

impl<T> Page<T> {
    pub(super) fn new(items: Vec<T>, request: PageRequest, total: i64) -> Self {
        Self { items, page: request.page, per_page: request.per_page, total }
    }

    /// The same page with every row turned into something else.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), page: self.page, per_page: self.per_page, total: self.total }
    }
}
