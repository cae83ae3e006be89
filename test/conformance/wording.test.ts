import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { SERVICES } from '../../apps/cli/src/config.js';
import { allCommands, wordsOf } from '../../apps/cli/src/help.js';
import { vectronProgram } from '../../apps/cli/src/program.js';

/** A text that people read, and where it is. */
interface Said {
  readonly at: string;
  readonly text: string;
}

const STYLE = 'docs/style/wording.md';
const tracked = (...patterns: string[]) =>
  execFileSync('git', ['ls-files', ...patterns], { encoding: 'utf8' })
    .trim()
    .split('\n');
const isSource = (file: string) =>
  !/\.(test|suite|contract)\.ts$/.test(file) && !/\/generated\/|^apps\/console\//.test(file);

/** The words that are not used: the first column of the table "Words". */
const FORBIDDEN = (/## Words\n([\s\S]*?)\n## /.exec(readFileSync(STYLE, 'utf8'))?.[1] ?? '')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .flatMap((line) => line.slice(0, line.lastIndexOf('` |') + 1).match(/`[^`]+`/g) ?? [])
  .map((quoted) => new RegExp(quoted.slice(1, -1).replaceAll('\\|', '|'), 'i'));

const riddlesIn = (said: readonly Said[]): string[] =>
  said.flatMap(({ at, text }) => {
    const found = FORBIDDEN.map((words) => words.exec(text)?.[0]).filter((words) => words !== undefined);
    return found.length === 0 ? [] : [`${at}: "${found.join('", "')}" in: ${text.slice(0, 160)}`];
  });

/** The paragraphs of a page without its code. */
function prose(file: string): Said[] {
  const text = readFileSync(file, 'utf8')
    .replace(/^(```|~~~)[\s\S]*?^\1/gm, '')
    .replace(/`[^`\n]*`/g, '`code`');
  return text.split('\n\n').map((paragraph) => ({ at: file, text: paragraph.replace(/\s+/g, ' ') }));
}

/** Everything below a node, itself included. */
function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node;
  const children: ts.Node[] = [];
  node.forEachChild((child) => {
    children.push(child);
  });
  for (const child of children) yield* nodesOf(child);
}
const parsed = (file: string) => ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);

/** The constant parts of a literal, with `…` for what is inserted; undefined: it is no literal. */
function literal(node: ts.Node | undefined): string | undefined {
  if (node === undefined) return undefined;
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  return [node.head.text, ...node.templateSpans.map(({ literal: { text } }) => text)].join('…');
}

interface ErrorMade extends Said {
  readonly code: string;
}
/** The errors that a file makes with a message that stands there. */
function errorsOf(file: string): ErrorMade[] {
  const made: ErrorMade[] = [];
  const source = parsed(file);
  for (const node of nodesOf(source)) {
    let code: string | undefined;
    let message: string | undefined;
    if (ts.isNewExpression(node) && node.expression.getText() === 'VectronError')
      [code, message] = [literal(node.arguments?.[0]), literal(node.arguments?.[1])];
    else if (ts.isCallExpression(node) && node.expression.getText() === 'VectronError.invalid')
      [code, message] = ['INVALID_ARGUMENT', literal(node.arguments[1])];
    if (code === undefined || message === undefined) continue;
    const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    made.push({ at: `${file}:${line}`, code, text: message });
  }
  return made;
}

/** The doc comments of exported items and of their public members. */
function docsOf(file: string): Said[] {
  const source = parsed(file);
  const docs: Said[] = [];
  const add = (node: ts.Node) => {
    for (const doc of ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc)) {
      const text = (ts.getTextOfJSDocComment(doc.comment) ?? '').replace(/\s+/g, ' ').trim();
      if (text === '' || doc.getText().includes('@internal')) continue;
      docs.push({ at: `${file}:${source.getLineAndCharacterOfPosition(doc.getStart()).line + 1}`, text });
    }
  };
  for (const statement of source.statements) {
    const isExported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (!isExported) continue;
    add(statement);
    if (ts.isInterfaceDeclaration(statement)) statement.members.forEach(add);
    if (ts.isTypeAliasDeclaration(statement) && ts.isTypeLiteralNode(statement.type))
      statement.type.members.forEach(add);
    if (!ts.isClassDeclaration(statement)) continue;
    for (const member of statement.members) {
      const hidden = ts.canHaveModifiers(member)
        ? ts.getModifiers(member)?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword)
        : false;
      if (!hidden && !(member.name !== undefined && ts.isPrivateIdentifier(member.name))) add(member);
    }
  }
  return docs;
}

/** A declaration of a proto with the comment before it; `text` is empty where there is none. */
interface Declared extends Said {
  readonly kind: 'message' | 'enum' | 'service' | 'rpc' | 'member';
  readonly name: string;
}
/** Everything that a proto declares. Options in several lines, and extensions of other files' messages, are none of it. */
function declaredIn(file: string): Declared[] {
  const found: Declared[] = [];
  const open: string[] = [];
  let comment: string[] = [];
  for (const [at, line] of readFileSync(file, 'utf8').split('\n').entries()) {
    const code = line.replace(/"(?:\\.|[^"\\])*"/g, '""').trim();
    if (code.startsWith('//')) {
      comment.push(code.slice(2).trim());
      continue;
    }
    const [, block, named] = /^(message|enum|service|rpc|oneof|extend) ([\w.]+)/.exec(code) ?? [];
    const [, member] = /^(?:[\w.<>, ]+ )?(\w+) = \d+(?:;| \[)/.exec(code) ?? [];
    const within = open.at(-1) ?? '';
    const said = { at: `${file}:${at + 1}`, text: comment.join(' ') };
    if (block !== undefined && named !== undefined && !['oneof', 'extend'].includes(block))
      found.push({ ...said, kind: block as 'message', name: named });
    else if (member !== undefined && /^(message|enum|oneof)\b/.test(within) && !/GrpcStatus/.test(within))
      found.push({ ...said, kind: 'member', name: member });
    else if (/^package /.test(code)) found.push({ ...said, kind: 'service', name: 'package' });
    comment = [];
    for (const sign of code.match(/[{}[\]]/g) ?? []) {
      if ('{['.includes(sign)) open.push(block === undefined ? '' : code);
      else open.pop();
    }
  }
  return found;
}

const linesUntil = (text: string, at: number) => text.slice(0, at).split('\n').length;
/** What `pattern` finds in a file, whose first group is the text. */
function matches(file: string, pattern: RegExp, clean: (text: string) => string = (text) => text): Said[] {
  const source = readFileSync(file, 'utf8');
  return Array.from(source.matchAll(pattern), (found) => ({
    at: `${file}:${linesUntil(source, found.index)}`,
    text: clean(found[1] ?? '')
      .replace(/``[^`]*``|`[^`\n]*`/g, '`code`')
      .replace(/\s+/g, ' ')
      .trim(),
  }));
}
const uncommented = (text: string) => text.replace(/^[ \t]*\/\/ ?/gm, '');

/** The texts that a page of the console shows: between tags, and literals with a space. */
function shownBy(file: string): Said[] {
  const source = parsed(file);
  return Array.from(nodesOf(source)).flatMap((node) => {
    const text = ts.isJsxText(node) ? node.text : literal(node);
    if (text === undefined || !/\w \w/.test(text)) return [];
    const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    return [{ at: `${file}:${line}`, text: text.replace(/\s+/g, ' ') }];
  });
}

const PAGES = tracked(
  'README.md',
  'CONTRIBUTING.md',
  'docs/*.md',
  'packages/*/README.md',
  'examples/*/README.md',
).filter((file) => !/^docs\/(adr|style)\//.test(file));
const PUBLIC = tracked('packages/{sdk,nestjs,langchain,mcp,errors}/src/*.ts', 'packages/sdk/src', 'packages/nestjs/src')
  .concat(tracked('packages/langchain/src', 'packages/mcp/src', 'packages/errors/src'))
  .filter((file) => file.endsWith('.ts') && isSource(file));
const SOURCES = tracked('packages/*.ts', 'apps/*.ts').filter(isSource);

describe('the words that people read', () => {
  it('are forbidden by a list', () => expect(FORBIDDEN.length).toBeGreaterThan(30));

  it('have no riddles in the documentation', () => {
    expect(PAGES.length).toBeGreaterThan(25);
    expect(riddlesIn(PAGES.flatMap(prose))).toEqual([]);
  });

  it('have no riddles in the console', () => {
    const shown = tracked('apps/console/src/*.tsx').flatMap(shownBy);
    expect(shown.length).toBeGreaterThan(300);
    expect(riddlesIn(shown)).toEqual([]);
  });

  it('have no riddles in the help of commands and settings', async () => {
    const commands = allCommands(await vectronProgram());
    const help = commands.flatMap((command) => [
      { at: `vectron ${wordsOf(command)}`, text: command.description() },
      ...command.options.map(({ long, description }) => ({
        at: `vectron ${wordsOf(command)} ${long}`,
        text: description,
      })),
    ]);
    const knobs = Object.values(SERVICES).flatMap((set) => Object.values(set));
    const settings = knobs.map(({ flag, help: text }) => ({ at: `--${flag}`, text }));
    expect([help.length > 300, settings.length > 100]).toEqual([true, true]);
    expect(riddlesIn([...help, ...settings])).toEqual([]);
    expect([...help, ...settings].filter(({ text }) => text.trim() === '')).toEqual([]);
  });

  it('have no riddles in error messages', () => {
    const errors = SOURCES.flatMap(errorsOf);
    expect(errors.length).toBeGreaterThan(400);
    expect(riddlesIn(errors)).toEqual([]);
  });

  it('have no riddles in the protos, whose methods, fields and values all have a comment', () => {
    const declared = tracked('proto')
      .filter((file) => !/^proto\/(buf|google|grpc)\//.test(file))
      .flatMap(declaredIn);
    expect(declared.length).toBeGreaterThan(1_000);
    expect(riddlesIn(declared.map(({ at, text }) => ({ at, text: text.replace(/`[^`]*`/g, '`code`') })))).toEqual([]);
    const short = declared.filter(({ kind, name, text }) => {
      // What a call takes and gives is described by the call.
      const isOfACall = kind === 'message' && /(Request|Response)$/.test(name);
      return (text.match(/[\w'-]+/g) ?? []).length < (isOfACall && text === '' ? 0 : 3);
    });
    expect(short).toEqual([]);
  });

  it('have no riddles in the docstrings and messages of the Python packages', () => {
    const files = tracked('packages/*.py', 'bench/vectordbbench/*.py').filter(
      (file) => !/\/(tests|_sync)\//.test(file),
    );
    const docs = files.flatMap((file) => matches(file, /"""([\s\S]*?)"""/g));
    const raised =
      /(?:raise \w+|\b(?:invalid|internal|error_of|_refused)|\bhelp=)[^\n]*?\bf?(?:"([^"\n]{6,})"|'[^'\n]*')/g;
    const messages = files.flatMap((file) => matches(file, raised));
    expect([docs.length > 800, messages.length > 80]).toEqual([true, true]);
    expect(riddlesIn([...docs, ...messages])).toEqual([]);
  });

  it('have no riddles in the doc comments and messages of the Go client', () => {
    const files = tracked('packages/sdk-go/*.go').filter(
      (file) => !/_test\.go$|\/(scenarios|generated|generate)\//.test(file),
    );
    const exported = /((?:^[ \t]*\/\/.*\n)+)[ \t]*(?:func (?:\([^)]*\) )?[A-Z]|type [A-Z]|[A-Z]\w* |package )/gm;
    const docs = files.flatMap((file) => matches(file, exported, uncommented));
    const messages = files.flatMap((file) => matches(file, /"([^"\n]* [^"\n]* [^"\n]*)"/g));
    expect([docs.length > 500, messages.length > 50]).toEqual([true, true]);
    expect(riddlesIn([...docs, ...messages])).toEqual([]);
  });

  it('have no riddles in the messages of the core', () => {
    const files = tracked('crates/vectron-*.rs').filter((file) => !/test|generated|examples|benches/.test(file));
    const messages = files.flatMap((file) => {
      const [source = ''] = readFileSync(file, 'utf8').split('#[cfg(test)]\nmod tests {');
      return Array.from(
        source.replace(/\/\/.*/g, '').matchAll(/"((?:[^"\\\n]|\\.)* (?:[^"\\\n]|\\.)*)"/g),
        ([, text]) => ({
          at: file,
          text: text ?? '',
        }),
      );
    });
    expect(messages.length).toBeGreaterThan(200);
    expect(riddlesIn(messages)).toEqual([]);
  });

  it('have no riddles in public doc comments, which have more than two words', () => {
    const docs = PUBLIC.flatMap(docsOf);
    expect(docs.length).toBeGreaterThan(300);
    expect(riddlesIn(docs)).toEqual([]);
    const short = docs.filter(
      ({ text }) => !text.includes('{@inheritDoc') && (text.match(/[\w'-]+/g) ?? []).length < 3,
    );
    expect(short).toEqual([]);
  });
});

describe('the refusals of public calls', () => {
  /** What a message with a remedy has: the rule that was broken, or something to do. */
  const REMEDY =
    /\b(must|can|cannot|should|requires?|at most|at least|allowed|only|send|use|set|unset|omit|choose|pass|try|create|lists?|log in|wait|await|reduce|increase|start|add|run|replace|rename|delete|read|open|upgrade|import|export|check|ask|connect|write|withdraw|end|select|decompress|search|request|shows?|see|correct|declare|restore|unknown|change|close)\b/i;
  /** Codes that the caller can do nothing about, or whose message is the name of what was not found. */
  const WITHOUT = new Set(['INTERNAL', 'CANCELLED', 'NOT_FOUND', 'COLLECTION_NOT_FOUND', 'POINT_NOT_FOUND']);

  it('say what to do', () => {
    const refusals = SOURCES.filter((file) =>
      /^(packages\/(model|sdk|nestjs|langchain|mcp)|apps\/(gateway|auth))\//.test(file),
    )
      .flatMap(errorsOf)
      .filter(({ code, text }) => !WITHOUT.has(code) && text.includes(' '));
    expect(refusals.length).toBeGreaterThan(200);
    // A message whose end is inserted has the remedy there.
    expect(refusals.filter(({ text }) => !REMEDY.test(text) && !text.endsWith('…'))).toEqual([]);
  });
});

describe('what an import refuses', () => {
  /** Something to do, or the form that a value must have. */
  const REMEDY =
    /\b(must|choose|omit|set|write|export|import|make|correct|remove|rename|convert|decompress|restore|check|get|create|fill|pass|use|unpack|change|name|dump|supported)\b/i;
  /** What a file or a library says of itself: the message around it says what to do. */
  const INNER = /\/(lz4-frames|parquet\/columns|pg\/sql-tokens|pg\/sql-lexer)\.ts$/;
  /** Functions of these files that make an error, or the reason of a refused row, of their last argument. */
  const MAKERS = /^(?:VectronError(?:\.invalid)?|JsonFault|(?:this\.)?#?(?:wrong|refuse|broken))$/;
  /** Of a dump of PostgreSQL, an Error is the reason that a row is refused for; elsewhere, a part of a message. */
  const isMaker = (file: string, name: string) =>
    MAKERS.test(name) || (name === 'Error' && /\/pg(?:vector)?[./]/.test(file));

  /** The reasons of what an import leaves out, which are facts of the file, stand beside `what`. */
  const isOfLeftOut = ({ parent }: ts.PropertyAssignment) =>
    parent.properties.some(({ name }) => name?.getText() === 'what');

  function messagesOf(file: string): Said[] {
    const source = parsed(file);
    const said: Said[] = [];
    for (const node of nodesOf(source)) {
      let message: ts.Node | undefined;
      if ((ts.isCallExpression(node) || ts.isNewExpression(node)) && isMaker(file, node.expression.getText())) {
        const texts = (node.arguments ?? []).filter(
          (one) => literal(one)?.includes(' ') || ts.isTemplateExpression(one),
        );
        message = texts.at(-1);
      } else if (
        ts.isPropertyAssignment(node) &&
        ['reason', 'wrong'].includes(node.name.getText()) &&
        !isOfLeftOut(node)
      ) {
        message = node.initializer;
      } else if (ts.isVariableDeclaration(node) && node.name.getText() === 'message') {
        message = node.initializer;
      }
      const text = literal(message);
      if (text === undefined || !text.includes(' ')) continue;
      const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
      said.push({ at: `${file}:${line}`, text });
    }
    return said;
  }

  it('says what to do', () => {
    const files = tracked('apps/cli/src/import/*.ts').filter((file) => isSource(file) && !INNER.test(file));
    const messages = files.flatMap(messagesOf);
    expect(messages.length).toBeGreaterThan(120);
    // A message whose end is inserted has the remedy there.
    expect(messages.filter(({ text }) => !REMEDY.test(text) && !text.endsWith('…'))).toEqual([]);
  });
});
