// npm run bench:report -- RESULT.json ...: puts results of bench:servers and bench:edges into docs/performance.md, as tables and
// as charts in docs/performance/. The kind of a result is the beginning of its file's name.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { edgeCharts, edgeTables } from './edges.mjs';
import { withPart } from './markdown.mjs';
import { serverCharts, serverTables } from './servers.mjs';

const KINDS = {
  servers: { charts: serverCharts, tables: serverTables },
  edges: { charts: edgeCharts, tables: edgeTables },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { docs: { type: 'string', default: fileURLToPath(new URL('../../docs', import.meta.url)) } },
});
if (positionals.length === 0)
  throw new Error('name the results: bench/results/servers-*.json, bench/results/edges-*.json');

const page = join(values.docs, 'performance.md');
const folder = join(values.docs, 'performance');
mkdirSync(folder, { recursive: true });
for (const file of positionals) {
  const kind = basename(file).split('-')[0];
  if (!(kind in KINDS))
    throw new Error(`${file}: a name that begins with ${Object.keys(KINDS).join('- or ')}- was expected`);
  const result = JSON.parse(readFileSync(file, 'utf8'));
  const { cpu, cores, node, loadAverage } = result.machine;
  const where = `${result.at.slice(0, 10)}, ${cores} cores of ${cpu}, Node ${node}, load average ${loadAverage[0]}`;
  const charts = KINDS[kind].charts(result, [result.note, where].filter(Boolean).join(' · '));
  for (const [name, svg] of Object.entries(charts)) writeFileSync(join(folder, name), svg);
  const text = [
    ...(result.note ? [`**${result.note}**`] : []),
    `Measured ${where}${result.quick ? ', with `--quick`' : ''}: \`bench/results/${basename(file)}\`.`,
    ...Object.keys(charts).map((name) => `![${name.replace('.svg', '')}](performance/${name})`),
    KINDS[kind].tables(result),
  ];
  writeFileSync(page, withPart(readFileSync(page, 'utf8'), kind, text.join('\n\n')));
}
