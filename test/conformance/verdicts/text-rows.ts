import { COLLECTION } from './homes.js';
import { type Row, text, wrapped } from './rows.js';

const point = (more = '') => `{"id":"x","vector":[1,2]${more}}`;
const body = (points: string) => `{"points":[${points}]}`;
const bytes = (before: string, raw: readonly number[], after: string) =>
  Buffer.concat([Buffer.from(before), Buffer.from(raw), Buffer.from(after)]);

/** Length-delimited field of a message. */
const field = (number: number, inside: Buffer) => wrapped(inside, [tag(number)]);
const tag = (number: number) =>
  number < 16 ? Buffer.from([(number << 3) | 2]) : Buffer.from([((number << 3) & 0x7f) | 0x82, number >> 4]);
const vector = field(2, Buffer.from(Float32Array.of(1, 2).buffer));
const named = field(1, Buffer.from(COLLECTION));
const upsert = (...parts: Buffer[]) => Buffer.concat([named, field(2, Buffer.concat([vector, ...parts]))]);
const id = field(1, Buffer.from('x'));
/** google.protobuf.Struct of one key. */
const struct = (key: Buffer, value: Buffer) => field(1, Buffer.concat([field(1, key), field(2, value)]));
const textValue = (raw: Buffer) => field(3, raw);
const BROKEN = Buffer.from([0x78, 0xff, 0x79]);
/** U+D800 as three bytes, and a `/` in two, which no UTF-8 has. */
const FORMS = {
  'a byte of no UTF-8': BROKEN,
  'a surrogate': Buffer.from([0xed, 0xa0, 0x80]),
  'a long form': Buffer.from([0xc0, 0xaf]),
};

const ONLY_GRPC = {
  REST: 'it has no protobuf',
  'SDK over REST': 'it has strings',
  'SDK over gRPC': 'it has strings',
  embedded: 'it has strings',
  CLI: 'it has strings',
} as const;
const binary = (name: string, grpc: Buffer, verdict: Row['verdict'], at?: string): Row => ({
  method: 'upsert',
  name: `upsert: ${name}`,
  given: undefined,
  grpc,
  verdict,
  at,
  not: ONLY_GRPC,
});

export const textRows: readonly Row[] = [
  text('upsert', 'a text as it is', body(point()), 'OK'),
  text('upsert', 'a byte order mark', `\ufeff${body(point())}`, 'OK'),
  text('upsert', 'two byte order marks', `\ufeff\ufeff${body(point())}`, 'INVALID_ARGUMENT'),
  text('upsert', 'escapes', body('{"\\u0069d":"\\u0078","vector":[1,2e0]}'), 'OK'),
  text('upsert', 'a pair of escaped surrogates', body(point(',"payload":{"a":"\\ud83d\\ude00"}')), 'OK'),
  text(
    'upsert',
    'an escaped lone surrogate',
    body(point(',"payload":{"a":"\\ud83d"}')),
    'INVALID_ARGUMENT',
    'points[0].payload.a',
  ),
  text('upsert', 'a key twice', body(point(',"id":"y"')), 'INVALID_ARGUMENT', 'id'),
  text('upsert', 'a key of a payload twice', body(point(',"payload":{"a":1,"a":1}')), 'INVALID_ARGUMENT', 'a'),
  text('upsert', 'a key twice, once escaped', body(point(',"payload":{"a":1,"\\u0061":1}')), 'INVALID_ARGUMENT', 'a'),
  text(
    'upsert',
    'both spellings of a field',
    body(point(',"ttlSeconds":1,"ttl_seconds":1')),
    'INVALID_ARGUMENT',
    'points[0].ttl_seconds',
  ),
  text('upsert', 'a comment', body(`${point()}/* */`), 'INVALID_ARGUMENT'),
  text('upsert', 'a trailing comma', body(`${point()},`), 'INVALID_ARGUMENT'),
  text('upsert', 'single quotes', body("{'id':'x','vector':[1,2]}"), 'INVALID_ARGUMENT'),
  text('upsert', 'NaN', body('{"id":"x","vector":[NaN,2]}'), 'INVALID_ARGUMENT'),
  text('upsert', 'NaN as text', body('{"id":"x","vector":["NaN",2]}'), 'INVALID_ARGUMENT', 'points[0].vector[0]'),
  text(
    'upsert',
    'Infinity as text',
    body('{"id":"x","vector":["Infinity",2]}'),
    'INVALID_ARGUMENT',
    'points[0].vector[0]',
  ),
  text('upsert', '1e400', body('{"id":"x","vector":[1e400,2]}'), 'INVALID_ARGUMENT', 'points[0].vector[0]'),
  text(
    'upsert',
    'a number that has no exact form',
    body(point(',"payload":{"a":100000000000000000001}')),
    'INVALID_ARGUMENT',
    'points[0].payload.a',
  ),
  text('upsert', 'a leading zero', body(point(',"payload":{"a":01}')), 'INVALID_ARGUMENT'),
  text('upsert', 'a control in a string', body(point(',"payload":{"a":"\n"}')), 'INVALID_ARGUMENT'),
  text('upsert', 'text behind the end', `${body(point())} x`, 'INVALID_ARGUMENT'),
  text('upsert', 'a torn text', body(point()).slice(0, -3), 'INVALID_ARGUMENT'),
  text('upsert', 'an empty body', '', 'INVALID_ARGUMENT'),
  text('upsert', 'spaces', '  \n', 'INVALID_ARGUMENT'),
  text('upsert', 'null', 'null', 'INVALID_ARGUMENT', 'body'),
  text('upsert', 'a list', '[]', 'INVALID_ARGUMENT', 'body'),
  text('upsert', 'a text', '"x"', 'INVALID_ARGUMENT', 'body'),
  text('upsert', 'a number', '5', 'INVALID_ARGUMENT', 'body'),
  text('search', 'an unknown field', '{"vector":[1,2],"topk":5}', 'INVALID_ARGUMENT', 'topk'),
  text('search', 'the name in the proto', '{"vector":[1,2],"top_k":2}', 'OK'),
  text(
    'search',
    'a threshold of Infinity as text',
    '{"vector":[1,2],"scoreThreshold":"Infinity"}',
    'INVALID_ARGUMENT',
    'score_threshold',
  ),
  text('search', 'a rescored top_k', '{"vector":[1,2],"topK":5e0}', 'OK'),
  ...Object.entries(FORMS).flatMap(([name, raw]) => [
    text(
      'upsert',
      `${name} in an id`,
      bytes('{"points":[{"id":"', [...raw], '","vector":[1,2]}]}'),
      'INVALID_ARGUMENT',
    ),
    text(
      'upsert',
      `${name} in a payload`,
      bytes('{"points":[{"id":"x","vector":[1,2],"payload":{"a":"', [...raw], '"}}]}'),
      'INVALID_ARGUMENT',
    ),
    text(
      'upsert',
      `${name} in a key`,
      bytes('{"points":[{"id":"x","vector":[1,2],"payload":{"', [...raw], '":1}}]}'),
      'INVALID_ARGUMENT',
    ),
    binary(`${name} in the id of a message`, upsert(field(1, raw)), 'INVALID_ARGUMENT'),
    binary(
      `${name} in a text of a Struct`,
      upsert(id, field(20, struct(Buffer.from('a'), textValue(raw)))),
      'INVALID_ARGUMENT',
    ),
    binary(
      `${name} in a key of a Struct`,
      upsert(id, field(20, struct(raw, textValue(Buffer.from('a'))))),
      'INVALID_ARGUMENT',
    ),
    binary(
      `${name} in a map`,
      upsert(id, field(3, Buffer.concat([field(1, raw), field(2, Buffer.from('a'))]))),
      'INVALID_ARGUMENT',
    ),
    binary(
      `${name} in payload_json`,
      upsert(id, field(29, Buffer.concat([Buffer.from('{"a":"'), raw, Buffer.from('"}')]))),
      'INVALID_ARGUMENT',
    ),
  ]),
  binary('a document of a message', upsert(id, field(20, struct(Buffer.from('a'), textValue(Buffer.from('b'))))), 'OK'),
  binary(
    'a key __proto__ of a Struct',
    upsert(id, field(20, struct(Buffer.from('__proto__'), textValue(Buffer.from('b'))))),
    'INVALID_ARGUMENT',
    'points[0].payload',
  ),
  binary(
    'a key __proto__ of a Struct in a Struct',
    upsert(
      id,
      field(20, struct(Buffer.from('a'), field(5, struct(Buffer.from('__proto__'), field(5, Buffer.alloc(0)))))),
    ),
    'INVALID_ARGUMENT',
    'points[0].payload',
  ),
  binary(
    'a key __proto__ in a map',
    upsert(id, field(3, Buffer.concat([field(1, Buffer.from('__proto__')), field(2, Buffer.from('b'))]))),
    'INVALID_ARGUMENT',
    'points[0].payload',
  ),
  binary(
    'a key __proto__ in payload_json',
    upsert(id, field(29, Buffer.from('{"__proto__":1}'))),
    'INVALID_ARGUMENT',
    'points[0].payload',
  ),
  binary(
    'payload_json that is no JSON',
    upsert(id, field(29, Buffer.from('{'))),
    'INVALID_ARGUMENT',
    'points[0].payload_json',
  ),
  binary(
    'payload_json that is a list',
    upsert(id, field(29, Buffer.from('[]'))),
    'INVALID_ARGUMENT',
    'points[0].payload',
  ),
  binary('payload_json with a key twice', upsert(id, field(29, Buffer.from('{"a":1,"a":2}'))), 'INVALID_ARGUMENT', 'a'),
  binary(
    'a vector of three bytes',
    Buffer.concat([named, field(2, Buffer.concat([id, field(21, Buffer.from([1, 2, 3]))]))]),
    'INVALID_ARGUMENT',
    'points[0].vector',
  ),
  binary('a torn message', upsert(id).subarray(0, -3), 'INVALID_ARGUMENT'),
  binary('no message', Buffer.alloc(0), 'INVALID_ARGUMENT'),
];
