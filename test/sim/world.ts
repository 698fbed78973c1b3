/** One seed: some nodes, one set of books, vendors and callers, until all is over. */
import { readRequest as readEmbeddings } from '../../src/dialects/embeddings/ask.ts';
import { writeFaultEvent } from '../../src/dialects/openai-chat/fault.ts';
import { readRequest } from '../../src/dialects/openai-chat/request.ts';
import { Fault } from '../../src/kit/fault.ts';
import type { Outbound } from '../../src/kit/fetch.ts';
import { priceCall } from '../../src/ledger/price.ts';
import type { Answer, CallInput, RelayDeps, Sink } from '../../src/relay/call.ts';
import { handle } from '../../src/relay/handle.ts';
import type { Routes } from '../../src/relay/upstreams.ts';
import type { SettleRow } from '../../src/storage/ports.ts';
import { PRICE } from '../relay/rig.ts';
import { SimVendors } from '../relay/sim-vendors.ts';
import { asking } from '../relay/structured-rig.ts';
import { SimClock } from '../suites/sim-clock.ts';
import { type Call as EndedCall, type Flaw, SimBooks } from './books.ts';
import { Dice } from './dice.ts';
import { Broken, checkBooks } from './invariants.ts';
import { FATES, type Fate, Node, never, type World } from './node.ts';
import { makePlan, type Plan, type PlannedCall } from './plan.ts';
import { makeDeps, makeSimRoutes, UPSTREAMS_MAX } from './relay.ts';
import { type Asked, type Played, play } from './vendors.ts';

export interface Wish {
  readonly flaw?: Flaw;
  /** Absent: by the seed. */
  readonly crash?: { readonly write: number; readonly fate: Fate } | null;
}

export interface Told {
  readonly broken: string | null;
  readonly trace: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  readonly writes: number;
}

/** After its end a node's calls are parked by another. */
const LEASE_MS = 20_000;
/** All time limits of calls, retries and settlements fit into it. */
const RUN_MS = 900_000;
/** How long the books are away in some runs: longer than any caller or vendor waits. */
const OUTAGE_MS = 60_000;
const OUTAGE_BEGINS_MS_MAX = 10_000;
const SLOW_READ_MS = 700;
const NO_TOKENS = { cachedInputTokens: 0, reasoningTokens: 0 };
const INPUTS = 5;
/** What a rescued stream says where another upstream goes on. */
const SEAM = ': the upstream broke off';

export async function runSeed(seed: number, wish: Wish = {}): Promise<Told> {
  const counts = Array.from({ length: UPSTREAMS_MAX }, (_, at) => at + 1);
  const run = new Run(seed, wish, await Promise.all(counts.map(makeSimRoutes)));
  let broken: string | null = null;
  try {
    await run.go();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    broken = error instanceof Broken ? error.message : `${error.name}: ${error.message}`;
  }
  return { broken, trace: run.trace, counts: run.counts, writes: run.books.writes };
}

class Run implements World {
  readonly clock = new SimClock();
  readonly books: SimBooks;
  readonly dice: Dice;
  readonly trace: string[] = [];
  readonly counts: Record<string, number> = {};
  readonly #plan: Plan;
  readonly #routes: Routes;
  readonly #crash: { readonly write: number; readonly fate: Fate } | null;
  readonly #nodes: { readonly node: Node; readonly deps: RelayDeps }[] = [];
  readonly #played = new Map<string, Played[]>();
  readonly #whole = new Set<string>();
  readonly #asked: Dice;
  /** When the books go away; null: never. */
  readonly #outageMs: number | null;
  #broken: Error | null = null;

  constructor(seed: number, wish: Wish, routes: readonly Routes[]) {
    this.dice = new Dice(seed);
    this.#asked = new Dice(seed ^ 0x5eed);
    const luck = new Dice(seed ^ 0xaa1);
    this.#outageMs = luck.chance(20) ? luck.below(OUTAGE_BEGINS_MS_MAX) : null;
    this.books = new SimBooks(wish.flaw ?? null);
    this.#plan = makePlan(this.dice, this.books);
    const found = routes[this.#plan.upstreams - 1];
    if (found === undefined) throw new Error('no routes');
    this.#routes = found;
    const byChance = this.dice.chance(70)
      ? { write: 1 + this.dice.below(20), fate: this.dice.pick(FATES) }
      : null;
    this.#crash = wish.crash === undefined ? byChance : wish.crash;
    for (let id = 0; id < this.#plan.nodes; id += 1) this.#nodes.push(this.#start(id));
  }

  #start(id: number) {
    const node = new Node(id, this);
    const outbound: Outbound = (request) => this.#ask(node, request);
    const random = new Dice(this.dice.below(2 ** 30)).random;
    return { node, deps: makeDeps({ node, outbound, random, routes: this.#routes }) };
  }

  async go(): Promise<void> {
    for (const call of this.#plan.calls)
      void this.clock.after(call.startMs, () => this.#call(call));
    await this.clock.advance(RUN_MS);
    if (this.#broken !== null) throw this.#broken;
    this.#checkEnd();
  }

  fate(): Fate | null {
    this.books.writes += 1;
    if (this.books.writes === this.#crash?.write) {
      this.#count(`node ${this.#crash.fate}`);
      return this.#crash.fate;
    }
    if (this.#isAway()) {
      this.#count('write while the books are away');
      return 'fails';
    }
    if (!this.dice.chance(this.#plan.writeFailures)) return null;
    this.#count('failed write');
    return 'fails';
  }

  #isAway(): boolean {
    const sinceMs = this.clock.tickMs() - (this.#outageMs ?? Number.POSITIVE_INFINITY);
    return sinceMs >= 0 && sinceMs < OUTAGE_MS;
  }

  wrote(what: string): void {
    this.#note(what);
    this.#guard(() => checkBooks(this.books, (id) => this.#exceeds(id)));
  }

  lost(node: Node, why: Fate): void {
    this.#note(`node ${node.id} ${why}`);
    void this.clock.after(LEASE_MS, () => {
      const parked = this.books.park(node.id);
      this.#count('parked hold', parked);
      this.wrote(`node ${node.id} parked ${parked}`);
    });
    // Another takes its place.
    if (node.isDead) this.#nodes[node.id] = this.#start(this.#nodes.length + node.id);
  }

  #note(what: string): void {
    this.trace.push(`${this.clock.tickMs()} ${what}`);
  }

  #count(name: string, more = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + more;
  }

  /** The first that breaks is kept: what follows from it says less. */
  #guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      if (this.#broken === null && error instanceof Error) this.#broken = error;
    }
  }

  #exceeds(requestId: string): boolean {
    return this.#played.get(requestId)?.some(({ exceeds }) => exceeds) === true;
  }

  /** Every request finds the hold of its call in the books: nothing is bought on no account. */
  #ask(node: Node, request: Parameters<Outbound>[0]): ReturnType<Outbound> {
    if (node.isDead) return never();
    const text = String(request.body);
    const id = /req_\d+/.exec(text)?.[0] ?? '';
    const held = [...this.books.holds.values()].some(({ row }) => row.requestId === id);
    this.#guard(() => {
      if (!held) throw new Broken(`a vendor is asked for ${id}, for which nothing is held`);
    });
    const body = JSON.parse(text) as { stream?: boolean; input?: unknown[]; messages?: unknown[] };
    const asked: Asked = {
      stream: body.stream === true,
      isJson: text.includes('json'),
      inputs: body.input?.length ?? 0,
    };
    const played = play(this.#asked, asked, this.#plan.health);
    const before = this.#played.get(id) ?? [];
    if (before.length > 0) this.#count('asked again');
    this.#played.set(id, [...before, played]);
    this.#count(`vendor: ${played.name}`);
    const host = new URL(request.url).hostname.replace(/\.test$/, '');
    this.#note(`node ${node.id} asks ${host} for ${id}: ${played.name}`);
    return new SimVendors(this.clock, [], { [host]: [played.script] }).outbound(request);
  }

  #call(call: PlannedCall): void {
    const place = this.#nodes[call.at % this.#nodes.length];
    if (place === undefined) return;
    const left = new AbortController();
    const id = `req_${call.at}`;
    this.#count(`call: ${call.kind}`);
    if (call.leaveMs !== null) {
      void this.clock.after(call.leaveMs, () => {
        this.#count(`caller gone (${call.key.onDisconnect})`);
        left.abort();
      });
    }
    const input = inputOf(call, { id, left: left.signal, tickMs: this.clock.tickMs() });
    const isThere = (): boolean => !place.node.isDead && !left.signal.aborted;
    handle(input, place.deps)
      .then((answer) => this.#read(call, answer))
      .then(
        (text) => {
          if (isThere()) this.#tell(id, text);
        },
        (error: unknown) => {
          this.#count(`fault: ${error instanceof Fault ? error.code : 'unknown'}`);
          this.#guard(() => {
            if (!(error instanceof Fault)) throw error;
          });
          this.#note(`${id} fails ${error instanceof Fault ? error.code : ''}`);
        },
      );
  }

  async #read(call: PlannedCall, answer: Answer): Promise<string> {
    if (answer.kind === 'whole') return answer.text;
    let text = '';
    const sink: Sink = {
      write: (bytes) => {
        text += typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8');
        return call.isSlowReader ? this.clock.sleep(SLOW_READ_MS) : undefined;
      },
    };
    await answer.pump(sink);
    return text;
  }

  #tell(id: string, text: string): void {
    const isWhole = text.startsWith('{') || text.includes('data: [DONE]');
    if (text.includes(SEAM)) this.#count('rescued');
    this.#count(isWhole ? 'answer whole' : 'answer broken off');
    if (isWhole) this.#whole.add(id);
    this.#note(`${id} ${isWhole ? 'is answered' : 'breaks off'} (${text.length})`);
  }

  /** Nothing moves any more. */
  #checkEnd(): void {
    checkBooks(this.books, (id) => this.#exceeds(id));
    const byId = new Map(this.books.calls.map((call) => [call.held.row.requestId, call]));
    const open = new Map([...this.books.holds.values()].map((one) => [one.row.requestId, one]));
    for (const [id, played] of this.#played) {
      const ended = byId.get(id);
      if (ended === undefined && !open.has(id)) throw new Broken(`${id} was bought and is lost`);
      if (ended === undefined) continue;
      const { state } = ended.row;
      this.#count(`settled: ${state}`);
      if (this.#whole.has(id)) this.#checkAnswered(id, ended, played);
      if (ended.taken < ended.row.charge) this.#count('shortfall');
    }
    this.#count('settled late', this.books.late);
    for (const held of open.values()) {
      // Its node lives, and had the time: whoever lives settles.
      if (held.state === 'open') throw new Broken(`${held.row.requestId} stays open`);
      this.#count(`left: ${held.state}`);
    }
    const lives = this.#nodes.reduce((all, { deps }) => all + deps.live.size, 0);
    if (lives > 0) throw new Broken(`${lives} calls never end`);
  }

  /** What was answered whole is never free, and costs what its vendors counted, to the nano. */
  #checkAnswered(id: string, { row }: EndedCall, played: readonly Played[]): void {
    const isGood = played.at(-1)?.used !== null && !this.#exceeds(id);
    if (isGood && row.state !== 'charged') {
      throw new Broken(`${id} was answered whole and is ${row.state}`);
    }
    const cost = costOf(played, row);
    if (cost === null) return;
    this.#count('charge proven');
    if (row.charge !== cost) throw new Broken(`${id} costs ${row.charge}, not ${cost}`);
  }
}

/** null where it cannot be told: a vendor broke off, or parts of a call were asked again. */
function costOf(played: readonly Played[], row: SettleRow): bigint | null {
  if (played.some(({ used, isSilent }) => used === null && !isSilent)) return null;
  const parts = row.quantities?.outputTokens === 0;
  if (parts && played.some(({ isSilent }) => isSilent)) return null;
  let cost = 0n;
  for (const { used } of played) {
    if (used === null) continue;
    const { input: inputTokens, output: outputTokens } = used;
    cost += priceCall(PRICE, { ...NO_TOKENS, inputTokens, outputTokens });
  }
  return cost;
}

interface Caller {
  readonly id: string;
  readonly left: AbortSignal;
  readonly tickMs: number;
}

function inputOf(call: PlannedCall, { id, left, tickMs }: Caller): CallInput {
  const isEmbedding = call.kind === 'embeddings';
  const body = isEmbedding
    ? { model: 'e', input: Array.from({ length: INPUTS }, (_, at) => `${id} ${at}`) }
    : {
        model: 'm',
        messages: [{ role: 'user', content: `hi, says ${id}` }],
        ...(call.kind === 'stream' ? { stream: true } : {}),
        ...(call.kind === 'json' ? asking() : {}),
      };
  const text = JSON.stringify(body);
  return {
    requestId: id,
    caller: { key: call.key, models: null, unlimited: call.unlimited },
    family: isEmbedding ? 'embeddings' : 'chat',
    dialect: isEmbedding ? 'openai-embeddings' : 'openai-chat',
    request: isEmbedding ? readEmbeddings(text, text.length) : readRequest(text, text.length),
    mayDrop: false,
    left,
    writeFaultEvent: (fault: Fault) => writeFaultEvent(fault, id),
    startedTickMs: tickMs,
  };
}

export function addCounts(sums: Record<string, number>, counts: Told['counts']): void {
  for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
}

export function tellSeed(seed: number, broken: string): string {
  return `seed ${seed}: ${broken}\n  again: bun test/sim/main.ts --from ${seed} --trace`;
}

export function tellCounts(counts: Told['counts']): string {
  const rows = Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1));
  return rows.map(([name, count]) => `${String(count).padStart(9)}  ${name}`).join('\n');
}

/** A seed again and again, with this fate at its first write, its second, until it has no more. */
export async function sweepSeed(seed: number, fate: Fate): Promise<Told[]> {
  const told: Told[] = [];
  for (let write = 1; ; write += 1) {
    const one = await runSeed(seed, { crash: { write, fate } });
    told.push(one);
    if (one.broken !== null || one.writes < write) return told;
  }
}
