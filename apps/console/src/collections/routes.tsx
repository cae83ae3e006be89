import { type AnyRoute, createRoute } from '@tanstack/react-router';
import { lazyPage } from '../frame/lazy-page';

const CollectionsPage = lazyPage(() => import('./collections-page').then((page) => page.CollectionsPage));
const CollectionPage = lazyPage(() => import('./collection-page').then((page) => page.CollectionPage));
const PointsPage = lazyPage(() => import('./points/points-page').then((page) => page.PointsPage));
const PointPage = lazyPage(() => import('./points/point-page').then((page) => page.PointPage));
const SearchPage = lazyPage(() => import('./search/search-page').then((page) => page.SearchPage));
const MapPage = lazyPage(() => import('./map/map-page').then((page) => page.MapPage));
const ImportPage = lazyPage(() => import('./import/import-page').then((page) => page.ImportPage));
const IndexesPage = lazyPage(() => import('./status/indexes-page').then((page) => page.IndexesPage));
const ChangesPage = lazyPage(() => import('./status/changes-page').then((page) => page.ChangesPage));
const StatusPage = lazyPage(() => import('./status/status-page').then((page) => page.StatusPage));

/** The pages of collections and their points, below `parent`. */
export function collectionRoutes(parent: AnyRoute) {
  const list = createRoute({
    getParentRoute: () => parent,
    path: '/',
    component: CollectionsPage,
    staticData: { title: 'Collections' },
  });
  const collection = createRoute({
    getParentRoute: () => parent,
    path: '/collections/$name',
    component: CollectionPage,
  });
  const page = (path: string, what: string, component: ReturnType<typeof lazyPage>) =>
    createRoute({
      getParentRoute: () => collection,
      path,
      component,
      staticData: { title: ({ name }: Record<string, string>) => (what === '' ? name : `${what} · ${name}`) },
    });
  const pages = [
    page('/', '', PointsPage),
    page('/point', 'point', PointPage),
    page('/search', 'search', SearchPage),
    page('/map', 'map', MapPage),
    page('/import', 'import', ImportPage),
    page('/indexes', 'indexes', IndexesPage),
    page('/changes', 'changes', ChangesPage),
    page('/status', 'status', StatusPage),
  ];
  return [list, collection.addChildren(pages)];
}
