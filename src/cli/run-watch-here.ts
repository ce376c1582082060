import { readConfiguration } from '../config/configuration.ts';
import { gatherStatus } from '../status/gather-status.ts';
import type { Clock } from '../std/clock.ts';
import { SpareError } from '../std/errors.ts';
import { type EventLog, eventAsJson, eventAsText, type SpareEvent } from '../std/event.ts';
import { eachSecond, lockWatch, runWatch } from '../watch/run-watch.ts';
import { WatchView } from './watch-view.ts';

interface WatchHereOptions {
  json: boolean;
  clock: Clock;
}

/**
 * Watches until `interruption` aborts: as a live view in a terminal, as lines elsewhere. Where another process watches,
 * a terminal gets a view that only looks.
 * @throws SpareError `busy` where another process watches and there is no terminal.
 */
export async function runWatchHere(interruption: AbortController, options: WatchHereOptions): Promise<void> {
  const { clock } = options;
  readConfiguration();
  const hasTerminal = process.stdout.isTTY === true;
  // A terminal that was started by a systemd unit inherits the variable: it is a terminal all the same.
  const json = options.json || (!hasTerminal && process.env.JOURNAL_STREAM !== undefined);
  const isLive = hasTerminal && !json;
  const lock = await lockWatch(clock);
  if ('heldBy' in lock) {
    if (isLive) return look(interruption, clock);
    throw new SpareError('busy', 'WATCH_RUNS', `Another watch is already running: ${lock.heldBy}`, {
      hint: 'To see its status, run: spare status',
    });
  }
  try {
    if (isLive) await watchLive(interruption, clock);
    else await runWatch(printer(json ? eventAsJson : eventAsText, clock), interruption.signal, clock);
  } finally {
    await lock.release();
  }
}

/** One line an event. */
function printer(format: (event: SpareEvent, at: Date) => string, clock: Clock): EventLog {
  return (event) => console.log(format(event, clock.wallTime()));
}

async function watchLive(interruption: AbortController, clock: Clock): Promise<void> {
  const view = new WatchView({ readOnly: false, clock, leave: () => interruption.abort() });
  try {
    await runWatch(
      (event) => view.tell(event),
      interruption.signal,
      clock,
      async () => view.draw(await gatherStatus(clock)),
    );
  } finally {
    view.close();
  }
}

/** The live view of what another process watches. */
async function look(interruption: AbortController, clock: Clock): Promise<void> {
  const view = new WatchView({ readOnly: true, clock, leave: () => interruption.abort() });
  try {
    await eachSecond(interruption.signal, clock, async () => view.draw(await gatherStatus(clock)));
  } finally {
    view.close();
  }
}
