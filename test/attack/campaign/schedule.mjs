import { randomOf } from '../../faults/random.mjs';

/** The same seed gives the same order. */
function shuffled(list, random) {
  const left = [...list];
  const taken = [];
  while (left.length > 0) taken.push(...left.splice(Math.floor(random() * left.length), 1));
  return taken;
}

/** Rounds of a campaign: every attack alone, in an order of the seed. */
export function alone(attacks, seed) {
  return shuffled(attacks, randomOf(seed)).map((attack) => [attack]);
}

/** Rounds of pairs of different attacks. */
export function pairs(attacks, seed, count) {
  const random = randomOf(seed + 1);
  const rounds = [];
  while (rounds.length < count) {
    const order = shuffled(attacks, random);
    for (let at = 0; at + 1 < order.length && rounds.length < count; at += 2) rounds.push([order[at], order[at + 1]]);
    if (order.length < 2) break;
  }
  return rounds;
}
