/**
 * Some answers change what an initiator does with its copy of the data. Whoever serves a target may have to record something before
 * such an answer is sent. Each call ends with one call of `done`, possibly before it returns; the answer waits for it.
 */
export interface AnswerGate {
  /** Before a normal session's login is answered. With a `refusal` (`LOGIN_STATUS`) it is refused. */
  login(done: (refusal?: number) => void): void;
  /** Before a Logout is answered. With `false` it is not answered: the session ends. */
  logout(done: (answer: boolean) => void): void;
  /**
   * Before an answer after which the initiator may give up the LUN, or all of them if none is named: an error in reading or
   * writing, or the answer to a task management request. With `false` it is not sent: the session ends a moment later, and the initiator repeats
   * the command in the next one.
   */
  givingUp(lun: number | undefined, after: 'read' | 'write' | 'reset', done: (answer: boolean) => void): void;
}
