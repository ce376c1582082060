import type { BufferPool } from '../std/buffer-pool.ts';
import { type EventLog, eventOf } from '../std/event.ts';
import type { ByteBudget } from './byte-budget.ts';
import { type Frame, Framer } from './framer.ts';
import { LIMITS } from './limits.ts';
import { Login, type LoginStep, refuse } from './login.ts';
import type { LoginResult } from './login-result.ts';
import type { Outlet } from './outlet.ts';
import { decode } from './pdu/decode.ts';
import { encodeLoginResponse, LOGIN_STATUS, type LoginRequest, type LoginResponse } from './pdu/login.ts';
import { writeNumbering } from './pdu/outgoing.ts';
import { ProtocolError } from './protocol-error.ts';
import { serialAdd } from './serial-number.ts';
import { Session } from './session.ts';
import type { Target } from './target.ts';
import type { TargetDirectory } from './target-directory.ts';

export interface ConnectionContext {
  directory: TargetDirectory;
  sharedBudget: ByteBudget;
  /** The memory of data segments. */
  buffers: BufferPool;
  pingInterval_ms: number | undefined;
  /** Its events never hold a secret. */
  report: EventLog;
}

/** One TCP connection: first a login, then a session. Free of I/O and timers. */
export class Connection {
  readonly #context: ConnectionContext;
  readonly #outlet: Outlet;
  readonly #addresses: { local: string; remote: string };
  readonly #openedAt: number;
  readonly #framer: Framer;
  #login: Login | undefined;
  /** Set while the session that this login replaces is being ended. */
  #waiting = false;
  #session: Session | undefined;
  /** A refusal delayed until the next tick: iscsid, once logged in, retries without a pause. */
  #refusal: (() => void) | undefined;
  #statSn = 0;
  #now: number;
  #closed = false;

  constructor(context: ConnectionContext, outlet: Outlet, addresses: { local: string; remote: string }, now: number) {
    this.#context = context;
    this.#outlet = outlet;
    this.#addresses = addresses;
    this.#openedAt = now;
    this.#now = now;
    this.#login = new Login(context.directory);
    this.#framer = new Framer(LIMITS.loginDataSegment_bytes, (frame) => this.#receive(frame), context.buffers);
  }

  get loggedIn(): boolean {
    return this.#session !== undefined;
  }

  /** Accepts bytes from the socket. No input from a peer makes it throw. */
  push(chunk: Buffer, now: number): void {
    if (this.#closed) return;
    this.#now = now;
    try {
      this.#framer.push(chunk);
    } catch (error) {
      // An internal error also ends this connection, and no other. It is reported as such.
      this.#drop(error instanceof ProtocolError ? error.message : `Internal error: ${String((error as Error).stack)}`);
    }
  }

  /** Called about every second. */
  tick(now: number): void {
    this.#now = now;
    this.#refusal?.();
    if (this.#session) this.#session.tick(now);
    else if (now - this.#openedAt > LIMITS.login_ms) this.#drop('The login timed out');
  }

  requestLogout(within_s: number): void {
    this.#session?.requestLogout(within_s);
  }

  announceDrop(timeToWait_s: number): void {
    this.#session?.announceDrop(timeToWait_s);
  }

  /** Closes it after everything queued has been sent. */
  end(): void {
    this.#outlet.end();
  }

  /** The socket is closed. */
  closed(): void {
    this.#closed = true;
    this.#endLogin();
    this.#session?.terminate('connection closed', () => {});
  }

  #receive(frame: Frame): void {
    if (this.#closed) return;
    const pdu = decode(frame);
    if (this.#session) {
      this.#session.receive(pdu, frame.header, this.#now);
    } else if (pdu.kind !== 'login-request' || !this.#login || this.#waiting) {
      throw new ProtocolError('Received a PDU other than a login request during login');
    } else {
      // RFC 7143 §4.2.2.2: the target may start at any number; starting where the initiator expects it is easy to follow.
      if (this.#statSn === 0) this.#statSn = pdu.expStatSn;
      const step = this.#login.receive(pdu);
      const target = this.#login.provenFor;
      if (target) target.lastSignAt = this.#now;
      this.#continueLogin(pdu, step);
    }
  }

  #continueLogin(request: LoginRequest, step: LoginStep): void {
    if (step.refused) this.#refuseLater(request, step.response);
    else if (step.result) this.#enter(request, step.response, step.result);
    else this.#respond(request, step.response);
  }

  #refuseLater(request: LoginRequest, response: LoginResponse): void {
    this.#waiting = true;
    this.#refusal = () => {
      this.#refusal = undefined;
      this.#respond(request, response);
      const status = `0x${response.status.toString(16).padStart(4, '0')}`;
      this.#context.report(eventOf('login-refused', { facts: { remote: this.#addresses.remote, status } }));
      this.#closed = true;
      this.#endLogin();
      this.#outlet.end();
    };
  }

  #enter(request: LoginRequest, response: LoginResponse, result: LoginResult): void {
    const { target, type } = result;
    if (target && type === 'normal') this.#enterTarget(request, response, result, target);
    else this.#begin(request, { ...response, tsih: 1 }, result);
  }

  /** The last response of the login, once it is recorded, and the session that it replaces can have no further effect. */
  #enterTarget(request: LoginRequest, response: LoginResponse, result: LoginResult, target: Target): void {
    const { initiatorName, isid } = result;
    const sessions = [...target.sessions].map(({ identity }) => identity);
    const known = sessions.some(
      (one) => one.tsih === result.tsih && one.isid === isid && one.initiatorName === initiatorName,
    );
    if (result.tsih !== 0 && !known) {
      this.#refuseLater(request, refuse(request, LOGIN_STATUS.sessionDoesNotExist).response);
      return;
    }
    const enter = (): void => {
      this.#waiting = false;
      if (this.#closed) return;
      // The target may have been fenced in the meantime.
      const full = target.sessions.size >= LIMITS.sessionsPerTarget;
      const refusal = target.loginRefusal ?? (full ? LOGIN_STATUS.outOfResources : undefined);
      if (refusal !== undefined) {
        this.#refuseLater(request, refuse(request, refusal, target).response);
        return;
      }
      const tsih = result.tsih === 0 ? target.sessions.newTsih() : result.tsih;
      this.#begin(request, { ...response, tsih }, { ...result, tsih });
    };
    this.#waiting = true;
    const recorded = (refusal?: number): void => {
      if (this.#closed) return;
      if (refusal === undefined) target.sessions.reinstate(initiatorName, isid, enter);
      else this.#refuseLater(request, refuse(request, refusal, target).response);
    };
    if (target.gate) target.gate.login(recorded);
    else recorded();
  }

  #begin(request: LoginRequest, response: LoginResponse, result: LoginResult): void {
    const { parameters, target, initiatorName, type } = result;
    this.#respond(request, response);
    this.#endLogin();
    this.#framer.maxDataSegment_bytes = LIMITS.dataSegment_bytes;
    this.#framer.headerDigest = parameters.headerDigest;
    this.#framer.dataDigest = parameters.dataDigest;
    this.#outlet.useDigests(parameters.headerDigest, parameters.dataDigest);
    const { local, remote } = this.#addresses;
    const session = new Session({
      identity: { ...result, remoteAddress: remote, since: this.#now },
      outlet: this.#outlet,
      portal: local,
      sharedBudget: this.#context.sharedBudget,
      buffers: this.#context.buffers,
      expCmdSn: request.cmdSn,
      statSn: this.#statSn,
      pingInterval_ms: this.#context.pingInterval_ms,
      ended: (reason) => {
        target?.sessions.remove(session, this.#now);
        const facts = { initiator: initiatorName, target: target?.name, remote, reason };
        this.#context.report(eventOf('session-ended', { facts }));
      },
    });
    this.#session = session;
    if (type === 'normal' && target) {
      target.sessions.add(session);
      // Its answer may get lost, so only the first PDU after it is one of a session.
      target.lastSignAt = this.#now;
    }
    const facts = { initiator: initiatorName, target: target?.name, remote, type };
    this.#context.report(eventOf('login', { facts }));
  }

  #respond(request: LoginRequest, response: LoginResponse): void {
    const pdu = encodeLoginResponse(response);
    // The window opens with the session; during login there is one request at a time (RFC 7143 §11.13.4).
    writeNumbering(pdu.header, {
      statSn: this.#statSn,
      expCmdSn: request.cmdSn,
      maxCmdSn: serialAdd(request.cmdSn, LIMITS.commands - 1),
    });
    this.#statSn = serialAdd(this.#statSn, 1);
    this.#outlet.send(pdu);
  }

  #endLogin(): void {
    this.#login?.end();
    this.#login = undefined;
  }

  #drop(reason: string): void {
    this.#context.report(eventOf('connection-dropped', { facts: { remote: this.#addresses.remote, reason } }));
    this.#endLogin();
    this.#closed = true;
    this.#outlet.destroy();
  }
}
