import { stringifyJson } from '@vectron/model/exact-json';
import { bodyText, type SearchCall } from './ask';

export const LANGUAGES = ['curl', 'TypeScript', 'Python', 'Go'] as const;
export type Language = (typeof LANGUAGES)[number];

type Json = Record<string, unknown>;
interface Target {
  /** Address of the REST listener, `http://host:port`, without a path. */
  readonly url: string;
  readonly collection: string;
}

/** A program that makes the same request, with the key taken from VECTRON_API_KEY. */
export function codeOf(language: Language, target: Target, call: SearchCall): string {
  return { curl, TypeScript: typescript, Python: python, Go: go }[language](target, call);
}

const pathOf = (collection: string, { verb }: SearchCall) =>
  `/v1/collections/${encodeURIComponent(collection)}/points/${verb}`;

/** Within single quotes of a POSIX shell. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

function curl({ url, collection }: Target, call: SearchCall): string {
  return [
    `curl -sS ${quoted(url + pathOf(collection, call))} \\`,
    `  -H "authorization: Bearer $VECTRON_API_KEY" \\`,
    `  -H 'content-type: application/json' \\`,
    `  -d ${quoted(bodyText(call.body))}`,
  ].join('\n');
}

function typescript({ url, collection }: Target, { verb, body }: SearchCall): string {
  const options = {
    ...body,
    ...('consistency' in body ? { consistency: sdkConsistency(body.consistency as Json) } : {}),
  };
  return [
    `import { connect } from '@vectron/sdk';`,
    '',
    `const db = connect(${JSON.stringify(url)}, { apiKey: process.env.VECTRON_API_KEY });`,
    `const found = await db.${verb}(${JSON.stringify(collection)}, ${jsLiteral(options)});`,
    'for (const { id, score, payload } of found.hits) console.log(id, score, payload);',
    ...('groupBy' in body
      ? ['for (const { value, hits } of found.groups) console.log(value, hits.map(({ id }) => id));']
      : []),
  ].join('\n');
}

/** `linearizable`, or an object with what the level needs. */
function sdkConsistency({ level, maxStalenessMs, writeToken }: Json): unknown {
  if (level === 'bounded') return { maxStalenessMs: maxStalenessMs ?? 0 };
  return level === 'at_least' ? { writeToken } : level;
}

/** JSON is JavaScript but for integers that a number cannot hold. */
const jsLiteral = (value: unknown): string =>
  literal(value, { bigint: (one) => `${one}n`, yes: 'true', no: 'false', none: 'null' });

function python({ url, collection }: Target, { verb, body }: SearchCall): string {
  const { vector, branches, ...options } = body;
  const first = verb === 'search' ? vector : branches;
  const named = Object.entries(options).map(([name, value]) => `${snake(name)}=${pythonValue(name, value)}`);
  const given = [
    JSON.stringify(collection),
    ...(first === undefined ? [] : [pythonLiteral(snakeKeys(first))]),
    ...named,
  ];
  return [
    'import os',
    '',
    'import vectron',
    '',
    `db = vectron.connect(${JSON.stringify(url)}, api_key=os.environ["VECTRON_API_KEY"])`,
    `found = db.${verb}(`,
    ...given.map((one) => `    ${one},`),
    ')',
    'for hit in found.hits:',
    '    print(hit.id, hit.score, hit.payload)',
    ...('groupBy' in body
      ? ['for group in found.groups:', '    print(group.value, [hit.id for hit in group.hits])']
      : []),
  ].join('\n');
}

function pythonValue(name: string, value: unknown): string {
  if (name === 'filter') return pythonLiteral(value);
  if (name !== 'consistency') return pythonLiteral(snakeKeys(value));
  const { level, maxStalenessMs, writeToken } = value as Json;
  if (level === 'bounded') return `vectron.Bounded(${maxStalenessMs ?? 0})`;
  return level === 'at_least' ? `vectron.AtLeast(${JSON.stringify(writeToken)})` : JSON.stringify(level);
}

const pythonLiteral = (value: unknown): string =>
  literal(value, { bigint: String, yes: 'True', no: 'False', none: 'None' });

const snake = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Names of options, which Python writes in its own way; a filter has the names of the JSON form. */
function snakeKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [snake(key), key === 'filter' ? one : snakeKeys(one)]),
  );
}

/** Options are read from JSON by the names of the API: so they are the same, filters and large integers included. */
function go({ url, collection }: Target, { verb, body }: SearchCall): string {
  const text = bodyText(body);
  const raw = text.includes('`') ? JSON.stringify(text) : `\`${text}\``;
  const [method, options] = verb === 'search' ? ['Search', 'SearchOptions'] : ['Query', 'QueryOptions'];
  return `package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"

	vectron "vectron.dev/sdk-go"
)

func main() {
	client, err := vectron.Connect(${JSON.stringify(url)}, vectron.WithAPIKey(os.Getenv("VECTRON_API_KEY")))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	var options vectron.${options}
	if err := json.Unmarshal([]byte(${raw}), &options); err != nil {
		log.Fatal(err)
	}
	found, err := client.${method}(context.Background(), ${JSON.stringify(collection)}, options)
	if err != nil {
		log.Fatal(err)
	}
	for _, hit := range found.Hits {
		fmt.Println(hit.ID, hit.Score, hit.Payload)
	}${'groupBy' in body ? `\n	for _, group := range found.Groups {\n		fmt.Println(group.Value, len(group.Hits))\n	}` : ''}
}`;
}

interface Words {
  readonly bigint: (value: bigint) => string;
  readonly yes: string;
  readonly no: string;
  readonly none: string;
}

/** A literal of JavaScript or Python: strings of JSON are strings of both. */
function literal(value: unknown, words: Words): string {
  if (typeof value === 'bigint') return words.bigint(value);
  if (value === true) return words.yes;
  if (value === false) return words.no;
  if (value === null || value === undefined) return words.none;
  if (Array.isArray(value)) return `[${value.map((one) => literal(one, words)).join(', ')}]`;
  if (typeof value !== 'object') return stringifyJson(value);
  const entries = Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${literal(one, words)}`);
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}
