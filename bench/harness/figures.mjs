// Figures of a bench beside what was promised of them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Table from 'cli-table3';

export class Figures {
  /** { part, what, value, unit, promise, holds }, in the order in which they were told. */
  rows = [];

  /** `least` or `most`: what was promised. A figure without either is told and not judged; NaN misses any promise. */
  add(part, what, value, unit, { least, most } = {}) {
    const holds = (least === undefined || value >= least) && (most === undefined || value <= most);
    const promise = least !== undefined ? `>= ${least}` : most !== undefined ? `<= ${most}` : '';
    this.rows.push({ part, what, value, unit, promise, holds });
  }

  get missed() {
    return this.rows.filter(({ holds }) => !holds);
  }

  toString() {
    const table = new Table({ head: ['part', 'what', 'measured', 'promised', ''], style: { head: [] } });
    for (const { part, what, value, unit, promise, holds } of this.rows) {
      const verdict = promise === '' ? '' : holds ? 'ok' : 'MISSED';
      table.push([part, what, `${Number(value.toPrecision(3))} ${unit}`, promise, verdict]);
    }
    return table.toString();
  }
}

/** Writes `NAME-TIME.json` of a result with `at`, an ISO time, into a folder; returns its path. */
export function writeResult(folder, name, result) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}-${result.at.replace(/[:.]/g, '-')}.json`);
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  return file;
}

/** Says which promises were missed, by name; returns the exit code. */
export function conclude(figures) {
  const { missed } = figures;
  for (const { part, what, value, unit, promise } of missed) {
    console.log(`MISSED ${part}: ${what}: ${Number(value.toPrecision(3))} ${unit}, promised ${promise}`);
  }
  return missed.length === 0 ? 0 : 1;
}
