import type { Owner } from '../../src/ownership/record.ts';

/** All inputs of templates/primary/lib/decide.sh. The files of the guard, the kernel and the target give them. */
export const INPUTS = {
  passive: ['no', 'held', 'replaced'],
  serving: ['no', 'yes'],
  assembled: ['no', 'yes'],
  link: ['up', 'down', 'none'],
  fresh: ['no', 'yes'],
  answer: ['unasked', 'accepted', 'replaced', 'unknown'],
  told: ['other', 'standby'],
  alone: ['no', 'yes'],
  silent: ['no', 'yes'],
  endless: ['no', 'yes'],
  owner: ['pair', 'primary', 'standby', 'fill', 'unknown'],
  fill: ['no', 'yes'],
  legs: ['both', 'local', 'lun'],
  in_sync: ['0', '1', '2'],
} as const;

export interface GuardSituation {
  passive: 'no' | 'held' | 'replaced';
  serving: boolean;
  assembled: boolean;
  link: 'up' | 'down' | 'none';
  fresh: boolean;
  answer: 'unasked' | 'accepted' | 'replaced' | 'unknown';
  toldStandby: boolean;
  alone: boolean;
  silent: boolean;
  endless: boolean;
  fill: boolean;
}

export type GuardAction =
  | 'rest'
  | 'ask'
  | 'log-in'
  | 'log-out'
  | 'assemble'
  | 'serve'
  | 'stop'
  | 'come-back'
  | 'give-up';

/** The same decision as `next_action` of templates/primary/lib/decide.sh, for tests that have no shell. */
export function nextAction(now: GuardSituation): GuardAction {
  if (now.passive === 'held') return 'rest';
  if (now.passive === 'replaced') return whileReplaced(now);
  if (now.answer === 'replaced') return 'stop';
  if (now.serving) return whileServing(now);
  return now.assembled ? whileAssembled(now) : whileStopped(now);
}

function whileReplaced({ serving, assembled, link, fresh, answer }: GuardSituation): GuardAction {
  if (serving) return 'stop';
  if (assembled) return 'log-out';
  if (link === 'up') return fresh ? 'come-back' : 'log-out';
  return answer === 'unasked' ? 'log-in' : 'rest';
}

function whileServing({ link, toldStandby, answer, silent, endless, fill }: GuardSituation): GuardAction {
  const isSure = link === 'up' && !toldStandby;
  if (isSure) return 'rest';
  if (answer === 'unasked') return 'ask';
  if (link === 'down' && silent && endless && !fill) return 'give-up';
  return answer === 'accepted' && link === 'none' ? 'log-in' : 'rest';
}

function whileAssembled(now: GuardSituation): GuardAction {
  const isLetIn = now.answer === 'accepted';
  if (now.answer === 'unasked') return 'ask';
  if (mayGoAlone(now) || (isLetIn && now.link === 'up')) return 'serve';
  return isLetIn && now.link === 'none' ? 'log-in' : 'rest';
}

function whileStopped(now: GuardSituation): GuardAction {
  if (now.link === 'up') return now.fresh ? 'assemble' : 'log-out';
  if (now.answer === 'unasked') return 'log-in';
  return mayGoAlone(now) ? 'assemble' : 'rest';
}

function mayGoAlone({ answer, alone, silent }: GuardSituation): boolean {
  return answer === 'unknown' && alone && silent;
}

export interface LegsSituation {
  link: GuardSituation['link'];
  owner: Owner | 'unknown';
  fill: boolean;
  alone: boolean;
}

export type Legs = 'both' | 'local' | 'lun' | 'none';

/** The same decision as `choose_legs`. */
export function chooseLegs({ link, owner, fill, alone }: LegsSituation): Legs {
  if (link !== 'up') return alone && !fill ? 'local' : 'none';
  switch (owner) {
    case 'pair':
      return 'both';
    case 'fill':
      return 'lun';
    case 'primary':
      return 'local';
    default:
      return 'none';
  }
}

/** The same decision as `judge_array`. */
export function isSound(legs: Exclude<Legs, 'none'>, inSync: number): boolean {
  return legs !== 'both' || inSync === 2;
}
