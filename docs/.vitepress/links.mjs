// A plugin of markdown-it: links of a page lead to pages of the site, or to copies of the files that they name.
import { siteLink } from './pages.mjs';

/** @param {import('markdown-it')} md @param {string} srcDir */
export function repositoryLinks(md, srcDir) {
  md.core.ruler.push('repository-links', ({ tokens, env }) => {
    const file = (env.realPath ?? env.path).slice(srcDir.length + 1);
    for (const { children } of tokens) {
      for (const [at, token] of (children ?? []).entries()) {
        if (token.type !== 'link_open') continue;
        const href = siteLink(file, token.attrGet('href'));
        if (href !== undefined) token.attrSet('href', href);
        else {
          const end = children.findIndex((other, place) => place > at && other.type === 'link_close');
          for (const one of [token, children[end]])
            Object.assign(one, { type: 'text', content: '', tag: '', attrs: null });
        }
      }
    }
  });
}
