import { once } from 'node:events';
import { WebSocket } from 'ws';

/**
 * The inspector of a Node process. It has garbage collected before memory is measured: what V8 has not collected yet is
 * nobody's, and says nothing of what the server keeps.
 */
export class Inspector {
  #socket;
  #gone;
  #next = 1;

  /** `log`: what the process has said, with the address of its inspector. */
  static async of(log) {
    const [, address] = /Debugger listening on (ws:\/\/127\.0\.0\.1:\S+)/.exec(log) ?? [];
    if (address === undefined) throw new Error(`the server has no inspector:\n${log}`);
    const inspector = new Inspector();
    inspector.#socket = new WebSocket(address);
    await once(inspector.#socket, 'open');
    // It ends with the process.
    inspector.#socket.on('error', () => {});
    inspector.#gone = new Promise((resolve) => inspector.#socket.once('close', resolve));
    return inspector;
  }

  async collectGarbage() {
    const socket = this.#socket;
    if (socket.readyState !== WebSocket.OPEN) return;
    const id = this.#next++;
    socket.send(JSON.stringify({ id, method: 'HeapProfiler.collectGarbage' }));
    const answered = new Promise((resolve) => {
      const hear = (data) => {
        if (JSON.parse(String(data)).id !== id) return;
        socket.off('message', hear);
        resolve();
      };
      socket.on('message', hear);
    });
    await Promise.race([answered, this.#gone]);
  }

  close() {
    this.#socket.terminate();
  }
}
