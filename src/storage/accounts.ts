/** Accounts that every installation has. */

/** Where charges go: what the installation earned. */
export const HOUSE_ACCOUNT = 'house';
/** Where top-ups come from: the money outside. */
export const FUNDING_ACCOUNT = 'funding';
/** The first caller's account. */
export const DEFAULT_ACCOUNT = 'default';

export const BUILT_IN_ACCOUNTS = Object.freeze([HOUSE_ACCOUNT, FUNDING_ACCOUNT, DEFAULT_ACCOUNT]);
