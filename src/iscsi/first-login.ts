import { Framer } from './framer.ts';
import { LIMITS } from './limits.ts';
import { OPCODE } from './pdu/opcode.ts';

/** Who wants to talk to whom, as far as the first login request says so. */
export interface LoginNames {
  initiatorName: string | undefined;
  targetName: string | undefined;
}

const NAMELESS: LoginNames = { initiatorName: undefined, targetName: undefined };

/**
 * Reads the names in the first login request of a connection, which is where they have to be (RFC 7143 §13.4, §13.5), and nothing else:
 * whoever serves the connection gets the same bytes, and it is for him to judge them. Free of I/O.
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

  /** The names, once the first PDU is whole; before, `undefined`. Of something that is no login request: none. */
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
