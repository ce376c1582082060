import type { Socket } from 'node:net';
import type { HostConfiguration, VolumeConfiguration } from '../config/schema.ts';
import { type Clock, systemClock } from '../std/clock.ts';
import { within } from '../std/within.ts';
import type { HostTargetStatus, NotServed, VolumeTargetStatus } from './client/control-protocol.ts';
import type { FailureNote } from './failure-note.ts';
import { FenceRecord } from './fence-record.ts';
import type { HostRequest } from './host-messages.ts';
import { HostProcess, type HostProcessOptions } from './host-process.ts';
import { recordedLoss } from './recorded-loss.ts';

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
  readonly #noteOf: (volume: string) => FailureNote;
  #last: HostTargetStatus;
  #question: Promise<boolean> | undefined;

  constructor(
    options: HostProcessOptions & { configuration: HostConfiguration; noteOf: (volume: string) => FailureNote },
  ) {
    const { configuration, folder, noteOf, clock = systemClock } = options;
    this.#clock = clock;
    this.configuration = configuration;
    this.#last = nothingKnown(configuration);
    this.#process = new HostProcess(options);
    this.#fence = new FenceRecord(folder, clock);
    this.#noteOf = noteOf;
  }

  set neighbours(hosts: number) {
    this.#process.neighbours = hosts;
  }

  set lease_s(lease_s: number) {
    this.#process.lease_s = lease_s;
  }

  adopt(socket: Socket, received: Buffer): void {
    this.#process.adopt(socket, received);
  }

  open(): Promise<void> {
    return this.#ask('open', OPEN_MS);
  }

  accept(volume: string): Promise<void> {
    return this.#ask({ accept: volume }, OPEN_MS);
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
    const fenced = this.#fence.stands;
    const trouble = this.#processTrouble(responding);
    const volumes = this.configuration.volumes.map((volume) => this.#volumeStatus(volume, fenced, trouble));
    return { ...this.#last, pid, responding, sessions, fenced, volumes };
  }

  #volumeStatus(volume: VolumeConfiguration, fenced: boolean, trouble: NotServed | undefined): VolumeTargetStatus {
    const last = this.#lastOf(volume);
    const isOpen = this.#hasAnswered && last.notServed === null;
    const recorded = recordedLoss(volume.standbyLeg, this.#noteOf(volume.name), isOpen);
    // A disk that fails the leg may fail to write the record too.
    const lost = recorded.length === 0 && this.#hasAnswered ? last.lost : recorded;
    const notServed = fenced || lost.length > 0 ? null : (trouble ?? last.notServed);
    return { ...last, lost, notServed };
  }

  #lastOf({ name, lun }: VolumeConfiguration): VolumeTargetStatus {
    return this.#last.volumes.find(({ volume }) => volume === name) ?? volumeUnknown(name, lun);
  }

  /** The running process, not only an earlier one. */
  get #hasAnswered(): boolean {
    return this.#process.pid !== null && this.#process.pid === this.#last.pid;
  }

  /** Why no volume of the host is served, if that is due to its process. */
  #processTrouble(responding: boolean): NotServed | undefined {
    const isSilent = !responding && (this.#hasAnswered || !this.#process.isStarting);
    const trouble = this.#process.trouble ?? (isSilent ? this.#process.silent(STATUS_MS) : undefined);
    return trouble && { reason: trouble.message, hint: trouble.hint };
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
    const before = this.#last;
    const status = await this.#process.request(request, timeout_ms);
    const volumes = status.volumes.map((volume) => ({
      ...volume,
      lastWriteAt:
        volume.lastWriteAt ?? before.volumes.find((known) => known.volume === volume.volume)?.lastWriteAt ?? null,
    }));
    this.#last = { ...status, lastPduAt: status.lastPduAt ?? before.lastPduAt, volumes };
  }
}

function nothingKnown({ name, target, volumes }: HostConfiguration): HostTargetStatus {
  return {
    host: name,
    iqn: target.iqn,
    pid: null,
    responding: false,
    fenced: false,
    sessions: [],
    lastPduAt: null,
    sessionHeardAt: null,
    sessionEndedAt: null,
    volumes: volumes.map((volume) => volumeUnknown(volume.name, volume.lun)),
  };
}

function volumeUnknown(volume: string, lun: number): VolumeTargetStatus {
  const counters = { reads: 0, writes: 0, flushes: 0, readBytes: 0, writtenBytes: 0, errors: 0 };
  return { volume, lun, lost: [], notServed: null, ownership: null, lastWriteAt: null, counters };
}
