import { useRouterState } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';

declare module '@tanstack/react-router' {
  interface StaticDataRouteOption {
    /** What the tab of the browser is named while the route is shown, before ` · Vectron`. */
    title?: string | ((params: Record<string, string>) => string);
  }
}

/** Id of the element that holds the page. */
export const MAIN = 'main';

/** The title of the innermost route, and of one that has none its path, such as `papers · search`. */
function useTitle(): string {
  return useRouterState({
    select: ({ matches }) => {
      const match = matches.at(-1);
      const title = match?.staticData?.title;
      if (typeof title === 'function') return title(match?.params as Record<string, string>);
      return title ?? (match?.pathname ?? '').split('/').slice(2).map(decodeURIComponent).join(' · ');
    },
  });
}

/**
 * Names the tab after the page, and moves the focus to the page after a navigation, so that a keyboard and a screen reader go
 * on there. A focus that is in the page already, as in tabs that are routes, stays.
 */
export function usePageTitle(): void {
  const title = useTitle();
  const pathname = useRouterState({ select: ({ resolvedLocation }) => resolvedLocation?.pathname });
  const first = useRef(true);
  useEffect(() => {
    document.title = title === '' ? 'Vectron' : `${title} · Vectron`;
  }, [title]);
  useEffect(() => {
    if (pathname === undefined) return;
    if (first.current) {
      first.current = false;
      return;
    }
    const main = document.getElementById(MAIN);
    if (main !== null && !main.contains(document.activeElement)) main.focus({ preventScroll: true });
  }, [pathname]);
}
