import { STATUS, type TaskResult } from '../scsi/task.ts';
import type { ActiveTask } from './active-task.ts';
import type { Parameters } from './negotiation.ts';
import { encodeDataIn } from './pdu/data-in.ts';
import type { OutgoingPdu } from './pdu/outgoing.ts';
import { encodeScsiResponse, type Residual_bytes } from './pdu/scsi-response.ts';

const NO_DATA: readonly Buffer[] = [];

/** `status`: the PDU carries the command's status and consumes a StatSN. */
type Send = (pdu: OutgoingPdu, kind: 'data' | 'status', flushed?: () => void) => void;

/**
 * Sends the result of a command: its data in bursts and segments that the initiator accepts, then its status, with the last data
 * if allowed (RFC 7143 §11.4 and §11.7). `flushed` belongs to the PDU that carries the status, the last one.
 */
export function sendResult(
  task: ActiveTask,
  result: TaskResult,
  parameters: Parameters,
  send: Send,
  flushed: (() => void) | undefined,
): void {
  const dataIn = result.dataIn ?? NO_DATA;
  let available_bytes = 0;
  for (const part of dataIn) available_bytes += part.length;
  const expected_bytes = task.command.read ? task.command.expectedLength_bytes : 0;
  const length_bytes = Math.min(available_bytes, expected_bytes);
  const residual_bytes = residualOf(task, result, available_bytes);
  // Only with these statuses may the last Data-In carry it (RFC 7143 §11.7.3).
  const collapsed = length_bytes > 0 && (result.status === STATUS.good || result.status === STATUS.conditionMet);

  const { initiatorTaskTag } = task.command;
  let dataSn = 0;
  let offset_bytes = 0;
  let cursor: Cursor | undefined;
  while (offset_bytes < length_bytes) {
    const burstLeft_bytes = parameters.maxBurst_bytes - (offset_bytes % parameters.maxBurst_bytes);
    const segment_bytes = Math.min(length_bytes - offset_bytes, parameters.initiatorDataSegment_bytes, burstLeft_bytes);
    const last = offset_bytes + segment_bytes === length_bytes;
    // Nearly always everything fits into one PDU, and nothing must be cut.
    if (segment_bytes < available_bytes) cursor ??= new Cursor(dataIn);
    const pdu = encodeDataIn({
      initiatorTaskTag,
      final: last || segment_bytes === burstLeft_bytes,
      dataSn: dataSn++,
      bufferOffset_bytes: offset_bytes,
      data: cursor?.take(segment_bytes) ?? dataIn,
      dataLength_bytes: segment_bytes,
      status: last && collapsed ? { status: result.status, residual_bytes } : undefined,
    });
    if (last && collapsed) send(pdu, 'status', flushed);
    else send(pdu, 'data');
    offset_bytes += segment_bytes;
  }
  if (collapsed) return;
  const expDataSn = dataSn + (task.transfer?.r2tCount ?? 0);
  const response = { initiatorTaskTag, status: result.status, sense: result.sense, residual_bytes, expDataSn };
  send(encodeScsiResponse(response), 'status', flushed);
}

/** The expected length minus the length that the command had to move (RFC 7143 §11.4.5). */
function residualOf(task: ActiveTask, result: TaskResult, available_bytes: number): Residual_bytes {
  const { read, write, expectedLength_bytes } = task.command;
  if (write) return expectedLength_bytes - (result.dataOutWanted_bytes ?? task.wanted_bytes);
  if (read) return expectedLength_bytes - available_bytes;
  return -Math.max(available_bytes, result.dataOutWanted_bytes ?? task.wanted_bytes);
}

/** Cuts consecutive pieces out of a list of buffers without copying. */
class Cursor {
  readonly #parts: readonly Buffer[];
  #index = 0;
  #offset = 0;

  constructor(parts: readonly Buffer[]) {
    this.#parts = parts;
  }

  take(length_bytes: number): Buffer[] {
    const pieces: Buffer[] = [];
    let missing = length_bytes;
    while (missing > 0) {
      const part = this.#parts[this.#index] as Buffer;
      const isWhole = this.#offset === 0 && part.length <= missing;
      const piece = isWhole ? part : part.subarray(this.#offset, this.#offset + missing);
      if (piece.length > 0) pieces.push(piece);
      missing -= piece.length;
      this.#offset += piece.length;
      if (this.#offset === part.length) {
        this.#index++;
        this.#offset = 0;
      }
    }
    return pieces;
  }
}
