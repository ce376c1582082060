import type { Owner } from '../../src/ownership/record.ts';

/** All inputs of templates/primary/lib/decide.sh. The files of the guard, the kernel and the target give them. */
export const INPUTS = {
  passive: ['no', 'yes'],
  serving: ['no', 'yes'],
  assembled: ['no', 'yes'],
  link: ['up', 'down', 'none'],
  fresh: ['no', 'yes'],
  answer: ['unasked', 'accepted', 'replaced', 'unknown'],
  told: ['other', 'standby'],
  alone: ['no', 'yes'],
  owner: ['pair', 'primary', 'standby', 'fill', 'unknown'],
  fill: ['no', 'yes'],
} as const;

export interface GuardSituation {
  passive: boolean;
  serving: boolean;
  assembled: boolean;
  link: 'up' | 'down' | 'none';
  fresh: boolean;
  answer: 'unasked' | 'accepted' | 'replaced' | 'unknown';
  toldStandby: boolean;
  alone: boolean;
}

export type GuardAction = 'rest' | 'ask' | 'log-in' | 'log-out' | 'assemble' | 'serve' | 'stop';

/** The same decision as `next_action` of templates/primary/lib/decide.sh, for tests that have no shell. */
export function nextAction(now: GuardSituation): GuardAction {
  if (now.passive) return 'rest';
  if (now.answer === 'replaced') return 'stop';
  const isAsked = now.answer !== 'unasked';
  const isLetIn = now.answer === 'accepted';
  if (now.serving) {
    const isSure = now.link === 'up' && !now.toldStandby;
    if (isSure) return 'rest';
    if (!isAsked) return 'ask';
    return isLetIn && now.link === 'none' ? 'log-in' : 'rest';
  }
  const mayGoAlone = now.answer === 'unknown' && now.alone;
  if (now.assembled) {
    if (!isAsked) return 'ask';
    if (mayGoAlone || (isLetIn && now.link === 'up')) return 'serve';
    return isLetIn && now.link === 'none' ? 'log-in' : 'rest';
  }
  if (now.link === 'up') return now.fresh ? 'assemble' : 'log-out';
  if (!isAsked) return 'log-in';
  return mayGoAlone ? 'assemble' : 'rest';
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
      return fill ? 'none' : 'local';
    default:
      return 'none';
  }
}
