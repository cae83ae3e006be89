import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const TICKS_A_SECOND = 100;
const BLOCK_BYTES = 512;

/** What the kernel and the file system say of the server's processes now. Linux only. */
export function factsOf(home) {
  return { ...memoryOf(home), cpuSeconds: cpuSeconds(home.pids()), disk: bytesBelow(home.data), log: home.logBytes() };
}

/** Bytes of memory that belong to the processes alone, and their open files. */
export function memoryOf(home) {
  let memory = 0;
  let files = 0;
  for (const pid of home.pids()) {
    // Pages of files that are mapped are the kernel's to give and take.
    memory += 1024 * Number(/^RssAnon:\s+(\d+)/m.exec(textOf(`/proc/${pid}/status`))?.[1] ?? 0);
    files += listOf(`/proc/${pid}/fd`).length;
  }
  return { memory, files };
}

function cpuSeconds(pids) {
  let ticks = 0;
  for (const pid of pids) {
    // The name, in parentheses, may have spaces; utime and stime are the 14th and 15th field (man 5 proc).
    const fields = (textOf(`/proc/${pid}/stat`).split(') ')[1] ?? '').split(' ');
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  }
  return ticks / TICKS_A_SECOND;
}

/** Bytes on disk below a directory that is being written to. */
export function bytesBelow(directory) {
  let bytes = 0;
  for (const name of listOf(directory)) {
    const path = join(directory, name);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    bytes += stat?.isDirectory() ? bytesBelow(path) : (stat?.blocks ?? 0) * BLOCK_BYTES;
  }
  return bytes;
}

/** Empty when it is not there (any more). */
function textOf(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
function listOf(directory) {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
