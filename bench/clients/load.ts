import { join } from 'node:path';
import { execa } from 'execa';
import type { LoadOptions } from '../load-generator.ts';
import { CLIENT_GRACE_S, type Client, type Measurement } from './client.ts';

export type Load = Omit<LoadOptions, 'host' | 'port' | 'iqn' | 'seconds'>;

/** Our own load generator, in a process of its own. */
export function ownLoad(load: Load): Client {
  return async ({ host, port, iqn }, seconds) => {
    const options: LoadOptions = { ...load, host, port, iqn, seconds };
    const program = join(import.meta.dirname, '../load-generator.ts');
    const { stdout, stderr, failed } = await execa(process.execPath, [program, JSON.stringify(options)], {
      timeout: (seconds + CLIENT_GRACE_S) * 1000,
      killSignal: 'SIGKILL',
      stdin: 'ignore',
      reject: false,
    });
    if (failed) throw new Error(stderr || 'The load generator ended without a word');
    return JSON.parse(stdout) as Measurement;
  };
}
