import { type AnyRoute, createRootRoute, createRoute, createRouter, redirect } from '@tanstack/react-router';
import { collectionRoutes } from './collections/routes';
import { Frame } from './frame';
import { lazyPage } from './frame/lazy-page';
import { placeAfterLogin } from './frame/place-after-login';
import { NotFound, RouteFailure } from './frame/route-failure';
import { session } from './session';

const LoginPage = lazyPage(() => import('./account/login-page').then((page) => page.LoginPage));
const RegisterPage = lazyPage(() => import('./account/register-page').then((page) => page.RegisterPage));
const StartPage = lazyPage(() => import('./start/start-page').then((page) => page.StartPage));
const KeysPage = lazyPage(() => import('./keys/keys-page').then((page) => page.KeysPage));
const PeoplePage = lazyPage(() => import('./people/people-page').then((page) => page.PeoplePage));
const AccountPage = lazyPage(() => import('./account/account-page').then((page) => page.AccountPage));
const AuditPage = lazyPage(() => import('./system/audit-page').then((page) => page.AuditPage));
const StatisticsPage = lazyPage(() => import('./system/statistics-page').then((page) => page.StatisticsPage));
const SlowQueriesPage = lazyPage(() => import('./system/slow-queries-page').then((page) => page.SlowQueriesPage));
const ClusterPage = lazyPage(() => import('./system/cluster-page').then((page) => page.ClusterPage));
const AlertsPage = lazyPage(() => import('./system/alerts-page').then((page) => page.AlertsPage));
const HealthPage = lazyPage(() => import('./system/health-page').then((page) => page.HealthPage));

const root = createRootRoute({ notFoundComponent: NotFound });
const validateSearch = (search: Record<string, unknown>) => placeAfterLogin(search.to);
const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  component: LoginPage,
  validateSearch,
  staticData: { title: 'Log in' },
});
const register = createRoute({
  getParentRoute: () => root,
  path: '/register',
  component: RegisterPage,
  staticData: { title: 'Register' },
});
const inside = createRoute({
  getParentRoute: () => root,
  id: 'inside',
  component: Frame,
  beforeLoad: ({ location }) => {
    if (!session.token) throw redirect({ to: '/login', search: placeAfterLogin(location.href) });
  },
});

const page = (path: string, title: string, component: ReturnType<typeof lazyPage>) =>
  createRoute({ getParentRoute: () => inside as AnyRoute, path, component, staticData: { title } });

function stringifySearch(search: Record<string, unknown>): string {
  const given = Object.entries(search).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text === '' ? '' : `?${text}`;
}

export const router = createRouter({
  routeTree: root.addChildren([
    login,
    register,
    inside.addChildren([
      ...collectionRoutes(inside),
      page('/start', 'First steps', StartPage),
      page('/keys', 'API keys', KeysPage),
      page('/people', 'People', PeoplePage),
      page('/audit', 'Audit log', AuditPage),
      page('/statistics', 'Statistics', StatisticsPage),
      page('/slow-queries', 'Slow queries', SlowQueriesPage),
      page('/cluster', 'Cluster', ClusterPage),
      page('/alerts', 'Alerts', AlertsPage),
      page('/account', 'Your account', AccountPage),
      page('/health', 'System health', HealthPage),
    ]),
  ]),
  basepath: '/console',
  // A link is text: what is read as JSON loses digits of large integers.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch,
  defaultPreload: 'intent',
  defaultErrorComponent: RouteFailure,
  defaultNotFoundComponent: NotFound,
  scrollRestoration: true,
});
declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
