import { MemoryCounters } from '../../src/storage/memory/counters.ts';
import { leaksSuite, placesSuite, windowsSuite } from '../suites/counters-suite.ts';
import type { SimClock } from '../suites/sim-clock.ts';

const make = (clock: SimClock) => new MemoryCounters(clock);
windowsSuite('memory', make);
placesSuite('memory', make);
leaksSuite('memory', make);
