/** The control plane's door: `/?Action=…&Version=…`, signed, in the vendor's own envelope. */
import {
  type EnvelopeHead,
  SERVICE,
  writeFault,
  writeResult,
} from '../dialects/volc-openapi/envelope.ts';
import { Fault } from '../kit/fault.ts';
import { isObject, parseJson } from '../kit/json.ts';
import { type Route, route, signedOf, type Visit } from './routes.ts';
import type { SignedVisit } from './signed.ts';

/** One action that a signer wants carried out. */
export interface ControlCall {
  readonly action: string;
  readonly version: string;
  readonly accountId: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Called before something is changed; refuses a request that was carried out already. */
  readonly claimOnce: () => void;
}

export interface ControlPlane {
  /** The action's result. */
  run(call: ControlCall): Promise<object>;
}

const ECHO_CHARS_MAX = 100;
/** Parameters that are the protocol's, not the action's. */
const PROTOCOL = /^(Action|Version|X-.*)$/;

export function controlRoutes(plane: ControlPlane): readonly Route[] {
  return (['GET', 'POST'] as const).map((method) =>
    route({
      method,
      path: '/',
      access: 'signature',
      handle: (visit) => act(visit, plane),
      writeFault: (fault, requestId, request) => {
        return writeFault(fault, headOf(request, { requestId, region: null }));
      },
    }),
  );
}

async function act(visit: Visit, plane: ControlPlane): Promise<Response> {
  const signed = signedOf(visit);
  const { accountId, claimOnce, region, service } = signed.signer;
  if (service !== SERVICE) {
    throw new Fault('invalid_credential', {
      message: `The credential is for the service ${service}; this one is ${SERVICE}.`,
    });
  }
  const head = headOf(visit.request, { requestId: visit.requestId, region });
  const parameters = readParameters(visit.request, signed);
  const { action, version } = head;
  const result = await plane.run({ action, version, accountId, parameters, claimOnce });
  return new Response(writeResult(head, result), {
    headers: { 'content-type': 'application/json' },
  });
}

function headOf(request: Request, more: Pick<EnvelopeHead, 'requestId' | 'region'>): EnvelopeHead {
  const query = new URL(request.url).searchParams;
  const read = (name: string): string => (query.get(name) ?? '').slice(0, ECHO_CHARS_MAX);
  return { ...more, action: read('Action'), version: read('Version') };
}

/** From the query, and from a body of JSON or of a form. */
function readParameters(request: Request, { body }: SignedVisit): Record<string, unknown> {
  const fromQuery = readFields(new URL(request.url).searchParams);
  if (body.length === 0) return fromQuery;
  const text = new TextDecoder().decode(body);
  const type = request.headers.get('content-type') ?? '';
  if (type.startsWith('application/x-www-form-urlencoded')) {
    return { ...fromQuery, ...readFields(new URLSearchParams(text)) };
  }
  const value = parseJson(text);
  if (isObject(value)) return { ...fromQuery, ...value };
  throw new Fault('invalid_json', { message: 'The body is not a JSON object.' });
}

/** A field that stands several times is a list. */
function readFields(fields: URLSearchParams): Record<string, unknown> {
  const read: [string, unknown][] = [...new Set(fields.keys())]
    .filter((name) => !PROTOCOL.test(name))
    .map((name) => {
      const values = fields.getAll(name);
      return [name, values.length === 1 ? values[0] : values];
    });
  return Object.fromEntries(read);
}
