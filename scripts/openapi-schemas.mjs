// Schemas of the OpenAPI document: one for each message that REST takes or gives, by the forms that the transcoder reads and
// writes (packages/model/src/contract).
import { commentOf, commentsOf } from './contract.mjs';

const UINT32 = 4_294_967_295;
const FILTER_TESTS = 'eq, in, notIn, gt, gte, lt, lte, geoRadius, geoBox, prefix, text, phrase, exists or isNull';
const ref = (name) => ({ $ref: `#/components/schemas/${name}` });
const number = { type: 'number', format: 'double' };
const scalar = { description: 'A string, a number, true or false.' };

/** The JSON form of filters (packages/model/src/filter-json.ts), which is not that of the message. */
const FILTER = {
  type: 'object',
  description: `A condition on points, with exactly one of all, any, none, ids, nested and field. A field has exactly one of the tests ${FILTER_TESTS}; the bounds of one range can be combined. An empty object matches every point.`,
  additionalProperties: false,
  properties: {
    all: {
      type: 'array',
      items: ref('Filter'),
      description: 'Every filter of the list matches. An empty list matches every point.',
    },
    any: {
      type: 'array',
      items: ref('Filter'),
      description: 'At least one filter of the list matches. An empty list matches no point.',
    },
    none: {
      type: 'array',
      items: ref('Filter'),
      description: 'None of the filters of the list matches. An empty list matches every point.',
    },
    ids: { type: 'array', items: { type: 'string' }, description: 'The id of the point is in the list.' },
    nested: {
      type: 'object',
      description: 'One object below the path matches the whole filter, whose paths begin in that object.',
      required: ['path', 'filter'],
      properties: { path: { type: 'string' }, filter: ref('Filter') },
    },
    field: {
      type: 'string',
      description:
        'Path of the values in the payload: keys separated by dots, with a backslash before a dot that is part of a key. Lists on the path are traversed.',
    },
    eq: scalar,
    in: { type: 'array', items: scalar, description: 'A value is one of these values.' },
    notIn: {
      type: 'array',
      items: scalar,
      description: 'No value is one of these values. Matches also where there is no value.',
    },
    gt: {
      description:
        'Lower bound, exclusive: a number, or a time such as 2026-01-31T12:00:00Z or 2026-01-31. All bounds of a range have the same type.',
    },
    gte: { description: 'Lower bound, inclusive.' },
    lt: { description: 'Upper bound, exclusive.' },
    lte: { description: 'Upper bound, inclusive.' },
    geoRadius: {
      type: 'object',
      description: 'A geographic point is within this distance of the centre, in metres.',
      required: ['center', 'meters'],
      properties: {
        center: { type: 'object', required: ['lat', 'lon'], properties: { lat: number, lon: number } },
        meters: number,
      },
    },
    geoBox: {
      type: 'object',
      description:
        'A geographic point is within this box, whose edges are in degrees. `west` can be greater than `east`: the box then crosses the 180th meridian.',
      required: ['north', 'west', 'south', 'east'],
      properties: { north: number, west: number, south: number, east: number },
    },
    prefix: { type: 'string', description: 'A string begins with this prefix.' },
    text: { type: 'string', description: 'A string contains every word of this text.' },
    phrase: { type: 'string', description: 'A string contains these words next to each other in this order.' },
    exists: { type: 'boolean', description: 'true: there is a value other than null. false: there is none.' },
    isNull: { type: 'boolean', description: 'true: there is a null. false: there is none.' },
  },
};

export const shortName = (name) => name.slice(name.lastIndexOf('.') + 1);

/** Collects the schemas that the document refers to. */
export class Schemas {
  #comments;
  #contract;
  #registry;
  /** Messages that answers have, and that requests have. */
  #answered = new Set();
  #asked = new Set();
  #schemas = new Map();

  constructor(registry, contract) {
    this.#registry = registry;
    this.#contract = contract;
    this.#comments = commentsOf(registry);
  }

  /** Everything below the answer `name` is an answer too: its fields are always there, and more may come. */
  answers(name) {
    if (this.#answered.has(name) || this.#contract.messages[name] === undefined) return;
    this.#answered.add(name);
    for (const field of this.#shown(name)) if (field.type === 'message') this.answers(field.ref);
  }

  /** Everything below the request `name` is asked. */
  asks(name) {
    if (this.#asked.has(name) || this.#contract.messages[name] === undefined) return;
    this.#asked.add(name);
    for (const field of this.#shown(name)) if (field.type === 'message') this.asks(field.ref);
  }

  /** A reference to the schema of the message. */
  message(name) {
    const short = shortName(name);
    const known = this.#schemas.get(short);
    if (known !== undefined && known.of !== name) throw new Error(`${name} and ${known.of} have one short name`);
    if (known === undefined) {
      this.#schemas.set(short, { of: name, schema: undefined });
      this.#schemas.get(short).schema = this.#messageSchema(name, []);
    }
    return ref(short);
  }

  /** A reference to the schema of a request without the fields that are in the path. */
  body(method, name, inPath) {
    if (inPath.length === 0) return this.message(name);
    const short = `${method}Body`;
    this.#schemas.set(short, { of: short, schema: this.#messageSchema(name, inPath) });
    return ref(short);
  }

  all() {
    const sorted = [...this.#schemas].sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(sorted.map(([name, { schema }]) => [name, schema]));
  }

  /** The schema of a value in a path or a query string. */
  parameter(field) {
    return this.field(field, undefined);
  }

  describe(desc) {
    return commentOf(this.#comments, desc);
  }

  descriptionOf(message, field) {
    const desc = this.#registry.getMessage(message);
    return this.describe(desc.fields.find(({ name }) => name === field.name));
  }

  #shown(name) {
    return this.#contract.messages[name].fields.filter(({ rest = {} }) => !rest.hidden);
  }

  #messageSchema(name, left) {
    const { form } = this.#contract.messages[name];
    if (form === 'filter') return FILTER;
    if (form === 'vector') {
      return { type: 'array', description: 'A dense vector.', items: { type: 'number', format: 'float' } };
    }
    const answered = this.#answered.has(name);
    const properties = {};
    const required = [];
    for (const field of this.#shown(name)) {
      if (left.includes(field.name)) continue;
      properties[field.json] = this.field(field, this.descriptionOf(name, field));
      const printed = answered && !this.#asked.has(name) && isAlwaysPrinted(field);
      if (printed || isRequired(field)) required.push(field.json);
    }
    const description = this.describe(this.#registry.getMessage(name));
    return {
      type: 'object',
      ...(description === '' ? {} : { description }),
      ...(required.length > 0 ? { required } : {}),
      properties,
      ...(answered ? {} : { additionalProperties: false }),
    };
  }

  field(field, description) {
    const { rest = {}, list, key } = field;
    const about = {
      ...(description ? { description } : {}),
      ...(rest.writeOnly ? { writeOnly: true } : {}),
      ...(rest.readOnly ? { readOnly: true } : {}),
    };
    if (rest.document !== undefined) return { type: 'object', additionalProperties: true, ...about };
    const one = this.#element(field);
    if (key !== undefined) return { type: 'object', additionalProperties: one, ...about };
    if (!list)
      return one.$ref !== undefined && Object.keys(about).length > 0
        ? { allOf: [one], ...about }
        : { ...one, ...about };
    const { minItems, maxItems } = field.rules ?? {};
    return {
      type: 'array',
      items: one,
      ...(minItems === undefined ? {} : { minItems }),
      ...(maxItems === undefined ? {} : { maxItems }),
      ...about,
    };
  }

  #element({ type, ref: name, rules = {}, list }) {
    const own = list ? (rules.items ?? {}) : rules;
    switch (type) {
      case 'message':
        if (name === 'google.protobuf.Struct') return { type: 'object', additionalProperties: true };
        if (name === 'google.protobuf.Value') return { description: 'Any JSON value.' };
        return this.message(name);
      case 'enum':
        return { type: 'string', enum: Object.keys(this.#contract.enums[name]) };
      case 'string':
        return {
          type: 'string',
          ...(own.minLen || own.minBytes ? { minLength: own.minLen ?? 1 } : {}),
          ...(own.maxLen || own.maxBytes ? { maxLength: own.maxLen ?? own.maxBytes } : {}),
          ...(own.pattern ? { pattern: own.pattern } : {}),
          // An empty string is the same as no string.
          ...(own.in ? { enum: own.in.filter((one) => one !== '') } : {}),
        };
      case 'bool':
        return { type: 'boolean' };
      case 'bytes':
        return { type: 'string', format: 'byte', contentEncoding: 'base64' };
      case 'float':
      case 'double':
        return { type: 'number', format: type, ...bounds(own) };
      case 'int32':
      case 'sint32':
        return { type: 'integer', format: 'int32', ...bounds(own) };
      case 'uint32':
      case 'fixed32':
        return { type: 'integer', format: 'int64', minimum: 0, maximum: UINT32, ...bounds(own) };
      // As the proto3 JSON mapping prints them; numbers are accepted, too.
      case 'int64':
      case 'sint64':
        return { type: 'string', format: 'int64', pattern: '^-?[0-9]{1,19}$' };
      default:
        return { type: 'string', format: 'uint64', pattern: '^[0-9]{1,20}$' };
    }
  }
}

const bounds = ({ gte, lte, gt, lt }) => ({
  ...(gte === undefined ? {} : { minimum: gte }),
  ...(lte === undefined ? {} : { maximum: lte }),
  ...(gt === undefined ? {} : { exclusiveMinimum: gt }),
  ...(lt === undefined ? {} : { exclusiveMaximum: lt }),
});

/** Whether an answer always has the field. */
const isAlwaysPrinted = ({ optional, type, list, key, rest = {} }) =>
  !optional &&
  !rest.omitEmpty &&
  !rest.writeOnly &&
  rest.document === undefined &&
  (type !== 'message' || list || key !== undefined);

/** Whether a request without the field is refused: its default value is outside of the rules. */
export function isRequired({ rules = {}, optional, type }) {
  if (optional || (type === 'message' && rules.minItems === undefined)) return false;
  const { minLen, minBytes, minItems, gte, gt, in: allowed, pattern } = rules;
  if ([minLen, minBytes, minItems].some((least) => least > 0) || gte > 0 || gt >= 0) return true;
  if (pattern !== undefined && !new RegExp(pattern, 'u').test('')) return true;
  return allowed !== undefined && !allowed.includes(type === 'string' ? '' : 0);
}
