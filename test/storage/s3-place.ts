/** An S3 store that others wrote (PyPI moto), on a port of its own, with keys that it checks. */
import { createServer } from 'node:net';
import { S3Client } from 'bun';
import type { S3Place } from '../../src/storage/files/s3.ts';
import { findMoto } from '../needs.ts';

const BUCKET = 'kept-results';
const READY_MS = 20_000;
/** Requests that nobody has to sign: those by which it is set up. */
const FREE_REQUESTS = 4;

export interface S3Server {
  readonly place: S3Place;
  readonly wrong: S3Place;
  readonly client: S3Client;
  /** Keys of all files. */
  list(): Promise<readonly string[]>;
  stop(): void;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}

export async function startS3(): Promise<S3Server> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const child = Bun.spawn([findMoto() ?? 'moto_server', '-H', '127.0.0.1', '-p', String(port)], {
    env: { ...Bun.env, INITIAL_NO_AUTH_ACTION_COUNT: String(FREE_REQUESTS) },
    stdout: 'ignore',
    stderr: 'ignore',
  });
  // Its own page counts as no request.
  for (const endMs = performance.now() + READY_MS; ; await Bun.sleep(50)) {
    const page = await fetch(`${endpoint}/moto-api/`).catch(() => null);
    if (page?.ok) break;
    if (performance.now() > endMs) throw new Error('the S3 server does not start');
  }
  const user = { UserName: 'gangway' };
  const policy = { Effect: 'Allow', Action: '*', Resource: '*' };
  const document = JSON.stringify({ Version: '2012-10-17', Statement: [policy] });
  await iam(endpoint, { Action: 'CreateUser', ...user });
  const made = await iam(endpoint, { Action: 'CreateAccessKey', ...user });
  const named = { PolicyName: 'all', PolicyDocument: document };
  await iam(endpoint, { Action: 'PutUserPolicy', ...user, ...named });
  const bucket = await fetch(`${endpoint}/${BUCKET}`, { method: 'PUT' });
  if (!bucket.ok) throw new Error(`no bucket: ${await bucket.text()}`);
  const read = (name: string) => new RegExp(`<${name}>(.*?)</${name}>`).exec(made)?.[1] ?? '';
  const keys = {
    accessKeyId: read('AccessKeyId'),
    secretAccessKey: read('SecretAccessKey').replaceAll('&amp;', '&'),
  };
  const place = { endpoint, region: 'us-east-1', bucket: BUCKET, prefix: 'gw/', ...keys };
  const client = new S3Client({ endpoint, bucket: BUCKET, region: 'us-east-1', ...keys });
  return {
    place,
    wrong: { ...place, secretAccessKey: 'not the secret' },
    client,
    async list() {
      return ((await client.list()).contents ?? []).map(({ key }) => key);
    },
    stop: () => child.kill('SIGKILL'),
  };
}

async function iam(endpoint: string, words: Record<string, string>): Promise<string> {
  const scope = '20260101/us-east-1/iam/aws4_request';
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `AWS4-HMAC-SHA256 Credential=x/${scope}, SignedHeaders=host, Signature=x`,
      host: 'iam.amazonaws.com',
    },
    body: new URLSearchParams({ Version: '2010-05-08', ...words }).toString(),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${words.Action}: ${text}`);
  return text;
}
