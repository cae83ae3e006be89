// `node --import` this: every module that is loaded is named in the file $LOADED_MODULES, one a line.
import { appendFileSync } from 'node:fs';
import Module, { register } from 'node:module';

const file = JSON.stringify(process.env.LOADED_MODULES);
const hooks = `import { appendFileSync } from 'node:fs';
export async function load(url, context, next) {
  appendFileSync(${file}, url + '\\n');
  return next(url, context);
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
process.on('exit', () => appendFileSync(process.env.LOADED_MODULES, Object.keys(Module._cache).join('\n')));
