import type { Portal } from '../iscsi/portal.ts';
import { SpareError } from '../std/errors.ts';

/**
 * Makes the portal accept connections; returns its address.
 * @throws SpareError `precondition` if the address is not available.
 */
export async function listenOrExplain(portal: Portal, wanted: { address: string; port: number }): Promise<string> {
  try {
    return await portal.listen();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new SpareError(
      'precondition',
      'PORTAL_UNAVAILABLE',
      `Cannot listen on ${wanted.address} port ${wanted.port}: ${code}`,
      { hint: HINTS[code ?? ''] ?? 'Choose an address of this machine and a free port', cause },
    );
  }
}

const HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Another process uses the port. To find it, run: ss -ltnp',
  EADDRNOTAVAIL: 'This machine does not have that address. To list its addresses, run: ip address',
  EACCES: 'Only root may use ports below 1024: choose another port',
};
