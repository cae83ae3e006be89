import type { AnyRoute } from '@tanstack/react-router';
import { type ComponentType, createElement, use } from 'react';

/** Forgets the failed downloads, so that the next look at a page tries again. */
const failures = new Set<() => void>();

/** Lets pages whose code could not be downloaded be downloaded again. */
export function retryPages(): void {
  for (const forget of failures) forget();
  failures.clear();
}

/** Downloads the code of all pages, so that each of them opens while the server does not answer. */
export async function preloadPages(routes: Readonly<Record<string, AnyRoute>>): Promise<void> {
  for (const { options } of Object.values(routes)) {
    const { preload } = (options.component ?? {}) as { preload?: () => Promise<unknown> };
    await preload?.();
  }
}

/**
 * A page whose code is downloaded when it is opened first. The router calls `preload` for a link that the pointer is over.
 * A download that failed is thrown to the error boundary of the route, and tried again after `retryPages`.
 */
export function lazyPage(load: () => Promise<ComponentType>): ComponentType & { preload: () => Promise<void> } {
  let loading: Promise<ComponentType> | undefined;
  const loaded = () => {
    loading ??= load().catch((error: unknown) => {
      failures.add(() => {
        loading = undefined;
      });
      throw error;
    });
    return loading;
  };
  const LazyPage = () => createElement(use(loaded()));
  const preload = () =>
    loaded().then(
      () => undefined,
      () => undefined,
    );
  return Object.assign(LazyPage, { preload });
}
