/** How Ark says no outside of chat: ark.md 1.2, four members always, the request id last. */
import type { JsonObject } from '../../src/kit/json.ts';

export interface RefusalParts {
  readonly status: number;
  readonly code: string;
  readonly type: string;
  readonly param?: string;
}

/** Thrown by a handler; the door writes it. */
export class Refusal extends Error {
  readonly parts: RefusalParts;

  constructor(parts: RefusalParts, message: string) {
    super(message);
    this.parts = parts;
  }

  body(requestId: string): JsonObject {
    const { code, type, param = '' } = this.parts;
    return { error: { code, message: `${this.message} Request id: ${requestId}`, param, type } };
  }
}

export function invalid(param: string, why: string): Refusal {
  const words = 'One or more parameters specified in the request are not valid.';
  const parts = { status: 400, code: 'InvalidParameter', type: 'BadRequest', param };
  return new Refusal(parts, `${words} Invalid '${param}': ${why}.`);
}

export function unsupported(param: string, why: string): Refusal {
  const code = 'InvalidParameter.UnsupportedParameter';
  return new Refusal(
    { status: 400, code, type: 'BadRequest', param },
    `The parameter '${param}' ${why}.`,
  );
}

export function missing(param: string): Refusal {
  const parts = { status: 400, code: `MissingParameter.${param}`, type: 'BadRequest', param };
  return new Refusal(parts, `The request is missing the required parameter '${param}'.`);
}

export function notFound(kind: string, id: string): Refusal {
  const parts = { status: 404, code: `NotFound.${kind}`, type: 'NotFound' };
  return new Refusal(parts, `The specified ${kind} ${id} does not exist.`);
}

export function noModel(model: string): Refusal {
  const parts = { status: 404, code: 'InvalidEndpointOrModel.NotFound', type: 'NotFound' };
  const words = 'does not exist or you do not have access to it.';
  return new Refusal(parts, `The model or endpoint ${model} ${words}`);
}

export function wrongFamily(model: string): Refusal {
  const parts = { status: 400, code: 'InvalidParameter', type: 'BadRequest', param: 'model' };
  return new Refusal(parts, `The model ${model} does not support this API.`);
}

export function invalidState(what: string): Refusal {
  const parts = { status: 403, code: 'OperationDenied.InvalidState', type: 'Forbidden' };
  return new Refusal(parts, `${what} is in a state that does not allow this operation.`);
}
