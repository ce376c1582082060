import { LIMITS } from './limits.ts';
import { ProtocolError } from './protocol-error.ts';
import { decodeTextKeys, type TextKeys } from './text-keys.ts';

/** Joins a text that arrives in several PDUs with the C bit (RFC 7143 §6.2). */
export class TextAssembler {
  #parts: Buffer[] = [];
  #length_bytes = 0;

  /**
   * The keys, once the last part has arrived; before, `undefined`.
   * @throws ProtocolError like `decodeTextKeys`, if the text is too long, or if a part with the C bit is empty (it could continue for ever).
   */
  add(data: readonly Buffer[], length_bytes: number, continues: boolean): TextKeys | undefined {
    if (continues && length_bytes === 0) throw new ProtocolError('A continued text has an empty part');
    this.#length_bytes += length_bytes;
    if (this.#length_bytes > LIMITS.text_bytes) throw new ProtocolError(`A text exceeds ${LIMITS.text_bytes} bytes`);
    this.#parts.push(...data);
    if (continues) return undefined;
    const text = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#length_bytes = 0;
    return decodeTextKeys(text);
  }
}
