import type { Migration } from '.';

const FUNCTIONS = ['post_entries(jsonb)', 'apply_postings()'];
/** What would read a whole table for a handful of rows, once a plan made for small tables is kept while they grow. */
const WHOLE_TABLES = ['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin'];

/** An entry touches its own rows by their keys, however many there are and whatever the statistics said once. */
export const postingPlans: Migration = {
  name: '0017-posting-plans',
  up: FUNCTIONS.flatMap((name) =>
    WHOLE_TABLES.map((setting) => `ALTER FUNCTION ${name} SET ${setting} = off;`),
  ).join('\n'),
  down: FUNCTIONS.map((name) => `ALTER FUNCTION ${name} RESET ALL;`).join('\n'),
};
