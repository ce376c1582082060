import type { Socket } from 'node:net';
import type { HostConfiguration } from '../config/schema.ts';
import { onlyVolume } from '../config/volumes.ts';
import type { ByteRange } from '../std/byte-range.ts';
import { type Clock, systemClock } from '../std/clock.ts';
import { within } from '../std/within.ts';
import { mountIdOf } from '../store/mount-id.ts';
import { lostRanges } from '../store/open-recorded-store.ts';
import type { HostTargetStatus, NotServed } from './client/control-protocol.ts';
import type { FailureNote } from './failure-note.ts';
import { FenceRecord } from './fence-record.ts';
import type { HostRequest } from './host-messages.ts';
import { HostProcess, type HostProcessOptions } from './host-process.ts';
import { rangesAtRisk, regionsPath } from './leg-loss.ts';

/** A status request is answered within a second, whatever one process does. */
const STATUS_MS = 700;
/** A request that a process has not answered for this long is sent again. */
const QUESTION_MS = 30_000;
/** Time limit for opening, including the start of the process on a busy machine. The caller waits for 30 s. */
const OPEN_MS = 25_000;
/** Time limit for closing: the sessions must end and the store must flush. */
export const CLOSE_MS = 10_000;

/** A host as the daemon sees it: its configuration, its process, and the last status of that process. */
export class ServedHost {
  readonly configuration: HostConfiguration;
  readonly #process: HostProcess;
  readonly #clock: Clock;
  readonly #fence: FenceRecord;
  readonly #note: FailureNote;
  readonly #regions: { path: string; size_bytes: number };
  #last: HostTargetStatus;
  #question: Promise<boolean> | undefined;

  constructor(options: HostProcessOptions & { configuration: HostConfiguration; note: FailureNote }) {
    const { configuration, folder, note, clock = systemClock } = options;
    this.#clock = clock;
    this.configuration = configuration;
    this.#last = nothingKnown(configuration);
    this.#process = new HostProcess(options);
    this.#fence = new FenceRecord(folder, clock);
    this.#note = note;
    this.#regions = { path: regionsPath(folder), size_bytes: onlyVolume(configuration).standbyLeg.size_bytes };
  }

  set neighbours(hosts: number) {
    this.#process.neighbours = hosts;
  }

  adopt(socket: Socket, received: Buffer): void {
    this.#process.adopt(socket, received);
  }

  open(): Promise<void> {
    return this.#ask('open', OPEN_MS);
  }

  accept(): Promise<void> {
    return this.#ask('accept', OPEN_MS);
  }

  unfence(): Promise<void> {
    return this.#ask('unfence', OPEN_MS);
  }

  /**
   * The record is written first, and here: it exists even if the process has died or does not answer. A process that cannot close
   * its store in time is killed, and its successor finds the record. Either way no request is outstanding when this resolves.
   */
  async fence(): Promise<void> {
    this.#fence.write();
    try {
      await this.#ask('fence', CLOSE_MS);
    } catch {
      await this.#process.killAndStart();
      // A delayed 'unfence' may have removed it. The next process starts after this.
      this.#fence.write();
    }
    // The failover that follows must know what a killed process, this one or an earlier one, has lost.
    await this.#process.lossKnown();
  }

  /** Ends its process in an orderly way; kills it if that takes too long. */
  end(limit_ms: number): Promise<void> {
    return this.#process.end(limit_ms);
  }

  async status(): Promise<HostTargetStatus> {
    const responding = await this.#isResponding();
    const { pid } = this.#process;
    // Outstanding requests end with the process.
    const sessions = this.#hasAnswered ? this.#last.sessions : [];
    const recorded = this.#recordedLoss();
    // A disk that fails the leg may fail to write the record too.
    const lost = recorded.length === 0 && this.#hasAnswered ? this.#last.lost : recorded;
    const fenced = this.#fence.stands;
    const notServed = fenced || lost.length > 0 ? null : this.#whyNotServed(responding);
    return { ...this.#last, pid, responding, sessions, fenced, lost, notServed };
  }

  /** The running process, not only an earlier one. */
  get #hasAnswered(): boolean {
    return this.#process.pid !== null && this.#process.pid === this.#last.pid;
  }

  /** The records and the note are authoritative, whatever the process has not reported yet. */
  #recordedLoss(): readonly ByteRange[] {
    const { path, size_bytes } = this.#regions;
    if (this.#note.stands) return rangesAtRisk(path, size_bytes);
    const lost = lostRanges(path, size_bytes);
    // A process that opened the leg knows best. Checking it here too could hang, and with it all hosts.
    const isKnown = this.#hasAnswered && this.#last.notServed === null;
    if (lost.length > 0 || isKnown) return lost;
    const marked = lostRanges(path, size_bytes, '');
    return marked.length === 0 || this.#isMountedAsThen() ? [] : marked;
  }

  #isMountedAsThen(): boolean {
    const { path, size_bytes } = this.#regions;
    try {
      return (
        lostRanges(path, size_bytes, undefined, mountIdOf(onlyVolume(this.configuration).standbyLeg.path)).length === 0
      );
    } catch {
      return false;
    }
  }

  #whyNotServed(responding: boolean): NotServed | null {
    const isSilent = !responding && (this.#hasAnswered || !this.#process.isStarting);
    const trouble = this.#process.trouble ?? (isSilent ? this.#process.silent(STATUS_MS) : undefined);
    return trouble ? { reason: trouble.message, hint: trouble.hint } : this.#last.notServed;
  }

  /** Sends one request at a time: otherwise they would pile up, one per second, at a process that hangs. */
  async #isResponding(): Promise<boolean> {
    this.#question ??= this.#ask('status', QUESTION_MS)
      .then(
        () => true,
        () => false,
      )
      .finally(() => {
        this.#question = undefined;
      });
    return (await within(STATUS_MS, this.#question, this.#clock)) ?? false;
  }

  /** A new process knows nothing of earlier PDUs: the time of the last contact is kept here. */
  async #ask(request: HostRequest, timeout_ms: number): Promise<void> {
    const { lastPduAt, lastWriteAt } = this.#last;
    const status = await this.#process.request(request, timeout_ms);
    this.#last = {
      ...status,
      lastPduAt: status.lastPduAt ?? lastPduAt,
      lastWriteAt: status.lastWriteAt ?? lastWriteAt,
    };
  }
}

function nothingKnown({ name, target }: HostConfiguration): HostTargetStatus {
  return {
    host: name,
    iqn: target.iqn,
    pid: null,
    responding: false,
    fenced: false,
    lost: [],
    notServed: null,
    sessions: [],
    lastPduAt: null,
    lastWriteAt: null,
    sessionEndedAt: null,
    counters: { reads: 0, writes: 0, flushes: 0, readBytes: 0, writtenBytes: 0, errors: 0 },
  };
}
