// What Vectron promises beside the other servers of the same run.

export const OURS = 'vectron';

/** Recall that every server is brought to, and how far below it Vectron's may be measured. */
export const RECALL = 0.985;
const RECALL_TOLERANCE = 0.002;

/** Of the least CPU of the others, on whatever wire, at 8 clients. */
const SEARCHES = { plain: 0.4, filter10: 0.4, filter1: 0.8, hybrid: 0.3 };
const INGEST = 0.25;
const DISK = 1.1;
/** Of Chroma's. */
const MEMORY = 1.1;
const RESTART = 1.5;

/**
 * `servers`: by name, { ingest: { cpuUs }, memoryBytes, diskBytes, restart: { cpuSeconds } }, without what was not measured.
 * `searches`: [{ server, wire, name, clients, cpuUs, refused, failed, recall }]. Adds each promise to `figures`; returns those
 * that cannot be judged, because nobody to compare with was measured.
 */
export function judge({ servers, searches }, figures) {
  const unjudged = [];
  const compare = (what, ours, others, most, whose) => {
    const found = others.filter(([, value]) => value !== undefined).sort((a, b) => a[1] - b[1]);
    if (found.length === 0) unjudged.push(`${what}: ${whose} not measured`);
    else figures.add('servers', `${what}, of ${found[0][0]}'s`, (ours ?? Number.NaN) / found[0][1], 'times', { most });
  };
  const ours = servers[OURS];
  const others = Object.entries(servers).filter(([name]) => name !== OURS);
  const of = (read) => others.map(([name, one]) => [name, read(one)]);
  const chroma = (read) => of(read).filter(([name]) => name === 'chroma');

  for (const [name, most] of Object.entries(SEARCHES)) {
    const at8 = searches.filter((one) => one.name === name && one.clients === 8);
    const mine = at8.find((one) => one.server === OURS && one.wire === 'grpc');
    const theirs = at8.filter((one) => one.server !== OURS).map((one) => [`${one.server} (${one.wire})`, one.cpuUs]);
    compare(`${name}, 8 at once: CPU a search`, mine?.cpuUs, theirs, most, 'no other server was');
  }
  compare(
    'CPU a point',
    ours?.ingest?.cpuUs,
    of((one) => one.ingest?.cpuUs),
    INGEST,
    'no other server was',
  );
  compare(
    'memory after searches',
    ours?.memoryBytes,
    chroma((one) => one.memoryBytes),
    MEMORY,
    'Chroma was',
  );
  compare(
    'disk',
    ours?.diskBytes,
    of((one) => one.diskBytes),
    DISK,
    'no other server was',
  );
  compare(
    'restart: CPU',
    ours?.restart?.cpuSeconds,
    chroma((one) => one.restart?.cpuSeconds),
    RESTART,
    'Chroma was',
  );

  const mine = searches.filter((one) => one.server === OURS);
  const sum = (read) => mine.reduce((total, one) => total + read(one), 0);
  figures.add(
    'servers',
    'searches refused or failed',
    sum((one) => one.refused + one.failed),
    'requests',
    { most: 0 },
  );
  const recalls = mine.filter(({ recall }) => recall !== undefined).map(({ recall }) => recall);
  figures.add('servers', 'least recall', Math.min(...recalls), '', { least: RECALL - RECALL_TOLERANCE });
  return unjudged;
}
