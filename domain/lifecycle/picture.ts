/** The lifecycle as a Mermaid state diagram, drawn from the table. */
import { MARKET_STATES, TABLE_ROWS, TRANSITIONS, type Region, type State } from './table';

export function lifecycleDiagram(): string {
  return [
    'stateDiagram-v2',
    '  state "Market" as Market {',
    ...region('market', MARKET_STATES[0]),
    '  }',
    '  state "Clearing" as Clearing {',
    ...region('clearing', null),
    '  }',
  ].join('\n');
}

function region(name: Region, start: State | null): string[] {
  const rows = TABLE_ROWS.filter((row) => row.region === name);
  const arrows = rows.map(({ from, to, transition }) => `    ${from ?? '[*]'} --> ${to}: ${transition}`);
  return start ? [`    [*] --> ${start}`, ...arrows] : arrows;
}

/** The table itself, for the documentation. */
export function lifecycleTable(): string {
  const rows = TABLE_ROWS.map(({ transition, region: of, from, to, whileOther }) => {
    const trigger = TRANSITIONS.find(({ id }) => id === transition)?.trigger ?? '';
    const guard = whileOther?.map((state) => state ?? '–').join(', ') ?? '';
    return `| ${transition} | ${of} | ${from ?? '–'} → ${to} | ${trigger} | ${guard} |`;
  });
  return [
    '| | region | move | trigger | only while the other region is in |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}
