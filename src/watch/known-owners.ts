import type { HostConfiguration } from '../config/schema.ts';
import type { OwnershipKeeper } from '../ownership/keeper.ts';
import type { OwnershipCause, OwnershipRecord } from '../ownership/record.ts';
import type { KnownOwner } from './report.ts';

/** The ownership records of a host's volumes, as read last. */
export class KnownOwners {
  readonly #host: HostConfiguration;
  readonly #keeper: OwnershipKeeper;
  readonly #records = new Map<string, OwnershipRecord | undefined>();
  readonly #onFailure: (message: string) => void;

  /** @param onFailure Called each time a record cannot be read. */
  constructor(host: HostConfiguration, keeper: OwnershipKeeper, onFailure: (message: string) => void) {
    this.#host = host;
    this.#keeper = keeper;
    this.#onFailure = onFailure;
  }

  /** Reads all of them again. Never rejects: a record that cannot be read is not known. */
  async read(): Promise<readonly KnownOwner[]> {
    return Promise.all(
      this.#host.volumes.map(async ({ name: volume }) => {
        const record = await this.#read(volume);
        this.#records.set(volume, record);
        return { volume, record, lease_s: this.#host.replacementTimeout_s };
      }),
    );
  }

  record(volume: string): OwnershipRecord | undefined {
    return this.#records.get(volume);
  }

  /** @throws SpareError like `OwnershipKeeper.change` */
  async change(volume: string, epoch: number, cause: OwnershipCause): Promise<OwnershipRecord> {
    const record = await this.#keeper.change({ host: this.#host.name, volume }, epoch, cause);
    this.#records.set(volume, record);
    return record;
  }

  async #read(volume: string): Promise<OwnershipRecord | undefined> {
    try {
      return await this.#keeper.read({ host: this.#host.name, volume });
    } catch (error) {
      this.#onFailure(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }
}
