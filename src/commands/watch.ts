import { setInterval } from 'node:timers/promises';
import { Flags } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import { reportError } from '../cli/report-error.ts';
import { WatchView } from '../cli/watch-view.ts';
import { readConfiguration } from '../config/configuration.ts';
import { takeFileLock } from '../machine/file-lock.ts';
import { gatherStatus } from '../status/gather-status.ts';
import { SpareError } from '../std/errors.ts';
import { type EventLog, eventAsJson, eventAsText, eventOf } from '../std/event.ts';
import { standbyWorld } from '../watch/standby-world.ts';
import { Watch } from '../watch/watch.ts';
import { watchLockPath } from '../watch/watch-file.ts';

const INTERVAL_ms = 1000;

export default class WatchCommand extends BaseCommand {
  // It never ends by itself, so that its JSON is a line an event, not one value.
  static override enableJsonFlag = false;
  static override summary = 'watch every host, and take over what dies';
  static override description =
    'Looks at each host each second by independent paths. A host whose policy is auto is taken over after six misses on all of them. One watch at a time has authority, normally the one that systemd runs; beside it, this is a live view that only looks. q leaves.';
  static override examples = ['<%= config.bin %> watch', '<%= config.bin %> watch --json | jq .'];
  static override flags = {
    json: Flags.boolean({
      description: 'print one line of JSON an event instead of a table [default under systemd]',
    }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(WatchCommand);
    readConfiguration();
    const hasTerminal = process.stdout.isTTY === true;
    // A terminal that was started by a systemd unit inherits the variable: it is a terminal all the same.
    const isLogging = flags.json || (!hasTerminal && process.env.JOURNAL_STREAM !== undefined);
    const isTerminal = hasTerminal && !isLogging;
    const lock = await takeFileLock(watchLockPath(), `process ${process.pid}, since ${new Date().toISOString()}`);
    if ('heldBy' in lock) {
      if (isTerminal) return this.#look();
      throw new SpareError('busy', 'WATCH_RUNS', `Cannot watch as another watch does: ${lock.heldBy}`, {
        hint: "See what it sees: 'spare status', or 'spare watch' in a terminal",
      });
    }
    try {
      if (isTerminal) await this.#watchInTerminal();
      else await this.#watch(isLogging ? printJson : printText);
    } finally {
      await lock.release();
    }
  }

  protected override async catch(error: Error): Promise<void> {
    reportError(error, { json: this.argv.includes('--json') });
  }

  async #watchInTerminal(): Promise<void> {
    const view = new WatchView({ readOnly: false, leave: () => this.interruption.abort() });
    try {
      await this.#watch(
        (event) => view.tell(event),
        async () => view.draw(await gatherStatus()),
      );
    } finally {
      view.close();
    }
  }

  /** The live view of what another process watches. */
  async #look(): Promise<void> {
    const view = new WatchView({ readOnly: true, leave: () => this.interruption.abort() });
    try {
      await eachSecond(this.interruption.signal, async () => view.draw(await gatherStatus()));
    } finally {
      view.close();
    }
  }

  async #watch(log: EventLog, afterEach?: () => Promise<void>): Promise<void> {
    const { signal } = this.interruption;
    const watch = new Watch(await standbyWorld(log, signal));
    log(eventOf('watch-started'));
    try {
      await eachSecond(signal, async () => {
        await watch.tick();
        await afterEach?.();
      });
    } finally {
      await watch.close();
      log(eventOf('watch-stopped'));
    }
  }
}

async function eachSecond(signal: AbortSignal, action: () => Promise<void>): Promise<void> {
  try {
    await action();
    for await (const _ of setInterval(INTERVAL_ms, undefined, { signal })) await action();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

const printJson: EventLog = (event) => console.log(eventAsJson(event, new Date()));
const printText: EventLog = (event) => console.log(eventAsText(event, new Date()));
