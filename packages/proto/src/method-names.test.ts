import { expect, test } from '@jest/globals';
import { admin, auth, gateway, methodsOf } from './index.js';

test.each([
  ['vectron.v1.VectronService', gateway.VectronServiceService],
  ['vectron.auth.v1.AuthService', auth.AuthServiceService],
  ['vectron.admin.v1.AdminService', admin.AdminServiceService],
])('the methods of %s have the names and paths of its generated definition', (name, service) => {
  const paths = Object.entries(service).map(([key, { path }]) => [key, { path }]);
  expect(methodsOf(name)).toEqual(Object.fromEntries(paths));
});
