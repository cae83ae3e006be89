import { VectronError } from '@vectron/errors';

const LONGEST = 254;
const SHAPE = /^[^\s@/]+@[^\s@/]+$/;
/** Control and format characters, lone surrogates, private and unassigned ones: what is not seen, or changes what is. */
const UNSEEN = /\p{C}/u;
const EMPTY_LABEL = /@\.|\.\.|\.$/;

/** The address as accounts are found by it: in lower case, without surrounding space. Throws INVALID_ARGUMENT. */
export function normalizeEmail(email: string): string {
  const normalized = email.trim().toLowerCase();
  if (normalized.length > LONGEST || !SHAPE.test(normalized))
    throw VectronError.invalid('email', 'email must be an e-mail address');
  return normalized;
}

/**
 * The address of an account that is going to be made, or of an invitation: no two of them look the same because of unseen
 * characters or of another way to write the same ones. Throws INVALID_ARGUMENT.
 */
export function newEmailAddress(email: string): string {
  const address = normalizeEmail(email);
  if (UNSEEN.test(address)) {
    throw VectronError.invalid(
      'email',
      'an e-mail address must not contain control characters or invisible characters',
    );
  }
  if (address !== address.normalize('NFKC').toLowerCase()) {
    throw VectronError.invalid('email', 'write the e-mail address with composed characters (Unicode NFKC)');
  }
  const domain = address.slice(address.indexOf('@'));
  if (EMPTY_LABEL.test(domain)) {
    throw VectronError.invalid('email', 'the domain of the e-mail address must not have an empty part');
  }
  return address;
}
