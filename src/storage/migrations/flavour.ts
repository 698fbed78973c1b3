/** Databases differ in a few words of their DDL. */
export type Flavour = 'sqlite' | 'postgres';
