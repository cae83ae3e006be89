// The figures of a run as a table, ours beside qdrant-client's of the same kind.
import Table from 'cli-table3';
import { comparedWith } from './clients.mjs';

const COLUMNS = [
  ['search', 1],
  ['search', 8],
  ['upsert', 1],
  ['upsert', 8],
];

const of = ({ measured }, [operation, clients]) =>
  measured.find((one) => one.operation === operation && one.clients === clients);

export function printTable(clients) {
  const table = new Table({
    head: [
      'CPU us of the client (of qdrant-client)',
      'a search, 1 at once',
      '8 at once',
      'a point, 1 at once',
      '8 at once',
    ],
    style: { head: [], border: [] },
  });
  for (const one of clients) {
    const peer = one.ours ? comparedWith(one, clients) : undefined;
    const cells = COLUMNS.map((column) => {
      const { cpuUs } = of(one, column);
      const ratio = peer === undefined ? '' : ` (${(cpuUs / of(peer, column).cpuUs).toFixed(2)})`;
      return `${cpuUs.toFixed(cpuUs < 100 ? 1 : 0)}${ratio}`;
    });
    table.push([one.name, ...cells]);
  }
  console.log(table.toString());
}
