import { mayGiveUp } from '../scsi/may-give-up.ts';
import { type DeviceServer, type Nexus, STATUS, type TaskResult } from '../scsi/task.ts';
import { Bag } from '../std/bag.ts';
import type { BufferPool } from '../std/buffer-pool.ts';
import { ActiveTask } from './active-task.ts';
import type { AnswerGate } from './answer-gate.ts';
import { type BudgetShare, ByteBudget } from './byte-budget.ts';
import { DataOutTransfer, type TransferProgress } from './data-out-transfer.ts';
import { LIMITS } from './limits.ts';
import type { Parameters } from './negotiation.ts';
import type { DataOut } from './pdu/data-out.ts';
import { RESERVED_TAG } from './pdu/opcode.ts';
import type { OutgoingPdu } from './pdu/outgoing.ts';
import { encodeR2t } from './pdu/r2t.ts';
import type { ScsiCommand } from './pdu/scsi-command.ts';
import { sendResult } from './task-response.ts';
import { abortedCommandSense, TRANSPORT_SENSE, transferTooLongSense } from './transport-sense.ts';

/** An address that no unit has, for LUN fields that name none. */
const NO_SUCH_LUN = 0xffff;

export interface TaskSetOptions {
  nexus: Nexus;
  deviceServer: DeviceServer;
  parameters: Parameters;
  /** Bytes in flight in all sessions. */
  sharedBudget: ByteBudget;
  /** Receives the memory of data segments back. */
  buffers: BufferPool;
  /** The share held by the sessions of this target. */
  share: BudgetShare;
  gate: AnswerGate | undefined;
  /** A command is left without a response. */
  withheld(): void;
  /** `status` consumes a StatSN, `next` shows the next one, `data` has none. */
  send(pdu: OutgoingPdu, kind: 'status' | 'next' | 'data', flushed?: () => void): void;
  /** A task has its response or was aborted: its place in the command window is free. */
  closed(task: ActiveTask): void;
  /** Called when `stuck` may have changed. */
  changed(): void;
}

/** The outstanding SCSI commands of one session: collecting data, waiting for room, executing. */
export class TaskSet {
  readonly #options: TaskSetOptions;
  /** Not a `Map` by tag: that allocates and drops tables as commands come and go, and the window limits the number anyway. */
  readonly #tasks = new Bag<ActiveTask>();
  readonly #budget = new ByteBudget(LIMITS.sessionData_bytes);
  /** Tasks that wait for the budget, in order of arrival. */
  readonly #waiting: ActiveTask[] = [];
  /** Tasks with room that wait for data. */
  readonly #collecting = new Set<ActiveTask>();
  #lastTag = 0;

  constructor(options: TaskSetOptions) {
    this.#options = options;
  }

  get(initiatorTaskTag: number): ActiveTask | undefined {
    for (const task of this.#tasks.items) if (task.initiatorTaskTag === initiatorTaskTag) return task;
    return undefined;
  }

  /** Unordered. Must not be iterated while tasks come and go. */
  values(): readonly ActiveTask[] {
    return this.#tasks.items;
  }

  /**
   * Whether reading more would not help: tasks wait for room, and none that has room waits for data. Reading then stops, which limits
   * what a peer can make the target hold.
   */
  get stuck(): boolean {
    return this.#waiting.length > 0 && this.#collecting.size === 0;
  }

  start(command: ScsiCommand): void {
    const { nexus, deviceServer, parameters } = this.#options;
    const lun = command.lun ?? NO_SUCH_LUN;
    const wanted_bytes = deviceServer.dataOutLength_bytes(command.cdb, lun) ?? 0;
    const needed_bytes = command.write ? Math.min(wanted_bytes, command.expectedLength_bytes) : 0;
    const dataIn_bytes = command.read ? Math.min(command.expectedLength_bytes, LIMITS.transfer_bytes) : 0;
    const transfer = command.write ? new DataOutTransfer(command, needed_bytes, parameters) : undefined;
    const sizes = { cost_bytes: Math.max(needed_bytes, dataIn_bytes), wanted_bytes };
    const task = new ActiveTask(nexus, lun, command, transfer, sizes);
    this.#tasks.add(task);

    if (needed_bytes > LIMITS.transfer_bytes) {
      this.#conclude(task, { status: STATUS.checkCondition, sense: transferTooLongSense() });
    } else if (!transfer && command.dataLength_bytes > 0) {
      this.#fail(task, TRANSPORT_SENSE.unexpectedUnsolicitedData);
    } else {
      if (this.#waiting.length > 0 || !this.#tryAdmit(task)) this.#waiting.push(task);
      this.#advance(task, transfer ? transfer.begin(command) : 'complete');
      if (this.#waiting.length > 0) this.#options.changed();
    }
  }

  /** Data for an unknown task is dropped: the task may have been aborted or have failed. */
  receiveData(pdu: DataOut): void {
    const task = this.get(pdu.initiatorTaskTag);
    if (task?.state !== 'collecting' || !task.transfer || task.dataComplete) return;
    this.#advance(task, task.transfer.receive(pdu));
  }

  /** Its result, if any, is dropped. `task.whenEnded` reports when it can have no further effect. */
  abort(task: ActiveTask): void {
    if (task.state === 'ended') return;
    task.aborted = true;
    if (task.state === 'collecting') this.#finish(task, undefined);
  }

  #advance(task: ActiveTask, progress: TransferProgress): void {
    if (progress === 'complete') {
      task.dataComplete = true;
      if (task.admitted) this.#execute(task);
    } else if (progress === 'more') {
      if (task.admitted) this.#askForData(task);
    } else {
      this.#fail(task, progress);
    }
  }

  #tryAdmit(task: ActiveTask): boolean {
    const { sharedBudget, share } = this.#options;
    if (!this.#budget.tryTake(task.cost_bytes)) return false;
    // A target without outstanding commands gets one command beyond the budget: no host can stop another by holding all of it.
    if (share.held_bytes === 0) {
      sharedBudget.take(task.cost_bytes);
    } else if (!sharedBudget.tryTake(task.cost_bytes)) {
      this.#budget.release(task.cost_bytes);
      sharedBudget.whenReleased(this.#admitWaiting);
      return false;
    }
    share.held_bytes += task.cost_bytes;
    task.admitted = true;
    return true;
  }

  readonly #admitWaiting = (): void => {
    let task = this.#waiting[0];
    if (!task) return;
    for (; task && this.#tryAdmit(task); task = this.#waiting[0]) {
      this.#waiting.shift();
      if (task.dataComplete) this.#execute(task);
      else this.#askForData(task);
    }
    this.#options.changed();
  };

  #askForData(task: ActiveTask): void {
    this.#collecting.add(task);
    const { initiatorTaskTag } = task.command;
    for (const { offset_bytes, length_bytes, ...tags } of task.transfer?.nextBursts(this.#newTag) ?? []) {
      const r2t = {
        lun: task.lun,
        initiatorTaskTag,
        bufferOffset_bytes: offset_bytes,
        desiredLength_bytes: length_bytes,
      };
      this.#options.send(encodeR2t({ ...r2t, ...tags }), 'next');
    }
  }

  readonly #newTag = (): number => {
    this.#lastTag = (this.#lastTag + 1) % RESERVED_TAG;
    return this.#lastTag;
  };

  #execute(task: ActiveTask): void {
    this.#collecting.delete(task);
    task.state = 'executing';
    this.#options.deviceServer.execute(task, (result) => this.#conclude(task, result));
  }

  #fail(task: ActiveTask, additionalSenseCode: number): void {
    this.#conclude(task, { status: STATUS.checkCondition, sense: abortedCommandSense(additionalSenseCode) });
  }

  #conclude(task: ActiveTask, result: TaskResult): void {
    const { gate } = this.#options;
    const isGood = result.status === STATUS.good || task.aborted;
    const after = gate && !isGood ? mayGiveUp(task.cdb, result) : undefined;
    if (gate && after) this.#answerLater(task, result, gate, after);
    else this.#answer(task, result, true);
  }

  /** It stays among the tasks meanwhile, like one that is being executed: whoever aborts it waits for its end. */
  #answerLater(task: ActiveTask, result: TaskResult, gate: AnswerGate, after: 'read' | 'write'): void {
    const hasWaited = this.#leaveQueues(task);
    task.state = 'executing';
    gate.givingUp(task.lun, after, (mayAnswer) => {
      if (!mayAnswer) this.#options.withheld();
      this.#answer(task, result, mayAnswer);
    });
    if (hasWaited) this.#options.changed();
  }

  #answer(task: ActiveTask, result: TaskResult, mayAnswer: boolean): void {
    const isAnswered = mayAnswer && !task.aborted;
    if (!isAnswered) giveBack(result);
    this.#finish(task, isAnswered ? result : undefined);
  }

  /** @returns whether it has waited for the budget */
  #leaveQueues(task: ActiveTask): boolean {
    this.#collecting.delete(task);
    const waitingAt = task.admitted ? -1 : this.#waiting.indexOf(task);
    if (waitingAt >= 0) this.#waiting.splice(waitingAt, 1);
    return waitingAt >= 0;
  }

  /** @param result `undefined` for tasks without a response: they were aborted, or it is withheld. */
  #finish(task: ActiveTask, result: TaskResult | undefined): void {
    const { parameters, closed, send } = this.#options;
    const hasWaited = this.#leaveQueues(task);
    this.#tasks.remove(task);
    closed(task);
    const release = task.admitted ? () => this.#release(task, result) : undefined;
    if (result) {
      sendResult(task, result, parameters, send, release);
    } else {
      release?.();
    }
    // Its data is free now: the device server reads it until it has given its result.
    for (const part of task.dataOut) this.#options.buffers.give(part);
    task.end();
    if (hasWaited) this.#options.changed();
  }

  #release(task: ActiveTask, result: TaskResult | undefined): void {
    const { sharedBudget, share } = this.#options;
    if (result) giveBack(result);
    this.#budget.release(task.cost_bytes);
    share.held_bytes -= task.cost_bytes;
    sharedBudget.release(task.cost_bytes);
    this.#admitWaiting();
  }
}

function giveBack({ dataIn, dataInPool }: TaskResult): void {
  if (dataIn && dataInPool) for (const part of dataIn) dataInPool.give(part);
}
