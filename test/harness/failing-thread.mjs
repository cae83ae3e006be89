// Loaded into a server by a test, in each of its threads: at SIGWINCH, gateway 1 fails with an error that nobody takes care of; at
// SIGURG, it does one thing and nothing else any more.
import { BroadcastChannel, isMainThread, workerData } from 'node:worker_threads';

const channel = new BroadcastChannel('failing thread');
channel.unref();
if (isMainThread) {
  process.on('SIGWINCH', () => channel.postMessage('fail'));
  process.on('SIGURG', () => channel.postMessage('hang'));
} else if (workerData?.number === 1) {
  channel.onmessage = ({ data }) => {
    if (data === 'hang') for (;;);
    setImmediate(() => {
      throw new Error('this thread was told to fail');
    });
  };
}
