import type { Config } from '@oclif/core';
import { closest } from '../std/closest.ts';
import { SpareError } from '../std/errors.ts';
import { HELP_TOPICS } from './help-topics.ts';

/** What `spare help --json` prints: what there is, or one of it. */
export interface HelpResult {
  command?: string;
  topic?: string;
  summary?: string;
  /** Of a topic. */
  text?: string;
  commands?: { name: string; summary: string }[];
  topics?: { name: string; summary: string }[];
}

export function helpOverview(config: Config): HelpResult {
  return {
    commands: config.commands.map(({ id, summary = '' }) => ({ name: id, summary })),
    topics: Object.entries(HELP_TOPICS).map(([name, { summary }]) => ({ name, summary })),
  };
}

/** @throws SpareError `usage` if there is no such command or topic, with a suggestion. */
export function findHelp(config: Config, name: string): HelpResult {
  const topic = Object.hasOwn(HELP_TOPICS, name) ? HELP_TOPICS[name] : undefined;
  if (topic) return { topic: name, summary: topic.summary, text: topic.text() };
  const command = config.findCommand(name);
  if (command) return { command: name, summary: command.summary ?? '' };
  const names = [...config.commandIDs, ...Object.keys(HELP_TOPICS)];
  const suggestion = closest(name, names);
  throw new SpareError('usage', 'UNKNOWN_TOPIC', `There is no help topic '${name}'`, {
    hint: suggestion === undefined ? `Topics: ${names.join(', ')}` : `Did you mean: spare help ${suggestion}`,
  });
}
