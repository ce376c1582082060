import type { AnswerGate } from '../iscsi/answer-gate.ts';
import { LOGIN_STATUS } from '../iscsi/pdu/login.ts';
import type { OwnershipRecord } from '../ownership/record.ts';
import { type EventLog, eventOf } from '../std/event.ts';
import type { Hearing } from './hearing.ts';
import type { VolumeOwnership } from './volume-ownership.ts';

export interface OwnedVolume {
  lun: number;
  ownership: VolumeOwnership;
}

export interface HostOwnershipOptions {
  host: string;
  volumes: readonly OwnedVolume[];
  hearing: Pick<Hearing, 'isOver' | 'endRecorded' | 'sessionBegins' | 'forgetSession'>;
  report: EventLog;
}

/**
 * The ownership records of a host's volumes, as seen by its target: whatever lets the primary give up the standby leg is
 * recorded before the primary is told. What cannot be recorded is not told: the session ends, and its lease runs out.
 */
export class HostOwnership implements AnswerGate {
  readonly #options: HostOwnershipOptions;
  /** Why the record of a volume could not be read or written last time, by name. */
  readonly #failures = new Map<string, unknown>();

  constructor(options: HostOwnershipOptions) {
    this.#options = options;
  }

  of(volume: string): OwnershipRecord | undefined {
    return this.#options.volumes.find(({ ownership }) => ownership.id.volume === volume)?.ownership.record;
  }

  /** The error of the last attempt to read or write the record of this volume, if it failed: nobody can log in then. */
  failureOf(volume: string): unknown {
    return this.#failures.get(volume);
  }

  /** Records what time has done. Called every second, and before anything is decided. Never fails: see `failureOf`. */
  async settle(): Promise<void> {
    const { hearing } = this.#options;
    const { isOver } = hearing;
    const records = await this.#recordAll(({ ownership }) => ownership.settle());
    if (isOver && records) hearing.endRecorded();
  }

  /** The name of a volume that the standby owns, if there is one. */
  get ofStandby(): string | undefined {
    const owned = this.#options.volumes.find(({ ownership }) => ownership.record?.owner === 'standby');
    return owned?.ownership.id.volume;
  }

  login(done: (refusal?: number) => void): void {
    void this.#recordAll(({ ownership }) => ownership.loggedIn()).then((records) => {
      const refusal = refusalFor(records);
      if (refusal === undefined) this.#options.hearing.sessionBegins();
      done(refusal);
    });
  }

  /** When the connection breaks after a Logout, Linux gives up the LUNs at once, without waiting for its timer. */
  logout(done: (answer: boolean) => void): void {
    void this.#recordAll(({ ownership }) => ownership.legLost()).then((records) => {
      if (!records) this.#options.hearing.forgetSession();
      done(records !== undefined);
    });
  }

  givingUp(lun: number | undefined, after: 'read' | 'write' | 'reset', done: (answer: boolean) => void): void {
    const isMeant = (volume: OwnedVolume) => lun === undefined || volume.lun === lun;
    void this.#recordAll(({ ownership }) => ownership.legLost(), isMeant).then((records) => {
      // While the local leg is being resynced, the array must not go on without this one: the moment the local leg is
      // complete it could, and the record would still say that it is not. Reads fail without that.
      const isFilling = records?.some((record) => record?.owner === 'fill');
      done(records !== undefined && !(isFilling && after !== 'read'));
    });
  }

  /** The leg of this volume is about to be closed because its disk failed. */
  async takingAway(volume: string): Promise<void> {
    const isMeant = ({ ownership }: OwnedVolume) => ownership.id.volume === volume;
    await this.#recordAll(({ ownership }) => ownership.legLost(), isMeant);
  }

  /** @returns the records, or `undefined` if one of them could not be written */
  async #recordAll(
    record: (volume: OwnedVolume) => Promise<OwnershipRecord | undefined>,
    isMeant: (volume: OwnedVolume) => boolean = () => true,
  ): Promise<readonly (OwnershipRecord | undefined)[] | undefined> {
    const meant = this.#options.volumes.filter(isMeant);
    const results = await Promise.allSettled(meant.map((volume) => record(volume)));
    results.forEach((result, index) => {
      const volume = meant[index]?.ownership.id.volume ?? '';
      if (result.status === 'rejected') this.#failed(volume, result.reason);
      else this.#failures.delete(volume);
    });
    return results.every((result) => result.status === 'fulfilled') ? results.map(({ value }) => value) : undefined;
  }

  #failed(volume: string, error: unknown): void {
    const isNew = String(this.#failures.get(volume)) !== String(error);
    this.#failures.set(volume, error);
    if (!isNew) return;
    const { report, host } = this.#options;
    report(eventOf('ownership-not-recorded', { host, facts: { volume, error: String(error) } }));
  }
}

/** @param records `undefined`: the login could not be recorded. */
function refusalFor(records: readonly (OwnershipRecord | undefined)[] | undefined): number | undefined {
  if (!records) return LOGIN_STATUS.serviceUnavailable;
  return records.some((record) => record?.owner === 'standby') ? LOGIN_STATUS.targetRemoved : undefined;
}
