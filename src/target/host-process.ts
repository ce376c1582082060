import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { HostConfiguration, VolumeConfiguration } from '../config/schema.ts';
import { LIMITS } from '../iscsi/limits.ts';
import { type Clock, systemClock, type Timer } from '../std/clock.ts';
import { SpareError } from '../std/errors.ts';
import { type EventLog, eventOf } from '../std/event.ts';
import type { DataSync } from '../store/data-sync.ts';
import type { HostTargetStatus } from './client/control-protocol.ts';
import type { FailureNote } from './failure-note.ts';
import type { HostRequest, MessageFromHost, MessageToHost } from './host-messages.ts';
import { hostPermissions } from './host-permissions.ts';
import { LegCustody } from './leg-custody.ts';

const PROGRAM = join(import.meta.dirname, 'host-program.ts');
const PRELOAD = join(import.meta.dirname, 'load-stripped.mjs');
/** Threads that wait for the disk: uncached reads, large writes, flushes. Node's default is four; one disk can use more. */
const WAITING_THREADS = '8';
/** A process that ended unexpectedly is restarted at once, and with growing delay if it keeps ending. */
const RESTART_PAUSES_MS = [0, 100, 500, 1_000, 2_000, 5_000];
/** A process that ran this long counts as started successfully. */
const STABLE_MS = 10_000;
/** Until then a process may still be starting. */
const STARTING_MS = 5_000;
/** Time limit for finding out whether the disk failed a leg. */
const WITNESS_MS = 10_000;

export interface HostProcessOptions {
  /** `undefined`: the process for initiators that name no enrolled host. */
  configuration: HostConfiguration | undefined;
  /** The host's folder in the pool. */
  folder: string;
  /** Where the process keeps when the host was heard. In a folder that exists. */
  heardPath?: string;
  /** The file of `writeStrippedProgram`. */
  program: string;
  report: EventLog;
  /** The note of a volume's leg, which outlives the process; absent for the process that serves no host. */
  noteOf?: (volume: string) => FailureNote;
  /** Finds out what the disk failed under a process that died. @default that of the process */
  sync?: DataSync;
  /** @default systemClock */
  clock?: Clock;
}

interface PendingRequest {
  resolve(status: HostTargetStatus): void;
  reject(error: Error): void;
}

/** The daemon's side of a host's process: starts and restarts it, hands connections over, sends requests. */
export class HostProcess {
  readonly configuration: HostConfiguration | undefined;
  readonly #options: HostProcessOptions;
  readonly #legs: readonly LegCustody[];
  readonly #clock: Clock;
  #child: ChildProcess | undefined;
  #startedAt = 0;
  #shortLives = 0;
  /** How the last process ended. */
  #fate = 'has ended';
  #restart: Timer | undefined;
  #ended: Promise<void> | undefined;
  #neighbours = 1;
  #lease_s: number | undefined;
  /** Connections not yet sent to the process, which takes one at a time. */
  readonly #arrivals = new Set<Socket>();
  #lastId = 0;
  readonly #requests = new Map<number, PendingRequest>();

  constructor(options: HostProcessOptions) {
    this.#options = options;
    const { configuration, noteOf, sync, clock = systemClock } = options;
    this.#clock = clock;
    this.configuration = configuration;
    const onFailed = (volume: string, why: string) => this.#legFailed(volume, why);
    const custodyOf = (volume: VolumeConfiguration, note: FailureNote) =>
      new LegCustody({ volume, note, onFailed, clock, sync });
    this.#legs = noteOf ? (configuration?.volumes ?? []).map((volume) => custodyOf(volume, noteOf(volume.name))) : [];
    this.#start();
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** The problem with the process itself: it is not running, or keeps ending. */
  get trouble(): SpareError | undefined {
    const isYoung = this.#clock.bootTime_ms() - this.#startedAt < STABLE_MS;
    return !this.#child || (isYoung && this.#shortLives > 1) ? this.#gone() : undefined;
  }

  /** It is running and has not had time to answer. */
  get isStarting(): boolean {
    return this.#child !== undefined && this.#clock.bootTime_ms() - this.#startedAt < STARTING_MS;
  }

  /** Hands the connection over, with the bytes already read from it. */
  adopt(socket: Socket, received: Buffer): void {
    // No process is running: the initiator will retry.
    if (!this.#child) {
      socket.destroy();
      return;
    }
    // The oldest is dropped, as at the portal: flooding a slow process cannot lock its initiator out.
    const [oldest] = this.#arrivals;
    if (oldest && this.#arrivals.size >= LIMITS.connectionsInLogin) {
      this.#arrivals.delete(oldest);
      oldest.destroy();
    }
    this.#arrivals.add(socket);
    // Once sent, the kernel holds the socket: closed here, it stays open for the process, and closes if the process dies before taking it.
    // Node's own handling (keepOpen: false) would then keep it open here for ever, and the initiator would wait.
    this.#child.send({ kind: 'connection', received } satisfies MessageToHost, socket, { keepOpen: true }, () => {
      this.#arrivals.delete(socket);
      socket.destroy();
    });
  }

  /** How many hosts share the machine: each gets its share of the memory. */
  set neighbours(hosts: number) {
    this.#neighbours = hosts;
    this.#send({ kind: 'neighbours', hosts });
  }

  /** The host's replacement timeout, where it has changed. */
  set lease_s(lease_s: number) {
    this.#lease_s = lease_s;
    this.#send({ kind: 'lease', lease_s });
  }

  /**
   * Sends the process a request; returns its status afterwards.
   * @throws SpareError from the host's process, or `TARGET_PROCESS_ENDED`, `TARGET_PROCESS_SILENT`
   */
  request(request: HostRequest, timeout_ms: number): Promise<HostTargetStatus> {
    const id = ++this.#lastId;
    return new Promise<HostTargetStatus>((resolve, reject) => {
      const timer = this.#clock.after(timeout_ms, () => fail(this.silent(timeout_ms)));
      const settle = (): void => {
        timer.stop();
        this.#requests.delete(id);
      };
      const fail = (error: Error): void => {
        settle();
        reject(error);
      };
      const succeed = (status: HostTargetStatus): void => {
        settle();
        resolve(status);
      };
      this.#requests.set(id, { resolve: succeed, reject: fail });
      if (this.#child) this.#send({ kind: 'request', id, request });
      else fail(this.#gone());
    });
  }

  /**
   * Ends it in an orderly way, and kills it after `limit_ms`: the kernel has its writes by then. When this resolves, the process
   * can have no further effect, and a note exists for each leg that the disk may have failed.
   */
  end(limit_ms: number): Promise<void> {
    this.#restart?.stop();
    this.#ended ??= this.#endChild(limit_ms).then(() => this.lossKnown());
    return this.#ended;
  }

  /** Kills and restarts it. Resolves when the old process can have no further effect. */
  async killAndStart(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  /** Resolves when a note exists for each leg that the disk may have failed under a process that died. */
  async lossKnown(): Promise<void> {
    await Promise.all(this.#legs.map((leg) => leg.settled(WITNESS_MS)));
  }

  #start(): void {
    this.#startedAt = this.#clock.bootTime_ms();
    try {
      this.#child = this.#spawn();
    } catch (error) {
      // Out of memory or descriptors: some may become free.
      this.#exited(String(error), 'could not be started');
      return;
    }
    const { configuration, folder, heardPath } = this.#options;
    const failed = this.#legs.filter(({ note }) => note.stands).map(({ volume }) => volume);
    this.#send({ kind: 'serve', configuration, folder, failed, heardPath });
    this.#send({ kind: 'neighbours', hosts: this.#neighbours });
    if (this.#lease_s !== undefined) this.#send({ kind: 'lease', lease_s: this.#lease_s });
  }

  /** @throws the system's error if the process cannot be created, or Node's if its channel cannot. */
  #spawn(): ChildProcess {
    const { configuration, folder, program, heardPath } = this.#options;
    const legs =
      configuration?.volumes.flatMap(({ standbyLeg: leg }) => [leg.path, leg.folder, `${leg.folder}/*`]) ?? [];
    const owned = configuration ? [folder, `${folder}/*`, ...legs, ...(heardPath ? [heardPath] : [])] : [];
    const child = fork(PROGRAM, [configuration?.name ?? '-'], {
      execArgv: [...hostPermissions(owned), `--allow-fs-read=${program}`, `--import=${PRELOAD}`],
      env: { ...process.env, SPARE_STRIPPED_PROGRAM: program, UV_THREADPOOL_SIZE: WAITING_THREADS },
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    // For some failures the reason arrives on the next turn, for others never.
    child.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (!this.#child && code !== undefined) this.#fate = `could not be started (${code})`;
    });
    if (child.pid === undefined || !child.connected) throw new Error('Cannot start a process');
    child.on('message', (message: MessageFromHost) => this.#receive(message, child));
    child.once('exit', (code, signal) => {
      // The checks take a while: the next process serves meanwhile. Callers that need the result wait for `lossKnown`.
      for (const leg of this.#legs) leg.left(code);
      this.#exited(signal ?? `exit code ${code}`);
    });
    return child;
  }

  #endChild(limit_ms: number): Promise<void> {
    const child = this.#child;
    if (!child) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#clock.after(limit_ms, () => void child.kill('SIGKILL'));
      child.once('exit', () => {
        timer.stop();
        resolve();
      });
      this.#send({ kind: 'end' });
    });
  }

  /** The note is for the next process, the message for one that was started in the meantime. */
  #legFailed(volume: string, cause: string): void {
    this.#options.report(eventOf('leg-failed', { host: this.configuration?.name, facts: { volume, cause } }));
    this.#send({ kind: 'failed', volume });
  }

  #exited(cause: string, fate = `has ended (${cause})`): void {
    this.#child = undefined;
    this.#fate = fate;
    // Node drops them: they would never be answered.
    for (const socket of this.#arrivals) socket.destroy();
    this.#arrivals.clear();
    for (const { reject } of [...this.#requests.values()]) reject(this.#gone());
    if (this.#ended) return;
    const livedLong = this.#clock.bootTime_ms() - this.#startedAt >= STABLE_MS;
    this.#shortLives = livedLong ? 0 : this.#shortLives + 1;
    const pause_ms = RESTART_PAUSES_MS[Math.min(this.#shortLives, RESTART_PAUSES_MS.length - 1)] ?? 0;
    const host = this.configuration?.name;
    this.#options.report(eventOf('process-ended', { host, facts: { cause, restartIn_ms: pause_ms } }));
    this.#restart = this.#clock.after(pause_ms, () => this.#start());
  }

  #receive(message: MessageFromHost, sender: ChildProcess): void {
    if (message.kind === 'event') {
      this.#options.report(message.event);
      return;
    }
    if (message.kind === 'failed' || message.kind === 'leg') {
      this.#hearOfLeg(message, sender);
      return;
    }
    const pending = this.#requests.get(message.id);
    if (message.kind === 'answer') pending?.resolve(message.status);
    else pending?.reject(new SpareError(message.error.kind, message.error.code, message.error.message, message.error));
  }

  #hearOfLeg(message: Extract<MessageFromHost, { volume: string }>, sender: ChildProcess): void {
    const leg = this.#legs.find(({ volume }) => volume === message.volume);
    if (message.kind === 'failed') {
      if (message.failed) leg?.note.write();
      else leg?.note.remove();
      return;
    }
    if (message.isOpen) leg?.opened();
    else leg?.closed(message.flushed);
    // It died before its message was read.
    if (sender !== this.#child) leg?.died();
  }

  /** An error means that the process is gone, which `exit` reports. */
  #send(message: MessageToHost): void {
    this.#child?.send(message, () => {});
  }

  #gone(): SpareError {
    const name = this.configuration?.name ?? '-';
    return new SpareError('stepFailed', 'TARGET_PROCESS_ENDED', `The target process of ${name} ${this.#fate}`, {
      hint: 'It restarts automatically. If it ends again, see why: journalctl -u spare-serve',
    });
  }

  /** For a request that timed out. */
  silent(timeout_ms: number): SpareError {
    const name = this.configuration?.name ?? '-';
    const message = `The target process of ${name} did not answer within ${timeout_ms} ms`;
    return new SpareError('stepFailed', 'TARGET_PROCESS_SILENT', message, {
      hint: `It may still be starting. If it does not recover, its disk may hang. Run: journalctl -k`,
    });
  }
}
