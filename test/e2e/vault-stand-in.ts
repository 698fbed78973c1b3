/**
 * Answers as Vault's documented HTTP API does, as far as the tests ask: KV version 2, tokens,
 * AppRole. Where a real server is given (see vault-place.ts) the same tests run on it as well.
 */

interface Token {
  endsMs: number;
  readonly ttlS: number;
  readonly root: boolean;
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly body: Record<string, unknown>;
}

const NOT_PERMITTED = { errors: ['1 error occurred:\n\t* permission denied\n\n'] };
const HOUR_S = 3_600;

const seconds = (value: unknown): number =>
  value === undefined ? HOUR_S : Number(String(value).replace(/s$/, ''));

export class VaultStandIn {
  readonly rootToken = 'hvs.root-of-the-stand-in';
  readonly url: string;
  readonly #server: Bun.Server<undefined>;
  readonly #tokens = new Map<string, Token>();
  readonly #secrets = new Map<string, { data: unknown; version: number }>();
  /** The tests' policies permit all of each mount, and nothing besides. */
  readonly #mounts = new Set<string>();
  readonly #roles = new Map<string, { roleId: string; secretIds: Set<string>; ttlS: number }>();

  constructor() {
    this.#tokens.set(this.rootToken, { endsMs: Number.POSITIVE_INFINITY, ttlS: 0, root: true });
    const handle = (request: Request): Promise<Response> => this.#handle(request);
    this.#server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: handle });
    this.url = `http://127.0.0.1:${this.#server.port}`;
  }

  stop(): void {
    void this.#server.stop(true);
  }

  async #handle(request: Request): Promise<Response> {
    const text = await request.text();
    const path = new URL(request.url).pathname.replace(/^\/v1\//, '');
    const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    const call = { method: request.method, path, body };
    if (path === 'auth/approle/login') return this.#logIn(body);
    const name = request.headers.get('x-vault-token') ?? '';
    const token = this.#tokens.get(name);
    if (token === undefined || token.endsMs < Date.now()) {
      return Response.json(NOT_PERMITTED, { status: 403 });
    }
    if (path.startsWith('auth/token/')) return this.#token(call, { name, token });
    if (path.includes('/data/')) return this.#secret(call, token);
    if (!token.root) return Response.json(NOT_PERMITTED, { status: 403 });
    if (path.startsWith('auth/approle/role/')) return this.#role(call);
    if (path.startsWith('sys/mounts/')) this.#mounts.add(path.slice('sys/mounts/'.length));
    return new Response(null, { status: 204 });
  }

  #logIn(body: Record<string, unknown>): Response {
    const role = [...this.#roles.values()].find(({ roleId }) => roleId === body.role_id);
    if (role === undefined || !role.secretIds.has(String(body.secret_id))) {
      return Response.json({ errors: ['invalid role or secret ID'] }, { status: 400 });
    }
    return this.#issue(role.ttlS);
  }

  #issue(ttlS: number): Response {
    const name = `hvs.${crypto.randomUUID()}`;
    this.#tokens.set(name, { endsMs: Date.now() + ttlS * 1_000, ttlS, root: false });
    return this.#auth(name, ttlS);
  }

  #auth(name: string, ttlS: number): Response {
    const auth = { client_token: name, lease_duration: ttlS, renewable: true };
    return Response.json({ data: null, auth, lease_duration: 0 });
  }

  #token({ path, body }: Call, own: { name: string; token: Token }): Response {
    switch (path) {
      case 'auth/token/create':
        return this.#issue(seconds(body.ttl));
      case 'auth/token/lookup-self': {
        const ttl = own.token.root ? 0 : Math.ceil((own.token.endsMs - Date.now()) / 1_000);
        return Response.json({ data: { ttl, renewable: !own.token.root }, auth: null });
      }
      case 'auth/token/renew-self':
        own.token.endsMs = Date.now() + own.token.ttlS * 1_000;
        return this.#auth(own.name, own.token.ttlS);
      default:
        this.#tokens.delete(String(body.token));
        return new Response(null, { status: 204 });
    }
  }

  #secret({ method, path, body }: Call, token: Token): Response {
    const [mount = ''] = path.split('/');
    if (!this.#mounts.has(mount)) return Response.json(NOT_PERMITTED, { status: 403 });
    const kept = this.#secrets.get(path);
    if (method === 'GET') {
      if (kept === undefined) return Response.json({ errors: [] }, { status: 404 });
      const metadata = { version: kept.version, destroyed: false, deletion_time: '' };
      return Response.json({ data: { data: kept.data, metadata }, auth: null });
    }
    if (!token.root) return Response.json(NOT_PERMITTED, { status: 403 });
    const version = (kept?.version ?? 0) + 1;
    this.#secrets.set(path, { data: body.data, version });
    return Response.json({ data: { version } });
  }

  #role({ path, body }: Call): Response {
    const [, , , name = '', leaf] = path.split('/');
    const role = this.#roles.get(name);
    if (leaf === 'role-id') return Response.json({ data: { role_id: role?.roleId } });
    if (leaf === 'secret-id') {
      const secretId = crypto.randomUUID();
      role?.secretIds.add(secretId);
      return Response.json({ data: { secret_id: secretId } });
    }
    const ttlS = seconds(body.token_ttl);
    this.#roles.set(name, { roleId: crypto.randomUUID(), secretIds: new Set(), ttlS });
    return new Response(null, { status: 204 });
  }
}
