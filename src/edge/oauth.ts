/** `POST /oauth/token`: an app's key and secret for an access token. */
import { TOKEN_LIFE_S, type Tokens } from '../access/tokens.ts';
import { writeFault } from '../dialects/openai-chat/fault.ts';
import { parseBody } from '../dialects/openai-chat/request.ts';
import { Fault } from '../kit/fault.ts';
import { type BodyReader, readBody } from './body.ts';
import { type Route, route, type Visit } from './routes.ts';

/** A key, a secret and a grant are all that is sent. */
const TOKEN_BODY_BYTES_MAX = 16 * 1024;
const GRANT = 'client_credentials';
const FORM = 'application/x-www-form-urlencoded';
const BASIC = /^basic +([A-Za-z0-9+/=_-]+)$/i;

/** OAuth's names, and those of the open platform. */
const KEY_FIELDS = ['client_id', 'api_key'] as const;
const SECRET_FIELDS = ['client_secret', 'api_secret'] as const;

export interface OauthEdge extends BodyReader {
  readonly tokens: Tokens;
}

export function oauthRoutes(edge: OauthEdge): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: '/oauth/token',
      access: 'public',
      handle: (visit) => giveToken(visit, edge),
      writeFault,
    }),
  ];
}

async function giveToken(visit: Visit, edge: OauthEdge): Promise<Response> {
  const { request } = visit;
  const limits = { ...edge.bodyLimits, bytesMax: TOKEN_BODY_BYTES_MAX };
  const { text } = await readBody(request, limits, edge.deadlines);
  const fields = readFields(text, request.headers.get('content-type') ?? '');
  const grant = fields.get('grant_type') ?? GRANT;
  if (grant !== GRANT) {
    throw new Fault('invalid_request', {
      message: `grant_type must be ${GRANT}.`,
      param: 'grant_type',
    });
  }
  const pair = readBasic(request.headers.get('authorization')) ?? readPair(fields);
  const token = await edge.tokens.issue(pair.key, pair.secret);
  return Response.json(
    { access_token: token, token_type: 'Bearer', expires_in: TOKEN_LIFE_S },
    { headers: { 'cache-control': 'no-store', pragma: 'no-cache' } },
  );
}

/** The texts of a form or a JSON object. */
function readFields(text: string, type: string): ReadonlyMap<string, string> {
  if (text.trim() === '') return new Map();
  if (type.startsWith(FORM)) return new Map(new URLSearchParams(text));
  const { body } = parseBody(text);
  const texts = Object.entries(body).filter((entry): entry is [string, string] => {
    return typeof entry[1] === 'string';
  });
  return new Map(texts);
}

interface Pair {
  readonly key: string;
  readonly secret: string;
}

/** Other schemes are not for this route: whoever sends a token here sends the pair in the body. */
function readBasic(header: string | null): Pair | null {
  const encoded = BASIC.exec(header ?? '')?.[1];
  if (encoded === undefined) return null;
  const [key = '', secret = ''] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  return { key, secret };
}

function readPair(fields: ReadonlyMap<string, string>): Pair {
  const read = (names: readonly string[]): string => {
    const found = names.map((name) => fields.get(name)).find((value) => value !== undefined);
    if (found !== undefined && found !== '') return found;
    throw new Fault('missing_api_key', {
      message:
        `${names.join(' or ')} is missing. Send the app's API key and secret ` +
        'by HTTP Basic, as a form, or as JSON.',
      param: names[0] ?? '',
    });
  };
  return { key: read(KEY_FIELDS), secret: read(SECRET_FIELDS) };
}
