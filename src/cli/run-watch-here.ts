import { readConfiguration } from '../config/configuration.ts';
import { gatherStatus } from '../status/gather-status.ts';
import { systemClock } from '../std/clock.ts';
import { SpareError } from '../std/errors.ts';
import { type EventLog, eventAsJson, eventAsText } from '../std/event.ts';
import { eachSecond, lockWatch, runWatch } from '../watch/run-watch.ts';
import { WatchView } from './watch-view.ts';

const printJson: EventLog = (event) => console.log(eventAsJson(event, systemClock.wallTime()));
const printText: EventLog = (event) => console.log(eventAsText(event, systemClock.wallTime()));

/**
 * Watches until `interruption` aborts: as a live view in a terminal, as lines elsewhere. Where another process watches,
 * a terminal gets a view that only looks.
 * @throws SpareError `busy` where another process watches and there is no terminal.
 */
export async function runWatchHere(interruption: AbortController, options: { json: boolean }): Promise<void> {
  readConfiguration();
  const hasTerminal = process.stdout.isTTY === true;
  // A terminal that was started by a systemd unit inherits the variable: it is a terminal all the same.
  const json = options.json || (!hasTerminal && process.env.JOURNAL_STREAM !== undefined);
  const isLive = hasTerminal && !json;
  const lock = await lockWatch();
  if ('heldBy' in lock) {
    if (isLive) return look(interruption);
    throw new SpareError('busy', 'WATCH_RUNS', `Another watch is already running: ${lock.heldBy}`, {
      hint: 'To see its status, run: spare status',
    });
  }
  try {
    if (isLive) await watchLive(interruption);
    else await runWatch(json ? printJson : printText, interruption.signal);
  } finally {
    await lock.release();
  }
}

async function watchLive(interruption: AbortController): Promise<void> {
  const view = new WatchView({ readOnly: false, leave: () => interruption.abort() });
  try {
    await runWatch(
      (event) => view.tell(event),
      interruption.signal,
      async () => view.draw(await gatherStatus()),
    );
  } finally {
    view.close();
  }
}

/** The live view of what another process watches. */
async function look(interruption: AbortController): Promise<void> {
  const view = new WatchView({ readOnly: true, leave: () => interruption.abort() });
  try {
    await eachSecond(interruption.signal, async () => view.draw(await gatherStatus()));
  } finally {
    view.close();
  }
}
