// Every client that is measured: its driver, the server that it speaks to, its wire, and the form that its vectors have.

const driver = (language) => ({ ours: true, server: 'vectron', language, client: 'vectron' });
const peer = (server, wire, rest = {}) => ({ server, wire, language: 'Python', client: server, ...rest });
const wires = (one) => ['rest', 'grpc'].map((wire) => ({ ...one, wire }));
const both = (one) => [one, { ...one, client: `${one.client} async` }];
/** What numbers of users' models are in: a list of Python, or an array. */
const forms = (one) => [
  { ...one, form: 'list' },
  { ...one, form: 'numpy' },
];

const all = [
  ...wires(driver('TypeScript')),
  ...wires(driver('Python')).flatMap(both),
  ...wires(driver('Go')),
  ...wires(peer('qdrant')).flatMap(both),
  ...both(peer('chroma', 'rest')),
  ...both(peer('pgvector', 'postgres')),
  { ...peer('predecessor', 'grpc'), server: 'vectron' },
  { ...peer('predecessor', 'grpc'), server: 'vectron', language: 'TypeScript' },
];

const namesOf = { vectron: 'vectron', qdrant: 'qdrant-client', chroma: 'chromadb', pgvector: 'psycopg + pgvector' };
const nameOf = ({ client, language, wire, form }) => {
  const [kind, ...asynchronous] = client.split(' ');
  const array = form === 'numpy' ? ['numpy'] : [];
  return [namesOf[kind] ?? kind, language, wire, ...asynchronous, ...array].join(', ');
};

/** In the order in which they are told. Asynchronous clients read vectors as the others do: their arrays are not measured again. */
export const CLIENTS = all
  .flatMap((one) =>
    one.language === 'Python' && !one.client.endsWith('async') && one.client !== 'predecessor'
      ? forms(one)
      : [{ ...one, form: 'list' }],
  )
  .map((one) => ({ ...one, name: nameOf(one) }));

/** What a client of ours is compared with: qdrant-client by the same wire and in the same form, where there is one. */
export const comparedWith = (ours, measured) =>
  measured.find(
    (one) =>
      one.client === ours.client.replace('vectron', 'qdrant') &&
      one.wire === ours.wire &&
      one.form === ours.form &&
      one.language === ours.language,
  );
