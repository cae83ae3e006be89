import { type AnyRoute, createRoute, lazyRouteComponent } from '@tanstack/react-router';

/** The pages of collections below the frame of the console; each is loaded when it is first shown. */
export function collectionRoutes<Parent extends AnyRoute>(parent: Parent) {
  const list = createRoute({
    getParentRoute: () => parent,
    path: '/',
    component: lazyRouteComponent(() => import('./collections-page'), 'CollectionsPage'),
  });
  const collection = createRoute({
    getParentRoute: () => parent,
    path: '/collections/$name',
    component: lazyRouteComponent(() => import('./collection-page'), 'CollectionPage'),
  });
  const getParentRoute = () => collection;
  const pages = [
    createRoute({
      getParentRoute,
      path: '/',
      component: lazyRouteComponent(() => import('./points/points-page'), 'PointsPage'),
    }),
    createRoute({
      getParentRoute,
      path: '/point',
      component: lazyRouteComponent(() => import('./points/point-page'), 'PointPage'),
    }),
    createRoute({
      getParentRoute,
      path: '/search',
      component: lazyRouteComponent(() => import('./search/search-page'), 'SearchPage'),
    }),
    createRoute({
      getParentRoute,
      path: '/map',
      component: lazyRouteComponent(() => import('./map/map-page'), 'MapPage'),
    }),
    createRoute({
      getParentRoute,
      path: '/import',
      component: lazyRouteComponent(() => import('./import/import-page'), 'ImportPage'),
    }),
    createRoute({
      getParentRoute,
      path: '/changes',
      component: lazyRouteComponent(() => import('./status/changes-page'), 'ChangesPage'),
    }),
    createRoute({
      getParentRoute,
      path: '/indexes',
      component: lazyRouteComponent(() => import('./status/indexes-page'), 'IndexesPage'),
    }),
    createRoute({
      getParentRoute,
      path: '/status',
      component: lazyRouteComponent(() => import('./status/status-page'), 'StatusPage'),
    }),
  ];
  return [list, collection.addChildren(pages)] as const;
}
