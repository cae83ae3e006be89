import { CONTRACT } from './generated/contract.js';

/** Scalar types of protobuf, and the two kinds that refer to another declaration. */
export type FieldType =
  | 'double'
  | 'float'
  | 'int32'
  | 'int64'
  | 'uint32'
  | 'uint64'
  | 'sint32'
  | 'sint64'
  | 'fixed32'
  | 'fixed64'
  | 'bool'
  | 'string'
  | 'bytes'
  | 'enum'
  | 'message';

/** What a value must meet; the names are those of buf.validate (https://protovalidate.com), in lowerCamelCase. */
export interface FieldRules {
  readonly lt?: number;
  readonly lte?: number;
  readonly gt?: number;
  readonly gte?: number;
  readonly in?: readonly (string | number)[];
  readonly finite?: boolean;
  /** Least and greatest length of a string in code points, or of bytes. */
  readonly minLen?: number;
  readonly maxLen?: number;
  /** Least and greatest length of a string in bytes of its UTF-8 form. */
  readonly minBytes?: number;
  readonly maxBytes?: number;
  /** Of bytes: the only length. */
  readonly len?: number;
  /** RE2 syntax. */
  readonly pattern?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly unique?: boolean;
  /** Of a list: what each of its values must meet. */
  readonly items?: FieldRules;
}

/** How a field appears in REST; proto/options/options.proto has the meaning of each. */
export interface RestField {
  readonly hidden?: boolean;
  readonly writeOnly?: boolean;
  readonly readOnly?: boolean;
  readonly omitEmpty?: boolean;
  readonly exact?: string;
  readonly document?: string;
  readonly queryName?: string;
}

export interface FieldContract {
  /** As the proto has it, snake_case. */
  readonly name: string;
  /** As REST prints it and TypeScript names it, lowerCamelCase. */
  readonly json: string;
  readonly type: FieldType;
  /** Full name of the message or enum. */
  readonly ref?: string;
  readonly list?: boolean;
  /** Of a map: the type of its keys. */
  readonly key?: FieldType;
  /** Absence is told from the default value. */
  readonly optional?: boolean;
  readonly oneof?: string;
  readonly rules?: FieldRules;
  readonly rest?: RestField;
}

export interface MessageContract {
  /** A JSON form of its own, instead of that of proto3. */
  readonly form?: 'filter' | 'vector';
  readonly fields: readonly FieldContract[];
}

export interface HttpBinding {
  readonly verb: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'PATCH';
  /** `{name}` stands for a field of the request, one segment long. */
  readonly path: string;
  /** Whether the other fields are in the body; otherwise they are query parameters. */
  readonly body: boolean;
  readonly operation: string;
}

export interface MethodContract {
  readonly name: string;
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly request: string;
  readonly response: string;
  readonly stream?: boolean;
  /** Names the operation in the audit log and in OpenAPI. */
  readonly operation: string;
  readonly access?: 'public' | 'token' | 'read' | 'write' | 'login' | 'metrics' | 'admin' | 'internal';
  readonly admission?: 'read' | 'write' | 'watch' | 'manage';
  readonly audit?: 'always' | 'refusals';
  /** Paths of request fields that name collections. */
  readonly scope: readonly string[];
  readonly tag?: string;
  /** The longest request in bytes; undefined: as long as the listener takes. */
  readonly maxBody?: number;
  /** May be called by a login whose password must be changed first. */
  readonly beforePasswordChange?: boolean;
  /** Refused to API keys that are limited to some collections or in time, and to the tokens made of keys. */
  readonly unlimited?: boolean;
  /** An API key of any role may call it about itself. */
  readonly ownKey?: boolean;
  readonly http: readonly HttpBinding[];
}

export interface Contract {
  readonly services: Readonly<Record<string, readonly MethodContract[]>>;
  readonly messages: Readonly<Record<string, MessageContract>>;
  /** Numbers by name. */
  readonly enums: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

const methods = new Map(
  Object.values(CONTRACT.services)
    .flat()
    .map((method) => [method.path, method]),
);

/** The method at `/package.Service/Method`; undefined when it is not part of the public contract. */
export const methodOf = (path: string): MethodContract | undefined => methods.get(path);

/** The message of that full name. Throws for one that is not part of the public contract. */
export function messageOf(name: string): MessageContract {
  const message = CONTRACT.messages[name];
  if (message === undefined) throw new Error(`${name} is no message of the public contract`);
  return message;
}

/** The greatest value, length or number of items that the proto allows `message.field`. Throws when it has no limit. */
export function greatestOf(message: string, field: string): number {
  const { lte, maxBytes, maxLen, maxItems } = rulesOf(message, field);
  const greatest = lte ?? maxBytes ?? maxLen ?? maxItems;
  if (greatest === undefined) throw new Error(`${message}.${field} has no upper limit`);
  return greatest;
}

/** What the proto declares of `message.field`, such as the greatest top_k. Throws when it declares nothing. */
export function rulesOf(message: string, field: string): FieldRules {
  const rules = messageOf(message).fields.find(({ name }) => name === field)?.rules;
  if (rules === undefined) throw new Error(`${message}.${field} has no rules`);
  return rules;
}
