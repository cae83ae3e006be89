// The figures of a run as tables.
import Table from 'cli-table3';

const COLUMNS = [
  ['plain', 1],
  ['plain', 8],
  ['plain', 64],
  ['filter10', 8],
  ['filter1', 8],
  ['hybrid', 8],
];
const megabytes = (bytes) => (bytes === undefined ? '' : String(Math.round(bytes / 1e6)));
const round = (value, digits = 0) => (value === undefined ? '' : value.toFixed(digits));

export function printTables({ servers, searches }) {
  const told = new Table({
    head: ['CPU us a search (p50 / p99 ms)', ...COLUMNS.map(([name, clients]) => `${name}, ${clients} at once`)],
    style: { head: [] },
  });
  const rows = [...new Set(searches.map(({ server, wire }) => JSON.stringify([server, wire])))].sort();
  for (const [server, wire] of rows.map((key) => JSON.parse(key))) {
    const cells = COLUMNS.map(([name, clients]) => {
      const one = searches.find(
        (s) => s.server === server && s.wire === wire && s.name === name && s.clients === clients,
      );
      if (one === undefined) return '';
      const refused = one.refused + one.failed > 0 ? `, ${one.refused} refused, ${one.failed} failed` : '';
      return `${round(one.cpuUs)} (${round(one.p50Ms, 1)} / ${round(one.p99Ms, 1)}${refused})`;
    });
    told.push([`${server}, ${wire}`, ...cells]);
  }
  console.log(told.toString());
  const rest = new Table({
    head: [
      '',
      'version',
      'CPU us a point',
      'points/s',
      'memory MB',
      'idle MB',
      'disk MB',
      'restart CPU s',
      'first answer s',
      'right s',
    ],
    style: { head: [] },
  });
  for (const [name, one] of Object.entries(servers)) {
    const { version = '', ingest, memoryBytes, idleMemoryBytes, diskBytes, restart, error } = one;
    const restarted = [
      round(restart?.cpuSeconds, 2),
      round(restart && restart.firstMs / 1000, 2),
      round(restart && restart.rightMs / 1000, 2),
    ];
    const stored = [megabytes(memoryBytes), megabytes(idleMemoryBytes), megabytes(diskBytes)];
    rest.push([name, error ?? version, round(ingest?.cpuUs), round(ingest?.perSecond), ...stored, ...restarted]);
  }
  console.log(rest.toString());
}
