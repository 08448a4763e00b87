// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Named points at which a test can end the runner as `kill -9` would: nothing after the point happens.

use crate::fleet::{Direction, Operation};

/// Where in a step the runner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Point {
    /// Before the intent is written.
    BeforeIntent,
    /// After the intent is written, before anything is done.
    AfterIntent,
    /// After it is done, before that is written.
    AfterEffect,
    /// After that is written.
    AfterDone,
}

impl Point {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::BeforeIntent, Self::AfterIntent, Self::AfterEffect, Self::AfterDone];
}

/// Asked at every point.
pub trait Interrupt: Send + Sync + 'static {
    /// Whether the runner ends here.
    fn ends(&self, point: Point, operation: &Operation, step: &str, direction: Direction) -> bool;
}

/// Production: never.
#[derive(Clone, Copy, Debug, Default)]
pub struct Never;

impl Interrupt for Never {
    fn ends(&self, _: Point, _: &Operation, _: &str, _: Direction) -> bool {
        false
    }
}
