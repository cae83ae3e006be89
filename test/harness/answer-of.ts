import { admin, auth, gateway } from '@vectron/proto';

const METHODS = [gateway.VectronServiceService, auth.AuthServiceService, admin.AdminServiceService]
  .flatMap((service) => Object.values(service))
  .map(({ path, responseDeserialize }) => [path, responseDeserialize as (bytes: Buffer) => unknown] as const);
const decoders = new Map(METHODS);

/** What the bytes of an answer of that method mean; of none: an answer whose fields all have their default values. */
export function answerOf<Answer>({ path }: { readonly path: string }, bytes: Uint8Array = Buffer.alloc(0)): Answer {
  const decode = decoders.get(path);
  if (decode === undefined) throw new Error(`${path} is no method of a public service`);
  return decode(Buffer.from(bytes)) as Answer;
}
