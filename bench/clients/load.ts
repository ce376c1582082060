import { join } from 'node:path';
import { execa } from 'execa';
import type { LoadOptions } from '../load-generator.ts';
import { CLIENT_GRACE_S, type Client, type Measurement } from './client.ts';

export type Load = Omit<LoadOptions, 'host' | 'port' | 'targets' | 'seconds'>;

/** spare's own load generator, in a separate process. Its sessions are spread over the hosts of the target. */
export function ownLoad(load: Load): Client {
  return async ({ host, port, hosts }, seconds) => {
    const targets = hosts.map(({ iqn, initiatorName, chap }) => ({ iqn, initiatorName, ...(chap && { chap }) }));
    const options: LoadOptions = { ...load, host, port, targets, seconds };
    const program = join(import.meta.dirname, '../load-generator.ts');
    const { stdout, stderr, failed } = await execa(process.execPath, [program], {
      timeout: Math.ceil((seconds + CLIENT_GRACE_S) * 1000),
      killSignal: 'SIGKILL',
      input: JSON.stringify(options),
      reject: false,
    });
    if (failed) throw new Error(stderr || 'The load generator ended without a word');
    return JSON.parse(stdout) as Measurement;
  };
}
