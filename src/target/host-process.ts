import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { HostConfiguration } from '../config/schema.ts';
import { onlyVolume } from '../config/volumes.ts';
import { LIMITS } from '../iscsi/limits.ts';
import { SpareError } from '../std/errors.ts';
import { type EventLog, eventOf } from '../std/event.ts';
import type { DataSync } from '../store/data-sync.ts';
import type { HostTargetStatus } from './control-protocol.ts';
import type { FailureNote } from './failure-note.ts';
import { type HostRequest, LEG_NOT_FLUSHED, type MessageFromHost, type MessageToHost } from './host-messages.ts';
import { hostPermissions } from './host-permissions.ts';
import { WritebackCheck } from './writeback-check.ts';

const PROGRAM = join(import.meta.dirname, 'host-program.ts');
const PRELOAD = join(import.meta.dirname, 'load-stripped.mjs');
/** They wait for the disk: what is not cached, large writes, flushes. Node has four, one disk has room for more. */
const WAITING_THREADS = '8';
/** A process that has ended by itself is started again at once, and more and more slowly where it ends again and again. */
const RESTART_PAUSES_MS = [0, 100, 500, 1_000, 2_000, 5_000];
/** One that has lived so long had a good start. */
const STABLE_MS = 10_000;
/** Until then a process may be starting still: its program, its disk. */
const STARTING_MS = 5_000;
/** What finding out may take whether the disk has failed a leg. */
const WITNESS_MS = 10_000;

export interface HostProcessOptions {
  /** `undefined`: it takes who names no host of ours. */
  configuration: HostConfiguration | undefined;
  /** The host's folder in the pool. */
  folder: string;
  /** The file of `writeStrippedProgram`. */
  program: string;
  report: EventLog;
  /** Outlives the process; none for the one that serves no host. */
  note?: FailureNote;
  /** Asks what the disk has failed under one that died. @default that of the process */
  sync?: DataSync;
}

interface PendingRequest {
  resolve(status: HostTargetStatus): void;
  reject(error: Error): void;
}

/** The daemon's side of a host's process: starts it, starts it again when it ends by itself, hands connections over, asks. */
export class HostProcess {
  readonly configuration: HostConfiguration | undefined;
  readonly #options: HostProcessOptions;
  readonly #writebackCheck: WritebackCheck | undefined;
  #child: ChildProcess | undefined;
  #startedAt = 0;
  #shortLives = 0;
  /** What has become of the last one. */
  #fate = 'has ended';
  #restart: NodeJS.Timeout | undefined;
  #ended: Promise<void> | undefined;
  #neighbours = 1;
  /** Connections that the process has not been sent yet: it takes one at a time. */
  readonly #arrivals = new Set<Socket>();
  #lastId = 0;
  readonly #requests = new Map<number, PendingRequest>();

  constructor(options: HostProcessOptions) {
    this.#options = options;
    const { configuration, sync } = options;
    this.configuration = configuration;
    if (configuration) {
      const onFailed = (why: string) => this.#legFailed(why);
      this.#writebackCheck = new WritebackCheck({
        path: onlyVolume(configuration).standbyLeg.path,
        onFailed,
        ...(sync && { sync }),
      });
    }
    this.#start();
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** What is wrong with the process itself: it is away, or it ends again and again. */
  get trouble(): SpareError | undefined {
    const isYoung = performance.now() - this.#startedAt < STABLE_MS;
    return !this.#child || (isYoung && this.#shortLives > 1) ? this.#gone() : undefined;
  }

  /** It runs, and has not had the time to answer. */
  get isStarting(): boolean {
    return this.#child !== undefined && performance.now() - this.#startedAt < STARTING_MS;
  }

  /** Gives the connection away, with what was read from it. */
  adopt(socket: Socket, received: Buffer): void {
    // Between two processes: the initiator comes again.
    if (!this.#child) {
      socket.destroy();
      return;
    }
    // The oldest goes, as at the portal: those who flood a slow process can't keep its initiator out.
    const [oldest] = this.#arrivals;
    if (oldest && this.#arrivals.size >= LIMITS.connectionsInLogin) {
      this.#arrivals.delete(oldest);
      oldest.destroy();
    }
    this.#arrivals.add(socket);
    // Once it is sent the kernel has it: closed here, it lives for the process, and ends with it if that dies before it has taken it.
    // Left to Node (keepOpen: false) it would be open here for ever then, and the initiator would wait.
    this.#child.send({ kind: 'connection', received } satisfies MessageToHost, socket, { keepOpen: true }, () => {
      this.#arrivals.delete(socket);
      socket.destroy();
    });
  }

  /** How many hosts share the machine: each has its part of the memory. */
  set neighbours(hosts: number) {
    this.#neighbours = hosts;
    this.#send({ kind: 'neighbours', hosts });
  }

  /**
   * Has the process do something; its status afterwards.
   * @throws SpareError of the host, or `TARGET_PROCESS_ENDED`, `TARGET_PROCESS_SILENT`
   */
  request(request: HostRequest, timeout_ms: number): Promise<HostTargetStatus> {
    const id = ++this.#lastId;
    return new Promise<HostTargetStatus>((resolve, reject) => {
      const timer = setTimeout(() => fail(this.silent(timeout_ms)), timeout_ms);
      const settle = (): void => {
        clearTimeout(timer);
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
   * Ends it in order, and kills it where that takes longer than `limit_ms`: what it wrote is in the kernel's hands then. When this resolves, nothing
   * of it can have an effect any more, and a note stands where the disk may have failed the leg.
   */
  end(limit_ms: number): Promise<void> {
    clearTimeout(this.#restart);
    this.#ended ??= this.#endChild(limit_ms).then(() => this.lossKnown());
    return this.#ended;
  }

  /** Ends it as a crash would, and starts it again. Resolves when nothing of the old process can have an effect any more. */
  async killAndStart(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  /** Resolves when a note stands where the disk may have failed the leg under a process that has died. */
  async lossKnown(): Promise<void> {
    await this.#writebackCheck?.settled(WITNESS_MS);
  }

  #start(): void {
    this.#startedAt = performance.now();
    try {
      this.#child = this.#spawn();
    } catch (error) {
      // No memory, no descriptor: others may give some back.
      this.#exited(String(error), 'could not be started');
      return;
    }
    const { configuration, folder, note } = this.#options;
    this.#send({ kind: 'serve', configuration, folder, failed: note?.stands ?? false });
    this.#send({ kind: 'neighbours', hosts: this.#neighbours });
  }

  /** @throws the system's error where no process can be made, or Node's where its channel can't. */
  #spawn(): ChildProcess {
    const { configuration, folder, program } = this.#options;
    const legs = configuration?.volumes.map(({ standbyLeg }) => standbyLeg.path) ?? [];
    const owned = configuration ? [folder, `${folder}/*`, ...legs] : [];
    const child = fork(PROGRAM, [configuration?.name ?? '-'], {
      execArgv: [...hostPermissions(owned), `--allow-fs-read=${program}`, `--import=${PRELOAD}`],
      env: { ...process.env, SPARE_STRIPPED_PROGRAM: program, UV_THREADPOOL_SIZE: WAITING_THREADS },
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    // Why it could not be started is told on the next turn, for some reasons, and not at all for others.
    child.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (!this.#child && code !== undefined) this.#fate = `could not be started (${code})`;
    });
    if (child.pid === undefined || !child.connected) throw new Error('Cannot start a process');
    child.on('message', (message: MessageFromHost) => this.#receive(message, child));
    child.once('exit', (code, signal) => {
      this.#leftLeg(code);
      this.#exited(signal ?? `exit code ${code}`);
    });
    return child;
  }

  #endChild(limit_ms: number): Promise<void> {
    const child = this.#child;
    if (!child) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), limit_ms);
      child.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      this.#send({ kind: 'end' });
    });
  }

  /**
   * What a process wrote that has died the kernel has, unless the disk fails it: whether it did is asked while the next process starts and serves already, since
   * the answer takes as long as writing does. Whoever must know waits for `lossKnown`.
   */
  #leftLeg(exitCode: number | null): void {
    if (exitCode === 0) this.#writebackCheck?.closed();
    else if (exitCode === LEG_NOT_FLUSHED) {
      this.#writebackCheck?.closed();
      this.#legFailed('Its process could not flush it');
    } else this.#writebackCheck?.died();
  }

  /** The note is for the next process, the message for one that has been started meanwhile. */
  #legFailed(cause: string): void {
    this.#options.report(eventOf('leg-failed', { host: this.configuration?.name, facts: { cause } }));
    this.#options.note?.write();
    this.#send({ kind: 'failed' });
  }

  #exited(cause: string, fate = `has ended (${cause})`): void {
    this.#child = undefined;
    this.#fate = fate;
    // Node forgets those: nobody would ever answer them.
    for (const socket of this.#arrivals) socket.destroy();
    this.#arrivals.clear();
    for (const { reject } of [...this.#requests.values()]) reject(this.#gone());
    if (this.#ended) return;
    const livedLong = performance.now() - this.#startedAt >= STABLE_MS;
    this.#shortLives = livedLong ? 0 : this.#shortLives + 1;
    const pause_ms = RESTART_PAUSES_MS[Math.min(this.#shortLives, RESTART_PAUSES_MS.length - 1)] ?? 0;
    const host = this.configuration?.name;
    this.#options.report(eventOf('process-ended', { host, facts: { cause, restartIn_ms: pause_ms } }));
    this.#restart = setTimeout(() => this.#start(), pause_ms);
  }

  #receive(message: MessageFromHost, sender: ChildProcess): void {
    if (message.kind === 'event') {
      this.#options.report(message.event);
      return;
    }
    if (message.kind === 'failed') {
      if (message.failed) this.#options.note?.write();
      else this.#options.note?.remove();
      return;
    }
    if (message.kind === 'leg') {
      if (message.isOpen) this.#writebackCheck?.opened();
      else this.#writebackCheck?.closed();
      // It has died before its message was read.
      if (sender !== this.#child) this.#writebackCheck?.died();
      return;
    }
    const pending = this.#requests.get(message.id);
    if (message.kind === 'answer') pending?.resolve(message.status);
    else pending?.reject(new SpareError(message.error.kind, message.error.code, message.error.message, message.error));
  }

  /** An error means that the process is gone, which `exit` tells. */
  #send(message: MessageToHost): void {
    this.#child?.send(message, () => {});
  }

  #gone(): SpareError {
    const name = this.configuration?.name ?? '-';
    return new SpareError('stepFailed', 'TARGET_PROCESS_ENDED', `The target's process of ${name} ${this.#fate}`, {
      hint: "It is started again by itself: try once more, or see why it ended: 'journalctl -u spare-serve'",
    });
  }

  /** For a question that was not answered in time. */
  silent(timeout_ms: number): SpareError {
    const name = this.configuration?.name ?? '-';
    const message = `The target's process of ${name} did not answer within ${timeout_ms} ms`;
    return new SpareError('stepFailed', 'TARGET_PROCESS_SILENT', message, {
      hint: `It may still be starting. If not, its disk may hang: see 'journalctl -k', and what process ${this.pid ?? ''} waits for`,
    });
  }
}
