import type { HostConfiguration } from '../config/schema.ts';
import type { OwnershipKeeper } from '../ownership/keeper.ts';
import { type EventLog, eventOf } from '../std/event.ts';
import { KnownOwners } from './known-owners.ts';

/** The known owners of all watched hosts. A record that cannot be read is told once, until it says something else. */
export class OwnersOfHosts {
  readonly #keeper: OwnershipKeeper;
  readonly #log: EventLog;
  readonly #hosts = new Map<string, KnownOwners>();

  constructor(keeper: OwnershipKeeper, log: EventLog) {
    this.#keeper = keeper;
    this.#log = log;
  }

  /** Called when the watch begins with a host, or its configuration has changed. */
  begin(host: HostConfiguration): KnownOwners {
    let told: string | undefined;
    const owners = new KnownOwners(host, this.#keeper, (message) => {
      if (message !== told) this.#log(eventOf('ownership-failed', { host: host.name, message }));
      told = message;
    });
    this.#hosts.set(host.name, owners);
    return owners;
  }

  /** @throws Error if the watch has not begun with the host */
  of(host: string): KnownOwners {
    const owners = this.#hosts.get(host);
    if (!owners) throw new Error(`The watch does not know ${host}`);
    return owners;
  }
}
