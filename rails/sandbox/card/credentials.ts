/** The sandbox client's credentials: made once, kept in the data folder, readable by its owner only. */
import { randomBytes } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const credentialsSchema = z.object({
  /** For everything. */
  apiKey: z.string(),
  /** For putting cards into the vault only, so that it may be in a page or an app. */
  publishableKey: z.string(),
  /** `whsec_<base64>`: webhooks are signed with it. */
  webhookSecret: z.string(),
});
export type CardCredentials = z.infer<typeof credentialsSchema>;

export async function loadCredentials(dataDir: string): Promise<CardCredentials> {
  const path = join(dataDir, 'credentials.json');
  const known = await readFile(path, 'utf8').catch(() => undefined);
  if (known) return credentialsSchema.parse(JSON.parse(known));
  const credentials = {
    apiKey: `sk_sandbox_${randomBytes(24).toString('hex')}`,
    publishableKey: `pk_sandbox_${randomBytes(24).toString('hex')}`,
    webhookSecret: `whsec_${randomBytes(32).toString('base64')}`,
  };
  // Renamed into place when it is on disk, so that a crash leaves no half of it.
  const draft = `${path}.new`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify(credentials));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  return credentials;
}
