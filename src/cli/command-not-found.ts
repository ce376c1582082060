import { Errors, type Hook } from '@oclif/core';
import { closest } from '../std/closest.ts';
import { SpareError } from '../std/errors.ts';

/** What may be run at a mere Enter. Any other command is typed: a failover must not begin with a slip of the finger. */
const HARMLESS: readonly string[] = ['status', 'watch', 'help'];
/** What @oclif/plugin-not-found exits with where its suggestion was not taken. */
const NOT_TAKEN = 127;

/**
 * oclif calls this where there is no such command. At a terminal @oclif/plugin-not-found asks whether another one was meant, and
 * runs it; elsewhere the error suggests it.
 */
const commandNotFound: Hook.CommandNotFound = async function commandNotFound(options) {
  const [typed = ''] = options.id.split(':');
  const suggestion = closest(typed, options.config.commandIDs);
  const hasTerminal = process.stdin.isTTY && process.stderr.isTTY && !options.argv?.includes('--json');
  if (hasTerminal && suggestion !== undefined && HARMLESS.includes(suggestion)) {
    const { default: ask } = await import('@oclif/plugin-not-found');
    try {
      return await ask.call(this, options);
    } catch (error) {
      const notTaken = error instanceof Errors.CLIError && error.oclif.exit === NOT_TAKEN;
      if (!notTaken) throw error;
    }
  }
  throw new SpareError('usage', 'UNKNOWN_COMMAND', `Unknown command '${typed}'`, {
    hint: suggestion === undefined ? 'For all commands, run: spare help' : `Did you mean: spare ${suggestion}`,
  });
};

export default commandNotFound;
