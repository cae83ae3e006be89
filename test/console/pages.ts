import type { Page } from 'playwright-core';

/** A page of the console that every test of pages looks at. */
export interface ConsolePage {
  /** Below `/console`; the collection `animals` exists, with its points. */
  readonly path: string;
  /** Of the page's first heading. */
  readonly heading: string;
  /** What is there once the page has all that it asks for. */
  readonly ready: (tab: Page) => Promise<unknown>;
}

const shows =
  (selector: string): ConsolePage['ready'] =>
  (tab) =>
    tab.waitForSelector(selector);

/** Add a page here, and it is looked at in every size and colour, checked for accessibility, and cut off from its server. */
export const PAGES: readonly ConsolePage[] = [
  { path: '/', heading: 'Collections', ready: shows('a:has-text("animals")') },
  { path: '/collections/animals', heading: 'animals', ready: shows('text=tiger') },
  { path: '/collections/animals/point?id=tiger', heading: 'animals', ready: shows('form[aria-label=point]') },
  { path: '/collections/animals/search', heading: 'animals', ready: shows('form[aria-label=search]') },
  { path: '/collections/animals/map', heading: 'animals', ready: shows('text=Draw the map') },
  { path: '/collections/animals/import', heading: 'animals', ready: shows('[data-testid=drop]') },
  { path: '/collections/animals/indexes', heading: 'animals', ready: shows('text=There is no payload index yet') },
  { path: '/collections/animals/changes', heading: 'animals', ready: shows('text=No change yet') },
  { path: '/collections/animals/status', heading: 'animals', ready: shows('[aria-label=shards] td') },
  { path: '/start', heading: 'First steps', ready: shows('form[aria-label="write points"]') },
  { path: '/keys', heading: 'API keys', ready: shows('[aria-label="API keys"] td') },
  { path: '/people', heading: 'People', ready: shows('[aria-label=accounts] td') },
  { path: '/audit', heading: 'Audit log', ready: shows('[aria-label="audit log"] td') },
  { path: '/health', heading: 'System health', ready: shows('[aria-label="services and workers"] td') },
  { path: '/statistics', heading: 'Statistics', ready: shows('[data-series] canvas') },
  { path: '/slow-queries', heading: 'Slow queries', ready: shows('[data-figure="slow.total"]') },
  { path: '/cluster', heading: 'Cluster', ready: shows('[aria-label=shards] td') },
  { path: '/alerts', heading: 'Alerts', ready: shows('[aria-label="alert rules"] td') },
  { path: '/account', heading: 'Your account', ready: shows('td:has-text("admin@vectron.local")') },
];
