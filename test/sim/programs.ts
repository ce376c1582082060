import { planFailback } from '../../src/operations/failback/failback.ts';
import { failover } from '../../src/operations/failover/failover.ts';
import { gatherStatus } from '../../src/status/gather-status.ts';
import type { StatusReport } from '../../src/status/status-report.ts';
import { SpareError } from '../../src/std/errors.ts';
import { eventText } from '../../src/std/event.ts';
import { volumeContext } from '../../src/steps/operation-context.ts';
import { runOperation } from '../../src/steps/runner.ts';
import { lockWatch, runWatch } from '../../src/watch/run-watch.ts';
import type { Action } from './schedule.ts';
import type { SimProcess } from './world/process.ts';
import type { World } from './world/world.ts';

const RESTART_ms = 1000;
const TARGET_TICK_ms = 1000;

type Command = Extract<Action, { do: 'failover' | 'failback' }>;

/** Starts and ends the program's processes on the standby, as systemd and an administrator do. */
export class Programs {
  readonly #world: World;
  #watch: SimProcess | undefined;
  #ended = false;

  constructor(world: World) {
    this.#world = world;
  }

  startTarget(): void {
    const world = this.#world;
    if (this.#ended || !world.standbyIsOn || world.serve) return;
    const serve = world.startProcess('spare serve');
    world.serve = serve;
    for (const { unit } of world.hosts.values()) unit.start(serve);
    const tick = () => {
      if (!serve.alive) return;
      for (const { unit } of world.hosts.values()) unit.tick();
      world.timeline.after(TARGET_TICK_ms, tick);
    };
    world.timeline.after(TARGET_TICK_ms, tick);
  }

  killTarget(): void {
    const { serve } = this.#world;
    serve?.kill();
    this.#world.serve = undefined;
    for (const { unit } of this.#world.hosts.values()) unit.die();
    this.#world.timeline.after(RESTART_ms, () => this.startTarget());
  }

  startWatch(): void {
    const world = this.#world;
    if (this.#ended || !world.standbyIsOn || this.#watch?.alive) return;
    const process = world.startProcess('spare watch');
    this.#watch = process;
    const run = async () => {
      const lock = await lockWatch(world.clock);
      if ('heldBy' in lock) return;
      await runWatch(
        (event) => world.story.tell(`watch: ${eventText(event)}`),
        new AbortController().signal,
        world.clock,
      );
    };
    process.run(run).catch((error: unknown) => {
      world.violate('crash', '', `the watch ends: ${text(error)}`);
      this.killWatch();
    });
  }

  killWatch(): void {
    this.#watch?.kill();
    this.#watch = undefined;
    this.#world.timeline.after(RESTART_ms, () => this.startWatch(), { wakes: true });
  }

  stallWatch(for_ms: number): void {
    if (this.#watch) this.#watch.stalledUntil_ms = this.#world.timeline.now_ms + for_ms;
  }

  losePower(): void {
    for (const process of [...this.#world.processes]) process.kill();
    this.#watch = undefined;
    this.#world.serve = undefined;
  }

  /** The schedule is over: nothing starts again. */
  end(): void {
    this.#ended = true;
    this.losePower();
  }

  /** Runs a command of the administrator; `undefined` if it was killed. */
  command(command: Command): Promise<string> {
    const world = this.#world;
    const { host, killAt } = command;
    const process = world.startProcess(`spare ${command.do} ${host}`);
    if (killAt !== undefined) process.killAt = killAt;
    process.killAfterEffect = command.killAfterEffect ?? false;
    const said = commandLine(command);
    world.story.tell(`an administrator runs: ${said}${killAt === undefined ? '' : ` (killed at its call ${killAt})`}`);
    if (command.allowDataLoss) world.host(host).isLossAllowed = true;
    const ended = (outcome: string) => {
      world.story.tell(`${said}: ${outcome}`);
      world.disk.closeAllOf(process);
      world.processes.delete(process);
      return outcome;
    };
    return process
      .run(() => this.#run(command))
      .then(
        () => {
          this.#observed(command);
          return ended('done');
        },
        (error: unknown) => ended(text(error)),
      );
  }

  status(): Promise<StatusReport> {
    const process = this.#world.startProcess('spare status');
    return process.run(() => gatherStatus(this.#world.clock)).finally(() => this.#world.processes.delete(process));
  }

  async #run(command: Command): Promise<void> {
    const { host } = command;
    const { clock } = this.#world;
    if (command.do === 'failover') {
      await failover(
        host,
        { allowDataLoss: command.allowDataLoss ?? false, confirmedOff: command.confirmedOff ?? false },
        { clock },
      );
    } else {
      const { operation } = await planFailback(volumeContext(host, clock), { verify: true });
      await runOperation(operation, { clock });
    }
  }

  /** A command that says that it has succeeded: it has. */
  #observed(command: Command): void {
    const { host } = command;
    const there = this.#world.standby.hosts.get(host)?.parts.service.serves === true;
    const { parts } = this.#world.primary(host);
    if (command.do === 'failover' && !there)
      this.#world.violate(
        'success-observed',
        host,
        'the failover says that it has succeeded, and the standby does not serve',
      );
    if (command.do === 'failback' && parts.array?.wasCheckCutShort) {
      this.#world.violate(
        'success-observed',
        host,
        'the failback says that the legs are equal, and their comparison was cut short',
      );
    }
  }
}

export function commandLine({ do: name, host, confirmedOff, allowDataLoss }: Command): string {
  return ['spare', name, host, confirmedOff && '--confirmed-off', allowDataLoss && '--allow-data-loss']
    .filter(Boolean)
    .join(' ');
}

function text(error: unknown): string {
  if (error instanceof SpareError) return `${error.code}: ${error.message}. ${error.hint}`;
  return error instanceof Error ? `${error.stack}` : String(error);
}
