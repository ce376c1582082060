import { controlSocketPath } from '../config/paths.ts';
import { aborted } from '../std/aborted.ts';
import type { Clock } from '../std/clock.ts';
import { ControlServer } from './control-server.ts';
import { eventLog } from './event-log.ts';
import { startTargetDaemon } from './target-daemon.ts';

/** Serves the configured hosts until `signal` aborts; resolves when everything is flushed and closed. `ready` receives the portal. */
export async function runTargetDaemon(
  signal: AbortSignal,
  clock: Clock,
  ready: (portal: string) => void,
): Promise<void> {
  const { daemon, portal } = await startTargetDaemon(eventLog(clock), clock);
  const control = new ControlServer(controlSocketPath(), (request) => daemon.perform(request));
  try {
    await control.listen();
    ready(portal);
    await aborted(signal);
  } finally {
    control.close();
    await daemon.close();
  }
}
