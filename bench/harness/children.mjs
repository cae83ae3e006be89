// Processes that a bench has started end with it, also when it is interrupted.

const children = new Set();
let isWatching = false;

/** Kills a child process when this process ends before it. */
export function endWithBench(child) {
  children.add(child);
  child.once('exit', () => children.delete(child));
  if (isWatching) return;
  isWatching = true;
  process.once('exit', () => {
    for (const one of children) one.kill('SIGKILL');
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
}
