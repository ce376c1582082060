import type { Nexus, Task } from '../scsi/task.ts';
import type { Placed } from '../std/bag.ts';
import type { DataOutTransfer } from './data-out-transfer.ts';
import type { ScsiCommand } from './pdu/scsi-command.ts';

const NO_DATA: readonly Buffer[] = [];

/** A SCSI command between its arrival and its response. */
export class ActiveTask implements Task, Placed {
  readonly nexus: Nexus;
  readonly lun: number;
  readonly cdb: Buffer;
  readonly command: ScsiCommand;
  readonly initiatorTaskTag: number;
  place = -1;
  /** `collecting` until all Data-Out has arrived and the budget allows it to start; `executing` while the device server has it. */
  state: 'collecting' | 'executing' | 'ended' = 'collecting';
  /** Whether its bytes have been taken from the budget. */
  admitted = false;
  /** Whether its Data-Out, if any, has arrived. */
  dataComplete = false;
  aborted = false;
  readonly transfer: DataOutTransfer | undefined;
  /** What it takes from the budget. */
  readonly cost_bytes: number;
  /** Data-Out that the CDB asks for. */
  readonly wanted_bytes: number;
  #whenEnded: (() => void)[] | undefined;

  constructor(
    nexus: Nexus,
    lun: number,
    command: ScsiCommand,
    transfer: DataOutTransfer | undefined,
    sizes: { cost_bytes: number; wanted_bytes: number },
  ) {
    this.nexus = nexus;
    this.lun = lun;
    this.command = command;
    this.initiatorTaskTag = command.initiatorTaskTag;
    this.cdb = command.cdb;
    this.transfer = transfer;
    this.cost_bytes = sizes.cost_bytes;
    this.wanted_bytes = sizes.wanted_bytes;
  }

  get dataOut(): readonly Buffer[] {
    return this.transfer?.data ?? NO_DATA;
  }

  get dataOutLength_bytes(): number {
    return this.transfer?.kept_bytes ?? 0;
  }

  /** Calls back when the task can have no further effect. */
  whenEnded(done: () => void): void {
    if (this.state === 'ended') done();
    else this.#whenEnded = [...(this.#whenEnded ?? []), done];
  }

  end(): void {
    this.state = 'ended';
    if (this.#whenEnded === undefined) return;
    for (const done of this.#whenEnded) done();
    this.#whenEnded = undefined;
  }
}
