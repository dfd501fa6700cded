/** What an adapter tells AURA: lines of its statement, notices, and how its network is. All of it may come again. */
import type { z } from 'zod';
import { AuraError } from '../../domain/errors';
import { isAsset } from '../../domain/money';
import type { RailName } from '../../domain/settlement';
import { inTransaction } from '../../store/db';
import { noticeCursor, setNoticeCursor, storeNotices } from '../../store/notices';
import { setRailHealth } from '../../store/rail-health';
import { railOfRun } from '../../store/rails';
import { openRun, recordStatement } from '../../store/reconciliation/runs';
import { ingestLines } from '../../store/statements';
import { requireOwnRail } from '../middleware/authenticate-rail';
import { route, type Route } from '../route';
import {
  cursorResponse,
  healthRequest,
  healthResponse,
  linesRequest,
  linesResponse,
  noticesRequest,
  noticesResponse,
  railParams,
} from '../schemas/rails';

type RailParams = z.infer<typeof railParams>;
type LinesRequest = z.infer<typeof linesRequest>;

export function railReportRoutes(): Route[] {
  return [lines, notices, cursor, health];
}

const lines = route<RailParams, unknown, LinesRequest>({
  method: 'post',
  path: '/v1/rails/:rail/statement-lines',
  summary: 'Lines of the statement of AURA’s account at this rail; a line that was told before counts once',
  tag: 'Rail adapters',
  access: 'rail',
  params: railParams,
  body: linesRequest,
  response: {
    status: 200,
    schema: linesResponse,
    description: 'How many were read, and which say otherwise than before',
  },
  errors: ['INVALID_REQUEST', 'INVALID_PARAMETER', 'RESOURCE_NOT_FOUND'],
  async handler({ params, body, caller, deps }) {
    requireOwnRail(caller, params.rail);
    checkLines(caller.rail, body);
    const { run, statement } = body;
    const altered = await inTransaction(deps.db, async (trx) => {
      if (run) {
        await openRun(trx, run);
        // The id may be known already: then it has to be of this rail.
        if ((await railOfRun(trx, run.id)) !== caller.rail)
          throw new AuraError('RESOURCE_NOT_FOUND', 'There is no such run at this rail.', {
            field: 'run.id',
          });
      }
      const changed = await ingestLines(trx, body.lines, run?.id ?? null);
      if (run && statement) {
        const { opening_minor, closing_minor } = statement;
        await recordStatement(trx, run.id, {
          openingMinor: BigInt(opening_minor),
          closingMinor: BigInt(closing_minor),
          lines: statement.lines,
        });
      }
      return changed;
    });
    return { status: 200, body: { accepted: body.lines.length, altered } };
  },
});

function checkLines(rail: RailName, { run, lines: told, statement }: LinesRequest): void {
  if (run && run.rail !== rail) refuse('run.rail', `is not ${rail}`);
  if (run && Date.parse(run.to) <= Date.parse(run.from)) refuse('run.to', 'is not after run.from');
  if (run && !isAsset(run.asset)) refuse('run.asset', 'is not an asset of these books');
  if (statement && !run) refuse('statement', 'belongs to a run');
  for (const [index, { rail: of, asset, amount_minor, fee_minor, parts }] of told.entries()) {
    const at = `lines.${index}`;
    if (of !== rail) refuse(`${at}.rail`, `is not ${rail}`);
    if (!isAsset(asset)) refuse(`${at}.asset`, 'is not an asset of these books');
    if (BigInt(fee_minor) > BigInt(amount_minor)) refuse(`${at}.fee_minor`, 'is more than the amount');
    const sum = parts?.reduce((total, part) => total + BigInt(part.amount_minor), 0n);
    if (sum !== undefined && sum !== BigInt(amount_minor))
      refuse(`${at}.parts`, 'do not add up to the amount');
  }
}

function refuse(field: string, reason: string): never {
  throw new AuraError('INVALID_PARAMETER', `${field}: ${reason}`, { field, reason });
}

const notices = route<RailParams, unknown, z.infer<typeof noticesRequest>>({
  method: 'post',
  path: '/v1/rails/:rail/notices',
  summary: 'Signed notices of this rail; one that was told before counts once',
  tag: 'Rail adapters',
  access: 'rail',
  params: railParams,
  body: noticesRequest,
  response: {
    status: 200,
    schema: noticesResponse,
    description: 'They are kept, and judged by the next reading',
  },
  errors: ['INVALID_REQUEST', 'INVALID_PARAMETER'],
  async handler({ params, body, caller, deps }) {
    requireOwnRail(caller, params.rail);
    const { rail } = caller;
    for (const [index, { statement }] of body.notices.entries()) {
      if (statement.rail !== rail) refuse(`notices.${index}.statement.rail`, `is not ${rail}`);
      if (!isAsset(statement.asset))
        refuse(`notices.${index}.statement.asset`, 'is not an asset of these books');
    }
    const at = await inTransaction(deps.db, async (trx) => {
      await storeNotices(trx, body.notices);
      if (body.cursor !== undefined) await setNoticeCursor(trx, rail, body.cursor);
      return noticeCursor(trx, rail);
    });
    return { status: 200, body: { accepted: body.notices.length, cursor: at } };
  },
});

const cursor = route<RailParams>({
  method: 'get',
  path: '/v1/rails/:rail/notices/cursor',
  summary: 'Where the reading of this rail’s notices stopped',
  tag: 'Rail adapters',
  access: 'rail',
  params: railParams,
  response: {
    status: 200,
    schema: cursorResponse,
    description: 'The cursor last told, null before the first',
  },
  errors: ['INVALID_PARAMETER'],
  async handler({ params, caller, deps }) {
    requireOwnRail(caller, params.rail);
    return { status: 200, body: { cursor: await noticeCursor(deps.db, caller.rail) } };
  },
});

const health = route<RailParams, unknown, z.infer<typeof healthRequest>>({
  method: 'put',
  path: '/v1/rails/:rail/health',
  summary: 'How this rail’s network is: no new payments go over a rail whose circuit is open',
  tag: 'Rail adapters',
  access: 'rail',
  params: railParams,
  body: healthRequest,
  response: { status: 200, schema: healthResponse, description: 'As it was told' },
  errors: ['INVALID_REQUEST', 'INVALID_PARAMETER'],
  async handler({ params, body, caller, deps }) {
    requireOwnRail(caller, params.rail);
    const told = { rail: caller.rail, state: body.state, detail: body.detail };
    await setRailHealth(deps.db, told);
    return { status: 200, body: told };
  },
});
