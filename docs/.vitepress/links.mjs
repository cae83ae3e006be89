// Plugins of markdown-it. Links of a page lead to pages of the site, or to copies of the files that they name. What looks like HTML in a page,
// such as `<data>`, is text: pages have no HTML but comments.
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

/** @param {import('markdown-it')} md */
export function textInPlaceOfHtml(md) {
  const isComment = ({ content }) => content.startsWith('<!--');
  md.core.ruler.push('text-in-place-of-html', ({ tokens }) => {
    for (const token of [...tokens, ...tokens.flatMap(({ children }) => children ?? [])]) {
      if (/^html_(inline|block)$/.test(token.type))
        Object.assign(token, { type: 'text', content: isComment(token) ? '' : token.content });
    }
  });
}
