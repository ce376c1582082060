import { AsyncLocalStorage } from 'node:async_hooks';

/** Thrown into code that goes on after its process was killed: whatever it does in its handlers has no effect. */
class Killed extends Error {
  override readonly name = 'Killed';
}

const running = new AsyncLocalStorage<SimProcess>();

/** A process of the standby. Code runs in it as in an asynchronous context, so that it can be killed at any of its waits. */
export class SimProcess {
  readonly name: string;
  alive = true;
  /** Until then it is not run: the machine has other work. */
  stalledUntil_ms = 0;
  /** How often it has asked something of the world. */
  calls = 0;
  /** It is killed when it asks for the so many-th time. */
  killAt = Number.POSITIVE_INFINITY;
  /** Whether that call still has its effect. */
  killAfterEffect = false;
  readonly #onDeath: (process: SimProcess) => void;

  constructor(name: string, onDeath: (process: SimProcess) => void = () => {}) {
    this.name = name;
    this.#onDeath = onDeath;
  }

  run<Result>(work: () => Result): Result {
    return running.run(this, work);
  }

  kill(): void {
    if (!this.alive) return;
    this.alive = false;
    this.#onDeath(this);
  }

  /** Counts a call, which may be the last one. Returns whether the call has its effect. */
  enterCall(): boolean {
    this.calls += 1;
    if (this.calls !== this.killAt) return this.alive;
    const effective = this.killAfterEffect && this.alive;
    this.kill();
    return effective;
  }
}

export function currentProcess(): SimProcess | undefined {
  return running.getStore();
}

/** For calls that return at once: a dead process changes nothing. */
export function assertAlive(): void {
  const process = currentProcess();
  if (process && !process.alive) throw new Killed(`${process.name} was killed`);
}

/** A call that is answered later: never, if the process has died by then. */
export function answered<Result>(call: () => Promise<Result>): Promise<Result> {
  const process = currentProcess();
  if (!process) return call();
  if (!process.enterCall()) return new Promise(() => {});
  return new Promise((resolve, reject) => {
    call().then(
      (result) => process.alive && resolve(result),
      (error) => process.alive && reject(error),
    );
  });
}
