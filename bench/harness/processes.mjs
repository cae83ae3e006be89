// What processes cost, from /proc: CPU by thread, memory, disk. A process counts with all its descendants.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Of a second; USER_HZ is 100 on every Linux that Node.js runs on. */
const TICKS = 100;

/** The text of a file of /proc; undefined when its process or thread has ended. */
function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined;
    throw error;
  }
}

/** Name and the fields after it of a `stat` file: state, parent, ... user and system time at 11 to 14. */
export function parseStat(text) {
  const name = text.slice(text.indexOf('(') + 1, text.lastIndexOf(')'));
  return { name, fields: text.slice(text.lastIndexOf(')') + 2).split(' ') };
}

const isNumber = (name) => /^\d+$/.test(name);

/** The processes named and all their living descendants, with what they and their ended children took. */
function tree(pids) {
  const all = new Map();
  for (const pid of readdirSync('/proc').filter(isNumber)) {
    const text = read(`/proc/${pid}/stat`);
    if (text !== undefined) all.set(Number(pid), parseStat(text).fields);
  }
  const found = new Map();
  const todo = [...pids];
  for (let pid = todo.pop(); pid !== undefined; pid = todo.pop()) {
    if (found.has(pid) || !all.has(pid)) continue;
    found.set(pid, all.get(pid));
    for (const [child, fields] of all) if (Number(fields[1]) === pid) todo.push(child);
  }
  return found;
}

export const processTree = (pids) => [...tree(pids).keys()];

/** User and system seconds of processes and of their descendants, those that have ended included. */
export function cpuSeconds(pids) {
  // A child that ends between two reads would be counted twice or not at all.
  for (let before = tree(pids); ; ) {
    const after = tree(pids);
    if (String([...before.keys()]) === String([...after.keys()])) {
      let ticks = 0;
      for (const fields of after.values()) for (const field of fields.slice(11, 15)) ticks += Number(field);
      return ticks / TICKS;
    }
    before = after;
  }
}

/** CPU seconds of a process and its descendants: of main threads (JavaScript), of the engine's threads, of the rest. */
export function cpuByThread(root) {
  const sums = { javascript: 0, engine: 0, rest: 0 };
  for (const pid of processTree([root])) {
    for (const thread of read(`/proc/${pid}/stat`) === undefined ? [] : readdirSync(`/proc/${pid}/task`)) {
      const text = read(`/proc/${pid}/task/${thread}/stat`);
      if (text === undefined) continue;
      const { name, fields } = parseStat(text);
      const seconds = (Number(fields[11]) + Number(fields[12])) / TICKS;
      if (Number(thread) === pid) sums.javascript += seconds;
      else if (name.startsWith('vectron')) sums.engine += seconds;
      else sums.rest += seconds;
    }
  }
  return sums;
}

/** CPU seconds of each thread of one process, by its id; the main thread has the id of the process. */
export function cpuOfThreads(pid) {
  const threads = new Map();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const text = read(`/proc/${pid}/task/${thread}/stat`);
    if (text === undefined) continue;
    const { name, fields } = parseStat(text);
    threads.set(Number(thread), { name, seconds: (Number(fields[11]) + Number(fields[12])) / TICKS });
  }
  return threads;
}

/**
 * Bytes of memory of processes and their descendants: one process has its resident set; of several, each has what it shares
 * divided by those that share it. `kinds`: fields of `smaps_rollup` instead.
 */
export function memoryBytes(pids, kinds) {
  const all = processTree(pids);
  const wanted = kinds ?? [all.length === 1 ? 'Rss' : 'Pss'];
  let kilobytes = 0;
  for (const pid of all) {
    for (const line of (read(`/proc/${pid}/smaps_rollup`) ?? '').split('\n')) {
      const [name, value] = line.split(/:?\s+/);
      if (wanted.includes(name)) kilobytes += Number(value);
    }
  }
  return kilobytes * 1024;
}

/** Bytes that the files below a folder take on the disk; with `counts`, those whose path it accepts. */
export function diskBytes(folder, counts = () => true) {
  let blocks = 0;
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!counts(String(name))) continue;
    try {
      const stat = statSync(join(folder, String(name)));
      if (stat.isFile()) blocks += stat.blocks;
    } catch (error) {
      if (error.code !== 'ENOENT') throw error; // a file that was removed meanwhile
    }
  }
  return blocks * 512;
}
