// A result of bench:servers as tables and charts.
import { OURS } from '../servers/floors.mjs';
import { markdownTable } from './markdown.mjs';
import { barChart, COLOURS, shown } from './svg.mjs';

const CASES = [
  ['plain', 1, 'search, 1 client'],
  ['plain', 8, 'search, 8 clients'],
  ['plain', 64, 'search, 64 clients'],
  ['filter10', 8, 'filter of 10 %, 8 clients'],
  ['filter1', 8, 'filter of 1 %, 8 clients'],
  ['hybrid', 8, 'hybrid, 8 clients'],
];
const COSTS = [
  ['CPU a point', 'us', (one) => one.ingest?.cpuUs],
  ['memory after searches', 'MB', (one) => one.memoryBytes && one.memoryBytes / 1e6],
  ['disk', 'MB', (one) => one.diskBytes && one.diskBytes / 1e6],
  ['restart: CPU', 's', (one) => one.restart?.cpuSeconds],
  ['restart: first right answer', 's', (one) => one.restart && one.restart.rightMs / 1000],
];

const colourOf = (server, wire) => (server !== OURS ? COLOURS.other : wire === 'rest' ? COLOURS.oursToo : COLOURS.ours);
const labelOf = ({ server, wire }) => `${server} (${{ grpc: 'gRPC', rest: 'REST', postgres: 'SQL' }[wire]})`;
const cellOf = (value) => (value === undefined ? '' : shown(value));

/** Charts by file name. */
export function serverCharts({ servers, searches }, caption) {
  const panel =
    (read, unit) =>
    ([name, clients, title]) => ({
      title,
      unit,
      bars: searches
        .filter((one) => one.name === name && one.clients === clients)
        .map((one) => ({ label: labelOf(one), value: read(one), colour: colourOf(one.server, one.wire) })),
    });
  const costs = COSTS.map(([title, unit, read]) => ({
    title,
    unit,
    bars: Object.entries(servers)
      .filter(([, one]) => read(one) !== undefined)
      .map(([name, one]) => ({ label: name, value: read(one), colour: colourOf(name) })),
  }));
  const chart = (panels) =>
    barChart(
      panels.filter(({ bars }) => bars.length > 0),
      caption,
    );
  return {
    'servers-cpu.svg': chart(CASES.map(panel((one) => one.cpuUs, 'us of CPU'))),
    'servers-p99.svg': chart(CASES.map(panel((one) => one.p99Ms, 'ms at p99'))),
    'servers-costs.svg': chart(costs),
  };
}

export function serverTables({ servers, searches, skipped, figures, unjudged }) {
  const rows = searches.map((one) => {
    const [, , title] = CASES.find(([name, clients]) => name === one.name && clients === one.clients);
    const latency = `${cellOf(one.p50Ms)} / ${cellOf(one.p99Ms)}`;
    const recall = one.recall === undefined ? '' : one.recall.toFixed(3);
    return [title, labelOf(one), cellOf(one.cpuUs), latency, String(one.refused + one.failed), recall, String(one.ef)];
  });
  rows.sort((a, b) => order(a[0]) - order(b[0]));
  const costs = Object.entries(servers).map(([name, one]) => [
    name,
    one.error ?? one.version,
    ...COSTS.map(([, , read]) => cellOf(read(one))),
  ]);
  const promises = figures.map(({ what, value, unit, promise, holds }) => [
    what,
    `${cellOf(value)} ${unit}`.trim(),
    promise,
    holds ? 'kept' : 'missed',
  ]);
  return [
    markdownTable(['search', 'server', 'CPU us', 'p50 / p99 ms', 'refused or failed', 'recall@10', 'ef'], rows),
    markdownTable(['server', 'version', ...COSTS.map(([title, unit]) => `${title}, ${unit}`)], costs),
    markdownTable(['of the best of the others', 'measured', 'promised', ''], promises),
    [
      ...skipped.map(({ name, reason }) => `Not measured: ${name} (${reason}).`),
      ...unjudged.map((one) => `Not judged: ${one}.`),
    ].join('\n'),
  ]
    .filter(Boolean)
    .join('\n\n');
}

const order = (title) => CASES.findIndex(([, , one]) => one === title);
