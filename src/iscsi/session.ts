import type { Nexus } from '../scsi/task.ts';
import type { BufferPool } from '../std/buffer-pool.ts';
import { whenAll } from '../std/when-all.ts';
import type { ActiveTask } from './active-task.ts';
import type { ByteBudget } from './byte-budget.ts';
import { CommandWindow } from './command-window.ts';
import { LIMITS } from './limits.ts';
import type { LoginResult } from './login-result.ts';
import type { Outlet } from './outlet.ts';
import { encodeDroppingSession, encodeLogoutRequested } from './pdu/async-message.ts';
import type { IncomingPdu } from './pdu/decode.ts';
import { encodeLogoutResponse, LOGOUT_REASON, LOGOUT_RESPONSE, type LogoutRequest } from './pdu/logout.ts';
import { encodeNopInAnswer, encodeNopInPing, type NopOut } from './pdu/nop.ts';
import { RESERVED_TAG } from './pdu/opcode.ts';
import { type OutgoingPdu, writeNumbering } from './pdu/outgoing.ts';
import { encodeReject, REJECT_REASON } from './pdu/reject.ts';
import type { ScsiCommand } from './pdu/scsi-command.ts';
import {
  encodeTaskManagementResponse,
  TASK_MANAGEMENT_RESPONSE,
  type TaskManagementRequest,
} from './pdu/task-management.ts';
import { ProtocolError } from './protocol-error.ts';
import { serialAdd } from './serial-number.ts';
import type { TargetSession } from './session-registry.ts';
import { planTaskManagement } from './task-management.ts';
import { TaskSet } from './task-set.ts';
import { TextExchange } from './text-exchange.ts';

export interface SessionOptions {
  identity: LoginResult & { remoteAddress: string; since: number };
  outlet: Outlet;
  /** Address and port to which the initiator connected. */
  portal: string;
  sharedBudget: ByteBudget;
  /** The memory of data segments. */
  buffers: BufferPool;
  /** The next CmdSN, and the next StatSN, after the login. */
  expCmdSn: number;
  statSn: number;
  /** A ping is sent after this time without a PDU from the initiator; `undefined`: never. */
  pingInterval_ms: number | undefined;
  ended(reason: string): void;
}

/** Commands that have a CmdSN. */
type NumberedPdu = Exclude<IncomingPdu, { kind: 'login-request' | 'data-out' | 'unsupported' }>;

/**
 * A session in full feature phase, with its one connection (RFC 7143 §4). Free of I/O and timers: PDUs arrive through `receive`, time
 * through `tick`, and all output goes to the outlet.
 */
export class Session implements TargetSession {
  readonly identity: SessionOptions['identity'];
  readonly #options: SessionOptions;
  readonly #outlet: Outlet;
  readonly #nexus: Nexus;
  readonly #window: CommandWindow<{ pdu: NumberedPdu; header: Buffer }>;
  readonly #taskSet: TaskSet | undefined;
  readonly #text: TextExchange;
  #statSn: number;
  #immediateCommands = 0;
  #loggingOut = false;
  #endedCallbacks: (() => void)[] | undefined;
  #ended = false;
  #paused = false;
  /** An answer was withheld. The session ends with the next tick: iscsid, once logged in, comes back without a pause. */
  #withheld = false;
  #lastPduAt: number;
  #pingTag = 0;
  /** Requests that wait for tasks to end, and give up at their deadline. */
  readonly #waits = new Set<{ deadline: number; settle: (inTime: boolean) => void }>();

  constructor(options: SessionOptions) {
    const { identity, outlet, sharedBudget, buffers } = options;
    this.#options = options;
    this.identity = identity;
    this.#outlet = outlet;
    this.#lastPduAt = identity.since;
    this.#statSn = options.statSn;
    this.#window = new CommandWindow(options.expCmdSn);
    this.#text = new TextExchange(identity, options.portal);
    // SPC-4 §7.6.4.2: the initiator port's name, and the target port group that it talks to.
    const { initiatorName } = identity;
    this.#nexus = { id: `${initiatorName},i,0x${identity.isid},t,1`, initiatorName };
    const { target } = identity;
    const deviceServer = target?.deviceServer;
    if (identity.type === 'normal' && target && deviceServer) {
      this.#taskSet = new TaskSet({
        nexus: this.#nexus,
        deviceServer,
        parameters: identity.parameters,
        sharedBudget,
        buffers,
        share: target.share,
        gate: target.gate,
        withheld: () => this.#withhold(),
        send: (pdu, kind, flushed) => this.#send(pdu, kind, flushed),
        closed: (task) => this.#commandClosed(task),
        changed: () => this.#steerReading(),
      });
    }
  }

  tasks(): Iterable<ActiveTask> {
    return this.#taskSet?.values() ?? [];
  }

  /** Aborts those of these tasks that are its own. */
  abort(tasks: readonly ActiveTask[]): void {
    for (const task of tasks) if (task.nexus === this.#nexus) this.#taskSet?.abort(task);
  }

  /**
   * Takes one PDU. `header` is its basic header segment, `now` is in milliseconds of boot time.
   * @throws ProtocolError if the connection must be dropped.
   */
  receive(pdu: IncomingPdu, header: Buffer, now: number): void {
    if (this.#endedCallbacks) return;
    this.#lastPduAt = now;
    this.#noteContact(now);
    switch (pdu.kind) {
      case 'data-out':
        this.#taskSet?.receiveData(pdu);
        break;
      case 'unsupported':
        this.#reject(pdu.snack ? REJECT_REASON.snack : REJECT_REASON.commandNotSupported, header);
        break;
      case 'login-request':
        throw new ProtocolError('Received a login request in full feature phase');
      default:
        this.#receiveNumbered(pdu, header, now);
    }
    if (this.#outlet.backlog_bytes > LIMITS.backlog_bytes) this.#steerReading();
  }

  /** Called about every second. Sends pings, and ends requests that take too long. */
  tick(now: number): void {
    if (this.#endedCallbacks) return;
    if (this.#withheld) {
      this.terminate('an answer was withheld', () => {});
      return;
    }
    for (const wait of [...this.#waits]) if (now >= wait.deadline) wait.settle(false);
    this.#steerReading();
    const { pingInterval_ms } = this.#options;
    if (pingInterval_ms === undefined) return;
    // While reading is paused because of the store, the initiator cannot show that it is alive.
    if (this.#taskSet?.stuck) return;
    if (now - this.#lastPduAt >= LIMITS.silence_ms) this.terminate('no contact for too long', () => {});
    else if (now - this.#lastPduAt >= pingInterval_ms) this.#ping();
  }

  /** A discovery session shows that the initiator is alive, and nothing about the mirror. */
  #noteContact(now: number): void {
    const { target } = this.identity;
    if (!target) return;
    if (this.#taskSet) target.lastPduAt = now;
    else target.lastSignAt = now;
  }

  /** Asks the initiator to log out: all its commands get their responses, and none must be sent again. */
  requestLogout(within_s: number): void {
    if (!this.#endedCallbacks && !this.#loggingOut) this.#send(encodeLogoutRequested(within_s), 'status');
  }

  /** Notifies the initiator that it is about to be dropped and may return after `timeToWait_s`. */
  announceDrop(timeToWait_s: number): void {
    if (!this.#endedCallbacks) this.#send(encodeDroppingSession(timeToWait_s), 'status');
  }

  /**
   * Ends the session: closes its connection and aborts its tasks. Calls back when none of them can have a further effect.
   */
  terminate(reason: string, ended: () => void): void {
    if (this.#ended) {
      ended();
      return;
    }
    if (this.#endedCallbacks) {
      this.#endedCallbacks.push(ended);
      return;
    }
    this.#endedCallbacks = [ended];
    this.#outlet.end();
    const tasks = [...this.tasks()];
    for (const task of tasks) this.#taskSet?.abort(task);
    whenAll(
      tasks,
      (task, done) => task.whenEnded(done),
      () => this.#end(reason),
    );
  }

  #end(reason: string): void {
    this.#ended = true;
    if (this.#taskSet) this.identity.target?.deviceServer?.nexusLost(this.#nexus);
    this.#options.ended(reason);
    for (const ended of this.#endedCallbacks ?? []) ended();
  }

  #receiveNumbered(pdu: NumberedPdu, header: Buffer, now: number): void {
    if (pdu.immediate) {
      this.#perform(pdu, header, now);
    } else if (this.#window.advance(pdu.cmdSn)) {
      this.#perform(pdu, header, now);
    } else if (this.#window.arrive(pdu.cmdSn, { pdu, header })) {
      for (let next = this.#window.next(); next; next = this.#window.next()) this.#perform(next.pdu, next.header, now);
    }
  }

  #perform(pdu: NumberedPdu, header: Buffer, now: number): void {
    if (this.#loggingOut) return;
    if (pdu.kind === 'scsi-command') this.#performCommand(pdu, header);
    else if (pdu.kind === 'nop-out') this.#performNop(pdu);
    else if (pdu.kind === 'task-management-request') this.#performTaskManagement(pdu, header, now);
    else if (pdu.kind === 'text-request') this.#send(this.#text.receive(pdu), 'status');
    else this.#performLogout(pdu, now);
  }

  #performCommand(command: ScsiCommand, header: Buffer): void {
    const reason = this.#refusalOf(command);
    if (reason !== undefined || !this.#taskSet) {
      this.#reject(reason ?? REJECT_REASON.protocolError, header);
      return;
    }
    if (command.immediate) this.#immediateCommands++;
    else this.#window.opened();
    this.#taskSet.start(command);
  }

  #refusalOf({ initiatorTaskTag, immediate }: ScsiCommand): number | undefined {
    if (initiatorTaskTag === RESERVED_TAG) return REJECT_REASON.invalidField;
    if (this.#taskSet?.get(initiatorTaskTag)) return REJECT_REASON.taskInProgress;
    if (immediate && this.#immediateCommands >= LIMITS.immediateCommands) return REJECT_REASON.tooManyImmediateCommands;
    return undefined;
  }

  #commandClosed(task: ActiveTask): void {
    if (task.command.immediate) this.#immediateCommands--;
    else this.#window.closed();
  }

  #performNop(nop: NopOut): void {
    // The answer to a ping: only its arrival matters.
    if (nop.initiatorTaskTag === RESERVED_TAG) return;
    const echo = Buffer.concat(nop.data).subarray(0, this.identity.parameters.initiatorDataSegment_bytes);
    this.#send(encodeNopInAnswer(nop.initiatorTaskTag, echo), 'status');
  }

  #performTaskManagement(request: TaskManagementRequest, header: Buffer, now: number): void {
    const { target } = this.identity;
    if (!this.#taskSet || !target) {
      this.#reject(REJECT_REASON.protocolError, header);
      return;
    }
    const plan = planTaskManagement(request, target, this.#taskSet, this.#window);
    for (const session of target.sessions) session.abort(plan.tasks);
    this.#whenEnded(plan.tasks, now + LIMITS.abort_ms, (inTime) => {
      // A task still in the store may yet have its effect, so it must not be reported as aborted.
      const response = inTime ? plan.response : TASK_MANAGEMENT_RESPONSE.rejected;
      if (inTime) plan.after?.();
      // Linux fails an aborted command after a few attempts, and a device that cannot be reset at once.
      this.#whenRecorded(request.lun, () => {
        this.#send(encodeTaskManagementResponse(request.initiatorTaskTag, response), 'status');
        if (inTime && plan.dropSessions) target.sessions.endAll('reset of the target', () => {});
      });
    });
  }

  #whenRecorded(lun: number | undefined, answer: () => void): void {
    const { gate } = this.identity.target ?? {};
    if (!gate) {
      answer();
      return;
    }
    gate.givingUp(lun, 'reset', (mayAnswer) => {
      if (this.#endedCallbacks) return;
      if (mayAnswer) answer();
      else this.#withhold();
    });
  }

  #withhold(): void {
    this.#withheld = true;
  }

  /** Outstanding commands finish normally, and get their responses before the response to the logout. */
  #performLogout(request: LogoutRequest, now: number): void {
    const { initiatorTaskTag } = request;
    const refusal = logoutRefusal(request, this.identity.cid);
    if (refusal !== undefined) {
      this.#send(encodeLogoutResponse(initiatorTaskTag, refusal), 'status');
      return;
    }
    this.#loggingOut = true;
    const tasks = [...this.tasks()];
    for (const task of tasks) if (task.state === 'collecting') this.#taskSet?.abort(task);
    const end = (answer: boolean): void => {
      if (this.#endedCallbacks) return;
      if (answer) this.#send(encodeLogoutResponse(initiatorTaskTag, LOGOUT_RESPONSE.closed), 'status');
      this.terminate('logged out', () => {});
    };
    const gate = this.#taskSet && this.identity.target?.gate;
    this.#whenEnded(tasks, now + LIMITS.abort_ms, () => (gate ? gate.logout(end) : end(true)));
  }

  #whenEnded(tasks: readonly ActiveTask[], deadline: number, settled: (inTime: boolean) => void): void {
    const wait = {
      deadline,
      settle: (inTime: boolean): void => {
        if (this.#waits.delete(wait) && !this.#endedCallbacks) settled(inTime);
      },
    };
    this.#waits.add(wait);
    whenAll(
      tasks,
      (task, done) => task.whenEnded(done),
      () => wait.settle(true),
    );
  }

  #ping(): void {
    this.#pingTag = (this.#pingTag + 1) % RESERVED_TAG;
    this.#send(encodeNopInPing(this.#pingTag, this.identity.target?.luns[0] ?? 0), 'next');
  }

  #reject(reason: number, header: Buffer): void {
    this.#send(encodeReject(reason, header), 'status');
  }

  #send(pdu: OutgoingPdu, kind: 'status' | 'next' | 'data', flushed?: () => void): void {
    const { expCmdSn, maxCmdSn } = this.#window;
    writeNumbering(pdu.header, { statSn: kind === 'data' ? 0 : this.#statSn, expCmdSn, maxCmdSn });
    if (kind === 'status') this.#statSn = serialAdd(this.#statSn, 1);
    this.#outlet.send(pdu, flushed);
  }

  /** Back-pressure: nothing is read while there is no room for it, or while the initiator does not read the output. */
  #steerReading(): void {
    const pause = this.#taskSet?.stuck === true || this.#outlet.backlog_bytes > LIMITS.backlog_bytes;
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.#outlet.pause();
    else this.#outlet.resume();
  }
}

/** There is one connection, and it cannot be recovered (ErrorRecoveryLevel 0). */
function logoutRefusal({ reason, cid }: LogoutRequest, ownCid: number): number | undefined {
  if (reason === LOGOUT_REASON.removeForRecovery) return LOGOUT_RESPONSE.recoveryNotSupported;
  if (reason === LOGOUT_REASON.closeConnection && cid !== ownCid) return LOGOUT_RESPONSE.cidNotFound;
  return undefined;
}
