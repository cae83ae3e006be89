import { VectronError } from '@vectron/errors';
import type { gateway, placement } from '@vectron/proto';
import { checkDocument, type Document } from './document.js';
import type { PointInput } from './points.js';
import type { SearchRequest } from './search.js';

/** Makes one vector a text with a collection's provider. */
export type Embed = (
  provider: string,
  texts: readonly string[],
  dimension: number,
  role: TextRole,
) => Promise<Float32Array[]>;

/** What a text is: models that tell the two apart make other vectors of a query than of a document. */
type TextRole = 'document' | 'query';

const MAX_TEXT = 1 << 20;

/** The points with the vectors of their texts, which their payloads keep. Throws INVALID_ARGUMENT naming what is wrong. */
export async function embedPoints(
  points: readonly PointInput[],
  collection: placement.Collection,
  embed: Embed,
): Promise<readonly PointInput[]> {
  const places = points.flatMap(({ text }, at) => (text ? [at] : []));
  if (places.length === 0) return points;
  for (const at of places) {
    if (points[at].vector.length > 0)
      throw VectronError.invalid(`points[${at}].text`, `points[${at}] has a text and a vector; send only one of them`);
    // A copy of its properties, made below, would pass the checks of a payload whatever it is.
    if (points[at].payload !== undefined) checkDocument(points[at].payload, `points[${at}].payload`);
  }
  const texts = places.map((at) => checked(points[at].text ?? '', `points[${at}].text`));
  const vectors = await embedTexts(texts, collection, embed, `points[${places[0]}].text`, 'document');
  const { textField = 'text' } = collection.embedding ?? {};
  const made = new Map(places.map((at, i) => [at, vectors[i]]));
  return points.map((point, at) => {
    const vector = made.get(at);
    if (vector === undefined) return point;
    const given = (point.payload ?? {}) as Document;
    const payload = given[textField] === undefined ? { ...given, [textField]: point.text } : given;
    return { ...point, vector, payload };
  });
}

/** Each text once, whatever how often it is there. */
export async function embedTexts(
  texts: readonly string[],
  { name, embedding, dimension }: placement.Collection,
  embed: Embed,
  field: string,
  role: TextRole,
): Promise<Float32Array[]> {
  if (embedding === undefined) {
    throw VectronError.invalid(
      field,
      `${field}: collection ${name} has no embedding provider; send a vector instead of a text`,
    );
  }
  const unique = [...new Set(texts)];
  const vectors = await embed(embedding.provider, unique, dimension, role);
  const byText = new Map(unique.map((text, at) => [text, vectors[at]]));
  return texts.map((text) => byText.get(text) as Float32Array);
}

/** The search with the vector of its text. Throws INVALID_ARGUMENT for a text beside another form of the query. */
export async function embedSearch<S extends Pick<SearchRequest, 'vector' | 'likeId' | 'using'> & { text: string }>(
  search: S,
  collection: placement.Collection,
  embed: Embed,
): Promise<S> {
  const { text, vector, likeId, using } = search;
  if (text === '') return search;
  if (vector.length > 0 || likeId !== '' || using !== '') {
    throw VectronError.invalid(
      'text',
      'send only one of text, vector and like_id; a text can only search the first vector',
    );
  }
  const [made] = await embedTexts([checked(text, 'text')], collection, embed, 'text', 'query');
  return { ...search, vector: made, text: '' };
}

/** The query with the vectors of its branches' texts. */
export async function embedQuery(
  request: gateway.QueryRequest,
  collection: placement.Collection,
  embed: Embed,
): Promise<gateway.QueryRequest> {
  const asked = request.branches.flatMap((branch, at) => (branch.embed === '' ? [] : [{ branch, at }]));
  if (asked.length === 0) return request;
  for (const { branch, at } of asked) {
    if (branch.using !== '')
      throw VectronError.invalid(`branches[${at}].embed`, 'a text can only search the first vector; omit using');
    if (branch.vector.length > 0 || branch.vectorF32.length > 0) {
      throw VectronError.invalid(`branches[${at}].embed`, 'send either a vector or a text');
    }
  }
  const texts = asked.map(({ branch, at }) => checked(branch.embed, `branches[${at}].embed`));
  const vectors = await embedTexts(texts, collection, embed, `branches[${asked[0].at}].embed`, 'query');
  const branches = [...request.branches];
  asked.forEach(({ branch, at }, i) => {
    branches[at] = { ...branch, embed: '', vectorF32: Buffer.from(vectors[i].buffer) };
  });
  return { ...request, branches };
}

function checked(text: string, field: string): string {
  if (Buffer.byteLength(text) > MAX_TEXT)
    throw VectronError.invalid(field, `${field} must have at most ${MAX_TEXT} bytes`);
  return text;
}
