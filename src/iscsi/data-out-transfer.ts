import type { Parameters } from './negotiation.ts';
import type { DataOut } from './pdu/data-out.ts';
import { RESERVED_TAG } from './pdu/opcode.ts';
import type { ScsiCommand } from './pdu/scsi-command.ts';
import { TRANSPORT_SENSE } from './transport-sense.ts';

const SHORT_BYTES = 4 * 1024;
const GATHER_BYTES = 16 * 1024;
const NOTHING: Buffer = Buffer.alloc(0);

/** A piece of data requested from the initiator. */
export interface Burst {
  readonly targetTransferTag: number;
  readonly r2tSn: number;
  readonly offset_bytes: number;
  readonly length_bytes: number;
}

interface OpenBurst extends Burst {
  received_bytes: number;
  dataSn: number;
}

/** `more`: data is missing; `complete`: all data has arrived; a number: the transfer failed, with this additional sense code. */
export type TransferProgress = 'more' | 'complete' | number;

/**
 * The Data-Out of one command: immediate data, then unsolicited Data-Outs, then data requested by R2T
 * (RFC 7143 §4.2.5.2). Everything must arrive in order (DataPDUInOrder and DataSequenceInOrder are Yes).
 */
export class DataOutTransfer {
  data: Buffer[] = [];
  /** How many bytes `data` holds. */
  kept_bytes = 0;
  readonly #wanted_bytes: number;
  readonly #expected_bytes: number;
  readonly #parameters: Parameters;
  #received_bytes = 0;
  #unsolicited: boolean;
  #unsolicitedDataSn = 0;
  #asked_bytes = 0;
  #r2tSn = 0;
  readonly #bursts: OpenBurst[] = [];
  #gather = NOTHING;
  #gathered_bytes = 0;
  /** Where the last piece of `data` starts in it, while that piece grows. */
  #gatheredFrom_bytes = 0;
  #isGathering = false;

  /** @param wanted_bytes The bytes that the command needs, at most what the initiator announces: the rest is accepted and dropped. */
  constructor(command: ScsiCommand, wanted_bytes: number, parameters: Parameters) {
    this.#wanted_bytes = wanted_bytes;
    this.#expected_bytes = command.expectedLength_bytes;
    this.#parameters = parameters;
    this.#unsolicited = !command.final;
  }

  /** R2Ts sent so far: ExpDataSN of the response. */
  get r2tCount(): number {
    return this.#r2tSn;
  }

  /** Takes the command's own data. */
  begin(command: ScsiCommand): TransferProgress {
    const { initialR2t, immediateData, firstBurst_bytes } = this.#parameters;
    if (
      (command.dataLength_bytes > 0 && !immediateData) ||
      (!command.final && initialR2t) ||
      command.dataLength_bytes > Math.min(firstBurst_bytes, this.#expected_bytes)
    ) {
      return TRANSPORT_SENSE.unexpectedUnsolicitedData;
    }
    this.#keep(command.data, command.dataLength_bytes);
    return this.#progress();
  }

  receive(pdu: DataOut): TransferProgress {
    return pdu.targetTransferTag === RESERVED_TAG ? this.#receiveUnsolicited(pdu) : this.#receiveSolicited(pdu);
  }

  /** The bursts to ask for now. `newTag` gives a Target Transfer Tag that is not in use. */
  nextBursts(newTag: () => number): Burst[] {
    const bursts: Burst[] = [];
    if (this.#unsolicited) return bursts;
    if (this.#asked_bytes < this.#received_bytes) this.#asked_bytes = this.#received_bytes;
    while (this.#asked_bytes < this.#wanted_bytes && this.#bursts.length < this.#parameters.maxOutstandingR2t) {
      const length_bytes = Math.min(this.#wanted_bytes - this.#asked_bytes, this.#parameters.maxBurst_bytes);
      const burst = {
        targetTransferTag: newTag(),
        r2tSn: this.#r2tSn++,
        offset_bytes: this.#asked_bytes,
        length_bytes,
      };
      this.#bursts.push({ ...burst, received_bytes: 0, dataSn: 0 });
      this.#asked_bytes += length_bytes;
      bursts.push(burst);
    }
    return bursts;
  }

  #receiveUnsolicited(pdu: DataOut): TransferProgress {
    const end = this.#received_bytes + pdu.dataLength_bytes;
    if (!this.#unsolicited || end > Math.min(this.#parameters.firstBurst_bytes, this.#expected_bytes)) {
      return TRANSPORT_SENSE.unexpectedUnsolicitedData;
    }
    if (pdu.dataSn !== this.#unsolicitedDataSn || pdu.bufferOffset_bytes !== this.#received_bytes) {
      return TRANSPORT_SENSE.incorrectAmountOfData;
    }
    this.#unsolicitedDataSn++;
    this.#unsolicited = !pdu.final;
    this.#keep(pdu.data, pdu.dataLength_bytes);
    return this.#progress();
  }

  #receiveSolicited(pdu: DataOut): TransferProgress {
    const burst = this.#bursts[0];
    if (
      !burst ||
      pdu.targetTransferTag !== burst.targetTransferTag ||
      pdu.dataSn !== burst.dataSn ||
      pdu.bufferOffset_bytes !== burst.offset_bytes + burst.received_bytes ||
      burst.received_bytes + pdu.dataLength_bytes > burst.length_bytes
    ) {
      return TRANSPORT_SENSE.incorrectAmountOfData;
    }
    burst.dataSn++;
    burst.received_bytes += pdu.dataLength_bytes;
    const whole = burst.received_bytes === burst.length_bytes;
    if (pdu.final !== whole) return TRANSPORT_SENSE.incorrectAmountOfData;
    if (whole) this.#bursts.shift();
    this.#keep(pdu.data, pdu.dataLength_bytes);
    return this.#progress();
  }

  #progress(): TransferProgress {
    return !this.#unsolicited && this.#received_bytes >= this.#wanted_bytes ? 'complete' : 'more';
  }

  /**
   * Joins short pieces: a peer may send its data byte by byte, and each piece costs more than a hundred bytes besides its content.
   * The first piece of a command, nearly always the only one, stays as it is.
   */
  #add(piece: Buffer): void {
    if (this.data.length === 0) {
      // An array with exactly one item: the first `push` into an empty array allocates room for seventeen.
      this.data = [piece];
      this.#isGathering = false;
      return;
    }
    if (piece.length >= SHORT_BYTES) {
      this.data.push(piece);
      this.#isGathering = false;
      return;
    }
    if (this.#gathered_bytes + piece.length > this.#gather.length) {
      this.#gather = Buffer.allocUnsafeSlow(GATHER_BYTES);
      this.#gathered_bytes = 0;
      this.#isGathering = false;
    }
    if (!this.#isGathering) this.#gatheredFrom_bytes = this.#gathered_bytes;
    this.#gathered_bytes += piece.copy(this.#gather, this.#gathered_bytes);
    const gathered = this.#gather.subarray(this.#gatheredFrom_bytes, this.#gathered_bytes);
    if (this.#isGathering) this.data[this.data.length - 1] = gathered;
    else this.data.push(gathered);
    this.#isGathering = true;
  }

  /** Drops data beyond what the command needs. */
  #keep(data: readonly Buffer[], length_bytes: number): void {
    this.#received_bytes += length_bytes;
    for (const part of data) {
      const room = this.#wanted_bytes - this.kept_bytes;
      if (room <= 0) return;
      const kept = part.length <= room ? part : part.subarray(0, room);
      this.#add(kept);
      this.kept_bytes += kept.length;
    }
  }
}
