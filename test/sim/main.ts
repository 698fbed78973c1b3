/** Many seeds: `bun test/sim/main.ts --seeds 10000 [--from 1]`, or one with all that it did. */
import { parseArgs } from 'node:util';
import { addCounts, runSeed, tellCounts, tellSeed } from './world.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1' },
    from: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
  },
});
const from = Number(values.from);
const seeds = Number(values.seeds);
if (!Number.isSafeInteger(from) || !Number.isSafeInteger(seeds) || seeds < 1) {
  throw new Error('--seeds and --from are whole numbers');
}

const counts: Record<string, number> = {};
const startMs = performance.now();
let bad = 0;
for (let seed = from; seed < from + seeds; seed += 1) {
  const told = await runSeed(seed);
  addCounts(counts, told.counts);
  if (values.trace) console.log(told.trace.join('\n'));
  if (told.broken === null) continue;
  bad += 1;
  console.log(tellSeed(seed, told.broken));
}
console.log(tellCounts(counts));
const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
console.log(`${seeds} seeds from ${from} in ${seconds} s, ${bad} broken`);
process.exitCode = bad === 0 ? 0 : 1;
