import { commentOf } from '../contract.mjs';
import { docstring, quoted } from './python.mjs';

/** What messages of the contract are called in the SDKs. */
const NAMES = {
  'vectron.auth.v1.APIKey': 'ApiKeyInfo',
  'vectron.auth.v1.RemoveUserResponse': 'AccountRemoval',
  'vectron.auth.v1.UserProfile': 'Account',
  'vectron.v1.BranchReport': 'BranchReport',
  'vectron.v1.CountPointsResponse': 'CountResult',
  'vectron.v1.CreateCollectionRequest': 'CollectionSettings',
  'vectron.v1.DeletePointsResponse': 'DeletePointsResult',
  'vectron.v1.DeleteResponse': 'DeleteResult',
  'vectron.v1.FacetPointsResponse': 'FacetResult',
  'vectron.v1.GetCollectionStatusResponse': 'CollectionStatus',
  'vectron.v1.ListChangesResponse': 'Changes',
  'vectron.v1.ListIndexesResponse': 'Indexes',
  'vectron.v1.ListPointsResponse': 'Page',
  'vectron.v1.MeasureRecallResponse': 'RecallMeasurement',
  'vectron.v1.Point': 'StoredPoint',
  'vectron.v1.PointChange': 'Change',
  'vectron.v1.QueryResponse': 'QueryResult',
  'vectron.v1.SearchResponse': 'SearchResult',
  'vectron.v1.SearchResult': 'SearchHit',
  'vectron.v1.UpdatePointsResponse': 'UpdatePointsResult',
  'vectron.v1.UpsertResponse': 'UpsertResult',
  'vectron.admin.v1.GetClusterStatusResponse': 'ClusterStatus',
  'vectron.admin.v1.GetHealthResponse': 'Health',
  'vectron.admin.v1.GetStatsResponse': 'Stats',
  'vectron.admin.v1.ListOperationsResponse': 'Operations',
  'vectron.admin.v1.ListSlowQueriesResponse': 'SlowQueries',
  'vectron.admin.v1.RebalanceResponse': 'Rebalancing',
  'vectron.admin.v1.VerifyAuditResponse': 'AuditVerification',
};
/** Fields with another name than in the contract. */
const FIELDS = {
  'vectron.admin.v1.Operation.from': 'from_worker',
  'vectron.admin.v1.Operation.to': 'to_worker',
  'vectron.admin.v1.PlannedAction.from': 'from_worker',
  'vectron.admin.v1.PlannedAction.to': 'to_worker',
  'vectron.auth.v1.APIKey.key_prefix': 'prefix',
  'vectron.v1.QueryResponse.results': 'hits',
  'vectron.v1.ResultGroup.results': 'hits',
  'vectron.v1.SearchResponse.results': 'hits',
  'vectron.v1.Point.expires_at_ms': 'expires_at',
};
/** Names of points that are read: nothing else has such fields. */
const TIMES = new Set(['created_at', 'expires_at', 'last_login_at']);
/** What the client takes apart, and gives the parts of. */
const INNER = /(Response|^QueryOutcome)$/;
/** Text that is empty where there is none, and None here. */
const NONE_IF_EMPTY = new Set(['vectron.v1.ListPointsResponse.next_cursor']);

const nameOf = (message) => NAMES[message] ?? message.split('.').at(-1);
const snake = (name) => name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toLowerCase();
const NUMBERS = {
  int32: 'int',
  uint32: 'int',
  int64: 'int',
  uint64: 'int',
  sint64: 'int',
  float: 'float',
  double: 'float',
};
const DEFAULTS = { int: '0', float: '0.0', str: '""', bool: 'False' };

/** Messages that answers are made of, each after those that it has fields of. */
function answersOf({ services, messages }) {
  const order = [];
  const seen = new Set();
  const visit = (name) => {
    if (seen.has(name) || name.startsWith('google.') || messages[name].form !== undefined) return;
    seen.add(name);
    for (const { ref, type } of fieldsOf(messages, name)) if (type === 'message') visit(ref);
    order.push(name);
  };
  const methods = Object.values(services).flat();
  for (const { access, response, http } of methods) if (access !== 'internal' && http.length > 0) visit(response);
  return order;
}

const fieldsOf = (messages, name) => messages[name].fields.filter(({ rest }) => !(rest?.hidden || rest?.writeOnly));

/** A field as Python has it: its type, and how it is read from a message and from JSON. */
function fieldOf(messages, message, field) {
  const { name, json, type, ref, list, key, optional, rest } = field;
  const full = `${message}.${name}`;
  const python = FIELDS[full] ?? name;
  const at = `m.${name}`;
  const key_ = quoted(json);
  if (name === 'from') return { ...atFrom(python), comment: field };
  if (rest?.document !== undefined)
    return { python, type: 'Payload', message: 'payload_of(m)', json: `json_payload(j.get(${key_}))` };
  if (rest?.exact !== undefined) {
    return {
      python,
      type: 'Value',
      message: `value_of(m.${name}, m.${rest.exact})`,
      json: `json_value(j.get(${key_}))`,
    };
  }
  if (type === 'float' && list && name === 'vector') {
    return { python, type: 'Floats | None', message: `floats_of(${at})`, json: `json_floats(j.get(${key_}))` };
  }
  if (name === 'expires_at_ms') {
    return { python, type: 'datetime | None', message: `time_of_ms(${at})`, json: `time_of_ms(j.get(${key_}))` };
  }
  if (type === 'int64' && TIMES.has(name)) {
    return { python, type: 'datetime | None', message: `time_of(${at})`, json: `time_of(j.get(${key_}))` };
  }
  if (type === 'message') return messageField(messages, { python, at, key_, ref, list, key });
  if (type === 'enum') {
    return { python, type: 'str', message: `enum_of(m, ${quoted(name)})`, json: `j.get(${key_}, "")` };
  }
  const scalar = type === 'bool' ? 'bool' : (NUMBERS[type] ?? 'str');
  const wide = type === 'int64' || type === 'uint64';
  if (list)
    return {
      python,
      type: `list[${scalar}]`,
      message: `list(${at})`,
      json: wide ? `[int(one) for one in j.get(${key_}, ())]` : `j.get(${key_}) or []`,
    };
  if (key !== undefined)
    return { python, type: `dict[str, ${scalar}]`, message: `dict(${at})`, json: `j.get(${key_}) or {}` };
  if (NONE_IF_EMPTY.has(full))
    return { python, type: `${scalar} | None`, message: `${at} or None`, json: `j.get(${key_}) or None` };
  if (optional) return optionalField({ python, scalar, at, key_, name, wide });
  const read = `j.get(${key_}, ${DEFAULTS[scalar]})`;
  return { python, type: scalar, message: at, json: wide ? `int(${read})` : read };
}

const atFrom = (python) => ({ python, type: 'str', message: 'getattr(m, "from")', json: 'j.get("from", "")' });

function optionalField({ python, scalar, at, key_, name, wide }) {
  const read = `j.get(${key_})`;
  return {
    python,
    type: `${scalar} | None`,
    message: `${at} if m.HasField(${quoted(name)}) else None`,
    json: wide ? `optional_int(${read})` : read,
  };
}

function messageField(messages, { python, at, key_, ref, list, key }) {
  if (messages[ref].form === 'vector') {
    const each = key === undefined ? undefined : 'dict[str, Floats]';
    if (each === undefined) throw new Error(`${at}: a vector of an answer that is not in a map`);
    return { python, type: each, message: `named_floats_of(${at})`, json: `json_named_floats(j.get(${key_}))` };
  }
  const type = nameOf(ref);
  const decoder = snake(type);
  const [ofMessage, ofJson] = [`message_${decoder}`, `json_${decoder}`];
  if (list) {
    return {
      python,
      type: `list[${type}]`,
      message: `[${ofMessage}(one) for one in ${at}]`,
      json: `[${ofJson}(one) for one in j.get(${key_}, ())]`,
    };
  }
  if (key !== undefined) {
    return {
      python,
      type: `dict[str, ${type}]`,
      message: `{name: ${ofMessage}(one) for name, one in ${at}.items()}`,
      json: `{name: ${ofJson}(one) for name, one in j.get(${key_}, {}).items()}`,
    };
  }
  const field = quoted(at.slice(2));
  return {
    python,
    type: `${type} | None`,
    message: `${ofMessage}(${at}) if m.HasField(${field}) else None`,
    json: `${ofJson}(j[${key_}]) if j.get(${key_}) is not None else None`,
  };
}

/** What a field has that was not sent, so that these classes can be made for requests, too. */
function defaultOf(type) {
  if (type.endsWith('| None')) return 'None';
  if (type === 'Payload' || type.startsWith('dict[')) return 'field(default_factory=dict)';
  if (type.startsWith('list[')) return 'field(default_factory=list)';
  return DEFAULTS[type] ?? '""';
}

export function answersSource(contract, registry, comments) {
  const { messages } = contract;
  const names = answersOf(contract);
  const classes = names.map((name) => {
    const desc = registry.getMessage(name);
    const about = commentOf(comments, desc) || `The message ${name}.`;
    const fields = fieldsOf(messages, name).flatMap((field) => {
      const { python, type } = fieldOf(messages, name, field);
      const comment = commentOf(
        comments,
        desc.fields.find((one) => one.name === field.name),
      );
      return [`    ${python}: ${type} = ${defaultOf(type)}`, ...docstring(comment, '    ')];
    });
    const body = fields.length === 0 ? [] : ['', ...fields];
    return ['@dataclass(slots=True)', `class ${nameOf(name)}:`, ...docstring(about, '    '), ...body].join('\n');
  });
  return [
    '"""Answers of a server. Made from proto/ by scripts/sdk-python-protos.mjs."""',
    '',
    'from __future__ import annotations',
    '',
    'from dataclasses import dataclass, field',
    'from datetime import datetime',
    '',
    'from .._values import Floats, Payload, Value',
    '',
    '__all__ = [',
    ...names
      .map(nameOf)
      .filter((name) => !INNER.test(name))
      .sort()
      .map((name) => `    ${quoted(name)},`),
    ']',
    '',
    '',
    `${classes.join('\n\n\n')}\n`,
  ].join('\n');
}

export function decodersSource(contract) {
  const { messages } = contract;
  const names = answersOf(contract);
  const functions = names.flatMap((name) => {
    const type = nameOf(name);
    const fields = fieldsOf(messages, name).map((field) => fieldOf(messages, name, field));
    const one = (wire, parameter) => {
      const values = fields.map((field) => `        ${field[wire]},\n`).join('');
      const call = values === '' ? `${type}()` : `${type}(\n${values}    )`;
      return `def ${wire}_${snake(type)}(${parameter}: Any) -> ${type}:\n    return ${call}`;
    };
    return [one('message', 'm'), one('json', 'j')];
  });
  const table = names.map(
    (name) => `    ${quoted(name)}: (message_${snake(nameOf(name))}, json_${snake(nameOf(name))}),\n`,
  );
  const all = functions.join('\n\n\n');
  const used = (list) => list.filter((name) => new RegExp(`\\b${name}\\b`).test(all));
  const helpers = used([
    'enum_of',
    'floats_of',
    'json_floats',
    'json_named_floats',
    'json_payload',
    'json_value',
    'named_floats_of',
    'optional_int',
    'payload_of',
    'time_of',
    'time_of_ms',
    'value_of',
  ]);
  return [
    '"""How answers are read from messages and from JSON. Made from proto/ by scripts/sdk-python-protos.mjs."""',
    '',
    'from collections.abc import Callable',
    'from typing import Any, Final',
    '',
    `from .._reading import (\n${helpers.map((one) => `    ${one},\n`).join('')})`,
    `from .answers import (\n${names
      .map(nameOf)
      .sort()
      .map((one) => `    ${one},\n`)
      .join('')})`,
    '',
    '',
    all,
    '',
    '',
    '# By the full name of the message: of a message, and of its JSON.',
    'DECODERS: Final[dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]]] = {',
    `${table.join('')}}\n`,
  ].join('\n');
}
