// Rounds in which every client does the same work, each after the other.

/** Share of the right points below which a client or its server is taken for broken. */
export const RIGHT = 0.9;
const AT_ONCE = [1, 8];
/** V8 has compiled what a search runs after some thousand; the others interpret, or were compiled before. */
const OF_V8 = 10;

/** What is measured, with how many calls at once. */
export const cases = ({ searches, points }) =>
  AT_ONCE.flatMap((clients) => [
    { operation: 'search', clients, count: searches },
    { operation: 'upsert', clients, count: points },
  ]);

/**
 * CPU microseconds a search and a point, medians of the rounds with the least and the greatest; the client that goes first changes
 * with every round. `warmUp`: points and searches before the first round, 8 calls at once; of JavaScript ten times as many searches.
 */
export async function measureInRounds(drivers, { rounds, warmUp, ...size }) {
  for (const driver of drivers) {
    const searches = driver.client.language === 'TypeScript' ? warmUp * OF_V8 : warmUp;
    await driver.ask('search', { clients: 8, count: searches });
    await driver.ask('upsert', { clients: 8, count: warmUp });
  }
  const runs = new Map(drivers.map((driver) => [driver, cases(size).map(() => [])]));
  for (let round = 0; round < rounds; round++) {
    const turn = drivers.map((_, at) => drivers[(at + round) % drivers.length]);
    for (const [at, one] of cases(size).entries()) {
      for (const driver of turn) {
        const { cpuSeconds, seconds } = await driver.ask(one.operation, one);
        runs.get(driver)[at].push({ cpuUs: (cpuSeconds / one.count) * 1e6, perSecond: one.count / seconds });
      }
    }
  }
  return drivers.map((driver) => {
    const { name, ours = false, server, language, client, wire, form } = driver.client;
    const measured = cases(size).map(({ operation, clients }, at) => ({
      operation,
      clients,
      ...summary(runs.get(driver)[at]),
    }));
    return { name, ours, server, language, client, wire, form, measured };
  });
}

function summary(runs) {
  const cpu = runs.map(({ cpuUs }) => cpuUs).sort((a, b) => a - b);
  return {
    cpuUs: middle(cpu),
    least: cpu[0],
    greatest: cpu.at(-1),
    perSecond: middle(runs.map((one) => one.perSecond)),
  };
}

export function middle(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}
