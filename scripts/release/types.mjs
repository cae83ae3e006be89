// The types of a package's entry points: the declarations that TypeScript made of this repository's packages, as far as the
// entry points lead to them, in one folder without the packages' names. Of what the protos generate, the messages alone. They need no
// types of Node: bytes are Uint8Array, and what TypeScript has of disposables is named (`DISPOSABLES`).
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { root, write } from './folders.mjs';

const ours = join(root, 'packages');
const isGenerated = (file) => file.includes('/proto/dist/generated/');

const parse = (file) => ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
const declarationOf = (from, specifier) => join(dirname(from), specifier.replace(/\.js$/, '.d.ts'));

/** Where `name` is declared that `@vectron/PACKAGE` exports, and as what: one name of a file, or all of it (`*`). */
function exported(file, name) {
  for (const statement of parse(file).statements) {
    if (!ts.isExportDeclaration(statement)) continue;
    const { exportClause, moduleSpecifier } = statement;
    const target = moduleSpecifier === undefined ? file : declarationOf(file, moduleSpecifier.text);
    if (exportClause !== undefined && ts.isNamespaceExport(exportClause)) {
      if (exportClause.name.text === name) return { file: target, name: '*' };
    } else if (exportClause !== undefined) {
      const found = exportClause.elements.find((element) => element.name.text === name);
      if (found !== undefined) return { file: target, name: (found.propertyName ?? found.name).text };
    }
  }
  throw new Error(`${relative(root, file)} exports no ${name}`);
}

/** At the head of an entry point: AsyncDisposable and Symbol.asyncDispose, which no release of JavaScript's library before `esnext` has. */
export const DISPOSABLES = '/// <reference lib="esnext.disposable" />\n';

/** Types of Node alone. Messages have a Buffer where the interface has Uint8Array or nothing: no user is given one. */
const withoutNode = (text) => text.replace(/\bBuffer\b/g, 'Uint8Array');
const comments = /\/\*[\s\S]*?\*\/|\/\/.*$/gm;

/**
 * Writes the declarations of the `entries` (files) and of all that they lead to; gives the paths of the entries below `folder`.
 * `others`: packages that they may import from, which are installed beside this one. Throws when they need types of Node.
 */
export function writeTypes(folder, entries, others = []) {
  const done = new Set();
  const waiting = [...entries];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (done.has(file)) continue;
    done.add(file);
    const lead = (target) => {
      waiting.push(target);
      return target;
    };
    const text = withoutNode(isGenerated(file) ? messagesOf(file, lead) : rewritten(file, lead, others));
    const needed = /\bNodeJS\.\w+|from 'node:[^']*'/.exec(text.replace(comments, ''));
    if (needed !== null) throw new Error(`${relative(root, file)}: its types need ${needed[0]} of Node`);
    write(folder, placeOf(file), text);
  }
  return entries.map(placeOf);
}

/** `packages/model/dist/points.d.ts` is `types/model/points.d.ts`. */
const placeOf = (file) => join('types', relative(ours, file).replace('/dist/', '/'));

function specifierFrom(file, target) {
  const path = relative(dirname(placeOf(file)), placeOf(target)).replace(/\.d\.ts$/, '.js');
  return path.startsWith('.') ? path : `./${path}`;
}

/** A file whose imports lead to files beside it, or to `others`. `lead` is told of each file. */
function rewritten(file, lead, others) {
  const source = parse(file);
  const text = source.statements.map((statement) => {
    const isImport = ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement);
    if (!isImport || statement.moduleSpecifier === undefined) return statement.getFullText(source);
    const specifier = statement.moduleSpecifier.text;
    if (others.some((name) => specifier === name || specifier.startsWith(`${name}/`)))
      return statement.getFullText(source);
    const inPackage = /^@vectron\/([\w-]+)$/.exec(specifier);
    if (inPackage !== null) return namesFrom(file, statement, join(ours, inPackage[1], 'dist/index.d.ts'), lead);
    if (!specifier.startsWith('.')) throw new Error(`${relative(root, file)}: its types need ${specifier}`);
    const target = lead(declarationOf(file, specifier));
    const own = statement.getFullText(source);
    return own.replace(statement.moduleSpecifier.getText(source), `'${specifierFrom(file, target)}'`);
  });
  return text.join('').trimStart().concat('\n');
}

/** The names that a statement imports or exports from another package, each from where it is declared. */
function namesFrom(file, statement, index, lead) {
  const verb = ts.isImportDeclaration(statement) ? 'import' : 'export';
  const bindings = verb === 'import' ? statement.importClause.namedBindings : statement.exportClause;
  const lines = bindings.elements.map((element) => {
    const wanted = (element.propertyName ?? element.name).text;
    const alias = element.name.text;
    const found = exported(index, wanted);
    const from = `'${specifierFrom(file, lead(found.file))}'`;
    if (found.name === '*') return `${verb} * as ${alias} from ${from};`;
    const isType = element.isTypeOnly || statement.importClause?.isTypeOnly || statement.isTypeOnly;
    return `${verb} ${isType ? 'type ' : ''}{ ${found.name === alias ? alias : `${found.name} as ${alias}`} } from ${from};`;
  });
  return `\n${lines.join('\n')}`;
}

/** Messages and enums of a file that ts-proto made, without its functions. */
function messagesOf(file, lead) {
  const source = parse(file);
  const kept = source.statements.filter(
    (statement) => ts.isInterfaceDeclaration(statement) || ts.isEnumDeclaration(statement),
  );
  const own = kept.filter(({ name }) => !/^(?:MessageFns|.*(?:Server|Client))$/.test(name.text));
  const body = own.map((statement) => statement.getFullText(source)).join('');
  const used = new Set(body.match(/\b[A-Za-z_]\w*\b/g));
  const imports = source.statements.filter(ts.isImportDeclaration).flatMap((statement) => {
    const { text } = statement.moduleSpecifier;
    const names = statement.importClause?.namedBindings?.elements?.map(({ name }) => name.text) ?? [];
    const wanted = names.filter((name) => used.has(name));
    if (wanted.length === 0) return [];
    if (!text.startsWith('.')) throw new Error(`${relative(root, file)}: its messages need ${text}`);
    const target = declarationOf(file, text);
    if (!existsSync(target)) throw new Error(`${relative(root, target)} is not there: run npm run build`);
    return [`import type { ${wanted.join(', ')} } from '${specifierFrom(file, lead(target))}';`];
  });
  return `${[...imports, body.trim(), 'export {};'].join('\n')}\n`;
}
