//! How long to wait for a provider: the whole, and the parts that one mapping states. It waits
//! for nothing itself.

use model::{Place, Problem};

use crate::located::Located;
use crate::mention::Sheet;
use crate::yaml::Node;
use crate::{code, problem};

/// How long to wait for a provider, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To connect.
    pub connect_ms: u64,
    /// To the head of the answer.
    pub first_byte_ms: u64,
    /// Silence within an answer.
    pub idle_ms: u64,
    /// For a whole call; not less than any of the others.
    pub total_ms: u64,
}

/// The timeouts that one mapping states, each where it is written. What it leaves out comes from
/// elsewhere: from the defaults for a provider, from the provider for a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedTimeouts {
    /// To connect, in milliseconds.
    pub connect_ms: Option<Located<u64>>,
    /// To the head of the answer, in milliseconds.
    pub first_byte_ms: Option<Located<u64>>,
    /// Silence within an answer, in milliseconds.
    pub idle_ms: Option<Located<u64>>,
    /// For a whole call, in milliseconds.
    pub total_ms: Option<Located<u64>>,
    /// The mapping.
    pub place: Place,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect_ms: 5_000, first_byte_ms: 60_000, idle_ms: 60_000, total_ms: 600_000 }
    }
}

impl StatedTimeouts {
    /// The timeouts that hold: what is stated, and `base` for the rest.
    #[must_use]
    pub fn over(&self, base: Timeouts) -> Timeouts {
        let part =
            |stated: &Option<Located<u64>>, base| stated.as_ref().map_or(base, |ms| ms.value);
        Timeouts {
            connect_ms: part(&self.connect_ms, base.connect_ms),
            first_byte_ms: part(&self.first_byte_ms, base.first_byte_ms),
            idle_ms: part(&self.idle_ms, base.idle_ms),
            total_ms: part(&self.total_ms, base.total_ms),
        }
    }

    /// What is wrong with them over `base`: no part of a call may last longer than the whole.
    pub(crate) fn problems(&self, base: Timeouts) -> impl Iterator<Item = Problem> {
        let whole = self.over(base);
        let total_ms = whole.total_ms;
        let parts = [
            ("connect_ms", &self.connect_ms, whole.connect_ms),
            ("first_byte_ms", &self.first_byte_ms, whole.first_byte_ms),
            ("idle_ms", &self.idle_ms, whole.idle_ms),
        ];
        parts.into_iter().filter(move |(_, _, longer)| *longer > total_ms).map(
            move |(name, stated, longer)| {
                let at =
                    stated.as_ref().or(self.total_ms.as_ref()).map_or(&self.place, |ms| &ms.place);
                let what = format!(
                    "`{name}` is {longer}, longer than the whole call (`total_ms` is {total_ms})"
                );
                let help = "raise `total_ms` or lower the other";
                problem::at(at.clone(), code::BAD_VALUE, what, help)
            },
        )
    }
}

/// Reads the mapping at `node`, whose fields the table lists under `parent`: what it states, and
/// whether all of that could be read.
pub(crate) fn read(
    sheet: &mut Sheet<'_>,
    node: &Node,
    parent: &str,
) -> Option<(StatedTimeouts, bool)> {
    let fields = sheet.fields(node, parent)?;
    let mut whole = true;
    let mut part = |name, low, high| {
        let node = fields.get(name)?;
        let place = sheet.reader.place(node.at);
        let read = sheet.reader.integer(node, low..=high);
        whole &= read.is_some();
        // Stated, but nobody knows as what: as 0, it is longer than nothing, and what was
        // reported already is not reported again.
        (read.is_some() || name != "total_ms").then(|| Located { value: read.unwrap_or(0), place })
    };
    let stated = StatedTimeouts {
        connect_ms: part("connect_ms", 100, 60_000),
        first_byte_ms: part("first_byte_ms", 1_000, 600_000),
        idle_ms: part("idle_ms", 1_000, 600_000),
        total_ms: part("total_ms", 1_000, 3_600_000),
        place: sheet.reader.place(node.at),
    };
    Some((stated, whole))
}
