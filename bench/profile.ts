import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = new URL('..', import.meta.url).pathname;

/** The part of V8's `.cpuprofile` that is used here: times are the microseconds before each sample. */
export interface CpuProfile {
  nodes: Array<{ id: number; callFrame: { functionName: string; url: string; lineNumber: number } }>;
  samples: number[];
  timeDeltas: number[];
}

export interface HotSpot {
  place: string;
  /** Of the time that was not idle, without what it calls. */
  share: number;
}

/**
 * Where the time of all processes and threads together went from `start_ms` after the start of each, the most expensive function
 * first.
 */
export function hotSpots(profiles: readonly CpuProfile[], start_ms: number, count: number): HotSpot[] {
  const times = new Map<string, number>();
  let busy = 0;
  for (const { nodes, samples, timeDeltas } of profiles) {
    const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
    let elapsed = 0;
    for (const [index, id] of samples.entries()) {
      const place = places.get(id);
      const time = timeDeltas[index] ?? 0;
      elapsed += time;
      if (place === undefined || place === '(idle)' || elapsed < start_ms * 1000) continue;
      busy += time;
      times.set(place, (times.get(place) ?? 0) + time);
    }
  }
  return [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([place, time]) => ({ place, share: time / busy }));
}

export function readProfile(path: string): CpuProfile {
  return JSON.parse(readFileSync(path, 'utf8')) as CpuProfile;
}

/** `(idle)`, `(garbage collector)` and `(program)` have no file. Lines count from 0 in a profile. */
function placeOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  if (url === '') return functionName;
  const file = url.startsWith('file:') ? relative(root, fileURLToPath(url)) : url;
  return `${functionName || '(anonymous)'} ${file}:${lineNumber + 1}`;
}
