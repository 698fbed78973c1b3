/** Results come into our keeping whole and of their kind, within bounds, or say why they do not. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { makeDiskFiles } from '../../src/storage/files/disk.ts';
import type { Files } from '../../src/storage/ports.ts';
import { discardResults, expireResults } from '../../src/tasks/custody.ts';
import { inDeadlineOrder, linkEndMs } from '../../src/tasks/deadlines.ts';
import { LeaseLost } from '../../src/tasks/hold-on.ts';
import { type Custody, FILM, makeCustody, output, sayRaw } from './custody-rig.ts';

type Answer = (request: Request) => Response | Promise<Response>;

let answers: Record<string, Answer>;
let asked: string[];
let server: ReturnType<typeof Bun.serve>;
let custody: Custody;
const at = (path: string): string => new URL(path, server.url).href;
const film: Answer = () => new Response(FILM, { headers: { 'content-type': 'video/mp4' } });

beforeEach(async () => {
  asked = [];
  answers = { '/film': film };
  server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request) {
      const { pathname } = new URL(request.url);
      asked.push(pathname);
      return answers[pathname]?.(request) ?? new Response('no', { status: 404 });
    },
  });
  custody = await makeCustody(server.url.href);
});
afterEach(async () => {
  await server.stop(true);
  await custody.dispose();
});

const lostOf = async (answer: Answer, more: object = {}): Promise<string | null | undefined> => {
  answers['/it'] = answer;
  const [kept] = await custody.keep([output(at('/it'), more)]);
  expect(kept?.file).toBeNull();
  return kept?.lost;
};
const isEmpty = async (): Promise<void> => {
  expect(custody.there()).toEqual([]);
  expect(await custody.store.results.bytesOf(custody.accountId)).toBe(0);
};

describe('a copy', () => {
  test('is the file itself, with its checksum and what it says of itself', async () => {
    const [kept] = await custody.keep([output(at('/film'))]);
    const file = kept?.file;
    const sha256 = new Bun.CryptoHasher('sha256').update(FILM).digest('hex');
    expect(file).toMatchObject({ bytes: FILM.length, mime: 'video/mp4', sha256 });
    expect([file?.durationMs, file?.width, file?.height]).toEqual([1_000, 128, 80]);
    const body = await custody.deps.files.read(file?.key ?? '');
    expect(await new Response(body).bytes()).toEqual(FILM);
    const row = (await custody.store.results.ofTask(file?.key.split('/')[1] ?? ''))[0];
    expect(row).toMatchObject({ bytes: FILM.length, expiresMs: file?.expiresMs ?? 0 });
  });

  test('of what came in the answer itself needs nobody', async () => {
    const data = `data:video/mp4;base64,${Buffer.from(FILM).toString('base64')}`;
    const [kept] = await custody.keep([output(data)]);
    expect(kept?.file?.bytes).toBe(FILM.length);
    // Once it is a file it is not kept in the row as well.
    expect(kept?.url).toBe('data:,');
    expect(asked).toEqual([]);
    // It is nowhere else, so it is kept also where links are handed on as they are.
    const few = await makeCustody(server.url.href, { links: false });
    const both = await few.keep([output(data), output(at('/film'))]);
    expect(both.map(({ file, lost }) => [file?.bytes ?? null, lost])).toEqual([
      ...[
        [FILM.length, null],
        [null, null],
      ],
    ]);
    await few.dispose();
  });

  test('is tried again where the server stumbles, and not where it has the last word', async () => {
    let times = 0;
    answers['/film'] = (request) => {
      times += 1;
      return times < 3 ? new Response('oh', { status: 503 }) : film(request);
    };
    expect((await custody.keep([output(at('/film'))]))[0]?.file).not.toBeNull();
    expect(times).toBe(3);
    expect(await lostOf(() => new Response('', { status: 500 }))).toBe('unreachable');
    expect(asked.filter((path) => path === '/it')).toHaveLength(4);
  });

  test('follows redirects outside and none inside', async () => {
    answers['/away'] = () => Response.redirect(at('/film'), 302);
    expect((await custody.keep([output(at('/away'))]))[0]?.file).not.toBeNull();
    for (const to of ['http://127.0.0.1:1/x', 'http://169.254.169.254/', 'http://inside.test/']) {
      const before = asked.length;
      expect(await lostOf(() => Response.redirect(to, 302))).toBe('address_refused');
      expect(asked.length).toBe(before + 1);
    }
    answers['/ring'] = () => Response.redirect(at('/ring'), 302);
    const [kept] = await custody.keep([output(at('/ring'))]);
    expect(kept?.lost).toBe('unreachable');
    await expect(custody.keep([output('http://10.0.0.1/film')])).resolves.toMatchObject([
      { lost: 'address_refused', url: 'http://10.0.0.1/film' },
    ]);
  });
});

describe('what is not kept leaves nothing behind', () => {
  test('a page instead of a film, whatever it is called', async () => {
    const page = '<html><body>Forbidden</body></html>';
    const said = (type: string) => () => new Response(page, { headers: { 'content-type': type } });
    expect(await lostOf(said('text/html'))).toBe('wrong_type');
    expect(await lostOf(said('video/mp4'))).toBe('wrong_type');
    expect(await lostOf(film, { type: 'image' })).toBe('wrong_type');
    expect(asked).toHaveLength(3);
    await isEmpty();
  });

  test('a film of a kind that we do not know is one where its server says so', async () => {
    const bytes = new Uint8Array(600).map((_, index) => (index * 37) % 256);
    const said = (type: string) => () => new Response(bytes, { headers: { 'content-type': type } });
    answers['/odd'] = said('video/mp2t; charset=x');
    expect((await custody.keep([output(at('/odd'))]))[0]?.file?.mime).toBe('video/mp2t');
    expect(await lostOf(said('application/octet-stream'))).toBe('wrong_type');
  });

  test('a file that ends before it should, and one without an end', async () => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-type: video/mp4\r\n';
    const part = Buffer.from(FILM.subarray(0, 500)).toString('latin1');
    const says = [
      `${head}content-length: ${FILM.length}\r\n\r\n`,
      `${head}transfer-encoding: chunked\r\n\r\nfff\r\n`,
    ];
    for (const say of says) {
      const raw = sayRaw('');
      raw.reload({
        socket: {
          data(socket) {
            socket.write(Buffer.from(say + part, 'latin1'));
            socket.end();
          },
        },
      });
      answers['/it'] = () => Response.redirect(`http://127.0.0.1:${raw.port}/`, 302);
      const other = await makeCustody(`http://127.0.0.1:${raw.port}/`);
      const [kept] = await other.keep([output(`http://127.0.0.1:${raw.port}/`)]);
      expect(kept?.file).toBeNull();
      expect(['truncated', 'unreachable']).toContain(kept?.lost ?? '');
      expect(other.there()).toEqual([]);
      await other.dispose();
      raw.stop(true);
    }
    expect(await lostOf(() => new Response(''))).toBe('truncated');
    await isEmpty();
  });

  test('a file larger than is allowed, said or not', async () => {
    const small = await makeCustody(server.url.href, { bytesMax: FILM.length - 1 });
    answers['/stream'] = () => new Response(new Blob([FILM]).stream());
    for (const path of ['/film', '/stream']) {
      expect((await small.keep([output(at(path))]))[0]?.lost).toBe('too_large');
    }
    expect(small.there()).toEqual([]);
    await small.dispose();
    const exact = await makeCustody(server.url.href, { bytesMax: FILM.length });
    expect((await exact.keep([output(at('/film'))]))[0]?.file).not.toBeNull();
    await exact.dispose();
  });

  test('a source that says nothing more, or takes for ever', async () => {
    const silent = () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(FILM.subarray(0, 100)),
        }),
      );
    const quick = await makeCustody(server.url.href, { idleMs: 60, fetchMs: 300 });
    const startMs = performance.now();
    answers['/silent'] = silent;
    answers['/mute'] = () => new Promise<Response>(() => undefined);
    const drip = async function* () {
      for (const byte of FILM) {
        yield new Uint8Array([byte]);
        await Bun.sleep(20);
      }
    };
    answers['/drip'] = () => new Response(drip());
    for (const path of ['/silent', '/mute', '/drip']) {
      expect((await quick.keep([output(at(path))]))[0]?.lost).toBe('too_slow');
    }
    expect(performance.now() - startMs).toBeLessThan(4_000);
    expect(quick.there()).toEqual([]);
    await quick.dispose();
  });

  test('what a disk that is full cannot take; the vendor’s link stays', async () => {
    const files: Files = {
      ...custody.deps.files,
      async create(key) {
        const writer = await custody.deps.files.create(key);
        return { ...writer, write: async () => Promise.reject(new Error('ENOSPC')) };
      },
    };
    const [kept] = await custody.keep([output(at('/film'))], { files });
    expect(kept).toMatchObject({ lost: 'storage_failed', file: null, url: at('/film') });
    await isEmpty();
  });
});

describe('what an account may keep', () => {
  test('is bounded, in one copy and over many at once, and free again when it goes', async () => {
    const most = 3 * FILM.length;
    const few = await makeCustody(server.url.href, { accountBytesMax: most });
    answers['/stream'] = () => new Response(new Blob([FILM]).stream());
    for (const accountId of ['film', 'stream']) {
      const kept = await Promise.all(
        Array.from({ length: 12 }, () => few.keep([output(at(`/${accountId}`))], { accountId })),
      );
      const outcomes = kept.map(([one]) => one?.lost ?? 'kept');
      expect(new Set(outcomes)).toEqual(new Set(['kept', 'quota_exceeded']));
      const used = await few.store.results.bytesOf(accountId);
      expect(used).toBeLessThanOrEqual(most);
      expect(used).toBe(outcomes.filter((one) => one === 'kept').length * FILM.length);
    }
    const before = await few.keep([output(at('/film'))], { taskId: 'a' });
    expect(before[0]?.file).not.toBeNull();
    await discardResults('a', few.deps);
    expect(await few.store.results.bytesOf(few.accountId)).toBe(0);
    await few.dispose();
  });

  test('goes when its time is over, files and rows, hundreds of them', async () => {
    const brief = await makeCustody(server.url.href, { lifeMs: -1 });
    const outputs = Array.from({ length: 130 }, () => output(at('/film')));
    await brief.keep(outputs);
    const [lasting] = await custody.keep([output(at('/film'))]);
    expect(await expireResults(brief.deps)).toBe(130);
    expect(await expireResults(custody.deps)).toBe(0);
    expect(brief.there()).toEqual([]);
    expect(custody.there()).toEqual([lasting?.file?.key ?? '']);
    await brief.dispose();
  });
});

describe('a link that is dead', () => {
  const dead = (status: number) => () => new Response('gone', { status });

  test('is asked for once more, and copied where the vendor has another', async () => {
    for (const status of [401, 403, 404, 410]) {
      answers['/old'] = dead(status);
      let times = 0;
      const relink = async () => {
        times += 1;
        return [1, 2].map(() => ({ type: 'video', role: 'main', url: at('/film') }) as const);
      };
      const kept = await custody.keep([output(at('/old')), output(at('/old'))], { relink });
      expect(kept.map(({ lost }) => lost)).toEqual([null, null]);
      expect(kept.map(({ url }) => url)).toEqual([at('/film'), at('/film')]);
      expect(times).toBe(1);
    }
  });

  test('is lost where the vendor has none, or the same one', async () => {
    answers['/old'] = dead(403);
    const same = async () => [{ type: 'video', role: 'main', url: at('/old') } as const];
    const relinks = [async () => null, async () => [], same];
    for (const relink of relinks) {
      const [kept] = await custody.keep([output(at('/old'))], { relink });
      expect(kept).toMatchObject({ lost: 'link_dead', url: at('/old') });
    }
    expect(asked).toHaveLength(3);
  });
});

describe('the order', () => {
  test('is that in which the links die, as far as they say', async () => {
    const signed = (date: string, span: number) =>
      `https://x.test/a?X-Some-Date=${date}&X-Some-Expires=${span}&X-Some-Signature=1`;
    expect(linkEndMs(signed('20261126T080000Z', 60))).toBe(Date.UTC(2026, 10, 26, 8, 1));
    expect(linkEndMs('https://x.test/a?Expires=1700000000')).toBe(1_700_000_000_000);
    const none = ['https://x.test/a', 'data:,x', signed('soon', 60), 'https://x.test/?expires=-1'];
    for (const link of none) expect(linkEndMs(link)).toBeNull();
    const outputs = [
      ...['/1', '/2?expires=300', '/3?expires=100'].map((path) => output(at(path))),
      output(at('/4?expires=1'), { lost: 'link_dead' }),
      output(at('/5?x-expires=200')),
    ];
    expect(inDeadlineOrder(outputs)).toEqual([2, 4, 1, 0]);
    await custody.keep(outputs);
    expect(asked).toEqual(['/3', '/5', '/2', '/1']);
  });
});

describe('a holder that died or was overtaken', () => {
  test('leaves nothing that the next one does not take away', async () => {
    // Killed in the middle: its row stands, its part lies there, and it never comes back.
    const hung = custody.keep([output(at('/hung'))], { taskId: 'job' });
    const gate = Promise.withResolvers<Response>();
    answers['/hung'] = () => gate.promise;
    const dead = makeDiskFiles(custody.dir);
    const key = `${custody.accountId}/job/0-dead`;
    const writer = await dead.create(key);
    await writer.write(FILM.subarray(0, 99));
    const row = { key, accountId: custody.accountId, taskId: 'job', bytes: 99 };
    await custody.store.results.insert({ ...row, createdMs: 1, expiresMs: null });
    const [kept] = await custody.keep([output(at('/film'))], { taskId: 'job' });
    gate.resolve(new Response('', { status: 404 }));
    await hung;
    await writer.abort();
    expect(custody.there()).toEqual([kept?.file?.key ?? '']);
    expect(await custody.store.results.bytesOf(custody.accountId)).toBe(FILM.length);
  });

  test('that was killed and has no successor is swept when its time is over', async () => {
    const key = `${custody.accountId}/job/0-dead`;
    const writer = await custody.deps.files.create(key);
    await writer.write(FILM);
    const row = { key, accountId: custody.accountId, taskId: 'job', bytes: 9 };
    await custody.store.results.insert({ ...row, createdMs: 1, expiresMs: 2 });
    expect(custody.there()).toHaveLength(1);
    expect(await expireResults(custody.deps)).toBe(1);
    await isEmpty();
    await writer.abort();
  });

  test('gives up without harm to the copy of the one who has it now', async () => {
    const [theirs] = await custody.keep([output(at('/film'))], { taskId: 'job' });
    const other = await makeCustody(server.url.href);
    const late = other.keep([output(at('/film'))], {
      taskId: 'job',
      files: custody.deps.files,
      renew: async () => false,
    });
    await expect(late).rejects.toBeInstanceOf(LeaseLost);
    expect(custody.there()).toEqual([theirs?.file?.key ?? '']);
    expect(await other.store.results.bytesOf(other.accountId)).toBe(0);
    await other.dispose();
  });
});
