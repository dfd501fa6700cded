import { TABLE_ROWS } from '../../domain/lifecycle';
import { MIGRATIONS } from '../../migrations';
import { migrate, rows, type Db } from '../../store/db';
import { describeWithDatabase } from '../support/database';
import { anOffer } from '../support/factories';

/** Everything in the schema that neither an extension nor the migration tool brought. */
async function ours(db: Db): Promise<string[]> {
  const found = await rows<{ name: string }>(
    db,
    `SELECT kind || ' ' || name AS name FROM (
       SELECT 'pg_class'::regclass AS catalog, oid, relkind::text AS kind, relname::text AS name
       FROM pg_class WHERE relnamespace = 'public'::regnamespace
       UNION ALL SELECT 'pg_proc'::regclass, oid, 'function', proname::text FROM pg_proc
       WHERE pronamespace = 'public'::regnamespace
       UNION ALL SELECT 'pg_type'::regclass, oid, 'type', typname::text FROM pg_type
       WHERE typnamespace = 'public'::regnamespace AND typrelid = 0 AND typelem = 0
     ) o
     WHERE name NOT LIKE 'knex_migrations%'
       AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = o.catalog AND d.objid = o.oid AND d.deptype = 'e')
     ORDER BY 1`,
  );
  return found.map(({ name }) => name);
}

describeWithDatabase(
  'migrations',
  (database) => {
    it('go up, down to nothing, and up again to the same', async () => {
      const { db } = database();
      expect(await ours(db)).toEqual([]);
      expect(await migrate(db)).toEqual(MIGRATIONS.map(({ name }) => name));
      const built = await ours(db);
      expect(built).toEqual(
        expect.arrayContaining(['r accounts', 'r transactions', 'function post_entries']),
      );

      await db.migrate.rollback(undefined, true);
      expect(await ours(db)).toEqual([]);

      await migrate(db);
      expect(await ours(db)).toEqual(built);
      await expect(anOffer(db)).resolves.toBeDefined();
    });

    it('go down one by one, each leaving the ones before it in place', async () => {
      const { db } = database();
      await migrate(db);
      const before: string[][] = [];
      for (const { name } of [...MIGRATIONS].reverse()) {
        const [, undone] = (await db.migrate.down()) as [number, string[]];
        expect(undone).toEqual([name]);
        before.unshift(await ours(db));
      }
      expect(before[0]).toEqual([]);
      for (const expected of [...before.slice(1)]) {
        await db.migrate.up();
        expect(await ours(db)).toEqual(expected);
      }
      await migrate(db);
    });

    it('run once: a second run has nothing to do', async () => {
      await migrate(database().db);
      expect(await migrate(database().db)).toEqual([]);
    });

    it('give the database the domain’s lifecycle, row by row', async () => {
      await migrate(database().db);
      const stored = await rows<{ line: string }>(
        database().db,
        `SELECT concat_ws(' ', transition, region, coalesce(from_state, 'none'), to_state,
           array_to_string(while_other, ',')) AS line FROM lifecycle_transitions`,
      );
      const domain = TABLE_ROWS.map(({ transition, region, from, to, whileOther }) =>
        [
          transition,
          region,
          from ?? 'none',
          to,
          ...(whileOther ? [whileOther.map((s) => s ?? 'none').join(',')] : []),
        ].join(' '),
      );
      expect(stored.map(({ line }) => line).sort()).toEqual(domain.sort());
    });
  },
  { migrated: false },
);
