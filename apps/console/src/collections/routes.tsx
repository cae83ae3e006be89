import { type AnyRoute, createRoute } from '@tanstack/react-router';
import { lazyPage } from '../frame/lazy-page';

const CollectionsPage = lazyPage(() => import('../collections-page').then((page) => page.CollectionsPage));
const CollectionPage = lazyPage(() => import('../collection-page').then((page) => page.CollectionPage));

/** The pages of collections and their points, below `parent`. */
export const collectionRoutes = (parent: AnyRoute) => [
  createRoute({
    getParentRoute: () => parent,
    path: '/',
    component: CollectionsPage,
    staticData: { title: 'Collections' },
  }),
  createRoute({
    getParentRoute: () => parent,
    path: '/collections/$name',
    component: CollectionPage,
    staticData: { title: ({ name }) => name },
  }),
];
