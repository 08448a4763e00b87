// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What was seen, kept small: a byte for each sample, a block for each municipality and hour, figures for each hour and day after
//! that.

pub mod block;
pub mod byte;
pub mod figures;
pub mod ledger;
pub mod sheet;

pub use block::Block;
pub use figures::{Counts, Figures};
pub use ledger::Ledger;
pub use sheet::Sheet;
