import { readFile } from 'node:fs/promises';
import type { Clock } from '../../std/clock.ts';
import type { NetworkSample } from '../isolation.ts';
import { sampleOf } from '../probe-paths.ts';
import type { Prober } from './prober.ts';

/** Probes the standby's own network: the carrier of its interface, and whether its gateway answers. */
export class NetworkProber {
  readonly #interfaceName: string;
  readonly #gateway: Prober | undefined;
  readonly #clock: Clock;

  /** @param gateway Pings the gateway; omitted if there is none. */
  constructor(interfaceName: string, gateway: Prober | undefined, clock: Clock) {
    this.#interfaceName = interfaceName;
    this.#gateway = gateway;
    this.#clock = clock;
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#gateway?.run(signal);
  }

  async look(): Promise<NetworkSample> {
    const gateway = this.#gateway;
    // A gateway that has never answered may ignore pings: its misses say nothing.
    const isTelling = gateway !== undefined && gateway.lastHeardAt !== null;
    return {
      carrier: await readCarrier(this.#interfaceName),
      gateway: isTelling ? sampleOf(gateway.lastHeardAt, this.#clock.bootTime_ms()) : 'unknown',
    };
  }
}

/** sysfs `net/…/carrier`: 1 or 0; reading it fails while the interface is down (Documentation/ABI/testing/sysfs-class-net). */
async function readCarrier(interfaceName: string): Promise<boolean | undefined> {
  try {
    return (await readFile(`/sys/class/net/${interfaceName}/carrier`, 'utf8')).trim() === '1';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EINVAL' ? false : undefined;
  }
}
