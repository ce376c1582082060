import { ChapExchange } from './chap-exchange.ts';
import { LIMITS } from './limits.ts';
import type { LoginResult, SessionType } from './login-result.ts';
import { defaultParameters, negotiate } from './negotiation.ts';
import { LOGIN_STATUS, type LoginRequest, type LoginResponse, STAGE } from './pdu/login.ts';
import { ProtocolError } from './protocol-error.ts';
import type { Target } from './target.ts';
import type { TargetDirectory } from './target-directory.ts';
import { TextAssembler } from './text-assembler.ts';
import { encodeTextKeys, type TextKeys } from './text-keys.ts';

/** `result` comes with the last response, which must not be sent before the session can start. `refused`: close after sending. */
export interface LoginStep {
  response: LoginResponse;
  result?: LoginResult;
  refused?: boolean;
}

type Pairs = [string, string][];

/**
 * The login phase of one connection (RFC 7143 §6). Free of I/O: a request in, a response out.
 *
 *     security stage:     AuthMethod -> CHAP_A -> CHAP_N, CHAP_R   (skipped if no secret is set)
 *     operational stage:  keys -> their results
 */
export class Login {
  readonly #directory: TargetDirectory;
  readonly #text = new TextAssembler();
  readonly #parameters = defaultParameters();
  #requests = 0;
  #stage: number | undefined;
  #who: { type: SessionType; initiatorName: string; target: Target | undefined } | undefined;
  #authentication: 'method' | ChapExchange | 'done' = 'method';
  #declared = false;

  constructor(directory: TargetDirectory) {
    this.#directory = directory;
  }

  /** @throws ProtocolError if the connection must be dropped without an answer. */
  receive(request: LoginRequest): LoginStep {
    if (++this.#requests > LIMITS.loginRequests) throw new ProtocolError('Too many login requests');
    if (request.versionMin > 0) return refuse(request, LOGIN_STATUS.unsupportedVersion);
    if (!this.#stageFits(request)) return refuse(request, LOGIN_STATUS.initiatorError);
    const keys = this.#text.add(request.data, request.dataLength_bytes, request.continues);
    if (!keys) return { response: answer(request, [], false) };

    const first = !this.#who;
    if (!this.#who) {
      const who = this.#identify(keys);
      if (typeof who === 'number') return refuse(request, who);
      this.#who = who;
    }
    const outcome = request.currentStage === STAGE.security ? this.#authenticate(keys, request) : this.#agree(keys);
    if (typeof outcome === 'number') return refuse(request, outcome, this.#who.target);
    // RFC 7143 §13.9: with the first response.
    if (first && this.#who.type === 'normal') outcome.push(['TargetPortalGroupTag', '1']);
    return this.#answer(request, outcome);
  }

  /** The target whose initiator has authenticated. */
  get provenFor(): Target | undefined {
    return this.#authentication === 'done' ? this.#who?.target : undefined;
  }

  /** The login is over, however it ended. */
  end(): void {
    if (this.#authentication instanceof ChapExchange) this.#authentication.end();
  }

  #stageFits({ currentStage, nextStage, transit, continues }: LoginRequest): boolean {
    if (transit && (continues || nextStage === 2 || nextStage <= currentStage)) return false;
    if (this.#stage === undefined) {
      if (currentStage !== STAGE.security && currentStage !== STAGE.operational) return false;
      this.#stage = currentStage;
    }
    return currentStage === this.#stage;
  }

  #identify(keys: TextKeys): { type: SessionType; initiatorName: string; target: Target | undefined } | number {
    const initiatorName = keys.get('InitiatorName');
    const targetName = keys.get('TargetName');
    const type = keys.get('SessionType') ?? 'Normal';
    if (!initiatorName) return LOGIN_STATUS.missingParameter;
    if (type === 'Discovery')
      return { type: 'discovery', initiatorName, target: this.#directory.visibleTo(initiatorName) };
    if (type !== 'Normal') return LOGIN_STATUS.sessionTypeNotSupported;
    if (!targetName) return LOGIN_STATUS.missingParameter;
    const target = this.#directory.find(targetName);
    const onlyInitiator = target?.credentials.initiatorName;
    const allowed = onlyInitiator === undefined || onlyInitiator === initiatorName;
    return { type: 'normal', initiatorName, target: allowed ? target : undefined };
  }

  #authenticationRequired(): boolean {
    const target = this.#who?.target;
    return target ? target.credentials.chap !== undefined : this.#directory.authenticationRequired;
  }

  #authenticate(keys: TextKeys, request: LoginRequest): Pairs | number {
    if (this.#authentication === 'done') return [];
    if (this.#authentication instanceof ChapExchange) {
      const outcome = this.#authentication.receive(keys);
      if (outcome === 'failed') return LOGIN_STATUS.authenticationFailure;
      if (!this.#authentication.succeeded) return outcome;
      this.#authentication.end();
      return this.#admit() ?? outcome;
    }
    const methods = keys.get('AuthMethod')?.split(',');
    if (!this.#authenticationRequired()) {
      if (methods && !methods.includes('None')) return LOGIN_STATUS.authenticationFailure;
      return this.#admit() ?? (methods ? [['AuthMethod', 'None']] : []);
    }
    // Without a method and without a request to transit, the initiator may still name one.
    if (!methods && !request.transit) return [];
    // No downgrade: if a secret is set, it must be proven.
    if (!methods?.includes('CHAP')) return LOGIN_STATUS.authenticationFailure;
    this.#authentication = new ChapExchange(this.#who?.target?.credentials);
    return [['AuthMethod', 'CHAP']];
  }

  #agree(keys: TextKeys): Pairs | number {
    if (this.#authentication !== 'done') {
      if (this.#authenticationRequired()) return LOGIN_STATUS.authenticationFailure;
      const refusal = this.#admit();
      if (refusal !== undefined) return refusal;
    }
    const answers = negotiate(keys, this.#parameters, this.#who?.type ?? 'normal');
    if (!this.#declared) answers.push(['MaxRecvDataSegmentLength', String(LIMITS.dataSegment_bytes)]);
    this.#declared = true;
    return answers;
  }

  /** The initiator has authenticated, and only now learns which targets exist. Returns a status if it may not continue. */
  #admit(): number | undefined {
    this.#authentication = 'done';
    const { type, target } = this.#who ?? {};
    // Discovery continues here: its answer names the other portal.
    if (type === 'discovery' && target?.redirect !== undefined && !target.fenced) return undefined;
    if (target) return target.loginRefusal;
    return type === 'normal' ? LOGIN_STATUS.targetNotFound : undefined;
  }

  #answer(request: LoginRequest, pairs: Pairs): LoginStep {
    const transit = request.transit && this.#authentication === 'done';
    const response = answer(request, pairs, transit);
    if (!transit) return { response };
    this.#stage = request.nextStage;
    if (request.nextStage !== STAGE.fullFeature || !this.#who) return { response };
    const { isid, tsih, cid } = request;
    return { response, result: { ...this.#who, isid, tsih, cid, parameters: this.#parameters } };
  }
}

function answer(request: LoginRequest, pairs: Pairs, transit: boolean): LoginResponse {
  const { currentStage, nextStage, isid, tsih, initiatorTaskTag } = request;
  const data = encodeTextKeys(pairs);
  return { transit, currentStage, nextStage, isid, tsih, initiatorTaskTag, status: LOGIN_STATUS.success, data };
}

/** The response that ends a login. It gives no reason beyond its status; a redirect carries the address (RFC 7143 §13.8). */
export function refuse(request: LoginRequest, status: number, target?: Target): LoginStep {
  const redirect = status === LOGIN_STATUS.movedTemporarily ? target?.redirect : undefined;
  const pairs: Pairs = redirect === undefined ? [] : [['TargetAddress', redirect]];
  return { response: { ...answer(request, pairs, false), status }, refused: true };
}
