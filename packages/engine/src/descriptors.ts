import * as native from '../native/index.js';
import { decodedNow } from './native-error.js';

/**
 * File descriptors of connections that one thread accepts and another serves: Node cannot hand a socket to another thread, but any
 * thread can make one of a descriptor. UNIMPLEMENTED on Windows.
 */
export const descriptors = {
  /** A second descriptor of what `fd` is open on; each is closed apart. */
  duplicate: (fd: number): number => decodedNow(() => native.duplicateDescriptor(fd)),
  /** Closes a descriptor of `duplicate` that nobody has taken. */
  close: (fd: number): void => decodedNow(() => native.closeDescriptor(fd)),
};
