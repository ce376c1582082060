import Init from './init.ts';

/** The command table: oclif finds commands here and nowhere else, from source and in a bundle alike. */
export const commands = {
  init: Init,
};
