/** The visual service's signature, against the reader of such signatures, and its jobs. */
import { describe, expect, test } from 'bun:test';
import { verifySignature } from '../../src/access/volc-signature.ts';
import type { Job } from '../../src/vendors/job.ts';
import { read } from '../../src/vendors/volc-visual/answers.ts';
import { sign } from '../../src/vendors/volc-visual/sign.ts';
import { visual } from '../../src/vendors/volc-visual/visual.ts';

const NOW_MS = Date.UTC(2026, 10, 26, 8, 30, 0, 250);
const ASK = {
  method: 'POST',
  url: 'https://visual.volcengineapi.com/?Version=2022-08-31&Action=CVProcess&note=(a b)*',
  headers: { 'content-type': 'application/json' },
  body: '{"req_key":"byteedit_v2.0","prompt":"换成夜景"}',
  credential: 'AKLTexample0001:c2VjcmV0OjEyMw==',
  nowMs: NOW_MS,
} as const;

function parts(headers: Readonly<Record<string, string>>, body: string) {
  const url = new URL(ASK.url);
  const all: Readonly<Record<string, string>> = { ...headers, host: url.host };
  return {
    method: 'POST',
    path: url.pathname,
    query: url.search.slice(1),
    header: (name: string) => all[name] ?? null,
    body: new TextEncoder().encode(body),
  };
}

const secret = 'c2VjcmV0OjEyMw==';
const find = async (id: string) =>
  id === 'AKLTexample0001' ? { secret, securityToken: null } : undefined;

describe('a signed request', () => {
  test('is one that a reader of such signatures accepts, and only as it was signed', async () => {
    const headers = sign(ASK);
    expect(headers['x-date']).toBe('20261126T083000Z');
    const good = await verifySignature(parts(headers, ASK.body), find, NOW_MS);
    expect(good).toMatchObject({ region: 'cn-north-1', service: 'cv' });
    const { 'x-content-sha256': _, ...bare } = headers;
    const changed = verifySignature(parts(bare, `${ASK.body} `), find, NOW_MS);
    await expect(changed).rejects.toMatchObject({ code: 'signature_mismatch' });
  });

  test('needs a pair', () => {
    expect(() => sign({ ...ASK, credential: 'AKLTexample0001' })).toThrow('<access key id>:');
  });
});

const JOB: Job = {
  kind: 'text_to_video',
  wireName: 'jimeng_t2v_v30',
  prompt: 'a boat',
  negativePrompt: null,
  media: [],
  params: { durationS: 10, aspectRatio: '16:9' },
  options: {},
  native: null,
  source: null,
  ownId: 'own',
  callbackUrl: null,
};

describe('a job', () => {
  test('of the unified form becomes frames, and is held for its length', () => {
    expect(visual.start(JOB)).toMatchObject({
      path: '/?Action=CVSync2AsyncSubmitTask&Version=2022-08-31',
      body: { req_key: 'jimeng_t2v_v30', frames: 241, aspect_ratio: '16:9', return_url: true },
    });
    expect(visual.bound(JOB)).toEqual({ units: { video_ms: 10_000 } });
    const { params: _, ...plain } = JOB;
    expect(() => visual.start({ ...plain, params: { fps: 30 } })).toThrow();
  });

  test('keeps what every question about it must repeat', () => {
    const body = { req_key: 'x', req_json: '{"logo_info":{"add_logo":true},"return_url":false}' };
    const native = { path: '?Action=CVSubmitTask&Version=2022-08-31', body };
    const said = { code: 10_000, data: { task_id: '71' }, request_id: 'r' };
    const job = { ...JOB, native };
    const begun = visual.started({ status: 200, body: said }, job);
    if (begun === null || !('accepted' in begun)) throw new Error('not accepted');
    const { path, body: asked } = visual.status?.(begun.accepted) ?? { path: '', body: null };
    expect(path).toBe('/?Action=CVGetResult&Version=2022-08-31');
    expect(asked).toEqual({
      req_key: 'jimeng_t2v_v30',
      req_json: '{"logo_info":{"add_logo":true},"return_url":true}',
      task_id: '71',
    });
  });

  test('is over where the code says so, whatever the status word', () => {
    const said = (code: number, status: string | null) =>
      read({
        status: 200,
        body: { code, data: status === null ? null : { status }, message: 'm' },
      });
    expect(said(10_000, 'in_queue')?.state).toBe('queued');
    expect(said(10_000, 'a word of next year')?.state).toBe('running');
    expect(said(10_000, 'not_found')?.state).toBe('lost');
    expect(said(10_000, 'expired')?.state).toBe('failed');
    expect(said(50_511, 'done')).toMatchObject({ state: 'failed', error: { cause: 'caller' } });
    for (const code of [50_429, 50_430, 50_500, 50_501]) expect(said(code, null)).toBeNull();
  });
});
