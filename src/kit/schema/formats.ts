/** The formats that are checked. Some of their expressions take long on long texts. */
import { fullFormats } from 'ajv-formats/dist/formats.js';

/** No address, date or pointer is longer; what is, is none. */
const FORMAT_CHARS_MAX = 16 * 1024;

type Test = (text: string) => boolean;

function bound(test: Test): Test {
  return (text) => text.length <= FORMAT_CHARS_MAX && test(text);
}

/** Format -> check of texts; those of numbers are left out. */
export const FORMATS: Readonly<Record<string, Test>> = Object.freeze(
  Object.fromEntries(
    Object.entries(fullFormats).flatMap(([name, format]) => {
      if (format instanceof RegExp) return [[name, bound((text) => format.test(text))]];
      const test = typeof format === 'object' && format !== null ? format.validate : format;
      const isOfNumbers = typeof format === 'object' && format !== null && format.type === 'number';
      if (isOfNumbers) return [];
      if (test instanceof RegExp) return [[name, bound((text) => test.test(text))]];
      if (typeof test !== 'function') return [];
      return [[name, bound((text) => (test as (value: string) => unknown)(text) === true)]];
    }),
  ),
);
