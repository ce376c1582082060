import { ownershipPath } from '../../../src/config/paths.ts';
import type { HostConfiguration } from '../../../src/config/schema.ts';
import { readOwnershipFile } from '../../../src/ownership/file-keeper.ts';
import { Ledger } from '../oracle.ts';
import type { FenceMode } from './fence-device.ts';
import { HostUnit, type HostUnitOptions } from './host-unit.ts';
import type { TargetPort } from './initiator.ts';
import { Leg } from './leg.ts';
import type { Network } from './network.ts';
import type { Timeline } from './timeline.ts';

/** Everything of one host that is not on its primary: its leg, its unit in the target, its fence device, its truth. */
export class HostWorld {
  readonly configuration: HostConfiguration;
  readonly leg = new Leg('standby');
  readonly unit: HostUnit;
  readonly ledger = new Ledger();
  fence: FenceMode = 'works';
  /** When the fence device said off of a machine that went on. */
  liedAt_ms: number | undefined;
  /** Nothing is proven about a host that was taken over on a lie which nobody could notice. */
  isExempt = false;
  /** In this epoch somebody has failed the leg with mdadm itself, which nothing announces. */
  unannouncedIn: number | undefined;
  /** The administrator has accepted a loss: `--allow-data-loss`. */
  isLossAllowed = false;

  readonly #record: string;
  readonly #timeline: Timeline;
  #lastArrival_ms = 0;

  constructor(options: Omit<HostUnitOptions, 'leg'>) {
    this.configuration = options.configuration;
    this.#record = ownershipPath(options.folder);
    this.#timeline = options.timeline;
    this.unit = new HostUnit({ ...options, leg: this.leg });
  }

  /** Of the ownership record, as it is on the disk. */
  get epoch(): number | undefined {
    try {
      return readOwnershipFile(this.#record)?.epoch;
    } catch {
      return undefined;
    }
  }

  /** What the primary's initiator reaches of this. */
  port(network: Network, serves: () => boolean): TargetPort {
    const { name } = this.configuration;
    return {
      leg: this.leg,
      forward: () => network.reaches(name, 'standby') && serves(),
      backward: () => network.reaches('standby', name),
      login: (then) => this.unit.login(then),
      ask: () => this.unit.ask(),
      hear: (connection) => this.unit.hear(connection),
      write: (connection, block, version, then) => this.unit.write(connection, block, version, then),
      logout: (connection, then) => this.unit.logout(connection, then),
      delay_ms: () => this.#orderedDelay_ms(network),
      login_ms: () => network.login_ms(),
    };
  }

  /** Within a connection nothing overtakes anything. */
  #orderedDelay_ms(network: Network): number {
    const { now_ms } = this.#timeline;
    this.#lastArrival_ms = Math.max(this.#lastArrival_ms, now_ms + network.delay_ms());
    return this.#lastArrival_ms - now_ms;
  }
}
