import { aborted } from '../std/aborted.ts';
import { eventLog } from './event-log.ts';
import { type ServedFile, type ServeFileOptions, serveFile } from './serve-file.ts';

/** Serves one file until `signal` aborts; resolves when everything is flushed and closed. `ready` receives the address. */
export async function runServedFile(
  options: Omit<ServeFileOptions, 'report'>,
  signal: AbortSignal,
  ready: (served: ServedFile) => void,
): Promise<void> {
  const served = await serveFile({ ...options, report: eventLog(options.clock) });
  ready(served);
  await aborted(signal);
  await served.close();
}
