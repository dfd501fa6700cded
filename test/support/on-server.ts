/** Concurrency and crashes are tested on a real server; the embedded database has a smoke test of its own. */
export const describeOnServer = process.env.AURA_POSTGRES_KIND === 'pglite' ? describe.skip : describe;
