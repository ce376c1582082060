import type { Portal } from '../iscsi/portal.ts';
import { SpareError } from '../std/errors.ts';

/**
 * Has the portal accept connections; its address.
 * @throws SpareError `precondition` where the address can't be had.
 */
export async function listenOrExplain(portal: Portal, wanted: { address: string; port: number }): Promise<string> {
  try {
    return await portal.listen();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new SpareError(
      'precondition',
      'PORTAL_UNAVAILABLE',
      `Cannot accept connections on ${wanted.address} port ${wanted.port}: ${code}`,
      { hint: HINTS[code ?? ''] ?? 'Choose an address of this machine and a port that is free', cause },
    );
  }
}

const HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: `Another process has the port: 'ss -ltnp' names it`,
  EADDRNOTAVAIL: `This machine does not have that address: 'ip address' lists those it has`,
  EACCES: 'Ports below 1024 are for root: choose another one',
};
