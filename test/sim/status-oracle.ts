import type { StatusReport } from '../../src/status/status-report.ts';
import type { Programs } from './programs.ts';
import type { World } from './world/world.ts';

const EVERY_ms = 7000;
/** What is unannounced, such as an administrator's own `mdadm --fail`, is told by a report: so long green may be out of date. */
const NEWS_ms = 6000;

interface WrongSince {
  reason: string;
  at_ms: number;
}

/** Asks for the status all the time: never green when it is not proven. */
export function watchStatus(world: World, programs: Programs): void {
  const wrongSince = new Map<string, WrongSince>();
  const look = () => {
    world.timeline.after(EVERY_ms, look, { wakes: true });
    if (!world.standbyIsOn) return;
    programs.status().then(
      (status) => compare(world, status, wrongSince),
      (error) => world.violate('crash', '', `spare status fails: ${error}`),
    );
  };
  world.timeline.after(EVERY_ms, look, { wakes: true });
}

function compare(world: World, status: StatusReport, wrongSince: Map<string, WrongSince>): void {
  for (const host of status.hosts) {
    const isGreen = host.state === 'protected' && host.problems.length === 0;
    const reason = isGreen ? whyNotProtected(world, host.host) : undefined;
    if (reason === undefined) {
      wrongSince.delete(host.host);
      continue;
    }
    const before = wrongSince.get(host.host);
    const since = before?.reason === reason ? before : { reason, at_ms: world.timeline.now_ms };
    wrongSince.set(host.host, since);
    if (world.timeline.now_ms - since.at_ms >= NEWS_ms)
      world.violate('false-green', host.host, `status says protected, and ${reason}`);
  }
}

function whyNotProtected(world: World, name: string): string | undefined {
  const host = world.host(name);
  const primary = world.primary(name);
  if (host.ledger.missing(host.leg).length > 0) return 'the standby leg lacks acknowledged writes';
  if (!primary.runs) return 'its primary does not run';
  if (!host.unit.connection) return 'there is no session';
  return undefined;
}
