import type { ActiveTask } from './active-task.ts';
import type { CommandWindow } from './command-window.ts';
import {
  TASK_MANAGEMENT_RESPONSE as RESPONSE,
  TASK_MANAGEMENT,
  type TaskManagementRequest,
} from './pdu/task-management.ts';
import type { Target } from './target.ts';
import type { TaskSet } from './task-set.ts';

/** The plan for a task management request: abort these tasks, wait until they have ended, do the rest, answer. */
export interface TaskManagementPlan {
  response: number;
  tasks: readonly ActiveTask[];
  /** Once the tasks have ended. */
  after?: () => void;
  /** Every session is dropped once the answer has left. */
  dropSessions?: boolean;
}

/** RFC 7143 §11.5 and §4.2.3.3. It only plans, except that it may remove a CmdSN from the window. */
export function planTaskManagement(
  request: TaskManagementRequest,
  target: Target,
  own: TaskSet,
  window: CommandWindow<unknown>,
): TaskManagementPlan {
  if (request.function === TASK_MANAGEMENT.abortTask) return abortTask(request, own, window);
  if (request.function === TASK_MANAGEMENT.targetWarmReset || request.function === TASK_MANAGEMENT.targetColdReset) {
    const dropSessions = request.function === TASK_MANAGEMENT.targetColdReset;
    return { ...complete(target.sessions.tasks()), after: () => target.deviceServer?.reset(), dropSessions };
  }
  if (request.function === TASK_MANAGEMENT.taskReassign) return only(RESPONSE.reassignmentNotSupported);
  // No task is ever blocked by ACA here, so there is nothing to clear.
  if (request.function === TASK_MANAGEMENT.clearAca) return only(RESPONSE.notSupported);
  const { lun } = request;
  if (lun === undefined || !target.luns.includes(lun)) return only(RESPONSE.lunDoesNotExist);
  switch (request.function) {
    case TASK_MANAGEMENT.abortTaskSet:
      return complete(tasksOf(lun, own.values()));
    case TASK_MANAGEMENT.clearTaskSet:
      return complete(tasksOf(lun, target.sessions.tasks()));
    case TASK_MANAGEMENT.logicalUnitReset:
      return {
        ...complete(tasksOf(lun, target.sessions.tasks())),
        after: () => target.deviceServer?.reset(lun),
      };
    default:
      return only(RESPONSE.notSupported);
  }
}

function abortTask(request: TaskManagementRequest, own: TaskSet, window: CommandWindow<unknown>): TaskManagementPlan {
  const task = own.get(request.referencedTaskTag);
  if (task && task.lun === request.lun) return complete([task]);
  // The command may not have arrived yet: its number counts as received, and it never runs (RFC 7143 §11.5.5).
  if (!task && window.cancel(request.refCmdSn)) return only(RESPONSE.complete);
  return only(RESPONSE.taskDoesNotExist);
}

/** A task set belongs to a logical unit (SAM-5 §4.10): the tasks of other LUNs continue. */
function tasksOf(lun: number, tasks: Iterable<ActiveTask>): ActiveTask[] {
  return [...tasks].filter((task) => task.lun === lun);
}

function complete(tasks: Iterable<ActiveTask>): TaskManagementPlan {
  return { response: RESPONSE.complete, tasks: [...tasks] };
}

function only(response: number): TaskManagementPlan {
  return { response, tasks: [] };
}
