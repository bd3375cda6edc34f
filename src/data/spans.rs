//! Elements here and there of an area whose elements lie one behind the other: those near to each other are read and
//! written together, with what is between them.

use crate::base::{Address, Result, byte_count};
use crate::convert::Plan;
use crate::engine::Core;
use crate::select::{Run, Wanted};

use super::sink::{self, Band, Written};

/// Stretches have at most about this many bytes.
const PIECE: usize = 256 << 10;
/// Bytes between two runs that are read rather than left out.
const READ_GAP: usize = 4 << 10;
/// The same for those that are written again, which may have to wait in memory.
const WRITE_GAP: usize = 256;

/// Runs that are dealt with at once.
struct Span<'r> {
    runs: &'r [Run],
    /// The first element and the one behind the last.
    first: usize,
    end: usize,
}

/// Calls `f` for runs that have at most so many bytes between them.
fn for_each_span(
    wanted: &impl Wanted,
    (corner, size): (&[u64], &[u64]),
    element: usize,
    gap: usize,
    mut f: impl FnMut(Span<'_>) -> Result<()>,
) -> Result<()> {
    let (most, gap) = (PIECE / element.max(1), gap / element.max(1));
    let (mut runs, mut first, mut end) = (Vec::new(), 0, 0usize);
    wanted.for_each_run(corner, size, 0, |run| {
        for run in run.pieces(most) {
            let next = run.file + run.span();
            let is_near = run.file <= end.saturating_add(gap) && next - first <= most;
            if !runs.is_empty() && !is_near {
                f(Span { runs: &runs, first, end })?;
                runs.clear();
            }
            if runs.is_empty() {
                (first, end) = (run.file, run.file);
            }
            end = end.max(next);
            runs.push(run);
        }
        Ok(())
    })?;
    if runs.is_empty() { Ok(()) } else { f(Span { runs: &runs, first, end }) }
}

/// Reads what is wanted of an area.
pub(super) fn read_spans(
    wanted: &impl Wanted,
    area: (&[u64], &[u64]),
    read_at: &dyn Fn(u64, &mut [u8]) -> Result<()>,
    plan: &Plan,
    band: Band<'_>,
) -> Result<()> {
    let (from, to) = (plan.source_size(), plan.target_size());
    let (mut buffer, mut packed) = (Vec::new(), Vec::new());
    for_each_span(wanted, area, from, READ_GAP, |span| {
        buffer.resize((span.end - span.first) * from, 0);
        read_at(byte_count(span.first as u64, from)?, &mut buffer)?;
        for run in span.runs {
            let target = &mut band.bytes[run.memory * to..][..run.len() * to];
            sink::take_run(Run { file: run.file - span.first, ..*run }, &buffer, plan, target, &mut packed);
        }
        Ok(())
    })
}

/// Writes what is wanted of an array of a shape that begins at an address.
pub(super) fn write_spans(
    core: &mut Core,
    address: Address,
    wanted: &impl Wanted,
    shape: &[u64],
    written: &Written<'_>,
    element: usize,
) -> Result<()> {
    let origin = vec![0; shape.len()];
    let mut buffer = Vec::new();
    for_each_span(wanted, (&origin, shape), element, WRITE_GAP, |span| {
        let at = address.plus(byte_count(span.first as u64, element)?)?;
        buffer.resize((span.end - span.first) * element, 0);
        let is_whole = matches!(span.runs, [run] if run.blocks == 1);
        if !is_whole {
            core.read_raw(at, &mut buffer)?;
        }
        for run in span.runs {
            written.put(Run { file: run.file - span.first, ..*run }, element, &mut buffer);
        }
        core.write_raw(at, &buffer)
    })
}
