/** Responses as Ark takes them: OpenAI's form with rules of its own for thinking and caching. */
import { Fault } from '../../kit/fault.ts';
import { isObject } from '../../kit/json.ts';
import { readRequest } from '../openai-responses/request.ts';
import type { WireRequest } from '../shape.ts';
import { checkThinking } from './chat.ts';
import { parseWithoutNulls } from './nulls.ts';

export function readResponses(text: string, bytes: number): WireRequest {
  const parsed = parseWithoutNulls(text, bytes);
  const request = readRequest(parsed.text, parsed.bytes);
  const { thinking, reasoning, caching, instructions } = request.body;
  const effort = isObject(reasoning) ? reasoning.effort : undefined;
  checkThinking({
    ...(thinking === undefined ? {} : { thinking }),
    ...(effort === undefined || effort === null ? {} : { reasoning_effort: effort }),
  });
  if (isObject(caching) && caching.type === 'enabled' && instructions !== undefined) {
    throw new Fault('invalid_request', {
      message: 'caching cannot be used together with instructions.',
      param: 'caching',
    });
  }
  return request;
}
