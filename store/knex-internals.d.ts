/** The two classes of knex's Postgres dialect that its types leave out; see "Custom dialects" in its documentation. */
declare module 'knex/lib/dialects/postgres/index.js' {
  export default class PostgresClient {
    constructor(config: object);
    _query(connection: unknown, query: object): Promise<object>;
  }
}

declare module 'knex/lib/dialects/postgres/execution/pg-transaction.js' {
  export default class PostgresTransaction {
    constructor(client: object, ...given: unknown[]);
    begin(connection: unknown): Promise<unknown>;
  }
}
