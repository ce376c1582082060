/**
 * The exit codes of `spare`. The table in the README is generated from this one.
 * 0 is success, 130 means killed by Ctrl-C.
 */
export const EXIT_CODES = {
  unexpected: { code: 1, meaning: 'A bug in spare: please report it' },
  usage: { code: 2, meaning: 'Invalid input: nothing was changed' },
  precondition: { code: 3, meaning: 'A requirement is missing or in the wrong state: nothing was changed' },
  refused: { code: 4, meaning: 'Refused for safety: continuing could lose data or cause split-brain' },
  stepFailed: {
    code: 5,
    meaning:
      'A step failed or was interrupted: the message says whether changes were rolled back, or that running the command again resumes',
  },
  unreachable: { code: 6, meaning: 'A machine or daemon does not answer' },
  busy: { code: 7, meaning: 'Another operation on this host is running' },
  attention: { code: 10, meaning: 'Status only: something needs attention' },
} as const;

export type ExitKind = keyof typeof EXIT_CODES;

export interface SpareErrorOptions {
  /** What to do next, as a sentence for the administrator. */
  hint: string;
  cause?: unknown;
}

/**
 * The one error that users see.
 * `code` is a stable SCREAMING_SNAKE name for scripts. `message` names the action, and the expected and the actual value.
 * `hint` says what to do next.
 */
export class SpareError extends Error {
  override readonly name = 'SpareError';
  readonly code: string;
  readonly kind: ExitKind;
  readonly hint: string;

  constructor(kind: ExitKind, code: string, message: string, options: SpareErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.code = code;
    this.hint = options.hint;
  }

  get exitCode(): number {
    return EXIT_CODES[this.kind].code;
  }
}
