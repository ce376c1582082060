import { LIMITS } from './limits.ts';
import type { LoginResult } from './login-result.ts';
import { isKnownKey } from './negotiation.ts';
import { RESERVED_TAG } from './pdu/opcode.ts';
import type { OutgoingPdu } from './pdu/outgoing.ts';
import { encodeTextResponse, type TextRequest } from './pdu/text.ts';
import { TextAssembler } from './text-assembler.ts';
import { encodeTextKeys, type TextKeys } from './text-keys.ts';

/** RFC 7143 §4.2.7.3: the type of a name, then the part assigned by its authority. */
const ISCSI_NAME = /^(iqn|eui|naa)\./;

/** The tag of a continued text: there is one exchange at a time, so one tag is enough. */
const CONTINUATION_TAG = 1;

/** Text requests in full feature phase (RFC 7143 §11.10): SendTargets, and keys that may be renegotiated. */
export class TextExchange {
  readonly #identity: LoginResult;
  readonly #portal: string;
  #assembler = new TextAssembler();
  /** The rest of an answer that is too long for one PDU. */
  #rest: Buffer = Buffer.alloc(0);

  /** @param portal Address and port to which the initiator connected. */
  constructor(identity: LoginResult, portal: string) {
    this.#identity = identity;
    this.#portal = portal;
  }

  /** @throws ProtocolError for text that is malformed or exceeds its limits. */
  receive(request: TextRequest): OutgoingPdu {
    if (request.targetTransferTag === RESERVED_TAG) {
      this.#assembler = new TextAssembler();
      this.#rest = Buffer.alloc(0);
    } else if (this.#rest.length > 0) {
      return this.#respond(request);
    }
    const keys = this.#assembler.add(request.data, request.dataLength_bytes, request.continues);
    if (!keys) return this.#response(request, Buffer.alloc(0), { final: false, continues: false });
    this.#rest = encodeTextKeys(this.#answer(keys));
    return this.#respond(request);
  }

  #respond(request: TextRequest): OutgoingPdu {
    const part = this.#rest.subarray(0, this.#identity.parameters.initiatorDataSegment_bytes);
    this.#rest = this.#rest.subarray(part.length);
    const continues = this.#rest.length > 0;
    return this.#response(request, part, { final: !continues && request.final, continues });
  }

  #response(request: TextRequest, data: Buffer, flags: { final: boolean; continues: boolean }): OutgoingPdu {
    const targetTransferTag = flags.final ? RESERVED_TAG : CONTINUATION_TAG;
    return encodeTextResponse({ ...flags, initiatorTaskTag: request.initiatorTaskTag, targetTransferTag, data });
  }

  #answer(keys: TextKeys): [string, string][] {
    const answers: [string, string][] = [];
    for (const [key, value] of keys) {
      if (key === 'SendTargets') answers.push(...this.#sendTargets(value));
      else if (key === 'MaxRecvDataSegmentLength') answers.push(...this.#renegotiate(value));
      else if (key !== 'InitiatorAlias') answers.push([key, isKnownKey(key) ? 'Reject' : 'NotUnderstood']);
    }
    return answers;
  }

  /**
   * An initiator sees only the target that it may use. The value is a name, nothing, or, in a discovery session, All; in a
   * normal session All "MUST NOT be supported" (RFC 7143, appendix C).
   */
  #sendTargets(which: string): [string, string][] {
    const { type, target } = this.#identity;
    if (which === 'All' ? type === 'normal' : which !== '' && !ISCSI_NAME.test(which))
      return [['SendTargets', 'Reject']];
    if (!target || (which !== 'All' && which !== '' && which !== target.name)) return [];
    return [
      ['TargetName', target.name],
      ['TargetAddress', `${target.redirect ?? this.#portal},1`],
    ];
  }

  /** Declared again by the initiator; the target's value does not change (RFC 7143 §13.12). */
  #renegotiate(value: string): [string, string][] {
    const length_bytes = Number(value);
    if (!Number.isInteger(length_bytes) || length_bytes < 512 || length_bytes > 0xffffff) {
      return [['MaxRecvDataSegmentLength', 'Reject']];
    }
    this.#identity.parameters.initiatorDataSegment_bytes = length_bytes;
    return [['MaxRecvDataSegmentLength', String(LIMITS.dataSegment_bytes)]];
  }
}
