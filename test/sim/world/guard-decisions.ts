/** The decisions of templates/primary/lib/decide.sh, as a twin that runs fast. A test holds both against each other. */

export interface GuardLook {
  passive: 'yes' | 'no';
  serving: 'yes' | 'no';
  assembled: 'yes' | 'no';
  link: 'up' | 'down' | 'none';
  fresh: 'yes' | 'no';
  answer: 'unasked' | 'accepted' | 'replaced' | 'unknown';
  told: 'standby' | 'other';
  alone: 'yes' | 'no';
}

export type GuardAction = 'rest' | 'ask' | 'log-in' | 'log-out' | 'assemble' | 'serve' | 'stop';

export function nextAction(look: GuardLook): GuardAction {
  if (look.passive === 'yes') return 'rest';
  if (look.answer === 'replaced') return 'stop';
  if (look.serving === 'yes') return whileServing(look);
  return look.assembled === 'yes' ? whileAssembled(look) : whileStopped(look);
}

function whileServing({ link, told, answer }: GuardLook): GuardAction {
  if (link === 'up' && told === 'other') return 'rest';
  if (answer === 'unasked') return 'ask';
  return link === 'none' && answer === 'accepted' ? 'log-in' : 'rest';
}

function whileAssembled({ link, answer, alone }: GuardLook): GuardAction {
  if (answer === 'unasked') return 'ask';
  if (answer === 'accepted' && link === 'up') return 'serve';
  if (answer === 'accepted' && link === 'none') return 'log-in';
  return answer === 'unknown' && alone === 'yes' ? 'serve' : 'rest';
}

function whileStopped({ link, fresh, answer, alone }: GuardLook): GuardAction {
  if (link === 'up') return fresh === 'yes' ? 'assemble' : 'log-out';
  if (answer === 'unasked') return 'log-in';
  return answer === 'unknown' && alone === 'yes' ? 'assemble' : 'rest';
}

export interface LegFacts {
  link: GuardLook['link'];
  owner: 'pair' | 'primary' | 'standby' | 'fill' | 'unknown';
  fill: 'yes' | 'no';
  alone: 'yes' | 'no';
}

export type GuardLegs = 'both' | 'local' | 'lun' | 'none';

export function chooseLegs({ link, owner, fill, alone }: LegFacts): GuardLegs {
  if (link === 'up') {
    if (owner === 'pair') return 'both';
    if (owner === 'fill') return 'lun';
    return owner === 'primary' && fill === 'no' ? 'local' : 'none';
  }
  return fill === 'no' && alone === 'yes' ? 'local' : 'none';
}
