/** Statement files that finance takes in. */
import type { z } from 'zod';
import { sha256Hex } from '../../domain/canonical';
import { AuraError } from '../../domain/errors';
import { FILE_NETWORKS, FORMAT_RAILS } from '../../domain/reconciliation/files';
import { RAIL_TERMS } from '../../domain/rail-terms';
import { findFile, receiveFile } from '../../store/reconciliation';
import { route, type Route } from '../route';
import { statementQuery, statementRequest, statementResponse } from '../schemas/reconciliation';
import { runReconciliation } from './reconciliation';

export function statementRoutes(): Route[] {
  return [importStatement];
}

type Request = z.infer<typeof statementRequest>;

const importStatement = route<unknown, z.infer<typeof statementQuery>, Request>({
  method: 'post',
  path: '/v1/reconciliation/statements',
  summary:
    'Take in a statement file, whole or not at all, and reconcile it; the same file twice changes nothing',
  tag: 'Finance',
  access: ['operator'],
  query: statementQuery,
  body: statementRequest,
  response: { status: 201, schema: statementResponse, description: 'What the file had, and what was found' },
  errors: [
    'INVALID_REQUEST',
    'INVALID_PARAMETER',
    'INSUFFICIENT_PERMISSIONS',
    'PAYLOAD_TOO_LARGE',
    'SERVICE_UNAVAILABLE',
  ],
  async handler({ query, body, agent, deps }) {
    const { rail, format } = query;
    if (!FORMAT_RAILS[format].includes(rail))
      throw new AuraError('INVALID_PARAMETER', `format: ${format} is not of ${rail}`, { field: 'format' });
    const network = query.network ?? FILE_NETWORKS[rail];
    if (network === undefined)
      throw new AuraError('INVALID_PARAMETER', 'network: required for this rail', { field: 'network' });
    const sha256 = sha256Hex(body.content);
    const before = await receiveFile(deps.db, {
      sha256,
      rail,
      network,
      format,
      importedBy: agent.id,
      content: body.content,
    });
    if (before.rail !== rail || before.format !== format)
      throw new AuraError('INVALID_PARAMETER', 'rail: the file was taken in for another rail or format', {
        field: 'rail',
      });
    const result = await runReconciliation(deps, `reconciliation-file-${sha256}`, {
      rail,
      asset: Object.keys(RAIL_TERMS[rail].maxAmountMinor)[0] ?? 'USD',
      lookbackMs: 0,
      fileSha256: sha256,
    });
    if (result.refused) {
      const { line, field, reason } = result.refused;
      throw new AuraError('INVALID_REQUEST', `The file is not ${format}: line ${line}, ${field}: ${reason}`, {
        line,
        field,
        reason,
      });
    }
    const file = await findFile(deps.db, sha256);
    return {
      status: 201,
      body: {
        sha256,
        run_id: result.runId,
        lines: result.lines,
        new_lines: before.importedAt ? 0 : (file?.newLines ?? 0),
        matched: result.matched,
        open_breaks: result.openBreaks,
        again: before.importedAt !== null,
      },
    };
  },
});
