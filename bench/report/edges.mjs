// A result of bench:edges as tables and charts.
import { markdownTable } from './markdown.mjs';
import { barChart, COLOURS, shown } from './svg.mjs';

const NAMES = { grpc: 'gRPC', http: 'REST' };

/** Charts by file name; none for a part that was not measured. */
export function edgeCharts({ crowd, cores }, caption) {
  const charts = {};
  if (crowd !== undefined) {
    const panel = (title, unit, read) => ({
      title,
      unit,
      bars: crowd.rows.map((one) => ({ label: `${one.clients} clients`, value: read(one), colour: COLOURS.ours })),
    });
    const panels = [
      panel('answered', 'searches/s', (one) => one.perSecond),
      panel('p99', 'ms', (one) => one.p99Ms),
      panel('not answered', 'requests', (one) => one.notAnswered),
      panel('p99, of clients / throughput', 'times', (one) => one.p99OfLine),
    ];
    charts['edges-crowd.svg'] = barChart(panels, caption);
  }
  if (cores !== undefined) {
    const panel = (title, unit, protocol, read) => ({
      title: `${NAMES[protocol]}: ${title}`,
      unit,
      bars: cores.rows
        .filter((one) => one.protocol === protocol)
        .map((one) => ({
          label: `${one.cores} cores, ${one.gateways} gw`,
          value: read(one),
          colour: one.gateways > 1 ? COLOURS.ours : COLOURS.oursToo,
        })),
    });
    const panels = ['grpc', 'http'].flatMap((protocol) => [
      panel('answered', 'searches/s', protocol, (one) => one.perSecondOfCores),
      panel('CPU a search', 'ms', protocol, (one) => one.cpuMs),
    ]);
    charts['edges-cores.svg'] = barChart(panels, caption);
  }
  return charts;
}

export function edgeTables({ figures }) {
  const rows = figures.map(({ part, what, value, unit, promise, holds }) => [
    part,
    what,
    `${shown(value)} ${unit}`,
    promise,
    promise === '' ? '' : holds ? 'kept' : 'missed',
  ]);
  return markdownTable(['part', 'what', 'measured', 'promised', ''], rows);
}
