import '@mantine/core/styles.css';
import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createRootRoute, createRoute, createRouter, RouterProvider, redirect } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { AccountPage } from './account/account-page';
import { LoginPage } from './account/login-page';
import { RegisterPage } from './account/register-page';
import { collectionRoutes } from './collections/routes';
import { Frame } from './frame';
import { HealthPage } from './health-page';
import { KeysPage } from './keys-page';
import { PeoplePage } from './people/people-page';
import { session } from './session';

const root = createRootRoute();
const login = createRoute({ getParentRoute: () => root, path: '/login', component: LoginPage });
const register = createRoute({ getParentRoute: () => root, path: '/register', component: RegisterPage });
const inside = createRoute({
  getParentRoute: () => root,
  id: 'inside',
  component: Frame,
  beforeLoad: () => {
    if (!session.token) throw redirect({ to: '/login' });
  },
});
const keys = createRoute({ getParentRoute: () => inside, path: '/keys', component: KeysPage });
const people = createRoute({ getParentRoute: () => inside, path: '/people', component: PeoplePage });
const account = createRoute({ getParentRoute: () => inside, path: '/account', component: AccountPage });
const health = createRoute({ getParentRoute: () => inside, path: '/health', component: HealthPage });

const router = createRouter({
  routeTree: root.addChildren([
    login,
    register,
    inside.addChildren([...collectionRoutes(inside), keys, people, account, health]),
  ]),
  basepath: '/console',
});
declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

const queries = new QueryClient({ defaultOptions: { queries: { retry: 1, refetchOnWindowFocus: false } } });
createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <MantineProvider defaultColorScheme="auto" theme={{ primaryColor: 'indigo' }}>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
