import type { HostConfiguration } from '../config/schema.ts';
import type { PrimaryReport } from '../hosts/host-record.ts';
import { localLegInSync, mirrorCondition, standbyLegAlone, standbyLegInSync } from '../mirror/condition.ts';
import { ownerNow } from '../ownership/lease.ts';
import type { OwnershipCause, OwnershipRecord } from '../ownership/record.ts';
import type { Clock } from '../std/clock.ts';
import { type EventLog, eventOf } from '../std/event.ts';
import { Attempt } from './attempt.ts';
import { provesPair, type TargetContact } from './pair-proof.ts';

/** What the watch uses for its part in the ownership records. */
export interface OwnershipWorld {
  clock: Clock;
  log: EventLog;
  /** As read last, not longer than a second ago; `undefined` if there is none, or it could not be read. */
  ownership(host: string, volume: string): OwnershipRecord | undefined;
  /** @throws SpareError like `OwnershipKeeper.change` */
  changeOwnership(host: string, volume: string, epoch: number, cause: OwnershipCause): Promise<OwnershipRecord>;
  /** `undefined` while the target does not answer. */
  contact(host: string, volume: string): TargetContact | undefined;
}

/** The watch's part in the ownership record of one volume: it records what a report proves. */
export class OwnershipObserver {
  readonly #host: HostConfiguration;
  readonly #volume: string;
  readonly #world: OwnershipWorld;
  readonly #change: Attempt;
  #told: string | undefined;

  constructor(host: HostConfiguration, volume: string, world: OwnershipWorld) {
    this.#host = host;
    this.#volume = volume;
    this.#world = world;
    this.#change = new Attempt(world.clock, { longestPause_ms: 1000, settle_ms: 0 });
  }

  /** Waits for the change that is being made. */
  settled(): Promise<void> {
    return this.#change.settled();
  }

  /**
   * Called once a second, with the primary's report if it is fresh: starts the change that it calls for, if any.
   * @returns Whether the volume is proven to be protected: the record says so, its lease lasts, and the report confirms it.
   */
  look(report: PrimaryReport | undefined): boolean {
    const record = this.#world.ownership(this.#host.name, this.#volume);
    if (!record || !report) return false;
    const contact = this.#world.contact(this.#host.name, this.#volume);
    const isProven = contact !== undefined && this.#proves(record, report, contact);
    const cause = causeOf(record, report, isProven);
    if (cause) this.#record(record.epoch, cause);
    return isProven && this.#isPair(record, contact);
  }

  /** Whether it would change anything to know that the machine is off. */
  get isOffOpen(): boolean {
    const record = this.#world.ownership(this.#host.name, this.#volume);
    return record?.owner === 'pair' && !record.off;
  }

  /** The fence device has said that the machine is off. If the lease has not run out by now, it does not any more. */
  recordOff(): void {
    const record = this.#world.ownership(this.#host.name, this.#volume);
    const contact = this.#world.contact(this.#host.name, this.#volume);
    if (record?.owner === 'pair' && !record.off && contact && this.#isPair(record, contact)) {
      this.#record(record.epoch, 'proven-off');
    }
  }

  #proves(record: OwnershipRecord, report: PrimaryReport, contact: TargetContact): boolean {
    const lease_s = this.#host.replacementTimeout_s;
    return provesPair({ record, report, lease_s, contact }, this.#world.clock);
  }

  #isPair(record: OwnershipRecord, { heard, sessionHeard }: TargetContact): boolean {
    const lease_ms = this.#host.replacementTimeout_s * 1000;
    return ownerNow(record, { heard, sessionHeard, lease_ms }, this.#world.clock) === 'pair';
  }

  /** A change that came too late fails, because the epoch is another one by then: the next report says what is now. */
  #record(epoch: number, cause: OwnershipCause): void {
    const about = { host: this.#host.name };
    const work = async () => {
      const { owner, epoch: now } = await this.#world.changeOwnership(this.#host.name, this.#volume, epoch, cause);
      this.#told = undefined;
      const facts = { volume: this.#volume, owner, epoch: now, cause };
      this.#world.log(eventOf('ownership-changed', { ...about, facts }));
    };
    this.#change.start(cause, work, ({ code, message }) => {
      if (code === 'OWNERSHIP_CHANGED' || message === this.#told) return;
      this.#told = message;
      this.#world.log(eventOf('ownership-failed', { ...about, message }));
    });
  }
}

/** The change that a report calls for. Pure. */
function causeOf(record: OwnershipRecord, report: PrimaryReport, isProven: boolean): OwnershipCause | undefined {
  const isOfNow = report.epoch === record.epoch;
  switch (record.owner) {
    case 'primary':
      if (isProven) return 'in-sync';
      return isOfNow && isOnLunAlone(report) ? 'local-leg-lost' : undefined;
    case 'fill':
      if (isProven) return 'in-sync';
      return isOfNow && isAlone(report) ? 'local-leg-complete' : undefined;
    case 'pair':
      if (isOfNow && isOnLunAlone(report)) return 'local-leg-lost';
      return isOfNow && hasLostLeg(report) ? 'leg-lost' : undefined;
    case 'standby':
      return undefined;
  }
}

/** The primary has everything, and acknowledges without the standby leg, or will: nothing but the session keeps it waiting. */
function isAlone(report: PrimaryReport): boolean {
  return localLegInSync(report) && (!standbyLegInSync(report) || !report.sessionLoggedIn);
}

/** The array has dropped the local leg: what it acknowledges is on the standby leg only. */
function isOnLunAlone(report: PrimaryReport): boolean {
  return mirrorCondition(report) !== 'absent' && standbyLegAlone(report) && report.sessionLoggedIn;
}

/** An array that does not run, as in a boot, has lost nothing. */
function hasLostLeg(report: PrimaryReport): boolean {
  return mirrorCondition(report) !== 'absent' && !standbyLegInSync(report);
}
