import { type admin, type auth, type gateway, methodsOf } from '@vectron/proto';

/** The methods of the public services, by path and types: each transport has its own way to encode their messages. */
export const data = methodsOf<typeof gateway.VectronServiceService>('vectron.v1.VectronService');
export const users = methodsOf<typeof auth.AuthServiceService>('vectron.auth.v1.AuthService');
export const system = methodsOf<typeof admin.AdminServiceService>('vectron.admin.v1.AdminService');
