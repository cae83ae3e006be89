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

/** Rounds of two different attacks at once, so many; without a count every attack is in one of them. */
export function pairs(attacks, seed, count = Math.ceil(attacks.length / 2)) {
  const random = randomOf(seed + 1);
  const rounds = [];
  while (rounds.length < count) {
    const order = shuffled(attacks, random);
    while (order.length > 0 && rounds.length < count) rounds.push(order.splice(0, 2));
  }
  return rounds;
}
