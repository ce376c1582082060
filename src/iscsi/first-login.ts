import { Framer } from './framer.ts';
import { LIMITS } from './limits.ts';
import { OPCODE } from './pdu/opcode.ts';

/** The initiator and the target named in the first login request, if any. */
export interface LoginNames {
  initiatorName: string | undefined;
  targetName: string | undefined;
}

const NAMELESS: LoginNames = { initiatorName: undefined, targetName: undefined };

/**
 * Reads the names in the first login request of a connection, where they must be (RFC 7143 §13.4, §13.5), and nothing else: the
 * process that serves the connection gets the same bytes and judges them. Free of I/O.
 */
export class FirstLogin {
  readonly #chunks: Buffer[] = [];
  readonly #framer: Framer;
  #names: LoginNames | undefined;

  constructor() {
    this.#framer = new Framer(LIMITS.loginDataSegment_bytes, ({ header, data }) => {
      const isLogin = ((header[0] as number) & 0x3f) === OPCODE.loginRequest;
      this.#names ??= isLogin ? namesIn(Buffer.concat(data)) : NAMELESS;
    });
  }

  /** The names, once the first PDU is complete; before, `undefined`. No names if it is not a login request. */
  push(chunk: Buffer): LoginNames | undefined {
    this.#chunks.push(chunk);
    try {
      this.#framer.push(chunk);
    } catch {
      return NAMELESS;
    }
    return this.#names;
  }

  /** Everything that was pushed. */
  get received(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

function namesIn(text: Buffer): LoginNames {
  const pairs = text.toString('utf8').split('\0');
  const valueAt = (key: string) => pairs.find((pair) => pair.startsWith(`${key}=`))?.slice(key.length + 1);
  return { initiatorName: valueAt('InitiatorName'), targetName: valueAt('TargetName') };
}
