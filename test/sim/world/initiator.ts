import type { Owner } from '../../../src/ownership/record.ts';
import type { LegPath } from './array.ts';
import type { Leg } from './leg.ts';

/** A connection between an initiator and the target. Each end may know of its end before the other. */
export interface Connection {
  initiatorOpen: boolean;
  targetOpen: boolean;
}

export type LoginAnswer = 'accepted' | 'fenced' | 'not-ready' | 'none';

/** What a primary's initiator sees of the target. */
export interface LoginResult {
  answer: LoginAnswer;
  connection?: Connection;
  /** Who owns the volume, and since which epoch, as the LUN tells after the login. */
  owner?: Owner | 'unknown';
  epoch?: number;
}

export interface TargetPort {
  /** Whether packets of this host reach the target, and those of the target this host. */
  forward(): boolean;
  backward(): boolean;
  login(then: (result: LoginResult) => void): void;
  /** A discovery session: it asks, and leaves nothing behind. */
  ask(): LoginAnswer;
  /** A PDU arrives. */
  hear(connection: Connection): void;
  write(
    connection: Connection,
    block: number,
    version: number,
    then: (result: 'done' | 'error' | 'dropped') => void,
  ): void;
  /** A Logout request: it is answered, or not. */
  logout(connection: Connection, then: (isAnswered: boolean) => void): void;
  readonly leg: Leg;
  delay_ms(): number;
  /** Half of what a login takes. */
  login_ms(): number;
}

interface Command {
  block: number;
  version: number;
  done: (ok: boolean) => void;
  /** In which connection the target has executed it. */
  executedIn: Connection | undefined;
}

const NOP_ms = 2000;
const RETRY_ms = 2500;
/** node.conn[0].timeo.login_timeout. */
const LOGIN_ms = 5000;

/** open-iscsi and the kernel's session, as measured: a broken session keeps its commands until the replacement timeout. */
export class Initiator {
  state: 'none' | 'LOGGED_IN' | 'FAILED' | 'FREE' = 'none';
  /** Of the record: what the next login sets. */
  recordTimeout_s: number;
  /** sysfs `recovery_tmo` of the session. */
  recoveryTimeout_s: number;
  readonly port: TargetPort;
  readonly path: LegPath;
  #connection: Connection | undefined;
  #commands: Command[] = [];
  #sinceNop_ms = 0;
  #silent_ms = 0;
  #failed_ms = 0;
  #sinceRetry_ms = 0;
  #isAsking = false;
  #life = 0;
  /** As the LUN told at the login. */
  owner: Owner | 'unknown' = 'unknown';
  epoch = 0;
  readonly #after: (delay_ms: number, action: () => void) => void;

  /** @param after Runs what is due on this machine: not while it is frozen, never after it was switched off. */
  constructor(port: TargetPort, timeout_s: number, after: (delay_ms: number, action: () => void) => void) {
    this.port = port;
    this.recordTimeout_s = timeout_s;
    this.recoveryTimeout_s = timeout_s;
    this.#after = after;
    this.path = {
      leg: port.leg,
      name: 'sda',
      write: (block, version, done) => this.#submit({ block, version, done, executedIn: undefined }),
      isReachable: () => this.state === 'LOGGED_IN' && this.#isUp(),
    };
  }

  /** iscsiadm --login, once. */
  login(then: (answer: LoginAnswer | 'exists') => void): void {
    if (this.state !== 'none') {
      then('exists');
      return;
    }
    this.#ask((result) => {
      if (this.state === 'none' && result.connection) {
        this.recoveryTimeout_s = this.recordTimeout_s;
        this.#begin(result.connection, result);
      }
      then(result.answer);
    });
  }

  /** iscsiadm --logout: it ends the waiting writes at once. */
  logout(then: (wasThere: boolean) => void = () => {}): void {
    if (this.state === 'none') {
      then(false);
      return;
    }
    const connection = this.#connection;
    const end = () => {
      this.#close();
      this.state = 'none';
      this.#failCommands();
      then(true);
    };
    const isHeard = connection !== undefined && this.state === 'LOGGED_IN' && this.#isUp();
    // Where the target withholds its answer, the session breaks, and its commands wait on.
    if (isHeard) this.port.logout(connection, (isAnswered) => (isAnswered ? end() : then(true)));
    else end();
  }

  /** Every so often, while the machine runs. */
  tick(elapsed_ms: number): void {
    if (this.state === 'LOGGED_IN') this.#tickSession(elapsed_ms);
    else if (this.state !== 'none') this.#tickBroken(elapsed_ms);
  }

  /** The target has ended the connection, and this has been heard of. */
  reset(connection: Connection): void {
    if (this.#connection === connection && this.state === 'LOGGED_IN') this.#breakSession();
  }

  losePower(): void {
    this.#life += 1;
    this.#isAsking = false;
    this.state = 'none';
    this.#commands = [];
    this.#connection = undefined;
  }

  get connection(): Connection | undefined {
    return this.#connection;
  }

  #tickSession(elapsed_ms: number): void {
    this.#sinceNop_ms += elapsed_ms;
    if (this.#isUp()) {
      this.#silent_ms = 0;
      if (this.#sinceNop_ms >= NOP_ms) this.#nop();
      return;
    }
    this.#silent_ms += elapsed_ms;
    if (this.#connection && this.port.forward() && this.#connection.targetOpen && this.#sinceNop_ms >= NOP_ms) {
      this.#sinceNop_ms = 0;
      this.port.hear(this.#connection);
    }
    if (this.#silent_ms >= 2 * NOP_ms) this.#breakSession();
  }

  #nop(): void {
    this.#sinceNop_ms = 0;
    if (this.#connection) this.port.hear(this.#connection);
    for (const command of this.#commands) this.#send(command);
  }

  #tickBroken(elapsed_ms: number): void {
    this.#failed_ms += elapsed_ms;
    if (this.state === 'FAILED' && this.#failed_ms >= this.recoveryTimeout_s * 1000) {
      this.state = 'FREE';
      this.#failCommands();
    }
    this.#sinceRetry_ms += elapsed_ms;
    if (this.#sinceRetry_ms < RETRY_ms) return;
    this.#sinceRetry_ms = 0;
    this.#ask((result) => {
      const { connection } = result;
      if (connection && (this.state === 'FAILED' || this.state === 'FREE')) this.#begin(connection, result);
    });
  }

  #ask(then: (result: LoginResult) => void): void {
    if (!this.port.forward() || !this.port.backward() || this.#isAsking) {
      then({ answer: 'none' });
      return;
    }
    const life = this.#life;
    let isOpen = true;
    this.#isAsking = true;
    const end = (result: LoginResult) => {
      if (!isOpen || life !== this.#life) return;
      isOpen = false;
      this.#isAsking = false;
      then(result);
    };
    // A login that is not answered is given up.
    this.#after(LOGIN_ms, () => end({ answer: 'none' }));
    this.#after(this.port.login_ms(), () => {
      if (!this.port.forward()) return;
      this.port.login((result) => {
        this.#after(this.port.login_ms(), () => {
          if (isOpen && this.port.backward()) end(result);
          // The target has a session that the initiator knows nothing of.
          else if (result.connection) result.connection.initiatorOpen = false;
        });
      });
    });
  }

  #begin(connection: Connection, { owner = 'unknown', epoch = 0 }: LoginResult): void {
    this.#connection = connection;
    this.owner = owner;
    this.epoch = epoch;
    this.state = 'LOGGED_IN';
    this.#silent_ms = 0;
    this.#sinceNop_ms = 0;
    for (const command of this.#commands) this.#send(command);
  }

  #breakSession(): void {
    this.#close();
    this.state = 'FAILED';
    this.#failed_ms = 0;
    this.#sinceRetry_ms = 0;
  }

  #close(): void {
    if (this.#connection) this.#connection.initiatorOpen = false;
    this.#connection = undefined;
  }

  #isUp(): boolean {
    return this.#connection?.targetOpen === true && this.port.forward() && this.port.backward();
  }

  #submit(command: Command): void {
    if (this.state === 'none' || this.state === 'FREE') {
      this.#after(1, () => command.done(false));
      return;
    }
    this.#commands.push(command);
    if (this.state === 'LOGGED_IN') this.#send(command);
  }

  #send(command: Command): void {
    const connection = this.#connection;
    if (!connection) return;
    this.#after(this.port.delay_ms(), () => this.#arrive(command, connection));
  }

  #arrive(command: Command, connection: Connection): void {
    if (connection !== this.#connection || !this.#commands.includes(command) || !this.port.forward()) return;
    if (command.executedIn === connection) {
      this.#answer(command, connection, true);
      return;
    }
    const life = this.#life;
    this.port.write(connection, command.block, command.version, (result) => {
      if (result === 'dropped' || life !== this.#life) return;
      if (result === 'done') command.executedIn = connection;
      this.#answer(command, connection, result === 'done');
    });
  }

  #answer(command: Command, connection: Connection, ok: boolean): void {
    this.#after(this.port.delay_ms(), () => {
      if (!this.port.backward() || connection !== this.#connection) return;
      const at = this.#commands.indexOf(command);
      if (at < 0) return;
      this.#commands.splice(at, 1);
      command.done(ok);
    });
  }

  #failCommands(): void {
    const failed = this.#commands;
    this.#commands = [];
    for (const command of failed) command.done(false);
  }
}
