//! Queries that stand for those of users: what was asked lately, and, while that is little, queries made from stored points
//! without being one.
//!
//! A made query is of one of three families, in turn, because nothing is known of the users yet:
//! - *kin*: distributed as the neighbourhood of a stored point is (smoothed bootstrap, Efron & Tibshirani 1993, section 16.5), for
//!   users who ask with what they might as well store;
//! - *leaning*: kin moved by the distance of neighbours towards a point that has nothing to do with it, for users whose queries
//!   are further from every point than points are from each other;
//! - *moved*: a stored point moved by at most the distance of its tenth neighbour in any direction, for users who ask for what
//!   is like something that is stored.
//!
//! On the sample, whose queries are no points, their mean is the closest to real queries (docs/adr/0036).

use super::measure::Subject;
use crate::generation::SlotId;
use crate::{Result, Shard};
use std::borrow::Cow;

/// Points of a neighbourhood.
const NEIGHBOURS: usize = 32;
/// Families of made queries; they follow each other in turn.
pub const FAMILIES: usize = 3;
/// Points looked at for each place, so that many equal points are few places.
const LOOKED_AT: usize = 8;

/// xorshift64*; seeded by what is made, so that one state gives one sample.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// 0..1.
    fn share(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u32 << 24) as f32
    }

    /// Mean 0, variance 1, about normal.
    fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.share()).sum::<f32>() - 6.0
    }
}

/// Slots and their vectors.
type Chosen<'a> = (Vec<SlotId>, Vec<Cow<'a, [f32]>>);

/// A stored point with the points around it.
struct Place<'a> {
    point: &'a [f32],
    near: &'a [Cow<'a, [f32]>],
    /// A point that has nothing to do with it.
    other: &'a [f32],
}

impl Place<'_> {
    fn made(&self, at: usize, random: &mut Random) -> Vec<f32> {
        match at % FAMILIES {
            0 => self.kin(random),
            1 => self.leaning(random),
            _ => self.moved(random),
        }
    }

    /// The mean of the neighbourhood, and as far from it as its points are, in a direction in which they spread.
    fn kin(&self, random: &mut Random) -> Vec<f32> {
        let count = self.near.len() as f32 + 1.0;
        let mut mean = self.point.to_vec();
        self.near.iter().for_each(|near| add(&mut mean, near, 1.0));
        mean.iter_mut().for_each(|x| *x /= count);
        let mut made = mean.clone();
        let scale = 1.0 / (count - 1.0).max(1.0).sqrt();
        for near in std::iter::once(self.point).chain(self.near.iter().map(|near| &**near)) {
            let by = scale * random.normal();
            made.iter_mut()
                .zip(near.iter().zip(&mean))
                .for_each(|(x, (near, mean))| *x += by * (near - mean));
        }
        made
    }

    /// Further from everything than kin, by as much as the closest neighbour that is not equal is away.
    fn leaning(&self, random: &mut Random) -> Vec<f32> {
        let mut made = self.kin(random);
        let apart = vectron_kernels::l2_squared(&made, self.other).sqrt();
        let local = self.distances().next().unwrap_or(apart);
        if apart > 0.0 {
            let by = local / apart;
            made.iter_mut().zip(self.other).for_each(|(x, other)| *x += by * (other - *x));
        }
        made
    }

    /// Moved by at most the distance of the neighbourhood in any direction.
    fn moved(&self, random: &mut Random) -> Vec<f32> {
        let beside = || vectron_kernels::l2_squared(self.point, self.other).sqrt();
        let local = self.distances().nth(9).or_else(|| self.distances().last()).unwrap_or_else(beside);
        let direction: Vec<f32> = self.point.iter().map(|_| random.normal()).collect();
        let length = vectron_kernels::dot(&direction, &direction).sqrt();
        let mut made = self.point.to_vec();
        if length > 0.0 {
            add(&mut made, &direction, random.share() * local / length);
        }
        made
    }

    /// Of the neighbours that are not equal to the point: the others say nothing about how far points are apart.
    fn distances(&self) -> impl Iterator<Item = f32> {
        let apart = |near: &Cow<'_, [f32]>| vectron_kernels::l2_squared(self.point, near).sqrt();
        self.near.iter().map(apart).filter(|distance| *distance > 0.0)
    }
}

fn add(to: &mut [f32], what: &[f32], by: f32) {
    to.iter_mut().zip(what).for_each(|(x, y)| *x += by * y);
}

impl Shard {
    /// `count` queries made from the slots, in the form that searches take; the families follow each other, so that the first of
    /// them are a sample as well. Costs `count / 3` exact searches.
    pub(super) fn made_queries(
        &self,
        subject: &Subject<'_>,
        slots: &[SlotId],
        count: usize,
    ) -> Result<Vec<Vec<f32>>> {
        let (chosen, points) = self.places(subject, slots, count.div_ceil(FAMILIES).max(2))?;
        let places = chosen.len();
        let queries: Vec<&[f32]> = points.iter().map(|point| &**point).collect();
        let found = self.closest(subject.spec, &subject.generation, slots, &queries, NEIGHBOURS + 1)?;
        let mut made = Vec::with_capacity(count);
        for (at, (slot, point)) in chosen.iter().zip(&points).enumerate() {
            let near: Vec<SlotId> = found
                .get(at)
                .into_iter()
                .flatten()
                .map(|(_, near)| *near)
                .filter(|near| near != slot)
                .collect();
            let mut near = self.vectors_of(subject.spec, &subject.generation, &near)?;
            near.retain(|near| !near.is_empty());
            // Half the sample away.
            let Some(other) = points.get((at + places / 2) % places.max(1)) else { continue };
            let place = Place { point, near: &near, other };
            let mut random = Random::new(u64::from(*slot));
            for family in 0..FAMILIES {
                let mut query = place.made(family, &mut random);
                // One of zeros has no direction, which is no query of a cosine shard.
                if crate::command::check_floats(&mut query, subject.spec, "query").is_ok() {
                    made.push(query);
                }
            }
        }
        made.truncate(count);
        Ok(made)
    }

    /// Slots far apart whose vectors differ from each other, at most `most`, with these vectors.
    fn places<'a>(&self, subject: &'a Subject<'_>, slots: &[SlotId], most: usize) -> Result<Chosen<'a>> {
        let steps = most.min(slots.len());
        let looked_at = (most * LOOKED_AT).min(slots.len());
        // The evenly spaced ones first, then those between them.
        let even = (0..steps).map(|at| at * slots.len() / steps);
        let between = (0..looked_at).map(|at| at * slots.len() / looked_at);
        let mut candidates: Vec<SlotId> = Vec::with_capacity(looked_at);
        let mut seen = std::collections::HashSet::new();
        candidates.extend(even.chain(between).filter(|at| seen.insert(*at)).filter_map(|at| slots.get(at)));
        let vectors = self.vectors_of(subject.spec, &subject.generation, &candidates)?;
        let mut known = std::collections::HashSet::new();
        let bits = |vector: &[f32]| vector.iter().map(|x| x.to_bits()).collect::<Vec<u32>>();
        // One that is empty went while this was read.
        let distinct = candidates.into_iter().zip(vectors).filter(|(_, vector)| !vector.is_empty());
        Ok(distinct.filter(|(_, vector)| known.insert(bits(vector))).take(most).unzip())
    }
}
