import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ConfigOf } from '@vectron/config';
import { connect } from '@vectron/sdk';
import type { serveKnobs } from './config.js';
import { show } from './output.js';
import { loadSample, SAMPLE, SAMPLE_QUERY, sampleIsUnfinished } from './sample.js';
import type { SingleServer } from './single-server.js';

/**
 * Loads the sample at the first run and prints a search to paste, with its answer. Over no listener: what stands in front of
 * it, and who trusts its certificate, is not for this process to know.
 */
export async function showSample(
  { httpUrl, fetch, firstRun }: SingleServer,
  apiKey: string,
  { data, tlsCertificate }: ConfigOf<typeof serveKnobs.knobs>,
): Promise<void> {
  const client = connect(httpUrl, { apiKey, fetch });
  try {
    if (firstRun || sampleIsUnfinished(data)) await loadSample(client, data);
    if (!(await client.listCollections()).some((one) => one.name === SAMPLE)) return;
    const { hits } = await client.search(SAMPLE, { likeId: SAMPLE_QUERY, topK: 5 });
    const where = [
      httpUrl === 'http://127.0.0.1:8080' ? '' : ` --url ${httpUrl}`,
      tlsCertificate === undefined ? '' : caFlag(tlsCertificate),
      data === './data' ? '' : ` --data ${data}`,
    ].join('');
    console.log(
      `\ntry it, what is like ${SAMPLE_QUERY} (a mail server):\n\n  npx vectron search ${SAMPLE} --like ${SAMPLE_QUERY} --top-k 5${where}\n`,
    );
    show(hits, false, {
      head: ['score', 'id', 'summary'],
      rows: hits.map((hit) => [hit.score.toFixed(4), hit.id, hit.payload.summary]),
    });
  } finally {
    await client.close();
  }
}

/** A certificate that vouches for itself is unknown to the system. */
function caFlag(certificateFile: string): string {
  const certificate = new X509Certificate(readFileSync(certificateFile));
  return certificate.checkIssued(certificate) ? ` --ca-file ${certificateFile}` : '';
}
