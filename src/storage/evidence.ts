/** Why a call is what it is, in words for people. */

/** Of calls whose process is gone. */
export const GONE_EVIDENCE = 'the process ended before this call was settled';
/** Of holds that may have been written, though whoever asked for them was told otherwise. */
export const DOUBT_EVIDENCE = 'the database did not answer in time; no vendor was called';
