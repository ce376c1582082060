import type { StatusReport } from '../../src/status/status-report.ts';
import type { Programs } from './programs.ts';
import type { World } from './world/world.ts';

const EVERY_ms = 7000;
const TRUTH_EVERY_ms = 500;
/** What is unannounced, such as an administrator's own `mdadm --fail`, is told by a report: so long green may be out of date. */
const NEWS_ms = 7000;

interface WrongSince {
  reason: string;
  at_ms: number;
}

/** Asks for the status all the time: never green when it is not proven. */
export function watchStatus(world: World, programs: Programs): void {
  const wrongSince = new Map<string, WrongSince>();
  const observe = () => {
    world.timeline.after(TRUTH_EVERY_ms, observe);
    for (const name of world.hosts.keys()) note(world, name, wrongSince);
  };
  const look = () => {
    world.timeline.after(EVERY_ms, look, { wakes: true });
    if (!world.standbyIsOn) return;
    programs.status().then(
      (status) => compare(world, status, wrongSince),
      (error) => world.violate('crash', '', `spare status fails: ${error}`),
    );
  };
  world.timeline.after(TRUTH_EVERY_ms, observe);
  world.timeline.after(EVERY_ms, look, { wakes: true });
}

function note(world: World, name: string, wrongSince: Map<string, WrongSince>): void {
  const reason = whyNotProtected(world, name);
  if (reason === undefined) wrongSince.delete(name);
  else if (wrongSince.get(name)?.reason !== reason) wrongSince.set(name, { reason, at_ms: world.timeline.now_ms });
}

function compare(world: World, status: StatusReport, wrongSince: ReadonlyMap<string, WrongSince>): void {
  for (const { host, state, problems } of status.hosts) {
    const wrong = wrongSince.get(host);
    if (state !== 'protected' || problems.length > 0 || !wrong) continue;
    if (world.timeline.now_ms - wrong.at_ms >= NEWS_ms)
      world.violate('false-green', host, `status says protected, and ${wrong.reason}`);
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
