// Writes packages/proto/src/generated/contract.ts: the methods, messages and rules of the public protos as plain data, for the
// REST transcoder, the checks of requests, the access rules and the clients. Called by scripts/proto.mjs.
import { createFileRegistry, fromBinary, getOption, hasOption, ScalarType, toJson } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/** Packages whose services are public; the contract is what their methods reach. */
const PUBLIC = new Set(['vectron.v1', 'vectron.auth.v1', 'vectron.admin.v1']);
/** Rules of buf.validate that packages/model/src/contract/rules.ts enforces. Any other one stops the generation. */
const RULES = {
  number: ['lt', 'lte', 'gt', 'gte', 'in', 'finite'],
  string: ['minLen', 'maxLen', 'minBytes', 'maxBytes', 'pattern', 'in'],
  bytes: ['len', 'minLen', 'maxLen'],
  repeated: ['minItems', 'maxItems', 'unique', 'items'],
};

export function registryOf(set) {
  return createFileRegistry(fromBinary(FileDescriptorSetSchema, set));
}

/** Value of a custom option as plain JSON; undefined when it is not set. */
export function optionOf(registry, desc, name) {
  const extension = registry.getExtension(name);
  if (extension === undefined) throw new Error(`the protos declare no option ${name}`);
  if (!hasOption(desc, extension)) return undefined;
  const value = getOption(desc, extension);
  return extension.message === undefined ? value : toJson(extension.message, value, { registry });
}

/** The comment before a declaration, as one line a paragraph. */
export const commentOf = (comments, desc) =>
  (comments.get(desc) ?? '')
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replace(/\s*\n\s*/g, ' ').trim())
    .join('\n\n')
    .trim();

/** Leading comments by descriptor: buf keeps them as source locations of each file. */
export function commentsOf(registry) {
  const comments = new Map();
  for (const file of registry.files) {
    const byPath = new Map(
      (file.proto.sourceCodeInfo?.location ?? []).map((one) => [one.path.join('.'), one.leadingComments]),
    );
    const visit = (message, path) => {
      comments.set(message, byPath.get(path));
      for (const field of message.fields) {
        const at = message.proto.field.indexOf(field.proto);
        comments.set(field, byPath.get(`${path}.2.${at}`));
      }
      message.nestedMessages.forEach((nested) => {
        visit(nested, `${path}.3.${message.proto.nestedType.indexOf(nested.proto)}`);
      });
    };
    for (const message of file.messages) visit(message, `4.${file.proto.messageType.indexOf(message.proto)}`);
    file.enums.forEach((one) => {
      const path = `5.${file.proto.enumType.indexOf(one.proto)}`;
      comments.set(one, byPath.get(path));
      one.values.forEach((value, at) => {
        comments.set(value, byPath.get(`${path}.2.${at}`));
      });
    });
    file.services.forEach((service, at) => {
      comments.set(service, byPath.get(`6.${at}`));
      service.methods.forEach((method, i) => {
        comments.set(method, byPath.get(`6.${at}.2.${i}`));
      });
    });
  }
  return comments;
}

/** The contract as JSON. */
export function contractOf(registry) {
  const messages = {};
  const enums = {};
  const services = {};
  const pending = [];
  const need = (message) => {
    if (message.typeName.startsWith('google.') || Object.hasOwn(messages, message.typeName)) return;
    messages[message.typeName] = undefined;
    pending.push(message);
  };
  for (const file of registry.files) {
    if (!PUBLIC.has(file.proto.package)) continue;
    for (const service of file.services) {
      services[service.typeName] = service.methods.map((method) => methodOf(registry, service, method, need));
    }
  }
  while (pending.length > 0) {
    const message = pending.pop();
    const form = optionOf(registry, message, 'vectron.options.v1.form');
    messages[message.typeName] = {
      ...(form === undefined ? {} : { form: { 1: 'filter', 2: 'vector' }[form] }),
      fields: message.fields.map((field) => {
        if (field.message !== undefined) need(field.message);
        if (field.enum !== undefined && !field.enum.typeName.startsWith('google.')) {
          enums[field.enum.typeName] = Object.fromEntries(field.enum.values.map(({ name, number }) => [name, number]));
        }
        return fieldOf(registry, field);
      }),
    };
  }
  const sorted = (all) => Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { services: sorted(services), messages: sorted(messages), enums: sorted(enums) };
}

const VERBS = ['get', 'put', 'post', 'delete', 'patch'];

/**
 * The longest request of a class of methods, bytes: who is not known gets little, and what describes accounts, keys and
 * collections is short. Points and queries are as long as the listener takes.
 */
const MAX_BODY = { public: 16 << 10, manage: 256 << 10 };

function methodOf(registry, service, method, need) {
  need(method.input);
  need(method.output);
  const policy = optionOf(registry, method, 'vectron.options.v1.policy') ?? {};
  const named = (value, prefix) => (value === undefined ? undefined : value.slice(prefix.length).toLowerCase());
  const rule = optionOf(registry, method, 'google.api.http');
  const ids = policy.operationIds ?? [camelOf(method.name)];
  const bindings = rule === undefined ? [] : [rule, ...(rule.additionalBindings ?? [])];
  if (bindings.length > ids.length) throw new Error(`${method.name} has more HTTP bindings than operation ids`);
  return {
    name: method.name,
    path: `/${service.typeName}/${method.name}`,
    request: method.input.typeName,
    response: method.output.typeName,
    ...(['server_streaming', 'bidi_streaming'].includes(method.methodKind) ? { stream: true } : {}),
    operation: ids[0],
    access: named(policy.access, 'ACCESS_'),
    admission: named(policy.admission, 'ADMISSION_'),
    audit: named(policy.audit, 'AUDIT_'),
    scope: policy.scope ?? [],
    tag: policy.tag,
    maxBody:
      policy.maxBodyBytes ??
      (policy.access === 'ACCESS_PUBLIC'
        ? MAX_BODY.public
        : policy.admission === 'ADMISSION_MANAGE'
          ? MAX_BODY.manage
          : undefined),
    ...(policy.beforePasswordChange ? { beforePasswordChange: true } : {}),
    ...(policy.unlimited ? { unlimited: true } : {}),
    ...(policy.ownKey ? { ownKey: true } : {}),
    http: bindings.map((binding, at) => {
      const verb = VERBS.find((one) => binding[one] !== undefined);
      if (verb === undefined) throw new Error(`${method.name} has an HTTP binding without a verb`);
      if (!['*', undefined].includes(binding.body)) throw new Error(`${method.name}: the body is * or nothing`);
      return { verb: verb.toUpperCase(), path: binding[verb], body: binding.body === '*', operation: ids[at] };
    }),
  };
}

/** `CreateAPIKey` is `createApiKey`. */
export const camelOf = (name) => {
  const words = name.replace(/([A-Z]+)(?=[A-Z][a-z]|$)/g, (all) => all.charAt(0) + all.slice(1).toLowerCase());
  return words.charAt(0).toLowerCase() + words.slice(1);
};

export function fieldOf(registry, field) {
  // ts-proto takes a repeated number with any option for unpacked, unless it is said (its isPacked looks at the options alone).
  if (field.fieldKind === 'list' && field.listKind === 'scalar' && field.proto.options !== undefined) {
    const packable = ![ScalarType.STRING, ScalarType.BYTES].includes(field.scalar);
    if (packable && !field.proto.options.packed)
      throw new Error(`${field}: a list of numbers with options needs packed = true`);
  }
  const rest = optionOf(registry, field, 'vectron.options.v1.rest');
  const rules = rulesOf(optionOf(registry, field, 'buf.validate.field'), field);
  const { example: _, ...shown } = rest ?? {};
  const element =
    field.fieldKind === 'map' ? field.mapKind : field.fieldKind === 'list' ? field.listKind : field.fieldKind;
  const scalar = element === 'scalar' ? ScalarType[field.scalar].toLowerCase() : element;
  return {
    name: field.name,
    json: field.jsonName,
    type: scalar,
    ...(field.message !== undefined ? { ref: field.message.typeName } : {}),
    ...(field.enum !== undefined ? { ref: field.enum.typeName } : {}),
    ...(field.fieldKind === 'list' ? { list: true } : {}),
    ...(field.fieldKind === 'map' ? { key: ScalarType[field.mapKey].toLowerCase() } : {}),
    ...(field.proto.proto3Optional ? { optional: true } : {}),
    ...(field.oneof !== undefined ? { oneof: camelOf(field.oneof.localName) } : {}),
    ...(rules === undefined ? {} : { rules }),
    ...(Object.keys(shown).length === 0 ? {} : { rest: shown }),
  };
}

function rulesOf(declared, field) {
  if (declared === undefined) return undefined;
  const [[kind, rules], ...others] = Object.entries(declared);
  if (others.length > 0) throw new Error(`${field}: only rules of the field's own type are supported`);
  const known = RULES[kind] ?? RULES.number;
  const unknown = Object.keys(rules).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`${field}: the rule ${kind}.${unknown} is not supported`);
  const plain = Object.entries(rules).map(([name, value]) => {
    if (name === 'items') return [name, rulesOf(value, field)];
    return [name, typeof value === 'string' && name !== 'pattern' ? Number(value) : value];
  });
  return Object.fromEntries(plain);
}

/** One line a field and a method, so that a change is a small difference. */
export function contractSource({ services, messages, enums }) {
  const line = (value) => `      ${JSON.stringify(value)},\n`;
  const list = (values) => (values.length === 0 ? '[]' : `[\n${values.map(line).join('')}    ]`);
  const parts = [
    ['services', Object.entries(services).map(([name, methods]) => `    '${name}': ${list(methods)},\n`)],
    [
      'messages',
      Object.entries(messages).map(([name, { form, fields }]) => {
        const forms = form === undefined ? '' : ` form: '${form}',`;
        return `    '${name}': {${forms} fields: ${list(fields)} },\n`;
      }),
    ],
    ['enums', Object.entries(enums).map(([name, values]) => `    '${name}': ${JSON.stringify(values)},\n`)],
  ];
  const body = parts.map(([name, lines]) => `  ${name}: {\n${lines.join('')}  },\n`).join('');
  return `// Generated by scripts/contract.mjs from proto/ (npm run proto).
import type { Contract } from '../contract.js';

export const CONTRACT: Contract = {\n${body}};\n`;
}
