// The process that answers as Qdrant does, for measuring its client; see qdrant-fixture.mjs.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Server, sendJson } from '../servers/server.mjs';

const PROGRAM = fileURLToPath(new URL('qdrant-fixture.mjs', import.meta.url));

export class QdrantFixture extends Server {
  static kind = 'qdrant-fixture';

  constructor(home, data) {
    super(home, {});
    this.answers = join(home, 'answers.json');
    const answers = data.truth.map((ids, query) =>
      ids.map((id) => ({
        id,
        score: cosine(data.queries[query].vector, data.point(id).vector),
        payload: data.payload(id),
      })),
    );
    writeFileSync(this.answers, JSON.stringify(answers));
  }

  async launch() {
    const [http, grpc] = this.ports.map((port) => `127.0.0.1:${port}`);
    Object.assign(this, { http, grpc });
    this.spawn(process.execPath, [PROGRAM, http, grpc, this.answers]);
    await this.listening(this.ports[1]);
    await this.listening(this.ports[0]);
  }

  async version() {
    return 'a fixture that answers as Qdrant does';
  }

  async create() {}

  /** The next search is answered as that for the first query. */
  async beginAgain() {
    await sendJson('POST', `http://${this.http}/first-answer-next`);
  }

  async isSettled() {
    return true;
  }
}

function cosine(a, b) {
  let product = 0;
  for (let at = 0; at < a.length; at++) product += a[at] * b[at];
  return product / (Math.hypot(...a) * Math.hypot(...b));
}
