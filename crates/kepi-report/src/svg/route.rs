//! Routing links between boxes in lanes so that no link crosses a box.
//!
//! Links run in horizontal gutters above and below lanes and cross a lane only in the gaps between its boxes. In a
//! gutter each link has a track of its own where it would otherwise lie on another.

/// A box: its lane, left edge and width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Placed {
    pub lane: usize,
    pub left: f64,
    pub width: f64,
}

/// A link from one box to another, by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wire {
    pub from: usize,
    pub to: usize,
}

/// Vertical measures of the drawing: all in units of the picture.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    /// Top of each lane's boxes.
    pub tops: Vec<f64>,
    /// Points of each link, from cause to effect; the last two give the direction of the arrow.
    pub paths: Vec<Vec<(f64, f64)>>,
    /// Total height.
    pub height: f64,
}

/// Height of a box.
pub(crate) const BOX_HEIGHT: f64 = 62.0;
/// Distance of tracks in a gutter.
const TRACK: f64 = 13.0;
/// Air between a lane's boxes and the nearest track.
const AIR: f64 = 24.0;

/// A horizontal piece of a link in a gutter. Gutter `g` lies above lane `g`; the last one below the last lane.
#[derive(Debug, Clone, Copy)]
struct Piece {
    wire: usize,
    gutter: usize,
    from: f64,
    to: f64,
}

/// Routes all links among boxes.
pub(crate) fn route(boxes: &[Placed], lanes: usize, wires: &[Wire]) -> Plan {
    let ports = ports(boxes, wires);
    let mut pieces: Vec<Piece> = Vec::new();
    for (index, wire) in wires.iter().enumerate() {
        let (Some(a), Some(b), Some((start, end))) =
            (boxes.get(wire.from), boxes.get(wire.to), ports.get(index))
        else {
            continue;
        };
        let mut at = *start;
        let gutters = gutters(a.lane, b.lane);
        for (i, gutter) in gutters.iter().enumerate() {
            let last = i + 1 == gutters.len();
            // Between this gutter and the next lies one lane, to be crossed in a gap.
            let next = if last {
                *end
            } else {
                let lane =
                    if gutters.get(i + 1).is_some_and(|next| next > gutter) { *gutter } else { gutter - 1 };
                gap(boxes, lane, (at + end) / 2.0, index)
            };
            pieces.push(Piece { wire: index, gutter: *gutter, from: at, to: next });
            at = next;
        }
    }
    let tracks = tracks(&pieces, lanes + 1);
    let used: Vec<usize> = (0..=lanes)
        .map(|g| {
            pieces.iter().zip(&tracks).filter(|(p, _)| p.gutter == g).map(|(_, t)| t + 1).max().unwrap_or(0)
        })
        .collect();
    let (mut y, mut tops, mut gutter_tops) = (0.0, Vec::new(), Vec::new());
    for (gutter, count) in used.iter().enumerate() {
        gutter_tops.push(y);
        let outer = gutter == 0 || gutter == lanes;
        y += if outer && *count == 0 { AIR } else { 2.0 * AIR + TRACK * count.saturating_sub(1) as f64 };
        if gutter < lanes {
            tops.push(y);
            y += BOX_HEIGHT;
        }
    }
    let track_y = |gutter: usize, track: usize| {
        gutter_tops.get(gutter).copied().unwrap_or(0.0) + AIR + TRACK * track as f64
    };
    let paths = wires
        .iter()
        .enumerate()
        .map(|(index, wire)| {
            let (Some(a), Some(b), Some((start, end))) =
                (boxes.get(wire.from), boxes.get(wire.to), ports.get(index))
            else {
                return Vec::new();
            };
            let lane_top = |lane: usize| tops.get(lane).copied().unwrap_or(0.0);
            let all = gutters(a.lane, b.lane);
            let edge = |placed: &Placed, gutter: Option<&usize>| {
                if gutter.is_some_and(|g| *g <= placed.lane) {
                    lane_top(placed.lane)
                } else {
                    lane_top(placed.lane) + BOX_HEIGHT
                }
            };
            let mut points = vec![(*start, edge(a, all.first()))];
            for (piece, track) in pieces.iter().zip(&tracks).filter(|(p, _)| p.wire == index) {
                let y = track_y(piece.gutter, *track);
                points.push((piece.from, y));
                points.push((piece.to, y));
            }
            points.push((*end, edge(b, all.last())));
            points
        })
        .collect();
    Plan { tops, paths, height: y }
}

/// The gutters that a link runs through, in order. Within a lane it runs above it.
fn gutters(from: usize, to: usize) -> Vec<usize> {
    if from == to {
        vec![from]
    } else if to < from {
        ((to + 1)..=from).rev().collect()
    } else {
        ((from + 1)..=to).collect()
    }
}

/// Where each link leaves and enters: apart on each side of a box, ordered by where the other end lies.
fn ports(boxes: &[Placed], wires: &[Wire]) -> Vec<(f64, f64)> {
    let centre = |i: usize| boxes.get(i).map_or(0.0, |b| b.left + b.width / 2.0);
    let lane = |i: usize| boxes.get(i).map_or(0, |b| b.lane);
    // Above: both ends within a lane, the start of what rises, the end of what falls.
    let start_above = |w: &Wire| lane(w.to) <= lane(w.from);
    let end_above = |w: &Wire| lane(w.to) >= lane(w.from);
    let place = |of: usize, above: bool, wire: usize, is_start: bool| {
        let mut ends: Vec<(f64, usize, bool)> = Vec::new();
        for (i, w) in wires.iter().enumerate() {
            if w.from == of && start_above(w) == above {
                ends.push((centre(w.to), i, true));
            }
            if w.to == of && end_above(w) == above {
                ends.push((centre(w.from), i, false));
            }
        }
        ends.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
        let rank = ends.iter().position(|(_, i, s)| (*i, *s) == (wire, is_start)).unwrap_or(0);
        let share = (rank + 1) as f64 / (ends.len() + 1) as f64;
        // Sides that face each other across a gutter get different places, so that verticals do not coincide.
        let shift = if above { 0.0 } else { 6.0 };
        boxes.get(of).map_or(0.0, |b| b.left + b.width * share + shift)
    };
    wires
        .iter()
        .enumerate()
        .map(|(i, w)| (place(w.from, start_above(w), i, true), place(w.to, end_above(w), i, false)))
        .collect()
}

/// A place in a lane where no box stands, nearest to `wanted`; links in one gap are set apart.
fn gap(boxes: &[Placed], lane: usize, wanted: f64, wire: usize) -> f64 {
    let mut row: Vec<(f64, f64)> =
        boxes.iter().filter(|b| b.lane == lane).map(|b| (b.left, b.left + b.width)).collect();
    row.sort_by(|a, b| a.0.total_cmp(&b.0));
    let Some((first, last)) = row.first().zip(row.last()) else { return wanted };
    let mut gaps = vec![first.0 - 14.0, last.1 + 14.0];
    gaps.extend(row.windows(2).filter_map(|w| match w {
        [a, b] if b.0 - a.1 > 12.0 => Some((a.1 + b.0) / 2.0),
        _ => None,
    }));
    let best =
        gaps.into_iter().min_by(|a, b| (a - wanted).abs().total_cmp(&(b - wanted).abs())).unwrap_or(wanted);
    best + (wire % 3) as f64 * 4.0 - 4.0
}

/// A track for each piece: the first on which it touches no other piece of its gutter.
fn tracks(pieces: &[Piece], gutters: usize) -> Vec<usize> {
    let mut tracks = vec![0; pieces.len()];
    for gutter in 0..gutters {
        let mut inside: Vec<usize> =
            pieces.iter().enumerate().filter(|(_, p)| p.gutter == gutter).map(|(i, _)| i).collect();
        let span = |i: usize| pieces.get(i).map_or((0.0, 0.0), |p| (p.from.min(p.to), p.from.max(p.to)));
        inside.sort_by(|a, b| span(*a).0.total_cmp(&span(*b).0).then(a.cmp(b)));
        let mut ends: Vec<f64> = Vec::new();
        for i in inside {
            let (from, to) = span(i);
            let free = ends.iter().position(|end| *end + 8.0 < from);
            let track = free.unwrap_or(ends.len());
            match ends.get_mut(track) {
                Some(end) => *end = to,
                None => ends.push(to),
            }
            if let Some(slot) = tracks.get_mut(i) {
                *slot = track;
            }
        }
    }
    tracks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Lanes of `counts` boxes spread over the width as the map spreads them.
    pub(crate) fn lanes_of(counts: &[usize]) -> Vec<Placed> {
        let mut boxes = Vec::new();
        for (lane, count) in counts.iter().enumerate() {
            let slot = 1120.0 / *count as f64;
            let width = (slot - 44.0).min(236.0);
            for i in 0..*count {
                boxes.push(Placed { lane, left: slot * (i as f64 + 0.5) - width / 2.0, width });
            }
        }
        boxes
    }

    fn crosses(a: (f64, f64), b: (f64, f64), left: f64, top: f64, width: f64) -> bool {
        let (x0, x1) = (a.0.min(b.0), a.0.max(b.0));
        let (y0, y1) = (a.1.min(b.1), a.1.max(b.1));
        let inside = 0.01;
        x1 > left + inside
            && x0 < left + width - inside
            && y1 > top + inside
            && y0 < top + BOX_HEIGHT - inside
    }

    proptest! {
        #[test]
        fn no_link_crosses_a_box(
            counts in prop::collection::vec(1usize..6, 1..6),
            ends in prop::collection::vec((0usize..99, 0usize..99), 0..14),
        ) {
            let boxes = lanes_of(&counts);
            let wires: Vec<Wire> = ends
                .iter()
                .map(|(a, b)| Wire { from: a % boxes.len(), to: b % boxes.len() })
                .filter(|w| w.from != w.to)
                .collect();
            let plan = route(&boxes, counts.len(), &wires);
            for path in &plan.paths {
                prop_assert!(path.len() >= 4);
                for pair in path.windows(2) {
                    prop_assert!(pair[0].0 == pair[1].0 || pair[0].1 == pair[1].1, "not square: {pair:?}");
                    for placed in &boxes {
                        prop_assert!(
                            !crosses(pair[0], pair[1], placed.left, plan.tops[placed.lane], placed.width),
                            "{pair:?} crosses {placed:?}"
                        );
                    }
                }
            }
        }
    }
}
