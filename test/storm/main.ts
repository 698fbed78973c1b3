/** The storm in full: `npm run storm -- --tasks 2000`; prints what was lost, doubled, and late. */
import { parseArgs } from 'node:util';
import { cleanUp } from '../e2e/gateway.ts';
import { judge, lateness } from './judge.ts';
import { runStorm } from './world.ts';

const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '2000' },
    'kill-ms': { type: 'string', default: '5000' },
    kills: { type: 'string', default: '10' },
    'job-ms': { type: 'string', default: '20000' },
    'pace-percent': { type: 'string', default: '100' },
    'within-s': { type: 'string', default: '900' },
  },
});
const count = (name: keyof typeof values): number => {
  const read = Number(values[name]);
  if (Number.isSafeInteger(read) && read >= 0) return read;
  throw new Error(`--${name} is a whole number`);
};
const wish = {
  tasks: count('tasks'),
  killEveryMs: count('kill-ms'),
  kills: count('kills'),
  jobMs: count('job-ms'),
  pacePercent: count('pace-percent'),
  withinMs: count('within-s') * 1_000,
};
const after = await runStorm(wish);
const broken = judge(after, wish);
for (const one of broken) console.log(`broken: ${one}`);
for (const line of lateness(after, wish)) console.log(line);
const { tasks, kills, tookMs } = after;
const held = tasks.filter(({ status }) => status !== 'succeeded').length;
console.log(
  `${tasks.length} tasks, ${kills} kills, ${Math.round(tookMs / 1_000)} s, ` +
    `${held} held for review, ${broken.length} broken`,
);
await cleanUp();
process.exitCode = broken.length === 0 ? 0 : 1;
